/* dwe_evaluate.h - how well predicted costs meet exact ones. */
#ifndef BW_DWE_EVALUATE_H
#define BW_DWE_EVALUATE_H

#include <stddef.h>

#include "barrow/status.h"

typedef struct bw_dwe_figures {
    double mse;          /* mean (p - y)^2 */
    double relative_mse; /* mean (p - y)^2 / mean y^2; NaN where y is 0 */
    double correlation;  /* Pearson's; NaN where a side has one value only */
    double mean, sd;     /* of y; sd divides by n */
} bw_dwe_figures;

/* Figures of n >= 1 predictions p of exact costs y. */
bw_dwe_figures bw_dwe_figures_of(size_t n, const double *p, const double *y);

/* A bin of the quantile curve: pairs whose exact cost is in low .. high. */
typedef struct bw_dwe_bin {
    double low, high;
    size_t n;
    double exact, mean; /* means of y and p over the bin */
    double q10, q90;    /* of p, linear between order statistics */
} bw_dwe_bin;

enum { BW_DWE_BINS = 30 };

/* BW_DWE_BINS bins of equal width between the least and the largest exact cost,
 * each with its upper end but the first, which has both. Empty ones have n 0.
 * BW_ERR_MEMORY. */
bw_status bw_dwe_quantiles(size_t n, const double *p, const double *y,
                           bw_dwe_bin bin[BW_DWE_BINS],
                           bw_error *err) BW_MUST_CHECK;

#endif
