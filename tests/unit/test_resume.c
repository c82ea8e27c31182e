/* test_resume.c - a network with everything that keeps state (batch statistics,
 * noise, moments), trained by Adam: the same bytes when it is killed in any
 * step and resumed, and for any number of threads. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "barrow/engine.h"
#include "barrow/random.h"
#include "model/train.h"
#include "nn/losses.h"
#include "raw_file.h"

TestSuite(resume, RAW_FOLDER);

enum { N = 20, N_HELD_OUT = 6, BATCH = 8, SIDE = 6, PIXELS = SIDE * SIDE };

static const char text[] = "conv 4 3x3 stride 2\nbatchnorm\nrelu\nnoise 0.1\n"
                           "flatten\ndense 2\n";

typedef struct net {
    bw_model *model;
    bw_network *network; /* the model's */
    bw_tasks *tasks;
    bw_engine *engine;
    bw_optimizer optimizer;
    float *gradient, *moments;
    float image[N + N_HELD_OUT][PIXELS], target[N + N_HELD_OUT][2];
    float wanted[2 * BATCH]; /* of a batch */
    uint64_t kill_in_step;
} net;

static const bw_term terms[] = {{"square", 0.5}};

static double measure(net *s, const float *y, size_t n, float *opt_dy)
{
    return bw_loss_squared(s->tasks, n, 2, y, s->wanted, 1.0, 0.5, opt_dy);
}

static bw_status step(void *self, const uint32_t *example, size_t n,
                      const bw_step *at, double *values, bw_error *err)
{
    net *s = self;
    float *x = bw_engine_input(s->engine), *dy;
    const float *y;

    (void)err;
    for (size_t k = 0; k < n; k++) {
        memcpy(x + k * PIXELS, s->image[example[k]], sizeof s->image[0]);
        memcpy(s->wanted + 2 * k, s->target[example[k]], sizeof s->target[0]);
    }
    y = bw_engine_forward(s->engine, BW_MODE_TRAIN, n, s->model->values,
                          at->step);
    if (at->step == s->kill_in_step)
        raise(SIGKILL); /* running statistics have moved already */
    dy = bw_engine_output_gradient(s->engine);
    memset(dy, 0, 2 * n * sizeof *dy);
    values[0] = measure(s, y, n, dy);
    memset(s->gradient, 0, s->model->n_values * sizeof *s->gradient);
    bw_engine_backward(s->engine, n, s->model->values, s->gradient);
    bw_optimizer_step(&s->optimizer, 0.05 * at->rate_factor, at->step,
                      bw_network_n_trained(s->network), s->model->values,
                      s->gradient, s->moments, s->tasks);
    bw_engine_touch(s->engine);
    return BW_OK;
}

static bw_status validate(void *self, double *values, bw_error *err)
{
    net *s = self;
    const float *y;

    (void)err;
    memcpy(bw_engine_input(s->engine), s->image[N],
           N_HELD_OUT * sizeof s->image[0]);
    memcpy(s->wanted, s->target[N], N_HELD_OUT * sizeof s->target[0]);
    y = bw_engine_forward(s->engine, BW_MODE_INFER, N_HELD_OUT,
                          s->model->values, 0);
    values[0] = measure(s, y, N_HELD_OUT, NULL);
    return BW_OK;
}

static void loaded(void *self)
{
    net *s = self;

    bw_engine_touch(s->engine);
}

static void make_examples(net *s)
{
    bw_random random;

    bw_random_init(&random, 1, BW_RANDOM_TEST, 0);
    for (size_t k = 0; k < N + N_HELD_OUT; k++) {
        for (size_t i = 0; i < PIXELS; i++)
            s->image[k][i] = (float)bw_random_uniform(&random);
        s->target[k][0] = s->image[k][7] - s->image[k][8];
        s->target[k][1] = s->image[k][20];
    }
}

static void make(net *s, size_t n_threads)
{
    bw_engine_options options = {
        .n_max = BATCH, .is_training = true, .seed = 4};
    bw_error err = BW_ERROR_INIT;
    size_t n_trained;

    *s = (net){.model = bw_model_create("test"),
               .optimizer = bw_optimizer_default(BW_OPTIMIZER_ADAM)};
    cr_assert_not_null(s->model);
    OK(bw_model_add(s->model, "net", text, "net", (bw_shape){SIDE, SIDE, 1, 0},
                    1.0, &err));
    OK(bw_model_seal(s->model, &err));
    s->network = s->model->part[0].network;
    bw_network_init(s->network, BW_INIT_GLOROT, 0.0, 9, 0, s->model->values);
    OK(bw_tasks_create(n_threads, &s->tasks, &err));
    OK(bw_engine_create(s->network, &options, s->tasks, &s->engine, &err));
    n_trained = bw_network_n_trained(s->network);
    s->gradient = calloc(s->model->n_values, sizeof *s->gradient);
    s->moments = calloc(2 * n_trained, sizeof *s->moments);
    cr_assert(s->gradient != NULL && s->moments != NULL);
    make_examples(s);
}

static void clear(net *s)
{
    free(s->gradient);
    free(s->moments);
    bw_engine_destroy(s->engine);
    bw_tasks_destroy(s->tasks);
    bw_model_destroy(s->model);
}

static bw_train_result train(size_t n_threads, uint64_t kill_in_step,
                             const char *model_name)
{
    bw_train_options options = {
        .tool = "test",
        .epochs = 4,
        .batch = BATCH,
        .schedule = {.kind = BW_SCHEDULE_EXPONENTIAL, .factor = 0.1},
        .seed = 6,
        .checkpoint = "c.st.zst",
        .checkpoint_every = 2,
        .resume = true,
        .identity = "test=1"};
    bw_error err = BW_ERROR_INIT;
    bw_train_result result;
    bw_state_block block;
    bw_writer *writer;
    net s;

    make(&s, n_threads);
    s.kill_in_step = kill_in_step;
    block = (bw_state_block){"moments", s.moments,
                             2 * bw_network_n_trained(s.network)};
    OK(bw_train_run(&(bw_learner){.self = &s,
                                  .model = s.model,
                                  .unit = "images",
                                  .n_examples = N,
                                  .n_terms = 1,
                                  .term = terms,
                                  .n_blocks = 1,
                                  .block = &block,
                                  .step = step,
                                  .validate = validate,
                                  .loaded = loaded},
                    &options, &result, &err));
    OK(bw_writer_create(model_name, &writer, &err));
    OK(bw_model_put(s.model, NULL, writer, &err));
    OK(bw_writer_commit(writer, &err));
    bw_writer_destroy(writer);
    clear(&s);
    return result;
}

static void expect_equal_models(const char *what, unsigned number)
{
    size_t n_a, n_b;
    unsigned char *a = raw_read("a.st.zst", &n_a),
                  *b = raw_read("b.st.zst", &n_b);

    cr_expect(n_a == n_b && memcmp(a, b, n_a) == 0, "%s %u", what, number);
    free(a);
    free(b);
}

Test(resume, a_killed_training_ends_in_the_same_bytes)
{
    bw_train_result whole = train(1, 0, "a.st.zst");

    cr_assert_eq(whole.steps, 12); /* 3 steps an epoch */
    for (unsigned k = 1; k <= 12; k++) {
        pid_t child;
        int status;

        unlink("c.st.zst");
        child = fork();
        cr_assert_geq(child, 0);
        if (child == 0) {
            train(1 + k % 2, k, "never");
            _exit(0);
        }
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        cr_expect_eq(train(1, 0, "b.st.zst").best_epoch, whole.best_epoch);
        expect_equal_models("killed in step", k);
    }
}

Test(resume, any_number_of_threads_ends_in_the_same_bytes)
{
    train(1, 0, "a.st.zst");
    for (unsigned n = 2; n <= 5; n++) {
        unlink("c.st.zst");
        train(n, 0, "b.st.zst");
        expect_equal_models("threads", n);
    }
}

/* The loss goes down, so that the rest compares something that learns. */
Test(resume, it_learns)
{
    double first;
    net s;
    bw_error err = BW_ERROR_INIT;

    make(&s, 1);
    OK(validate(&s, &first, &err));
    clear(&s);
    cr_expect_lt(train(1, 0, "a.st.zst").best, 0.5 * 0.7 * first);
}
