/* lanes.h - sixteen 32-bit integers at once: one type and a dozen operations,
 * in AVX-512, AVX2 or plain C, whichever the including file is compiled for.
 * All three give the same integers. */
#ifndef BW_LANES_H
#define BW_LANES_H

#include <stdint.h>

enum { BW_N_LANES = 16 };

#if defined(__AVX512BW__) && defined(__AVX512VL__)

#include <immintrin.h>

typedef __m512i bw_lanes;

/* The sixteen bits of a mask register as a number. By hand, since gcc 12 may
 * spill a mask as 16 bits and load it again as 32, whose upper half is then
 * anything. */
static inline uint32_t bw_lanes_bits(__mmask16 mask)
{
    uint32_t bits;
    __asm__("kmovw %1, %0" : "=r"(bits) : "k"(mask));
    return bits;
}

static inline bw_lanes bw_lanes_load(const int32_t *p)
{
    return _mm512_loadu_si512(p);
}

static inline void bw_lanes_store(int32_t *p, bw_lanes a)
{
    _mm512_storeu_si512(p, a);
}

static inline bw_lanes bw_lanes_set(int32_t a)
{
    return _mm512_set1_epi32(a);
}

static inline bw_lanes bw_lanes_add(bw_lanes a, bw_lanes b)
{
    return _mm512_add_epi32(a, b);
}

static inline bw_lanes bw_lanes_sub(bw_lanes a, bw_lanes b)
{
    return _mm512_sub_epi32(a, b);
}

static inline bw_lanes bw_lanes_min(bw_lanes a, bw_lanes b)
{
    return _mm512_min_epi32(a, b);
}

static inline bw_lanes bw_lanes_max(bw_lanes a, bw_lanes b)
{
    return _mm512_max_epi32(a, b);
}

/* The low 32 bits of the product. */
static inline bw_lanes bw_lanes_mul(bw_lanes a, bw_lanes b)
{
    return _mm512_mullo_epi32(a, b);
}

/* Lane by lane a.lo * b.lo + a.hi * b.hi of the two signed 16-bit halves. */
static inline bw_lanes bw_lanes_dot(bw_lanes a, bw_lanes b)
{
    return _mm512_madd_epi16(a, b);
}

/* The differences of the two 16-bit halves. */
static inline bw_lanes bw_lanes_sub_halves(bw_lanes a, bw_lanes b)
{
    return _mm512_sub_epi16(a, b);
}

static inline bw_lanes bw_lanes_shift_right(bw_lanes a, unsigned n)
{
    return _mm512_srai_epi32(a, n);
}

static inline bw_lanes bw_lanes_gather(const int32_t *p, bw_lanes index)
{
    return _mm512_i32gather_epi32(index, p, 4);
}

/* One bit a lane where a < b. */
static inline uint32_t bw_lanes_less(bw_lanes a, bw_lanes b)
{
    return bw_lanes_bits(_mm512_cmplt_epi32_mask(a, b));
}

/* The lane of the least of those whose bit is set in mask, which is not 0; the
 * lowest of equal ones. */
static inline int bw_lanes_least(bw_lanes a, uint32_t mask)
{
    __mmask16 m = (__mmask16)mask;
    __m512i b = _mm512_mask_mov_epi32(_mm512_set1_epi32(INT32_MAX), m, a);
    __m512i least = _mm512_set1_epi32(_mm512_reduce_min_epi32(b));
    return __builtin_ctz(
        bw_lanes_bits(_mm512_mask_cmpeq_epi32_mask(m, b, least)));
}

/* b where a bit of mask is set, else a. */
static inline bw_lanes bw_lanes_blend(uint32_t mask, bw_lanes a, bw_lanes b)
{
    return _mm512_mask_blend_epi32((__mmask16)mask, a, b);
}

/* p[k] += d where bit k of mask is set. */
static inline void bw_lanes_add_masked(int32_t *p, uint32_t mask, bw_lanes d)
{
    bw_lanes a = _mm512_loadu_si512(p);
    _mm512_storeu_si512(p, _mm512_mask_add_epi32(a, (__mmask16)mask, a, d));
}

#elif defined(__AVX2__)

#include <immintrin.h>

typedef struct bw_lanes {
    __m256i lo, hi;
} bw_lanes;

static inline bw_lanes bw_lanes_load(const int32_t *p)
{
    const __m256i *q = (const __m256i *)(const void *)p;
    return (bw_lanes){_mm256_loadu_si256(q), _mm256_loadu_si256(q + 1)};
}

static inline void bw_lanes_store(int32_t *p, bw_lanes a)
{
    __m256i *q = (__m256i *)(void *)p;
    _mm256_storeu_si256(q, a.lo);
    _mm256_storeu_si256(q + 1, a.hi);
}

static inline bw_lanes bw_lanes_set(int32_t a)
{
    __m256i b = _mm256_set1_epi32(a);
    return (bw_lanes){b, b};
}

static inline bw_lanes bw_lanes_add(bw_lanes a, bw_lanes b)
{
    return (bw_lanes){_mm256_add_epi32(a.lo, b.lo),
                      _mm256_add_epi32(a.hi, b.hi)};
}

static inline bw_lanes bw_lanes_sub(bw_lanes a, bw_lanes b)
{
    return (bw_lanes){_mm256_sub_epi32(a.lo, b.lo),
                      _mm256_sub_epi32(a.hi, b.hi)};
}

static inline bw_lanes bw_lanes_min(bw_lanes a, bw_lanes b)
{
    return (bw_lanes){_mm256_min_epi32(a.lo, b.lo),
                      _mm256_min_epi32(a.hi, b.hi)};
}

static inline bw_lanes bw_lanes_max(bw_lanes a, bw_lanes b)
{
    return (bw_lanes){_mm256_max_epi32(a.lo, b.lo),
                      _mm256_max_epi32(a.hi, b.hi)};
}

static inline bw_lanes bw_lanes_mul(bw_lanes a, bw_lanes b)
{
    return (bw_lanes){_mm256_mullo_epi32(a.lo, b.lo),
                      _mm256_mullo_epi32(a.hi, b.hi)};
}

static inline bw_lanes bw_lanes_dot(bw_lanes a, bw_lanes b)
{
    return (bw_lanes){_mm256_madd_epi16(a.lo, b.lo),
                      _mm256_madd_epi16(a.hi, b.hi)};
}

static inline bw_lanes bw_lanes_sub_halves(bw_lanes a, bw_lanes b)
{
    return (bw_lanes){_mm256_sub_epi16(a.lo, b.lo),
                      _mm256_sub_epi16(a.hi, b.hi)};
}

static inline bw_lanes bw_lanes_shift_right(bw_lanes a, unsigned n)
{
    __m128i count = _mm_cvtsi32_si128((int)n);
    return (bw_lanes){_mm256_sra_epi32(a.lo, count),
                      _mm256_sra_epi32(a.hi, count)};
}

static inline bw_lanes bw_lanes_gather(const int32_t *p, bw_lanes index)
{
    return (bw_lanes){_mm256_i32gather_epi32(p, index.lo, 4),
                      _mm256_i32gather_epi32(p, index.hi, 4)};
}

static inline uint32_t bw_lanes_less(bw_lanes a, bw_lanes b)
{
    __m256 lo = _mm256_castsi256_ps(_mm256_cmpgt_epi32(b.lo, a.lo));
    __m256 hi = _mm256_castsi256_ps(_mm256_cmpgt_epi32(b.hi, a.hi));
    return (uint32_t)_mm256_movemask_ps(lo) | (uint32_t)_mm256_movemask_ps(hi)
                                                  << 8;
}

/* All ones in the lanes whose bit is set. */
static inline bw_lanes bw_lanes_spread(uint32_t mask)
{
    __m256i m = _mm256_set1_epi32((int)mask);
    __m256i lo = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    __m256i hi = _mm256_slli_epi32(lo, 8);
    return (bw_lanes){_mm256_cmpeq_epi32(_mm256_and_si256(m, lo), lo),
                      _mm256_cmpeq_epi32(_mm256_and_si256(m, hi), hi)};
}

static inline bw_lanes bw_lanes_blend(uint32_t mask, bw_lanes a, bw_lanes b)
{
    bw_lanes m = bw_lanes_spread(mask);
    return (bw_lanes){_mm256_blendv_epi8(a.lo, b.lo, m.lo),
                      _mm256_blendv_epi8(a.hi, b.hi, m.hi)};
}

static inline int bw_lanes_least(bw_lanes a, uint32_t mask)
{
    bw_lanes b = bw_lanes_blend(mask, bw_lanes_set(INT32_MAX), a);
    __m256i c = _mm256_min_epi32(b.lo, b.hi);
    c = _mm256_min_epi32(c, _mm256_permute4x64_epi64(c, 0x4e));
    c = _mm256_min_epi32(c, _mm256_shuffle_epi32(c, 0x4e));
    c = _mm256_min_epi32(c, _mm256_shuffle_epi32(c, 0xb1));
    bw_lanes least = {c, c};
    return __builtin_ctz(mask & ~bw_lanes_less(least, b));
}

static inline void bw_lanes_add_masked(int32_t *p, uint32_t mask, bw_lanes d)
{
    bw_lanes m = bw_lanes_spread(mask);
    bw_lanes a = bw_lanes_load(p);
    bw_lanes e = {_mm256_and_si256(m.lo, d.lo), _mm256_and_si256(m.hi, d.hi)};
    bw_lanes_store(p, bw_lanes_add(a, e));
}

#else

#include <string.h>

typedef struct bw_lanes {
    int32_t x[BW_N_LANES];
} bw_lanes;

static inline bw_lanes bw_lanes_load(const int32_t *p)
{
    bw_lanes a;
    memcpy(a.x, p, sizeof a.x);
    return a;
}

static inline void bw_lanes_store(int32_t *p, bw_lanes a)
{
    memcpy(p, a.x, sizeof a.x);
}

static inline bw_lanes bw_lanes_set(int32_t a)
{
    bw_lanes b;
    for (int k = 0; k < BW_N_LANES; k++)
        b.x[k] = a;
    return b;
}

static inline bw_lanes bw_lanes_add(bw_lanes a, bw_lanes b)
{
    for (int k = 0; k < BW_N_LANES; k++)
        a.x[k] += b.x[k];
    return a;
}

static inline bw_lanes bw_lanes_sub(bw_lanes a, bw_lanes b)
{
    for (int k = 0; k < BW_N_LANES; k++)
        a.x[k] -= b.x[k];
    return a;
}

static inline bw_lanes bw_lanes_min(bw_lanes a, bw_lanes b)
{
    for (int k = 0; k < BW_N_LANES; k++)
        a.x[k] = a.x[k] < b.x[k] ? a.x[k] : b.x[k];
    return a;
}

static inline bw_lanes bw_lanes_max(bw_lanes a, bw_lanes b)
{
    for (int k = 0; k < BW_N_LANES; k++)
        a.x[k] = a.x[k] > b.x[k] ? a.x[k] : b.x[k];
    return a;
}

static inline bw_lanes bw_lanes_mul(bw_lanes a, bw_lanes b)
{
    for (int k = 0; k < BW_N_LANES; k++)
        a.x[k] = (int32_t)((uint32_t)a.x[k] * (uint32_t)b.x[k]);
    return a;
}

static inline bw_lanes bw_lanes_sub_halves(bw_lanes a, bw_lanes b)
{
    for (int k = 0; k < BW_N_LANES; k++) {
        uint32_t x = (uint32_t)a.x[k], y = (uint32_t)b.x[k];
        uint32_t high = (x & 0xffff0000) - (y & 0xffff0000);
        a.x[k] = (int32_t)(high | ((x - y) & 0xffff));
    }
    return a;
}

static inline bw_lanes bw_lanes_dot(bw_lanes a, bw_lanes b)
{
    bw_lanes c;
    for (int k = 0; k < BW_N_LANES; k++) {
        int32_t al = (int16_t)(a.x[k] & 0xffff), ah = a.x[k] >> 16;
        int32_t bl = (int16_t)(b.x[k] & 0xffff), bh = b.x[k] >> 16;
        c.x[k] = al * bl + ah * bh;
    }
    return c;
}

static inline bw_lanes bw_lanes_shift_right(bw_lanes a, unsigned n)
{
    for (int k = 0; k < BW_N_LANES; k++)
        a.x[k] >>= n;
    return a;
}

static inline bw_lanes bw_lanes_gather(const int32_t *p, bw_lanes index)
{
    bw_lanes a;
    for (int k = 0; k < BW_N_LANES; k++)
        a.x[k] = p[index.x[k]];
    return a;
}

static inline uint32_t bw_lanes_less(bw_lanes a, bw_lanes b)
{
    uint32_t mask = 0;
    for (int k = 0; k < BW_N_LANES; k++)
        mask |= (uint32_t)(a.x[k] < b.x[k]) << k;
    return mask;
}

static inline bw_lanes bw_lanes_blend(uint32_t mask, bw_lanes a, bw_lanes b)
{
    for (int k = 0; k < BW_N_LANES; k++)
        a.x[k] = mask >> k & 1 ? b.x[k] : a.x[k];
    return a;
}

static inline int bw_lanes_least(bw_lanes a, uint32_t mask)
{
    int lane = __builtin_ctz(mask);
    for (; mask; mask &= mask - 1) {
        int k = __builtin_ctz(mask);
        if (a.x[k] < a.x[lane])
            lane = k;
    }
    return lane;
}

static inline void bw_lanes_add_masked(int32_t *p, uint32_t mask, bw_lanes d)
{
    for (int k = 0; k < BW_N_LANES; k++)
        p[k] += mask >> k & 1 ? d.x[k] : 0;
}

#endif
#endif
