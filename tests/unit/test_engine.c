/* test_engine.c - plans and passes of the engine: who shares buffers, where
 * layouts change, what a pass reads and leaves. Values of layers themselves are
 * test_torch_fixtures' and test_layers'.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "allocations.h"
#include "barrow/engine.h"
#include "barrow/random.h"
#include "base/tasks.h"
#include "nn/conv.h"
#include "nn/engine_plan.h"

static const bw_shape image = {.h = 6, .w = 5, .c = 2};
enum { N_IMAGE = 60 };

/* ---- a network at work ---- */

typedef struct bench {
    bw_tasks *tasks;
    bw_network *network;
    bw_engine *engine;
    float *block, *grads;
    size_t n_in, n_out;
} bench;

static bench start(const char *text, bw_shape input, bw_engine_options options,
                   size_t n_threads)
{
    bw_error err = BW_ERROR_INIT;
    bench b = {.n_in = bw_shape_n(input)};
    size_t n;

    cr_assert_eq(bw_tasks_create(n_threads, &b.tasks, &err), BW_OK);
    cr_assert_eq(bw_network_parse(text, "net", input, 1, &b.network, &err),
                 BW_OK, "%s", err.text);
    cr_assert_eq(
        bw_engine_create(b.network, &options, b.tasks, &b.engine, &err), BW_OK,
        "%s", err.text);
    n = bw_network_n_values(b.network) + 1;
    b.block = calloc(n, sizeof *b.block);
    b.grads = calloc(n, sizeof *b.grads);
    cr_assert(b.block != NULL && b.grads != NULL);
    bw_network_init(b.network, BW_INIT_GLOROT, 0, 5, 0, b.block);
    b.n_out = bw_shape_n(bw_network_output(b.network));
    return b;
}

static void finish(bench *b)
{
    bw_engine_destroy(b->engine);
    bw_network_destroy(b->network);
    bw_tasks_destroy(b->tasks);
    free(b->block);
    free(b->grads);
}

static void draw(float *x, size_t n, uint64_t stream)
{
    bw_random random;

    bw_random_init(&random, 3, BW_RANDOM_TEST, stream);
    for (size_t k = 0; k < n; k++)
        x[k] = (float)bw_random_normal(&random);
}

/* One training pass of n items: outputs and input gradients are copied where
 * there is room for them. */
static void step(bench *b, size_t n, uint64_t number, float *opt_y,
                 float *opt_dx)
{
    const float *y, *dx;

    draw(bw_engine_input(b->engine), n * b->n_in, 1);
    y = bw_engine_forward(b->engine, BW_MODE_TRAIN, n, b->block, number);
    if (opt_y)
        memcpy(opt_y, y, n * b->n_out * sizeof *y);
    draw(bw_engine_output_gradient(b->engine), n * b->n_out, 2);
    dx = bw_engine_backward(b->engine, n, b->block, b->grads);
    if (opt_dx)
        memcpy(opt_dx, dx, n * b->n_in * sizeof *dx);
}

static const bw_engine_options training = {
    .n_max = 20, .is_training = true, .input_gradient = true};

/* ---- plans ---- */

/* One letter a step: < to lanes, > to rows; R, L layers by their layout (in
 * lower case where they work in place), * between two; f a relu that the step
 * before does. */
static void check_plan(const char *text, bw_engine_options options,
                       const char *wanted)
{
    bench b = start(text, image, options, 1);
    char plan[BW_MAX_STEPS + 1] = "";

    for (size_t k = 0; k < b.engine->n_steps; k++) {
        const bw_engine_step *s = &b.engine->step[k];

        plan[k] = s->kind == BW_STEP_TO_LANES       ? '<'
                  : s->kind == BW_STEP_TO_ROWS      ? '>'
                  : s->is_folded                    ? 'f'
                  : s->in_layout != s->out_layout   ? '*'
                  : s->in_layout == BW_LAYOUT_LANES ? 'L'
                                                    : 'R';
        if (s->is_shared && !s->is_folded)
            plan[k] = plan[k] == 'L' ? 'l' : 'r';
        cr_expect_eq(s->x == s->y, s->is_shared);
    }
    cr_expect_str_eq(plan, wanted, "%s: %s, not %s", text, plan, wanted);
    finish(&b);
}

Test(engine, layouts)
{
    bw_engine_options thin = training, blas = training, infer = {.n_max = 3};

    thin.way = infer.way = BW_WAY_THIN;
    blas.way = BW_WAY_BLAS;
    /* The input comes in rows, and elementwise layers take it so. */
    check_plan("tanh\nconv 3 3x3\nrelu\nconv 2 3x3", thin, "R<LfL>");
    /* Flatten reads lanes, reshape writes what its reader wants. */
    check_plan("conv 3 3x3\nelu\nflatten\ndense 60\nrelu\nreshape 6 5 2\ntanh\n"
               "conv 1 3x3\nflatten\nsoftmax",
               thin, "<Ll*Rf*lL*r");
    check_plan("conv 3 3x3\nelu\nflatten\ndense 60\nrelu\nreshape 6 5 2\ntanh\n"
               "conv 1 3x3\nflatten\nsoftmax",
               blas, "RrRRfRrRRr");
    check_plan("flatten\nreshape 6 5 2\nrelu\nflatten", thin, "RRrR");
    check_plan("conv 3 3x3\nbatchnorm\nrelu\nconv 3 3x3", thin, "<L>Rf<L>");
    /* A layer that needs its output keeps it while it trains. */
    check_plan("flatten\ndense 3\ntanh\nrelu\nsigmoid", blas, "RRrRR");
    check_plan("tanh\nrelu\nconv 1 1x1\nrelu", infer, "Rr<Lf>");
}

Test(engine, ways_that_are_missing)
{
    bw_engine_options options = training;
    bw_error err = BW_ERROR_INIT;
    bw_engine *engine;
    bw_network *network;
    bw_tasks *tasks;

    cr_assert_eq(bw_tasks_create(1, &tasks, NULL), BW_OK);
    cr_assert_eq(
        bw_network_parse("conv 1 1x1", "net", image, 1, &network, NULL), BW_OK);
    options.n_max = 0;
    cr_expect_eq(bw_engine_create(network, &options, tasks, &engine, &err),
                 BW_ERR_USAGE);
    cr_expect(engine == NULL);
    options.n_max = SIZE_MAX;
    cr_expect_eq(bw_engine_create(network, &options, tasks, &engine, &err),
                 BW_ERR_MEMORY);
#ifndef HAS_OWN_MALLOC
    options.n_max = (size_t)1 << 40;
    cr_expect_eq(bw_engine_create(network, &options, tasks, &engine, &err),
                 BW_ERR_MEMORY);
#endif
    cr_expect(engine == NULL);
    options = training;
    options.way = BW_WAY_ONEDNN;
    if (!bw_conv_has(BW_WAY_ONEDNN)) {
        cr_expect_eq(bw_engine_create(network, &options, tasks, &engine, &err),
                     BW_ERR_USAGE);
        cr_expect_str_eq(err.text, "this build has no convolutions by onednn");
    }
    bw_engine_destroy(NULL);
    bw_network_destroy(network);
    bw_tasks_destroy(tasks);
}

/* ---- passes ---- */

/* tanh, relu and sigmoid in a row, each in need of its own output. */
Test(engine, chain_of_activations)
{
    bench b = start("tanh\nrelu\nsigmoid\nelu", image, training, 1);
    float x[3 * N_IMAGE], y[3 * N_IMAGE], dy[3 * N_IMAGE], dx[3 * N_IMAGE];

    draw(x, 3 * N_IMAGE, 1);
    draw(dy, 3 * N_IMAGE, 2);
    step(&b, 3, 1, y, dx);
    for (size_t k = 0; k < 3 * N_IMAGE; k++) {
        double t = tanh((double)x[k]), s = 1 / (1 + exp(t > 0 ? -t : 0));
        double slope = t > 0 ? (1 - t * t) * s * (1 - s) : 0;

        cr_assert_float_eq((double)y[k], s, 1e-6, "%zu", k);
        cr_assert_float_eq((double)dx[k], (double)dy[k] * slope, 1e-6, "%zu",
                           k);
    }
    cr_expect_eq(memcmp(bw_engine_input(b.engine), x, sizeof x), 0,
                 "the input is the caller's");
    finish(&b);
}

static const char small[] = "noise 0.1\nconv 3 3x3\nrelu\nconv 4 3x3 stride 2\n"
                            "batchnorm\nleakyrelu 0.2\nflatten\ndense 7\n"
                            "layernorm\nelu\ndense 2x2x3\nreshape 2 2 3\n"
                            "deconv 2 4x4 stride 2\nsigmoid\navgpool 2x2\n"
                            "upsample 3\nmaxpool 2x2";

/* Three threads, too, give the bytes of one, and so does a second run. */
Test(engine, same_bytes)
{
    enum { N = 19 };

    for (bw_way way = BW_WAY_AUTO; way <= BW_WAY_PHASE; way++) {
        bw_engine_options options = training;
        bench b[3];
        float *y[3], dx[3][N * N_IMAGE];

        options.way = way;
        if (!bw_conv_has(way))
            continue;
        for (size_t k = 0; k < 3; k++) {
            b[k] = start(small, image, options, k == 0 ? 3 : k);
            y[k] = malloc(N * b[k].n_out * sizeof *y[k]);
            cr_assert(y[k] != NULL);
            for (uint64_t s = 1; s <= 2; s++)
                step(&b[k], N, s, y[k], dx[k]);
        }
        for (size_t k = 1; k < 3; k++) {
            size_t n = bw_network_n_values(b[0].network) * sizeof(float);

            cr_expect_eq(memcmp(y[0], y[k], N * b[0].n_out * sizeof(float)), 0);
            cr_expect_eq(memcmp(dx[0], dx[k], sizeof dx[0]), 0);
            cr_expect_eq(memcmp(b[0].grads, b[k].grads, n), 0);
            cr_expect_eq(memcmp(b[0].block, b[k].block, n), 0);
        }
        for (size_t k = 0; k < 3; k++) {
            free(y[k]);
            finish(&b[k]);
        }
    }
}

/* What larger batches left behind is not seen. */
Test(engine, fewer_items_after_more)
{
    for (bw_way way = BW_WAY_BLAS; way <= BW_WAY_PHASE; way++) {
        bw_engine_options options = training;
        bench used, fresh;
        float a[5 * N_IMAGE], c[5 * N_IMAGE];
        size_t n_bytes;

        options.way = way;
        if (!bw_conv_has(way))
            continue;
        used = start(small, image, options, 1);
        fresh = start(small, image, options, 1);
        n_bytes = bw_network_n_values(used.network) * sizeof(float);
        step(&used, 20, 1, NULL, NULL);
        memset(used.grads, 0, n_bytes);
        memcpy(used.block, fresh.block, n_bytes);
        bw_engine_touch(used.engine);
        step(&used, 5, 3, NULL, a);
        step(&fresh, 5, 3, NULL, c);
        cr_expect_eq(memcmp(a, c, sizeof a), 0);
        cr_expect_eq(memcmp(used.grads, fresh.grads, n_bytes), 0);
        finish(&used);
        finish(&fresh);
    }
}

Test(engine, gradients_are_added)
{
    bench b = start(small, image, training, 1);
    size_t n = bw_network_n_trained(b.network);
    float *once = malloc(n * sizeof *once);
    double largest = 0;

    cr_assert(once != NULL);
    step(&b, 8, 1, NULL, NULL);
    memcpy(once, b.grads, n * sizeof *once);
    step(&b, 8, 1, NULL, NULL);
    for (size_t k = 0; k < n; k++)
        largest = fmax(largest, fabs((double)once[k]));
    for (size_t k = 0; k < n; k++)
        cr_assert_float_eq((double)b.grads[k], 2 * (double)once[k],
                           1e-5 * largest, "%zu", k);
    cr_expect(largest > 0.1);
    free(once);
    finish(&b);
}

/* Gradients of parameters do not depend on whether the input's is wanted; nor
 * does the input's on whether theirs are. */
Test(engine, gradients_not_wanted)
{
    bw_engine_options options = training;
    bench with = start(small, image, training, 1), without;
    size_t n = bw_network_n_trained(with.network);
    float dx[8 * N_IMAGE];
    const float *found;

    options.input_gradient = false;
    without = start(small, image, options, 1);
    step(&with, 8, 1, NULL, dx);
    draw(bw_engine_input(without.engine), 8 * N_IMAGE, 1);
    bw_engine_forward(without.engine, BW_MODE_TRAIN, 8, without.block, 1);
    draw(bw_engine_output_gradient(without.engine), 8 * without.n_out, 2);
    cr_expect(bw_engine_backward(without.engine, 8, without.block,
                                 without.grads) == NULL);
    cr_expect_eq(memcmp(with.grads, without.grads, n * sizeof(float)), 0);
    bw_engine_forward(with.engine, BW_MODE_TRAIN, 8, with.block, 1);
    draw(bw_engine_output_gradient(with.engine), 8 * with.n_out, 2);
    found = bw_engine_backward(with.engine, 8, with.block, NULL);
    cr_expect_eq(memcmp(dx, found, sizeof dx), 0);
    cr_expect_eq(memcmp(with.grads, without.grads, n * sizeof(float)), 0);
    finish(&with);
    finish(&without);
}

/* Buffers that alternate give what buffers that stay give. */
Test(engine, inference)
{
    bw_engine_options options = {.n_max = 20};
    bench b = start(small, image, training, 1), c;
    const float *y, *z;

    c = start(small, image, options, 1);
    step(&b, 9, 1, NULL, NULL);
    draw(bw_engine_input(c.engine), 9 * N_IMAGE, 1);
    y = bw_engine_forward(b.engine, BW_MODE_INFER, 9, b.block, 7);
    z = bw_engine_forward(c.engine, BW_MODE_INFER, 9, b.block, 8);
    cr_expect_eq(memcmp(y, z, 9 * b.n_out * sizeof *y), 0);
    cr_expect_lt(bw_engine_n_bytes(c.engine), bw_engine_n_bytes(b.engine));
    cr_expect(bw_engine_forward(c.engine, BW_MODE_INFER, 0, b.block, 8) == z);
    finish(&b);
    finish(&c);
}

/* New values are seen when they are announced, or stand elsewhere. Of a kernel
 * on one pixel, the middle acts. */
Test(engine, touch)
{
    enum { MIDDLE = 4 };

    for (bw_way way = BW_WAY_BLAS; way <= BW_WAY_PHASE; way++) {
        bw_engine_options options = {.n_max = 2, .way = way};
        bench b;
        float x, other[10] = {[MIDDLE] = 4};

        if (!bw_conv_has(way))
            continue;
        b = start("conv 1 3x3", (bw_shape){.h = 1, .w = 1, .c = 1}, options, 1);
        bw_engine_input(b.engine)[0] = 1;
        b.block[MIDDLE] = 2;
        x = bw_engine_forward(b.engine, BW_MODE_INFER, 1, b.block, 0)[0];
        cr_expect_eq(x, 2);
        b.block[MIDDLE] = 3;
        bw_engine_touch(b.engine);
        x = bw_engine_forward(b.engine, BW_MODE_INFER, 1, b.block, 0)[0];
        cr_expect_eq(x, 3);
        x = bw_engine_forward(b.engine, BW_MODE_INFER, 1, other, 0)[0];
        cr_expect_eq(x, 4);
        finish(&b);
    }
}

/* Noise is the step's and the stream's, and only training's. */
Test(engine, noise)
{
    bw_engine_options options = training;
    bench b = start("noise 0.5", image, training, 2), c;
    float y[3][4 * N_IMAGE], x[4 * N_IMAGE], dx[4 * N_IMAGE];
    double largest = 0;

    options.stream = 9;
    c = start("noise 0.5", image, options, 1);
    draw(x, 4 * N_IMAGE, 1);
    step(&b, 4, 1, y[0], dx);
    step(&b, 4, 2, y[1], NULL);
    step(&b, 4, 1, y[2], NULL);
    cr_expect_eq(memcmp(y[0], y[2], sizeof y[0]), 0);
    cr_expect_neq(memcmp(y[0], y[1], sizeof y[0]), 0);
    step(&c, 4, 1, y[2], NULL);
    cr_expect_neq(memcmp(y[0], y[2], sizeof y[0]), 0);
    for (size_t k = 0; k < 4 * N_IMAGE; k++)
        largest = fmax(largest, fabs((double)y[0][k] - (double)x[k]));
    cr_expect(largest > 0.8 && largest < 1.0001, "%g", largest);
    draw(x, 4 * N_IMAGE, 2);
    cr_expect_eq(memcmp(dx, x, sizeof x), 0);
    draw(x, 4 * N_IMAGE, 1);
    cr_expect_eq(
        memcmp(bw_engine_forward(b.engine, BW_MODE_INFER, 4, b.block, 1), x,
               sizeof x),
        0);
    finish(&b);
    finish(&c);
}

/* Whatever is no number comes out as such, in its own item and no other. */
Test(engine, not_a_number)
{
    static const char text[] =
        "conv 3 3x3\nrelu\nconv 2 3x3\nrelu\nmaxpool 2x2\n"
        "flatten\ndense 5\nelu\ndense 4\nsoftmax";

    for (bw_way way = BW_WAY_BLAS; way <= BW_WAY_PHASE; way++) {
        bw_engine_options options = {.n_max = 20, .way = way};
        float sound[20 * 4];
        const float *y;
        bench b;

        if (!bw_conv_has(way))
            continue;
        b = start(text, image, options, 1);
        draw(bw_engine_input(b.engine), 20 * N_IMAGE, 1);
        y = bw_engine_forward(b.engine, BW_MODE_INFER, 20, b.block, 0);
        memcpy(sound, y, sizeof sound);
        bw_engine_input(b.engine)[7 * N_IMAGE + 31] = NAN;
        y = bw_engine_forward(b.engine, BW_MODE_INFER, 20, b.block, 0);
        for (size_t k = 0; k < 20 * 4; k++)
            if (k / 4 == 7)
                cr_expect(isnan(y[k]), "way %d, value %zu", (int)way, k);
            else
                cr_expect_eq(y[k], sound[k], "way %d, value %zu", (int)way, k);
        finish(&b);
    }
}

/* ---- allocations ---- */

#ifndef HAS_OWN_MALLOC
/* After the first steps, which may meet a size for the first time. */
Test(engine, steps_allocate_nothing)
{
    static const char suits_phases[] =
        "conv 40 3x3\nrelu\nconv 36 4x4 stride 2\nbatchnorm\nelu\n"
        "deconv 33 5x5 stride 2\nsigmoid\nflatten\ndense 7";
    const struct {
        bw_way way;
        const char *text;
    } cases[] = {{BW_WAY_BLAS, small},
                 {BW_WAY_ONEDNN, small},
                 {BW_WAY_THIN, small},
                 {BW_WAY_PHASE, suits_phases}};

    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        bw_engine_options options = training;
        size_t n_before;
        bench b;

        if (!bw_conv_has(cases[c].way))
            continue;
        options.way = cases[c].way;
        b = start(cases[c].text, image, options, 2);
        step(&b, 20, 1, NULL, NULL);
        step(&b, 7, 2, NULL, NULL);
        n_before = atomic_load(&n_allocations);
        for (uint64_t k = 3; k < 6; k++) {
            bw_engine_touch(b.engine);
            step(&b, k == 4 ? 7 : 20, k, NULL, NULL);
        }
        cr_expect_eq(atomic_load(&n_allocations) - n_before, 0,
                     "way %d: %zu allocations", (int)cases[c].way,
                     atomic_load(&n_allocations) - n_before);
        finish(&b);
    }
}
#endif
