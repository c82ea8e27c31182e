/* test_eval_wasserstein.c - exact W_p of samples: closed forms and laws. POT's
 * values are in test_eval_fixtures.c. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/wasserstein.h"
#include "eval_case.h"

static bw_wasserstein exact(const bw_sample *a, const bw_sample *b, double p,
                            size_t n_threads)
{
    bw_error err = BW_ERROR_INIT;
    bw_tasks *tasks = eval_tasks(n_threads);
    bw_wasserstein w;

    cr_assert(!bw_wasserstein_of(a, b, p, tasks, NULL, &w, &err), "%s",
              err.text);
    cr_expect_leq(fabs(w.gap), 1e-12 * (1 + w.cost));
    bw_tasks_destroy(tasks);
    return w;
}

/* For convex costs of the difference no plan beats the shift itself. */
Test(eval_wasserstein, a_shift_costs_its_length)
{
    enum { N = 75, D = 40 };
    double *x = eval_normal(N, D, 0, 1, 1), y[N * D], length = 0;

    for (size_t k = 0; k < N * D; k++)
        y[k] = x[k] + 0.1 * (double)(k % D);
    for (size_t i = 0; i < D; i++)
        length += 0.01 * (double)(i * i);
    length = sqrt(length);
    eval_reverse(N, D, y);
    bw_sample a = eval_sample(N, D, x), b = eval_sample(N, D, y);
    for (double p = 1; p < 4; p += 0.5) {
        bw_wasserstein w = exact(&a, &b, p, 2);
        eval_near(w.distance, length, 1e-12 * length, "shift");
        eval_near(w.cost, pow(length, p), 1e-12 * pow(length, p), "its cost");
    }
    free(x);
}

Test(eval_wasserstein, on_a_line)
{
    double x[] = {0, 3}, y[] = {1, 1, 4, -2};
    bw_sample a = eval_sample(2, 1, x), b = eval_sample(4, 1, y);

    /* Quantiles: 0 to -2 and 1, 3 to 1 and 4. */
    eval_near(exact(&a, &b, 2, 1).cost, (4 + 1 + 4 + 1) / 4., 1e-15, "W2^2");
    eval_near(exact(&a, &b, 1, 1).cost, (2 + 1 + 2 + 1) / 4., 1e-15, "W1");
}

/* A constant second value takes samples of the line to the table of costs. */
Test(eval_wasserstein, line_and_table_agree)
{
    enum { N = 90, M = 50 };
    double *x = eval_normal(N, 1, 0, 1, 1), *y = eval_normal(M, 1, 1, 2, 2);
    double wide_x[2 * N], wide_y[2 * M];

    for (size_t k = 0; k < 2 * N; k++)
        wide_x[k] = k % 2 ? 7 : x[k / 2];
    for (size_t k = 0; k < 2 * M; k++)
        wide_y[k] = k % 2 ? 7 : y[k / 2];
    bw_sample a = eval_sample(N, 1, x), b = eval_sample(M, 1, y);
    bw_sample c = eval_sample(N, 2, wide_x), d = eval_sample(M, 2, wide_y);
    for (double p = 1; p < 4; p++) {
        double line = exact(&a, &b, p, 1).distance;
        eval_near(exact(&c, &d, p, 2).distance, line, 1e-12 * line, "table");
    }
    free(x);
    free(y);
}

Test(eval_wasserstein, laws)
{
    enum { N = 70, M = 45, K = 60, D = 20 };
    double *x = eval_normal(N, D, 0, 1, 1), *y = eval_normal(M, D, 0, 3, 2);
    double *z = eval_normal(K, D, 1, 1, 3);
    bw_sample a = eval_sample(N, D, x), b = eval_sample(M, D, y);
    bw_sample c = eval_sample(K, D, z);
    double ab = exact(&a, &b, 2, 1).distance, bc = exact(&b, &c, 2, 1).distance;

    cr_expect_eq(exact(&a, &a, 2, 1).distance, 0);
    eval_near(exact(&b, &a, 2, 2).distance, ab, 1e-12 * ab, "symmetry");
    cr_expect_eq(exact(&a, &b, 2, 2).distance, ab);
    cr_expect_leq(exact(&a, &c, 2, 2).distance, ab + bc);
    eval_reverse(N, D, x);
    eval_near(exact(&a, &b, 2, 2).distance, ab, 1e-12 * ab, "order");
    free(x);
    free(y);
    free(z);
}

/* A symmetric positive matrix T takes one Gaussian to another by the optimal
 * map, and any sample to its image by the optimal plan: W2^2 is the mean of
 * |x - T x - m|^2 exactly, and over all samples that of Gaussians, the square
 * of their Frechet distance, |m|^2 + tr (I - T)^2 where x has covariance I. */
Test(eval_wasserstein, of_gaussians)
{
    enum { N = 600, D = 3 };
    const double t[D][D] = {{2, 0.5, 0}, {0.5, 1, -0.3}, {0, -0.3, 0.6}};
    const double m[D] = {1, 0, -0.5};
    double *x = eval_normal(N, D, 0, 1, 5), y[N * D], sum = 0, trace = 0;

    for (size_t k = 0; k < N; k++)
        for (size_t i = 0; i < D; i++) {
            double *value = &y[k * D + i];
            *value = m[i];
            for (size_t q = 0; q < D; q++)
                *value += t[i][q] * x[k * D + q];
            sum += pow(*value - x[k * D + i], 2) / N;
        }
    for (size_t i = 0; i < D; i++) {
        trace += m[i] * m[i];
        for (size_t q = 0; q < D; q++)
            trace += pow(t[i][q] - (i == q), 2);
    }
    eval_reverse(N, D, y);
    bw_sample a = eval_sample(N, D, x), b = eval_sample(N, D, y);
    eval_near(exact(&a, &b, 2, 2).cost, sum, 1e-12 * sum, "of the sample");
    /* A standard error is 3.4 in the root of N. */
    eval_near(sum, trace, 4 * 3.4 / sqrt(N), "of Gaussians");
    eval_near(eval_run("frechet", &a, &b), trace, 4 * 3.4 / sqrt(N), "Frechet");
    free(x);
}

static int n_asked;

static int at_once(void)
{
    return ++n_asked > 0;
}

static int while_it_solves(void)
{
    return ++n_asked > 1;
}

/* Before the solver, and within it. */
Test(eval_wasserstein, stops_when_it_is_told)
{
    enum { N = 1200 };
    double *x = eval_normal(N, 2, 0, 1, 1), *y = eval_normal(N, 2, 1, 1, 2);
    bw_sample a = eval_sample(N, 2, x), b = eval_sample(N, 2, y);
    int (*const stopped[])(void) = {at_once, while_it_solves};

    for (int k = 0; k < 2; k++) {
        bw_error err = BW_ERROR_INIT;
        bw_tasks *tasks = eval_tasks(1);
        bw_wasserstein w;
        n_asked = 0;
        cr_expect_eq(bw_wasserstein_of(&a, &b, 2, tasks, stopped[k], &w, &err),
                     BW_ERR_INTERRUPTED);
        cr_expect_str_eq(err.text, "interrupted");
        cr_expect_eq(n_asked, k + 1);
        bw_tasks_destroy(tasks);
    }
    free(x);
    free(y);
}

Test(eval_wasserstein, costs_that_overflow)
{
    double x[] = {1e200, 0, -1e200, 0};
    bw_sample a = eval_sample(2, 2, x);
    bw_error err = BW_ERROR_INIT;
    bw_tasks *tasks = eval_tasks(1);
    bw_wasserstein w;

    cr_expect_eq(bw_wasserstein_of(&a, &a, 2, tasks, NULL, &w, &err),
                 BW_ERR_RANGE);
    cr_expect_str_eq(err.text,
                     "test, test: the cost between items 0 and 1 overflows");
    bw_tasks_destroy(tasks);
}
