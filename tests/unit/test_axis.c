/* test_axis.c - ranges, and ticks at round values. */
#include "config.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "plot/axis.h"

static bw_axis made(bool is_log, double low, double high, size_t n_wanted)
{
    bw_axis axis = bw_axis_init(is_log, false);

    bw_axis_add(&axis, high);
    bw_axis_add(&axis, low);
    bw_axis_pad(&axis, 0.05);
    bw_axis_mark(&axis, n_wanted);
    return axis;
}

/* The labels of an axis, with a blank after each. */
static const char *labels(const bw_axis *axis, char text[1024])
{
    text[0] = '\0';
    for (size_t k = 0; k < axis->n_ticks; k++)
        if (axis->tick[k].text[0] != '\0') {
            strcat(text, axis->tick[k].text);
            strcat(text, " ");
        }
    return text;
}

Test(axis, labels_of_linear_ones)
{
    const struct {
        double low, high;
        const char *want;
    } cases[] = {
        {0, 100, "0 20 40 60 80 100 "},
        {-1, 1, "-1.0 -0.5 0.0 0.5 1.0 "},
        {0.001, 0.005, "0.001 0.002 0.003 0.004 0.005 "},
        {0, 3e7, "0 5e6 1e7 1.5e7 2e7 2.5e7 3e7 "},
        {1e-9, 5e-9, "1e-9 2e-9 3e-9 4e-9 5e-9 "},
        {1000000, 1000040, "1000000 1000010 1000020 1000030 1000040 "},
        {7, 7, "6.4 6.6 6.8 7.0 7.2 7.4 7.6 "},
        {0, 0, "-1.0 -0.5 0.0 0.5 1.0 "},
    };
    char text[1024];

    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        bw_axis axis = made(false, cases[k].low, cases[k].high, 5);
        cr_assert_str_eq(labels(&axis, text), cases[k].want);
    }
}

Test(axis, labels_of_logarithmic_ones)
{
    const struct {
        double low, high;
        const char *want;
    } cases[] = {
        {0.003, 200, "0.01 0.1 1 10 100 "},
        {2, 30, "2 5 10 20 "},
        {3, 8, "3 4 5 6 7 8 "},
        {1e-30, 1e30, "1e-28 1e-14 1 1e14 1e28 "},
        {5, 5, "4 5 6 7 "},
    };
    char text[1024];

    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        bw_axis axis = made(true, cases[k].low, cases[k].high, 5);
        cr_assert_str_eq(labels(&axis, text), cases[k].want);
    }
}

Test(axis, small_ticks_between_decades)
{
    bw_axis axis = made(true, 1, 1000, 5);
    size_t n = 0;

    for (size_t k = 0; k < axis.n_ticks; k++)
        n += axis.tick[k].value >= 1 && axis.tick[k].value < 999;
    cr_assert_eq(n, 27);
}

Test(axis, where_values_stand)
{
    bw_axis axis = bw_axis_init(false, false);

    bw_axis_add(&axis, -2);
    bw_axis_add(&axis, 8);
    cr_assert_float_eq(bw_axis_at(&axis, -2), 0, 1e-15);
    cr_assert_float_eq(bw_axis_at(&axis, 0.5), 0.25, 1e-15);
    bw_axis_pad(&axis, 0.1);
    cr_assert_float_eq(axis.low, -3, 1e-12);
    cr_assert_float_eq(axis.high, 9, 1e-12);
    bw_axis_widen(&axis, 2);
    cr_assert_float_eq(axis.low, -9, 1e-12);
    cr_assert_float_eq(axis.high, 15, 1e-12);
    axis = bw_axis_init(true, false);
    bw_axis_add(&axis, 0.01);
    bw_axis_add(&axis, 100);
    cr_assert_float_eq(bw_axis_at(&axis, 1), 0.5, 1e-15);
    cr_assert_float_eq(bw_axis_at(&axis, 10), 0.75, 1e-15);
    bw_axis_pad(&axis, 0.25);
    cr_assert_float_eq(axis.low, 1e-3, 1e-12);
    cr_assert_float_eq(axis.high, 1e3, 1e-6);
}

Test(axis, what_cannot_be_shown_is_left_out)
{
    const double bad[] = {NAN,      INFINITY, -INFINITY, 1e300,
                          -DBL_MAX, 0,        -1,        DBL_MIN};
    bw_axis axis = bw_axis_init(true, false);
    char text[1024];

    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        bw_axis_add(&axis, bad[k]);
    cr_assert(axis.is_empty);
    bw_axis_pad(&axis, 0);
    bw_axis_mark(&axis, 5);
    cr_assert_str_eq(labels(&axis, text), "0.1 0.2 0.5 1 2 5 10 ");
    axis = bw_axis_init(false, false);
    for (size_t k = 0; k < 5; k++)
        bw_axis_add(&axis, bad[k]);
    cr_assert(axis.is_empty);
    bw_axis_pad(&axis, 0);
    bw_axis_mark(&axis, 5);
    cr_assert_str_eq(labels(&axis, text), "0.0 0.2 0.4 0.6 0.8 1.0 ");
}

Test(axis, ticks_at_both_ends_of_many_decades)
{
    bw_axis axis = bw_axis_init(true, false);
    char text[1024];

    bw_axis_add(&axis, 1);
    bw_axis_add(&axis, 1e10);
    bw_axis_mark(&axis, 5);
    cr_assert_str_eq(labels(&axis, text), "1 100 10000 1e6 1e8 1e10 ");
}

Test(axis, whole_ticks)
{
    const char *want[] = {"1 ", "1 2 ", "1 2 3 "};
    char text[1024];

    for (int k = 0; k < 3; k++) {
        bw_axis axis = bw_axis_init(false, true);
        bw_axis_add(&axis, 1);
        bw_axis_add(&axis, k + 1);
        bw_axis_pad(&axis, 0.05);
        bw_axis_mark(&axis, 6);
        cr_assert_str_eq(labels(&axis, text), want[k]);
    }
}

/* Of any range: ticks rise within it, labelled ones are 2 or more, differ, and
 * read as what they stand for. */
static void check_ticks(const bw_axis *axis)
{
    double step = 0;
    const bw_tick *before = NULL;
    size_t n = 0;

    for (size_t k = 0; k < axis->n_ticks; k++) {
        const bw_tick *tick = &axis->tick[k];
        cr_assert(tick->value >= axis->low && tick->value <= axis->high);
        cr_assert(k == 0 || tick->value > axis->tick[k - 1].value);
        if (tick->text[0] == '\0')
            continue;
        cr_assert(before == NULL || strcmp(before->text, tick->text) != 0,
                  "%s twice in %.17g .. %.17g", tick->text, axis->low,
                  axis->high);
        step = before ? tick->value - before->value : 0;
        if (before)
            cr_assert_leq(fabs(strtod(tick->text, NULL) - tick->value),
                          1e-3 * step, "%s is %.17g", tick->text, tick->value);
        before = tick;
        n++;
    }
    cr_assert_geq(n, 2, "%.17g .. %.17g", axis->low, axis->high);
    cr_assert_leq(n, 16, "%.17g .. %.17g", axis->low, axis->high);
}

Test(axis, any_range)
{
    bw_random random;

    bw_random_init(&random, 1, BW_RANDOM_TEST, 0);
    for (int k = 0; k < 20000; k++) {
        double a = pow(10, 598 * bw_random_uniform(&random) - 299);
        double b = a * pow(10, -12 * bw_random_uniform(&random));
        bool is_log = k % 2;
        bw_axis axis = k % 4 < 2   ? made(is_log, a, a + b, 5)
                       : k % 8 < 4 ? made(is_log, b, a, 5)
                                   : made(is_log, is_log ? a : -a, b, 5);
        check_ticks(&axis);
    }
}
