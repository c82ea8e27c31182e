/* axis.c - an axis of a chart: its range, and ticks at round values. */
#include "config.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "plot/axis.h"

/* Values whose differences and powers stay finite. */
static const double most = 1e300;
/* Least length of a range, against its values: tick labels need no more than
 * eight digits. */
static const double least_length = 1e-6;

bw_axis bw_axis_init(bool is_log, bool is_whole)
{
    return (bw_axis){.is_log = is_log, .is_whole = is_whole, .is_empty = true};
}

bool bw_axis_shows(const bw_axis *axis, double value)
{
    return fabs(value) < most && (!axis->is_log || value > 1 / most);
}

void bw_axis_add(bw_axis *axis, double value)
{
    if (!bw_axis_shows(axis, value))
        return;
    if (axis->is_empty || value < axis->low)
        axis->low = value;
    if (axis->is_empty || value > axis->high)
        axis->high = value;
    axis->is_empty = false;
}

static void pad_log(bw_axis *axis, double share)
{
    double low = axis->is_empty ? -1 : log10(axis->low);
    double high = axis->is_empty ? 1 : log10(axis->high);
    /* Less than a third of a decade shows no round value. */
    double rest = fmax(0.4 - (high - low), 0) / 2;

    axis->low = pow(10, fmax(low - rest - share * (high - low), -306));
    axis->high = pow(10, fmin(high + rest + share * (high - low), 306));
}

void bw_axis_pad(bw_axis *axis, double share)
{
    if (axis->is_log) {
        pad_log(axis, share);
        return;
    }
    if (axis->is_empty)
        axis->high = 1;
    double size = fmax(fabs(axis->low), fabs(axis->high));
    double length = axis->high - axis->low, rest = share * length;
    if (length <= least_length * size || length <= 1 / most)
        rest = size > 1 / most ? size / 10 : 1;
    axis->low -= rest;
    axis->high += rest;
}

void bw_axis_widen(bw_axis *axis, double factor)
{
    double rest = (factor - 1) / 2 * (axis->high - axis->low);

    axis->low -= rest;
    axis->high += rest;
}

/* ---- ticks ---- */

/* "2e+05" to "2e5", "1e-07" to "1e-7". */
static void trim_exponent(char *text)
{
    char *e = strchr(text, 'e');

    if (!e)
        return;
    char *to = e + 1, *from = e + 1;
    if (*from == '-')
        to++;
    if (*from == '-' || *from == '+')
        from++;
    while (*from == '0' && from[1])
        from++;
    memmove(to, from, strlen(from) + 1);
}

static bw_tick *add_tick(bw_axis *axis, double value)
{
    if (axis->n_ticks == BW_AXIS_TICKS || value < axis->low ||
        value > axis->high)
        return NULL;
    bw_tick *tick = &axis->tick[axis->n_ticks++];
    *tick = (bw_tick){.value = value};
    return tick;
}

/* 1, 2 or 5 times a power of ten, whichever is nearest by its ratio. */
static double round_step(double x)
{
    double power = pow(10, floor(log10(x))), ratio = x / power;

    return power * (ratio * ratio < 2    ? 1
                    : ratio * ratio < 10 ? 2
                    : ratio * ratio < 50 ? 5
                                         : 10);
}

/* A multiple of step, with the digits that tell it from the next one. */
static void set_linear_text(const bw_axis *axis, double step, bw_tick *tick)
{
    int e = (int)floor(log10(step) + 1e-9);
    double size = fmax(fabs(axis->low), fabs(axis->high));

    if ((size < 1e6 && e >= -5) || (size < 1e9 && e >= 0 && e <= 2))
        snprintf(tick->text, sizeof tick->text, "%.*f", e < 0 ? -e : 0,
                 tick->value);
    else {
        int digits = (int)floor(log10(size)) - e + 1;
        snprintf(tick->text, sizeof tick->text, "%.*g",
                 digits < 1   ? 1
                 : digits > 9 ? 9
                              : digits,
                 tick->value);
        trim_exponent(tick->text);
    }
}

static void mark_linear(bw_axis *axis, size_t n_wanted)
{
    double step = round_step((axis->high - axis->low) / (double)n_wanted);

    if (axis->is_whole && step < 1)
        step = 1;
    /* Below 2^63: see least_length. */
    int64_t k = (int64_t)ceil(axis->low / step);
    for (; (double)k * step <= axis->high; k++) {
        bw_tick *tick = add_tick(axis, (double)k * step);
        if (tick)
            set_linear_text(axis, step, tick);
        if (axis->n_ticks == BW_AXIS_TICKS)
            return;
    }
}

/* 1, 2, .. 9 times powers of ten; has_more: 2 and 5 are labelled, too. */
static void mark_digits(bw_axis *axis, int from, int to, bool has_more)
{
    for (int e = from; e <= to; e++)
        for (int k = 1; k < 10; k++) {
            bw_tick *tick = add_tick(axis, k * pow(10, e));
            if (!tick || (k != 1 && (!has_more || (k != 2 && k != 5))))
                continue;
            snprintf(tick->text, sizeof tick->text, "%g", tick->value);
            trim_exponent(tick->text);
        }
}

static void mark_log(bw_axis *axis, size_t n_wanted)
{
    int from = (int)floor(log10(axis->low)), to = (int)ceil(log10(axis->high));
    double decades = log10(axis->high) - log10(axis->low);
    int step = (int)ceil(decades / (double)n_wanted);

    if (decades < 0.7) {
        mark_linear(axis, n_wanted);
        return;
    }
    if (decades <= 7) {
        mark_digits(axis, from, to, decades <= 3);
        return;
    }
    for (int e = step * (int)ceil((double)from / step); e <= to; e += step) {
        bw_tick *tick = add_tick(axis, pow(10, e));
        if (!tick)
            continue;
        snprintf(tick->text, sizeof tick->text, "%g", tick->value);
        trim_exponent(tick->text);
    }
}

void bw_axis_mark(bw_axis *axis, size_t n_wanted)
{
    axis->n_ticks = 0;
    if (axis->is_log)
        mark_log(axis, n_wanted);
    else
        mark_linear(axis, n_wanted);
}

double bw_axis_at(const bw_axis *axis, double value)
{
    if (axis->is_log)
        return (log10(value) - log10(axis->low)) /
               (log10(axis->high) - log10(axis->low));
    return (value - axis->low) / (axis->high - axis->low);
}
