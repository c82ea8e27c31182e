/* conv.c - three passes of a convolution: hands them to the way that was
 * chosen, and chooses. */
#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "base/isa.h"
#include "nn/conv_blas.h"
#include "nn/conv_mixed.h"
#include "nn/conv_onednn.h"
#include "nn/conv_phase_plan.h"
#include "nn/conv_thin.h"
#include "nn/conv_way.h"
#include "nn/sweep.h"

/* Floats from which a row is worth a call. */
enum { LONG_ROW = 16 };

/* Ways of this build. */
static const bw_conv_way_ops *const ways[] = {
    &bw_conv_blas_ops,   &bw_conv_mixed_ops,
#ifdef BW_ONEDNN
    &bw_conv_onednn_ops,
#endif
    &bw_conv_phase_ops,  &bw_conv_thin_ops,
};

static const bw_conv_way_ops *find_way(bw_way way)
{
    for (size_t k = 0; k < sizeof(ways) / sizeof(ways[0]); k++)
        if (ways[k]->way == way)
            return ways[k];
    return NULL;
}

const char *bw_conv_name(bw_way way)
{
    static const char *const name[] = {"auto", "blas", "onednn", "thin",
                                       "phase"};

    return name[way];
}

void bw_conv_finish(size_t n_rows, size_t n, const float *opt_bias, bool relu,
                    float *out)
{
    const bw_sweeps *sweeps = bw_sweeps_get();

    if (opt_bias && n >= LONG_ROW)
        for (size_t k = 0; k < n_rows; k++)
            sweeps->bias(n, opt_bias, relu, out + k * n);
    else if (opt_bias)
        for (size_t k = 0; k < n_rows; k++)
            for (size_t j = 0; j < n; j++) {
                float value = out[k * n + j] + opt_bias[j];

                out[k * n + j] = relu && value < 0 ? 0 : value;
            }
    else if (relu)
        sweeps->forward[BW_RELU](n_rows * n, 0, out, NULL, out);
}

bool bw_conv_has(bw_way way)
{
    return find_way(way) != NULL;
}

/* The rules below were set by bench/kernels: share of an sgemm 2000^3 on one
 * thread of a core with AVX-512, batch of 100, in percent; blas / onednn /
 * thin. Kernels are 5x5 where an image has 8, 16, 32 or 64 rows, else 4x4; all
 * but the last two are of stride 2. The side is y's.
 *
 *   side  channels      to_y             to_x             weight
 *   2     512, 1024     92 /  20         40 /  59         77 /  15
 *   2     128, 256      77 /  54         54 /  52         68 /  23
 *   4     256, 512      92 /  81         68 /  92         72 /  50
 *   4     128, 256      80 /  78         67 /  95         68 /  54
 *   7     512, 1024     94 /  77         92 / 102         90 /  61
 *   7     128, 256      82 / 107         80 / 101         71 /  73
 *   8     256, 512      94 /  89         81 /  89         72 /  63
 *   8     128, 256      84 / 109         80 /  92         77 /  82
 *   14    256, 512      90 / 101         85 / 107         72 /  90
 *   14    64, 128       68 /  98         73 / 109         72 /  94
 *   16    32, 64        67 / 115 / 114   57 /  90 / 116   69 /  89 / 54
 *   32    32, 64        72 / 106 / 100   60 /  94 / 101   68 /  95 / 59
 *   14    1, 32         13 /  36 /  81   16 /   7 /  43   14 /  65 / 45
 *   32    3, 32         22 /  81 /  85   30 /  18 /  56   26 /  73 / 41
 *   28    1, 64         20 /  43 /  54   27 /   7 /  38   20 /  39 / 26
 *   28    1, 256        33 /  22 /  67   32 /   7 /  26   22 /  18 / 28
 *   64    3, 32         27 / 101 /  95   29 /  19 /  65   24 /  76 / 43
 */

/* Phases beside the better of blas and onednn, in the same moment; the last
 * but one is of batch 50, the last of stride 1 and batch 50. Per cent of the
 * sgemm count a convolution's plain products, of which phases do half or less.
 * Packing of weights once a step is left out: it takes up to a third of what a
 * pass saves where y has four pixels.
 *
 *   side  channels       to_y             to_x             weight
 *   2     128, 256        73 / 137         80 / 152         61 /  78
 *   4     64, 128         78 / 117         85 / 111         66 /  85
 *   4     256, 512        85 / 143         95 / 157         69 / 111
 *   7     128, 256       104 / 146        102 / 153         80 / 137
 *   7     512, 1024       90 / 166        108 / 179         74 / 132
 *   8     128, 256        99 / 150         98 / 157         69 / 132
 *   14    64, 128        107 / 142        103 / 149         94 / 116
 *   16    32, 64         114 / 118         83 / 121         82 /  71
 *   16    64, 128        108 / 134         95 / 155         96 / 114
 *   32    32, 64         101 / 105         86 /  92         87 /  64
 *   7 5x5 64, 128        119 / 108        101 / 111         70 /  84
 *   14 3x3 128, 128       95 / 161        125 / 174         84 /  83
 */

/* A change of layout costs a wide side more than thin kernels save: both sides
 * must be thin, as all through the deep Wasserstein embedding. */
bool bw_conv_is_thin(const bw_conv_shape *shape)
{
    size_t most = shape->c > shape->o ? shape->c : shape->o;

    return most <= 24 && shape->c * shape->o <= 256;
}

/* oneDNN takes images one by one: with few pixels and a large weight it reads
 * weights for most of its time, where sgemm has the whole batch. */
static bool is_slow_by_onednn(const bw_conv_shape *shape, unsigned pass)
{
    size_t pixels = shape->p * shape->q;
    size_t n_weights = shape->o * shape->c * shape->kh * shape->kw;

    if (pass == BW_CONV_TO_X)
        return shape->c <= 4;
    return pixels <= 16 || (pixels <= 64 && n_weights >= 3u << 20) ||
           (shape->c <= 2 && shape->o > 128);
}

/* With AVX-512 only: elsewhere nothing was measured. */
static bool is_fast_by_phases(const bw_conv_shape *shape, unsigned pass)
{
    bool is_uneven = shape->kh % shape->stride != 0 && shape->p % 2 != 0;

    if (bw_isa_get() != BW_ISA_AVX512 || !bw_phase_plan_fits(shape))
        return false;
    if (shape->c < 64 || shape->o < 64)
        return pass == BW_CONV_TO_X && shape->c >= 32 && shape->o >= 64;
    return pass != BW_CONV_TO_Y || !is_uneven || shape->c >= 128;
}

bw_way bw_conv_choose_pass(const bw_conv_shape *shape, unsigned pass)
{
    if (is_fast_by_phases(shape, pass))
        return BW_WAY_PHASE;
    return bw_conv_has(BW_WAY_ONEDNN) && !is_slow_by_onednn(shape, pass)
               ? BW_WAY_ONEDNN
               : BW_WAY_BLAS;
}

bw_status bw_conv_create(const bw_conv_shape *shape, size_t n_max, bw_way way,
                         unsigned passes, bw_tasks *tasks, bw_conv **ret_conv,
                         size_t *n_bytes, bw_error *err)
{
    bool is_phase = way == BW_WAY_PHASE && bw_phase_plan_fits(shape);
    const bw_conv_way_ops *ops =
        find_way(way == BW_WAY_PHASE && !is_phase ? BW_WAY_AUTO : way);
    bw_conv *conv = NULL;
    bw_status status = BW_OK;

    assert(n_max > 0);
    *ret_conv = NULL;
    *n_bytes = 0;
    if (!ops)
        return bw_error_set(err, BW_ERR_USAGE,
                            "this build has no %s convolutions",
                            bw_conv_name(way));
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

void bw_conv_to_x_masked(bw_conv *conv, size_t n, const float *y,
                         const float *mask, float *x)
{
    assert(n <= conv->n_max && conv->passes & BW_CONV_TO_X);
    if (n > 0)
        conv->ops->to_x_masked(conv, n, y, mask, x);
}

void bw_conv_weight(bw_conv *conv, size_t n, const float *x, const float *y,
                    float *dweight)
{
    assert(n <= conv->n_max && conv->passes & BW_CONV_WEIGHT);
    if (n > 0)
        conv->ops->weight(conv, n, x, y, dweight);
}
