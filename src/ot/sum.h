/* sum.h - sums of doubles without any rounding, for the sign of a reduced cost
 * whose terms reach further apart than 128 bits do.
 *
 * Digits of 32 bits, two's complement, from the least bit of a double to beyond
 * its greatest. Digits are kept in 64 bits, so that 2^30 terms may be added
 * before a carry must move. (Kulisch, 1971.)
 */
#ifndef BW_SUM_H
#define BW_SUM_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    BW_SUM_LEAST = -1074, /* exponent of the least bit */
    /* 1024 + 1074 bits, and two digits for what carries out of them. */
    BW_SUM_DIGITS = (1024 + 1074) / 32 + 3
};

typedef struct bw_sum {
    int64_t digit[BW_SUM_DIGITS]; /* the lowest first */
} bw_sum;

static inline void bw_sum_init(bw_sum *sum)
{
    memset(sum, 0, sizeof *sum);
}

/* Adds a finite x, or takes it away. */
static inline void bw_sum_add(bw_sum *sum, double x, bool is_less)
{
    int exponent;
    double fraction = frexp(x, &exponent); /* x = fraction * 2^exponent */
    int64_t mantissa = (int64_t)ldexp(fraction, 53);
    exponent -= 53;
    if (exponent < BW_SUM_LEAST) { /* a subnormal: its low bits are 0 */
        mantissa /= (int64_t)1 << (BW_SUM_LEAST - exponent);
        exponent = BW_SUM_LEAST;
    }
    mantissa = is_less ? -mantissa : mantissa;
    int place = (exponent - BW_SUM_LEAST) / 32;
    int shift = (exponent - BW_SUM_LEAST) % 32;
    __int128 bits = (__int128)mantissa * ((int64_t)1 << shift);
    sum->digit[place] += (int64_t)(bits & 0xffffffff);
    sum->digit[place + 1] += (int64_t)(bits >> 32 & 0xffffffff);
    sum->digit[place + 2] += (int64_t)(bits >> 64);
}

/* -1, 0 or 1. */
static inline int bw_sum_sign(bw_sum *sum)
{
    int64_t carry = 0, any = 0;
    for (int k = 0; k < BW_SUM_DIGITS - 1; k++) {
        int64_t digit = sum->digit[k] + carry;
        carry = digit >> 32;
        sum->digit[k] = digit & 0xffffffff;
        any |= sum->digit[k];
    }
    sum->digit[BW_SUM_DIGITS - 1] += carry;
    any |= sum->digit[BW_SUM_DIGITS - 1];
    return sum->digit[BW_SUM_DIGITS - 1] < 0 ? -1 : any != 0;
}

#endif
