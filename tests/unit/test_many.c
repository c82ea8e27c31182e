/* test_many.c - many pairs into memory are the pairs solved one by one, in
 * order, on any number of threads, until somebody stops them. */
#include "config.h"

#include <math.h>
#include <stdatomic.h>

#include "barrow/many.h"
#include "barrow/random.h"
#include "raw_file.h"

enum { SIDE = 4, N_BINS = SIDE * SIDE, N_ITEMS = 12, N_PAIRS = 66 };

/* What a visitor keeps. */
typedef struct seen {
    uint64_t n, fail_at;
    const bw_many *many;
    bw_transport *transport; /* solves each pair again */
    double cost[N_PAIRS];    /* as it does */
} seen;

static bw_ground *ground;
static bw_histograms *set;

static void make(void)
{
    bw_error err = BW_ERROR_INIT;

    OK(bw_ground_create_grid(BW_NORM_L2, 2, SIDE, SIDE, &ground, &err));
    OK(bw_histograms_create(ground, BW_NORMALIZE_SUM, &set, &err));
    for (size_t k = 0; k < N_ITEMS; k++) {
        unsigned char values[N_BINS] = {0};
        bw_random random;

        bw_random_init(&random, 1, BW_RANDOM_TEST, k);
        for (size_t q = 0; q < 40; q++)
            values[bw_random_below(&random, N_BINS)]++;
        OK(bw_histograms_add_bytes(set, N_BINS, values, &err));
    }
    OK(bw_histograms_seal(set, &err));
}

static void clear(void)
{
    bw_histograms_destroy(set);
    bw_ground_destroy(ground);
}

TestSuite(many, .init = make, .fini = clear);

static bw_many all_pairs(size_t n_threads)
{
    bw_error err = BW_ERROR_INIT;
    bw_many many = {.ground = ground,
                    .set = set,
                    .transport = {BW_METHOD_AUTO, true, true, true},
                    .n_threads = n_threads};

    OK(bw_pairs_init(&many.pairs, BW_PAIRS_ALL, N_ITEMS, N_ITEMS, 0, NULL, 0,
                     &err));
    cr_assert_eq(many.pairs.n, N_PAIRS);
    return many;
}

static void check_doubles(const double *a, const double *b, size_t n)
{
    cr_expect(memcmp(a, b, n * sizeof *a) == 0);
}

/* Each solution is that of the pair alone. */
static bw_status compare(void *context, uint64_t k, const bw_solution *s,
                         bw_error *err)
{
    seen *c = context;
    uint32_t pair[2];
    bw_histogram a, b;
    bw_solution alone;

    cr_expect_eq(k, c->n++);
    if (c->n == c->fail_at)
        return bw_error_set(err, BW_ERR_RANGE, "enough");
    bw_pairs_get(&c->many->pairs, k, pair);
    a = bw_histograms_get(set, pair[0]);
    b = bw_histograms_get(set, c->many->first_b + pair[1]);
    cr_assert_eq(
        bw_transport_solve(c->transport, &a, &b, BW_NORMALIZE_SUM, &alone, err),
        BW_OK);
    check_doubles(&s->cost, &alone.cost, 1);
    check_doubles(&s->gap, &alone.gap, 1);
    c->cost[k] = alone.cost;
    cr_assert_eq(s->n_arcs, alone.n_arcs);
    cr_expect(memcmp(s->arc, alone.arc, s->n_arcs * sizeof *s->arc) == 0);
    check_doubles(s->mass, alone.mass, s->n_arcs);
    check_doubles(s->potential_source, alone.potential_source, N_BINS);
    check_doubles(s->potential_target, alone.potential_target, N_BINS);
    return BW_OK;
}

static bw_status solve_and_compare(bw_many *many, seen *c, bw_error *err)
{
    bw_status status;

    c->many = many;
    many->visit = compare;
    many->context = c;
    cr_assert_eq(
        bw_transport_create(ground, &many->transport, &c->transport, err),
        BW_OK);
    status = bw_many_solve(many, err);
    bw_transport_destroy(c->transport);
    return status;
}

Test(many, are_the_pairs_one_by_one)
{
    for (size_t n_threads = 1; n_threads <= 3; n_threads++) {
        bw_error err = BW_ERROR_INIT;
        bw_many many = all_pairs(n_threads);
        seen c = {0};

        OK(solve_and_compare(&many, &c, &err));
        cr_expect_eq(c.n, N_PAIRS);
    }
}

Test(many, of_a_second_kind_follow_the_first)
{
    bw_error err = BW_ERROR_INIT;
    bw_many many = all_pairs(2);
    seen c = {0};

    OK(bw_pairs_init(&many.pairs, BW_PAIRS_CROSS, 5, 7, 0, NULL, 0, &err));
    bw_pairs_take_part(&many.pairs, 2, 3);
    many.first_b = 5;
    OK(solve_and_compare(&many, &c, &err));
    cr_expect_eq(c.n, many.pairs.n);
    cr_expect_eq(c.n, 12, "%d pairs", (int)c.n);
}

Test(many, fill_arrays)
{
    bw_error err = BW_ERROR_INIT;
    double cost[2][N_PAIRS], gap[N_PAIRS];
    bw_many many = all_pairs(2);
    seen c = {0};

    memset(gap, 1, sizeof gap);
    many.cost = cost[0];
    many.gap = gap;
    OK(solve_and_compare(&many, &c, &err));
    check_doubles(cost[0], c.cost, N_PAIRS);
    for (size_t k = 0; k < N_PAIRS; k++) {
        cr_expect(cost[0][k] > 0);
        cr_expect(fabs(gap[k]) == 0);
    }
    /* No certificate, no gaps. */
    many.transport = (bw_transport_options){.method = BW_METHOD_SIMPLEX};
    many.cost = cost[1];
    many.gap = NULL;
    many.visit = NULL;
    OK(bw_many_solve(&many, &err));
    check_doubles(cost[0], cost[1], N_PAIRS);
}

Test(many, end_where_the_visitor_says)
{
    bw_error err = BW_ERROR_INIT;
    bw_many many = all_pairs(2);
    seen c = {.fail_at = 5};

    FAILS(solve_and_compare(&many, &c, &err), BW_ERR_RANGE, "enough");
    cr_expect_eq(c.n, 5, "%d visits", (int)c.n);
}

static atomic_int n_asked;

static int stop_soon(void)
{
    return atomic_fetch_add(&n_asked, 1) > 4;
}

Test(many, end_when_stopped)
{
    bw_error err = BW_ERROR_INIT;
    bw_many many = all_pairs(1);

    many.transport.stopped = stop_soon;
    cr_expect_eq(bw_many_solve(&many, &err), BW_ERR_INTERRUPTED);
    cr_expect(strstr(err.text, " of 66 pairs") != NULL, "%s", err.text);
}

Test(many, name_the_pair_that_fails)
{
    bw_error err = BW_ERROR_INIT;
    double values[2][N_BINS] = {{1, 1}, {1, 2}};
    bw_many many = all_pairs(2);
    bw_histograms *other;

    OK(bw_histograms_create(ground, BW_NORMALIZE_NONE, &other, &err));
    for (size_t k = 0; k < 3; k++)
        OK(bw_histograms_add(other, N_BINS, values[k == 2], &err));
    OK(bw_histograms_seal(other, &err));
    many.set = other;
    OK(bw_pairs_init(&many.pairs, BW_PAIRS_ALL, 3, 3, 0, NULL, 0, &err));
    cr_expect_eq(bw_many_solve(&many, &err), BW_ERR_RANGE);
    cr_expect(strncmp(err.text, "pair 1 (0, 2): ", 15) == 0, "%s", err.text);
    bw_histograms_destroy(other);
}

Test(many, pairs_outside_the_set_are_refused)
{
    bw_error err = BW_ERROR_INIT;
    bw_many many = all_pairs(1);

    many.first_b = 1;
    FAILS(bw_many_solve(&many, &err), BW_ERR_RANGE,
          "pairs of 12 and 12 histograms, the second from 1 on, of a set of "
          "12");
    many = all_pairs(0);
    FAILS(bw_many_solve(&many, &err), BW_ERR_USAGE,
          "no thread to solve pairs on");
}
