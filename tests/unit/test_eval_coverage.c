/* test_eval_coverage.c - precision and recall: a plain twin, ties, modes that a
 * model drops or invents. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "eval/coverage.h"
#include "eval_case.h"

static bw_coverage coverage(const bw_sample *balls, const bw_sample *items,
                            size_t k, size_t n_threads)
{
    bw_error err = BW_ERROR_INIT;
    bw_tasks *tasks = eval_tasks(n_threads);
    bw_coverage result;

    cr_assert(!bw_coverage_of(balls, items, k, tasks, NULL, &result, &err),
              "%s", err.text);
    bw_tasks_destroy(tasks);
    return result;
}

/* ---- the plain twin: all squares, qsort ---- */

static double square(const bw_sample *a, size_t i, const bw_sample *b, size_t k)
{
    const double *x = a->data, *y = b->data;
    double sum = 0;

    for (size_t c = 0; c < a->size; c++)
        sum += pow(x[i * a->size + c] - y[k * a->size + c], 2);
    return sum;
}

static int by_value(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;

    return (a > b) - (a < b);
}

static double plain(const bw_sample *balls, const bw_sample *items, size_t k)
{
    size_t n = balls->n, n_within = 0;
    double *radius = calloc(n, sizeof *radius), *row = calloc(n, sizeof *row);

    for (size_t i = 0; i < n; i++) {
        for (size_t c = 0; c < n; c++)
            row[c] = c == i ? INFINITY : square(balls, i, balls, c);
        qsort(row, n, sizeof *row, by_value);
        radius[i] = row[k - 1];
    }
    for (size_t i = 0; i < items->n; i++) {
        bool is_within = false;
        for (size_t c = 0; c < n; c++)
            is_within |= square(items, i, balls, c) <= radius[c];
        n_within += is_within;
    }
    free(radius);
    free(row);
    return (double)n_within / (double)items->n;
}

static void check_twin(size_t n, size_t m, size_t d, size_t k)
{
    double *x = eval_normal(n, d, 0, 1, 1), *y = eval_normal(m, d, 0.2, 1, 2);
    bw_sample a = eval_sample(n, d, x), b = eval_sample(m, d, y);

    cr_expect_eq(coverage(&a, &b, k, 2).share, plain(&a, &b, k));
    free(x);
    free(y);
}

Test(eval_coverage, twins)
{
    check_twin(2, 1, 1, 1);
    check_twin(4, 9, 3, 3);
    check_twin(300, 280, 4, 3);
    check_twin(280, 520, 10, 1);
    check_twin(60, 60, 2, 59);
    check_twin(50, 40, 1100, 5);
}

/* On a grid of whole numbers most distances are shared. */
Test(eval_coverage, twins_with_ties)
{
    double *x = eval_normal(300, 2, 0, 3, 1), *y = eval_normal(200, 2, 2, 5, 2);

    for (size_t k = 0; k < 600; k++)
        x[k] = rint(x[k]);
    for (size_t k = 0; k < 400; k++)
        y[k] = rint(y[k]);
    bw_sample a = eval_sample(300, 2, x), b = eval_sample(200, 2, y);
    for (size_t k = 1; k < 8; k++) {
        cr_expect_eq(coverage(&a, &b, k, 2).share, plain(&a, &b, k));
        cr_expect_eq(coverage(&b, &a, k, 1).share, plain(&b, &a, k));
    }
    free(x);
    free(y);
}

Test(eval_coverage, borders_and_balls_of_radius_0)
{
    double x[] = {0, 1, 1, 5}, y[] = {1, 2, 9, 9.5, 0};
    bw_sample a = eval_sample(4, 1, x), b = eval_sample(5, 1, y);
    bw_coverage found = coverage(&a, &b, 1, 1);

    /* Balls: [-1,1], {1}, {1}, [1,9]: 1 and 9 on borders, 0 and 2 inside. */
    cr_expect_eq(found.share, 0.8);
    cr_expect_eq(found.n_border, 2);
    cr_expect_eq(found.n_points, 2);
}

Test(eval_coverage, of_a_sample_and_itself_all)
{
    double *x = eval_normal(100, 3, 0, 1, 1);
    bw_sample a = eval_sample(100, 3, x);

    cr_expect_eq(coverage(&a, &a, 3, 2).share, 1);
    free(x);
}

enum { N_MODES = 8, PER_MODE = 100, D = 2 };

/* Items about the first `n` corners of an octagon of radius 20. */
static double *modes(size_t n, uint64_t stream)
{
    double *x = eval_normal(n * PER_MODE, D, 0, 1, stream);

    for (size_t k = 0; k < n * PER_MODE; k++) {
        double angle = 2 * acos(-1) * (double)(k / PER_MODE) / N_MODES;
        x[D * k] += 20 * cos(angle);
        x[D * k + 1] += 20 * sin(angle);
    }
    return x;
}

/* Modes lie 15 deviations apart, so that no ball holds items of two. What is
 * lost within a mode, some per cent of the rim, is the same on both sides. */
Test(eval_coverage, a_dropped_mode_lowers_recall_alone)
{
    double *data = modes(N_MODES, 1);
    bw_sample a = eval_sample(N_MODES * PER_MODE, D, data);

    for (size_t n = N_MODES; n > 4; n -= 2) {
        double *made = modes(n, 2);
        bw_sample b = eval_sample(n * PER_MODE, D, made);
        double precision = eval_run("precision", &a, &b);
        double recall = eval_run("recall", &a, &b);
        double kept = (double)n / N_MODES;
        cr_expect(precision > 0.9, "precision %g of %zu", precision, n);
        cr_expect(recall <= kept && recall > 0.9 * kept, "recall %g of %zu",
                  recall, n);
        /* And a model of more modes than there are in data: the other way. */
        precision = eval_run("precision", &b, &a);
        recall = eval_run("recall", &b, &a);
        cr_expect(recall > 0.9, "recall %g of %zu", recall, n);
        cr_expect(precision <= kept && precision > 0.9 * kept,
                  "precision %g of %zu", precision, n);
        free(made);
    }
    free(data);
}

Test(eval_coverage, the_same_for_any_number_of_threads)
{
    double *x = eval_normal(900, 5, 0, 1, 1), *y = eval_normal(700, 5, 1, 1, 2);
    bw_sample a = eval_sample(900, 5, x), b = eval_sample(700, 5, y);
    double one = coverage(&a, &b, 3, 1).share;

    for (size_t n = 2; n < 5; n++)
        cr_expect_eq(coverage(&a, &b, 3, n).share, one);
    free(x);
    free(y);
}

static int always(void)
{
    return 1;
}

Test(eval_coverage, too_few_items_and_a_stop)
{
    double x[8] = {0};
    bw_sample a = eval_sample(3, 2, x), b = eval_sample(4, 2, x);
    bw_tasks *tasks = eval_tasks(1);
    bw_error err = BW_ERROR_INIT;
    bw_coverage found;

    cr_expect_eq(bw_coverage_of(&a, &b, 3, tasks, NULL, &found, &err),
                 BW_ERR_RANGE);
    cr_expect_str_eq(err.text, "test: codes: of 3 items none has 3 neighbours");
    cr_expect_eq(bw_coverage_of(&b, &a, 3, tasks, NULL, &found, &err), BW_OK);
    cr_expect_eq(found.share, 1);
    cr_expect_eq(found.n_points, 4);
    cr_expect_eq(bw_coverage_of(&b, &a, 3, tasks, always, &found, &err),
                 BW_ERR_INTERRUPTED);
    bw_tasks_destroy(tasks);
}
