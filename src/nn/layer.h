/* layer.h - what a layer is: one row of functions a kind, kept in one file a
 * family: shape rule, forward and backward together.
 *
 * n items; x (n, in), y (n, out); an image is (h, w, c). dX is the gradient of
 * the loss by X. Kinds, with s the number in the text:
 *
 *   dense U              y = x A^T + b, A (U, in); input flat. U may be
 *                        HxWxC: that product, of which --width scales C
 *   conv U KxL [stride S] [pad P | pad same]   y = x * A + b, cross-correlation
 *   deconv U KxL [stride S] [pad P | pad same] the transpose of that conv
 *   upsample S           each pixel S x S times
 *   maxpool KxL [stride S] [pad ...]   ties: the first in row order takes dy
 *   avgpool KxL [stride S] [pad ...]   mean over the pixels inside the image
 *   batchnorm [EPS [MOMENTUM]]   y = a (x - mean) / sqrt(var + eps) + b by
 *                        channel over the batch (biased variance); running
 *                        statistics as PyTorch's: r += momentum (batch - r),
 *                        variance unbiased there. Defaults 1e-5 0.1
 *   layernorm [EPS]      the same over all values of one item, a and b of the
 *                        item's shape
 *   relu                 max(x, 0); slope 0 at 0
 *   leakyrelu S          x > 0 ? x : s x
 *   elu                  x > 0 ? x : exp(x) - 1
 *   tanh, sigmoid
 *   softmax              over all values of a flat item
 *   reshape H W C        from flat, which stands as (c, h, w), as PyTorch's
 *   flatten              to flat, in the order (c, h, w), as PyTorch's
 *   noise S              x + N(0, s^2) cut at 2 s, in training only
 *
 * "pad same" is TensorFlow's: out = ceil(in / stride), the missing rows of
 * zeros split with the smaller half first; a deconv's out = in x stride.
 * "pad P" is P on all sides, "pad T,B,L,R" top, bottom, left, right;
 * out = (in + T + B - K) / stride + 1, which must divide for a deconv's image
 * to be unique: its out = (in - 1) stride + K - T - B.
 * Strides are one number for both axes, 1 unless given (pools: their window).
 */
#ifndef BW_LAYER_H
#define BW_LAYER_H

#include "barrow/engine.h"
#include "barrow/network.h"
#include "base/tasks.h"
#include "nn/share.h"

/* How a batch of images stands in memory.
 * ROWS:  [n][h][w][c]
 * LANES: [ceil(n / 16)][h][w][c][16], 16 items innermost. Lanes past n hold
 *        finite values in activations and zeros in gradients. */
typedef enum bw_layout { BW_LAYOUT_ROWS, BW_LAYOUT_LANES } bw_layout;
enum { BW_LANES = 16 };

/* Where a kind can read and write. */
typedef enum bw_layouts {
    BW_ONLY_ROWS,     /* dense, normalisations, softmax */
    BW_SAME_LAYOUT,   /* elementwise, pools, upsample: any, out as in */
    BW_FREE_IMAGE,    /* flatten, reshape: their image side may be LANES */
    BW_BY_CONVOLUTION /* conv, deconv: LANES on both sides when thin */
} bw_layouts;

typedef struct bw_layer_kind bw_layer_kind;

typedef struct bw_layer {
    const bw_layer_kind *kind;
    size_t index;        /* position, from 0: names its parameters */
    size_t line, column; /* in the text, from 1 */
    bw_shape in, out;
    size_t units;          /* dense, conv, deconv; upsample's factor */
    size_t kh, kw, stride; /* windows */
    bool is_same;          /* padding: the rule, or the numbers */
    size_t top, bottom, left, right;
    double value[2]; /* slope, sd, eps, momentum */
    bw_shape reshape;
    size_t parameter, n_parameters; /* rows of the network's table: first, how
                                       many; weight then bias (then running
                                       mean, running variance) */
} bw_layer;

/* One pass of one layer. Pointers into blocks are to the layer's own
 * parameters: weight[k] and dweight[k] belong to its k-th row of the table. */
typedef struct bw_layer_run {
    const bw_layer *layer;
    void *state; /* made by the kind's plan, or NULL */
    bw_tasks *tasks;
    const bw_share *share; /* of which the n items are, or NULL: of none */
    size_t n;
    bool is_training, is_touched; /* touched: repack parameters */
    bool relu;                    /* forward, of kinds that fold_relu: y is
                                     max(y, 0); the mask of dy is the relu
                                     layer's own backward */
    bool masks;                   /* backward, of kinds that fold_mask: dx is 0
                                     where x <= 0, for x is some relu's output,
                                     whose own backward is left out */
    bw_layout in_layout, out_layout;
    const float *x;  /* forward: input; backward: input as it was, but for kinds
                       that work in place, where it is y */
    float *y;        /* forward: output; backward: output as it was */
    const float *dy; /* backward; a kind that works in place has dx == dy */
    float *dx;       /* backward: overwritten; NULL when not wanted */
    float *weight[4];
    float *dweight[4];           /* added to; NULL when not wanted */
    uint64_t seed, stream, step; /* of noise */
} bw_layer_run;

typedef struct bw_layer_plan {
    const bw_layer *layer;
    bw_tasks *tasks;
    size_t n_max;
    bool is_training, input_gradient; /* whether backward comes; wants dx */
    bool relu;                        /* runs will ask for it */
    bw_layout in_layout, out_layout;
    bw_way way;
} bw_layer_plan;

struct bw_layer_kind {
    const char *name;   /* "conv" */
    const char *syntax; /* "conv U KxL [stride S] [pad P]" for messages */
    bw_layouts layouts;
    bool in_place;  /* y may be x and dx may be dy; backward reads only y */
    bool has_units; /* `units` is a count that --width scales */
    bool fold_relu; /* forward heeds run->relu (a convolution's epilogue) */
    bool fold_mask; /* backward heeds run->masks, a convolution's in LANES */
    /* Buffers of the kind's own; NULL where it needs none. *n_bytes says how
     * many. destroy(NULL) is legal. */
    bw_status (*plan)(const bw_layer_plan *plan, void **ret_state,
                      size_t *n_bytes, bw_error *err);
    void (*destroy)(void *state);
    void (*forward)(const bw_layer_run *run);
    void (*backward)(const bw_layer_run *run);
    /* Of kinds that are linear but for kinks, else NULL: how y changes with x
     * where the last forward was, from the change in x to that in y; weight[1]
     * is NULL. A kind that works in place gets y as it was, and the change in
     * dy == dx: its slopes are those of backward. */
    void (*tangent)(const bw_layer_run *run);
    /* From in and the numbers to out. BW_ERR_DIMENSION, without line. */
    bw_status (*shape)(bw_layer *layer, bw_error *err);
};

/* The kind of a name, or NULL. */
const bw_layer_kind *bw_layer_find(const char *name);

/* All kinds; each family's file defines its own. */
extern const bw_layer_kind bw_layer_dense, bw_layer_conv, bw_layer_deconv,
    bw_layer_upsample, bw_layer_maxpool, bw_layer_avgpool, bw_layer_batchnorm,
    bw_layer_layernorm, bw_layer_relu, bw_layer_leakyrelu, bw_layer_elu,
    bw_layer_tanh, bw_layer_sigmoid, bw_layer_softmax, bw_layer_reshape,
    bw_layer_flatten, bw_layer_noise;

/* Whether a convolution layer takes LANES on both sides, for BW_BY_CONVOLUTION
 * (conv_layer.c). */
bool bw_layer_is_thin(const bw_layer *layer, bw_way way);

#endif
