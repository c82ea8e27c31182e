/* steps.c - time of whole training steps of the presets, as wae train, dwe
 * train and wgan train take them: gathering the batch, noise, forward, all
 * terms of the loss, backward, the optimiser's step, and the adversary's.
 *
 *   steps [-j THREADS] [-r ROUNDS] [NAME ...]
 *   steps -c [-j THREADS] [-r ROUNDS] NAME:PENALTY ...
 *   steps -p [-j THREADS] [-r ROUNDS] WGAN ...
 *   steps -t NAME
 *
 * Names: dwe, wae-mnist, wae-mnist-4, wae-celeba-4, wae-celeba, wae's with
 * :mmd, :gan, :kl or :none after them (mmd unless given); wgan-gp-mnist and
 * wgan-mlp, with :critic or :generator after them (critic unless given); the
 * suffix -4 divides channel counts by 4. A line a name: median time of a step,
 * images (dwe: pairs) a second, GFLOP/s of the networks' multiply-adds (study.h
 * says which count), their share of an sgemm 2000^3 on the same threads, timed
 * before and after, the loss of the second step (of a generator the length of
 * its gradient), and a sum over the trained parameters at the end. A step that
 * is timed follows one that is not, as it would in training. A generator's step
 * is what a step of both takes more than the critic's own before it. Parameters
 * and images begin as torch_steps.py makes them, too, so that losses can be
 * compared; -t prints the networks for it.
 *
 * -c: what a penalty costs. Steps with it and without any alternate; a line
 * has both median times, and the median, the least and the greatest of what
 * the penalty adds to its neighbour, as a share of that.
 *
 * -p: the gradient penalty beside the four passes that it is made of. Both
 * alternate; a line has both median times, and the median, the least and the
 * greatest of the penalty's time by that of its neighbour. The passes are those
 * of the plain engine on as many items: forward, backward to the input and to
 * the weights, which is two, and forward again.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "nn/penalty.h"
#include "study.h"
#include "timing.h"

enum { MAX_ROUNDS = 999 };

typedef struct bench {
    timing timing;
    size_t n_threads, n_rounds;
} bench;

static int no_study(const char *name)
{
    fprintf(stderr, "steps: no study is called %s\n", name);
    return 2;
}

static double time_step(bench *b, study *s)
{
    double start = timing_now(&b->timing);

    study_step(s);
    return timing_now(&b->timing) - start;
}

/* A step that is not timed, and its loss. */
static double pass_step(study *s)
{
    if (s->is_generator)
        study_step(s);
    return study_step(s);
}

static int time_study(bench *b, const char *name)
{
    double time[MAX_ROUNDS], share[MAX_ROUNDS], t, loss;
    study s;

    if (!study_start(name, b->timing.tasks, &s))
        return no_study(name);
    pass_step(&s);
    loss = pass_step(&s);
    for (size_t k = 0; k < b->n_rounds; k++) {
        double before = timing_peak(&b->timing), spared;

        /* The peak's matrices leave the caches, as in a run of steps. */
        pass_step(&s);
        spared = s.is_generator ? time_step(b, &s) : 0;
        time[k] = time_step(b, &s) - spared;
        share[k] = s.work / time[k] / ((before + timing_peak(&b->timing)) / 2);
    }
    t = median(time, b->n_rounds);
    printf("%-17s %zu threads %9.2f ms %9.1f /s %7.1f GFLOP/s %5.1f %%  %.9g  "
           "%.9g\n",
           s.name, b->n_threads, t * 1e3, (double)s.batch / t,
           s.work / t * 1e-9, 100 * median(share, b->n_rounds), loss,
           study_sum(&s));
    fflush(stdout);
    study_end(&s);
    return 0;
}

static int compare_study(bench *b, const char *name)
{
    size_t length = strcspn(name, ":"), n = b->n_rounds;
    double with[MAX_ROUNDS], without[MAX_ROUNDS], added[MAX_ROUNDS], t;
    char plain[64];
    study one, other;

    snprintf(plain, sizeof plain, "%.*s:none", (int)length, name);
    if (!name[length] || !study_start(plain, b->timing.tasks, &one))
        return no_study(name);
    if (!study_start(name, b->timing.tasks, &other)) {
        study_end(&one);
        return no_study(name);
    }
    study_step(&one);
    study_step(&other);
    for (size_t k = 0; k < n; k++) {
        without[k] = time_step(b, &one);
        with[k] = time_step(b, &other);
        added[k] = 100 * (with[k] / without[k] - 1);
    }
    t = median(added, n);
    printf("%-17s %zu threads %9.2f ms without %9.2f ms with %6.2f %% "
           "%6.2f %6.2f\n",
           name, b->n_threads, median(without, n) * 1e3, median(with, n) * 1e3,
           t, added[0], added[n - 1]);
    fflush(stdout);
    study_end(&one);
    study_end(&other);
    return 0;
}

/* ---- the gradient penalty ---- */

typedef struct critic {
    bw_engine *engine;
    size_t n;
    float *block, *dblock;
} critic;

static void start_critic(const study *s, bw_tasks *tasks, critic *c)
{
    const bw_model_part *part = s->wgan->critic;
    const bw_engine_options options = {.n_max = s->batch,
                                       .is_training = true,
                                       .input_gradient = true,
                                       .second = true};
    size_t n_values = s->batch * bw_shape_n(s->image);
    bw_error err = BW_ERROR_INIT;
    float *x = scatter(n_values);

    c->n = s->batch;
    c->block = bw_model_values(s->model, part);
    c->dblock =
        need(calloc(bw_network_n_values(part->network), sizeof *c->dblock));
    must(bw_engine_create(part->network, &options, tasks, &c->engine, &err),
         &err);
    memcpy(bw_engine_input(c->engine), x, n_values * sizeof *x);
    free(x);
}

static double time_passes(const bench *b, const critic *c)
{
    double start = timing_now(&b->timing);

    bw_engine_touch(c->engine);
    bw_engine_forward(c->engine, BW_MODE_TRAIN, c->n, c->block, 0);
    for (size_t k = 0; k < c->n; k++)
        bw_engine_output_gradient(c->engine)[k] = 1;
    bw_engine_backward(c->engine, c->n, c->block, c->dblock);
    bw_engine_forward(c->engine, BW_MODE_TRAIN, c->n, c->block, 0);
    return timing_now(&b->timing) - start;
}

static double time_penalty(const bench *b, const critic *c)
{
    double start = timing_now(&b->timing);

    bw_engine_touch(c->engine);
    (void)bw_penalty_gradient(c->engine, b->timing.tasks, c->n, c->block, false,
                              10, c->dblock);
    return timing_now(&b->timing) - start;
}

static int compare_passes(bench *b, const char *name)
{
    double passes[MAX_ROUNDS], penalty[MAX_ROUNDS], share[MAX_ROUNDS], t;
    size_t n = b->n_rounds;
    critic c;
    study s;

    if (strncmp(name, "wgan", 4) != 0 ||
        !study_start(name, b->timing.tasks, &s))
        return no_study(name);
    start_critic(&s, b->timing.tasks, &c);
    time_passes(b, &c);
    time_penalty(b, &c);
    for (size_t k = 0; k < n; k++) {
        passes[k] = time_passes(b, &c);
        penalty[k] = time_penalty(b, &c);
        share[k] = penalty[k] / passes[k];
    }
    t = median(share, n);
    printf("%-17s %zu threads %9.2f ms four passes %9.2f ms penalty %6.3f "
           "%6.3f %6.3f\n",
           name, b->n_threads, median(passes, n) * 1e3,
           median(penalty, n) * 1e3, t, share[0], share[n - 1]);
    fflush(stdout);
    bw_engine_destroy(c.engine);
    free(c.dblock);
    study_end(&s);
    return 0;
}

/* ---- what is asked for ---- */

static int print_study(bench *b, const char *name)
{
    study s;

    if (!study_start(name, b->timing.tasks, &s))
        return no_study(name);
    study_print(&s, stdout);
    study_end(&s);
    return 0;
}

static int usage(void)
{
    fprintf(stderr, "usage: steps [-j THREADS] [-r ROUNDS] [NAME ...]\n"
                    "       steps -c [-j THREADS] [-r ROUNDS] "
                    "NAME:PENALTY ...\n"
                    "       steps -p [-j THREADS] [-r ROUNDS] WGAN ...\n"
                    "       steps -t NAME\n");
    return 2;
}

int main(int argc, char **argv)
{
    bench b = {.n_threads = 1, .n_rounds = 5};
    int (*action)(bench *, const char *) = time_study;
    int option, status = 0;

    while ((option = getopt(argc, argv, "cj:pr:t")) != -1)
        if (option == 'c')
            action = compare_study;
        else if (option == 'p')
            action = compare_passes;
        else if (option == 't')
            action = print_study;
        else if (option == 'j')
            b.n_threads = (size_t)strtoul(optarg, NULL, 10);
        else if (option == 'r')
            b.n_rounds = (size_t)strtoul(optarg, NULL, 10);
        else
            return usage();
    if (b.n_threads < 1 || b.n_rounds < 1 || b.n_rounds > MAX_ROUNDS ||
        (action != time_study && optind == argc))
        return usage();
    timing_start(&b.timing, b.n_threads, CLOCK_MONOTONIC);
    for (int k = optind; k < argc && status == 0; k++)
        status = action(&b, argv[k]);
    for (size_t k = 0; optind == argc && study_name(k) && status == 0; k++)
        status = action(&b, study_name(k));
    timing_end(&b.timing);
    return fflush(stdout) == 0 && !ferror(stdout) ? status : 1;
}
