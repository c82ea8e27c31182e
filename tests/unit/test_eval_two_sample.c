/* test_eval_two_sample.c - the accuracy of the nearest neighbour: a plain twin,
 * ties, and what it is where that is known. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "eval/two_sample.h"
#include "eval_case.h"

static bw_two_sample two_sample(const bw_sample *a, const bw_sample *b,
                                size_t n_threads)
{
    bw_error err = BW_ERROR_INIT;
    bw_tasks *tasks = eval_tasks(n_threads);
    bw_two_sample result;

    cr_assert(!bw_two_sample_of(a, b, tasks, NULL, &result, &err), "%s",
              err.text);
    bw_tasks_destroy(tasks);
    return result;
}

/* ---- the plain twin ---- */

static const double *item(const bw_sample *const of[2], size_t k)
{
    const bw_sample *s = of[k >= of[0]->n];

    return (const double *)s->data + (k % of[0]->n) * s->size;
}

/* The share of item k's nearest that are of its side. */
static double own_share(const bw_sample *const of[2], size_t k)
{
    double least = INFINITY, own = 0, all = 0;

    for (size_t c = 0; c < 2 * of[0]->n; c++) {
        double square = 0;
        if (c == k)
            continue;
        for (size_t q = 0; q < of[0]->size; q++)
            square += pow(item(of, k)[q] - item(of, c)[q], 2);
        if (square < least) {
            least = square;
            own = all = 0;
        }
        if (!(square > least)) {
            all++;
            own += (k < of[0]->n) == (c < of[0]->n);
        }
    }
    return own / all;
}

static void check_twin(const bw_sample *a, const bw_sample *b)
{
    const bw_sample *const of[2] = {a, b};
    bw_two_sample found = two_sample(a, b, 2);
    double sum[2] = {0};

    for (size_t k = 0; k < 2 * a->n; k++)
        sum[k >= a->n] += own_share(of, k) / (double)a->n;
    eval_near(found.side[0], sum[0], 1e-13, "of a");
    eval_near(found.side[1], sum[1], 1e-13, "of b");
    eval_near(found.accuracy, (sum[0] + sum[1]) / 2, 1e-13, "accuracy");
}

Test(eval_two_sample, twins)
{
    static const size_t sizes[][2] = {{2, 1}, {300, 3}, {257, 17}, {40, 1030}};

    for (size_t k = 0; k < 4; k++) {
        size_t n = sizes[k][0], d = sizes[k][1];
        double *x = eval_normal(n, d, 0, 1, 1), *y = eval_normal(n, d, 1, 1, 2);
        bw_sample a = eval_sample(n, d, x), b = eval_sample(n, d, y);
        check_twin(&a, &b);
        free(x);
        free(y);
    }
}

Test(eval_two_sample, twins_with_ties)
{
    enum { N = 300 };
    double *x = eval_normal(N, 2, 0, 4, 1), *y = eval_normal(N, 2, 1, 4, 2);

    for (size_t k = 0; k < 2 * N; k++) {
        x[k] = rint(x[k]);
        y[k] = rint(y[k]);
    }
    bw_sample a = eval_sample(N, 2, x), b = eval_sample(N, 2, y);
    cr_expect(two_sample(&a, &b, 1).n_ties > 10);
    check_twin(&a, &b);
    free(x);
    free(y);
}

/* Each of 2 n outcomes is right with probability (n - 1) / (2 n - 1). A
 * binomial law of that would have the variance 1 / (8 n). Outcomes of items
 * that are each other's nearest are equal, which at most doubles it. */
Test(eval_two_sample, of_one_distribution_one_half)
{
    enum { N = 1000 };
    double expected = (N - 1.) / (2 * N - 1), deviation = sqrt(2 / (8. * N));

    for (uint64_t seed = 1; seed <= 5; seed++)
        for (size_t d = 1; d <= 16; d *= 4) {
            double *x = eval_normal(N, d, 0, 1, 2 * seed);
            double *y = eval_normal(N, d, 0, 1, 2 * seed + 1);
            bw_sample a = eval_sample(N, d, x), b = eval_sample(N, d, y);
            eval_near(eval_run("two-sample", &a, &b), expected, 4 * deviation,
                      "one half");
            free(x);
            free(y);
        }
}

Test(eval_two_sample, apart_all)
{
    double *x = eval_normal(100, 2, 0, 1, 1),
           *y = eval_normal(100, 2, 50, 1, 2);
    bw_sample a = eval_sample(100, 2, x), b = eval_sample(100, 2, y);

    cr_expect_eq(eval_run("two-sample", &a, &b), 1);
    free(x);
    free(y);
}

/* Everyone's copy is nearest, and on the other side. With c copies of each item
 * on either side c - 1 of the 2 c - 1 nearest are of one's own. */
Test(eval_two_sample, of_a_sample_and_its_copy)
{
    enum { N = 60, C = 3 };
    double *x = eval_normal(N, 2, 0, 1, 1), *y = malloc(C * N * 2 * sizeof *y);
    bw_sample a = eval_sample(N, 2, x), b = eval_sample(C * N, 2, y);

    cr_expect_eq(eval_run("two-sample", &a, &a), 0);
    for (size_t k = 0; k < C * N * 2; k++)
        y[k] = x[k % (N * 2)];
    bw_two_sample found = two_sample(&b, &b, 2);
    eval_near(found.accuracy, (C - 1.) / (2 * C - 1), 1e-13, "copies");
    cr_expect_eq(found.n_ties, 2 * C * N);
    free(x);
    free(y);
}

Test(eval_two_sample, of_equal_items_all_are_nearest)
{
    double x[] = {5, 6, 5, 6, 5, 6, 5, 6};
    bw_sample a = eval_sample(4, 2, x);

    eval_near(two_sample(&a, &a, 1).accuracy, 3 / 7., 1e-15, "equal");
}

Test(eval_two_sample, a_side_that_lies_between)
{
    /* a: 0 10 20, b: 1 11 19.5: everyone's nearest is of the other side. */
    double x[] = {0, 10, 20}, y[] = {1, 11, 19.5}, z[] = {30, 30.1, 19.5};
    bw_sample a = eval_sample(3, 1, x), b = eval_sample(3, 1, y);

    cr_expect_eq(two_sample(&a, &b, 1).accuracy, 0);
    /* b: 30, 30.1 have each other; 0 has 10, 10 has 19.5, 20 and 19.5 each
     * other. */
    b = eval_sample(3, 1, z);
    eval_near(two_sample(&a, &b, 1).side[0], 1 / 3., 1e-15, "a");
    eval_near(two_sample(&a, &b, 1).side[1], 2 / 3., 1e-15, "b");
}

/* Of unequal numbers the first of the larger count; each side has a line. */
Test(eval_two_sample, as_many_of_both)
{
    double *x = eval_normal(90, 2, 0, 1, 1), *y = eval_normal(70, 2, 1, 1, 2);
    bw_sample a = eval_sample(90, 2, x), b = eval_sample(70, 2, y);
    bw_sample head = bw_sample_head(&a, 70);
    bw_two_sample wanted = two_sample(&head, &b, 1);
    bw_measure_options options = {.tasks = eval_tasks(1)};
    bw_measure_result result;
    bw_error err = BW_ERROR_INIT;

    cr_assert(!bw_measure_run(bw_measure_find("two-sample", 10), &a, &b,
                              &options, &result, &err));
    cr_expect_eq(result.n_a, 70);
    cr_expect_eq(result.n_b, 70);
    cr_expect_eq(result.value, wanted.accuracy);
    cr_expect_eq(result.n_more, 2);
    cr_expect_str_eq(result.more[0].suffix, "a");
    cr_expect_eq(result.more[0].value, wanted.side[0]);
    cr_expect_eq(result.more[1].value, wanted.side[1]);
    cr_expect_eq(eval_run("two-sample", &b, &a), result.value);
    bw_tasks_destroy(options.tasks);
    free(x);
    free(y);
}

static int always(void)
{
    return 1;
}

Test(eval_two_sample, counts_and_a_stop)
{
    double x[8] = {0};
    bw_sample a = eval_sample(3, 2, x), b = eval_sample(4, 2, x);
    bw_tasks *tasks = eval_tasks(1);
    bw_error err = BW_ERROR_INIT;
    bw_two_sample found;

    cr_expect_eq(bw_two_sample_of(&a, &b, tasks, NULL, &found, &err),
                 BW_ERR_RANGE);
    cr_expect_str_eq(err.text,
                     "test: codes: 4 items, of the other side 3: as many of "
                     "both and at least 2 are wanted");
    cr_expect_eq(bw_two_sample_of(&a, &a, tasks, always, &found, &err),
                 BW_ERR_INTERRUPTED);
    bw_tasks_destroy(tasks);
}
