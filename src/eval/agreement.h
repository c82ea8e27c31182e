/* agreement.h - how far two samples agree, value by value. */
#ifndef BW_AGREEMENT_H
#define BW_AGREEMENT_H

#include "base/tasks.h"
#include "eval/sample.h"

typedef struct bw_agreement {
    double mse;           /* mean over all values of (b - a)^2 */
    double squared_error; /* mean over items of the sum of (b - a)^2 */
    double relative_mse;  /* mse / mean of a^2; NaN where a is 0 */
    double correlation;   /* Pearson's; NaN where a side has one value only */
} bw_agreement;

/* a and b have as many items of as many values. a is the reference. Sums over
 * pieces that are cut by shape: the same bits for any number of threads. */
bw_status bw_agreement_of(const bw_sample *a, const bw_sample *b,
                          bw_tasks *tasks, bw_agreement *agreement,
                          bw_error *err) BW_MUST_CHECK;

#endif
