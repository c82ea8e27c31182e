/* test_pairs.c - pair lists against naive loops, their parts, and the far ends
 * of lists that no one could write out. */
#include "config.h"

#include <criterion/criterion.h>

#include "barrow/pairs.h"

static bw_pairs make(bw_pairs_kind kind, uint64_t n_a, uint64_t n_b,
                     uint64_t n_listed, const uint32_t (*list)[2],
                     uint64_t seed)
{
    bw_error err = BW_ERROR_INIT;
    bw_pairs pairs;
    cr_assert_eq(
        bw_pairs_init(&pairs, kind, n_a, n_b, n_listed, list, seed, &err),
        BW_OK, "%s", err.text);
    return pairs;
}

static bool is_pair(const bw_pairs *pairs, uint64_t k, uint64_t i, uint64_t j)
{
    uint32_t pair[2];
    bw_pairs_get(pairs, k, pair);
    return pair[0] == i && pair[1] == j;
}

Test(pairs, all_are_the_triangle_row_by_row)
{
    for (uint64_t n = 0; n < 60; n++) {
        bw_pairs pairs = make(BW_PAIRS_ALL, n, n, 77, NULL, 1);
        uint64_t k = 0;
        for (uint64_t i = 0; i < n; i++)
            for (uint64_t j = i + 1; j < n; j++, k++)
                cr_assert(is_pair(&pairs, k, i, j), "n %llu, pair %llu",
                          (unsigned long long)n, (unsigned long long)k);
        cr_assert_eq(pairs.n, k);
        cr_assert_eq(pairs.n_whole, k);
        cr_assert_eq(pairs.first, 0);
    }
}

Test(pairs, cross_is_every_row_with_every_column)
{
    for (uint64_t n = 0; n < 7; n++)
        for (uint64_t m = 0; m < 9; m++) {
            bw_pairs pairs = make(BW_PAIRS_CROSS, n, m, 77, NULL, 1);
            uint64_t k = 0;
            for (uint64_t i = 0; i < n; i++)
                for (uint64_t j = 0; j < m; j++, k++)
                    cr_assert(is_pair(&pairs, k, i, j));
            cr_assert_eq(pairs.n, k);
        }
}

Test(pairs, a_list_is_what_was_listed)
{
    const uint32_t list[][2] = {{3, 0}, {0, 3}, {2, 2}, {3, 0}};
    bw_pairs pairs = make(BW_PAIRS_LIST, 4, 4, 4, list, 1);
    cr_assert_eq(pairs.n, 4);
    for (uint64_t k = 0; k < 4; k++)
        cr_expect(is_pair(&pairs, k, list[k][0], list[k][1]));
    bw_pairs_take_part(&pairs, 2, 2);
    cr_assert_eq(pairs.n, 2);
    cr_expect(is_pair(&pairs, 0, 2, 2));
}

/* Row i begins at i (2 n - i - 1) / 2; a square root in doubles is off by more
 * than a row's length there. */
Test(pairs, the_triangle_holds_at_the_ends_of_rows)
{
    static const uint64_t sizes[] = {2,          3,         1000,      94906267,
                                     1000000000, 999999937, 4294967295};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        uint64_t n = sizes[s];
        bw_pairs pairs = make(BW_PAIRS_ALL, n, n, 0, NULL, 1);
        cr_assert_eq(pairs.n, n * (n - 1) / 2);
        for (uint64_t t = 0; t <= 2000; t++) {
            uint64_t i = t < 100    ? t
                         : t > 1900 ? n - 2 - (2000 - t)
                                    : (uint64_t)((__int128)(n - 2) * t / 2000);
            if (i > n - 2)
                continue;
            uint64_t start =
                (uint64_t)((unsigned __int128)i * (2 * n - i - 1) / 2);
            bool is_right = is_pair(&pairs, start, i, i + 1) &&
                            is_pair(&pairs, start + (n - i - 2), i, n - 1);
            if (i > 0)
                is_right = is_right && is_pair(&pairs, start - 1, i - 1, n - 1);
            cr_assert(is_right, "n %llu, row %llu", (unsigned long long)n,
                      (unsigned long long)i);
        }
    }
}

/* Parts of any number cover the list once, in order. */
static void check_parts(bw_pairs whole, uint64_t n_parts)
{
    uint64_t at = 0;
    for (uint64_t k = 1; k <= n_parts; k++) {
        bw_pairs part = whole;
        bw_pairs_take_part(&part, k, n_parts);
        cr_assert_eq(part.first, at);
        cr_assert_eq(part.n_whole, whole.n);
        for (uint64_t q = 0; q < part.n; q++) {
            uint32_t a[2];
            bw_pairs_get(&part, q, a);
            cr_assert(is_pair(&whole, at + q, a[0], a[1]));
        }
        cr_assert(part.n + 1 >= whole.n / n_parts);
        cr_assert(part.n <= whole.n / n_parts + 1);
        at += part.n;
    }
    cr_assert_eq(at, whole.n);
}

Test(pairs, parts_partition_the_list)
{
    const uint32_t list[][2] = {{3, 0}, {0, 3}, {2, 2}, {3, 0}, {1, 1}};
    for (uint64_t n_parts = 1; n_parts < 13; n_parts++) {
        check_parts(make(BW_PAIRS_ALL, 11, 11, 0, NULL, 1), n_parts);
        check_parts(make(BW_PAIRS_CROSS, 5, 3, 0, NULL, 1), n_parts);
        check_parts(make(BW_PAIRS_RANDOM, 50, 50, 31, NULL, 9), n_parts);
        check_parts(make(BW_PAIRS_LIST, 4, 4, 5, list, 1), n_parts);
        check_parts(make(BW_PAIRS_ALL, 1, 1, 0, NULL, 1), n_parts);
    }
}

Test(pairs, parts_of_a_long_list_do_not_overflow)
{
    uint64_t n = UINT32_MAX, at = 0;
    for (uint64_t k = 1; k <= 1000; k++) {
        bw_pairs part = make(BW_PAIRS_ALL, n, n, 0, NULL, 1);
        bw_pairs_take_part(&part, k, 1000);
        cr_assert_eq(part.first, at);
        at += part.n;
    }
    cr_assert_eq(at, n * (n - 1) / 2);
}

Test(pairs, random_pairs_depend_on_seed_and_number_alone)
{
    bw_pairs one = make(BW_PAIRS_RANDOM, 1000, 1000, 500, NULL, 7);
    bw_pairs longer = make(BW_PAIRS_RANDOM, 1000, 1000, 100000, NULL, 7);
    bw_pairs other = make(BW_PAIRS_RANDOM, 1000, 1000, 500, NULL, 8);
    uint64_t n_equal = 0;
    for (uint64_t k = 0; k < 500; k++) {
        uint32_t a[2];
        bw_pairs_get(&one, k, a);
        cr_assert(a[0] < 1000 && a[1] < 1000);
        cr_assert(is_pair(&longer, k, a[0], a[1]));
        n_equal += is_pair(&other, k, a[0], a[1]);
    }
    cr_expect(n_equal < 5);
}

/* 60,000 draws over 3 x 4 cells: each near 5,000, whose deviation is 68. */
Test(pairs, random_pairs_are_uniform_over_both_files)
{
    bw_pairs pairs = make(BW_PAIRS_RANDOM, 3, 4, 60000, NULL, 5);
    int count[3][4] = {{0}};
    for (uint64_t k = 0; k < pairs.n; k++) {
        uint32_t a[2];
        bw_pairs_get(&pairs, k, a);
        cr_assert(a[0] < 3 && a[1] < 4);
        count[a[0]][a[1]]++;
    }
    for (size_t k = 0; k < 12; k++)
        cr_expect(count[k / 4][k % 4] > 4650 && count[k / 4][k % 4] < 5350,
                  "cell %zu: %d", k, count[k / 4][k % 4]);
}

Test(pairs, what_does_not_exist_is_refused)
{
    const uint32_t list[][2] = {{0, 1}, {1, 4}};
    bw_error err = BW_ERROR_INIT;
    bw_pairs p;
    cr_expect_eq(bw_pairs_init(&p, BW_PAIRS_LIST, 5, 4, 2, list, 0, &err),
                 BW_ERR_RANGE);
    cr_expect_str_eq(err.text, "pair 1 is (1, 4): indices run from 0 to 4 and "
                               "from 0 to 3");
    cr_expect_eq(
        bw_pairs_init(&p, BW_PAIRS_ALL, UINT64_C(1) << 32, 1, 0, NULL, 0, &err),
        BW_ERR_RANGE);
    cr_expect_eq(bw_pairs_init(&p, BW_PAIRS_RANDOM, 0, 0, 3, NULL, 0, &err),
                 BW_ERR_RANGE);
    cr_expect_eq(bw_pairs_init(&p, BW_PAIRS_RANDOM, 0, 0, 0, NULL, 0, &err),
                 BW_OK);
}
