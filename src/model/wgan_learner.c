/* wgan_learner.c - planning all that training a generator and a critic takes.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "model/wgan_learner.h"
#include "nn/gemm.h"

/* Of the parameters, as networks' initial values. */
enum { SPECTRAL_STREAM = 3072 };

static void touch(void *self)
{
    bw_wgan_learner *l = self;

    if (l->generator.part)
        bw_engine_touch(l->generator.engine);
    bw_wgan_step_refresh(l);
    bw_engine_touch(l->critic.engine);
    bw_engine_touch(l->probe);
}

void bw_wgan_learner_destroy(bw_wgan_learner *l)
{
    if (!l)
        return;
    bw_unit_clear(&l->generator);
    bw_unit_clear(&l->critic);
    bw_engine_destroy(l->probe);
    bw_spectral_destroy(l->spectral);
    bw_split_clear(&l->split);
    bw_split_clear(&l->against);
    free(l->chosen);
    free(l->taken);
    free(l->order);
    free(l->pair);
    free(l->score);
    free(l->whole);
    free(l->mix);
    free(l->average);
    free(l->acting);
    free(l->singular);
    free(l->singular_kept);
    free(l->kept);
    free(l);
}

const bw_learner *bw_wgan_learner_get(const bw_wgan_learner *learner)
{
    return &learner->learner;
}

void bw_wgan_learner_finish(bw_wgan_learner *l)
{
    bw_wgan_step_refresh(l);
    if (l->average)
        memcpy(l->generator.values, l->average,
               l->generator.n_values * sizeof *l->average);
    if (l->acting)
        memcpy(l->critic.values, l->acting,
               l->critic.n_values * sizeof *l->acting);
}

/* ---- how many steps the generator makes ---- */

uint64_t bw_wgan_generator_steps(uint64_t t, uint64_t critic_steps,
                                 bool has_warm_up)
{
    enum { WAIT = 100, FIRST = 25, EVERY = 500 };
    uint64_t k = critic_steps;

    if (!has_warm_up)
        return t / k;
    if (t < FIRST * WAIT)
        return t / WAIT;
    t -= FIRST * WAIT;
    if (t < (EVERY - FIRST) * k)
        return FIRST + t / k;
    t -= (EVERY - FIRST) * k;
    /* Rounds of EVERY steps, the first of which waits. */
    uint64_t round = WAIT + (EVERY - 1) * k, rest = t % round;
    return EVERY + t / round * EVERY +
           (rest < WAIT ? 0 : 1 + (rest - WAIT) / k);
}

/* ---- items ---- */

static bw_status split_items(bw_wgan_learner *l, bw_error *err)
{
    const bw_wgan_training *t = l->t;
    const bw_items *against = t->opt_against;
    bw_status status =
        bw_split_init(&l->split, t->items->n, t->validation, t->seed,
                      t->items->origin.path, "items", err);

    if (status || !against)
        return status;
    if (!bw_shape_equal(against->shape, t->wgan->item)) {
        char own[64], other[64];
        bw_shape_text(t->wgan->item, own);
        bw_shape_text(against->shape, other);
        return bw_error_set(
            err, BW_ERR_DIMENSION, "%s: items are %s, those of %s are %s",
            against->origin.path, other, t->items->origin.path, own);
    }
    status = bw_split_init(&l->against, against->n, t->validation, t->seed,
                           against->origin.path, "items", err);
    return status ? status : bw_items_check(against, t->wgan->range, err);
}

/* ---- networks ---- */

static bool has_statistics(const bw_network *network)
{
    return bw_network_n_trained(network) < bw_network_n_values(network);
}

static bw_status make_unit(bw_wgan_learner *l, bw_unit *u,
                           const bw_model_part *part, bw_error *err)
{
    const bw_wgan_training *t = l->t;
    bool is_critic = part == t->wgan->critic;
    bw_unit_options options = {
        .n_max = is_critic && l->is_joint ? 2 * t->batch : t->batch,
        .optimizer = is_critic ? &t->critic_optimizer : &t->optimizer,
        .seed = t->seed};
    bw_status status =
        bw_unit_init(u, t->wgan->model, part, &options, t->tasks, err);

    if (!status)
        bw_unit_add_block(u, l->block, &l->learner.n_blocks);
    return status;
}

static bw_status make_units(bw_wgan_learner *l, bw_error *err)
{
    const bw_wgan_training *t = l->t;
    const bw_wgan *wgan = t->wgan;
    const bw_engine_options probe = {
        .n_max = t->batch,
        .is_training = true,
        .input_gradient = true,
        .second = wgan->lipschitz.kind == BW_LIPSCHITZ_GP,
        .seed = t->seed,
        .stream = (uint64_t)(wgan->critic - wgan->model->part)};
    bw_status status = BW_OK;

    l->is_joint = !has_statistics(wgan->critic->network);
    if (wgan->generator)
        status = make_unit(l, &l->generator, wgan->generator, err);
    if (!status)
        status = make_unit(l, &l->critic, wgan->critic, err);
    if (!status)
        status = bw_engine_create(wgan->critic->network, &probe, t->tasks,
                                  &l->probe, err);
    return status;
}

/* ---- buffers ---- */

static void add_block(bw_wgan_learner *l, const char *name, float *values,
                      size_t n)
{
    l->block[l->learner.n_blocks++] = (bw_state_block){name, values, n};
}

static bw_status make_buffers(bw_wgan_learner *l, bw_error *err)
{
    const bw_wgan_training *t = l->t;
    size_t n = t->batch, size = bw_shape_n(t->wgan->item);
    size_t n_against = l->against.n_train;

    l->chosen = calloc(n, sizeof *l->chosen);
    l->pair = calloc(2 * n, size * sizeof *l->pair);
    l->score = calloc(2 * n, sizeof *l->score);
    l->mix = calloc(n, sizeof *l->mix);
    l->taken = calloc(n, sizeof *l->taken);
    l->order = calloc(n_against + 1, sizeof *l->order);
    l->turn = UINT64_MAX;
    l->whole = calloc(t->comm && t->exact ? 2 * n : 1, size * sizeof *l->whole);
    bw_wgan_step_share(l, NULL);
    if (!l->chosen || !l->pair || !l->score || !l->mix || !l->taken ||
        !l->order || !l->whole)
        return bw_error_memory(err);
    return BW_OK;
}

/* What only a model with a generator has: its average, and room to take back a
 * critic's step. */
static bw_status make_generators(bw_wgan_learner *l, bw_error *err)
{
    const bw_unit *g = &l->generator, *c = &l->critic;

    if (!g->part)
        return BW_OK;
    l->kept = calloc(c->n_trained + 1, (1 + c->n_moments) * sizeof *l->kept);
    if (!l->kept)
        return bw_error_memory(err);
    add_block(l, "generator", l->latest, BW_WGAN_LATEST);
    if (!(l->t->ema > 0))
        return BW_OK;
    l->average = calloc(g->n_values + 1, sizeof *l->average);
    if (!l->average)
        return bw_error_memory(err);
    memcpy(l->average, g->values, g->n_values * sizeof *l->average);
    add_block(l, "ema", l->average, g->n_values);
    return BW_OK;
}

static bw_status make_spectral(bw_wgan_learner *l, bw_error *err)
{
    const bw_wgan_training *t = l->t;

    if (t->wgan->lipschitz.kind != BW_LIPSCHITZ_SPECTRAL)
        return BW_OK;
    bw_status status = bw_spectral_create(t->wgan->critic->network, t->tasks,
                                          &l->spectral, err);
    if (status)
        return status;
    size_t n = bw_spectral_n_state(l->spectral);
    l->acting = calloc(l->critic.n_values + 1, sizeof *l->acting);
    l->singular = calloc(n + 1, sizeof *l->singular);
    l->singular_kept = calloc(n + 1, sizeof *l->singular_kept);
    if (!l->acting || !l->singular || !l->singular_kept)
        return bw_error_memory(err);
    l->critic.acting = l->acting;
    bw_spectral_start(l->spectral, t->seed, SPECTRAL_STREAM, l->critic.values,
                      l->singular);
    if (n > 0)
        add_block(l, "spectral", l->singular, n);
    bw_wgan_step_refresh(l);
    return BW_OK;
}

/* ---- what the loop takes ---- */

static void add_terms(bw_wgan_learner *l)
{
    const bw_wgan *wgan = l->t->wgan;
    bool is_wasserstein = wgan->loss == BW_WGAN_WASSERSTEIN;

    bw_logged_add(&l->logged, BW_WGAN_TERM_DIFFERENCE, "difference",
                  is_wasserstein ? -1 : 0);
    if (!is_wasserstein)
        bw_logged_add(&l->logged, BW_WGAN_TERM_ENTROPY, "entropy", 1);
    if (wgan->lipschitz.kind == BW_LIPSCHITZ_GP)
        bw_logged_add(&l->logged, BW_WGAN_TERM_PENALTY, "penalty",
                      wgan->lipschitz.value);
    bw_logged_add(&l->logged, BW_WGAN_TERM_GENERATOR, "generator", 0);
    bw_logged_add(&l->logged, BW_WGAN_TERM_SLOPE, "slope", 0);
    bw_logged_add(&l->logged, BW_WGAN_TERM_GRADIENT, "gradient", 0);
    if (wgan->lipschitz.kind == BW_LIPSCHITZ_CLIP)
        bw_logged_add(&l->logged, BW_WGAN_TERM_CLIPPED, "clipped", 0);
    bw_logged_add(&l->logged, BW_WGAN_TERM_NORM_CRITIC, "norm_critic", 0);
    bw_logged_add(&l->logged, BW_WGAN_TERM_NORM_GENERATOR, "norm_generator", 0);
    if (l->t->exact)
        bw_logged_add(&l->logged, BW_WGAN_TERM_EXACT, "exact", 0);
}

static void describe(bw_wgan_learner *l)
{
    add_terms(l);
    l->learner.self = l;
    l->learner.model = l->t->wgan->model;
    l->learner.unit = "items";
    l->learner.n_examples = l->split.n_train;
    l->learner.n_terms = l->logged.n;
    l->learner.term = l->logged.term;
    l->learner.block = l->block;
    l->learner.step = bw_wgan_step;
    if (l->split.n_held > 0)
        l->learner.validate = bw_wgan_validate;
    if (l->generator.part)
        l->learner.pictures = bw_wgan_validate_show;
    l->learner.loaded = touch;
}

bw_status bw_wgan_learner_create(const bw_wgan_training *training,
                                 bw_wgan_learner **ret_learner, bw_error *err)
{
    *ret_learner = NULL;
    bw_status status = bw_gemm_init(err);
    if (status)
        return status;
    bw_wgan_learner *l = calloc(1, sizeof *l);
    if (!l)
        return bw_error_memory(err);
    l->t = training;
    status = split_items(l, err);
    if (!status)
        status = make_units(l, err);
    if (!status)
        status = make_buffers(l, err);
    if (!status)
        status = make_generators(l, err);
    if (!status)
        status = make_spectral(l, err);
    if (status) {
        bw_wgan_learner_destroy(l);
        return status;
    }
    describe(l);
    *ret_learner = l;
    return BW_OK;
}
