/* layer_case.h - a layer of each kind and shape that tests ask for, with
 * inputs, weights and room for what its plain twin makes. */
#ifndef LAYER_CASE_H
#define LAYER_CASE_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "barrow/random.h"
#include "net_case.h"
#include "nn/network_inside.h"
#include "plain/layers.h"

static const net_case cases[] = {
    {"dense 7", FLAT(5), 3},
    {"dense 1", FLAT(1), 1},
    {"dense 3x2x5", FLAT(1), 2},
    {"dense 300", FLAT(40), 20},
    {"dense 10", FLAT(2500), 6}, /* its inner sum is cut */
    {"dense 2100", FLAT(12), 5}, /* that of dx is */
    {"conv 3 3x3", IMAGE(5, 4, 2), 2},
    {"conv 4 1x1", IMAGE(1, 1, 3), 1},
    {"conv 2 2x2 stride 3", IMAGE(8, 7, 2), 17},
    {"conv 2 3x2 stride 2 pad 1,0,0,1", IMAGE(6, 5, 3), 2},
    {"deconv 3 4x4 stride 2", IMAGE(3, 4, 2), 2},
    {"deconv 2 2x2 stride 3", IMAGE(3, 2, 2), 3},
    {"deconv 2 3x3 stride 2 pad 1", IMAGE(4, 3, 2), 17},
    {"deconv 1 5x5", IMAGE(4, 4, 3), 1},
    {"upsample 1", IMAGE(2, 3, 2), 2},
    {"upsample 3", IMAGE(2, 3, 2), 17},
    {"maxpool 2x2", IMAGE(6, 4, 3), 2},
    {"maxpool 3x2 stride 1 pad same", IMAGE(4, 5, 70), 2},
    {"maxpool 2x2 stride 3", IMAGE(8, 8, 2), 17},
    {"maxpool 1x1", IMAGE(1, 1, 1), 1},
    {"maxpool 3x3 stride 2 pad 1,2,0,1", IMAGE(5, 6, 2), 3},
    {"avgpool 2x2", IMAGE(6, 4, 3), 17},
    {"avgpool 3x3 stride 2 pad 1", IMAGE(5, 7, 2), 2},
    {"avgpool 5x4 stride 1 pad same", IMAGE(3, 3, 2), 1},
    {"batchnorm", IMAGE(3, 2, 4), 5},
    {"batchnorm 1e-3 0.3", FLAT(6), 4},
    {"batchnorm", FLAT(3), 1},
    {"batchnorm", IMAGE(1, 1, 2), 1},
    {"batchnorm", IMAGE(9, 8, 530), 2}, /* blocks of rows and columns */
    {"layernorm", IMAGE(3, 2, 4), 3},
    {"layernorm 1e-2", FLAT(300), 2},
    {"layernorm", FLAT(3), 1},
    {"relu", IMAGE(3, 3, 2), 17},
    {"relu", FLAT(9000), 2},
    {"leakyrelu 0.2", IMAGE(2, 2, 3), 5},
    {"leakyrelu 0", FLAT(7), 1},
    {"elu", IMAGE(2, 2, 3), 5},
    {"tanh", IMAGE(2, 2, 3), 18},
    {"sigmoid", FLAT(37), 5},
    {"softmax", FLAT(1), 2},
    {"softmax", FLAT(37), 300},
    {"flatten", IMAGE(3, 4, 5), 17},
    {"flatten", FLAT(4), 2},
    {"reshape 3 4 5", FLAT(60), 17},
    {"reshape 1 1 2", FLAT(2), 1},
    {"noise 0.1", IMAGE(2, 2, 3), 3},
};
enum { N_CASES = sizeof cases / sizeof *cases };

/* ---- a case in doubles ---- */

typedef struct twin {
    bw_network *network;
    const bw_layer *layer;
    size_t n_in, n_out; /* of all items */
    plain_layer_run run;
    double *x, *dy; /* run's, to change */
} twin;

static double *draw(size_t n, bw_random *random)
{
    double *values = malloc((n + 1) * sizeof *values);

    /* Floats, so that both precisions see the same. */
    for (size_t k = 0; k < n; k++)
        values[k] = (float)(4 * bw_random_uniform(random) - 2);
    return values;
}

static double *zeros(size_t n)
{
    return calloc(n + 1, sizeof(double));
}

static void draw_weights(twin *t, bw_random *random)
{
    for (size_t k = 0; k < t->layer->n_parameters; k++) {
        const bw_parameter *row =
            &t->network->parameter[t->layer->parameter + k];

        t->run.n_weight[k] = row->n;
        t->run.weight[k] = draw(row->n, random);
        if (row->role != BW_ROLE_RUNNING_MEAN &&
            row->role != BW_ROLE_RUNNING_VAR)
            t->run.dweight[k] = zeros(row->n);
        for (size_t i = 0; row->role == BW_ROLE_RUNNING_VAR && i < row->n; i++)
            t->run.weight[k][i] = fabs(t->run.weight[k][i]) + 0.5;
    }
}

static twin make_twin(const net_case *c)
{
    twin t = {0};
    bw_error err = BW_ERROR_INIT;
    bw_random random;

    bw_random_init(&random, 3, BW_RANDOM_TEST, (uint64_t)c->n);
    cr_assert_eq(
        bw_network_parse(c->text, c->text, c->in, 1.0, &t.network, &err), BW_OK,
        "%s", err.text);
    t.layer = &t.network->layer[0];
    t.n_in = c->n * bw_shape_n(t.layer->in);
    t.n_out = c->n * bw_shape_n(t.layer->out);
    t.x = draw(t.n_in, &random);
    t.dy = draw(t.n_out, &random);
    t.run = (plain_layer_run){.layer = t.layer,
                              .n = c->n,
                              .is_training = true,
                              .x = t.x,
                              .y = zeros(t.n_out),
                              .dy = t.dy,
                              .dx = zeros(t.n_in)};
    draw_weights(&t, &random);
    return t;
}

static void free_twin(twin *t)
{
    bw_network_destroy(t->network);
    free(t->x);
    free(t->dy);
    free(t->run.y);
    free(t->run.dx);
    for (size_t k = 0; k < 4; k++) {
        free(t->run.weight[k]);
        free(t->run.dweight[k]);
    }
}

#endif
