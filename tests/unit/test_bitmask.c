/* test_bitmask.c - the bitmask simplex: optimal bases for every width of its
 * sets, the same ones from every instruction set, and its range guard. */
#include "config.h"

#include <string.h>

#include "ot/bitmask.h"
#include "ot/lanes.h"
#include "ot/start.h"
#include "ot_sides.h"

enum { SEED = 6, MAX_KERNELS = 3 };

static bw_random draw(uint64_t t)
{
    bw_random random;
    bw_random_init(&random, SEED, BW_RANDOM_TEST, t);
    return random;
}

/* The kernels that this processor runs, the plain one first. */
static size_t list_kernels(const bw_bitmask_kernel *kernel[MAX_KERNELS])
{
    size_t n = 0;
    kernel[n++] = &bw_bitmask_kernel_plain;
#ifdef BW_X86_64
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
        kernel[n++] = &bw_bitmask_kernel_avx2;
    if (__builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq"))
        kernel[n++] = &bw_bitmask_kernel_avx512;
#endif
    return n;
}

/* ---- solving ---- */

/* Loads a problem on a grid, from the staircase, into b, whose tree is another.
 * The small costs are all that counts: where the grid's are scaled or rounded,
 * so is the problem. */
static void load(bw_bitmask *b, const ot_sides *s, bw_tree *tree)
{
    const bw_ground *g = s->ground;
    size_t n = s->source.n, m = s->sink.n;
    bw_start start = {0};
    cr_assert_eq(bw_start_reserve(&start, n, m), BW_OK);
    cr_assert_eq(bw_bitmask_reserve(b, n, m, !g->is_squared), BW_OK);
    bw_start_staircase(&start, &s->arcs, tree);
    bw_start_clear(&start);
    b->tree = *tree;
    b->is_squared = g->is_squared;
    b->max_cost = BW_BITMASK_MAX_COST;
    memcpy(b->source_point, s->source.point, n * sizeof *b->source_point);
    memcpy(b->sink_point, s->sink.point, m * sizeof *b->sink_point);
}

static int32_t small_cost(const ot_sides *s, size_t i, size_t j)
{
    return bw_ground_small(s->ground, s->source.point[i], s->sink.point[j]);
}

/* v(root) = 0, u_i + v_j <= c_ij everywhere for u by the tree, = on it. */
static void check_optimal(const ot_sides *s, bw_bitmask *b, const char *label)
{
    bw_tree *tree = &b->tree;
    size_t n = s->source.n, m = s->sink.n, n_bad = 0, n_loose = 0;
    ot_check_basis(&s->arcs, tree, label);
    for (size_t i = 0; i < n; i++) {
        size_t up = (size_t)tree->parent[m + i];
        int64_t u = (int64_t)small_cost(s, i, up) - b->v[up];
        for (size_t j = 0; j < m; j++) {
            int64_t r = (int64_t)small_cost(s, i, j) - u - b->v[j];
            n_bad += r < 0;
            n_loose += tree->parent[j] == (int32_t)(m + i) && r != 0;
        }
    }
    for (size_t j = 0; j < m; j++)
        cr_assert(tree->parent[j] >= 0 || b->v[j] == 0, "%s", label);
    cr_assert(n_bad == 0 && n_loose == 0,
              "%s: %zu arcs of negative reduced cost, %zu loose ones in the "
              "tree",
              label, n_bad, n_loose);
}

/* Every kernel solves the problem; all end with the plain one's tree. */
static void check_kernels(ot_sides *s, const char *name)
{
    const bw_bitmask_kernel *kernel[MAX_KERNELS];
    size_t n_kernels = list_kernels(kernel);
    size_t n = s->source.n, m = s->sink.n;
    bw_bitmask b[MAX_KERNELS];
    bw_tree tree[MAX_KERNELS];
    for (size_t k = 0; k < n_kernels; k++) {
        char label[128];
        snprintf(label, sizeof label, "%s, %s", name, kernel[k]->name);
        b[k] = (bw_bitmask){0};
        ot_tree_make(&tree[k], n + m);
        load(&b[k], s, &tree[k]);
        if (!b[k].is_squared)
            kernel[k]->loops->fill(&b[k], s->ground->table,
                                   s->ground->table_stride);
        cr_assert(kernel[k]->solve(&b[k]), "%s", label);
        check_optimal(s, &b[k], label);
        cr_assert(memcmp(b[k].tree.parent, b[0].tree.parent,
                         (n + m) * sizeof(int32_t)) == 0,
                  "%s", label);
        cr_assert(memcmp(b[k].tree.flow, b[0].tree.flow,
                         (n + m) * sizeof(int64_t)) == 0,
                  "%s", label);
        cr_assert(memcmp(b[k].v, b[0].v, m * sizeof(int32_t)) == 0, "%s",
                  label);
        cr_assert_eq(b[k].n_pivots, b[0].n_pivots, "%s", label);
    }
    for (size_t k = 0; k < n_kernels; k++) {
        bw_bitmask_clear(&b[k]);
        ot_tree_free(&tree[k]);
    }
}

static void check_problem(bw_ground *ground, size_t n, size_t m,
                          uint64_t most_mass, uint64_t t)
{
    bw_random random = draw(t);
    char name[96];
    ot_sides s;
    snprintf(name, sizeof name, "%zu x %zu bins, squared %d, seed %d, %llu", n,
             m, ground->is_squared, SEED, (unsigned long long)t);
    ot_sides_open(&s, ground, n, m, most_mass, &random);
    check_kernels(&s, name);
    ot_sides_close(&s);
}

Test(bitmask, small_problems)
{
    for (uint64_t t = 0; t < 200; t++) {
        bw_random random = draw(1000 + t);
        size_t n = 1 + bw_random_below(&random, 70);
        size_t m = 1 + bw_random_below(&random, n);
        bool is_squared = t % 2;
        check_problem(ot_grid(is_squared ? BW_NORM_L2 : BW_NORM_L1,
                              is_squared ? 2 : 1, 9, 11),
                      n, m, t % 3 ? 255 : 1, t);
    }
}

/* Sets of 4, 8, 12 and 16 words, and both sides of each limit. */
static const size_t widths[] = {64,  65,  255, 256, 257,  511,  512,
                                513, 700, 768, 769, 1000, 1023, 1024};

Test(bitmask, squared_costs_at_every_width)
{
    for (size_t k = 0; k < sizeof widths / sizeof *widths; k++)
        check_problem(ot_grid(BW_NORM_L2, 2, 40, 40), widths[k] + k % 20,
                      widths[k], 255, k);
}

Test(bitmask, matrices_at_every_width)
{
    for (size_t k = 0; k < sizeof widths / sizeof *widths; k++)
        check_problem(
            ot_grid(k % 2 ? BW_NORM_L1 : BW_NORM_L2, k % 2 ? 1 : 1.5, 40, 40),
            widths[k] + k % 20, widths[k], 255, k);
}

/* The largest coordinates, where the key of a pixel has no bit to spare. */
Test(bitmask, squared_costs_at_the_largest_grid)
{
    for (uint64_t t = 0; t < 6; t++) {
        bw_random random = draw(2000 + t);
        size_t n = 200 + bw_random_below(&random, 100);
        ot_sides s;
        ot_sides_open(&s, ot_grid(BW_NORM_L2, 2, 128, 128), n, n - t * 30, 255,
                      &random);
        int most = 127 * (int)s.ground->unit;
        cr_assert_eq(most, BW_BITMASK_MAX_COORDINATE);
        s.source.point[0] = bw_point(most, most);
        s.sink.point[0] = bw_point(0, 0);
        s.sink.point[1] = bw_point(most, most);
        s.source.point[1] = bw_point(0, most);
        check_kernels(&s, "largest grid");
        ot_sides_close(&s);
    }
}

/* ---- the range guard ---- */

/* A matrix whose tree is a long path of dear arcs one way and free ones the
 * other: potentials grow by the cost at every step, past 32 bits. */
Test(bitmask, potentials_out_of_range_are_refused)
{
    enum { N = 1024 };
    const bw_bitmask_kernel *kernel[MAX_KERNELS];
    size_t n_kernels = list_kernels(kernel);
    for (size_t k = 0; k < n_kernels; k++)
        for (int is_dear = 0; is_dear < 2; is_dear++) {
            bw_bitmask b = {0};
            bw_tree tree, before;
            ot_tree_make(&tree, 2 * N);
            ot_tree_make(&before, 2 * N);
            tree.n_sources = tree.n_sinks = N;
            cr_assert_eq(bw_bitmask_reserve(&b, N, N, true), BW_OK);
            /* Source j hangs below sink j, sink j below source j + 1. */
            for (size_t j = 0; j < N; j++) {
                tree.parent[N + j] = (int32_t)j;
                tree.parent[j] = j + 1 < N ? (int32_t)(N + j + 1) : -1;
                tree.flow[N + j] = 1;
                tree.flow[j] = j + 1 < N;
                tree.order[2 * j] = (int32_t)(N + j);
                tree.order[2 * j + 1] = (int32_t)j;
            }
            ot_tree_copy(&tree, &before);
            b.tree = tree;
            b.max_cost = BW_BITMASK_MAX_COST;
            for (size_t i = 0; i < N; i++)
                for (size_t j = 0; j < N; j++)
                    b.cost[(i / 16 * N + j) * 16 + i % 16] =
                        i == j || !is_dear ? 0 : BW_BITMASK_MAX_COST;
            for (size_t i = 0; i + 1 < N && is_dear; i++)
                b.cost[((i + 1) / 16 * N + i) * 16 + (i + 1) % 16] =
                    (int32_t)BW_BITMASK_MAX_COST;
            bool is_done = kernel[k]->solve(&b);
            cr_expect_eq(is_done, !is_dear, "%s", kernel[k]->name);
            if (!is_done)
                cr_expect(memcmp(tree.parent, before.parent,
                                 2 * N * sizeof(int32_t)) == 0 &&
                              memcmp(tree.flow, before.flow,
                                     2 * N * sizeof(int64_t)) == 0,
                          "%s: the tree is lost", kernel[k]->name);
            bw_bitmask_clear(&b);
            ot_tree_free(&tree);
            ot_tree_free(&before);
        }
}

/* On the largest grid with many sinks a key has too few bits for every
 * potential: a solver may stop before or after its first pivots. What it leaves
 * is a basis in any case, an optimal one when it says so. */
Test(bitmask, keys_without_room_stop_at_a_feasible_basis)
{
    const bw_bitmask_kernel *kernel[MAX_KERNELS];
    size_t n_kernels = list_kernels(kernel), n_done = 0, n_stopped = 0;
    for (uint64_t t = 0; t < 16; t++) {
        bw_random random = draw(3000 + t);
        size_t m = 20 + 32 * t;
        ot_sides s;
        bool was_done = false;
        uint64_t n_pivots = 0;
        ot_sides_open(&s, ot_grid(BW_NORM_L2, 2, 128, 128), m + 50, m, 255,
                      &random);
        for (size_t k = 0; k < n_kernels; k++) {
            bw_bitmask b = {0};
            bw_tree tree;
            ot_tree_make(&tree, 2 * m + 50);
            load(&b, &s, &tree);
            bool is_done = kernel[k]->solve(&b);
            ot_check_basis(&s.arcs, &b.tree, kernel[k]->name);
            if (is_done)
                check_optimal(&s, &b, kernel[k]->name);
            cr_assert(k == 0 ||
                      (is_done == was_done && n_pivots == b.n_pivots));
            was_done = is_done;
            n_pivots = b.n_pivots;
            bw_bitmask_clear(&b);
            ot_tree_free(&tree);
        }
        n_done += was_done;
        n_stopped += !was_done && n_pivots > 0;
        ot_sides_close(&s);
    }
    cr_expect(n_done > 0 && n_stopped > 0, "%zu done, %zu stopped", n_done,
              n_stopped);
}

/* ---- the other loops ---- */

Test(bitmask, transform_is_the_least_over_all_points)
{
    enum { MAX = 60, ROOM = MAX + 16 };
    const bw_bitmask_kernel *kernel[MAX_KERNELS];
    size_t n_kernels = list_kernels(kernel);
    for (uint64_t t = 0; t < 300; t++) {
        bw_random random = draw(t);
        int32_t point[2][ROOM] = {{0}}, from[ROOM] = {0}, to[ROOM];
        size_t n[2];
        for (int k = 0; k < 2; k++) {
            n[k] = 1 + bw_random_below(&random, MAX);
            for (size_t q = 0; q < n[k]; q++)
                point[k][q] =
                    bw_point((int)bw_random_below(
                                 &random, BW_BITMASK_MAX_COORDINATE + 1),
                             (int)bw_random_below(
                                 &random, BW_BITMASK_MAX_COORDINATE + 1));
        }
        for (size_t q = 0; q < n[0]; q++)
            from[q] = (int32_t)bw_random_below(&random, 1 << 28) - (1 << 27);
        for (size_t k = 0; k < n_kernels; k++) {
            kernel[k]->loops->transform(n[0], point[0], from, n[1], point[1],
                                        to);
            for (size_t q = 0; q < n[1]; q++) {
                int32_t least = INT32_MAX;
                for (size_t p = 0; p < n[0]; p++) {
                    int32_t r =
                        bw_point_squared(point[0][p], point[1][q]) - from[p];
                    least = r < least ? r : least;
                }
                cr_assert_eq(to[q], least, "%s, seed %d, %llu, point %zu",
                             kernel[k]->name, SEED, (unsigned long long)t, q);
            }
        }
    }
}

Test(bitmask, fill_and_scan_see_every_arc)
{
    const bw_bitmask_kernel *kernel[MAX_KERNELS];
    size_t n_kernels = list_kernels(kernel);
    for (uint64_t t = 0; t < 60; t++)
        for (size_t k = 0; k < n_kernels; k++) {
            bw_random random = draw(t);
            size_t n = 1 + bw_random_below(&random, 60);
            size_t m = 1 + bw_random_below(&random, n), n_bad = 0;
            ot_sides s;
            bw_tree tree;
            bw_bitmask b = {0};
            ot_sides_open(&s, ot_grid(BW_NORM_L1, 1, 9, 11), n, m, 255,
                          &random);
            ot_tree_make(&tree, n + m);
            load(&b, &s, &tree);
            kernel[k]->loops->fill(&b, s.ground->table, s.ground->table_stride);
            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < m; j++)
                    n_bad += b.cost[(i / 16 * m + j) * 16 + i % 16] !=
                             small_cost(&s, i, j);
            cr_assert_eq(n_bad, 0, "%s", kernel[k]->name);

            int32_t u[80], v[80], margin = (int32_t)(t % 5);
            for (size_t q = 0; q < 80; q++) {
                u[q] = (int32_t)bw_random_below(&random, 1 << 18);
                v[q] = (int32_t)bw_random_below(&random, 1 << 18);
            }
            int32_t(*arc)[2] = malloc(16 * m * sizeof *arc);
            cr_assert_not_null(arc);
            size_t n_found = 0, n_wanted = 0;
            for (size_t block = 0; block < (n + 15) / 16; block++) {
                size_t n_arcs =
                    kernel[k]->loops->scan(&b, block, u, v, margin, arc);
                n_found += n_arcs;
                for (size_t q = 0; q < n_arcs; q++) {
                    size_t i = (size_t)arc[q][0], j = (size_t)arc[q][1];
                    cr_assert(i / 16 == block && i < n && j < m);
                    n_bad += small_cost(&s, i, j) >= u[i] + v[j] + margin;
                }
            }
            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < m; j++)
                    n_wanted += small_cost(&s, i, j) < u[i] + v[j] + margin;
            cr_assert(n_bad == 0 && n_found == n_wanted,
                      "%s, seed %d, %llu: %zu arcs, not %zu", kernel[k]->name,
                      SEED, (unsigned long long)t, n_found, n_wanted);
            free(arc);
            bw_bitmask_clear(&b);
            ot_tree_free(&tree);
            ot_sides_close(&s);
        }
}

Test(bitmask, transform_by_a_table_is_the_least_too)
{
    const bw_bitmask_kernel *kernel[MAX_KERNELS];
    size_t n_kernels = list_kernels(kernel);
    for (uint64_t t = 0; t < 100; t++) {
        bw_random random = draw(5000 + t);
        size_t n = 1 + bw_random_below(&random, 60);
        size_t m = 1 + bw_random_below(&random, n);
        int32_t dual[80], to[80];
        ot_sides s;
        ot_sides_open(&s, ot_grid(BW_NORM_LINF, 1.5, 9, 11), n, m, 255,
                      &random);
        for (size_t j = 0; j < m; j++)
            dual[j] = (int32_t)bw_random_below(&random, 1 << 28) - (1 << 27);
        for (size_t k = 0; k < n_kernels; k++) {
            kernel[k]->loops->transform_table(
                s.ground->table, s.ground->table_stride, m, s.sink.point, dual,
                n, s.source.point, to);
            for (size_t i = 0; i < n; i++) {
                int32_t least = INT32_MAX;
                for (size_t j = 0; j < m; j++) {
                    int32_t r = small_cost(&s, i, j) - dual[j];
                    least = r < least ? r : least;
                }
                cr_assert_eq(to[i], least, "%s, seed %d, %llu, point %zu",
                             kernel[k]->name, SEED, (unsigned long long)t, i);
            }
        }
        ot_sides_close(&s);
    }
}

Test(bitmask, the_least_of_those_asked_for)
{
    const bw_bitmask_kernel *kernel[MAX_KERNELS];
    size_t n_kernels = list_kernels(kernel);
    for (uint64_t t = 0; t < 1000; t++) {
        bw_random random = draw(7000 + t);
        uint32_t mask = 1 + (uint32_t)bw_random_below(&random, 0xffff);
        int32_t cost[16];
        int wanted = -1;
        for (int k = 0; k < 16; k++) {
            cost[k] = (int32_t)bw_random_below(&random, 7) - 3;
            bool is_less = wanted < 0 || cost[k] < cost[wanted];
            if ((mask >> k & 1) && is_less)
                wanted = k;
        }
        for (size_t k = 0; k < n_kernels; k++)
            cr_assert_eq(kernel[k]->loops->least(cost, mask), wanted,
                         "%s, %llu", kernel[k]->name, (unsigned long long)t);
    }
}

Test(bitmask, the_environment_takes_a_lesser_instruction_set)
{
    const bw_bitmask_kernel *kernel[MAX_KERNELS];
    size_t n = list_kernels(kernel);
    cr_assert_eq(unsetenv("BARROW_ISA"), 0);
    cr_expect_str_eq(bw_bitmask_isa(), kernel[n - 1]->name);
    cr_assert_eq(setenv("BARROW_ISA", "plain", 1), 0);
    cr_expect_str_eq(bw_bitmask_isa(), "plain");
    cr_assert_eq(setenv("BARROW_ISA", "avx2", 1), 0);
    cr_expect_str_eq(bw_bitmask_isa(), kernel[n > 1 ? 1 : 0]->name);
}
