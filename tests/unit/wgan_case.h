/* wgan_case.h - small generators and critics on random items, to test their
 * steps. */
#ifndef WGAN_CASE_H
#define WGAN_CASE_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "items_case.h"
#include "learner_case.h"
#include "model/wgan.h"

enum { CASE_H = 4, CASE_W = 3, CASE_SIZE = 12, CASE_ITEMS = 13, CASE_D = 3 };

typedef struct wgan_case {
    /* Set before wgan_case_make; 0 is the Wasserstein loss with clip, smooth
     * networks, a generator's step after each of the critic's, and one
     * thread. */
    bw_wgan_loss_kind loss;
    bw_lipschitz lipschitz;         /* value 0: 100 */
    const char *generator, *critic; /* NULL: smooth */
    bool is_alone;                  /* a critic alone, against as many items */
    double validation, ema;
    uint64_t critic_steps;
    bool has_warm_up, exact, is_adam;
    size_t n_threads, batch;
    double rate, critic_rate;
    /* What is made of it. */
    bw_items items, against;
    bw_wgan *wgan;
    bw_tasks *tasks;
    bw_wgan_training training;
    bw_wgan_learner *learner;
    const bw_learner *l;
} wgan_case;

static const char wgan_case_generator[] = "dense 8\ntanh\ndense 12\nsigmoid\n";
static const char wgan_case_critic[] = "flatten\ndense 8\ntanh\ndense 1\n";

static inline bw_wgan_design wgan_case_design(const wgan_case *c)
{
    bw_wgan_design design = {
        .preset = "wgan-mlp",
        .generator = c->generator ? c->generator : wgan_case_generator,
        .generator_name = "g",
        .critic = c->critic ? c->critic : wgan_case_critic,
        .critic_name = "f",
        .width = 1,
        .latent = CASE_D,
        .has_generator = !c->is_alone,
        .items = &c->items,
        .range = -1,
        .loss = c->loss,
        .lipschitz = c->lipschitz,
        .noise = {.kind = BW_PRIOR_NORMAL, .scale = 1},
        .init = BW_INIT_GLOROT,
        .seed = 3,
    };

    if (!(design.lipschitz.value > 0))
        design.lipschitz.value = 100;
    return design;
}

static inline bw_optimizer wgan_case_optimizer(const wgan_case *c)
{
    return bw_optimizer_default(c->is_adam ? BW_OPTIMIZER_ADAM
                                           : BW_OPTIMIZER_SGD);
}

static inline void wgan_case_make(wgan_case *c)
{
    const bw_shape image = {CASE_H, CASE_W, 1, false};
    bw_error err = BW_ERROR_INIT;

    if (!c->items.n)
        items_case_make(&c->items, CASE_ITEMS, image, 0);
    if (c->is_alone && !c->against.n)
        items_case_make(&c->against, CASE_ITEMS - 3, image, 1);
    bw_wgan_design design = wgan_case_design(c);
    cr_assert(!bw_wgan_create(&design, &c->wgan, &err), "%s", err.text);
    cr_assert(
        !bw_tasks_create(c->n_threads ? c->n_threads : 1, &c->tasks, &err),
        "%s", err.text);
    c->training = (bw_wgan_training){
        .wgan = c->wgan,
        .items = &c->items,
        .opt_against = c->is_alone ? &c->against : NULL,
        .validation = c->validation,
        .batch = c->batch ? c->batch : 8,
        .critic_steps = c->critic_steps ? c->critic_steps : 1,
        .has_warm_up = c->has_warm_up,
        .optimizer = wgan_case_optimizer(c),
        .critic_optimizer = wgan_case_optimizer(c),
        .rate = c->rate,
        .critic_rate = c->critic_rate,
        .ema = c->ema,
        .exact = c->exact,
        .seed = 3,
        .tasks = c->tasks,
    };
    cr_assert(!bw_wgan_learner_create(&c->training, &c->learner, &err), "%s",
              err.text);
    c->l = bw_wgan_learner_get(c->learner);
}

static inline void wgan_case_clear(wgan_case *c)
{
    bw_wgan_learner_destroy(c->learner);
    bw_wgan_destroy(c->wgan);
    bw_tasks_destroy(c->tasks);
    bw_items_clear(&c->items);
    bw_items_clear(&c->against);
}

#endif
