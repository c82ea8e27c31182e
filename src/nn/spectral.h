/* spectral.h - spectral normalisation (Miyato et al., 2018): every weight W of
 * a network acts as W / s, s its largest singular value by power iteration.
 *
 * W is taken as the matrix (out, rest) of PyTorch's layout, (in, out, ..) of a
 * transposed convolution as (out, in ..). u (out) and v (rest) are kept between
 * steps; one iteration a training step: v = W^T u / |W^T u|, u = W v / |W v|,
 * lengths plus 1e-12, s = u . W v. Biases, scales and shifts act as they are.
 */
#ifndef BW_SPECTRAL_H
#define BW_SPECTRAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/network.h"
#include "base/tasks.h"

typedef struct bw_spectral bw_spectral;

/* For a network, which is borrowed. BW_ERR_MEMORY. */
bw_status bw_spectral_create(const bw_network *network, bw_tasks *tasks,
                             bw_spectral **ret_spectral,
                             bw_error *err) BW_MUST_CHECK;
void bw_spectral_destroy(bw_spectral *spectral);

/* Floats of all u and v: the state that a checkpoint keeps; the caller's. */
size_t bw_spectral_n_state(const bw_spectral *spectral);
/* Starts u and v: normal numbers of stream `stream` of BW_RANDOM_WEIGHTS,
 * brought to length 1, and 15 iterations on the weights, as PyTorch starts. */
void bw_spectral_start(const bw_spectral *spectral, uint64_t seed,
                       uint64_t stream, const float *raw, float *state);

/* acting = raw with weights divided by s; both bw_network_n_values. iterate:
 * one power iteration before, which changes state; without, s = u . W v of the
 * state as it is. A weight of zeros has no s and acts as NaN. */
void bw_spectral_apply(const bw_spectral *spectral, bool iterate,
                       const float *raw, float *state, float *acting);

/* Turns the gradient by the acting weights into that by the raw ones, in place,
 * u and v being held: (G - <G, W / s> u v^T) / s. raw and state as the last
 * apply left them. */
void bw_spectral_gradient(const bw_spectral *spectral, const float *raw,
                          const float *state, float *gradient);

#endif
