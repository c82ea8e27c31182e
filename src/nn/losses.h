/* losses.h - terms of losses and their gradients by a network's output.
 *
 * y (n, m): outputs, one item after the other; t (n, m): targets. Each call
 * returns its term, a mean over the n items (0 where n or m is 0), and adds
 * weight x d term / d y to dy (n, m) where that is not NULL. Sums are taken in
 * double precision over pieces cut by n alone and added up in order: the same
 * bits for any number of threads. Nothing is allocated. A NaN in y gives a NaN.
 */
#ifndef BW_LOSSES_H
#define BW_LOSSES_H

#include <stddef.h>

#include "base/tasks.h"

/* scale sum_j (y - t)^2 */
double bw_loss_squared(bw_tasks *tasks, size_t n, size_t m, const float *y,
                       const float *t, double scale, double weight,
                       float *opt_dy);

/* scale sqrt(1e-8 + sum_j (y - t)^2) */
double bw_loss_l2(bw_tasks *tasks, size_t n, size_t m, const float *y,
                  const float *t, double scale, double weight, float *opt_dy);

/* scale sum_j |y - t|; slope 0 where they are equal */
double bw_loss_l1(bw_tasks *tasks, size_t n, size_t m, const float *y,
                  const float *t, double scale, double weight, float *opt_dy);

/* Binary cross-entropy of logits, sum_j log(1 + exp(y)) - t y, in the form that
 * neither overflows nor cancels. t NULL: `label` stands for all targets. */
double bw_loss_logits(bw_tasks *tasks, size_t n, size_t m, const float *y,
                      const float *opt_t, double label, double weight,
                      float *opt_dy);

/* Binary cross-entropy of probabilities, - sum_j t log y + (1 - t) log(1 - y),
 * y clipped to [1e-7, 1 - 1e-7]; slope 0 where the clip acts. */
double bw_loss_bernoulli(bw_tasks *tasks, size_t n, size_t m, const float *y,
                         const float *t, double weight, float *opt_dy);

/* KL(t || y) = sum_j p log(p / q), p and q being t and y clipped to [1e-7, 1];
 * slope 0 where the clip acts: Courty, Flamary and Ducoffe's code. */
double bw_loss_kl(bw_tasks *tasks, size_t n, size_t m, const float *y,
                  const float *t, double weight, float *opt_dy);

/* sum_j sqrt(max(y, 0) + 1e-7): small for histograms of few bins. */
double bw_loss_sparsity(bw_tasks *tasks, size_t n, size_t m, const float *y,
                        double weight, float *opt_dy);

/* sum_j y: a critic's output, weight -1 to climb. */
double bw_loss_mean(bw_tasks *tasks, size_t n, size_t m, const float *y,
                    double weight, float *opt_dy);

#endif
