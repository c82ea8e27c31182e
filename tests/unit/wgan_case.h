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
    bool has_warm_up, exact;
    bool is_adam, is_critic_sgd; /* the latter all the same */
    size_t n_threads, batch;
    double rate, critic_rate;
    int (*stopped)(void);
    bw_comm *comm;
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

static inline bw_optimizer wgan_case_optimizer(bool is_adam)
{
    return bw_optimizer_default(is_adam ? BW_OPTIMIZER_ADAM : BW_OPTIMIZER_SGD);
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
        .optimizer = wgan_case_optimizer(c->is_adam),
        .critic_optimizer =
            wgan_case_optimizer(c->is_adam && !c->is_critic_sgd),
        .rate = c->rate,
        .critic_rate = c->critic_rate,
        .ema = c->ema,
        .exact = c->exact,
        .seed = 3,
        .tasks = c->tasks,
        .comm = c->comm,
        .stopped = c->stopped,
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

/* ---- kinds of runs ---- */

/* Everything that keeps state: noise, batch statistics. */
static const char wgan_case_deep_generator[] =
    "dense 8\nbatchnorm\nrelu\ndense 12\nsigmoid\nreshape 4 3 1\n";
static const char wgan_case_deep_critic[] =
    "noise 0.1\nconv 4 3x3 stride 2\nbatchnorm\nrelu\nflatten\ndense 1\n";
static const char wgan_case_linear_critic[] =
    "conv 4 3x3 stride 2\nleakyrelu 0.2\nflatten\ndense 1\n";

/* Every kind of run: loss, bound, and what goes with them. */
enum { WGAN_CASE_KINDS = 6 };

static inline wgan_case wgan_case_of(size_t kind)
{
    wgan_case c = {.generator = wgan_case_deep_generator,
                   .critic = wgan_case_deep_critic,
                   .is_adam = true,
                   .critic_steps = 2,
                   .rate = 0.01,
                   .critic_rate = 0.02};

    switch (kind) {
    case 0:
        c.lipschitz.value = 0.05;
        c.ema = 0.9;
        break;
    case 1:
        c.lipschitz = (bw_lipschitz){BW_LIPSCHITZ_GP, 10, false};
        c.critic = wgan_case_linear_critic;
        c.exact = true;
        break;
    case 2:
        c.lipschitz.kind = BW_LIPSCHITZ_SPECTRAL;
        c.ema = 0.5;
        break;
    case 3:
        c.loss = BW_WGAN_MINIMAX;
        c.lipschitz.kind = BW_LIPSCHITZ_NONE;
        c.critic_steps = 1;
        break;
    case 4:
        c.loss = BW_WGAN_NONSATURATING;
        c.lipschitz = (bw_lipschitz){BW_LIPSCHITZ_GP, 1, true};
        c.critic = wgan_case_linear_critic;
        c.has_warm_up = true;
        break;
    default:
        c.is_alone = true;
        c.lipschitz = (bw_lipschitz){BW_LIPSCHITZ_GP, 10, false};
        c.critic = wgan_case_linear_critic;
        break;
    }
    return c;
}

static inline bool wgan_case_same(size_t n, const float *a, const float *b)
{
    return memcmp(a, b, n * sizeof *a) == 0;
}

static inline float *wgan_case_copy(size_t n, const float *values)
{
    float *copy = malloc((n + 1) * sizeof *copy);

    memcpy(copy, values, n * sizeof *copy);
    return copy;
}

#endif
