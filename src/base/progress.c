/* progress.c - how far long work has come. */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/progress.h"

enum { TEXT_SIZE = 32, LINE_SIZE = 512 };

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

/* "12.3/s", "51234/s"; with a unit "12.3 pairs/s" */
static void format_rate(char text[TEXT_SIZE], double rate, const char *unit)
{
    snprintf(text, TEXT_SIZE, rate < 100.0 ? "%.3g%s%s/s" : "%.0f%s%s/s", rate,
             *unit != '\0' ? " " : "", unit);
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

/* "120 of 4950 pairs (2.4 %)", or, beside a note, "2.4 %" */
static size_t print_share(const bw_progress *progress, uint64_t n_done,
                          char line[LINE_SIZE])
{
    double share = 100.0 * (double)n_done / (double)progress->n_total;
    int n;

    if (progress->n_total == 0)
        n = snprintf(line, LINE_SIZE, "%s: %" PRIu64 " %s", progress->label,
                     n_done, progress->unit);
    else if (progress->note[0] != '\0')
        n = snprintf(line, LINE_SIZE, "%s: %.1f %%", progress->label, share);
    else
        n = snprintf(
            line, LINE_SIZE, "%s: %" PRIu64 " of %" PRIu64 " %s (%.1f %%)",
            progress->label, n_done, progress->n_total, progress->unit, share);
    return (size_t)n < LINE_SIZE ? (size_t)n : LINE_SIZE - 1;
}

static size_t add(char line[LINE_SIZE], size_t at, const char *a, const char *b)
{
    int n = snprintf(line + at, LINE_SIZE - at, ", %s%s", a, b);

    return at + (size_t)n < LINE_SIZE ? at + (size_t)n : LINE_SIZE - 1;
}

/* A line that wraps could not be rewritten. 0: the width is not known. */
static int width_of(const bw_progress *progress)
{
    struct winsize size;

    if (!progress->is_terminal ||
        ioctl(fileno(progress->stream), TIOCGWINSZ, &size) != 0)
        return 0;
    return size.ws_col;
}

/* "wdist: 120 of 4950 pairs (2.4 %), 51.3/s, 0:01:34 left", or
 * "dwe: 2.4 %, epoch 3, loss 0.41, 51.3/s, 0:01:34 left" */
static void show(bw_progress *progress, uint64_t n_done, double now)
{
    char line[LINE_SIZE], text[TEXT_SIZE];
    double rate = find_rate(progress, n_done, now);
    size_t at = print_share(progress, n_done, line);
    int width = width_of(progress);

    if (progress->note[0] != '\0')
        at = add(line, at, progress->note, "");
    if (rate > 0.0) {
        format_rate(text, rate,
                    progress->note[0] != '\0' ? progress->unit : "");
        at = add(line, at, text, "");
    }
    if (rate > 0.0 && n_done < progress->n_total) {
        format_time(text, (double)(progress->n_total - n_done) / rate);
        at = add(line, at, text, " left");
    }
    if (width > 1 && at > (size_t)width - 1)
        line[width - 1] = '\0';
    fprintf(progress->stream, "%s%s", progress->is_terminal ? "\r" : "", line);
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

void bw_progress_note(bw_progress *progress, const char *format, ...)
{
    va_list args;

    if (progress->stream == NULL)
        return;
    va_start(args, format);
    vsnprintf(progress->note, sizeof progress->note, format, args);
    va_end(args);
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
        format_rate(rate_text, rate, "");
        fprintf(progress->stream, ", %s", rate_text);
    }
    end_line(progress);
    if (progress->is_terminal)
        fputc('\n', progress->stream);
    fflush(progress->stream);
    progress->is_dirty = false;
    progress->stream = NULL;
}
