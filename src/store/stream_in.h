/* stream_in.h - the uncompressed bytes of a file that is zstd frames or plain,
 * and their XXH64. */
#ifndef BW_STREAM_IN_H
#define BW_STREAM_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/status.h"

typedef struct bw_stream_in bw_stream_in;

typedef struct bw_stream_state {
    bool is_compressed;
    bool is_regular;      /* a regular file: n_size is known */
    bool is_cut;          /* the end came within a frame */
    uint64_t n_size;      /* bytes of the file from where reading began */
    uint64_t n_taken;     /* bytes of the file that were read */
    uint64_t n_given;     /* uncompressed bytes that were given out */
    uint64_t n_frames;    /* frames with content that were begun */
    uint64_t n_unchecked; /* of those, the ones without a checksum */
} bw_stream_state;

/* Opens path ("-": standard input) and looks for zstd's magic number; anything
 * else is plain. The decompressor's window is at most 2^27 bytes. Messages do
 * not name the file. BW_ERR_IO, BW_ERR_MEMORY. */
bw_status bw_stream_in_open(const char *path, bw_stream_in **ret_stream,
                            bw_error *err) BW_MUST_CHECK;
void bw_stream_in_close(bw_stream_in *stream);

/* Gives up to n_wanted bytes; fewer, without an error, only where the file
 * ends (state.is_cut says whether within a frame). BW_ERR_FORMAT: a frame is
 * damaged or its checksum does not match. */
bw_status bw_stream_in_read(bw_stream_in *stream, void *buffer, size_t n_wanted,
                            size_t *n_got, bw_error *err) BW_MUST_CHECK;

const bw_stream_state *bw_stream_in_state(const bw_stream_in *stream);

/* XXH64, seed 0, of all bytes given so far. */
uint64_t bw_stream_in_digest(const bw_stream_in *stream);

#endif
