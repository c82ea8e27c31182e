/* train.c - the loop that all models train in.
 *
 *   run         what it owns, how long it is, what it is called
 *   order       the examples of a step
 *   saying      progress line, log rows
 *   saving      checkpoints
 *   step        one batch
 *   epoch       validation, best values, plateau
 *   beginning   anew, or from a checkpoint
 *
 * A checkpoint is written only between steps, when all that belongs to a step
 * (its row, its epoch's end) is done. So it needs no flag for where in a step
 * it stands, and when it is written cannot change a result.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "barrow/random.h"
#include "base/progress.h"
#include "model/checkpoint.h"
#include "model/slot.h"
#include "model/train.h"
#include "model/train_log.h"

typedef struct run {
    const bw_learner *learner;
    const bw_train_options *options;
    bw_train_state state;
    uint64_t n_batches; /* steps of an epoch */
    uint64_t n_steps;   /* of the run, at most */
    char *identity;
    uint32_t *order;      /* n_examples */
    uint64_t order_epoch; /* that order is of; UINT64_MAX: none */
    float *best;          /* values, with validation */
    bw_train_log *log;
    bw_progress progress;
    double shown_loss, shown_validation; /* NAN: not known yet */
    double started, before; /* clock now, seconds of earlier runs */
    double saved;           /* clock at the last checkpoint */
    uint64_t saved_step;
    bool is_saved; /* the checkpoint holds this run's saved_step */
} run;

/* ---- run ---- */

static bool has_validation(const run *r)
{
    return r->learner->validate != NULL;
}

static const char *term_name(const run *r, size_t k)
{
    return k < r->learner->n_terms ? r->learner->term[k].name : "the total";
}

static bool is_over(const run *r)
{
    return r->state.step >= r->n_steps ||
           (r->options->patience > 0 &&
            r->state.n_without_gain >= r->options->patience);
}

/* Examples that `step` steps go through. */
static uint64_t n_seen(const run *r, uint64_t step)
{
    uint64_t n = r->learner->n_examples, rest = step % r->n_batches;
    uint64_t part = rest * r->options->batch;

    return step / r->n_batches * n + (part < n ? part : n);
}

static bw_status check_options(const bw_learner *learner,
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

/* The caller's words, and those that the order of examples and the meaning of
 * the sums hang on. */
static bool make_identity(run *r)
{
    const bw_learner *learner = r->learner;
    size_t size;
    FILE *out = open_memstream(&r->identity, &size);

    if (out == NULL)
        return false;
    if (r->options->identity != NULL)
        fprintf(out, "%s ", r->options->identity);
    fprintf(out,
            "examples=%" PRIu64 " batch=%" PRIu64 " seed=%" PRIu64
            " validation=%s",
            learner->n_examples, r->options->batch, r->options->seed,
            has_validation(r) ? "yes" : "no");
    for (size_t k = 0; k < learner->n_terms; k++)
        fprintf(out, "%s%s*%.9g", k == 0 ? " terms=" : ",",
                learner->term[k].name, learner->term[k].weight);
    return fclose(out) == 0;
}

static bw_status init(run *r, bw_error *err)
{
    const bw_train_options *options = r->options;
    uint64_t n = r->learner->n_examples, batch = options->batch;
    uint64_t n_steps = options->steps > 0 ? options->steps : UINT64_MAX;

    r->n_batches = n / batch + (n % batch > 0);
    if (options->epochs > 0 && options->epochs <= n_steps / r->n_batches)
        n_steps = options->epochs * r->n_batches;
    r->n_steps = n_steps;
    r->order_epoch = UINT64_MAX;
    r->shown_loss = r->shown_validation = NAN;
    r->order = malloc((size_t)n * sizeof *r->order);
    if (r->order == NULL || !make_identity(r))
        return bw_error_memory(err);
    if (has_validation(r)) {
        size_t n_values = r->learner->model->n_values;

        r->best = malloc((n_values + 1) * sizeof *r->best);
        if (r->best == NULL)
            return bw_error_memory(err);
    }
    return BW_OK;
}

/* The directory of the pictures; its parents must be there. */
static bw_status make_folder(const char *path, bw_error *err)
{
    struct stat info;

    if (mkdir(path, 0777) == 0 ||
        (errno == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode)))
        return BW_OK;
    return bw_error_errno(err, "%s", path);
}

/* ---- order ---- */

/* Fisher and Yates's shuffle of 0 .. n-1 by stream `epoch` of the seed. */
static void shuffle(run *r, uint64_t epoch)
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

/* The examples of the next step; how many. */
static size_t next_batch(run *r, const uint32_t **example)
{
    uint64_t batch = r->options->batch;
    uint64_t begin = r->state.step % r->n_batches * batch;
    uint64_t left = r->learner->n_examples - begin;

    if (r->order_epoch != r->state.epoch)
        shuffle(r, r->state.epoch);
    *example = r->order + begin;
    return (size_t)(left < batch ? left : batch);
}

/* ---- saying ---- */

static double seconds_of(const run *r)
{
    return r->before + (bw_progress_now() - r->started);
}

static double mean_loss(const run *r)
{
    const bw_train_state *s = &r->state;

    return bw_train_total(r->learner->n_terms, r->learner->term, s->sum) /
           (double)s->n_row;
}

/* The loss is that of the last row, or of the first one under way. */
static void show_progress(run *r)
{
    double loss = r->shown_loss;

    if (r->progress.stream == NULL)
        return;
    if (isnan(loss) && r->state.n_row > 0)
        loss = mean_loss(r);
    if (isnan(r->shown_validation))
        bw_progress_note(&r->progress, "epoch %" PRIu64 ", loss %.4g",
                         r->state.step / r->n_batches + 1, loss);
    else
        bw_progress_note(
            &r->progress, "epoch %" PRIu64 ", loss %.4g, validation %.4g",
            r->state.step / r->n_batches + 1, loss, r->shown_validation);
    bw_progress_update(&r->progress, n_seen(r, r->state.step));
}

static bw_status log_row(run *r, const bw_step *at, const char *set,
                         const double *terms, double total, double speed,
                         bw_error *err)
{
    bw_train_row row = {.set = set,
                        .step = at->step,
                        .epoch = at->epoch + 1,
                        .rate_factor = at->rate_factor,
                        .terms = terms,
                        .total = total,
                        .speed = speed,
                        .seconds = seconds_of(r)};

    return r->log != NULL ? bw_train_log_write(r->log, &row, err) : BW_OK;
}

/* Ends the row under way: means over its examples. */
static bw_status end_row(run *r, const bw_step *at, bw_error *err)
{
    bw_train_state *s = &r->state;
    double terms[BW_MAX_TERMS];
    double speed =
        s->row_seconds > 0.0 ? (double)s->n_row / s->row_seconds : NAN;

    if (s->n_row == 0)
        return BW_OK;
    for (size_t k = 0; k < r->learner->n_terms; k++)
        terms[k] = s->sum[k] / (double)s->n_row;
    r->shown_loss = mean_loss(r);
    memset(s->sum, 0, sizeof s->sum);
    s->n_row = 0;
    s->row_seconds = 0.0;
    return log_row(r, at, "train", terms,
                   bw_train_total(r->learner->n_terms, r->learner->term, terms),
                   speed, err);
}

/* ---- saving ---- */

static bw_checkpoint checkpoint_of(const run *r)
{
    return (bw_checkpoint){.path = r->options->checkpoint,
                           .learner = r->learner,
                           .identity = r->identity,
                           .opt_provenance = r->options->provenance,
                           .opt_best = r->best};
}

/* "step 1234 (epoch 3): pairs is not finite; checkpoint FILE holds step 1200"
 */
static bw_status stop_by_number(const run *r, uint64_t step, const char *what,
                                bw_error *err)
{
    uint64_t epoch = (step > 0 ? step - 1 : 0) / r->n_batches + 1;

    if (r->is_saved)
        return bw_error_set(err, BW_ERR_RANGE,
                            "step %" PRIu64 " (epoch %" PRIu64
                            "): %s is not finite; checkpoint %s holds step "
                            "%" PRIu64,
                            step, epoch, what, r->options->checkpoint,
                            r->saved_step);
    return bw_error_set(err, BW_ERR_RANGE,
                        "step %" PRIu64 " (epoch %" PRIu64
                        "): %s is not finite; no checkpoint was written",
                        step, epoch, what);
}

/* What holds a value that is not finite, or NULL. */
static const char *find_bad_values(const run *r)
{
    const bw_learner *learner = r->learner;
    const bw_model *model = learner->model;

    if (!bw_slot_is_finite(model->values, model->n_values, NULL))
        return "a value of the model";
    for (size_t k = 0; k < learner->n_blocks; k++)
        if (!bw_slot_is_finite(learner->block[k].values, learner->block[k].n,
                               NULL))
            return learner->block[k].name;
    return NULL;
}

static bw_status save(run *r, bw_error *err)
{
    bw_checkpoint checkpoint = checkpoint_of(r);
    const char *bad = NULL;
    bw_status status = BW_OK;

    if (r->options->checkpoint == NULL)
        return BW_OK;
    bad = find_bad_values(r);
    if (bad != NULL)
        return stop_by_number(r, r->state.step, bad, err);
    r->state.seconds = seconds_of(r);
    r->state.is_over = is_over(r);
    r->state.log_bytes = r->log != NULL ? bw_train_log_n_bytes(r->log) : 0;
    if (r->log != NULL)
        status = bw_train_log_sync(r->log, err);
    if (status == BW_OK)
        status = bw_checkpoint_write(&checkpoint, &r->state, err);
    if (status != BW_OK)
        return status;
    r->saved = bw_progress_now();
    r->saved_step = r->state.step;
    r->is_saved = true;
    return BW_OK;
}

static bool is_save_due(const run *r, bool is_epoch_end)
{
    const bw_train_options *o = r->options;

    return is_epoch_end || is_over(r) ||
           (o->checkpoint_every > 0 &&
            r->state.step % o->checkpoint_every == 0) ||
           (o->checkpoint_minutes > 0.0 &&
            bw_progress_now() - r->saved >= 60.0 * o->checkpoint_minutes);
}

static bw_status stop_by_signal(run *r, bw_error *err)
{
    bw_status status = save(r, err);

    if (status != BW_OK)
        return status;
    if (r->is_saved)
        return bw_error_set(err, BW_ERR_INTERRUPTED,
                            "interrupted after step %" PRIu64
                            "; checkpoint %s holds it",
                            r->state.step, r->options->checkpoint);
    return bw_error_set(err, BW_ERR_INTERRUPTED,
                        "interrupted after step %" PRIu64, r->state.step);
}

/* ---- step ---- */

/* The first of the terms, or n_terms for their total, that is not finite;
 * n_terms + 1 when all are. */
static size_t find_bad_term(const run *r, const double *terms)
{
    size_t n = r->learner->n_terms;

    for (size_t k = 0; k < n; k++)
        if (!isfinite(terms[k]))
            return k;
    return isfinite(bw_train_total(n, r->learner->term, terms)) ? n + 1 : n;
}

static bw_step place_of(const run *r)
{
    uint64_t done = r->state.step;
    double n = (double)r->n_batches;
    double factor =
        bw_schedule_factor(&r->options->schedule, (double)done / n,
                           (double)r->n_steps / n, r->state.n_drops);

    return (bw_step){
        .step = done + 1, .epoch = r->state.epoch, .rate_factor = factor};
}

static bw_status make_step(run *r, const bw_step *at, bw_error *err)
{
    const bw_learner *learner = r->learner;
    const uint32_t *example;
    size_t n = next_batch(r, &example), bad;
    double terms[BW_MAX_TERMS] = {0}, begun = bw_progress_now();
    bw_status status = learner->step(learner->self, example, n, at, terms, err);

    if (status != BW_OK)
        return status;
    bad = find_bad_term(r, terms);
    if (bad <= learner->n_terms)
        return stop_by_number(r, at->step, term_name(r, bad), err);
    for (size_t k = 0; k < learner->n_terms; k++)
        r->state.sum[k] += terms[k] * (double)n;
    r->state.n_row += n;
    r->state.row_seconds += bw_progress_now() - begun;
    r->state.step++;
    return BW_OK;
}

/* ---- epoch ---- */

/* Counts epochs without a better total, for patience and for the plateau. */
static void take_total(run *r, uint64_t epoch, double total)
{
    bw_train_state *s = &r->state;
    const bw_schedule *schedule = &r->options->schedule;

    if (s->best_epoch == 0 || total < s->best) {
        const bw_model *model = r->learner->model;

        memcpy(r->best, model->values, model->n_values * sizeof *r->best);
        s->best = total;
        s->best_epoch = epoch + 1;
        s->n_without_gain = s->n_flat = 0;
        return;
    }
    s->n_without_gain++;
    s->n_flat++;
    if (schedule->kind == BW_SCHEDULE_PLATEAU &&
        s->n_flat >= schedule->patience) {
        s->n_drops++;
        s->n_flat = 0;
    }
}

static bw_status validate(run *r, const bw_step *at, bw_error *err)
{
    const bw_learner *learner = r->learner;
    double terms[BW_MAX_TERMS] = {0}, total;
    bw_status status = learner->validate(learner->self, terms, err);
    size_t bad;

    if (status != BW_OK)
        return status;
    bad = find_bad_term(r, terms);
    if (bad <= learner->n_terms) {
        char what[96];

        snprintf(what, sizeof what, "validation: %s", term_name(r, bad));
        return stop_by_number(r, at->step, what, err);
    }
    total = bw_train_total(learner->n_terms, learner->term, terms);
    r->shown_validation = total;
    take_total(r, at->epoch, total);
    return log_row(r, at, "validation", terms, total, NAN, err);
}

static bw_status end_epoch(run *r, const bw_step *at, bw_error *err)
{
    const bw_learner *learner = r->learner;
    bw_status status = BW_OK;

    if (has_validation(r))
        status = validate(r, at, err);
    if (status == BW_OK && r->options->pictures != NULL &&
        learner->pictures != NULL)
        status = learner->pictures(learner->self, r->options->pictures,
                                   at->epoch + 1, err);
    return status;
}

/* A step with all that belongs to it. Rows end with their epoch, so that none
 * mixes two, and validation stands beside the loss of the same epoch. */
static bw_status advance(run *r, bw_error *err)
{
    bw_step at = place_of(r);
    uint64_t every = r->options->log_every;
    bw_status status = make_step(r, &at, err);
    bool is_epoch_end, is_end;

    if (status != BW_OK)
        return status;
    is_epoch_end = r->state.step % r->n_batches == 0;
    is_end = is_epoch_end || r->state.step == r->n_steps;
    if (is_end || (every > 0 && r->state.step % every == 0))
        status = end_row(r, &at, err);
    if (status == BW_OK && is_end)
        status = end_epoch(r, &at, err);
    r->state.epoch += is_epoch_end;
    if (status == BW_OK && is_save_due(r, is_epoch_end))
        status = save(r, err);
    if (status == BW_OK)
        show_progress(r);
    return status;
}

/* ---- beginning ---- */

static void tell_loaded(const run *r)
{
    if (r->learner->loaded != NULL)
        r->learner->loaded(r->learner->self);
}

static bw_status resume(run *r, bw_error *err)
{
    bw_checkpoint checkpoint = checkpoint_of(r);
    bw_status status = bw_checkpoint_read(&checkpoint, &r->state, err);

    if (status != BW_OK)
        return status;
    if (r->state.epoch != r->state.step / r->n_batches)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: epoch %" PRIu64
                            " cannot end before step %" PRIu64,
                            checkpoint.path, r->state.epoch, r->state.step);
    r->before = r->state.seconds;
    r->saved_step = r->state.step;
    r->is_saved = true;
    if (r->state.best_epoch > 0)
        r->shown_validation = r->state.best;
    tell_loaded(r);
    return BW_OK;
}

static bw_status begin(run *r, bw_error *err)
{
    const bw_train_options *o = r->options;
    bool is_resumed = o->resume && o->checkpoint != NULL &&
                      bw_checkpoint_exists(o->checkpoint);
    bw_status status = init(r, err);

    /* That it cannot be written shall not show after the first epoch. */
    if (status == BW_OK && o->checkpoint != NULL)
        status = bw_checkpoint_check(o->checkpoint, is_resumed, err);
    if (status == BW_OK && is_resumed)
        status = resume(r, err);
    if (status == BW_OK && o->pictures != NULL)
        status = make_folder(o->pictures, err);
    if (status == BW_OK && o->log != NULL)
        status =
            bw_train_log_open(o->log, r->learner->n_terms, r->learner->term,
                              o->provenance, r->state.log_bytes, &r->log, err);
    r->started = r->saved = bw_progress_now();
    bw_progress_start(&r->progress, o->talk, o->is_quiet, o->is_verbose,
                      o->tool, r->learner->unit, n_seen(r, r->n_steps),
                      n_seen(r, r->state.step));
    return status;
}

/* The best epoch's values, or the last, which must be finite too. */
static bw_status finish(run *r, bw_train_result *result, bw_error *err)
{
    const bw_train_state *s = &r->state;
    bw_model *model = r->learner->model;

    if (r->best != NULL && s->best_epoch > 0) {
        memcpy(model->values, r->best, model->n_values * sizeof *r->best);
        tell_loaded(r);
    }
    *result = (bw_train_result){.steps = s->step,
                                .epochs = s->epoch,
                                .best_epoch = s->best_epoch,
                                .best = s->best,
                                .stopped_early = s->step < r->n_steps};
    if (!bw_slot_is_finite(model->values, model->n_values, NULL))
        return stop_by_number(r, s->step, "a value of the model", err);
    return BW_OK;
}

bw_status bw_train_run(const bw_learner *learner,
                       const bw_train_options *options, bw_train_result *result,
                       bw_error *err)
{
    run r = {.learner = learner, .options = options};
    bw_status status = check_options(learner, options, err);

    *result = (bw_train_result){0};
    if (status == BW_OK)
        status = begin(&r, err);
    while (status == BW_OK && !is_over(&r)) {
        if (options->stopped != NULL && options->stopped() != 0)
            status = stop_by_signal(&r, err);
        else
            status = advance(&r, err);
    }
    bw_progress_finish(&r.progress,
                       r.state.step > 0 ? n_seen(&r, r.state.step) : 0);
    if (status == BW_OK)
        status = finish(&r, result, err);
    if (status == BW_OK)
        status = bw_train_log_close(r.log, err);
    else
        (void)!bw_train_log_close(r.log, NULL);
    free(r.identity);
    free(r.order);
    free(r.best);
    return status;
}
