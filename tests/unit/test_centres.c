/* test_centres.c - centres stand in every cluster, labels name the nearest one,
 * and equal codes, a stop and a centre for each code. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>

#include "model/centres.h"

enum { N = 60, D = 2, K = 6 };

/* Code i stands within 1 of (100 (i % K), 0). */
static void draw_clusters(float *x)
{
    bw_random random;

    bw_random_init(&random, 3, BW_RANDOM_TEST, 0);
    for (size_t i = 0; i < N; i++) {
        x[i * D] =
            100 * (float)(i % K) + (float)bw_random_uniform(&random) - 0.5f;
        x[i * D + 1] = (float)bw_random_uniform(&random) - 0.5f;
    }
}

static bw_status choose(uint64_t seed, size_t n, size_t n_centres,
                        const float *x, int (*stopped)(void), size_t *centre,
                        size_t *label)
{
    bw_error err = BW_ERROR_INIT;
    bw_random random;

    bw_random_init(&random, seed, BW_RANDOM_TEST, 1);
    return bw_centres_choose(n, D, x, n_centres, &random, stopped, centre,
                             label, &err);
}

static double square_of(const float *x, size_t a, size_t b)
{
    double u = (double)x[a * D] - (double)x[b * D];
    double v = (double)x[a * D + 1] - (double)x[b * D + 1];

    return u * u + v * v;
}

Test(centres, stand_in_every_cluster)
{
    float x[N * D];
    size_t centre[K], label[N];

    draw_clusters(x);
    for (uint64_t seed = 0; seed < 50; seed++) {
        bool is_met[K] = {false};
        cr_assert_eq(choose(seed, N, K, x, NULL, centre, label), BW_OK);
        for (size_t c = 0; c < K; c++) {
            cr_assert_lt(centre[c], N);
            is_met[centre[c] % K] = true;
            cr_expect_eq(label[centre[c]], c);
        }
        for (size_t c = 0; c < K; c++)
            cr_expect(is_met[c], "seed %d: none in cluster %zu", (int)seed, c);
    }
}

Test(centres, labels_name_the_nearest)
{
    float x[N * D];
    size_t centre[K], label[N];

    draw_clusters(x);
    for (size_t n_centres = 1; n_centres <= K; n_centres++) {
        cr_assert_eq(choose(9, N, n_centres, x, NULL, centre, label), BW_OK);
        for (size_t i = 0; i < N; i++) {
            size_t nearest = 0;
            for (size_t c = 1; c < n_centres; c++)
                if (square_of(x, i, centre[c]) <
                    square_of(x, i, centre[nearest]))
                    nearest = c;
            cr_expect_eq(label[i], nearest, "code %zu", i);
        }
    }
}

Test(centres, of_every_code_and_of_equal_ones)
{
    float x[N * D];
    size_t centre[N], label[N];
    bool is_met[N] = {false};

    draw_clusters(x);
    cr_assert_eq(choose(1, N, N, x, NULL, centre, label), BW_OK);
    for (size_t c = 0; c < N; c++) {
        cr_expect(!is_met[centre[c]], "code %zu twice", centre[c]);
        is_met[centre[c]] = true;
    }
    for (size_t k = 0; k < sizeof x / sizeof *x; k++)
        x[k] = 5;
    cr_assert_eq(choose(1, N, K, x, NULL, centre, label), BW_OK);
    for (size_t c = 0; c < K; c++)
        cr_expect_lt(centre[c], N);
    for (size_t i = 0; i < N; i++)
        cr_expect_eq(label[i], 0);
    /* Any of them. */
    size_t n_others = 0;
    for (size_t c = 1; c < K; c++)
        n_others += centre[c] != centre[1];
    cr_expect_gt(n_others, 0);
}

static double distance_to_nearest(const float *x, size_t i, size_t n,
                                  const size_t *centre)
{
    double least = HUGE_VAL;

    for (size_t c = 0; c < n; c++)
        least = fmin(least, square_of(x, i, centre[c]));
    return least;
}

static double sum_to_nearest(const float *x, size_t n, const size_t *centre)
{
    double sum = 0;

    for (size_t i = 0; i < N; i++)
        sum += distance_to_nearest(x, i, n, centre);
    return sum;
}

/* By the header's word: the candidates that leave the least sum. Candidates are
 * drawn anew, from the same stream. */
static void choose_plainly(uint64_t seed, size_t n_centres, const float *x,
                           size_t *centre)
{
    size_t n_trials = 2 + (size_t)log((double)n_centres);
    bw_random random;

    bw_random_init(&random, seed, BW_RANDOM_TEST, 1);
    centre[0] = (size_t)bw_random_below(&random, N);
    for (size_t c = 1; c < n_centres; c++) {
        double least = HUGE_VAL, all = sum_to_nearest(x, c, centre);
        size_t best = 0;
        for (size_t t = 0; t < n_trials; t++) {
            double at = bw_random_uniform(&random) * all;
            size_t i = 0;
            while ((at -= distance_to_nearest(x, i, c, centre)) >= 0)
                i++;
            centre[c] = i;
            double sum = sum_to_nearest(x, c + 1, centre);
            if (sum < least) {
                least = sum;
                best = i;
            }
        }
        centre[c] = best;
    }
}

/* Codes of no clusters at whole places, so that sums are exact: which candidate
 * is taken decides every further draw. */
Test(centres, of_candidates_the_best_is_taken)
{
    float x[N * D];
    size_t centre[K], wanted[K], label[N];
    bw_random random;

    bw_random_init(&random, 8, BW_RANDOM_TEST, 0);
    for (size_t k = 0; k < N * D; k++)
        x[k] = (float)bw_random_below(&random, 1000);
    for (uint64_t seed = 0; seed < 20; seed++) {
        choose_plainly(seed, K, x, wanted);
        cr_assert_eq(choose(seed, N, K, x, NULL, centre, label), BW_OK);
        for (size_t c = 0; c < K; c++)
            cr_expect_eq(centre[c], wanted[c], "seed %d: centre %zu", (int)seed,
                         c);
    }
}

static int stop(void)
{
    return 1;
}

Test(centres, stop)
{
    float x[N * D];
    size_t centre[K], label[N];

    draw_clusters(x);
    cr_expect_eq(choose(1, N, K, x, stop, centre, label), BW_ERR_INTERRUPTED);
}
