/* stream_in.c - the uncompressed bytes of a file that is zstd frames or plain.
 *
 * A frame's own header is looked at before the decompressor gets it: whether
 * it carries a checksum is bit 2 of the byte after the magic number (RFC 8878,
 * 3.1.1.1.1).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "store/stream_in.h"

enum {
    BUFFER_SIZE = 256 * 1024,
    WINDOW_LOG = 27, /* zstd's own default; decompression needs that memory */
    FRAME_START = 5  /* magic number, descriptor */
};

struct bw_stream_in {
    int fd;
    bool is_at_end; /* read(2) gave 0 */
    bool is_in_frame;
    bw_stream_state state;
    ZSTD_DCtx *dctx;
    XXH64_state_t *hash;
    size_t at, end; /* what of buffer is not used yet */
    unsigned char buffer[BUFFER_SIZE];
};

/* read(2), retried; 0 at the end. */
static bw_status read_fd(bw_stream_in *s, void *to, size_t n, size_t *n_got,
                         bw_error *err)
{
    ssize_t got;

    do
        got = read(s->fd, to, n);
    while (got < 0 && errno == EINTR);
    *n_got = 0;
    if (got < 0)
        return bw_error_errno(err, "cannot read");
    if (got == 0)
        s->is_at_end = true;
    s->state.n_taken += (uint64_t)got;
    *n_got = (size_t)got;
    return BW_OK;
}

/* Has at least n_wanted bytes in the buffer, or all up to the end. */
static bw_status fill(bw_stream_in *s, size_t n_wanted, bw_error *err)
{
    bw_status status = BW_OK;

    if (s->end - s->at >= n_wanted)
        return BW_OK;
    memmove(s->buffer, s->buffer + s->at, s->end - s->at);
    s->end -= s->at;
    s->at = 0;
    while (s->end < n_wanted && !s->is_at_end && status == BW_OK) {
        size_t got;

        status =
            read_fd(s, s->buffer + s->end, BUFFER_SIZE - s->end, &got, err);
        s->end += got;
    }
    return status;
}

/* The little-endian word of 4 bytes that comes next, 0 where fewer come. */
static uint32_t next_magic(const bw_stream_in *s)
{
    const unsigned char *b = s->buffer + s->at;

    if (s->end - s->at < 4)
        return 0;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
           (uint32_t)b[3] << 24;
}

static bool is_skippable(uint32_t magic)
{
    return (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

static bw_status sniff(bw_stream_in *s, bw_error *err)
{
    uint32_t magic;

    if (fill(s, FRAME_START, err) != BW_OK)
        return err->code;
    magic = next_magic(s);
    s->state.is_compressed = magic == ZSTD_MAGICNUMBER || is_skippable(magic);
    if (!s->state.is_compressed)
        return BW_OK;
    s->dctx = ZSTD_createDCtx();
    if (s->dctx == NULL || ZSTD_isError(ZSTD_DCtx_setParameter(
                               s->dctx, ZSTD_d_windowLogMax, WINDOW_LOG)))
        return bw_error_memory(err);
    return BW_OK;
}

/* The size from the current position on, where there is one. */
static void measure(bw_stream_in *s)
{
    struct stat st;
    off_t from;

    if (fstat(s->fd, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    from = lseek(s->fd, 0, SEEK_CUR);
    if (from < 0 || from > st.st_size)
        return;
    s->state.is_regular = true;
    s->state.n_size = (uint64_t)(st.st_size - from);
}

bw_status bw_stream_in_open(const char *path, bw_stream_in **ret_stream,
                            bw_error *err)
{
    bw_stream_in *s = malloc(sizeof *s);
    bw_error own = BW_ERROR_INIT;
    bw_status status = BW_OK;

    if (err == NULL)
        err = &own;
    *ret_stream = NULL;
    if (s == NULL)
        return bw_error_memory(err);
    memset(s, 0, offsetof(struct bw_stream_in, buffer));
    s->fd = strcmp(path, "-") == 0 ? STDIN_FILENO
                                   : open(path, O_RDONLY | O_CLOEXEC);
    if (s->fd < 0)
        status = bw_error_errno(err, "cannot open");
    s->hash = XXH64_createState();
    if (status == BW_OK && s->hash == NULL)
        status = bw_error_memory(err);
    if (status == BW_OK) {
        XXH64_reset(s->hash, 0);
        measure(s);
        status = sniff(s, err);
    }
    if (status != BW_OK) {
        bw_stream_in_close(s);
        return status;
    }
    *ret_stream = s;
    return BW_OK;
}

void bw_stream_in_close(bw_stream_in *stream)
{
    if (stream == NULL)
        return;
    ZSTD_freeDCtx(stream->dctx);
    XXH64_freeState(stream->hash);
    if (stream->fd > STDIN_FILENO)
        close(stream->fd);
    free(stream);
}

static bw_status fail_damaged(const bw_stream_in *s, uint64_t n_more,
                              const char *what, bw_error *err)
{
    return bw_error_set(err, BW_ERR_FORMAT,
                        "damaged after byte %" PRIu64 " (uncompressed): %s",
                        s->state.n_given + n_more, what);
}

/* Between two frames: counts the one that begins, if one does. */
static bw_status begin_frame(bw_stream_in *s, uint64_t n_more, bool *is_end,
                             bw_error *err)
{
    bw_status status = fill(s, FRAME_START, err);
    uint32_t magic;

    if (status != BW_OK)
        return status;
    *is_end = s->at == s->end;
    if (*is_end)
        return BW_OK;
    magic = next_magic(s);
    if (s->end - s->at < 4 || is_skippable(magic))
        return BW_OK;
    if (magic != ZSTD_MAGICNUMBER)
        return fail_damaged(s, n_more, "no zstd frame follows the last one",
                            err);
    s->state.n_frames++;
    if (s->end - s->at >= FRAME_START && (s->buffer[s->at + 4] & 4) == 0)
        s->state.n_unchecked++;
    return BW_OK;
}

static bw_status decompress(bw_stream_in *s, ZSTD_outBuffer *out, bw_error *err)
{
    while (out->pos < out->size) {
        ZSTD_inBuffer in;
        size_t before = out->pos, hint;
        bool is_end = false;
        bw_status status = s->is_in_frame
                               ? fill(s, 1, err)
                               : begin_frame(s, out->pos, &is_end, err);

        if (status != BW_OK)
            return status;
        if (is_end)
            return BW_OK;
        in = (ZSTD_inBuffer){s->buffer + s->at, s->end - s->at, 0};
        hint = ZSTD_decompressStream(s->dctx, out, &in);
        if (ZSTD_isError(hint)) {
            if (ZSTD_getErrorCode(hint) == ZSTD_error_memory_allocation)
                return bw_error_memory(err);
            return fail_damaged(s, out->pos, ZSTD_getErrorName(hint), err);
        }
        s->at += in.pos;
        s->is_in_frame = hint != 0;
        if (s->is_in_frame && in.size == 0 && out->pos == before) {
            s->state.is_cut = true;
            return BW_OK;
        }
    }
    return BW_OK;
}

static bw_status copy_plain(bw_stream_in *s, ZSTD_outBuffer *out, bw_error *err)
{
    size_t ready = s->end - s->at, got;

    if (ready > out->size)
        ready = out->size;
    memcpy(out->dst, s->buffer + s->at, ready);
    s->at += ready;
    out->pos = ready;
    while (out->pos < out->size && !s->is_at_end) {
        bw_status status = read_fd(s, (unsigned char *)out->dst + out->pos,
                                   out->size - out->pos, &got, err);

        if (status != BW_OK)
            return status;
        out->pos += got;
    }
    return BW_OK;
}

bw_status bw_stream_in_read(bw_stream_in *stream, void *buffer, size_t n_wanted,
                            size_t *n_got, bw_error *err)
{
    ZSTD_outBuffer out = {buffer, n_wanted, 0};
    bw_status status = BW_OK;

    *n_got = 0;
    if (n_wanted > 0)
        status = stream->state.is_compressed ? decompress(stream, &out, err)
                                             : copy_plain(stream, &out, err);
    if (status != BW_OK)
        return status;
    XXH64_update(stream->hash, buffer, out.pos);
    stream->state.n_given += out.pos;
    *n_got = out.pos;
    return BW_OK;
}

const bw_stream_state *bw_stream_in_state(const bw_stream_in *stream)
{
    return &stream->state;
}

uint64_t bw_stream_in_digest(const bw_stream_in *stream)
{
    return XXH64_digest(stream->hash);
}
