/* dwe_case.h - small embeddings on random images, to test their steps. */
#ifndef DWE_CASE_H
#define DWE_CASE_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "model/dwe.h"

enum { H = 4, W = 3, N_IMAGES = 9, N_PAIRS = 20 };

/* Smooth networks, whose loss has a derivative everywhere. */
static const char dwe_case_encoder[] = "conv 2 3x3\ntanh\nflatten\ndense 5\n";
static const char dwe_case_decoder[] = "dense 8\ntanh\ndense 12\nsoftmax\n";
static const char dwe_case_colours[] = "dense 8\ntanh\ndense 36\nsoftmax\n";
static const char dwe_case_regressor[] = "conv 2 3x3\ntanh\nflatten\ndense 1\n";

typedef struct dwe_case {
    bw_comm *comm; /* set before, or NULL */
    bw_dwe_images images;
    bw_dwe_pairs pairs;
    bw_dwe *dwe;
    bw_tasks *tasks;
    bw_dwe_training training;
    bw_dwe_learner *learner;
    const bw_learner *l;
} dwe_case;

static inline void dwe_case_data(dwe_case *s, size_t n_planes)
{
    size_t size = H * W * n_planes;
    bw_random random;

    bw_random_init(&random, 1, BW_RANDOM_TEST, 0);
    s->images.n = N_IMAGES;
    s->images.shape = (bw_shape){.h = H, .w = W, .c = n_planes};
    s->images.values = calloc(N_IMAGES * size, sizeof(float));
    for (size_t k = 0; k < N_IMAGES; k++) {
        float sum = 0;
        float *x = s->images.values + k * size;
        for (size_t i = 0; i < size; i++)
            sum += x[i] = (float)bw_random_uniform(&random);
        for (size_t i = 0; i < size; i++)
            x[i] /= sum;
    }
    s->pairs.n = N_PAIRS;
    s->pairs.origin.path = strdup("pairs");
    s->pairs.pair = calloc(N_PAIRS, sizeof *s->pairs.pair);
    s->pairs.cost = calloc(N_PAIRS, sizeof *s->pairs.cost);
    strcpy(s->pairs.problem.ground, "l2");
    s->pairs.problem.p = 2;
    s->pairs.problem.each_channel = n_planes > 1;
    for (size_t k = 0; k < N_PAIRS; k++) {
        for (int q = 0; q < 2; q++)
            s->pairs.pair[k][q] = (uint32_t)bw_random_below(&random, N_IMAGES);
        s->pairs.cost[k] = 3 * bw_random_uniform(&random);
    }
}

static inline void dwe_case_make(dwe_case *s, size_t n_planes,
                                 bool is_regressor, double validation)
{
    bw_error err = BW_ERROR_INIT;

    dwe_case_data(s, n_planes);
    bw_dwe_design design = {
        .preset = "dwe-mnist",
        .encoder = dwe_case_encoder,
        .encoder_name = "e",
        .decoder = n_planes == 3 ? dwe_case_colours : dwe_case_decoder,
        .decoder_name = "d",
        .regressor = dwe_case_regressor,
        .regressor_name = "r",
        .width = 1,
        .latent = 5,
        .is_regressor = is_regressor,
        .images = &s->images,
        .pairs = &s->pairs,
        .label_scale = 0.5,
        .input_scale = 4,
        .reconstruction = 3,
        .sparsity = 5,
        .seed = 3,
    };
    cr_assert(!bw_dwe_create(&design, &s->dwe, &err), "%s", err.text);
    cr_assert(!bw_tasks_create(2, &s->tasks, &err), "%s", err.text);
    s->training = (bw_dwe_training){
        .dwe = s->dwe,
        .images = &s->images,
        .pairs = &s->pairs,
        .validation = validation,
        .batch = 8,
        .optimizer = bw_optimizer_default(BW_OPTIMIZER_SGD),
        .rate = 0,
        .seed = 3,
        .tasks = s->tasks,
        .comm = s->comm,
    };
    s->training.optimizer.momentum = 0;
    cr_assert(!bw_dwe_learner_create(&s->training, &s->learner, &err), "%s",
              err.text);
    s->l = bw_dwe_learner_get(s->learner);
}

static inline void dwe_case_clear(dwe_case *s)
{
    bw_dwe_learner_destroy(s->learner);
    bw_dwe_destroy(s->dwe);
    bw_tasks_destroy(s->tasks);
    bw_dwe_images_clear(&s->images);
    bw_dwe_pairs_clear(&s->pairs);
}

#endif
