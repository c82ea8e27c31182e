/* mmd.c - maximum mean discrepancy.
 *
 * Points of both sides are laid out by columns in blocks, q's first. A task has
 * some rows of pairs: a point and, block by block, all that it is paired with.
 * Each pair i < j of one side is taken once; where a gradient is wanted, q's
 * pairs are taken from both of their ends, so that a task has its own rows of
 * dq. Cost: (n_q + n_p)^2 / 2 pairs, with gradient n_q^2 / 2 more, of 2 d
 * operations and one division or exponential a scale.
 *
 * The median takes three passes over the pairs' distances, each of which finds
 * some more bits of it: floats that are not negative have the order of their
 * bits. Nothing is kept but counts.
 */
#include "config.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/isa.h"
#include "nn/cut.h"
#include "nn/mmd.h"
#include "nn/mmd_kernel.h"

enum {
    N_MAX_PIECES = 64,      /* of a side's rows */
    N_PIECE_ROWS = 8,       /* at least */
    N_CHUNK = 16,           /* blocks, at most, that all rows of a piece take */
    N_CHUNK_VALUES = 16384, /* before the next: as many as a cache keeps */
    N_DIGITS = 3,
    N_COUNTS = 2048 /* of a digit */
};

/* Bits of a distance that a digit has. */
static const int shift[N_DIGITS] = {20, 10, 0};
static const uint32_t mask[N_DIGITS] = {0x7ff, 0x3ff, 0x3ff};

enum { Q, P };

typedef struct side {
    size_t n, n_blocks;
    bw_cut rows;    /* of which tasks are made */
    size_t n_rows;  /* of a piece */
    const float *x; /* (n, d) */
} side;

struct bw_mmd_room {
    size_t n_blocks, d; /* of columns */
    float *column;      /* (n_blocks, d, BW_MMD_BLOCK) */
    atomic_size_t *count;
    int (*stopped)(void); /* or NULL */
};

typedef struct job {
    const bw_mmd_loops *loops;
    bw_mmd_kernel kernel;
    size_t n_scales, d, n_q_pieces, n_chunk;
    float scale[BW_MMD_MAX_SCALES];
    side side[2];
    bw_mmd_room *room;
    /* Of the gradient: factors of w by the side of the other point. */
    float *dq;
    float factor[2];
    /* Sums over pairs qq, qp, pp, of each piece. */
    double (*sum)[3];
    /* Of the median: the digit, and the bits above it. */
    int digit;
    uint32_t above;
} job;

static const bw_mmd_loops *loops_get(void)
{
#ifdef BW_X86_64
    static const bw_mmd_loops *const all[] = {
        &bw_mmd_loops_plain, &bw_mmd_loops_avx2, &bw_mmd_loops_avx512};

    return all[bw_isa_get()];
#else
    return &bw_mmd_loops_plain;
#endif
}

/* ---- statistics ---- */

bw_mmd bw_mmd_imq(double base)
{
    static const double share[] = {0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0};
    bw_mmd mmd = {.kernel = BW_MMD_IMQ,
                  .n_scales = sizeof share / sizeof *share};

    for (size_t s = 0; s < mmd.n_scales; s++)
        mmd.scale[s] = share[s] * base;
    return mmd;
}

bw_mmd bw_mmd_rbf(void)
{
    return (bw_mmd){
        .kernel = BW_MMD_RBF, .n_scales = 1, .scale = {1.0}, .is_median = true};
}

/* ---- room ---- */

bw_status bw_mmd_room_create(const bw_mmd *mmd, size_t n_q, size_t n_p,
                             size_t d, bw_mmd_room **ret_room, bw_error *err)
{
    bw_mmd_room *room = calloc(1, sizeof *room);
    size_t width = BW_MMD_BLOCK * sizeof *room->column;

    *ret_room = NULL;
    if (!room)
        return bw_error_memory(err);
    room->d = d;
    room->n_blocks =
        bw_cut_count(n_q, BW_MMD_BLOCK) + bw_cut_count(n_p, BW_MMD_BLOCK);
    if (!d || room->n_blocks <= SIZE_MAX / width / d)
        room->column = aligned_alloc(64, (room->n_blocks * d + 1) * width);
    if (mmd->is_median)
        room->count = calloc(N_COUNTS, sizeof *room->count);
    if (!room->column || (mmd->is_median && !room->count)) {
        bw_mmd_room_destroy(room);
        return bw_error_memory(err);
    }
    *ret_room = room;
    return BW_OK;
}

void bw_mmd_room_destroy(bw_mmd_room *room)
{
    if (!room)
        return;
    free(room->column);
    free(room->count);
    free(room);
}

void bw_mmd_room_watch(bw_mmd_room *room, int (*opt_stopped)(void))
{
    room->stopped = opt_stopped;
}

static bool is_stopped(const bw_mmd_room *room)
{
    return room->stopped && room->stopped();
}

/* ---- points and pairs ---- */

static side side_of(size_t n, const float *x)
{
    return (side){.n = n, .n_blocks = bw_cut_count(n, BW_MMD_BLOCK), .x = x};
}

/* Tasks are of the rows given from now on; returns how many there are. */
static size_t set_rows(job *work, const bw_cut rows[2])
{
    size_t n_pieces[2];

    for (int of = Q; of <= P; of++) {
        size_t n = rows[of].to - rows[of].from;

        work->side[of].rows = rows[of];
        work->side[of].n_rows =
            bw_cut_max(bw_cut_count(n, N_MAX_PIECES), N_PIECE_ROWS);
        n_pieces[of] = bw_cut_count(n, work->side[of].n_rows);
    }
    work->n_q_pieces = n_pieces[Q];
    return n_pieces[Q] + n_pieces[P];
}

/* A block's points by columns, the last one filled up with zeros. */
static void lay_block(void *arg, size_t task, size_t worker)
{
    const job *work = arg;
    bool is_p = task >= work->side[Q].n_blocks;
    const side *of = &work->side[is_p];
    size_t first = (task - (is_p ? work->side[Q].n_blocks : 0)) * BW_MMD_BLOCK;
    size_t n = bw_cut_min(of->n - first, BW_MMD_BLOCK), d = work->d;
    float *y = work->room->column + task * d * BW_MMD_BLOCK;

    (void)worker;
    for (size_t k = 0; k < d; k++) {
        for (size_t j = 0; j < n; j++)
            y[k * BW_MMD_BLOCK + j] = of->x[(first + j) * d + k];
        for (size_t j = n; j < BW_MMD_BLOCK; j++)
            y[k * BW_MMD_BLOCK + j] = 0.0f;
    }
}

/* A point and a block of columns. */
typedef struct strip {
    const float *x, *y;
    int side;        /* the block's */
    size_t from, to; /* which of its points count */
    size_t self;     /* x itself among them, or BW_MMD_BLOCK */
} strip;

/* Point i of side `of` against block b of all; those of its own side up to and
 * without itself are left out unless `is_full`. False: none are left. */
static bool find_strip(const job *work, int of, size_t i, size_t b,
                       bool is_full, strip *found)
{
    bool is_p = b >= work->side[Q].n_blocks;
    size_t first = (b - (is_p ? work->side[Q].n_blocks : 0)) * BW_MMD_BLOCK;

    if (of == P && !is_p)
        return false;
    *found = (strip){.x = work->side[of].x + i * work->d,
                     .y = work->room->column + b * work->d * BW_MMD_BLOCK,
                     .side = is_p ? P : Q,
                     .to = bw_cut_min(work->side[is_p].n - first, BW_MMD_BLOCK),
                     .self = BW_MMD_BLOCK};
    if (is_p != (of == P))
        return true;
    if (i >= first && i < first + found->to)
        found->self = i - first;
    if (!is_full && i + 1 > first)
        found->from = bw_cut_min(i + 1 - first, BW_MMD_BLOCK);
    return found->from < found->to;
}

/* The side of a task and its rows. */
static int find_rows(const job *work, size_t task, bw_cut *rows)
{
    int of = task >= work->n_q_pieces ? P : Q;
    const side *points = &work->side[of];
    size_t from = points->rows.from;

    *rows = bw_cut_piece(points->rows.to - from, points->n_rows,
                         of == P ? task - work->n_q_pieces : task);
    rows->from += from;
    rows->to += from;
    return of;
}

/* ---- median ---- */

static void count_distances(void *arg, size_t task, size_t worker)
{
    const job *work = arg;
    size_t n_blocks = work->side[Q].n_blocks + work->side[P].n_blocks;
    size_t count[N_COUNTS] = {0};
    int place = shift[work->digit];
    uint32_t low = mask[work->digit];
    float D[BW_MMD_BLOCK];
    bw_cut rows;
    int of = find_rows(work, task, &rows);
    strip s;

    (void)worker;
    for (size_t b = 0; b < n_blocks && !is_stopped(work->room); b++)
        for (size_t i = rows.from; i < rows.to; i++) {
            if (!find_strip(work, of, i, b, false, &s))
                continue;
            work->loops->distance(work->d, s.x, s.y, D);
            for (size_t j = s.from; j < s.to; j++) {
                uint32_t bits;

                memcpy(&bits, &D[j], sizeof bits);
                bits = (bits & 0x7fffffff) >> place;
                if ((bits & ~low) == work->above)
                    count[bits & low]++;
            }
        }
    for (size_t k = 0; k <= low; k++)
        if (count[k])
            atomic_fetch_add(&work->room->count[k], count[k]);
}

/* The lower median of the distances of all pairs of different points. */
static float find_median(bw_tasks *tasks, size_t n_tasks, job *work)
{
    size_t n = work->side[Q].n + work->side[P].n;
    size_t rank = (n % 2 ? (n - 1) / 2 * n : n / 2 * (n - 1)) - 1;
    uint32_t bits = 0;
    float median;

    rank /= 2;
    for (int digit = 0; digit < N_DIGITS; digit++) {
        atomic_size_t *count = work->room->count;
        uint32_t k = 0;

        for (size_t c = 0; c < N_COUNTS; c++)
            atomic_store(&count[c], 0);
        work->digit = digit;
        work->above = digit ? bits << 10 : 0;
        bw_tasks_run(tasks, n_tasks, count_distances, work);
        for (; k < mask[digit] && rank >= count[k]; k++)
            rank -= count[k];
        bits = work->above | k;
    }
    memcpy(&median, &bits, sizeof median);
    return median;
}

/* ---- sums ---- */

/* The limit of both kernels at scale 0: 1 for equal points. A NaN stays. */
static void add_limit(const float *D, float *k)
{
    for (size_t j = 0; j < BW_MMD_BLOCK; j++)
        k[j] += D[j] == 0.0f ? 1.0f : 0.0f * D[j];
}

/* Kernels of a strip to k, and slopes to w; 0 for points that do not count. */
static void take_strip(const job *work, const strip *s, float *k, float *w)
{
    float D[BW_MMD_BLOCK];

    memset(k, 0, BW_MMD_BLOCK * sizeof *k);
    if (w)
        memset(w, 0, BW_MMD_BLOCK * sizeof *w);
    work->loops->distance(work->d, s->x, s->y, D);
    for (size_t c = 0; c < work->n_scales; c++) {
        if (work->scale[c] < FLT_MIN)
            add_limit(D, k);
        else if (work->kernel == BW_MMD_IMQ)
            work->loops->imq(work->scale[c], D, k, w);
        else
            work->loops->rbf(work->scale[c], D, k, w);
    }
    for (size_t j = 0; j < BW_MMD_BLOCK; j++)
        if (j < s->from || j >= s->to) {
            k[j] = 0.0f;
            if (w)
                w[j] = 0.0f;
        }
    if (s->self < BW_MMD_BLOCK)
        k[s->self] = 0.0f;
    for (size_t j = 0; w && j < BW_MMD_BLOCK; j++)
        w[j] *= work->factor[s->side];
}

/* Sums over the pairs of point i of side `of` with blocks `chunk`; where dq (d)
 * is not NULL the gradient of q_i is added to it. */
static void take_row(const job *work, int of, size_t i, bw_cut chunk, float *dq,
                     double part[3][BW_N_PARTS])
{
    float k[BW_MMD_BLOCK], w[N_CHUNK * BW_MMD_BLOCK], *weight = w;
    strip s;

    for (size_t b = chunk.from; b < chunk.to; b++, weight += BW_MMD_BLOCK) {
        if (!find_strip(work, of, i, b, dq != NULL, &s))
            continue;
        take_strip(work, &s, k, dq ? weight : NULL);
        work->loops->add(k, part[of + s.side]);
    }
    if (dq)
        work->loops->slope(
            work->d, chunk.to - chunk.from, work->side[of].x + i * work->d,
            work->room->column + chunk.from * work->d * BW_MMD_BLOCK, w, dq);
}

static void take_piece(void *arg, size_t task, size_t worker)
{
    const job *work = arg;
    size_t n_blocks = work->side[Q].n_blocks + work->side[P].n_blocks;
    double part[3][BW_N_PARTS] = {{0}};
    bw_cut rows;
    int of = find_rows(work, task, &rows);
    float *dq = of == Q ? work->dq : NULL;
    size_t first = work->side[Q].rows.from;

    (void)worker;
    for (size_t c = 0;
         c < bw_cut_count(n_blocks, work->n_chunk) && !is_stopped(work->room);
         c++)
        for (size_t i = rows.from; i < rows.to; i++)
            take_row(work, of, i, bw_cut_piece(n_blocks, work->n_chunk, c),
                     dq ? dq + (i - first) * work->d : NULL, part);
    for (int c = 0; c < 3; c++) {
        work->sum[task][c] = 0.0;
        for (size_t j = 0; j < BW_N_PARTS; j++)
            work->sum[task][c] += part[c][j];
    }
}

/* ---- value ---- */

/* Looks for the median among all pairs, whichever rows follow. */
static void set_scales(const bw_mmd *mmd, bw_tasks *tasks, job *work)
{
    const bw_cut all[] = {{0, work->side[Q].n}, {0, work->side[P].n}};
    double unit = 1.0;

    if (mmd->is_median)
        unit = (double)find_median(tasks, set_rows(work, all), work);
    work->kernel = mmd->kernel;
    work->n_scales = mmd->n_scales;
    for (size_t s = 0; s < mmd->n_scales; s++)
        work->scale[s] = (float)(unit * mmd->scale[s]);
}

/* What rows of both sides make of the statistic. */
static double take_rows(const bw_mmd *mmd, bw_tasks *tasks, job *work,
                        const bw_cut rows[2], double weight)
{
    double sum[2 * N_MAX_PIECES][3], total[3] = {0};
    double nq = (double)work->side[Q].n, np = (double)work->side[P].n;
    double n_qq = nq * (mmd->is_biased ? nq : nq - 1.0);
    double n_pp = np * (mmd->is_biased ? np : np - 1.0);
    double same = mmd->is_biased ? (double)mmd->n_scales : 0.0;
    size_t n_blocks = work->side[Q].n_blocks + work->side[P].n_blocks, n_tasks;
    size_t width = bw_cut_max(work->d, 1) * BW_MMD_BLOCK;

    work->factor[Q] = (float)(-4.0 * weight / n_qq);
    work->factor[P] = (float)(4.0 * weight / (nq * np));
    work->sum = sum;
    work->n_chunk = bw_cut_min(bw_cut_count(N_CHUNK_VALUES, width), N_CHUNK);
    bw_tasks_run(tasks, n_blocks, lay_block, work);
    set_scales(mmd, tasks, work);
    n_tasks = set_rows(work, rows);
    bw_tasks_run(tasks, n_tasks, take_piece, work);
    for (size_t t = 0; t < n_tasks; t++)
        for (int c = 0; c < 3; c++)
            total[c] += sum[t][c];
    nq = (double)(rows[Q].to - rows[Q].from);
    np = (double)(rows[P].to - rows[P].from);
    /* Pairs of one side were taken once unless there is a gradient. */
    return ((work->dq ? 1.0 : 2.0) * total[0] + nq * same) / n_qq +
           (2.0 * total[2] + np * same) / n_pp -
           2.0 * total[1] / ((double)work->side[Q].n * (double)work->side[P].n);
}

static job job_of(const bw_mmd *mmd, bw_mmd_room *room, side q, side p,
                  size_t d, float *opt_dq)
{
    assert(mmd->n_scales <= BW_MMD_MAX_SCALES);
    assert(d == room->d && q.n_blocks + p.n_blocks <= room->n_blocks);
    assert(!mmd->is_median || room->count);
    return (job){.loops = loops_get(),
                 .d = d,
                 .side = {q, p},
                 .room = room,
                 .dq = opt_dq};
}

double bw_mmd_value(const bw_mmd *mmd, bw_mmd_room *room, bw_tasks *tasks,
                    size_t n_q, const float *q, size_t n_p, const float *p,
                    size_t d, double weight, float *opt_dq)
{
    const bw_cut all[] = {{0, n_q}, {0, n_p}};

    if (n_q < 2 || n_p < 2)
        return 0.0;
    job work = job_of(mmd, room, side_of(n_q, q), side_of(n_p, p), d, opt_dq);
    return take_rows(mmd, tasks, &work, all, weight);
}

double bw_mmd_part(const bw_mmd *mmd, bw_mmd_room *room, bw_tasks *tasks,
                   size_t n_both, const float *q, const float *p, size_t d,
                   size_t first, size_t n, double weight, float *dq)
{
    const bw_cut rows[] = {{first, first + n}, {first, first + n}};

    if (n_both < 2)
        return 0.0;
    job work = job_of(mmd, room, side_of(n_both, q), side_of(n_both, p), d, dq);
    return take_rows(mmd, tasks, &work, rows, weight);
}
