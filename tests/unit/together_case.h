/* together_case.h - training by several processes, for which threads stand,
 * held against training by one.
 *
 * Optimisers are to be sgd: adam divides by lengths of gradients, also of those
 * that are rounding alone.
 */
#ifndef TOGETHER_CASE_H
#define TOGETHER_CASE_H

#include <math.h>
#include <stdlib.h>

#include "comm_case.h"
#include "model/train.h"

typedef struct together_case {
    const void *kind; /* for the maker of learners */
    uint64_t batch;
    uint64_t steps;         /* 0: three epochs */
    const char *checkpoint; /* rank 0's; resumed where it is there, or NULL */
    int (*stopped)(void);
    /* What came of it. */
    size_t n;
    float *values[COMM_CASE_MOST];
    double best[COMM_CASE_MOST]; /* validation */
    bw_status status[COMM_CASE_MOST];
    bw_error err[COMM_CASE_MOST];
} together_case;

static inline void together_case_clear(together_case *t)
{
    for (size_t r = 0; r < COMM_CASE_MOST; r++) {
        free(t->values[r]);
        t->values[r] = NULL;
    }
}

/* What a maker of a learner calls with it. */
static inline void together_case_train(together_case *t, bw_comm *comm,
                                       const bw_learner *l)
{
    size_t rank = bw_comm_rank(comm), n = l->model->n_values;
    bw_train_options options = {.tool = "test",
                                .epochs = 3,
                                .steps = t->steps,
                                .batch = t->batch,
                                .seed = 3,
                                .keep_last = true,
                                .comm = comm,
                                .is_quiet = true,
                                .stopped = t->stopped};
    bw_train_result result;

    if (rank == 0) {
        options.checkpoint = t->checkpoint;
        options.resume = t->checkpoint != NULL;
        t->n = n;
    }
    t->err[rank] = (bw_error)BW_ERROR_INIT;
    t->status[rank] = bw_train_run(l, &options, &result, &t->err[rank]);
    t->best[rank] = result.best;
    t->values[rank] = malloc((n + 1) * sizeof(float));
    memcpy(t->values[rank], l->model->values, n * sizeof(float));
}

/* The largest difference of values, relative to the largest value. */
static inline double together_case_gap(const together_case *a,
                                       const together_case *b)
{
    double gap = 0, most = 0;

    cr_assert_eq(a->n, b->n);
    for (size_t k = 0; k < a->n; k++) {
        double x = (double)a->values[0][k], y = (double)b->values[0][k];
        gap = fmax(gap, fabs(x - y));
        most = fmax(most, fabs(x));
        cr_assert(isfinite(x) && isfinite(y));
    }
    return gap / most;
}

/* Trains in `size` processes: all end well and alike. */
static inline void together_case_run(together_case *t, size_t size,
                                     void (*make)(bw_comm *comm, void *arg))
{
    comm_case_run(size, make, t);
    for (size_t r = 0; r < size; r++) {
        cr_assert(!t->status[r], "rank %zu of %zu: %s", r, size,
                  t->err[r].text);
        cr_assert_eq(memcmp(t->values[r], t->values[0], t->n * sizeof(float)),
                     0, "rank %zu of %zu has values of its own", r, size);
        cr_assert_eq(memcmp(&t->best[r], &t->best[0], sizeof t->best[0]), 0);
    }
}

/* Runs of 2, 3 and 5 processes end within `bound` of a run of one, and two runs
 * of 3 in the same bits; the first epochs moved values by far more than the
 * bound. batch is such that an epoch's last one is smaller than 3. */
static inline void together_case_check(const void *kind, uint64_t batch,
                                       double bound,
                                       void (*make)(bw_comm *comm, void *arg))
{
    static const size_t sizes[] = {2, 3, 5, 3};
    together_case alone = {.kind = kind, .batch = batch}, moved = alone,
                  third = alone;

    together_case_run(&alone, 1, make);
    moved.steps = 1;
    together_case_run(&moved, 1, make);
    cr_assert_gt(together_case_gap(&alone, &moved), 100 * bound);
    for (size_t k = 0; k < 4; k++) {
        together_case t = {.kind = kind, .batch = batch};
        together_case_run(&t, sizes[k], make);
        double gap = together_case_gap(&alone, &t);
        cr_assert_leq(gap, bound, "%zu processes: %g", sizes[k], gap);
        cr_assert_float_eq(t.best[0], alone.best[0], bound);
        if (k == 1)
            third = t;
        else {
            if (k == 3)
                cr_assert_eq(
                    memcmp(t.values[0], third.values[0], t.n * sizeof(float)),
                    0);
            together_case_clear(&t);
        }
    }
    together_case_clear(&third);
    together_case_clear(&moved);
    together_case_clear(&alone);
}

#endif
