/* torch_steps.h - training steps that PyTorch made, too: the settings, batches,
 * values and terms of a case of a fixture, and comparing what ours come to.
 *
 * The fixture has tensors CASE.values.PART.ROW, CASE.order.images,
 * CASE.term.TERM and CASE.after.PART.ROW, images 8x8x1 that all cases share,
 * and metadata net.CASE.PART and case.CASE, words "key=value".
 */
#ifndef TORCH_STEPS_H
#define TORCH_STEPS_H

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "model/items.h"
#include "model/train.h"
#include "torch_fixture.h"

enum {
    TORCH_STEPS = 10,
    TORCH_MAX_BATCH = 64,
    TORCH_MAX_IMAGES = 256,
    TORCH_SIDE = 8
};

typedef struct torch_case {
    const torch_fixture *all;
    const char *name, *words;
    /* Of the largest magnitude of a tensor; of what training changed in it,
     * besides the rounding of a sum or two a step. */
    double tolerance, change_tolerance;
    bw_items items;
    uint32_t number[TORCH_MAX_IMAGES]; /* of each image among the examples */
    const bw_model *model;
} torch_case;

/* ---- settings ---- */

static inline const char *torch_value(const torch_case *t, const char *key)
{
    size_t n = strlen(key);

    for (const char *word = t->words; word; word = strchr(word, ' ')) {
        word += *word == ' ';
        if (strncmp(word, key, n) == 0 && word[n] == '=')
            return word + n + 1;
    }
    cr_assert_fail("%s: no %s", t->name, key);
    return NULL;
}

static inline double torch_number(const torch_case *t, const char *key)
{
    return strtod(torch_value(t, key), NULL);
}

/* Which of the names "a|b|c" a setting is. */
static inline int torch_choice(const torch_case *t, const char *key,
                               const char *names)
{
    const char *value = torch_value(t, key);
    size_t n = strcspn(value, " ");

    for (int k = 0; names; k++, names = strchr(names, '|')) {
        names += *names == '|';
        if (strcspn(names, "|") == n && strncmp(names, value, n) == 0)
            return k;
    }
    cr_assert_fail("%s: %s", t->name, key);
    return 0;
}

static inline const float *torch_tensor(const torch_case *t, const char *group,
                                        const char *part, const char *opt_row,
                                        size_t *n)
{
    char name[128];

    snprintf(name, sizeof name, "%s.%s.%s%s%s", t->name, group, part,
             opt_row ? "." : "", opt_row ? opt_row : "");
    return torch_find(t->all, name, n);
}

/* A network's text, or NULL. */
static inline const char *torch_text(const torch_case *t, const char *part)
{
    char key[96];

    snprintf(key, sizeof key, "net.%s.%s", t->name, part);
    return bw_reader_meta(t->all->reader, key);
}

/* ---- items ---- */

/* Examples are the items that are not held out, in the order of the split. */
static inline void torch_set_items(torch_case *t)
{
    size_t n_values, order[TORCH_MAX_IMAGES];
    const float *images = torch_find(t->all, "images", &n_values);
    bw_random random;

    t->items = (bw_items){.origin.name = (char *)(uintptr_t) "images",
                          .origin.path = (char *)(uintptr_t) "images",
                          .shape = {TORCH_SIDE, TORCH_SIDE, 1, false},
                          .n = n_values / (TORCH_SIDE * TORCH_SIDE),
                          .values = malloc(n_values * sizeof *images)};
    cr_assert(t->items.values && t->items.n <= TORCH_MAX_IMAGES);
    memcpy(t->items.values, images, n_values * sizeof *images);
    for (size_t k = 0; k < t->items.n; k++)
        order[k] = k;
    bw_random_init(&random, (uint64_t)torch_number(t, "seed"), BW_RANDOM_SPLIT,
                   0);
    bw_random_shuffle(&random, t->items.n, order);
    for (size_t k = 0; k < t->items.n; k++)
        t->number[order[k]] = (uint32_t)k;
}

/* ---- the model ---- */

typedef void torch_row_work(const torch_case *t, const char *group,
                            const bw_model_part *part, const bw_parameter *row,
                            float *values);

/* Rows of all parts, or of one; values: the model's block, or one like it. */
static inline void torch_each_row(const torch_case *t, const char *group,
                                  const char *opt_part, torch_row_work *work,
                                  float *values)
{
    for (size_t k = 0; k < t->model->n_parts; k++) {
        const bw_model_part *part = &t->model->part[k];

        for (size_t i = 0; i < bw_network_n_parameters(part->network); i++)
            if (!opt_part || strcmp(opt_part, part->name) == 0)
                work(t, group, part, bw_network_parameter(part->network, i),
                     values);
    }
}

static inline void torch_set_row(const torch_case *t, const char *group,
                                 const bw_model_part *part,
                                 const bw_parameter *row, float *values)
{
    size_t n;
    const float *from = torch_tensor(t, group, part->name, row->name, &n);

    cr_assert_eq(n, row->n, "%s %s %s", t->name, part->name, row->name);
    memcpy(values + part->offset + row->offset, from, n * sizeof *from);
}

static inline void torch_set_values(const torch_case *t)
{
    torch_each_row(t, "values", NULL, torch_set_row, t->model->values);
}

/* ---- steps ---- */

/* The images of a step's batch, as numbers of examples. */
static inline size_t torch_batch(const torch_case *t, size_t step,
                                 uint32_t *example)
{
    size_t n_order, n = 0, batch = (size_t)torch_number(t, "batch");
    const float *order = torch_tensor(t, "order", "images", NULL, &n_order);

    cr_assert(n_order == TORCH_STEPS * batch && batch <= TORCH_MAX_BATCH);
    for (const float *at = order + step * batch; n < batch && at[n] >= 0; n++)
        example[n] = t->number[(size_t)at[n]];
    return n;
}

static inline void torch_take_steps(const torch_case *t,
                                    const bw_learner *learner,
                                    float (*terms)[TORCH_STEPS])
{
    bw_error err = BW_ERROR_INIT;

    for (size_t k = 0; k < TORCH_STEPS; k++) {
        uint32_t example[TORCH_MAX_BATCH];
        size_t n = torch_batch(t, k, example);
        bw_step at = {.step = k + 1, .rate_factor = 1};
        double term[BW_MAX_TERMS];

        cr_assert_eq(learner->step(learner->self, example, n, &at, term, &err),
                     BW_OK, "%s: %s", t->name, err.text);
        for (size_t i = 0; i < learner->n_terms; i++)
            terms[i][k] = (float)term[i];
    }
}

/* ---- comparing ---- */

static inline void torch_check_terms(const torch_case *t,
                                     const bw_learner *learner,
                                     float (*terms)[TORCH_STEPS])
{
    for (size_t i = 0; i < learner->n_terms; i++) {
        size_t n;
        const float *wanted =
            torch_tensor(t, "term", learner->term[i].name, NULL, &n);
        double error = torch_error(TORCH_STEPS, terms[i], wanted);

        cr_assert_eq(n, TORCH_STEPS);
        cr_expect(error <= t->tolerance, "%s: %s: off by %g", t->name,
                  learner->term[i].name, error);
    }
}

static inline void torch_check_row(const torch_case *t, const char *group,
                                   const bw_model_part *part,
                                   const bw_parameter *row, float *values)
{
    size_t n;
    const float *before = torch_tensor(t, "values", part->name, row->name, &n);
    const float *wanted = torch_tensor(t, group, part->name, row->name, &n);
    const float *got = values + part->offset + row->offset;
    double error = torch_error(n, got, wanted), worst = 0, largest = 0, top = 0;

    cr_expect(error <= t->tolerance, "%s: %s: %s %s: off by %g", t->name, group,
              part->name, row->name, error);
    for (size_t k = 0; k < n; k++) {
        worst = fmax(worst, fabs((double)got[k] - (double)wanted[k]));
        largest = fmax(largest, fabs((double)wanted[k] - (double)before[k]));
        top = fmax(top, fabs((double)wanted[k]));
    }
    cr_expect(worst <= t->change_tolerance * largest + 10 * FLT_EPSILON * top,
              "%s: %s: %s %s: the change is off by %g of %g", t->name, group,
              part->name, row->name, worst, largest);
}

/* Values against those of a group, "after". */
static inline void torch_check_values(const torch_case *t, const char *group,
                                      const char *opt_part, float *values)
{
    torch_each_row(t, group, opt_part, torch_check_row, values);
}

/* ---- all of a case ---- */

/* Takes the steps by the learner, whose values stand in the model, and
 * compares. */
static inline void torch_follow(const torch_case *t, const bw_learner *learner)
{
    float terms[BW_MAX_TERMS][TORCH_STEPS];

    torch_take_steps(t, learner, terms);
    torch_check_terms(t, learner, terms);
    torch_check_values(t, "after", NULL, t->model->values);
}

/* The values of the model, which the caller frees. */
static inline float *torch_values(const torch_case *t, size_t *n_values)
{
    float *values = malloc(t->model->n_values * sizeof *values);

    cr_assert(values != NULL);
    *n_values = t->model->n_values;
    memcpy(values, t->model->values, *n_values * sizeof *values);
    return values;
}

/* Trains and compares; the values afterwards, which the caller frees. */
typedef float *torch_train(torch_case *t, bw_tasks *tasks, size_t *n_values);

static inline float *torch_run(torch_case t, torch_train *train,
                               size_t n_threads, size_t *n_values)
{
    bw_error err = BW_ERROR_INIT;
    bw_tasks *tasks;

    cr_assert_eq(bw_tasks_create(n_threads, &tasks, &err), BW_OK);
    torch_set_items(&t);
    float *values = train(&t, tasks, n_values);
    bw_tasks_destroy(tasks);
    free(t.items.values);
    return values;
}

/* By one thread and by two, which must give the same bytes. */
static inline void torch_check_case(const char *file, const char *name,
                                    double tolerance, double change_tolerance,
                                    torch_train *train)
{
    torch_fixture all;
    torch_case t = {.all = &all,
                    .name = name,
                    .tolerance = tolerance,
                    .change_tolerance = change_tolerance};
    size_t n, n_again;
    char key[64];

    torch_open(file, &all);
    snprintf(key, sizeof key, "case.%s", name);
    t.words = bw_reader_meta(all.reader, key);
    cr_assert_not_null(t.words, "no %s", key);
    float *one = torch_run(t, train, 1, &n);
    float *two = torch_run(t, train, 2, &n_again);
    cr_expect(n == n_again && memcmp(one, two, n * sizeof *one) == 0,
              "%s: other values by two threads", name);
    free(one);
    free(two);
    torch_close(&all);
}

#endif
