/* spool.h - bytes of one tensor that wait for the file to be written: in
 * memory while they are few, then in a scratch file; as zstd frames or as they
 * are. */
#ifndef BW_SPOOL_H
#define BW_SPOOL_H

#include <stdbool.h>
#include <stddef.h>

#include <zstd.h>

#include "barrow/status.h"
#include "base/output.h"

enum {
    BW_FRAME_SIZE = 1024 * 1024,  /* uncompressed bytes of a full frame */
    BW_SPOOL_MEMORY = 1024 * 1024 /* what a spool keeps out of its file */
};

/* A compressor that the spools of one writer take turns with. */
typedef struct bw_press {
    ZSTD_CCtx *cctx;
    unsigned char *frame; /* room for one compressed frame */
    size_t room;
} bw_press;

/* Level 3, one thread, content checksum. False when memory is out; clear it
 * then too. */
bool bw_press_init(bw_press *press);
void bw_press_clear(bw_press *press);

typedef struct bw_spool bw_spool;

/* opt_press is borrowed; without it bytes stay as they are. opt_beside is the
 * path near which the scratch file lies (copied). NULL: out of memory. */
bw_spool *bw_spool_create(bw_press *opt_press, const char *opt_beside);
void bw_spool_destroy(bw_spool *spool);

/* What is kept depends on the bytes alone, not on how calls cut them. */
bw_status bw_spool_append(bw_spool *spool, const void *data, size_t n_bytes,
                          bw_error *err) BW_MUST_CHECK;

/* Ends the last frame; no append after it. */
bw_status bw_spool_end(bw_spool *spool, bw_error *err) BW_MUST_CHECK;

/* Writes all that is kept. */
bw_status bw_spool_copy(const bw_spool *spool, bw_output *output,
                        bw_error *err) BW_MUST_CHECK;

#endif
