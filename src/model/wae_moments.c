/* wae_moments.c - before the first step, the encoder learns to give codes the
 * mean and the covariance that the prior has: Tolstikhin et al.'s code.
 *
 * The sample goes through the encoder in batches, twice: once for its codes,
 * from which the slopes follow, and once for the gradient, so that memory is a
 * step's. Batch normalisation so sees batches, as in training. Where processes
 * share batches, all get all codes, and gradients are added up.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "model/wae_learner.h"
#include "nn/cut.h"

/* A loss below which codes are near enough. */
static const double near_enough = 0.1;

/* Numbers of noise that no step reaches; noise.c has 40 bits for them. */
static const uint64_t noise_step = (uint64_t)1 << 39;

/* ---- the loss ---- */

static void take_mean(size_t n, size_t d, const float *x, double *mean)
{
    for (size_t j = 0; j < d; j++)
        mean[j] = 0;
    for (size_t k = 0; k < n; k++)
        for (size_t j = 0; j < d; j++)
            mean[j] += (double)x[k * d + j];
    for (size_t j = 0; j < d; j++)
        mean[j] /= (double)n;
}

/* Adds sign times the covariance. */
static void add_covariance(size_t n, size_t d, const float *x,
                           const double *mean, double sign, double *to)
{
    double factor = sign / (double)(n - 1);

    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < d; i++) {
            double off = factor * ((double)x[k * d + i] - mean[i]);
            for (size_t j = 0; j < d; j++)
                to[i * d + j] += off * ((double)x[k * d + j] - mean[j]);
        }
}

/* With e the difference of the means and E that of the covariances:
 *
 *     loss    = sum e_j^2 / d + sum E_ij^2 / d^2
 *     d / dq  = 2 e / (d n) + 4 E (q - mean) / (d^2 (n - 1))
 */
double bw_wae_moments_loss(size_t n, size_t d, const float *q, const float *p,
                           double *mean, double *covariance, float *slope)
{
    const double *of_p = mean + d, *e = covariance;
    double n_values = (double)d, loss = 0;

    take_mean(n, d, q, mean);
    take_mean(n, d, p, mean + d);
    for (size_t k = 0; k < d * d; k++)
        covariance[k] = 0;
    add_covariance(n, d, q, mean, 1, covariance);
    add_covariance(n, d, p, of_p, -1, covariance);
    for (size_t j = 0; j < d; j++)
        loss += pow(mean[j] - of_p[j], 2) / n_values;
    for (size_t k = 0; k < d * d; k++)
        loss += e[k] * e[k] / (n_values * n_values);
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < d; i++) {
            double sum = 0;
            for (size_t j = 0; j < d; j++)
                sum += e[i * d + j] * ((double)q[k * d + j] - mean[j]);
            slope[k * d + i] =
                (float)(2 * (mean[i] - of_p[i]) / (n_values * (double)n) +
                        4 * sum / (n_values * n_values * (double)(n - 1)));
        }
    return loss;
}

/* ---- the fit ---- */

/* The first n_sample of the pool become a random choice from all of it. */
static void choose_sample(bw_wae_learner *l, uint64_t fit)
{
    bw_random random;

    bw_random_init(&random, l->t->seed, BW_RANDOM_ORDER,
                   BW_WAE_STREAM_MOMENTS + fit);
    for (size_t k = 0; k < l->n_sample; k++) {
        size_t other =
            k + (size_t)bw_random_below(&random, l->split.n_train - k);
        uint32_t kept = l->pool[k];

        l->pool[k] = l->pool[other];
        l->pool[other] = kept;
    }
}

/* Batches of the sample, as equal as can be: none is one item left over. */
static size_t piece_of(const bw_wae_learner *l)
{
    size_t n_pieces = bw_cut_count(l->n_sample, l->t->batch);

    return bw_cut_count(l->n_sample, n_pieces);
}

/* Means of codes of piece k to the sample's, or back the sample's slopes. Of a
 * piece that is not split, rank 0's count. */
static void go_through(bw_wae_learner *l, size_t k, uint64_t step, bool is_back)
{
    const bw_wae *wae = l->t->wae;
    size_t d = wae->latent, width = wae->is_gaussian ? 2 * d : d;
    bw_cut cut = bw_cut_piece(l->n_sample, piece_of(l), k);
    bw_share share = bw_share_of(l->t->comm, cut.to - cut.from);
    size_t from = cut.from + share.first, n = share.n;
    size_t n_counted = share.weight > 0 ? n : 0;

    bw_wae_step_share(l, &share);
    const float *y =
        bw_wae_step_encode(l, BW_MODE_TRAIN, n, l->pool + from, step + k);
    float *dy = bw_engine_output_gradient(l->encoder.engine);
    if (is_back)
        memset(dy, 0, n * width * sizeof *dy);
    for (size_t i = 0; i < n_counted; i++)
        if (is_back)
            memcpy(dy + i * width, l->sample_slope + (from + i) * d,
                   d * sizeof *dy);
        else
            memcpy(l->sample + (from + i) * d, y + i * width, d * sizeof *y);
    if (is_back)
        bw_unit_backward(&l->encoder, n);
    bw_wae_step_share(l, NULL);
}

/* All codes of the sample. */
static void take_sample(bw_wae_learner *l, size_t n_pieces, uint64_t step)
{
    size_t n = l->n_sample * l->t->wae->latent;

    if (l->t->comm)
        memset(l->sample, 0, n * sizeof *l->sample);
    for (size_t k = 0; k < n_pieces; k++)
        go_through(l, k, step, false);
    bw_comm_sum_floats(l->t->comm, n, l->sample);
}

/* The fit-th step, from 0; returns the loss before it. */
static double fit_once(bw_wae_learner *l, uint64_t fit)
{
    const bw_wae *wae = l->t->wae;
    size_t n_pieces = bw_cut_count(l->n_sample, piece_of(l));
    uint64_t step = noise_step + fit * n_pieces;

    choose_sample(l, fit);
    bw_prior_draw(&wae->prior, l->t->seed, BW_RANDOM_PRIOR,
                  BW_WAE_STREAM_MOMENTS + fit, l->n_sample, l->sample_draw);
    take_sample(l, n_pieces, step);
    double loss =
        bw_wae_moments_loss(l->n_sample, wae->latent, l->sample, l->sample_draw,
                            l->mean, l->covariance, l->sample_slope);
    if (!(loss >= near_enough) || !isfinite(loss))
        return loss;
    bw_unit_clear_gradient(&l->encoder);
    for (size_t k = 0; k < n_pieces; k++)
        go_through(l, k, step, true);
    bw_unit_sum(&l->encoder, l->t->comm);
    if (!isfinite(bw_unit_norm(&l->encoder)))
        return INFINITY;
    bw_unit_update(&l->encoder, l->t->rate, fit + 1);
    return loss;
}

/* Whether any process was asked to. */
static bool is_stopped(const bw_wae_learner *l)
{
    bool is_own = l->t->stopped && l->t->stopped();

    return bw_comm_largest(l->t->comm, is_own ? 1 : 0) > 0;
}

/* The optimiser's moments were zero before, and are again. A loss that is not
 * finite leaves the encoder as it was: the step that follows says what is
 * wrong. */
bw_status bw_wae_moments_fit(bw_wae_learner *l, bw_error *err)
{
    bw_unit *u = &l->encoder;
    double loss = HUGE_VAL;
    bw_status status = BW_OK;

    memcpy(l->start, u->values, u->n_values * sizeof *u->values);
    for (size_t k = 0; k < l->split.n_train; k++)
        l->pool[k] = l->split.train[k];
    for (uint64_t fit = 0; fit < l->t->moments_steps && !status; fit++) {
        if (is_stopped(l))
            status = bw_error_set(err, BW_ERR_INTERRUPTED,
                                  "interrupted before the first step");
        else
            loss = fit_once(l, fit);
        if (!(loss >= near_enough) || !isfinite(loss))
            break;
    }
    if (status || !isfinite(loss)) {
        memcpy(u->values, l->start, u->n_values * sizeof *u->values);
        bw_engine_touch(u->engine);
    }
    memset(u->moments, 0, u->n_moments * u->n_trained * sizeof *u->moments);
    return status;
}
