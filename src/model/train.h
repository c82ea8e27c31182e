/* train.h - the loop that all models train in: order of examples, schedule,
 * validation, early stop, log, checkpoints, resume, interruption.
 *
 * All that is random derives from (seed, epoch) or (seed, step), so a
 * checkpoint needs counters only, and a run that was killed and resumed ends
 * in the bytes of one that was not.
 */
#ifndef BW_TRAIN_H
#define BW_TRAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "barrow/optimizer.h"
#include "base/comm.h"
#include "base/tasks.h"
#include "model/model.h"

enum { BW_MAX_TERMS = 16, BW_MAX_BLOCKS = 16 };

/* Where in the run a step stands. */
typedef struct bw_step {
    uint64_t step;      /* from 1 */
    uint64_t epoch;     /* from 0 */
    double rate_factor; /* of the schedule; the learner multiplies its rates */
} bw_step;

/* A term of the loss: the log's columns NAME (as it is) and, where weight is
 * neither 1 nor 0, NAME_weighted. The total is the sum of weight x term over
 * terms whose weight is not 0; a weight of 0 is for figures to look at. */
typedef struct bw_term {
    const char *name;
    double weight;
} bw_term;

/* State of training besides the model's values, kept in checkpoints as tensor
 * "train.NAME": moments, for example. */
typedef struct bw_state_block {
    const char *name;
    float *values;
    size_t n;
} bw_state_block;

/* What a model gives to the loop. Pointers are borrowed. */
typedef struct bw_learner {
    void *self;
    bw_model *model;  /* its values are what the steps change */
    const char *unit; /* "pairs": for the progress line */
    uint64_t n_examples;
    size_t n_terms;
    const bw_term *term;
    size_t n_blocks;
    const bw_state_block *block;
    /* One step on n examples: forward, terms (means over the examples, not
     * weighted), backward, update. Where a term is not finite, nothing may be
     * updated; the loop stops then. So it does after BW_ERR_INTERRUPTED, which
     * says that the step was not made. */
    bw_status (*step)(void *self, const uint32_t *example, size_t n,
                      const bw_step *at, double *terms, bw_error *err);
    /* Terms over the held-out examples; NULL where there are none. Must not
     * change the model. */
    bw_status (*validate)(void *self, double *terms, bw_error *err);
    /* Writes the pictures of an epoch, from 1, into a folder that exists; NULL:
     * none. Must not change the model. */
    bw_status (*pictures)(void *self, const char *folder, uint64_t epoch,
                          bw_error *err);
    /* Told when the loop itself changed the model's values or the blocks: after
     * a resume, and when the best epoch's come back. NULL: nobody asks. */
    void (*loaded)(void *self);
} bw_learner;

typedef struct bw_train_options {
    const char *tool; /* "dwe", begins the progress line */
    uint64_t epochs;  /* at most, 0: by steps only */
    uint64_t steps;   /* at most, 0: by epochs only */
    uint64_t batch;
    bw_schedule schedule;
    uint64_t seed;
    uint64_t patience; /* epochs without a better validation total before the
                           run stops early; 0: never. With validation, the best
                           epoch's values are kept either way, but: */
    bool keep_last;    /* the last epoch's values are the model's; validation is
                       only looked at, and patience is not asked: for losses
                       whose total does not say which epoch is best */
    const char *log;   /* TSV, "-": standard output, or NULL */
    uint64_t log_every; /* steps a row, which is the mean since the last; rows
                           end with epochs, too; 0: there only */
    const char *checkpoint;    /* NULL: none */
    uint64_t checkpoint_every; /* steps, 0: at epochs' ends only */
    double checkpoint_minutes; /* 0: not by time */
    bool resume;               /* from the checkpoint, if it is there yet */
    const char *pictures;      /* folder, made when it is not there, or NULL */
    /* What shaped the run, one line of words "name=value": a checkpoint of
     * another is refused, with what differs. The loop adds the number of
     * examples, batch, seed and terms. */
    const char *identity;
    bw_provenance *provenance; /* stamped on checkpoints, heads the log */
    bw_comm *comm; /* of processes that train one model, each with its own
                      learner that shares batches with the others'; NULL: a
                      process alone. What is written is rank 0's: others give
                      no log, checkpoint, pictures or talk */
    FILE *talk;    /* progress */
    bool is_quiet, is_verbose;
    int (*stopped)(void); /* may be NULL */
} bw_train_options;

typedef struct bw_train_result {
    uint64_t steps, epochs; /* done */
    uint64_t best_epoch;    /* from 1; 0 without validation */
    double best;            /* its validation total */
    bool stopped_early;
} bw_train_result;

/* Trains. Afterwards the model's values are the best epoch's (with validation
 * and without keep_last) or the last. Every epoch has its own order of all
 * examples; the last batch of an epoch has what is left. A run whose steps end
 * inside an epoch is validated there, too. Without resume, a checkpoint of an
 * unfinished run is not overwritten.
 *
 * BW_ERR_INTERRUPTED after a stop, the checkpoint written; BW_ERR_RANGE, naming
 * step and term, when a term or a value is not finite: the last checkpoint
 * stays as it was; BW_ERR_RANGE for a checkpoint of another run or one that
 * would be overwritten; BW_ERR_FORMAT for a damaged one, or a log that is not
 * the run's; BW_ERR_USAGE for options that ask for nothing or for what needs
 * validation without one; what the learner returns. Of several processes all
 * end with the same status and values: a signal or a failure in one of them is
 * agreed on before the next step. */
bw_status bw_train_run(const bw_learner *learner,
                       const bw_train_options *options, bw_train_result *result,
                       bw_error *err) BW_MUST_CHECK;

#endif
