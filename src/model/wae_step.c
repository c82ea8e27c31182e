/* wae_step.c - a step of an auto-encoder, and of its adversary.
 *
 * x: items, y: the encoder's output, z: codes, p: draws of the prior, v:
 * reconstructions, t: the adversary's logits. A leading d: slope of the loss.
 *
 * Where processes share a batch, each has some of its items. Means over them
 * are weighted and added up, mmd takes all codes and makes the rows of the own
 * ones, and gradients are added up once they are known.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "model/wae_learner.h"
#include "nn/gaussian.h"
#include "nn/losses.h"

/* ---- passes ---- */

/* What all networks that there are do. */
static void for_each(bw_wae_learner *l, void (*work)(bw_unit *unit))
{
    work(&l->encoder);
    work(&l->decoder);
    if (l->adversary.part)
        work(&l->adversary);
}

void bw_wae_step_share(bw_wae_learner *l, const bw_share *opt_share)
{
    l->share = opt_share ? *opt_share : (bw_share){.weight = 1};
    bw_unit_share(&l->encoder, opt_share);
    bw_unit_share(&l->decoder, opt_share);
    bw_unit_share(&l->adversary, opt_share);
}

const float *bw_wae_step_encode(bw_wae_learner *l, bw_mode mode, size_t n,
                                const uint32_t *row, uint64_t step)
{
    const bw_wae_training *t = l->t;

    bw_items_gather(t->items, t->wae->range, t->tasks, n, row, 0, l->target);
    return bw_unit_forward(&l->encoder, mode, n, l->target, step);
}

void bw_wae_step_codes(bw_wae_learner *l, size_t n, const float *y,
                       bool is_mean, uint64_t stream)
{
    const bw_wae_training *t = l->t;
    size_t d = t->wae->latent;
    bw_random random;

    if (!t->wae->is_gaussian) {
        memcpy(l->code, y, n * d * sizeof *y);
        return;
    }
    if (is_mean) {
        for (size_t k = 0; k < n; k++)
            memcpy(l->code + k * d, y + 2 * k * d, d * sizeof *y);
        return;
    }
    bw_random_init(&random, t->seed, BW_RANDOM_CODES, stream);
    for (size_t k = 0; k < l->share.first * d; k++)
        (void)bw_random_normal(&random); /* of other processes' items */
    for (size_t k = 0; k < n * d; k++)
        l->noise[k] = (float)bw_random_normal(&random);
    bw_gaussian_sample(t->tasks, n, d, y, l->noise, l->code);
}

/* ---- terms ---- */

static double take_cost(const bw_wae_learner *l, size_t n, const float *v,
                        float *opt_dv)
{
    const bw_wae_loss *loss = &l->t->wae->loss;
    size_t size = bw_shape_n(l->t->wae->item);
    bw_tasks *tasks = l->t->tasks;
    double s = loss->scale * l->share.weight;

    switch (loss->cost) {
    case BW_WAE_L2SQ:
        return bw_loss_squared(tasks, n, size, v, l->target, 1, s, opt_dv);
    case BW_WAE_L2:
        return bw_loss_l2(tasks, n, size, v, l->target, 1, s, opt_dv);
    case BW_WAE_L1:
        return bw_loss_l1(tasks, n, size, v, l->target, 1, s, opt_dv);
    }
    return NAN;
}

/* t of m codes, with the log-prior where it is asked for. */
static const float *take_logits(bw_wae_learner *l, bw_mode mode, size_t m,
                                const float *z, uint64_t step)
{
    const bw_wae *wae = l->t->wae;
    const float *t = bw_unit_forward(&l->adversary, mode, m, z, step);

    if (!wae->loss.has_log_prior)
        return t;
    bw_prior_log_density(&wae->prior, m, z, l->density);
    for (size_t k = 0; k < m; k++)
        l->logit[k] = t[k] + l->density[k];
    return l->logit;
}

/* mean log(1 + exp(-t(z))); its slope is added to dz. */
static double fool_adversary(bw_wae_learner *l, bw_mode mode, size_t n,
                             uint64_t step)
{
    const bw_wae *wae = l->t->wae;
    bool is_training = mode == BW_MODE_TRAIN;
    const float *t = take_logits(l, mode, n, l->code, step);
    float *dt =
        is_training ? bw_engine_output_gradient(l->adversary.engine) : NULL;

    if (dt)
        memset(dt, 0, n * sizeof *dt);
    double term = bw_loss_logits(l->t->tasks, n, 1, t, NULL, 1,
                                 wae->loss.lambda * l->share.weight, dt);
    if (!dt)
        return term;
    if (wae->loss.has_log_prior)
        bw_prior_log_density_back(&wae->prior, n, l->code, dt, l->slope);
    const float *dz =
        bw_engine_backward(l->adversary.engine, n, l->adversary.values, NULL);
    for (size_t k = 0; k < n * wae->latent; k++)
        l->slope[k] += dz[k];
    return term;
}

/* The adversary's own loss on codes and draws, which stand one behind the
 * other, and its gradient. */
static void teach_adversary(bw_wae_learner *l, bw_mode mode, size_t n,
                            uint64_t step, double all[BW_WAE_TERMS])
{
    double lambda = l->t->wae->loss.lambda * l->share.weight;
    const float *t = take_logits(l, mode, 2 * n, l->code, step);
    float *dt = NULL;

    if (mode == BW_MODE_TRAIN) {
        dt = bw_engine_output_gradient(l->adversary.engine);
        memset(dt, 0, 2 * n * sizeof *dt);
    }
    all[BW_WAE_TERM_ADVERSARY_CODES] =
        bw_loss_logits(l->t->tasks, n, 1, t, NULL, 0, lambda, dt);
    all[BW_WAE_TERM_ADVERSARY_PRIOR] = bw_loss_logits(
        l->t->tasks, n, 1, t + n, NULL, 1, lambda, dt ? dt + n : NULL);
    if (!dt)
        return;
    bw_unit_clear_gradient(&l->adversary);
    bw_unit_backward(&l->adversary, 2 * n);
}

/* Draws of the prior for the n items, to p. */
static void draw_prior(const bw_wae_learner *l, uint64_t stream, size_t n,
                       float *p)
{
    bw_prior_draw_from(&l->t->wae->prior, l->t->seed, BW_RANDOM_PRIOR, stream,
                       l->share.first, n, p);
}

/* The codes of all processes. */
static const float *gather_codes(bw_wae_learner *l)
{
    const bw_share *s = &l->share;
    size_t d = l->t->wae->latent;

    memset(l->gathered, 0, s->n_all * d * sizeof *l->gathered);
    memcpy(l->gathered + s->first * d, l->code, s->n * d * sizeof *l->code);
    bw_comm_sum_floats(s->comm, s->n_all * d, l->gathered);
    return l->gathered;
}

/* The share's part of the statistic of the batch. */
static double take_mmd(bw_wae_learner *l, size_t n, uint64_t stream,
                       float *opt_slope)
{
    const bw_share *s = &l->share;
    const bw_wae *wae = l->t->wae;
    size_t d = wae->latent, n_all = s->is_split ? s->n_all : n;
    float *p = l->code + n * d;
    double lambda = wae->loss.lambda;

    bw_prior_draw(&wae->prior, l->t->seed, BW_RANDOM_PRIOR, stream, n_all, p);
    if (s->is_split)
        return bw_mmd_part(&l->mmd, l->room, l->t->tasks, n_all,
                           gather_codes(l), p, d, s->first, n, lambda,
                           opt_slope);
    return s->weight * bw_mmd_value(&l->mmd, l->room, l->t->tasks, n, l->code,
                                    n, p, d, lambda * s->weight, opt_slope);
}

static void take_penalty(bw_wae_learner *l, bw_mode mode, size_t n,
                         const float *y, float *opt_dy, uint64_t step,
                         uint64_t stream, double all[BW_WAE_TERMS])
{
    const bw_wae *wae = l->t->wae;
    size_t d = wae->latent;
    double weight = l->share.weight;
    double variance = wae->prior.scale * wae->prior.scale;
    double *term = &all[BW_WAE_TERM_PENALTY];

    switch (wae->loss.penalty) {
    case BW_WAE_MMD:
        *term = take_mmd(l, n, stream, opt_dy ? l->slope : NULL);
        break;
    case BW_WAE_GAN:
        draw_prior(l, stream, n, l->code + n * d);
        *term = weight * fool_adversary(l, mode, n, step);
        teach_adversary(l, mode, n, step, all);
        all[BW_WAE_TERM_ADVERSARY_CODES] *= weight;
        all[BW_WAE_TERM_ADVERSARY_PRIOR] *= weight;
        break;
    case BW_WAE_KL:
        *term = weight * bw_gaussian_kl(l->t->tasks, n, d, y, variance,
                                        wae->loss.lambda * weight, opt_dy);
        break;
    case BW_WAE_NONE:
        break;
    }
}

void bw_wae_step_terms(bw_wae_learner *l, bw_mode mode, size_t n,
                       const float *y, const float *v, uint64_t step,
                       uint64_t stream, double all[BW_WAE_TERMS])
{
    const bw_wae *wae = l->t->wae;
    size_t d = wae->latent;
    float *dv = NULL, *dy = NULL;

    for (size_t k = 0; k < BW_WAE_TERMS; k++)
        all[k] = 0;
    if (mode == BW_MODE_TRAIN) {
        dv = bw_engine_output_gradient(l->decoder.engine);
        dy = bw_engine_output_gradient(l->encoder.engine);
        memset(dv, 0, n * bw_shape_n(wae->item) * sizeof *dv);
        memset(dy, 0, n * (wae->is_gaussian ? 2 * d : d) * sizeof *dy);
        memset(l->slope, 0, n * d * sizeof *l->slope);
    }
    all[BW_WAE_TERM_COST] = l->share.weight * take_cost(l, n, v, dv);
    take_penalty(l, mode, n, y, dy, step, stream, all);
    bw_comm_sum_doubles(l->share.comm, BW_WAE_TERMS, all);
}

/* ---- a step ---- */

/* Slopes by v, y and z become gradients of encoder and decoder. */
static void go_back(bw_wae_learner *l, size_t n, const float *y)
{
    const bw_wae *wae = l->t->wae;
    size_t d = wae->latent;
    float *dy = bw_engine_output_gradient(l->encoder.engine);

    bw_unit_clear_gradient(&l->encoder);
    bw_unit_clear_gradient(&l->decoder);
    const float *dz = bw_unit_backward(&l->decoder, n);
    for (size_t k = 0; k < n * d; k++)
        l->slope[k] += dz[k];
    if (wae->is_gaussian)
        bw_gaussian_sample_back(l->t->tasks, n, d, y, l->noise, l->slope, dy);
    else
        memcpy(dy, l->slope, n * d * sizeof *dy);
    bw_unit_backward(&l->encoder, n);
    bw_unit_sum(&l->encoder, l->share.comm);
    bw_unit_sum(&l->decoder, l->share.comm);
    if (l->adversary.part)
        bw_unit_sum(&l->adversary, l->share.comm);
}

static void update(bw_wae_learner *l, const bw_step *at)
{
    double rate = l->t->rate * at->rate_factor;

    bw_unit_update(&l->encoder, rate, at->step);
    bw_unit_update(&l->decoder, rate, at->step);
    if (l->adversary.part)
        bw_unit_update(&l->adversary, l->t->adversary_rate * at->rate_factor,
                       at->step);
}

static void take_norms(const bw_wae_learner *l, double all[BW_WAE_TERMS])
{
    all[BW_WAE_TERM_NORM_ENCODER] = bw_unit_norm(&l->encoder);
    all[BW_WAE_TERM_NORM_DECODER] = bw_unit_norm(&l->decoder);
    if (l->adversary.part)
        all[BW_WAE_TERM_NORM_ADVERSARY] = bw_unit_norm(&l->adversary);
}

/* A pass forward and the terms of the batch, of which this process has n items,
 * and, where these are finite, the gradients and their norms. */
static void pass(bw_wae_learner *l, size_t n, uint64_t step,
                 double all[BW_WAE_TERMS])
{
    const float *y = bw_wae_step_encode(l, BW_MODE_TRAIN, n, l->chosen, step);

    bw_wae_step_codes(l, n, y, false, step);
    const float *v =
        bw_unit_forward(&l->decoder, BW_MODE_TRAIN, n, l->code, step);
    bw_wae_step_terms(l, BW_MODE_TRAIN, n, y, v, step, step, all);
    if (!bw_logged_are_finite(BW_WAE_TERMS, all))
        return;
    go_back(l, n, y);
    take_norms(l, all);
}

bw_status bw_wae_step(void *self, const uint32_t *example, size_t n,
                      const bw_step *at, double *terms, bw_error *err)
{
    bw_wae_learner *l = self;
    bw_share share = bw_share_of(l->t->comm, n);
    double all[BW_WAE_TERMS];

    if (at->step == 1 && l->n_sample > 0) {
        bw_status status = bw_wae_moments_fit(l, err);
        if (status)
            return status;
    }
    for (size_t k = 0; k < share.n; k++)
        l->chosen[k] = l->split.train[example[share.first + k]];
    for_each(l, bw_unit_keep);
    bw_wae_step_share(l, &share);
    pass(l, share.n, at->step, all);
    bw_wae_step_share(l, NULL);
    bw_logged_give(&l->logged, all, terms);
    if (!bw_logged_are_finite(BW_WAE_TERMS, all)) {
        for_each(l, bw_unit_restore);
        return BW_OK;
    }
    update(l, at);
    bw_wae_validate_note(l, at->epoch, n, all);
    return BW_OK;
}
