/* rows.c - the histograms that distances are of. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "store/rows.h"

enum { CHUNK_SIZE = 64 * 1024 };

struct bw_rows {
    bw_reader *reader;
    const bw_tensor *tensor;
    XXH64_state_t *hash;
    uint64_t n; /* rows that were read */
};

const char *bw_rows_text(const bw_tensor *t, char text[BW_ROWS_TEXT])
{
    size_t at =
        (size_t)snprintf(text, BW_ROWS_TEXT, "%s", bw_dtype_name(t->dtype));

    for (unsigned k = 1; k < t->rank; k++)
        at += (size_t)snprintf(text + at, BW_ROWS_TEXT - at, "%s%" PRIu64,
                               k == 1 ? " " : "x", t->shape[k]);
    return text;
}

const bw_tensor *bw_rows_find(const bw_reader *reader)
{
    const bw_tensor *t = bw_reader_find(reader, "mass");

    if (!t)
        t = bw_reader_find(reader, "images");
    if (!t && bw_reader_n_tensors(reader) == 1)
        t = bw_reader_tensor(reader, 0);
    return t;
}

/* ---- digests ---- */

static XXH64_state_t *begin(const bw_tensor *t)
{
    XXH64_state_t *hash = XXH64_createState();
    char text[BW_ROWS_TEXT];

    if (!hash)
        return NULL;
    XXH64_reset(hash, 0);
    bw_rows_text(t, text);
    XXH64_update(hash, text, strlen(text) + 1);
    return hash;
}

static void print(const XXH64_state_t *hash, char digits[BW_ROWS_DIGITS])
{
    snprintf(digits, BW_ROWS_DIGITS, "%016" PRIx64,
             (uint64_t)XXH64_digest(hash));
}

bw_status bw_rows_digest(const bw_tensor *t, const void *data,
                         char digits[BW_ROWS_DIGITS], bw_error *err)
{
    XXH64_state_t *hash = begin(t);

    if (!hash)
        return bw_error_memory(err);
    XXH64_update(hash, data, (size_t)t->n_bytes);
    print(hash, digits);
    XXH64_freeState(hash);
    return BW_OK;
}

/* ---- a file ---- */

bw_status bw_rows_open(const char *path, bw_rows **ret_rows, bw_error *err)
{
    bw_rows *rows = *ret_rows = calloc(1, sizeof *rows);
    bw_status status =
        rows ? bw_reader_open(path, &rows->reader, err) : bw_error_memory(err);

    if (status)
        goto done;
    rows->tensor = bw_rows_find(rows->reader);
    if (!rows->tensor)
        status = bw_error_set(err, BW_ERR_FORMAT,
                              "%s: neither a tensor 'mass' nor 'images'",
                              bw_reader_path(rows->reader));
    else if (rows->tensor->rank == 0)
        status = bw_error_set(err, BW_ERR_DIMENSION,
                              "%s: tensor '%s' is a scalar and has no rows",
                              bw_reader_path(rows->reader), rows->tensor->name);
    else if (!(rows->hash = begin(rows->tensor)))
        status = bw_error_memory(err);
done:
    if (status) {
        bw_rows_close(rows);
        *ret_rows = NULL;
    }
    return status;
}

void bw_rows_close(bw_rows *rows)
{
    if (!rows)
        return;
    XXH64_freeState(rows->hash);
    bw_reader_close(rows->reader);
    free(rows);
}

/* Reads on to the n-th row, of those that there are. */
static bw_status read_to(bw_rows *rows, uint64_t n, bw_error *err)
{
    const bw_tensor *t = rows->tensor;
    unsigned char chunk[CHUNK_SIZE];
    uint64_t row = t->shape[0] ? t->n_bytes / t->shape[0] : 0;
    uint64_t left = (n - rows->n) * row;

    while (left > 0) {
        size_t m = left < CHUNK_SIZE ? (size_t)left : CHUNK_SIZE;
        bw_status status = bw_reader_read(rows->reader, t, chunk, m, err);
        if (status)
            return status;
        XXH64_update(rows->hash, chunk, m);
        left -= m;
    }
    rows->n = n;
    return BW_OK;
}

/* ---- distances ---- */

bw_status bw_rows_check(bw_rows *rows, const bw_reader *distances,
                        bw_error *err)
{
    const char *count = bw_reader_meta(distances, BW_META_HISTOGRAMS);
    const char *wanted = bw_reader_meta(distances, BW_META_ROWS);
    const char *path = bw_reader_path(rows->reader);
    char digits[BW_ROWS_DIGITS], *end = NULL;
    uint64_t n = count ? strtoull(count, &end, 10) : 0;

    if (!wanted || !count || *end != '\0' || *count < '0' || *count > '9')
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "does not tell which histograms it is of: no "
                            "distances of one file, as wdist writes them");
    if (n < rows->n)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "of %" PRIu64 " histograms, behind a file of "
                            "%" PRIu64 ": files go in the order in which they "
                            "grew",
                            n, rows->n);
    if (n > rows->tensor->shape[0])
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "of %" PRIu64 " histograms; %s has %" PRIu64, n,
                            path, rows->tensor->shape[0]);
    bw_status status = read_to(rows, n, err);
    if (status)
        return status;
    print(rows->hash, digits);
    if (strcmp(digits, wanted) != 0)
        return bw_error_set(
            err, BW_ERR_DIMENSION,
            "of other histograms than the first %" PRIu64 " of %s", n, path);
    return BW_OK;
}

bw_status bw_rows_finish(bw_rows *rows, bw_writer *writer,
                         bw_provenance *provenance, bw_error *err)
{
    const char *steps = bw_reader_meta(rows->reader, BW_META_PROVENANCE);
    char digits[BW_ROWS_DIGITS], count[24];
    uint64_t digest;
    bw_status status = read_to(rows, rows->tensor->shape[0], err);

    if (!status)
        status = bw_reader_finish(rows->reader, &digest, err);
    if (status)
        return status;
    print(rows->hash, digits);
    snprintf(count, sizeof count, "%" PRIu64, rows->n);
    status = bw_writer_set_meta(writer, BW_META_HISTOGRAMS, count, err);
    if (!status)
        status = bw_writer_set_meta(writer, BW_META_ROWS, digits, err);
    if (status)
        return status;
    status = bw_provenance_add_input(
        provenance, bw_reader_base_name(rows->reader), digest, steps, err);
    return status == BW_ERR_FORMAT
               ? bw_error_prefix(err, "%s", bw_reader_path(rows->reader))
               : status;
}
