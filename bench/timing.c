/* timing.c - what the benchmark programs share. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "nn/gemm.h"
#include "timing.h"

void *need(void *pointer)
{
    if (!pointer) {
        fprintf(stderr, "%s: out of memory\n", program_invocation_short_name);
        exit(1);
    }
    return pointer;
}

void must(bw_status status, const bw_error *err)
{
    if (status != BW_OK) {
        fprintf(stderr, "%s: %s\n", program_invocation_short_name, err->text);
        exit(1);
    }
}

double scattered(uint64_t k)
{
    for (int round = 0; round < 2; round++) {
        k = (k + 1) * 2654435761 % 4294967296;
        k ^= k >> 15;
    }
    return (double)(k >> 8) / 16777216;
}

float *scatter(size_t n)
{
    float *x = need(aligned_alloc(64, (n * sizeof(float) / 64 + 1) * 64));

    for (size_t k = 0; k < n; k++)
        x[k] = (float)scattered(k);
    return x;
}

void timing_start(timing *t, size_t n_threads, int clock)
{
    bw_error err = BW_ERROR_INIT;

    *t = (timing){.n_threads = n_threads, .clock = clock};
    must(bw_gemm_init(&err), &err);
    must(bw_tasks_create(n_threads, &t->tasks, &err), &err);
    for (size_t k = 0; k < 3; k++)
        t->peak[k] = scatter(n_threads * PEAK_SIZE * PEAK_SIZE);
}

void timing_end(timing *t)
{
    for (size_t k = 0; k < 3; k++)
        free(t->peak[k]);
    bw_tasks_destroy(t->tasks);
}

double timing_now(const timing *t)
{
    struct timespec now;

    clock_gettime((clockid_t)t->clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void peak_task(void *arg, size_t task, size_t worker)
{
    const timing *t = arg;
    const size_t m = PEAK_SIZE;
    size_t at = task * m * m;

    (void)worker;
    bw_gemm(false, false, m, m, m, 1, t->peak[0] + at, m, t->peak[1] + at, m, 0,
            t->peak[2] + at, m);
}

double timing_peak(const timing *t)
{
    double start = timing_now(t), m = PEAK_SIZE;
    timing copy = *t;

    bw_tasks_run(t->tasks, t->n_threads, peak_task, &copy);
    return 2 * m * m * m * (double)t->n_threads / (timing_now(t) - start);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double median(double *x, size_t n)
{
    qsort(x, n, sizeof *x, compare);
    return x[n / 2];
}
