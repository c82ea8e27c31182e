/* sweep_kernel.c - loops over values, as sweep.h says; compiled once an
 * instruction set, with BW_SWEEPS the name of the table that it makes.
 *
 * Comparisons are written so that a NaN passes through.
 *
 * Contents: activations, softmax, bias, batch normalisation, optimisers, noise.
 */
#include "config.h"

#include <math.h>

#include "nn/sweep.h"
#include "nn/vector.h"
#include "nn/vmath.h"

/* ---- activations ---- */

#define ACTIVATION(name, y_of_x, dx_of_y)                                      \
    static void name(size_t n, float s, const float *a, const float *b,        \
                     float *to)                                                \
    {                                                                          \
        (void)b, (void)s;                                                      \
        BW_EACH                                                                \
        for (size_t k = 0; k < n; k++) {                                       \
            float x = a[k];                                                    \
                                                                               \
            to[k] = (y_of_x);                                                  \
        }                                                                      \
    }                                                                          \
    static void name##_back(size_t n, float s, const float *a, const float *b, \
                            float *to)                                         \
    {                                                                          \
        (void)s;                                                               \
        BW_EACH                                                                \
        for (size_t k = 0; k < n; k++) {                                       \
            float y = a[k], dy = b[k];                                         \
                                                                               \
            to[k] = (dx_of_y);                                                 \
        }                                                                      \
    }

ACTIVATION(relu, x <= 0.0f ? 0.0f : x, y <= 0.0f ? 0.0f : dy)
ACTIVATION(leakyrelu, x *(x <= 0.0f ? s : 1.0f), dy *(y <= 0.0f ? s : 1.0f))
ACTIVATION(elu, x <= 0.0f ? bw_vmath_expm1(x) : x,
           dy *(y <= 0.0f ? y + 1.0f : 1.0f))
ACTIVATION(hyperbolic, bw_vmath_tanh(x), dy *(1.0f - y * y))
ACTIVATION(sigmoid, bw_vmath_sigmoid(x), dy *(y *(1.0f - y)))

/* ---- softmax ---- */

static float add_parts(const float part[BW_N_PARTS])
{
    float sum = 0.0f;

    for (size_t k = 0; k < BW_N_PARTS; k++)
        sum += part[k];
    return sum;
}

/* The largest value; a NaN, where there is one, may or may not be it. */
static float find_max(size_t n, const float *x)
{
    float part[BW_N_PARTS], max;
    size_t j = 0;

    for (size_t k = 0; k < BW_N_PARTS; k++)
        part[k] = x[0];
    for (; j + BW_N_PARTS <= n; j += BW_N_PARTS)
        for (size_t k = 0; k < BW_N_PARTS; k++)
            part[k] = part[k] < x[j + k] ? x[j + k] : part[k];
    for (; j < n; j++)
        part[0] = part[0] < x[j] ? x[j] : part[0];
    max = part[0];
    for (size_t k = 1; k < BW_N_PARTS; k++)
        max = max < part[k] ? part[k] : max;
    return max;
}

static void softmax(size_t n, const float *x, float *y)
{
    float part[BW_N_PARTS] = {0}, max = find_max(n, x), factor;
    size_t j = 0;

    BW_EACH
    for (size_t k = 0; k < n; k++)
        y[k] = bw_vmath_exp(x[k] - max);
    for (; j + BW_N_PARTS <= n; j += BW_N_PARTS)
        for (size_t k = 0; k < BW_N_PARTS; k++)
            part[k] += y[j + k];
    for (; j < n; j++)
        part[0] += y[j];
    factor = 1.0f / add_parts(part);
    for (j = 0; j < n; j++)
        y[j] *= factor;
}

static void softmax_back(size_t n, const float *y, const float *dy, float *dx)
{
    float part[BW_N_PARTS] = {0}, mean;
    size_t j = 0;

    for (; j + BW_N_PARTS <= n; j += BW_N_PARTS)
        for (size_t k = 0; k < BW_N_PARTS; k++)
            part[k] += dy[j + k] * y[j + k];
    for (; j < n; j++)
        part[0] += dy[j] * y[j];
    mean = add_parts(part);
    BW_EACH
    for (size_t k = 0; k < n; k++)
        dx[k] = y[k] * (dy[k] - mean);
}

/* ---- bias ---- */

static void bias(size_t n, const float *b, bool relu_too, float *y)
{
    float least = relu_too ? 0.0f : -INFINITY;

    BW_EACH
    for (size_t k = 0; k < n; k++) {
        float sum = y[k] + b[k];

        y[k] = sum < least ? least : sum;
    }
}

static void add(size_t n, const float *a, float *to)
{
    BW_EACH
    for (size_t k = 0; k < n; k++)
        to[k] += a[k];
}

/* ---- batch normalisation ---- */

static void norm_sum(bw_sweep_block block, const float *x, double *sum,
                     double *square)
{
    for (size_t i = 0; i < block.n_rows; i++, x += block.stride) {
        BW_EACH
        for (size_t k = 0; k < block.n_columns; k++) {
            double value = (double)x[k];

            sum[k] += value;
            square[k] += value * value;
        }
    }
}

static void norm(bw_sweep_block block, const float *x, const float *mean,
                 const float *gain, const float *shift, bool relu_too, float *y)
{
    float least = relu_too ? 0.0f : -INFINITY;

    for (size_t i = 0; i < block.n_rows; i++) {
        BW_EACH
        for (size_t k = 0; k < block.n_columns; k++) {
            float value = (x[k] - mean[k]) * gain[k] + shift[k];

            y[k] = value < least ? least : value;
        }
        x += block.stride;
        y += block.stride;
    }
}

static void norm_sum_back(bw_sweep_block block, const float *x, const float *dy,
                          const float *mean, double *sum, double *product)
{
    for (size_t i = 0; i < block.n_rows; i++) {
        BW_EACH
        for (size_t k = 0; k < block.n_columns; k++) {
            sum[k] += (double)dy[k];
            product[k] += (double)((x[k] - mean[k]) * dy[k]);
        }
        x += block.stride;
        dy += block.stride;
    }
}

static void norm_back(bw_sweep_block block, const float *x, const float *dy,
                      const float *mean, const float *gain, const float *slope,
                      const float *level, float *dx)
{
    for (size_t i = 0; i < block.n_rows; i++) {
        BW_EACH
        for (size_t k = 0; k < block.n_columns; k++)
            dx[k] = dy[k] * gain[k] + (x[k] - mean[k]) * slope[k] + level[k];
        x += block.stride;
        dy += block.stride;
        dx += block.stride;
    }
}

/* ---- optimisers ---- */

static void sgd(size_t n, const bw_step_numbers *s, const float *g, float *m,
                float *w)
{
    float rate = s->rate, keep = s->keep1;

    if (!m) {
        BW_EACH
        for (size_t k = 0; k < n; k++)
            w[k] -= rate * g[k];
        return;
    }
    BW_EACH
    for (size_t k = 0; k < n; k++) {
        float moment = keep * m[k] + g[k];

        m[k] = moment;
        w[k] -= rate * moment;
    }
}

static void rmsprop(size_t n, const bw_step_numbers *s, const float *g,
                    float *m, float *w)
{
    float rate = s->rate, keep = s->keep1, more = s->add1, eps = s->eps;

    BW_EACH
    for (size_t k = 0; k < n; k++) {
        float moment = keep * m[k] + more * g[k] * g[k];

        m[k] = moment;
        w[k] -= rate * g[k] / (sqrtf(moment) + eps);
    }
}

static void adam(size_t n, const bw_step_numbers *s, const float *g, float *m,
                 float *v, float *w)
{
    float rate = s->rate, keep1 = s->keep1, add1 = s->add1, eps = s->eps;
    float keep2 = s->keep2, add2 = s->add2, root = s->root;

    BW_EACH
    for (size_t k = 0; k < n; k++) {
        float first = keep1 * m[k] + add1 * g[k];
        float second = keep2 * v[k] + add2 * g[k] * g[k];

        m[k] = first;
        v[k] = second;
        w[k] -= rate * first / (sqrtf(second) * root + eps);
    }
}

/* ---- noise ---- */

/* The quantile function of N(0, 1) cut at 2 is q P(q^2) / Q(q^2), where q is
 * uniform on +-0.47725, half of the mass within 2. The fit is within 6e-7
 * of it, with rounding 1e-5 near the ends. */
static void normal(size_t n, const uint32_t *bits, float *z)
{
    BW_EACH
    for (size_t k = 0; k < n; k++) {
        float q = (float)(int32_t)bits[k] * (0x1.e8b43p-1f * 0x1p-32f);
        float t = q * q, p = -0x1.dd3986p+2f, r = -0x1.81295cp+4f, y;

        p = p * t - 0x1.bae122p+4f;
        p = p * t + 0x1.800ba4p+5f;
        p = p * t - 0x1.41f5p+4f;
        p = p * t + 0x1.40d926p+1f;
        r = r * t + 0x1.a5b632p+4f;
        r = r * t - 0x1.22662p+3f;
        r = r * t + 1.0f;
        y = q * p / r;
        y = y < -2.0f ? -2.0f : y;
        z[k] = y > 2.0f ? 2.0f : y;
    }
}

const bw_sweeps BW_SWEEPS = {
    .name = BW_KERNEL_NAME,
    .forward = {relu, leakyrelu, elu, hyperbolic, sigmoid},
    .backward = {relu_back, leakyrelu_back, elu_back, hyperbolic_back,
                 sigmoid_back},
    .softmax = softmax,
    .softmax_back = softmax_back,
    .bias = bias,
    .add = add,
    .norm_sum = norm_sum,
    .norm = norm,
    .norm_sum_back = norm_sum_back,
    .norm_back = norm_back,
    .sgd = sgd,
    .rmsprop = rmsprop,
    .adam = adam,
    .normal = normal};
