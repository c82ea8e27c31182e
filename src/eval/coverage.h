/* coverage.h - which share of one sample lies where another one is:
 * Kynkaanniemi, Karras, Laine, Lehtinen and Aila, 2019.
 *
 * A sample stands for the union of balls about its items, each with the
 * distance to the k-th nearest other item of the sample as its radius, the
 * border included. With data A and samples B of a model,
 *
 *   precision   the share of B within the balls of A
 *   recall      the share of A within the balls of B
 */
#ifndef BW_COVERAGE_H
#define BW_COVERAGE_H

#include "base/tasks.h"
#include "eval/sample.h"

typedef struct bw_coverage {
    double share;
    size_t n_border; /* items that only the border of a ball holds: ties */
    size_t n_points; /* balls of radius 0: k items or more equal their own */
} bw_coverage;

/* Of the items, those in the balls of `balls`; Euclidean distances by near.h.
 * k >= 1. Memory: k doubles an item of balls. BW_ERR_RANGE, naming the sample,
 * where balls has no more than k items; BW_ERR_INTERRUPTED soon after stopped,
 * which may be NULL, is not 0. The same bits for any number of threads. */
bw_status bw_coverage_of(const bw_sample *balls, const bw_sample *items,
                         size_t k, bw_tasks *tasks, int (*stopped)(void),
                         bw_coverage *coverage, bw_error *err) BW_MUST_CHECK;

#endif
