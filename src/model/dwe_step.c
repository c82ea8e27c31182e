/* dwe_step.c - a step of the embedding on a batch of pairs, or of the
 * regressor.
 *
 * B pairs are 2 B images: rows 0 .. B-1 the first, B .. 2B-1 the second ones.
 * One forward of 2 B through each network serves both sides. z: codes, x: the
 * images as masses, v: their reconstructions.
 *
 * Where processes share a batch, each has some of its pairs; terms are added up
 * once they are known, gradients once they are.
 */
#include "config.h"

#include <string.h>

#include "model/dwe_learner.h"
#include "model/logged.h"
#include "nn/losses.h"

/* ---- distances of codes ---- */

void bw_dwe_sums_add(bw_dwe_sums *f, double prediction, double label)
{
    double gap = prediction - label;

    f->gap2 += gap * gap;
    f->label2 += label * label;
    f->n++;
}

void bw_dwe_sums_share(bw_dwe_sums *f, bw_comm *opt_comm, size_t n)
{
    double sum[] = {f->gap2, f->label2};

    bw_comm_sum_doubles(opt_comm, 2, sum);
    *f = (bw_dwe_sums){.gap2 = sum[0], .label2 = sum[1], .n = n};
}

void bw_dwe_sums_terms(const bw_dwe_learner *l, const bw_dwe_sums *f,
                       double *terms)
{
    double n = f->n ? (double)f->n : 1, scale = l->t->dwe->label_scale;

    terms[BW_DWE_DISTANCE] = f->gap2 / n;
    terms[BW_DWE_MSE] = f->gap2 / n / (scale * scale);
    terms[BW_DWE_RELATIVE] = f->label2 > 0 ? f->gap2 / f->label2 : 0;
}

double bw_dwe_square(size_t d, const float *a, const float *b)
{
    double sum = 0;

    for (size_t i = 0; i < d; i++) {
        double gap = (double)a[i] - (double)b[i];
        sum += gap * gap;
    }
    return sum;
}

/* dz = d mean (||z1 - z2||^2 - y)^2 / dz, which is
 * +- 4 (||z1 - z2||^2 - y) (z1 - z2) / n for the one and the other side, times
 * weight. */
static void distance_terms(size_t n, size_t d, double weight, const float *z,
                           const float *y, float *dz, bw_dwe_sums *f)
{
    for (size_t k = 0; k < n; k++) {
        const float *a = z + k * d, *b = z + (n + k) * d;
        double square = bw_dwe_square(d, a, b);
        double slope = weight * (4 * (square - (double)y[k]) / (double)n);
        for (size_t i = 0; i < d; i++) {
            float g = (float)(slope * ((double)a[i] - (double)b[i]));
            dz[k * d + i] = g;
            dz[(n + k) * d + i] = -g;
        }
        bw_dwe_sums_add(f, square, (double)y[k]);
    }
}

/* ---- a step ---- */

/* Images and labels of n pairs. */
void bw_dwe_step_set_pairs(bw_dwe_learner *l, const uint32_t *number, size_t n)
{
    const bw_dwe_pairs *pairs = l->t->pairs;
    double scale = l->t->dwe->label_scale;

    for (size_t k = 0; k < n; k++) {
        l->row[k] = pairs->pair[number[k]][0];
        l->row[n + k] = pairs->pair[number[k]][1];
        l->target[k] = (float)(scale * pairs->cost[number[k]]);
    }
}

/* This process's share of a batch; returns how many pairs it has. */
static size_t set_batch(bw_dwe_learner *l, const uint32_t *example, size_t n)
{
    l->share = bw_share_of(l->t->comm, n);
    for (size_t k = 0; k < l->share.n; k++)
        l->chosen[k] = l->split.train[example[l->share.first + k]];
    bw_dwe_step_set_pairs(l, l->chosen, l->share.n);
    return l->share.n;
}

/* Sums of the share's pairs become the batch's; those of a batch that is not
 * split are rank 0's. */
static void share_sums(const bw_dwe_learner *l, bw_dwe_sums *f)
{
    const bw_share *s = &l->share;

    if (!s->is_split) {
        f->gap2 *= s->weight;
        f->label2 *= s->weight;
    }
    bw_dwe_sums_share(f, s->comm, s->n_all);
}

/* Masses of the images of row[], which stay in l->image, go through the
 * encoder. */
const float *bw_dwe_step_encode(bw_dwe_learner *l, bw_mode mode, size_t n,
                                const uint32_t *row, uint64_t step)
{
    const bw_dwe_training *t = l->t;

    bw_dwe_images_gather(t->images, t->tasks, n, row,
                         bw_dwe_planes(t->images->shape), l->image);
    bw_dwe_images_gather(t->images, t->tasks, n, row,
                         bw_dwe_pixels(t->images->shape, t->dwe->input_scale),
                         bw_engine_input(l->encoder.engine));
    return bw_unit_forward(&l->encoder, mode, n, NULL, step);
}

const float *bw_dwe_step_decode(bw_dwe_learner *l, bw_mode mode, size_t n,
                                const float *z, uint64_t step)
{
    return bw_unit_forward(&l->decoder, mode, n, z, step);
}

/* The terms of n images, of which two make an example, and their gradients. */
void bw_dwe_step_image_terms(bw_dwe_learner *l, size_t n, const float *v,
                             double weight, float *opt_dv, double *terms)
{
    const bw_dwe *dwe = l->t->dwe;
    size_t size = bw_shape_n(dwe->image);

    terms[BW_DWE_RECONSTRUCTION] =
        2 * bw_loss_kl(l->t->tasks, n, size, v, l->image,
                       2 * dwe->reconstruction * weight, opt_dv);
    terms[BW_DWE_SPARSITY] =
        2 * bw_loss_sparsity(l->t->tasks, n, size, v,
                             2 * dwe->sparsity * weight, opt_dv);
}

/* The terms of z and v (2n), which are made of the share's n pairs, and their
 * slopes; the terms are those of the batch. */
static void take_terms(bw_dwe_learner *l, size_t n, const float *z,
                       const float *v, double *terms)
{
    const bw_share *s = &l->share;
    size_t size = bw_shape_n(l->t->dwe->image);
    float *dv = bw_engine_output_gradient(l->decoder.engine);
    bw_dwe_sums f = {0};

    memset(dv, 0, 2 * n * size * sizeof *dv);
    distance_terms(n, l->t->dwe->latent, s->weight, z, l->target,
                   bw_engine_output_gradient(l->encoder.engine), &f);
    share_sums(l, &f);
    bw_dwe_sums_terms(l, &f, terms);
    bw_dwe_step_image_terms(l, 2 * n, v, s->weight, dv, terms);
    for (int k = BW_DWE_RECONSTRUCTION; k < BW_DWE_TERMS; k++)
        terms[k] *= s->weight;
    bw_comm_sum_doubles(s->comm, BW_DWE_TERMS - BW_DWE_RECONSTRUCTION,
                        terms + BW_DWE_RECONSTRUCTION);
}

/* Slopes by z and v become gradients of the batch. */
static void go_back(bw_dwe_learner *l, size_t n)
{
    float *dz = bw_engine_output_gradient(l->encoder.engine);

    bw_unit_clear_gradient(&l->encoder);
    bw_unit_clear_gradient(&l->decoder);
    const float *more = bw_unit_backward(&l->decoder, 2 * n);
    for (size_t k = 0; k < 2 * n * l->t->dwe->latent; k++)
        dz[k] += more[k];
    bw_unit_backward(&l->encoder, 2 * n);
    bw_unit_sum(&l->encoder, l->t->comm);
    bw_unit_sum(&l->decoder, l->t->comm);
}

static void share_passes(bw_dwe_learner *l, const bw_share *opt_share)
{
    bw_unit_share(&l->encoder, opt_share);
    bw_unit_share(&l->decoder, opt_share);
    bw_unit_share(&l->regressor, opt_share);
}

bw_status bw_dwe_step_embedding(void *self, const uint32_t *example, size_t n,
                                const bw_step *at, double *terms, bw_error *err)
{
    bw_dwe_learner *l = self;
    double rate = l->t->rate * at->rate_factor;

    (void)err;
    n = set_batch(l, example, n);
    share_passes(l, &l->share);
    const float *z =
        bw_dwe_step_encode(l, BW_MODE_TRAIN, 2 * n, l->row, at->step);
    const float *v = bw_dwe_step_decode(l, BW_MODE_TRAIN, 2 * n, z, at->step);
    take_terms(l, n, z, v, terms);
    bool is_good = bw_logged_are_finite(l->learner.n_terms, terms);
    if (is_good)
        go_back(l, n);
    share_passes(l, NULL);
    if (!is_good)
        return BW_OK;
    bw_unit_update(&l->encoder, rate, at->step);
    bw_unit_update(&l->decoder, rate, at->step);
    return BW_OK;
}

/* ---- the regressor ---- */

/* Predictions (n) for the pairs of row[]. */
const float *bw_dwe_step_regress(bw_dwe_learner *l, bw_mode mode, size_t n,
                                 uint64_t step)
{
    const bw_dwe_training *t = l->t;
    bw_dwe_steps steps = bw_dwe_pixels(t->images->shape, t->dwe->input_scale);
    float *input = bw_engine_input(l->regressor.engine);

    steps.item *= 2;
    steps.pixel *= 2;
    bw_dwe_images_gather(t->images, t->tasks, n, l->row, steps, input);
    bw_dwe_images_gather(t->images, t->tasks, n, l->row + n, steps,
                         input + t->images->shape.c);
    return bw_unit_forward(&l->regressor, mode, n, NULL, step);
}

/* The terms of the batch of n predictions, and their slopes. */
static void take_regression(bw_dwe_learner *l, size_t n, const float *y,
                            double *terms)
{
    float *dy = bw_engine_output_gradient(l->regressor.engine);
    float weight = (float)l->share.weight;
    bw_dwe_sums f = {0};

    for (size_t k = 0; k < n; k++) {
        dy[k] = weight * (2 * (y[k] - l->target[k]) / (float)n);
        bw_dwe_sums_add(&f, (double)y[k], (double)l->target[k]);
    }
    share_sums(l, &f);
    bw_dwe_sums_terms(l, &f, terms);
}

bw_status bw_dwe_step_regressor(void *self, const uint32_t *example, size_t n,
                                const bw_step *at, double *terms, bw_error *err)
{
    bw_dwe_learner *l = self;

    (void)err;
    n = set_batch(l, example, n);
    share_passes(l, &l->share);
    take_regression(l, n, bw_dwe_step_regress(l, BW_MODE_TRAIN, n, at->step),
                    terms);
    bool is_good = bw_logged_are_finite(l->learner.n_terms, terms);
    if (is_good) {
        bw_unit_clear_gradient(&l->regressor);
        bw_unit_backward(&l->regressor, n);
        bw_unit_sum(&l->regressor, l->t->comm);
    }
    share_passes(l, NULL);
    if (is_good)
        bw_unit_update(&l->regressor, l->t->rate * at->rate_factor, at->step);
    return BW_OK;
}
