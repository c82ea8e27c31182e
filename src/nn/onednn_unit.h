/* onednn_unit.h - one pass of a convolution over a fixed number of items as a
 * primitive of oneDNN, with what each worker needs to run it.
 *
 * Everything is made at creation: primitive, scratch, memory objects. Each
 * call runs on the calling thread alone. Activations stand channels last; the
 * weight (or its gradient) in whatever format the primitive asked for.
 */
#ifndef BW_ONEDNN_UNIT_H
#define BW_ONEDNN_UNIT_H

#include <oneapi/dnnl/dnnl.h>

#include "nn/conv.h"

/* Handles of the library that units of one convolution share. */
typedef struct bw_onednn {
    size_t n_workers;
    dnnl_engine_t engine;
    dnnl_stream_t *stream; /* [worker] */
} bw_onednn;

/* A worker's arguments of a unit. */
typedef struct bw_onednn_call {
    dnnl_memory_t x, y, bias, scratch;
    void *scratch_bytes;
} bw_onednn_call;

typedef struct bw_onednn_unit {
    const bw_onednn *dnnl; /* borrowed */
    unsigned pass;         /* one of BW_CONV_* */
    size_t n_items;
    bool is_slow; /* the library has only its reference code for this */
    dnnl_primitive_t primitive;
    dnnl_memory_desc_t x, y, w;
    bw_onednn_call *call; /* [worker] */
} bw_onednn_unit;

/* BW_ERR_MEMORY, or BW_ERR_INTERNAL with the library's status. */
bw_status bw_onednn_check(dnnl_status_t status, const char *what,
                          bw_error *err) BW_MUST_CHECK;

/* Holds the library to one thread for calls from the calling thread. */
void bw_onednn_hold_thread(void);

bw_status bw_onednn_create(size_t n_workers, bw_onednn **ret_dnnl,
                           bw_error *err) BW_MUST_CHECK;
void bw_onednn_destroy(bw_onednn *dnnl);

/* opt_w: the weight's format; NULL lets the primitive choose it. Adds its
 * buffers to *n_bytes. */
bw_status bw_onednn_unit_create(const bw_onednn *dnnl,
                                const bw_conv_shape *shape, unsigned pass,
                                size_t n_items, const dnnl_memory_desc_t *opt_w,
                                bw_onednn_unit **ret_unit, size_t *n_bytes,
                                bw_error *err) BW_MUST_CHECK;
void bw_onednn_unit_destroy(bw_onednn_unit *unit);

/* The pass over n_items items at x and y, one of which is written, or w in the
 * weight pass. bias belongs to to_y only and must not be NULL there. */
void bw_onednn_unit_run(const bw_onednn_unit *unit, size_t worker,
                        const float *x, const float *y, const float *bias,
                        dnnl_memory_t w);

#endif
