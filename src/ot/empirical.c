/* empirical.c - ground costs of two samples and their transport problem. */
#include "config.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "barrow/transport.h"
#include "ot/empirical.h"
#include "ot/points.h"

/* ---- a table of costs ---- */

/* Rows of a task; columns that are worked on at once, by vectors. */
enum { ROWS = 64, COLUMNS = BW_POINTS_LANES };

typedef struct job {
    const bw_empirical_side *a, *b;
    double p;
    double *room; /* a worker's: rows (ROWS, d), columns (d, COLUMNS), one
                     item (d) */
    double *cost; /* (n_a, n_b) */
    const bw_points_kernel *kernel;
} job;

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* n items from `first` on, values of one place beside each other, 0 beyond. */
static void take_columns(const bw_empirical_side *s, size_t first, size_t n,
                         double *item, double *column)
{
    size_t d = s->d;

    for (size_t q = 0; q < COLUMNS; q++) {
        if (q < n)
            s->read(s->self, (first + q) * d, d, item);
        for (size_t i = 0; i < d; i++)
            column[i * COLUMNS + q] = q < n ? item[i] : 0;
    }
}

static void fill_rows(void *arg, size_t task, size_t worker)
{
    const job *j = arg;
    size_t d = j->a->d, n_b = j->b->n, first = task * ROWS;
    size_t n_rows = least(ROWS, j->a->n - first);
    double *row = j->room + worker * (ROWS + COLUMNS + 1) * d;
    double *column = row + ROWS * d, *item = column + COLUMNS * d;
    double square[ROWS * COLUMNS];

    j->a->read(j->a->self, first * d, n_rows * d, row);
    for (size_t at = 0; at < n_b; at += COLUMNS) {
        size_t n_columns = least(COLUMNS, n_b - at);
        take_columns(j->b, at, n_columns, item, column);
        j->kernel->squares(d, n_rows, row, column, square);
        for (size_t r = 0; r < n_rows; r++) {
            double *cost = j->cost + (first + r) * n_b + at;
            const double *from = square + r * COLUMNS;
            for (size_t q = 0; q < n_columns; q++)
                cost[q] = j->p == 2   ? from[q]
                          : j->p == 1 ? sqrt(from[q])
                                      : pow(from[q], j->p / 2);
        }
    }
}

/* An infinite cost would forbid an arc. */
static bw_status check_table(const job *j, bw_error *err)
{
    for (size_t k = 0; k < j->a->n * j->b->n; k++)
        if (!isfinite(j->cost[k]))
            return bw_error_set(err, BW_ERR_RANGE,
                                "the cost between items %zu and %zu overflows",
                                k / j->b->n, k % j->b->n);
    return BW_OK;
}

static bw_status create_table(const bw_empirical_side *a,
                              const bw_empirical_side *b, double p,
                              bw_tasks *tasks, bw_ground **ret_ground,
                              bw_error *err)
{
    job j = {.a = a, .b = b, .p = p, .kernel = bw_points_get_kernel()};
    bw_status status = BW_OK;

    if (a->n > SIZE_MAX / sizeof *j.cost / b->n)
        return bw_error_memory(err);
    j.cost = malloc(a->n * b->n * sizeof *j.cost);
    j.room = calloc(bw_tasks_n_workers(tasks),
                    (ROWS + COLUMNS + 1) * a->d * sizeof *j.room);
    if (j.cost && j.room)
        bw_tasks_run(tasks, (a->n + ROWS - 1) / ROWS, fill_rows, &j);
    else
        status = bw_error_memory(err);
    if (!status)
        status = check_table(&j, err);
    if (!status)
        status = bw_ground_create_matrix(a->n, b->n, j.cost, ret_ground, err);
    free(j.room);
    free(j.cost);
    return status;
}

/* ---- points ---- */

static bw_status create_points(const bw_empirical_side *a,
                               const bw_empirical_side *b, double p,
                               bw_ground **ret_ground, bw_error *err)
{
    size_t d = a->d;
    double *point = calloc(a->n + b->n, d * sizeof *point);

    if (!point)
        return bw_error_memory(err);
    a->read(a->self, 0, a->n * d, point);
    b->read(b->self, 0, b->n * d, point + a->n * d);
    bw_status status = bw_ground_create_points(BW_NORM_L2, p, a->n + b->n, d,
                                               point, ret_ground, err);
    free(point);
    return status;
}

/* ---- the problem ---- */

/* Adds a histogram with mass 1 in n bins from `first` on. */
static bw_status add_masses(bw_histograms *set, size_t n_bins, size_t first,
                            size_t n, bw_error *err)
{
    unsigned char *mass = calloc(n_bins, 1);

    if (!mass)
        return bw_error_memory(err);
    for (size_t k = first; k < first + n; k++)
        mass[k] = 1;
    bw_status status = bw_histograms_add_bytes(set, n_bins, mass, err);
    free(mass);
    return status;
}

static bw_status solve(const bw_ground *ground, const bw_histograms *set,
                       int (*stopped)(void), bw_empirical *result,
                       bw_error *err)
{
    bw_transport_options options = {.with_certificate = true,
                                    .stopped = stopped};
    bw_histogram a = bw_histograms_get(set, 0), b = bw_histograms_get(set, 1);
    bw_transport *transport = NULL;
    bw_solution solution;
    bw_status status = bw_transport_create(ground, &options, &transport, err);

    if (!status)
        status = bw_transport_solve(transport, &a, &b, BW_NORMALIZE_SUM,
                                    &solution, err);
    if (!status)
        *result = (bw_empirical){.cost = solution.cost, .gap = solution.gap};
    bw_transport_destroy(transport);
    return status;
}

bw_status bw_empirical_solve(const bw_empirical_side *a,
                             const bw_empirical_side *b, double p,
                             bw_tasks *tasks, int (*stopped)(void),
                             bw_empirical *result, bw_error *err)
{
    bool is_table = a->d > 1; /* lines have a closed form, for points */
    size_t n_bins = a->n + b->n;
    bw_ground *ground = NULL;
    bw_histograms *set = NULL;
    bw_status status = is_table ? create_table(a, b, p, tasks, &ground, err)
                                : create_points(a, b, p, &ground, err);

    if (!status && stopped && stopped())
        status = bw_error_set(err, BW_ERR_INTERRUPTED, "interrupted");
    if (!status)
        status = bw_histograms_create(ground, BW_NORMALIZE_SUM, &set, err);
    if (!status)
        status = add_masses(set, is_table ? a->n : n_bins, 0, a->n, err);
    if (!status)
        status = add_masses(set, is_table ? b->n : n_bins, is_table ? 0 : a->n,
                            b->n, err);
    if (!status)
        status = bw_histograms_seal(set, err);
    if (!status)
        status = solve(ground, set, stopped, result, err);
    bw_histograms_destroy(set);
    bw_ground_destroy(ground);
    return status;
}
