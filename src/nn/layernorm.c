/* layernorm.c - y = a (x - mean) / sqrt(var + eps) + b over all values of an
 * item.
 *
 * With v values and xh = (x - mean) / sqrt(var + eps), by item,
 *
 *     g = a dy      da = sum over items dy xh      db = sum over items dy
 *     dx = (g - sum g / v - xh sum(g xh) / v) / sqrt(var + eps)
 *
 * J. L. Ba, J. R. Kiros and G. E. Hinton, Layer normalization, 2016. a and b
 * stand as (c, h, w) in the network, as (h, w, c) in the state.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "base/tasks.h"
#include "nn/cut.h"
#include "nn/layer.h"

/* Values of an item whose da and db a task sums. */
enum { N_COLUMNS = 256 };

typedef struct norm {
    float *scale, *shift; /* a and b */
    float *mean, *root;   /* of each item, at the last forward */
} norm;

static bw_status layernorm_shape(bw_layer *layer, bw_error *err)
{
    (void)err;
    layer->out = layer->in;
    return BW_OK;
}

static void layernorm_destroy(void *state)
{
    norm *self = state;

    if (!self)
        return;
    free(self->scale);
    free(self);
}

static bw_status layernorm_plan(const bw_layer_plan *plan, void **ret_state,
                                size_t *n_bytes, bw_error *err)
{
    size_t v = bw_shape_n(plan->layer->in);
    norm *self = calloc(1, sizeof *self);

    *ret_state = NULL;
    if (!self)
        return bw_error_memory(err);
    self->scale = calloc(v + plan->n_max, 2 * sizeof *self->scale);
    if (!self->scale) {
        layernorm_destroy(self);
        return bw_error_memory(err);
    }
    self->shift = self->scale + v;
    self->mean = self->shift + v;
    self->root = self->mean + plan->n_max;
    *n_bytes = sizeof *self + (v + plan->n_max) * 2 * sizeof *self->scale;
    *ret_state = self;
    return BW_OK;
}

/* The place in (c, h, w) of what stands at k in (h, w, c). */
static size_t place_of(bw_shape shape, size_t k)
{
    return k % shape.c * (shape.h * shape.w) + k / shape.c;
}

static void pack(const bw_layer_run *run)
{
    const norm *state = run->state;
    bw_shape shape = run->layer->in;

    for (size_t k = 0; k < bw_shape_n(shape); k++) {
        state->scale[k] = run->weight[0][place_of(shape, k)];
        state->shift[k] = run->weight[1][place_of(shape, k)];
    }
}

static void forward_item(void *arg, size_t task, size_t worker)
{
    const bw_layer_run *run = arg;
    const norm *state = run->state;
    size_t v = bw_shape_n(run->layer->in);
    const float *x = run->x + task * v;
    float *y = run->y + task * v, mean, root;
    double sum = 0.0, square = 0.0;

    (void)worker;
    for (size_t k = 0; k < v; k++)
        sum += (double)x[k];
    mean = (float)(sum / (double)v);
    for (size_t k = 0; k < v; k++)
        square += (double)((x[k] - mean) * (x[k] - mean));
    root = (float)(1.0 / sqrt(square / (double)v + run->layer->value[0]));
    for (size_t k = 0; k < v; k++)
        y[k] = (x[k] - mean) * root * state->scale[k] + state->shift[k];
    state->mean[task] = mean;
    state->root[task] = root;
}

static void backward_item(void *arg, size_t task, size_t worker)
{
    const bw_layer_run *run = arg;
    const norm *state = run->state;
    size_t v = bw_shape_n(run->layer->in);
    const float *x = run->x + task * v, *dy = run->dy + task * v;
    float *dx = run->dx + task * v;
    float mean = state->mean[task], root = state->root[task], level, slope;
    double sum = 0.0, product = 0.0;

    (void)worker;
    for (size_t k = 0; k < v; k++) {
        float g = dy[k] * state->scale[k];

        sum += (double)g;
        product += (double)(g * ((x[k] - mean) * root));
    }
    level = (float)(sum / (double)v);
    slope = (float)(product / (double)v);
    for (size_t k = 0; k < v; k++)
        dx[k] = root * (dy[k] * state->scale[k] - level -
                        (x[k] - mean) * root * slope);
}

/* da and db of some values of an item, over all items in order. */
static void add_gradients(void *arg, size_t task, size_t worker)
{
    const bw_layer_run *run = arg;
    const norm *state = run->state;
    bw_shape shape = run->layer->in;
    size_t v = bw_shape_n(shape);
    bw_cut cut = bw_cut_piece(v, N_COLUMNS, task);
    float scale[N_COLUMNS] = {0}, shift[N_COLUMNS] = {0};

    (void)worker;
    for (size_t i = 0; i < run->n; i++) {
        const float *x = run->x + i * v + cut.from;
        const float *dy = run->dy + i * v + cut.from;
        float mean = state->mean[i], root = state->root[i];

        for (size_t k = 0; k < cut.to - cut.from; k++) {
            scale[k] += dy[k] * ((x[k] - mean) * root);
            shift[k] += dy[k];
        }
    }
    for (size_t k = cut.from; k < cut.to; k++) {
        size_t place = place_of(shape, k);

        if (run->dweight[0])
            run->dweight[0][place] += scale[k - cut.from];
        if (run->dweight[1])
            run->dweight[1][place] += shift[k - cut.from];
    }
}

static void layernorm_forward(const bw_layer_run *run)
{
    bw_layer_run copy = *run;

    if (run->is_touched)
        pack(run);
    bw_tasks_run(run->tasks, run->n, forward_item, &copy);
}

static void layernorm_backward(const bw_layer_run *run)
{
    bw_layer_run copy = *run;
    size_t v = bw_shape_n(run->layer->in);

    if (run->dweight[0] || run->dweight[1])
        bw_tasks_run(run->tasks, bw_cut_count(v, N_COLUMNS), add_gradients,
                     &copy);
    if (run->dx)
        bw_tasks_run(run->tasks, run->n, backward_item, &copy);
}

const bw_layer_kind bw_layer_layernorm = {.name = "layernorm",
                                          .syntax = "layernorm [EPS]",
                                          .layouts = BW_ONLY_ROWS,
                                          .plan = layernorm_plan,
                                          .destroy = layernorm_destroy,
                                          .forward = layernorm_forward,
                                          .backward = layernorm_backward,
                                          .shape = layernorm_shape};
