/* dense.c - y = x A^T + b for flat items: x (n, in), y (n, U), A (U, in).
 *
 * dx = dy A, dA += dy^T x, db += sum over items of dy. Each product is cut into
 * blocks by shape; where that gives too few, for the result is small, its inner
 * sum is cut instead, into slices that are added up in order.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/tasks.h"
#include "nn/cut.h"
#include "nn/gemm.h"
#include "nn/layer.h"
#include "nn/sweep.h"

/* Blocks of a result: sgemm is no slower on them than on the whole (64 x 3920,
 * 100 inside: 84 % of its peak in blocks of 256 columns, 65 % whole). */
enum {
    N_ROWS = 256,
    N_COLUMNS = 256,
    N_FEW = 4,     /* blocks under which the inner sum is cut */
    N_INNER = 768, /* least length of a slice of it */
    N_MAX_SLICES = 8,
    N_BIAS_COLUMNS = 256
};

/* C (m, n) = A B, both as bw_gemm takes them, or C += A B. */
typedef struct product {
    bool transpose_a, transpose_b, is_added;
    size_t m, n, k;
    const float *a, *b;
    size_t lda, ldb;
    float *c;
    size_t n_slices, slice; /* of k */
    float *part;            /* n_slices x m x n where they are several */
    const float *bias;      /* added to each row, NULL for none */
    bool relu;              /* then max(., 0) */
    const float *mask;      /* then 0 where it is <= 0, NULL for none */
    size_t rows_of_finish;
} product;

/* A power of two: of three slices two threads would do two and one. */
static size_t count_slices(size_t m, size_t n, size_t k)
{
    size_t n_blocks = bw_cut_count(m, N_ROWS) * bw_cut_count(n, N_COLUMNS);
    size_t n_slices = 1;

    while (n_blocks < N_FEW && n_slices < N_MAX_SLICES &&
           2 * n_slices <= k / N_INNER)
        n_slices *= 2;
    return n_slices;
}

/* Floats of `part` for products with m up to m_max. */
static size_t count_part(size_t m_max, size_t n, size_t k)
{
    /* The most rows with which blocks are few. */
    size_t n_rows = N_FEW * N_ROWS;

    if (m_max < n_rows)
        n_rows = m_max;
    if (n > N_FEW * N_COLUMNS || count_slices(1, n, k) < 2)
        return 0;
    return n_rows * n * count_slices(1, n, k);
}

/* Columns from .. of a row of C: bias, relu, mask. */
static void finish_row(const product *p, const bw_sweeps *sweeps, size_t row,
                       bw_cut column)
{
    size_t at = row * p->n + column.from, n = column.to - column.from;

    if (p->bias)
        sweeps->bias(n, p->bias + column.from, p->relu, p->c + at);
    if (p->mask)
        sweeps->backward[BW_RELU](n, 0, p->mask + at, p->c + at, p->c + at);
}

static void multiply_block(void *arg, size_t task, size_t worker)
{
    const product *p = arg;
    const bw_sweeps *sweeps = bw_sweeps_get();
    size_t n_across = bw_cut_count(p->n, N_COLUMNS);
    size_t n_blocks = n_across * bw_cut_count(p->m, N_ROWS);
    size_t block = task % n_blocks, slice = task / n_blocks;
    bw_cut row = bw_cut_piece(p->m, N_ROWS, block / n_across);
    bw_cut column = bw_cut_piece(p->n, N_COLUMNS, block % n_across);
    bw_cut inner = bw_cut_piece(p->k, p->slice, slice);
    float *c = p->n_slices > 1 ? p->part + slice * p->m * p->n : p->c;
    const float *a = p->transpose_a ? p->a + inner.from * p->lda + row.from
                                    : p->a + row.from * p->lda + inner.from;
    const float *b = p->transpose_b ? p->b + column.from * p->ldb + inner.from
                                    : p->b + inner.from * p->ldb + column.from;

    (void)worker;
    bw_gemm(p->transpose_a, p->transpose_b, row.to - row.from,
            column.to - column.from, inner.to - inner.from, 1.0f, a, p->lda, b,
            p->ldb, p->is_added ? 1.0f : 0.0f,
            c + row.from * p->n + column.from, p->n);
    for (size_t i = row.from; p->n_slices == 1 && i < row.to; i++)
        finish_row(p, sweeps, i, column);
}

/* Adds up the slices of some rows. */
static void finish_rows(void *arg, size_t task, size_t worker)
{
    const product *p = arg;
    const bw_sweeps *sweeps = bw_sweeps_get();
    bw_cut row = bw_cut_piece(p->m, p->rows_of_finish, task);
    size_t from = row.from * p->n, n = (row.to - row.from) * p->n;

    (void)worker;
    memcpy(p->c + from, p->part + from, n * sizeof(*p->c));
    for (size_t slice = 1; slice < p->n_slices; slice++)
        sweeps->add(n, p->part + slice * p->m * p->n + from, p->c + from);
    for (size_t i = row.from; i < row.to; i++)
        finish_row(p, sweeps, i, (bw_cut){0, p->n});
}

/* part NULL: the inner sum is never cut. */
static void multiply(bw_tasks *tasks, product *p, float *part)
{
    size_t n_blocks =
        bw_cut_count(p->m, N_ROWS) * bw_cut_count(p->n, N_COLUMNS);
    size_t n_slices = part ? count_slices(p->m, p->n, p->k) : 1;

    p->part = part;
    p->rows_of_finish = p->n < BW_CUT_VALUES ? BW_CUT_VALUES / p->n : 1;
    p->slice = bw_cut_count(p->k, n_slices);
    p->n_slices = bw_cut_count(p->k, p->slice);
    bw_tasks_run(tasks, n_blocks * p->n_slices, multiply_block, p);
    if (p->n_slices > 1)
        bw_tasks_run(tasks, bw_cut_count(p->m, p->rows_of_finish), finish_rows,
                     p);
}

static bw_status dense_shape(bw_layer *layer, bw_error *err)
{
    char text[64];

    bw_shape_text(layer->in, text);
    if (!layer->in.is_flat)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "dense %zu cannot take %s: it is not flat",
                            layer->units, text);
    layer->out = (bw_shape){1, 1, layer->units, true};
    return BW_OK;
}

/* The state is the room for slices, NULL where no product needs any. */
static bw_status dense_plan(const bw_layer_plan *plan, void **ret_state,
                            size_t *n_bytes, bw_error *err)
{
    size_t in = plan->layer->in.c, out = plan->layer->out.c;
    size_t n = count_part(plan->n_max, out, in);

    if (plan->is_training && plan->input_gradient &&
        n < count_part(plan->n_max, in, out))
        n = count_part(plan->n_max, in, out);
    *ret_state = NULL;
    *n_bytes = n * sizeof(float);
    if (n == 0)
        return BW_OK;
    *ret_state = malloc(n * sizeof(float));
    return *ret_state ? BW_OK : bw_error_memory(err);
}

static void dense_forward(const bw_layer_run *run)
{
    size_t in = run->layer->in.c, out = run->layer->out.c;
    product p = {.transpose_b = true,
                 .m = run->n,
                 .n = out,
                 .k = in,
                 .a = run->x,
                 .lda = in,
                 .b = run->weight[0],
                 .ldb = in,
                 .c = run->y,
                 .bias = run->weight[1],
                 .relu = run->relu};

    if (run->n == 0)
        return;
    multiply(run->tasks, &p, run->state);
}

static void add_bias_gradient(void *arg, size_t task, size_t worker)
{
    const bw_layer_run *run = arg;
    size_t out = run->layer->out.c;
    bw_cut cut = bw_cut_piece(out, N_BIAS_COLUMNS, task);
    size_t n = cut.to - cut.from;
    float sum[N_BIAS_COLUMNS] = {0};

    (void)worker;
    for (size_t i = 0; i < run->n; i++)
        bw_sweeps_get()->add(n, run->dy + i * out + cut.from, sum);
    bw_sweeps_get()->add(n, sum, run->dweight[1] + cut.from);
}

static void dense_backward(const bw_layer_run *run)
{
    size_t in = run->layer->in.c, out = run->layer->out.c;
    bw_layer_run copy = *run;
    product dx = {.m = run->n,
                  .n = in,
                  .k = out,
                  .a = run->dy,
                  .lda = out,
                  .b = run->weight[0],
                  .ldb = in,
                  .c = run->dx,
                  .mask = run->masks ? run->x : NULL};
    product da = {.transpose_a = true,
                  .is_added = true,
                  .m = out,
                  .n = in,
                  .k = run->n,
                  .a = run->dy,
                  .lda = out,
                  .b = run->x,
                  .ldb = in,
                  .c = run->dweight[0]};

    if (run->n == 0)
        return;
    if (run->dweight[0])
        multiply(run->tasks, &da, NULL);
    if (run->dweight[1])
        bw_tasks_run(run->tasks, bw_cut_count(out, N_BIAS_COLUMNS),
                     add_bias_gradient, &copy);
    if (run->dx)
        multiply(run->tasks, &dx, run->state);
}

const bw_layer_kind bw_layer_dense = {.name = "dense",
                                      .syntax = "dense U",
                                      .layouts = BW_ONLY_ROWS,
                                      .has_units = true,
                                      .fold_relu = true,
                                      .fold_mask = true,
                                      .plan = dense_plan,
                                      .destroy = free,
                                      .forward = dense_forward,
                                      .backward = dense_backward,
                                      .tangent = dense_forward,
                                      .shape = dense_shape};
