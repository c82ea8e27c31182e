/* gaussian.h - Gaussian codes: an encoder's output (n, 2d) holds for each item
 * d means m and then d logarithms s of variances, which act clipped to
 * [-50, 50] (no gradient where the clip acts): Kingma and Welling, 2014.
 */
#ifndef BW_GAUSSIAN_H
#define BW_GAUSSIAN_H

#include <stddef.h>

#include "base/tasks.h"

/* z = m + exp(s / 2) noise; noise and z are (n, d). */
void bw_gaussian_sample(bw_tasks *tasks, size_t n, size_t d, const float *y,
                        const float *noise, float *z);

/* Adds to dy (n, 2d) what dz (n, d) gives through bw_gaussian_sample. */
void bw_gaussian_sample_back(bw_tasks *tasks, size_t n, size_t d,
                             const float *y, const float *noise,
                             const float *dz, float *dy);

/* KL(N(m, exp(s)) || N(0, variance I)), the mean over the n items:
 * sum_j ((m^2 + exp(s)) / variance - 1 - s + log variance) / 2. Adds weight x
 * its gradient to dy (n, 2d) where that is not NULL. Sums as in losses.h. */
double bw_gaussian_kl(bw_tasks *tasks, size_t n, size_t d, const float *y,
                      double variance, double weight, float *opt_dy);

#endif
