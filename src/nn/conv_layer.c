/* conv_layer.c - layers conv and deconv.
 *
 * One geometry (conv.h) seen from its two ends: what is x for conv, is y for
 * deconv. b's gradient is the sum of dy over items and pixels, in parts that
 * are cut by shape.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "nn/conv.h"
#include "nn/sweep.h"
#include "nn/window.h"

enum {
    PART_ROWS = 256, /* pixels of a partial sum of b's gradient, at least */
    MAX_PARTS = 64,
    N_BIAS_LANES = 24 /* channels at a time, of thin images all */
};

typedef struct conv_state {
    bw_conv *conv;
    float *part; /* [part][channel]: partial sums of b's gradient */
} conv_state;

static bool is_deconv(const bw_layer *layer)
{
    return layer->kind == &bw_layer_deconv;
}

/* ---- shape ---- */

static bool fits(const bw_layer *layer)
{
    const size_t factor[] = {layer->kh, layer->kw, layer->in.c, layer->units};
    size_t n = 1;

    for (size_t k = 0; k < 4; k++) {
        if (factor[k] > BW_MAX_ITEM / n)
            return false;
        n *= factor[k];
    }
    return true;
}

static bw_status conv_shape(bw_layer *layer, bw_error *err)
{
    size_t zeros[2];
    bw_status status;

    if (layer->in.is_flat)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "needs an image, found %zu flat values",
                            layer->in.c);
    status = bw_window_shape(layer, is_deconv(layer), zeros, err);
    if (status != BW_OK)
        return status;
    if (!fits(layer))
        return bw_error_set(err, BW_ERR_RANGE,
                            "%zux%zu weights between %zu and %zu channels are "
                            "past %d",
                            layer->kh, layer->kw, layer->in.c, layer->units,
                            (int)BW_MAX_ITEM);
    layer->out.c = layer->units;
    layer->out.is_flat = false;
    return BW_OK;
}

/* Of a layer whose shape is inferred. */
static bw_conv_shape geometry(const bw_layer *layer)
{
    bw_layer copy = *layer;
    const bw_shape *x = is_deconv(layer) ? &layer->out : &layer->in;
    const bw_shape *y = is_deconv(layer) ? &layer->in : &layer->out;
    size_t zeros[2] = {0, 0};
    bw_status status = bw_window_shape(&copy, is_deconv(layer), zeros, NULL);

    assert(status == BW_OK);
    (void)status;
    return (bw_conv_shape){.h = x->h,
                           .w = x->w,
                           .c = x->c,
                           .p = y->h,
                           .q = y->w,
                           .o = y->c,
                           .kh = layer->kh,
                           .kw = layer->kw,
                           .stride = layer->stride,
                           .top = zeros[0],
                           .left = zeros[1]};
}

static bw_way way_of(const bw_layer *layer, bw_way way)
{
    bw_conv_shape shape = geometry(layer);

    return way == BW_WAY_AUTO && bw_conv_is_thin(&shape) ? BW_WAY_THIN : way;
}

bool bw_layer_is_thin(const bw_layer *layer, bw_way way)
{
    return way_of(layer, way) == BW_WAY_THIN;
}

/* ---- b's gradient ---- */

typedef struct bias_run {
    const float *dy;
    float *part;
    size_t n_rows, n_part_rows, n_channels;
} bias_run;

static void bias_rows_task(void *arg, size_t task, size_t worker)
{
    const bias_run *run = arg;
    const bw_sweeps *sweeps = bw_sweeps_get();
    size_t n = run->n_channels;
    size_t row = task * run->n_part_rows, end = row + run->n_part_rows;
    float *part = run->part + task * n;

    (void)worker;
    for (size_t k = 0; k < n; k++)
        part[k] = 0;
    for (; row < end && row < run->n_rows; row++)
        sweeps->add(n, run->dy + row * n, part);
}

/* A row is a pixel of 16 items; n_part_rows are those of whole groups. Each
 * lane has a sum of its own. */
static void bias_lanes_task(void *arg, size_t task, size_t worker)
{
    const bias_run *run = arg;
    const bw_sweeps *sweeps = bw_sweeps_get();
    size_t n = run->n_channels;
    size_t row = task * run->n_part_rows, end = row + run->n_part_rows;

    (void)worker;
    if (end > run->n_rows)
        end = run->n_rows;
    for (size_t k = 0; k < n; k += N_BIAS_LANES) {
        float lane[N_BIAS_LANES * BW_LANES] = {0};
        size_t m = n - k < N_BIAS_LANES ? n - k : N_BIAS_LANES;

        for (size_t i = row; i < end; i++)
            sweeps->add(m * BW_LANES, run->dy + (i * n + k) * BW_LANES, lane);
        for (size_t c = 0; c < m; c++) {
            float sum = 0;

            for (size_t l = 0; l < BW_LANES; l++)
                sum += lane[c * BW_LANES + l];
            run->part[task * n + k + c] = sum;
        }
    }
}

static void add_bias_gradient(const bw_layer_run *run, float *part)
{
    const bw_shape *out = &run->layer->out;
    bool is_lanes = run->out_layout == BW_LAYOUT_LANES;
    size_t n_items = is_lanes ? (run->n + BW_LANES - 1) / BW_LANES : run->n;
    bias_run bias = {.dy = run->dy,
                     .part = part,
                     .n_rows = n_items * out->h * out->w,
                     .n_channels = out->c};
    size_t n_parts;

    bias.n_part_rows = (bias.n_rows + MAX_PARTS - 1) / MAX_PARTS;
    if (bias.n_part_rows < PART_ROWS)
        bias.n_part_rows = PART_ROWS;
    n_parts = (bias.n_rows + bias.n_part_rows - 1) / bias.n_part_rows;
    bw_tasks_run(run->tasks, n_parts,
                 is_lanes ? bias_lanes_task : bias_rows_task, &bias);
    for (size_t k = 0; k < out->c; k++) {
        double sum = 0;

        for (size_t i = 0; i < n_parts; i++)
            sum += (double)part[i * out->c + k];
        run->dweight[1][k] += (float)sum;
    }
}

/* ---- passes ---- */

static void conv_destroy(void *arg)
{
    conv_state *state = arg;

    if (!state)
        return;
    bw_conv_destroy(state->conv);
    free(state->part);
    free(state);
}

static unsigned passes_of(const bw_layer_plan *plan)
{
    bool deconv = is_deconv(plan->layer);
    unsigned passes = deconv ? BW_CONV_TO_X : BW_CONV_TO_Y;

    if (plan->is_training)
        passes |= BW_CONV_WEIGHT;
    if (plan->is_training && plan->input_gradient)
        passes |= deconv ? BW_CONV_TO_Y : BW_CONV_TO_X;
    return passes;
}

static bw_status conv_plan(const bw_layer_plan *plan, void **ret_state,
                           size_t *n_bytes, bw_error *err)
{
    bw_conv_shape shape = geometry(plan->layer);
    size_t n_part = plan->is_training ? MAX_PARTS * plan->layer->out.c : 1;
    conv_state *state = calloc(1, sizeof(*state));
    bw_status status = BW_OK;

    *ret_state = NULL;
    *n_bytes = 0;
    if (state)
        state->part = malloc(n_part * sizeof(*state->part));
    if (!state || !state->part)
        status = bw_error_memory(err);
    if (status == BW_OK)
        status = bw_conv_create(&shape, plan->n_max,
                                way_of(plan->layer, plan->way), passes_of(plan),
                                plan->tasks, &state->conv, n_bytes, err);
    if (status != BW_OK) {
        conv_destroy(state);
        return status;
    }
    *n_bytes += sizeof(*state) + n_part * sizeof(*state->part);
    *ret_state = state;
    return BW_OK;
}

static void conv_forward(const bw_layer_run *run)
{
    bw_conv *conv = ((conv_state *)run->state)->conv;

    if (run->is_touched)
        bw_conv_pack(conv, run->weight[0]);
    if (is_deconv(run->layer))
        bw_conv_to_x(conv, run->n, run->x, run->weight[1], run->relu, run->y);
    else
        bw_conv_to_y(conv, run->n, run->x, run->weight[1], run->relu, run->y);
}

static void conv_backward(const bw_layer_run *run)
{
    conv_state *state = run->state;
    bool deconv = is_deconv(run->layer);

    if (run->dweight[0])
        bw_conv_weight(state->conv, run->n, deconv ? run->dy : run->x,
                       deconv ? run->x : run->dy, run->dweight[0]);
    if (run->dweight[1])
        add_bias_gradient(run, state->part);
    if (!run->dx)
        return;
    if (deconv)
        bw_conv_to_y(state->conv, run->n, run->dy, NULL, false, run->dx);
    else if (run->masks)
        bw_conv_to_x_masked(state->conv, run->n, run->dy, run->x, run->dx);
    else
        bw_conv_to_x(state->conv, run->n, run->dy, NULL, false, run->dx);
}

const bw_layer_kind bw_layer_conv = {
    .name = "conv",
    .syntax = "conv U KxL [stride S] [pad P]",
    .layouts = BW_BY_CONVOLUTION,
    .has_units = true,
    .fold_relu = true,
    .fold_mask = true,
    .plan = conv_plan,
    .destroy = conv_destroy,
    .forward = conv_forward,
    .backward = conv_backward,
    .tangent = conv_forward,
    .shape = conv_shape,
};

const bw_layer_kind bw_layer_deconv = {
    .name = "deconv",
    .syntax = "deconv U KxL [stride S] [pad P]",
    .layouts = BW_BY_CONVOLUTION,
    .has_units = true,
    .fold_relu = true,
    .plan = conv_plan,
    .destroy = conv_destroy,
    .forward = conv_forward,
    .backward = conv_backward,
    .tangent = conv_forward,
    .shape = conv_shape,
};
