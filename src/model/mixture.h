/* mixture.h - a mixture of K Gaussians with full covariances, fitted to codes
 * by expectation and maximisation (Dempster, Laird and Rubin, 1977).
 *
 * A round never lowers the objective
 *
 *   sum_i log sum_c w_c N(x_i; m_c, S_c)  -  r/2 sum_c tr S_c^-1
 *
 * whose second term is the log of a prior on covariances (Fraley and Raftery,
 * 2007) that keeps them regular: with p_ic the share that component c has in
 * code i, a round sets
 *
 *   S_c = (sum_i p_ic (x_i - m_c)(x_i - m_c)' + r I) / sum_i p_ic
 *
 * r is 1e-6 n / K times the mean variance of a code's values, which adds one
 * millionth of that to the variances of a component of n / K codes.
 */
#ifndef BW_MIXTURE_H
#define BW_MIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "barrow/status.h"
#include "base/tasks.h"

enum { BW_MIXTURE_MAX = 1024, BW_MIXTURE_ROUNDS = 500 };

typedef struct bw_mixture {
    size_t n_components, d;
    double *weight;   /* (K), sum 1 */
    double *mean;     /* (K, d) */
    double *factor;   /* (K, d, d): lower L by rows, zero above, S = L L' */
    size_t n_rounds;  /* that the fit took */
    double objective; /* of these parameters */
} bw_mixture;

typedef struct bw_mixture_options {
    size_t n_components; /* K, 1 .. BW_MIXTURE_MAX */
    uint64_t seed;
    size_t max_rounds;    /* at most; 0: BW_MIXTURE_ROUNDS */
    int (*stopped)(void); /* a stop is BW_ERR_INTERRUPTED; may be NULL */
} bw_mixture_options;

/* Fits finite codes (n, d). The start is k-means++ (centres.h) from the seed;
 * the end, a round that gains less than 1e-4 a code. A round costs about
 * n K d^2 multiply-adds for each of its two halves. The same bytes for any
 * number of threads. BW_ERR_RANGE for less than K codes. */
bw_status bw_mixture_fit(const bw_mixture_options *options, size_t n, size_t d,
                         const float *codes, bw_tasks *tasks,
                         bw_mixture **ret_mixture, bw_error *err) BW_MUST_CHECK;
void bw_mixture_destroy(bw_mixture *mixture);

/* z (n, d): draws first .. first + n - 1, draw i from stream i of the seed.
 * BW_ERR_MEMORY. */
bw_status bw_mixture_draw(const bw_mixture *mixture, uint64_t seed,
                          uint64_t first, size_t n, float *z,
                          bw_error *err) BW_MUST_CHECK;

#endif
