/* progress.h - one line that says how far long work has come: done, total,
 * rate, time left, and, where the work has one, a note ("epoch 3, loss 0.41").
 * Written to a terminal (rewritten in place, at most five times a second, cut
 * to its width), or, with is_verbose, as a plain line every 30 seconds;
 * otherwise nothing. */
#ifndef BW_PROGRESS_H
#define BW_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "barrow/status.h"

enum { BW_PROGRESS_NOTE = 128 };

typedef struct bw_progress {
    FILE *stream; /* NULL: silent */
    bool is_terminal;
    const char *label;           /* "wdist" */
    const char *unit;            /* "pairs" */
    uint64_t n_total;            /* 0: unknown */
    uint64_t n_before;           /* done before this process began (resume) */
    double started, shown;       /* seconds, monotonic */
    bool is_dirty;               /* a line stands on the terminal */
    char note[BW_PROGRESS_NOTE]; /* "": counts stand in its place */
} bw_progress;

void bw_progress_start(bw_progress *progress, FILE *stream, bool is_quiet,
                       bool is_verbose, const char *label, const char *unit,
                       uint64_t n_total, uint64_t n_before);
/* What the next line says of the work itself. */
void bw_progress_note(bw_progress *progress, const char *format, ...)
    BW_PRINTF(2, 3);
/* Cheap when nothing is due. */
void bw_progress_update(bw_progress *progress, uint64_t n_done);
/* Ends the line; prints the final figure where something was shown. */
void bw_progress_finish(bw_progress *progress, uint64_t n_done);

/* Seconds on the monotonic clock. */
double bw_progress_now(void);

#endif
