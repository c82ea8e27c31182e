/* penalty.c - the gradient penalty of a critic, and lengths of its gradients.
 *
 * With the seed 1 for each item, backward gives g_i of all items at once, since
 * no layer mixes them. dP/dg_i is
 *
 *   v_i = 2 weight (|g_i| - 1) / |g_i| g_i / n,
 *
 * and dP/dW the gradient by W of sum_i g_i v_i, v held: bw_engine_second's.
 * Cost: one pass forward, one to the input, and with dblock a tangent forward
 * and one pass of weights.
 */
#include "config.h"

#include <math.h>

#include "nn/cut.h"
#include "nn/engine_plan.h"
#include "nn/penalty.h"
#include "nn/vector.h"

/* Under the root, where a gradient of zeros would have no direction. */
static const double least_square = 1e-12;

/* ---- between items ---- */

typedef struct mix_job {
    size_t n, size, n_items;
    const float *x, *y, *u;
    float *out;
} mix_job;

static void mix_task(void *arg, size_t task, size_t worker)
{
    const mix_job *job = arg;
    bw_cut item = bw_cut_piece(job->n, job->n_items, task);

    (void)worker;
    for (size_t i = item.from; i < item.to; i++) {
        const float *x = job->x + i * job->size, *y = job->y + i * job->size;
        float *out = job->out + i * job->size;
        float u = job->u[i], rest = 1 - u;

        BW_EACH
        for (size_t k = 0; k < job->size; k++)
            out[k] = u * x[k] + rest * y[k];
    }
}

void bw_penalty_mix(bw_tasks *tasks, size_t n, size_t size, const float *x,
                    const float *y, const float *u, float *out)
{
    mix_job job = {.n = n,
                   .size = size,
                   .n_items = bw_cut_items(n, size),
                   .x = x,
                   .y = y,
                   .u = u,
                   .out = out};

    bw_tasks_run(tasks, bw_cut_count(n, job.n_items), mix_task, &job);
}

/* ---- the penalty ---- */

/* Over the items of a task. */
typedef struct slope_sums {
    double penalty, length, largest;
} slope_sums;

typedef struct slope_job {
    size_t n, size, n_items; /* n_items: of a task */
    bool is_one_sided;
    double weight;
    const float *g;
    float *v; /* NULL: not wanted */
    slope_sums sum[BW_CUT_MAX_SUMS];
} slope_job;

static double length_of(size_t n, const float *g)
{
    double part[BW_N_PARTS] = {0}, sum = 0;
    size_t k = 0;

    for (; k + BW_N_PARTS <= n; k += BW_N_PARTS)
        BW_EACH
    for (size_t l = 0; l < BW_N_PARTS; l++)
        part[l] += (double)g[k + l] * (double)g[k + l];
    for (; k < n; k++)
        sum += (double)g[k] * (double)g[k];
    for (size_t l = 0; l < BW_N_PARTS; l++)
        sum += part[l];
    return sqrt(least_square + sum);
}

/* A NaN is larger than anything. */
static double larger(double a, double b)
{
    return isnan(a) || a > b ? a : b;
}

static void slope_task(void *arg, size_t task, size_t worker)
{
    slope_job *job = arg;
    bw_cut item = bw_cut_piece(job->n, job->n_items, task);
    slope_sums sum = {0};

    (void)worker;
    for (size_t i = item.from; i < item.to; i++) {
        const float *g = job->g + i * job->size;
        double length = length_of(job->size, g), excess = length - 1;
        float factor;

        if (job->is_one_sided && excess < 0)
            excess = 0;
        sum.penalty += excess * excess;
        sum.length += length;
        sum.largest = larger(sum.largest, length);
        if (!job->v)
            continue;
        factor = (float)(2 * job->weight * excess / length / (double)job->n);
        BW_EACH
        for (size_t k = 0; k < job->size; k++)
            job->v[i * job->size + k] = factor * g[k];
    }
    job->sum[task] = sum;
}

/* The n gradients g, and v of them where it is wanted. */
static bw_slopes measure(bw_tasks *tasks, slope_job *job)
{
    bw_slopes slopes = {0};
    size_t n_tasks = bw_cut_count(job->n, job->n_items);

    bw_tasks_run(tasks, n_tasks, slope_task, job);
    for (size_t k = 0; k < n_tasks; k++) {
        slopes.penalty += job->sum[k].penalty;
        slopes.mean += job->sum[k].length;
        slopes.largest = larger(slopes.largest, job->sum[k].largest);
    }
    slopes.penalty /= (double)job->n;
    slopes.mean /= (double)job->n;
    return slopes;
}

bw_slopes bw_penalty_gradient(bw_engine *engine, bw_tasks *tasks, size_t n,
                              float *block, bool is_one_sided, double weight,
                              float *opt_dblock)
{
    slope_job job = {.n = n, .is_one_sided = is_one_sided, .weight = weight};
    float *seed = bw_engine_output_gradient(engine);
    bw_slopes slopes = {0};

    if (n == 0)
        return slopes;
    (void)bw_engine_forward(engine, BW_MODE_TRAIN, n, block, 0);
    for (size_t i = 0; i < n; i++)
        seed[i] = 1;
    job.g = bw_engine_backward(engine, n, block, NULL);
    job.size = bw_shape_n(engine->network->input);
    job.n_items = bw_cut_items(n, job.size);
    job.v = opt_dblock ? bw_engine_tangent(engine) : NULL;
    slopes = measure(tasks, &job);
    if (opt_dblock)
        bw_engine_second(engine, n, block, opt_dblock);
    return slopes;
}
