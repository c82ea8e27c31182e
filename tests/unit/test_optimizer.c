/* test_optimizer.c - steps against PyTorch's, and what is promised of them. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/optimizer.h"
#include "base/tasks.h"

enum { N_VALUES = 5, N_STEPS = 6 };

static const struct {
    bw_optimizer optimizer;
    double rate;
    double w[N_STEPS][N_VALUES]; /* after each step */
} runs[] = {
#include "fixtures/torch_optimizers.inc"
};
enum { N_RUNS = sizeof runs / sizeof *runs };

static bw_tasks *make_tasks(size_t n_threads)
{
    bw_tasks *tasks;

    cr_assert_eq(bw_tasks_create(n_threads, &tasks, NULL), BW_OK);
    return tasks;
}

/* The values and gradients of fixtures/make_torch_optimizers.py. */
static float first_value(size_t k)
{
    return ((float)k - 2.0f) / 4.0f;
}

static float gradient(size_t k, size_t t)
{
    return k == 4 ? 0.0f : ((float)((7 * k + 3 * t) % 11) - 5.0f) / 8.0f;
}

/* Steps of a float differ from those of a double by rounding: 1e-6. */
Test(optimizer, steps_are_pytorchs)
{
    bw_tasks *tasks = make_tasks(1);

    for (size_t r = 0; r < N_RUNS; r++) {
        float w[N_VALUES], g[N_VALUES], moments[2 * N_VALUES] = {0};

        for (size_t k = 0; k < N_VALUES; k++)
            w[k] = first_value(k);
        for (size_t t = 1; t <= N_STEPS; t++) {
            for (size_t k = 0; k < N_VALUES; k++)
                g[k] = gradient(k, t);
            bw_optimizer_step(&runs[r].optimizer, runs[r].rate, t, N_VALUES, w,
                              g, moments, tasks);
            for (size_t k = 0; k < N_VALUES; k++)
                cr_assert_float_eq((double)w[k], runs[r].w[t - 1][k], 1e-6,
                                   "run %zu step %zu value %zu: %.9g", r, t, k,
                                   (double)w[k]);
        }
    }
    bw_tasks_destroy(tasks);
}

Test(optimizer, defaults_are_the_papers)
{
    bw_optimizer adam = bw_optimizer_default(BW_OPTIMIZER_ADAM);

    cr_assert_eq(adam.kind, BW_OPTIMIZER_ADAM);
    cr_assert_float_eq(adam.beta1, 0.9, 0.0);
    cr_assert_float_eq(adam.beta2, 0.999, 0.0);
    cr_assert_float_eq(adam.eps, 1e-8, 0.0);
    cr_assert_float_eq(bw_optimizer_default(BW_OPTIMIZER_RMSPROP).decay, 0.99,
                       0.0);
    cr_assert_float_eq(bw_optimizer_default(BW_OPTIMIZER_SGD).momentum, 0.0,
                       0.0);
}

Test(optimizer, counts_its_moments)
{
    bw_optimizer sgd = bw_optimizer_default(BW_OPTIMIZER_SGD);
    bw_optimizer rmsprop = bw_optimizer_default(BW_OPTIMIZER_RMSPROP);
    bw_optimizer adam = bw_optimizer_default(BW_OPTIMIZER_ADAM);

    cr_assert_eq(bw_optimizer_n_moments(&sgd), 0u);
    sgd.momentum = 0.9;
    cr_assert_eq(bw_optimizer_n_moments(&sgd), 1u);
    cr_assert_eq(bw_optimizer_n_moments(&rmsprop), 1u);
    cr_assert_eq(bw_optimizer_n_moments(&adam), 2u);
}

/* w, then the moments, after 3 steps on n values. */
static float *take_steps(const bw_optimizer *optimizer, size_t n,
                         size_t n_threads)
{
    float *block = calloc(4 * n, sizeof *block), *g = block + 3 * n;
    bw_tasks *tasks = make_tasks(n_threads);

    for (size_t t = 1; t <= 3; t++) {
        for (size_t k = 0; k < n; k++)
            g[k] = (float)sin((double)(k * t));
        bw_optimizer_step(optimizer, 0.01, t, n, block, g, block + n, tasks);
    }
    bw_tasks_destroy(tasks);
    return block;
}

/* Several pieces and a rest; every value is taken, and none past n. */
Test(optimizer, threads_do_not_change_a_byte)
{
    enum { N = 30001 };

    for (size_t r = 0; r < N_RUNS; r++) {
        float *one = take_steps(&runs[r].optimizer, N, 1);

        for (size_t k = 1; k < N; k++)
            cr_assert_neq(one[k], 0.0f, "run %zu value %zu", r, k);
        for (size_t n_threads = 2; n_threads <= 3; n_threads++) {
            float *several = take_steps(&runs[r].optimizer, N, n_threads);

            cr_assert_arr_eq(several, one, 3 * N * sizeof *one, "run %zu", r);
            free(several);
        }
        free(one);
    }
}

/* A long run's corrections vanish; its step is rate m / sqrt(v). */
Test(optimizer, adam_counts_its_steps_far)
{
    bw_optimizer adam = bw_optimizer_default(BW_OPTIMIZER_ADAM);
    bw_tasks *tasks = make_tasks(1);
    float w = 0.0f, g = 0.5f, moments[2] = {0.5f, 0.25f};

    bw_optimizer_step(&adam, 0.1, (uint64_t)1 << 62, 1, &w, &g, moments, tasks);
    cr_assert_float_eq((double)w, -0.1, 1e-6);
    bw_tasks_destroy(tasks);
}
