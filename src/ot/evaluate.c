/* evaluate.c - flows, values and certificates of evaluate.h. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "ot/bitmask.h"
#include "ot/evaluate.h"
#include "ot/perturb.h"
#include "ot/ratio.h"

void bw_evaluate_clear(bw_evaluate *e)
{
    free(e->flow);
    free(e->real_flow);
    free(e->potential);
    free(e->narrow);
    free(e->row);
    free(e->small);
    free(e->real);
    *e = (bw_evaluate){0};
}

bw_status bw_evaluate_reserve(bw_evaluate *e, size_t n_nodes)
{
    if (n_nodes <= e->cap_nodes)
        return BW_OK;
    bw_evaluate_clear(e);
    size_t n = n_nodes + n_nodes / 4;
    e->flow = malloc(n * sizeof *e->flow);
    e->real_flow = malloc(n * sizeof *e->real_flow);
    e->potential = malloc(n * sizeof *e->potential);
    e->narrow = malloc(n * sizeof *e->narrow);
    e->row = malloc(n * sizeof *e->row);
    e->small = malloc((n + 16) * sizeof *e->small);
    e->real = malloc(n * sizeof *e->real);
    if (!e->flow || !e->real_flow || !e->potential || !e->narrow || !e->row ||
        !e->small || !e->real) {
        bw_evaluate_clear(e);
        return BW_ERR_MEMORY;
    }
    e->cap_nodes = n;
    return BW_OK;
}

/* The arc that node k of a tree carries: source and sink by their numbers. */
static void arc_of(const bw_tree *tree, size_t k, size_t *i, size_t *j)
{
    size_t up = (size_t)tree->parent[k];
    *j = k < tree->n_sinks ? k : up;
    *i = (k < tree->n_sinks ? up : k) - tree->n_sinks;
}

/* ---- flows and the primal value ---- */

static void integer_flows(bw_evaluate *e, const bw_tree *tree, int shift)
{
    size_t n_nodes = bw_tree_n_nodes(tree);
    for (size_t k = 0; k < n_nodes; k++)
        e->flow[k] = bw_perturb_true_flow(tree->flow[k], shift);
}

static long double real_mass(const bw_masses *m, const bw_tree *tree, size_t k)
{
    return k < tree->n_sinks ? m->real_sink[k]
                             : m->real_source[k - tree->n_sinks];
}

/* Leaves first: what a node has and does not exchange with its children goes
 * over its own arc. */
static void real_flows(bw_evaluate *e, const bw_tree *tree, const bw_masses *m)
{
    size_t n_nodes = bw_tree_n_nodes(tree);
    for (size_t k = 0; k < n_nodes; k++)
        e->real_flow[k] = real_mass(m, tree, k);
    for (size_t k = 0; k + 1 < n_nodes; k++) {
        int32_t node = tree->order[k];
        e->real_flow[tree->parent[node]] -= e->real_flow[node];
        if (e->real_flow[node] < 0)
            e->real_flow[node] = 0;
    }
    e->real_flow[tree->order[n_nodes - 1]] = 0;
}

/* Takes all mass from forbidden arcs. */
static void leave_out(bw_evaluate *e, const bw_arcs *arcs, const bw_tree *tree,
                      const bw_masses *m)
{
    e->left_out = 0;
    if (arcs->ground->forbidden == 0)
        return;
    for (size_t k = 0; k < bw_tree_n_nodes(tree); k++) {
        size_t i, j;
        if (tree->parent[k] < 0)
            continue;
        arc_of(tree, k, &i, &j);
        if (!bw_arcs_is_forbidden(arcs, i, j))
            continue;
        e->left_out +=
            m->is_integral ? (long double)e->flow[k] : e->real_flow[k];
        e->flow[k] = 0;
        e->real_flow[k] = 0;
    }
}

/* The primal value times the denominator, in integers, by costs from `cost`.
 * Flows add up to less than 2^62 (perturb.h) and exact costs are below 2^60
 * (ground.h): the sum is below 2^122. */
static bw_wide integer_value(const bw_evaluate *e, const bw_arcs *arcs,
                             const bw_tree *tree,
                             int64_t (*cost)(const bw_arcs *, size_t, size_t))
{
    bw_wide sum = 0;
    for (size_t k = 0; k < bw_tree_n_nodes(tree); k++) {
        if (e->flow[k] == 0)
            continue;
        size_t i, j;
        arc_of(tree, k, &i, &j);
        sum += (bw_wide)e->flow[k] * cost(arcs, i, j);
    }
    return sum;
}

/* The same for other than integer costs and masses. */
static long double real_value(const bw_evaluate *e, const bw_arcs *arcs,
                              const bw_tree *tree, const bw_masses *m,
                              double (*cost)(const bw_arcs *, size_t, size_t))
{
    long double sum = 0;
    for (size_t k = 0; k < bw_tree_n_nodes(tree); k++) {
        long double flow =
            m->is_integral ? (long double)e->flow[k] : e->real_flow[k];
        if (flow == 0)
            continue;
        size_t i, j;
        arc_of(tree, k, &i, &j);
        sum += flow * (long double)cost(arcs, i, j);
    }
    return sum;
}

double bw_evaluate_cost(bw_evaluate *e, const bw_arcs *arcs,
                        const bw_tree *tree, const bw_masses *m)
{
    if (!m->is_integral) {
        real_flows(e, tree, m);
        leave_out(e, arcs, tree, m);
        return (double)real_value(e, arcs, tree, m, bw_arcs_cost);
    }
    integer_flows(e, tree, m->shift);
    leave_out(e, arcs, tree, m);
    if (arcs->ground->is_exact)
        return bw_ratio_round(integer_value(e, arcs, tree, bw_arcs_narrow),
                              m->denominator);
    return (double)(real_value(e, arcs, tree, m, bw_arcs_cost) /
                    (long double)m->denominator);
}

/* ---- the certificate ---- */

/* Every bin's flows must add up to its mass, and be none below 0. */
static bw_status check_marginals(const bw_evaluate *e, const bw_tree *tree,
                                 const bw_masses *m, bw_error *err)
{
    size_t n_nodes = bw_tree_n_nodes(tree), n_sinks = tree->n_sinks;
    int64_t *left = e->row;
    for (size_t k = 0; k < n_nodes; k++)
        left[k] = k < n_sinks ? m->sink[k] : m->source[k - n_sinks];
    for (size_t k = 0; k < n_nodes; k++) {
        if (tree->parent[k] < 0)
            continue;
        left[k] -= e->flow[k];
        left[tree->parent[k]] -= e->flow[k];
        if (e->flow[k] < 0)
            return bw_error_set(err, BW_ERR_INTERNAL, "a plan is negative");
    }
    for (size_t k = 0; k < n_nodes; k++)
        if (left[k] != 0)
            return bw_error_set(err, BW_ERR_INTERNAL,
                                "a plan misses its marginals by %lld",
                                (long long)left[k]);
    return BW_OK;
}

/* ---- lines ----
 *
 * Along a line costs are Monge: c(i,j) + c(i+1,j+1) <= c(i,j+1) + c(i+1,j) for
 * bins in order, since they are convex in the distance. So are the reduced
 * costs r = c - u - v. Where the basis is a staircase from the first source and
 * sink to the last, with r = 0 on it, r(i,.) does not fall beyond the end of
 * row i: r(i,j+1) - r(i,j) >= r(k,j+1) - r(k,j) for k > i, which is 0 in the
 * row k where the stairs go from j to j + 1; the same holds before it and along
 * columns. Hence u + v <= c everywhere, and to look at the arcs of the basis is
 * proof enough: O(bins) in place of O(bins^2). (Rounding of the costs to
 * doubles breaks the inequality by as much; it is that of the value, too.) */

static double place_on_line(const bw_ground *g, uint32_t bin)
{
    return g->kind == BW_GROUND_POINTS ? g->coordinate[bin] : bin;
}

static bool is_in_order(const bw_ground *g, const bw_side *side)
{
    for (size_t k = 1; k < side->n; k++)
        if (!(place_on_line(g, side->bin[k - 1]) <=
              place_on_line(g, side->bin[k])))
            return false;
    return true;
}

/* Whether the basis is such a staircase: then row i of it goes from sink
 * small[i] to sink row[i], where the next begins. */
static bool find_staircase(bw_evaluate *e, const bw_arcs *arcs,
                           const bw_tree *tree)
{
    size_t n_nodes = bw_tree_n_nodes(tree), n_sinks = tree->n_sinks;
    int64_t n_arcs = 0;
    if (!arcs->ground->is_line || !is_in_order(arcs->ground, arcs->sources) ||
        !is_in_order(arcs->ground, arcs->sinks))
        return false;
    for (size_t i = 0; i < tree->n_sources; i++) {
        e->small[i] = (int32_t)n_sinks;
        e->row[i] = 0;
    }
    for (size_t k = 0; k < n_nodes; k++) {
        size_t i, j;
        if (tree->parent[k] < 0)
            continue;
        arc_of(tree, k, &i, &j);
        e->small[i] = (int32_t)j < e->small[i] ? (int32_t)j : e->small[i];
        e->row[i] = (int64_t)j > e->row[i] ? (int64_t)j : e->row[i];
    }
    for (size_t i = 0; i < tree->n_sources; i++) {
        if (e->small[i] != (i > 0 ? e->row[i - 1] : 0))
            return false;
        n_arcs += e->row[i] - e->small[i] + 1;
    }
    /* As many arcs as the stairs have, none of them twice: no gaps. */
    return e->row[tree->n_sources - 1] + 1 == (int64_t)n_sinks &&
           n_arcs == (int64_t)n_nodes - 1;
}

/* The sinks among which source i's potential is the least c_ij - v_j. */
typedef struct span {
    size_t first, end;
} span;

static span sinks_of(const bw_evaluate *e, const bw_arcs *arcs, size_t i,
                     bool is_staircase)
{
    if (!is_staircase)
        return (span){0, arcs->sinks->n};
    return (span){(size_t)e->small[i], (size_t)e->row[i] + 1};
}

/* ---- the dual value ---- */

static void transform_stairs(bw_evaluate *e, const bw_arcs *arcs)
{
    size_t n_sinks = arcs->sinks->n;
    for (size_t i = 0; i < arcs->sources->n; i++) {
        span at = sinks_of(e, arcs, i, true);
        int64_t least = INT64_MAX;
        for (size_t j = at.first; j < at.end; j++) {
            int64_t r = bw_arcs_narrow(arcs, i, j) - e->narrow[j];
            least = least < r ? least : r;
        }
        e->narrow[n_sinks + i] = least;
    }
}

/* The sources' potentials anew, u_i = min_j c_ij - v_j, into narrow[] behind
 * the sinks' v: by the definition. */
static void transform_rows(bw_evaluate *e, const bw_arcs *arcs)
{
    size_t n_sinks = arcs->sinks->n;
    for (size_t i = 0; i < arcs->sources->n; i++) {
        bw_arcs_row(arcs, i, e->row);
        int64_t least = INT64_MAX;
        for (size_t j = 0; j < n_sinks; j++) {
            int64_t r = e->row[j] - e->narrow[j];
            least = least < r ? least : r;
        }
        e->narrow[n_sinks + i] = least;
    }
}

/* The same for squared distances on a grid, sixteen at a time in the units of
 * its points; false where they leave 32 bits. */
static bool transform_squared(bw_evaluate *e, const bw_arcs *arcs)
{
    const bw_ground *g = arcs->ground;
    const int64_t scale = (int64_t)g->unit * g->unit, most = 1 << 29;
    size_t n_sinks = arcs->sinks->n, n_sources = arcs->sources->n;
    if (!g->is_squared)
        return false;
    for (size_t j = 0; j < n_sinks; j++) {
        int64_t v = e->narrow[j] * scale;
        if (v < -most || v > most)
            return false;
        e->small[j] = (int32_t)v;
    }
    int32_t *u = e->small + n_sinks;
    bw_bitmask_transform(n_sinks, arcs->sinks->point, e->small, n_sources,
                         arcs->sources->point, u);
    for (size_t i = 0; i < n_sources; i++)
        e->narrow[n_sinks + i] = u[i] / scale;
    return true;
}

/* The dual value times the denominator, in exact integers: potentials are below
 * 2^60 in size, masses of a side add up to less than 2^62, so both sides' sums
 * are below 2^123 and a gap below 2^124, which ratio.h takes. */
static bw_wide integer_dual(bw_evaluate *e, const bw_arcs *arcs,
                            const bw_masses *m, bool is_staircase)
{
    bw_wide sum = 0;
    size_t n_sinks = arcs->sinks->n;
    for (size_t j = 0; j < n_sinks; j++)
        e->narrow[j] = (int64_t)e->potential[j];
    if (is_staircase)
        transform_stairs(e, arcs);
    else if (!transform_squared(e, arcs))
        transform_rows(e, arcs);
    for (size_t j = 0; j < n_sinks; j++)
        sum += (bw_wide)e->narrow[j] * m->sink[j];
    for (size_t i = 0; i < arcs->sources->n; i++)
        sum += (bw_wide)e->narrow[n_sinks + i] * m->source[i];
    return sum;
}

/* The same in long double, for other than integer costs and masses. */
static long double real_dual(bw_evaluate *e, const bw_arcs *arcs,
                             const bw_masses *m, bool is_staircase)
{
    int exponent = arcs->ground->wide_exponent;
    size_t n_sinks = arcs->sinks->n;
    long double sum = 0;
    for (size_t j = 0; j < n_sinks; j++) {
        long double mass =
            m->is_integral ? (long double)m->sink[j] : m->real_sink[j];
        e->real[j] = ldexpl((long double)e->potential[j], -exponent);
        sum += mass * e->real[j];
    }
    for (size_t i = 0; i < arcs->sources->n; i++) {
        span at = sinks_of(e, arcs, i, is_staircase);
        long double least = HUGE_VALL;
        for (size_t j = at.first; j < at.end; j++) {
            long double r = (long double)bw_arcs_cost(arcs, i, j) - e->real[j];
            least = least < r ? least : r;
        }
        long double mass =
            m->is_integral ? (long double)m->source[i] : m->real_source[i];
        sum += mass * least;
    }
    return sum;
}

/* Costs for the primal value once more, from the bins and the ground cost's
 * definition: what tables and positions the solver went by has no part. */
static double cost_by_bins(const bw_arcs *arcs, size_t i, size_t j)
{
    size_t from = arcs->sources->bin[i], to = arcs->sinks->bin[j];
    double cost = arcs->is_swapped ? bw_ground_cost(arcs->ground, to, from)
                                   : bw_ground_cost(arcs->ground, from, to);
    return bw_ground_finite(arcs->ground, cost);
}

static int64_t integer_by_bins(const bw_arcs *arcs, size_t i, size_t j)
{
    return (int64_t)cost_by_bins(arcs, i, j);
}

bw_status bw_evaluate_gap(bw_evaluate *e, const bw_arcs *arcs,
                          const bw_tree *tree, const bw_masses *m, double *gap,
                          bw_error *err)
{
    bw_arcs_potentials(arcs, tree, e->potential);
    if (m->is_integral) {
        bw_status status = check_marginals(e, tree, m, err);
        if (status)
            return status;
    }
    bool is_staircase = find_staircase(e, arcs, tree);
    if (m->is_integral && arcs->ground->is_exact) {
        bw_wide primal = integer_value(e, arcs, tree, integer_by_bins);
        bw_wide dual = integer_dual(e, arcs, m, is_staircase);
        *gap = bw_ratio_round(primal - dual, m->denominator);
        return BW_OK;
    }
    /* What was left out counts here, against potentials that know of it. */
    long double primal = real_value(e, arcs, tree, m, cost_by_bins) +
                         e->left_out * arcs->ground->forbidden;
    long double gap_sum = primal - real_dual(e, arcs, m, is_staircase);
    long double denominator = m->is_integral ? (long double)m->denominator : 1;
    *gap = (double)(gap_sum / denominator);
    return BW_OK;
}
