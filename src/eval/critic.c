/* critic.c - samples as items of a critic alone, trained by model/wgan. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/critic.h"
#include "model/train.h"
#include "model/wgan.h"
#include "nn/cut.h"

/* How it learns, in units in which the items of both are 1 from their mean, by
 * the root of the mean square. There a critic of penalty lambda overshoots by a
 * factor 1 + W1 / (2 lambda), some per cent. Slopes below 1 cost nothing: a
 * critic that is forced to rise everywhere may begin the wrong way and takes
 * thousands of steps to turn (Petzka, Fischer and Lukovnikov, 2018). */
enum { BATCH = 128, HELD_OF = 5 };
static const double penalty = 10, rate = 3e-3;

typedef struct job {
    bw_sample of[2]; /* in those units */
    double unit;     /* of the values, times 2^exponent */
    int exponent;
    double *shift; /* (size), in those units */
    bw_items items[2];
    bw_wgan *wgan;
    bw_wgan_learner *learner;
} job;

/* ---- units ---- */

/* The mean square of the distance from shift. */
static double add_squares(const bw_sample *s, const double *shift)
{
    enum { PIECE = 2048 };
    double wide[PIECE], sum = 0;

    for (size_t i = 0; i < s->n; i++)
        for (size_t p = 0; p < bw_cut_count(s->size, PIECE); p++) {
            bw_cut cut = bw_cut_piece(s->size, PIECE, p);
            bw_sample_doubles(s, i * s->size + cut.from, cut.to - cut.from,
                              wide);
            for (size_t k = cut.from; k < cut.to; k++)
                sum += (wide[k - cut.from] - shift[k]) *
                       (wide[k - cut.from] - shift[k]);
        }
    return sum / (double)s->n;
}

/* Values to [-1, 1] first, by a power of 2, so that squares stay finite. */
static bw_status set_units(job *j, bw_error *err)
{
    size_t d = j->of[0].size;
    double *other = calloc(d, sizeof *other);

    j->shift = calloc(d, sizeof *j->shift);
    if (!other || !j->shift) {
        free(other);
        return bw_error_memory(err);
    }
    (void)frexp(
        fmax(bw_sample_largest(&j->of[0]), bw_sample_largest(&j->of[1])),
        &j->exponent);
    for (size_t k = 0; k < 2; k++)
        j->of[k].factor = ldexp(j->of[k].factor, -j->exponent);
    bw_sample_mean(&j->of[0], j->shift);
    bw_sample_mean(&j->of[1], other);
    for (size_t k = 0; k < d; k++)
        j->shift[k] = (j->shift[k] + other[k]) / 2;
    free(other);
    j->unit = sqrt(
        (add_squares(&j->of[0], j->shift) + add_squares(&j->of[1], j->shift)) /
        2);
    for (size_t k = 0; k < d && j->unit > 0; k++)
        j->shift[k] /= j->unit;
    for (size_t k = 0; k < 2 && j->unit > 0; k++)
        j->of[k].factor /= j->unit;
    return BW_OK;
}

/* ---- items ---- */

static bw_shape shape_of(const bw_sample *s)
{
    if (s->rank == 3 || s->rank == 4)
        return (bw_shape){.h = (size_t)s->shape[1],
                          .w = (size_t)s->shape[2],
                          .c = s->rank == 4 ? (size_t)s->shape[3] : 1};
    return (bw_shape){.h = 1, .w = 1, .c = s->size, .is_flat = true};
}

static bw_status make_items(const job *j, const bw_sample *s, bw_items *items,
                            bw_error *err)
{
    *items = (bw_items){.n = s->n, .shape = shape_of(s)};
    items->origin.path = strdup(s->path);
    items->values = calloc(s->n, s->size * sizeof *items->values);
    if (!items->origin.path || !items->values)
        return bw_error_memory(err);
    bw_sample_floats(s, j->shift, 0, s->n, items->values);
    return BW_OK;
}

static bw_status check_sample(const bw_sample *s, bw_error *err)
{
    if (s->n < BW_CRITIC_LEAST)
        return bw_error_set(err, BW_ERR_RANGE,
                            "%s: %s: a critic takes at least %d items, not %zu",
                            s->path, s->name, (int)BW_CRITIC_LEAST, s->n);
    if (s->n > UINT32_MAX || s->size > BW_MAX_ITEM)
        return bw_error_set(err, BW_ERR_RANGE,
                            "%s: %s: %zu items of %zu values are too many for "
                            "a critic",
                            s->path, s->name, s->n, s->size);
    return BW_OK;
}

/* ---- training ---- */

static bw_status make_critic(job *j, const bw_critic_options *options,
                             bw_error *err)
{
    const bw_wgan_design design = {
        .preset = "wgan-toy-small",
        .critic = options->opt_net,
        .critic_name = options->net_name,
        .width = 1,
        .items = &j->items[0],
        .range = BW_RANGE_NONE,
        .loss = BW_WGAN_WASSERSTEIN,
        .lipschitz = {.kind = BW_LIPSCHITZ_GP,
                      .value = penalty,
                      .is_one_sided = true},
        .noise = {.kind = BW_PRIOR_NORMAL, .scale = 1},
        .init = BW_INIT_HE,
        .seed = options->seed,
    };
    bw_status status = bw_wgan_create(&design, &j->wgan, err);

    /* What the text itself has wrong begins with its name already. */
    const char *name = options->opt_net ? options->net_name : "";
    return status && strncmp(err->text, name, strlen(name)) != 0
               ? bw_error_prefix(err, "%s", name)
               : status;
}

/* Runs the steps, and validates once, at their end. */
static bw_status train(job *j, const bw_wgan_training *training,
                       const bw_critic_options *options, double *terms,
                       bw_error *err)
{
    bw_train_options loop = {.tool = "weval",
                             .steps = options->steps,
                             .batch = training->batch,
                             .seed = options->seed,
                             .keep_last = true,
                             .identity = "critic",
                             .is_quiet = true,
                             .stopped = training->stopped};
    bw_train_result result;
    bw_status status = bw_schedule_parse("linear 0", &loop.schedule, err);

    if (!status)
        status = bw_wgan_learner_create(training, &j->learner, err);
    if (status)
        return status;
    bw_learner learner = *bw_wgan_learner_get(j->learner);
    learner.validate = NULL;
    status = bw_train_run(&learner, &loop, &result, err);
    if (!status)
        status =
            bw_wgan_learner_get(j->learner)->validate(learner.self, terms, err);
    return status;
}

static double find_term(const bw_learner *learner, const double *terms,
                        const char *name)
{
    for (size_t k = 0; k < learner->n_terms; k++)
        if (strcmp(learner->term[k].name, name) == 0)
            return terms[k];
    return NAN;
}

static bw_status estimate(job *j, const bw_critic_options *options,
                          bw_tasks *tasks, int (*stopped)(void),
                          bw_critic *critic, bw_error *err)
{
    double terms[BW_MAX_TERMS] = {0};
    bw_optimizer adam = bw_optimizer_default(BW_OPTIMIZER_ADAM);
    bw_status status = make_critic(j, options, err);

    if (status)
        return status;
    adam.beta1 = 0.5;
    adam.beta2 = 0.9;
    bw_wgan_training training = {
        .wgan = j->wgan,
        .items = &j->items[0],
        .opt_against = &j->items[1],
        .validation = 1. / HELD_OF,
        .batch = bw_cut_min(BATCH, j->of[0].n - critic->n_held[0]),
        .critic_steps = 1,
        .optimizer = adam,
        .critic_optimizer = adam,
        .rate = rate,
        .critic_rate = rate,
        .seed = options->seed,
        .tasks = tasks,
        .stopped = stopped,
    };
    status = train(j, &training, options, terms, err);
    if (status)
        return status;
    const bw_learner *learner = bw_wgan_learner_get(j->learner);
    critic->difference =
        ldexp(j->unit * find_term(learner, terms, "difference"), j->exponent);
    critic->slope = fmax(find_term(learner, terms, "slope"),
                         find_term(learner, terms, "gradient"));
    return BW_OK;
}

bw_status bw_critic_of(const bw_sample *a, const bw_sample *b,
                       const bw_critic_options *options, bw_tasks *tasks,
                       int (*stopped)(void), bw_critic *critic, bw_error *err)
{
    job j = {.of = {*a, *b}};
    bw_status status = check_sample(a, err);

    if (!status)
        status = check_sample(b, err);
    if (!status)
        status = set_units(&j, err);
    if (status)
        goto done;
    *critic = (bw_critic){0};
    for (size_t k = 0; k < 2; k++)
        critic->n_held[k] = (size_t)rint((double)j.of[k].n / HELD_OF);
    for (size_t k = 0; k < 2 && !status && j.unit > 0; k++)
        status = make_items(&j, &j.of[k], &j.items[k], err);
    if (!status && j.unit > 0)
        status = estimate(&j, options, tasks, stopped, critic, err);
done:
    bw_wgan_learner_destroy(j.learner);
    bw_wgan_destroy(j.wgan);
    bw_items_clear(&j.items[0]);
    bw_items_clear(&j.items[1]);
    free(j.shift);
    return status;
}
