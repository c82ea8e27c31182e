/* progress.h - one line that says how far long work has come: done, total,
 * rate, time left. Written to a terminal (rewritten in place, at most five
 * times a second), or, with is_verbose, as a plain line every 30 seconds;
 * otherwise nothing. */
#ifndef BW_PROGRESS_H
#define BW_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct bw_progress {
    FILE *stream; /* NULL: silent */
    bool is_terminal;
    const char *label;     /* "wdist" */
    const char *unit;      /* "pairs" */
    uint64_t n_total;      /* 0: unknown */
    uint64_t n_before;     /* done before this process began (resume) */
    double started, shown; /* seconds, monotonic */
    bool is_dirty;         /* a line stands on the terminal */
} bw_progress;

void bw_progress_start(bw_progress *progress, FILE *stream, bool is_quiet,
                       bool is_verbose, const char *label, const char *unit,
                       uint64_t n_total, uint64_t n_before);
/* Cheap when nothing is due. */
void bw_progress_update(bw_progress *progress, uint64_t n_done);
/* Ends the line; prints the final figure where something was shown. */
void bw_progress_finish(bw_progress *progress, uint64_t n_done);

/* Seconds on the monotonic clock. */
double bw_progress_now(void);

#endif
