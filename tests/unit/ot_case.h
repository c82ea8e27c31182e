/* ot_case.h - what tests of transport share: a pair of histograms under a
 * ground cost, its optimum by the plain twin, and the checks that a solution
 * must pass whatever made it. */
#ifndef OT_CASE_H
#define OT_CASE_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "barrow/random.h"
#include "barrow/transport.h"
#include "plain/lp.h"
#include "plain/ratio.h"

enum { OT_N_METHODS = BW_METHOD_FLOW + 1 };

/* Solvers outlive pairs, so that work space that is used again is tested. */
typedef struct ot_case {
    bw_ground *ground;                     /* owned */
    bw_transport *transport[OT_N_METHODS]; /* NULL: cannot serve the ground */
    bw_normalize normalize;
    bw_histograms *set; /* the pair */
    bw_histogram h[2];
    char label[160]; /* for messages: repeats the case */
} ot_case;

static inline double ot_abs_max(double x, double y)
{
    return fabs(x) > fabs(y) ? fabs(x) : fabs(y);
}

/* ---- making ---- */

static inline bw_ground *ot_grid(bw_norm norm, double p, size_t height,
                                 size_t width)
{
    bw_error err = BW_ERROR_INIT;
    bw_ground *ground;
    bw_status status =
        bw_ground_create_grid(norm, p, height, width, &ground, &err);
    cr_assert_eq(status, BW_OK, "%s", err.text);
    return ground;
}

static inline bw_ground *ot_points(bw_norm norm, double p, size_t n, size_t d,
                                   const double *x)
{
    bw_error err = BW_ERROR_INIT;
    bw_ground *ground;
    bw_status status = bw_ground_create_points(norm, p, n, d, x, &ground, &err);
    cr_assert_eq(status, BW_OK, "%s", err.text);
    return ground;
}

static inline bw_ground *ot_matrix(size_t n, size_t m, const double *cost)
{
    bw_error err = BW_ERROR_INIT;
    bw_ground *ground;
    bw_status status = bw_ground_create_matrix(n, m, cost, &ground, &err);
    cr_assert_eq(status, BW_OK, "%s", err.text);
    return ground;
}

/* Takes the ground cost over. Every method that serves it gets a solver with
 * all outputs. */
static inline void ot_open(ot_case *c, bw_ground *ground)
{
    *c = (ot_case){.ground = ground};
    for (int k = 0; k < OT_N_METHODS; k++) {
        bw_transport_options options = {.method = (bw_method)k,
                                        .with_certificate = true,
                                        .with_plan = true,
                                        .with_potentials = true};
        bw_error err = BW_ERROR_INIT;
        bw_status status =
            bw_transport_create(ground, &options, &c->transport[k], &err);
        cr_assert(status == BW_OK || status == BW_ERR_USAGE, "%s", err.text);
        cr_assert_eq(status == BW_OK, c->transport[k] != NULL);
    }
    cr_assert_not_null(c->transport[BW_METHOD_AUTO]);
}

/* The pair: rows of values, one a bin of the sources and of the sinks. */
static inline void ot_fill(ot_case *c, bw_normalize normalize, const double *a,
                           const double *b)
{
    bw_error err = BW_ERROR_INIT;
    size_t n = bw_ground_n_sources(c->ground), m = bw_ground_n_sinks(c->ground);
    bw_histograms_destroy(c->set);
    c->normalize = normalize;
    bw_status status =
        bw_histograms_create(c->ground, normalize, &c->set, &err);
    if (!status)
        status = bw_histograms_add(c->set, n, a, &err);
    if (!status)
        status = bw_histograms_add(c->set, m, b, &err);
    if (!status)
        status = bw_histograms_seal(c->set, &err);
    cr_assert_eq(status, BW_OK, "%s: %s", c->label, err.text);
    c->h[0] = bw_histograms_get(c->set, 0);
    c->h[1] = bw_histograms_get(c->set, 1);
}

static inline void ot_close(ot_case *c)
{
    for (int k = 0; k < OT_N_METHODS; k++)
        bw_transport_destroy(c->transport[k]);
    bw_histograms_destroy(c->set);
    bw_ground_destroy(c->ground);
}

static inline bw_solution ot_solve(ot_case *c, bw_method method, int from,
                                   int to)
{
    bw_error err = BW_ERROR_INIT;
    bw_solution s;
    bw_status status = bw_transport_solve(c->transport[method], &c->h[from],
                                          &c->h[to], c->normalize, &s, &err);
    cr_assert_eq(status, BW_OK, "%s, method %d: %s", c->label, (int)method,
                 err.text);
    return s;
}

/* ---- the plain twin ---- */

/* Whether the optimum is a rational number that must come rounded once. */
static inline bool ot_is_exact(const ot_case *c)
{
    return bw_ground_is_integral(c->ground) && !c->h[0].weight;
}

/* The share, or under BW_NORMALIZE_NONE the mass, of entry q of histogram k. */
static inline long double ot_mass(const ot_case *c, int k, size_t q)
{
    const bw_histogram *h = &c->h[k];
    long double mass =
        h->weight ? (long double)h->weight[q] : (long double)h->mass[q];
    return c->normalize == BW_NORMALIZE_NONE ? mass : mass / h->sum;
}

/* The optimum in integers, rounded once. */
static inline double ot_plain_exact(const ot_case *c)
{
    int64_t mass[2][PLAIN_LP_MAX], cost[PLAIN_LP_MAX * PLAIN_LP_MAX];
    bool is_none = c->normalize == BW_NORMALIZE_NONE;
    int64_t factor[2] = {is_none ? 1 : c->h[1].total,
                         is_none ? 1 : c->h[0].total};
    plain_int128 optimum;
    size_t n = c->h[0].n, m = c->h[1].n;
    cr_assert(n <= PLAIN_LP_MAX && m <= PLAIN_LP_MAX);
    for (int k = 0; k < 2; k++)
        for (size_t q = 0; q < c->h[k].n; q++)
            mass[k][q] = c->h[k].mass[q] * factor[k];
    for (size_t k = 0; k < n * m; k++)
        cost[k] = (int64_t)bw_ground_cost(c->ground, c->h[0].bin[k / m],
                                          c->h[1].bin[k % m]);
    cr_assert(plain_lp_solve(n, m, mass[0], mass[1], cost, &optimum, NULL),
              "%s", c->label);
    return plain_ratio_round(optimum,
                             is_none ? 1 : c->h[0].total * c->h[1].total);
}

/* Integers of one total nearest to the masses. */
static inline void ot_plain_masses(const ot_case *c, int k, int64_t *mass)
{
    const int64_t total = INT64_C(1) << 58;
    long double sum = 0;
    int64_t left = total;
    size_t most = 0;
    for (size_t q = 0; q < c->h[k].n; q++)
        sum += ot_mass(c, k, q);
    for (size_t q = 0; q < c->h[k].n; q++) {
        mass[q] = (int64_t)(ot_mass(c, k, q) / sum * (long double)total);
        left -= mass[q];
        most = mass[q] > mass[most] ? q : most;
    }
    mass[most] += left;
}

/* The optimum in fixed point: masses to 2^-58, costs to 2^-55 of the largest.
 * What that loses is below 2^-50 of the largest cost. */
static inline double ot_plain_near(const ot_case *c)
{
    int64_t mass[2][PLAIN_LP_MAX], cost[PLAIN_LP_MAX * PLAIN_LP_MAX];
    double most = 0;
    int exponent;
    plain_int128 optimum;
    size_t n = c->h[0].n, m = c->h[1].n;
    cr_assert(n <= PLAIN_LP_MAX && m <= PLAIN_LP_MAX);
    for (int k = 0; k < 2; k++)
        ot_plain_masses(c, k, mass[k]);
    for (size_t k = 0; k < n * m; k++)
        most = fmax(most, bw_ground_cost(c->ground, c->h[0].bin[k / m],
                                         c->h[1].bin[k % m]));
    frexp(most, &exponent);
    for (size_t k = 0; k < n * m; k++)
        cost[k] = llrint(ldexp(
            bw_ground_cost(c->ground, c->h[0].bin[k / m], c->h[1].bin[k % m]),
            55 - exponent));
    cr_assert(plain_lp_solve(n, m, mass[0], mass[1], cost, &optimum, NULL),
              "%s", c->label);
    long double value = ldexpl((long double)optimum, -58 - 55 + exponent);
    return (double)(c->normalize == BW_NORMALIZE_NONE ? value * c->h[0].sum
                                                      : value);
}

/* ---- checks ---- */

/* What a double may lose of the value: 1e-12 of it, and a few units in the
 * last place of the largest cost where the value itself is small. */
static inline double ot_slack(const ot_case *c, double value)
{
    double most = 0, scale = 1;
    size_t n = bw_ground_n_sources(c->ground), m = bw_ground_n_sinks(c->ground);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++)
            most = fmax(most, bw_ground_cost(c->ground, i, j));
    if (c->normalize == BW_NORMALIZE_NONE)
        scale = c->h[0].sum;
    return 1e-12 * fabs(value) + 4e-15 * most * scale;
}

/* Rows rise, masses are positive, row and column sums are the masses, and the
 * plan costs what it says. */
static inline void ot_check_plan(const ot_case *c, const bw_solution *s,
                                 int from, int to, double slack)
{
    size_t n = bw_ground_n_sources(c->ground), m = bw_ground_n_sinks(c->ground);
    long double *left = calloc(n + m, sizeof *left), cost = 0;
    double scale = c->normalize == BW_NORMALIZE_NONE ? c->h[0].sum : 1;
    cr_assert_not_null(left);
    for (size_t q = 0; q < c->h[from].n; q++)
        left[c->h[from].bin[q]] += ot_mass(c, from, q);
    for (size_t q = 0; q < c->h[to].n; q++)
        left[n + c->h[to].bin[q]] += ot_mass(c, to, q);
    for (size_t k = 0; k < s->n_arcs; k++) {
        size_t i = s->arc[k][0], j = s->arc[k][1];
        cr_assert(i < n && j < m && s->mass[k] > 0, "%s: arc %zu", c->label, k);
        left[i] -= s->mass[k];
        left[n + j] -= s->mass[k];
        cost += (long double)s->mass[k] * bw_ground_cost(c->ground, i, j);
        if (k == 0)
            continue;
        size_t x = s->arc[k - 1][0], y = s->arc[k - 1][1];
        cr_assert(x < i || (x == i && y < j), "%s: arc %zu", c->label, k);
    }
    for (size_t k = 0; k < n + m; k++)
        cr_assert(fabsl(left[k]) <= 1e-13 * scale,
                  "%s: the plan misses %s %zu by %Lg", c->label,
                  k < n ? "source" : "sink", k < n ? k : k - n, left[k]);
    cr_assert(fabs((double)cost - s->cost) <= slack,
              "%s: the plan costs %.17Lg, not %.17g", c->label, cost, s->cost);
    free(left);
}

/* u + v <= c for all bins, empty ones too, and the same value. */
static inline void ot_check_potentials(const ot_case *c, const bw_solution *s,
                                       int from, int to, double slack)
{
    size_t n = bw_ground_n_sources(c->ground), m = bw_ground_n_sinks(c->ground);
    const double *u = s->potential_source, *v = s->potential_target;
    long double value = 0;
    double worst = 0, most = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++) {
            double cost = bw_ground_cost(c->ground, i, j);
            double r = cost - u[i] - v[j];
            worst = r < worst ? r : worst;
            most = fmax(most, fmax(cost, ot_abs_max(u[i], v[j])));
        }
    cr_assert(worst >= -4e-16 * most, "%s: a reduced cost of %g", c->label,
              worst);
    for (size_t q = 0; q < c->h[from].n; q++)
        value += ot_mass(c, from, q) * u[c->h[from].bin[q]];
    for (size_t q = 0; q < c->h[to].n; q++)
        value += ot_mass(c, to, q) * v[c->h[to].bin[q]];
    cr_assert(fabs((double)value - s->cost) <= slack + 1e-15 * most,
              "%s: potentials give %.17Lg, not %.17g", c->label, value,
              s->cost);
}

/* All that a solution from h[from] to h[to] must satisfy. */
static inline void ot_check(const ot_case *c, const bw_solution *s, int from,
                            int to)
{
    double slack = ot_slack(c, s->cost);
    if (ot_is_exact(c))
        cr_assert(s->gap == 0, "%s: gap %g", c->label, s->gap);
    else
        cr_assert(fabs(s->gap) <= slack, "%s: gap %g of %g", c->label, s->gap,
                  s->cost);
    ot_check_plan(c, s, from, to, slack);
    ot_check_potentials(c, s, from, to, slack);
}

/* Every method against the plain twin, and all checks. The value. */
static inline double ot_check_all(ot_case *c)
{
    bool is_exact = ot_is_exact(c);
    double wanted = is_exact ? ot_plain_exact(c) : ot_plain_near(c);
    for (int k = 0; k < OT_N_METHODS; k++) {
        if (!c->transport[k])
            continue;
        bw_solution s = ot_solve(c, (bw_method)k, 0, 1);
        double slack = is_exact ? 0 : ot_slack(c, wanted);
        cr_assert(fabs(s.cost - wanted) <= slack,
                  "%s, method %d: %.17g, where %.17g is right", c->label, k,
                  s.cost, wanted);
        ot_check(c, &s, 0, 1);
    }
    return wanted;
}

/* ---- drawing ---- */

/* n values, some of them 0 (not all): integers below 1000, or with fractions
 * that no double holds. */
static inline void ot_draw(bw_random *random, size_t n, bool is_whole,
                           double *values)
{
    bool is_empty = true;
    uint64_t density = 1 + bw_random_below(random, 4);
    for (size_t k = 0; k < n; k++) {
        bool is_lit = bw_random_below(random, 4) < density;
        double x = (double)(1 + bw_random_below(random, 999));
        values[k] = !is_lit ? 0 : is_whole ? x : x / 1000 + 1e-4;
        is_empty = is_empty && !is_lit;
    }
    if (is_empty)
        values[bw_random_below(random, n)] = is_whole ? 3 : 0.3;
}

/* Scales b so that its sum is a's, or for whole numbers adds the difference. */
static inline void ot_balance(size_t n, double *a, size_t m, double *b,
                              bool is_whole)
{
    double x = 0, y = 0;
    for (size_t k = 0; k < n; k++)
        x += a[k];
    for (size_t k = 0; k < m; k++)
        y += b[k];
    if (!is_whole)
        for (size_t k = 0; k < m; k++)
            b[k] *= x / y;
    else if (x < y)
        a[0] += y - x;
    else
        b[0] += x - y;
}

#endif
