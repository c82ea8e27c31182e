/* conv.h - three passes of a convolution, four ways to do each.
 *
 * x (n, h, w, c), y (n, p, q, o), weight A (o, c, kh, kw):
 *
 *   y[n,i,j,o] = sum_{r,s,c} A[o,c,r,s] x[n, i stride + r - top,
 *                                           j stride + s - left, c]
 *
 * with zeros outside x. A transposed convolution is the same geometry from y
 * to x, and its weight in PyTorch's layout (in, out, kh, kw) is this A. So
 *
 *                 conv       deconv
 *   forward       to_y       to_x
 *   d input       to_x       to_y
 *   d weight      weight     weight
 *
 * Ways: blas (im2col of row blocks and sgemm; always there), onednn (wide
 * layers, where built in), thin (few channels; LANES layout on both sides),
 * phase (fewer products, for windows that suit it: conv_phase.h).
 * Work is cut into tasks by shape only; each task runs on one thread, so the
 * bits do not depend on how many there are.
 */
#ifndef BW_CONV_H
#define BW_CONV_H

#include "nn/layer.h"

typedef struct bw_conv_shape {
    size_t h, w, c; /* x */
    size_t p, q, o; /* y */
    size_t kh, kw, stride;
    size_t top, left; /* zeros before x; those after follow from the sizes */
} bw_conv_shape;

typedef struct bw_conv bw_conv;

/* Passes that will be asked for. */
enum { BW_CONV_TO_Y = 1, BW_CONV_TO_X = 2, BW_CONV_WEIGHT = 4 };

/* Whether AUTO of a layer stands for thin; the rule and the measurements behind
 * it are in conv.c. */
bool bw_conv_is_thin(const bw_conv_shape *shape);

/* What AUTO of bw_conv_create stands for in one pass: blas, onednn, phase. */
bw_way bw_conv_choose_pass(const bw_conv_shape *shape, unsigned pass);

/* "blas" */
const char *bw_conv_name(bw_way way);

/* Whether this build has the way; AUTO is always there. */
bool bw_conv_has(bw_way way);

/* Plans for at most n_max items. AUTO takes blas, onednn or phase pass by pass,
 * and so stands for ROWS, as does PHASE, which is AUTO where windows do not
 * suit it. BW_ERR_MEMORY; BW_ERR_USAGE for a way that the build lacks;
 * BW_ERR_INTERNAL when a library fails. *n_bytes: its buffers. */
bw_status bw_conv_create(const bw_conv_shape *shape, size_t n_max, bw_way way,
                         unsigned passes, bw_tasks *tasks, bw_conv **ret_conv,
                         size_t *n_bytes, bw_error *err) BW_MUST_CHECK;
void bw_conv_destroy(bw_conv *conv);

/* Repacks the weight A for the passes; to be called when it changed. */
void bw_conv_pack(bw_conv *conv, const float *weight);

/* y = x * A + bias over o, then max(., 0) with relu. */
void bw_conv_to_y(bw_conv *conv, size_t n, const float *x,
                  const float *opt_bias, bool relu, float *y);
/* x = y *^T A + bias over c, then max(., 0) with relu. */
void bw_conv_to_x(bw_conv *conv, size_t n, const float *y,
                  const float *opt_bias, bool relu, float *x);
/* x = y *^T A where mask, which stands as x does, is above 0 (or no number),
 * else 0; of thin only. */
void bw_conv_to_x_masked(bw_conv *conv, size_t n, const float *y,
                         const float *mask, float *x);
/* dA += the gradient: sum over items and pixels of x (x) y. */
void bw_conv_weight(bw_conv *conv, size_t n, const float *x, const float *y,
                    float *dweight);

#endif
