/* test_train.c - the training loop: order of examples, rates, rows of the log,
 * validation, what stops it, what it refuses. Checkpoints: test_checkpoint.c.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <sys/stat.h>

#include "model/train_log.h"
#include "raw_file.h"
#include "toy_learner.h"

static toy t;
static bw_train_options options;
static bw_train_result result;
static bw_error err = BW_ERROR_INIT;

static void enter(void)
{
    raw_enter();
    options = toy_options();
}

static void leave(void)
{
    toy_free(&t);
    raw_leave();
}

TestSuite(train, .init = enter, .fini = leave);

static bw_status run(void)
{
    return bw_train_run(&t.learner, &options, &result, &err);
}

/* ---- order ---- */

Test(train, an_epoch_goes_through_all_examples_once_in_the_seeds_order)
{
    size_t step = 0;

    toy_make(&t, 10, false);
    OK(run());
    cr_assert_eq(t.n_steps, 12);
    for (uint64_t epoch = 0; epoch < 4; epoch++) {
        size_t order[10], seen = 0;
        bw_random random;

        for (size_t k = 0; k < 10; k++)
            order[k] = k;
        bw_random_init(&random, 3, BW_RANDOM_ORDER, epoch);
        bw_random_shuffle(&random, 10, order);
        for (size_t b = 0; b < 3; b++, step++) {
            cr_expect_eq(t.n[step], b < 2 ? 4 : 2);
            cr_expect_eq(t.at[step].step, step + 1);
            cr_expect_eq(t.at[step].epoch, epoch);
            for (size_t k = 0; k < t.n[step]; k++)
                cr_expect_eq(t.example[step][k], order[seen++]);
        }
        cr_expect_eq(seen, 10);
    }
    cr_expect_eq(result.steps, 12);
    cr_expect_eq(result.epochs, 4);
    cr_expect_eq(result.best_epoch, 0);
    cr_expect_not(result.stopped_early);
}

Test(train, steps_end_a_run_inside_an_epoch)
{
    toy_make(&t, 10, true);
    options.epochs = 0;
    options.steps = 5;
    OK(run());
    cr_expect_eq(result.steps, 5);
    cr_expect_eq(result.epochs, 1);
    cr_expect_eq(t.n_validations, 2);
    options.epochs = 1; /* whichever comes first */
    OK(run());
    cr_expect_eq(result.steps, 3);
    options.epochs = UINT64_MAX;
    OK(run());
    cr_expect_eq(result.steps, 5);
}

Test(train, a_batch_past_all_examples_is_all_of_them)
{
    toy_make(&t, 7, false);
    options.batch = UINT64_MAX;
    OK(run());
    cr_expect_eq(result.steps, 4);
    cr_expect_eq(t.n[0], 7);
}

/* ---- rates ---- */

Test(train, the_schedule_runs_over_the_run)
{
    toy_make(&t, 10, false);
    options.schedule =
        (bw_schedule){.kind = BW_SCHEDULE_LINEAR, .factor = 0.25};
    OK(run());
    for (size_t k = 0; k < 12; k++)
        cr_expect_float_eq(t.at[k].rate_factor, 1 - 0.75 * (double)k / 12,
                           1e-12);
}

Test(train, a_plateau_lowers_the_rate)
{
    static const double total[] = {5, 6, 4, 5, 5, 5, 5, 3};
    static const double factor[] = {1, 1, 1, 1, 1, 0.5, 0.5, 0.25};
    toy_make(&t, 10, true);
    t.n_totals = 8;
    t.total = total;
    options.epochs = 8;
    options.schedule = (bw_schedule){
        .kind = BW_SCHEDULE_PLATEAU, .factor = 0.5, .patience = 2};
    OK(run());
    for (size_t epoch = 0; epoch < 8; epoch++)
        cr_expect_float_eq(t.at[3 * epoch].rate_factor, factor[epoch], 1e-12,
                           "epoch %zu", epoch);
    cr_expect_eq(result.best_epoch, 8);
}

/* ---- validation ---- */

Test(train, the_best_epochs_values_come_back)
{
    static const double total[] = {5, 2, 3, 2};
    float values[TOY_VALUES];

    toy_make(&t, 10, false);
    options.epochs = 2;
    /* The same schedule of rates: constant. */
    OK(run());
    memcpy(values, t.model->values, sizeof values);
    toy_free(&t);
    toy_make(&t, 10, true);
    t.n_totals = 4;
    t.total = total;
    options.epochs = 4;
    OK(run());
    cr_expect_eq(result.best_epoch, 2); /* of equals the first */
    cr_expect_float_eq(result.best, 2, 1e-12);
    cr_expect_arr_eq(t.model->values, values, sizeof values);
    cr_expect_eq(t.n_loaded, 1);
    cr_expect_not(result.stopped_early);
}

Test(train, patience_ends_a_run)
{
    static const double total[] = {5, 6, 4, 4, 5, 3, 2};
    toy_make(&t, 10, true);
    t.n_totals = 7;
    t.total = total;
    options.epochs = 7;
    options.patience = 2;
    OK(run());
    cr_expect_eq(result.epochs, 5);
    cr_expect_eq(result.steps, 15);
    cr_expect_eq(result.best_epoch, 3);
    cr_expect(result.stopped_early);
}

/* Stopped and resumed in between: the checkpoint has no best values. */
Test(train, keep_last_leaves_the_last_epochs_values)
{
    static const double total[] = {5, 2, 3, 4};
    float values[TOY_VALUES];

    toy_make(&t, 10, false);
    OK(run());
    memcpy(values, t.model->values, sizeof values);
    toy_free(&t);
    toy_make(&t, 10, true);
    t.n_totals = 4;
    t.total = total;
    t.stop_after_step = 8;
    options.keep_last = true;
    options.patience = 1;
    options.checkpoint = "c.st.zst";
    cr_assert_eq(run(), BW_ERR_INTERRUPTED);
    t.stop_after_step = 0;
    options.resume = true;
    OK(run());
    cr_expect_eq(result.epochs, 4);
    cr_expect_eq(result.best_epoch, 2);
    cr_expect_not(result.stopped_early);
    cr_expect_arr_eq(t.model->values, values, sizeof values);
}

Test(train, pictures_come_once_an_epoch_into_a_new_folder)
{
    struct stat info;

    toy_make(&t, 10, false);
    options.pictures = "seen";
    OK(run());
    cr_expect_eq(t.n_pictures, 4);
    cr_expect_eq(stat("seen/1", &info), 0);
    cr_expect_eq(stat("seen/4", &info), 0);
    options.pictures = "seen/1";
    FAILS(run(), BW_ERR_IO, "seen/1: Not a directory");
    options.pictures = "not/there";
    FAILS(run(), BW_ERR_IO, "not/there: No such file or directory");
}

/* ---- the log ---- */

/* The next line without its newline; NULL at the end. */
static char *next_line(char **text)
{
    char *line = *text, *end = strchr(line, '\n');

    if (*line == '\0')
        return NULL;
    cr_assert_not_null(end, "an unfinished line: %s", line);
    *end = '\0';
    *text = end + 1;
    return line;
}

static char *read_text(const char *name)
{
    size_t n;
    unsigned char *bytes = raw_read(name, &n);

    bytes[n] = '\0';
    return (char *)bytes;
}

/* Rows of 10 examples in 3 steps, 2 steps a row: at steps 2 and 3 of the first
 * epoch, 4 and 6 of the second. */
Test(train, rows_are_means_over_the_examples_since_the_last)
{
    static const unsigned step[] = {2, 3, 3, 4, 6, 6};
    char *text, *at, *line;
    size_t n_rows = 0;

    toy_make(&t, 10, true);
    options.epochs = 2;
    options.log = "log.tsv";
    options.log_every = 2;
    OK(run());
    at = text = read_text("log.tsv");
    line = next_line(&at);
    cr_assert_eq(strncmp(line, toy_columns, strlen(line)), 0, "%s", line);
    while ((line = next_line(&at)) != NULL) {
        char set[16];
        unsigned row_step, epoch;
        double v[8];

        cr_assert_eq(sscanf(line, "%15s %u %u %lf %lf %lf %lf %lf %lf %lf %lf",
                            set, &row_step, &epoch, v, v + 1, v + 2, v + 3,
                            v + 4, v + 5, v + 6, v + 7),
                     11, "%s", line);
        cr_assert_lt(n_rows, 6);
        cr_expect_eq(row_step, step[n_rows]);
        cr_expect_eq(epoch, n_rows < 3 ? 1 : 2);
        cr_expect_str_eq(set, n_rows % 3 == 2 ? "validation" : "train");
        cr_expect_float_eq(v[3], 0.01 * v[2], 1e-7);
        cr_expect_gt(v[4], 0); /* of weight 0: no part of the total */
        cr_expect_float_eq(v[5], v[1] + v[3], 1e-6);
        n_rows++;
    }
    cr_expect_eq(n_rows, 6);
    free(text);
}

/* Steps that tell their own number: the mean weighs them by their examples. */
static bw_status count_step(void *self, const uint32_t *example, size_t n,
                            const bw_step *at, double *terms, bw_error *unused)
{
    (void)self;
    (void)example;
    (void)n;
    (void)unused;
    terms[0] = (double)at->step;
    return BW_OK;
}

Test(train, a_partial_batch_weighs_less)
{
    static const char expected[] = "train\t3\t1\t1\t1.8\t0\t0\t0\t1.8\t";
    char *text;

    toy_make(&t, 10, false);
    t.learner.step = count_step;
    options.epochs = 1;
    options.log = "log.tsv";
    OK(run());
    text = read_text("log.tsv"); /* (4 * 1 + 4 * 2 + 2 * 3) / 10 */
    cr_expect_not_null(strstr(text, expected), "%s", text);
    free(text);
}

Test(train, the_logs_head_tells_what_it_is_of)
{
    static const char head[] = "# toy " PACKAGE_VERSION "\n"
                               "# argv [\"train\",\"--name=a\\nb\"]\n"
                               "# seed 3\n"
                               "# input 00000000000000ab \"digits.st.zst\"\n"
                               "set\tstep\t";
    const char *const argv[] = {"train", "--name=a\nb"};
    uint64_t seed = 3;
    char *text;

    toy_make(&t, 10, false);
    options.log = "log.tsv";
    options.provenance = bw_provenance_create("toy", 2, argv, &seed);
    cr_assert_not_null(options.provenance);
    OK(bw_provenance_add_input(options.provenance, "digits.st.zst", 0xab, NULL,
                               &err));
    OK(run());
    text = read_text("log.tsv");
    cr_expect_eq(strncmp(text, head, strlen(head)), 0, "%s", text);
    free(text);
    bw_provenance_destroy(options.provenance);
}

Test(train, a_lost_log_is_an_error)
{
    toy_make(&t, 10, false);
    options.log = "/dev/full";
    FAILS(run(), BW_ERR_IO, "/dev/full: No space left on device");
    cr_expect_eq(t.n_steps, 0);
    options.log = "not/there";
    FAILS(run(), BW_ERR_IO, "not/there: No such file or directory");
}

/* ---- what stops it ---- */

Test(train, a_term_that_is_no_number_stops_the_run)
{
    toy_make(&t, 10, true);
    t.nan_in_step = 8;
    FAILS(run(), BW_ERR_RANGE,
          "step 8 (epoch 3): size is not finite; no checkpoint was written");
    cr_expect_eq(t.n_steps, 8);
    options.checkpoint = "c.st.zst";
    options.checkpoint_every = 1;
    FAILS(run(), BW_ERR_RANGE,
          "step 8 (epoch 3): size is not finite; checkpoint c.st.zst holds "
          "step 7");
}

Test(train, validation_that_is_no_number_stops_the_run)
{
    toy_make(&t, 10, true);
    t.is_validation_nan = true;
    FAILS(run(), BW_ERR_RANGE,
          "step 3 (epoch 1): validation: square is not finite; no checkpoint "
          "was written");
}

Test(train, values_that_are_no_numbers_are_not_kept)
{
    toy_make(&t, 10, false);
    t.break_in_step = 12; /* the last: no term shows it */
    FAILS(run(), BW_ERR_RANGE,
          "step 12 (epoch 4): a value of the model is not finite; no "
          "checkpoint was written");
    toy_free(&t);
    toy_make(&t, 10, false);
    t.break_in_step = 6;
    options.checkpoint = "c.st.zst";
    FAILS(run(), BW_ERR_RANGE,
          "step 6 (epoch 2): a value of the model is not finite; checkpoint "
          "c.st.zst holds step 3");
}

Test(train, a_stop_ends_after_the_step_under_way)
{
    toy_make(&t, 10, false);
    t.stop_after_step = 5;
    FAILS(run(), BW_ERR_INTERRUPTED, "interrupted after step 5");
    cr_expect_eq(t.n_steps, 5);
    t.n_steps = 0;
    options.checkpoint = "c.st.zst";
    FAILS(run(), BW_ERR_INTERRUPTED,
          "interrupted after step 5; checkpoint c.st.zst holds it");
}

Test(train, a_step_that_is_stopped_was_not_made)
{
    toy_make(&t, 10, false);
    t.stop_in_step = 5;
    options.checkpoint = "c.st.zst";
    FAILS(run(), BW_ERR_INTERRUPTED,
          "interrupted after step 4; checkpoint c.st.zst holds it");
}

Test(train, what_the_learner_says_goes_up)
{
    toy_make(&t, 10, false);
    t.fail_in_step = 2;
    FAILS(run(), BW_ERR_DIMENSION, "toy: does not fit");
}

Test(train, options_that_cannot_be_are_refused)
{
    toy_make(&t, 10, false);
    options.epochs = 0;
    FAILS(run(), BW_ERR_USAGE, "neither epochs nor steps to train for");
    options = toy_options();
    options.batch = 0;
    FAILS(run(), BW_ERR_USAGE, "a batch of no examples");
    options = toy_options();
    options.patience = 1;
    FAILS(run(), BW_ERR_USAGE, "patience needs examples for validation");
    options = toy_options();
    options.schedule.kind = BW_SCHEDULE_PLATEAU;
    FAILS(run(), BW_ERR_USAGE,
          "a plateau schedule needs examples for validation");
    options = toy_options();
    options.resume = true;
    FAILS(run(), BW_ERR_USAGE, "resume without a checkpoint");
    options = toy_options();
    options.checkpoint = "-";
    FAILS(run(), BW_ERR_USAGE, "a checkpoint cannot go to standard output");
    options = toy_options();
    t.learner.n_examples = 0;
    FAILS(run(), BW_ERR_RANGE, "0 things to train on");
    cr_expect_eq(t.n_steps, 0);
}
