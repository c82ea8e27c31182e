/* spectral.c - weights that act divided by their largest singular value.
 *
 * A weight as the matrix (out, rest) is slabs side by side, rows of a slab in
 * one piece: one slab of all columns for dense and conv, (out, in kh kw), and
 * one a channel of the input for deconv, stored (in, out, kh kw).
 *
 * Cost of a step: each weight is read three times, for v, for W v and to be
 * divided; the gradient's turn reads it and the gradient twice. Sums are in
 * doubles and cut by shape.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "nn/cut.h"
#include "nn/network_inside.h"
#include "nn/spectral.h"
#include "nn/vector.h"

enum {
    N_COLUMNS = 256, /* of a slab, that a task sums */
    N_START = 15     /* iterations */
};

static const double least_length = 1e-12;

typedef struct matrix {
    size_t offset, n;             /* of the weight in the block */
    size_t n_rows, n_columns;     /* out, rest */
    size_t n_slabs, slab_columns; /* n_columns = n_slabs slab_columns */
    size_t slab_stride;           /* floats; rows are slab_columns apart */
    size_t state;                 /* of u, v after it */
    double s;                     /* at the last apply */
} matrix;

struct bw_spectral {
    const bw_network *network; /* borrowed */
    bw_tasks *tasks;           /* borrowed */
    size_t n_matrices, n_state;
    matrix *matrix; /* owned */
    double *room;   /* of rows or of columns of any matrix; owned */
};

/* ---- tasks ---- */

/* One matrix at work; from and to as its tasks say. */
typedef struct job {
    const matrix *m;
    const float *w; /* the weight */
    const float *u, *v;
    double *sum;   /* by row or by column */
    size_t n_each; /* values, rows or chunks of a task */
    double factor, share;
    float *to; /* acting weight, or gradient */
    double part[BW_CUT_MAX_SUMS];
} job;

/* Columns of W^T u: a chunk of columns of one slab. */
static void columns_task(void *arg, size_t task, size_t worker)
{
    const job *run = arg;
    const matrix *m = run->m;
    size_t n_chunks = bw_cut_count(m->slab_columns, N_COLUMNS);
    bw_cut cut = bw_cut_piece(m->slab_columns, N_COLUMNS, task % n_chunks);
    size_t slab = task / n_chunks, n = cut.to - cut.from;
    const float *w = run->w + slab * m->slab_stride + cut.from;
    double *sum = run->sum + slab * m->slab_columns + cut.from;

    (void)worker;
    for (size_t k = 0; k < n; k++)
        sum[k] = 0;
    for (size_t o = 0; o < m->n_rows; o++) {
        const float *row = w + o * m->slab_columns;
        double u = (double)run->u[o];

        BW_EACH
        for (size_t k = 0; k < n; k++)
            sum[k] += u * (double)row[k];
    }
}

static double product_of(size_t n, const float *a, const float *b)
{
    double part[BW_N_PARTS] = {0}, sum = 0;
    size_t k = 0;

    for (; k + BW_N_PARTS <= n; k += BW_N_PARTS)
        BW_EACH
    for (size_t l = 0; l < BW_N_PARTS; l++)
        part[l] += (double)a[k + l] * (double)b[k + l];
    for (; k < n; k++)
        sum += (double)a[k] * (double)b[k];
    for (size_t l = 0; l < BW_N_PARTS; l++)
        sum += part[l];
    return sum;
}

/* Rows of W v. */
static void rows_task(void *arg, size_t task, size_t worker)
{
    const job *run = arg;
    const matrix *m = run->m;
    bw_cut row = bw_cut_piece(m->n_rows, run->n_each, task);

    (void)worker;
    for (size_t o = row.from; o < row.to; o++) {
        double sum = 0;

        for (size_t slab = 0; slab < m->n_slabs; slab++)
            sum +=
                product_of(m->slab_columns,
                           run->w + slab * m->slab_stride + o * m->slab_columns,
                           run->v + slab * m->slab_columns);
        run->sum[o] = sum;
    }
}

static void divide_task(void *arg, size_t task, size_t worker)
{
    const job *run = arg;
    bw_cut cut = bw_cut_piece(run->m->n, BW_CUT_VALUES, task);
    float s = (float)run->m->s;

    (void)worker;
    BW_EACH
    for (size_t k = cut.from; k < cut.to; k++)
        run->to[k] = run->w[k] / s;
}

/* Part of the sum of G W. */
static void product_task(void *arg, size_t task, size_t worker)
{
    job *run = arg;
    bw_cut cut = bw_cut_piece(run->m->n, run->n_each, task);

    (void)worker;
    run->part[task] =
        product_of(cut.to - cut.from, run->to + cut.from, run->w + cut.from);
}

/* Rows of (G - share u v^T) factor, in place. */
static void turn_task(void *arg, size_t task, size_t worker)
{
    const job *run = arg;
    const matrix *m = run->m;
    bw_cut row = bw_cut_piece(m->n_rows, run->n_each, task);
    float factor = (float)run->factor;

    (void)worker;
    for (size_t o = row.from; o < row.to; o++) {
        float share = (float)(run->share * (double)run->u[o]);

        for (size_t slab = 0; slab < m->n_slabs; slab++) {
            float *g = run->to + slab * m->slab_stride + o * m->slab_columns;
            const float *v = run->v + slab * m->slab_columns;

            BW_EACH
            for (size_t k = 0; k < m->slab_columns; k++)
                g[k] = (g[k] - share * v[k]) * factor;
        }
    }
}

/* ---- one matrix ---- */

/* n values brought to length 1. */
static void to_unit(size_t n, const double *from, float *to)
{
    double square = 0;
    double length;

    for (size_t k = 0; k < n; k++)
        square += from[k] * from[k];
    length = sqrt(square) + least_length;
    for (size_t k = 0; k < n; k++)
        to[k] = (float)(from[k] / length);
}

static size_t rows_of_task(const matrix *m)
{
    return bw_cut_max(1, BW_CUT_VALUES / m->n_columns);
}

/* v = W^T u / |W^T u| */
static void renew_v(const bw_spectral *spectral, const matrix *m,
                    const float *w, float *state)
{
    job run = {.m = m, .w = w, .u = state + m->state, .sum = spectral->room};

    bw_tasks_run(spectral->tasks,
                 m->n_slabs * bw_cut_count(m->slab_columns, N_COLUMNS),
                 columns_task, &run);
    to_unit(m->n_columns, run.sum, state + m->state + m->n_rows);
}

/* room = W v, and with renew u = W v / |W v|; s = u . W v */
static void measure(const bw_spectral *spectral, matrix *m, bool renew,
                    const float *w, float *state)
{
    float *u = state + m->state;
    job run = {.m = m,
               .w = w,
               .v = u + m->n_rows,
               .sum = spectral->room,
               .n_each = rows_of_task(m)};

    bw_tasks_run(spectral->tasks, bw_cut_count(m->n_rows, run.n_each),
                 rows_task, &run);
    if (renew)
        to_unit(m->n_rows, run.sum, u);
    m->s = 0;
    for (size_t o = 0; o < m->n_rows; o++)
        m->s += (double)u[o] * run.sum[o];
}

/* ---- a network ---- */

static void add_matrix(bw_spectral *spectral, const bw_layer *layer)
{
    const bw_parameter *row = &spectral->network->parameter[layer->parameter];
    bool is_deconv = layer->kind == &bw_layer_deconv;
    size_t out = (size_t)row->shape[is_deconv ? 1 : 0];
    size_t in = (size_t)row->shape[is_deconv ? 0 : 1];
    matrix m = {.offset = row->offset,
                .n = row->n,
                .n_rows = out,
                .n_columns = row->n / out,
                .n_slabs = is_deconv ? in : 1,
                .state = spectral->n_state};

    m.slab_columns = m.n_columns / m.n_slabs;
    m.slab_stride = m.slab_columns * out;
    spectral->n_state += m.n_rows + m.n_columns;
    spectral->matrix[spectral->n_matrices++] = m;
}

bw_status bw_spectral_create(const bw_network *network, bw_tasks *tasks,
                             bw_spectral **ret_spectral, bw_error *err)
{
    bw_spectral *spectral = calloc(1, sizeof *spectral);
    size_t n_room = 1;

    *ret_spectral = NULL;
    if (!spectral)
        return bw_error_memory(err);
    spectral->network = network;
    spectral->tasks = tasks;
    spectral->matrix = calloc(network->n_layers + 1, sizeof *spectral->matrix);
    for (size_t k = 0; spectral->matrix && k < network->n_layers; k++) {
        const bw_layer *layer = &network->layer[k];

        if (layer->n_parameters > 0 &&
            network->parameter[layer->parameter].role == BW_ROLE_WEIGHT)
            add_matrix(spectral, layer);
    }
    for (size_t k = 0; k < spectral->n_matrices; k++) {
        const matrix *m = &spectral->matrix[k];

        n_room = bw_cut_max(n_room, bw_cut_max(m->n_rows, m->n_columns));
    }
    spectral->room = malloc(n_room * sizeof *spectral->room);
    if (!spectral->matrix || !spectral->room) {
        bw_spectral_destroy(spectral);
        return bw_error_memory(err);
    }
    *ret_spectral = spectral;
    return BW_OK;
}

void bw_spectral_destroy(bw_spectral *spectral)
{
    if (!spectral)
        return;
    free(spectral->matrix);
    free(spectral->room);
    free(spectral);
}

size_t bw_spectral_n_state(const bw_spectral *spectral)
{
    return spectral->n_state;
}

static void draw_unit(bw_random *random, size_t n, double *room, float *to)
{
    for (size_t k = 0; k < n; k++)
        room[k] = bw_random_normal(random);
    to_unit(n, room, to);
}

void bw_spectral_start(const bw_spectral *spectral, uint64_t seed,
                       uint64_t stream, const float *raw, float *state)
{
    bw_random random;

    bw_random_init(&random, seed, BW_RANDOM_WEIGHTS, stream);
    for (size_t k = 0; k < spectral->n_matrices; k++) {
        matrix *m = &spectral->matrix[k];

        draw_unit(&random, m->n_rows, spectral->room, state + m->state);
        draw_unit(&random, m->n_columns, spectral->room,
                  state + m->state + m->n_rows);
        for (int i = 0; i < N_START; i++) {
            renew_v(spectral, m, raw + m->offset, state);
            measure(spectral, m, true, raw + m->offset, state);
        }
    }
}

void bw_spectral_apply(const bw_spectral *spectral, bool iterate,
                       const float *raw, float *state, float *acting)
{
    const bw_network *network = spectral->network;

    for (size_t k = 0; k < network->n_parameters; k++) {
        const bw_parameter *row = &network->parameter[k];

        if (row->role != BW_ROLE_WEIGHT)
            memcpy(acting + row->offset, raw + row->offset,
                   row->n * sizeof *raw);
    }
    for (size_t k = 0; k < spectral->n_matrices; k++) {
        matrix *m = &spectral->matrix[k];
        job run = {.m = m, .w = raw + m->offset, .to = acting + m->offset};

        if (iterate)
            renew_v(spectral, m, run.w, state);
        measure(spectral, m, iterate, run.w, state);
        bw_tasks_run(spectral->tasks, bw_cut_count(m->n, BW_CUT_VALUES),
                     divide_task, &run);
    }
}

void bw_spectral_gradient(const bw_spectral *spectral, const float *raw,
                          const float *state, float *gradient)
{
    for (size_t k = 0; k < spectral->n_matrices; k++) {
        const matrix *m = &spectral->matrix[k];
        job run = {.m = m,
                   .w = raw + m->offset,
                   .u = state + m->state,
                   .v = state + m->state + m->n_rows,
                   .factor = 1 / m->s,
                   .to = gradient + m->offset,
                   .n_each = bw_cut_items(m->n, 1)};
        size_t n_parts = bw_cut_count(m->n, run.n_each);
        double sum = 0;

        bw_tasks_run(spectral->tasks, n_parts, product_task, &run);
        for (size_t i = 0; i < n_parts; i++)
            sum += run.part[i];
        run.share = sum / m->s;
        run.n_each = rows_of_task(m);
        bw_tasks_run(spectral->tasks, bw_cut_count(m->n_rows, run.n_each),
                     turn_task, &run);
    }
}
