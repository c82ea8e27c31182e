/* run.h - what a training run is: its length, its name, its place, the order of
 * its examples. The loop itself is train.c. */
#ifndef BW_RUN_H
#define BW_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/progress.h"
#include "model/checkpoint.h"
#include "model/train.h"
#include "model/train_log.h"

typedef struct bw_run {
    const bw_learner *learner;
    const bw_train_options *options;
    bw_train_state state;
    uint64_t n_batches; /* steps of an epoch */
    uint64_t n_steps;   /* of the run, at most */
    char *identity;
    uint32_t *order;      /* n_examples */
    uint64_t order_epoch; /* that order is of; UINT64_MAX: none */
    float *best;          /* values, with validation and not keep_last */
    bw_train_log *log;
    bw_progress progress;
    double shown_loss, shown_validation; /* NAN: not known yet */
    double started, before; /* clock now, seconds of earlier runs */
    double saved;           /* clock at the last checkpoint */
    uint64_t saved_step;
    bool is_saved; /* the checkpoint holds this run's saved_step */
} bw_run;

/* Whether a run can be made of these. BW_ERR_USAGE, BW_ERR_RANGE. */
bw_status bw_run_check(const bw_learner *learner,
                       const bw_train_options *options,
                       bw_error *err) BW_MUST_CHECK;

/* A run that has not begun. bw_run_clear in any case. BW_ERR_MEMORY. */
bw_status bw_run_init(bw_run *run, const bw_learner *learner,
                      const bw_train_options *options,
                      bw_error *err) BW_MUST_CHECK;
/* Frees what init made; the log is not the run's to close. */
void bw_run_clear(bw_run *run);

/* Whether the steps are done, or patience is at its end. */
bool bw_run_is_over(const bw_run *run);

/* Examples that the first `step` steps go through. */
uint64_t bw_run_n_seen(const bw_run *run, uint64_t step);

/* Where the next step stands, and the examples of it (how many is returned);
 * they last until the next call. */
bw_step bw_run_place(const bw_run *run);
size_t bw_run_batch(bw_run *run, const uint32_t **example);

#endif
