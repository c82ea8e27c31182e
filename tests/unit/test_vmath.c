/* test_vmath.c - exponentials and logarithms against the C library's doubles,
 * over a sample of all floats of their ranges, with the bounds that vmath.h
 * states. */
#include "config.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

#include "nn/vmath.h"

/* Units in the last place of a float near x. */
static double ulp(double x)
{
    return fabs(x) < 0x1p-126 ? 0x1p-149 : ldexp(1.0, ilogb(x) - 23);
}

/* The largest error in ulp over every `stride`-th float of from .. to, both of
 * one sign. */
static double worst(float (*f)(float), double (*right)(double), float from,
                    float to, int32_t stride)
{
    int32_t first = bw_vmath_bits(from), last = bw_vmath_bits(to);
    double most = 0.0;

    for (int32_t bits = first; bits <= last && bits >= first; bits += stride) {
        float x = bw_vmath_float(bits);
        double y = right((double)x);
        double error = fabs((double)f(x) - y) / ulp(y);

        most = error > most ? error : most;
    }
    return most;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

enum { STRIDE = 997 };

Test(vmath, errors_are_as_stated)
{
    double e = fmax(worst(bw_vmath_exp, exp, 0.0f, 88.7f, STRIDE),
                    worst(bw_vmath_exp, exp, -0.0f, -87.3f, STRIDE));
    double e1 = fmax(worst(bw_vmath_expm1, expm1, 0.0f, 59.0f, STRIDE),
                     worst(bw_vmath_expm1, expm1, -0.0f, -1e30f, STRIDE));
    double t = fmax(worst(bw_vmath_tanh, tanh, 0.0f, 1e30f, STRIDE),
                    worst(bw_vmath_tanh, tanh, -0.0f, -1e30f, STRIDE));
    double s = fmax(worst(bw_vmath_sigmoid, sigmoid, 0.0f, 1e30f, STRIDE),
                    worst(bw_vmath_sigmoid, sigmoid, -0.0f, -87.0f, STRIDE));
    double l = worst(bw_vmath_log, log, FLT_MIN, FLT_MAX, STRIDE);
    double l1 = worst(bw_vmath_log1p, log1p, 0.0f, 1.0f, STRIDE);

    cr_assert_lt(e, 1.2, "exp %g", e);
    cr_assert_lt(e1, 2.0, "expm1 %g", e1);
    cr_assert_lt(t, 3.0, "tanh %g", t);
    cr_assert_lt(s, 2.5, "sigmoid %g", s);
    cr_assert_lt(l, 2.0, "log %g", l);
    cr_assert_lt(l1, 2.0, "log1p %g", l1);
}

Test(vmath, ends_are_right)
{
    cr_assert_eq(bw_vmath_exp(0.0f), 1.0f);
    cr_assert_eq(bw_vmath_exp(-INFINITY), 0.0f);
    cr_assert_eq(bw_vmath_exp(89.0f), INFINITY);
    cr_assert_eq(bw_vmath_exp(INFINITY), INFINITY);
    cr_assert_eq(bw_vmath_exp(-200.0f), 0.0f);
    cr_assert_eq(bw_vmath_expm1(-INFINITY), -1.0f);
    cr_assert_eq(bw_vmath_tanh(INFINITY), 1.0f);
    cr_assert_eq(bw_vmath_tanh(-INFINITY), -1.0f);
    cr_assert_eq(bw_vmath_sigmoid(INFINITY), 1.0f);
    cr_assert_eq(bw_vmath_sigmoid(-INFINITY), 0.0f);
    cr_assert_eq(bw_vmath_log(1.0f), 0.0f);
    cr_assert_eq(bw_vmath_log1p(0.0f), 0.0f);
}

/* Below the smallest normal float: within one of the subnormal steps. */
Test(vmath, exp_underflows_step_by_step)
{
    for (float x = -87.4f; x > -104.0f; x -= 0.37f)
        cr_assert_float_eq((double)bw_vmath_exp(x), exp((double)x), 0x1p-149);
}

Test(vmath, a_nan_stays_one)
{
    cr_assert(isnan(bw_vmath_exp(NAN)));
    cr_assert(isnan(bw_vmath_expm1(NAN)));
    cr_assert(isnan(bw_vmath_tanh(NAN)));
    cr_assert(isnan(bw_vmath_sigmoid(NAN)));
    cr_assert(isnan(bw_vmath_log(NAN)));
    cr_assert(isnan(bw_vmath_log1p(NAN)));
}
