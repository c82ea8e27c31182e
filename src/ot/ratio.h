/* ratio.h - a rational number rounded once. */
#ifndef BW_RATIO_H
#define BW_RATIO_H

#include <stdint.h>

/* numerator / denominator to the nearest double, ties to even. denominator is
 * at least 1; |numerator| < 2^126. */
double bw_ratio_round(__int128 numerator, int64_t denominator);

#endif
