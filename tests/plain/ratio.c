/* ratio.c - long division in base 2; see ratio.h. */
#include "config.h"

#include <math.h>
#include <stdbool.h>

#include "plain/ratio.h"

double plain_ratio_round(__int128 numerator, int64_t denominator)
{
    bool is_negative = numerator < 0;
    __int128 n = is_negative ? -numerator : numerator;
    __int128 digits = n / denominator, rest = n % denominator;
    int exponent = 0;
    if (n == 0)
        return 0;
    /* 53 digits to keep and one to decide by. */
    while (digits < (__int128)1 << 53) {
        rest *= 2;
        digits = digits * 2 + (rest >= denominator);
        rest -= rest >= denominator ? denominator : 0;
        exponent--;
    }
    bool is_cut = rest != 0;
    while (digits >= (__int128)1 << 54) {
        is_cut = is_cut || digits % 2 != 0;
        digits /= 2;
        exponent++;
    }
    bool is_up = digits % 2 != 0 && (is_cut || digits / 2 % 2 != 0);
    double kept = (double)(digits / 2) + (is_up ? 1 : 0);
    double value = ldexp(kept, exponent + 1);
    return is_negative ? -value : value;
}
