/* divergence.h - the three other distances that the WGAN paper (Arjovsky,
 * Chintala, Bottou, 2017, section 2) compares the Wasserstein distance with.
 * They look at equal bins only and know no ground cost. Natural logarithms.
 *
 * Threads: any, each with work space of its own. */
#ifndef BARROW_DIVERGENCE_H
#define BARROW_DIVERGENCE_H

#include "barrow/histogram.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum bw_divergence {
    BW_DIVERGENCE_KL, /* sum a log(a / b); infinite where b lacks a bin of a */
    BW_DIVERGENCE_JS, /* (KL(a, m) + KL(b, m)) / 2 with m = (a + b) / 2 */
    BW_DIVERGENCE_TV  /* sum |a - b| / 2 */
} bw_divergence;

/* Masses are divided by their sums, or taken as they are under
 * BW_NORMALIZE_NONE. work holds one double per bin, all 0, and is all 0 again
 * afterwards. */
double bw_divergence_compute(bw_divergence divergence, const bw_histogram *a,
                             const bw_histogram *b, bw_normalize normalize,
                             double *work);

#ifdef __cplusplus
}
#endif
#endif
