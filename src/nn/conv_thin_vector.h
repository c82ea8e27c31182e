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

#define INLINE static inline __attribute__((always_inline))

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

#endif

#endif
