/* ratio.c - correctly rounded quotients of wide integers. */
#include "config.h"

#include <math.h>

#include "ot/ratio.h"

typedef unsigned __int128 magnitude;

double bw_ratio_round(__int128 numerator, int64_t denominator)
{
    if (numerator == 0)
        return 0;
    magnitude n = (magnitude)(numerator < 0 ? -numerator : numerator);
    magnitude d = (magnitude)denominator;
    int exponent = 0;
    /* A quotient of at least 63 bits, whose lowest stands for all that was
     * cut: converting it rounds as the whole would. */
    while (n < d << 62) {
        n <<= 1;
        exponent--;
    }
    magnitude quotient = n / d, rest = n % d;
    while (quotient >> 63) {
        rest |= quotient & 1;
        quotient >>= 1;
        exponent++;
    }
    double value = ldexp((double)((uint64_t)quotient | (rest != 0)), exponent);
    return numerator < 0 ? -value : value;
}
