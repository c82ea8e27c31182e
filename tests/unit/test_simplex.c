/* test_simplex.c - the general simplex: from any start to a basis that exact
 * reduced costs prove optimal, for costs that 64 bits hold and that they don't,
 * and from the bitmask simplex's last basis. */
#include "config.h"

#include <string.h>

#include "ot/simplex.h"
#include "ot/start.h"
#include "ot_sides.h"

enum { SEED = 7, MAX_BINS = 130 };

static bw_random draw(uint64_t t)
{
    bw_random random;
    bw_random_init(&random, SEED, BW_RANDOM_TEST, t);
    return random;
}

/* The optimum in wide units of cost and perturbed units of mass: a basis has no
 * two of them. Each |potential * mass| is below 2^(124 + 62): so by parts. */
static long double value_of(const bw_arcs *arcs, const bw_tree *tree)
{
    long double sum = 0;
    for (size_t k = 0; k < bw_tree_n_nodes(tree); k++) {
        if (tree->parent[k] < 0)
            continue;
        size_t up = (size_t)tree->parent[k], m = tree->n_sinks;
        size_t i = (k < m ? up : k) - m, j = k < m ? k : up;
        sum += (long double)tree->flow[k] * bw_arcs_cost(arcs, i, j);
    }
    return sum;
}

/* From the staircase and from rows, the same value and an optimal basis. */
static void check_problem(bw_simplex *simplex, bw_ground *ground, size_t n,
                          size_t m, uint64_t most_mass, uint64_t t,
                          const char *name)
{
    bw_random random = draw(t);
    char label[128];
    ot_sides s;
    bw_start start = {0};
    long double value[2];
    ot_sides_open(&s, ground, n, m, most_mass, &random);
    cr_assert_eq(bw_start_reserve(&start, n, m), BW_OK);
    cr_assert_eq(bw_simplex_reserve(simplex, n, m), BW_OK);
    for (int k = 0; k < 2; k++) {
        snprintf(label, sizeof label, "%s, %zu x %zu, start %d, seed %d, %llu",
                 name, n, m, k, SEED, (unsigned long long)t);
        if (k == 0)
            bw_start_staircase(&start, &s.arcs, &s.tree);
        else
            bw_start_rows(&start, &s.arcs,
                          ground->kind == BW_GROUND_GRID
                              ? 1
                              : bw_ground_small_scale(ground),
                          &s.tree);
        cr_assert_eq(bw_simplex_solve(simplex, &s.arcs, &s.tree), BW_OK);
        ot_check_basis(&s.arcs, &s.tree, label);
        ot_sort(&s.tree);
        ot_check_optimal(&s.arcs, &s.tree, label);
        value[k] = value_of(&s.arcs, &s.tree);
    }
    cr_assert(fabsl(value[0] - value[1]) <= 1e-17L * fabsl(value[0]),
              "%s: %.20Lg and %.20Lg", label, value[0], value[1]);
    bw_start_clear(&start);
    ot_sides_close(&s);
}

static void draw_sizes(uint64_t t, size_t most, size_t *n, size_t *m)
{
    bw_random random = draw(10000 + t);
    *n = 1 + bw_random_below(&random, most);
    *m = 1 + bw_random_below(&random, *n);
}

Test(simplex, grids)
{
    static const double powers[] = {1, 1.5, 2, 3};
    static const bw_norm norms[] = {BW_NORM_L1, BW_NORM_L2, BW_NORM_LINF};
    bw_simplex simplex = {0};
    for (uint64_t t = 0; t < 120; t++) {
        size_t n, m;
        draw_sizes(t, MAX_BINS, &n, &m);
        check_problem(&simplex,
                      ot_grid(norms[t / 4 % 3], powers[t % 4], 12, 13), n, m,
                      t % 5 ? 255 : 1, t, "grid");
    }
    bw_simplex_clear(&simplex);
}

Test(simplex, points)
{
    bw_simplex simplex = {0};
    for (uint64_t t = 0; t < 80; t++) {
        bw_random random = draw(20000 + t);
        double x[MAX_BINS * 3];
        size_t n, m, d = 1 + t % 3;
        for (size_t k = 0; k < MAX_BINS * d; k++)
            x[k] = bw_random_uniform(&random);
        draw_sizes(t, MAX_BINS, &n, &m);
        check_problem(&simplex,
                      ot_points(BW_NORM_L2, t % 2 ? 2 : 1, MAX_BINS, d, x), n,
                      m, t % 5 ? 1000000 : 1, t, "points");
    }
    bw_simplex_clear(&simplex);
}

/* Costs of 40 octaves, near-ties among them: differences below 2^-60 of the
 * largest cost decide, which no 64-bit potential sees. */
static bw_ground *uneven_matrix(uint64_t t, size_t n, size_t m)
{
    bw_random random = draw(30000 + t);
    double *cost = malloc(n * m * sizeof *cost);
    cr_assert_not_null(cost);
    for (size_t k = 0; k < n * m; k++) {
        double x = 1 + bw_random_uniform(&random);
        int octaves = (int)bw_random_below(&random, 40);
        cost[k] = t % 3 == 0   ? ldexp(x, -octaves)
                  : t % 3 == 1 ? 1 + ldexp(floor(16 * x), -52)
                               : (double)bw_random_below(&random, 3);
    }
    cost[n * m / 2] = t % 2 ? 0x1p20 : 3;
    bw_ground *ground = ot_matrix(n, m, cost);
    free(cost);
    return ground;
}

Test(simplex, matrices_of_uneven_costs)
{
    bw_simplex simplex = {0};
    for (uint64_t t = 0; t < 150; t++) {
        size_t n, m;
        draw_sizes(t, 60, &n, &m);
        check_problem(&simplex, uneven_matrix(t, n, m), n, m, t % 4 ? 99 : 1, t,
                      "uneven matrix");
    }
    bw_simplex_clear(&simplex);
}

/* ---- from the bitmask simplex ---- */

/* Small costs of matrices and points as multiscale.c makes them. */
static void fill_small(bw_bitmask *b, const bw_arcs *arcs, double scale)
{
    size_t m = arcs->sinks->n;
    for (size_t i = 0; i < arcs->sources->n; i++)
        for (size_t j = 0; j < m; j++)
            b->cost[(i / 16 * m + j) * 16 + i % 16] =
                bw_arcs_small(arcs, i, j, scale);
}

static void check_finish(bw_simplex *simplex, bw_bitmask *b, bw_ground *ground,
                         size_t n, size_t m, uint64_t t, const char *name,
                         size_t *n_done)
{
    bw_random random = draw(t);
    double scale = bw_ground_small_scale(ground);
    char label[128];
    ot_sides s;
    bw_start start = {0};
    snprintf(label, sizeof label, "%s, %zu x %zu, seed %d, %llu", name, n, m,
             SEED, (unsigned long long)t);
    ot_sides_open(&s, ground, n, m, t % 4 ? 255 : 1, &random);
    cr_assert_eq(bw_start_reserve(&start, n, m), BW_OK);
    cr_assert_eq(bw_bitmask_reserve(b, n, m, true), BW_OK);
    cr_assert_eq(bw_simplex_reserve(simplex, n, m), BW_OK);
    bw_start_rows(&start, &s.arcs, scale, &s.tree);
    b->is_squared = false;
    b->tree = s.tree;
    b->max_cost = BW_BITMASK_MAX_COST;
    fill_small(b, &s.arcs, scale);
    cr_assert(bw_bitmask_solve(b), "%s", label);
    ot_sort(&s.tree);
    bool is_done;
    cr_assert_eq(
        bw_simplex_finish(simplex, &s.arcs, &s.tree, b, scale, &is_done),
        BW_OK);
    ot_check_basis(&s.arcs, &s.tree, label);
    ot_sort(&s.tree);
    *n_done += is_done;
    if (!is_done)
        cr_assert_eq(bw_simplex_solve(simplex, &s.arcs, &s.tree), BW_OK);
    ot_sort(&s.tree);
    ot_check_optimal(&s.arcs, &s.tree, label);
    bw_start_clear(&start);
    ot_sides_close(&s);
}

Test(simplex, finishes_what_small_costs_began)
{
    bw_simplex simplex = {0};
    bw_bitmask b = {0};
    size_t n_done = 0;
    for (uint64_t t = 0; t < 150; t++) {
        size_t n, m;
        draw_sizes(t, MAX_BINS, &n, &m);
        check_finish(&simplex, &b, uneven_matrix(t, n, m), n, m, t,
                     "uneven matrix", &n_done);
        bw_random random = draw(40000 + t);
        double x[MAX_BINS * 2];
        for (size_t k = 0; k < MAX_BINS * 2; k++)
            x[k] = bw_random_uniform(&random);
        check_finish(&simplex, &b, ot_points(BW_NORM_L2, 1, MAX_BINS, 2, x), n,
                     m, t, "points", &n_done);
    }
    cr_expect_gt(n_done, 150, "%zu of 300", n_done);
    bw_bitmask_clear(&b);
    bw_simplex_clear(&simplex);
}
