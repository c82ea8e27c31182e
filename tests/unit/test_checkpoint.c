/* test_checkpoint.c - a run that is killed at any moment and resumed ends in
 * the bytes of one that was not; another's checkpoint is refused. */
#include "config.h"

#include <criterion/criterion.h>
#include <sys/wait.h>

#include "raw_file.h"
#include "toy_learner.h"

static toy t;

static void leave(void)
{
    toy_free(&t);
    raw_leave();
}

TestSuite(checkpoint, .init = raw_enter, .fini = leave);

/* ---- kill and resume ---- */

typedef struct plan {
    bool with_validation;
    uint64_t epochs, steps, patience, log_every, checkpoint_every;
    double checkpoint_minutes;
    bw_schedule schedule;
    bool is_scripted;
} plan;

/* Both counts of epochs are above 0 at some epochs' ends; the 11th ends it. */
static const double scripted[] = {5, 6, 4, 5, 5, 5, 3, 5, 5, 5, 5, 1};

/* Epochs of 3 steps. */
static const plan plans[] = {
    {.epochs = 4},
    {.epochs = 4, .with_validation = true, .log_every = 2},
    {.epochs = 4, .checkpoint_every = 2, .log_every = 5},
    {.epochs = 4,
     .checkpoint_every = 1,
     .log_every = 1,
     .with_validation = true},
    {.epochs = 9, .steps = 11, .checkpoint_every = 5, .with_validation = true},
    {.epochs = 9,
     .patience = 3,
     .with_validation = true,
     .checkpoint_every = 2,
     .log_every = 2,
     .schedule = {.kind = BW_SCHEDULE_PLATEAU, .factor = 0.5, .patience = 1}},
    {.epochs = 4,
     .log_every = 2,
     .checkpoint_minutes = 1e-9, /* at every step */
     .schedule = {.kind = BW_SCHEDULE_COSINE}},
    {.epochs = 12,
     .patience = 4,
     .with_validation = true,
     .is_scripted = true,
     .schedule = {.kind = BW_SCHEDULE_PLATEAU, .factor = 0.5, .patience = 2}},
};
enum { N_PLANS = sizeof plans / sizeof *plans };

static bw_train_options options_of(const plan *p)
{
    bw_train_options options = toy_options();

    options.epochs = p->epochs;
    options.steps = p->steps;
    options.patience = p->patience;
    options.schedule = p->schedule;
    options.log = "log.tsv";
    options.log_every = p->log_every;
    options.checkpoint = "c.st.zst";
    options.checkpoint_every = p->checkpoint_every;
    options.checkpoint_minutes = p->checkpoint_minutes;
    options.pictures = "seen";
    options.resume = true;
    return options;
}

static void make(const plan *p)
{
    toy_make(&t, 10, p->with_validation);
    t.total = scripted;
    t.n_totals = p->is_scripted ? sizeof scripted / sizeof *scripted : 0;
}

static void write_model(const char *name)
{
    bw_error err = BW_ERROR_INIT;
    bw_writer *writer;

    OK(bw_writer_create(name, &writer, &err));
    OK(bw_model_put(t.model, NULL, writer, &err));
    OK(bw_writer_commit(writer, &err));
    bw_writer_destroy(writer);
}

static void train(const plan *p, const char *model_name)
{
    bw_train_options options = options_of(p);
    bw_train_result result;
    bw_error err = BW_ERROR_INIT;

    OK(bw_train_run(&t.learner, &options, &result, &err));
    write_model(model_name);
}

/* Trains in a process of its own that is killed where *deadly says. */
static void train_and_die(const plan *p, const toy *deadly)
{
    pid_t child = fork();
    int status;

    cr_assert_geq(child, 0);
    if (child == 0) {
        make(p);
        t.kill_in_step = deadly->kill_in_step;
        t.kill_in_validation = deadly->kill_in_validation;
        t.kill_in_pictures = deadly->kill_in_pictures;
        train(p, "never");
        _exit(0);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* The log without its last two columns, which tell of time. */
static char *read_log(const char *name)
{
    size_t n;
    char *text = (char *)raw_read(name, &n), *to = text, *from = text;

    text[n] = '\0';
    while (*from != '\0') {
        char *end = strchr(from, '\n'), *cut = end;

        cr_assert_not_null(end, "%s: an unfinished line", name);
        for (int k = 0; k < 2; k++)
            do
                cut--;
            while (*cut != '\t');
        memmove(to, from, (size_t)(cut - from));
        to += cut - from;
        *to++ = '\n';
        from = end + 1;
    }
    *to = '\0';
    return text;
}

static void expect_equal_files(const char *a, const char *b, const char *what)
{
    size_t n_a, n_b;
    unsigned char *in_a = raw_read(a, &n_a), *in_b = raw_read(b, &n_b);

    cr_expect(n_a == n_b && memcmp(in_a, in_b, n_a) == 0, "%s", what);
    free(in_a);
    free(in_b);
}

static void clear_folder(void)
{
    cr_assert_eq(system("rm -rf c.st.zst log.tsv seen resumed.st.zst"), 0);
}

/* What a whole run leaves; how many steps it took. */
static uint64_t train_whole(const plan *p, char **log)
{
    uint64_t n_steps;

    clear_folder();
    make(p);
    train(p, "whole.st.zst");
    n_steps = t.n_steps;
    *log = read_log("log.tsv");
    toy_free(&t);
    return n_steps;
}

static void expect_same_end(const plan *p, const char *whole_log,
                            const char *what)
{
    char *log;

    make(p);
    train(p, "resumed.st.zst");
    toy_free(&t);
    expect_equal_files("whole.st.zst", "resumed.st.zst", what);
    log = read_log("log.tsv");
    cr_expect_str_eq(log, whole_log, "%s", what);
    free(log);
}

static void check_kill(const plan *p, const toy *deadly, const char *whole_log)
{
    char what[96];

    snprintf(what, sizeof what, "plan %d, step %u, validation %u, pictures %u",
             (int)(p - plans), (unsigned)deadly->kill_in_step,
             (unsigned)deadly->kill_in_validation,
             (unsigned)deadly->kill_in_pictures);
    clear_folder();
    train_and_die(p, deadly);
    expect_same_end(p, whole_log, what);
}

Test(checkpoint, a_run_killed_in_any_step_ends_in_the_same_bytes)
{
    for (const plan *p = plans; p < plans + N_PLANS; p++) {
        char *log;
        uint64_t n_steps = train_whole(p, &log);

        cr_assert_geq(n_steps, 11, "plan %d", (int)(p - plans));
        for (uint64_t step = 1; step <= n_steps; step++)
            check_kill(p, &(toy){.kill_in_step = step}, log);
        free(log);
    }
}

Test(checkpoint, a_run_killed_at_an_epochs_end_ends_in_the_same_bytes)
{
    for (const plan *p = plans; p < plans + N_PLANS; p++) {
        char *log;

        train_whole(p, &log);
        for (uint64_t epoch = 1; epoch <= 4; epoch++) {
            if (p->with_validation)
                check_kill(p, &(toy){.kill_in_validation = epoch}, log);
            check_kill(p, &(toy){.kill_in_pictures = epoch}, log);
        }
        free(log);
    }
}

Test(checkpoint, a_run_killed_in_every_step_once_ends_in_the_same_bytes)
{
    const plan *p = &plans[6]; /* a checkpoint at every step */
    char *log;
    uint64_t n_steps = train_whole(p, &log);

    clear_folder();
    for (uint64_t step = 1; step <= n_steps; step++)
        train_and_die(p, &(toy){.kill_in_step = step});
    expect_same_end(p, log, "killed in every step");
    free(log);
}

/* A stop writes its checkpoint wherever it comes. */
Test(checkpoint, a_run_stopped_after_any_step_ends_in_the_same_bytes)
{
    for (const plan *p = plans; p < plans + N_PLANS; p++) {
        char *log;
        uint64_t n_steps = train_whole(p, &log);

        for (uint64_t step = 1; step < n_steps; step++) {
            bw_train_options options = options_of(p);
            bw_train_result result;
            bw_error err = BW_ERROR_INIT;

            clear_folder();
            make(p);
            t.stop_after_step = step;
            cr_assert_eq(bw_train_run(&t.learner, &options, &result, &err),
                         BW_ERR_INTERRUPTED);
            toy_free(&t);
            expect_same_end(p, log, "stopped");
        }
        free(log);
    }
}

Test(checkpoint, a_finished_run_goes_straight_to_the_model)
{
    for (const plan *p = plans; p < plans + N_PLANS; p++) {
        bw_train_options options = options_of(p);
        bw_train_result first, second;
        bw_error err = BW_ERROR_INIT;

        clear_folder();
        make(p);
        OK(bw_train_run(&t.learner, &options, &first, &err));
        write_model("whole.st.zst");
        toy_free(&t);
        make(p);
        OK(bw_train_run(&t.learner, &options, &second, &err));
        write_model("resumed.st.zst");
        cr_expect_eq(t.n_steps, 0);
        cr_expect_eq(first.steps, second.steps);
        cr_expect_eq(first.epochs, second.epochs);
        cr_expect_eq(first.best_epoch, second.best_epoch);
        cr_expect_eq(first.stopped_early, second.stopped_early);
        toy_free(&t);
        expect_equal_files("whole.st.zst", "resumed.st.zst", "finished");
    }
}

Test(checkpoint, more_epochs_go_on_from_a_finished_run)
{
    plan p = plans[1];
    char *log;

    p.epochs = 6;
    train_whole(&p, &log);
    clear_folder();
    p.epochs = 4;
    toy_make(&t, 10, true);
    train(&p, "resumed.st.zst");
    toy_free(&t);
    p.epochs = 6;
    expect_same_end(&p, log, "more epochs");
    free(log);
}

/* ---- what is refused ---- */

static void stop_at(uint64_t step, const bw_train_options *options)
{
    bw_train_result result;
    bw_error err = BW_ERROR_INIT;

    t.stop_after_step = step;
    cr_assert_eq(bw_train_run(&t.learner, options, &result, &err),
                 BW_ERR_INTERRUPTED, "%s", err.text);
    t.stop_after_step = 0;
}

Test(checkpoint, another_runs_checkpoint_is_refused)
{
    bw_train_options options = toy_options();
    bw_train_result result;
    bw_error err = BW_ERROR_INIT;

    toy_make(&t, 10, false);
    options.checkpoint = "c.st.zst";
    options.resume = true;
    options.identity = "a=1 rate=0.5 b=2";
    stop_at(2, &options);
    options.identity = "a=1 rate=0.25 b=2";
    FAILS(bw_train_run(&t.learner, &options, &result, &err), BW_ERR_RANGE,
          "c.st.zst: belongs to another run: it has 'rate=0.5', this run has "
          "'rate=0.25'");
    options.identity = "a=1 b=2";
    FAILS(bw_train_run(&t.learner, &options, &result, &err), BW_ERR_RANGE,
          "c.st.zst: belongs to another run: it has 'rate=0.5', this run has "
          "''");
    options.identity = "a=1 rate=0.5 b=2";
    options.batch = 5;
    FAILS(bw_train_run(&t.learner, &options, &result, &err), BW_ERR_RANGE,
          "c.st.zst: belongs to another run: it has 'batch=4', this run has "
          "'batch=5'");
    options.batch = 4;
    t.learner.n_examples = 11;
    FAILS(bw_train_run(&t.learner, &options, &result, &err), BW_ERR_RANGE,
          "c.st.zst: belongs to another run: it has 'examples=10', this run "
          "has 'examples=11'");
    t.learner.n_examples = 10;
    t.learner.validate = toy_validate;
    FAILS(bw_train_run(&t.learner, &options, &result, &err), BW_ERR_RANGE,
          "c.st.zst: belongs to another run: it has 'validation=no', this run "
          "has 'validation=yes'");
}

Test(checkpoint, another_models_checkpoint_is_refused)
{
    bw_train_options options = toy_options();
    bw_train_result result;
    bw_error err = BW_ERROR_INIT;
    bw_state_block short_block = {"moment", t.moment, TOY_VALUES - 1};
    bw_model *own;

    toy_make(&t, 10, false);
    options.checkpoint = "c.st.zst";
    options.resume = true;
    OK(bw_model_set(t.model, "scale", "1.5", &err));
    stop_at(2, &options);
    OK(bw_model_set(t.model, "scale", "2.5", &err));
    FAILS(bw_train_run(&t.learner, &options, &result, &err), BW_ERR_RANGE,
          "c.st.zst: metadata 'scale': belongs to another run: it has '1.5', "
          "this run has '2.5'");
    OK(bw_model_set(t.model, "scale", "1.5", &err));
    t.learner.block = &short_block;
    FAILS(bw_train_run(&t.learner, &options, &result, &err), BW_ERR_FORMAT,
          "c.st.zst: tensor 'train.moment': 15, not 14");
    t.learner.n_blocks = 0;
    FAILS(bw_train_run(&t.learner, &options, &result, &err), BW_ERR_FORMAT,
          "c.st.zst: tensor 'train.moment' is superfluous");
    own = bw_model_create("toy");
    OK(bw_model_add(own, "net", "dense 3\nrelu\n", "net",
                    (bw_shape){1, 1, 4, true}, 1.0, &err));
    OK(bw_model_seal(own, &err));
    t.learner.model = own;
    cr_expect_eq(bw_train_run(&t.learner, &options, &result, &err),
                 BW_ERR_RANGE);
    cr_expect_not_null(strstr(err.text, "metadata 'net.net'"), "%s", err.text);
    bw_model_destroy(own);
}

Test(checkpoint, an_unfinished_run_is_not_overwritten)
{
    bw_train_options options = toy_options();
    bw_train_result result;
    bw_error err = BW_ERROR_INIT;

    toy_make(&t, 10, false);
    options.checkpoint = "c.st.zst";
    stop_at(2, &options);
    FAILS(bw_train_run(&t.learner, &options, &result, &err), BW_ERR_RANGE,
          "c.st.zst: holds an unfinished run; continue it with --resume, or "
          "remove it");
    options.resume = true;
    OK(bw_train_run(&t.learner, &options, &result, &err));
    options.resume = false; /* it is finished now */
    OK(bw_train_run(&t.learner, &options, &result, &err));
    write_model("model.st.zst");
    options.checkpoint = "model.st.zst";
    FAILS(bw_train_run(&t.learner, &options, &result, &err), BW_ERR_FORMAT,
          "model.st.zst: no checkpoint");
    options.resume = true;
    FAILS(bw_train_run(&t.learner, &options, &result, &err), BW_ERR_FORMAT,
          "model.st.zst: no checkpoint");
}

Test(checkpoint, a_damaged_checkpoint_is_refused)
{
    bw_train_options options = toy_options();
    bw_train_result result;
    bw_error err = BW_ERROR_INIT;
    unsigned char *bytes;
    size_t n;

    toy_make(&t, 10, true);
    options.checkpoint = "c.safetensors";
    options.resume = true;
    stop_at(5, &options);
    bytes = raw_read("c.safetensors", &n);
    for (size_t length = 0; length < n; length += 7) {
        raw_write("c.safetensors", bytes, length);
        cr_expect_eq(bw_train_run(&t.learner, &options, &result, &err),
                     BW_ERR_FORMAT, "%zu bytes", length);
    }
    memset(bytes + n - 4, 0xff, 4); /* a NaN */
    raw_write("c.safetensors", bytes, n);
    FAILS(bw_train_run(&t.learner, &options, &result, &err), BW_ERR_FORMAT,
          "c.safetensors: tensor 'train.moment': value 14 is not finite");
    free(bytes);
}

Test(checkpoint, a_log_that_is_not_the_runs_is_refused)
{
    bw_train_options options = toy_options();
    bw_train_result result;
    bw_error err = BW_ERROR_INIT;
    unsigned char *bytes;
    size_t n;

    toy_make(&t, 10, true);
    options.checkpoint = "c.st.zst";
    options.log = "log.tsv";
    options.resume = true;
    stop_at(5, &options);
    bytes = raw_read("log.tsv", &n);
    raw_write("log.tsv", bytes, n - 1);
    cr_expect_eq(bw_train_run(&t.learner, &options, &result, &err),
                 BW_ERR_FORMAT);
    cr_expect_not_null(strstr(err.text, "this is not its log"), "%s", err.text);
    bytes[n - 1] = 'x';
    raw_write("log.tsv", bytes, n);
    cr_expect_eq(bw_train_run(&t.learner, &options, &result, &err),
                 BW_ERR_FORMAT);
    cr_expect_not_null(strstr(err.text, "no row ends at byte"), "%s", err.text);
    unlink("log.tsv");
    FAILS(bw_train_run(&t.learner, &options, &result, &err), BW_ERR_IO,
          "log.tsv: No such file or directory");
    options.log = NULL; /* without one it goes on */
    OK(bw_train_run(&t.learner, &options, &result, &err));
    free(bytes);
}

Test(checkpoint, a_checkpoint_that_cannot_be_written_is_an_error)
{
    bw_train_options options = toy_options();
    bw_train_result result;
    bw_error err = BW_ERROR_INIT;

    toy_make(&t, 10, true);
    options.checkpoint = "not/there";
    cr_expect_eq(bw_train_run(&t.learner, &options, &result, &err), BW_ERR_IO);
    cr_expect_not_null(strstr(err.text, "not/there"), "%s", err.text);
    cr_expect_eq(t.n_steps, 0); /* found out before anything is trained */
    options.checkpoint = "/dev/full";
    FAILS(bw_train_run(&t.learner, &options, &result, &err), BW_ERR_IO,
          "/dev/full: No space left on device");
}

Test(checkpoint, it_is_a_model_that_can_be_read)
{
    bw_train_options options = toy_options();
    bw_error err = BW_ERROR_INIT;
    bw_reader *reader;
    bw_model *model;

    toy_make(&t, 10, true);
    options.checkpoint = "c.st.zst";
    stop_at(5, &options);
    OK(bw_reader_open("c.st.zst", &reader, &err));
    OK(bw_model_read(reader, "toy", &model, NULL, &err));
    cr_expect_eq(model->n_settings, 0);
    cr_expect_arr_eq(model->values, t.model->values,
                     TOY_VALUES * sizeof(float));
    bw_model_destroy(model);
    bw_reader_close(reader);
}
