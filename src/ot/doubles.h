/* doubles.h - sixteen doubles at once, beside the integers of lanes.h, in
 * AVX-512, AVX2 or plain C. All three give the same numbers. */
#ifndef BW_DOUBLES_H
#define BW_DOUBLES_H

#include <math.h>

#include "ot/lanes.h"

#if defined(__AVX512BW__) && defined(__AVX512VL__)

typedef struct bw_doubles {
    __m512d part[2];
} bw_doubles;

#define BW_DOUBLES_EACH(expression)                                            \
    do {                                                                       \
        for (int k = 0; k < 2; k++)                                            \
            r.part[k] = (expression);                                          \
    } while (0)

static inline bw_doubles bw_doubles_load(const double *p)
{
    bw_doubles r;
    BW_DOUBLES_EACH(_mm512_loadu_pd(p + 8 * k));
    return r;
}

static inline bw_doubles bw_doubles_set(double a)
{
    bw_doubles r;
    BW_DOUBLES_EACH(_mm512_set1_pd(a));
    return r;
}

static inline bw_doubles bw_doubles_max(bw_doubles a, bw_doubles b)
{
    bw_doubles r;
    BW_DOUBLES_EACH(_mm512_max_pd(a.part[k], b.part[k]));
    return r;
}

static inline bw_doubles bw_doubles_sqrt(bw_doubles a)
{
    bw_doubles r;
    BW_DOUBLES_EACH(_mm512_sqrt_pd(a.part[k]));
    return r;
}

/* To the nearest integers, ties to even ones. */
static inline bw_lanes bw_doubles_round(bw_doubles a)
{
    __m512i lo = _mm512_castsi256_si512(_mm512_cvtpd_epi32(a.part[0]));
    return _mm512_inserti64x4(lo, _mm512_cvtpd_epi32(a.part[1]), 1);
}

#elif defined(__AVX2__)

typedef struct bw_doubles {
    __m256d part[4];
} bw_doubles;

#define BW_DOUBLES_EACH(expression)                                            \
    do {                                                                       \
        for (int k = 0; k < 4; k++)                                            \
            r.part[k] = (expression);                                          \
    } while (0)

static inline bw_doubles bw_doubles_load(const double *p)
{
    bw_doubles r;
    BW_DOUBLES_EACH(_mm256_loadu_pd(p + 4 * k));
    return r;
}

static inline bw_doubles bw_doubles_set(double a)
{
    bw_doubles r;
    BW_DOUBLES_EACH(_mm256_set1_pd(a));
    return r;
}

static inline bw_doubles bw_doubles_max(bw_doubles a, bw_doubles b)
{
    bw_doubles r;
    BW_DOUBLES_EACH(_mm256_max_pd(a.part[k], b.part[k]));
    return r;
}

static inline bw_doubles bw_doubles_sqrt(bw_doubles a)
{
    bw_doubles r;
    BW_DOUBLES_EACH(_mm256_sqrt_pd(a.part[k]));
    return r;
}

static inline bw_lanes bw_doubles_round(bw_doubles a)
{
    return (bw_lanes){_mm256_set_m128i(_mm256_cvtpd_epi32(a.part[1]),
                                       _mm256_cvtpd_epi32(a.part[0])),
                      _mm256_set_m128i(_mm256_cvtpd_epi32(a.part[3]),
                                       _mm256_cvtpd_epi32(a.part[2]))};
}

#else

typedef struct bw_doubles {
    double part[BW_N_LANES];
} bw_doubles;

#define BW_DOUBLES_EACH(expression)                                            \
    do {                                                                       \
        for (int k = 0; k < BW_N_LANES; k++)                                   \
            r.part[k] = (expression);                                          \
    } while (0)

static inline bw_doubles bw_doubles_load(const double *p)
{
    bw_doubles r;
    BW_DOUBLES_EACH(p[k]);
    return r;
}

static inline bw_doubles bw_doubles_set(double a)
{
    bw_doubles r;
    BW_DOUBLES_EACH(a);
    return r;
}

static inline bw_doubles bw_doubles_max(bw_doubles a, bw_doubles b)
{
    bw_doubles r;
    BW_DOUBLES_EACH(a.part[k] > b.part[k] ? a.part[k] : b.part[k]);
    return r;
}

static inline bw_doubles bw_doubles_sqrt(bw_doubles a)
{
    bw_doubles r;
    BW_DOUBLES_EACH(sqrt(a.part[k]));
    return r;
}

/* Added to a number below 2^31, 1.5 * 2^52 leaves the nearest integer in the
 * last bits of the sum. */
static inline bw_lanes bw_doubles_round(bw_doubles a)
{
    const double shift = 6755399441055744.0;
    bw_lanes r;
    for (int k = 0; k < BW_N_LANES; k++)
        r.x[k] = (int32_t)((a.part[k] + shift) - shift);
    return r;
}

#endif

static inline bw_doubles bw_doubles_add(bw_doubles a, bw_doubles b)
{
    bw_doubles r;
    BW_DOUBLES_EACH(a.part[k] + b.part[k]);
    return r;
}

static inline bw_doubles bw_doubles_sub(bw_doubles a, bw_doubles b)
{
    bw_doubles r;
    BW_DOUBLES_EACH(a.part[k] - b.part[k]);
    return r;
}

static inline bw_doubles bw_doubles_mul(bw_doubles a, bw_doubles b)
{
    bw_doubles r;
    BW_DOUBLES_EACH(a.part[k] * b.part[k]);
    return r;
}

#undef BW_DOUBLES_EACH

#endif
