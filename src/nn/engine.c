/* engine.c - a network with buffers for mini-batches: forward and backward.
 *
 * The plan (engine_plan.c) has decided everything that shapes decide; a pass
 * walks its list of steps, one way or the other.
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
    static const char *const name[] = {"auto", "blas", "onednn", "thin"};

    if (way == BW_WAY_AUTO || bw_conv_has(way))
        return BW_OK;
    return bw_error_set(err, BW_ERR_USAGE,
                        "this build has no convolutions by %s", name[way]);
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

    *ret_engine = NULL;
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
    return engine->gradient[0];
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

/* One step back: dy in *dy, whose buffer is gradient[turn]. */
static void step_back(bw_engine *engine, size_t k, size_t n, float *dblock,
                      size_t *turn)
{
    const bw_engine_step *step = &engine->step[k];
    const bw_layer *layer = step->layer;
    float *dy = engine->gradient[*turn], *other = engine->gradient[*turn ^ 1];
    bw_layer_run run;

    if (step->kind != BW_STEP_LAYER) {
        bool to_lanes = step->kind == BW_STEP_TO_LANES;

        convert(engine, to_lanes ? BW_STEP_TO_ROWS : BW_STEP_TO_LANES, n,
                step->n_in, dy, other);
        *turn ^= 1;
        return;
    }
    run = make_run(engine, step, n, engine->block);
    run.is_training = true;
    run.dy = dy;
    run.dx = layer->kind->in_place ? dy : other;
    if (layer->kind->in_place)
        run.x = step->y;
    if (k == engine->first_backward && !engine->options.input_gradient)
        run.dx = NULL;
    for (size_t p = 0; dblock && p < layer->n_parameters; p++) {
        const bw_parameter *row =
            &engine->network->parameter[layer->parameter + p];

        if (row->offset < engine->network->n_trained)
            run.dweight[p] = dblock + row->offset;
    }
    layer->kind->backward(&run);
    if (!layer->kind->in_place)
        *turn ^= 1;
}

const float *bw_engine_backward(bw_engine *engine, size_t n, const float *block,
                                float *dblock)
{
    size_t turn = 0;

    assert(engine->options.is_training && n <= engine->options.n_max);
    assert(n == 0 || (engine->is_ready && block == engine->block));
    (void)block;
    if (n > 0 && (dblock || engine->options.input_gradient))
        for (size_t k = engine->n_steps; k-- > engine->first_backward;)
            step_back(engine, k, n, dblock, &turn);
    return engine->options.input_gradient ? engine->gradient[turn] : NULL;
}
