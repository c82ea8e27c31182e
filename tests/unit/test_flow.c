/* test_flow.c - p = 1 as a flow on the edges of a grid: its trees, and its
 * values, plans and potentials against the simplex without short cuts. */
#include "config.h"

#include <string.h>

#include "ot/flow.h"
#include "ot_case.h"

enum { SEED = 6, MAX_BINS = 33 * 47 };

/* ---- trees ---- */

static void draw_supplies(bw_random *random, bw_flow_level *l, int kind)
{
    int64_t sum = 0;
    for (size_t k = 0; k < l->n; k++) {
        bool is_lit = kind < 2 || bw_random_below(random, 8) == 0;
        int64_t most = kind == 1 ? 3 : 1000;
        int64_t x = (int64_t)bw_random_below(random, (uint64_t)most) - most / 2;
        l->supply[k] = is_lit ? x : 0;
        sum += l->supply[k];
    }
    l->supply[bw_random_below(random, l->n)] -= sum;
}

/* parent[] is a tree over edges of the grid that edge[] has, too. */
static void check_links(const bw_flow_level *l, const char *label)
{
    size_t n_bits = 0;
    for (size_t k = 0; k < l->n; k++) {
        n_bits += (size_t)__builtin_popcount(l->edge[k]);
        size_t n_steps = 0;
        for (int32_t at = (int32_t)k; at != l->root; at = l->node[at].parent)
            cr_assert(n_steps++ < l->n, "%s: a cycle at %zu", label, k);
        if ((int32_t)k == l->root)
            continue;
        int32_t up = l->node[k].parent;
        bool is_linked = false;
        for (int d = 0; d < 8; d++)
            is_linked = is_linked ||
                        (l->edge[k] >> d & 1 && (int32_t)k + l->by[d] == up);
        cr_assert(is_linked, "%s: pixel %zu, parent %d", label, k, up);
    }
    cr_assert_eq(n_bits, 2 * (l->n - 1), "%s", label);
}

/* Sums and sizes are those of subtrees, and potentials those of the flows. */
static void check_tree(const bw_flow_level *l, const char *label)
{
    int64_t *sum = calloc(l->n, sizeof *sum);
    int32_t *size = calloc(l->n, sizeof *size);
    cr_assert(sum && size);
    for (size_t k = 0; k < l->n; k++)
        for (int32_t at = (int32_t)k;; at = l->node[at].parent) {
            sum[at] += l->supply[k];
            size[at]++;
            if (at == l->root)
                break;
        }
    for (size_t k = 0; k < l->n; k++) {
        cr_assert(sum[k] == l->node[k].sum && size[k] == l->node[k].size,
                  "%s: pixel %zu", label, k);
        if ((int32_t)k != l->root)
            cr_assert_eq(l->phi[k] - l->phi[l->node[k].parent],
                         sum[k] >= 0 ? 1 : -1, "%s: pixel %zu", label, k);
    }
    free(sum);
    free(size);
}

static void check_potentials(const bw_flow_level *l, bool is_diagonal,
                             const char *label)
{
    for (size_t p = 0; p < l->n; p++)
        for (size_t q = 0; q < p; q++) {
            int dy = abs((int)(p / l->width) - (int)(q / l->width));
            int dx = abs((int)(p % l->width) - (int)(q % l->width));
            int most = !is_diagonal ? dy + dx : dy > dx ? dy : dx;
            cr_assert(abs(l->phi[p] - l->phi[q]) <= most, "%s: %zu, %zu", label,
                      p, q);
        }
}

static const size_t shapes[][2] = {
    {1, 1}, {1, 2}, {2, 1},  {1, 7},   {2, 2}, {2, 3},  {3, 2},  {2, 9},
    {8, 2}, {5, 5}, {3, 17}, {16, 16}, {9, 7}, {21, 4}, {13, 31}};

enum { N_SHAPES = sizeof shapes / sizeof shapes[0] };

Test(flow, trees_are_optimal_on_grids_of_every_shape)
{
    bw_flow f = {0};
    for (size_t t = 0; t < 40 * N_SHAPES; t++)
        for (int is_diagonal = 0; is_diagonal < 2; is_diagonal++) {
            const size_t *shape = shapes[t % N_SHAPES];
            bw_random random;
            char label[80];
            bw_random_init(&random, SEED, BW_RANDOM_TEST, t);
            snprintf(label, sizeof label, "%zu x %zu, seed %d, %zu", shape[0],
                     shape[1], SEED, t);
            cr_assert_eq(bw_flow_reserve(&f, shape[0], shape[1], is_diagonal),
                         BW_OK);
            draw_supplies(&random, &f.level[0], (int)(t / N_SHAPES % 3));
            cr_assert_eq(bw_flow_solve(&f), BW_OK);
            check_links(&f.level[0], label);
            check_tree(&f.level[0], label);
            check_potentials(&f.level[0], is_diagonal, label);
        }
    bw_flow_clear(&f);
}

/* Sums at the end of 64 bits. */
Test(flow, the_greatest_supplies)
{
    bw_flow f = {0};
    cr_assert_eq(bw_flow_reserve(&f, 6, 8, false), BW_OK);
    bw_flow_level *l = &f.level[0];
    const int64_t most = (int64_t)1 << BW_FLOW_BITS;
    for (size_t k = 0; k < l->n; k++)
        l->supply[k] = (k % 2 ? -1 : 1) * (most / 24);
    l->supply[0] += most % 24;
    l->supply[l->n - 1] -= most % 24;
    cr_assert_eq(bw_flow_solve(&f), BW_OK);
    check_tree(l, "greatest");
    check_potentials(l, false, "greatest");
    bw_flow_clear(&f);
}

static int stop_at_once(void)
{
    return 1;
}

Test(flow, stops_when_asked)
{
    bw_flow f = {.stopped = stop_at_once};
    cr_assert_eq(bw_flow_reserve(&f, 9, 9, false), BW_OK);
    memset(f.level[0].supply, 0, 81 * sizeof *f.level[0].supply);
    f.level[0].supply[0] = 1;
    f.level[0].supply[80] = -1;
    cr_assert_eq(bw_flow_solve(&f), BW_ERR_INTERRUPTED);
    bw_flow_clear(&f);
}

/* ---- pairs ---- */

/* Sparse or dense; one bin against all; nearly equal; in a corner. */
static void draw_pair(bw_random *random, int kind, size_t height, size_t width,
                      double *a, double *b)
{
    size_t n = height * width;
    bool is_whole = kind % 2;
    ot_draw(random, n, is_whole, a);
    ot_draw(random, n, is_whole, b);
    if (kind / 2 == 1)
        for (size_t k = 0; k < n; k++) {
            a[k] = k == n / 3;
            b[k] = 1 + (double)(k % 5);
        }
    if (kind / 2 == 2) {
        memcpy(b, a, n * sizeof *b);
        b[bw_random_below(random, n)] += is_whole ? 1 : 1e-9;
    }
    if (kind / 2 == 3) {
        for (size_t k = 0; k < n; k++)
            if (k / width >= 1 + height / 2 || k % width >= 1 + width / 3)
                a[k] = b[k] = 0;
        a[0] = b[1] = 1;
    }
}

static void check_pair(ot_case *c, bw_normalize normalize, double *a, double *b)
{
    if (normalize == BW_NORMALIZE_NONE) {
        size_t n = bw_ground_n_sources(c->ground);
        ot_balance(n, a, n, b, a[0] == rint(a[0]) && b[0] == rint(b[0]));
    }
    ot_fill(c, normalize, a, b);
    bw_solution plain = ot_solve(c, BW_METHOD_SIMPLEX, 0, 1);
    for (int back = 0; back < 2; back++) {
        bw_solution s = ot_solve(c, BW_METHOD_FLOW, back, !back);
        double slack = ot_is_exact(c) ? 0 : ot_slack(c, plain.cost);
        cr_assert(fabs(s.cost - plain.cost) <= slack, "%s: %.17g, not %.17g",
                  c->label, s.cost, plain.cost);
        ot_check(c, &s, back, !back);
        cr_assert(s.n_arcs <= 2 * (c->h[0].n + c->h[1].n), "%s", c->label);
    }
}

static void check_shape(bw_norm norm, size_t height, size_t width,
                        uint64_t n_draws)
{
    double a[MAX_BINS], b[MAX_BINS];
    ot_case c;
    ot_open(&c, ot_grid(norm, 1, height, width));
    cr_assert_not_null(c.transport[BW_METHOD_FLOW]);
    for (uint64_t t = 0; t < n_draws; t++) {
        bw_random random;
        bw_random_init(&random, SEED, BW_RANDOM_TEST,
                       t + 1000 * height + 100000 * width);
        snprintf(c.label, sizeof c.label,
                 "norm %d, %zu x %zu, seed %d, draw "
                 "%llu",
                 (int)norm, height, width, SEED, (unsigned long long)t);
        draw_pair(&random, (int)(t % 8), height, width, a, b);
        check_pair(&c, BW_NORMALIZE_SUM, a, b);
        draw_pair(&random, (int)(t % 8), height, width, a, b);
        check_pair(&c, BW_NORMALIZE_NONE, a, b);
    }
    ot_close(&c);
}

Test(flow, pairs_agree_with_the_simplex)
{
    static const bw_norm norms[2] = {BW_NORM_L1, BW_NORM_LINF};
    for (int k = 0; k < 2; k++) {
        check_shape(norms[k], 2, 2, 40);
        check_shape(norms[k], 2, 5, 40);
        check_shape(norms[k], 7, 3, 40);
        check_shape(norms[k], 9, 10, 40);
        check_shape(norms[k], 17, 16, 16);
        check_shape(norms[k], 33, 47, 4);
    }
}

/* Whole numbers whose products leave no room for the perturbation of a set are
 * held as reals there; here they are exact still. */
Test(flow, large_integers_are_exact)
{
    enum { N = 24 * 24 };
    double a[N], b[N], scaled[2][N];
    ot_case c;
    ot_open(&c, ot_grid(BW_NORM_L1, 1, 24, 24));
    for (uint64_t t = 0; t < 10; t++) {
        bw_random random;
        bw_random_init(&random, SEED, BW_RANDOM_TEST, t);
        snprintf(c.label, sizeof c.label, "seed %d, draw %llu", SEED,
                 (unsigned long long)t);
        ot_draw(&random, N, true, a);
        ot_draw(&random, N, true, b);
        for (size_t k = 0; k < N; k++) {
            scaled[0][k] = 4095 * a[k];
            scaled[1][k] = 4097 * b[k];
        }
        ot_fill(&c, BW_NORMALIZE_SUM, a, b);
        cr_assert(bw_histograms_is_integral(c.set));
        double cost = ot_solve(&c, BW_METHOD_FLOW, 0, 1).cost;
        ot_fill(&c, BW_NORMALIZE_SUM, scaled[0], scaled[1]);
        cr_assert(!bw_histograms_is_integral(c.set));
        bw_solution s = ot_solve(&c, BW_METHOD_FLOW, 0, 1);
        cr_assert(s.cost == cost && s.gap == 0, "%s: %.17g, not %.17g, gap %g",
                  c.label, s.cost, cost, s.gap);
        ot_check(&c, &s, 0, 1);
    }
    ot_close(&c);
}

/* Masses over more than 600 orders of magnitude. */
Test(flow, tiny_and_huge_masses)
{
    double a[30], b[30];
    ot_case c;
    ot_open(&c, ot_grid(BW_NORM_LINF, 1, 5, 6));
    for (uint64_t t = 0; t < 30; t++) {
        bw_random random;
        bw_random_init(&random, SEED, BW_RANDOM_TEST, t);
        snprintf(c.label, sizeof c.label, "seed %d, draw %llu", SEED,
                 (unsigned long long)t);
        for (size_t k = 0; k < 30; k++) {
            a[k] = pow(10, 600 * bw_random_uniform(&random) - 300);
            b[k] = pow(10, 600 * bw_random_uniform(&random) - 300);
        }
        check_pair(&c, BW_NORMALIZE_SUM, a, b);
    }
    ot_close(&c);
}

Test(flow, is_refused_where_costs_are_no_steps)
{
    double x[] = {0, 0, 1, 1, 2, 3};
    bw_ground *ground[] = {
        ot_grid(BW_NORM_L1, 2, 4, 4), ot_grid(BW_NORM_L2, 1, 4, 4),
        ot_grid(BW_NORM_L1, 1, 1, 9), ot_grid(BW_NORM_LINF, 1, 9, 1),
        ot_points(BW_NORM_L1, 1, 3, 2, x)};
    bw_transport_options options = {.method = BW_METHOD_FLOW};
    for (size_t k = 0; k < sizeof ground / sizeof ground[0]; k++) {
        bw_error err = BW_ERROR_INIT;
        bw_transport *t;
        cr_expect_eq(bw_transport_create(ground[k], &options, &t, &err),
                     BW_ERR_USAGE, "ground %zu", k);
        cr_expect_null(t);
        bw_ground_destroy(ground[k]);
    }
}
