/* bytes.c - plain, gzip and zstd files as one stream of bytes. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zlib.h>
#include <zstd.h>

#include "store/bytes.h"

enum { RAW_SIZE = 1 << 17, TEXT_SIZE = 1 << 18, LENT_AT_LEAST = 16 };

typedef enum coding { PLAIN, GZIP, ZSTD } coding;

struct bw_bytes {
    char *name;
    int fd;
    coding coding;
    uint64_t size; /* of a regular file; UINT64_MAX otherwise */
    z_stream gzip;
    ZSTD_DStream *zstd;
    bool is_open;  /* a gzip member or zstd frame is under way */
    bool raw_end;  /* read(2) said so */
    bool text_end; /* nothing comes after text[end] */
    size_t raw_at, raw_n;
    size_t at, end;  /* unread part of text */
    uint64_t offset; /* of text[at] in the uncompressed file */
    XXH64_state_t *hash;
    unsigned char raw[RAW_SIZE], text[TEXT_SIZE];
};

/* read(2) behind what raw holds. */
static bw_status read_raw(bw_bytes *bytes, bw_error *err)
{
    size_t room = sizeof bytes->raw - bytes->raw_n;
    ssize_t n = read(bytes->fd, bytes->raw + bytes->raw_n, room);

    if (n < 0 && errno == EINTR)
        return bw_error_set(err, BW_ERR_INTERRUPTED, "%s: interrupted",
                            bytes->name);
    if (n < 0)
        return bw_error_errno(err, "%s", bytes->name);
    bytes->raw_n += (size_t)n;
    bytes->raw_end = n == 0;
    return BW_OK;
}

static bw_status fill_raw(bw_bytes *bytes, bw_error *err)
{
    bytes->raw_at = bytes->raw_n = 0;
    return bytes->raw_end ? BW_OK : read_raw(bytes, err);
}

static bw_status broken(const bw_bytes *bytes, const char *what, bw_error *err)
{
    uint64_t at = bytes->offset + (bytes->end - bytes->at);

    return bw_error_set(err, BW_ERR_FORMAT, "%s: %s at byte %llu", bytes->name,
                        what, (unsigned long long)at);
}

static bw_status add_plain(bw_bytes *bytes, bw_error *err)
{
    size_t n = bytes->raw_n - bytes->raw_at;
    size_t room = sizeof bytes->text - bytes->end;

    (void)err;
    if (n > room)
        n = room;
    memcpy(bytes->text + bytes->end, bytes->raw + bytes->raw_at, n);
    bytes->raw_at += n;
    bytes->end += n;
    return BW_OK;
}

static bw_status add_gzip(bw_bytes *bytes, bw_error *err)
{
    z_stream *z = &bytes->gzip;

    if (!bytes->is_open && inflateReset(z) != Z_OK)
        return bw_error_set(err, BW_ERR_INTERNAL, "%s: zlib", bytes->name);
    bytes->is_open = true;
    z->next_in = bytes->raw + bytes->raw_at;
    z->avail_in = (uInt)(bytes->raw_n - bytes->raw_at);
    z->next_out = bytes->text + bytes->end;
    z->avail_out = (uInt)(sizeof bytes->text - bytes->end);
    int rc = inflate(z, Z_NO_FLUSH);
    bytes->raw_at = bytes->raw_n - z->avail_in;
    bytes->end = sizeof bytes->text - z->avail_out;
    if (rc == Z_STREAM_END)
        bytes->is_open = false;
    else if (rc == Z_MEM_ERROR)
        return bw_error_memory(err);
    else if (rc != Z_OK && rc != Z_BUF_ERROR)
        return broken(bytes, "corrupt gzip data", err);
    return BW_OK;
}

static bw_status add_zstd(bw_bytes *bytes, bw_error *err)
{
    ZSTD_inBuffer in = {bytes->raw, bytes->raw_n, bytes->raw_at};
    ZSTD_outBuffer out = {bytes->text, sizeof bytes->text, bytes->end};
    size_t rc = ZSTD_decompressStream(bytes->zstd, &out, &in);

    bytes->raw_at = in.pos;
    bytes->end = out.pos;
    if (ZSTD_isError(rc))
        return broken(bytes, "corrupt zstd data", err);
    bytes->is_open = rc != 0;
    return BW_OK;
}

/* One step of decoding: true progress, or the end. */
static bw_status add_some(bw_bytes *bytes, bw_error *err)
{
    size_t end = bytes->end;
    bw_status rc = BW_OK;

    if (bytes->raw_at == bytes->raw_n)
        rc = fill_raw(bytes, err);
    if (rc)
        return rc;
    bool is_dry = bytes->raw_at == bytes->raw_n;
    if (is_dry && !bytes->is_open) {
        bytes->text_end = true;
        return BW_OK;
    }
    /* A decoder may still hold output when the input has ended. */
    rc = bytes->coding == PLAIN  ? add_plain(bytes, err)
         : bytes->coding == GZIP ? add_gzip(bytes, err)
                                 : add_zstd(bytes, err);
    if (rc == BW_OK && is_dry && bytes->is_open && bytes->end == end)
        rc = broken(bytes, "compressed data ends early", err);
    return rc;
}

static bw_status fill_text(bw_bytes *bytes, bw_error *err)
{
    size_t kept = bytes->end - bytes->at;

    memmove(bytes->text, bytes->text + bytes->at, kept);
    bytes->at = 0;
    bytes->end = kept;
    while (!bytes->text_end && bytes->end < sizeof bytes->text) {
        bw_status rc = add_some(bytes, err);
        if (rc)
            return rc;
    }
    XXH64_update(bytes->hash, bytes->text + kept, bytes->end - kept);
    return BW_OK;
}

/* Chooses the decoder by the first bytes, which stay in raw. */
static bw_status sniff(bw_bytes *bytes, bw_error *err)
{
    unsigned char head[4] = {0};

    while (bytes->raw_n < sizeof head && !bytes->raw_end) {
        bw_status rc = read_raw(bytes, err);
        if (rc)
            return rc;
    }
    size_t n = bytes->raw_n;
    memcpy(head, bytes->raw, n < sizeof head ? n : sizeof head);
    if (head[0] == 0x1f && head[1] == 0x8b)
        bytes->coding = GZIP;
    else if (head[1] == 0xb5 && head[2] == 0x2f && head[3] == 0xfd &&
             head[0] == 0x28)
        bytes->coding = ZSTD;
    if (bytes->coding == GZIP && inflateInit2(&bytes->gzip, 15 + 16) != Z_OK) {
        bytes->coding = PLAIN; /* there is nothing to end */
        return bw_error_memory(err);
    }
    if (bytes->coding == ZSTD && !(bytes->zstd = ZSTD_createDStream()))
        return bw_error_memory(err);
    return BW_OK;
}

static bw_status open_file(bw_bytes *bytes, const char *path, bw_error *err)
{
    bool is_stdin = strcmp(path, "-") == 0;
    struct stat st;

    bytes->name = strdup(is_stdin ? "standard input" : path);
    bytes->hash = XXH64_createState();
    if (!bytes->name || !bytes->hash)
        return bw_error_memory(err);
    XXH64_reset(bytes->hash, 0);
    bytes->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (bytes->fd < 0 || fstat(bytes->fd, &st) != 0)
        return bw_error_errno(err, "%s", bytes->name);
    if (S_ISREG(st.st_mode) && !is_stdin)
        bytes->size = (uint64_t)st.st_size;
    return sniff(bytes, err);
}

bw_status bw_bytes_open(const char *path, bw_bytes **ret_bytes, bw_error *err)
{
    bw_bytes *bytes = calloc(1, sizeof *bytes);

    *ret_bytes = NULL;
    if (!bytes)
        return bw_error_memory(err);
    bytes->fd = -1;
    bytes->size = UINT64_MAX;
    bw_status rc = open_file(bytes, path, err);
    if (rc)
        bw_bytes_close(bytes);
    else
        *ret_bytes = bytes;
    return rc;
}

void bw_bytes_close(bw_bytes *bytes)
{
    if (!bytes)
        return;
    if (bytes->coding == GZIP)
        inflateEnd(&bytes->gzip);
    ZSTD_freeDStream(bytes->zstd);
    XXH64_freeState(bytes->hash);
    if (bytes->fd > STDIN_FILENO)
        close(bytes->fd);
    free(bytes->name);
    free(bytes);
}

const char *bw_bytes_name(const bw_bytes *bytes)
{
    return bytes->name;
}

uint64_t bw_bytes_offset(const bw_bytes *bytes)
{
    return bytes->offset;
}

uint64_t bw_bytes_bound(const bw_bytes *bytes)
{
    if (bytes->text_end)
        return bytes->end - bytes->at;
    if (bytes->coding != PLAIN || bytes->size == UINT64_MAX)
        return UINT64_MAX;
    return bytes->size > bytes->offset ? bytes->size - bytes->offset : 0;
}

bw_status bw_bytes_next(bw_bytes *bytes, const unsigned char **data, size_t *n,
                        bw_error *err)
{
    bw_status rc = BW_OK;

    if (bytes->end - bytes->at < LENT_AT_LEAST && !bytes->text_end)
        rc = fill_text(bytes, err);
    *data = bytes->text + bytes->at;
    *n = rc ? 0 : bytes->end - bytes->at;
    return rc;
}

void bw_bytes_take(bw_bytes *bytes, size_t n)
{
    bytes->at += n;
    bytes->offset += n;
}

bw_status bw_bytes_read(bw_bytes *bytes, void *buffer, size_t n, bw_error *err)
{
    unsigned char *to = buffer;

    while (n > 0) {
        const unsigned char *data;
        size_t got;
        bw_status rc = bw_bytes_next(bytes, &data, &got, err);
        if (rc)
            return rc;
        if (got == 0)
            return bw_error_set(err, BW_ERR_FORMAT,
                                "%s: ends at byte %llu, %zu bytes too early",
                                bytes->name, (unsigned long long)bytes->offset,
                                n);
        if (got > n)
            got = n;
        memcpy(to, data, got);
        bw_bytes_take(bytes, got);
        to += got;
        n -= got;
    }
    return BW_OK;
}

bw_status bw_bytes_read_grow(bw_bytes *bytes, void **buffer, size_t *capacity,
                             size_t n, bw_error *err)
{
    size_t have = 0;

    while (have < n) {
        size_t part = n - have;
        size_t most = have > TEXT_SIZE ? have : TEXT_SIZE;
        if (*capacity < n && part > most)
            part = most;
        if (have + part > *capacity) {
            void *grown = realloc(*buffer, have + part);
            if (!grown)
                return bw_error_memory(err);
            *buffer = grown;
            *capacity = have + part;
        }
        bw_status rc = bw_bytes_read(bytes, (char *)*buffer + have, part, err);
        if (rc)
            return rc;
        have += part;
    }
    return BW_OK;
}

bw_status bw_bytes_read_rest(bw_bytes *bytes, void **buffer, size_t *capacity,
                             size_t max, size_t *n, bw_error *err)
{
    *n = 0;
    for (;;) {
        const unsigned char *data;
        size_t got;
        bw_status rc = bw_bytes_next(bytes, &data, &got, err);
        if (rc || got == 0)
            return rc;
        if (got > max - *n)
            return bw_error_set(err, BW_ERR_FORMAT, "%s: more than %zu bytes",
                                bytes->name, max);
        if (*n + got > *capacity) {
            size_t wanted = *n + got + *n / 2;
            void *grown = realloc(*buffer, wanted);
            if (!grown)
                return bw_error_memory(err);
            *buffer = grown;
            *capacity = wanted;
        }
        memcpy((char *)*buffer + *n, data, got);
        bw_bytes_take(bytes, got);
        *n += got;
    }
}

bw_status bw_bytes_finish(bw_bytes *bytes, uint64_t *digest, bw_error *err)
{
    const unsigned char *data;
    size_t n;
    bw_status rc = bw_bytes_next(bytes, &data, &n, err);

    if (rc)
        return rc;
    if (n > 0)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: bytes follow the data, from byte %llu on",
                            bytes->name, (unsigned long long)bytes->offset);
    *digest = XXH64_digest(bytes->hash);
    return BW_OK;
}
