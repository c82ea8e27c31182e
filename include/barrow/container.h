/* container.h - reading and writing the one file format: safetensors, in zstd
 * frames by default. barrow(5) is its specification.
 *
 * A reader is a stream: it decompresses as it goes, works on pipes, holds no
 * more than a buffer, and believes no size before the bytes have come. A
 * writer takes rows of several tensors in any order, keeps them compressed in
 * spools, and makes the file appear whole at bw_writer_commit or not at all.
 *
 * Threads: a reader or a writer is used by one thread at a time; several of
 * them are independent. While a header is parsed, jansson's allocation
 * functions are wrapped, so a program that sets them does so before.
 */
#ifndef BARROW_CONTAINER_H
#define BARROW_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum bw_dtype {
    BW_BOOL,
    BW_U8,
    BW_I8,
    BW_U16,
    BW_I16,
    BW_U32,
    BW_I32,
    BW_U64,
    BW_I64,
    BW_F16,
    BW_BF16,
    BW_F32,
    BW_F64
} bw_dtype;

enum {
    BW_MAX_RANK = 8,
    BW_MAX_HEADER = 100 * 1000 * 1000 /* bytes; safetensors' own limit */
};

/* safetensors' name of a type ("F64"), its bytes an item, and back from the
 * name (false when it is unknown). */
const char *bw_dtype_name(bw_dtype dtype);
size_t bw_dtype_size(bw_dtype dtype);
bool bw_dtype_parse(const char *name, bw_dtype *dtype);

/* Whether the type holds integers, U8 to I64 (BW_BOOL is none). */
bool bw_dtype_is_integer(bw_dtype dtype);

/* The largest value of an integer type, which stands for 1 in images: 255 of
 * U8. Of other types 1. That of U64 and I64 rounds to a power of 2. */
double bw_dtype_largest(bw_dtype dtype);

/* Widens n items of any type at `items` (aligned or not, little-endian as in
 * the file) to doubles. U64 and I64 round beyond 2^53. BOOL gives 0 and 1. */
void bw_dtype_to_double(bw_dtype dtype, const void *items, size_t n,
                        double *values);

typedef struct bw_tensor {
    const char *name; /* owned by the reader */
    bw_dtype dtype;
    unsigned rank;               /* 0 to BW_MAX_RANK */
    uint64_t shape[BW_MAX_RANK]; /* slowest axis first */
    uint64_t offset;             /* bytes from the first data byte */
    uint64_t n_items, n_bytes;   /* products, checked against overflow */
} bw_tensor;

/* ---- reading ---- */

typedef struct bw_reader bw_reader;

/* Opens path ("-": standard input), sniffs zstd, reads and checks the header:
 * at most BW_MAX_HEADER bytes, JSON without repeated names, known types,
 * shapes whose products fit 64 bits, offsets that cover the data exactly once,
 * without hole or overlap. A regular uncompressed file's size is checked too.
 * BW_ERR_IO, BW_ERR_FORMAT, BW_ERR_MEMORY; messages begin with the path (or
 * "standard input"). On failure *ret_reader is NULL. */
bw_status bw_reader_open(const char *path, bw_reader **ret_reader,
                         bw_error *err) BW_MUST_CHECK;
void bw_reader_close(bw_reader *reader);

/* The name for messages and provenance: the path as given, its last part. */
const char *bw_reader_path(const bw_reader *reader);
const char *bw_reader_base_name(const bw_reader *reader);

/* Tensors in the order of their data. */
size_t bw_reader_n_tensors(const bw_reader *reader);
const bw_tensor *bw_reader_tensor(const bw_reader *reader, size_t k);
const bw_tensor *bw_reader_find(const bw_reader *reader, const char *name);

/* Metadata strings: one by key (NULL when absent), or all in file order. */
const char *bw_reader_meta(const bw_reader *reader, const char *key);
size_t bw_reader_n_meta(const bw_reader *reader);
const char *bw_reader_meta_key(const bw_reader *reader, size_t k);

/* The header's and the data's bytes, uncompressed. */
uint64_t bw_reader_n_header_bytes(const bw_reader *reader);
uint64_t bw_reader_n_data_bytes(const bw_reader *reader);
bool bw_reader_is_compressed(const bw_reader *reader);

/* Reads the next n_bytes of tensor t into buffer. The first call for a tensor
 * skips to its start; calls for one tensor continue where the last stopped.
 * Tensors must be asked for in file order: going back is BW_ERR_USAGE.
 * BW_ERR_FORMAT: the file ends early, or a frame's checksum does not match. */
bw_status bw_reader_read(bw_reader *reader, const bw_tensor *t, void *buffer,
                         size_t n_bytes, bw_error *err) BW_MUST_CHECK;

/* Reads the whole of tensor t into memory that grows only as bytes come.
 * *ret_data is malloc'ed (free it); NULL on failure. A tensor of no bytes
 * gives a pointer that may be freed. */
bw_status bw_reader_read_all(bw_reader *reader, const bw_tensor *t,
                             void **ret_data, bw_error *err) BW_MUST_CHECK;

/* Reads to the end, which must come exactly where the header says and after
 * every frame's checksum. *opt_digest becomes the XXH64 (seed 0) of all
 * uncompressed bytes, header included. */
bw_status bw_reader_finish(bw_reader *reader, uint64_t *opt_digest,
                           bw_error *err) BW_MUST_CHECK;

/* ---- writing ---- */

typedef struct bw_writer bw_writer;

/* Prepares a file at path: "-" is standard output. A name that ends in
 * ".safetensors" is written uncompressed, anything else as zstd. Nothing
 * appears under the name before commit. */
bw_status bw_writer_create(const char *path, bw_writer **ret_writer,
                           bw_error *err) BW_MUST_CHECK;

/* Aborts unless committed: nothing stays behind. NULL is fine. */
void bw_writer_destroy(bw_writer *writer);

/* Sets a metadata string (copied); a second call for a key replaces it. */
bw_status bw_writer_set_meta(bw_writer *writer, const char *key,
                             const char *value, bw_error *err) BW_MUST_CHECK;

/* Declares a tensor whose rows have the type and the shape given: rank is that
 * of the whole tensor, at least 1, and row_shape holds its rank - 1 trailing
 * sizes. The first size is how many rows have come at commit. *index is the
 * tensor's number for bw_writer_append. */
bw_status bw_writer_add(bw_writer *writer, const char *name, bw_dtype dtype,
                        unsigned rank, const uint64_t *row_shape, size_t *index,
                        bw_error *err) BW_MUST_CHECK;

/* Appends n_bytes (any number, whole rows by commit) to a tensor. Little-endian
 * host order. Tensors may be appended to in turn, in any order. */
bw_status bw_writer_append(bw_writer *writer, size_t index, const void *data,
                           size_t n_bytes, bw_error *err) BW_MUST_CHECK;

/* Writes header and data, syncs, renames. In the file, tensors stand by
 * falling item size and, among equals, in the order of bw_writer_add, so every
 * tensor is aligned to its items. The same calls give the same bytes. After a
 * failure no file and no temporary is left. */
bw_status bw_writer_commit(bw_writer *writer, bw_error *err) BW_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
