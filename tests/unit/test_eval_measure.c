/* test_eval_measure.c - the table of metrics, agreement, sharpness, MMD by
 * name. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval_case.h"

static void refused(const char *name, const bw_sample *a, const bw_sample *b,
                    bw_status wanted, const char *text)
{
    bw_error err = BW_ERROR_INIT;
    double value;

    cr_expect_eq(eval_try(name, a, b, &value, &err), wanted, "%s", name);
    cr_expect_str_eq(err.text, text);
}

Test(eval_measure, names_are_found_whole_and_once)
{
    const bw_measure *m;

    for (size_t k = 0; (m = bw_measure_at(k)) != NULL; k++)
        cr_expect_eq(bw_measure_find(m->name, strlen(m->name)), m);
    cr_expect_null(bw_measure_find("mse", 2));
    cr_expect_null(bw_measure_find("mse,", 4));
    cr_expect_null(bw_measure_find("", 0));
    cr_expect_not_null(bw_measure_find("mse,mmd", 3));
}

/* ---- value by value ---- */

Test(eval_measure, agreement_by_hand)
{
    double x[] = {1, 2, 3, 4}, y[] = {2, 2, 2, 8};
    bw_sample a = eval_sample(2, 2, x), b = eval_sample(2, 2, y);

    eval_near(eval_run("mse", &a, &b), 18 / 4., 1e-15, "mse");
    eval_near(eval_run("squared-error", &a, &b), 9, 1e-15, "squared-error");
    eval_near(eval_run("relative-mse", &a, &b), 18 / 30., 1e-15, "relative");
    eval_near(eval_run("relative-mse", &b, &a), 18 / 76., 1e-15, "relative");
    eval_near(eval_run("correlation", &a, &b), 9 / sqrt(5 * 27), 1e-15,
              "correlation");
}

/* Several tasks, whose last is short; a line through all points. */
Test(eval_measure, agreement_of_many)
{
    enum { N = 70001, D = 3 };
    double *x = eval_normal(N, D, 1e9, 1, 1), *y = malloc(N * D * sizeof *y);
    double sum = 0;

    for (size_t k = 0; k < N * D; k++) {
        y[k] = 5e9 - 2 * x[k];
        sum += pow(y[k] - x[k], 2) / (N * D);
    }
    bw_sample a = eval_sample(N, D, x), b = eval_sample(N, D, y);
    eval_near(eval_run("mse", &a, &b), sum, 1e-12 * sum, "mse");
    /* Values are rounded to some 1e-7, means of them far more. */
    eval_near(eval_run("correlation", &a, &b), -1, 1e-12, "correlation");
    cr_expect_eq(eval_run("mse", &a, &a), 0);
    free(x);
    free(y);
}

/* n sum x y - sum x sum y, a whole number. */
static double spread(size_t n, const int *x, const int *y)
{
    int xy = 0, sum_x = 0, sum_y = 0;

    for (size_t k = 0; k < n; k++) {
        xy += x[k] * y[k];
        sum_x += x[k];
        sum_y += y[k];
    }
    return (double)((int)n * xy - sum_x * sum_y);
}

/* Whole numbers so large that their sum is rounded: a mean is off by as much as
 * the values differ. */
Test(eval_measure, correlation_where_means_are_rounded)
{
    enum { MOST = 9 };
    bw_random random;
    size_t n_off = 0;

    bw_random_init(&random, 4, BW_RANDOM_TEST, 0);
    for (size_t t = 0; t < 300; t++) {
        size_t n = 3 + t % (MOST - 2);
        int x[MOST], y[MOST];
        double large_x[MOST], large_y[MOST], sum = 0;
        for (size_t k = 0; k < n; k++) {
            x[k] = (int)bw_random_below(&random, 40);
            y[k] = (int)bw_random_below(&random, 40);
            large_x[k] = 0x1p52 + x[k];
            large_y[k] = 0x1p52 + y[k];
            sum += large_x[k];
        }
        double xx = spread(n, x, x), yy = spread(n, y, y);
        if (xx < 400 || yy < 400) /* as good as equal to its rounding */
            continue;
        bw_sample a = eval_sample(n, 1, large_x),
                  b = eval_sample(n, 1, large_y);
        double wanted = spread(n, x, y) / (sqrt(xx) * sqrt(yy));
        eval_near(eval_run("correlation", &a, &b), wanted, 4e-15,
                  "correlation");
        double off = 0;
        for (size_t k = 0; k < n; k++)
            off += large_x[k] - sum / (double)n;
        n_off += fabs(off) >= 1;
    }
    cr_expect_gt(n_off, 50, "%zu means were rounded", n_off);
}

Test(eval_measure, what_is_not_defined)
{
    double x[] = {0, 0, 0}, y[] = {1, 2, 3};
    bw_sample a = eval_sample(3, 1, x), b = eval_sample(3, 1, y);

    cr_expect(isnan(eval_run("correlation", &a, &b)));
    double tenths[] = {0.1, 0.1, 0.1}; /* whose mean is rounded */
    bw_sample c = eval_sample(3, 1, tenths);
    cr_expect(isnan(eval_run("correlation", &c, &b)));
    cr_expect(isnan(eval_run("relative-mse", &a, &b)));
    eval_near(eval_run("relative-mse", &b, &a), 1, 0, "of zero");
}

/* ---- sharpness ---- */

/* One bright pixel in the middle of 5 x 5: the 9 results are -4, four of 1 and
 * four of 0, with mean 0. A ramp has no Laplacian. */
Test(eval_measure, sharpness_by_hand)
{
    double x[2 * 25] = {0};
    bw_sample s = eval_sample(2, 25, x);

    s.rank = 4;
    s.shape[1] = s.shape[2] = 5;
    s.shape[3] = 1;
    x[12] = 1;
    for (size_t k = 0; k < 25; k++)
        x[25 + k] = 0.1 * (double)(k % 5) + 0.02 * (double)(k / 5);
    eval_near(eval_run("sharpness", &s, &s), 20 / 9. / 2, 1e-15, "mean");
    eval_near(eval_run("sharpness-min", &s, &s), 0, 1e-15, "least");
}

Test(eval_measure, sharpness_of_colour_is_that_of_luminance)
{
    double colour[4 * 3 * 3], grey[4 * 3], *x = eval_normal(1, 36, 0, 1, 1);

    memcpy(colour, x, sizeof colour);
    for (size_t k = 0; k < 12; k++)
        grey[k] =
            0.299 * x[3 * k] + 0.587 * x[3 * k + 1] + 0.114 * x[3 * k + 2];
    bw_sample c = eval_sample(1, 36, colour), g = eval_sample(1, 12, grey);
    c.rank = 4;
    g.rank = 3;
    c.shape[1] = g.shape[1] = 4;
    c.shape[2] = g.shape[2] = c.shape[3] = 3;
    double wanted = eval_run("sharpness", NULL, &g);
    eval_near(eval_run("sharpness", NULL, &c), wanted, 1e-14, "colour");
    cr_expect_gt(wanted, 0.01);
    free(x);
}

Test(eval_measure, no_images)
{
    double x[64] = {0};
    bw_sample s = eval_sample(2, 32, x);

    refused("sharpness", NULL, &s, BW_ERR_DIMENSION,
            "test: tensor 'codes' of rank 2 holds no images");
    s.rank = 4;
    s.shape[1] = s.shape[2] = 4;
    s.shape[3] = 2;
    refused("sharpness", NULL, &s, BW_ERR_DIMENSION,
            "test: images of 2 channels have no luminance");
    s.shape[1] = 2;
    s.shape[3] = 4;
    refused("sharpness", NULL, &s, BW_ERR_DIMENSION,
            "test: images of 2 x 4 are too small for a Laplacian of 3 x 3");
}

/* ---- mmd ---- */

static double kernel_sum(size_t d, size_t n, const double *x, size_t m,
                         const double *y, const double *c, size_t n_c,
                         bool skips_equal)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < m; k++) {
            double square = 0;
            for (size_t q = 0; q < d; q++)
                square += pow(x[i * d + q] - y[k * d + q], 2);
            for (size_t s = 0; s < n_c && !(skips_equal && i == k); s++)
                sum += c[s] / (c[s] + square);
        }
    return sum;
}

/* With C = 3. */
static double rbf_sum(size_t d, size_t n, const double *x, size_t m,
                      const double *y)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < m; k++) {
            double square = 0;
            for (size_t q = 0; q < d; q++)
                square += pow(x[i * d + q] - y[k * d + q], 2);
            sum += exp(-square / 6);
        }
    return sum;
}

/* imq's base is twice the values of an item unless another is given. */
Test(eval_measure, mmd_by_double_sums)
{
    enum { N = 30, M = 20, D = 4 };
    const double share[] = {.1, .2, .5, 1, 2, 5, 10};
    double *x = eval_normal(N, D, 0, 1, 1), *y = eval_normal(M, D, 1, 1, 2);
    bw_sample a = eval_sample(N, D, x), b = eval_sample(M, D, y);
    double c[7];

    for (size_t k = 0; k < 7; k++)
        c[k] = 2 * D * share[k];
    double wanted = kernel_sum(D, N, x, N, x, c, 7, true) / (N * (N - 1)) +
                    kernel_sum(D, M, y, M, y, c, 7, true) / (M * (M - 1)) -
                    2 * kernel_sum(D, N, x, M, y, c, 7, false) / (N * M);
    eval_near(eval_run("mmd", &a, &b), wanted, 1e-5 * wanted, "u");

    bw_measure_options o = {.is_biased = true, .scale = 3};
    bw_measure_result result;
    bw_error err = BW_ERROR_INIT;
    for (size_t k = 0; k < 7; k++)
        c[k] = 3 * share[k];
    wanted = kernel_sum(D, N, x, N, x, c, 7, false) / (N * N) +
             kernel_sum(D, M, y, M, y, c, 7, false) / (M * M) -
             2 * kernel_sum(D, N, x, M, y, c, 7, false) / (N * M);
    o.tasks = eval_tasks(1);
    cr_assert(
        !bw_measure_run(bw_measure_find("mmd", 3), &a, &b, &o, &result, &err));
    eval_near(result.value, wanted, 1e-5 * wanted, "v");
    o.kernel = BW_MMD_RBF;
    wanted = rbf_sum(D, N, x, N, x) / (N * N) +
             rbf_sum(D, M, y, M, y) / (M * M) -
             2 * rbf_sum(D, N, x, M, y) / (N * M);
    cr_assert(
        !bw_measure_run(bw_measure_find("mmd", 3), &a, &b, &o, &result, &err));
    eval_near(result.value, wanted, 1e-5 * wanted, "rbf");
    bw_tasks_destroy(o.tasks);
    free(x);
    free(y);
}

/* Neither an offset nor a factor, whose square the scale takes, changes it. */
static double moved(double offset, double factor, bw_measure_options o)
{
    enum { N = 30, M = 20, D = 4 };
    double *x = eval_normal(N, D, 0, 1, 1), *y = eval_normal(M, D, 1, 1, 2);
    bw_sample a = eval_sample(N, D, x), b = eval_sample(M, D, y);
    bw_measure_result result;
    bw_error err = BW_ERROR_INIT;

    for (size_t k = 0; k < N * D; k++)
        x[k] = factor * (x[k] + offset);
    for (size_t k = 0; k < M * D; k++)
        y[k] = factor * (y[k] + offset);
    o.tasks = eval_tasks(1);
    cr_assert(
        !bw_measure_run(bw_measure_find("mmd", 3), &a, &b, &o, &result, &err),
        "%s", err.text);
    bw_tasks_destroy(o.tasks);
    free(x);
    free(y);
    return result.value;
}

Test(eval_measure, mmd_of_large_and_small_values)
{
    const double factors[] = {0x1p-1040, 1e-300, 1e-25, 1e-10,
                              5e18,      1e30,   1e100, 1e300};
    bw_measure_options imq = {.scale = 3},
                       rbf = {.kernel = BW_MMD_RBF, .scale = 3},
                       median = {.kernel = BW_MMD_RBF};
    double by_imq = moved(0, 1, imq), by_rbf = moved(0, 1, rbf);
    double by_median = moved(0, 1, median);

    for (size_t k = 0; k < sizeof factors / sizeof *factors; k++) {
        double f = factors[k];
        eval_near(moved(0, f, median), by_median, 1e-4 * by_median, "median");
        if (f < 1e-150 || f > 1e150) /* whose square is no double */
            continue;
        imq.scale = rbf.scale = 3 * f * f;
        eval_near(moved(0, f, imq), by_imq, 1e-5 * by_imq, "imq");
        eval_near(moved(0, f, rbf), by_rbf, 1e-5 * by_rbf, "rbf");
    }
    imq.scale = rbf.scale = 3;
    eval_near(moved(1e8, 1, imq), by_imq, 1e-5 * by_imq, "offset, imq");
    eval_near(moved(1e8, 1, rbf), by_rbf, 1e-5 * by_rbf, "offset, rbf");
    eval_near(moved(1e8, 1, median), by_median, 1e-5 * by_median,
              "offset, median");
    /* Kernels far wider than the values are 1, far narrower ones 0. */
    imq.scale = rbf.scale = 1e300;
    eval_near(moved(0, 1, imq), 0, 1e-6, "wide imq");
    eval_near(moved(0, 1, rbf), 0, 1e-6, "wide rbf");
    imq.scale = rbf.scale = 1e-300;
    eval_near(moved(0, 1, imq), 0, 1e-6, "narrow imq");
    eval_near(moved(0, 1, rbf), 0, 1e-6, "narrow rbf");
}

static int stopped(void)
{
    return 1;
}

Test(eval_measure, mmd_that_is_stopped)
{
    double *x = eval_normal(30, 4, 0, 1, 1);
    bw_sample a = eval_sample(30, 4, x);
    bw_measure_options o = {.stopped = stopped, .tasks = eval_tasks(1)};
    bw_measure_result result;
    bw_error err = BW_ERROR_INIT;

    cr_expect_eq(
        bw_measure_run(bw_measure_find("mmd", 3), &a, &a, &o, &result, &err),
        BW_ERR_INTERRUPTED);
    cr_expect_str_eq(err.text, "interrupted");
    bw_tasks_destroy(o.tasks);
    free(x);
}

/* ---- what samples must be ---- */

Test(eval_measure, samples_that_do_not_fit)
{
    double x[12] = {0};
    bw_sample a = eval_sample(6, 2, x), b = eval_sample(4, 3, x);

    a.path = "a";
    b.path = "b";
    refused("sliced", &a, &b, BW_ERR_DIMENSION,
            "b: codes of 3 values, those of a are of 2");
    b = eval_sample(3, 4, x);
    b.rank = 3;
    b.shape[1] = b.shape[2] = 2;
    a = eval_sample(3, 4, x);
    refused("mse", &a, &b, BW_ERR_DIMENSION,
            "test: codes of 2x2 values, those of test are of 4");
    a = eval_sample(6, 2, x);
    b = eval_sample(5, 2, x);
    refused("mse", &a, &b, BW_ERR_DIMENSION,
            "test: 5 items, test has 6, and mse compares them one by one");
    b = eval_sample(1, 2, x);
    refused("mmd", &a, &b, BW_ERR_RANGE,
            "test: mmd takes at least 2 items, not 1");
    double y[12] = {1e300};
    b = eval_sample(6, 2, y);
    refused("mse", &a, &b, BW_ERR_RANGE,
            "test: mse is no finite number: values are too large");
}

Test(eval_measure, limits)
{
    double *x = eval_normal(1500, 1, 0, 1, 1),
           *y = eval_normal(1500, 1, 1, 1, 2);
    bw_sample a = eval_sample(1500, 1, x), b = eval_sample(1500, 1, y);
    bw_sample head_a = bw_sample_head(&a, 1000),
              head_b = bw_sample_head(&b, 1000);
    bw_measure_options o = {.p = 2, .has_limit = true, .limit = 1000};
    bw_measure_result result;
    bw_error err = BW_ERROR_INIT;
    double first = eval_run("wasserstein", &head_a, &head_b);

    cr_expect_eq(eval_run("wasserstein", &a, &b), first);
    o.tasks = eval_tasks(1);
    cr_assert(
        !bw_measure_run(bw_measure_find("mse", 3), &a, &b, &o, &result, &err));
    cr_expect_eq(result.value, eval_run("mse", &head_a, &head_b));
    cr_expect_neq(result.value, eval_run("mse", &a, &b));
    o.limit = 0;
    cr_assert(!bw_measure_run(bw_measure_find("wasserstein", 11), &a, &b, &o,
                              &result, &err));
    cr_expect_neq(result.value, first);
    bw_tasks_destroy(o.tasks);
    free(x);
    free(y);
}
