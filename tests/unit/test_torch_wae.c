/* test_torch_wae.c - ten training steps of auto-encoders against PyTorch in
 * double precision (tests/fixtures/make_torch_wae.py): the same weights,
 * batches and random numbers.
 *
 * Terms and, after the last step, parameters and statistics agree to 5e-5 of
 * the largest magnitude of each tensor; what training changed in the
 * parameters, to 0.2 % of the greatest change. One and two threads give the
 * same bytes.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "base/tasks.h"
#include "model/wae.h"
#include "torch_fixture.h"

enum { N_STEPS = 10, MAX_BATCH = 64, MAX_IMAGES = 256 };
static const double tolerance = 5e-5, change_tolerance = 2e-3;

/* A case's settings: words "key=value". */
typedef struct twin {
    const torch_fixture *all;
    const char *name, *words;
    bw_items items;
    uint32_t number[MAX_IMAGES]; /* of each image among the examples */
    size_t batch;
    bw_wae *wae;
    bw_wae_training training;
} twin;

static const char *value_of(const twin *t, const char *key)
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

static double number_of(const twin *t, const char *key)
{
    return strtod(value_of(t, key), NULL);
}

/* Which of the names "a|b|c" a setting is. */
static int choice_of(const twin *t, const char *key, const char *names)
{
    const char *value = value_of(t, key);
    size_t n = strcspn(value, " ");

    for (int k = 0; names; k++, names = strchr(names, '|')) {
        names += *names == '|';
        if (strcspn(names, "|") == n && strncmp(names, value, n) == 0)
            return k;
    }
    cr_assert_fail("%s: %s", t->name, key);
    return 0;
}

static const float *tensor(const twin *t, const char *group, const char *part,
                           const char *row, size_t *n)
{
    char name[128];

    snprintf(name, sizeof name, "%s.%s.%s%s%s", t->name, group, part,
             row ? "." : "", row ? row : "");
    return torch_find(t->all, name, n);
}

/* ---- the model ---- */

static void set_items(twin *t)
{
    size_t n_values;
    const float *images = torch_find(t->all, "images", &n_values);

    t->items = (bw_items){.origin.name = (char *)(uintptr_t) "images",
                          .origin.path = (char *)(uintptr_t) "images",
                          .shape = {8, 8, 1, false},
                          .n = n_values / 64,
                          .values = malloc(n_values * sizeof *images)};
    cr_assert(t->items.values && t->items.n <= MAX_IMAGES);
    memcpy(t->items.values, images, n_values * sizeof *images);
}

/* Examples are the items that are not held out, in the order of the split. */
static void set_numbers(twin *t)
{
    size_t order[MAX_IMAGES];
    bw_random random;

    for (size_t k = 0; k < t->items.n; k++)
        order[k] = k;
    bw_random_init(&random, (uint64_t)number_of(t, "seed"), BW_RANDOM_SPLIT, 0);
    bw_random_shuffle(&random, t->items.n, order);
    for (size_t k = 0; k < t->items.n; k++)
        t->number[order[k]] = (uint32_t)k;
}

static bw_wae_loss loss_of(const twin *t)
{
    return (bw_wae_loss){
        .cost = (bw_wae_cost)choice_of(t, "cost", bw_wae_cost_names),
        .scale = number_of(t, "scale"),
        .penalty =
            (bw_wae_penalty)choice_of(t, "penalty", bw_wae_penalty_names),
        .lambda = number_of(t, "weight"),
        .kernel = (bw_mmd_kernel)choice_of(t, "kernel", bw_wae_kernel_names),
        .is_biased = number_of(t, "is_biased") != 0,
        .has_log_prior = number_of(t, "has_log_prior") != 0};
}

static const char *text_of(const twin *t, const char *part)
{
    char key[96];

    snprintf(key, sizeof key, "net.%s.%s", t->name, part);
    return bw_reader_meta(t->all->reader, key);
}

/* Values of a group, into the model's block or a copy of it. */
static void set_values(const twin *t, const char *group, float *values)
{
    for (size_t k = 0; k < t->wae->model->n_parts; k++) {
        const bw_model_part *part = &t->wae->model->part[k];

        for (size_t i = 0; i < bw_network_n_parameters(part->network); i++) {
            const bw_parameter *row = bw_network_parameter(part->network, i);
            size_t n;
            const float *from = tensor(t, group, part->name, row->name, &n);

            cr_assert_eq(n, row->n, "%s %s %s", t->name, part->name, row->name);
            memcpy(values + part->offset + row->offset, from, n * sizeof *from);
        }
    }
}

static void make_model(twin *t)
{
    bw_error err = BW_ERROR_INIT;
    bw_wae_design design = {
        .preset = "wae-mnist-small",
        .encoder = text_of(t, "encoder"),
        .encoder_name = "encoder",
        .decoder = text_of(t, "decoder"),
        .decoder_name = "decoder",
        .adversary = text_of(t, "adversary"),
        .adversary_name = "adversary",
        .width = 1,
        .latent = (size_t)number_of(t, "latent"),
        .is_gaussian = number_of(t, "is_gaussian") != 0,
        .items = &t->items,
        .range = -1,
        .loss = loss_of(t),
        .prior = {.kind = (bw_prior_kind)choice_of(t, "prior", bw_prior_names),
                  .scale = number_of(t, "prior_scale")},
        .init = BW_INIT_TRUNCATED,
        .init_sd = 0.01,
        .seed = 1};

    cr_assert_eq(bw_wae_create(&design, &t->wae, &err), BW_OK, "%s: %s",
                 t->name, err.text);
    set_values(t, "values", t->wae->model->values);
}

static void make_training(twin *t, bw_tasks *tasks)
{
    bw_optimizer adam = bw_optimizer_default(BW_OPTIMIZER_ADAM);

    adam.beta1 = number_of(t, "beta1");
    t->training =
        (bw_wae_training){.wae = t->wae,
                          .items = &t->items,
                          .batch = (size_t)number_of(t, "batch"),
                          .optimizer = adam,
                          .rate = number_of(t, "rate"),
                          .adversary_optimizer = adam,
                          .adversary_rate = number_of(t, "adversary_rate"),
                          .seed = (uint64_t)number_of(t, "seed"),
                          .tasks = tasks};
    cr_assert(t->training.batch <= MAX_BATCH);
}

/* ---- steps ---- */

/* The images of a step's batch, as numbers of examples. */
static size_t batch_of(const twin *t, size_t step, uint32_t *example)
{
    size_t n_order, n = 0, batch = t->training.batch;
    const float *order = tensor(t, "order", "images", NULL, &n_order);

    cr_assert_eq(n_order, N_STEPS * batch);
    for (const float *at = order + step * batch; n < batch && at[n] >= 0; n++)
        example[n] = t->number[(size_t)at[n]];
    return n;
}

static void take_steps(const twin *t, const bw_learner *learner,
                       float (*terms)[N_STEPS])
{
    bw_error err = BW_ERROR_INIT;

    for (size_t k = 0; k < N_STEPS; k++) {
        uint32_t example[MAX_BATCH];
        size_t n = batch_of(t, k, example);
        bw_step at = {.step = k + 1, .rate_factor = 1};
        double term[BW_MAX_TERMS];

        cr_assert_eq(learner->step(learner->self, example, n, &at, term, &err),
                     BW_OK, "%s: %s", t->name, err.text);
        for (size_t i = 0; i < learner->n_terms; i++)
            terms[i][k] = (float)term[i];
    }
}

/* ---- comparing ---- */

static void check_terms(const twin *t, const bw_learner *learner,
                        float (*terms)[N_STEPS])
{
    for (size_t i = 0; i < learner->n_terms; i++) {
        size_t n;
        const float *wanted =
            tensor(t, "term", learner->term[i].name, NULL, &n);
        double error = torch_error(N_STEPS, terms[i], wanted);

        cr_assert_eq(n, N_STEPS);
        cr_expect(error <= tolerance, "%s: %s: off by %g", t->name,
                  learner->term[i].name, error);
    }
}

static void check_row(const twin *t, const bw_model_part *part,
                      const bw_parameter *row)
{
    size_t n;
    const float *before = tensor(t, "values", part->name, row->name, &n);
    const float *wanted = tensor(t, "after", part->name, row->name, &n);
    const float *got = t->wae->model->values + part->offset + row->offset;
    double error = torch_error(n, got, wanted), worst = 0, largest = 0;

    cr_expect(error <= tolerance, "%s: %s %s: off by %g", t->name, part->name,
              row->name, error);
    for (size_t k = 0; k < n; k++) {
        worst = fmax(worst, fabs((double)got[k] - (double)wanted[k]));
        largest = fmax(largest, fabs((double)wanted[k] - (double)before[k]));
    }
    cr_expect(worst <= change_tolerance * largest,
              "%s: %s %s: the change is off by %g of %g", t->name, part->name,
              row->name, worst, largest);
}

static void check_values(const twin *t)
{
    for (size_t k = 0; k < t->wae->model->n_parts; k++) {
        const bw_model_part *part = &t->wae->model->part[k];

        for (size_t i = 0; i < bw_network_n_parameters(part->network); i++)
            check_row(t, part, bw_network_parameter(part->network, i));
    }
}

/* Trains and compares; the values afterwards, which the caller frees. */
static float *run(const torch_fixture *all, const char *name, const char *words,
                  size_t n_threads, size_t *n_values)
{
    twin t = {.all = all, .name = name, .words = words};
    float terms[BW_MAX_TERMS][N_STEPS], *values;
    bw_error err = BW_ERROR_INIT;
    bw_wae_learner *learner;
    bw_tasks *tasks;

    cr_assert_eq(bw_tasks_create(n_threads, &tasks, &err), BW_OK);
    set_items(&t);
    set_numbers(&t);
    make_model(&t);
    make_training(&t, tasks);
    cr_assert_eq(bw_wae_learner_create(&t.training, &learner, &err), BW_OK,
                 "%s: %s", name, err.text);
    take_steps(&t, bw_wae_learner_get(learner), terms);
    check_terms(&t, bw_wae_learner_get(learner), terms);
    check_values(&t);
    *n_values = t.wae->model->n_values;
    values = malloc(*n_values * sizeof *values);
    cr_assert(values != NULL);
    memcpy(values, t.wae->model->values, *n_values * sizeof *values);
    bw_wae_learner_destroy(learner);
    bw_wae_destroy(t.wae);
    bw_tasks_destroy(tasks);
    free(t.items.values);
    return values;
}

static void check_case(const char *name)
{
    torch_fixture all;
    size_t n, n_again;
    char key[64];

    torch_open("torch_wae.safetensors", &all);
    snprintf(key, sizeof key, "case.%s", name);
    const char *words = bw_reader_meta(all.reader, key);
    cr_assert_not_null(words, "no %s", key);
    float *one = run(&all, name, words, 1, &n);
    float *two = run(&all, name, words, 2, &n_again);
    cr_expect(n == n_again && memcmp(one, two, n * sizeof *one) == 0,
              "%s: other values by two threads", name);
    free(one);
    free(two);
    torch_close(&all);
}

Test(torch_wae, adversarial)
{
    check_case("adversarial");
}

Test(torch_wae, mmd)
{
    check_case("mmd");
}

Test(torch_wae, variational)
{
    check_case("variational");
}

Test(torch_wae, adversary_with_the_priors_density)
{
    check_case("density");
}

Test(torch_wae, mmd_by_the_median)
{
    check_case("median");
}

Test(torch_wae, mmd_of_gaussian_codes)
{
    check_case("cube");
}

Test(torch_wae, no_penalty)
{
    check_case("plain");
}
