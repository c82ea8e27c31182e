/* test_wgan_steps.c - what a step of generator and critic promises besides its
 * gradients and updates: nothing done by what is not finite, nothing allocated,
 * the same bytes for any number of threads and after a resume, validation, and
 * an estimate that comes near the exact distance from below. */
#include "config.h"

#include <stdio.h>

#include "allocations.h"
#include "model/wgan_learner.h"
#include "raw_file.h"
#include "wgan_case.h"

TestSuite(wgan_steps, RAW_FOLDER);

/* ---- what is not finite ---- */

static void check_untouched(wgan_case *c, uint64_t step, const char *bad)
{
    size_t n = c->wgan->model->n_values, n_blocks = c->l->n_blocks;
    float *copy = wgan_case_copy(n, c->wgan->model->values), *block[8];
    double terms[BW_MAX_TERMS];

    for (size_t b = 0; b < n_blocks; b++)
        block[b] = wgan_case_copy(c->l->block[b].n, c->l->block[b].values);
    learner_case_step(c->l, step, terms);
    cr_assert(!isfinite(learner_case_term(c->l, terms, bad)), "%s", bad);
    cr_assert(wgan_case_same(n, copy, c->wgan->model->values), "%s", bad);
    for (size_t b = 0; b < n_blocks; b++) {
        cr_assert(
            wgan_case_same(c->l->block[b].n, block[b], c->l->block[b].values),
            "%s: %s", bad, c->l->block[b].name);
        free(block[b]);
    }
    free(copy);
}

Test(wgan_steps, nothing_is_updated_by_what_is_not_finite)
{
    for (size_t kind = 0; kind < WGAN_CASE_KINDS; kind++) {
        wgan_case c = wgan_case_of(kind);
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

/* The exact distance is not asked of fakes that are none. */
Test(wgan_steps, a_generator_that_is_no_number)
{
    wgan_case c = wgan_case_of(1);

    wgan_case_make(&c);
    c.wgan->model->values[c.wgan->generator->offset] = NAN;
    check_untouched(&c, 1, "exact");
    wgan_case_clear(&c);
}

/* The critic's step was good; its moments and values come back all the same. */
Test(wgan_steps, a_generator_that_overflows_takes_the_critics_step_back)
{
    for (size_t kind = 0; kind < WGAN_CASE_KINDS - 1; kind++) {
        wgan_case c = wgan_case_of(kind);
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
    wgan_case c = wgan_case_of(1);
    bw_error err = BW_ERROR_INIT;
    bw_wgan *kept;

    c.rate = c.critic_rate = 1e15;
    wgan_case_make(&c);
    learner_case_ruin(c.l);
    cr_assert(!bw_wgan_open("c.st.zst", &kept, &err), "%s", err.text);
    bw_wgan_destroy(kept);
    wgan_case_clear(&c);
}

/* Batch statistics without spread. */
Test(wgan_steps, a_batch_of_one_item)
{
    for (size_t kind = 0; kind < WGAN_CASE_KINDS; kind++) {
        const uint32_t example[] = {2};
        bw_step at = {.step = 1, .rate_factor = 1};
        bw_error err = BW_ERROR_INIT;
        double terms[BW_MAX_TERMS];
        wgan_case c = wgan_case_of(kind);

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
/* But for the exact distance. */
Test(wgan_steps, steps_allocate_nothing)
{
    static const char *const generator = "dense 8\nbatchnorm\nrelu\ndense 12\n";
    static const char *const critic[] = {
        "flatten\ndense 8\nbatchnorm\nrelu\ndense 1\n",
        "flatten\ndense 8\nleakyrelu 0.2\ndense 1\n"};

    for (size_t kind = 0; kind < WGAN_CASE_KINDS; kind++) {
        wgan_case c = wgan_case_of(kind);
        double terms[BW_MAX_TERMS];

        c.generator = generator;
        c.critic = critic[c.critic == wgan_case_linear_critic];
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
    wgan_case c = wgan_case_of(kind);
    bw_train_result result;
    bw_error err = BW_ERROR_INIT;

    c.n_threads = n_threads;
    c.validation = 3;
    c.batch = 4;
    c.stopped = stop_in_time;
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

    for (size_t kind = 0; kind < WGAN_CASE_KINDS; kind++) {
        run(kind, 1, 0, &first);
        cr_assert(strstr(first.log, "\nvalidation\t"));
        run(kind, 3, 0, &second);
        cr_assert(!memcmp(&first, &second, sizeof first), "kind %zu", kind);
        for (uint64_t stop = 2; stop < 9; stop += 3) {
            run(kind, 2, stop, &second);
            cr_assert(wgan_case_same(MOST_VALUES, first.values, second.values),
                      "kind %zu, stopped after %d", kind, (int)stop);
            cr_assert_str_eq(first.log, second.log);
        }
    }
}

static int at_once(void)
{
    return 1;
}

/* All values of the model and of the state, as they are. */
static float *state_of(const bw_learner *l, size_t *n)
{
    size_t n_all = l->model->n_values, at = n_all;

    for (size_t k = 0; k < l->n_blocks; k++)
        n_all += l->block[k].n;
    float *all = malloc((n_all + 1) * sizeof *all);
    cr_assert_not_null(all);
    memcpy(all, l->model->values, at * sizeof *all);
    for (size_t k = 0; k < l->n_blocks; k++) {
        memcpy(all + at, l->block[k].values, l->block[k].n * sizeof *all);
        at += l->block[k].n;
    }
    *n = n_all;
    return all;
}

Test(wgan_steps, a_stop_in_the_exact_distance_takes_the_step_back)
{
    for (size_t kind = 0; kind < WGAN_CASE_KINDS; kind++) {
        wgan_case c = wgan_case_of(kind);
        bw_step at = {.step = 3, .rate_factor = 1};
        bw_error err = BW_ERROR_INIT;
        double terms[BW_MAX_TERMS];
        size_t n;

        c.exact = true;
        wgan_case_make(&c);
        learner_case_step(c.l, 1, terms);
        learner_case_step(c.l, 2, terms);
        c.training.stopped = at_once;
        float *before = state_of(c.l, &n);
        cr_assert_eq(
            c.l->step(c.l->self, (uint32_t[]){1, 2}, 2, &at, terms, &err),
            BW_ERR_INTERRUPTED);
        float *after = state_of(c.l, &n);
        cr_assert(wgan_case_same(n, before, after), "kind %zu", kind);
        free(before);
        free(after);
        wgan_case_clear(&c);
    }
}

/* ---- validation ---- */

/* Twice the same, by the values as they are, and nothing of the run changes. */
Test(wgan_steps, validation_changes_nothing)
{
    for (size_t kind = 0; kind < WGAN_CASE_KINDS; kind++) {
        wgan_case c = wgan_case_of(kind);
        bw_error err = BW_ERROR_INIT;
        double terms[2][BW_MAX_TERMS], unused[BW_MAX_TERMS];

        c.validation = 4;
        c.batch = 5;
        wgan_case_make(&c);
        learner_case_step(c.l, 1, unused);
        size_t n = c.wgan->model->n_values;
        float *copy = wgan_case_copy(n, c.wgan->model->values);
        for (int k = 0; k < 2; k++) {
            cr_assert(!c.l->validate(c.l->self, terms[k], &err));
            c.l->loaded(c.l->self);
        }
        cr_assert(!memcmp(terms[0], terms[1], c.l->n_terms * sizeof **terms));
        cr_assert(wgan_case_same(n, copy, c.wgan->model->values));
        cr_assert_gt(learner_case_term(c.l, terms[0], "gradient"), 0);
        cr_assert_gt(learner_case_term(c.l, terms[0], "slope"), 0);
        free(copy);
        wgan_case_clear(&c);
    }
}

/* Figures of a critic alone over six items that are held out. */
static void validate_alone(size_t batch, bool has_nan, double *difference,
                           double *slope, double *gradient)
{
    wgan_case c = wgan_case_of(5);
    bw_error err = BW_ERROR_INIT;
    double terms[BW_MAX_TERMS];

    c.critic = wgan_case_critic;
    c.lipschitz.kind = BW_LIPSCHITZ_NONE;
    c.validation = 6;
    c.batch = batch;
    wgan_case_make(&c);
    if (has_nan)
        c.items.values[c.learner->split.held[0] * CASE_SIZE] = NAN;
    cr_assert(!c.l->validate(c.l->self, terms, &err));
    *difference = learner_case_term(c.l, terms, "difference");
    *slope = learner_case_term(c.l, terms, "slope");
    *gradient = learner_case_term(c.l, terms, "gradient");
    wgan_case_clear(&c);
}

/* Means of pairs, and the largest of slopes, however they are cut. */
Test(wgan_steps, validation_by_batches)
{
    double all[3], some[3];

    validate_alone(6, false, &all[0], &all[1], &all[2]);
    validate_alone(4, false, &some[0], &some[1], &some[2]);
    cr_assert_float_eq(some[0], all[0], 1e-6 * fabs(all[0]));
    cr_assert_float_eq(some[1], all[1], 1e-6 * all[1]);
    cr_assert(isfinite(some[2]));
    /* The second batch is sound. */
    validate_alone(4, true, &some[0], &some[1], &some[2]);
    cr_assert(isnan(some[0]));
    cr_assert(isnan(some[2]), "%g", some[2]);
}

/* The largest |f(x) - f(y)| / |x - y| of the pairs. */
Test(wgan_steps, slope_of_pairs)
{
    wgan_case c = wgan_case_of(5);
    double terms[BW_MAX_TERMS], wanted = 0;

    wgan_case_make(&c);
    learner_case_step(c.l, 1, terms);
    for (size_t k = 0; k < 5; k++) {
        const float *x = c.learner->pair + k * CASE_SIZE;
        const float *y = x + 5 * CASE_SIZE, *f = c.learner->score + k;
        double sum = 0;

        for (size_t i = 0; i < CASE_SIZE; i++)
            sum += pow((double)x[i] - (double)y[i], 2);
        wanted = fmax(wanted, fabs((double)f[0] - (double)f[5]) / sqrt(sum));
    }
    cr_assert_float_eq(learner_case_term(c.l, terms, "slope"), wanted,
                       1e-12 * wanted);
    wgan_case_clear(&c);
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

    for (size_t kind = 0; kind < WGAN_CASE_KINDS; kind++) {
        wgan_case c = wgan_case_of(kind);
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
