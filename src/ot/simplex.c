/* simplex.c - the network simplex of simplex.h.
 *
 *   the tree      child lists, potentials, loading
 *   pivot         cycle, leaving arc, stem reversal
 *   pricing       one row of arcs at a time
 *   finish        the arcs that small integers could not judge
 */
#include "config.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "ot/simplex.h"
#include "ot/sum.h"

enum { NONE = -1 };

void bw_simplex_clear(bw_simplex *s)
{
    free(s->first_child);
    free(s->next);
    free(s->previous);
    free(s->depth);
    free(s->path);
    free(s->wide);
    free(s->narrow);
    free(s->cost);
    free(s->suspect);
    free(s->near_arc);
    *s = (bw_simplex){0};
}

bw_status bw_simplex_reserve(bw_simplex *s, size_t n_sources, size_t n_sinks)
{
    size_t n = n_sources + n_sinks;
    if (n <= s->cap_nodes && n_sinks <= s->cap_sinks)
        return BW_OK;
    uint64_t n_pivots = s->n_pivots;
    int (*stopped)(void) = s->stopped;
    bw_simplex_clear(s);
    s->n_pivots = n_pivots;
    s->stopped = stopped;
    n += n / 4;
    s->first_child = malloc(n * sizeof *s->first_child);
    s->next = malloc(n * sizeof *s->next);
    s->previous = malloc(n * sizeof *s->previous);
    s->depth = malloc(n * sizeof *s->depth);
    s->path = malloc(2 * n * sizeof *s->path);
    s->wide = malloc(n * sizeof *s->wide);
    s->narrow = malloc(n * sizeof *s->narrow);
    s->cost = malloc(n * sizeof *s->cost);
    s->suspect = malloc(n * sizeof *s->suspect);
    s->near_arc = malloc(16 * n * sizeof *s->near_arc);
    if (!s->first_child || !s->next || !s->previous || !s->depth || !s->path ||
        !s->wide || !s->narrow || !s->cost || !s->suspect || !s->near_arc) {
        bw_simplex_clear(s);
        return BW_ERR_MEMORY;
    }
    s->cap_nodes = s->cap_sinks = n;
    return BW_OK;
}

/* What one call works on. */
typedef struct solver {
    bw_simplex *s;
    const bw_arcs *arcs;
    bw_tree *tree;
    int32_t n_sinks;
    int shift;         /* wide = narrow << shift, rounding */
    int64_t threshold; /* rounded reduced costs below it need a look */
    int64_t doubt; /* wide ones at least so far from 0 have the right sign */
} solver;

/* ---- the tree ---- */

static void unlink_child(bw_simplex *s, int32_t node, int32_t parent)
{
    int32_t before = s->previous[node], after = s->next[node];
    if (before == NONE)
        s->first_child[parent] = after;
    else
        s->next[before] = after;
    if (after != NONE)
        s->previous[after] = before;
}

static void link_child(bw_simplex *s, int32_t node, int32_t parent)
{
    int32_t head = s->first_child[parent];
    s->previous[node] = NONE;
    s->next[node] = head;
    if (head != NONE)
        s->previous[head] = node;
    s->first_child[parent] = node;
}

static int64_t rounded(const solver *v, bw_wide wide)
{
    if (v->shift == 0)
        return (int64_t)wide;
    return (int64_t)((wide + ((bw_wide)1 << (v->shift - 1))) >> v->shift);
}

/* Child lists, depths and potentials of the basis given, root first. */
static void load_tree(const solver *v)
{
    bw_simplex *s = v->s;
    size_t n_nodes = bw_tree_n_nodes(v->tree);
    bw_arcs_potentials(v->arcs, v->tree, s->wide);
    for (size_t k = 0; k < n_nodes; k++) {
        s->narrow[k] = rounded(v, s->wide[k]);
        s->first_child[k] = NONE;
    }
    int32_t root = v->tree->order[n_nodes - 1];
    s->next[root] = s->previous[root] = NONE;
    s->depth[root] = 0;
    for (size_t k = n_nodes - 1; k-- > 0;) {
        int32_t node = v->tree->order[k], up = v->tree->parent[node];
        link_child(s, node, up);
        s->depth[node] = s->depth[up] + 1;
    }
}

/* Potentials move by d at the nodes of top's side, by -d at the others, so
 * that all arcs within the subtree stay tight; depths are set anew. */
static void move_subtree(const solver *v, int32_t top, bw_wide d)
{
    bw_simplex *s = v->s;
    bool top_is_sink = top < v->n_sinks;
    size_t n_left = 1;
    s->path[0] = top;
    while (n_left > 0) {
        int32_t node = s->path[--n_left];
        s->depth[node] = s->depth[v->tree->parent[node]] + 1;
        bool is_same_side = (node < v->n_sinks) == top_is_sink;
        s->wide[node] += is_same_side ? d : -d;
        s->narrow[node] = rounded(v, s->wide[node]);
        for (int32_t c = s->first_child[node]; c != NONE; c = s->next[c])
            s->path[n_left++] = c;
    }
}

/* ---- pivot ---- */

/* Both ways from the ends of the entering arc up to where they meet. */
static void find_cycle(const solver *v, const int32_t end[2], int32_t *path[2],
                       size_t n[2])
{
    const bw_simplex *s = v->s;
    int32_t at[2] = {end[0], end[1]};
    n[0] = n[1] = 0;
    while (at[0] != at[1]) {
        int side = s->depth[at[0]] < s->depth[at[1]];
        path[side][n[side]++] = at[side];
        at[side] = v->tree->parent[at[side]];
    }
}

/* Makes stem[0] the top of the subtree of stem[last]: the arcs between turn
 * round. The subtree is unlinked from above and from `parent` on it hangs. */
static void turn_stem(const solver *v, const int32_t *stem, size_t last,
                      int32_t parent, int64_t flow)
{
    bw_tree *tree = v->tree;
    for (size_t k = 0; k <= last; k++)
        unlink_child(v->s, stem[k], tree->parent[stem[k]]);
    for (size_t k = last; k > 0; k--) {
        tree->parent[stem[k]] = stem[k - 1];
        tree->flow[stem[k]] = tree->flow[stem[k - 1]];
        link_child(v->s, stem[k], stem[k - 1]);
    }
    tree->parent[stem[0]] = parent;
    tree->flow[stem[0]] = flow;
    link_child(v->s, stem[0], parent);
}

/* Brings the arc of source node `source` and `sink` into the basis; r is its
 * wide reduced cost. On both ways up, the arcs of nodes at even places
 * lose what the entering arc gains; the unique least of them leaves. */
static void pivot(const solver *v, int32_t source, int32_t sink, bw_wide r)
{
    bw_simplex *s = v->s;
    bw_tree *tree = v->tree;
    int32_t end[2] = {source, sink};
    int32_t *path[2] = {s->path, s->path + s->cap_nodes};
    size_t n[2], last = 0;
    int side = 0;
    find_cycle(v, end, path, n);
    int64_t flow = INT64_MAX;
    for (int k = 0; k < 2; k++)
        for (size_t q = 0; q < n[k]; q += 2)
            if (tree->flow[path[k][q]] < flow) {
                flow = tree->flow[path[k][q]];
                side = k;
                last = q;
            }
    for (int k = 0; k < 2; k++)
        for (size_t q = 0; q < n[k]; q++)
            tree->flow[path[k][q]] += q % 2 ? flow : -flow;
    turn_stem(v, path[side], last, end[!side], flow);
    move_subtree(v, end[side], r);
    s->n_pivots++;
}

/* ---- pricing ---- */

static bw_wide exact_reduced_cost(const solver *v, int32_t i, int32_t j)
{
    return bw_arcs_wide(v->arcs, (size_t)i, (size_t)j) -
           v->s->wide[v->n_sinks + i] - v->s->wide[j];
}

/* The cost of the arc from a node to its parent. */
static double cost_above(const solver *v, int32_t node)
{
    int32_t up = v->tree->parent[node], n_sinks = v->n_sinks;
    size_t j = (size_t)(node < n_sinks ? node : up);
    size_t i = (size_t)((node < n_sinks ? up : node) - n_sinks);
    return bw_arcs_cost(v->arcs, i, j);
}

/* Whether the reduced cost, the sum of costs round the cycle with alternating
 * signs, is below 0 in the costs as they are. O(cycle). */
static bool is_sum_negative(const solver *v, int32_t i, int32_t j)
{
    const int32_t end[2] = {v->n_sinks + i, j};
    int32_t *path[2] = {v->s->path, v->s->path + v->s->cap_nodes};
    size_t n[2];
    bw_sum sum;
    bw_sum_init(&sum);
    bw_sum_add(&sum, bw_arcs_cost(v->arcs, (size_t)i, (size_t)j), false);
    find_cycle(v, end, path, n);
    for (int k = 0; k < 2; k++)
        for (size_t q = 0; q < n[k]; q++)
            bw_sum_add(&sum, cost_above(v, path[k][q]), q % 2 == 0);
    return bw_sum_sign(&sum) < 0;
}

/* Whether an arc of wide reduced cost r may enter. Where wide costs are rounded
 * down, by less than 1 each, r is off by less than a cycle has arcs; what it
 * cannot tell the sum of the costs can. Each pivot lowers the true objective,
 * so that none comes twice. */
static bool can_enter(const solver *v, int32_t i, int32_t j, bw_wide r)
{
    bw_wide doubt = v->doubt;
    return r < doubt && (r <= -doubt || is_sum_negative(v, i, j));
}

/* Scans a row: lists the sinks whose rounded reduced cost is below the
 * threshold, the least first. */
static size_t scan_row(const solver *v, int32_t i)
{
    bw_simplex *s = v->s;
    bw_arcs_row(v->arcs, (size_t)i, s->cost);
    int64_t limit = v->threshold + s->narrow[v->n_sinks + i], least = INT64_MAX;
    size_t n = 0, best = 0;
    for (int32_t j = 0; j < v->n_sinks; j++) {
        int64_t r = s->cost[j] - s->narrow[j];
        if (r >= limit)
            continue;
        if (r < least) {
            least = r;
            best = n;
        }
        s->suspect[n++] = j;
    }
    if (n > 1) {
        int32_t first = s->suspect[0];
        s->suspect[0] = s->suspect[best];
        s->suspect[best] = first;
    }
    return n;
}

/* Whether the row had an arc to enter; the first one found enters. */
static bool pivot_row(const solver *v, int32_t i)
{
    size_t n = scan_row(v, i);
    for (size_t k = 0; k < n; k++) {
        int32_t j = v->s->suspect[k];
        bw_wide r = exact_reduced_cost(v, i, j);
        if (!can_enter(v, i, j, r))
            continue;
        pivot(v, v->n_sinks + i, j, r);
        return true;
    }
    return false;
}

static solver make_solver(bw_simplex *s, const bw_arcs *arcs, bw_tree *tree)
{
    bool is_exact = bw_arcs_is_exact(arcs);
    const bw_ground *g = arcs->ground;
    solver v = {s,
                arcs,
                tree,
                (int32_t)tree->n_sinks,
                is_exact ? 0 : g->wide_exponent - g->narrow_exponent,
                is_exact ? 0 : 2,
                is_exact || g->is_wide_exact ? 0
                                             : (int64_t)bw_tree_n_nodes(tree)};
    load_tree(&v);
    return v;
}

/* Rows between two questions whether to stop. */
enum { PATIENCE = 64 };

/* Rows in turn until a whole round of them has nothing to enter. */
static bw_status solve_rows(const solver *v)
{
    int (*stopped)(void) = v->s->stopped;
    size_t n_clean = 0, n_sources = v->tree->n_sources;
    for (int32_t i = 0; n_clean < n_sources;) {
        if (i % PATIENCE == 0 && stopped && stopped())
            return BW_ERR_INTERRUPTED;
        n_clean = pivot_row(v, i) ? 0 : n_clean + 1;
        i = (size_t)i + 1 < n_sources ? i + 1 : 0;
    }
    return BW_OK;
}

bw_status bw_simplex_solve(bw_simplex *s, const bw_arcs *arcs, bw_tree *tree)
{
    solver v = make_solver(s, arcs, tree);
    return solve_rows(&v);
}

bw_status bw_simplex_check(bw_simplex *s, const bw_arcs *arcs, bw_tree *tree)
{
    bw_status status = bw_simplex_reserve(s, tree->n_sources, tree->n_sinks);
    if (status)
        return status;
    solver v = make_solver(s, arcs, tree);
    for (int32_t i = 0; (size_t)i < tree->n_sources; i++)
        for (int32_t j = 0; (size_t)j < tree->n_sinks; j++)
            if (can_enter(&v, i, j, exact_reduced_cost(&v, i, j)))
                return BW_ERR_INTERNAL;
    return BW_OK;
}

/* ---- finish ---- */

/* More arcs a node than this near the optimum, and small costs have told too
 * little: high powers, or one cost that dwarfs the rest. Rows, whose best arc
 * enters, then take fewer pivots. */
static const size_t most_near = 8;
/* Of a large problem, where rows are dear. */
static const size_t most_near_priced = 64;

/* Potentials rounded to small units; false where they leave 31 bits. */
static bool round_potentials(const solver *v, double scale, int32_t *u,
                             int32_t *p)
{
    const bw_simplex *s = v->s;
    const double most = 1 << 29;
    double factor = ldexp(scale, -v->arcs->ground->narrow_exponent);
    for (size_t k = 0; k < bw_tree_n_nodes(v->tree); k++) {
        double small = (double)s->narrow[k] * factor;
        if (fabs(small) > most)
            return false;
        int32_t *to = k < v->tree->n_sinks ? p + k : u + k - v->tree->n_sinks;
        *to = (int32_t)lrint(small);
    }
    return true;
}

/* Pivots on those of n arcs that can enter; whether there was one. */
static bool pivot_arcs(const solver *v, int32_t (*arc)[2], size_t n)
{
    bool is_changed = false;
    for (size_t k = 0; k < n; k++) {
        int32_t i = arc[k][0], j = arc[k][1], source = v->n_sinks + i;
        if (v->tree->parent[source] == j || v->tree->parent[j] == source)
            continue;
        bw_wide r = exact_reduced_cost(v, i, j);
        if (!can_enter(v, i, j, r))
            continue;
        pivot(v, source, j, r);
        is_changed = true;
    }
    return is_changed;
}

bw_status bw_simplex_finish(bw_simplex *s, const bw_arcs *arcs, bw_tree *tree,
                            bw_bitmask *bitmask, double scale, bool *is_done)
{
    solver v = make_solver(s, arcs, tree);
    size_t n_blocks = (tree->n_sources + 15) / 16;
    bool fits = true;
    for (bool is_changed = true; is_changed && fits;) {
        is_changed = false;
        size_t n_near = 0;
        fits = round_potentials(&v, scale, bitmask->u, bitmask->v);
        for (size_t b = 0; b < n_blocks && fits; b++) {
            size_t n = bw_bitmask_scan(bitmask, b, bitmask->u, bitmask->v, 2,
                                       s->near_arc);
            n_near += n;
            fits = n_near <= most_near * bw_tree_n_nodes(tree);
            is_changed |= fits && pivot_arcs(&v, s->near_arc, n);
        }
    }
    *is_done = fits;
    return BW_OK;
}

/* Values of p from the exact potentials, less their origin; false where they
 * leave its range. */
static bool round_values(const solver *v, bw_pricing *p,
                         const bw_wide *opt_origin)
{
    const bw_simplex *s = v->s;
    double factor = ldexp(p->scale, -v->arcs->ground->wide_exponent);
    size_t n_sinks = v->tree->n_sinks;
    for (size_t k = 0; k < bw_tree_n_nodes(v->tree); k++) {
        bw_wide moved = s->wide[k] - (opt_origin ? opt_origin[k] : 0);
        double small = (double)moved * factor;
        if (fabs(small) > BW_PRICING_MAX_VALUE)
            return false;
        if (k < n_sinks)
            p->value[p->slot[k]] = -(int32_t)lrint(small);
        else
            p->value[p->n_slots + k - n_sinks] = (int32_t)lrint(small);
    }
    bw_pricing_bound(p);
    return true;
}

/* The arcs of row i whose small reduced cost does not clear them: how many. */
static size_t list_near(const solver *v, bw_pricing *p, size_t i)
{
    bw_simplex *s = v->s;
    size_t n = p->kind->list(p, i, p->value[p->n_slots + i] + 2, s->suspect);
    for (size_t k = 0; k < n; k++) {
        s->near_arc[k][0] = (int32_t)i;
        s->near_arc[k][1] = p->sink[s->suspect[k]];
    }
    return n;
}

/* How far below 0 any small reduced cost is, rounding included; at least 1. */
static int32_t least_reduced(bw_pricing *p, size_t n_sources)
{
    int32_t left = 1;
    for (size_t i = 0; i < n_sources; i++) {
        int32_t slot, u = p->value[p->n_slots + i];
        int32_t least = p->kind->row(p, i, u, &slot);
        left = left > u - least ? left : u - least;
    }
    return left + 2;
}

bw_status bw_simplex_finish_priced(bw_simplex *s, const bw_arcs *arcs,
                                   bw_tree *tree, bw_pricing *p,
                                   const bw_wide *opt_origin, int32_t *opt_left)
{
    solver v = make_solver(s, arcs, tree);
    size_t n_nodes = bw_tree_n_nodes(tree);
    uint64_t most_pivots =
        opt_left ? s->n_pivots + n_nodes / 16 + 64 : UINT64_MAX;
    bool fits = true;
    for (bool is_changed = true; is_changed && fits;) {
        is_changed = false;
        size_t n_near = 0;
        fits = round_values(&v, p, opt_origin);
        for (size_t i = 0; i < tree->n_sources && fits; i++) {
            if (i % PATIENCE == 0 && s->stopped && s->stopped())
                return BW_ERR_INTERRUPTED;
            size_t n = list_near(&v, p, i);
            n_near += n;
            fits = n_near <= most_near_priced * n_nodes;
            is_changed |= fits && pivot_arcs(&v, s->near_arc, n);
            fits = fits && s->n_pivots <= most_pivots;
        }
    }
    if (opt_left)
        *opt_left = 0;
    if (fits)
        return BW_OK;
    if (!opt_left || !round_values(&v, p, opt_origin))
        return solve_rows(&v);
    *opt_left = least_reduced(p, tree->n_sources);
    return BW_OK;
}
