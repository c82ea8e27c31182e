/* test_checkpoint.c - checkpoints of another run, another model, damaged ones,
 * and those that cannot be written, are refused. What they are for is in
 * test_train_killed.c. */
#include "config.h"

#include <criterion/criterion.h>

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

TestSuite(checkpoint, .init = enter, .fini = leave);

static bw_status run(void)
{
    return bw_train_run(&t.learner, &options, &result, &err);
}

static void stop_at(uint64_t step)
{
    t.stop_after_step = step;
    cr_assert_eq(run(), BW_ERR_INTERRUPTED, "%s", err.text);
    t.stop_after_step = 0;
}

Test(checkpoint, another_runs_checkpoint_is_refused)
{
    toy_make(&t, 10, false);
    options.checkpoint = "c.st.zst";
    options.resume = true;
    options.identity = "a=1 rate=0.5 b=2";
    stop_at(2);
    options.identity = "a=1 rate=0.25 b=2";
    FAILS(run(), BW_ERR_RANGE,
          "c.st.zst: belongs to another run: it has 'rate=0.5', this run has "
          "'rate=0.25'");
    options.identity = "a=1 b=2";
    FAILS(run(), BW_ERR_RANGE,
          "c.st.zst: belongs to another run: it has 'rate=0.5', this run has "
          "''");
    options.identity = "a=1 rate=0.5 b=2";
    options.batch = 5;
    FAILS(run(), BW_ERR_RANGE,
          "c.st.zst: belongs to another run: it has 'batch=4', this run has "
          "'batch=5'");
    options.batch = 4;
    t.learner.n_examples = 11;
    FAILS(run(), BW_ERR_RANGE,
          "c.st.zst: belongs to another run: it has 'examples=10', this run "
          "has 'examples=11'");
    t.learner.n_examples = 10;
    t.learner.validate = toy_validate;
    FAILS(run(), BW_ERR_RANGE,
          "c.st.zst: belongs to another run: it has 'validation=no', this run "
          "has 'validation=yes'");
}

Test(checkpoint, another_models_checkpoint_is_refused)
{
    bw_state_block short_block = {"moment", t.moment, TOY_VALUES - 1};
    bw_model *own;

    toy_make(&t, 10, false);
    options.checkpoint = "c.st.zst";
    options.resume = true;
    OK(bw_model_set(t.model, "scale", "1.5", &err));
    stop_at(2);
    OK(bw_model_set(t.model, "scale", "2.5", &err));
    FAILS(run(), BW_ERR_RANGE,
          "c.st.zst: metadata 'scale': belongs to another run: it has '1.5', "
          "this run has '2.5'");
    OK(bw_model_set(t.model, "scale", "1.5", &err));
    t.learner.block = &short_block;
    FAILS(run(), BW_ERR_FORMAT, "c.st.zst: tensor 'train.moment': 15, not 14");
    t.learner.n_blocks = 0;
    FAILS(run(), BW_ERR_FORMAT,
          "c.st.zst: tensor 'train.moment' is superfluous");
    own = bw_model_create("toy");
    OK(bw_model_add(own, "net", "dense 3\nrelu\n", "net",
                    (bw_shape){1, 1, 4, true}, 1.0, &err));
    OK(bw_model_seal(own, &err));
    t.learner.model = own;
    cr_expect_eq(run(), BW_ERR_RANGE);
    cr_expect_not_null(strstr(err.text, "metadata 'net.net'"), "%s", err.text);
    bw_model_destroy(own);
}

Test(checkpoint, an_unfinished_run_is_not_overwritten)
{
    bw_writer *writer;

    toy_make(&t, 10, false);
    options.checkpoint = "c.st.zst";
    stop_at(2);
    FAILS(run(), BW_ERR_RANGE,
          "c.st.zst: holds an unfinished run; continue it with --resume, or "
          "remove it");
    options.resume = true;
    OK(run());
    options.resume = false; /* it is finished now */
    OK(run());
    OK(bw_writer_create("model.st.zst", &writer, &err));
    OK(bw_model_put(t.model, NULL, writer, &err));
    OK(bw_writer_commit(writer, &err));
    bw_writer_destroy(writer);
    options.checkpoint = "model.st.zst";
    FAILS(run(), BW_ERR_FORMAT, "model.st.zst: no checkpoint");
    options.resume = true;
    FAILS(run(), BW_ERR_FORMAT, "model.st.zst: no checkpoint");
}

Test(checkpoint, a_damaged_checkpoint_is_refused)
{
    unsigned char *bytes;
    size_t n;

    toy_make(&t, 10, true);
    options.checkpoint = "c.safetensors";
    options.resume = true;
    stop_at(5);
    bytes = raw_read("c.safetensors", &n);
    for (size_t length = 0; length < n; length += 7) {
        raw_write("c.safetensors", bytes, length);
        cr_expect_eq(run(), BW_ERR_FORMAT, "%zu bytes", length);
    }
    memset(bytes + n - 4, 0xff, 4); /* a NaN */
    raw_write("c.safetensors", bytes, n);
    FAILS(run(), BW_ERR_FORMAT,
          "c.safetensors: tensor 'train.moment': value 14 is not finite");
    free(bytes);
}

Test(checkpoint, a_log_that_is_not_the_runs_is_refused)
{
    unsigned char *bytes;
    size_t n;

    toy_make(&t, 10, true);
    options.checkpoint = "c.st.zst";
    options.log = "log.tsv";
    options.resume = true;
    stop_at(5);
    bytes = raw_read("log.tsv", &n);
    raw_write("log.tsv", bytes, n - 1);
    cr_expect_eq(run(), BW_ERR_FORMAT);
    cr_expect_not_null(strstr(err.text, "this is not its log"), "%s", err.text);
    bytes[n - 1] = 'x';
    raw_write("log.tsv", bytes, n);
    cr_expect_eq(run(), BW_ERR_FORMAT);
    cr_expect_not_null(strstr(err.text, "no row ends at byte"), "%s", err.text);
    unlink("log.tsv");
    FAILS(run(), BW_ERR_IO, "log.tsv: No such file or directory");
    options.log = NULL; /* without one it goes on */
    OK(run());
    free(bytes);
}

Test(checkpoint, a_checkpoint_that_cannot_be_written_is_an_error)
{
    toy_make(&t, 10, true);
    options.checkpoint = "not/there";
    cr_expect_eq(run(), BW_ERR_IO);
    cr_expect_not_null(strstr(err.text, "not/there"), "%s", err.text);
    cr_expect_eq(t.n_steps, 0); /* found out before anything is trained */
    options.checkpoint = "/dev/full";
    FAILS(run(), BW_ERR_IO, "/dev/full: No space left on device");
}

Test(checkpoint, it_is_a_model_that_can_be_read)
{
    bw_reader *reader;
    bw_model *model;

    toy_make(&t, 10, true);
    options.checkpoint = "c.st.zst";
    stop_at(5);
    OK(bw_reader_open("c.st.zst", &reader, &err));
    OK(bw_model_read(reader, "toy", &model, NULL, &err));
    cr_expect_eq(model->n_settings, 0);
    cr_expect_arr_eq(model->values, t.model->values,
                     TOY_VALUES * sizeof(float));
    bw_model_destroy(model);
    bw_reader_close(reader);
}

/* As the moments of plain descent are. */
Test(checkpoint, a_block_of_no_values_needs_no_place)
{
    bw_state_block none = {"none", NULL, 0};

    toy_make(&t, 10, true);
    t.learner.block = &none;
    options.checkpoint = "c.st.zst";
    options.resume = true;
    stop_at(5);
    OK(run());
    cr_expect_eq(result.steps, 12);
}
