/* vmath.h - exponentials and logarithms that loops over floats can inline and
 * a compiler can turn into vectors: no branch, no table, no call.
 *
 * Results are the same bits for every instruction set, since no product is
 * contracted with a sum. A NaN stays one. Polynomials are least-squares fits
 * at Chebyshev nodes, rounded to floats; their own errors are below 0.2 units
 * in the last place (ulp); bounds beside each function are measured over its
 * range and hold rounding, too.
 */
#ifndef BW_VMATH_H
#define BW_VMATH_H

#include <stdint.h>
#include <string.h>

static inline int32_t bw_vmath_bits(float x)
{
    int32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float bw_vmath_float(int32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

/* a - b 2^shift, which wraps around where a NaN's bits make it. */
static inline int32_t bw_vmath_minus(int32_t a, int32_t b, int shift)
{
    return (int32_t)((uint32_t)a - ((uint32_t)b << shift));
}

/* 2^n for n in -126 .. 127. */
static inline float bw_vmath_pow2(int32_t n)
{
    return bw_vmath_float(bw_vmath_minus(0x3f800000, -n, 23));
}

/* exp(x) = 2^n (1 + p) with x = n ln 2 + r, |r| <= ln 2 / 2 and p = exp(r) - 1;
 * x within -150 .. 150. Returns p. */
static inline float bw_vmath_split(float x, int32_t *n)
{
    const float magic = 0x1.8p23f; /* a float past it has no fraction */
    float t = x * 0x1.715476p0f + magic;
    float whole = t - magic;
    /* ln 2 in two parts, the first of 14 bits: its products are exact. */
    float r = (x - whole * 0x1.62e4p-1f) - whole * 0x1.7f7d1cp-20f;
    float q = 0x1.6d4328p-10f;

    q = q * r + 0x1.120b74p-7f;
    q = q * r + 0x1.5554eap-5f;
    q = q * r + 0x1.5554dcp-3f;
    q = q * r + 0x1p-1f;
    *n = bw_vmath_minus(bw_vmath_bits(t), bw_vmath_bits(magic), 0);
    return q * r * r + r;
}

/* Within 1.2 ulp; infinity past the largest float, 0 below the smallest. */
static inline float bw_vmath_exp(float x)
{
    float low = x < -110.0f ? -110.0f : x;
    float near = low > 90.0f ? 90.0f : low;
    int32_t n, half;
    float p = bw_vmath_split(near, &n);

    /* In two steps, for 2^n itself may be no float. */
    half = n >> 1;
    return (1.0f + p) * bw_vmath_pow2(half) * bw_vmath_pow2(n - half);
}

/* exp(x) - 1 within 2 ulp, for x up to 60, which it is taken for past it. */
static inline float bw_vmath_expm1(float x)
{
    float low = x < -60.0f ? -60.0f : x;
    float near = low > 60.0f ? 60.0f : low;
    int32_t n;
    float p = bw_vmath_split(near, &n);
    float scale = bw_vmath_pow2(n);

    return scale * p + (scale - 1.0f);
}

/* Within 2.5 ulp for x over -87, then absolutely within the smallest normal
 * float. */
static inline float bw_vmath_sigmoid(float x)
{
    return 1.0f / (1.0f + bw_vmath_exp(-x));
}

/* Within 3 ulp: tanh |x| = t / (t + 2) with t = exp(2 |x|) - 1. */
static inline float bw_vmath_tanh(float x)
{
    float t = bw_vmath_expm1(x < 0.0f ? -2.0f * x : 2.0f * x);
    float y = t / (t + 2.0f);

    return x < 0.0f ? -y : y;
}

/* 2 atanh(s) = 2 s + s^3 g(s^2), |s| up to 0.1716. */
static inline float bw_vmath_atanh2(float s)
{
    float z = s * s, g = 0x1.2ee95cp-2f;

    g = g * z + 0x1.997c18p-2f;
    g = g * z + 0x1.55555cp-1f;
    return g * z * s + 2.0f * s;
}

/* Within 2 ulp, of a positive float that is not subnormal, or NaN; else no
 * number that means anything. log(2^n m) = n ln 2 + 2 atanh(s) with
 * s = (m - 1) / (m + 1) and m between the roots of 1/2 and 2. */
static inline float bw_vmath_log(float x)
{
    /* Bits above those of sqrt(1/2) carry into the exponent. */
    int32_t n = bw_vmath_minus(bw_vmath_bits(x), 0x3f3504f3, 0) >> 23;
    float m = bw_vmath_float(bw_vmath_minus(bw_vmath_bits(x), n, 23));
    float whole = (float)n;
    float tail =
        whole * 0x1.7f7d1cp-20f + bw_vmath_atanh2((m - 1.0f) / (m + 1.0f));
    float y = whole * 0x1.62e4p-1f + tail;

    return x == x ? y : x;
}

/* log(1 + e) within 2 ulp for e in 0 .. 1, small e included. */
static inline float bw_vmath_log1p(float e)
{
    /* 1 + e = 2 m past sqrt(2), else m. */
    float whole = e > 0.41421356f ? 1.0f : 0.0f;
    float s = e > 0.41421356f ? (e - 1.0f) / (e + 3.0f) : e / (e + 2.0f);

    return whole * 0x1.62e43p-1f + bw_vmath_atanh2(s);
}

#endif
