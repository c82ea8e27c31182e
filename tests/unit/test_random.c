/* test_random.c - Philox against its authors' vectors, streams, and the
 * distributions drawn from them. */
#include "config.h"

#include <Random123/philox.h>
#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "barrow/random.h"

/* The known-answer vectors that Random123 publishes for philox4x64-10. */
static const struct {
    uint64_t counter[4], key[2], word[4];
} vectors[] = {
    {{0, 0, 0, 0},
     {0, 0},
     {0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b,
      0x7e68b68aec7ba23b}},
    {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
     {UINT64_MAX, UINT64_MAX},
     {0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6,
      0xa09caebf594f0ba0}},
    {{0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0,
      0x082efa98ec4e6c89},
     {0x452821e638d01377, 0xbe5466cf34e90c6c},
     {0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5,
      0x57bd43b5e52b7fe6}},
};

static bw_random start(uint64_t seed, uint64_t stream)
{
    bw_random random;

    bw_random_init(&random, seed, BW_RANDOM_TEST, stream);
    return random;
}

Test(random, philox_gives_the_known_answers)
{
    for (size_t k = 0; k < sizeof vectors / sizeof *vectors; k++) {
        philox4x64_ctr_t counter, word;
        philox4x64_key_t key;

        memcpy(counter.v, vectors[k].counter, sizeof counter.v);
        memcpy(key.v, vectors[k].key, sizeof key.v);
        word = philox4x64(counter, key);
        for (size_t i = 0; i < 4; i++)
            cr_assert_eq(word.v[i], vectors[k].word[i], "vector %zu", k);
    }
}

Test(random, stream_0_of_seed_0_begins_with_the_first_known_answer)
{
    bw_random random;

    bw_random_init(&random, 0, (bw_random_purpose)0, 0);
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(bw_random_next(&random), vectors[0].word[i]);
}

Test(random, block_b_of_a_stream_is_philox_at_its_counter)
{
    bw_random random;

    bw_random_init(&random, 0x452821e638d01377, BW_RANDOM_SHUFFLE,
                   0x13198a2e03707344);
    for (uint64_t block = 0; block < 3; block++) {
        philox4x64_ctr_t counter = {{block, 0x13198a2e03707344, 0, 0}};
        philox4x64_key_t key = {{0x452821e638d01377, BW_RANDOM_SHUFFLE}};
        philox4x64_ctr_t word = philox4x64(counter, key);

        for (size_t i = 0; i < 4; i++)
            cr_assert_eq(bw_random_next(&random), word.v[i]);
    }
}

Test(random, seed_purpose_and_stream_each_make_another_stream)
{
    bw_random a = start(1, 2), b = start(1, 2), c = start(2, 2),
              d = start(1, 3), e;
    uint64_t first = bw_random_next(&a);

    bw_random_init(&e, 1, BW_RANDOM_PAIRS, 2);
    cr_assert_eq(bw_random_next(&b), first);
    cr_assert_neq(bw_random_next(&c), first);
    cr_assert_neq(bw_random_next(&d), first);
    cr_assert_neq(bw_random_next(&e), first);
}

/* Pearson's statistic with 9 degrees of freedom passes 33.7 once in 10,000
 * seeds; the seed is fixed. */
Test(random, below_is_uniform)
{
    enum { N = 10, DRAWS = 100000 };
    bw_random random = start(7, 0);
    double count[N] = {0}, statistic = 0.0;

    for (int k = 0; k < DRAWS; k++) {
        uint64_t x = bw_random_below(&random, N);

        cr_assert_lt(x, (uint64_t)N);
        count[x]++;
    }
    for (int i = 0; i < N; i++) {
        double off = count[i] - (double)DRAWS / N;

        statistic += off * off / ((double)DRAWS / N);
    }
    cr_assert_lt(statistic, 33.7);
}

/* With n = 3 * 2^62 and no rejection, results that are multiples of 3 would
 * come twice as often as others. */
Test(random, below_rejects_what_would_be_biased)
{
    enum { DRAWS = 30000 };
    bw_random random = start(11, 0);
    int n_multiples = 0;

    for (int k = 0; k < DRAWS; k++) {
        uint64_t x = bw_random_below(&random, UINT64_C(3) << 62);

        cr_assert_lt(x, UINT64_C(3) << 62);
        n_multiples += x % 3 == 0;
    }
    /* A third, within 6 standard deviations of the binomial. */
    cr_assert_gt(n_multiples, DRAWS / 3 - 490);
    cr_assert_lt(n_multiples, DRAWS / 3 + 490);
}

Test(random, below_one_is_zero)
{
    bw_random random = start(5, 0);

    for (int k = 0; k < 100; k++)
        cr_assert_eq(bw_random_below(&random, 1), 0u);
}

Test(random, uniform_fills_the_half_open_interval)
{
    enum { DRAWS = 100000 };
    bw_random random = start(3, 0);
    double sum = 0.0, least = 1.0, most = 0.0;

    for (int k = 0; k < DRAWS; k++) {
        double x = bw_random_uniform(&random);

        cr_assert(x >= 0.0 && x < 1.0);
        cr_assert_eq(x * 0x1p53, (double)(uint64_t)(x * 0x1p53));
        sum += x;
        least = x < least ? x : least;
        most = x > most ? x : most;
    }
    /* 6 standard deviations of the mean: 6 / sqrt(12 * DRAWS). */
    cr_assert_float_eq(sum / DRAWS, 0.5, 0.0055);
    cr_assert_lt(least, 1e-3);
    cr_assert_gt(most, 1.0 - 1e-3);
}

Test(random, uniform_is_the_top_53_bits)
{
    bw_random bits = start(9, 1), random = start(9, 1);

    for (int k = 0; k < 10; k++)
        cr_assert_eq(bw_random_uniform(&random),
                     (double)(bw_random_next(&bits) >> 11) / 0x1p53);
}

/* Each of the 24 orders of 4 items; 23 degrees of freedom pass 57 once in
 * 10,000 seeds. */
Test(random, shuffle_gives_every_order_alike)
{
    enum { DRAWS = 24000 };
    double count[256] = {0}, statistic = 0.0;
    bw_random random = start(13, 0);
    int n_orders = 0;

    for (int k = 0; k < DRAWS; k++) {
        size_t order[4] = {0, 1, 2, 3}, code = 0, seen = 0;

        bw_random_shuffle(&random, 4, order);
        for (size_t i = 0; i < 4; i++) {
            code = code * 4 + order[i];
            seen |= (size_t)1 << order[i];
        }
        cr_assert_eq(seen, 15u);
        count[code]++;
    }
    for (size_t code = 0; code < 256; code++) {
        n_orders += count[code] > 0;
        if (count[code] > 0)
            statistic += (count[code] - 1000) * (count[code] - 1000) / 1000;
    }
    cr_assert_eq(n_orders, 24);
    cr_assert_lt(statistic, 57.0);
}

Test(random, shuffle_of_nothing_draws_nothing)
{
    bw_random random = start(1, 1), fresh = start(1, 1);
    size_t order[1] = {5};

    bw_random_shuffle(&random, 0, order);
    bw_random_shuffle(&random, 1, order);
    cr_assert_eq(order[0], 5u);
    cr_assert_eq(bw_random_next(&random), bw_random_next(&fresh));
}

/* The first four moments are 0, 1, 0, 3; their standard errors over n draws
 * are sqrt(1/n), sqrt(2/n), sqrt(15/n), sqrt(96/n). Six of them are allowed. */
Test(random, normal_has_its_moments)
{
    enum { DRAWS = 200000 };
    bw_random random = start(17, 0);
    double sum[4] = {0};

    for (int k = 0; k < DRAWS; k++) {
        double x = bw_random_normal(&random), power = 1.0;

        for (int i = 0; i < 4; i++)
            sum[i] += power *= x;
    }
    cr_expect_float_eq(sum[0] / DRAWS, 0.0, 6 * sqrt(1.0 / DRAWS));
    cr_expect_float_eq(sum[1] / DRAWS, 1.0, 6 * sqrt(2.0 / DRAWS));
    cr_expect_float_eq(sum[2] / DRAWS, 0.0, 6 * sqrt(15.0 / DRAWS));
    cr_expect_float_eq(sum[3] / DRAWS, 3.0, 6 * sqrt(96.0 / DRAWS));
}

/* Twenty cells of equal chance under the normal distribution function; 19
 * degrees of freedom pass 52.4 once in 17,000 seeds. */
Test(random, normal_has_its_distribution)
{
    enum { DRAWS = 100000, CELLS = 20 };
    bw_random random = start(19, 0);
    double count[CELLS] = {0}, statistic = 0.0;

    for (int k = 0; k < DRAWS; k++) {
        double below = 0.5 * erfc(-bw_random_normal(&random) / sqrt(2.0));

        cr_assert(below >= 0.0 && below <= 1.0);
        count[below < 1.0 ? (int)(CELLS * below) : CELLS - 1]++;
    }
    for (int i = 0; i < CELLS; i++) {
        double off = count[i] - (double)DRAWS / CELLS;

        statistic += off * off / ((double)DRAWS / CELLS);
    }
    cr_assert_lt(statistic, 52.4);
}

/* Neighbours in a stream are not correlated: the mean of their products is
 * N(0, 1/n). */
Test(random, normals_of_a_stream_are_independent)
{
    enum { DRAWS = 100000 };
    bw_random random = start(23, 0);
    double before = bw_random_normal(&random), sum = 0.0;

    for (int k = 0; k < DRAWS; k++) {
        double x = bw_random_normal(&random);

        sum += x * before;
        before = x;
    }
    cr_assert_float_eq(sum / DRAWS, 0.0, 6 / sqrt(DRAWS));
}

/* No number is kept back for the next call. */
Test(random, normal_keeps_no_state)
{
    bw_random random = start(29, 1), copy;
    double x;

    bw_random_normal(&random);
    copy = random;
    x = bw_random_normal(&random);
    cr_expect_eq(memcmp(&x, &(double){bw_random_normal(&copy)}, sizeof x), 0);
    cr_expect_eq(copy.block, random.block);
    cr_expect_eq(copy.n_left, random.n_left);
}
