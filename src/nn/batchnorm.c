/* batchnorm.c - y = a (x - mean) / sqrt(var + eps) + b by channel.
 *
 * x (rows, c), rows = n h w. With N rows, xh = (x - mean) / sqrt(var + eps):
 *
 *     da = sum dy xh      db = sum dy
 *     dx = a / sqrt(var + eps) (dy - db / N - xh da / N)
 *
 * S. Ioffe and C. Szegedy, Batch normalization, ICML 2015. Forward reads x
 * twice, backward x and dy twice. Sums are taken in double precision over
 * blocks of rows and columns that the shape cuts, and added up in order; where
 * processes share a batch, N and the sums in mean, var and dx are all theirs,
 * while da and db, as all gradients, are each one's own part.
 */
#include "config.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/tasks.h"
#include "nn/cut.h"
#include "nn/layer.h"
#include "nn/sweep.h"

/* Columns of a block, and its values. */
enum { N_COLUMNS = 512, N_VALUES = 32768 };

typedef struct norm {
    size_t c, rows_of_block; /* of at most N_COLUMNS columns */
    double *part;            /* (row blocks, 2, c) */
    /* For each channel: mean and 1 / sqrt(var + eps) of the last forward;
     * y = (x - mean) gain + b, dx = gain dy + slope (x - mean) + level. */
    float *mean, *root, *gain, *slope, *level;
} norm;

typedef struct job {
    const bw_layer_run *run;
    const norm *state;
    size_t n_rows;  /* of this process */
    double n_total; /* of all */
} job;

static bw_status batchnorm_shape(bw_layer *layer, bw_error *err)
{
    (void)err;
    layer->out = layer->in;
    return BW_OK;
}

static void batchnorm_destroy(void *state)
{
    norm *self = state;

    if (!self)
        return;
    free(self->part);
    free(self->mean);
    free(self);
}

static bw_status batchnorm_plan(const bw_layer_plan *plan, void **ret_state,
                                size_t *n_bytes, bw_error *err)
{
    bw_shape in = plan->layer->in;
    norm *self = calloc(1, sizeof *self);
    size_t n_blocks;

    *ret_state = NULL;
    if (!self)
        return bw_error_memory(err);
    self->c = in.c;
    self->rows_of_block = N_VALUES / (in.c < N_COLUMNS ? in.c : N_COLUMNS);
    n_blocks = bw_cut_count(plan->n_max * in.h * in.w, self->rows_of_block);
    self->part = calloc(n_blocks, 2 * in.c * sizeof *self->part);
    self->mean = calloc(5 * in.c, sizeof *self->mean);
    if (!self->part || !self->mean) {
        batchnorm_destroy(self);
        return bw_error_memory(err);
    }
    self->root = self->mean + in.c;
    self->gain = self->root + in.c;
    self->slope = self->gain + in.c;
    self->level = self->slope + in.c;
    *n_bytes = sizeof *self + n_blocks * 2 * in.c * sizeof *self->part +
               5 * in.c * sizeof *self->mean;
    *ret_state = self;
    return BW_OK;
}

/* Rows and columns of a task; returns the number of its row block. */
static size_t find_block(const job *work, size_t task, bw_cut *row,
                         bw_cut *column)
{
    size_t n_across = bw_cut_count(work->state->c, N_COLUMNS);

    *row =
        bw_cut_piece(work->n_rows, work->state->rows_of_block, task / n_across);
    *column = bw_cut_piece(work->state->c, N_COLUMNS, task % n_across);
    return task / n_across;
}

static bw_sweep_block block_of(const job *work, bw_cut row, bw_cut column)
{
    return (bw_sweep_block){.n_rows = row.to - row.from,
                            .n_columns = column.to - column.from,
                            .stride = work->state->c};
}

static void run_blocks(const job *work, bw_task body)
{
    job copy = *work;
    size_t n_across = bw_cut_count(work->state->c, N_COLUMNS);
    size_t n_down = bw_cut_count(work->n_rows, work->state->rows_of_block);

    bw_tasks_run(work->run->tasks, n_across * n_down, body, &copy);
}

/* Leaves the two sums of a block in its part. */
static void keep_sums(const job *work, size_t block, bw_cut column,
                      const double *first, const double *second)
{
    double *part = work->state->part + block * 2 * work->state->c;

    for (size_t k = column.from; k < column.to; k++) {
        part[k] = first[k - column.from];
        part[work->state->c + k] = second[k - column.from];
    }
}

/* The two sums of each channel over all blocks come to the first one's part,
 * (2, c), which is returned. */
static double *add_sums(const job *work)
{
    size_t width = 2 * work->state->c;
    size_t n = bw_cut_count(work->n_rows, work->state->rows_of_block);
    double *sum = work->state->part;

    for (size_t block = 1; block < n; block++)
        for (size_t k = 0; k < width; k++)
            sum[k] += work->state->part[block * width + k];
    return sum;
}

/* Makes them those over all processes. */
static void share_sums(const job *work, double *sum)
{
    if (work->run->share)
        bw_comm_sum_doubles(work->run->share->comm, 2 * work->state->c, sum);
}

/* ---- forward ---- */

static void sum_block(void *arg, size_t task, size_t worker)
{
    const job *work = arg;
    size_t c = work->state->c, block;
    double sum[N_COLUMNS] = {0}, square[N_COLUMNS] = {0};
    bw_cut row, column;

    (void)worker;
    block = find_block(work, task, &row, &column);
    bw_sweeps_get()->norm_sum(block_of(work, row, column),
                              work->run->x + row.from * c + column.from, sum,
                              square);
    keep_sums(work, block, column, sum, square);
}

/* Of a batch; running statistics follow it, but for one row the variance, which
 * has no unbiased estimate. */
static void set_statistics(const job *work)
{
    const bw_layer_run *run = work->run;
    double eps = run->layer->value[0], momentum = run->layer->value[1];
    double n = work->n_total, *sum = add_sums(work);
    const double *square = sum + work->state->c;

    share_sums(work, sum);
    for (size_t k = 0; k < work->state->c; k++) {
        float *mean = &run->weight[2][k], *var = &run->weight[3][k];
        double center = sum[k] / n;
        double spread = square[k] / n - center * center;

        spread = spread < 0.0 ? 0.0 : spread;
        work->state->mean[k] = (float)center;
        work->state->root[k] = (float)(1.0 / sqrt(spread + eps));
        *mean = (float)(*mean + momentum * (center - *mean));
        if (n > 1.0)
            *var = (float)(*var + momentum * (spread * n / (n - 1.0) - *var));
    }
}

static void take_statistics(const job *work)
{
    const bw_layer_run *run = work->run;

    for (size_t k = 0; k < work->state->c; k++) {
        work->state->mean[k] = run->weight[2][k];
        work->state->root[k] = (float)(1.0 / sqrt((double)run->weight[3][k] +
                                                  run->layer->value[0]));
    }
}

static void apply_block(void *arg, size_t task, size_t worker)
{
    const job *work = arg;
    const bw_layer_run *run = work->run;
    const norm *state = work->state;
    size_t c = state->c, from;
    bw_cut row, column;

    (void)worker;
    find_block(work, task, &row, &column);
    from = row.from * c + column.from;
    bw_sweeps_get()->norm(block_of(work, row, column), run->x + from,
                          state->mean + column.from, state->gain + column.from,
                          run->weight[1] + column.from, run->relu,
                          run->y + from);
}

static job make_job(const bw_layer_run *run)
{
    bw_shape in = run->layer->in;

    return (job){
        .run = run,
        .state = run->state,
        .n_rows = run->n * in.h * in.w,
        .n_total = (double)(bw_share_total(run->share, run->n) * in.h * in.w)};
}

static void batchnorm_forward(const bw_layer_run *run)
{
    job work = make_job(run);

    if (run->n == 0)
        return;
    if (run->is_training) {
        run_blocks(&work, sum_block);
        set_statistics(&work);
    } else {
        take_statistics(&work);
    }
    for (size_t k = 0; k < work.state->c; k++)
        work.state->gain[k] = work.state->root[k] * run->weight[0][k];
    run_blocks(&work, apply_block);
}

/* ---- backward ---- */

/* Sums of dy and dy (x - mean). */
static void sum_block_back(void *arg, size_t task, size_t worker)
{
    const job *work = arg;
    size_t c = work->state->c, block, from;
    double sum[N_COLUMNS] = {0}, product[N_COLUMNS] = {0};
    bw_cut row, column;

    (void)worker;
    block = find_block(work, task, &row, &column);
    from = row.from * c + column.from;
    bw_sweeps_get()->norm_sum_back(
        block_of(work, row, column), work->run->x + from, work->run->dy + from,
        work->state->mean + column.from, sum, product);
    keep_sums(work, block, column, sum, product);
}

static void set_slopes(const job *work)
{
    const bw_layer_run *run = work->run;
    const norm *state = work->state;
    double n = work->n_total, *sum = add_sums(work);
    const double *product = sum + state->c;

    for (size_t k = 0; k < state->c; k++) {
        if (run->dweight[0])
            run->dweight[0][k] += (float)(product[k] * (double)state->root[k]);
        if (run->dweight[1])
            run->dweight[1][k] += (float)sum[k];
    }
    share_sums(work, sum);
    for (size_t k = 0; k < state->c; k++) {
        double root = (double)state->root[k], gain = (double)state->gain[k];

        state->slope[k] = (float)(-gain * root * root * product[k] / n);
        state->level[k] = (float)(-gain * sum[k] / n);
    }
}

static void apply_block_back(void *arg, size_t task, size_t worker)
{
    const job *work = arg;
    const norm *state = work->state;
    size_t c = state->c, from;
    bw_cut row, column;

    (void)worker;
    find_block(work, task, &row, &column);
    from = row.from * c + column.from;
    bw_sweeps_get()->norm_back(
        block_of(work, row, column), work->run->x + from, work->run->dy + from,
        state->mean + column.from, state->gain + column.from,
        state->slope + column.from, state->level + column.from,
        work->run->dx + from);
}

static void batchnorm_backward(const bw_layer_run *run)
{
    job work = make_job(run);

    if (run->n == 0)
        return;
    run_blocks(&work, sum_block_back);
    set_slopes(&work);
    if (run->dx)
        run_blocks(&work, apply_block_back);
}

const bw_layer_kind bw_layer_batchnorm = {.name = "batchnorm",
                                          .syntax =
                                              "batchnorm [EPS [MOMENTUM]]",
                                          .layouts = BW_ONLY_ROWS,
                                          .fold_relu = true,
                                          .plan = batchnorm_plan,
                                          .destroy = batchnorm_destroy,
                                          .forward = batchnorm_forward,
                                          .backward = batchnorm_backward,
                                          .shape = batchnorm_shape};
