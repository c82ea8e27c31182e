/* checkpoint.h - a training run in a file: the model, the learner's state, and
 * counters. barrow(5) lists its tensors and metadata. */
#ifndef BW_CHECKPOINT_H
#define BW_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "model/train.h"

/* All that the loop knows besides values; everything else derives from it. */
typedef struct bw_train_state {
    uint64_t step, epoch; /* done */
    uint64_t best_epoch;  /* from 1; 0: none yet */
    double best;
    uint64_t n_without_gain; /* epochs, for patience */
    uint64_t n_flat;         /* epochs, for the plateau schedule */
    uint64_t n_drops;        /* plateaus met */
    uint64_t n_row;          /* examples in the log's row under way */
    double row_seconds;
    double sum[BW_MAX_TERMS]; /* of that row: term x examples */
    double seconds;
    uint64_t log_bytes;
    uint64_t is_over; /* 1: nothing is left to do */
} bw_train_state;

/* What a checkpoint is made of. */
typedef struct bw_checkpoint {
    const char *path;
    const bw_learner *learner;
    const char *identity; /* one line; another's is refused */
    const bw_provenance *opt_provenance;
    float *opt_best; /* the best epoch's values, kept when best_epoch > 0 */
} bw_checkpoint;

/* Whether a run may begin that will write here: a file can be made in the
 * folder, and there is nothing under the name, or a checkpoint of a run that
 * ended, or one that is resumed. BW_ERR_IO; BW_ERR_RANGE for an unfinished run;
 * BW_ERR_FORMAT for another file. */
bw_status bw_checkpoint_check(const char *path, bool is_resumed,
                              bw_error *err) BW_MUST_CHECK;

/* Whether there is a file under the name. */
bool bw_checkpoint_exists(const char *path);

/* Writes; the file appears whole or not at all. BW_ERR_RANGE for values that
 * are not finite. */
bw_status bw_checkpoint_write(const bw_checkpoint *checkpoint,
                              const bw_train_state *state,
                              bw_error *err) BW_MUST_CHECK;

/* Reads into the model's values, the state blocks, opt_best and *state. The
 * run must be the same: BW_ERR_RANGE shows what differs; BW_ERR_FORMAT for a
 * file that is damaged, no checkpoint, or of other shapes. On failure what is
 * filled is undefined. */
bw_status bw_checkpoint_read(const bw_checkpoint *checkpoint,
                             bw_train_state *state,
                             bw_error *err) BW_MUST_CHECK;

#endif
