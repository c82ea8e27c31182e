/* agree.h - whether containers are parts of one whole. */
#ifndef BW_AGREE_H
#define BW_AGREE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "barrow/container.h"
#include "store/header.h"
#include "store/rows.h"

#define BW_META_SHARD "shard"

/* Parts first to last, counted from 1, of n; n is 0 where there are none. */
typedef struct bw_shard {
    uint64_t first, last, n;
} bw_shard;

/* "K/N" or, of parts that were joined, "K-L/N". */
bool bw_shard_parse(const char *text, bw_shard *shard);

/* How a tensor is joined. */
typedef enum bw_joint {
    BW_JOINT_ROWS,  /* rows after rows */
    BW_JOINT_WHOLE, /* tells of all rows: equal in all parts, kept once */
    BW_JOINT_OFFSET /* running offsets that begin with 0 */
} bw_joint;

bw_joint bw_joint_of(const char *opt_kind, const char *name);

/* What the parts so far have in common. */
typedef struct bw_agree {
    char *first_path, *last_path; /* NULL: no part yet */
    bw_header first;              /* the first part's names, types, shapes,
                                     metadata */
    bw_shard shard;               /* of the parts so far, as one */
    json_t *run;                  /* what made them; NULL: not known */
    bw_rows *rows;                /* histograms, of which the parts are
                                     distances: the first ones; or NULL */
} bw_agree;

#define BW_AGREE_INIT                                                          \
    {                                                                          \
        NULL, NULL, BW_HEADER_INIT, {0, 0, 0}, NULL, NULL                      \
    }

void bw_agree_clear(bw_agree *agree);

/* Takes the next part, of which only the header is looked at. BW_ERR_DIMENSION
 * with the difference from the first part or the one before it: kind, tensors,
 * types, shapes of rows, metadata other than provenance, shards out of order or
 * of different runs; or when a part contradicts itself. Where there are rows,
 * parts may be of more of them than those before, and errors are those of
 * bw_rows_check, too. BW_ERR_FORMAT for a malformed shard or provenance. */
bw_status bw_agree_add(bw_agree *agree, const bw_reader *part,
                       bw_error *err) BW_MUST_CHECK;

#endif
