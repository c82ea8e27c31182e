/* wgan_step.c - a step of the critic, and the generator's after every K-th.
 *
 * y: fakes, f: the critic's scores. A leading d: slope of the loss.
 *
 * Where processes share a batch, each has some of its items and fakes. Terms
 * and gradients are added up before anything is decided or turned.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "model/wgan_learner.h"
#include "nn/cut.h"
#include "nn/engine_plan.h"
#include "nn/losses.h"

/* ---- shares ---- */

void bw_wgan_step_share(bw_wgan_learner *l, const bw_share *opt_share)
{
    l->share = opt_share ? *opt_share : (bw_share){.weight = 1};
    bw_unit_share(&l->generator, opt_share);
    bw_unit_share(&l->critic, opt_share);
    bw_engine_share(l->probe, opt_share);
}

/* ---- fakes of a critic alone ---- */

/* Fakes number `first` on of all that steps took so far, to l->taken: turn by
 * turn through them, each in its own order. */
static void take_fakes(bw_wgan_learner *l, uint64_t first, size_t n)
{
    size_t n_all = l->against.n_train;
    bw_random random;

    for (size_t k = 0; k < n; k++) {
        uint64_t turn = (first + k) / n_all;
        if (turn != l->turn) {
            for (size_t j = 0; j < n_all; j++)
                l->order[j] = j;
            bw_random_init(&random, l->t->seed, BW_RANDOM_ORDER,
                           BW_WGAN_STREAM_AGAINST + turn);
            bw_random_shuffle(&random, n_all, l->order);
            l->turn = turn;
        }
        l->taken[k] = l->against.train[l->order[(first + k) % n_all]];
    }
}

/* Items that steps before this one went through. */
static uint64_t n_before(const bw_wgan_learner *l, const bw_step *at)
{
    uint64_t n = l->split.n_train, batch = l->t->batch;
    uint64_t n_batches = n / batch + (n % batch != 0);

    return at->epoch * n + (at->step - 1 - at->epoch * n_batches) * batch;
}

/* ---- what acts ---- */

/* Running statistics, which passes change where they act. */
static void take_running(bw_unit *critic)
{
    if (critic->acting != critic->values)
        memcpy(critic->values + critic->n_trained,
               critic->acting + critic->n_trained,
               (critic->n_values - critic->n_trained) * sizeof *critic->values);
}

static void apply_spectral(bw_wgan_learner *l, bool iterate)
{
    if (!l->spectral)
        return;
    bw_spectral_apply(l->spectral, iterate, l->critic.values, l->singular,
                      l->acting);
    bw_engine_touch(l->critic.engine);
    bw_engine_touch(l->probe);
}

void bw_wgan_step_refresh(bw_wgan_learner *l)
{
    apply_spectral(l, false);
}

/* ---- the critic's step ---- */

typedef struct clip {
    size_t n, n_piece;
    float most;
    float *w;
    size_t n_cut[BW_CUT_MAX_SUMS];
} clip;

static void clip_piece(void *arg, size_t task, size_t worker)
{
    clip *c = arg;
    bw_cut cut = bw_cut_piece(c->n, c->n_piece, task);
    size_t n_cut = 0;

    (void)worker;
    for (size_t k = cut.from; k < cut.to; k++) {
        float w = c->w[k];
        float within = w > c->most ? c->most : w < -c->most ? -c->most : w;
        n_cut += within < w || within > w;
        c->w[k] = within;
    }
    c->n_cut[task] = n_cut;
}

/* The share of the values that is cut. What is no number stays it. The update
 * before has told the engine that they change. */
static double clip_values(bw_wgan_learner *l)
{
    bw_unit *u = &l->critic;
    clip c = {.n = u->n_trained,
              .n_piece = bw_cut_max(
                  BW_CUT_VALUES, bw_cut_count(u->n_trained, BW_CUT_MAX_SUMS)),
              .most = (float)l->t->wgan->lipschitz.value,
              .w = u->values};
    size_t n_tasks = bw_cut_count(c.n, c.n_piece), n_cut = 0;

    bw_tasks_run(l->t->tasks, n_tasks, clip_piece, &c);
    for (size_t k = 0; k < n_tasks; k++)
        n_cut += c.n_cut[k];
    return c.n > 0 ? (double)n_cut / (double)c.n : 0;
}

static void update_critic(bw_wgan_learner *l, const bw_step *at,
                          double all[BW_WGAN_TERMS])
{
    bw_unit_update(&l->critic, l->t->critic_rate * at->rate_factor, at->step);
    if (l->t->wgan->lipschitz.kind == BW_LIPSCHITZ_CLIP)
        all[BW_WGAN_TERM_CLIPPED] = clip_values(l);
    bw_engine_touch(l->probe);
}

/* ---- the generator's step ---- */

/* Its loss of n scores of fakes, whose slopes are added to df; the share's part
 * of both. */
static double take_generator(const bw_wgan_learner *l, size_t n, const float *f,
                             float *df)
{
    bw_tasks *tasks = l->t->tasks;
    double w = l->share.weight;

    switch (l->t->wgan->loss) {
    case BW_WGAN_WASSERSTEIN:
        return -w * bw_loss_mean(tasks, n, 1, f, -w, df);
    case BW_WGAN_MINIMAX:
        return -w * bw_loss_logits(tasks, n, 1, f, NULL, 0, -w, df);
    case BW_WGAN_NONSATURATING:
        return w * bw_loss_logits(tasks, n, 1, f, NULL, 1, w, df);
    }
    return NAN;
}

/* Its loss by n fakes of the noise of `stream`, the share's; its gradient, as
 * the loss, is that of all. */
static double pass_generator(bw_wgan_learner *l, size_t n, uint64_t stream)
{
    size_t size = bw_shape_n(l->t->wgan->item);
    bw_unit *g = &l->generator;

    memcpy(bw_engine_input(l->probe), bw_wgan_judge_fakes(l, n, stream),
           n * size * sizeof(float));
    const float *f =
        bw_engine_forward(l->probe, BW_MODE_TRAIN, n, l->critic.acting, stream);
    float *df = bw_engine_output_gradient(l->probe);
    memset(df, 0, n * sizeof *df);
    double loss = take_generator(l, n, f, df);
    const float *dy = bw_engine_backward(l->probe, n, l->critic.acting, NULL);
    memcpy(bw_engine_output_gradient(g->engine), dy, n * size * sizeof *dy);
    bw_unit_clear_gradient(g);
    bw_unit_backward(g, n);
    bw_unit_sum(g, l->share.comm);
    bw_comm_sum_doubles(l->share.comm, 1, &loss);
    return loss;
}

static void take_average(bw_wgan_learner *l)
{
    float keep = (float)l->t->ema, add = (float)(1 - l->t->ema);
    const float *w = l->generator.values;

    for (size_t k = 0; l->average && k < l->generator.n_values; k++)
        l->average[k] = keep * l->average[k] + add * w[k];
}

/* The generator's terms, and its update where they are finite. */
static void move_generator(bw_wgan_learner *l, const bw_step *at,
                           uint64_t n_steps, double all[BW_WGAN_TERMS])
{
    const bw_wgan_training *t = l->t;
    bw_share share = bw_share_of(t->comm, t->batch);
    bw_unit *g = &l->generator;

    take_running(&l->critic);
    bw_wgan_step_refresh(l);
    bw_wgan_step_share(l, &share);
    double loss = pass_generator(l, share.n, 2 * at->step + 1);
    bw_wgan_step_share(l, NULL);
    /* Floats, as a checkpoint keeps them. */
    float latest[] = {(float)loss, (float)bw_unit_norm(g)};
    all[BW_WGAN_TERM_GENERATOR] = (double)latest[BW_WGAN_LATEST_LOSS];
    all[BW_WGAN_TERM_NORM_GENERATOR] = (double)latest[BW_WGAN_LATEST_NORM];
    if (!isfinite(latest[0]) || !isfinite(latest[1]))
        return;
    memcpy(l->latest, latest, sizeof latest);
    bw_unit_update(g, t->rate * at->rate_factor, n_steps);
    take_average(l);
}

/* ---- a step ---- */

/* What a step that comes to nothing brings back. */
static void keep(bw_wgan_learner *l)
{
    if (l->generator.part)
        bw_unit_keep(&l->generator);
    bw_unit_keep(&l->critic);
    if (l->spectral)
        memcpy(l->singular_kept, l->singular,
               bw_spectral_n_state(l->spectral) * sizeof *l->singular);
}

static void restore(bw_wgan_learner *l)
{
    if (l->generator.part)
        bw_unit_restore(&l->generator);
    bw_unit_restore(&l->critic);
    take_running(&l->critic);
    if (l->spectral)
        memcpy(l->singular, l->singular_kept,
               bw_spectral_n_state(l->spectral) * sizeof *l->singular);
    bw_wgan_step_refresh(l);
    bw_engine_touch(l->probe);
}

/* The critic's values and moments before its step, which stands only if the
 * generator's does. */
static void keep_critic(bw_wgan_learner *l)
{
    const bw_unit *c = &l->critic;
    size_t n = c->n_trained;

    memcpy(l->kept, c->values, n * sizeof *l->kept);
    memcpy(l->kept + n, c->moments, c->n_moments * n * sizeof *l->kept);
}

static void restore_critic(bw_wgan_learner *l)
{
    const bw_unit *c = &l->critic;
    size_t n = c->n_trained;

    memcpy(c->values, l->kept, n * sizeof *l->kept);
    memcpy(c->moments, l->kept + n, c->n_moments * n * sizeof *l->kept);
}

/* Whether the generator moves after the critic's step t, its how manieth. */
static bool is_due(const bw_wgan_learner *l, uint64_t t, uint64_t *n_steps)
{
    const bw_wgan_training *o = l->t;

    *n_steps = bw_wgan_generator_steps(t, o->critic_steps, o->has_warm_up);
    return l->generator.part &&
           *n_steps >
               bw_wgan_generator_steps(t - 1, o->critic_steps, o->has_warm_up);
}

/* Both networks' updates, or none: what is not finite stays in all. */
static void update(bw_wgan_learner *l, const bw_step *at,
                   double all[BW_WGAN_TERMS])
{
    uint64_t n_steps;
    bool with_generator = is_due(l, at->step, &n_steps);

    if (with_generator)
        keep_critic(l);
    update_critic(l, at, all);
    if (with_generator)
        move_generator(l, at, n_steps, all);
    if (with_generator && !bw_logged_are_finite(BW_WGAN_TERMS, all))
        restore_critic(l);
}

/* The terms of the batch that are not the generator's, and the critic's
 * gradient; of n items this process has a share. */
static bw_status judge(bw_wgan_learner *l, const uint32_t *example, size_t n,
                       const bw_step *at, double all[BW_WGAN_TERMS],
                       bw_error *err)
{
    bw_share share = bw_share_of(l->t->comm, n);
    uint64_t step = at->step;
    bw_status status = BW_OK;

    n = share.n;
    for (size_t k = 0; k < n; k++)
        l->chosen[k] = l->split.train[example[share.first + k]];
    if (!l->generator.part)
        take_fakes(l, n_before(l, at) + share.first, n);
    bw_wgan_step_share(l, &share);
    bw_wgan_judge_gather(l, n, l->chosen, l->taken, 2 * step);
    bw_wgan_judge_pair(l, n, 2 * step, step, true, all);
    if (l->t->exact)
        status = bw_wgan_judge_exact(l, n, l->t->stopped, all, err);
    bw_wgan_step_share(l, NULL);
    if (l->spectral)
        bw_spectral_gradient(l->spectral, l->critic.values, l->singular,
                             l->critic.gradient);
    all[BW_WGAN_TERM_NORM_CRITIC] = bw_unit_norm(&l->critic);
    return status;
}

bw_status bw_wgan_step(void *self, const uint32_t *example, size_t n,
                       const bw_step *at, double *terms, bw_error *err)
{
    bw_wgan_learner *l = self;
    double all[BW_WGAN_TERMS] = {0};

    keep(l);
    apply_spectral(l, true);
    bw_status status = judge(l, example, n, at, all, err);
    all[BW_WGAN_TERM_GENERATOR] = (double)l->latest[BW_WGAN_LATEST_LOSS];
    all[BW_WGAN_TERM_NORM_GENERATOR] = (double)l->latest[BW_WGAN_LATEST_NORM];
    if (!status && bw_logged_are_finite(BW_WGAN_TERMS, all))
        update(l, at, all);
    if (status || !bw_logged_are_finite(BW_WGAN_TERMS, all))
        restore(l);
    else
        take_running(&l->critic);
    bw_logged_give(&l->logged, all, terms);
    return status;
}
