/* rows.h - the histograms that distances are of, told by a digest of their rows
 * alone: the same in every file that begins with them.
 *
 * It is the XXH64 (seed 0) of the rows' text, "U8 28x28x1", a zero byte, and
 * the rows as they stand in the file.
 */
#ifndef BW_ROWS_H
#define BW_ROWS_H

#include "barrow/container.h"
#include "barrow/provenance.h"

/* Metadata of distances: how many histograms they are of, and the digest of
 * those, as 16 hexadecimal digits. */
#define BW_META_HISTOGRAMS "histograms"
#define BW_META_ROWS "histograms_xxh64"

enum { BW_ROWS_TEXT = 200, BW_ROWS_DIGITS = 17 };

/* Type and shape of a row: "U8 28x28x1", "I32" of a tensor of rank 1. */
const char *bw_rows_text(const bw_tensor *tensor, char text[BW_ROWS_TEXT]);

/* The tensor of a container's histograms: `mass`, `images`, or the only one;
 * else NULL. */
const bw_tensor *bw_rows_find(const bw_reader *reader);

/* Of all rows of a tensor that was read: its n_bytes at data. */
bw_status bw_rows_digest(const bw_tensor *tensor, const void *data,
                         char digits[BW_ROWS_DIGITS],
                         bw_error *err) BW_MUST_CHECK;

/* A file of histograms that is read once, from its first row on. */
typedef struct bw_rows bw_rows;

/* BW_ERR_FORMAT, BW_ERR_DIMENSION where the file has no rows of histograms.
 * Messages begin with the path. */
bw_status bw_rows_open(const char *path, bw_rows **ret_rows,
                       bw_error *err) BW_MUST_CHECK;
void bw_rows_close(bw_rows *rows);

/* Whether a container of distances is of the first rows, no fewer than those of
 * the one before. BW_ERR_DIMENSION where it is of others, or does not tell. */
bw_status bw_rows_check(bw_rows *rows, const bw_reader *distances,
                        bw_error *err) BW_MUST_CHECK;

/* Reads to the end; the writer gets the metadata of all rows, the provenance
 * the file. */
bw_status bw_rows_finish(bw_rows *rows, bw_writer *writer,
                         bw_provenance *provenance,
                         bw_error *err) BW_MUST_CHECK;

#endif
