/* test_torch_penalty.c - gradient penalties against PyTorch's double backward,
 * to 1e-4 of the largest magnitude, and spectral normalisation against its own,
 * to 1e-5 (tests/fixtures/make_torch_penalty.py).
 */
#include "config.h"

#include "barrow/engine.h"
#include "base/tasks.h"
#include "nn/conv.h"
#include "nn/network_inside.h"
#include "nn/penalty.h"
#include "nn/spectral.h"
#include "torch_fixture.h"

typedef struct setup {
    torch_fixture all;
    const char *name;
    bw_tasks *tasks;
    bw_network *network;
    bw_engine *engine;
    size_t n, n_values;
    float *values, *gradient;
} setup;

/* Tensor NAME.GROUP, or NAME.GROUP.ROW. */
static const float *find(const setup *s, const char *group, const char *row,
                         size_t n_wanted)
{
    char name[128];
    const float *found;
    size_t n;

    snprintf(name, sizeof name, "%s.%s%s%s", s->name, group, *row ? "." : "",
             row);
    found = torch_find(&s->all, name, &n);
    cr_assert(n_wanted == 0 || n == n_wanted, "%s: %zu, not %zu", name, n,
              n_wanted);
    return found;
}

static void compare(const setup *s, const char *group, const char *row,
                    size_t n, const float *got, double tolerance)
{
    double error = torch_error(n, got, find(s, group, row, n));

    cr_expect(error <= tolerance, "%s.%s.%s: off by %g", s->name, group, row,
              error);
}

static const char *metadata(const setup *s, const char *group)
{
    char name[128];
    const char *text;

    snprintf(name, sizeof name, "%s.%s", group, s->name);
    text = bw_reader_meta(s->all.reader, name);
    cr_assert(text != NULL, "%s", name);
    return text;
}

static bw_shape shape_of(const setup *s)
{
    const char *text = metadata(s, "input");
    bw_shape shape = {.h = 1, .w = 1};

    if (sscanf(text, "%zux%zux%zu", &shape.h, &shape.w, &shape.c) != 3) {
        shape = (bw_shape){.h = 1, .w = 1, .is_flat = true};
        cr_assert_eq(sscanf(text, "%zu", &shape.c), 1);
    }
    return shape;
}

static setup start(const char *name, bool second, bw_way way)
{
    setup s = {.name = name};
    bw_engine_options options = {.is_training = true,
                                 .input_gradient = second,
                                 .second = second,
                                 .way = way};
    bw_error err = BW_ERROR_INIT;
    const float *input;
    size_t n_input;
    char full[128];

    torch_open("torch_penalty.safetensors", &s.all);
    cr_assert_eq(bw_tasks_create(2, &s.tasks, &err), BW_OK);
    cr_assert_eq(bw_network_parse(metadata(&s, "net"), name, shape_of(&s), 1,
                                  &s.network, &err),
                 BW_OK, "%s", err.text);
    snprintf(full, sizeof full, "%s.input", name);
    input = torch_find(&s.all, full, &n_input);
    s.n = options.n_max = n_input / bw_shape_n(shape_of(&s));
    cr_assert_eq(
        bw_engine_create(s.network, &options, s.tasks, &s.engine, &err), BW_OK,
        "%s", err.text);
    memcpy(bw_engine_input(s.engine), input, n_input * sizeof *input);
    s.n_values = bw_network_n_values(s.network);
    s.values = calloc(s.n_values, sizeof *s.values);
    s.gradient = calloc(s.n_values, sizeof *s.gradient);
    cr_assert(s.values != NULL && s.gradient != NULL);
    for (size_t k = 0; k < s.network->n_parameters; k++) {
        const bw_parameter *row = &s.network->parameter[k];

        memcpy(s.values + row->offset, find(&s, "values", row->name, row->n),
               row->n * sizeof *s.values);
    }
    return s;
}

static void finish(setup *s)
{
    bw_engine_destroy(s->engine);
    bw_network_destroy(s->network);
    bw_tasks_destroy(s->tasks);
    torch_close(&s->all);
    free(s->values);
    free(s->gradient);
}

/* ---- penalties ---- */

static void check_penalty(const char *name, bw_way way)
{
    for (int side = 0; side < 2; side++) {
        setup s = start(name, true, way);
        bw_slopes slopes = bw_penalty_gradient(s.engine, s.tasks, s.n, s.values,
                                               side == 1, 1, s.gradient);
        double wanted = (double)find(&s, "penalty", "", 2)[side];

        cr_expect_float_eq(slopes.penalty, wanted, 1e-5 * wanted,
                           "%s: %g, not %g", name, slopes.penalty, wanted);
        for (size_t k = 0; k < s.network->n_parameters; k++) {
            const bw_parameter *row = &s.network->parameter[k];

            compare(&s, side ? "one" : "two", row->name, row->n,
                    s.gradient + row->offset, 1e-4);
        }
        finish(&s);
    }
}

Test(torch_penalty, double_backward)
{
    const char *const names[] = {"mlp", "gp", "wide"};
    const bw_way ways[] = {BW_WAY_AUTO, BW_WAY_BLAS, BW_WAY_ONEDNN,
                           BW_WAY_THIN};

    for (size_t k = 0; k < 3; k++)
        for (size_t w = 0; w < 4; w++)
            if (ways[w] == BW_WAY_AUTO || bw_conv_has(ways[w]))
                check_penalty(names[k], ways[w]);
}

/* ---- spectral normalisation ---- */

/* u and v of each weight, one behind the other, against or from the file. */
static size_t take_state(const setup *s, bool is_check, float *state)
{
    size_t n = 0;

    for (size_t k = 0; k < s->network->n_parameters; k++) {
        const bw_parameter *row = &s->network->parameter[k];
        size_t out, rest;
        char layer[32];

        if (row->role != BW_ROLE_WEIGHT)
            continue;
        snprintf(layer, sizeof layer, "%d", atoi(row->name));
        out = s->network->layer[atoi(row->name)].units;
        rest = row->n / out;
        if (is_check) {
            compare(s, "new_u", layer, out, state + n, 1e-5);
            compare(s, "new_v", layer, rest, state + n + out, 1e-5);
        } else {
            memcpy(state + n, find(s, "u", layer, out), out * sizeof *state);
            memcpy(state + n + out, find(s, "v", layer, rest),
                   rest * sizeof *state);
        }
        n += out + rest;
    }
    return n;
}

static void check_weights(const setup *s, const float *acting)
{
    for (size_t k = 0; k < s->network->n_parameters; k++) {
        const bw_parameter *row = &s->network->parameter[k];
        float found;
        char layer[32];

        if (row->role != BW_ROLE_WEIGHT) {
            cr_expect_eq(memcmp(acting + row->offset, s->values + row->offset,
                                row->n * sizeof *acting),
                         0);
            continue;
        }
        snprintf(layer, sizeof layer, "%d", atoi(row->name));
        compare(s, "acting", row->name, row->n, acting + row->offset, 1e-5);
        found = s->values[row->offset] / acting[row->offset];
        compare(s, "s", layer, 1, &found, 1e-5);
    }
}

static void check_spectral(const char *name)
{
    setup s = start(name, false, BW_WAY_AUTO);
    bw_spectral *spectral;
    float *state, *acting = calloc(s.n_values, sizeof *acting);
    size_t n_out = s.n * bw_shape_n(bw_network_output(s.network));

    cr_assert_eq(bw_spectral_create(s.network, s.tasks, &spectral, NULL),
                 BW_OK);
    state = calloc(bw_spectral_n_state(spectral), sizeof *state);
    cr_assert(state != NULL && acting != NULL);
    cr_expect_eq(take_state(&s, false, state), bw_spectral_n_state(spectral));
    bw_spectral_apply(spectral, true, s.values, state, acting);
    (void)take_state(&s, true, state);
    check_weights(&s, acting);
    (void)bw_engine_forward(s.engine, BW_MODE_TRAIN, s.n, acting, 0);
    memcpy(bw_engine_output_gradient(s.engine), find(&s, "doutput", "", n_out),
           n_out * sizeof *state);
    (void)bw_engine_backward(s.engine, s.n, acting, s.gradient);
    bw_spectral_gradient(spectral, s.values, state, s.gradient);
    for (size_t k = 0; k < s.network->n_parameters; k++) {
        const bw_parameter *row = &s.network->parameter[k];

        compare(&s, "grads", row->name, row->n, s.gradient + row->offset, 1e-5);
    }
    bw_spectral_destroy(spectral);
    free(state);
    free(acting);
    finish(&s);
}

Test(torch_penalty, spectral)
{
    check_spectral("dense");
    check_spectral("conv");
}
