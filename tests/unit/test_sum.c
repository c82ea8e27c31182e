/* test_sum.c - sums without rounding: signs that doubles get wrong. */
#include "config.h"

#include <criterion/criterion.h>
#include <float.h>

#include "barrow/random.h"
#include "ot/sum.h"

static int sign_of(size_t n, const double *x)
{
    bw_sum sum;
    bw_sum_init(&sum);
    for (size_t k = 0; k < n; k++)
        bw_sum_add(&sum, fabs(x[k]), x[k] < 0);
    return bw_sum_sign(&sum);
}

Test(sum, signs_of_few_terms)
{
    const double a[] = {1, -1}, b[] = {1e300, 5e-324, -1e300},
                 c[] = {1e300, -5e-324, -1e300}, d[] = {0.1, 0.2, -0.3},
                 e[] = {DBL_MAX, DBL_MAX, -DBL_MAX, -DBL_MAX},
                 f[] = {DBL_MAX, DBL_MAX, DBL_MAX},
                 g[] = {-DBL_MAX, -DBL_MAX, DBL_MIN}, h[] = {-0x1p-1074};
    cr_expect_eq(sign_of(0, a), 0);
    cr_expect_eq(sign_of(2, a), 0);
    cr_expect_eq(sign_of(3, b), 1);
    cr_expect_eq(sign_of(3, c), -1);
    cr_expect_eq(sign_of(3, d), 1); /* 0.1 + 0.2 is above 0.3 in binary */
    cr_expect_eq(sign_of(4, e), 0);
    cr_expect_eq(sign_of(3, f), 1);
    cr_expect_eq(sign_of(3, g), -1);
    cr_expect_eq(sign_of(1, h), -1);
}

/* Any terms, then the same with the other sign in another order, then one that
 * is left alone. */
Test(sum, what_cancels_leaves_the_last_bit)
{
    enum { N = 2000 };
    static double x[2 * N + 1];
    for (uint64_t t = 0; t < 200; t++) {
        bw_random random;
        bw_random_init(&random, 1, BW_RANDOM_TEST, t);
        size_t n = 1 + bw_random_below(&random, N);
        for (size_t k = 0; k < n; k++) {
            int exponent = (int)bw_random_below(&random, 2097) - 1074;
            double y = ldexp(bw_random_uniform(&random) + 0.5, exponent);
            x[k] = t % 2 ? y : -y;
            x[2 * n - 1 - k] = -x[k];
        }
        cr_assert_eq(sign_of(2 * n, x), 0, "%llu", (unsigned long long)t);
        x[2 * n] = t % 3 ? 0x1p-1074 : -0x1p-1074;
        cr_assert_eq(sign_of(2 * n + 1, x), t % 3 ? 1 : -1, "%llu",
                     (unsigned long long)t);
    }
}
