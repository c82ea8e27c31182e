/* unit.c - one network of a model while it learns. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/unit.h"
#include "nn/cut.h"
#include "nn/engine_plan.h"

enum {
    N_NORM_PIECES = 64,  /* tasks, and partial sums in order */
    N_NORM_VALUES = 8192 /* of a piece, at least */
};

void bw_unit_clear(bw_unit *unit)
{
    bw_engine_destroy(unit->engine);
    free(unit->gradient);
    free(unit->moments);
    free(unit->running);
    *unit = (bw_unit){0};
}

bw_status bw_unit_init(bw_unit *unit, const bw_model *model,
                       const bw_model_part *part,
                       const bw_unit_options *options, bw_tasks *tasks,
                       bw_error *err)
{
    size_t n_moments = bw_optimizer_n_moments(options->optimizer);
    bw_engine_options plan = {.n_max = options->n_max,
                              .is_training = true,
                              .input_gradient = options->input_gradient,
                              .seed = options->seed,
                              .stream = (uint64_t)(part - model->part)};

    *unit = (bw_unit){.part = part,
                      .optimizer = options->optimizer,
                      .tasks = tasks,
                      .values = bw_model_values(model, part),
                      .n_values = bw_network_n_values(part->network),
                      .n_trained = bw_network_n_trained(part->network),
                      .n_moments = n_moments};
    unit->acting = unit->values;
    unit->gradient = calloc(unit->n_trained + 1, sizeof *unit->gradient);
    unit->moments = calloc(unit->n_trained + 1,
                           bw_cut_max(n_moments, 1) * sizeof *unit->moments);
    unit->running =
        calloc(unit->n_values - unit->n_trained + 1, sizeof *unit->running);
    if (!unit->gradient || !unit->moments || !unit->running)
        return bw_error_memory(err);
    return bw_engine_create(part->network, &plan, tasks, &unit->engine, err);
}

void bw_unit_add_block(bw_unit *unit, bw_state_block *block, size_t *n_blocks)
{
    if (unit->n_moments == 0 || unit->n_trained == 0)
        return;
    snprintf(unit->block_name, sizeof unit->block_name, "moments.%s",
             unit->part->name);
    block[(*n_blocks)++] = (bw_state_block){unit->block_name, unit->moments,
                                            unit->n_moments * unit->n_trained};
}

/* ---- passes ---- */

const float *bw_unit_forward(bw_unit *unit, bw_mode mode, size_t n,
                             const float *opt_x, uint64_t step)
{
    size_t size = bw_shape_n(bw_network_input(unit->part->network));

    if (opt_x)
        memcpy(bw_engine_input(unit->engine), opt_x, n * size * sizeof *opt_x);
    return bw_engine_forward(unit->engine, mode, n, unit->acting, step);
}

const float *bw_unit_backward(bw_unit *unit, size_t n)
{
    return bw_engine_backward(unit->engine, n, unit->acting, unit->gradient);
}

void bw_unit_share(bw_unit *unit, const bw_share *opt_share)
{
    if (unit->part)
        bw_engine_share(unit->engine, opt_share);
}

/* ---- gradients and steps ---- */

static void clear_piece(void *arg, size_t task, size_t worker)
{
    bw_unit *unit = arg;
    bw_cut cut = bw_cut_piece(unit->n_trained, BW_CUT_VALUES, task);

    (void)worker;
    memset(unit->gradient + cut.from, 0,
           (cut.to - cut.from) * sizeof *unit->gradient);
}

void bw_unit_clear_gradient(bw_unit *unit)
{
    bw_tasks_run(unit->tasks, bw_cut_count(unit->n_trained, BW_CUT_VALUES),
                 clear_piece, unit);
}

void bw_unit_sum(bw_unit *unit, bw_comm *opt_comm)
{
    bw_comm_sum_floats(opt_comm, unit->n_trained, unit->gradient);
}

typedef struct square_sum {
    const float *x;
    size_t n, n_piece;
    double part[N_NORM_PIECES];
} square_sum;

static void sum_piece(void *arg, size_t task, size_t worker)
{
    enum { N_LANES = 8 };
    square_sum *s = arg;
    bw_cut cut = bw_cut_piece(s->n, s->n_piece, task);
    double sum[N_LANES] = {0}, rest = 0;
    size_t k = cut.from;

    (void)worker;
    for (; k + N_LANES <= cut.to; k += N_LANES)
        for (size_t i = 0; i < N_LANES; i++)
            sum[i] += (double)s->x[k + i] * (double)s->x[k + i];
    for (; k < cut.to; k++)
        rest += (double)s->x[k] * (double)s->x[k];
    for (size_t i = 0; i < N_LANES; i++)
        rest += sum[i];
    s->part[task] = rest;
}

double bw_unit_norm(const bw_unit *unit)
{
    square_sum s = {.x = unit->gradient, .n = unit->n_trained};
    double sum = 0;

    s.n_piece = bw_cut_max(bw_cut_count(s.n, N_NORM_PIECES), N_NORM_VALUES);
    size_t n_pieces = bw_cut_count(s.n, s.n_piece);
    bw_tasks_run(unit->tasks, n_pieces, sum_piece, &s);
    for (size_t k = 0; k < n_pieces; k++)
        sum += s.part[k];
    return sqrt(sum);
}

void bw_unit_update(bw_unit *unit, double rate, uint64_t step)
{
    bw_optimizer_step(unit->optimizer, rate, step, unit->n_trained,
                      unit->values, unit->gradient, unit->moments, unit->tasks);
    bw_engine_touch(unit->engine);
}

/* ---- running statistics ---- */

void bw_unit_keep(bw_unit *unit)
{
    memcpy(unit->running, unit->acting + unit->n_trained,
           (unit->n_values - unit->n_trained) * sizeof *unit->running);
}

void bw_unit_restore(bw_unit *unit)
{
    memcpy(unit->acting + unit->n_trained, unit->running,
           (unit->n_values - unit->n_trained) * sizeof *unit->running);
    bw_engine_touch(unit->engine);
}
