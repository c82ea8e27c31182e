/* empirical.h - the exact Wasserstein distance of two samples: each item of
 * equal mass, Euclidean distance to the power p as the cost. */
#ifndef BW_EMPIRICAL_H
#define BW_EMPIRICAL_H

#include <stddef.h>

#include "base/tasks.h"

/* n items of d values each, however they are stored: read gives values first ..
 * first + n - 1 of all n d, item after item, and is called by several threads
 * at a time. */
typedef struct bw_empirical_side {
    size_t n, d;
    const void *self;
    void (*read)(const void *self, size_t first, size_t n, double *out);
} bw_empirical_side;

typedef struct bw_empirical {
    double cost; /* the mean cost under the optimal plan: W_p^p */
    double gap;  /* between cost and a lower bound that proves it */
} bw_empirical;

/* Both sides have items, of as many values; p >= 1. Costs are sums of squares
 * in doubles. Memory: 8 n_a n_b bytes, and the same again while costs are made,
 * unless items have one value. BW_ERR_RANGE for costs that overflow. stopped is
 * asked before the solver starts and now and then while it works, and may be
 * NULL: BW_ERR_INTERRUPTED. */
bw_status bw_empirical_solve(const bw_empirical_side *a,
                             const bw_empirical_side *b, double p,
                             bw_tasks *tasks, int (*stopped)(void),
                             bw_empirical *result, bw_error *err) BW_MUST_CHECK;

#endif
