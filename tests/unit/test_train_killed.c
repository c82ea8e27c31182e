/* test_train_killed.c - a run that is killed at any moment, or stopped, and
 * resumed ends in the bytes of one that was not. */
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

TestSuite(train_killed, .init = raw_enter, .fini = leave);

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

Test(train_killed, a_run_killed_in_any_step_ends_in_the_same_bytes)
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

Test(train_killed, a_run_killed_at_an_epochs_end_ends_in_the_same_bytes)
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

Test(train_killed, a_run_killed_in_every_step_once_ends_in_the_same_bytes)
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
Test(train_killed, a_run_stopped_at_any_step_ends_in_the_same_bytes)
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
            clear_folder();
            make(p);
            t.stop_in_step = step;
            cr_assert_eq(bw_train_run(&t.learner, &options, &result, &err),
                         BW_ERR_INTERRUPTED);
            toy_free(&t);
            expect_same_end(p, log, "stopped in a step");
        }
        free(log);
    }
}

Test(train_killed, a_finished_run_goes_straight_to_the_model)
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

Test(train_killed, more_epochs_go_on_from_a_finished_run)
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
