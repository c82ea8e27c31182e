/* penalty.h - the gradient penalty of a critic f (Gulrajani et al., 2017), and
 * lengths of its gradients.
 *
 *   P = 1/n sum_i (|g_i| - 1)^2,   g_i = df/dx at x_i,
 *   |g_i| = sqrt(1e-12 + sum_j g_ij^2) over all values of an item;
 *   one-sided: max(|g_i| - 1, 0)^2
 *
 * Without second derivatives of activations, dP/dW comes from four passes:
 * forward, backward to the input, the tangent of v_i = dP/dg_i forward, and the
 * products of tangents with the backward signals (engine.h, bw_engine_second).
 */
#ifndef BW_PENALTY_H
#define BW_PENALTY_H

#include <stdbool.h>
#include <stddef.h>

#include "barrow/engine.h"
#include "base/tasks.h"

typedef struct bw_slopes {
    double penalty;       /* P */
    double mean, largest; /* of |g_i|; 0 without items */
} bw_slopes;

/* out (n, size): u_i x_i + (1 - u_i) y_i, one number u_i of [0, 1] an item. */
void bw_penalty_mix(bw_tasks *tasks, size_t n, size_t size, const float *x,
                    const float *y, const float *u, float *out);

/* Of the n items in the input of an engine that is planned for training and
 * gives input gradients, whose network has one output; block: its values. Runs
 * a forward of BW_MODE_TRAIN, number 0 of noise layers: batch normalisation
 * takes the batch's statistics and changes the running ones of the block, which
 * callers keep and bring back; nothing else of it changes. Without dblock any
 * network will do. With dblock the engine must be planned for `second`:
 * weight x dP/dW is added to it. Sums are cut by n and size alone: the same
 * bits for any number of threads. A NaN in a gradient gives a NaN; dblock gets
 * no defined values then. */
bw_slopes bw_penalty_gradient(bw_engine *engine, bw_tasks *tasks, size_t n,
                              float *block, bool is_one_sided, double weight,
                              float *opt_dblock);

#endif
