/* wae_step.c - a step of an auto-encoder, and of its adversary.
 *
 * x: items, y: the encoder's output, z: codes, p: draws of the prior, v:
 * reconstructions, t: the adversary's logits. A leading d: slope of the loss.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "model/wae_learner.h"
#include "nn/gaussian.h"
#include "nn/losses.h"

/* ---- passes ---- */

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
    double s = loss->scale;

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
    double term =
        bw_loss_logits(l->t->tasks, n, 1, t, NULL, 1, wae->loss.lambda, dt);
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
    double lambda = l->t->wae->loss.lambda;
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

void bw_wae_step_terms(bw_wae_learner *l, bw_mode mode, size_t n,
                       const float *y, const float *v, uint64_t step,
                       uint64_t stream, double all[BW_WAE_TERMS])
{
    const bw_wae_training *t = l->t;
    const bw_wae *wae = t->wae;
    size_t d = wae->latent;
    bool is_training = mode == BW_MODE_TRAIN;
    float *p = l->code + n * d, *dv = NULL, *dy = NULL;
    double lambda = wae->loss.lambda, variance;

    for (size_t k = 0; k < BW_WAE_TERMS; k++)
        all[k] = 0;
    if (is_training) {
        dv = bw_engine_output_gradient(l->decoder.engine);
        dy = bw_engine_output_gradient(l->encoder.engine);
        memset(dv, 0, n * bw_shape_n(wae->item) * sizeof *dv);
        memset(dy, 0, n * (wae->is_gaussian ? 2 * d : d) * sizeof *dy);
        memset(l->slope, 0, n * d * sizeof *l->slope);
    }
    all[BW_WAE_TERM_COST] = take_cost(l, n, v, dv);
    switch (wae->loss.penalty) {
    case BW_WAE_MMD:
        bw_prior_draw(&wae->prior, t->seed, BW_RANDOM_PRIOR, stream, n, p);
        all[BW_WAE_TERM_PENALTY] =
            bw_mmd_value(&l->mmd, l->room, t->tasks, n, l->code, n, p, d,
                         lambda, is_training ? l->slope : NULL);
        break;
    case BW_WAE_GAN:
        bw_prior_draw(&wae->prior, t->seed, BW_RANDOM_PRIOR, stream, n, p);
        all[BW_WAE_TERM_PENALTY] = fool_adversary(l, mode, n, step);
        teach_adversary(l, mode, n, step, all);
        break;
    case BW_WAE_KL:
        variance = wae->prior.scale * wae->prior.scale;
        all[BW_WAE_TERM_PENALTY] =
            bw_gaussian_kl(t->tasks, n, d, y, variance, lambda, dy);
        break;
    case BW_WAE_NONE:
        break;
    }
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
}

/* What all networks that there are do. */
static void for_each(bw_wae_learner *l, void (*work)(bw_unit *unit))
{
    work(&l->encoder);
    work(&l->decoder);
    if (l->adversary.part)
        work(&l->adversary);
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

bw_status bw_wae_step(void *self, const uint32_t *example, size_t n,
                      const bw_step *at, double *terms, bw_error *err)
{
    bw_wae_learner *l = self;
    double all[BW_WAE_TERMS];

    if (at->step == 1 && l->n_sample > 0) {
        bw_status status = bw_wae_moments_fit(l, err);
        if (status)
            return status;
    }
    for (size_t k = 0; k < n; k++)
        l->chosen[k] = l->split.train[example[k]];
    for_each(l, bw_unit_keep);
    const float *y =
        bw_wae_step_encode(l, BW_MODE_TRAIN, n, l->chosen, at->step);
    bw_wae_step_codes(l, n, y, false, at->step);
    const float *v =
        bw_unit_forward(&l->decoder, BW_MODE_TRAIN, n, l->code, at->step);
    bw_wae_step_terms(l, BW_MODE_TRAIN, n, y, v, at->step, at->step, all);
    if (bw_logged_are_finite(BW_WAE_TERMS, all)) {
        go_back(l, n, y);
        take_norms(l, all);
    }
    bw_logged_give(&l->logged, all, terms);
    if (!bw_logged_are_finite(BW_WAE_TERMS, all)) {
        for_each(l, bw_unit_restore);
        return BW_OK;
    }
    update(l, at);
    bw_wae_validate_note(l, at->epoch, n, all);
    return BW_OK;
}
