/* test_mmd.c - maximum mean discrepancy against a plain double sum, against
 * closed forms for Gaussians, its gradient against finite differences of the
 * plain sum, the median against a sorted list, and what is promised of threads,
 * instruction sets, few points and numbers that are none. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "nn/mmd.h"
#include "plain/mmd.h"

/* ---- instances ---- */

typedef struct instance {
    size_t n_q, n_p, d;
    float *q, *p, *dq;
    double *all; /* q and p behind it */
    bw_tasks *tasks;
} instance;

static instance make_instance(size_t n_q, size_t n_p, size_t d,
                              size_t n_threads)
{
    instance a = {.n_q = n_q, .n_p = n_p, .d = d};

    a.q = calloc(n_q * d + 1, sizeof *a.q);
    a.p = calloc(n_p * d + 1, sizeof *a.p);
    a.dq = calloc(n_q * d + 1, sizeof *a.dq);
    a.all = calloc((n_q + n_p) * d + 1, sizeof *a.all);
    cr_assert_eq(bw_tasks_create(n_threads, &a.tasks, NULL), BW_OK);
    return a;
}

static void free_instance(instance *a)
{
    bw_tasks_destroy(a->tasks);
    free(a->q);
    free(a->p);
    free(a->dq);
    free(a->all);
}

static void widen(instance *a)
{
    for (size_t k = 0; k < a->n_q * a->d; k++)
        a->all[k] = (double)a->q[k];
    for (size_t k = 0; k < a->n_p * a->d; k++)
        a->all[a->n_q * a->d + k] = (double)a->p[k];
}

/* q from N(mean, sd^2 I), p from N(0, I). */
static void draw(instance *a, uint64_t stream, double mean, double sd)
{
    bw_random random;

    bw_random_init(&random, 6, BW_RANDOM_TEST, stream);
    for (size_t k = 0; k < a->n_q * a->d; k++)
        a->q[k] = (float)(mean + sd * bw_random_normal(&random));
    for (size_t k = 0; k < a->n_p * a->d; k++)
        a->p[k] = (float)bw_random_normal(&random);
    widen(a);
}

static double value_of(const bw_mmd *mmd, instance *a, double weight, float *dq)
{
    bw_mmd_room *room;
    double value;

    cr_assert_eq(bw_mmd_room_create(mmd, a->n_q, a->n_p, a->d, &room, NULL),
                 BW_OK);
    value = bw_mmd_value(mmd, room, a->tasks, a->n_q, a->q, a->n_p, a->p, a->d,
                         weight, dq);
    bw_mmd_room_destroy(room);
    return value;
}

static double plain_value(const bw_mmd *mmd, const instance *a)
{
    double unit = 1;

    if (mmd->is_median && a->n_q + a->n_p > 1)
        unit = plain_mmd_median(a->n_q + a->n_p, a->all, a->d);
    return plain_mmd(mmd, unit, a->n_q, a->all, a->n_p, a->all + a->n_q * a->d,
                     a->d);
}

enum { N_STATISTICS = 6 };

/* imq, rbf, rbf by the median; each U and V. */
static bw_mmd statistic(int which, size_t d)
{
    bw_mmd mmd = bw_mmd_imq(2 * (double)d);

    if (which / 2 == 1) {
        mmd.kernel = BW_MMD_RBF;
        mmd.n_scales = 4;
    } else if (which / 2 == 2) {
        mmd = bw_mmd_rbf();
    }
    mmd.is_biased = which % 2;
    return mmd;
}

/* No points, few, a block and its neighbours, more rows than pieces take by
 * eights, more blocks than wait for the gradient at a time. */
static const size_t sizes[][3] = {
    {0, 0, 3},   {0, 5, 3},   {5, 0, 3},    {1, 1, 2},   {1, 9, 2},
    {9, 1, 2},   {2, 2, 1},   {2, 130, 4},  {3, 2, 8},   {9, 8, 2},
    {63, 64, 8}, {64, 65, 3}, {65, 63, 17}, {130, 2, 1}, {100, 100, 64},
    {10, 10, 0}, {530, 9, 2}, {600, 520, 2}};
enum { N_SIZES = sizeof sizes / sizeof *sizes };

/* ---- against the plain sum ---- */

Test(mmd, is_the_plain_sum)
{
    for (size_t s = 0; s < N_SIZES; s++)
        for (int which = 0; which < N_STATISTICS; which++) {
            bw_mmd mmd = statistic(which, sizes[s][2] + 1);
            instance a =
                make_instance(sizes[s][0], sizes[s][1], sizes[s][2], 1);
            double right, found, with;

            draw(&a, s, 0.3, 1.2);
            right = plain_value(&mmd, &a);
            if (mmd.is_median && a.d == 0)
                right = 0; /* all points are equal */
            found = value_of(&mmd, &a, 1, NULL);
            with = value_of(&mmd, &a, 1, a.dq);
            cr_expect_float_eq(found, right, 2e-6, "%zu %d: %.9g for %.9g", s,
                               which, found, right);
            cr_expect_float_eq(with, right, 2e-6, "%zu %d: %.9g for %.9g", s,
                               which, with, right);
            cr_expect(!mmd.is_biased || found > -1e-6);
            free_instance(&a);
        }
}

/* dq begins at 1, the weight is -3; q's values that are looked at are spread
 * over it. A median moves with q, but no gradient goes by it. */
static void check_gradient(const bw_mmd *mmd, instance *a, const char *label)
{
    const double h = 1e-5, weight = -3;
    size_t n = a->n_q * a->d;
    double unit =
        mmd->is_median ? plain_mmd_median(a->n_q + a->n_p, a->all, a->d) : 1;

    for (size_t k = 0; k < n; k++)
        a->dq[k] = 1;
    value_of(mmd, a, weight, a->dq);
    for (size_t k = 0; k < n; k += n / 9 + 1) {
        double kept = a->all[k], slope = 0;

        for (int side = -1; side <= 1; side += 2) {
            a->all[k] = kept + side * h;
            slope += side * plain_mmd(mmd, unit, a->n_q, a->all, a->n_p,
                                      a->all + n, a->d);
        }
        a->all[k] = kept;
        slope *= weight / (2 * h);
        cr_expect_float_eq((double)a->dq[k] - 1, slope,
                           1e-5 * fabs(slope) + 1e-6, "%s %zu: %.9g for %.9g",
                           label, k, (double)a->dq[k] - 1, slope);
    }
}

Test(mmd, gradients_are_finite_differences)
{
    for (size_t s = 0; s < N_SIZES; s++)
        for (int which = 0; which < N_STATISTICS; which++) {
            size_t n_q = sizes[s][0], n_p = sizes[s][1], d = sizes[s][2];
            bw_mmd mmd = statistic(which, d + 1);
            instance a;
            char label[32];

            if (n_q < 2 || n_p < 2 || n_q * n_p > 20000)
                continue;
            a = make_instance(n_q, n_p, d, 1);
            draw(&a, s + 50, 0.3, 1.2);
            snprintf(label, sizeof label, "%zu %d", s, which);
            check_gradient(&mmd, &a, label);
            free_instance(&a);
        }
}

/* Over more blocks than wait at a time, by sums over some rows. */
Test(mmd, gradients_reach_over_many_points)
{
    bw_mmd mmd = statistic(0, 2);
    instance a = make_instance(600, 700, 2, 1);
    const double *p = a.all + 1200;

    draw(&a, 80, 0.3, 1.2);
    value_of(&mmd, &a, 1, a.dq);
    for (size_t i = 0; i < 600; i += 75)
        for (size_t k = 0; k < 2; k++) {
            double slope = 0;

            for (size_t j = 0; j < 1300; j++) {
                const double *y = j < 600 ? a.all + 2 * j : p + 2 * (j - 600);
                double square = plain_mmd_square(2, a.all + 2 * i, y);
                double factor =
                    j < 600 ? -4 / (600.0 * 599) : 4 / (600.0 * 700);

                for (size_t s = 0; s < mmd.n_scales; s++)
                    slope += factor * mmd.scale[s] /
                             pow(mmd.scale[s] + square, 2) *
                             (a.all[2 * i + k] - y[k]);
            }
            cr_expect_float_eq((double)a.dq[2 * i + k], slope, 1e-9,
                               "%zu %zu: %g for %g", i, k,
                               (double)a.dq[2 * i + k], slope);
        }
    free_instance(&a);
}

/* ---- against closed forms ---- */

/* E k(x, y) for x - y from N(delta, v I) with |delta|^2 = square.
 *
 * rbf: E exp(-D / 2c) = (c / (c + v))^(d/2) exp(-square / 2(c + v)), value by
 * value a Gaussian integral. imq: c / (c + D) is the integral of
 * exp(-u - u D / c) over u > 0, and E exp(-u D / c) is the rbf's with c / 2u in
 * c's place; by Simpson's rule up to where exp(-u) is 1e-16. */
static double expect_rbf(double c, size_t d, double v, double square)
{
    return pow(c / (c + v), (double)d / 2) * exp(-square / (2 * (c + v)));
}

static double expect_imq(double c, size_t d, double v, double square)
{
    const int n = 40000;
    const double step = 36.0 / n;
    double sum = 1; /* at 0 */

    for (int k = 1; k < n; k++) {
        double u = k * step;

        sum +=
            (k % 2 ? 4 : 2) * exp(-u) * expect_rbf(c / (2 * u), d, v, square);
    }
    return sum * step / 3;
}

static double expect_kernel(const bw_mmd *mmd, size_t d, double v,
                            double square)
{
    double sum = 0;

    for (size_t s = 0; s < mmd->n_scales; s++)
        sum += mmd->kernel == BW_MMD_IMQ
                   ? expect_imq(mmd->scale[s], d, v, square)
                   : expect_rbf(mmd->scale[s], d, v, square);
    return sum;
}

/* U over many draws of 150 points from N(mean 1, sd^2 I) and 100 from N(0, I):
 * its mean, standard error and how often it was negative; least V. */
typedef struct summary {
    double mean, error, least_v, mean_v;
    int n_negative;
} summary;

enum { N_REPEATS = 200 };

static summary repeat(bw_mmd mmd, size_t d, double mean, double sd)
{
    instance a = make_instance(150, 100, d, 2);
    summary s = {.least_v = INFINITY};
    double square = 0;

    for (uint64_t r = 0; r < N_REPEATS; r++) {
        double u, v;

        draw(&a, 1000 + r, mean, sd);
        mmd.is_biased = false;
        u = value_of(&mmd, &a, 1, NULL);
        mmd.is_biased = true;
        v = value_of(&mmd, &a, 1, NULL);
        s.mean += u / N_REPEATS;
        square += u * u / N_REPEATS;
        s.mean_v += v / N_REPEATS;
        s.least_v = fmin(s.least_v, v);
        s.n_negative += u < 0;
    }
    s.error = sqrt((square - s.mean * s.mean) / (N_REPEATS - 1));
    free_instance(&a);
    return s;
}

Test(mmd, of_gaussians_is_its_expectation)
{
    const size_t d = 5;
    const double mean = 0.4, sd = 1.3, shift = (double)d * mean * mean;

    for (int which = 0; which < 4; which += 2) {
        bw_mmd mmd = statistic(which, d);
        double right = expect_kernel(&mmd, d, 2 * sd * sd, 0) +
                       expect_kernel(&mmd, d, 2, 0) -
                       2 * expect_kernel(&mmd, d, sd * sd + 1, shift);
        summary s = repeat(mmd, d, mean, sd);

        cr_expect_float_eq(s.mean, right, 4 * s.error, "%d: %g +- %g for %g",
                           which, s.mean, s.error, right);
        cr_expect(s.error < right / 30, "%d: %g", which, s.error);
        cr_expect(s.least_v > 0);
    }
}

Test(mmd, u_has_no_bias_and_v_is_not_negative)
{
    for (int which = 0; which < 4; which += 2) {
        summary s = repeat(statistic(which, 5), 5, 0, 1);

        cr_expect_float_eq(s.mean, 0, 4 * s.error, "%d: %g +- %g", which,
                           s.mean, s.error);
        cr_expect(s.n_negative > N_REPEATS / 4 &&
                      s.n_negative < 3 * N_REPEATS / 4,
                  "%d: %d negative", which, s.n_negative);
        cr_expect(s.least_v > 0, "%d: %g", which, s.least_v);
        cr_expect(s.mean_v > 10 * s.error);
    }
}

/* ---- median ---- */

/* Small integers: distances are exact and many are equal, so the scale that is
 * the median gives the same bits as the median's. */
static void check_median(size_t n_q, size_t n_p, size_t d, uint64_t width)
{
    instance a = make_instance(n_q, n_p, d, 2);
    bw_mmd by_median = bw_mmd_rbf(), by_scale = bw_mmd_rbf();
    bw_random random;
    double median;

    bw_random_init(&random, 7, BW_RANDOM_TEST, n_q * 1000 + n_p);
    for (size_t k = 0; k < n_q * d; k++)
        a.q[k] = (float)bw_random_below(&random, width);
    for (size_t k = 0; k < n_p * d; k++)
        a.p[k] = (float)bw_random_below(&random, width);
    widen(&a);
    median = plain_mmd_median(n_q + n_p, a.all, d);
    cr_assert(median > 0);
    by_scale.is_median = false;
    by_scale.scale[0] = median;
    cr_expect_float_eq(value_of(&by_median, &a, 1, NULL),
                       value_of(&by_scale, &a, 1, NULL), 0, "%zu %zu %zu: %g",
                       n_q, n_p, d, median);
    /* Other shares of the median are other scales. */
    by_median.scale[0] = 0.5;
    by_scale.scale[0] *= 0.5;
    cr_expect_float_eq(value_of(&by_median, &a, 1, NULL),
                       value_of(&by_scale, &a, 1, NULL), 0);
    free_instance(&a);
}

Test(mmd, median_is_the_middle_of_the_sorted_distances)
{
    check_median(2, 2, 3, 50);
    check_median(2, 3, 3, 50);
    check_median(3, 4, 1, 5000);
    check_median(64, 65, 2, 3000);
    check_median(100, 100, 8, 4);
    check_median(100, 101, 8, 100);
    check_median(600, 130, 2, 1000);
}

/* More than half of the pairs are equal points: k is 1 for those, else 0. */
Test(mmd, median_0_is_the_limit_of_small_scales)
{
    for (int which = 0; which < 2; which++) {
        instance a = make_instance(70, 2, 3, 1);
        bw_mmd mmd = bw_mmd_rbf();

        mmd.kernel = which ? BW_MMD_IMQ : BW_MMD_RBF;
        draw(&a, 3, 0, 0);
        cr_expect_float_eq(value_of(&mmd, &a, 1, a.dq), 1, 0);
        mmd.is_biased = true;
        cr_expect_float_eq(value_of(&mmd, &a, 1, a.dq), 1.5, 1e-12);
        memcpy(a.p, a.q, 6 * sizeof *a.p);
        cr_expect_float_eq(value_of(&mmd, &a, 1, a.dq), 0, 1e-12);
        for (size_t k = 0; k < 210; k++)
            cr_expect_eq(a.dq[k], 0.0f);
        a.q[30] = NAN;
        cr_expect(isnan(value_of(&mmd, &a, 1, NULL)));
        free_instance(&a);
    }
}

/* ---- promises ---- */

Test(mmd, neither_threads_nor_instructions_change_a_bit)
{
    static const char *const isa[] = {"plain", "avx2", "avx512"};

    for (int which = 0; which < N_STATISTICS; which++) {
        bw_mmd mmd = statistic(which, 7);
        instance one = make_instance(130, 203, 7, 1);
        double value, without, again;

        cr_assert_eq(unsetenv("BARROW_ISA"), 0);
        draw(&one, 9, 0.5, 1);
        value = value_of(&mmd, &one, 2, one.dq);
        without = value_of(&mmd, &one, 2, NULL);
        for (size_t run = 0; run < 6; run++) {
            instance a = make_instance(130, 203, 7, 1 + run % 3);

            if (run >= 3)
                cr_assert_eq(setenv("BARROW_ISA", isa[run - 3], 1), 0);
            draw(&a, 9, 0.5, 1);
            again = value_of(&mmd, &a, 2, a.dq);
            cr_expect_float_eq(again, value, 0);
            again = value_of(&mmd, &a, 2, NULL);
            cr_expect_float_eq(again, without, 0);
            cr_expect_arr_eq(a.dq, one.dq, 130 * 7 * sizeof *a.dq);
            free_instance(&a);
        }
        free_instance(&one);
    }
}

/* A room takes fewer points than it was made for, and forgets them. */
Test(mmd, a_room_serves_again)
{
    for (int which = 0; which < N_STATISTICS; which++) {
        bw_mmd mmd = statistic(which, 4);
        instance a = make_instance(100, 150, 4, 1);
        instance few = make_instance(20, 70, 4, 1);
        bw_mmd_room *room;
        double first, again;

        draw(&a, 10, 0.5, 1);
        draw(&few, 11, 0.5, 1);
        cr_assert_eq(bw_mmd_room_create(&mmd, 100, 150, 4, &room, NULL), BW_OK);
        first =
            bw_mmd_value(&mmd, room, a.tasks, 100, a.q, 150, a.p, 4, 1, a.dq);
        again = bw_mmd_value(&mmd, room, a.tasks, 20, few.q, 70, few.p, 4, 1,
                             few.dq);
        cr_expect_float_eq(again, value_of(&mmd, &few, 0, few.dq), 0);
        again =
            bw_mmd_value(&mmd, room, a.tasks, 100, a.q, 150, a.p, 4, 0, a.dq);
        cr_expect_float_eq(again, first, 0);
        bw_mmd_room_destroy(room);
        free_instance(&a);
        free_instance(&few);
    }
    bw_mmd_room_destroy(NULL);
}

Test(mmd, of_fewer_than_two_points_has_no_gradient)
{
    for (size_t n = 0; n < 2; n++) {
        bw_mmd mmd = bw_mmd_rbf();
        instance a = make_instance(n, 9, 3, 1), b = make_instance(9, n, 3, 1);

        draw(&a, 12, 0, 1);
        draw(&b, 13, 0, 1);
        cr_expect_float_eq(value_of(&mmd, &a, 1, a.dq), 0, 0);
        cr_expect_float_eq(value_of(&mmd, &b, 1, b.dq), 0, 0);
        for (size_t k = 0; k < 27; k++)
            cr_expect_eq(b.dq[k], 0.0f);
        free_instance(&a);
        free_instance(&b);
    }
}

Test(mmd, of_a_nan_is_nan)
{
    for (int which = 0; which < N_STATISTICS; which++)
        for (int side = 0; side < 2; side++) {
            bw_mmd mmd = statistic(which, 3);
            instance a = make_instance(70, 80, 3, 1);

            draw(&a, 14, 0, 1);
            (side ? a.p : a.q)[200] = NAN;
            cr_expect(isnan(value_of(&mmd, &a, 1, NULL)), "%d", which);
            cr_expect(isnan(value_of(&mmd, &a, 1, a.dq)), "%d", which);
            cr_expect(isnan(a.dq[5]), "%d", which);
            free_instance(&a);
        }
}

Test(mmd, imq_has_the_papers_scales)
{
    static const double right[] = {1.6, 3.2, 8, 16, 32, 80, 160};
    bw_mmd mmd = bw_mmd_imq(16);

    cr_assert_eq(mmd.n_scales, 7);
    cr_assert(mmd.kernel == BW_MMD_IMQ && !mmd.is_biased && !mmd.is_median);
    for (size_t s = 0; s < 7; s++)
        cr_expect_float_eq(mmd.scale[s], right[s], 1e-12);
}

/* ---- stopping ---- */

static atomic_size_t n_asked;

static int never(void)
{
    atomic_fetch_add(&n_asked, 1);
    return 0;
}

static int at_once(void)
{
    atomic_fetch_add(&n_asked, 1);
    return 1;
}

/* How often it is asked is how often it could stop: once a task at least. */
static size_t asked(const bw_mmd *mmd, instance *a, int (*stopped)(void),
                    double *value)
{
    bw_mmd_room *room;

    atomic_store(&n_asked, 0);
    cr_assert_eq(bw_mmd_room_create(mmd, a->n_q, a->n_p, a->d, &room, NULL),
                 BW_OK);
    bw_mmd_room_watch(room, stopped);
    *value = bw_mmd_value(mmd, room, a->tasks, a->n_q, a->q, a->n_p, a->p, a->d,
                          0, NULL);
    bw_mmd_room_destroy(room);
    return atomic_load(&n_asked);
}

Test(mmd, ends_soon_when_it_is_told)
{
    const bw_mmd kinds[] = {bw_mmd_imq(50), bw_mmd_rbf()};
    instance a = make_instance(600, 600, 200, 2);

    draw(&a, 1, 0, 1);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        double value, unused;
        size_t n_all = asked(&kinds[k], &a, never, &value);
        size_t n_few = asked(&kinds[k], &a, at_once, &unused);

        cr_expect_eq(value, value_of(&kinds[k], &a, 0, NULL));
        cr_expect(n_few > 0 && n_all > 5 * n_few, "%zu of %zu", n_few, n_all);
    }
    free_instance(&a);
}

/* ---- parts ---- */

/* Rows by several processes: parts add up, and rows of the gradient are those
 * of the whole, to what another order of sums makes. */
Test(mmd, parts_of_rows_make_the_whole)
{
    static const size_t cut[] = {0, 1, 40, 77};
    const bw_mmd kinds[] = {bw_mmd_imq(3), bw_mmd_rbf()};
    instance a = make_instance(77, 77, 3, 2);
    float part_dq[77 * 3];

    draw(&a, 2, 0.5, 2);
    for (size_t k = 0; k < 4; k++) {
        bw_mmd mmd = kinds[k / 2];
        bw_mmd_room *room;
        double sum = 0;

        mmd.is_biased = k % 2 == 1;
        memset(a.dq, 0, sizeof part_dq);
        memset(part_dq, 0, sizeof part_dq);
        double whole = value_of(&mmd, &a, 2, a.dq);
        cr_assert_eq(bw_mmd_room_create(&mmd, 77, 77, 3, &room, NULL), BW_OK);
        for (size_t i = 0; i < 3; i++)
            sum += bw_mmd_part(&mmd, room, a.tasks, 77, a.q, a.p, 3, cut[i],
                               cut[i + 1] - cut[i], 2, part_dq + cut[i] * 3);
        bw_mmd_room_destroy(room);
        cr_expect_float_eq(sum, whole, 1e-12 * fabs(whole), "%g, not %g", sum,
                           whole);
        for (size_t i = 0; i < 77 * 3; i++)
            cr_expect_float_eq((double)part_dq[i], (double)a.dq[i], 1e-9);
    }
    free_instance(&a);
}
