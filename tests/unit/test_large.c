/* test_large.c - the large simplex: from any start to a basis that is optimal
 * for the small costs, and with the finish for the true ones; values that leave
 * their range; large grids against the plain simplex. */
#include "config.h"

#include <string.h>

#include "ot/large.h"
#include "ot/pricing_grid.h"
#include "ot/pricing_matrix.h"
#include "ot/pricing_points.h"
#include "ot/simplex.h"
#include "ot/start.h"
#include "ot_sides.h"

enum { SEED = 41 };

typedef struct tools {
    bw_large large;
    bw_pricing_grid grid;
    bw_pricing_matrix matrix;
    bw_pricing_points points;
    bw_simplex simplex;
    bw_start start;
} tools;

static void tools_clear(tools *t)
{
    bw_large_clear(&t->large);
    bw_pricing_grid_clear(&t->grid);
    bw_pricing_matrix_clear(&t->matrix);
    bw_pricing_points_clear(&t->points);
    bw_simplex_clear(&t->simplex);
    bw_start_clear(&t->start);
}

static bw_random draw(uint64_t t)
{
    bw_random random;
    bw_random_init(&random, SEED, BW_RANDOM_TEST, t);
    return random;
}

static bw_pricing *open_pricing(tools *t, const bw_arcs *arcs)
{
    if (arcs->ground->kind == BW_GROUND_GRID) {
        cr_assert_eq(bw_pricing_grid_open(&t->grid, arcs, 1), BW_OK);
        return &t->grid.head;
    }
    double scale = bw_ground_small_scale(arcs->ground);
    if (arcs->ground->kind == BW_GROUND_POINTS) {
        cr_assert_eq(bw_pricing_points_open(&t->points, arcs, scale), BW_OK);
        return &t->points.head;
    }
    cr_assert_eq(bw_pricing_matrix_open(&t->matrix, arcs, scale), BW_OK);
    return &t->matrix.head;
}

static void check_range(const bw_pricing *p, const char *label)
{
    for (size_t k = 0; k < p->n_slots + p->n_sources; k++) {
        bool is_absent = k < p->n_slots && p->sink[k] < 0;
        cr_assert(is_absent || abs(p->value[k]) <= BW_PRICING_MAX_VALUE,
                  "%s: node %zu has %d", label, k, p->value[k]);
    }
}

static void check_bounds(const bw_pricing *p, const char *label)
{
    for (size_t k = 0; k < p->n_slots; k++) {
        int32_t bound = p->bound[k >> p->block_shift];
        cr_assert(bound <= p->value[k], "%s: slot %zu has %d, its bound is %d",
                  label, k, p->value[k], bound);
    }
}

/* Values are tight on the tree, and no small reduced cost is negative. */
static void check_small(const bw_pricing *p, const bw_tree *tree,
                        const char *label)
{
    size_t m = tree->n_sinks;
    for (size_t i = 0; i < tree->n_sources; i++)
        for (size_t j = 0; j < m; j++) {
            int32_t slot = p->slot[j], r = p->kind->cost(p, i, slot) +
                                           p->value[slot] -
                                           p->value[p->n_slots + i];
            bool is_basic = tree->parent[j] == (int32_t)(m + i) ||
                            tree->parent[m + i] == (int32_t)j;
            cr_assert(is_basic ? r == 0 : r >= 0, "%s: arc %zu %zu costs %d",
                      label, i, j, r);
        }
}

static void check_sides(tools *t, ot_sides *s, const char *label)
{
    size_t n = s->source.n, m = s->sink.n;
    bool is_done = false;
    cr_assert_eq(bw_start_reserve(&t->start, n, m), BW_OK);
    bw_start_staircase(&t->start, &s->arcs, &s->tree);
    bw_pricing *p = open_pricing(t, &s->arcs);
    cr_assert_eq(bw_large_reserve(&t->large, p), BW_OK);
    cr_assert_eq(bw_large_solve(&t->large, p, &s->tree, &is_done), BW_OK);
    cr_assert(is_done, "%s: out of range", label);
    ot_check_basis(&s->arcs, &s->tree, label);
    check_range(p, label);
    check_bounds(p, label);
    check_small(p, &s->tree, label);
    ot_sort(&s->tree);
    if (!p->is_exact) {
        cr_assert_eq(bw_simplex_reserve(&t->simplex, n, p->n_slots), BW_OK);
        cr_assert_eq(bw_simplex_finish_priced(&t->simplex, &s->arcs, &s->tree,
                                              p, NULL, NULL),
                     BW_OK);
        ot_check_basis(&s->arcs, &s->tree, label);
        ot_sort(&s->tree);
    }
    ot_check_optimal(&s->arcs, &s->tree, label);
}

Test(large, grids_of_any_density)
{
    tools t = {0};
    const double powers[] = {1, 2, 1.5, 3};
    for (uint64_t k = 0; k < 60; k++) {
        bw_random random = draw(k);
        size_t height = 1 + bw_random_below(&random, 24);
        size_t width = 2 + bw_random_below(&random, 24);
        size_t n = 1 + bw_random_below(&random, height * width);
        size_t m = 1 + bw_random_below(&random, n);
        bw_norm norm = (bw_norm)bw_random_below(&random, 3);
        double power = powers[bw_random_below(&random, 4)];
        char label[128];
        ot_sides s;
        snprintf(label, sizeof label,
                 "norm %d, p %g, %zu x %zu, %zu to %zu, seed %d, %d", (int)norm,
                 power, height, width, n, m, SEED, (int)k);
        ot_sides_open(&s, ot_grid(norm, power, height, width), n, m,
                      k % 3 ? 1000 : 1, &random);
        check_sides(&t, &s, label);
        ot_sides_close(&s);
    }
    tools_clear(&t);
}

Test(large, matrices_of_any_shape)
{
    tools t = {0};
    for (uint64_t k = 0; k < 30; k++) {
        bw_random random = draw(1000 + k);
        size_t n = 1 + bw_random_below(&random, 200);
        size_t m = 1 + bw_random_below(&random, n);
        uint64_t range = k % 3 == 0 ? 3 : k % 3 == 1 ? 1000 : 1 << 30;
        double *cost = malloc(n * m * sizeof *cost);
        char label[96];
        ot_sides s;
        cr_assert_not_null(cost);
        for (size_t q = 0; q < n * m; q++)
            cost[q] = (double)bw_random_below(&random, range) / 7;
        snprintf(label, sizeof label, "matrix %zu x %zu, seed %d, %d", n, m,
                 SEED, (int)k);
        ot_sides_open(&s, ot_matrix(n, m, cost), n, m, 50, &random);
        check_sides(&t, &s, label);
        ot_sides_close(&s);
        free(cost);
    }
    tools_clear(&t);
}

/* Blocks are small here: part of the tree has nodes in many of them. */
Test(large, points_of_any_number)
{
    enum { MAX_N = 400, MAX_D = 3 };
    tools t = {0};
    for (uint64_t k = 0; k < 40; k++) {
        bw_random random = draw(1500 + k);
        size_t n = 100 + bw_random_below(&random, MAX_N - 100);
        size_t m = 100 + bw_random_below(&random, n - 99), d = 2 + k % 2;
        double *x = malloc((n + m) * d * sizeof *x);
        char label[96];
        ot_sides s;
        cr_assert_not_null(x);
        for (size_t q = 0; q < (n + m) * d; q++)
            x[q] = bw_random_uniform(&random);
        snprintf(label, sizeof label, "%zu to %zu points, seed %d, %d", n, m,
                 SEED, (int)k);
        ot_sides_open(&s, ot_points(BW_NORM_L2, k % 4 < 2 ? 2 : 1, n + m, d, x),
                      n, m, 50, &random);
        check_sides(&t, &s, label);
        ot_sides_close(&s);
        free(x);
    }
    tools_clear(&t);
}

/* Costs of a band: 0 on the diagonal, the most beside it. Along the staircase
 * each sink's potential is one cost above the one before. */
static void open_band(ot_sides *s, size_t n, double off, bw_random *random)
{
    double *cost = malloc(n * n * sizeof *cost);
    cr_assert_not_null(cost);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            cost[i * n + j] = i == j ? 0 : i == j + 1 ? 1 << 20 : off;
    ot_sides_open(s, ot_matrix(n, n, cost), n, n, 1, random);
    free(cost);
}

/* At the very start, when a pivot would, and beyond 32 bits. */
Test(large, values_out_of_range_leave_a_basis_for_others)
{
    const size_t sizes[] = {1100, 509, 1100};
    const int32_t factor[] = {1, 2, 4};
    for (size_t k = 0; k < 3; k++) {
        tools t = {0};
        bw_random random = draw(2000 + k);
        size_t n = sizes[k];
        ot_sides s;
        bool is_done = true;
        open_band(&s, n, 7, &random);
        cr_assert_eq(bw_start_reserve(&t.start, n, n), BW_OK);
        bw_start_staircase(&t.start, &s.arcs, &s.tree);
        bw_pricing *p = open_pricing(&t, &s.arcs);
        p->scale = 1;
        for (size_t q = 0; q < n * p->n_slots; q++)
            t.matrix.row[q] *= factor[k];
        cr_assert_eq(bw_large_reserve(&t.large, p), BW_OK);
        cr_assert_eq(bw_large_solve(&t.large, p, &s.tree, &is_done), BW_OK);
        cr_assert_not(is_done, "%zu", n);
        ot_check_basis(&s.arcs, &s.tree, "out of range");
        ot_sort(&s.tree);
        cr_assert_eq(bw_simplex_reserve(&t.simplex, n, n), BW_OK);
        cr_assert_eq(bw_simplex_solve(&t.simplex, &s.arcs, &s.tree), BW_OK);
        ot_sort(&s.tree);
        ot_check_optimal(&s.arcs, &s.tree, "out of range");
        ot_sides_close(&s);
        tools_clear(&t);
    }
}

/* Costs as large as may be, so that values move far and often: some problems
 * end out of range, the others are solved, and no value leaves the range. */
Test(large, the_largest_costs)
{
    tools t = {0};
    size_t n_done = 0;
    for (uint64_t k = 0; k < 60; k++) {
        enum { N = 90 };
        bw_random random = draw(4000 + k);
        double cost[N * N];
        char label[64];
        bool is_done;
        ot_sides s;
        for (size_t q = 0; q < (size_t)N * N; q++)
            cost[q] = (double)bw_random_below(&random, 1 << 20);
        snprintf(label, sizeof label, "seed %d, %d", SEED, (int)k);
        ot_sides_open(&s, ot_matrix(N, N, cost), N, N, 9, &random);
        cr_assert_eq(bw_start_reserve(&t.start, N, N), BW_OK);
        bw_start_staircase(&t.start, &s.arcs, &s.tree);
        bw_pricing *p = open_pricing(&t, &s.arcs);
        for (size_t q = 0; q < N * p->n_slots; q++)
            t.matrix.row[q] <<= 1 + k % 6;
        for (size_t q = 0; q < N * t.matrix.n_across; q++)
            t.matrix.least[q] <<= 1 + k % 6;
        cr_assert_eq(bw_large_reserve(&t.large, p), BW_OK);
        cr_assert_eq(bw_large_solve(&t.large, p, &s.tree, &is_done), BW_OK);
        ot_check_basis(&s.arcs, &s.tree, label);
        check_range(p, label);
        if (is_done) {
            check_bounds(p, label);
            check_small(p, &s.tree, label);
            ot_sort(&s.tree);
            ot_check_optimal(&s.arcs, &s.tree, label);
        }
        n_done += is_done;
        ot_sides_close(&s);
    }
    cr_expect(n_done > 15 && n_done < 60, "%zu", n_done);
    tools_clear(&t);
}

static int at_once(void)
{
    return 1;
}

Test(large, a_stop_leaves_a_feasible_basis)
{
    tools t = {.large = {.stopped = at_once}};
    bw_random random = draw(3000);
    bool is_done;
    ot_sides s;
    ot_sides_open(&s, ot_grid(BW_NORM_L2, 2, 20, 20), 300, 200, 9, &random);
    cr_assert_eq(bw_start_reserve(&t.start, 300, 200), BW_OK);
    bw_start_staircase(&t.start, &s.arcs, &s.tree);
    bw_pricing *p = open_pricing(&t, &s.arcs);
    cr_assert_eq(bw_large_reserve(&t.large, p), BW_OK);
    cr_assert_eq(bw_large_solve(&t.large, p, &s.tree, &is_done),
                 BW_ERR_INTERRUPTED);
    ot_check_basis(&s.arcs, &s.tree, "stopped");
    ot_sides_close(&s);
    tools_clear(&t);
}
