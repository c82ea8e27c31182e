/* test_layers.c - every kind of layer: its plain twin's backward against finite
 * differences of the twin's forward, then the layer against the twin, in every
 * layout that it takes, in place where it may, on 1, 2 and 3 threads.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "nn/gemm.h"
#include "nn/layout.h"
#include "nn/network_inside.h"
#include "plain/layers.h"

typedef struct layer_case {
    const char *text;
    bw_shape in;
    size_t n;
} layer_case;

#define FLAT(c)                                                                \
    {                                                                          \
        1, 1, c, true                                                          \
    }
#define IMAGE(h, w, c)                                                         \
    {                                                                          \
        h, w, c, false                                                         \
    }

static const layer_case cases[] = {
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

static twin make_twin(const layer_case *c)
{
    twin t = {0};
    bw_error err = BW_ERROR_INIT;
    bw_random random;

    bw_random_init(&random, 3, BW_RANDOM_TEST, (uint64_t)(c - cases));
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

/* ---- finite differences ---- */

/* sum dy y */
static double loss(const twin *t)
{
    double sum = 0.0;

    plain_layer_forward(&t->run);
    for (size_t k = 0; k < t->n_out; k++)
        sum += t->dy[k] * t->run.y[k];
    return sum;
}

/* At most this many values of an array are disturbed. */
enum { N_PROBES = 40 };

static void check_slopes(const twin *t, const char *text, const char *what,
                         size_t n, double *value, const double *slope)
{
    size_t stride = n / N_PROBES + 1;
    const double h = 1e-5;

    for (size_t k = 0; k < n; k += stride) {
        double kept = value[k], above, below, found;

        value[k] = kept + h;
        above = loss(t);
        value[k] = kept - h;
        below = loss(t);
        value[k] = kept;
        found = (above - below) / (2 * h);
        /* Rounding of the sums over h, and the third derivative. */
        cr_assert_float_eq(found, slope[k], 1e-6 * (1 + fabs(slope[k])),
                           "%s: %s %zu: %.12g by differences, %.12g", text,
                           what, k, found, slope[k]);
    }
}

Test(layers, the_twins_slopes_are_finite_differences)
{
    for (size_t c = 0; c < N_CASES; c++) {
        twin t = make_twin(&cases[c]);

        if (t.n_in * t.n_out < 1000000) {
            plain_layer_forward(&t.run);
            plain_layer_backward(&t.run);
            check_slopes(&t, cases[c].text, "x", t.n_in, t.x, t.run.dx);
            for (size_t k = 0; k < 4; k++)
                if (t.run.dweight[k])
                    check_slopes(&t, cases[c].text, "weight", t.run.n_weight[k],
                                 t.run.weight[k], t.run.dweight[k]);
        }
        free_twin(&t);
    }
}

/* ---- a case in floats ---- */

typedef struct setting {
    size_t n_threads;
    bw_layout in_layout, out_layout;
    bw_way way;
    bool in_place, is_training, relu;
} setting;

/* What a layer made, in rows, the parameters' gradients behind one another. */
typedef struct result {
    float *y, *dx;
    float *weight[4], *dweight[4];
} result;

static float *to_floats(size_t n, const double *values)
{
    float *floats = malloc((n + 1) * sizeof *floats);

    for (size_t k = 0; k < n; k++)
        floats[k] = (float)values[k];
    return floats;
}

/* A fresh array in a layout; values of rows, or NaN, which no layer may
 * leave. */
static float *make_batch(bw_tasks *tasks, bw_layout layout, size_t n,
                         size_t n_values, const double *values)
{
    size_t n_floats = bw_layout_n(layout, n, n_values);
    float *batch = malloc((n_floats + 1) * sizeof *batch), *rows;

    for (size_t k = 0; k < n_floats; k++)
        batch[k] = NAN;
    if (!values)
        return batch;
    rows = to_floats(n * n_values, values);
    if (layout == BW_LAYOUT_LANES)
        bw_layout_to_lanes(tasks, n, n_values, rows, batch);
    else
        memcpy(batch, rows, n_floats * sizeof *batch);
    free(rows);
    return batch;
}

/* The rows of a batch; lanes past n must be finite, or zero. */
static float *take_rows(bw_tasks *tasks, bw_layout layout, size_t n,
                        size_t n_values, float *batch, bool is_gradient)
{
    size_t n_floats = bw_layout_n(layout, n, n_values);
    float *rows;

    if (layout == BW_LAYOUT_ROWS)
        return batch;
    for (size_t k = 0; k < n_floats; k++) {
        size_t item = k / (n_values * BW_LANES) * BW_LANES + k % BW_LANES;

        cr_assert(item < n ||
                      (is_gradient ? batch[k] == 0 : isfinite(batch[k])),
                  "a lane past the items holds %g", (double)batch[k]);
    }
    rows = malloc((n * n_values + 1) * sizeof *rows);
    bw_layout_to_rows(tasks, n, n_values, batch, rows);
    free(batch);
    return rows;
}

static void plan_layer(const twin *t, const setting *s, bw_layer_run *run)
{
    bw_layer_plan plan = {.layer = t->layer,
                          .tasks = run->tasks,
                          .n_max = run->n + 1,
                          .is_training = true,
                          .input_gradient = true,
                          .relu = s->relu,
                          .in_layout = s->in_layout,
                          .out_layout = s->out_layout,
                          .way = s->way};
    bw_error err = BW_ERROR_INIT;
    size_t n_bytes = 0;

    if (t->layer->kind->plan)
        cr_assert_eq(t->layer->kind->plan(&plan, &run->state, &n_bytes, &err),
                     BW_OK, "%s", err.text);
}

/* Forward and, in training, backward with gradients that begin at 1. */
static result run_floats(const twin *t, const setting *s)
{
    size_t v_in = bw_shape_n(t->layer->in), v_out = bw_shape_n(t->layer->out);
    size_t n = t->run.n;
    bw_layer_run run = {.layer = t->layer,
                        .n = n,
                        .is_training = s->is_training,
                        .is_touched = true,
                        .relu = s->relu,
                        .in_layout = s->in_layout,
                        .out_layout = s->out_layout,
                        .seed = 1};
    result r = {0};
    float *x, *dy;

    cr_assert_eq(bw_tasks_create(s->n_threads, &run.tasks, NULL), BW_OK);
    plan_layer(t, s, &run);
    x = make_batch(run.tasks, s->in_layout, n, v_in, t->x);
    dy = make_batch(run.tasks, s->out_layout, n, v_out, t->dy);
    r.y =
        s->in_place ? x : make_batch(run.tasks, s->out_layout, n, v_out, NULL);
    r.dx =
        s->in_place ? dy : make_batch(run.tasks, s->in_layout, n, v_in, NULL);
    for (size_t k = 0; k < 4; k++) {
        run.weight[k] = r.weight[k] =
            to_floats(t->run.n_weight[k], t->run.weight[k]);
        if (t->run.dweight[k])
            r.dweight[k] = malloc(t->run.n_weight[k] * sizeof(float));
        for (size_t i = 0; r.dweight[k] && i < t->run.n_weight[k]; i++)
            r.dweight[k][i] = 1.0f;
        run.dweight[k] = r.dweight[k];
    }
    run.x = x;
    run.y = r.y;
    t->layer->kind->forward(&run);
    run.x = t->layer->kind->in_place ? r.y : x;
    run.dy = dy;
    run.dx = r.dx;
    if (s->is_training)
        t->layer->kind->backward(&run);
    if (t->layer->kind->destroy)
        t->layer->kind->destroy(run.state);
    r.y = take_rows(run.tasks, s->out_layout, n, v_out, r.y, false);
    r.dx = s->is_training
               ? take_rows(run.tasks, s->in_layout, n, v_in, r.dx, true)
               : r.dx;
    if (!s->in_place) {
        free(x);
        free(dy);
    }
    bw_tasks_destroy(run.tasks);
    return r;
}

static void free_result(result *r)
{
    free(r->y);
    free(r->dx);
    for (size_t k = 0; k < 4; k++) {
        free(r->weight[k]);
        free(r->dweight[k]);
    }
}

/* To 1e-5 of the largest value; `begin` was there before. */
static void check_close(const char *text, const char *what, size_t n,
                        const float *found, const double *wanted, double begin)
{
    double largest = 0.0;

    for (size_t k = 0; k < n; k++)
        largest = fmax(largest, fabs(wanted[k]));
    for (size_t k = 0; k < n; k++)
        cr_assert_float_eq((double)found[k] - begin, wanted[k],
                           1e-5 * (largest + begin) + 1e-30,
                           "%s: %s %zu: %.9g for %.9g", text, what, k,
                           (double)found[k] - begin, wanted[k]);
}

static void check_result(const char *text, const twin *t, const result *r)
{
    check_close(text, "y", t->n_out, r->y, t->run.y, 0);
    check_close(text, "dx", t->n_in, r->dx, t->run.dx, 0);
    for (size_t k = 0; k < 4; k++) {
        size_t n = t->run.n_weight[k];

        check_close(text, "weight", n, r->weight[k], t->run.weight[k], 0);
        if (t->run.dweight[k])
            check_close(text, "dweight", n, r->dweight[k], t->run.dweight[k],
                        1);
    }
}

/* The bytes that 2 and 3 threads make are those of 1. */
static void check_threads(const char *text, const twin *t, const setting *s,
                          const result *one)
{
    for (size_t n_threads = 2; n_threads <= 3; n_threads++) {
        setting several = *s;
        result r;

        several.n_threads = n_threads;
        r = run_floats(t, &several);
        cr_assert_arr_eq(r.y, one->y, t->n_out * sizeof *r.y, "%s", text);
        cr_assert_arr_eq(r.dx, one->dx, t->n_in * sizeof *r.dx, "%s", text);
        for (size_t k = 0; k < 4; k++) {
            size_t n = t->run.n_weight[k] * sizeof(float);

            cr_assert_arr_eq(r.weight[k], one->weight[k], n, "%s", text);
            if (r.dweight[k])
                cr_assert_arr_eq(r.dweight[k], one->dweight[k], n, "%s", text);
        }
        free_result(&r);
    }
}

/* The layouts of a kind's sides: false when `choice` is past the last. */
static bool choose_layouts(const bw_layer *layer, int choice, setting *s)
{
    bool is_lanes = choice == 1;

    s->in_layout = s->out_layout = BW_LAYOUT_ROWS;
    switch (layer->kind->layouts) {
    case BW_ONLY_ROWS:
        return choice < 1;
    case BW_SAME_LAYOUT:
        s->in_layout = s->out_layout =
            is_lanes ? BW_LAYOUT_LANES : BW_LAYOUT_ROWS;
        return choice < 2;
    case BW_FREE_IMAGE:
        if (is_lanes && !layer->in.is_flat)
            s->in_layout = BW_LAYOUT_LANES;
        if (is_lanes && !layer->out.is_flat)
            s->out_layout = BW_LAYOUT_LANES;
        return choice < 2;
    case BW_BY_CONVOLUTION:
        s->way = is_lanes ? BW_WAY_THIN : BW_WAY_BLAS;
        if (bw_layer_is_thin(layer, s->way))
            s->in_layout = s->out_layout = BW_LAYOUT_LANES;
        return choice < 2;
    }
    return false;
}

/* The twin of what the float layer does: noise only passes gradients on. */
static bool is_noise(const twin *t)
{
    return t->layer->kind == &bw_layer_noise;
}

static void check_case(const layer_case *c, bool is_training)
{
    twin t = make_twin(c);
    setting s = {.n_threads = 1, .is_training = is_training};
    result before[4];
    int n_before = 0;

    for (int choice = 0; choose_layouts(t.layer, choice, &s); choice++)
        for (int place = 0; place <= t.layer->kind->in_place; place++) {
            s.in_place = place;
            before[n_before] = run_floats(&t, &s);
            check_threads(c->text, &t, &s, &before[n_before]);
            n_before++;
        }
    t.run.is_training = is_training;
    plain_layer_forward(&t.run);
    if (is_training)
        plain_layer_backward(&t.run);
    for (int k = 0; k < n_before; k++) {
        if (is_noise(&t) && is_training)
            check_close(c->text, "dx", t.n_in, before[k].dx, t.run.dx, 0);
        else if (is_training)
            check_result(c->text, &t, &before[k]);
        else
            check_close(c->text, "y", t.n_out, before[k].y, t.run.y, 0);
        free_result(&before[k]);
    }
    free_twin(&t);
}

Test(layers, agree_with_their_twins_in_training)
{
    cr_assert_eq(bw_gemm_init(NULL), BW_OK);
    for (size_t c = 0; c < N_CASES; c++)
        check_case(&cases[c], true);
}

Test(layers, agree_with_their_twins_in_inference)
{
    cr_assert_eq(bw_gemm_init(NULL), BW_OK);
    for (size_t c = 0; c < N_CASES; c++)
        check_case(&cases[c], false);
}

/* A folded relu is the layer's output cut at 0. */
Test(layers, may_take_the_relu_that_follows)
{
    cr_assert_eq(bw_gemm_init(NULL), BW_OK);
    for (size_t c = 0; c < N_CASES; c++) {
        twin t = make_twin(&cases[c]);
        setting s = {.n_threads = 1, .way = BW_WAY_BLAS, .relu = true};
        result with, without;

        if (t.layer->kind->fold_relu) {
            with = run_floats(&t, &s);
            s.relu = false;
            without = run_floats(&t, &s);
            for (size_t k = 0; k < t.n_out; k++)
                cr_assert_eq(with.y[k],
                             without.y[k] > 0.0f ? without.y[k] : 0.0f, "%s",
                             cases[c].text);
            free_result(&with);
            free_result(&without);
        }
        free_twin(&t);
    }
}

/* ---- what floats alone can show ---- */

/* A NaN in item 1 of 3 stays in item 1, and is there. */
Test(layers, pass_a_nan_on)
{
    cr_assert_eq(bw_gemm_init(NULL), BW_OK);
    for (size_t c = 0; c < N_CASES; c++) {
        twin t = make_twin(&cases[c]);
        setting s = {.n_threads = 1, .way = BW_WAY_BLAS};
        bool is_there = false;
        size_t v = t.n_out / t.run.n;
        result r;

        for (size_t k = 0; k < t.n_in / t.run.n; k++)
            t.x[k] = NAN;
        r = run_floats(&t, &s);
        for (size_t k = 0; k < t.n_out; k++) {
            is_there |= k < v && isnan(r.y[k]);
            cr_assert(k < v || !isnan(r.y[k]), "%s", cases[c].text);
        }
        cr_assert(is_there, "%s", cases[c].text);
        free_result(&r);
        free_twin(&t);
    }
}
