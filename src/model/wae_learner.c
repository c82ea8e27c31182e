/* wae_learner.c - planning all that training an auto-encoder needs. */
#include "config.h"

#include <stdlib.h>

#include "model/wae_learner.h"
#include "nn/cut.h"
#include "nn/gemm.h"

_Static_assert(sizeof(bw_wae_curves) % sizeof(float) == 0,
               "curves are a block of floats");

static void touch(void *self)
{
    bw_wae_learner *l = self;

    bw_engine_touch(l->encoder.engine);
    bw_engine_touch(l->decoder.engine);
    if (l->adversary.engine)
        bw_engine_touch(l->adversary.engine);
}

void bw_wae_learner_destroy(bw_wae_learner *l)
{
    if (!l)
        return;
    bw_unit_clear(&l->encoder);
    bw_unit_clear(&l->decoder);
    bw_unit_clear(&l->adversary);
    bw_split_clear(&l->split);
    bw_mmd_room_destroy(l->room);
    free(l->chosen);
    free(l->target);
    free(l->code);
    free(l->gathered);
    free(l->slope);
    free(l->noise);
    free(l->logit);
    free(l->density);
    free(l->pool);
    free(l->sample);
    free(l->sample_draw);
    free(l->sample_slope);
    free(l->mean);
    free(l->covariance);
    free(l->start);
    free(l->curves);
    free(l);
}

const bw_learner *bw_wae_learner_get(const bw_wae_learner *learner)
{
    return &learner->learner;
}

/* ---- items ---- */

static bw_status split_items(bw_wae_learner *l, bw_error *err)
{
    const bw_wae_training *t = l->t;
    bw_status status =
        bw_split_init(&l->split, t->items->n, t->validation, t->seed,
                      t->items->origin.path, "items", err);

    if (!status && t->wae->loss.penalty == BW_WAE_MMD &&
        (l->split.n_train < 2 || t->batch < 2))
        status = bw_error_set(err, BW_ERR_RANGE,
                              "%s: a batch of one item, whose mmd is nothing",
                              t->items->origin.path);
    return status;
}

/* ---- networks ---- */

static bw_status make_unit(bw_wae_learner *l, bw_unit *u,
                           const bw_model_part *part, bw_error *err)
{
    const bw_wae_training *t = l->t;
    bool is_adversary = part == t->wae->adversary;
    bw_unit_options options = {
        .n_max = is_adversary ? 2 * t->batch : t->batch,
        .input_gradient = part != t->wae->encoder,
        .optimizer = is_adversary ? &t->adversary_optimizer : &t->optimizer,
        .seed = t->seed};

    if (!part)
        return BW_OK;
    bw_status status =
        bw_unit_init(u, t->wae->model, part, &options, t->tasks, err);
    if (!status)
        bw_unit_add_block(u, l->block, &l->learner.n_blocks);
    return status;
}

static bw_status make_units(bw_wae_learner *l, bw_error *err)
{
    const bw_wae *wae = l->t->wae;
    bw_status status = make_unit(l, &l->encoder, wae->encoder, err);

    if (!status)
        status = make_unit(l, &l->decoder, wae->decoder, err);
    if (!status)
        status = make_unit(l, &l->adversary, wae->adversary, err);
    return status;
}

/* ---- buffers ---- */

static bw_status make_buffers(bw_wae_learner *l, bw_error *err)
{
    const bw_wae *wae = l->t->wae;
    size_t n = l->t->batch, d = wae->latent, size = bw_shape_n(wae->item);

    l->chosen = calloc(n, sizeof *l->chosen);
    l->target = calloc(n, size * sizeof *l->target);
    l->code = calloc(2 * n, d * sizeof *l->code);
    l->slope = calloc(n, d * sizeof *l->slope);
    l->noise = calloc(n, d * sizeof *l->noise);
    l->logit = calloc(2 * n, sizeof *l->logit);
    l->density = calloc(2 * n, sizeof *l->density);
    l->curves = calloc(1, sizeof *l->curves);
    if (!l->chosen || !l->target || !l->code || !l->slope || !l->noise ||
        !l->logit || !l->density || !l->curves)
        return bw_error_memory(err);
    l->curves->stride = 1;
    l->block[l->learner.n_blocks++] = (bw_state_block){
        "curves", (float *)l->curves, sizeof *l->curves / sizeof(float)};
    l->mmd = bw_wae_mmd(wae);
    bw_wae_step_share(l, NULL);
    if (wae->loss.penalty != BW_WAE_MMD)
        return BW_OK;
    l->gathered = calloc(l->t->comm ? n : 1, d * sizeof *l->gathered);
    if (!l->gathered)
        return bw_error_memory(err);
    return bw_mmd_room_create(&l->mmd, n, n, d, &l->room, err);
}

static bw_status make_sample(bw_wae_learner *l, bw_error *err)
{
    const bw_wae_training *t = l->t;
    size_t n = bw_cut_min(t->moments_sample, l->split.n_train);
    size_t d = t->wae->latent;

    if (t->moments_steps == 0 || n < 2)
        return BW_OK;
    l->n_sample = n;
    l->pool = calloc(l->split.n_train, sizeof *l->pool);
    l->sample = calloc(n, d * sizeof *l->sample);
    l->sample_draw = calloc(n, d * sizeof *l->sample_draw);
    l->sample_slope = calloc(n, d * sizeof *l->sample_slope);
    l->mean = calloc(2, d * sizeof *l->mean);
    l->covariance = calloc(d, d * sizeof *l->covariance);
    l->start = calloc(l->encoder.n_values + 1, sizeof *l->start);
    if (!l->pool || !l->sample || !l->sample_draw || !l->sample_slope ||
        !l->mean || !l->covariance || !l->start)
        return bw_error_memory(err);
    return BW_OK;
}

/* ---- what the loop takes ---- */

static void add_terms(bw_wae_learner *l)
{
    static const char *const penalty[] = {"mmd", "gan", "kl"};
    const bw_wae_loss *loss = &l->t->wae->loss;
    bool is_gan = loss->penalty == BW_WAE_GAN;

    bw_logged_add(&l->logged, BW_WAE_TERM_COST, "cost", loss->scale);
    if (loss->penalty != BW_WAE_NONE)
        bw_logged_add(&l->logged, BW_WAE_TERM_PENALTY, penalty[loss->penalty],
                      loss->lambda);
    if (is_gan) {
        bw_logged_add(&l->logged, BW_WAE_TERM_ADVERSARY_CODES,
                      "adversary_codes", 0);
        bw_logged_add(&l->logged, BW_WAE_TERM_ADVERSARY_PRIOR,
                      "adversary_prior", 0);
    }
    bw_logged_add(&l->logged, BW_WAE_TERM_NORM_ENCODER, "norm_encoder", 0);
    bw_logged_add(&l->logged, BW_WAE_TERM_NORM_DECODER, "norm_decoder", 0);
    if (is_gan)
        bw_logged_add(&l->logged, BW_WAE_TERM_NORM_ADVERSARY, "norm_adversary",
                      0);
}

static void describe(bw_wae_learner *l)
{
    add_terms(l);
    l->learner.self = l;
    l->learner.model = l->t->wae->model;
    l->learner.unit = "items";
    l->learner.n_examples = l->split.n_train;
    l->learner.n_terms = l->logged.n;
    l->learner.term = l->logged.term;
    l->learner.block = l->block;
    l->learner.step = bw_wae_step;
    if (l->split.n_held > 0)
        l->learner.validate = bw_wae_validate;
    l->learner.pictures = bw_wae_validate_show;
    l->learner.loaded = touch;
}

bw_status bw_wae_learner_create(const bw_wae_training *training,
                                bw_wae_learner **ret_learner, bw_error *err)
{
    *ret_learner = NULL;
    bw_status status = bw_gemm_init(err);
    if (status)
        return status;
    bw_wae_learner *l = calloc(1, sizeof *l);
    if (!l)
        return bw_error_memory(err);
    l->t = training;
    status = split_items(l, err);
    if (!status)
        status = make_units(l, err);
    if (!status)
        status = make_buffers(l, err);
    if (!status)
        status = make_sample(l, err);
    if (status) {
        bw_wae_learner_destroy(l);
        return status;
    }
    describe(l);
    *ret_learner = l;
    return BW_OK;
}
