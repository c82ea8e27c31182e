/* sliced.c - projections by matrix products, radix sort, quantile coupling.
 *
 * Directions are taken in groups, so that what is held at once are the
 * projections of all items on one group. Cost: (n_a + n_b) d n_slices
 * multiply-adds, and 4 passes over each projection.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "eval/sliced.h"
#include "nn/cut.h"
#include "nn/gemm.h"

/* Directions of a group; values of the items that a task projects, at most,
 * unless one item has more. */
enum { GROUP = 256, TASK_VALUES = 1 << 17 };

typedef struct job {
    const bw_sample *of[2];
    size_t d;
    uint64_t seed;
    size_t n_items;    /* that a task projects */
    size_t n_tasks[2]; /* of projections */
    double *shift;     /* (d) */
    float *room;       /* a worker's items, (n_items, d) */
    uint32_t *spare;   /* a worker's sort, the larger n */
    /* The group in hand. */
    size_t first, n;
    float *direction;    /* (GROUP, d) */
    float *projected[2]; /* (GROUP, n of each) */
    double *square;      /* (n_slices): W2^2 on each line */
} job;

/* ---- directions and projections ---- */

static void draw_direction(void *arg, size_t task, size_t worker)
{
    job *j = arg;
    float *u = j->direction + task * j->d;
    double square = 0;
    bw_random random;

    (void)worker;
    bw_random_init(&random, j->seed, BW_RANDOM_SLICES, j->first + task);
    for (size_t i = 0; i < j->d; i++) {
        u[i] = (float)bw_random_normal(&random);
        square += (double)u[i] * (double)u[i];
    }
    for (size_t i = 0; i < j->d; i++)
        u[i] = (float)((double)u[i] / sqrt(square));
}

static void project(void *arg, size_t task, size_t worker)
{
    job *j = arg;
    bool is_b = task >= j->n_tasks[0];
    const bw_sample *s = j->of[is_b];
    bw_cut cut =
        bw_cut_piece(s->n, j->n_items, is_b ? task - j->n_tasks[0] : task);
    float *items = j->room + worker * j->n_items * j->d;

    bw_sample_floats(s, j->shift, cut.from, cut.to - cut.from, items);
    bw_gemm(false, true, j->n, cut.to - cut.from, j->d, 1, j->direction, j->d,
            items, j->d, 0, j->projected[is_b] + cut.from, s->n);
}

/* ---- on a line ---- */

/* Whole numbers that stand in the order of the floats. */
static uint32_t key_of(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits >> 31 ? ~bits : bits | UINT32_C(0x80000000);
}

static float value_of(uint32_t key)
{
    uint32_t bits = key >> 31 ? key & UINT32_C(0x7fffffff) : ~key;
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Sorts keys byte by byte, the last first; spare has as much room. An even
 * number of passes ends where it began. */
static void sort_keys(size_t n, uint32_t *key, uint32_t *spare)
{
    for (unsigned shift = 0; shift < 32; shift += 8) {
        size_t start[257] = {0};
        for (size_t k = 0; k < n; k++)
            start[(key[k] >> shift & 255) + 1]++;
        for (size_t q = 0; q < 255; q++)
            start[q + 1] += start[q];
        for (size_t k = 0; k < n; k++)
            spare[start[key[k] >> shift & 255]++] = key[k];
        uint32_t *sorted = spare;
        spare = key;
        key = sorted;
    }
}

static void sort_floats(size_t n, float *x, uint32_t *spare)
{
    uint32_t *key = spare + n;

    for (size_t k = 0; k < n; k++)
        key[k] = key_of(x[k]);
    sort_keys(n, key, spare);
    for (size_t k = 0; k < n; k++)
        x[k] = value_of(key[k]);
}

/* W2^2 of n and m sorted points: a's have a mass of m each, b's of n. */
static double couple(size_t n, const float *a, size_t m, const float *b)
{
    size_t left_a = m, left_b = n;
    double sum = 0;

    for (size_t i = 0, k = 0; i < n;) {
        size_t mass = bw_cut_min(left_a, left_b);
        double gap = (double)a[i] - (double)b[k];
        sum += (double)mass * gap * gap;
        left_a -= mass;
        left_b -= mass;
        if (left_a == 0) {
            i++;
            left_a = m;
        }
        if (left_b == 0) {
            k++;
            left_b = n;
        }
    }
    return sum / ((double)n * (double)m);
}

static void solve_line(void *arg, size_t task, size_t worker)
{
    job *j = arg;
    size_t n = j->of[0]->n, m = j->of[1]->n;
    float *a = j->projected[0] + task * n, *b = j->projected[1] + task * m;
    uint32_t *spare = j->spare + worker * 2 * bw_cut_max(n, m);

    sort_floats(n, a, spare);
    sort_floats(m, b, spare);
    j->square[j->first + task] = couple(n, a, m, b);
}

/* ---- all directions ---- */

static bw_status make_room(job *j, size_t n_slices, bw_tasks *tasks,
                           bw_error *err)
{
    size_t n_workers = bw_tasks_n_workers(tasks), d = j->d;
    size_t group = bw_cut_min(GROUP, n_slices);
    size_t longest = bw_cut_max(j->of[0]->n, j->of[1]->n);

    j->n_items = bw_cut_max(TASK_VALUES / d, 1);
    for (size_t k = 0; k < 2; k++) {
        j->n_tasks[k] = bw_cut_count(j->of[k]->n, j->n_items);
        j->projected[k] = calloc(j->of[k]->n, group * sizeof(float));
    }
    j->shift = calloc(d, sizeof *j->shift);
    j->room = calloc(n_workers, j->n_items * d * sizeof *j->room);
    j->spare = calloc(n_workers, 2 * longest * sizeof *j->spare);
    j->direction = calloc(d, group * sizeof *j->direction);
    j->square = calloc(n_slices, sizeof *j->square);
    if (!j->projected[0] || !j->projected[1] || !j->shift || !j->room ||
        !j->spare || !j->direction || !j->square)
        return bw_error_memory(err);
    return BW_OK;
}

static void clear(job *j)
{
    free(j->projected[0]);
    free(j->projected[1]);
    free(j->shift);
    free(j->room);
    free(j->spare);
    free(j->direction);
    free(j->square);
}

static bw_sliced sum_up(size_t n, const double *square)
{
    double mean = 0, variance = 0;

    for (size_t k = 0; k < n; k++)
        mean += square[k] / (double)n;
    for (size_t k = 0; k < n; k++)
        variance += (square[k] - mean) * (square[k] - mean) / (double)n;
    double error = n > 1 ? sqrt(variance / (double)(n - 1)) : 0;
    /* d sqrt(x) = dx / (2 sqrt(x)) */
    return (bw_sliced){sqrt(mean), mean > 0 ? error / (2 * sqrt(mean)) : 0};
}

bw_status bw_sliced_of(const bw_sample *a, const bw_sample *b, size_t n_slices,
                       uint64_t seed, bw_tasks *tasks, int (*stopped)(void),
                       bw_sliced *sliced, bw_error *err)
{
    job j = {.of = {a, b}, .d = a->size, .seed = seed};
    bw_status status = bw_gemm_init(err);

    if (!status)
        status = make_room(&j, n_slices, tasks, err);
    if (status)
        goto done;
    bw_sample_mean(a, j.shift);
    for (j.first = 0; j.first < n_slices; j.first += GROUP) {
        if (stopped && stopped()) {
            status = bw_error_set(err, BW_ERR_INTERRUPTED, "interrupted");
            goto done;
        }
        j.n = bw_cut_min(GROUP, n_slices - j.first);
        bw_tasks_run(tasks, j.n, draw_direction, &j);
        bw_tasks_run(tasks, j.n_tasks[0] + j.n_tasks[1], project, &j);
        bw_tasks_run(tasks, j.n, solve_line, &j);
    }
    *sliced = sum_up(n_slices, j.square);
done:
    clear(&j);
    return status;
}
