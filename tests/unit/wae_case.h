/* wae_case.h - small auto-encoders on random items, to test their steps. */
#ifndef WAE_CASE_H
#define WAE_CASE_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "items_case.h"
#include "learner_case.h"
#include "model/wae.h"

enum { CASE_H = 4, CASE_W = 3, CASE_SIZE = 12, CASE_ITEMS = 13, CASE_D = 3 };

typedef struct wae_case {
    /* Set before wae_case_make; 0 is mmd with l2sq, a deterministic encoder,
     * the normal prior of scale 1, smooth networks and one thread. */
    bw_wae_loss loss;
    bool is_gaussian;
    bw_prior prior;
    const char *encoder, *decoder; /* NULL: smooth */
    double validation;
    size_t n_threads, batch;
    uint64_t moments_steps;
    size_t moments_sample;
    bool is_adam;
    double rate;
    int (*stopped)(void);
    bw_comm *comm;
    /* What is made of it. */
    bw_items items;
    bw_wae *wae;
    bw_tasks *tasks;
    bw_wae_training training;
    bw_wae_learner *learner;
    const bw_learner *l;
} wae_case;

static const char *const wae_case_encoder[] = {
    "flatten\ndense 8\ntanh\ndense 3\n", "flatten\ndense 8\ntanh\ndense 6\n"};

static const char wae_case_decoder[] = "dense 8\ntanh\ndense 12\nsigmoid\n";

static inline bw_wae_design wae_case_design(const wae_case *c)
{
    return (bw_wae_design){
        .preset = "wae-mnist",
        .encoder = c->encoder ? c->encoder : wae_case_encoder[c->is_gaussian],
        .encoder_name = "e",
        .decoder = c->decoder ? c->decoder : wae_case_decoder,
        .decoder_name = "d",
        .adversary = "dense 6\ntanh\ndense 1\n",
        .adversary_name = "a",
        .width = 1,
        .latent = CASE_D,
        .is_gaussian = c->is_gaussian,
        .items = &c->items,
        .range = -1,
        .loss = c->loss,
        .prior = c->prior,
        .init = BW_INIT_GLOROT,
        .seed = 3,
    };
}

static inline void wae_case_make(wae_case *c)
{
    bw_error err = BW_ERROR_INIT;

    if (!c->items.n)
        items_case_make(&c->items, CASE_ITEMS,
                        (bw_shape){CASE_H, CASE_W, 1, false}, 0);
    if (!(c->prior.scale > 0))
        c->prior.scale = 1;
    bw_wae_design design = wae_case_design(c);
    cr_assert(!bw_wae_create(&design, &c->wae, &err), "%s", err.text);
    cr_assert(
        !bw_tasks_create(c->n_threads ? c->n_threads : 1, &c->tasks, &err),
        "%s", err.text);
    c->training = (bw_wae_training){
        .wae = c->wae,
        .items = &c->items,
        .validation = c->validation,
        .batch = c->batch ? c->batch : 8,
        .optimizer = bw_optimizer_default(c->is_adam ? BW_OPTIMIZER_ADAM
                                                     : BW_OPTIMIZER_SGD),
        .rate = c->rate,
        .adversary_optimizer = bw_optimizer_default(
            c->is_adam ? BW_OPTIMIZER_ADAM : BW_OPTIMIZER_SGD),
        .adversary_rate = c->rate,
        .moments_steps = c->moments_steps,
        .moments_sample = c->moments_sample,
        .seed = 3,
        .tasks = c->tasks,
        .comm = c->comm,
        .stopped = c->stopped,
    };
    cr_assert(!bw_wae_learner_create(&c->training, &c->learner, &err), "%s",
              err.text);
    c->l = bw_wae_learner_get(c->learner);
}

static inline void wae_case_clear(wae_case *c)
{
    bw_wae_learner_destroy(c->learner);
    bw_wae_destroy(c->wae);
    bw_tasks_destroy(c->tasks);
    bw_items_clear(&c->items);
}

#endif
