/* frechet.h - the Frechet distance of two samples: W2^2 between the Gaussians
 * of their means m and covariances C (Dowson and Landau, 1982; as a score of
 * generators: Heusel et al., 2017).
 *
 *   |m_a - m_b|^2 + tr C_a + tr C_b - 2 tr (C_a^1/2 C_b C_a^1/2)^1/2
 *
 * With C = L L^T from its eigenvectors, L = V diag(l)^1/2, the last trace is
 * the sum of the singular values of L_a^T L_b. That squares nothing, so that
 * equal and rank-deficient samples keep their digits.
 */
#ifndef BW_FRECHET_H
#define BW_FRECHET_H

#include "base/tasks.h"
#include "eval/sample.h"

/* Covariances divide by n - 1. BW_ERR_RANGE for fewer than 2 items, values too
 * large to square, or when LAPACK finds no eigenvalues. Memory: some
 * 6 size^2 doubles. The same bits for any number of threads. */
bw_status bw_frechet_of(const bw_sample *a, const bw_sample *b, bw_tasks *tasks,
                        double *distance, bw_error *err) BW_MUST_CHECK;

#endif
