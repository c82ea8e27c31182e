/* agreement.c - squared differences and Pearson's correlation in two passes:
 * means, then moments about them, less what those means were off. */
#include "config.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "eval/agreement.h"
#include "nn/cut.h"

/* Values of a task, and of a piece that is widened at a time. */
enum { TASK = 1 << 16, PIECE = 1024 };

typedef struct sums {
    double gap2, aa;              /* of values as they are */
    double da, db, daa, dab, dbb; /* about the means */
} sums;

typedef struct job {
    const bw_sample *a, *b;
    double mean_a, mean_b; /* 0 in the first pass */
    sums *part;            /* one a task */
} job;

static void add_piece(const job *j, bw_cut cut, sums *sum)
{
    double a[PIECE], b[PIECE];
    size_t n = cut.to - cut.from;

    bw_sample_doubles(j->a, cut.from, n, a);
    bw_sample_doubles(j->b, cut.from, n, b);
    for (size_t k = 0; k < n; k++) {
        double gap = b[k] - a[k], da = a[k] - j->mean_a, db = b[k] - j->mean_b;
        sum->gap2 += gap * gap;
        sum->aa += a[k] * a[k];
        sum->da += da;
        sum->db += db;
        sum->daa += da * da;
        sum->dab += da * db;
        sum->dbb += db * db;
    }
}

static void add_part(void *arg, size_t task, size_t worker)
{
    const job *j = arg;
    bw_cut part = bw_cut_piece(j->a->n * j->a->size, TASK, task);
    sums sum = {0};

    (void)worker;
    for (size_t from = part.from; from < part.to; from += PIECE)
        add_piece(j, (bw_cut){from, bw_cut_min(from + PIECE, part.to)}, &sum);
    j->part[task] = sum;
}

static sums run_pass(job *j, bw_tasks *tasks, size_t n_parts)
{
    sums all = {0};

    bw_tasks_run(tasks, n_parts, add_part, j);
    for (size_t k = 0; k < n_parts; k++) {
        const sums *part = &j->part[k];
        all.gap2 += part->gap2;
        all.aa += part->aa;
        all.da += part->da;
        all.db += part->db;
        all.daa += part->daa;
        all.dab += part->dab;
        all.dbb += part->dbb;
    }
    return all;
}

/* A side of one value has a variance of nothing but its mean's rounding. */
static bool varies(double n, double mean, double squares)
{
    return squares > n * (mean * DBL_EPSILON) * (mean * DBL_EPSILON);
}

bw_status bw_agreement_of(const bw_sample *a, const bw_sample *b,
                          bw_tasks *tasks, bw_agreement *agreement,
                          bw_error *err)
{
    double n = (double)a->n * (double)a->size;
    size_t n_parts = bw_cut_count(a->n * a->size, TASK);
    job j = {.a = a, .b = b, .part = malloc(n_parts * sizeof(sums))};

    if (!j.part)
        return bw_error_memory(err);
    sums all = run_pass(&j, tasks, n_parts);
    j.mean_a = all.da / n;
    j.mean_b = all.db / n;
    all = run_pass(&j, tasks, n_parts);
    free(j.part);
    double daa = all.daa - all.da * all.da / n;
    double dab = all.dab - all.da * all.db / n;
    double dbb = all.dbb - all.db * all.db / n;
    *agreement = (bw_agreement){
        .mse = all.gap2 / n,
        .squared_error = all.gap2 / (double)a->n,
        .relative_mse = all.aa > 0 ? all.gap2 / all.aa : NAN,
        .correlation = varies(n, j.mean_a, daa) && varies(n, j.mean_b, dbb)
                           ? dab / (sqrt(daa) * sqrt(dbb))
                           : NAN,
    };
    return BW_OK;
}
