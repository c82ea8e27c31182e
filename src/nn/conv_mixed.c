/* conv_mixed.c - convolutions that take blas, onednn or phase, whichever suits
 * each pass. */
#include "config.h"

#include <stdlib.h>

#include "nn/conv_mixed.h"

enum { N_PARTS = 3 };

/* One convolution a way that is in use, with that way's passes. */
typedef struct mixed_state {
    bw_conv *part[N_PARTS];
} mixed_state;

static bw_conv *part_of(bw_conv *conv, unsigned pass)
{
    const mixed_state *state = conv->state;

    for (size_t k = 0; k < N_PARTS; k++)
        if (state->part[k] && state->part[k]->passes & pass)
            return state->part[k];
    return NULL;
}

static void mixed_destroy(void *arg)
{
    mixed_state *state = arg;

    if (!state)
        return;
    for (size_t k = 0; k < N_PARTS; k++)
        bw_conv_destroy(state->part[k]);
    free(state);
}

static bw_status mixed_create(bw_conv *conv, size_t *n_bytes, bw_error *err)
{
    static const bw_way way[N_PARTS] = {BW_WAY_BLAS, BW_WAY_ONEDNN,
                                        BW_WAY_PHASE};
    mixed_state *state = calloc(1, sizeof(*state));
    bw_status status = BW_OK;

    if (!state)
        return bw_error_memory(err);
    conv->state = state;
    *n_bytes += sizeof(*state);
    for (size_t k = 0; status == BW_OK && k < N_PARTS; k++) {
        unsigned passes = 0;
        size_t part_bytes = 0;

        for (unsigned pass = BW_CONV_TO_Y; pass <= BW_CONV_WEIGHT; pass *= 2)
            if (conv->passes & pass &&
                bw_conv_choose_pass(&conv->shape, pass) == way[k])
                passes |= pass;
        if (passes == 0)
            continue;
        status = bw_conv_create(&conv->shape, conv->n_max, way[k], passes,
                                conv->tasks, &state->part[k], &part_bytes, err);
        *n_bytes += part_bytes;
    }
    return status;
}

static void mixed_pack(bw_conv *conv, const float *weight)
{
    const mixed_state *state = conv->state;

    for (size_t k = 0; k < N_PARTS; k++)
        if (state->part[k])
            bw_conv_pack(state->part[k], weight);
}

static void mixed_to_y(bw_conv *conv, size_t n, const float *x,
                       const float *opt_bias, bool relu, float *y)
{
    bw_conv_to_y(part_of(conv, BW_CONV_TO_Y), n, x, opt_bias, relu, y);
}

static void mixed_to_x(bw_conv *conv, size_t n, const float *y,
                       const float *opt_bias, bool relu, float *x)
{
    bw_conv_to_x(part_of(conv, BW_CONV_TO_X), n, y, opt_bias, relu, x);
}

static void mixed_weight(bw_conv *conv, size_t n, const float *x,
                         const float *y, float *dweight)
{
    bw_conv_weight(part_of(conv, BW_CONV_WEIGHT), n, x, y, dweight);
}

const bw_conv_way_ops bw_conv_mixed_ops = {
    .way = BW_WAY_AUTO,
    .create = mixed_create,
    .destroy = mixed_destroy,
    .pack = mixed_pack,
    .to_y = mixed_to_y,
    .to_x = mixed_to_x,
    .weight = mixed_weight,
};
