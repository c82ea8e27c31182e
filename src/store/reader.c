/* reader.c - a container as a stream: header first, then tensors in order. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/provenance.h"
#include "store/header.h"
#include "store/reader.h"
#include "store/utf8.h"

enum {
    FIRST_ROOM = 1024 * 1024, /* what a size is believed before bytes come */
    SKIP_SIZE = 64 * 1024,
    N_LENGTH = 8 /* bytes of the number that tells the header's length */
};

struct bw_reader {
    char *path;
    bw_stream_in *stream;
    bw_header header;
    uint64_t n_header_bytes;
    uint64_t at; /* bytes of data that were read */
    bool is_finished;
};

/* ---- messages ---- */

/* Where the data stands, for a message: the tensor that holds byte `at`, or
 * the last one. NULL where there is none. */
static const bw_tensor *tensor_at(const bw_reader *r)
{
    const bw_tensor *t = NULL;

    for (size_t k = 0; k < r->header.n_tensors; k++) {
        t = &r->header.tensor[k];
        if (r->at < t->offset + t->n_bytes)
            break;
    }
    return t;
}

/* "path: message", or with "standard input". */
static bw_status prefix_path(const bw_reader *r, bw_error *err)
{
    return bw_error_prefix(err, "%s", bw_reader_path(r));
}

/* The file ends at byte `at` of the data, which is too early. */
static bw_status fail_short(const bw_reader *r, bw_error *err)
{
    const bw_tensor *t = tensor_at(r);
    char shown[BW_UTF8_SHOWN];

    return bw_error_set(
        err, BW_ERR_FORMAT,
        "truncated: tensor '%s' ends after %" PRIu64 " of %" PRIu64 " bytes",
        bw_utf8_show(t->name, shown), r->at - t->offset, t->n_bytes);
}

/* ---- opening ---- */

/* Reads n bytes into memory that doubles as they come. *n_got < n only where
 * the file ends. On failure *data is NULL. */
static bw_status read_growing(bw_stream_in *stream, uint64_t n, char **data,
                              uint64_t *n_got, bw_error *err)
{
    uint64_t room = n < FIRST_ROOM ? n : FIRST_ROOM, at = 0;
    char *bytes = malloc(room > 0 ? room : 1);
    bw_status status = BW_OK;

    *data = NULL;
    *n_got = 0;
    if (bytes == NULL)
        return bw_error_memory(err);
    for (;;) {
        size_t got;
        char *moved;

        status = bw_stream_in_read(stream, bytes + at, room - at, &got, err);
        at += got;
        if (status != BW_OK || at < room || room == n)
            break;
        room = room > n / 2 ? n : 2 * room;
        moved = room > SIZE_MAX ? NULL : realloc(bytes, room);
        if (moved == NULL) {
            status = bw_error_memory(err);
            break;
        }
        bytes = moved;
    }
    if (status != BW_OK) {
        free(bytes);
        return status;
    }
    *data = bytes;
    *n_got = at;
    return BW_OK;
}

static bw_status read_length(bw_reader *r, uint64_t *length, bw_error *err)
{
    unsigned char bytes[N_LENGTH];
    size_t got;
    bw_status status =
        bw_stream_in_read(r->stream, bytes, sizeof bytes, &got, err);

    if (status != BW_OK)
        return status;
    if (got == 0 && !bw_stream_in_state(r->stream)->is_cut)
        return bw_error_set(err, BW_ERR_FORMAT, "empty: no container");
    if (got < sizeof bytes)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "truncated: ends after %zu bytes of the header",
                            got);
    *length = 0;
    for (unsigned k = 0; k < N_LENGTH; k++)
        *length |= (uint64_t)bytes[k] << 8 * k;
    if (*length > BW_MAX_HEADER)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "no container: its first 8 bytes ask for a header "
                            "of %" PRIu64 " bytes, more than the %d allowed",
                            *length, BW_MAX_HEADER);
    return BW_OK;
}

/* An uncompressed file tells at once whether it is whole. */
static bw_status check_size(bw_reader *r, bw_error *err)
{
    const bw_stream_state *state = bw_stream_in_state(r->stream);
    uint64_t n_ahead = N_LENGTH + r->n_header_bytes;

    if (!state->is_regular || state->is_compressed)
        return BW_OK;
    if (state->n_size - n_ahead < r->header.n_data_bytes) {
        r->at = state->n_size - n_ahead;
        return fail_short(r, err);
    }
    if (state->n_size - n_ahead > r->header.n_data_bytes)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%" PRIu64 " bytes follow the data, which end at "
                            "byte %" PRIu64,
                            state->n_size - n_ahead - r->header.n_data_bytes,
                            n_ahead + r->header.n_data_bytes);
    return BW_OK;
}

static bw_status read_header(bw_reader *r, bw_error *err)
{
    char *text = NULL;
    uint64_t length = 0, n_got = 0;
    const char *format;
    bw_status status = read_length(r, &length, err);

    if (status == BW_OK)
        status = read_growing(r->stream, length, &text, &n_got, err);
    if (status != BW_OK)
        return status;
    if (n_got < length) {
        free(text);
        return bw_error_set(err, BW_ERR_FORMAT,
                            "truncated: ends after %" PRIu64 " of %" PRIu64
                            " bytes of the header",
                            n_got + N_LENGTH, length + N_LENGTH);
    }
    r->n_header_bytes = length;
    status = bw_header_parse(&r->header, text, (size_t)length, err);
    free(text);
    if (status != BW_OK)
        return status;
    format = bw_header_meta(&r->header, BW_META_FORMAT);
    if (format != NULL && strcmp(format, "1") != 0) {
        char shown[BW_UTF8_SHOWN];

        return bw_error_set(err, BW_ERR_FORMAT,
                            "barrow.format is '%s', and only 1 is known",
                            bw_utf8_show(format, shown));
    }
    return check_size(r, err);
}

bw_status bw_reader_open(const char *path, bw_reader **ret_reader,
                         bw_error *err)
{
    bw_reader *r = calloc(1, sizeof *r);
    bw_error own = BW_ERROR_INIT;
    bw_status status;

    if (err == NULL)
        err = &own;
    *ret_reader = NULL;
    if (r == NULL || (r->path = strdup(path)) == NULL) {
        free(r);
        return bw_error_memory(err);
    }
    status = bw_stream_in_open(path, &r->stream, err);
    if (status == BW_OK)
        status = read_header(r, err);
    if (status != BW_OK) {
        prefix_path(r, err);
        bw_reader_close(r);
        return status;
    }
    *ret_reader = r;
    return BW_OK;
}

void bw_reader_close(bw_reader *reader)
{
    if (reader == NULL)
        return;
    bw_stream_in_close(reader->stream);
    bw_header_clear(&reader->header);
    free(reader->path);
    free(reader);
}

/* ---- asking ---- */

const char *bw_reader_path(const bw_reader *reader)
{
    return strcmp(reader->path, "-") == 0 ? "standard input" : reader->path;
}

const char *bw_reader_base_name(const bw_reader *reader)
{
    const char *slash = strrchr(reader->path, '/');

    return slash == NULL ? reader->path : slash + 1;
}

size_t bw_reader_n_tensors(const bw_reader *reader)
{
    return reader->header.n_tensors;
}

const bw_tensor *bw_reader_tensor(const bw_reader *reader, size_t k)
{
    return &reader->header.tensor[k];
}

const bw_tensor *bw_reader_find(const bw_reader *reader, const char *name)
{
    for (size_t k = 0; k < reader->header.n_tensors; k++)
        if (strcmp(reader->header.tensor[k].name, name) == 0)
            return &reader->header.tensor[k];
    return NULL;
}

const char *bw_reader_meta(const bw_reader *reader, const char *key)
{
    return bw_header_meta(&reader->header, key);
}

size_t bw_reader_n_meta(const bw_reader *reader)
{
    return reader->header.n_meta;
}

const char *bw_reader_meta_key(const bw_reader *reader, size_t k)
{
    return reader->header.meta[k].key;
}

const char *bw_reader_meta_value(const bw_reader *reader, size_t k)
{
    return reader->header.meta[k].value;
}

uint64_t bw_reader_n_header_bytes(const bw_reader *reader)
{
    return reader->n_header_bytes;
}

uint64_t bw_reader_n_data_bytes(const bw_reader *reader)
{
    return reader->header.n_data_bytes;
}

bool bw_reader_is_compressed(const bw_reader *reader)
{
    return bw_stream_in_state(reader->stream)->is_compressed;
}

const bw_stream_state *bw_reader_state(const bw_reader *reader)
{
    return bw_stream_in_state(reader->stream);
}

/* ---- reading ---- */

/* Ends a read that gave n_got of the n bytes that the header promised. */
static bw_status conclude(bw_reader *r, bw_status status, uint64_t n_got,
                          uint64_t n, bw_error *err)
{
    if (status != BW_OK) {
        const bw_tensor *t = tensor_at(r);
        char shown[BW_UTF8_SHOWN];

        if (status == BW_ERR_FORMAT)
            bw_error_prefix(err, "tensor '%s'", bw_utf8_show(t->name, shown));
        return prefix_path(r, err);
    }
    r->at += n_got;
    if (n_got == n)
        return BW_OK;
    fail_short(r, err);
    return prefix_path(r, err);
}

static bw_status take(bw_reader *r, void *buffer, size_t n, bw_error *err)
{
    size_t got;
    bw_status status = bw_stream_in_read(r->stream, buffer, n, &got, err);

    return conclude(r, status, got, n, err);
}

static bw_status skip_to(bw_reader *r, uint64_t offset, bw_error *err)
{
    unsigned char skipped[SKIP_SIZE];
    bw_status status = BW_OK;

    while (r->at < offset && status == BW_OK) {
        uint64_t left = offset - r->at;

        status =
            take(r, skipped, left < SKIP_SIZE ? (size_t)left : SKIP_SIZE, err);
    }
    return status;
}

/* Goes to the start of t, or stays where t was left; checks that n bytes of it
 * are still to come. */
static bw_status go_to(bw_reader *r, const bw_tensor *t, uint64_t n,
                       bw_error *err)
{
    uint64_t end = t->offset + t->n_bytes;
    uint64_t from = r->at > t->offset ? r->at : t->offset;
    char shown[BW_UTF8_SHOWN];

    if (from > end || n > end - from) {
        bw_error_set(err, BW_ERR_USAGE,
                     "tensor '%s' was read already: %" PRIu64
                     " bytes wanted and %" PRIu64 " left",
                     bw_utf8_show(t->name, shown), n,
                     from > end ? 0 : end - from);
        return prefix_path(r, err);
    }
    return skip_to(r, t->offset, err);
}

bw_status bw_reader_read(bw_reader *reader, const bw_tensor *t, void *buffer,
                         size_t n_bytes, bw_error *err)
{
    bw_error own = BW_ERROR_INIT;
    bw_status status;

    if (err == NULL)
        err = &own;
    if (n_bytes == 0)
        return BW_OK;
    status = go_to(reader, t, n_bytes, err);
    return status == BW_OK ? take(reader, buffer, n_bytes, err) : status;
}

bw_status bw_reader_read_all(bw_reader *reader, const bw_tensor *t,
                             void **ret_data, bw_error *err)
{
    bw_error own = BW_ERROR_INIT;
    char *data = NULL;
    uint64_t n_got = 0;
    bw_status status = BW_OK;

    if (err == NULL)
        err = &own;
    *ret_data = NULL;
    if (t->n_bytes > 0)
        status = go_to(reader, t, t->n_bytes, err);
    if (status != BW_OK)
        return status;
    status = read_growing(reader->stream, t->n_bytes, &data, &n_got, err);
    status = conclude(reader, status, n_got, t->n_bytes, err);
    if (status != BW_OK) {
        free(data);
        return status;
    }
    *ret_data = data;
    return BW_OK;
}

bw_status bw_reader_finish(bw_reader *reader, uint64_t *opt_digest,
                           bw_error *err)
{
    bw_error own = BW_ERROR_INIT;
    bw_status status = BW_OK;

    if (err == NULL)
        err = &own;
    if (!reader->is_finished) {
        char extra;
        size_t got;

        status = skip_to(reader, reader->header.n_data_bytes, err);
        if (status != BW_OK)
            return status;
        status = bw_stream_in_read(reader->stream, &extra, 1, &got, err);
        if (status == BW_OK && got > 0)
            status = bw_error_set(err, BW_ERR_FORMAT,
                                  "bytes follow the data, which end at byte "
                                  "%" PRIu64,
                                  N_LENGTH + reader->n_header_bytes +
                                      reader->header.n_data_bytes);
        if (status == BW_OK && bw_stream_in_state(reader->stream)->is_cut)
            status = bw_error_set(err, BW_ERR_FORMAT,
                                  "truncated: the last zstd frame lacks its "
                                  "end");
        if (status != BW_OK)
            return prefix_path(reader, err);
        reader->is_finished = true;
    }
    if (opt_digest != NULL)
        *opt_digest = bw_stream_in_digest(reader->stream);
    return BW_OK;
}
