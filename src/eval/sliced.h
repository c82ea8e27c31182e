/* sliced.h - the sliced Wasserstein distance W2 of two samples: Rabin, Peyre,
 * Delon and Bernot, 2012; Bonneel, Rabin, Peyre and Pfister, 2015.
 *
 * The root of the mean over random directions u, |u| = 1, of W2^2 between the
 * projections u x of both samples, each item of equal mass. On a line the
 * optimal plan couples quantiles, so that sorting solves each.
 */
#ifndef BW_SLICED_H
#define BW_SLICED_H

#include "base/tasks.h"
#include "eval/sample.h"

typedef struct bw_sliced {
    double distance;
    double error; /* its standard error over the directions; 0 of one */
} bw_sliced;

/* n_slices >= 1 directions; l's is normal numbers of stream l of the seed
 * (BW_RANDOM_SLICES), scaled. Items are of one size; their numbers may differ.
 * Projections are products in single precision of the items less the mean of a.
 * The same bits for any number of threads. stopped may be NULL; a stop is
 * BW_ERR_INTERRUPTED. */
bw_status bw_sliced_of(const bw_sample *a, const bw_sample *b, size_t n_slices,
                       uint64_t seed, bw_tasks *tasks, int (*stopped)(void),
                       bw_sliced *sliced, bw_error *err) BW_MUST_CHECK;

#endif
