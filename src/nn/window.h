/* window.h - how a window slides along one axis: sizes and zeros.
 *
 * A convolution or a pool takes `in` places to `out` of them; output i covers
 * places i stride - zeros + (0 .. kernel - 1), where those outside the input
 * hold zeros (or do not count). A transposed convolution takes the road back:
 * its output is what such a window has as input.
 *
 *              conv, pools                              deconv
 *   same       out = ceil(in / stride)                  out = in stride
 *   explicit   out = (in + before + after - kernel)     out = (in - 1) stride
 *                    / stride + 1, rounded down               + kernel
 *                                                             - before - after
 *
 * "Same" takes as few zeros as that needs and splits them with the smaller half
 * first, as TensorFlow does.
 */
#ifndef BW_WINDOW_H
#define BW_WINDOW_H

#include "nn/layer.h"

typedef struct bw_window {
    size_t kernel, stride; /* at least 1 */
    bool is_same;
    size_t before, after; /* zeros, where not is_same */
} bw_window;

/* The window of a layer along its rows, along its columns. */
bw_window bw_window_rows(const bw_layer *layer);
bw_window bw_window_columns(const bw_layer *layer);

/* Conv and pools. *zeros: how many stand before the input. BW_ERR_RANGE for a
 * kernel, stride or output of 0 or past BW_MAX_ITEM; BW_ERR_DIMENSION when the
 * window has more places than input and zeros, or as many zeros on one side as
 * it has places, so that an output would see zeros only. The message speaks of
 * sizes, not of the layer. */
bw_status bw_window_fit(const bw_window *window, size_t in, size_t *out,
                        size_t *zeros, bw_error *err) BW_MUST_CHECK;

/* Deconv; *zeros stand before the output, which is the window's input.
 * BW_ERR_RANGE as above; BW_ERR_DIMENSION when the zeros leave no output. */
bw_status bw_window_spread(const bw_window *window, size_t in, size_t *out,
                           size_t *zeros, bw_error *err) BW_MUST_CHECK;

/* Both axes of an image of layer->in, by layer's window: sizes into
 * layer->out.h and .w, zeros before rows and columns into zeros[2]. */
bw_status bw_window_shape(bw_layer *layer, bool is_deconv, size_t zeros[2],
                          bw_error *err) BW_MUST_CHECK;

#endif
