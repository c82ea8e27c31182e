/* near.c - lower bounds by tiles, squares by sums. */
#include "config.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "eval/near.h"
#include "eval/tile.h"
#include "nn/gemm.h"

/* Values of an item that are widened at a time. */
enum { PIECE = 1024 };

/* 2^-e is a double from here on. */
enum { LEAST_EXPONENT = -1000 };

typedef struct job {
    bw_near *near;
    int s, t;
    bw_near_visit visit;
    void *self;
} job;

/* ---- making ---- */

/* The largest value comes near 1, so that squares neither overflow nor vanish.
 * A factor of both is left out: integers stay integers but for a power of 2. */
static void set_scale(bw_near *near)
{
    int e;

    if (near->of[0].factor == near->of[1].factor)
        near->of[0].factor = near->of[1].factor = 1;
    (void)frexp(
        fmax(bw_sample_largest(&near->of[0]), bw_sample_largest(&near->of[1])),
        &e);
    for (size_t k = 0; k < 2; k++)
        near->of[k].factor *=
            ldexp(1, e < LEAST_EXPONENT ? -LEAST_EXPONENT : -e);
}

static void add_norms(void *arg, size_t task, size_t worker)
{
    bw_near *near = arg;
    size_t n_tiles = bw_cut_count(near->of[0].n, BW_TILE);
    bool is_b = task >= n_tiles;
    const bw_sample *s = &near->of[is_b];
    bw_cut items = bw_cut_piece(s->n, BW_TILE, is_b ? task - n_tiles : task);
    double wide[PIECE];

    (void)worker;
    for (size_t i = items.from; i < items.to; i++) {
        double sum = 0;
        for (size_t p = 0; p < bw_cut_count(s->size, PIECE); p++) {
            bw_cut cut = bw_cut_piece(s->size, PIECE, p);
            bw_sample_doubles(s, i * s->size + cut.from, cut.to - cut.from,
                              wide);
            for (size_t k = cut.from; k < cut.to; k++) {
                double value = wide[k - cut.from] - near->shift[k];
                sum += value * value;
            }
        }
        near->norm[is_b][i] = sum;
    }
}

bw_status bw_near_init(bw_near *near, const bw_sample *a, const bw_sample *b,
                       bw_tasks *tasks, int (*opt_stopped)(void), bw_error *err)
{
    size_t d = a->size, tile = (size_t)BW_TILE * (size_t)BW_TILE;
    size_t n_tasks = bw_cut_count(a->n, BW_TILE) + bw_cut_count(b->n, BW_TILE);

    *near = (bw_near){.of = {*a, *b},
                      .n_room = bw_tile_room(d) + tile,
                      .tasks = tasks,
                      .stopped = opt_stopped};
    bw_status status = bw_gemm_init(err);
    if (status)
        return status;
    near->shift = calloc(d, sizeof *near->shift);
    near->norm[0] = calloc(a->n, sizeof *near->norm[0]);
    near->norm[1] = calloc(b->n, sizeof *near->norm[1]);
    near->room =
        calloc(bw_tasks_n_workers(tasks), near->n_room * sizeof *near->room);
    if (!near->shift || !near->norm[0] || !near->norm[1] || !near->room)
        return bw_error_memory(err);
    set_scale(near);
    /* With x the shifted items and u = eps / 2: norms, product and their sum
     * are off by 2 (d + 3) u (|x|^2 + |y|^2) at most, the shift by 4 u, and the
     * square as it is summed by 2 (d + 2) u: twice all that. */
    near->slack = (4 * (double)d + 32) * DBL_EPSILON;
    bw_sample_mean(&near->of[0], near->shift);
    bw_tasks_run(tasks, n_tasks, add_norms, near);
    return BW_OK;
}

void bw_near_clear(bw_near *near)
{
    free(near->shift);
    free(near->norm[0]);
    free(near->norm[1]);
    free(near->room);
    *near = (bw_near){.room = NULL};
}

/* ---- squares ---- */

double bw_near_square(const bw_near *near, int s, size_t i, int t, size_t k)
{
    enum { N_LANES = 4 };
    double x[PIECE], y[PIECE], sum[N_LANES] = {0};
    size_t d = near->of[s].size;

    for (size_t p = 0; p < bw_cut_count(d, PIECE); p++) {
        bw_cut cut = bw_cut_piece(d, PIECE, p);
        size_t n = cut.to - cut.from;
        bw_sample_doubles(&near->of[s], i * d + cut.from, n, x);
        bw_sample_doubles(&near->of[t], k * d + cut.from, n, y);
        for (size_t c = 0; c < n; c++)
            sum[c % N_LANES] += (x[c] - y[c]) * (x[c] - y[c]);
    }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* ---- tiles ---- */

static void show_tile(const job *j, bw_cut rows, bw_cut columns, double *tile)
{
    const bw_near *near = j->near;
    const double *norm = near->norm[j->t] + columns.from;
    size_t n = columns.to - columns.from;

    for (size_t i = rows.from; i < rows.to; i++) {
        double own = near->norm[j->s][i], keep = 1 - near->slack;
        double *least = tile + (i - rows.from) * BW_TILE;
        for (size_t k = 0; k < n; k++)
            least[k] = (own + norm[k]) * keep - 2 * least[k];
        j->visit(j->self, i, columns.from, n, least);
    }
}

static void show_rows(void *arg, size_t task, size_t worker)
{
    const job *j = arg;
    const bw_near *near = j->near;
    const bw_sample *x = &near->of[j->s], *y = &near->of[j->t];
    bw_cut rows = bw_cut_piece(x->n, BW_TILE, task);
    double *room = near->room + worker * near->n_room;
    double *tile = room + bw_tile_room(x->size);

    for (size_t k = 0; k < bw_cut_count(y->n, BW_TILE); k++) {
        bw_cut columns = bw_cut_piece(y->n, BW_TILE, k);
        if (near->stopped && near->stopped())
            return;
        bw_tile_products(x, rows, y, columns, near->shift, room, tile);
        show_tile(j, rows, columns, tile);
    }
}

bw_status bw_near_run(bw_near *near, int s, int t, bw_near_visit visit,
                      void *self, bw_error *err)
{
    job j = {near, s, t, visit, self};

    bw_tasks_run(near->tasks, bw_cut_count(near->of[s].n, BW_TILE), show_rows,
                 &j);
    if (near->stopped && near->stopped())
        return bw_error_set(err, BW_ERR_INTERRUPTED, "interrupted");
    return BW_OK;
}
