/* mmd.h - maximum mean discrepancy between codes and a sample of the prior:
 * Gretton et al., 2012; as a penalty: Tolstikhin et al., 2018.
 *
 * q (n_q, d): codes, p (n_p, d): sample of the prior, k: kernel.
 *
 *   U: sum_{i != j} k(q_i, q_j) / (n_q (n_q - 1))
 *      + sum_{i != j} k(p_i, p_j) / (n_p (n_p - 1))
 *      - 2 sum_{i, j} k(q_i, p_j) / (n_q n_p)
 *   V: the diagonals count, too, and the divisors are n_q^2 and n_p^2.
 *
 * U is without bias and may be negative; V is at least 0. With D the squared
 * distance of two points:
 *
 *   imq  k = sum_s C_s / (C_s + D)
 *   rbf  k = sum_s exp(-D / (2 C_s))
 */
#ifndef BW_MMD_H
#define BW_MMD_H

#include <stdbool.h>
#include <stddef.h>

#include "barrow/status.h"
#include "base/tasks.h"

typedef enum bw_mmd_kernel { BW_MMD_IMQ, BW_MMD_RBF } bw_mmd_kernel;

enum { BW_MMD_MAX_SCALES = 16 };

typedef struct bw_mmd {
    bw_mmd_kernel kernel;
    bool is_biased; /* the V-statistic */
    size_t n_scales;
    double scale[BW_MMD_MAX_SCALES]; /* C_s > 0 */
    bool is_median; /* scales are multiplied by the median of D over all pairs
                       of different points of q and p together, the lower one
                       of two, by which no gradient goes: the median
                       heuristic */
} bw_mmd;

/* Tolstikhin et al.'s imq: base times .1 .2 .5 1 2 5 10. */
bw_mmd bw_mmd_imq(double base);
/* One scale, the median. */
bw_mmd bw_mmd_rbf(void);

/* Room for the work on at most n_q and n_p points of d values: their size and
 * little more; no pairs are kept. For one call at a time. BW_ERR_MEMORY. */
typedef struct bw_mmd_room bw_mmd_room;
bw_status bw_mmd_room_create(const bw_mmd *mmd, size_t n_q, size_t n_p,
                             size_t d, bw_mmd_room **ret_room,
                             bw_error *err) BW_MUST_CHECK;
void bw_mmd_room_destroy(bw_mmd_room *room);

/* Asked now and then by all threads: once it is not 0, bw_mmd_value ends soon,
 * with no meaning in what it gives. NULL, the default: never. */
void bw_mmd_room_watch(bw_mmd_room *room, int (*opt_stopped)(void));

/* The statistic; adds weight x its gradient by q to dq (n_q, d) where that is
 * not NULL. Kernels are floats, summed in double precision over tasks cut by
 * n_q, n_p and d alone: the same bits for any number of threads, and within
 * 1e-6 or so of the sum in doubles. Nothing is allocated. The statistic of
 * fewer than 2 points on a side is 0 and has no gradient. NaN gives NaN. A
 * scale under the smallest normal float, as where the median is 0, acts as the
 * limit: k is 1 for equal points, else 0, and has no gradient. */
double bw_mmd_value(const bw_mmd *mmd, bw_mmd_room *room, bw_tasks *tasks,
                    size_t n_q, const float *q, size_t n_p, const float *p,
                    size_t d, double weight, float *opt_dq);

/* The part of it, n_both points being on each side, that rows first .. first +
 * n - 1 of both sides make: parts of ranges that together are all rows add up
 * to the statistic. dq (n, d) gets the gradient of those rows. Each part looks
 * for the median among all pairs. */
double bw_mmd_part(const bw_mmd *mmd, bw_mmd_room *room, bw_tasks *tasks,
                   size_t n_both, const float *q, const float *p, size_t d,
                   size_t first, size_t n, double weight, float *dq);

#endif
