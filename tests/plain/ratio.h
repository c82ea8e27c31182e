/* ratio.h - a quotient rounded once, by long division, bit after bit. Shares no
 * code with src/ot. */
#ifndef PLAIN_RATIO_H
#define PLAIN_RATIO_H

#include <stdint.h>

/* numerator / denominator to the nearest double, ties to even.
 * |numerator| < 2^126, denominator at least 1. */
double plain_ratio_round(__int128 numerator, int64_t denominator);

#endif
