/* bytes.h - the uncompressed bytes of a file, in order: plain, gzip or zstd,
 * told apart by their magic. Hashes what it hands out, and knows the offset for
 * messages. */
#ifndef BW_BYTES_H
#define BW_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "barrow/status.h"

typedef struct bw_bytes bw_bytes;

/* Opens path ("-": standard input). BW_ERR_IO, BW_ERR_FORMAT, BW_ERR_MEMORY;
 * on failure *ret_bytes is NULL. Messages of all calls begin with the name. */
bw_status bw_bytes_open(const char *path, bw_bytes **ret_bytes,
                        bw_error *err) BW_MUST_CHECK;
void bw_bytes_close(bw_bytes *bytes);

/* The path as given, or "standard input". */
const char *bw_bytes_name(const bw_bytes *bytes);
/* How many bytes were taken. */
uint64_t bw_bytes_offset(const bw_bytes *bytes);
/* At most so many bytes can follow: exact for a plain regular file, UINT64_MAX
 * where nothing is known. */
uint64_t bw_bytes_bound(const bw_bytes *bytes);

/* Lends the bytes in hand, at least 16 unless the end is nearer; *n = 0 is the
 * end. Valid until the next call. A read that a signal breaks is
 * BW_ERR_INTERRUPTED. */
bw_status bw_bytes_next(bw_bytes *bytes, const unsigned char **data, size_t *n,
                        bw_error *err) BW_MUST_CHECK;
/* Consumes n of the bytes lent last. */
void bw_bytes_take(bw_bytes *bytes, size_t n);

/* Copies exactly n bytes; an earlier end is BW_ERR_FORMAT. */
bw_status bw_bytes_read(bw_bytes *bytes, void *buffer, size_t n,
                        bw_error *err) BW_MUST_CHECK;
/* The same into *buffer of *capacity bytes, which grows (realloc) only as bytes
 * come, so that a declared n costs nothing by itself. */
bw_status bw_bytes_read_grow(bw_bytes *bytes, void **buffer, size_t *capacity,
                             size_t n, bw_error *err) BW_MUST_CHECK;
/* The whole rest, at most max bytes (BW_ERR_FORMAT beyond). */
bw_status bw_bytes_read_rest(bw_bytes *bytes, void **buffer, size_t *capacity,
                             size_t max, size_t *n,
                             bw_error *err) BW_MUST_CHECK;

/* The end must be here: bytes that follow are BW_ERR_FORMAT. *digest becomes
 * the XXH64 (seed 0) of all bytes. */
bw_status bw_bytes_finish(bw_bytes *bytes, uint64_t *digest,
                          bw_error *err) BW_MUST_CHECK;

#endif
