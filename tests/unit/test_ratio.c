/* test_ratio.c - quotients rounded once, against long division and against
 * halfway cases whose rounding is known. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>

#include "barrow/random.h"
#include "ot/ratio.h"
#include "plain/ratio.h"

#define WIDE(x, shift) ((__int128)(x) << (shift))

static const int64_t two_53 = INT64_C(1) << 53;

Test(ratio, whole_numbers_and_zero)
{
    cr_expect_eq(bw_ratio_round(0, 7), 0);
    cr_expect_eq(bw_ratio_round(0, INT64_MAX), 0);
    cr_expect_eq(bw_ratio_round(1, 1), 1);
    cr_expect_eq(bw_ratio_round(-21, 7), -3);
    cr_expect_eq(bw_ratio_round(INT64_MAX, INT64_MAX), 1);
    cr_expect_eq(bw_ratio_round(WIDE(1, 125), 1), ldexp(1, 125));
    cr_expect_eq(bw_ratio_round(1, INT64_MAX), ldexp(1, -63));
}

Test(ratio, quotients_of_doubles_are_those_of_the_processor)
{
    bw_random random;
    bw_random_init(&random, 1, BW_RANDOM_TEST, 0);
    for (int t = 0; t < 20000; t++) {
        int64_t a = (int64_t)(bw_random_next(&random) >> 11);
        int64_t b = (int64_t)(bw_random_next(&random) >> (11 + t % 50)) + 1;
        if (bw_ratio_round(a, b) != (double)a / (double)b)
            cr_assert(false, "%lld / %lld", (long long)a, (long long)b);
    }
}

/* Beside a power of two the spacing of doubles changes; ties go to even. */
Test(ratio, halfway_cases)
{
    cr_expect_eq(bw_ratio_round(2 * two_53 + 1, 2), 0x1p53);
    cr_expect_eq(bw_ratio_round(2 * two_53 + 2, 2), 0x1p53);
    cr_expect_eq(bw_ratio_round(2 * two_53 + 3, 2), 0x1p53 + 2);
    cr_expect_eq(bw_ratio_round(2 * two_53 + 6, 2), 0x1p53 + 4);
    cr_expect_eq(bw_ratio_round(2 * two_53 - 1, 2), 0x1p53);
    cr_expect_eq(bw_ratio_round(2 * two_53 - 3, 2), 0x1p53 - 2);
    cr_expect_eq(bw_ratio_round(-(2 * two_53 - 3), 2), -(0x1p53 - 2));
    cr_expect_eq(bw_ratio_round(WIDE(two_53 + 1, 70), 1), ldexp(1, 123));
    cr_expect_eq(bw_ratio_round(WIDE(two_53 + 1, 70) + 1, 1),
                 ldexp(0x1p53 + 2, 70));
    cr_expect_eq(bw_ratio_round(WIDE(two_53 + 1, 70) - 1, 1), ldexp(1, 123));
    cr_expect_eq(bw_ratio_round(WIDE(two_53 + 3, 70) - 1, 1),
                 ldexp(0x1p53 + 2, 70));
}

/* A tie that one unit of the remainder breaks, far below what 128 bits of
 * quotient would show: (k + 1/2) d + 1 over d for a large d. */
Test(ratio, the_last_unit_of_the_remainder_breaks_a_tie)
{
    const int64_t d = INT64_C(4611686018427387902); /* even, below 2^62 */
    __int128 tie = (__int128)d * (two_53 + 2) + d;
    cr_expect_eq(bw_ratio_round(tie, d), 0x1p53 + 4);
    cr_expect_eq(bw_ratio_round(tie - 1, d), 0x1p53 + 2);
    cr_expect_eq(bw_ratio_round(tie + 1, d), 0x1p53 + 4);
    tie -= d;
    tie -= d; /* now between 2^53 and 2^53 + 2 */
    cr_expect_eq(bw_ratio_round(tie, d), 0x1p53);
    cr_expect_eq(bw_ratio_round(tie + 1, d), 0x1p53 + 2);
    cr_expect_eq(bw_ratio_round(-tie - 1, d), -(0x1p53 + 2));
}

/* Numerators and denominators of every size, numerators that sit on, just
 * below and just above a tie among them. */
Test(ratio, agrees_with_long_division)
{
    bw_random random;
    bw_random_init(&random, 2, BW_RANDOM_TEST, 0);
    for (uint64_t t = 0; t < 100000; t++) {
        uint64_t high = bw_random_next(&random), low = bw_random_next(&random);
        int64_t d = (int64_t)(bw_random_next(&random) >> (1 + t % 62)) + 1;
        __int128 n = (__int128)(high >> 2) << 64 | low;
        n >>= bw_random_below(&random, 126);
        if (t % 4 == 1 && d < (INT64_C(1) << 61)) {
            d *= 2;
            n = (__int128)(low >> 11 | UINT64_C(1) << 52) * d + d / 2;
            n += (int)bw_random_below(&random, 3) - 1;
        }
        if (t % 2)
            n = -n;
        if (bw_ratio_round(n, d) != plain_ratio_round(n, d))
            cr_assert(false, "numerator %lld * 2^64 + %llu, denominator %lld",
                      (long long)(n >> 64), (unsigned long long)n,
                      (long long)d);
    }
}
