/* critic_case.h - critics that are linear but for kinks, in floats by the
 * engine, and in doubles by the plain layers: outputs and input gradients.
 * Instances where a value comes so near to a kink that floats might cross it
 * are drawn again. */
#ifndef CRITIC_CASE_H
#define CRITIC_CASE_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/engine.h"
#include "barrow/random.h"
#include "base/tasks.h"
#include "net_case.h"
#include "nn/conv.h"
#include "nn/network_inside.h"
#include "plain/layers.h"

/* One output, for the penalty. Together: layers of all linear kinds; layouts of
 * all ways, with lanes that are full and not; activations first, last, folded
 * and one after the other; layers past the last parameters. */
static const net_case critics[] = {
    {"dense 9\nleakyrelu 0.2\ndense 7\nrelu\ndense 1", FLAT(5), 6},
    {"dense 1", FLAT(3), 1},
    {"dense 300\nrelu\ndense 2100\nleakyrelu 0.1\ndense 1", FLAT(4), 2},
    {"leakyrelu 0.3\ndense 8\nrelu\nleakyrelu 0.5\ndense 1\nleakyrelu 0.7",
     FLAT(6), 4},
    {"conv 64 5x5 stride 2\nleakyrelu 0.2\nconv 64 5x5 stride 2\n"
     "leakyrelu 0.2\nflatten\ndense 1",
     IMAGE(8, 7, 1), 3},
    {"conv 4 3x3\nrelu\nconv 6 4x4 stride 2\nleakyrelu 0.1\nflatten\ndense 1",
     IMAGE(6, 5, 2), 19},
    {"conv 3 3x2 stride 2 pad 1,0,0,1\nrelu\nconv 20 2x2\nrelu\n"
     "conv 30 3x3 stride 2 pad 1\nflatten\ndense 1",
     IMAGE(6, 5, 3), 16},
    {"conv 8 4x4 stride 2 pad 1\nleakyrelu 0.2\nconv 1 4x3 pad 0",
     IMAGE(8, 6, 3), 5},
    {"dense 2x3x4\nreshape 2 3 4\nrelu\ndeconv 5 4x4 stride 2\n"
     "leakyrelu 0.2\nupsample 2\nconv 3 3x3\nrelu\navgpool 2x2\n"
     "deconv 40 3x3 stride 2 pad 1\nrelu\navgpool 3x3 stride 2 pad 1\n"
     "flatten\ndense 1",
     FLAT(6), 17},
    {"deconv 2 2x2 stride 3\nrelu\nconv 1 9x6 pad 0\nflatten\nreshape 1 1 1\n"
     "upsample 3\navgpool 3x3\nflatten",
     IMAGE(3, 2, 2), 33},
};
enum { N_CRITICS = sizeof critics / sizeof *critics };

/* Values and their twins in doubles. */
typedef struct critic {
    bw_tasks *tasks;
    bw_network *network;
    bw_engine *engine;
    size_t n, n_in, n_out, n_values, n_trained;
    float *block, *dblock, *x, *dy, *v;
    double *twin_block, *twin_dblock, *twin_dx, *twin_y[BW_MAX_LAYERS];
} critic;

static const bw_way critic_ways[] = {BW_WAY_AUTO, BW_WAY_BLAS, BW_WAY_ONEDNN,
                                     BW_WAY_THIN};
enum { N_CRITIC_WAYS = 4 };

static inline float *critic_draw(size_t n, double sd, uint64_t stream)
{
    float *values = calloc(n + 1, sizeof *values);
    bw_random random;

    cr_assert(values != NULL);
    bw_random_init(&random, 11, BW_RANDOM_TEST, stream);
    for (size_t k = 0; k < n; k++)
        values[k] = (float)(sd * bw_random_normal(&random));
    return values;
}

/* ---- in doubles ---- */

static inline plain_layer_run critic_layer(const critic *c, size_t k,
                                           const double *x)
{
    const bw_layer *layer = &c->network->layer[k];
    plain_layer_run run = {.layer = layer,
                           .n = c->n,
                           .is_training = true,
                           .x = x,
                           .y = c->twin_y[k]};

    for (size_t p = 0; p < layer->n_parameters; p++) {
        const bw_parameter *row = &c->network->parameter[layer->parameter + p];

        run.weight[p] = c->twin_block + row->offset;
        run.dweight[p] = c->twin_dblock + row->offset;
        run.n_weight[p] = row->n;
    }
    return run;
}

static inline double *critic_doubles(size_t n, const float *values)
{
    double *twin = calloc(n + 1, sizeof *twin);

    cr_assert(twin != NULL);
    for (size_t k = 0; values && k < n; k++)
        twin[k] = (double)values[k];
    return twin;
}

/* Fills twin_dx by the twin's block; the least distance from a kink. */
static inline double critic_twin(critic *c)
{
    size_t n_layers = c->network->n_layers, largest = c->n * c->n_in;
    double *x = critic_doubles(c->n * c->n_in, c->x), *dy, *dx, *swap;
    double margin = HUGE_VAL;

    for (size_t k = 0; k < n_layers; k++) {
        const bw_layer *layer = &c->network->layer[k];
        const double *in = k ? c->twin_y[k - 1] : x;
        plain_layer_run run = critic_layer(c, k, in);
        size_t n = c->n * bw_shape_n(layer->in);

        if (strstr(layer->kind->name, "relu"))
            for (size_t i = 0; i < n; i++)
                margin = fmin(margin, in[i] != 0 ? fabs(in[i]) : HUGE_VAL);
        plain_layer_forward(&run);
        n = c->n * bw_shape_n(layer->out);
        largest = n > largest ? n : largest;
    }
    dy = critic_doubles(largest, NULL);
    dx = critic_doubles(largest, NULL);
    for (size_t k = 0; k < c->n * c->n_out; k++)
        dy[k] = (double)c->dy[k];
    for (size_t k = n_layers; k-- > 0;) {
        plain_layer_run run = critic_layer(c, k, k ? c->twin_y[k - 1] : x);

        run.dy = dy;
        run.dx = dx;
        plain_layer_backward(&run);
        swap = dy;
        dy = dx;
        dx = swap;
    }
    memcpy(c->twin_dx, dy, c->n * c->n_in * sizeof *dy);
    free(x);
    free(dy);
    free(dx);
    return margin;
}

/* ---- instances ---- */

static inline void critic_free_values(critic *c)
{
    free(c->block);
    free(c->x);
    free(c->dy);
    free(c->v);
    free(c->twin_block);
}

/* Weights that keep values near 1, biases that are not 0. */
static inline void critic_values(critic *c, bool has_seed_one, uint64_t stream)
{
    c->block = critic_draw(c->n_values, 0.3, stream);
    c->x = critic_draw(c->n * c->n_in, 1, stream + 1);
    c->dy = critic_draw(c->n * c->n_out, 1, stream + 2);
    c->v = critic_draw(c->n * c->n_in, 1, stream + 3);
    for (size_t k = 0; k < c->network->n_parameters; k++) {
        const bw_parameter *row = &c->network->parameter[k];

        for (size_t i = 0; row->role == BW_ROLE_WEIGHT && i < row->n; i++)
            c->block[row->offset + i] *= 4 / sqrtf((float)row->fan_in);
    }
    for (size_t k = 0; has_seed_one && k < c->n * c->n_out; k++)
        c->dy[k] = 1;
    c->twin_block = critic_doubles(c->n_values, c->block);
}

/* has_seed_one: dy is 1, as the penalty has it. second: or an engine without.
 */
static inline critic critic_start(const net_case *from, bool has_seed_one,
                                  bool second, bw_way way, size_t n_threads)
{
    bw_engine_options options = {.n_max = from->n + 3,
                                 .is_training = true,
                                 .input_gradient = true,
                                 .second = second,
                                 .way = way};
    bw_error err = BW_ERROR_INIT;
    critic c = {.n = from->n, .n_in = bw_shape_n(from->in)};
    uint64_t stream = 0;

    cr_assert_eq(bw_tasks_create(n_threads, &c.tasks, &err), BW_OK);
    cr_assert_eq(
        bw_network_parse(from->text, "net", from->in, 1, &c.network, &err),
        BW_OK, "%s", err.text);
    cr_assert_eq(
        bw_engine_create(c.network, &options, c.tasks, &c.engine, &err), BW_OK,
        "%s", err.text);
    c.n_out = bw_shape_n(bw_network_output(c.network));
    c.n_values = bw_network_n_values(c.network);
    c.n_trained = bw_network_n_trained(c.network);
    c.dblock = calloc(c.n_values, sizeof *c.dblock);
    c.twin_dblock = critic_doubles(c.n_values, NULL);
    c.twin_dx = critic_doubles(c.n * c.n_in, NULL);
    for (size_t k = 0; k < c.network->n_layers; k++)
        c.twin_y[k] =
            critic_doubles(c.n * bw_shape_n(c.network->layer[k].out), NULL);
    critic_values(&c, has_seed_one, stream);
    while (critic_twin(&c) < 1e-5) {
        critic_free_values(&c);
        critic_values(&c, has_seed_one, stream += 4);
        cr_assert_lt(stream, 4000, "%s: a kink is always near", from->text);
    }
    memcpy(bw_engine_input(c.engine), c.x, c.n * c.n_in * sizeof *c.x);
    return c;
}

static inline void critic_finish(critic *c)
{
    for (size_t k = 0; k < c->network->n_layers; k++)
        free(c->twin_y[k]);
    bw_engine_destroy(c->engine);
    bw_network_destroy(c->network);
    bw_tasks_destroy(c->tasks);
    critic_free_values(c);
    free(c->dblock);
    free(c->twin_dblock);
    free(c->twin_dx);
}

/* Forward, and backward with the case's output gradient. */
static inline const float *critic_pass(critic *c, float *opt_dblock)
{
    (void)bw_engine_forward(c->engine, BW_MODE_TRAIN, c->n, c->block, 0);
    memcpy(bw_engine_output_gradient(c->engine), c->dy,
           c->n * c->n_out * sizeof *c->dy);
    return bw_engine_backward(c->engine, c->n, c->block, opt_dblock);
}

/* The most that dblock is off `wanted`, as a share of the largest of it. */
static inline double critic_error(const critic *c, const float *wanted)
{
    double largest = 0, worst = 0;

    for (size_t k = 0; k < c->n_trained; k++) {
        double error = fabs((double)c->dblock[k] - (double)wanted[k]);

        largest = fmax(largest, fabs((double)wanted[k]));
        worst = error <= worst ? worst : error; /* a NaN stays */
    }
    return worst > 0 ? worst / largest : worst;
}

/* ---- central differences ---- */

/* What is made of twin_dx. */
typedef double critic_sum(const critic *c);

/* Of `sum` by value k of the twin's block. */
static inline double critic_slope(critic *c, critic_sum *sum, size_t k)
{
    const double h = 1e-6, value = c->twin_block[k];
    double up, down;

    c->twin_block[k] = value + h;
    (void)critic_twin(c);
    up = sum(c);
    c->twin_block[k] = value - h;
    (void)critic_twin(c);
    down = sum(c);
    c->twin_block[k] = value;
    return (up - down) / (2 * h);
}

/* dblock against the slopes of `sum`, to `tolerance` of the largest: some of
 * each parameter, the first and the last among them. */
static inline void critic_compare(critic *c, critic_sum *sum, double tolerance)
{
    double largest = 0;

    for (size_t k = 0; k < c->n_trained; k++)
        largest = fmax(largest, fabs((double)c->dblock[k]));
    cr_assert(largest > 0);
    for (size_t p = 0; p < c->network->n_parameters; p++) {
        const bw_parameter *row = &c->network->parameter[p];
        size_t step = row->n / 8 + 1;

        for (size_t i = 0; i < row->n; i += i + step < row->n ? step
                                            : i + 1 < row->n  ? row->n - 1 - i
                                                              : 1) {
            double want = critic_slope(c, sum, row->offset + i);
            double got = (double)c->dblock[row->offset + i];

            cr_assert_float_eq(
                got, want, tolerance * largest, "%s: %s %zu: %g, not %g of %g",
                bw_network_text(c->network), row->name, i, got, want, largest);
        }
    }
}

#endif
