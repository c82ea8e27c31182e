/* engine.c - a network with buffers for mini-batches: forward and backward.
 *
 * The plan (engine_plan.c) has decided everything that shapes decide; a pass
 * walks its list of steps, one way or the other.
 *
 * The second gradient. Between kinks each step is y_k = A_k y_(k-1) + b_k, and
 * with the output gradient dy_k held,
 *
 *   g = A_1^T .. A_K^T dy_K,   sum of g v = sum of dy_k (A_k t_k)
 *
 * for any k, where t_1 = v, t_(k+1) = A_k t_k: its gradient by A_k alone is
 * dy_k t_k^T, and that by masks and by b_k is 0. One walk forward does both,
 * the work of a forward pass and of the weights' share of a backward pass.
 */
#include "config.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "barrow/engine.h"
#include "nn/conv.h"
#include "nn/engine_plan.h"
#include "nn/gemm.h"
#include "nn/layout.h"

/* More items than any machine holds: keeps the plan's products small. */
static const uint64_t n_max_limit = (uint64_t)1 << 40;

/* ---- creation ---- */

static bw_status check_way(bw_way way, bw_error *err)
{
    if (bw_conv_has(way))
        return BW_OK;
    return bw_error_set(err, BW_ERR_USAGE,
                        "this build has no convolutions by %s",
                        bw_conv_name(way));
}

static bw_status make_states(bw_engine *engine, bw_error *err)
{
    const bw_engine_options *options = &engine->options;

    for (size_t k = 0; k < engine->n_steps; k++) {
        bw_engine_step *step = &engine->step[k];
        bw_layer_plan plan = {.layer = step->layer,
                              .tasks = engine->tasks,
                              .n_max = options->n_max,
                              .is_training = options->is_training,
                              .input_gradient = options->is_training &&
                                                (k > engine->first_backward ||
                                                 options->input_gradient),
                              .relu = step->folds_relu,
                              .in_layout = step->in_layout,
                              .out_layout = step->out_layout,
                              .way = options->way};
        size_t n_bytes = 0;
        bw_status status;

        if (step->kind != BW_STEP_LAYER || !step->layer->kind->plan)
            continue;
        status = step->layer->kind->plan(&plan, &step->state, &n_bytes, err);
        if (status != BW_OK)
            return status;
        engine->n_bytes += n_bytes;
    }
    return BW_OK;
}

bw_status bw_engine_create(const bw_network *network,
                           const bw_engine_options *options, bw_tasks *tasks,
                           bw_engine **ret_engine, bw_error *err)
{
    bw_engine *engine;
    bw_status status = check_way(options->way, err);

    assert(!options->second ||
           (options->is_training && options->input_gradient));
    *ret_engine = NULL;
    if (status == BW_OK && options->second)
        status = bw_engine_check_second(network, "network", err);
    if (status == BW_OK && options->n_max == 0)
        status = bw_error_set(err, BW_ERR_USAGE, "an engine for no items");
    if (status == BW_OK && options->n_max > n_max_limit)
        status = bw_error_memory(err);
    if (status == BW_OK)
        status = bw_gemm_init(err);
    if (status != BW_OK)
        return status;
    engine = calloc(1, sizeof *engine);
    if (!engine)
        return bw_error_memory(err);
    engine->network = network;
    engine->options = *options;
    engine->tasks = tasks;
    engine->n_bytes = sizeof *engine;
    engine->is_touched = true;
    status = bw_engine_plan(engine, err);
    if (status == BW_OK)
        status = make_states(engine, err);
    if (status != BW_OK) {
        bw_engine_destroy(engine);
        return status;
    }
    *ret_engine = engine;
    return BW_OK;
}

void bw_engine_destroy(bw_engine *engine)
{
    if (!engine)
        return;
    for (size_t k = 0; k < engine->n_steps; k++) {
        const bw_engine_step *step = &engine->step[k];

        if (step->kind == BW_STEP_LAYER && step->layer->kind->destroy)
            step->layer->kind->destroy(step->state);
    }
    free(engine->arena);
    free(engine);
}

float *bw_engine_input(bw_engine *engine)
{
    return engine->input;
}

void bw_engine_touch(bw_engine *engine)
{
    engine->is_touched = true;
}

float *bw_engine_output_gradient(bw_engine *engine)
{
    return engine->step[engine->n_steps - 1].dy;
}

float *bw_engine_tangent(bw_engine *engine)
{
    assert(engine->options.second);
    return engine->pair[0];
}

void bw_engine_share(bw_engine *engine, const bw_share *opt_share)
{
    engine->share = opt_share ? *opt_share : (bw_share){.n = 0};
}

size_t bw_engine_n_bytes(const bw_engine *engine)
{
    return engine->n_bytes;
}

/* ---- passes ---- */

/* A run of a layer's step, without what only one direction has. */
static bw_layer_run make_run(const bw_engine *engine,
                             const bw_engine_step *step, size_t n, float *block)
{
    const bw_layer *layer = step->layer;
    bw_layer_run run = {.layer = layer,
                        .state = step->state,
                        .tasks = engine->tasks,
                        .share = engine->share.is_split ? &engine->share : NULL,
                        .n = n,
                        .in_layout = step->in_layout,
                        .out_layout = step->out_layout,
                        .x = step->x,
                        .y = step->y,
                        .seed = engine->options.seed,
                        .stream = engine->options.stream};

    for (size_t k = 0; k < layer->n_parameters; k++)
        run.weight[k] =
            block + engine->network->parameter[layer->parameter + k].offset;
    return run;
}

/* Copies from one layout to the other, in the direction of kind. */
static void convert(const bw_engine *engine, bw_step_kind kind, size_t n,
                    size_t n_values, const float *from, float *to)
{
    if (kind == BW_STEP_TO_LANES)
        bw_layout_to_lanes(engine->tasks, n, n_values, from, to);
    else
        bw_layout_to_rows(engine->tasks, n, n_values, from, to);
}

const float *bw_engine_forward(bw_engine *engine, bw_mode mode, size_t n,
                               float *block, uint64_t step_number)
{
    const bw_engine_step *last = &engine->step[engine->n_steps - 1];

    assert(n <= engine->options.n_max);
    assert(mode == BW_MODE_INFER || engine->options.is_training);
    if (n == 0)
        return last->y;
    if (block != engine->block)
        engine->is_touched = true;
    engine->block = block;
    engine->is_ready = mode == BW_MODE_TRAIN;
    engine->is_held = false;
    for (size_t k = 0; k < engine->n_steps; k++) {
        const bw_engine_step *step = &engine->step[k];
        bw_layer_run run;

        if (step->is_folded)
            continue;
        if (step->kind != BW_STEP_LAYER) {
            convert(engine, step->kind, n, step->n_in, step->x, step->y);
            continue;
        }
        run = make_run(engine, step, n, block);
        run.is_training = mode == BW_MODE_TRAIN;
        run.is_touched = engine->is_touched;
        run.relu = step->folds_relu;
        run.step = step_number;
        step->layer->kind->forward(&run);
    }
    engine->is_touched = false;
    return last->y;
}

/* Where the gradients of a step's parameters are added. */
static void set_dweight(const bw_engine *engine, const bw_layer *layer,
                        float *dblock, bw_layer_run *run)
{
    for (size_t p = 0; p < layer->n_parameters; p++) {
        const bw_parameter *row =
            &engine->network->parameter[layer->parameter + p];

        if (row->offset < engine->network->n_trained)
            run->dweight[p] = dblock + row->offset;
    }
}

static void step_back(bw_engine *engine, size_t k, size_t n, float *dblock)
{
    const bw_engine_step *step = &engine->step[k];
    const bw_layer *layer = step->layer;
    bw_layer_run run;

    if (step->is_masked)
        return;
    if (step->kind != BW_STEP_LAYER) {
        bool to_lanes = step->kind == BW_STEP_TO_LANES;

        convert(engine, to_lanes ? BW_STEP_TO_ROWS : BW_STEP_TO_LANES, n,
                step->n_in, step->dy, step->dx);
        return;
    }
    run = make_run(engine, step, n, engine->block);
    run.is_training = true;
    run.masks = step->masks;
    run.dy = step->dy;
    run.dx = step->dx;
    if (layer->kind->in_place)
        run.x = step->y;
    if (k == engine->first_backward && !engine->options.input_gradient)
        run.dx = NULL;
    if (dblock)
        set_dweight(engine, layer, dblock, &run);
    layer->kind->backward(&run);
}

const float *bw_engine_backward(bw_engine *engine, size_t n, const float *block,
                                float *dblock)
{
    assert(engine->options.is_training && n <= engine->options.n_max);
    assert(n == 0 || (engine->is_ready && block == engine->block));
    (void)block;
    if (n > 0 && (dblock || engine->options.input_gradient))
        for (size_t k = engine->n_steps; k-- > engine->first_backward;)
            step_back(engine, k, n, dblock);
    engine->is_held = true;
    return engine->options.input_gradient ? engine->step[0].dx : NULL;
}

/* ---- second ---- */

/* Of a kind without tangent. */
static const char *why_not_second(const bw_layer_kind *kind)
{
    if (kind == &bw_layer_batchnorm)
        return "it mixes the items of a batch, so that none has a gradient of "
               "its own";
    if (kind == &bw_layer_maxpool || kind == &bw_layer_noise)
        return "a second gradient does not know what it did to its input";
    return "it is curved, and second derivatives of layers are not done";
}

bw_status bw_engine_check_second(const bw_network *network, const char *name,
                                 bw_error *err)
{
    for (size_t k = 0; k < network->n_layers; k++) {
        const bw_layer *layer = &network->layer[k];

        if (!layer->kind->tangent)
            return bw_error_set(err, BW_ERR_USAGE, "%s: line %zu: %s: %s", name,
                                layer->line, layer->kind->name,
                                why_not_second(layer->kind));
    }
    return BW_OK;
}

/* The tangent of one step: from its buffer of the pair, which is *turn, to the
 * one that it sets *turn to. */
static void push(bw_engine *engine, const bw_engine_step *step, size_t n,
                 size_t *turn)
{
    float *from = engine->pair[*turn], *to = engine->pair[*turn ^ 1];
    bw_layer_run run;

    if (step->kind == BW_STEP_LAYER && step->layer->kind->in_place) {
        run = make_run(engine, step, n, engine->block);
        run.dy = run.dx = from;
        step->layer->kind->tangent(&run);
        return;
    }
    *turn ^= 1;
    if (step->kind != BW_STEP_LAYER) {
        convert(engine, step->kind, n, step->n_in, from, to);
        return;
    }
    run = make_run(engine, step, n, engine->block);
    run.weight[1] = NULL;
    run.x = from;
    run.y = to;
    step->layer->kind->tangent(&run);
}

/* The product of a step's output gradient with the tangent at its input. */
static void add_product(bw_engine *engine, const bw_engine_step *step, size_t n,
                        const float *tangent, float *dblock)
{
    bw_layer_run run = make_run(engine, step, n, engine->block);

    run.is_training = true;
    run.x = tangent;
    run.dy = step->dy;
    set_dweight(engine, step->layer, dblock, &run);
    run.dweight[1] = NULL;
    step->layer->kind->backward(&run);
}

void bw_engine_second(bw_engine *engine, size_t n, const float *block,
                      float *dblock)
{
    size_t turn = 0, n_steps = engine->n_steps;

    assert(engine->options.second && n <= engine->options.n_max);
    assert(n == 0 || (engine->is_held && block == engine->block));
    (void)block;
    /* Nobody asks for tangents past the last parameters. */
    while (n_steps > 0 && (engine->step[n_steps - 1].kind != BW_STEP_LAYER ||
                           engine->step[n_steps - 1].layer->n_parameters == 0))
        n_steps--;
    for (size_t k = 0; n > 0 && k < n_steps; k++) {
        const bw_engine_step *step = &engine->step[k];

        if (step->kind == BW_STEP_LAYER && step->layer->n_parameters > 0)
            add_product(engine, step, n, engine->pair[turn], dblock);
        if (k + 1 < n_steps)
            push(engine, step, n, &turn);
    }
}
