/* engine.h - a network with buffers for mini-batches: forward and backward.
 *
 * All buffers are planned once, when the engine is created; passes allocate
 * nothing. Results do not depend on the number of threads. n items, n at most
 * n_max, go through at a time; items stand one after the other, an image as
 * (h, w, c), channels fastest.
 *
 * Threads: an engine and its team of threads (tasks.h) serve one thread at a
 * time; engines may share networks, and blocks too unless one trains. The
 * first engine sets OpenBLAS, and the OpenMP run time of the calling thread
 * where oneDNN is built in, to one thread: barrow cuts the work itself.
 */
#ifndef BARROW_ENGINE_H
#define BARROW_ENGINE_H

#include "barrow/network.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bw_engine bw_engine;
struct bw_tasks;

typedef enum bw_mode {
    BW_MODE_INFER, /* running statistics, no noise; no backward afterwards */
    BW_MODE_TRAIN  /* batch statistics, which update the running ones; noise */
} bw_mode;

/* Which convolutions the engine may use; BW_WAY_AUTO picks by shape. */
typedef enum bw_way {
    BW_WAY_AUTO,
    BW_WAY_BLAS,
    BW_WAY_ONEDNN,
    BW_WAY_THIN,
    BW_WAY_PHASE
} bw_way;

typedef struct bw_engine_options {
    size_t n_max;
    bool is_training;    /* plan for backward, too */
    bool input_gradient; /* backward is asked for the input's gradient */
    bool second;         /* bw_engine_second may follow a backward; with
                            is_training and input_gradient */
    bw_way way;
    uint64_t seed, stream; /* of noise layers */
} bw_engine_options;

/* network and tasks are borrowed and must outlive the engine. BW_ERR_MEMORY;
 * BW_ERR_USAGE for a way that this build lacks, and with `second` as
 * bw_engine_check_second. */
bw_status bw_engine_create(const bw_network *network,
                           const bw_engine_options *options,
                           struct bw_tasks *tasks, bw_engine **ret_engine,
                           bw_error *err) BW_MUST_CHECK;
void bw_engine_destroy(bw_engine *engine);

/* Where the caller puts the input: room for n_max items. */
float *bw_engine_input(bw_engine *engine);

/* Tells that the block's values changed (an optimiser's step, a load): what
 * was repacked from it is repacked by the next forward. */
void bw_engine_touch(bw_engine *engine);

/* Runs n items that stand in the input buffer through the network with the
 * parameters of block (bw_network_n_values floats; running statistics change
 * in training). step numbers the noise. Returns the outputs, which stand until
 * the next forward. BW_ERR_MEMORY is impossible: buffers stand. */
const float *bw_engine_forward(bw_engine *engine, bw_mode mode, size_t n,
                               float *block, uint64_t step);

/* Where the caller puts d loss / d output before backward: n items. Backward
 * uses it up, and it may lie where the last input gradient does. */
float *bw_engine_output_gradient(bw_engine *engine);

/* After a forward of BW_MODE_TRAIN with the same n and block: adds the
 * gradients of the parameters to dblock (n_trained floats at least; NULL: not
 * wanted) and returns the gradient of the input, or NULL when the options did
 * not ask for it. */
const float *bw_engine_backward(bw_engine *engine, size_t n, const float *block,
                                float *dblock);

/* ---- the gradient by parameters of what was made of input gradients ---- */

/* Whether each layer is linear but for kinks, so that bw_engine_second can do
 * with first derivatives: dense, conv, deconv, upsample, avgpool, relu,
 * leakyrelu, reshape, flatten. BW_ERR_USAGE for the first that is not, with
 * name, line, kind and the reason: "critic: line 3: batchnorm: ...". */
bw_status bw_engine_check_second(const bw_network *network, const char *name,
                                 bw_error *err) BW_MUST_CHECK;

/* Where the caller puts v, n items, before bw_engine_second. */
float *bw_engine_tangent(bw_engine *engine);

/* After a forward of BW_MODE_TRAIN and the backward of it, of an engine planned
 * for `second`: with g the input gradients which that backward returned, and
 * the output gradients held, adds d (sum of g v) / d parameters to dblock. That
 * is, for each layer, the product of its output gradient with the tangent at
 * its input, v pushed forward through weights and masks, no biases. */
void bw_engine_second(bw_engine *engine, size_t n, const float *block,
                      float *dblock);

/* Bytes of all buffers. */
size_t bw_engine_n_bytes(const bw_engine *engine);

#ifdef __cplusplus
}
#endif
#endif
