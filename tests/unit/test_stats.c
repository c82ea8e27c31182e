/* test_stats.c - figures of a tensor's items. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "store/stats.h"

static bw_stats stats_of(bw_dtype dtype, const void *items, size_t n)
{
    bw_stats s;

    bw_stats_init(&s);
    bw_stats_add(&s, dtype, items, n);
    bw_stats_close(&s);
    return s;
}

Test(stats, of_a_few_numbers)
{
    const float items[] = {2, NAN, 4, -0.0f, 6, NAN};
    bw_stats s = stats_of(BW_F32, items, 6);

    cr_expect_eq(s.n, 4);
    cr_expect_eq(s.n_nan, 2);
    cr_expect_eq(s.n_zero, 1);
    cr_expect_eq(s.min, 0);
    cr_expect_eq(s.max, 6);
    cr_expect_eq(s.mean, 3);
    cr_expect_float_eq(s.sd, sqrt(5), 1e-15);
}

Test(stats, of_nothing)
{
    bw_stats s = stats_of(BW_F64, NULL, 0);

    cr_expect_eq(s.n + s.n_nan + s.n_zero, 0);
    cr_expect(isnan(s.min) && isnan(s.max) && isnan(s.mean) && isnan(s.sd));
    s = stats_of(BW_F64, (double[]){NAN}, 1);
    cr_expect_eq(s.n_nan, 1);
    cr_expect(isnan(s.min) && isnan(s.sd));
}

Test(stats, wide_integers_are_exact)
{
    const uint64_t u[] = {UINT64_MAX, UINT64_MAX - 1};
    const int64_t i[] = {INT64_MIN, INT64_MIN + 1};
    bw_stats s = stats_of(BW_U64, u, 2);

    cr_expect_eq(s.max_u, UINT64_MAX);
    cr_expect_eq(s.min_u, UINT64_MAX - 1);
    s = stats_of(BW_I64, i, 2);
    cr_expect_eq(s.min_i, INT64_MIN);
    cr_expect_eq(s.max_i, INT64_MIN + 1);
}

/* A large mean drowns the deviations of a sum of squares; and the answer does
 * not depend on how calls cut the items. */
Test(stats, many_numbers_around_a_large_mean)
{
    enum { N = 100 * 1000 };
    double *items = malloc(N * sizeof *items);
    bw_stats whole, parts;

    cr_assert_not_null(items);
    for (size_t k = 0; k < N; k++)
        items[k] = 1e9 + (double)(k % 5) - 2;
    whole = stats_of(BW_F64, items, N);
    cr_expect_float_eq(whole.mean, 1e9, 1e-6);
    cr_expect_float_eq(whole.sd, sqrt(2), 1e-9);
    bw_stats_init(&parts);
    for (size_t k = 0; k < N; k += 1000)
        bw_stats_add(&parts, BW_F64, items + k, 1000);
    bw_stats_close(&parts);
    cr_expect_float_eq(parts.mean, 1e9, 1e-6);
    cr_expect_float_eq(parts.sd, sqrt(2), 1e-9);
    cr_expect_eq(parts.n, N);
    free(items);
}
