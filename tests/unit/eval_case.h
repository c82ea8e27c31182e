/* eval_case.h - what tests of metrics share: samples in memory, options. */
#ifndef EVAL_CASE_H
#define EVAL_CASE_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "eval/measure.h"

/* Items of n x d doubles, borrowed. */
static inline bw_sample eval_sample(size_t n, size_t d, const double *x)
{
    return (bw_sample){.path = "test",
                       .name = "codes",
                       .n = n,
                       .size = d,
                       .rank = 2,
                       .shape = {n, d},
                       .dtype = BW_F64,
                       .factor = 1,
                       .data = x};
}

/* n x d numbers of N(mean, sd^2), to be freed. */
static inline double *eval_normal(size_t n, size_t d, double mean, double sd,
                                  uint64_t stream)
{
    double *x = malloc(n * d * sizeof *x);
    bw_random random;

    cr_assert_not_null(x);
    bw_random_init(&random, 3, BW_RANDOM_TEST, stream);
    for (size_t k = 0; k < n * d; k++)
        x[k] = mean + sd * bw_random_normal(&random);
    return x;
}

static inline bw_tasks *eval_tasks(size_t n_threads)
{
    bw_error err = BW_ERROR_INIT;
    bw_tasks *tasks = NULL;

    cr_assert(!bw_tasks_create(n_threads, &tasks, &err), "%s", err.text);
    return tasks;
}

static inline void eval_reverse(size_t n, size_t d, double *x)
{
    for (size_t k = 0; k < n / 2; k++)
        for (size_t i = 0; i < d; i++) {
            double keep = x[k * d + i];
            x[k * d + i] = x[(n - 1 - k) * d + i];
            x[(n - 1 - k) * d + i] = keep;
        }
}

static inline void eval_near(double value, double wanted, double slack,
                             const char *what)
{
    cr_expect(fabs(value - wanted) <= slack, "%s: %.17g, not %.17g +- %.3g",
              what, value, wanted, slack);
}

/* A metric by name, on two threads, with the options' defaults of weval. */
static inline bw_status eval_try(const char *name, const bw_sample *a,
                                 const bw_sample *b, double *value,
                                 bw_error *err)
{
    bw_measure_options options = {
        .n_slices = 1000, .p = 2, .n_neighbours = 3, .critic_steps = 1000};
    const bw_measure *m = bw_measure_find(name, strlen(name));
    bw_measure_result result;

    cr_assert_not_null(m, "%s", name);
    options.tasks = eval_tasks(2);
    bw_status status = bw_measure_run(m, a, b, &options, &result, err);
    bw_tasks_destroy(options.tasks);
    *value = result.value;
    return status;
}

static inline double eval_run(const char *name, const bw_sample *a,
                              const bw_sample *b)
{
    bw_error err = BW_ERROR_INIT;
    double value;

    cr_assert_eq(eval_try(name, a, b, &value, &err), BW_OK, "%s", err.text);
    return value;
}

#endif
