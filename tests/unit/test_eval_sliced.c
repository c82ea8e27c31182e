/* test_eval_sliced.c - sliced W2 against a plain twin and closed forms. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/sliced.h"
#include "eval_case.h"

static bw_sliced sliced(const bw_sample *a, const bw_sample *b, size_t n_slices,
                        uint64_t seed, size_t n_threads)
{
    bw_error err = BW_ERROR_INIT;
    bw_tasks *tasks = eval_tasks(n_threads);
    bw_sliced result;

    cr_assert(!bw_sliced_of(a, b, n_slices, seed, tasks, NULL, &result, &err),
              "%s", err.text);
    bw_tasks_destroy(tasks);
    return result;
}

/* ---- the plain twin: doubles, qsort, every quantile of n m ---- */

static int by_value(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;

    return (a > b) - (a < b);
}

static double *projections(size_t n, size_t d, const double *x, const double *u)
{
    double *y = calloc(n, sizeof *y);

    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < d; i++)
            y[k] += u[i] * x[k * d + i];
    qsort(y, n, sizeof *y, by_value);
    return y;
}

static double plain(size_t n, const double *x, size_t m, const double *y,
                    size_t d, size_t n_slices, uint64_t seed)
{
    double sum = 0, *u = malloc(d * sizeof *u);

    for (size_t l = 0; l < n_slices; l++) {
        bw_random random;
        double length = 0;
        bw_random_init(&random, seed, BW_RANDOM_SLICES, l);
        for (size_t i = 0; i < d; i++) {
            u[i] = bw_random_normal(&random);
            length += u[i] * u[i];
        }
        for (size_t i = 0; i < d; i++)
            u[i] /= sqrt(length);
        double *p = projections(n, d, x, u), *q = projections(m, d, y, u);
        for (size_t t = 0; t < n * m; t++)
            sum += pow(p[t / m] - q[t / n], 2) / (double)(n * m);
        free(p);
        free(q);
    }
    free(u);
    return sqrt(sum / (double)n_slices);
}

static void check_twin(size_t n, size_t m, size_t d, size_t n_slices)
{
    double *x = eval_normal(n, d, 0, 1, 1), *y = eval_normal(m, d, 0.2, 2, 2);
    bw_sample a = eval_sample(n, d, x), b = eval_sample(m, d, y);
    double wanted = plain(n, x, m, y, d, n_slices, 7);

    eval_near(sliced(&a, &b, n_slices, 7, 2).distance, wanted, 1e-6 * wanted,
              "twin");
    free(x);
    free(y);
}

Test(eval_sliced, equals_a_plain_twin)
{
    check_twin(40, 40, 1, 3);
    check_twin(30, 21, 5, 10);
    check_twin(1, 17, 3, 5);
    check_twin(12, 1, 2, 300);   /* two groups of directions */
    check_twin(500, 45, 300, 4); /* two tasks of items */
}

/* ---- closed forms ---- */

Test(eval_sliced, a_shift_costs_its_length_over_the_root_of_d)
{
    enum { N = 60, D = 6, SLICES = 4000 };
    const double shift[D] = {3, 0, -4, 0, 12, 0}; /* of length 13 */
    double *x = eval_normal(N, D, 0, 1, 1), y[N * D];

    for (size_t k = 0; k < N * D; k++)
        y[k] = x[k] + shift[k % D];
    bw_sample a = eval_sample(N, D, x), b = eval_sample(N, D, y);
    bw_sliced s = sliced(&a, &b, SLICES, 1, 2);
    eval_near(s.distance, 13 / sqrt(D), 4 * s.error, "shift");
    cr_expect_lt(s.error, 0.1);
    free(x);
}

Test(eval_sliced, on_a_line_it_is_exact)
{
    double x[] = {0, 1, 5, -2}, y[] = {10, 11, 15, 8};
    bw_sample a = eval_sample(4, 1, x), b = eval_sample(4, 1, y);
    bw_sliced s = sliced(&a, &b, 5, 0, 1);

    eval_near(s.distance, 10, 1e-6, "line");
    eval_near(s.error, 0, 1e-6, "its error");
    /* {0, 3} against {1}: the mean of 1 and 4. */
    double u[] = {0, 3}, v[] = {1};
    a = eval_sample(2, 1, u);
    b = eval_sample(1, 1, v);
    eval_near(sliced(&a, &b, 2, 0, 1).distance, sqrt(2.5), 1e-6, "2 against 1");
}

/* What is told of the error is the scatter over seeds. */
Test(eval_sliced, standard_error)
{
    enum { N = 40, D = 8, SEEDS = 200 };
    double *x = eval_normal(N, D, 0, 1, 1), *y = eval_normal(N, D, 1, 2, 2);
    bw_sample a = eval_sample(N, D, x), b = eval_sample(N, D, y);
    double sum = 0, sum2 = 0, error = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        bw_sliced s = sliced(&a, &b, 50, seed, 1);
        sum += s.distance / SEEDS;
        sum2 += s.distance * s.distance / SEEDS;
        error += s.error / SEEDS;
    }
    /* A deviation from 200 draws is off by some 5 %. */
    eval_near(error / sqrt(sum2 - sum * sum), 1, 0.2, "error by scatter");
    free(x);
    free(y);
}

/* ---- laws ---- */

Test(eval_sliced, laws)
{
    enum { N = 300, M = 200, D = 10 };
    double *x = eval_normal(N, D, 0, 1, 1), *y = eval_normal(M, D, 1, 1, 2);
    bw_sample a = eval_sample(N, D, x), b = eval_sample(M, D, y);
    double s = sliced(&a, &b, 300, 5, 1).distance;

    cr_expect_eq(sliced(&a, &a, 300, 5, 2).distance, 0);
    eval_near(sliced(&b, &a, 300, 5, 2).distance, s, 1e-6 * s, "symmetry");
    cr_expect_eq(sliced(&a, &b, 300, 5, 3).distance, s);
    cr_expect_neq(sliced(&a, &b, 300, 6, 1).distance, s);
    /* No direction is farther than the space itself. */
    cr_expect_lt(s, eval_run("wasserstein", &a, &b));
    for (size_t k = 0; k < N * D; k++)
        x[k] += 1e6;
    for (size_t k = 0; k < M * D; k++)
        y[k] += 1e6;
    eval_reverse(N, D, x);
    eval_near(sliced(&a, &b, 300, 5, 1).distance, s, 1e-6 * s, "far off");
    free(x);
    free(y);
}

static int always(void)
{
    return 2;
}

Test(eval_sliced, stops)
{
    double x[] = {0, 1};
    bw_sample a = eval_sample(2, 1, x);
    bw_error err = BW_ERROR_INIT;
    bw_tasks *tasks = eval_tasks(1);
    bw_sliced result;

    cr_expect_eq(bw_sliced_of(&a, &a, 9, 0, tasks, always, &result, &err),
                 BW_ERR_INTERRUPTED);
    bw_tasks_destroy(tasks);
}
