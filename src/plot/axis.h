/* axis.h - an axis of a chart: its range, and ticks at round values. */
#ifndef BW_AXIS_H
#define BW_AXIS_H

#include <stdbool.h>
#include <stddef.h>

enum { BW_AXIS_TICKS = 80, BW_AXIS_TEXT = 24 };

typedef struct bw_tick {
    double value;
    char text[BW_AXIS_TEXT]; /* "" for the small ones between */
} bw_tick;

typedef struct bw_axis {
    bool is_log;   /* base 10 */
    bool is_whole; /* ticks at whole numbers only */
    bool is_empty; /* nothing was added yet */
    double low, high;
    size_t n_ticks;
    bw_tick tick[BW_AXIS_TICKS];
} bw_axis;

bw_axis bw_axis_init(bool is_log, bool is_whole);

/* Whether a value can be shown: finite, of less than 1e300, and on a log axis
 * more than 1e-300. */
bool bw_axis_shows(const bw_axis *axis, double value);
/* Makes the range hold a value, if it can be shown. */
void bw_axis_add(bw_axis *axis, double value);
/* The range that is drawn: a share wider on both sides; of one value alone,
 * some room about it; of none, 0 to 1 or, log, 0.1 to 10. */
void bw_axis_pad(bw_axis *axis, double share);
/* Multiplies the range's length about its middle; not on a log axis. */
void bw_axis_widen(bw_axis *axis, double factor);
/* Ticks, as near to n_wanted as roundness allows. The low end comes first. */
void bw_axis_mark(bw_axis *axis, size_t n_wanted);

/* Where a value stands: 0 at the low end, 1 at the high one. */
double bw_axis_at(const bw_axis *axis, double value);

#endif
