/* test_divergence.c - KL, JS and TV in closed forms: the parallel lines of the
 * WGAN paper, equal histograms, values by hand. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "barrow/divergence.h"

enum { N = 6 };

static double work[N];

/* One divergence of two histograms of N bins. */
static double measure(bw_divergence divergence, bw_normalize normalize,
                      const double *a, const double *b)
{
    static const double zero[N];
    bw_error err = BW_ERROR_INIT;
    bw_ground *ground;
    bw_histograms *set;
    cr_assert_eq(bw_ground_create_grid(BW_NORM_L2, 1, 2, N / 2, &ground, &err),
                 BW_OK);
    cr_assert_eq(bw_histograms_create(ground, normalize, &set, &err), BW_OK);
    cr_assert_eq(bw_histograms_add(set, N, a, &err), BW_OK, "%s", err.text);
    cr_assert_eq(bw_histograms_add(set, N, b, &err), BW_OK, "%s", err.text);
    cr_assert_eq(bw_histograms_seal(set, &err), BW_OK);
    bw_histogram x = bw_histograms_get(set, 0), y = bw_histograms_get(set, 1);
    double value = bw_divergence_compute(divergence, &x, &y, normalize, work);
    cr_expect(memcmp(work, zero, sizeof work) == 0, "work is left dirty");
    bw_histograms_destroy(set);
    bw_ground_destroy(ground);
    return value;
}

static const double left[N] = {1, 0, 0, 1, 0, 0};
static const double right[N] = {0, 0, 5, 0, 0, 5};

/* Two lines that do not meet: no distance but the transport's tells how far
 * apart they are. */
Test(divergence, parallel_lines)
{
    const bw_normalize sum = BW_NORMALIZE_SUM;
    double js = measure(BW_DIVERGENCE_JS, sum, left, right);
    cr_expect(isinf(measure(BW_DIVERGENCE_KL, sum, left, right)));
    cr_expect(measure(BW_DIVERGENCE_KL, sum, left, right) > 0);
    cr_expect_float_eq(js, log(2), 1e-15);
    cr_expect_eq(measure(BW_DIVERGENCE_TV, sum, left, right), 1);
}

Test(divergence, equal_histograms)
{
    for (int k = BW_DIVERGENCE_KL; k <= BW_DIVERGENCE_TV; k++) {
        double a[N] = {1, 2, 0, 3, 0.5, 7}, b[N];
        cr_expect_eq(measure((bw_divergence)k, BW_NORMALIZE_SUM, left, left),
                     0);
        cr_expect_eq(measure((bw_divergence)k, BW_NORMALIZE_NONE, a, a), 0);
        for (size_t q = 0; q < N; q++)
            b[q] = 3 * a[q];
        cr_expect_float_eq(measure((bw_divergence)k, BW_NORMALIZE_SUM, a, b), 0,
                           1e-15);
    }
}

/* a = (1/2, 1/2, 0), b = (1/4, 1/4, 1/2), m = (3/8, 3/8, 1/4). */
Test(divergence, values_by_hand)
{
    const double a[N] = {1, 1}, b[N] = {10, 10, 20};
    const bw_normalize sum = BW_NORMALIZE_SUM;
    double js = (log(4.0 / 3) + (log(2.0 / 3) + log(2)) / 2) / 2;
    cr_expect_float_eq(measure(BW_DIVERGENCE_KL, sum, a, b), log(2), 1e-15);
    cr_expect(isinf(measure(BW_DIVERGENCE_KL, sum, b, a)));
    cr_expect_float_eq(measure(BW_DIVERGENCE_TV, sum, a, b), 0.5, 1e-15);
    cr_expect_float_eq(measure(BW_DIVERGENCE_TV, sum, b, a), 0.5, 1e-15);
    cr_expect_float_eq(measure(BW_DIVERGENCE_JS, sum, a, b), js, 1e-15);
    cr_expect_float_eq(measure(BW_DIVERGENCE_JS, sum, b, a), js, 1e-15);
}

Test(divergence, masses_as_given)
{
    const double a[N] = {0.75, 0.25}, b[N] = {0.25, 0.75};
    const double c[N] = {3, 1}, d[N] = {1, 3};
    const bw_normalize none = BW_NORMALIZE_NONE;
    cr_expect_float_eq(measure(BW_DIVERGENCE_KL, none, a, b), log(3) / 2,
                       1e-15);
    cr_expect_float_eq(measure(BW_DIVERGENCE_TV, none, a, b), 0.5, 1e-15);
    cr_expect_float_eq(measure(BW_DIVERGENCE_KL, none, c, d), 2 * log(3),
                       1e-14);
    cr_expect_float_eq(measure(BW_DIVERGENCE_TV, none, c, d), 2, 1e-15);
}

Test(divergence, softmax_has_mass_everywhere)
{
    const double a[N] = {0, 0, 0, 0, 0, 0}, b[N] = {1, 0, 0, 0, 0, 0};
    double e = exp(1), z = e + 5;
    double kl = log(z / 6) - 1.0 / 6;
    double tv = e / z - 1.0 / 6;
    cr_expect_float_eq(measure(BW_DIVERGENCE_KL, BW_NORMALIZE_SOFTMAX, a, b),
                       kl, 1e-15);
    cr_expect_float_eq(measure(BW_DIVERGENCE_TV, BW_NORMALIZE_SOFTMAX, a, b),
                       tv, 1e-15);
}
