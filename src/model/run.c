/* run.c - the length, the name and the order of a training run. */
#include "config.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "base/printed.h"
#include "model/run.h"

/* The caller's words, and those that the order of examples and the meaning of
 * the sums hang on. */
static bool make_identity(bw_run *r)
{
    const bw_learner *learner = r->learner;
    bw_printed text;
    FILE *out = bw_printed_open(&text);

    if (out == NULL)
        return false;
    if (r->options->identity != NULL)
        fprintf(out, "%s ", r->options->identity);
    fprintf(out,
            "examples=%" PRIu64 " batch=%" PRIu64 " seed=%" PRIu64
            " validation=%s",
            learner->n_examples, r->options->batch, r->options->seed,
            learner->validate != NULL ? "yes" : "no");
    if (r->options->keep_last)
        fputs(" keep=last", out);
    for (size_t k = 0; k < learner->n_terms; k++)
        fprintf(out, "%s%s*%.9g", k == 0 ? " terms=" : ",",
                learner->term[k].name, learner->term[k].weight);
    return bw_printed_close(&text, &r->identity, NULL);
}

/* Fisher and Yates's shuffle of 0 .. n-1 by stream `epoch` of the seed. */
static void shuffle(bw_run *r, uint64_t epoch)
{
    uint32_t *order = r->order;
    bw_random random;

    bw_random_init(&random, r->options->seed, BW_RANDOM_ORDER, epoch);
    for (uint64_t i = 0; i < r->learner->n_examples; i++)
        order[i] = (uint32_t)i;
    for (uint64_t i = r->learner->n_examples; i > 1; i--) {
        uint64_t j = bw_random_below(&random, i);
        uint32_t kept = order[i - 1];

        order[i - 1] = order[j];
        order[j] = kept;
    }
    r->order_epoch = epoch;
}

bw_status bw_run_check(const bw_learner *learner,
                       const bw_train_options *options, bw_error *err)
{
    bool is_plateau = options->schedule.kind == BW_SCHEDULE_PLATEAU;

    assert(learner->n_terms >= 1 && learner->n_terms <= BW_MAX_TERMS);
    assert(learner->n_blocks <= BW_MAX_BLOCKS);
    if (options->epochs == 0 && options->steps == 0)
        return bw_error_set(err, BW_ERR_USAGE,
                            "neither epochs nor steps to train for");
    if (options->batch == 0)
        return bw_error_set(err, BW_ERR_USAGE, "a batch of no examples");
    if (learner->n_examples == 0 || learner->n_examples > UINT32_MAX)
        return bw_error_set(err, BW_ERR_RANGE, "%" PRIu64 " %s to train on",
                            learner->n_examples, learner->unit);
    if (learner->validate == NULL && (is_plateau || options->patience > 0))
        return bw_error_set(err, BW_ERR_USAGE,
                            "%s needs examples for validation",
                            is_plateau ? "a plateau schedule" : "patience");
    if (options->resume && options->checkpoint == NULL)
        return bw_error_set(err, BW_ERR_USAGE, "resume without a checkpoint");
    if (options->checkpoint != NULL && strcmp(options->checkpoint, "-") == 0)
        return bw_error_set(err, BW_ERR_USAGE,
                            "a checkpoint cannot go to standard output");
    return BW_OK;
}

bw_status bw_run_init(bw_run *run, const bw_learner *learner,
                      const bw_train_options *options, bw_error *err)
{
    uint64_t n = learner->n_examples, batch = options->batch;
    uint64_t n_steps = options->steps > 0 ? options->steps : UINT64_MAX;
    size_t n_values = learner->model->n_values;

    *run = (bw_run){.learner = learner,
                    .options = options,
                    .n_batches = n / batch + (n % batch > 0),
                    .order_epoch = UINT64_MAX,
                    .shown_loss = NAN,
                    .shown_validation = NAN};
    if (options->epochs > 0 && options->epochs <= n_steps / run->n_batches)
        n_steps = options->epochs * run->n_batches;
    run->n_steps = n_steps;
    run->order = malloc((size_t)n * sizeof *run->order);
    if (run->order == NULL || !make_identity(run))
        return bw_error_memory(err);
    if (learner->validate == NULL || options->keep_last)
        return BW_OK;
    run->best = malloc((n_values + 1) * sizeof *run->best);
    if (run->best == NULL)
        return bw_error_memory(err);
    return BW_OK;
}

void bw_run_clear(bw_run *run)
{
    free(run->identity);
    free(run->order);
    free(run->best);
}

bool bw_run_is_over(const bw_run *run)
{
    return run->state.step >= run->n_steps ||
           (run->options->patience > 0 && !run->options->keep_last &&
            run->state.n_without_gain >= run->options->patience);
}

uint64_t bw_run_n_seen(const bw_run *run, uint64_t step)
{
    uint64_t n = run->learner->n_examples, rest = step % run->n_batches;
    uint64_t part = rest * run->options->batch;

    return step / run->n_batches * n + (part < n ? part : n);
}

bw_step bw_run_place(const bw_run *run)
{
    uint64_t done = run->state.step;
    double n = (double)run->n_batches;
    double factor =
        bw_schedule_factor(&run->options->schedule, (double)done / n,
                           (double)run->n_steps / n, run->state.n_drops);

    return (bw_step){
        .step = done + 1, .epoch = run->state.epoch, .rate_factor = factor};
}

size_t bw_run_batch(bw_run *run, const uint32_t **example)
{
    uint64_t batch = run->options->batch;
    uint64_t begin = run->state.step % run->n_batches * batch;
    uint64_t left = run->learner->n_examples - begin;

    if (run->order_epoch != run->state.epoch)
        shuffle(run, run->state.epoch);
    *example = run->order + begin;
    return (size_t)(left < batch ? left : batch);
}
