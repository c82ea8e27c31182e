/* test_layers.c - every kind of layer against its plain twin: in every layout
 * that it takes, in place where it may, on 1, 2 and 3 threads. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "layer_case.h"
#include "nn/gemm.h"
#include "nn/layout.h"

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

static void check_case(const net_case *c, bool is_training)
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

/* Of equal values the first in row order takes all of dy. */
Test(layers, ties_of_maxpool_go_to_the_first)
{
    static const net_case tie = {"maxpool 2x2", IMAGE(2, 4, 1), 1};
    static const float right[8] = {1, 0, 0, 1, 0, 0, 0, 0};
    setting s = {.n_threads = 1, .is_training = true};
    twin t = make_twin(&tie);
    result r;

    for (size_t k = 0; k < 8; k++)
        t.x[k] = k == 2 ? -1 : 0.5;
    t.dy[0] = t.dy[1] = 1;
    r = run_floats(&t, &s);
    cr_assert_arr_eq(r.dx, right, sizeof right);
    free_result(&r);
    free_twin(&t);
}
