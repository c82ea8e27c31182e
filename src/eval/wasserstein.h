/* wasserstein.h - the exact Wasserstein distance W_p of two samples: each item
 * of equal mass, Euclidean distance to the power p as the cost. */
#ifndef BW_WASSERSTEIN_H
#define BW_WASSERSTEIN_H

#include "base/tasks.h"
#include "eval/sample.h"

typedef struct bw_wasserstein {
    double distance; /* the p-th root of */
    double cost;     /* the mean cost under the optimal plan */
    double gap;      /* between cost and a lower bound that proves it */
} bw_wasserstein;

/* p >= 1. Costs are sums of squares in doubles. Memory: 8 n_a n_b bytes, and
 * the same again while costs are made, unless items have one value.
 * BW_ERR_RANGE for costs that overflow. stopped is asked before the solver
 * starts and while it works; it may be NULL. */
bw_status bw_wasserstein_of(const bw_sample *a, const bw_sample *b, double p,
                            bw_tasks *tasks, int (*stopped)(void),
                            bw_wasserstein *wasserstein,
                            bw_error *err) BW_MUST_CHECK;

#endif
