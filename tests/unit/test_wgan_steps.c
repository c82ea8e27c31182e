/* test_wgan_steps.c - what a step of generator and critic promises besides its
 * gradients: clip and average, fakes of a critic alone, nothing done by what is
 * not finite, nothing allocated, the same bytes for any number of threads and
 * after a resume, validation, and an estimate that comes near the exact
 * distance from below. */
#include "config.h"

#include <stdio.h>

#include "allocations.h"
#include "model/wgan_learner.h"
#include "raw_file.h"
#include "wgan_case.h"

TestSuite(wgan_steps, RAW_FOLDER);

/* Everything that keeps state: noise, batch statistics. */
static const char deep_generator[] =
    "dense 8\nbatchnorm\nrelu\ndense 12\nsigmoid\nreshape 4 3 1\n";
static const char deep_critic[] =
    "noise 0.1\nconv 4 3x3 stride 2\nbatchnorm\nrelu\nflatten\ndense 1\n";
static const char linear_critic[] =
    "conv 4 3x3 stride 2\nleakyrelu 0.2\nflatten\ndense 1\n";

/* Every kind of run: loss, bound, and what goes with them. */
enum { N_KINDS = 6 };

static wgan_case case_of(size_t kind)
{
    wgan_case c = {.generator = deep_generator,
                   .critic = deep_critic,
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
        c.critic = linear_critic;
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
        c.critic = linear_critic;
        c.has_warm_up = true;
        break;
    default:
        c.is_alone = true;
        c.lipschitz = (bw_lipschitz){BW_LIPSCHITZ_GP, 10, false};
        c.critic = linear_critic;
        break;
    }
    return c;
}

static bool same(size_t n, const float *a, const float *b)
{
    return memcmp(a, b, n * sizeof *a) == 0;
}

static float *copy_of(size_t n, const float *values)
{
    float *copy = malloc((n + 1) * sizeof *copy);

    memcpy(copy, values, n * sizeof *copy);
    return copy;
}

/* ---- clip and average ---- */

/* Against the same step without the cut. */
Test(wgan_steps, clip_cuts_all_trained_values_after_the_step)
{
    wgan_case c[2] = {{.lipschitz.kind = BW_LIPSCHITZ_NONE},
                      {.lipschitz.value = 0.05}};
    double terms[2][BW_MAX_TERMS];
    size_t n_cut = 0;

    for (int k = 0; k < 2; k++) {
        c[k].critic_rate = 0.5;
        c[k].critic_steps = 2;
        wgan_case_make(&c[k]);
        learner_case_step(c[k].l, 1, terms[k]);
    }
    const bw_model_part *critic = c[0].wgan->critic;
    size_t n = bw_network_n_trained(critic->network);
    for (size_t k = 0; k < n; k++) {
        float free_one = c[0].wgan->model->values[critic->offset + k];
        float cut = c[1].wgan->model->values[critic->offset + k];
        float want = fminf(fmaxf(free_one, -0.05F), 0.05F);
        n_cut += fabsf(free_one) > 0.05F;
        cr_assert(!(fabsf(cut - want) > 0), "%zu: %g, not %g", k, (double)cut,
                  (double)want);
    }
    cr_assert_gt(n_cut, n / 10);
    cr_assert_lt(n_cut, n);
    cr_assert_float_eq(learner_case_term(c[1].l, terms[1], "clipped"),
                       (double)n_cut / (double)n, 1e-12);
    wgan_case_clear(&c[0]);
    wgan_case_clear(&c[1]);
}

static const bw_state_block *block_of(const wgan_case *c, const char *name)
{
    for (size_t b = 0; b < c->l->n_blocks; b++)
        if (strcmp(c->l->block[b].name, name) == 0)
            return &c->l->block[b];
    cr_assert_fail("no block %s", name);
    return NULL;
}

/* Of the generator's values after each of its own steps, running statistics
 * and all; its model takes them at the end. */
Test(wgan_steps, average_of_the_generators_steps)
{
    wgan_case c = case_of(0);
    double terms[BW_MAX_TERMS];

    wgan_case_make(&c);
    const bw_model_part *part = c.wgan->generator;
    size_t n = bw_network_n_values(part->network);
    const float *w = c.wgan->model->values + part->offset;
    float *average = copy_of(n, w), *before = copy_of(n, w);
    for (uint64_t t = 1; t <= 6; t++) {
        learner_case_step(c.l, t, terms);
        for (size_t k = 0; t % 2 == 0 && k < n; k++)
            average[k] = 0.9F * average[k] + (1 - 0.9F) * w[k];
    }
    const bw_state_block *block = block_of(&c, "ema");
    cr_assert_eq(block->n, n);
    for (size_t k = 0; k < n; k++)
        cr_assert_float_eq((double)block->values[k], (double)average[k], 1e-6);
    cr_assert(!same(n, before, w));
    bw_wgan_learner_finish(c.learner);
    cr_assert(same(n, block->values, w));
    free(average);
    free(before);
    wgan_case_clear(&c);
}

/* After the end the critic's weights are those that act. */
Test(wgan_steps, spectral_weights_are_the_models_at_the_end)
{
    wgan_case c = case_of(2);
    double terms[BW_MAX_TERMS];

    wgan_case_make(&c);
    for (uint64_t t = 1; t <= 5; t++)
        learner_case_step(c.l, t, terms);
    const bw_model_part *part = c.wgan->critic;
    size_t n_parameters = bw_network_n_parameters(part->network);
    const bw_parameter *last =
        bw_network_parameter(part->network, n_parameters - 2);
    cr_assert_eq(last->role, BW_ROLE_WEIGHT);
    cr_assert_eq(last->shape[0], 1);
    const float *w = c.wgan->model->values + part->offset + last->offset;
    double raw = 0, acting = 0;
    for (size_t k = 0; k < last->n; k++)
        raw += pow((double)w[k], 2);
    bw_wgan_learner_finish(c.learner);
    for (size_t k = 0; k < last->n; k++)
        acting += pow((double)w[k], 2);
    cr_assert_gt(fabs(raw - 1), 1e-3);
    cr_assert_float_eq(acting, 1, 0.01, "%g", acting);
    wgan_case_clear(&c);
}

/* ---- a critic alone ---- */

/* Each turn through the fakes takes each of them once: with all items the same,
 * the difference of a linear critic tells their sum. */
Test(wgan_steps, a_critic_alone_takes_fakes_turn_by_turn)
{
    wgan_case c = {.is_alone = true,
                   .critic = "flatten\ndense 1\n",
                   .lipschitz.kind = BW_LIPSCHITZ_NONE,
                   .batch = 5};
    bw_error err = BW_ERROR_INIT;
    double terms[BW_MAX_TERMS], seen = 0, all = 0, first[2];

    wgan_case_make(&c);
    memset(c.items.values, 0, CASE_ITEMS * CASE_SIZE * sizeof(float));
    cr_assert_eq(c.against.n, 10);
    const float *w = c.wgan->model->values;
    for (size_t k = 0; k < 10 * CASE_SIZE; k++)
        all += (double)w[k % CASE_SIZE] * (double)c.against.values[k];
    /* Epochs of 13 items in batches of 5, 5 and 3; turns of 10 fakes. */
    for (uint64_t t = 1; t <= 4; t++) {
        const uint32_t example[] = {0, 1, 2, 3, 4};
        bw_step at = {.step = t, .epoch = (t - 1) / 3, .rate_factor = 1};
        size_t n = t == 3 ? 3 : 5;
        cr_assert(!c.l->step(c.l->self, example, n, &at, terms, &err));
        seen -= (double)n * learner_case_term(c.l, terms, "difference");
        if (t < 3)
            first[t - 1] = learner_case_term(c.l, terms, "difference");
        if (t == 2)
            cr_assert_float_eq(seen, all, 1e-4, "%g %g", seen, all);
    }
    cr_assert_gt(fabs(first[0] - first[1]), 1e-4);
    wgan_case_clear(&c);
}

/* ---- what is not finite ---- */

static void check_untouched(wgan_case *c, uint64_t step, const char *bad)
{
    size_t n = c->wgan->model->n_values, n_blocks = c->l->n_blocks;
    float *copy = copy_of(n, c->wgan->model->values), *block[8];
    double terms[BW_MAX_TERMS];

    for (size_t b = 0; b < n_blocks; b++)
        block[b] = copy_of(c->l->block[b].n, c->l->block[b].values);
    learner_case_step(c->l, step, terms);
    cr_assert(!isfinite(learner_case_term(c->l, terms, bad)), "%s", bad);
    cr_assert(same(n, copy, c->wgan->model->values), "%s", bad);
    for (size_t b = 0; b < n_blocks; b++) {
        cr_assert(same(c->l->block[b].n, block[b], c->l->block[b].values),
                  "%s: %s", bad, c->l->block[b].name);
        free(block[b]);
    }
    free(copy);
}

Test(wgan_steps, nothing_is_updated_by_what_is_not_finite)
{
    for (size_t kind = 0; kind < N_KINDS; kind++) {
        wgan_case c = case_of(kind);
        double terms[BW_MAX_TERMS];

        wgan_case_make(&c);
        learner_case_step(c.l, 1, terms);
        /* All items: whichever the step takes. */
        for (size_t i = 0; i < CASE_ITEMS; i++)
            c.items.values[i * CASE_SIZE + 5] = NAN;
        check_untouched(&c, 2, "difference");
        wgan_case_clear(&c);
    }
}

/* The critic's step was good; its moments and values come back all the same. */
Test(wgan_steps, a_generator_that_overflows_takes_the_critics_step_back)
{
    for (size_t kind = 0; kind < N_KINDS - 1; kind++) {
        wgan_case c = case_of(kind);
        double terms[BW_MAX_TERMS];

        c.critic_steps = 1;
        c.has_warm_up = false;
        c.lipschitz.value = 1e30;
        if (c.lipschitz.kind == BW_LIPSCHITZ_GP)
            c.lipschitz.value = 1;
        wgan_case_make(&c);
        learner_case_step(c.l, 1, terms);
        c.training.critic_rate = 3e38;
        check_untouched(&c, 2, "generator");
        wgan_case_clear(&c);
    }
}

Test(wgan_steps, a_huge_rate_stops_the_run_with_the_checkpoint_of_a_good_step)
{
    wgan_case c = case_of(1);
    bw_train_options options = {.tool = "test",
                                .steps = 50,
                                .batch = 8,
                                .seed = 3,
                                .checkpoint = "c.st.zst",
                                .checkpoint_every = 1};
    bw_train_result result;
    bw_error err = BW_ERROR_INIT;
    bw_wgan *kept;

    c.rate = c.critic_rate = 1e15;
    wgan_case_make(&c);
    cr_assert_eq(bw_train_run(c.l, &options, &result, &err), BW_ERR_RANGE);
    cr_assert(strstr(err.text, "is not finite; checkpoint c.st.zst holds step"),
              "%s", err.text);
    cr_assert(!bw_wgan_open("c.st.zst", &kept, &err), "%s", err.text);
    bw_wgan_destroy(kept);
    wgan_case_clear(&c);
}

/* Batch statistics without spread. */
Test(wgan_steps, a_batch_of_one_item)
{
    for (size_t kind = 0; kind < N_KINDS; kind++) {
        const uint32_t example[] = {2};
        bw_step at = {.step = 1, .rate_factor = 1};
        bw_error err = BW_ERROR_INIT;
        double terms[BW_MAX_TERMS];
        wgan_case c = case_of(kind);

        c.batch = 1;
        wgan_case_make(&c);
        for (; at.step <= 3; at.step++) {
            at.epoch = (at.step - 1) / CASE_ITEMS;
            cr_assert(!c.l->step(c.l->self, example, 1, &at, terms, &err));
            for (size_t q = 0; q < c.l->n_terms; q++)
                cr_assert(isfinite(terms[q]), "%s", c.l->term[q].name);
        }
        for (size_t q = 0; q < c.wgan->model->n_values; q++)
            cr_assert(isfinite(c.wgan->model->values[q]));
        wgan_case_clear(&c);
    }
}

/* ---- room ---- */

#ifndef HAS_OWN_MALLOC
/* But for the exact distance, and oneDNN's lists of arguments. */
Test(wgan_steps, steps_allocate_nothing)
{
    static const char *const generator = "dense 8\nbatchnorm\nrelu\ndense 12\n";
    static const char *const critic[] = {
        "flatten\ndense 8\nbatchnorm\nrelu\ndense 1\n",
        "flatten\ndense 8\nleakyrelu 0.2\ndense 1\n"};

    for (size_t kind = 0; kind < N_KINDS; kind++) {
        wgan_case c = case_of(kind);
        double terms[BW_MAX_TERMS];

        c.generator = generator;
        c.critic = critic[c.critic == linear_critic];
        c.exact = false;
        c.n_threads = 2;
        wgan_case_make(&c);
        learner_case_step(c.l, 1, terms);
        learner_case_step(c.l, 2, terms);
        size_t n_before = atomic_load(&n_allocations);
        for (uint64_t t = 3; t < 7; t++)
            learner_case_step(c.l, t, terms);
        cr_assert_eq(atomic_load(&n_allocations), n_before, "kind %zu", kind);
        wgan_case_clear(&c);
    }
}
#endif

/* ---- the same bytes ---- */

static uint64_t stop_after, n_polls;

static int stop_in_time(void)
{
    return stop_after > 0 && n_polls++ >= stop_after;
}

enum { MOST_VALUES = 4096, MOST_LOG = 1 << 16 };

typedef struct outcome {
    float values[MOST_VALUES];
    char log[MOST_LOG]; /* without what takes time */
} outcome;

/* Rows but for their last two columns: items a second, seconds. */
static void read_log(char *log)
{
    FILE *file = fopen("run.tsv", "r");
    char line[1024];
    size_t n = 0;

    cr_assert_not_null(file);
    while (fgets(line, sizeof line, file)) {
        for (int k = 0; k < 2 && line[0] != '#' && strrchr(line, '\t'); k++)
            *strrchr(line, '\t') = '\0';
        n += (size_t)snprintf(log + n, MOST_LOG - n, "%s\n", line);
        cr_assert_lt(n, MOST_LOG);
    }
    fclose(file);
}

/* Values and log after a run; with `stop`, it is stopped after so many steps
 * and resumed by another learner. */
static void run(size_t kind, size_t n_threads, uint64_t stop, outcome *o)
{
    bw_train_options options = {.tool = "test",
                                .epochs = 3,
                                .batch = 4,
                                .seed = 3,
                                .keep_last = true,
                                .log = "run.tsv",
                                .log_every = 1,
                                .checkpoint = "run.st.zst"};
    wgan_case c = case_of(kind);
    bw_train_result result;
    bw_error err = BW_ERROR_INIT;

    c.n_threads = n_threads;
    c.validation = 3;
    c.batch = 4;
    remove("run.st.zst");
    remove("run.tsv");
    memset(o, 0, sizeof *o);
    stop_after = stop;
    n_polls = 0;
    options.stopped = stop_in_time;
    wgan_case_make(&c);
    cr_assert_lt(c.wgan->model->n_values, MOST_VALUES);
    bw_status status = bw_train_run(c.l, &options, &result, &err);
    cr_assert_eq(status, stop ? BW_ERR_INTERRUPTED : BW_OK, "%s", err.text);
    if (stop) {
        wgan_case_clear(&c);
        c.items = c.against = (bw_items){.n = 0};
        wgan_case_make(&c);
        stop_after = 0;
        options.resume = true;
        cr_assert(!bw_train_run(c.l, &options, &result, &err), "%s", err.text);
    }
    bw_wgan_learner_finish(c.learner);
    memcpy(o->values, c.wgan->model->values,
           c.wgan->model->n_values * sizeof *o->values);
    read_log(o->log);
    wgan_case_clear(&c);
}

Test(wgan_steps, same_bytes_for_any_threads_and_after_a_resume)
{
    static outcome first, second;

    for (size_t kind = 0; kind < N_KINDS; kind++) {
        run(kind, 1, 0, &first);
        cr_assert(strstr(first.log, "\nvalidation\t"));
        run(kind, 3, 0, &second);
        cr_assert(!memcmp(&first, &second, sizeof first), "kind %zu", kind);
        for (uint64_t stop = 2; stop < 9; stop += 3) {
            run(kind, 2, stop, &second);
            cr_assert(same(MOST_VALUES, first.values, second.values),
                      "kind %zu, stopped after %d", kind, (int)stop);
            cr_assert_str_eq(first.log, second.log);
        }
    }
}

/* ---- validation ---- */

/* Twice the same, and nothing of the run changes. */
Test(wgan_steps, validation_changes_nothing)
{
    for (size_t kind = 0; kind < N_KINDS; kind++) {
        wgan_case c = case_of(kind);
        bw_error err = BW_ERROR_INIT;
        double terms[2][BW_MAX_TERMS], unused[BW_MAX_TERMS];

        c.validation = 4;
        c.batch = 5;
        wgan_case_make(&c);
        learner_case_step(c.l, 1, unused);
        size_t n = c.wgan->model->n_values;
        float *copy = copy_of(n, c.wgan->model->values);
        for (int k = 0; k < 2; k++)
            cr_assert(!c.l->validate(c.l->self, terms[k], &err));
        cr_assert(!memcmp(terms[0], terms[1], c.l->n_terms * sizeof **terms));
        cr_assert(same(n, copy, c.wgan->model->values));
        cr_assert_gt(learner_case_term(c.l, terms[0], "gradient"), 0);
        cr_assert_gt(learner_case_term(c.l, terms[0], "slope"), 0);
        free(copy);
        wgan_case_clear(&c);
    }
}

Test(wgan_steps, terms_of_each_kind)
{
    static const char *const wanted[] = {
        "difference*-1 generator*0 slope*0 gradient*0 clipped*0 norm_critic*0 "
        "norm_generator*0 ",
        "difference*-1 penalty*10 generator*0 slope*0 gradient*0 norm_critic*0 "
        "norm_generator*0 exact*0 ",
        "difference*-1 generator*0 slope*0 gradient*0 norm_critic*0 "
        "norm_generator*0 ",
        "difference*0 entropy*1 generator*0 slope*0 gradient*0 norm_critic*0 "
        "norm_generator*0 ",
        "difference*0 entropy*1 penalty*1 generator*0 slope*0 gradient*0 "
        "norm_critic*0 norm_generator*0 ",
        "difference*-1 penalty*10 generator*0 slope*0 gradient*0 norm_critic*0 "
        "norm_generator*0 ",
    };

    for (size_t kind = 0; kind < N_KINDS; kind++) {
        wgan_case c = case_of(kind);
        char text[256] = "";

        wgan_case_make(&c);
        for (size_t k = 0; k < c.l->n_terms; k++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s*%g ",
                     c.l->term[k].name, c.l->term[k].weight);
        cr_assert_str_eq(text, wanted[kind]);
        wgan_case_clear(&c);
    }
}

/* ---- the estimate ---- */

/* Normal points of the line, the first set moved by 3: W1 is 3. A slope of
 * 1 + W1 / (2 lambda) is the best under the penalty, 1.015. One-sided, so that
 * no slope of the wrong sign is one to stay at. */
static void fill_line(bw_items *items, size_t n, double by, uint64_t stream)
{
    bw_random random;

    items_case_make(items, n, (bw_shape){1, 1, 1, true}, 0);
    bw_random_init(&random, 5, BW_RANDOM_TEST, stream);
    for (size_t k = 0; k < n; k++)
        items->values[k] = (float)(by + bw_random_normal(&random));
}

Test(wgan_steps, a_penalised_critic_comes_near_the_exact_distance)
{
    enum { N = 512 };
    wgan_case c = {.is_alone = true,
                   .critic = "dense 32\nrelu\ndense 32\nrelu\ndense 1\n",
                   .lipschitz = {BW_LIPSCHITZ_GP, 100, true},
                   .is_adam = true,
                   .validation = 128,
                   .batch = 64,
                   .critic_rate = 1e-3,
                   .exact = true};
    bw_train_options options = {.tool = "test",
                                .steps = 500,
                                .batch = 64,
                                .seed = 3,
                                .keep_last = true};
    bw_train_result result;
    bw_error err = BW_ERROR_INIT;
    double before[BW_MAX_TERMS], after[BW_MAX_TERMS];

    fill_line(&c.items, N, 3, 1);
    fill_line(&c.against, N, 0, 2);
    wgan_case_make(&c);
    cr_assert(!c.l->validate(c.l->self, before, &err));
    cr_assert(!bw_train_run(c.l, &options, &result, &err), "%s", err.text);
    cr_assert(!c.l->validate(c.l->self, after, &err));
    double exact = learner_case_term(c.l, after, "exact");
    double found = learner_case_term(c.l, after, "difference");
    double least = learner_case_term(c.l, before, "difference");
    cr_assert_float_eq(exact, 3, 0.3, "%g", exact);
    cr_assert_lt(least, 1.5, "%g", least);
    cr_assert_gt(found, 0.85 * exact, "%g of %g", found, exact);
    cr_assert_lt(found, 1.05 * exact, "%g of %g", found, exact);
    cr_assert_float_eq(learner_case_term(c.l, after, "gradient"), 1, 0.2);
    wgan_case_clear(&c);
}
