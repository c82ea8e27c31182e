/* mmd_kernel.c - one point against a block of others, as mmd_kernel.h says;
 * compiled once an instruction set, with BW_MMD_LOOPS the name of the table
 * that it makes.
 *
 * Loops have a constant length, so that they become vectors whole.
 */
#include "config.h"

#include <math.h>

#include "nn/mmd_kernel.h"
#include "nn/vmath.h"

/* Sums side by side: some vectors' worth, whose additions overlap. */
enum { N_LANES = 32 };

static void distance(size_t d, const float *x, const float *y, float *D)
{
    for (size_t from = 0; from < BW_MMD_BLOCK; from += N_LANES) {
        float sum[N_LANES] = {0};

        for (size_t k = 0; k < d; k++) {
            const float *row = y + k * BW_MMD_BLOCK + from;
            float value = x[k];

            for (size_t j = 0; j < N_LANES; j++) {
                float step = value - row[j];

                sum[j] += step * step;
            }
        }
        for (size_t j = 0; j < N_LANES; j++)
            D[from + j] = sum[j];
    }
}

/* c / (c + D) is 1 at D = 0 without error. */
static void imq(float c, const float *D, float *k, float *w)
{
    float over = 1.0f / c;

    if (!w) {
        BW_EACH
        for (size_t j = 0; j < BW_MMD_BLOCK; j++)
            k[j] += c / (c + D[j]);
        return;
    }
    BW_EACH
    for (size_t j = 0; j < BW_MMD_BLOCK; j++) {
        float value = c / (c + D[j]);

        k[j] += value;
        w[j] += value * value * over;
    }
}

static void rbf(float c, const float *D, float *k, float *w)
{
    float over = 0.5f / c;

    if (!w) {
        BW_EACH
        for (size_t j = 0; j < BW_MMD_BLOCK; j++)
            k[j] += bw_vmath_exp(-over * D[j]);
        return;
    }
    BW_EACH
    for (size_t j = 0; j < BW_MMD_BLOCK; j++) {
        float value = bw_vmath_exp(-over * D[j]);

        k[j] += value;
        w[j] += value * over;
    }
}

static void add(const float *k, double part[BW_N_PARTS])
{
    for (size_t from = 0; from < BW_MMD_BLOCK; from += BW_N_PARTS)
        for (size_t j = 0; j < BW_N_PARTS; j++)
            part[j] += (double)k[from + j];
}

static void slope(size_t d, size_t n_blocks, const float *x, const float *y,
                  const float *w, float *g)
{
    for (size_t k = 0; k < d; k++) {
        float sum[BW_N_PARTS] = {0}, value = x[k];
        double total = 0.0;

        for (size_t b = 0; b < n_blocks; b++) {
            const float *row = y + (b * d + k) * BW_MMD_BLOCK;
            const float *weight = w + b * BW_MMD_BLOCK;

            for (size_t from = 0; from < BW_MMD_BLOCK; from += BW_N_PARTS)
                for (size_t j = 0; j < BW_N_PARTS; j++)
                    sum[j] += weight[from + j] * (value - row[from + j]);
        }
        for (size_t j = 0; j < BW_N_PARTS; j++)
            total += (double)sum[j];
        g[k] += (float)total;
    }
}

const bw_mmd_loops BW_MMD_LOOPS = {
    .distance = distance, .imq = imq, .rbf = rbf, .add = add, .slope = slope};
