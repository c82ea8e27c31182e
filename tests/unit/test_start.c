/* test_start.c - every start is a spanning tree with the right flows, its order
 * leaves first. */
#include "config.h"

#include "ot/start.h"
#include "ot_sides.h"

enum { SEED = 4 };

static bw_random draw(uint64_t t)
{
    bw_random random;
    bw_random_init(&random, SEED, BW_RANDOM_TEST, t);
    return random;
}

/* Sizes of both kinds: few and many bins on either side, sinks no more. */
static void draw_sizes(bw_random *random, size_t most, size_t *n, size_t *m)
{
    *n = 1 + bw_random_below(random, most);
    *m = 1 + bw_random_below(random, *n);
}

static void check(const ot_sides *s, const bw_tree *tree, const char *label)
{
    ot_check_basis(&s->arcs, tree, label);
    ot_check_order(tree, label);
}

Test(start, staircase)
{
    bw_start start = {0};
    for (uint64_t t = 0; t < 300; t++) {
        bw_random random = draw(t);
        char label[80];
        size_t n, m;
        ot_sides s;
        draw_sizes(&random, 100, &n, &m);
        ot_sides_open(&s, ot_grid(BW_NORM_L2, 2, 13, 11), n, m, t % 3 ? 255 : 1,
                      &random);
        snprintf(label, sizeof label, "seed %d, %llu", SEED,
                 (unsigned long long)t);
        cr_assert_eq(bw_start_reserve(&start, n, m), BW_OK);
        bw_start_staircase(&start, &s.arcs, &s.tree);
        check(&s, &s.tree, label);
        ot_sides_close(&s);
    }
    bw_start_clear(&start);
}

/* On a line the staircase is the optimum, for every convex cost. */
Test(start, the_staircase_is_optimal_along_a_line)
{
    static const double powers[] = {1, 1.5, 2, 3};
    bw_start start = {0};
    for (uint64_t t = 0; t < 100; t++) {
        bw_random random = draw(t);
        char label[80];
        size_t n, m;
        ot_sides s;
        draw_sizes(&random, 60, &n, &m);
        ot_sides_open(&s, ot_grid(BW_NORM_L2, powers[t % 4], 1, 100), n, m, 50,
                      &random);
        snprintf(label, sizeof label, "seed %d, %llu", SEED,
                 (unsigned long long)t);
        cr_assert_eq(bw_start_reserve(&start, n, m), BW_OK);
        bw_start_staircase(&start, &s.arcs, &s.tree);
        check(&s, &s.tree, label);
        ot_check_optimal(&s.arcs, &s.tree, label);
        ot_sides_close(&s);
    }
    bw_start_clear(&start);
}

/* With masses that integers hold, the real staircase is the integer one but for
 * what the perturbation decides; here no partial sums are equal. */
Test(start, the_staircase_by_real_masses_is_that_by_integers)
{
    bw_start start = {0};
    for (uint64_t t = 0; t < 300; t++) {
        bw_random random = draw(t);
        size_t n, m;
        ot_sides s;
        long double source[100], sink[100];
        draw_sizes(&random, 100, &n, &m);
        ot_sides_open(&s, ot_grid(BW_NORM_L2, 2, 1, 130), n, m,
                      UINT64_C(1) << 40, &random);
        for (size_t k = 0; k < n; k++)
            source[k] = (long double)s.source.mass[k];
        for (size_t k = 0; k < m; k++)
            sink[k] = (long double)s.sink.mass[k];
        cr_assert_eq(bw_start_reserve(&start, n, m), BW_OK);
        bw_start_staircase(&start, &s.arcs, &s.tree);
        bw_tree other;
        ot_tree_make(&other, n + m);
        bw_start_staircase_real(&s.arcs, source, sink, &other);
        ot_check_order(&other, "real");
        cr_assert(memcmp(s.tree.parent, other.parent,
                         (n + m) * sizeof *other.parent) == 0,
                  "seed %d, %llu", SEED, (unsigned long long)t);
        ot_tree_free(&other);
        ot_sides_close(&s);
    }
    bw_start_clear(&start);
}

Test(start, rows)
{
    bw_start start = {0};
    for (uint64_t t = 0; t < 300; t++) {
        bw_random random = draw(t);
        double x[120 * 2];
        char label[80];
        size_t n, m;
        ot_sides s;
        for (size_t k = 0; k < 240; k++)
            x[k] = bw_random_uniform(&random);
        draw_sizes(&random, 100, &n, &m);
        ot_sides_open(&s, ot_points(BW_NORM_L2, 2, 120, 2, x), n, m,
                      t % 3 ? 255 : 1, &random);
        snprintf(label, sizeof label, "seed %d, %llu", SEED,
                 (unsigned long long)t);
        cr_assert_eq(bw_start_reserve(&start, n, m), BW_OK);
        bw_start_rows(&start, &s.arcs, bw_ground_small_scale(s.ground),
                      &s.tree);
        check(&s, &s.tree, label);
        ot_sides_close(&s);
    }
    bw_start_clear(&start);
}

/* The first source's first arc is its cheapest, and stays. */
Test(start, rows_take_the_cheapest_sink_first)
{
    bw_start start = {0};
    for (uint64_t t = 0; t < 100; t++) {
        bw_random random = draw(t);
        double cost[50];
        ot_sides s;
        for (size_t k = 0; k < 50; k++)
            cost[k] = (double)bw_random_below(&random, 1000);
        ot_sides_open(&s, ot_matrix(5, 10, cost), 5, 5, 3, &random);
        cr_assert_eq(bw_start_reserve(&start, 5, 5), BW_OK);
        bw_start_rows(&start, &s.arcs, bw_ground_small_scale(s.ground),
                      &s.tree);
        size_t best = 0;
        for (size_t j = 1; j < 5; j++)
            if (bw_arcs_cost(&s.arcs, 0, j) < bw_arcs_cost(&s.arcs, 0, best))
                best = j;
        cr_assert(s.tree.parent[best] == 5 || s.tree.parent[5] == (int)best,
                  "seed %d, %llu", SEED, (unsigned long long)t);
        ot_sides_close(&s);
    }
    bw_start_clear(&start);
}

/* ---- guided ---- */

/* From one coarser level, whose basis is any: rows' duals are as good a guide
 * as others for being a basis. */
static void check_guided(bw_start *start, bw_ground *ground, size_t n, size_t m,
                         bw_random *random, const char *label)
{
    ot_sides s;
    bw_side coarse_source = {0}, coarse_sink = {0};
    bw_tree coarse;
    ot_sides_open(&s, ground, n, m, 255, random);
    cr_assert_eq(bw_side_reserve(&coarse_source, n), BW_OK);
    cr_assert_eq(bw_side_reserve(&coarse_sink, m), BW_OK);
    bw_side_coarsen(&s.source, ground, true, &coarse_source);
    bw_side_coarsen(&s.sink, ground, true, &coarse_sink);
    bw_arcs arcs = {ground, &coarse_source, &coarse_sink, false, true};
    cr_assert_eq(bw_start_reserve(start, n, m), BW_OK);
    ot_tree_make(&coarse, coarse_source.n + coarse_sink.n);
    bw_start_rows(start, &arcs, 1, &coarse);
    ot_check_basis(&arcs, &coarse, label);
    int32_t *u = calloc(n + 16, sizeof *u), *v = calloc(m + 16, sizeof *v);
    cr_assert(u && v);
    for (size_t k = 0; k < coarse_source.n; k++)
        u[k] = (int32_t)bw_random_below(random, 200) - 100;
    for (size_t k = 0; k < coarse_sink.n; k++)
        v[k] = (int32_t)bw_random_below(random, 200) - 100;
    bw_start_guided(start, &s.arcs, &arcs, &coarse, u, v, &s.tree);
    check(&s, &s.tree, label);
    free(u);
    free(v);
    ot_tree_free(&coarse);
    bw_side_clear(&coarse_source);
    bw_side_clear(&coarse_sink);
    ot_sides_close(&s);
}

Test(start, guided)
{
    static const double powers[] = {1, 1.5, 2};
    static const bw_norm norms[] = {BW_NORM_L1, BW_NORM_L2, BW_NORM_LINF};
    bw_start start = {0};
    for (uint64_t t = 0; t < 300; t++) {
        bw_random random = draw(t);
        char label[80];
        size_t n, m;
        draw_sizes(&random, 200, &n, &m);
        snprintf(label, sizeof label, "seed %d, %llu", SEED,
                 (unsigned long long)t);
        check_guided(&start, ot_grid(norms[t / 3 % 3], powers[t % 3], 19, 23),
                     n, m, &random, label);
    }
    bw_start_clear(&start);
}
