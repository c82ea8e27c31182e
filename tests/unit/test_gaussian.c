/* test_gaussian.c - draws of Gaussian codes and their KL against formulas in
 * double precision, integrals and averages over draws; gradients against finite
 * differences of the formulas; the clip, threads, numbers that are none. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "nn/gaussian.h"

/* ---- the formulas ---- */

static double clip(double s)
{
    return fmin(fmax(s, -50), 50);
}

/* sum of dz z over all values: dz is its gradient by z. */
static double plain_sample(size_t n, size_t d, const double *y,
                           const float *noise, const float *dz)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < d; j++) {
            const double *m = y + 2 * i * d, *s = m + d;
            size_t k = i * d + j;

            sum +=
                (double)dz[k] * (m[j] + exp(clip(s[j]) / 2) * (double)noise[k]);
        }
    return sum;
}

static double plain_kl(size_t n, size_t d, const double *y, double variance)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < d; j++) {
            double m = y[2 * i * d + j], s = clip(y[(2 * i + 1) * d + j]);

            sum += ((m * m + exp(s)) / variance - 1 - s + log(variance)) / 2;
        }
    return n ? sum / (double)n : 0;
}

/* ---- instances ---- */

typedef struct codes {
    size_t n, d;
    float *y, *noise, *dz, *z, *dy;
    double *wide; /* y */
    bw_tasks *tasks;
} codes;

static float *draw(size_t n, uint64_t stream)
{
    float *values = calloc(n + 1, sizeof *values);
    bw_random random;

    bw_random_init(&random, 11, BW_RANDOM_TEST, stream);
    for (size_t k = 0; k < n; k++)
        values[k] = (float)bw_random_normal(&random);
    return values;
}

static codes make_codes(size_t n, size_t d, size_t n_threads)
{
    codes c = {.n = n, .d = d};

    c.y = draw(2 * n * d, 1);
    c.noise = draw(n * d, 2);
    c.dz = draw(n * d, 3);
    c.z = calloc(n * d + 1, sizeof *c.z);
    c.dy = calloc(2 * n * d + 1, sizeof *c.dy);
    c.wide = calloc(2 * n * d + 1, sizeof *c.wide);
    for (size_t k = 0; k < 2 * n * d; k++)
        c.wide[k] = (double)c.y[k];
    cr_assert_eq(bw_tasks_create(n_threads, &c.tasks, NULL), BW_OK);
    return c;
}

static void free_codes(codes *c)
{
    bw_tasks_destroy(c->tasks);
    free(c->y);
    free(c->noise);
    free(c->dz);
    free(c->z);
    free(c->dy);
    free(c->wide);
}

/* Nothing, one code, less than a piece, several pieces, more than pieces. */
static const size_t sizes[][2] = {{0, 3},   {4, 0},    {1, 1},
                                  {100, 8}, {100, 64}, {70, 5000}};
enum { N_SIZES = sizeof sizes / sizeof *sizes };

/* ---- draws ---- */

Test(gaussian, draws_are_the_formula)
{
    for (size_t s = 0; s < N_SIZES; s++) {
        codes c = make_codes(sizes[s][0], sizes[s][1], 2);

        bw_gaussian_sample(c.tasks, c.n, c.d, c.y, c.noise, c.z);
        for (size_t k = 0; k < c.n * c.d; k++) {
            size_t at = k / c.d * 2 * c.d + k % c.d;
            double right =
                c.wide[at] + exp(c.wide[at + c.d] / 2) * (double)c.noise[k];

            cr_assert_float_eq((double)c.z[k], right, 1e-6 * (1 + fabs(right)),
                               "%zu %zu", s, k);
        }
        free_codes(&c);
    }
}

/* dy begins at 1. */
Test(gaussian, gradients_of_draws_are_finite_differences)
{
    const double h = 1e-6;

    for (size_t s = 0; s < N_SIZES - 1; s++) {
        codes c = make_codes(sizes[s][0], sizes[s][1], 2);

        for (size_t k = 0; k < 2 * c.n * c.d; k++)
            c.dy[k] = 1;
        bw_gaussian_sample_back(c.tasks, c.n, c.d, c.y, c.noise, c.dz, c.dy);
        for (size_t k = 0; k < 2 * c.n * c.d; k += 2 * c.n * c.d / 97 + 1) {
            double kept = c.wide[k], slope;

            c.wide[k] = kept + h;
            slope = plain_sample(c.n, c.d, c.wide, c.noise, c.dz);
            c.wide[k] = kept - h;
            slope -= plain_sample(c.n, c.d, c.wide, c.noise, c.dz);
            c.wide[k] = kept;
            slope /= 2 * h;
            cr_expect_float_eq((double)c.dy[k] - 1, slope,
                               1e-5 * fabs(slope) + 3e-6, "%zu %zu: %g for %g",
                               s, k, (double)c.dy[k] - 1, slope);
        }
        free_codes(&c);
    }
}

/* ---- KL ---- */

Test(gaussian, kl_is_the_formula)
{
    static const double variances[] = {1, 0.25, 3};

    for (size_t s = 0; s < N_SIZES; s++)
        for (size_t v = 0; v < 3; v++) {
            codes c = make_codes(sizes[s][0], sizes[s][1], 1);
            double right = plain_kl(c.n, c.d, c.wide, variances[v]);
            double found =
                bw_gaussian_kl(c.tasks, c.n, c.d, c.y, variances[v], 1, NULL);

            cr_expect_float_eq(found, right, 1e-7 * (1 + right),
                               "%zu %zu: %.12g for %.12g", s, v, found, right);
            free_codes(&c);
        }
}

/* dy begins at 1, the weight is -3. */
Test(gaussian, gradients_of_kl_are_finite_differences)
{
    const double h = 1e-5, weight = -3;

    for (size_t s = 0; s < N_SIZES - 1; s++)
        for (double variance = 1; variance < 3; variance += 1.5) {
            codes c = make_codes(sizes[s][0], sizes[s][1], 1);

            for (size_t k = 0; k < 2 * c.n * c.d; k++)
                c.dy[k] = 1;
            bw_gaussian_kl(c.tasks, c.n, c.d, c.y, variance, weight, c.dy);
            for (size_t k = 0; k < 2 * c.n * c.d; k += 2 * c.n * c.d / 97 + 1) {
                double kept = c.wide[k], slope;

                c.wide[k] = kept + h;
                slope = plain_kl(c.n, c.d, c.wide, variance);
                c.wide[k] = kept - h;
                slope -= plain_kl(c.n, c.d, c.wide, variance);
                c.wide[k] = kept;
                slope *= weight / (2 * h);
                cr_expect_float_eq(
                    (double)c.dy[k] - 1, slope, 1e-5 * fabs(slope) + 1e-6,
                    "%zu %zu: %g for %g", s, k, (double)c.dy[k] - 1, slope);
            }
            free_codes(&c);
        }
}

/* log N(mean, variance) at x. */
static double log_normal(double x, double mean, double variance)
{
    return -(x - mean) * (x - mean) / (2 * variance) -
           log(2 * 3.14159265358979324 * variance) / 2;
}

/* The integral of p log(p / q) by the trapezoid rule, which errs by less than
 * rounding for a density that has faded at both ends. */
Test(gaussian, kl_is_the_integral)
{
    static const float y[][2] = {{0, 0}, {1.5f, -2}, {-3, 1}, {0.25f, 2.5f}};
    const double variance = 1.7;
    bw_tasks *tasks;

    cr_assert_eq(bw_tasks_create(1, &tasks, NULL), BW_OK);
    for (size_t k = 0; k < 4; k++) {
        double m = (double)y[k][0], v = exp((double)y[k][1]), sum = 0, found;
        double step = sqrt(v) / 100;

        for (int t = -1200; t <= 1200; t++) {
            double x = m + t * step, log_p = log_normal(x, m, v);

            sum += exp(log_p) * (log_p - log_normal(x, 0, variance)) * step;
        }
        found = bw_gaussian_kl(tasks, 1, 1, y[k], variance, 1, NULL);
        cr_expect_float_eq(found, sum, 1e-6, "%zu: %g for %g", k, found, sum);
    }
    bw_tasks_destroy(tasks);
}

/* The mean of log p - log q over draws of p. */
Test(gaussian, kl_is_the_mean_over_draws)
{
    enum { N_DRAWS = 20000, N_VALUES = 3 };
    static const float y[2 * N_VALUES] = {0.5f, -1, 0, -1, 0.3f, 1.2f};
    codes c = make_codes(N_DRAWS, N_VALUES, 1);
    double mean = 0, square = 0, error;
    double right = bw_gaussian_kl(c.tasks, 1, N_VALUES, y, 2, 1, NULL);

    for (size_t i = 0; i < N_DRAWS; i++)
        memcpy(c.y + i * 2 * N_VALUES, y, sizeof y);
    bw_gaussian_sample(c.tasks, N_DRAWS, N_VALUES, c.y, c.noise, c.z);
    for (size_t i = 0; i < N_DRAWS; i++) {
        double ratio = 0;

        for (size_t j = 0; j < N_VALUES; j++) {
            double z = (double)c.z[i * N_VALUES + j];

            ratio += log_normal(z, (double)y[j], exp((double)y[N_VALUES + j])) -
                     log_normal(z, 0, 2);
        }
        mean += ratio / N_DRAWS;
        square += ratio * ratio / N_DRAWS;
    }
    error = sqrt((square - mean * mean) / N_DRAWS);
    cr_expect_float_eq(mean, right, 4 * error, "%g +- %g for %g", mean, error,
                       right);
    cr_expect(error < right / 50);
    free_codes(&c);
}

/* s - 1 - log s is s^2 / 2 in the small: what is left must not be rounding. */
Test(gaussian, kl_near_the_prior_is_exact)
{
    const float y[2] = {0, 1e-4f};
    const double s = (double)y[1];
    float dy[2] = {0, 0};
    bw_tasks *tasks;
    double found;

    cr_assert_eq(bw_tasks_create(1, &tasks, NULL), BW_OK);
    found = bw_gaussian_kl(tasks, 1, 1, y, 1, 1, dy);
    cr_expect_float_eq(found, s * s / 4, 1e-11);
    cr_expect_float_eq((double)dy[1], s / 2 + s * s / 4, 1e-11);
    bw_tasks_destroy(tasks);
}

/* ---- promises ---- */

/* Past 50 values are those at 50, without slope; at 50 there is one. */
Test(gaussian, logarithms_are_clipped_at_50)
{
    static const float past[] = {60, INFINITY, -60, -INFINITY};
    const float noise = 1.5f, dz = 2;
    bw_tasks *tasks;

    cr_assert_eq(bw_tasks_create(1, &tasks, NULL), BW_OK);
    for (size_t k = 0; k < 4; k++) {
        const float y[2] = {3, past[k]};
        const float at[2] = {3, past[k] > 0 ? 50.0f : -50.0f};
        float z[2], dy[2] = {0, 0}, dat[2] = {0, 0};
        double kl[2], right = 3 + exp((double)at[1] / 2) * 1.5;

        bw_gaussian_sample(tasks, 1, 1, y, &noise, z);
        bw_gaussian_sample(tasks, 1, 1, at, &noise, z + 1);
        cr_expect_eq(z[0], z[1]);
        cr_expect_float_eq((double)z[0], right, 1e-6 * right);
        bw_gaussian_sample_back(tasks, 1, 1, y, &noise, &dz, dy);
        bw_gaussian_sample_back(tasks, 1, 1, at, &noise, &dz, dat);
        cr_expect(dy[0] == 2.0f && dy[1] == 0.0f, "%zu", k);
        cr_expect(dat[0] == 2.0f && dat[1] > 0.0f, "%zu", k);
        kl[0] = bw_gaussian_kl(tasks, 1, 1, y, 1, 1, dy);
        kl[1] = bw_gaussian_kl(tasks, 1, 1, at, 1, 1, dat);
        right = (9 + exp((double)at[1]) - 1 - (double)at[1]) / 2;
        cr_expect_float_eq(kl[0], kl[1], 0);
        cr_expect_float_eq(kl[0], right, 1e-6 * right);
        cr_expect(dy[0] == 5.0f && dy[1] == 0.0f, "%zu", k);
        cr_expect(fabsf(dat[1]) > 0.4f, "%zu", k);
    }
    bw_tasks_destroy(tasks);
}

Test(gaussian, threads_do_not_change_a_bit)
{
    for (size_t s = 0; s < N_SIZES; s++) {
        codes one = make_codes(sizes[s][0], sizes[s][1], 1);
        double kl =
            bw_gaussian_kl(one.tasks, one.n, one.d, one.y, 2, 2, one.dy);

        bw_gaussian_sample(one.tasks, one.n, one.d, one.y, one.noise, one.z);
        bw_gaussian_sample_back(one.tasks, one.n, one.d, one.y, one.noise,
                                one.dz, one.dy);
        for (size_t n_threads = 2; n_threads <= 3; n_threads++) {
            codes c = make_codes(one.n, one.d, n_threads);
            double again = bw_gaussian_kl(c.tasks, c.n, c.d, c.y, 2, 2, c.dy);

            bw_gaussian_sample(c.tasks, c.n, c.d, c.y, c.noise, c.z);
            bw_gaussian_sample_back(c.tasks, c.n, c.d, c.y, c.noise, c.dz,
                                    c.dy);
            cr_expect_float_eq(again, kl, 0, "%zu", s);
            cr_expect_arr_eq(c.z, one.z, c.n * c.d * sizeof *c.z);
            cr_expect_arr_eq(c.dy, one.dy, 2 * c.n * c.d * sizeof *c.dy);
            free_codes(&c);
        }
        free_codes(&one);
    }
}

Test(gaussian, a_nan_stays_one)
{
    for (size_t k = 0; k < 2; k++) {
        codes c = make_codes(1, 1, 1);

        c.y[k] = NAN;
        bw_gaussian_sample(c.tasks, 1, 1, c.y, c.noise, c.z);
        cr_expect(isnan(c.z[0]));
        cr_expect(isnan(bw_gaussian_kl(c.tasks, 1, 1, c.y, 1, 1, c.dy)));
        cr_expect(isnan(c.dy[k]));
        free_codes(&c);
    }
}
