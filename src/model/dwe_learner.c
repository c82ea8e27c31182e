/* dwe_learner.c - planning all that training an embedding needs. */
#include "config.h"

#include <stdlib.h>

#include "model/dwe_learner.h"
#include "nn/gemm.h"

static void touch(void *self)
{
    bw_dwe_learner *l = self;
    bw_unit *units[BW_DWE_PARTS] = {&l->encoder, &l->decoder, &l->regressor};

    for (int k = 0; k < BW_DWE_PARTS; k++)
        if (units[k]->engine)
            bw_engine_touch(units[k]->engine);
}

void bw_dwe_learner_destroy(bw_dwe_learner *l)
{
    if (!l)
        return;
    bw_unit *units[BW_DWE_PARTS] = {&l->encoder, &l->decoder, &l->regressor};
    for (int k = 0; k < BW_DWE_PARTS; k++)
        bw_unit_clear(units[k]);
    bw_split_clear(&l->split);
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

static bw_status make_unit(bw_dwe_learner *l, bw_unit *u,
                           const bw_model_part *part, bool input_gradient,
                           bw_error *err)
{
    const bw_dwe_training *t = l->t;
    bw_unit_options options = {.n_max = 2 * t->batch,
                               .input_gradient = input_gradient,
                               .optimizer = &t->optimizer,
                               .seed = t->seed};

    if (!part)
        return BW_OK;
    if (part == t->dwe->regressor)
        options.n_max = t->batch;
    bw_status status =
        bw_unit_init(u, t->dwe->model, part, &options, t->tasks, err);
    if (!status)
        bw_unit_add_block(u, l->block, &l->learner.n_blocks);
    return status;
}

static bw_status split_pairs(bw_dwe_learner *l, bw_error *err)
{
    const bw_dwe_training *t = l->t;

    return bw_split_init(&l->split, t->pairs->n, t->validation, t->seed,
                         t->pairs->origin.path, "pairs", err);
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
    for (size_t k = 0; k < 2 * l->split.n_held; k++) {
        uint32_t image = l->t->pairs->pair[l->split.held[k / 2]][k % 2];
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
    l->learner.n_examples = l->split.n_train;
    l->learner.term = l->term;
    l->learner.n_terms = is_embedding ? BW_DWE_TERMS : BW_DWE_RECONSTRUCTION;
    l->learner.block = l->block;
    l->learner.step =
        is_embedding ? bw_dwe_step_embedding : bw_dwe_step_regressor;
    if (l->split.n_held > 0)
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
    status = split_pairs(l, err);
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
