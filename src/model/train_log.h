/* train_log.h - the table that a training run writes while it runs: "#" lines
 * that tell what it is of, a line of columns, rows. barrow(7) describes it. */
#ifndef BW_TRAIN_LOG_H
#define BW_TRAIN_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "barrow/provenance.h"
#include "model/train.h"

typedef struct bw_train_log bw_train_log;

typedef struct bw_train_row {
    const char *set;      /* "train" or "validation" */
    uint64_t step, epoch; /* from 1 */
    double rate_factor;
    const double *terms; /* not weighted */
    double total;
    double speed; /* examples a second, NAN where it has no meaning */
    double seconds;
} bw_train_row;

/* Sum of weight x term over the terms whose weight is not 0. */
double bw_train_total(size_t n_terms, const bw_term *term, const double *terms);

/* Begins a log at path ("-": standard output), or, with n_kept > 0, cuts the
 * one that is there to its first n_kept bytes and goes on behind them; a device
 * or a pipe is never cut. term is borrowed. BW_ERR_IO; BW_ERR_FORMAT for a log
 * that is shorter, or has no row that ends there. */
bw_status bw_train_log_open(const char *path, size_t n_terms,
                            const bw_term *term,
                            const bw_provenance *opt_provenance,
                            uint64_t n_kept, bw_train_log **ret_log,
                            bw_error *err) BW_MUST_CHECK;

/* Writes a row; it is in the file when the call returns. Allocates nothing.
 * BW_ERR_IO names the file. */
bw_status bw_train_log_write(bw_train_log *log, const bw_train_row *row,
                             bw_error *err) BW_MUST_CHECK;

/* Bytes that were written, those of earlier runs included. */
uint64_t bw_train_log_n_bytes(const bw_train_log *log);

/* Makes the rows outlive a power cut, as a checkpoint that counts them does. */
bw_status bw_train_log_sync(bw_train_log *log, bw_error *err) BW_MUST_CHECK;

bw_status bw_train_log_close(bw_train_log *log, bw_error *err) BW_MUST_CHECK;

#endif
