/* dwe_learner.c - planning all that training an embedding needs. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "barrow/random.h"
#include "model/dwe_learner.h"
#include "nn/gemm.h"

static void touch(void *self)
{
    bw_dwe_learner *l = self;
    bw_dwe_unit *units[BW_DWE_PARTS] = {&l->encoder, &l->decoder,
                                        &l->regressor};

    for (int k = 0; k < BW_DWE_PARTS; k++)
        if (units[k]->engine)
            bw_engine_touch(units[k]->engine);
}

void bw_dwe_learner_destroy(bw_dwe_learner *l)
{
    if (!l)
        return;
    bw_dwe_unit *units[BW_DWE_PARTS] = {&l->encoder, &l->decoder,
                                        &l->regressor};
    for (int k = 0; k < BW_DWE_PARTS; k++) {
        bw_engine_destroy(units[k]->engine);
        free(units[k]->gradient);
        free(units[k]->moments);
    }
    free(l->train);
    free(l->held);
    free(l->chosen);
    free(l->row);
    free(l->target);
    free(l->image);
    free(l->seen);
    free(l->place);
    free(l->seen_code);
    free(l);
}

const bw_learner *bw_dwe_learner_get(const bw_dwe_learner *learner)
{
    return &learner->learner;
}

static bw_status make_unit(bw_dwe_learner *l, bw_dwe_unit *u,
                           const bw_model_part *part, bool input_gradient,
                           bw_error *err)
{
    const bw_dwe_training *t = l->t;
    bw_engine_options options = {.n_max = 2 * t->batch,
                                 .is_training = true,
                                 .input_gradient = input_gradient,
                                 .seed = t->seed};

    if (!part)
        return BW_OK;
    if (part == t->dwe->regressor)
        options.n_max = t->batch;
    options.stream = (uint64_t)(part - t->dwe->model->part);
    u->part = part;
    u->values = t->dwe->model->values + part->offset;
    u->n_trained = bw_network_n_trained(part->network);
    u->n_moments = bw_optimizer_n_moments(&t->optimizer);
    u->gradient = calloc(u->n_trained + 1, sizeof *u->gradient);
    u->moments = calloc(u->n_trained + 1,
                        (u->n_moments ? u->n_moments : 1) * sizeof *u->moments);
    if (!u->gradient || !u->moments)
        return bw_error_memory(err);
    if (u->n_moments > 0 && u->n_trained > 0) {
        snprintf(u->block_name, sizeof u->block_name, "moments.%s", part->name);
        l->block[l->learner.n_blocks++] = (bw_state_block){
            u->block_name, u->moments, u->n_moments * u->n_trained};
    }
    return bw_engine_create(part->network, &options, t->tasks, &u->engine, err);
}

/* Which pairs are held out: the first of a random order. */
static bw_status split(bw_dwe_learner *l, bw_error *err)
{
    const bw_dwe_training *t = l->t;
    size_t n = t->pairs->n;
    double n_held =
        t->validation < 1 ? rint(t->validation * (double)n) : t->validation;
    size_t *order;
    bw_random random;

    if (!(n_held < (double)n))
        return bw_error_set(err, BW_ERR_RANGE,
                            "%s: of %zu pairs none is left to train on when "
                            "%.0f are held out",
                            t->pairs->path, n, n_held);
    l->n_held = (size_t)n_held;
    l->n_train = n - l->n_held;
    l->train = malloc((l->n_train + 1) * sizeof *l->train);
    l->held = malloc((l->n_held + 1) * sizeof *l->held);
    order = malloc(n * sizeof *order);
    if (!l->train || !l->held || !order) {
        free(order);
        return bw_error_memory(err);
    }
    for (size_t k = 0; k < n; k++)
        order[k] = k;
    bw_random_init(&random, t->seed, BW_RANDOM_SPLIT, 0);
    bw_random_shuffle(&random, n, order);
    for (size_t k = 0; k < l->n_held; k++)
        l->held[k] = (uint32_t)order[k];
    for (size_t k = 0; k < l->n_train; k++)
        l->train[k] = (uint32_t)order[l->n_held + k];
    free(order);
    return BW_OK;
}

/* Numbers the images of the held pairs. */
static bw_status find_seen(bw_dwe_learner *l, bw_error *err)
{
    size_t n = l->t->images->n, d = l->t->dwe->latent;

    l->place = malloc((n + 1) * sizeof *l->place);
    l->seen = malloc((n + 1) * sizeof *l->seen);
    if (!l->place || !l->seen)
        return bw_error_memory(err);
    for (size_t k = 0; k < n; k++)
        l->place[k] = UINT32_MAX;
    for (size_t k = 0; k < 2 * l->n_held; k++) {
        uint32_t image = l->t->pairs->pair[l->held[k / 2]][k % 2];
        if (l->place[image] != UINT32_MAX)
            continue;
        l->place[image] = (uint32_t)l->n_seen;
        l->seen[l->n_seen++] = image;
    }
    l->seen_code = malloc((l->n_seen * d + 1) * sizeof *l->seen_code);
    return l->seen_code ? BW_OK : bw_error_memory(err);
}

static bw_status make_buffers(bw_dwe_learner *l, bw_error *err)
{
    size_t n = 2 * l->t->batch, size = bw_shape_n(l->t->dwe->image);

    l->chosen = calloc(n, sizeof *l->chosen);
    l->row = calloc(n, sizeof *l->row);
    l->target = calloc(n, sizeof *l->target);
    l->image = calloc(n, size * sizeof *l->image);
    if (!l->chosen || !l->row || !l->target || !l->image)
        return bw_error_memory(err);
    return BW_OK;
}

static void describe(bw_dwe_learner *l)
{
    const bw_dwe *dwe = l->t->dwe;
    bool is_embedding = dwe->encoder != NULL;

    l->term[BW_DWE_DISTANCE] = (bw_term){"distance", 1};
    l->term[BW_DWE_MSE] = (bw_term){"mse", 0};
    l->term[BW_DWE_RELATIVE] = (bw_term){"relative_mse", 0};
    l->term[BW_DWE_RECONSTRUCTION] =
        (bw_term){"reconstruction", dwe->reconstruction};
    l->term[BW_DWE_SPARSITY] = (bw_term){"sparsity", dwe->sparsity};
    l->learner.self = l;
    l->learner.model = dwe->model;
    l->learner.unit = "pairs";
    l->learner.n_examples = l->n_train;
    l->learner.term = l->term;
    l->learner.n_terms = is_embedding ? BW_DWE_TERMS : BW_DWE_RECONSTRUCTION;
    l->learner.block = l->block;
    l->learner.step =
        is_embedding ? bw_dwe_step_embedding : bw_dwe_step_regressor;
    if (l->n_held > 0)
        l->learner.validate = is_embedding ? bw_dwe_validate_embedding
                                           : bw_dwe_validate_regressor;
    l->learner.pictures = is_embedding ? bw_dwe_validate_show : NULL;
    l->learner.loaded = touch;
}

bw_status bw_dwe_learner_create(const bw_dwe_training *training,
                                bw_dwe_learner **ret_learner, bw_error *err)
{
    const bw_dwe *dwe = training->dwe;
    *ret_learner = NULL;
    bw_status status = bw_gemm_init(err);
    if (status)
        return status;
    bw_dwe_learner *l = calloc(1, sizeof *l);
    if (!l)
        return bw_error_memory(err);
    l->t = training;
    status = split(l, err);
    if (!status)
        status = find_seen(l, err);
    if (!status)
        status = make_buffers(l, err);
    if (!status)
        status = make_unit(l, &l->encoder, dwe->encoder, false, err);
    if (!status)
        status = make_unit(l, &l->decoder, dwe->decoder, true, err);
    if (!status)
        status = make_unit(l, &l->regressor, dwe->regressor, false, err);
    if (status) {
        bw_dwe_learner_destroy(l);
        return status;
    }
    describe(l);
    *ret_learner = l;
    return BW_OK;
}
