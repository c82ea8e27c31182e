/* centres.c - codes far from each other, by k-means++. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "model/centres.h"
#include "model/stop.h"

/* What is known of each code. */
typedef struct search {
    size_t n, d, n_centres;
    const float *codes;
    bw_random *random;
    double *square, *best, *trial; /* squared distance to the nearest centre, so
                                      far and with one more */
    size_t *label;                 /* that centre */
} search;

static double square_distance(const search *s, size_t a, size_t b)
{
    const float *x = s->codes + a * s->d, *y = s->codes + b * s->d;
    double sum = 0;

    for (size_t j = 0; j < s->d; j++) {
        double gap = (double)x[j] - (double)y[j];
        sum += gap * gap;
    }
    return sum;
}

/* The number of a code, by the squares, of this sum, as weights; uniform where
 * all are 0. */
static size_t pick(const search *s, double sum)
{
    size_t last = 0;

    if (!(sum > 0))
        return (size_t)bw_random_below(s->random, s->n);
    double at = bw_random_uniform(s->random) * sum;
    for (size_t i = 0; i < s->n; i++) {
        if (s->square[i] <= 0)
            continue;
        last = i;
        at -= s->square[i];
        if (at < 0)
            break;
    }
    return last;
}

/* Adds centre c, a code's number, to those that leave the sum *sum of squares,
 * which becomes that of all. */
static size_t add_centre(search *s, size_t c, double *sum)
{
    size_t n_trials = c == 0 ? 1 : 2 + (size_t)log((double)s->n_centres);
    size_t centre = 0;
    double least = HUGE_VAL;

    for (size_t t = 0; t < n_trials; t++) {
        size_t candidate = pick(s, *sum);
        double total = 0;
        for (size_t i = 0; i < s->n; i++) {
            double square = square_distance(s, candidate, i);
            s->trial[i] = c == 0 ? square : fmin(square, s->square[i]);
            total += s->trial[i];
        }
        if (total >= least)
            continue;
        double *kept = s->best;
        s->best = s->trial;
        s->trial = kept;
        least = total;
        centre = candidate;
    }
    for (size_t i = 0; i < s->n; i++)
        if (c == 0 || s->best[i] < s->square[i]) {
            s->label[i] = c;
            s->square[i] = s->best[i];
        }
    *sum = least;
    return centre;
}

bw_status bw_centres_choose(size_t n, size_t d, const float *codes,
                            size_t n_centres, bw_random *random,
                            int (*stopped)(void), size_t *centre, size_t *label,
                            bw_error *err)
{
    search s = {.n = n,
                .d = d,
                .n_centres = n_centres,
                .codes = codes,
                .random = random,
                .square = calloc(n, sizeof *s.square),
                .best = calloc(n, sizeof *s.best),
                .trial = calloc(n, sizeof *s.trial),
                .label = label};
    bw_status status = BW_OK;
    double sum = 0;

    if (!s.square || !s.best || !s.trial)
        status = bw_error_memory(err);
    for (size_t c = 0; c < n_centres && !status; c++) {
        centre[c] = add_centre(&s, c, &sum);
        status = bw_stop_check(stopped, err);
    }
    free(s.square);
    free(s.best);
    free(s.trial);
    return status;
}
