/* common.h - two histograms on common masses.
 *
 * Integers times a factor each have one sum, the denominator, so that shares
 * are integers over it; reals are scaled in long double.
 */
#ifndef BW_COMMON_H
#define BW_COMMON_H

#include <stdbool.h>
#include <stdint.h>

#include "barrow/histogram.h"
#include "barrow/status.h"

typedef struct bw_common {
    const bw_histogram *h[2];
    bool is_real;
    bool
        is_given; /* BW_NORMALIZE_NONE: factors, denominator and scales are 1 */
    int64_t factor[2], denominator;
    long double scale[2];
} bw_common;

/* BW_ERR_USAGE: masses of two sets that were not sealed alike. BW_ERR_RANGE:
 * sums that differ under BW_NORMALIZE_NONE. */
bw_status bw_common_make(const bw_histogram *a, const bw_histogram *b,
                         bw_normalize normalize, bw_common *c,
                         bw_error *err) BW_MUST_CHECK;

/* Where reals are whole numbers, too many for the perturbed integers of a set
 * (perturb.h) but with products below 2^bits: the same pair as integers. Their
 * masses are then (int64_t) weight. */
bool bw_common_make_whole(const bw_common *c, int bits, bw_common *whole);

/* The mass of entry q of histogram k, as results have it. */
double bw_common_mass(const bw_common *c, int k, size_t q);

/* Whether the two are one distribution. */
bool bw_common_is_same(const bw_common *c);

#endif
