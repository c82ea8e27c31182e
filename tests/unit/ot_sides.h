/* ot_sides.h - what tests of the solvers' insides share: two sides of a random
 * problem as solvers see them, and the checks of a basis. */
#ifndef OT_SIDES_H
#define OT_SIDES_H

#include <stdlib.h>
#include <string.h>

#include "ot/arcs.h"
#include "ot/perturb.h"
#include "ot/tree.h"
#include "ot_case.h"

typedef struct ot_sides {
    bw_ground *ground; /* owned */
    bw_side source, sink;
    bw_arcs arcs; /* of the two sides, finest level */
    bw_tree tree; /* room for both */
    int shift;    /* of the perturbation */
} ot_sides;

static inline void ot_tree_make(bw_tree *tree, size_t n)
{
    *tree = (bw_tree){.parent = malloc(n * sizeof *tree->parent),
                      .flow = malloc(n * sizeof *tree->flow),
                      .order = malloc(n * sizeof *tree->order)};
    cr_assert(tree->parent && tree->flow && tree->order);
}

static inline void ot_tree_free(bw_tree *tree)
{
    free(tree->parent);
    free(tree->flow);
    free(tree->order);
}

static inline void ot_tree_copy(const bw_tree *from, bw_tree *to)
{
    size_t n = bw_tree_n_nodes(from);
    to->n_sources = from->n_sources;
    to->n_sinks = from->n_sinks;
    memcpy(to->parent, from->parent, n * sizeof *to->parent);
    memcpy(to->flow, from->flow, n * sizeof *to->flow);
    memcpy(to->order, from->order, n * sizeof *to->order);
}

static inline void ot_sort(bw_tree *tree)
{
    int32_t *scratch = malloc(bw_tree_n_nodes(tree) * sizeof *scratch);
    cr_assert_not_null(scratch);
    bw_tree_sort(tree, scratch);
    free(scratch);
}

/* n of n_bins bins, rising, at least 1 apart in a random way. */
static inline void ot_pick_bins(bw_random *random, size_t n_bins, size_t n,
                                uint32_t *bin)
{
    for (size_t q = 0, k = 0; q < n_bins && k < n; q++)
        if (bw_random_below(random, n_bins - q) < n - k)
            bin[k++] = (uint32_t)q;
}

static int ot_by_key(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return x[0] < y[0] ? -1 : x[0] > y[0];
}

/* Bins into the order that sides have: a matrix's are in it. */
static inline void ot_sort_bins(bw_side *side, const bw_ground *ground)
{
    uint32_t(*key)[2] = malloc(side->n * sizeof *key);
    cr_assert_not_null(key);
    for (size_t k = 0; k < side->n; k++) {
        uint32_t b = side->bin[k], w = (uint32_t)ground->width;
        key[k][0] = ground->kind == BW_GROUND_GRID
                        ? bw_side_morton(b / w, b % w)
                    : ground->kind == BW_GROUND_POINTS ? ground->code[b]
                                                       : b;
        key[k][1] = b;
    }
    qsort(key, side->n, sizeof *key, ot_by_key);
    for (size_t k = 0; k < side->n; k++)
        side->bin[k] = key[k][1];
    free(key);
}

/* Takes the ground cost over. n bins of the sources and m <= n of the sinks,
 * with masses up to most_mass, in the order of sides. */
static inline void ot_sides_open(ot_sides *s, bw_ground *ground, size_t n,
                                 size_t m, uint64_t most_mass,
                                 bw_random *random)
{
    int64_t sum[2] = {0, 0};
    bw_side *side[2] = {&s->source, &s->sink};
    *s = (ot_sides){.ground = ground, .shift = bw_perturb_shift(n + m)};
    for (int k = 0; k < 2; k++) {
        size_t n_bins = k ? ground->n_sinks : ground->n_sources;
        cr_assert_eq(bw_side_reserve(side[k], k ? m : n), BW_OK);
        side[k]->n = k ? m : n;
        ot_pick_bins(random, n_bins, side[k]->n, side[k]->bin);
        ot_sort_bins(side[k], ground);
        cr_assert_eq(bw_side_place(side[k], ground), BW_OK);
        for (size_t q = 0; q < side[k]->n; q++) {
            side[k]->mass[q] = 1 + (int64_t)bw_random_below(random, most_mass);
            sum[k] += side[k]->mass[q];
        }
    }
    s->source.mass[0] += sum[0] < sum[1] ? sum[1] - sum[0] : 0;
    s->sink.mass[0] += sum[1] < sum[0] ? sum[0] - sum[1] : 0;
    for (size_t i = 0; i < n; i++)
        s->source.mass[i] = (s->source.mass[i] << s->shift) + 1;
    for (size_t j = 0; j < m; j++)
        s->sink.mass[j] <<= s->shift;
    s->sink.mass[0] += (int64_t)n;
    s->arcs = (bw_arcs){ground, &s->source, &s->sink, false, false};
    ot_tree_make(&s->tree, n + m);
}

static inline void ot_sides_close(ot_sides *s)
{
    bw_side_clear(&s->source);
    bw_side_clear(&s->sink);
    ot_tree_free(&s->tree);
    bw_ground_destroy(s->ground);
}

/* A spanning tree whose arcs join the two sides, with positive flows that leave
 * every source and sink with nothing. */
static inline void ot_check_basis(const bw_arcs *arcs, const bw_tree *tree,
                                  const char *label)
{
    size_t n = arcs->sources->n, m = arcs->sinks->n, n_nodes = n + m;
    int64_t *left = malloc(n_nodes * sizeof *left);
    cr_assert_not_null(left);
    cr_assert(tree->n_sources == n && tree->n_sinks == m, "%s", label);
    memcpy(left, arcs->sinks->mass, m * sizeof *left);
    memcpy(left + m, arcs->sources->mass, n * sizeof *left);
    size_t n_roots = 0;
    for (size_t k = 0; k < n_nodes; k++) {
        int32_t up = tree->parent[k];
        size_t n_steps = 0;
        for (int32_t at = (int32_t)k; at >= 0; at = tree->parent[at])
            cr_assert(n_steps++ < n_nodes, "%s: a cycle at node %zu", label, k);
        if (up < 0) {
            cr_assert(k < m && tree->flow[k] == 0, "%s: root %zu", label, k);
            n_roots++;
            continue;
        }
        cr_assert((size_t)up < n_nodes && (k < m) != ((size_t)up < m),
                  "%s: node %zu below %d", label, k, up);
        cr_assert(tree->flow[k] > 0, "%s: node %zu, flow %lld", label, k,
                  (long long)tree->flow[k]);
        left[k] -= tree->flow[k];
        left[up] -= tree->flow[k];
    }
    cr_assert_eq(n_roots, 1, "%s: %zu roots", label, n_roots);
    for (size_t k = 0; k < n_nodes; k++)
        cr_assert(left[k] == 0, "%s: node %zu keeps %lld", label, k,
                  (long long)left[k]);
    free(left);
}

/* Every node stands once in order[], after its children. */
static inline void ot_check_order(const bw_tree *tree, const char *label)
{
    size_t n = bw_tree_n_nodes(tree);
    size_t *place = calloc(n, sizeof *place);
    cr_assert_not_null(place);
    for (size_t k = 0; k < n; k++) {
        cr_assert((size_t)tree->order[k] < n && !place[tree->order[k]],
                  "%s: place %zu of the order", label, k);
        place[tree->order[k]] = k + 1;
    }
    for (size_t k = 0; k < n; k++)
        if (tree->parent[k] >= 0)
            cr_assert(place[k] < place[tree->parent[k]],
                      "%s: node %zu stands after its parent", label, k);
    free(place);
}

/* No arc has a negative reduced cost, exactly. tree->order is valid. */
static inline void ot_check_optimal(const bw_arcs *arcs, const bw_tree *tree,
                                    const char *label)
{
    size_t n = tree->n_sources, m = tree->n_sinks, n_bad = 0;
    bw_wide *u = malloc((n + m) * sizeof *u);
    cr_assert_not_null(u);
    bw_arcs_potentials(arcs, tree, u);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++)
            n_bad += bw_arcs_wide(arcs, i, j) - u[m + i] - u[j] < 0;
    cr_assert(n_bad == 0, "%s: %zu arcs of negative reduced cost", label,
              n_bad);
    free(u);
}

#endif
