/* wasserstein.c - ground costs of two samples and their transport problem. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "barrow/transport.h"
#include "eval/wasserstein.h"
#include "nn/cut.h"

/* ---- a table of costs ---- */

/* Rows of a task; columns that are worked on at once, by vectors. */
enum { ROWS = 32, COLUMNS = 16 };

typedef struct job {
    const bw_sample *a, *b;
    double p;
    double *room; /* a worker's: rows (ROWS, d), columns (d, COLUMNS), one
                     item (d) */
    double *cost; /* (n_a, n_b) */
} job;

/* Items from .. to - 1, values of one place beside each other, 0 beyond. */
static void take_columns(const bw_sample *s, bw_cut cut, double *item,
                         double *column)
{
    size_t d = s->size;

    for (size_t q = 0; q < COLUMNS; q++) {
        if (cut.from + q < cut.to)
            bw_sample_doubles(s, (cut.from + q) * d, d, item);
        for (size_t i = 0; i < d; i++)
            column[i * COLUMNS + q] = cut.from + q < cut.to ? item[i] : 0;
    }
}

static void add_squares(size_t d, const double *row, const double *column,
                        double square[COLUMNS])
{
    for (size_t q = 0; q < COLUMNS; q++)
        square[q] = 0;
    for (size_t i = 0; i < d; i++)
        for (size_t q = 0; q < COLUMNS; q++) {
            double gap = row[i] - column[i * COLUMNS + q];
            square[q] += gap * gap;
        }
}

static void fill_rows(void *arg, size_t task, size_t worker)
{
    const job *j = arg;
    size_t d = j->a->size, n_b = j->b->n;
    bw_cut rows = bw_cut_piece(j->a->n, ROWS, task);
    double *row = j->room + worker * (ROWS + COLUMNS + 1) * d;
    double *column = row + ROWS * d, *item = column + COLUMNS * d;
    double square[COLUMNS];

    bw_sample_doubles(j->a, rows.from * d, (rows.to - rows.from) * d, row);
    for (size_t k = 0; k < bw_cut_count(n_b, COLUMNS); k++) {
        bw_cut columns = bw_cut_piece(n_b, COLUMNS, k);
        take_columns(j->b, columns, item, column);
        for (size_t r = rows.from; r < rows.to; r++) {
            add_squares(d, row + (r - rows.from) * d, column, square);
            for (size_t q = columns.from; q < columns.to; q++) {
                double c = square[q - columns.from];
                j->cost[r * n_b + q] = j->p == 2 ? c : pow(c, j->p / 2);
            }
        }
    }
}

static bw_status create_table(const bw_sample *a, const bw_sample *b, double p,
                              bw_tasks *tasks, bw_ground **ret_ground,
                              bw_error *err)
{
    job j = {.a = a, .b = b, .p = p};
    bw_status status = BW_OK;

    if (a->n > SIZE_MAX / sizeof *j.cost / b->n)
        return bw_error_memory(err);
    j.cost = malloc(a->n * b->n * sizeof *j.cost);
    j.room = calloc(bw_tasks_n_workers(tasks),
                    (ROWS + COLUMNS + 1) * a->size * sizeof *j.room);
    if (j.cost && j.room)
        bw_tasks_run(tasks, bw_cut_count(a->n, ROWS), fill_rows, &j);
    else
        status = bw_error_memory(err);
    if (!status)
        status = bw_ground_create_matrix(a->n, b->n, j.cost, ret_ground, err);
    free(j.room);
    free(j.cost);
    return status;
}

/* ---- points ---- */

static bw_status create_points(const bw_sample *a, const bw_sample *b, double p,
                               bw_ground **ret_ground, bw_error *err)
{
    size_t d = a->size;
    double *point = calloc(a->n + b->n, d * sizeof *point);

    if (!point)
        return bw_error_memory(err);
    bw_sample_doubles(a, 0, a->n * d, point);
    bw_sample_doubles(b, 0, b->n * d, point + a->n * d);
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
                       double p, bw_wasserstein *wasserstein, bw_error *err)
{
    bw_transport_options options = {.with_certificate = true};
    bw_histogram a = bw_histograms_get(set, 0), b = bw_histograms_get(set, 1);
    bw_transport *transport = NULL;
    bw_solution solution;
    bw_status status = bw_transport_create(ground, &options, &transport, err);

    if (!status)
        status = bw_transport_solve(transport, &a, &b, BW_NORMALIZE_SUM,
                                    &solution, err);
    if (!status)
        *wasserstein = (bw_wasserstein){
            .distance =
                p == 2 ? sqrt(solution.cost) : pow(solution.cost, 1 / p),
            .cost = solution.cost,
            .gap = solution.gap,
        };
    bw_transport_destroy(transport);
    return status;
}

bw_status bw_wasserstein_of(const bw_sample *a, const bw_sample *b, double p,
                            bw_tasks *tasks, int (*stopped)(void),
                            bw_wasserstein *wasserstein, bw_error *err)
{
    bool is_table = a->size > 1; /* lines have a closed form, for points */
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
        status = solve(ground, set, p, wasserstein, err);
    bw_histograms_destroy(set);
    bw_ground_destroy(ground);
    return status;
}
