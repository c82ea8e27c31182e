/* conv_way.h - what a way of doing convolutions gives to conv.c: one row of
 * functions, in the way's own file.
 *
 * Functions mean what their namesakes in conv.h mean. create() sets
 * conv->state and adds the bytes that it allocates to *n_bytes; on failure it
 * leaves conv->state for destroy(), which takes NULL. Passes are called with
 * 1 <= n <= conv->n_max, and only those named in conv->passes; they allocate
 * nothing. Scratch is per worker: bw_tasks_n_workers(conv->tasks) of them.
 */
#ifndef BW_CONV_WAY_H
#define BW_CONV_WAY_H

#include "nn/conv.h"

typedef struct bw_conv_way_ops {
    bw_way way;
    bw_status (*create)(bw_conv *conv, size_t *n_bytes, bw_error *err);
    void (*destroy)(void *state);
    void (*pack)(bw_conv *conv, const float *weight);
    void (*to_y)(bw_conv *conv, size_t n, const float *x, const float *opt_bias,
                 bool relu, float *y);
    void (*to_x)(bw_conv *conv, size_t n, const float *y, const float *opt_bias,
                 bool relu, float *x);
    void (*to_x_masked)(bw_conv *conv, size_t n, const float *y,
                        const float *mask, float *x); /* NULL: has none */
    void (*weight)(bw_conv *conv, size_t n, const float *x, const float *y,
                   float *dweight);
} bw_conv_way_ops;

struct bw_conv {
    bw_conv_shape shape;
    size_t n_max;
    unsigned passes;
    bw_tasks *tasks; /* borrowed */
    const bw_conv_way_ops *ops;
    void *state;
};

/* out (n_rows x n) += opt_bias in each row, then max(., 0) with relu; a NaN
 * stays one. */
void bw_conv_finish(size_t n_rows, size_t n, const float *opt_bias, bool relu,
                    float *out);

#endif
