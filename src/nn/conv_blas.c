/* conv_blas.c - convolutions by matrix products over blocks of windows.
 *
 * With the windows of x as rows of a matrix X (conv_columns.h) and the weight
 * as W (o) x (taps c):
 *
 *   to_y     y = X W^T            a block of rows of X at a time
 *   to_x     X = y W, then x = the sum of X's entries that stand for a pixel;
 *            items are shared out, since windows overlap within one
 *   weight   dW = y^T X           a chunk of rows for each task and the sum of
 *            the chunks in order; or, where W is large or rows are few, a piece
 *            of taps for each task, all rows in order
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "nn/conv_blas.h"
#include "nn/conv_columns.h"
#include "nn/cut.h"
#include "nn/gemm.h"

enum {
    BLOCK_FLOATS = 256 * 1024, /* of X at a time: half of a usual L2 */
    MIN_ROWS = 128,
    MAX_ROWS = 2048,
    WIDE_ROWS = 512,         /* least rows where W is large: each product packs
                               it anew */
    WIDE_WEIGHT = 64 * 1024, /* floats of W from which it counts as large */
    MIN_TASKS = 8,
    CHUNK_ROWS = 400, /* weight is cut by rows where chunks have as many */
    CHUNK_WEIGHT = 1 << 20, /* and W has at most so many floats */
    PIECE_COLUMNS = 256,    /* of weight's pieces, at least */
    N_CHUNKS = 8
};

/* One state a convolution; cuts depend on shape and n_max only. */
typedef struct blas_state {
    size_t n_taps, n_columns; /* kh kw; that times c */
    size_t n_rows;            /* of X a block */
    size_t n_items;           /* of a task of to_x */
    size_t piece_taps;        /* of a task of weight; 0: cut by rows */
    size_t n_parts;           /* buffers of dW: 1, or N_CHUNKS */
    size_t n_scratch;         /* floats a worker */
    float *w;                 /* [o][tap][c] */
    float *dw;                /* [part][o][tap][c] */
    float *scratch;           /* [worker][n_scratch] */
} blas_state;

/* One pass, as its tasks see it. */
typedef struct blas_run {
    const bw_conv *conv;
    const blas_state *state;
    size_t n, n_rows; /* items; rows of X */
    const float *x, *y, *bias;
    float *out;
    bool relu;
} blas_run;

/* ---- cuts ---- */

static size_t rows_of_block(const bw_conv_shape *shape, size_t n_columns)
{
    size_t least = n_columns * shape->o >= WIDE_WEIGHT ? WIDE_ROWS : MIN_ROWS;

    return bw_cut_min(bw_cut_max(BLOCK_FLOATS / n_columns, least), MAX_ROWS);
}

/* Items of a task of to_x: so many that their rows fill a block, and so few
 * that a batch makes some tasks. */
static size_t items_of_task(const bw_conv *conv, size_t n_rows)
{
    size_t full = n_rows / (conv->shape.p * conv->shape.q);

    return bw_cut_max(bw_cut_min(full, conv->n_max / MIN_TASKS), 1);
}

/* Products with all columns at once pack y once, but each chunk has a dW. */
static bool is_cut_by_rows(const bw_conv *conv, size_t n_columns)
{
    size_t rows = conv->n_max * conv->shape.p * conv->shape.q;

    return n_columns * conv->shape.o <= CHUNK_WEIGHT &&
           rows >= (size_t)N_CHUNKS * CHUNK_ROWS;
}

static void cut(const bw_conv *conv, blas_state *state)
{
    const bw_conv_shape *shape = &conv->shape;
    size_t n_columns = shape->kh * shape->kw * shape->c;

    state->n_taps = shape->kh * shape->kw;
    state->n_columns = n_columns;
    state->n_rows = rows_of_block(shape, n_columns);
    state->n_items = items_of_task(conv, state->n_rows);
    state->n_parts = 1;
    if (is_cut_by_rows(conv, n_columns))
        state->n_parts = N_CHUNKS;
    else
        state->piece_taps = bw_cut_min(bw_cut_count(PIECE_COLUMNS, shape->c),
                                       bw_cut_count(state->n_taps, MIN_TASKS));
    state->n_scratch = state->n_rows * n_columns;
}

/* ---- to_y ---- */

static void to_y_task(void *arg, size_t task, size_t worker)
{
    const blas_run *run = arg;
    const blas_state *state = run->state;
    const bw_conv_shape *shape = &run->conv->shape;
    float *col = state->scratch + worker * state->n_scratch;
    size_t row = task * state->n_rows;
    size_t n_rows = bw_cut_min(state->n_rows, run->n_rows - row);
    float *y = run->out + row * shape->o;

    bw_conv_columns_gather(shape, run->x, row, n_rows, 0, state->n_taps, col);
    bw_gemm(false, true, n_rows, shape->o, state->n_columns, 1, col,
            state->n_columns, state->w, state->n_columns, 0, y, shape->o);
    bw_conv_finish(n_rows, shape->o, run->bias, run->relu, y);
}

static void blas_to_y(bw_conv *conv, size_t n, const float *x,
                      const float *opt_bias, bool relu, float *y)
{
    const blas_state *state = conv->state;
    blas_run run = {.conv = conv,
                    .state = state,
                    .n = n,
                    .n_rows = n * conv->shape.p * conv->shape.q,
                    .x = x,
                    .bias = opt_bias,
                    .out = y,
                    .relu = relu};

    bw_tasks_run(conv->tasks, bw_cut_count(run.n_rows, state->n_rows),
                 to_y_task, &run);
}

/* ---- to_x ---- */

static void to_x_task(void *arg, size_t task, size_t worker)
{
    const blas_run *run = arg;
    const blas_state *state = run->state;
    const bw_conv_shape *shape = &run->conv->shape;
    float *col = state->scratch + worker * state->n_scratch;
    size_t item = task * state->n_items;
    size_t n_items = bw_cut_min(state->n_items, run->n - item);
    size_t n_pixels = n_items * shape->h * shape->w;
    float *x = run->out + item * shape->h * shape->w * shape->c;
    size_t row = item * shape->p * shape->q;
    size_t end = row + n_items * shape->p * shape->q;

    memset(x, 0, n_pixels * shape->c * sizeof(*x));
    for (size_t n_rows; row < end; row += n_rows) {
        n_rows = bw_cut_min(state->n_rows, end - row);
        bw_gemm(false, false, n_rows, state->n_columns, shape->o, 1,
                run->y + row * shape->o, shape->o, state->w, state->n_columns,
                0, col, state->n_columns);
        bw_conv_columns_scatter(shape, col, row, n_rows, run->out);
    }
    bw_conv_finish(n_pixels, shape->c, run->bias, run->relu, x);
}

static void blas_to_x(bw_conv *conv, size_t n, const float *y,
                      const float *opt_bias, bool relu, float *x)
{
    const blas_state *state = conv->state;
    blas_run run = {.conv = conv,
                    .state = state,
                    .n = n,
                    .y = y,
                    .bias = opt_bias,
                    .out = x,
                    .relu = relu};

    bw_tasks_run(conv->tasks, bw_cut_count(n, state->n_items), to_x_task, &run);
}

/* ---- weight ---- */

/* dw (o) x (taps) = y^T X over rows row .. end - 1; dw has n_columns a row. */
static void multiply_rows(const blas_run *run, size_t row, size_t end,
                          size_t tap, size_t n_taps, float *col, float *dw)
{
    const bw_conv_shape *shape = &run->conv->shape;
    size_t n_columns = n_taps * shape->c;
    float beta = 0;

    for (size_t n_rows; row < end; row += n_rows) {
        n_rows = bw_cut_min(run->state->n_scratch / n_columns, end - row);
        bw_conv_columns_gather(shape, run->x, row, n_rows, tap, n_taps, col);
        bw_gemm(true, false, shape->o, n_columns, n_rows, 1,
                run->y + row * shape->o, shape->o, col, n_columns, beta,
                dw + tap * shape->c, run->state->n_columns);
        beta = 1;
    }
}

static void piece_task(void *arg, size_t task, size_t worker)
{
    const blas_run *run = arg;
    const blas_state *state = run->state;
    size_t tap = task * state->piece_taps;

    multiply_rows(run, 0, run->n_rows, tap,
                  bw_cut_min(state->piece_taps, state->n_taps - tap),
                  state->scratch + worker * state->n_scratch, state->dw);
}

static size_t n_chunk_rows(const blas_run *run)
{
    return bw_cut_count(run->n_rows, N_CHUNKS);
}

static void chunk_task(void *arg, size_t task, size_t worker)
{
    const blas_run *run = arg;
    const blas_state *state = run->state;
    size_t n_rows = n_chunk_rows(run);

    multiply_rows(run, task * n_rows,
                  bw_cut_min((task + 1) * n_rows, run->n_rows), 0,
                  state->n_taps, state->scratch + worker * state->n_scratch,
                  state->dw + task * run->conv->shape.o * state->n_columns);
}

/* Output channel `task` of dweight (o, c, taps) += all parts of dw. */
static void add_task(void *arg, size_t task, size_t worker)
{
    const blas_run *run = arg;
    const blas_state *state = run->state;
    size_t c = run->conv->shape.c, n_taps = state->n_taps;
    size_t n_parts = state->piece_taps > 0
                         ? 1
                         : bw_cut_count(run->n_rows, n_chunk_rows(run));
    float *to = run->out + task * state->n_columns;

    (void)worker;
    for (size_t part = 0; part < n_parts; part++) {
        const float *dw =
            state->dw + (part * run->conv->shape.o + task) * state->n_columns;

        for (size_t k = 0; k < c; k++)
            for (size_t t = 0; t < n_taps; t++)
                to[k * n_taps + t] += dw[t * c + k];
    }
}

static void blas_weight(bw_conv *conv, size_t n, const float *x, const float *y,
                        float *dweight)
{
    const blas_state *state = conv->state;
    blas_run run = {.conv = conv,
                    .state = state,
                    .n = n,
                    .n_rows = n * conv->shape.p * conv->shape.q,
                    .x = x,
                    .y = y,
                    .out = dweight};

    if (state->piece_taps > 0)
        bw_tasks_run(conv->tasks,
                     bw_cut_count(state->n_taps, state->piece_taps), piece_task,
                     &run);
    else
        bw_tasks_run(conv->tasks, bw_cut_count(run.n_rows, n_chunk_rows(&run)),
                     chunk_task, &run);
    bw_tasks_run(conv->tasks, conv->shape.o, add_task, &run);
}

/* ---- weights, creation ---- */

typedef struct pack_run {
    const bw_conv *conv;
    const float *weight;
} pack_run;

static void pack_task(void *arg, size_t task, size_t worker)
{
    const pack_run *run = arg;
    const blas_state *state = run->conv->state;
    size_t c = run->conv->shape.c, n_taps = state->n_taps;
    const float *from = run->weight + task * state->n_columns;
    float *to = state->w + task * state->n_columns;

    (void)worker;
    for (size_t t = 0; t < n_taps; t++)
        for (size_t k = 0; k < c; k++)
            to[t * c + k] = from[k * n_taps + t];
}

static void blas_pack(bw_conv *conv, const float *weight)
{
    const blas_state *state = conv->state;
    pack_run run = {.conv = conv, .weight = weight};

    if (!state->w)
        return;

    bw_tasks_run(conv->tasks, conv->shape.o, pack_task, &run);
}

static void blas_destroy(void *arg)
{
    blas_state *state = arg;

    if (!state)
        return;
    free(state->w);
    free(state->dw);
    free(state->scratch);
    free(state);
}

static float *make_floats(size_t n, size_t *n_bytes)
{
    *n_bytes += n * sizeof(float);
    return malloc(n * sizeof(float));
}

static bw_status blas_create(bw_conv *conv, size_t *n_bytes, bw_error *err)
{
    bw_status status = bw_gemm_init(err);
    blas_state *state = calloc(1, sizeof(*state));
    size_t n_weights;

    if (status != BW_OK) {
        free(state);
        return status;
    }
    if (!state)
        return bw_error_memory(err);
    conv->state = state;
    cut(conv, state);
    n_weights = conv->shape.o * state->n_columns;
    *n_bytes += sizeof(*state);
    if (conv->passes & (BW_CONV_TO_Y | BW_CONV_TO_X))
        state->w = make_floats(n_weights, n_bytes);
    state->scratch = make_floats(
        state->n_scratch * bw_tasks_n_workers(conv->tasks), n_bytes);
    if (conv->passes & BW_CONV_WEIGHT)
        state->dw = make_floats(state->n_parts * n_weights, n_bytes);
    if (!state->scratch ||
        (conv->passes & (BW_CONV_TO_Y | BW_CONV_TO_X) && !state->w) ||
        (conv->passes & BW_CONV_WEIGHT && !state->dw))
        return bw_error_memory(err);
    return BW_OK;
}

const bw_conv_way_ops bw_conv_blas_ops = {
    .way = BW_WAY_BLAS,
    .create = blas_create,
    .destroy = blas_destroy,
    .pack = blas_pack,
    .to_y = blas_to_y,
    .to_x = blas_to_x,
    .weight = blas_weight,
};
