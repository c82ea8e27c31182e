/* test_torch_fixtures.c - every layer but noise against PyTorch in double
 * precision (tests/fixtures/make_torch_layers.py), by each way to convolve.
 *
 * Tensors agree to 1e-5 of the largest magnitude in the reference; one and two
 * threads give the same bytes.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/engine.h"
#include "base/tasks.h"
#include "nn/conv.h"
#include "torch_fixture.h"

static const double tolerance = 1e-5;

/* Tensor NAME.GROUP or NAME.GROUP.ROW. */
static const float *find(const torch_fixture *all, const char *name,
                         const char *group, const char *row, size_t *n)
{
    char wanted[128];

    snprintf(wanted, sizeof wanted, "%s.%s%s%s", name, group, row ? "." : "",
             row ? row : "");
    return torch_find(all, wanted, n);
}

static void compare(const torch_fixture *all, const char *name,
                    const char *group, const char *row, const float *got,
                    size_t n)
{
    size_t n_wanted;
    const float *wanted = find(all, name, group, row, &n_wanted);
    double error;

    cr_assert_eq(n, n_wanted, "%s.%s: %zu, not %zu", name, group, n, n_wanted);
    error = torch_error(n, got, wanted);
    cr_expect(error <= tolerance, "%s.%s.%s: off by %g", name, group,
              row ? row : "", error);
}

static bw_shape read_shape(const char *text)
{
    bw_shape shape = {.h = 1, .w = 1};

    if (sscanf(text, "%zux%zux%zu", &shape.h, &shape.w, &shape.c) != 3) {
        shape = (bw_shape){.h = 1, .w = 1, .c = 0, .is_flat = true};
        cr_assert_eq(sscanf(text, "%zu", &shape.c), 1);
    }
    return shape;
}

/* What a pass leaves behind. */
typedef struct pass {
    size_t n_output, n_input, n_values;
    float *output, *inference, *dinput, *values, *grads;
} pass;

static float *copy(const float *x, size_t n)
{
    float *y = malloc(n * sizeof *y);

    cr_assert(y != NULL);
    memcpy(y, x, n * sizeof *y);
    return y;
}

static void free_pass(pass *p)
{
    free(p->output);
    free(p->inference);
    free(p->dinput);
    free(p->values);
    free(p->grads);
}

static bool is_running(const bw_parameter *row)
{
    return row->role == BW_ROLE_RUNNING_MEAN ||
           row->role == BW_ROLE_RUNNING_VAR;
}

static pass run(const torch_fixture *all, const char *name,
                const bw_network *network, bw_way way, size_t n_threads)
{
    bw_error err = BW_ERROR_INIT;
    pass p = {.n_values = bw_network_n_values(network)};
    size_t n_item = bw_shape_n(bw_network_input(network)), n, n_any;
    const float *input = find(all, name, "input", NULL, &p.n_input);
    const float *doutput = find(all, name, "doutput", NULL, &p.n_output);
    /* Room for more than comes: no pass may look at it. */
    bw_engine_options options = {
        .is_training = true, .input_gradient = true, .way = way};
    bw_tasks *tasks;
    bw_engine *engine;

    n = p.n_input / n_item;
    options.n_max = n + 3;
    cr_assert_eq(bw_tasks_create(n_threads, &tasks, &err), BW_OK);
    cr_assert_eq(bw_engine_create(network, &options, tasks, &engine, &err),
                 BW_OK, "%s", err.text);
    p.values = calloc(p.n_values, sizeof *p.values);
    p.grads = calloc(p.n_values, sizeof *p.grads);
    cr_assert(p.values != NULL && p.grads != NULL);
    for (size_t k = 0; k < bw_network_n_parameters(network); k++) {
        const bw_parameter *row = bw_network_parameter(network, k);
        const float *from = find(all, name, "values", row->name, &n_any);

        cr_assert_eq(n_any, row->n, "%s %s", name, row->name);
        memcpy(p.values + row->offset, from, n_any * sizeof *from);
    }
    memcpy(bw_engine_input(engine), input, p.n_input * sizeof *input);
    p.output = copy(bw_engine_forward(engine, BW_MODE_TRAIN, n, p.values, 1),
                    p.n_output);
    memcpy(bw_engine_output_gradient(engine), doutput,
           p.n_output * sizeof *doutput);
    p.dinput =
        copy(bw_engine_backward(engine, n, p.values, p.grads), p.n_input);
    p.inference = copy(bw_engine_forward(engine, BW_MODE_INFER, n, p.values, 1),
                       p.n_output);
    bw_engine_destroy(engine);
    bw_tasks_destroy(tasks);
    return p;
}

static void check_pass(const torch_fixture *all, const char *name,
                       const bw_network *network, const pass *p)
{
    compare(all, name, "output", NULL, p->output, p->n_output);
    compare(all, name, "inference", NULL, p->inference, p->n_output);
    compare(all, name, "dinput", NULL, p->dinput, p->n_input);
    for (size_t k = 0; k < bw_network_n_parameters(network); k++) {
        const bw_parameter *row = bw_network_parameter(network, k);

        if (is_running(row))
            compare(all, name, "after", row->name, p->values + row->offset,
                    row->n);
        else
            compare(all, name, "grads", row->name, p->grads + row->offset,
                    row->n);
    }
}

static void check_equal(const char *name, const pass *a, const pass *b)
{
    cr_expect_eq(memcmp(a->output, b->output, a->n_output * sizeof(float)), 0,
                 "%s: outputs", name);
    cr_expect_eq(
        memcmp(a->inference, b->inference, a->n_output * sizeof(float)), 0,
        "%s: inference", name);
    cr_expect_eq(memcmp(a->dinput, b->dinput, a->n_input * sizeof(float)), 0,
                 "%s: input gradient", name);
    cr_expect_eq(memcmp(a->values, b->values, a->n_values * sizeof(float)), 0,
                 "%s: statistics", name);
    cr_expect_eq(memcmp(a->grads, b->grads, a->n_values * sizeof(float)), 0,
                 "%s: gradients", name);
}

static void check_case(const torch_fixture *all, const char *name,
                       const char *text, bw_shape input, bw_way way)
{
    bw_error err = BW_ERROR_INIT;
    bw_network *network;
    pass one, two;

    cr_assert_eq(bw_network_parse(text, name, input, 1, &network, &err), BW_OK,
                 "%s", err.text);
    one = run(all, name, network, way, 1);
    two = run(all, name, network, way, 2);
    check_pass(all, name, network, &one);
    check_equal(name, &one, &two);
    free_pass(&one);
    free_pass(&two);
    bw_network_destroy(network);
}

static void check_all(bw_way way)
{
    torch_fixture all;
    size_t n_cases = 0;

    if (way != BW_WAY_AUTO && !bw_conv_has(way))
        return;
    torch_open("torch_layers.safetensors", &all);
    for (size_t k = 0; k < bw_reader_n_meta(all.reader); k++) {
        const char *key = bw_reader_meta_key(all.reader, k);
        char shape[64];

        if (strncmp(key, "net.", 4) != 0)
            continue;
        snprintf(shape, sizeof shape, "input.%s", key + 4);
        check_case(&all, key + 4, bw_reader_meta(all.reader, key),
                   read_shape(bw_reader_meta(all.reader, shape)), way);
        n_cases++;
    }
    cr_expect_eq(n_cases, 5);
    torch_close(&all);
}

Test(torch_fixtures, chosen_ways)
{
    check_all(BW_WAY_AUTO);
}

Test(torch_fixtures, blas)
{
    check_all(BW_WAY_BLAS);
}

Test(torch_fixtures, onednn)
{
    check_all(BW_WAY_ONEDNN);
}

Test(torch_fixtures, thin)
{
    check_all(BW_WAY_THIN);
}

Test(torch_fixtures, phase)
{
    check_all(BW_WAY_PHASE);
}
