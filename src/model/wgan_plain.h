/* wgan_plain.h - a critic as one map of single items, for gradients by them. */
#ifndef BW_WGAN_PLAIN_H
#define BW_WGAN_PLAIN_H

#include "barrow/network.h"

/* A network that trains to what `network` infers with these values: batch
 * normalisation by running statistics became linear, noise is left out. Both
 * results are the caller's, NULL on failure. BW_ERR_MEMORY; BW_ERR_RANGE for
 * channels whose square is past the limits of a layer. */
bw_status bw_wgan_plain_create(const bw_network *network, const float *values,
                               bw_network **ret_plain, float **ret_values,
                               bw_error *err) BW_MUST_CHECK;

#endif
