/* test_wae_steps.c - what a step of an auto-encoder promises besides its
 * gradient: the fit of moments before the first one, nothing done by what is
 * not finite, the same bytes for any number of threads and after a resume, and
 * validation. */
#include "config.h"

#include <stdio.h>

#include "model/wae_learner.h"
#include "raw_file.h"
#include "wae_case.h"

TestSuite(wae_steps, RAW_FOLDER);

static const bw_wae_penalty penalties[] = {BW_WAE_MMD, BW_WAE_GAN, BW_WAE_KL,
                                           BW_WAE_NONE};

/* Everything that keeps state: noise, batch statistics. */
static const char deep[] = "noise 0.1\nconv 4 3x3 stride 2\nbatchnorm\nrelu\n"
                           "flatten\ndense 3\n";
static const char deep_gaussian[] =
    "noise 0.1\nconv 4 3x3 stride 2\nbatchnorm\nrelu\nflatten\ndense 6\n";

static wae_case case_of(bw_wae_penalty penalty)
{
    bool is_gaussian = penalty == BW_WAE_KL;

    return (wae_case){
        .loss = {.scale = 0.7,
                 .penalty = penalty,
                 .lambda = 2,
                 .has_log_prior = penalty == BW_WAE_GAN},
        .is_gaussian = is_gaussian,
        .encoder = is_gaussian ? deep_gaussian : deep,
        .is_adam = true,
        .rate = 0.01,
    };
}

/* ---- moments ---- */

enum { N = 7, D = 3 };

Test(wae_steps, gradient_of_the_moments)
{
    float q[N * D], p[N * D], slope[N * D], none[N * D];
    double mean[2 * D], covariance[D * D];
    bw_random random;

    bw_random_init(&random, 4, BW_RANDOM_TEST, 0);
    for (size_t k = 0; k < N * D; k++) {
        q[k] = (float)(1 + 2 * bw_random_normal(&random));
        p[k] = (float)bw_random_normal(&random);
    }
    bw_wae_moments_loss(N, D, q, p, mean, covariance, slope);
    for (size_t k = 0; k < N * D; k++) {
        const float h = 1e-2F, x = q[k];
        q[k] = x + h;
        double up = bw_wae_moments_loss(N, D, q, p, mean, covariance, none);
        q[k] = x - h;
        double down = bw_wae_moments_loss(N, D, q, p, mean, covariance, none);
        q[k] = x;
        double want = (up - down) / (2 * (double)h);
        cr_assert_float_eq((double)slope[k], want, 1e-3, "%zu: %g, not %g", k,
                           (double)slope[k], want);
    }
}

/* Two points a side, by hand: means 1 and 3, variances 2 and 8. Room that was
 * used before is no matter. */
Test(wae_steps, loss_of_the_moments)
{
    const float q[] = {0, 2}, p[] = {1, 5};
    float slope[2];
    double mean[2] = {9, 7}, covariance[1] = {5};

    cr_assert_float_eq(bw_wae_moments_loss(2, 1, q, p, mean, covariance, slope),
                       4 + 36, 1e-12);
}

static double moments_now(const wae_case *c)
{
    bw_wae_pass *pass;
    bw_error err = BW_ERROR_INIT;
    float codes[CASE_ITEMS * CASE_D], p[CASE_ITEMS * CASE_D],
        slope[CASE_ITEMS * CASE_D];
    double mean[2 * CASE_D], covariance[CASE_D * CASE_D];

    bw_prior_draw(&c->wae->prior, 3, BW_RANDOM_TEST, 1, CASE_ITEMS, p);
    cr_assert(!bw_wae_pass_create(c->wae, 4, c->tasks, NULL, &pass, &err));
    cr_assert(
        !bw_wae_encode(pass, &c->items, 0, CASE_ITEMS, NULL, codes, &err));
    bw_wae_pass_destroy(pass);
    return bw_wae_moments_loss(CASE_ITEMS, CASE_D, codes, p, mean, covariance,
                               slope);
}

Test(wae_steps, moments_are_fitted_before_the_first_step_only)
{
    for (int is_gaussian = 0; is_gaussian < 2; is_gaussian++) {
        wae_case c = case_of(is_gaussian ? BW_WAE_KL : BW_WAE_MMD);
        double terms[BW_MAX_TERMS];

        c.encoder = NULL;
        c.moments_steps = 300;
        c.moments_sample = 1000;
        c.prior.scale = 3;
        wae_case_make(&c);
        size_t n = c.wae->model->n_values;
        float *copy = malloc(n * sizeof *copy);
        double before = moments_now(&c);
        cr_assert_gt(before, 2, "%g", before);
        memcpy(copy, c.wae->model->values, n * sizeof *copy);
        c.training.rate = 1e-6; /* a step that fits would need more */
        learner_case_step(c.l, 2, terms);
        cr_assert_lt(fabs(moments_now(&c) - before), 1e-3 * before);
        memcpy(c.wae->model->values, copy, n * sizeof *copy);
        c.training.rate = c.rate;
        learner_case_step(c.l, 1, terms);
        double after = moments_now(&c);
        cr_assert_lt(after, before / 2, "%g, %g", before, after);
        free(copy);
        wae_case_clear(&c);
    }
}

static int n_asked;

static int stop_at_third(void)
{
    return ++n_asked >= 3;
}

Test(wae_steps, an_interrupted_fit_changes_nothing)
{
    const uint32_t example[] = {0, 1};
    bw_step at = {.step = 1, .rate_factor = 1};
    bw_error err = BW_ERROR_INIT;
    double terms[BW_MAX_TERMS];
    wae_case c = case_of(BW_WAE_MMD);

    c.moments_steps = 10;
    c.moments_sample = 6;
    c.prior.scale = 5;
    c.stopped = stop_at_third;
    wae_case_make(&c);
    size_t n = c.wae->model->n_values;
    float *copy = malloc(n * sizeof *copy);
    memcpy(copy, c.wae->model->values, n * sizeof *copy);
    cr_assert_eq(c.l->step(c.l->self, example, 2, &at, terms, &err),
                 BW_ERR_INTERRUPTED);
    cr_assert_eq(n_asked, 3);
    cr_assert(!memcmp(copy, c.wae->model->values, n * sizeof *copy));
    for (size_t b = 0; b < c.l->n_blocks; b++)
        for (size_t k = 0;
             strcmp(c.l->block[b].name, "curves") != 0 && k < c.l->block[b].n;
             k++)
            cr_assert(!(fabsf(c.l->block[b].values[k]) > 0));
    free(copy);
    wae_case_clear(&c);
}

/* ---- what is not finite ---- */

static void check_untouched(wae_case *c, uint64_t step)
{
    size_t n = c->wae->model->n_values, n_block = c->l->block[0].n;
    float *copy = malloc(n * sizeof *copy);
    float *moments = malloc(n_block * sizeof *moments);
    double terms[BW_MAX_TERMS];
    bool is_finite = true;

    memcpy(copy, c->wae->model->values, n * sizeof *copy);
    memcpy(moments, c->l->block[0].values, n_block * sizeof *moments);
    learner_case_step(c->l, step, terms);
    for (size_t k = 0; k < c->l->n_terms; k++)
        is_finite = is_finite && isfinite(terms[k]);
    cr_assert(!is_finite);
    cr_assert(!memcmp(copy, c->wae->model->values, n * sizeof *copy));
    cr_assert(
        !memcmp(moments, c->l->block[0].values, n_block * sizeof *moments));
    free(copy);
    free(moments);
}

Test(wae_steps, nothing_is_updated_by_what_is_not_finite)
{
    for (size_t k = 0; k < 4; k++) {
        wae_case c = case_of(penalties[k]);
        double terms[BW_MAX_TERMS];

        wae_case_make(&c);
        learner_case_step(c.l, 1, terms);
        /* All items: whichever the step takes. */
        for (size_t i = 0; i < CASE_ITEMS; i++)
            c.items.values[i * CASE_SIZE + 5] = NAN;
        check_untouched(&c, 2);
        wae_case_clear(&c);
    }
}

/* A gradient past the largest float, of a loss that is finite. */
Test(wae_steps, a_gradient_that_overflows_updates_nothing)
{
    wae_case c = case_of(BW_WAE_NONE);

    c.decoder = "dense 12\n";
    c.loss.scale = 1e4;
    wae_case_make(&c);
    const bw_model_part *part = c.wae->decoder;
    for (size_t k = 0; k < bw_network_n_trained(part->network); k++)
        c.wae->model->values[part->offset + k] = 1e18F;
    double terms[BW_MAX_TERMS];
    check_untouched(&c, 1);
    learner_case_step(c.l, 1, terms);
    cr_assert(isfinite(terms[0]));
    wae_case_clear(&c);
}

Test(wae_steps, a_huge_rate_stops_the_run_with_the_checkpoint_of_a_good_step)
{
    wae_case c = case_of(BW_WAE_MMD);
    bw_error err = BW_ERROR_INIT;
    bw_wae *kept;

    c.rate = 1e30;
    wae_case_make(&c);
    learner_case_ruin(c.l);
    cr_assert(!bw_wae_open("c.st.zst", &kept, &err), "%s", err.text);
    bw_wae_destroy(kept);
    wae_case_clear(&c);
}

/* One item: no pairs for the statistic, batch statistics without spread. */
Test(wae_steps, a_batch_of_one_item)
{
    for (size_t k = 0; k < 4; k++) {
        const uint32_t example[] = {2};
        bw_step at = {.step = 1, .rate_factor = 1};
        bw_error err = BW_ERROR_INIT;
        double terms[BW_MAX_TERMS];
        wae_case c = case_of(penalties[k]);

        wae_case_make(&c);
        cr_assert(!c.l->step(c.l->self, example, 1, &at, terms, &err));
        for (size_t q = 0; q < c.l->n_terms; q++)
            cr_assert(isfinite(terms[q]), "%s", c.l->term[q].name);
        if (penalties[k] == BW_WAE_MMD)
            cr_assert(!(fabs(learner_case_term(c.l, terms, "mmd")) > 0));
        for (size_t q = 0; q < c.wae->model->n_values; q++)
            cr_assert(isfinite(c.wae->model->values[q]));
        wae_case_clear(&c);
    }
}

/* ---- the same bytes ---- */

static bw_train_options run_options(void)
{
    return (bw_train_options){.tool = "test",
                              .epochs = 3,
                              .batch = 4,
                              .seed = 3,
                              .checkpoint = "run.st.zst"};
}

static uint64_t stop_after, n_polls;

static int stop_in_time(void)
{
    return stop_after > 0 && n_polls++ >= stop_after;
}

static void keep(const wae_case *c, float *values, float *curves)
{
    const bw_state_block *last = &c->l->block[c->l->n_blocks - 1];

    memcpy(values, c->wae->model->values,
           c->wae->model->n_values * sizeof *values);
    cr_assert_str_eq(last->name, "curves");
    memcpy(curves, last->values, last->n * sizeof *curves);
}

enum { MOST_VALUES = 4096, MOST_CURVES = 8192 };

/* Values and curves after a run; with `stop`, it is stopped after so many steps
 * and resumed by another learner. */
static void run(bw_wae_penalty penalty, size_t n_threads, uint64_t stop,
                float *values, float *curves)
{
    wae_case c = case_of(penalty);
    bw_train_options options = run_options();
    bw_train_result result;
    bw_error err = BW_ERROR_INIT;

    c.n_threads = n_threads;
    c.validation = 3;
    c.batch = 4;
    c.moments_steps = 5;
    c.moments_sample = 6;
    remove("run.st.zst");
    stop_after = stop;
    n_polls = 0;
    options.stopped = stop_in_time;
    wae_case_make(&c);
    cr_assert_lt(c.wae->model->n_values, MOST_VALUES);
    cr_assert_lt(c.l->block[c.l->n_blocks - 1].n, MOST_CURVES);
    bw_status status = bw_train_run(c.l, &options, &result, &err);
    cr_assert_eq(status, stop ? BW_ERR_INTERRUPTED : BW_OK, "%s", err.text);
    if (stop) {
        bw_items items = c.items;
        c.items = (bw_items){.n = 0};
        wae_case_clear(&c);
        c.items = items;
        c.wae = NULL;
        wae_case_make(&c);
        stop_after = 0;
        options.resume = true;
        cr_assert(!bw_train_run(c.l, &options, &result, &err), "%s", err.text);
    }
    keep(&c, values, curves);
    wae_case_clear(&c);
}

Test(wae_steps, same_bytes_for_any_threads_and_after_a_resume)
{
    static float values[2][MOST_VALUES], curves[2][MOST_CURVES];

    for (size_t k = 0; k < 4; k++) {
        memset(values, 0, sizeof values);
        run(penalties[k], 1, 0, values[0], curves[0]);
        run(penalties[k], 3, 0, values[1], curves[1]);
        cr_assert(!memcmp(values[0], values[1], sizeof values[0]), "%zu", k);
        for (uint64_t stop = 1; stop < 9; stop += 2) {
            run(penalties[k], 2, stop, values[1], curves[1]);
            cr_assert(!memcmp(values[0], values[1], sizeof values[0]),
                      "penalty %zu, stopped after %d", k, (int)stop);
            cr_assert(!memcmp(curves[0], curves[1], sizeof curves[0]));
        }
    }
}

/* ---- validation ---- */

Test(wae_steps, validation_is_the_cost_of_the_items_held_out)
{
    wae_case c = case_of(BW_WAE_NONE);
    bw_error err = BW_ERROR_INIT;
    double terms[BW_MAX_TERMS], cost[CASE_ITEMS] = {0}, all = 0, off = HUGE_VAL;
    float codes[CASE_ITEMS * CASE_D], again[CASE_ITEMS * CASE_SIZE];
    bw_wae_pass *pass;

    c.validation = 12;
    c.batch = 5;
    wae_case_make(&c);
    cr_assert_eq(c.l->n_examples, 1);
    cr_assert(!c.l->validate(c.l->self, terms, &err));
    cr_assert(!bw_wae_pass_create(c.wae, 4, c.tasks, NULL, &pass, &err));
    cr_assert(!bw_wae_encode(pass, &c.items, 0, CASE_ITEMS, NULL, codes, &err));
    cr_assert(!bw_wae_decode(pass, CASE_ITEMS, codes, again, &err));
    for (size_t k = 0; k < CASE_ITEMS * CASE_SIZE; k++)
        cost[k / CASE_SIZE] +=
            pow((double)again[k] - (double)c.items.values[k], 2);
    for (size_t k = 0; k < CASE_ITEMS; k++)
        all += cost[k];
    /* The one item that is trained on is not in the mean. */
    for (size_t k = 0; k < CASE_ITEMS; k++)
        off = fmin(off, fabs((all - cost[k]) / 12 -
                             learner_case_term(c.l, terms, "cost")));
    cr_assert_lt(off, 1e-5 * all);
    cr_assert(!(learner_case_term(c.l, terms, "norm_encoder") > 0));
    bw_wae_pass_destroy(pass);
    wae_case_clear(&c);
}

/* Twice the same, and nothing of the model changes. */
Test(wae_steps, validation_changes_nothing)
{
    for (size_t k = 0; k < 4; k++) {
        wae_case c = case_of(penalties[k]);
        bw_error err = BW_ERROR_INIT;
        double first[BW_MAX_TERMS], second[BW_MAX_TERMS];

        c.validation = 0.5;
        wae_case_make(&c);
        size_t n = c.wae->model->n_values;
        float *copy = malloc(n * sizeof *copy);
        memcpy(copy, c.wae->model->values, n * sizeof *copy);
        cr_assert(!c.l->validate(c.l->self, first, &err));
        cr_assert(!c.l->validate(c.l->self, second, &err));
        cr_assert(!memcmp(first, second, c.l->n_terms * sizeof *first));
        cr_assert(!memcmp(copy, c.wae->model->values, n * sizeof *copy));
        free(copy);
        wae_case_clear(&c);
    }
}

Test(wae_steps, terms_of_each_penalty)
{
    static const char *const wanted[] = {
        "cost*0.7 mmd*2 norm_encoder*0 norm_decoder*0 ",
        ("cost*0.7 gan*2 adversary_codes*0 adversary_prior*0 norm_encoder*0 "
         "norm_decoder*0 norm_adversary*0 "),
        "cost*0.7 kl*2 norm_encoder*0 norm_decoder*0 ",
        "cost*0.7 norm_encoder*0 norm_decoder*0 ",
    };

    for (size_t k = 0; k < 4; k++) {
        wae_case c = case_of(penalties[k]);
        char text[256] = "";

        wae_case_make(&c);
        for (size_t q = 0; q < c.l->n_terms; q++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s*%g ",
                     c.l->term[q].name, c.l->term[q].weight);
        cr_assert_str_eq(text, wanted[k]);
        wae_case_clear(&c);
    }
}

/* ---- curves ---- */

/* A loss that is the epoch's number, over more epochs than there are points:
 * each point is the mean of its epochs. */
Test(wae_steps, curves_are_means_of_epochs_that_never_run_out)
{
    static const size_t n_epochs[] = {5, 1024, 1025, 3001};

    for (size_t k = 0; k < 4; k++) {
        wae_case c = case_of(BW_WAE_NONE);
        double all[BW_WAE_TERMS] = {0};

        wae_case_make(&c);
        const bw_wae_curves *curves = c.learner->curves;
        for (uint64_t epoch = 0; epoch < n_epochs[k]; epoch++)
            for (size_t step = 0; step < 2; step++) {
                all[BW_WAE_TERM_COST] = (double)(epoch + step) / 0.7;
                bw_wae_validate_note(c.learner, epoch, 3 - 2 * step, all);
            }
        size_t stride = (size_t)curves->stride;
        cr_assert_eq(stride, k < 2 ? 1 : k == 2 ? 2 : 4);
        cr_assert_eq((size_t)curves->n_points, (n_epochs[k] - 1) / stride);
        for (size_t i = 0; i < (size_t)curves->n_points; i++) {
            double want = (double)(i * stride) + (double)(stride - 1) / 2;
            cr_assert_float_eq((double)curves->point[BW_WAE_CURVE_COST][i],
                               want + 0.25, 1e-3, "%zu", i);
        }
        wae_case_clear(&c);
    }
}

/* ---- the adversary ---- */

/* Codes that are all one point have one logit t, and log(1 + e^-t) is what they
 * cost the model, log(1 + e^t) what they cost an adversary of the same values
 * that sees the same codes: probabilities that add up to 1. */
Test(wae_steps, the_adversary_sees_the_codes_of_the_step)
{
    wae_case c = case_of(BW_WAE_GAN);
    double terms[BW_MAX_TERMS];

    c.rate = 0.5;
    c.encoder = "flatten\ndense 3\n";
    wae_case_make(&c);
    memset(c.wae->model->values, 0,
           bw_network_n_trained(c.wae->encoder->network) * sizeof(float));
    learner_case_step(c.l, 1, terms);
    double sum = exp(-learner_case_term(c.l, terms, "gan")) +
                 exp(-learner_case_term(c.l, terms, "adversary_codes"));
    cr_assert_float_eq(sum, 1, 1e-6, "%g", sum);
    wae_case_clear(&c);
}
