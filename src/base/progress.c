/* progress.c - how far long work has come. */
#include "config.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/progress.h"

enum { TEXT_SIZE = 32 };

static const double terminal_seconds = 0.2, plain_seconds = 30.0;

double bw_progress_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* "1:02:03" */
static void format_time(char text[TEXT_SIZE], double seconds)
{
    /* No wait that a person sits out is longer than this. */
    uint64_t s =
        seconds < 1e12 ? (uint64_t)(seconds + 0.5) : (uint64_t)1000000000000;

    snprintf(text, TEXT_SIZE, "%" PRIu64 ":%02u:%02u", s / 3600,
             (unsigned)(s / 60 % 60), (unsigned)(s % 60));
}

/* "12.3/s", "51234/s" */
static void format_rate(char text[TEXT_SIZE], double rate)
{
    snprintf(text, TEXT_SIZE, rate < 100.0 ? "%.3g/s" : "%.0f/s", rate);
}

/* How many a second since the start, or 0 when that cannot be told. */
static double find_rate(const bw_progress *progress, uint64_t n_done,
                        double now)
{
    double seconds = now - progress->started;

    if (n_done <= progress->n_before || seconds <= 0.0)
        return 0.0;
    return (double)(n_done - progress->n_before) / seconds;
}

static void end_line(bw_progress *progress)
{
    fputs(progress->is_terminal ? "\033[K" : "\n", progress->stream);
    fflush(progress->stream);
    progress->is_dirty = progress->is_terminal;
}

/* "wdist: 120 of 4950 pairs (2.4 %), 51.3/s, 0:01:34 left" */
static void show(bw_progress *progress, uint64_t n_done, double now)
{
    char rate_text[TEXT_SIZE], time_text[TEXT_SIZE];
    double rate = find_rate(progress, n_done, now);
    double n_total = (double)progress->n_total;

    fprintf(progress->stream, "%s%s: %" PRIu64,
            progress->is_terminal ? "\r" : "", progress->label, n_done);
    if (progress->n_total > 0)
        fprintf(progress->stream, " of %" PRIu64 " %s (%.1f %%)",
                progress->n_total, progress->unit,
                100.0 * (double)n_done / n_total);
    else
        fprintf(progress->stream, " %s", progress->unit);
    if (rate > 0.0) {
        format_rate(rate_text, rate);
        fprintf(progress->stream, ", %s", rate_text);
    }
    if (rate > 0.0 && n_done < progress->n_total) {
        format_time(time_text, (n_total - (double)n_done) / rate);
        fprintf(progress->stream, ", %s left", time_text);
    }
    end_line(progress);
    progress->shown = now;
}

void bw_progress_start(bw_progress *progress, FILE *stream, bool is_quiet,
                       bool is_verbose, const char *label, const char *unit,
                       uint64_t n_total, uint64_t n_before)
{
    bool is_terminal = stream != NULL && isatty(fileno(stream));

    *progress = (bw_progress){
        .label = label, .unit = unit, .n_total = n_total, .n_before = n_before};
    if (stream == NULL || is_quiet || (!is_terminal && !is_verbose))
        return;
    progress->stream = stream;
    progress->is_terminal = is_terminal;
    progress->started = progress->shown = bw_progress_now();
}

void bw_progress_update(bw_progress *progress, uint64_t n_done)
{
    double now;

    if (progress->stream == NULL)
        return;
    now = bw_progress_now();
    if (now - progress->shown >=
        (progress->is_terminal ? terminal_seconds : plain_seconds))
        show(progress, n_done, now);
}

/* "wdist: 4950 pairs in 0:01:36, 51.3/s" */
void bw_progress_finish(bw_progress *progress, uint64_t n_done)
{
    char rate_text[TEXT_SIZE], time_text[TEXT_SIZE];
    double now, rate;

    if (progress->stream == NULL || progress->shown <= progress->started)
        return;
    now = bw_progress_now();
    rate = find_rate(progress, n_done, now);
    format_time(time_text, now - progress->started);
    fprintf(progress->stream, "%s%s: %" PRIu64 " %s in %s",
            progress->is_terminal ? "\r" : "", progress->label, n_done,
            progress->unit, time_text);
    if (rate > 0.0) {
        format_rate(rate_text, rate);
        fprintf(progress->stream, ", %s", rate_text);
    }
    end_line(progress);
    if (progress->is_terminal)
        fputc('\n', progress->stream);
    fflush(progress->stream);
    progress->is_dirty = false;
    progress->stream = NULL;
}
