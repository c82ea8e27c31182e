/* train.c - the loop that all models train in.
 *
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
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/progress.h"
#include "model/checkpoint.h"
#include "model/meet.h"
#include "model/run.h"
#include "model/slot.h"
#include "model/train.h"
#include "model/train_log.h"

/* ---- saying ---- */

static double seconds_of(const bw_run *r)
{
    return r->before + (bw_progress_now() - r->started);
}

static double mean_loss(const bw_run *r)
{
    const bw_train_state *s = &r->state;

    return bw_train_total(r->learner->n_terms, r->learner->term, s->sum) /
           (double)s->n_row;
}

/* The loss is that of the last row, or of the first one under way. */
static void show_progress(bw_run *r)
{
    double loss = r->shown_loss;
    char note[BW_PROGRESS_NOTE];
    int at;

    if (r->progress.stream == NULL)
        return;
    if (isnan(loss) && r->state.n_row > 0)
        loss = mean_loss(r);
    at = snprintf(note, sizeof note, "epoch %" PRIu64,
                  (r->state.step - 1) / r->n_batches + 1);
    if (r->options->epochs > 0)
        at += snprintf(note + at, sizeof note - (size_t)at, "/%" PRIu64,
                       r->options->epochs);
    at += snprintf(note + at, sizeof note - (size_t)at, ", loss %.4g", loss);
    if (!isnan(r->shown_validation))
        snprintf(note + at, sizeof note - (size_t)at, ", validation %.4g",
                 r->shown_validation);
    bw_progress_note(&r->progress, "%s", note);
    bw_progress_update(&r->progress, bw_run_n_seen(r, r->state.step));
}

static bw_status log_row(bw_run *r, const bw_step *at, const char *set,
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
static bw_status end_row(bw_run *r, const bw_step *at, bw_error *err)
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

static bw_checkpoint checkpoint_of(const bw_run *r)
{
    return (bw_checkpoint){.path = r->options->checkpoint,
                           .learner = r->learner,
                           .identity = r->identity,
                           .opt_provenance = r->options->provenance,
                           .opt_best = r->best};
}

/* "step 1234 (epoch 3): pairs is not finite; checkpoint FILE holds step 1200"
 */
static bw_status stop_by_number(const bw_run *r, uint64_t step,
                                const char *what, bw_error *err)
{
    assert(r->n_batches > 0); /* the run has begun */
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
static const char *find_bad_values(const bw_run *r)
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

static bw_status save(bw_run *r, bw_error *err)
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
    r->state.is_over = bw_run_is_over(r);
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

static bool is_save_due(const bw_run *r, bool is_epoch_end)
{
    const bw_train_options *o = r->options;

    return is_epoch_end || bw_run_is_over(r) ||
           (o->checkpoint_every > 0 &&
            r->state.step % o->checkpoint_every == 0) ||
           (o->checkpoint_minutes > 0.0 &&
            bw_progress_now() - r->saved >= 60.0 * o->checkpoint_minutes);
}

static bw_status stop_by_signal(bw_run *r, bw_error *err)
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

static const char *term_name(const bw_run *r, size_t k)
{
    return k < r->learner->n_terms ? r->learner->term[k].name : "the total";
}

/* The first of the terms, or n_terms for their total, that is not finite;
 * n_terms + 1 when all are. */
static size_t find_bad_term(const bw_run *r, const double *terms)
{
    size_t n = r->learner->n_terms;

    for (size_t k = 0; k < n; k++)
        if (!isfinite(terms[k]))
            return k;
    return isfinite(bw_train_total(n, r->learner->term, terms)) ? n + 1 : n;
}

static bw_status make_step(bw_run *r, const bw_step *at, bw_error *err)
{
    const bw_learner *learner = r->learner;
    const uint32_t *example;
    size_t n = bw_run_batch(r, &example), bad;
    double terms[BW_MAX_TERMS] = {0}, begun = bw_progress_now();
    bw_status status = learner->step(learner->self, example, n, at, terms, err);

    if (status != BW_OK)
        return status;
    bad = find_bad_term(r, terms);
    if (bad <= learner->n_terms)
        return stop_by_number(r, at->step, term_name(r, bad), err);
    for (size_t k = 0; k < learner->n_terms; k++) {
        r->state.sum[k] += terms[k] * (double)n;
        if (!isfinite(r->state.sum[k]))
            return stop_by_number(r, at->step, term_name(r, k), err);
    }
    r->state.n_row += n;
    r->state.row_seconds += bw_progress_now() - begun;
    r->state.step++;
    return BW_OK;
}

/* ---- epoch ---- */

/* Counts epochs without a better total, for patience and for the plateau. */
static void take_total(bw_run *r, uint64_t epoch, double total)
{
    bw_train_state *s = &r->state;
    const bw_schedule *schedule = &r->options->schedule;

    if (s->best_epoch == 0 || total < s->best) {
        const bw_model *model = r->learner->model;

        if (r->best != NULL)
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

static bw_status validate(bw_run *r, const bw_step *at, bw_error *err)
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

static bw_status end_epoch(bw_run *r, const bw_step *at, bw_error *err)
{
    const bw_learner *learner = r->learner;
    bw_status status = BW_OK;

    if (r->learner->validate != NULL)
        status = validate(r, at, err);
    if (status == BW_OK && r->options->pictures != NULL &&
        learner->pictures != NULL)
        status = learner->pictures(learner->self, r->options->pictures,
                                   at->epoch + 1, err);
    return status;
}

/* A step with all that belongs to it. Rows end with their epoch, so that none
 * mixes two, and validation stands beside the loss of the same epoch. */
static bw_status advance(bw_run *r, bw_error *err)
{
    bw_step at = bw_run_place(r);
    uint64_t every = r->options->log_every;
    bw_status status = make_step(r, &at, err);
    bool is_epoch_end, is_end;

    if (status == BW_ERR_INTERRUPTED)
        return stop_by_signal(r, err);
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

/* The directory of the pictures, which must be one to write to; its parents
 * must be there. */
static bw_status make_folder(const char *path, bw_error *err)
{
    struct stat info;

    if (mkdir(path, 0777) == 0)
        return BW_OK;
    if (errno == EEXIST && stat(path, &info) == 0) {
        if (!S_ISDIR(info.st_mode))
            errno = ENOTDIR;
        else if (access(path, W_OK | X_OK) == 0)
            return BW_OK;
    }
    return bw_error_errno(err, "%s", path);
}

static void tell_loaded(const bw_run *r)
{
    if (r->learner->loaded != NULL)
        r->learner->loaded(r->learner->self);
}

static bw_status resume(bw_run *r, bw_error *err)
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

static bw_status begin(bw_run *r, bw_error *err)
{
    const bw_train_options *o = r->options;
    bool is_resumed = o->resume && o->checkpoint != NULL &&
                      bw_checkpoint_exists(o->checkpoint);
    bw_status status = bw_run_init(r, r->learner, o, err);

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
    status = bw_meet(r, status, err);
    bw_progress_start(&r->progress, o->talk, o->is_quiet, o->is_verbose,
                      o->tool, r->learner->unit, bw_run_n_seen(r, r->n_steps),
                      bw_run_n_seen(r, r->state.step));
    return status;
}

/* The best epoch's values, or the last, which must be finite too. */
static bw_status finish(bw_run *r, bw_train_result *result, bw_error *err)
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

/* Whether there is a step to make or, once a signal came to any process, an end
 * to make of the run. All processes answer alike. */
static bool is_going_on(const bw_run *r, bw_status *status, bool *is_stopped,
                        bw_error *err)
{
    const bw_train_options *o = r->options;

    *is_stopped = *status == BW_OK && !bw_run_is_over(r) &&
                  o->stopped != NULL && o->stopped() != 0;
    *status = bw_comm_agree(o->comm, *status, is_stopped, err);
    return *status == BW_OK && !bw_run_is_over(r);
}

bw_status bw_train_run(const bw_learner *learner,
                       const bw_train_options *options, bw_train_result *result,
                       bw_error *err)
{
    bw_run r = {.learner = learner, .options = options};
    bw_status status = bw_run_check(learner, options, err);
    bool is_stopped;

    *result = (bw_train_result){0};
    if (status == BW_OK)
        status = begin(&r, err);
    while (is_going_on(&r, &status, &is_stopped, err))
        status = is_stopped ? stop_by_signal(&r, err) : advance(&r, err);
    bw_progress_finish(&r.progress,
                       r.state.step > 0 ? bw_run_n_seen(&r, r.state.step) : 0);
    if (status == BW_OK)
        status = finish(&r, result, err);
    if (status == BW_OK)
        status = bw_train_log_close(r.log, err);
    else
        (void)!bw_train_log_close(r.log, NULL);
    bw_run_clear(&r);
    return status;
}
