/* conv_thin_vector.h - a vector of floats and its five operations, in AVX-512,
 * AVX2 or plain C, whichever the including file is compiled for.
 *
 * Sums are fused multiply-adds, so AVX2 and AVX-512 give the same bytes, as
 * does plain C where the machine fuses. Where it can not, fmaf() would be a
 * call of a hundred instructions: plain C multiplies and adds there, and its
 * last bits are its own.
 */
#ifndef BW_CONV_THIN_VECTOR_H
#define BW_CONV_THIN_VECTOR_H

#include <stddef.h>

#define INLINE static inline __attribute__((always_inline))

/* Before a loop of a constant number of turns: only where all loops over a tile
 * are unrolled, its sums stay in registers. */
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

#if defined(__AVX512F__)

#include <immintrin.h>

typedef __m512 vec;

INLINE vec load(const float *p)
{
    return _mm512_loadu_ps(p);
}

INLINE void store(float *p, vec a)
{
    _mm512_storeu_ps(p, a);
}

INLINE vec set(float a)
{
    return _mm512_set1_ps(a);
}

INLINE vec fma_of(vec a, vec b, vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}

/* max(a, 0), where a NaN stays one. */
INLINE vec positive(vec a)
{
    return _mm512_max_ps(_mm512_setzero_ps(), a);
}

/* a, but 0 where m <= 0. */
INLINE vec where_positive(vec m, vec a)
{
    __mmask16 is_kept = _mm512_cmp_ps_mask(m, _mm512_setzero_ps(), _CMP_NLE_UQ);

    return _mm512_maskz_mov_ps(is_kept, a);
}

#elif defined(__AVX2__) && defined(__FMA__)

#include <immintrin.h>

typedef __m256 vec;

INLINE vec load(const float *p)
{
    return _mm256_loadu_ps(p);
}

INLINE void store(float *p, vec a)
{
    _mm256_storeu_ps(p, a);
}

INLINE vec set(float a)
{
    return _mm256_set1_ps(a);
}

INLINE vec fma_of(vec a, vec b, vec c)
{
    return _mm256_fmadd_ps(a, b, c);
}

INLINE vec positive(vec a)
{
    return _mm256_max_ps(_mm256_setzero_ps(), a);
}

INLINE vec where_positive(vec m, vec a)
{
    return _mm256_and_ps(_mm256_cmp_ps(m, _mm256_setzero_ps(), _CMP_NLE_UQ), a);
}

#else

#include <math.h>
#include <stdint.h>
#include <string.h>

typedef float vec __attribute__((vector_size(16)));

INLINE vec load(const float *p)
{
    vec a;
    memcpy(&a, p, sizeof a);
    return a;
}

INLINE void store(float *p, vec a)
{
    memcpy(p, &a, sizeof a);
}

INLINE vec set(float a)
{
    return (vec){a, a, a, a};
}

INLINE vec fma_of(vec a, vec b, vec c)
{
#ifdef FP_FAST_FMAF
    for (int k = 0; k < 4; k++)
        c[k] = fmaf(a[k], b[k], c[k]);
    return c;
#else
    return a * b + c;
#endif
}

INLINE vec positive(vec a)
{
    typedef int32_t bits __attribute__((vector_size(16)));
    bits is_negative = (bits)(a < set(0));
    return (vec)((bits)a & ~is_negative);
}

INLINE vec where_positive(vec m, vec a)
{
    typedef int32_t bits __attribute__((vector_size(16)));
    bits is_dropped = (bits)(m <= set(0));
    return (vec)((bits)a & ~is_dropped);
}

#endif

/* 16 lanes in halves: k and k + 8, then k + 4, k + 2, k + 1. */
INLINE float fold_lanes(const float *p)
{
    float a[8], b[4];
    for (size_t k = 0; k < 8; k++)
        a[k] = p[k] + p[k + 8];
    for (size_t k = 0; k < 4; k++)
        b[k] = a[k] + a[k + 4];
    return (b[0] + b[2]) + (b[1] + b[3]);
}

#endif
