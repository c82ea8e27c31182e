/* conv.h - the three passes of a convolution as textbook loops in doubles.
 * Shares no code with src/nn but the words of nn/conv.h; items stand one after
 * the other, channels fastest; weight (o, c, kh, kw). */
#ifndef PLAIN_CONV_H
#define PLAIN_CONV_H

#include "nn/conv.h"

/* y = x * A + bias, then max(., 0) with relu. */
void plain_conv_to_y(const bw_conv_shape *shape, size_t n, const float *x,
                     const float *weight, const float *opt_bias, bool relu,
                     double *y);
void plain_conv_to_x(const bw_conv_shape *shape, size_t n, const float *y,
                     const float *weight, const float *opt_bias, bool relu,
                     double *x);
/* dweight is overwritten. */
void plain_conv_weight(const bw_conv_shape *shape, size_t n, const float *x,
                       const float *y, double *dweight);

#endif
