/* loss_kernel.c - terms of losses over the values of one item, as losses.h
 * says; compiled once an instruction set, with BW_TERMS the name of the table
 * that it makes.
 */
#include "config.h"

#include <math.h>

#include "nn/sweep.h"
#include "nn/vector.h"
#include "nn/vmath.h"

/* The clip of probabilities. */
static const float least = 1e-7f;

/* Values that a loop takes at a time, so that sums can wait for it. */
enum { N_BLOCK = 256 };

/* Adds n values, n at most N_BLOCK, to partial sums. */
static void add_values(size_t n, const float *value, double part[BW_N_PARTS])
{
    size_t j = 0;

    for (; j + BW_N_PARTS <= n; j += BW_N_PARTS)
        for (size_t k = 0; k < BW_N_PARTS; k++)
            part[k] += (double)value[j + k];
    for (; j < n; j++)
        part[0] += (double)value[j];
}

static double add_parts(const double part[BW_N_PARTS])
{
    double sum = 0.0;

    for (size_t k = 0; k < BW_N_PARTS; k++)
        sum += part[k];
    return sum;
}

/* A term's value and slope are expressions of yj = y[j] and tj, its target. */
#define TERM(name, value_of, slope_of)                                         \
    static void name##_values(size_t n, const float *y, const float *t,        \
                              float *value)                                    \
    {                                                                          \
        BW_EACH                                                                \
        for (size_t k = 0; k < n; k++) {                                       \
            float yj = y[k], tj = t[k];                                        \
                                                                               \
            (void)tj;                                                          \
            value[k] = (value_of);                                             \
        }                                                                      \
    }                                                                          \
    static void name##_slopes(size_t n, const float *y, const float *t,        \
                              float factor, float *dy)                         \
    {                                                                          \
        BW_EACH                                                                \
        for (size_t k = 0; k < n; k++) {                                       \
            float yj = y[k], tj = t[k];                                        \
                                                                               \
            (void)yj, (void)tj;                                                \
            dy[k] += factor * (slope_of);                                      \
        }                                                                      \
    }                                                                          \
    static double name(size_t m, const float *y, const float *t, float label,  \
                       float factor, float *dy)                                \
    {                                                                          \
        double part[BW_N_PARTS] = {0};                                         \
        float value[N_BLOCK], same[N_BLOCK];                                   \
                                                                               \
        for (size_t k = 0; !t && k < N_BLOCK; k++)                             \
            same[k] = label;                                                   \
        for (size_t from = 0; from < m; from += N_BLOCK) {                     \
            size_t n = m - from < N_BLOCK ? m - from : N_BLOCK;                \
            const float *target = t ? t + from : same;                         \
                                                                               \
            name##_values(n, y + from, target, value);                         \
            add_values(n, value, part);                                        \
            if (dy)                                                            \
                name##_slopes(n, y + from, target, factor, dy + from);         \
        }                                                                      \
        return add_parts(part);                                                \
    }

TERM(squared, (yj - tj) * (yj - tj), yj - tj)

static float sign_of(float x)
{
    return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : 0.0f;
}

TERM(l1, fabsf(yj - tj), sign_of(yj - tj))

/* max(y, 0) - t y + log(1 + exp(-|y|)) */
static float logit_value(float y, float t)
{
    float above = y > 0.0f ? y : 0.0f;

    return above - t * y + bw_vmath_log1p(bw_vmath_exp(-fabsf(y)));
}

TERM(logits, logit_value(yj, tj), bw_vmath_sigmoid(yj) - tj)

static float clip(float x, float most)
{
    float above = x < least ? least : x;

    return above > most ? most : above;
}

/* 1 where the clip leaves x alone, else 0. */
static float is_inside(float x, float most)
{
    return x >= least && x <= most ? 1.0f : 0.0f;
}

static float bernoulli_value(float y, float t)
{
    float q = clip(y, 1.0f - least);

    return -t * bw_vmath_log(q) - (1.0f - t) * bw_vmath_log(1.0f - q);
}

static float bernoulli_slope(float y, float t)
{
    float q = clip(y, 1.0f - least);

    return is_inside(y, 1.0f - least) * ((q - t) / (q * (1.0f - q)));
}

TERM(bernoulli, bernoulli_value(yj, tj), bernoulli_slope(yj, tj))

static float kl_value(float y, float t)
{
    float p = clip(t, 1.0f);

    return p * bw_vmath_log(p / clip(y, 1.0f));
}

static float kl_slope(float y, float t)
{
    return is_inside(y, 1.0f) * (-clip(t, 1.0f) / clip(y, 1.0f));
}

TERM(kl, kl_value(yj, tj), kl_slope(yj, tj))

/* sqrt(max(y, 0) + 1e-7); a NaN stays. */
static float sparsity_value(float y)
{
    return sqrtf((y < 0.0f ? 0.0f : y) + least);
}

static float sparsity_slope(float y)
{
    return (y >= 0.0f ? 0.5f : 0.0f) / sparsity_value(y);
}

TERM(sparsity, sparsity_value(yj), sparsity_slope(yj))

TERM(mean, yj, 1.0f)

const bw_terms BW_TERMS = {
    .sum = {squared, l1, logits, bernoulli, kl, sparsity, mean}};
