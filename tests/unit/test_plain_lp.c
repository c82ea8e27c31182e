/* test_plain_lp.c - the plain transport solver against enumeration, and
 * against instances solved by hand. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "plain/lp.h"

/* The cheapest of all permutations of columns k..n-1, by recursion. */
static int64_t best_assignment(size_t n, const int64_t *cost, size_t k,
                               size_t column[])
{
    if (k == n)
        return 0;
    int64_t best = INT64_MAX;
    for (size_t c = k; c < n; c++) {
        size_t chosen = column[c];
        column[c] = column[k];
        column[k] = chosen;
        int64_t rest = best_assignment(n, cost, k + 1, column);
        if (cost[k * n + chosen] + rest < best)
            best = cost[k * n + chosen] + rest;
        column[k] = column[c];
        column[c] = chosen;
    }
    return best;
}

/* The cheapest transport by enumeration: fills the plan cell by cell. */
static int64_t best_transport(size_t n, size_t m, int64_t *source,
                              int64_t *sink, const int64_t *cost, size_t k)
{
    if (k == n * m) {
        for (size_t i = 0; i < n; i++)
            if (source[i])
                return INT64_MAX;
        for (size_t j = 0; j < m; j++)
            if (sink[j])
                return INT64_MAX;
        return 0;
    }
    size_t i = k / m, j = k % m;
    if (j == 0 && i > 0 && source[i - 1])
        return INT64_MAX;
    int64_t most = source[i] < sink[j] ? source[i] : sink[j];
    int64_t best = INT64_MAX;
    for (int64_t f = 0; f <= most; f++) {
        source[i] -= f;
        sink[j] -= f;
        int64_t rest = best_transport(n, m, source, sink, cost, k + 1);
        if (rest != INT64_MAX && f * cost[k] + rest < best)
            best = f * cost[k] + rest;
        source[i] += f;
        sink[j] += f;
    }
    return best;
}

static void fill(bw_random *random, size_t n, int64_t *x, uint64_t below,
                 int64_t least)
{
    for (size_t k = 0; k < n; k++)
        x[k] = (int64_t)bw_random_below(random, below) + least;
}

/* Adds to the lighter side until the totals agree. */
static void balance(size_t n, size_t m, int64_t *source, int64_t *sink)
{
    int64_t a = 0, b = 0;
    for (size_t i = 0; i < n; i++)
        a += source[i];
    for (size_t j = 0; j < m; j++)
        b += sink[j];
    if (a < b)
        source[n - 1] += b - a;
    else
        sink[m - 1] += a - b;
}

static void check_plan(size_t n, size_t m, const int64_t *source,
                       const int64_t *sink, const int64_t *cost,
                       const int64_t *plan, plain_int128 optimum)
{
    plain_int128 sum = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t row = 0;
        for (size_t j = 0; j < m; j++) {
            cr_assert(plan[i * m + j] >= 0);
            row += plan[i * m + j];
            sum += (plain_int128)plan[i * m + j] * cost[i * m + j];
        }
        cr_assert(row == source[i], "row %zu", i);
    }
    for (size_t j = 0; j < m; j++) {
        int64_t column = 0;
        for (size_t i = 0; i < n; i++)
            column += plan[i * m + j];
        cr_assert(column == sink[j], "column %zu", j);
    }
    cr_assert(sum == optimum);
}

Test(plain_lp, equals_the_best_permutation)
{
    int64_t ones[7] = {1, 1, 1, 1, 1, 1, 1}, cost[49], plan[49];
    for (uint64_t t = 0; t < 140; t++) {
        bw_random random;
        bw_random_init(&random, 1, BW_RANDOM_TEST, t);
        size_t n = 1 + t % 7, column[7] = {0, 1, 2, 3, 4, 5, 6};
        /* few values make ties, many make none; some are negative */
        fill(&random, n * n, cost, t % 2 ? 3 : 1000, t % 3 ? 0 : -50);
        plain_int128 optimum;
        cr_assert(plain_lp_solve(n, n, ones, ones, cost, &optimum, plan));
        cr_assert(optimum == best_assignment(n, cost, 0, column), "instance %d",
                  (int)t);
        check_plan(n, n, ones, ones, cost, plan, optimum);
    }
}

Test(plain_lp, equals_the_best_of_all_plans)
{
    int64_t source[3], sink[3], cost[9], plan[9];
    for (uint64_t t = 0; t < 90; t++) {
        bw_random random;
        bw_random_init(&random, 2, BW_RANDOM_TEST, t);
        size_t n = 1 + t % 3, m = 1 + t / 3 % 3;
        fill(&random, n, source, 4, 0);
        fill(&random, m, sink, 4, 0);
        fill(&random, n * m, cost, 9, 0);
        balance(n, m, source, sink);
        plain_int128 optimum;
        cr_assert(plain_lp_solve(n, m, source, sink, cost, &optimum, plan));
        check_plan(n, m, source, sink, cost, plan, optimum);
        cr_assert(optimum == best_transport(n, m, source, sink, cost, 0),
                  "instance %d", (int)t);
    }
}

Test(plain_lp, is_the_closed_form_on_a_line)
{
    enum { N = PLAIN_LP_MAX };
    int64_t source[N], sink[N], cost[N * N];
    for (uint64_t t = 0; t < 10; t++) {
        bw_random random;
        bw_random_init(&random, 3, BW_RANDOM_TEST, t);
        fill(&random, N, source, 100, 0);
        fill(&random, N, sink, 100, 0);
        balance(N, N, source, sink);
        for (int64_t k = 0; k < N * N; k++)
            cost[k] = k / N > k % N ? k / N - k % N : k % N - k / N;
        int64_t across = 0, expected = 0;
        for (size_t i = 0; i < N; i++) {
            across += source[i] - sink[i];
            expected += across < 0 ? -across : across;
        }
        plain_int128 optimum;
        cr_assert(plain_lp_solve(N, N, source, sink, cost, &optimum, NULL));
        cr_assert(optimum == expected, "instance %d", (int)t);
    }
}

/* The cheap cell (0,0) is a trap: greedy ships it first and pays 10 for the
 * rest, 1*2 + 10*2 = 22; the optimum is 2*3 + 2*4 = 14. */
Test(plain_lp, undoes_a_greedy_choice)
{
    const int64_t source[] = {2, 2}, sink[] = {2, 2};
    const int64_t cost[] = {1, 3, 4, 10}, expected[] = {0, 2, 2, 0};
    int64_t plan[4];
    plain_int128 optimum;
    cr_assert(plain_lp_solve(2, 2, source, sink, cost, &optimum, plan));
    cr_assert(optimum == 14);
    cr_assert(memcmp(plan, expected, sizeof plan) == 0);
}

Test(plain_lp, ships_nothing_when_there_is_nothing)
{
    const int64_t zero[] = {0, 0}, cost[] = {1, 2, 3, 4};
    plain_int128 optimum = 7;
    cr_assert(plain_lp_solve(2, 2, zero, zero, cost, &optimum, NULL));
    cr_assert(optimum == 0);
}

Test(plain_lp, holds_what_64_bits_cannot)
{
    const int64_t mass[] = {PLAIN_LP_MAX_TOTAL}, cost[] = {PLAIN_LP_MAX_COST};
    plain_int128 optimum;
    cr_assert(plain_lp_solve(1, 1, mass, mass, cost, &optimum, NULL));
    cr_assert(optimum == (plain_int128)1 << 116);
}

Test(plain_lp, refuses_what_is_outside_its_contract)
{
    const int64_t ok[] = {1, 1}, negative[] = {3, -1}, more[] = {1, 2};
    const int64_t much[] = {PLAIN_LP_MAX_TOTAL, 1};
    const int64_t cost[] = {1, 2, 3, 4};
    const int64_t dear[] = {1, 2, 3, PLAIN_LP_MAX_COST + 1};
    plain_int128 optimum;
    cr_assert_not(plain_lp_solve(2, 2, ok, more, cost, &optimum, NULL));
    cr_assert_not(plain_lp_solve(2, 2, negative, ok, cost, &optimum, NULL));
    cr_assert_not(plain_lp_solve(2, 2, much, much, cost, &optimum, NULL));
    cr_assert_not(plain_lp_solve(2, 2, ok, ok, dear, &optimum, NULL));
    cr_assert_not(plain_lp_solve(0, 2, ok, ok, cost, &optimum, NULL));
    cr_assert_not(
        plain_lp_solve(2, PLAIN_LP_MAX + 1, ok, ok, cost, &optimum, NULL));
}

Test(plain_lp, scales_dyadic_costs_exactly)
{
    const int64_t source[] = {2, 2}, sink[] = {2, 2};
    const double cost[] = {0.125, 0.375, 0.5, 1.25};
    plain_int128 optimum;
    int exponent;
    cr_assert(plain_lp_solve_dyadic(2, 2, source, sink, cost, &optimum,
                                    &exponent, NULL));
    cr_assert(exponent == 3);
    cr_assert(optimum == 14);
    cr_assert(plain_lp_value(optimum, exponent, 4) == 0.4375);
}

Test(plain_lp, refuses_costs_that_are_not_dyadic)
{
    const int64_t mass[] = {1};
    const double bad[] = {INFINITY, NAN, 0x1p-61, 0x1p57};
    plain_int128 optimum;
    int exponent;
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        cr_assert_not(plain_lp_solve_dyadic(1, 1, mass, mass, &bad[k], &optimum,
                                            &exponent, NULL),
                      "%g", bad[k]);
}
