/* toy_learner.h - a learner whose steps can be followed by hand, for tests of
 * the training loop: the values of a small network are pulled towards the
 * examples' targets by descent with momentum and noise; validation pulls
 * elsewhere, so that it gets better first and worse then. */
#ifndef TOY_LEARNER_H
#define TOY_LEARNER_H

#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "barrow/random.h"
#include "model/train.h"

enum { TOY_VALUES = 15, TOY_MOST = 40, TOY_CALLS = 400 };

typedef struct toy {
    bw_model *model;
    float moment[TOY_VALUES];
    float target[TOY_MOST][TOY_VALUES];
    bw_learner learner;
    /* What was asked of it. */
    size_t n_steps, n_validations, n_pictures, n_loaded;
    uint32_t example[TOY_CALLS][8];
    size_t n[TOY_CALLS];
    bw_step at[TOY_CALLS];
    /* What it shall do; 0: never. */
    uint64_t kill_in_step, kill_in_validation, kill_in_pictures;
    uint64_t nan_in_step, fail_in_step, stop_in_step, stop_after_step;
    uint64_t break_in_step; /* the update leaves a value that is not finite */
    bool is_validation_nan;
    size_t n_totals; /* validation totals to tell by epoch, if any */
    const double *total;
} toy;

static toy *toy_stopping; /* whose stop_after_step toy_stopped asks for */

static const bw_term toy_terms[] = {
    {"square", 1.0}, {"size", 0.01}, {"largest", 0.0}};
static const char *const toy_columns =
    "set\tstep\tepoch\trate\tsquare\tsize\tsize_weighted\tlargest\t"
    "total\texamples_per_second\tseconds\n";

static inline void toy_measure(const toy *t, const float *to, double *terms)
{
    for (size_t i = 0; i < TOY_VALUES; i++) {
        double w = (double)t->model->values[i], off = w - (double)to[i];

        terms[0] += off * off;
        terms[1] += w * w;
        terms[2] = fmax(terms[2], fabs(w));
    }
}

static inline bw_status toy_step(void *self, const uint32_t *example, size_t n,
                                 const bw_step *at, double *terms,
                                 bw_error *err)
{
    toy *t = self;
    float mean[TOY_VALUES] = {0};
    bw_random random;

    cr_assert_lt(t->n_steps, TOY_CALLS);
    cr_assert_leq(n, 8);
    memcpy(t->example[t->n_steps], example, n * sizeof *example);
    t->n[t->n_steps] = n;
    t->at[t->n_steps++] = *at;
    if (at->step == t->fail_in_step)
        return bw_error_set(err, BW_ERR_DIMENSION, "toy: does not fit");
    if (at->step == t->stop_in_step)
        return bw_error_set(err, BW_ERR_INTERRUPTED, "toy: stopped");
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < TOY_VALUES; i++)
            mean[i] += t->target[example[k]][i] / (float)n;
    toy_measure(t, mean, terms);
    if (at->step == t->nan_in_step) {
        terms[1] = NAN;
        return BW_OK;
    }
    bw_random_init(&random, 7, BW_RANDOM_TEST, 1000 + at->step);
    for (size_t i = 0; i < TOY_VALUES; i++) {
        float noise = (float)bw_random_normal(&random) * 0.1f;

        if (i == TOY_VALUES / 2 && at->step == t->kill_in_step)
            raise(SIGKILL);
        t->moment[i] =
            0.5f * t->moment[i] + (t->model->values[i] - mean[i]) + noise;
        t->model->values[i] -= 0.2f * (float)at->rate_factor * t->moment[i];
    }
    if (at->step == t->break_in_step)
        t->model->values[3] = INFINITY;
    return BW_OK;
}

static inline bw_status toy_validate(void *self, double *terms, bw_error *err)
{
    toy *t = self;

    (void)err;
    if (++t->n_validations == t->kill_in_validation)
        raise(SIGKILL);
    if (t->n_totals > 0)
        terms[0] = t->total[t->at[t->n_steps - 1].epoch % t->n_totals];
    else
        toy_measure(t, t->target[0], terms);
    if (t->is_validation_nan)
        terms[0] = NAN;
    return BW_OK;
}

static inline bw_status toy_pictures(void *self, const char *folder,
                                     uint64_t epoch, bw_error *err)
{
    toy *t = self;
    char name[128];
    FILE *file;

    (void)err;
    if (++t->n_pictures == t->kill_in_pictures)
        raise(SIGKILL);
    snprintf(name, sizeof name, "%s/%u", folder, (unsigned)epoch);
    file = fopen(name, "w");
    cr_assert_not_null(file);
    fclose(file);
    return BW_OK;
}

static inline void toy_loaded(void *self)
{
    toy *t = self;

    t->n_loaded++;
}

static inline int toy_stopped(void)
{
    return toy_stopping->stop_after_step > 0 && toy_stopping->n_steps > 0 &&
           toy_stopping->at[toy_stopping->n_steps - 1].step >=
               toy_stopping->stop_after_step;
}

static inline void toy_make(toy *t, uint64_t n_examples, bool with_validation)
{
    bw_error err = BW_ERROR_INIT;
    bw_random random;

    static bw_state_block block;

    *t = (toy){.model = bw_model_create("toy")};
    cr_assert_not_null(t->model);
    cr_assert_eq(bw_model_add(t->model, "net", "dense 3\n", "net",
                              (bw_shape){1, 1, 4, true}, 1.0, &err),
                 BW_OK, "%s", err.text);
    cr_assert_eq(bw_model_seal(t->model, &err), BW_OK);
    cr_assert_eq(t->model->n_values, TOY_VALUES);
    bw_random_init(&random, 5, BW_RANDOM_TEST, 0);
    for (size_t k = 0; k < TOY_MOST; k++)
        for (size_t i = 0; i < TOY_VALUES; i++)
            t->target[k][i] = (float)bw_random_normal(&random);
    for (size_t i = 0; i < TOY_VALUES; i++)
        t->model->values[i] = (float)i - 7.0f;
    block = (bw_state_block){"moment", t->moment, TOY_VALUES};
    t->learner = (bw_learner){.self = t,
                              .model = t->model,
                              .unit = "things",
                              .n_examples = n_examples,
                              .n_terms = 3,
                              .term = toy_terms,
                              .n_blocks = 1,
                              .block = &block,
                              .step = toy_step,
                              .validate = with_validation ? toy_validate : NULL,
                              .pictures = toy_pictures,
                              .loaded = toy_loaded};
    toy_stopping = t;
}

static inline void toy_free(toy *t)
{
    bw_model_destroy(t->model);
    t->model = NULL;
}

/* 10 examples in batches of 4: 3 steps an epoch. */
static inline bw_train_options toy_options(void)
{
    return (bw_train_options){.tool = "toy",
                              .epochs = 4,
                              .batch = 4,
                              .seed = 3,
                              .identity = "toy=1",
                              .stopped = toy_stopped};
}

#endif
