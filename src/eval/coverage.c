/* coverage.c - radii by the nearest neighbours, and what the balls hold. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "eval/coverage.h"
#include "eval/near.h"

/* The samples of near. */
enum { BALLS, ITEMS };

typedef enum place { OUTSIDE, BORDER, INSIDE } place;

typedef struct job {
    bw_near near;
    size_t k;
    double *best;   /* (n of balls, k): the least squares so far, rising */
    double *radius; /* (n of balls): squared */
    unsigned char *place; /* (n of items) */
} job;

static void take_neighbours(void *self, size_t i, size_t first, size_t n,
                            const double *least)
{
    job *j = self;
    double *best = j->best + i * j->k;

    for (size_t c = 0; c < n; c++) {
        if (least[c] >= best[j->k - 1] || first + c == i)
            continue;
        double square = bw_near_square(&j->near, BALLS, i, BALLS, first + c);
        size_t at = j->k;
        for (; at > 0 && square < best[at - 1]; at--)
            if (at < j->k)
                best[at] = best[at - 1];
        if (at < j->k)
            best[at] = square;
    }
}

static void take_balls(void *self, size_t i, size_t first, size_t n,
                       const double *least)
{
    job *j = self;

    for (size_t c = 0; c < n && j->place[i] != INSIDE; c++) {
        double radius = j->radius[first + c];
        if (least[c] > radius)
            continue;
        double square = bw_near_square(&j->near, ITEMS, i, BALLS, first + c);
        if (square < radius)
            j->place[i] = INSIDE;
        else if (!(square > radius))
            j->place[i] = BORDER;
    }
}

static bw_status make_room(job *j, bw_error *err)
{
    size_t n = j->near.of[BALLS].n, n_best = 0;

    if (!__builtin_mul_overflow(n, j->k, &n_best))
        j->best = calloc(n_best, sizeof *j->best);
    j->radius = calloc(n, sizeof *j->radius);
    j->place = calloc(j->near.of[ITEMS].n, sizeof *j->place);
    if (!j->best || !j->radius || !j->place)
        return bw_error_memory(err);
    for (size_t c = 0; c < n_best; c++)
        j->best[c] = INFINITY;
    return BW_OK;
}

static bw_coverage sum_up(const job *j)
{
    bw_coverage coverage = {0};
    size_t n = j->near.of[ITEMS].n, n_within = 0;

    for (size_t i = 0; i < n; i++) {
        n_within += j->place[i] != OUTSIDE;
        coverage.n_border += j->place[i] == BORDER;
    }
    for (size_t i = 0; i < j->near.of[BALLS].n; i++)
        coverage.n_points += !(j->radius[i] > 0);
    coverage.share = (double)n_within / (double)n;
    return coverage;
}

bw_status bw_coverage_of(const bw_sample *balls, const bw_sample *items,
                         size_t k, bw_tasks *tasks, int (*stopped)(void),
                         bw_coverage *coverage, bw_error *err)
{
    job j = {.k = k};

    if (balls->n <= k)
        return bw_error_set(err, BW_ERR_RANGE,
                            "%s: %s: of %zu items none has %zu neighbours",
                            balls->path, balls->name, balls->n, k);
    bw_status status = bw_near_init(&j.near, balls, items, tasks, stopped, err);
    if (!status)
        status = make_room(&j, err);
    if (!status)
        status = bw_near_run(&j.near, BALLS, BALLS, take_neighbours, &j, err);
    if (status)
        goto done;
    for (size_t i = 0; i < balls->n; i++)
        j.radius[i] = j.best[i * k + k - 1];
    status = bw_near_run(&j.near, ITEMS, BALLS, take_balls, &j, err);
    if (!status)
        *coverage = sum_up(&j);
done:
    bw_near_clear(&j.near);
    free(j.best);
    free(j.radius);
    free(j.place);
    return status;
}
