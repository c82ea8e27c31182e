/* conv.c - three passes of a convolution: hands them to the way that was
 * chosen, and chooses. */
#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "nn/conv_blas.h"
#include "nn/conv_mixed.h"
#include "nn/conv_onednn.h"
#include "nn/conv_thin.h"
#include "nn/conv_way.h"

/* Ways of this build. */
static const bw_conv_way_ops *const ways[] = {
    &bw_conv_blas_ops,
    &bw_conv_mixed_ops,
#ifdef BW_ONEDNN
    &bw_conv_onednn_ops,
#endif
    &bw_conv_thin_ops,
};

static const bw_conv_way_ops *find_way(bw_way way)
{
    for (size_t k = 0; k < sizeof(ways) / sizeof(ways[0]); k++)
        if (ways[k]->way == way)
            return ways[k];
    return NULL;
}

static const char *name_of(bw_way way)
{
    static const char *const name[] = {"auto", "blas", "onednn", "thin"};

    return name[way];
}

void bw_conv_finish(size_t n_rows, size_t n, const float *opt_bias, bool relu,
                    float *out)
{
    if (!opt_bias && !relu)
        return;
    for (size_t k = 0; k < n_rows; k++, out += n) {
        if (opt_bias)
            for (size_t j = 0; j < n; j++)
                out[j] += opt_bias[j];
        if (relu)
            for (size_t j = 0; j < n; j++)
                out[j] = out[j] < 0 ? 0 : out[j];
    }
}

bool bw_conv_has(bw_way way)
{
    return find_way(way) != NULL;
}

bool bw_conv_is_thin(const bw_conv_shape *shape)
{
    size_t most = shape->c > shape->o ? shape->c : shape->o;

    return most <= 24 && shape->c * shape->o <= 256;
}

static bool is_slow_by_onednn(const bw_conv_shape *shape, unsigned pass)
{
    size_t pixels = shape->p * shape->q;
    size_t n_weights = shape->o * shape->c * shape->kh * shape->kw;

    if (pass == BW_CONV_TO_X)
        return shape->c <= 4;
    return pixels <= 16 || (pixels <= 64 && n_weights >= 4u << 20);
}

bw_way bw_conv_choose_pass(const bw_conv_shape *shape, unsigned pass)
{
    return bw_conv_has(BW_WAY_ONEDNN) && !is_slow_by_onednn(shape, pass)
               ? BW_WAY_ONEDNN
               : BW_WAY_BLAS;
}

bw_status bw_conv_create(const bw_conv_shape *shape, size_t n_max, bw_way way,
                         unsigned passes, bw_tasks *tasks, bw_conv **ret_conv,
                         size_t *n_bytes, bw_error *err)
{
    const bw_conv_way_ops *ops = find_way(way);
    bw_conv *conv = NULL;
    bw_status status = BW_OK;

    assert(n_max > 0);
    *ret_conv = NULL;
    *n_bytes = 0;
    if (!ops)
        return bw_error_set(err, BW_ERR_USAGE,
                            "this build has no %s convolutions", name_of(way));
    conv = calloc(1, sizeof(*conv));
    if (!conv)
        return bw_error_memory(err);
    *conv = (bw_conv){.shape = *shape,
                      .n_max = n_max,
                      .passes = passes,
                      .tasks = tasks,
                      .ops = ops};
    *n_bytes = sizeof(*conv);
    status = ops->create(conv, n_bytes, err);
    if (status != BW_OK) {
        bw_conv_destroy(conv);
        return status;
    }
    *ret_conv = conv;
    return BW_OK;
}

void bw_conv_destroy(bw_conv *conv)
{
    if (!conv)
        return;
    conv->ops->destroy(conv->state);
    free(conv);
}

void bw_conv_pack(bw_conv *conv, const float *weight)
{
    conv->ops->pack(conv, weight);
}

void bw_conv_to_y(bw_conv *conv, size_t n, const float *x,
                  const float *opt_bias, bool relu, float *y)
{
    assert(n <= conv->n_max && conv->passes & BW_CONV_TO_Y);
    if (n > 0)
        conv->ops->to_y(conv, n, x, opt_bias, relu, y);
}

void bw_conv_to_x(bw_conv *conv, size_t n, const float *y,
                  const float *opt_bias, bool relu, float *x)
{
    assert(n <= conv->n_max && conv->passes & BW_CONV_TO_X);
    if (n > 0)
        conv->ops->to_x(conv, n, y, opt_bias, relu, x);
}

void bw_conv_weight(bw_conv *conv, size_t n, const float *x, const float *y,
                    float *dweight)
{
    assert(n <= conv->n_max && conv->passes & BW_CONV_WEIGHT);
    if (n > 0)
        conv->ops->weight(conv, n, x, y, dweight);
}
