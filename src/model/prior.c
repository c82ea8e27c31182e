/* prior.c - draws of a prior, and the normal one's density. */
#include "config.h"

#include <assert.h>
#include <math.h>

#include "model/prior.h"

/* Of a normal number's density. */
static const double log_2_pi = 1.8378770664093454836;

const char bw_prior_names[] = "normal|sphere|uniform";

/* Brings a draw (d) of normal numbers, whose squares add up to `square`, to the
 * sphere. Numbers that are all 0 have no direction: they take the first axis.
 */
static void bring_to_sphere(const bw_prior *prior, double square, float *z)
{
    double factor = square > 0.0 ? prior->scale / sqrt(square) : 0.0;

    for (size_t j = 0; j < prior->d; j++)
        z[j] = (float)(factor * (double)z[j]);
    if (!(square > 0.0))
        z[0] = (float)prior->scale;
}

static void draw_point(const bw_prior *prior, bw_random *random, float *z)
{
    double square = 0.0;

    for (size_t j = 0; j < prior->d; j++) {
        if (prior->kind == BW_PRIOR_UNIFORM) {
            double u = bw_random_uniform(random);

            z[j] = (float)(prior->scale * (2.0 * u - 1.0));
        } else if (prior->kind == BW_PRIOR_NORMAL) {
            z[j] = (float)(prior->scale * bw_random_normal(random));
        } else {
            z[j] = (float)bw_random_normal(random);
            square += (double)z[j] * (double)z[j];
        }
    }
    if (prior->kind == BW_PRIOR_SPHERE && prior->d)
        bring_to_sphere(prior, square, z);
}

void bw_prior_draw(const bw_prior *prior, uint64_t seed,
                   bw_random_purpose purpose, uint64_t stream, size_t n,
                   float *z)
{
    bw_prior_draw_from(prior, seed, purpose, stream, 0, n, z);
}

/* How many words a draw takes is known once it is made: none can be skipped. */
void bw_prior_draw_from(const bw_prior *prior, uint64_t seed,
                        bw_random_purpose purpose, uint64_t stream,
                        size_t first, size_t n, float *z)
{
    bw_random random;

    bw_random_init(&random, seed, purpose, stream);
    for (size_t i = 0; n > 0 && i < first; i++)
        draw_point(prior, &random, z);
    for (size_t i = 0; i < n; i++)
        draw_point(prior, &random, z + i * prior->d);
}

double bw_prior_base(const bw_prior *prior)
{
    double square = prior->scale * prior->scale, d = (double)prior->d;

    switch (prior->kind) {
    case BW_PRIOR_NORMAL:
        return 2.0 * d * square;
    case BW_PRIOR_SPHERE:
        return 2.0 * square;
    case BW_PRIOR_UNIFORM:
        return d * square;
    }
    return 0.0;
}

/* log p(z) = -|z|^2 / (2 scale^2) - d (log 2 pi + 2 log scale) / 2 */
void bw_prior_log_density(const bw_prior *prior, size_t n, const float *z,
                          float *value)
{
    double variance = prior->scale * prior->scale, d = (double)prior->d;
    double constant = -0.5 * d * (log_2_pi + 2.0 * log(prior->scale));

    assert(prior->kind == BW_PRIOR_NORMAL);
    for (size_t i = 0; i < n; i++) {
        double square = 0.0;

        for (size_t j = 0; j < prior->d; j++) {
            double zj = (double)z[i * prior->d + j];

            square += zj * zj;
        }
        value[i] = (float)(constant - 0.5 * square / variance);
    }
}

void bw_prior_log_density_back(const bw_prior *prior, size_t n, const float *z,
                               const float *weight, float *dz)
{
    double factor = -1.0 / (prior->scale * prior->scale);

    assert(prior->kind == BW_PRIOR_NORMAL);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < prior->d; j++)
            dz[i * prior->d + j] += (float)(factor * (double)weight[i] *
                                            (double)z[i * prior->d + j]);
}
