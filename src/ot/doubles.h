/* doubles.h - sixteen doubles at once, beside the integers of lanes.h, in
 * AVX-512, AVX2 or plain C. All three give the same numbers. */
#ifndef BW_DOUBLES_H
#define BW_DOUBLES_H

#include <math.h>

#include "ot/lanes.h"

/* A part is what the instructions take at once: BW_DOUBLES_WIDTH doubles.
 * BW_DOUBLES_OP has the intrinsics' names. */
#if defined(__AVX512BW__) && defined(__AVX512VL__)
enum { BW_DOUBLES_WIDTH = 8 };
typedef __m512d bw_doubles_part;
#define BW_DOUBLES_OP(name) _mm512_##name##_pd
#elif defined(__AVX2__)
enum { BW_DOUBLES_WIDTH = 4 };
typedef __m256d bw_doubles_part;
#define BW_DOUBLES_OP(name) _mm256_##name##_pd
#else
enum { BW_DOUBLES_WIDTH = 1 };
typedef double bw_doubles_part;
#define BW_DOUBLES_OP(name) bw_doubles_part_##name

static inline double bw_doubles_part_loadu(const double *p)
{
    return *p;
}

static inline double bw_doubles_part_set1(double a)
{
    return a;
}

static inline double bw_doubles_part_max(double a, double b)
{
    return a > b ? a : b;
}

static inline double bw_doubles_part_sqrt(double a)
{
    return sqrt(a);
}
#endif

enum { BW_DOUBLES_PARTS = BW_N_LANES / BW_DOUBLES_WIDTH };

typedef struct bw_doubles {
    bw_doubles_part part[BW_DOUBLES_PARTS];
} bw_doubles;

#define BW_DOUBLES_EACH(expression)                                            \
    do {                                                                       \
        for (int k = 0; k < BW_DOUBLES_PARTS; k++)                             \
            r.part[k] = (expression);                                          \
    } while (0)

static inline bw_doubles bw_doubles_load(const double *p)
{
    bw_doubles r;
    BW_DOUBLES_EACH(BW_DOUBLES_OP(loadu)(p + BW_DOUBLES_WIDTH * k));
    return r;
}

static inline bw_doubles bw_doubles_set(double a)
{
    bw_doubles r;
    BW_DOUBLES_EACH(BW_DOUBLES_OP(set1)(a));
    return r;
}

static inline bw_doubles bw_doubles_max(bw_doubles a, bw_doubles b)
{
    bw_doubles r;
    BW_DOUBLES_EACH(BW_DOUBLES_OP(max)(a.part[k], b.part[k]));
    return r;
}

static inline bw_doubles bw_doubles_sqrt(bw_doubles a)
{
    bw_doubles r;
    BW_DOUBLES_EACH(BW_DOUBLES_OP(sqrt)(a.part[k]));
    return r;
}

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
#undef BW_DOUBLES_OP

/* To the nearest integers, ties to even ones. */
static inline bw_lanes bw_doubles_round(bw_doubles a)
{
#if defined(__AVX512BW__) && defined(__AVX512VL__)
    __m512i lo = _mm512_castsi256_si512(_mm512_cvtpd_epi32(a.part[0]));
    return _mm512_inserti64x4(lo, _mm512_cvtpd_epi32(a.part[1]), 1);
#elif defined(__AVX2__)
    return (bw_lanes){_mm256_set_m128i(_mm256_cvtpd_epi32(a.part[1]),
                                       _mm256_cvtpd_epi32(a.part[0])),
                      _mm256_set_m128i(_mm256_cvtpd_epi32(a.part[3]),
                                       _mm256_cvtpd_epi32(a.part[2]))};
#else
    /* Added to a number below 2^31, 1.5 * 2^52 leaves the nearest integer in
     * the last bits of the sum. */
    const double shift = 6755399441055744.0;
    bw_lanes r;
    for (int k = 0; k < BW_N_LANES; k++)
        r.x[k] = (int32_t)((a.part[k] + shift) - shift);
    return r;
#endif
}

#endif
