/* engine_plan.c - what an engine runs: one list of steps with their buffers.
 *
 * Layouts: the caller's input and output are rows. A convolution says which
 * layout it takes; elementwise layers take what comes; an image that reshape
 * makes stands as the next layer that cares wants it. Steps that change the
 * layout stand where two neighbours differ.
 *
 * Buffers: for training every step keeps its output, except that elementwise
 * layers work in place where nobody needs what they overwrite; gradients
 * alternate between two buffers. Without training, outputs alternate, too. For
 * `second` gradients stay as well, and tangents alternate instead.
 */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "nn/engine_plan.h"
#include "nn/layout.h"

/* Floats of a cache line, to which buffers are aligned. */
enum { N_ALIGN = 16 };

/* ---- layouts ---- */

/* What a side of a layer demands. */
typedef enum demand { DEMAND_ROWS, DEMAND_LANES, DEMAND_NONE } demand;

static demand demand_of(const bw_layer *layer, bw_shape side, bw_way way)
{
    switch (layer->kind->layouts) {
    case BW_ONLY_ROWS:
        return DEMAND_ROWS;
    case BW_SAME_LAYOUT:
        return DEMAND_NONE;
    case BW_FREE_IMAGE:
        return side.is_flat ? DEMAND_ROWS : DEMAND_NONE;
    case BW_BY_CONVOLUTION:
        return bw_layer_is_thin(layer, way) ? DEMAND_LANES : DEMAND_ROWS;
    }
    return DEMAND_ROWS;
}

/* What the first layer from k on that cares demands of its input. */
static bw_layout wanted_from(const bw_network *network, size_t k, bw_way way)
{
    for (; k < network->n_layers; k++) {
        const bw_layer *layer = &network->layer[k];
        demand found = demand_of(layer, layer->in, way);

        if (found != DEMAND_NONE)
            return found == DEMAND_LANES ? BW_LAYOUT_LANES : BW_LAYOUT_ROWS;
        if (layer->kind->layouts != BW_SAME_LAYOUT)
            break;
    }
    return BW_LAYOUT_ROWS;
}

static void change_layout(bw_engine *engine, bw_layout from, bw_layout to,
                          size_t n_values)
{
    if (from == to)
        return;
    engine->step[engine->n_steps++] = (bw_engine_step){
        .kind = to == BW_LAYOUT_LANES ? BW_STEP_TO_LANES : BW_STEP_TO_ROWS,
        .in_layout = from,
        .out_layout = to,
        .n_in = n_values,
        .n_out = n_values};
}

static bw_layout add_layer(bw_engine *engine, size_t k, bw_layout layout)
{
    const bw_layer *layer = &engine->network->layer[k];
    bw_way way = engine->options.way;
    demand in = demand_of(layer, layer->in, way);
    demand out = demand_of(layer, layer->out, way);
    bw_engine_step step = {.kind = BW_STEP_LAYER,
                           .layer = layer,
                           .n_in = bw_shape_n(layer->in),
                           .n_out = bw_shape_n(layer->out)};

    step.in_layout = in == DEMAND_NONE    ? layout
                     : in == DEMAND_LANES ? BW_LAYOUT_LANES
                                          : BW_LAYOUT_ROWS;
    change_layout(engine, layout, step.in_layout, step.n_in);
    if (layer->kind->layouts == BW_SAME_LAYOUT)
        step.out_layout = step.in_layout;
    else if (out == DEMAND_NONE)
        step.out_layout = wanted_from(engine->network, k + 1, way);
    else
        step.out_layout =
            out == DEMAND_LANES ? BW_LAYOUT_LANES : BW_LAYOUT_ROWS;
    engine->step[engine->n_steps++] = step;
    return step.out_layout;
}

static void list_steps(bw_engine *engine)
{
    const bw_network *network = engine->network;
    bw_layout layout = BW_LAYOUT_ROWS;

    for (size_t k = 0; k < network->n_layers; k++)
        layout = add_layer(engine, k, layout);
    change_layout(engine, layout, BW_LAYOUT_ROWS,
                  bw_shape_n(bw_network_output(network)));
}

/* ---- sharing ---- */

/* Whether the backward pass of a step does without its output: kinds that work
 * in place read it, others their input; noise reads neither. */
static bool forgets_output(const bw_engine_step *step)
{
    return step->kind != BW_STEP_LAYER || !step->layer->kind->in_place ||
           step->layer->kind == &bw_layer_noise;
}

/* The first step reads the caller's input, which stays as it is. */
static void share_buffers(bw_engine *engine)
{
    for (size_t k = 1; k < engine->n_steps; k++) {
        bw_engine_step *before = &engine->step[k - 1];
        bw_engine_step *step = &engine->step[k];

        if (step->kind != BW_STEP_LAYER || !step->layer->kind->in_place)
            continue;
        if (engine->options.is_training && !forgets_output(before))
            continue;
        step->is_shared = true;
        if (step->layer->kind != &bw_layer_relu ||
            before->kind != BW_STEP_LAYER || !before->layer->kind->fold_relu)
            continue;
        before->folds_relu = true;
        step->is_folded = true;
    }
}

/* Whether a step only moves values. */
static bool is_move(const bw_engine_step *step)
{
    return step->kind != BW_STEP_LAYER ||
           step->layer->kind->layouts == BW_FREE_IMAGE;
}

/* A relu's slope is known from its output, which is what the next layer has for
 * input, though it may stand otherwise: that layer's backward can mask dx as it
 * writes it. */
static void share_masks(bw_engine *engine)
{
    for (size_t k = 1; engine->options.is_training && k < engine->n_steps;
         k++) {
        bw_engine_step *step = &engine->step[k];
        size_t before = k - 1;

        if (step->kind != BW_STEP_LAYER || !step->layer->kind->fold_mask)
            continue;
        if (step->layer->kind->layouts == BW_BY_CONVOLUTION &&
            step->in_layout != BW_LAYOUT_LANES)
            continue;
        while (before > 0 && is_move(&engine->step[before]))
            before--;
        if (engine->step[before].kind != BW_STEP_LAYER ||
            engine->step[before].layer->kind != &bw_layer_relu)
            continue;
        step->masks = true;
        engine->step[before].is_masked = true;
    }
}

/* ---- buffers ---- */

static void find_first_backward(bw_engine *engine)
{
    size_t k = 0;

    if (!engine->options.input_gradient)
        while (k < engine->n_steps &&
               (engine->step[k].kind != BW_STEP_LAYER ||
                engine->step[k].layer->n_parameters == 0))
            k++;
    engine->first_backward = k;
}

/* Adds a buffer of n_values an item to *n_floats; false on overflow. */
static bool add_buffer(const bw_engine *engine, bw_layout layout,
                       size_t n_values, size_t *n_floats)
{
    size_t n = bw_layout_n(layout, engine->options.n_max, 1);

    if (__builtin_mul_overflow(n, n_values, &n))
        return false;
    n += (N_ALIGN - n % N_ALIGN) % N_ALIGN;
    return !__builtin_add_overflow(*n_floats, n, n_floats);
}

static float *buffer_at(const bw_engine *engine, size_t offset)
{
    return engine->arena ? engine->arena + offset : NULL;
}

/* Floats of the largest buffer that a step reads or writes. */
static size_t largest_buffer(const bw_engine *engine)
{
    size_t largest = 0;

    for (size_t k = 0; k < engine->n_steps; k++) {
        const bw_engine_step *step = &engine->step[k];
        size_t n_in = 0, n_out = 0;

        if (!add_buffer(engine, step->in_layout, step->n_in, &n_in) ||
            !add_buffer(engine, step->out_layout, step->n_out, &n_out))
            return SIZE_MAX;
        largest = n_in > largest ? n_in : largest;
        largest = n_out > largest ? n_out : largest;
    }
    return largest;
}

/* From the output's gradient back, in the pair or in buffers of their own;
 * elementwise layers work in place, whose own gradient nobody asks for later.
 * false on overflow. */
static bool lay_out_gradients(bw_engine *engine, size_t *n_floats)
{
    bool is_held = engine->options.second;
    size_t k = engine->n_steps, turn = 0;
    float *dy = engine->pair[0];

    if (is_held) {
        dy = buffer_at(engine, *n_floats);
        if (!add_buffer(engine, BW_LAYOUT_ROWS, engine->step[k - 1].n_out,
                        n_floats))
            return false;
    }
    while (k-- > 0) {
        bw_engine_step *step = &engine->step[k];

        step->dy = dy;
        if (step->kind == BW_STEP_LAYER && step->layer->kind->in_place) {
            step->dx = dy;
            continue;
        }
        if (is_held) {
            dy = buffer_at(engine, *n_floats);
            if (!add_buffer(engine, step->in_layout, step->n_in, n_floats))
                return false;
        } else {
            dy = engine->pair[turn ^= 1];
        }
        step->dx = dy;
    }
    return true;
}

/* Lays all buffers out, in the arena once there is one; *n_floats is what they
 * take. false on overflow. */
static bool lay_out(bw_engine *engine, size_t *n_floats)
{
    size_t largest = largest_buffer(engine), n = 0, turn = 0, pair[2];
    float *x;

    if (largest > SIZE_MAX / 8)
        return false;
    pair[0] = 0;
    pair[1] = largest;
    n = 2 * largest;
    for (int k = 0; k < 2; k++)
        engine->pair[k] = buffer_at(engine, pair[k]);
    x = engine->input = buffer_at(engine, n);
    if (!add_buffer(engine, BW_LAYOUT_ROWS, engine->step[0].n_in, &n))
        return false;
    for (size_t k = 0; k < engine->n_steps; k++) {
        bw_engine_step *step = &engine->step[k];

        step->x = x;
        if (!step->is_shared && engine->options.is_training) {
            x = buffer_at(engine, n);
            if (!add_buffer(engine, step->out_layout, step->n_out, &n))
                return false;
        } else if (!step->is_shared) {
            x = buffer_at(engine, pair[turn]);
            turn ^= 1;
        }
        step->y = x;
    }
    *n_floats = n;
    return lay_out_gradients(engine, n_floats);
}

bw_status bw_engine_plan(bw_engine *engine, bw_error *err)
{
    size_t n_floats;

    list_steps(engine);
    share_buffers(engine);
    share_masks(engine);
    find_first_backward(engine);
    if (!lay_out(engine, &n_floats) || n_floats > SIZE_MAX / 8)
        return bw_error_memory(err);
    engine->arena =
        aligned_alloc(N_ALIGN * sizeof(float), n_floats * sizeof(float));
    if (!engine->arena)
        return bw_error_memory(err);
    memset(engine->arena, 0, n_floats * sizeof(float));
    engine->n_bytes += n_floats * sizeof(float);
    (void)lay_out(engine, &n_floats);
    return BW_OK;
}
