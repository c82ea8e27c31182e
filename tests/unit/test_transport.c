/* test_transport.c - optimal values of every method against the plain twin:
 * random and degenerate small problems, every ground cost. */
#include "config.h"

#include <string.h>

#include "ot_case.h"
#include "plain/instances.h"

enum { SEED = 1, N_DRAWS = 200, MAX_BINS = 200 };

/* ---- matrices ---- */

/* One instance: costs * unit_cost, masses * unit_mass. */
static void check_instance(plain_family family, uint64_t t, double unit_cost,
                           double unit_mass, bw_normalize normalize)
{
    plain_instance p;
    double cost[PLAIN_INSTANCE_MAX * PLAIN_INSTANCE_MAX];
    double a[PLAIN_INSTANCE_MAX], b[PLAIN_INSTANCE_MAX];
    plain_instance_draw(family, SEED, t, &p);
    for (size_t k = 0; k < p.n * p.m; k++)
        cost[k] = (double)p.cost[k] * unit_cost;
    for (size_t k = 0; k < p.n; k++)
        a[k] = (double)p.source[k] * unit_mass;
    for (size_t k = 0; k < p.m; k++)
        b[k] = (double)p.sink[k] * unit_mass;
    ot_case c;
    ot_open(&c, ot_matrix(p.n, p.m, cost));
    snprintf(c.label, sizeof c.label,
             "family %s, seed %d, instance %llu, costs * %g, masses * %g, "
             "normalize %d",
             plain_family_name(family), SEED, (unsigned long long)t, unit_cost,
             unit_mass, (int)normalize);
    ot_fill(&c, normalize, a, b);
    ot_check_all(&c);
    ot_close(&c);
}

static void check_families(double unit_cost, double unit_mass,
                           bw_normalize normalize, uint64_t n)
{
    for (int f = 0; f < N_PLAIN_FAMILIES; f++)
        for (uint64_t t = 0; t < n; t++)
            check_instance((plain_family)f, t, unit_cost, unit_mass, normalize);
}

Test(transport, matrices_in_integers)
{
    check_families(1, 1, BW_NORMALIZE_SUM, N_DRAWS);
}

Test(transport, matrices_in_integers_as_given)
{
    check_families(1, 1, BW_NORMALIZE_NONE, N_DRAWS / 2);
}

Test(transport, matrices_with_real_costs)
{
    check_families(0.1, 1, BW_NORMALIZE_SUM, N_DRAWS / 2);
    check_families(1e-9, 1, BW_NORMALIZE_NONE, N_DRAWS / 4);
}

Test(transport, matrices_with_real_masses)
{
    check_families(1, 0.1, BW_NORMALIZE_SUM, N_DRAWS / 2);
    check_families(1, 0.1, BW_NORMALIZE_NONE, N_DRAWS / 4);
    check_families(0.1, 1e-5, BW_NORMALIZE_SUM, N_DRAWS / 4);
}

/* Costs at the edges of what doubles hold. */
Test(transport, matrices_with_tiny_and_huge_costs)
{
    check_families(1e-310, 1, BW_NORMALIZE_SUM, 10);
    check_families(1e-300, 1, BW_NORMALIZE_SUM, 10);
    check_families(1e300, 1, BW_NORMALIZE_SUM, 10);
    check_families(1e15, 1, BW_NORMALIZE_SUM, 10);
    check_families(0x1p45, 1, BW_NORMALIZE_SUM, 10);
}

/* Neither symmetric nor a metric, one cost far above the others. */
Test(transport, matrices_of_uneven_costs)
{
    for (uint64_t t = 0; t < N_DRAWS; t++) {
        bw_random random;
        bw_random_init(&random, SEED, BW_RANDOM_TEST, t);
        size_t n = 1 + bw_random_below(&random, 9);
        size_t m = 1 + bw_random_below(&random, 20);
        double cost[9 * 20], a[9], b[20];
        bool is_whole = t % 2;
        for (size_t k = 0; k < n * m; k++)
            cost[k] = exp(40 * bw_random_uniform(&random)) / 3;
        for (size_t k = 0; k < n * m && is_whole; k++)
            cost[k] = floor(cost[k] / 0x1p30);
        ot_draw(&random, n, t % 3, a);
        ot_draw(&random, m, t % 3, b);
        ot_case c;
        ot_open(&c, ot_matrix(n, m, cost));
        snprintf(c.label, sizeof c.label, "uneven costs, seed %d, %llu", SEED,
                 (unsigned long long)t);
        ot_fill(&c, BW_NORMALIZE_SUM, a, b);
        ot_check_all(&c);
        ot_close(&c);
    }
}

/* ---- ground costs ---- */

static const bw_norm norms[] = {BW_NORM_L1, BW_NORM_L2, BW_NORM_LINF};
static const double powers[] = {1, 1.5, 2, 3};

enum { N_NORMS = 3, N_POWERS = 4, N_KINDS = 5 };

/* A pair of histograms of `kind` of masses: integers, reals, integers as given,
 * reals as given, values for the softmax. */
static bw_normalize draw_pair(bw_random *random, int kind, size_t n,
                              size_t most_lit, double *a, double *b)
{
    bool is_whole = kind == 0 || kind == 2;
    ot_draw(random, n, is_whole, a);
    ot_draw(random, n, is_whole, b);
    for (int k = 0; k < 2; k++)
        for (size_t q = 0, n_lit = 0; q < n; q++) {
            double *x = k ? &b[q] : &a[q];
            if (*x > 0 && ++n_lit > most_lit)
                *x = 0;
        }
    if (kind == 2 || kind == 3)
        ot_balance(n, a, n, b, is_whole);
    if (bw_random_below(random, 8) == 0)
        memcpy(b, a, n * sizeof *b);
    return kind == 4   ? BW_NORMALIZE_SOFTMAX
           : kind >= 2 ? BW_NORMALIZE_NONE
                       : BW_NORMALIZE_SUM;
}

/* n_draws pairs of each kind under one ground cost, which is taken over. */
static void check_ground(bw_ground *ground, const char *name, uint64_t n_draws)
{
    ot_case c;
    ot_open(&c, ground);
    size_t n = bw_ground_n_sources(ground);
    cr_assert(n <= MAX_BINS);
    for (int kind = 0; kind < N_KINDS; kind++) {
        if (kind == 4 && n > PLAIN_LP_MAX)
            continue;
        for (uint64_t t = 0; t < n_draws; t++) {
            bw_random random;
            double a[MAX_BINS], b[MAX_BINS];
            bw_random_init(&random, SEED, BW_RANDOM_TEST,
                           t * N_KINDS + (uint64_t)kind);
            bw_normalize normalize = draw_pair(&random, kind, n, 20, a, b);
            snprintf(c.label, sizeof c.label, "%s, kind %d, seed %d, %llu",
                     name, kind, SEED, (unsigned long long)t);
            ot_fill(&c, normalize, a, b);
            ot_check_all(&c);
        }
    }
    ot_close(&c);
}

static void check_grids(size_t height, size_t width, uint64_t n_draws)
{
    for (size_t a = 0; a < N_NORMS; a++)
        for (size_t b = 0; b < N_POWERS; b++) {
            char name[80];
            snprintf(name, sizeof name, "grid %zu x %zu, norm %zu, p %g",
                     height, width, a, powers[b]);
            check_ground(ot_grid(norms[a], powers[b], height, width), name,
                         n_draws);
        }
}

Test(transport, grids)
{
    check_grids(1, 1, 1);
    check_grids(2, 2, 4);
    check_grids(4, 5, 6);
    check_grids(13, 11, 3);
}

Test(transport, lines)
{
    check_grids(1, 2, 4);
    check_grids(1, 17, 6);
    check_grids(30, 1, 6);
}

/* Whole coordinates give integer costs under some norms, others never. A third
 * of the points coincide with another. */
static void check_points(size_t d, bool is_whole)
{
    enum { N = 18 };
    for (size_t a = 0; a < N_NORMS; a++)
        for (size_t b = 0; b < N_POWERS; b++) {
            double x[N * 3];
            char name[80];
            bw_random random;
            bw_random_init(&random, SEED, BW_RANDOM_TEST, d + 10 * a + 40 * b);
            for (size_t k = 0; k < N * d; k++) {
                x[k] = 20 * bw_random_uniform(&random) - 10;
                x[k] = is_whole ? floor(x[k]) : x[k];
            }
            memcpy(x, x + N * d / 3 * 2, N * d / 3 * sizeof *x);
            snprintf(name, sizeof name, "points in %zu-D (%s), norm %zu, p %g",
                     d, is_whole ? "whole" : "real", a, powers[b]);
            check_ground(ot_points(norms[a], powers[b], N, d, x), name, 4);
        }
}

Test(transport, points_in_1_dimension)
{
    check_points(1, true);
    check_points(1, false);
}

Test(transport, points_in_2_dimensions)
{
    check_points(2, true);
    check_points(2, false);
}

Test(transport, points_in_3_dimensions)
{
    check_points(3, true);
    check_points(3, false);
}

/* ---- refusals ---- */

static bw_status solve(ot_case *c, bw_error *err)
{
    bw_solution s;
    return bw_transport_solve(c->transport[BW_METHOD_AUTO], &c->h[0], &c->h[1],
                              c->normalize, &s, err);
}

Test(transport, masses_as_given_must_agree)
{
    const double a[] = {1, 2, 3, 4}, b[] = {4, 3, 2, 2};
    const double x[] = {0.1, 0.2, 0.3, 0.4}, y[] = {0.4, 0.3, 0.2, 0.2};
    ot_case c;
    bw_error err = BW_ERROR_INIT;
    ot_open(&c, ot_grid(BW_NORM_L1, 1, 2, 2));
    ot_fill(&c, BW_NORMALIZE_NONE, a, b);
    cr_expect_eq(solve(&c, &err), BW_ERR_RANGE);
    cr_expect_str_eq(err.text, "masses differ: their sums are 10 and 11");
    ot_fill(&c, BW_NORMALIZE_NONE, x, y);
    cr_expect_eq(solve(&c, &err), BW_ERR_RANGE);
    cr_expect_str_eq(err.text, "masses differ: their sums are 1 and "
                               "1.0999999999999999");
    ot_close(&c);
}

/* Two sets of reals that differ in their most bins have other totals, and large
 * sums beside many bins leave no room to perturb. */
Test(transport, sets_that_do_not_fit_together_are_refused)
{
    enum { N = 40000 };
    bw_error err = BW_ERROR_INIT;
    bw_ground *line = ot_grid(BW_NORM_L1, 1, 1, N);
    double *row[2] = {calloc(N, sizeof(double)), malloc(N * sizeof(double))};
    cr_assert(row[0] && row[1]);
    for (int is_real = 0; is_real < 2; is_real++) {
        bw_histograms *set[2];
        bw_histogram h[2];
        bw_transport_options options = {.method = BW_METHOD_AUTO};
        bw_transport *t;
        bw_solution s;
        for (size_t k = 0; k < N; k++)
            row[1][k] = is_real ? 0.5 : 1 + (double)(k % 7);
        row[0][0] = is_real ? 0.5 : 0x1p28;
        for (int k = 0; k < 2; k++) {
            bw_status status =
                bw_histograms_create(line, BW_NORMALIZE_SUM, &set[k], &err);
            if (!status)
                status = bw_histograms_add(set[k], N, row[k], &err);
            if (!status)
                status = bw_histograms_seal(set[k], &err);
            cr_assert_eq(status, BW_OK, "%s", err.text);
            cr_assert_eq(bw_histograms_is_integral(set[k]), !is_real);
            h[k] = bw_histograms_get(set[k], 0);
        }
        cr_assert_eq(bw_transport_create(line, &options, &t, &err), BW_OK);
        for (int k = 0; k < 2; k++) {
            cr_expect_eq(bw_transport_solve(t, &h[k], &h[!k], BW_NORMALIZE_SUM,
                                            &s, &err),
                         BW_ERR_USAGE);
            cr_expect_str_eq(err.text,
                             "masses of two sets that were not sealed "
                             "alike");
        }
        bw_transport_destroy(t);
        bw_histograms_destroy(set[0]);
        bw_histograms_destroy(set[1]);
    }
    free(row[0]);
    free(row[1]);
    bw_ground_destroy(line);
}

static int n_asked, n_allowed;

static int stop_later(void)
{
    return ++n_asked > n_allowed;
}

/* 200 points against 180 others in the plane, by the simplex for any size. */
Test(transport, a_stop_ends_a_solve_and_the_next_one_is_whole)
{
    enum { N = 380 };
    bw_error err = BW_ERROR_INIT;
    double point[2 * N], mass[2][N] = {{0}}, cost = 0;
    bw_transport_options options = {.method = BW_METHOD_SIMPLEX,
                                    .stopped = stop_later};
    bw_transport *t;
    bw_solution s;
    bw_random random;

    bw_random_init(&random, 5, BW_RANDOM_TEST, 0);
    for (size_t k = 0; k < 2 * N; k++)
        point[k] = bw_random_uniform(&random);
    for (size_t k = 0; k < N; k++)
        mass[k >= 200][k] = 1;
    ot_case c;
    ot_open(&c, ot_points(BW_NORM_L2, 2, N, 2, point));
    ot_fill(&c, BW_NORMALIZE_SUM, mass[0], mass[1]);
    cost = ot_solve(&c, BW_METHOD_SIMPLEX, 0, 1).cost;
    cr_assert_eq(bw_transport_create(c.ground, &options, &t, &err), BW_OK);
    for (n_allowed = 0; n_allowed < 3; n_allowed++) {
        n_asked = 0;
        cr_expect_eq(
            bw_transport_solve(t, &c.h[0], &c.h[1], BW_NORMALIZE_SUM, &s, &err),
            BW_ERR_INTERRUPTED);
        cr_expect_str_eq(err.text, "interrupted");
        cr_expect_eq(n_asked, n_allowed + 1);
    }
    n_allowed = 1 << 30;
    cr_expect_eq(
        bw_transport_solve(t, &c.h[0], &c.h[1], BW_NORMALIZE_SUM, &s, &err),
        BW_OK);
    cr_expect_eq(s.cost, cost);
    bw_transport_destroy(t);
    ot_close(&c);
}

Test(transport, a_method_that_cannot_serve_is_refused)
{
    bw_transport_options options = {.method = BW_METHOD_LINE};
    bw_error err = BW_ERROR_INIT;
    bw_ground *grid = ot_grid(BW_NORM_L1, 1, 2, 2);
    bw_ground *line = ot_grid(BW_NORM_L1, 1, 1, 40000);
    bw_transport *t = (bw_transport *)&err;
    cr_expect_eq(bw_transport_create(grid, &options, &t, &err), BW_ERR_USAGE);
    cr_expect_null(t);
    cr_expect_eq(bw_transport_create(line, &options, &t, &err), BW_OK);
    bw_transport_destroy(t);
    options.method = BW_METHOD_SIMPLEX;
    cr_expect_eq(bw_transport_create(line, &options, &t, &err), BW_ERR_USAGE);
    cr_expect_null(t);
    bw_transport_destroy(NULL);
    bw_ground_destroy(grid);
    bw_ground_destroy(line);
}
