/* two_sample.c - the nearest of all others, and whose they are. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "eval/near.h"
#include "eval/two_sample.h"

/* The nearest of an item so far. */
typedef struct nearest {
    double square;
    size_t n[2]; /* so far away, by side */
} nearest;

typedef struct job {
    bw_near near;
    nearest *of[2]; /* (n of each) */
    int s, t;       /* the sides under way: whose nearest, and among whom */
} job;

static void take_nearest(void *self, size_t i, size_t first, size_t n,
                         const double *least)
{
    job *j = self;
    nearest *found = &j->of[j->s][i];

    for (size_t k = 0; k < n; k++) {
        if (least[k] > found->square || (j->s == j->t && first + k == i))
            continue;
        double square = bw_near_square(&j->near, j->s, i, j->t, first + k);
        if (square < found->square)
            *found = (nearest){.square = square};
        if (!(square > found->square))
            found->n[j->t]++;
    }
}

static bw_status make_room(job *j, bw_error *err)
{
    for (size_t s = 0; s < 2; s++) {
        j->of[s] = calloc(j->near.of[s].n, sizeof *j->of[s]);
        if (!j->of[s])
            return bw_error_memory(err);
        for (size_t i = 0; i < j->near.of[s].n; i++)
            j->of[s][i].square = INFINITY;
    }
    return BW_OK;
}

static bw_two_sample sum_up(const job *j)
{
    bw_two_sample result = {0};

    for (size_t s = 0; s < 2; s++) {
        size_t n = j->near.of[s].n;
        double sum = 0;
        for (size_t i = 0; i < n; i++) {
            const nearest *found = &j->of[s][i];
            sum += (double)found->n[s] / (double)(found->n[0] + found->n[1]);
            result.n_ties += found->n[0] > 0 && found->n[1] > 0;
        }
        result.side[s] = sum / (double)n;
    }
    result.accuracy = (result.side[0] + result.side[1]) / 2;
    return result;
}

bw_status bw_two_sample_of(const bw_sample *a, const bw_sample *b,
                           bw_tasks *tasks, int (*stopped)(void),
                           bw_two_sample *two_sample, bw_error *err)
{
    job j = {.s = 0};

    if (a->n != b->n || a->n < 2)
        return bw_error_set(err, BW_ERR_RANGE,
                            "%s: %s: %zu items, of the other side %zu: as many "
                            "of both and at least 2 are wanted",
                            b->path, b->name, b->n, a->n);
    bw_status status = bw_near_init(&j.near, a, b, tasks, stopped, err);
    if (!status)
        status = make_room(&j, err);
    for (int k = 0; k < 4 && !status; k++) {
        j.s = k / 2;
        j.t = k % 2;
        status = bw_near_run(&j.near, j.s, j.t, take_nearest, &j, err);
    }
    if (!status)
        *two_sample = sum_up(&j);
    bw_near_clear(&j.near);
    free(j.of[0]);
    free(j.of[1]);
    return status;
}
