/* test_transport_forbidden.c - matrices with infinite costs: the optimum over
 * the moves that are allowed, or the word that no plan does with them. */
#include "config.h"

#include <string.h>

#include "ot_case.h"

enum { SEED = 3, N_DRAWS = 400, MOST = 24 };

/* A finite stand-in that no sum of allowed costs in a plan reaches. */
static const int64_t big = INT64_C(1) << 30;

typedef struct forbidden_case {
    size_t n, m;
    bool is_whole; /* costs */
    double cost[MOST * MOST], a[MOST], b[MOST];
} forbidden_case;

/* `most_tenths` of ten moves are forbidden, at random or outside blocks whose
 * masses balance, so that trees must join what no move does. */
static void draw(bw_random *random, bool is_blocks, forbidden_case *f)
{
    uint64_t tenths = 1 + bw_random_below(random, 9);
    size_t n_blocks = 1 + bw_random_below(random, 4);
    f->n = 1 + bw_random_below(random, MOST);
    f->m = is_blocks ? f->n : 1 + bw_random_below(random, MOST);
    f->is_whole = bw_random_below(random, 2);
    for (size_t k = 0; k < f->n * f->m; k++) {
        bool is_out = is_blocks ? k / f->m % n_blocks != k % f->m % n_blocks
                                : bw_random_below(random, 10) < tenths;
        double x = (double)bw_random_below(random, 1000);
        f->cost[k] = is_out ? INFINITY : f->is_whole ? x : x / 8;
    }
    double sum[2] = {0, 0};
    for (size_t k = 0; k < f->n; k++)
        sum[0] += f->a[k] = (double)(1 + bw_random_below(random, 20));
    for (size_t k = 0; k < f->m; k++)
        sum[1] += f->b[k] = (double)(1 + bw_random_below(random, 20));
    if (is_blocks)
        memcpy(f->b, f->a, sizeof f->b);
    else if (sum[0] < sum[1])
        f->a[0] += sum[1] - sum[0];
    else
        f->b[0] += sum[0] - sum[1];
}

/* The optimum by the plain twin, whose forbidden moves cost `big` eighths a
 * unit of mass; how much mass takes them. */
static double plain_optimum(const forbidden_case *f, int64_t *left_out)
{
    int64_t a[MOST], b[MOST], cost[MOST * MOST];
    plain_int128 optimum;
    for (size_t k = 0; k < f->n; k++)
        a[k] = (int64_t)f->a[k];
    for (size_t k = 0; k < f->m; k++)
        b[k] = (int64_t)f->b[k];
    for (size_t k = 0; k < f->n * f->m; k++)
        cost[k] = isinf(f->cost[k]) ? big : (int64_t)(8 * f->cost[k]);
    cr_assert(plain_lp_solve(f->n, f->m, a, b, cost, &optimum, NULL));
    *left_out = (int64_t)(optimum / big);
    return (double)(int64_t)(optimum % big) / 8;
}

static void check_no_forbidden_move(const ot_case *c, const bw_solution *s)
{
    size_t n = bw_ground_n_sources(c->ground), m = bw_ground_n_sinks(c->ground);
    double most = 0;
    for (size_t k = 0; k < s->n_arcs; k++)
        cr_assert(
            isfinite(bw_ground_cost(c->ground, s->arc[k][0], s->arc[k][1])),
            "%s: arc %zu is forbidden", c->label, k);
    for (size_t i = 0; i < n; i++)
        most = ot_abs_max(most, s->potential_source[i]);
    for (size_t j = 0; j < m; j++)
        most = ot_abs_max(most, s->potential_target[j]);
    cr_assert(isfinite(most), "%s: potentials of %g", c->label, most);
}

static void check(ot_case *c, const forbidden_case *f, double unit_mass)
{
    int64_t left_out;
    double wanted = plain_optimum(f, &left_out) * unit_mass, sum = 0;
    for (size_t k = 0; k < f->n; k++)
        sum += f->a[k];
    for (int k = 0; k < OT_N_METHODS; k++) {
        bw_error err = BW_ERROR_INIT;
        bw_solution s;
        if (!c->transport[k])
            continue;
        bw_status status = bw_transport_solve(c->transport[k], &c->h[0],
                                              &c->h[1], c->normalize, &s, &err);
        if (left_out > 0) {
            char text[120];
            snprintf(text, sizeof text,
                     "no plan: %.6g of a mass of %.6g has nowhere to go",
                     (double)left_out * unit_mass, sum * unit_mass);
            cr_assert_eq(status, BW_ERR_RANGE, "%s, method %d", c->label, k);
            cr_assert_str_eq(err.text, text, "%s", c->label);
            continue;
        }
        cr_assert_eq(status, BW_OK, "%s, method %d: %s", c->label, k, err.text);
        bool is_exact = ot_is_exact(c);
        cr_assert(is_exact ? s.cost == wanted
                           : fabs(s.cost - wanted) <= 1e-12 * (wanted + 1),
                  "%s, method %d: %.17g, not %.17g", c->label, k, s.cost,
                  wanted);
        cr_assert(is_exact ? s.gap == 0 : fabs(s.gap) <= 1e-12 * (wanted + 1),
                  "%s, method %d: gap %g", c->label, k, s.gap);
        check_no_forbidden_move(c, &s);
        ot_check_plan(c, &s, 0, 1, 1e-12 * (wanted + 1));
        ot_check_potentials(c, &s, 0, 1, 1e-12 * (wanted + 1));
    }
}

static void check_draws(bool is_blocks, double unit_mass)
{
    for (uint64_t t = 0; t < N_DRAWS; t++) {
        bw_random random;
        forbidden_case f;
        ot_case c;
        bw_random_init(&random, SEED, BW_RANDOM_TEST, t);
        draw(&random, is_blocks, &f);
        ot_open(&c, ot_matrix(f.n, f.m, f.cost));
        snprintf(c.label, sizeof c.label,
                 "%s, masses * %g, seed %d, instance %llu",
                 is_blocks ? "blocks" : "anywhere", unit_mass, SEED,
                 (unsigned long long)t);
        for (size_t k = 0; k < f.n; k++)
            f.a[k] *= unit_mass;
        for (size_t k = 0; k < f.m; k++)
            f.b[k] *= unit_mass;
        ot_fill(&c, BW_NORMALIZE_NONE, f.a, f.b);
        for (size_t k = 0; k < f.n; k++)
            f.a[k] = rint(f.a[k] / unit_mass);
        for (size_t k = 0; k < f.m; k++)
            f.b[k] = rint(f.b[k] / unit_mass);
        check(&c, &f, unit_mass);
        ot_close(&c);
    }
}

Test(transport_forbidden, any_moves)
{
    check_draws(false, 1);
}

Test(transport_forbidden, blocks_that_balance)
{
    check_draws(true, 1);
}

/* Sums of such masses differ in their last bits, which forbids nothing. */
Test(transport_forbidden, real_masses)
{
    check_draws(false, 0.1);
    check_draws(true, 0.1);
}

/* One block's share is 0.1 + 0.2, the other side's 0.3. */
Test(transport_forbidden, rounding_of_masses_forbids_nothing)
{
    const double x = INFINITY, cost[] = {5, x, 7, x, x, 1};
    const double a[] = {0.1, 0.2, 0.7}, b[] = {0.3, 0.7};
    ot_case c;
    ot_open(&c, ot_matrix(3, 2, cost));
    ot_fill(&c, BW_NORMALIZE_NONE, a, b);
    for (int k = 0; k < OT_N_METHODS; k++) {
        if (!c.transport[k])
            continue;
        bw_solution s = ot_solve(&c, (bw_method)k, 0, 1);
        cr_expect(fabs(s.cost - 2.6) < 1e-15, "%.17g", s.cost);
        check_no_forbidden_move(&c, &s);
    }
    ot_close(&c);
}

/* Every move forbidden, or all but an empty bin's; empty bins' potentials are
 * finite all the same. */
Test(transport_forbidden, rows_without_a_move)
{
    const double x = INFINITY, none[] = {x, x, x, x}, some[] = {x, x, x, 2};
    const double both[] = {1, 3}, one[] = {0, 3};
    bw_error err = BW_ERROR_INIT;
    bw_solution s;
    ot_case c;
    ot_open(&c, ot_matrix(2, 2, none));
    ot_fill(&c, BW_NORMALIZE_SUM, both, both);
    cr_expect_eq(bw_transport_solve(c.transport[0], &c.h[0], &c.h[1],
                                    c.normalize, &s, &err),
                 BW_ERR_RANGE);
    cr_expect_str_eq(err.text, "no plan: 1 of a mass of 1 has nowhere to go");
    ot_close(&c);
    ot_open(&c, ot_matrix(2, 2, some));
    ot_fill(&c, BW_NORMALIZE_SUM, both, both);
    cr_expect_eq(bw_transport_solve(c.transport[0], &c.h[0], &c.h[1],
                                    c.normalize, &s, &err),
                 BW_ERR_RANGE);
    cr_expect_str_eq(err.text,
                     "no plan: 0.25 of a mass of 1 has nowhere to go");
    ot_fill(&c, BW_NORMALIZE_SUM, one, one);
    s = ot_solve(&c, BW_METHOD_AUTO, 0, 1);
    cr_expect_eq(s.cost, 2);
    check_no_forbidden_move(&c, &s);
    ot_close(&c);
}

/* Rows move nothing or one on, round a ring; that the first stays is forbidden,
 * so that all must move: 90 costs in place of one that is no more than 16 of
 * them among small integers. */
Test(transport_forbidden, a_long_way_round)
{
    enum { N = 90 };
    double *cost = malloc(N * N * sizeof *cost), a[N];
    cr_assert_not_null(cost);
    for (size_t i = 0; i < N; i++) {
        a[i] = 1;
        for (size_t j = 0; j < N; j++)
            cost[i * N + j] = j == (i + 1) % N   ? 3
                              : j == i && i != 0 ? 0
                                                 : INFINITY;
    }
    ot_case c;
    ot_open(&c, ot_matrix(N, N, cost));
    ot_fill(&c, BW_NORMALIZE_SUM, a, a);
    for (int k = 0; k < OT_N_METHODS; k++) {
        if (!c.transport[k])
            continue;
        bw_solution s = ot_solve(&c, (bw_method)k, 0, 1);
        cr_expect(s.cost == 3 && s.gap == 0, "method %d: %.17g, gap %g", k,
                  s.cost, s.gap);
        check_no_forbidden_move(&c, &s);
    }
    ot_close(&c);
    free(cost);
}
