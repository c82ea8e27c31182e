/* timing.h - what the benchmark programs share: a clock, the peak that speeds
 * are shares of, medians, and an end for what cannot go on. */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include <stddef.h>
#include <stdint.h>

#include "base/tasks.h"

/* Rows and columns of the sgemm that is the peak. */
enum { PEAK_SIZE = 2000 };

/* Both exit with 1, and a message that begins with the program's name. */
void *need(void *pointer);
void must(bw_status status, const bw_error *err);

/* n floats, aligned to lines, that look random: scattered(k) of place k. */
float *scatter(size_t n);

/* Numbers in [0, 1) of a rule that any language can repeat: the 24 high bits of
 * 32 after two rounds of a multiply and a shift. */
double scattered(uint64_t k);

typedef struct timing {
    bw_tasks *tasks;
    size_t n_threads;
    int clock;      /* CLOCK_MONOTONIC, or CLOCK_THREAD_CPUTIME_ID */
    float *peak[3]; /* of each thread: a, b, c */
} timing;

/* Starts n_threads. */
void timing_start(timing *t, size_t n_threads, int clock);
void timing_end(timing *t);
/* Seconds. */
double timing_now(const timing *t);
/* FLOP/s of an sgemm on every thread. */
double timing_peak(const timing *t);

/* Sorts x. */
double median(double *x, size_t n);

#endif
