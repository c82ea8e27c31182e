/* kid.h - the kernel distance of two samples: Binkowski, Sutherland, Arbel and
 * Gretton, 2018, who take features of the Inception network for items.
 *
 * The squared maximum mean discrepancy, without bias, under a polynomial
 * kernel of items of d values:
 *
 *   sum_{i != j} k(a_i, a_j) / (n_a (n_a - 1))
 *   + sum_{i != j} k(b_i, b_j) / (n_b (n_b - 1))
 *   - 2 sum_{i, j} k(a_i, b_j) / (n_a n_b),     k(x, y) = (x y / d + 1)^3
 *
 * It may be negative, and its expectation does not depend on the numbers of
 * items. Cost: d (n_a + n_b)^2 / 2 multiply-adds.
 */
#ifndef BW_KID_H
#define BW_KID_H

#include "base/tasks.h"
#include "eval/sample.h"

typedef struct bw_kid {
    double value;
    double error;    /* its standard error over the blocks; 0 of one */
    size_t n_blocks; /* that the value is the mean of */
} bw_kid;

/* Of all items, or, with block >= 2, the mean over disjoint blocks of so many
 * items of each side, in their order; what is left of either is not looked at.
 * Doubles throughout. Memory: a few megabytes a thread. BW_ERR_RANGE for fewer
 * than 2 items on a side, or fewer than a block has; BW_ERR_INTERRUPTED soon
 * after stopped, which may be NULL, is not 0. The same bits for any number of
 * threads. */
bw_status bw_kid_of(const bw_sample *a, const bw_sample *b, size_t block,
                    bw_tasks *tasks, int (*stopped)(void), bw_kid *kid,
                    bw_error *err) BW_MUST_CHECK;

#endif
