/* near.h - which items of two samples are near each other, by exact distances
 * at the speed of matrix products.
 *
 * |x - y|^2 = |x|^2 + |y|^2 - 2 x y, less a bound of what rounding can make of
 * it, is a lower bound that one product gives for a whole tile. Whoever looks
 * for the nearest goes by it, and asks for the square itself, a sum over
 * values, of the few pairs that it leaves. That is the same number from either
 * end, and exact for integers whose squares add up to less than 2^53, so that
 * ties are ties.
 *
 * All squares are divided by one power of 2, or, where both samples have the
 * same factor, by that factor's square and one power of 2: their order stays.
 */
#ifndef BW_NEAR_H
#define BW_NEAR_H

#include "base/tasks.h"
#include "eval/sample.h"

typedef struct bw_near {
    bw_sample of[2];
    double *shift;   /* (d): the mean of the first */
    double *norm[2]; /* (n): |x - shift|^2 */
    double slack;    /* of a lower bound, by the sum of both norms */
    double *room;    /* a worker's: two tiles, and what they are made in */
    size_t n_room;
    bw_tasks *tasks;
    int (*stopped)(void);
} bw_near;

/* Items are of one size. Memory: a double an item, and a few megabytes a
 * thread. Cleared by bw_near_clear, also after a failure. */
bw_status bw_near_init(bw_near *near, const bw_sample *a, const bw_sample *b,
                       bw_tasks *tasks, int (*opt_stopped)(void),
                       bw_error *err) BW_MUST_CHECK;
void bw_near_clear(bw_near *near);

/* |x - y|^2 of item i of sample s (0 or 1) and item k of sample t. */
double bw_near_square(const bw_near *near, int s, size_t i, int t, size_t k);

/* Lower bounds of the squares of item i and items first .. first + n - 1. */
typedef void (*bw_near_visit)(void *self, size_t i, size_t first, size_t n,
                              const double *least);

/* Shows each item of sample s all items of t, itself too where s is t. Items i
 * come in any order and several at a time, but what one is shown comes from one
 * thread in rising order. d n_s n_t multiply-adds. BW_ERR_INTERRUPTED. */
bw_status bw_near_run(bw_near *near, int s, int t, bw_near_visit visit,
                      void *self, bw_error *err) BW_MUST_CHECK;

#endif
