/* test_dwe_figures.c - figures of predictions, and principal components, on
 * numbers worked out by hand. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>

#include "model/components.h"
#include "model/dwe_evaluate.h"

Test(dwe_figures, of_four_pairs)
{
    const double p[] = {1, 2, 3, 6}, y[] = {1, 3, 3, 5};
    bw_dwe_figures f = bw_dwe_figures_of(4, p, y);

    cr_assert_float_eq(f.mse, 0.5, 1e-15);
    cr_assert_float_eq(f.relative_mse, 2.0 / 44, 1e-15);
    cr_assert_float_eq(f.mean, 3, 1e-15);
    cr_assert_float_eq(f.sd, sqrt(2), 1e-15);
    /* Sums of products about the means: 10, 14, 8. */
    cr_assert_float_eq(f.correlation, 10 / sqrt(14 * 8.0), 1e-15);
}

Test(dwe_figures, of_a_constant)
{
    const double p[] = {1, 1}, y[] = {0, 0};
    bw_dwe_figures f = bw_dwe_figures_of(2, p, y);

    cr_assert(isnan(f.correlation));
    cr_assert(isnan(f.relative_mse));
    cr_assert_float_eq(f.mse, 1, 1e-15);
}

Test(dwe_figures, quantiles)
{
    enum { N = 300 };
    double p[N], y[N];
    bw_dwe_bin bin[BW_DWE_BINS];
    bw_error err = BW_ERROR_INIT;
    size_t n = 0;

    /* Ten pairs for each of 0.05, 3.05, 4.05 .. 29.05, 0 and 30; p falls. */
    for (int k = 0; k < N; k++) {
        y[k] = k / 10 == 1 ? 0 : k / 10 == 2 ? 30 : k / 10 + 0.05;
        p[k] = N - k;
    }
    y[0] = 0;
    cr_assert(!bw_dwe_quantiles(N, p, y, bin, &err));
    for (int b = 0; b < BW_DWE_BINS; b++)
        n += bin[b].n;
    cr_assert_eq(n, N);
    cr_assert_eq(bin[0].n, 20);
    cr_assert_eq(bin[1].n, 0);
    cr_assert_eq(bin[2].n, 0);
    cr_assert_eq(bin[29].n, 20);
    cr_assert_float_eq(bin[5].low, 5, 1e-12);
    cr_assert_float_eq(bin[5].high, 6, 1e-12);
    cr_assert_float_eq(bin[5].exact, 5.05, 1e-12);
    /* p of that bin: 250, 249, ... 241. */
    cr_assert_float_eq(bin[5].mean, 245.5, 1e-9);
    cr_assert_float_eq(bin[5].q10, 241.9, 1e-9);
    cr_assert_float_eq(bin[5].q90, 249.1, 1e-9);
}

Test(dwe_figures, quantiles_of_equal_costs)
{
    const double p[] = {1, 2, 3}, y[] = {4, 4, 4};
    bw_dwe_bin bin[BW_DWE_BINS];
    bw_error err = BW_ERROR_INIT;

    cr_assert(!bw_dwe_quantiles(3, p, y, bin, &err));
    cr_assert_eq(bin[0].n, 3);
    cr_assert_float_eq(bin[0].mean, 2, 1e-15);
}

/* Points on two orthogonal lines of known spread. */
Test(dwe_figures, components)
{
    const float codes[] = {1 + 4, 1 + 3, 7, 1 - 4, 1 - 3, 7,
                           1 - 3, 1 + 4, 7, 1 + 3, 1 - 4, 7};
    const double stretched[] = {2, 2, 1, 1};
    float c[12];
    double mean[3], variance[3], direction[9];
    bw_error err = BW_ERROR_INIT;

    for (int k = 0; k < 12; k++) {
        double m = k % 3 == 2 ? 7 : 1;
        c[k] = (float)(m + stretched[k / 3] * ((double)codes[k] - m));
    }
    cr_assert(!bw_components_find(4, 3, c, 3, mean, variance, direction, &err),
              "%s", err.text);
    cr_assert_float_eq(mean[0], 1, 1e-12);
    cr_assert_float_eq(mean[2], 7, 1e-12);
    /* Lengths 10 and 5 on both sides of the mean, of 4 points. */
    cr_assert_float_eq(variance[0], 50, 1e-9);
    cr_assert_float_eq(variance[1], 12.5, 1e-9);
    cr_assert_float_eq(variance[2], 0, 1e-9);
    cr_assert_float_eq(direction[0], 0.8, 1e-9);
    cr_assert_float_eq(direction[1], 0.6, 1e-9);
    cr_assert_float_eq(direction[3], -0.6, 1e-9);
    cr_assert_float_eq(direction[4], 0.8, 1e-9);
}
