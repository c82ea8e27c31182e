/* critic.h - an estimate of the Wasserstein distance W1 of two samples by a
 * critic that is trained for it: the dual of Kantorovich and Rubinstein, with a
 * network and the gradient penalty of one side (Arjovsky, Chintala and Bottou,
 * 2017; Gulrajani et al., 2017; Petzka, Fischer and Lukovnikov, 2018).
 *
 *   W1 = max mean f(a) - mean f(b)  over f with |f(x) - f(y)| <= |x - y|
 *
 * The critic f learns on part of the items; the estimate is its difference on
 * those held out. If L is its Lipschitz constant, the difference is at most L
 * times W1 of what is held out. The penalty draws L to 1 without holding it
 * there, and the largest slope that was seen is only a lower bound of L: so the
 * estimate is a lower bound of W1 up to that slope, which goes with it.
 */
#ifndef BW_CRITIC_H
#define BW_CRITIC_H

#include <stdint.h>

#include "base/tasks.h"
#include "eval/sample.h"

enum { BW_CRITIC_LEAST = 10 }; /* items of a sample */

typedef struct bw_critic_options {
    const char *opt_net; /* text of a network that gives one number; NULL: the
                            critic of the preset wgan-toy-small */
    const char *net_name;
    uint64_t steps; /* >= 1 */
    uint64_t seed;
} bw_critic_options;

typedef struct bw_critic {
    double difference; /* on held-out items, in units of the values */
    double slope; /* the largest seen between and at them: of pairs of an item
                     of each side, and of gradients on the way from one to the
                     other */
    size_t n_held[2]; /* items of each side that were held out */
} bw_critic;

/* A fifth of each sample is held out. Values are shifted and scaled for the
 * network, so that neither offset nor unit counts. Two samples without any
 * spread have distance 0 without training. Memory: 4 bytes a value.
 * BW_ERR_RANGE for fewer than BW_CRITIC_LEAST items or more than 2^32, and when
 * training diverges; BW_ERR_USAGE, BW_ERR_FORMAT and BW_ERR_DIMENSION, naming
 * net_name, for a network that is no critic of such items or has layers that
 * the penalty does not take; BW_ERR_INTERRUPTED after the step in which
 * stopped, which may be NULL, is not 0. The same bits for any number of
 * threads. */
bw_status bw_critic_of(const bw_sample *a, const bw_sample *b,
                       const bw_critic_options *options, bw_tasks *tasks,
                       int (*stopped)(void), bw_critic *critic,
                       bw_error *err) BW_MUST_CHECK;

#endif
