/* transport.c - one problem from two histograms to its solution.
 *
 *   sides       masses on common integers; common mass cancelled for metrics
 *   plan        arcs in the caller's roles
 *   potentials  completed to all bins by the c-transform
 *   solve       closed form, or multiscale.h; value and certificate; on the
 *               edges of a grid, all of this is flow_pair.h's
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/transport.h"
#include "ot/common.h"
#include "ot/evaluate.h"
#include "ot/flow_pair.h"
#include "ot/multiscale.h"
#include "ot/perturb.h"
#include "ot/plan.h"
#include "ot/potentials.h"

struct bw_transport {
    const bw_ground *ground;
    bw_transport_options options;
    bw_multiscale multiscale;
    bw_evaluate evaluate;
    bw_flow_pair flow;
    /* The problem in hand, beside the sides in multiscale. [0] are the
     * solver's sources, [1] its sinks; is_swapped when these are b and a. */
    int64_t *mass[2];     /* exact */
    long double *real[2]; /* where masses are real */
    size_t cap_mass;
    int64_t *have; /* of bins, 0 between calls: for cancelling */
    bool is_swapped;
    /* Output. */
    bw_plan plan;
    double *potential[2];
};

bw_status bw_transport_create(const bw_ground *ground,
                              const bw_transport_options *options,
                              bw_transport **ret_transport, bw_error *err)
{
    *ret_transport = NULL;
    if (options->method == BW_METHOD_LINE && !ground->is_line)
        return bw_error_set(err, BW_ERR_USAGE,
                            "method line: the bins are not on a line");
    if (options->method == BW_METHOD_FLOW && !bw_flow_pair_serves(ground))
        return bw_error_set(err, BW_ERR_USAGE,
                            "method flow takes p = 1 under l1 or linf on a "
                            "grid of more than one row and column");
    if (options->method > BW_METHOD_LINE && ground->kind == BW_GROUND_GRID &&
        !ground->table && !ground->is_squared)
        return bw_error_set(err, BW_ERR_USAGE,
                            "a line of so many bins takes only method line");
    bw_transport *t = calloc(1, sizeof *t);
    if (!t)
        return bw_error_memory(err);
    t->ground = ground;
    t->options = *options;
    t->multiscale.simplex.stopped = options->stopped;
    t->flow.flow.stopped = options->stopped;
    t->multiscale.watch.is_on = options->with_times;
    t->flow.flow.opt_watch = &t->multiscale.watch;
    if (ground->is_metric) {
        t->have = calloc(ground->n_sources, sizeof *t->have);
        if (!t->have) {
            bw_transport_destroy(t);
            return bw_error_memory(err);
        }
    }
    if (options->method == BW_METHOD_AUTO && ground->is_line)
        t->options.method = BW_METHOD_LINE;
    if (options->with_potentials)
        for (int k = 0; k < 2; k++) {
            size_t n = k ? ground->n_sinks : ground->n_sources;
            t->potential[k] = malloc(n * sizeof *t->potential[k]);
            if (!t->potential[k]) {
                bw_transport_destroy(t);
                return bw_error_memory(err);
            }
        }
    *ret_transport = t;
    return BW_OK;
}

void bw_transport_destroy(bw_transport *t)
{
    if (!t)
        return;
    bw_multiscale_clear(&t->multiscale);
    bw_evaluate_clear(&t->evaluate);
    bw_flow_pair_clear(&t->flow);
    bw_plan_clear(&t->plan);
    for (int k = 0; k < 2; k++) {
        free(t->mass[k]);
        free(t->real[k]);
        free(t->potential[k]);
    }
    free(t->have);
    free(t);
}

bw_transport_counts bw_transport_get_counts(const bw_transport *t)
{
    bw_transport_counts counts = t->multiscale.counts;
    counts.n_pivots += t->flow.flow.n_pivots;
    counts.n_coarse_pivots += t->flow.flow.n_coarse_pivots;
    memcpy(counts.seconds, t->multiscale.watch.seconds, sizeof counts.seconds);
    return counts;
}

/* ---- sides ---- */

static bw_status reserve_sides(bw_transport *t, size_t n)
{
    bw_multiscale *m = &t->multiscale;
    if (bw_side_reserve(&m->source[0], n) || bw_side_reserve(&m->sink[0], n))
        return BW_ERR_MEMORY;
    if (n <= t->cap_mass)
        return BW_OK;
    t->cap_mass = 0;
    for (int k = 0; k < 2; k++) {
        free(t->mass[k]);
        free(t->real[k]);
        t->mass[k] = malloc((n + n / 4) * sizeof *t->mass[k]);
        t->real[k] = malloc((n + n / 4) * sizeof *t->real[k]);
    }
    if (!t->mass[0] || !t->mass[1] || !t->real[0] || !t->real[1])
        return BW_ERR_MEMORY;
    t->cap_mass = n + n / 4;
    return BW_OK;
}

static void push_arc(bw_transport *t, uint32_t from, uint32_t to, double mass)
{
    if (t->options.with_plan)
        bw_plan_push(&t->plan, from, to, mass);
}

static void push_bin(bw_transport *t, int k, uint32_t bin, int64_t mass,
                     long double real)
{
    bw_side *side = k ? &t->multiscale.sink[0] : &t->multiscale.source[0];
    t->mass[k][side->n] = mass;
    t->real[k][side->n] = real;
    side->bin[side->n++] = bin;
}

/* Lists a's bins as sources and b's as sinks. */
static void fill_whole(bw_transport *t, const bw_common *c)
{
    for (int k = 0; k < 2; k++)
        for (size_t q = 0; q < c->h[k]->n; q++)
            push_bin(t, k, c->h[k]->bin[q], c->h[k]->mass[q] * c->factor[k],
                     c->is_real ? c->h[k]->weight[q] * c->scale[k] : 0);
}

/* The same under a metric: what both have in a bin stays there at no cost, by
 * the triangle inequality, and is left out. */
static void fill_cancelled(bw_transport *t, const bw_common *c)
{
    const bw_histogram *a = c->h[0], *b = c->h[1];
    for (size_t q = 0; q < b->n; q++)
        t->have[b->bin[q]] = b->mass[q] * c->factor[1];
    for (size_t q = 0; q < a->n; q++) {
        int64_t mass = a->mass[q] * c->factor[0], *other = &t->have[a->bin[q]];
        int64_t stays = mass < *other ? mass : *other;
        if (stays > 0)
            push_arc(t, a->bin[q], a->bin[q],
                     (double)stays / (double)c->denominator);
        *other -= stays;
        if (mass > stays)
            push_bin(t, 0, a->bin[q], mass - stays, 0);
    }
    for (size_t q = 0; q < b->n; q++) {
        int64_t *left = &t->have[b->bin[q]];
        if (*left > 0)
            push_bin(t, 1, b->bin[q], *left, 0);
        *left = 0;
    }
}

/* The side with fewer bins becomes the solver's sinks. */
static void swap_sides(bw_transport *t)
{
    bw_multiscale *m = &t->multiscale;
    t->is_swapped = m->source[0].n < m->sink[0].n;
    if (!t->is_swapped)
        return;
    bw_side side = m->source[0];
    m->source[0] = m->sink[0];
    m->sink[0] = side;
    int64_t *mass = t->mass[0];
    t->mass[0] = t->mass[1];
    t->mass[1] = mass;
    long double *real = t->real[0];
    t->real[0] = t->real[1];
    t->real[1] = real;
}

/* Masses of the sides as perturb.h has them. */
static int perturb(bw_transport *t)
{
    bw_side *source = &t->multiscale.source[0], *sink = &t->multiscale.sink[0];
    int shift = bw_perturb_shift(source->n + sink->n);
    for (size_t i = 0; i < source->n; i++)
        source->mass[i] = (t->mass[0][i] << shift) + 1;
    for (size_t j = 0; j < sink->n; j++)
        sink->mass[j] = t->mass[1][j] << shift;
    sink->mass[0] += (int64_t)source->n;
    return shift;
}

/* ---- plan ---- */

static void push_tree_arcs(bw_transport *t, const bw_tree *tree,
                           const bw_masses *masses)
{
    const bw_side *source = &t->multiscale.source[0];
    const bw_side *sink = &t->multiscale.sink[0];
    const bw_evaluate *e = &t->evaluate;
    for (size_t k = 0; k < bw_tree_n_nodes(tree); k++) {
        double mass = masses->is_integral
                          ? (double)e->flow[k] / (double)masses->denominator
                          : (double)e->real_flow[k];
        if (tree->parent[k] < 0 || !(mass > 0))
            continue;
        size_t up = (size_t)tree->parent[k], m = tree->n_sinks;
        uint32_t from = source->bin[(k < m ? up : k) - m];
        uint32_t to = sink->bin[k < m ? k : up];
        push_arc(t, t->is_swapped ? to : from, t->is_swapped ? from : to, mass);
    }
}

/* ---- potentials ---- */

/* The potentials of the solver's sinks in doubles, completed to all bins. */
static bw_status complete_potentials(bw_transport *t, const bw_tree *tree,
                                     bw_error *err)
{
    const bw_ground *g = t->ground;
    double *value = malloc(tree->n_sinks * sizeof *value);
    if (!value)
        return bw_error_memory(err);
    for (size_t j = 0; j < tree->n_sinks; j++)
        value[j] = (double)ldexpl((long double)t->evaluate.potential[j],
                                  -g->wide_exponent);
    bw_potentials_complete(
        g, t->is_swapped, tree->n_sinks, t->multiscale.sink[0].bin, value,
        t->potential[t->is_swapped], t->potential[!t->is_swapped]);
    free(value);
    for (int k = 0; k < 2; k++)
        for (size_t q = 0; q < (k ? g->n_sinks : g->n_sources); q++)
            if (!isfinite(t->potential[k][q]))
                return bw_error_set(err, BW_ERR_RANGE, "potentials overflow");
    return BW_OK;
}

static void zero_potentials(bw_transport *t)
{
    memset(t->potential[0], 0, t->ground->n_sources * sizeof(double));
    memset(t->potential[1], 0, t->ground->n_sinks * sizeof(double));
}

/* ---- solve ---- */

/* Forbidden moves must be left without mass. Real masses may fail to fit by
 * rounding: 1e-9 of them, as their sums may, or what integers of a common total
 * are off by. */
static bw_status check_left_out(const bw_transport *t, const bw_common *c,
                                bw_error *err)
{
    const bw_histogram *a = c->h[0], *b = c->h[1];
    bool is_none = c->scale[0] == 1 && c->scale[1] == 1 && c->denominator == 1;
    long double whole = is_none ? a->sum : 1;
    long double left = t->evaluate.left_out / (long double)c->denominator;
    long double slack =
        (long double)(4 * (a->n + b->n)) / (long double)a->total;
    if (left <= (c->is_real ? whole * fmaxl(1e-9L, slack) : 0))
        return BW_OK;
    return bw_error_set(err, BW_ERR_RANGE,
                        "no plan: %.6Lg of a mass of %.6Lg has nowhere to go",
                        left, whole);
}

/* Where costs reach further apart than potentials have digits, the dual value
 * proves little: integer flows are proved by the signs of reduced costs. */
static bw_status certify(bw_transport *t, const bw_arcs *arcs, bw_tree *tree,
                         const bw_masses *masses, bw_solution *solution,
                         bw_error *err)
{
    bw_status status =
        bw_evaluate_gap(&t->evaluate, arcs, tree, masses, &solution->gap, err);
    bool is_vague = fabs(solution->gap) > 1e-12 * solution->cost;
    if (status || !is_vague || t->ground->is_wide_exact || !masses->is_integral)
        return status;
    /* On a line the basis is known to be optimal by its shape. */
    if (t->options.method != BW_METHOD_LINE)
        status = bw_simplex_check(&t->multiscale.simplex, arcs, tree);
    if (status == BW_ERR_MEMORY)
        return bw_error_memory(err);
    if (status)
        return bw_error_set(err, status, "a basis is not optimal");
    solution->gap = 0;
    return BW_OK;
}

static bw_status solve_sides(bw_transport *t, const bw_common *c,
                             bw_solution *solution, bw_error *err)
{
    bw_multiscale *m = &t->multiscale;
    swap_sides(t);
    bw_masses masses = {!c->is_real, t->mass[0], t->mass[1], c->denominator,
                        perturb(t),  t->real[0], t->real[1]};
    bw_tree *tree = NULL;
    m->line_source = c->is_real ? t->real[0] : NULL;
    m->line_sink = c->is_real ? t->real[1] : NULL;
    bw_status status = bw_multiscale_solve(m, t->ground, t->is_swapped,
                                           t->options.method, &tree);
    if (status == BW_ERR_INTERRUPTED)
        return bw_error_set(err, status, "interrupted");
    if (status)
        return bw_error_memory(err);
    if (bw_evaluate_reserve(&t->evaluate, bw_tree_n_nodes(tree)))
        return bw_error_memory(err);
    bw_arcs arcs = {t->ground, &m->source[0], &m->sink[0], t->is_swapped,
                    false};
    m->counts.n_solved++;
    if (c->is_real || t->options.with_certificate || t->options.with_potentials)
        bw_multiscale_sort(m, tree);
    solution->cost = bw_evaluate_cost(&t->evaluate, &arcs, tree, &masses);
    status = isfinite(solution->cost)
                 ? check_left_out(t, c, err)
                 : bw_error_set(err, BW_ERR_RANGE, "the cost overflows");
    if (!status && t->options.with_certificate)
        status = certify(t, &arcs, tree, &masses, solution, err);
    if (status)
        return status;
    if (t->options.with_plan)
        push_tree_arcs(t, tree, &masses);
    if (t->options.with_potentials) {
        bw_arcs_potentials(&arcs, tree, t->evaluate.potential);
        status = complete_potentials(t, tree, err);
    }
    return status;
}

/* Where both are one distribution, nothing needs to move. */
static void solve_still(bw_transport *t, const bw_common *c)
{
    const bw_histogram *a = c->h[0];
    for (size_t q = 0; q < a->n; q++)
        push_arc(t, a->bin[q], a->bin[q], bw_common_mass(c, 0, q));
    if (t->options.with_potentials)
        zero_potentials(t);
}

/* Whether a pair is faster as a flow. In microseconds, on images of 16x16 to
 * 28x28 pixels, sparse and dense, with AVX-512: .37 a pixel of the box under
 * l1 and .62 under linf, beside 30 + n^2 / 3000 of bitmask for n bins that
 * hold mass, of both. Beyond that method's reach a flow is always faster. */
static bool prefers_flow(const bw_transport *t, const bw_common *c)
{
    size_t n[2] = {c->h[0]->n, c->h[1]->n};
    if (t->options.method != BW_METHOD_AUTO || !bw_flow_pair_serves(t->ground))
        return t->options.method == BW_METHOD_FLOW;
    if (n[0] > BW_BITMASK_MAX_SINKS && n[1] > BW_BITMASK_MAX_SINKS)
        return true;
    double sum = (double)(n[0] + n[1]);
    double pixel = t->ground->norm == BW_NORM_L1 ? .37 : .62;
    return pixel * (double)bw_flow_pair_pixels(t->ground, c) <
           30 + sum * sum / 3000;
}

static bw_status solve_flow(bw_transport *t, const bw_common *c,
                            bw_solution *solution, bw_error *err)
{
    bw_status status = bw_flow_pair_solve(
        &t->flow, t->ground, c, t->options.with_certificate,
        t->options.with_plan ? &t->plan : NULL, solution, err);
    if (status)
        return status;
    t->multiscale.counts.n_solved++;
    if (t->options.with_potentials)
        bw_flow_pair_potentials(&t->flow, t->ground, t->potential[0],
                                t->potential[1]);
    return BW_OK;
}

static bw_status solve_matrix(bw_transport *t, const bw_common *c,
                              bw_solution *solution, bw_error *err)
{
    size_t most = c->h[0]->n > c->h[1]->n ? c->h[0]->n : c->h[1]->n;
    if (reserve_sides(t, most))
        return bw_error_memory(err);
    t->multiscale.source[0].n = t->multiscale.sink[0].n = 0;
    if (t->ground->is_metric && !c->is_real)
        fill_cancelled(t, c);
    else
        fill_whole(t, c);
    return solve_sides(t, c, solution, err);
}

bw_status bw_transport_solve(bw_transport *t, const bw_histogram *a,
                             const bw_histogram *b, bw_normalize normalize,
                             bw_solution *solution, bw_error *err)
{
    bw_common c;
    *solution = (bw_solution){0};
    bw_watch_start(&t->multiscale.watch);
    bw_status status = bw_common_make(a, b, normalize, &c, err);
    if (status)
        return status;
    if (t->options.with_plan && bw_plan_reserve(&t->plan, 2 * (a->n + b->n)))
        return bw_error_memory(err);
    if (t->ground->has_zero_diagonal && bw_common_is_same(&c))
        solve_still(t, &c);
    else if (prefers_flow(t, &c))
        status = solve_flow(t, &c, solution, err);
    else
        status = solve_matrix(t, &c, solution, err);
    if (status)
        return status;
    if (t->options.with_plan) {
        bw_plan_finish(&t->plan);
        solution->n_arcs = t->plan.n;
        solution->arc = (const uint32_t(*)[2])t->plan.bin;
        solution->mass = t->plan.mass;
    }
    if (t->options.with_potentials) {
        solution->potential_source = t->potential[0];
        solution->potential_target = t->potential[1];
    }
    bw_watch_lap(&t->multiscale.watch, BW_PART_VALUE);
    return BW_OK;
}
