/* test_eval_near.c - lower bounds that hold, squares that are exact. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "eval/near.h"
#include "eval_case.h"

typedef struct seen {
    const bw_near *near;
    int s, t;
    size_t n_t, *count; /* of what each item was shown */
    double widest;      /* of a square less its bound, by the square */
    size_t n_bad;
} seen;

static void look(void *self, size_t i, size_t first, size_t n,
                 const double *least)
{
    seen *all = self;

    for (size_t k = 0; k < n; k++) {
        double square = bw_near_square(all->near, all->s, i, all->t, first + k);
        all->n_bad += !(least[k] <= square);
        all->widest = fmax(all->widest, (square - least[k]) / square);
    }
    all->n_bad += first != all->count[i];
    all->count[i] += n;
}

/* Every item sees all others, once and in order, and no bound fails. Returns
 * how far below its square, relative to it, a bound of s and t lies. */
static double check_bounds(const bw_sample *a, const bw_sample *b)
{
    bw_tasks *tasks = eval_tasks(1);
    bw_error err = BW_ERROR_INIT;
    bw_near near;
    double widest = 0;

    cr_assert(!bw_near_init(&near, a, b, tasks, NULL, &err), "%s", err.text);
    for (int k = 0; k < 4; k++) {
        int s = k / 2, t = k % 2;
        size_t n = near.of[s].n;
        seen all = {&near, s, t, near.of[t].n, calloc(n, sizeof(size_t)), 0, 0};
        cr_assert(!bw_near_run(&near, s, t, look, &all, &err));
        cr_expect_eq(all.n_bad, 0, "%zu bad of %d, %d", all.n_bad, s, t);
        for (size_t i = 0; i < n; i++)
            cr_expect_eq(all.count[i], near.of[t].n);
        if (s != t)
            widest = fmax(widest, all.widest);
        free(all.count);
    }
    bw_near_clear(&near);
    bw_tasks_destroy(tasks);
    return widest;
}

static double try_bounds(size_t n, size_t m, size_t d, double mean, double sd)
{
    double *x = eval_normal(n, d, mean, sd, 1);
    double *y = eval_normal(m, d, mean, sd, 2);
    bw_sample a = eval_sample(n, d, x), b = eval_sample(m, d, y);
    double widest = check_bounds(&a, &b);

    free(x);
    free(y);
    return widest;
}

Test(eval_near, bounds_hold_and_are_close)
{
    cr_expect(try_bounds(1, 1, 1, 0, 1) < 1e-10);
    cr_expect(try_bounds(300, 257, 20, 0, 1) < 1e-10);
    cr_expect(try_bounds(20, 10, 2049, 0, 1) < 1e-10);
    /* Offsets are taken off before products are made. */
    cr_expect(try_bounds(100, 100, 20, 1e6, 1) < 1e-10);
}

Test(eval_near, bounds_hold_for_the_largest_and_smallest_values)
{
    cr_expect(try_bounds(50, 60, 20, 0, 1e307) < 1e-10);
    cr_expect(try_bounds(50, 60, 20, 0, 1e-300) < 1e-10);
}

/* Half of the items far away: products there cancel. */
Test(eval_near, bounds_hold_in_clusters_far_apart)
{
    enum { N = 200, D = 6 };
    double *x = eval_normal(N, D, 0, 1, 1), *y = eval_normal(N, D, 0, 1, 2);

    for (size_t k = 0; k < N * D / 2; k++) {
        x[k] += 1e9;
        y[k] += 1e9;
    }
    bw_sample a = eval_sample(N, D, x), b = eval_sample(N, D, y);
    check_bounds(&a, &b);
    free(x);
    free(y);
}

/* Bytes that are shown as fractions keep whole squares, but for a power of 2:
 * 255 is next to 2^8. */
Test(eval_near, squares_of_integers_are_exact)
{
    unsigned char x[] = {0, 3, 255, 4}, y[] = {4, 0, 7, 255};
    bw_sample a = {.path = "test",
                   .name = "images",
                   .n = 2,
                   .size = 2,
                   .rank = 2,
                   .shape = {2, 2},
                   .dtype = BW_U8,
                   .factor = 1 / 255.,
                   .data = x};
    bw_sample b = a;
    bw_tasks *tasks = eval_tasks(1);
    bw_error err = BW_ERROR_INIT;
    bw_near near;

    b.data = y;
    cr_assert(!bw_near_init(&near, &a, &b, tasks, NULL, &err));
    cr_expect_eq(bw_near_square(&near, 0, 0, 1, 0) * 65536, 25);
    cr_expect_eq(bw_near_square(&near, 0, 1, 1, 1) * 65536,
                 248 * 248 + 251 * 251);
    cr_expect_eq(bw_near_square(&near, 1, 1, 0, 1) * 65536,
                 248 * 248 + 251 * 251);
    bw_near_clear(&near);
    bw_tasks_destroy(tasks);
}
