/* comm.c - processes that work on one thing together: sums and agreements made
 * of exchanged bytes.
 *
 * A long sum goes in chunks. Each process gets one piece of the chunk from all,
 * adds it up, and all get the sum: a process sends and receives 2 (N - 1) / N
 * of the bytes, which is the least that an allreduce takes. A short sum is
 * gathered whole and added up everywhere, in one round instead of two.
 */
#include "config.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/comm.h"

enum {
    N_CHUNK_BYTES = 1 << 22, /* of a chunk: pieces are long, yet in the cache */
    N_SHORT = 2048,          /* floats of a sum that is gathered */
    N_ADDED = 512            /* numbers that are added up at a time */
};

struct bw_comm {
    const bw_comm_ways *ways;
    void *self;
    size_t rank, size;
    bool is_over;        /* a failure was agreed on */
    size_t n_bytes;      /* of room */
    unsigned char *room; /* blocks of all ranks; owned */
    float *sum;          /* a piece of a chunk; owned */
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

bw_status bw_comm_create(const bw_comm_ways *ways, void *self, size_t rank,
                         size_t size, bw_comm **ret_comm, bw_error *err)
{
    bw_comm *comm = calloc(1, sizeof *comm);

    assert(rank < size);
    *ret_comm = NULL;
    if (!comm)
        return bw_error_memory(err);
    *comm = (bw_comm){.ways = ways, .self = self, .rank = rank, .size = size};
    comm->n_bytes =
        larger(N_CHUNK_BYTES, size * larger(BW_ERROR_SIZE, N_SHORT * 8));
    comm->room = malloc(comm->n_bytes);
    comm->sum = malloc(comm->n_bytes / size);
    if (!comm->room || !comm->sum) {
        bw_comm_destroy(comm);
        return bw_error_memory(err);
    }
    *ret_comm = comm;
    return BW_OK;
}

void bw_comm_destroy(bw_comm *comm)
{
    if (!comm)
        return;
    free(comm->room);
    free(comm->sum);
    free(comm);
}

size_t bw_comm_rank(const bw_comm *opt_comm)
{
    return opt_comm ? opt_comm->rank : 0;
}

size_t bw_comm_size(const bw_comm *opt_comm)
{
    return opt_comm ? opt_comm->size : 1;
}

bool bw_comm_has(const bw_comm *opt_comm, size_t k)
{
    return k % bw_comm_size(opt_comm) == bw_comm_rank(opt_comm);
}

/* ---- sums ---- */

/* to (n): sums over the blocks of room, n floats each. */
static void add_floats(const bw_comm *comm, size_t n, float *to)
{
    const float *block = (const float *)(const void *)comm->room;

    for (size_t first = 0; first < n; first += N_ADDED) {
        size_t m = n - first < N_ADDED ? n - first : N_ADDED;
        double sum[N_ADDED] = {0};

        for (size_t r = 0; r < comm->size; r++)
            for (size_t k = 0; k < m; k++)
                sum[k] += (double)block[r * n + first + k];
        for (size_t k = 0; k < m; k++)
            to[first + k] = (float)sum[k];
    }
}

void bw_comm_sum_floats(bw_comm *opt_comm, size_t n, float *x)
{
    bw_comm *c = opt_comm;
    size_t at = 0;

    if (bw_comm_size(c) == 1)
        return;
    while (n - at > N_SHORT && n - at >= c->size) {
        size_t most = c->n_bytes / sizeof *x / c->size;
        size_t piece = (n - at) / c->size < most ? (n - at) / c->size : most;

        c->ways->trade(c->self, piece * sizeof *x, x + at, c->room);
        add_floats(c, piece, c->sum);
        c->ways->gather(c->self, piece * sizeof *x, c->sum, x + at);
        at += piece * c->size;
    }
    while (at < n) {
        size_t piece = n - at < N_SHORT ? n - at : N_SHORT;

        c->ways->gather(c->self, piece * sizeof *x, x + at, c->room);
        add_floats(c, piece, x + at);
        at += piece;
    }
}

void bw_comm_sum_doubles(bw_comm *opt_comm, size_t n, double *x)
{
    bw_comm *c = opt_comm;

    if (bw_comm_size(c) == 1)
        return;
    for (size_t at = 0; at < n; at += N_SHORT) {
        size_t piece = n - at < N_SHORT ? n - at : N_SHORT;
        const double *block = (const double *)(const void *)c->room;

        c->ways->gather(c->self, piece * sizeof *x, x + at, c->room);
        memcpy(x + at, block, piece * sizeof *x);
        for (size_t r = 1; r < c->size; r++)
            for (size_t k = 0; k < piece; k++)
                x[at + k] += block[r * piece + k];
    }
}

double bw_comm_largest(bw_comm *opt_comm, double x)
{
    const double *of = NULL;

    if (bw_comm_size(opt_comm) == 1)
        return x;
    opt_comm->ways->gather(opt_comm->self, sizeof x, &x, opt_comm->room);
    of = (const double *)(const void *)opt_comm->room;
    for (size_t r = 0; r < opt_comm->size; r++)
        if (isnan(of[r]) || of[r] > x)
            x = of[r];
    return x;
}

void bw_comm_copy(bw_comm *opt_comm, size_t n, void *bytes)
{
    if (bw_comm_size(opt_comm) > 1)
        opt_comm->ways->copy(opt_comm->self, n, bytes);
}

/* ---- agreement ---- */

/* What each process says of itself. */
typedef struct word {
    uint8_t status, flag;
} word;

/* The failure of rank `of`, whose message all get. */
static bw_status tell(bw_comm *c, size_t of, bw_status status, bw_error *err)
{
    char own[BW_ERROR_SIZE] = "";
    const char *text = (const char *)c->room + of * sizeof own;

    if (err)
        memcpy(own, err->text, sizeof own);
    c->ways->gather(c->self, sizeof own, own, c->room);
    if (*text == '\0')
        text = bw_status_text(status);
    bw_error_set(err, status, "%s", text);
    return of > 0 ? bw_error_prefix(err, "rank %zu", of) : status;
}

bw_status bw_comm_agree(bw_comm *opt_comm, bw_status status, bool *flag,
                        bw_error *err)
{
    bw_comm *c = opt_comm;
    word own = {(uint8_t)status, *flag};
    const word *of = NULL;
    size_t bad;

    if (bw_comm_size(c) == 1 || c->is_over)
        return status;
    c->ways->gather(c->self, sizeof own, &own, c->room);
    of = (const word *)(const void *)c->room;
    bad = c->size;
    for (size_t r = c->size; r-- > 0;) {
        *flag = *flag || of[r].flag != 0;
        if (of[r].status != BW_OK)
            bad = r;
    }
    c->is_over = bad < c->size;
    return c->is_over ? tell(c, bad, (bw_status)of[bad].status, err) : BW_OK;
}
