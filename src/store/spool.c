/* spool.c - bytes of one tensor that wait for the file to be written.
 *
 * Raw bytes gather in a block; a full block becomes one frame. Frames of a
 * fixed size, instead of one open frame a tensor, let any number of tensors
 * share one compressor: an open frame holds several MB of its own.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/spool.h"

enum { LEVEL = 3, COPY_SIZE = 64 * 1024 };

/* Bytes in memory that grow by doubling up to a limit. */
typedef struct room {
    unsigned char *bytes;
    size_t n, size;
} room;

struct bw_spool {
    bw_press *press;
    char *beside;
    room block; /* raw, up to BW_FRAME_SIZE; unused without a press */
    room kept;  /* the end of what is kept, up to BW_SPOOL_MEMORY */
    int fd;     /* what came before it; -1 while there is none */
    uint64_t n_file;
};

bool bw_press_init(bw_press *press)
{
    press->room = ZSTD_compressBound(BW_FRAME_SIZE);
    press->frame = malloc(press->room);
    press->cctx = ZSTD_createCCtx();
    return press->frame != NULL && press->cctx != NULL &&
           !ZSTD_isError(ZSTD_CCtx_setParameter(
               press->cctx, ZSTD_c_compressionLevel, LEVEL)) &&
           !ZSTD_isError(
               ZSTD_CCtx_setParameter(press->cctx, ZSTD_c_checksumFlag, 1));
}

void bw_press_clear(bw_press *press)
{
    ZSTD_freeCCtx(press->cctx);
    free(press->frame);
    *press = (bw_press){NULL, NULL, 0};
}

bw_spool *bw_spool_create(bw_press *opt_press, const char *opt_beside)
{
    bw_spool *spool = calloc(1, sizeof *spool);

    if (spool == NULL)
        return NULL;
    spool->fd = -1;
    spool->press = opt_press;
    if (opt_beside != NULL) {
        spool->beside = strdup(opt_beside);
        if (spool->beside == NULL) {
            free(spool);
            return NULL;
        }
    }
    return spool;
}

void bw_spool_destroy(bw_spool *spool)
{
    if (spool == NULL)
        return;
    if (spool->fd >= 0)
        close(spool->fd);
    free(spool->block.bytes);
    free(spool->kept.bytes);
    free(spool->beside);
    free(spool);
}

/* Copies what fits below the limit; returns how much. 0: memory is out. */
static size_t put(room *r, size_t limit, const void *data, size_t n)
{
    size_t taken = n < limit - r->n ? n : limit - r->n;

    if (r->n + taken > r->size) {
        size_t size = r->size == 0 ? 4096 : r->size;
        unsigned char *moved;

        while (size < r->n + taken)
            size *= 2;
        size = size < limit ? size : limit;
        moved = realloc(r->bytes, size);
        if (moved == NULL)
            return 0;
        r->bytes = moved;
        r->size = size;
    }
    memcpy(r->bytes + r->n, data, taken);
    r->n += taken;
    return taken;
}

static bw_status flush(bw_spool *s, bw_error *err)
{
    bw_status status;

    if (s->fd < 0 && bw_output_scratch(s->beside, &s->fd, err) != BW_OK)
        return err->code;
    status = bw_output_write_fd(s->fd, "scratch file", s->kept.bytes, s->kept.n,
                                err);
    if (status != BW_OK && s->beside != NULL)
        bw_error_prefix(err, "%s", s->beside);
    if (status != BW_OK)
        return status;
    s->n_file += s->kept.n;
    s->kept.n = 0;
    return BW_OK;
}

/* Keeps bytes in their final form. */
static bw_status keep(bw_spool *s, const void *data, size_t n, bw_error *err)
{
    const unsigned char *from = data;

    while (n > 0) {
        size_t taken;

        if (s->kept.n == BW_SPOOL_MEMORY && flush(s, err) != BW_OK)
            return err->code;
        taken = put(&s->kept, BW_SPOOL_MEMORY, from, n);
        if (taken == 0)
            return bw_error_memory(err);
        from += taken;
        n -= taken;
    }
    return BW_OK;
}

static bw_status press_frame(bw_spool *s, const void *data, size_t n,
                             bw_error *err)
{
    size_t length = ZSTD_compress2(s->press->cctx, s->press->frame,
                                   s->press->room, data, n);

    if (ZSTD_isError(length))
        return bw_error_memory(err);
    return keep(s, s->press->frame, length, err);
}

bw_status bw_spool_append(bw_spool *spool, const void *data, size_t n_bytes,
                          bw_error *err)
{
    const unsigned char *from = data;
    bw_error own = BW_ERROR_INIT;
    bw_status status = BW_OK;

    if (err == NULL)
        err = &own;
    if (spool->press == NULL)
        return keep(spool, data, n_bytes, err);
    while (n_bytes > 0 && status == BW_OK) {
        size_t taken = BW_FRAME_SIZE;

        if (spool->block.n == 0 && n_bytes >= BW_FRAME_SIZE) {
            status = press_frame(spool, from, taken, err);
        } else {
            taken = put(&spool->block, BW_FRAME_SIZE, from, n_bytes);
            if (taken == 0)
                return bw_error_memory(err);
            if (spool->block.n == BW_FRAME_SIZE) {
                status =
                    press_frame(spool, spool->block.bytes, BW_FRAME_SIZE, err);
                spool->block.n = 0;
            }
        }
        from += taken;
        n_bytes -= taken;
    }
    return status;
}

bw_status bw_spool_end(bw_spool *spool, bw_error *err)
{
    bw_error own = BW_ERROR_INIT;
    bw_status status = BW_OK;

    if (err == NULL)
        err = &own;
    if (spool->block.n > 0)
        status = press_frame(spool, spool->block.bytes, spool->block.n, err);
    free(spool->block.bytes);
    spool->block = (room){NULL, 0, 0};
    return status;
}

bw_status bw_spool_copy(const bw_spool *spool, bw_output *output, bw_error *err)
{
    unsigned char chunk[COPY_SIZE];
    uint64_t at = 0;

    while (at < spool->n_file) {
        uint64_t left = spool->n_file - at;
        ssize_t got =
            pread(spool->fd, chunk, left < COPY_SIZE ? (size_t)left : COPY_SIZE,
                  (off_t)at);
        bw_status status;

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return bw_error_errno(err, "scratch file");
        if (got == 0)
            return bw_error_set(err, BW_ERR_IO, "scratch file: cut short");
        status = bw_output_write(output, chunk, (size_t)got, err);
        if (status != BW_OK)
            return status;
        at += (uint64_t)got;
    }
    if (spool->kept.n == 0)
        return BW_OK;
    return bw_output_write(output, spool->kept.bytes, spool->kept.n, err);
}
