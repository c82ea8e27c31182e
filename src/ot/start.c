/* start.c - the starts of start.h, all by the same shipment. */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ot/bitmask.h"
#include "ot/points.h"
#include "ot/start.h"

void bw_start_clear(bw_start *s)
{
    free(s->supply);
    free(s->demand);
    free(s->u);
    free(s->v);
    free(s->is_gone);
    free(s->cost);
    *s = (bw_start){0};
}

bw_status bw_start_reserve(bw_start *s, size_t n_sources, size_t n_sinks)
{
    if (n_sources <= s->cap_sources && n_sinks <= s->cap_sinks)
        return BW_OK;
    size_t n = n_sources > s->cap_sources ? n_sources : s->cap_sources;
    size_t m = n_sinks > s->cap_sinks ? n_sinks : s->cap_sinks;
    bw_start_clear(s);
    s->supply = malloc(n * sizeof *s->supply);
    s->demand = malloc(m * sizeof *s->demand);
    s->u = malloc((n + 16) * sizeof *s->u);
    s->v = malloc((m + 16) * sizeof *s->v);
    s->is_gone = malloc(m * sizeof *s->is_gone);
    s->cost = malloc((m + 16) * sizeof *s->cost);
    if (!s->supply || !s->demand || !s->u || !s->v || !s->is_gone || !s->cost) {
        bw_start_clear(s);
        return BW_ERR_MEMORY;
    }
    s->least = bw_bitmask_get_least();
    s->cap_sources = n;
    s->cap_sinks = m;
    return BW_OK;
}

/* ---- shipping ---- */

typedef struct shipper {
    int64_t *supply, *demand;
    bw_tree *tree;
    size_t n_done; /* nodes in tree->order */
} shipper;

static shipper begin(bw_start *s, const bw_arcs *arcs, bw_tree *tree)
{
    tree->n_sources = arcs->sources->n;
    tree->n_sinks = arcs->sinks->n;
    memcpy(s->supply, arcs->sources->mass, tree->n_sources * sizeof *s->supply);
    memcpy(s->demand, arcs->sinks->mass, tree->n_sinks * sizeof *s->demand);
    return (shipper){s->supply, s->demand, tree, 0};
}

static void exhaust(shipper *s, size_t node, size_t parent, int64_t flow)
{
    s->tree->parent[node] = (int32_t)parent;
    s->tree->flow[node] = flow;
    s->tree->order[s->n_done++] = (int32_t)node;
}

/* Ships from source i to sink j what both have; true when the source is the
 * one that is exhausted. */
static bool ship(shipper *s, size_t i, size_t j)
{
    int64_t flow = s->supply[i] < s->demand[j] ? s->supply[i] : s->demand[j];
    s->supply[i] -= flow;
    s->demand[j] -= flow;
    bool is_source = s->supply[i] == 0;
    size_t source = s->tree->n_sinks + i;
    if (is_source)
        exhaust(s, source, j, flow);
    else
        exhaust(s, j, source, flow);
    return is_source;
}

/* The sink of the last shipment is exhausted together with its source: the
 * root. */
static void finish(shipper *s, size_t root)
{
    s->tree->parent[root] = -1;
    s->tree->flow[root] = 0;
    s->tree->order[s->n_done++] = (int32_t)root;
}

void bw_start_staircase(bw_start *start, const bw_arcs *arcs, bw_tree *tree)
{
    shipper s = begin(start, arcs, tree);
    size_t i = 0, j = 0;
    while (i < tree->n_sources)
        if (ship(&s, i, j))
            i++;
        else
            j++;
    finish(&s, j);
}

void bw_start_staircase_real(const bw_arcs *arcs, const long double *source,
                             const long double *sink, bw_tree *tree)
{
    shipper s = {.tree = tree};
    size_t n = tree->n_sources = arcs->sources->n;
    size_t m = tree->n_sinks = arcs->sinks->n;
    size_t i = 0, j = 0;
    /* Of the sources so far, less that of the sinks so far. */
    long double left = source[0] - sink[0];
    while (i + 1 < n || j + 1 < m) {
        if (i + 1 < n && (left <= 0 || j + 1 == m)) {
            exhaust(&s, m + i, j, 0);
            left += source[++i];
        } else {
            exhaust(&s, j, m + i, 0);
            left -= sink[++j];
        }
    }
    exhaust(&s, m + i, j, 0);
    finish(&s, j);
}

void bw_start_rows(bw_start *start, const bw_arcs *arcs, double scale,
                   bw_tree *tree)
{
    shipper s = begin(start, arcs, tree);
    size_t n_sinks = tree->n_sinks, best = 0;
    memset(start->is_gone, 0, n_sinks);
    for (size_t i = 0; i < tree->n_sources; i++) {
        bw_arcs_small_row(arcs, i, scale, start->cost);
        for (bool is_done = false; !is_done;) {
            int32_t least = INT32_MAX;
            for (size_t j = 0; j < n_sinks; j++)
                if (!start->is_gone[j] && start->cost[j] < least) {
                    least = start->cost[j];
                    best = j;
                }
            is_done = ship(&s, i, best);
            start->is_gone[best] = !is_done;
        }
    }
    finish(&s, best);
}

/* ---- guided ---- */

/* to[k] = min over from of cost - dual: on the scale of the duals. */
static void transform(const bw_ground *g, const bw_side *from,
                      const int32_t *dual, const bw_side *to, int32_t *out)
{
    if (g->kind == BW_GROUND_POINTS) {
        bw_points_rule rule = bw_points_make_rule(g, bw_ground_fine_scale(g));
        bw_points_transform(&rule, from->n, from->at, dual, to->n, to->at, out);
        return;
    }
    if (g->is_squared) {
        bw_bitmask_transform(from->n, from->point, dual, to->n, to->point, out);
        return;
    }
    bw_bitmask_transform_table(g->table, g->table_stride, from->n, from->point,
                               dual, to->n, to->point, out);
}

/* The bins of a coarse node that still have mass. At most four. */
static size_t left_bins(const bw_side *coarse, size_t node, const int64_t *left,
                        uint32_t bin[5])
{
    size_t n = 0;
    for (uint32_t k = coarse->first[node]; k < coarse->first[node + 1]; k++) {
        bin[n] = k;
        n += left[k] > 0 ? 1 : 0;
    }
    return n;
}

/* Up to four sources and four sinks: lane 4 a + b is source a and sink b. */
typedef struct quad {
    uint32_t source[5], sink[5]; /* one more than can be: see left_bins */
    size_t n_sources, n_sinks;
    int32_t cost[16]; /* reduced by the duals */
    uint32_t alive;   /* a bit a lane */
} quad;

static void price_quad(quad *q, const bw_start *start, const bw_arcs *arcs)
{
    const bw_ground *g = arcs->ground;
    double scale = g->kind == BW_GROUND_GRID ? 1 : bw_ground_fine_scale(g);
    q->alive = 0;
    for (size_t a = 0; a < q->n_sources; a++) {
        uint32_t i = q->source[a];
        for (size_t b = 0; b < q->n_sinks; b++) {
            uint32_t j = q->sink[b];
            q->cost[4 * a + b] =
                bw_arcs_small(arcs, i, j, scale) - start->u[i] - start->v[j];
        }
        q->alive |= ((1u << q->n_sinks) - 1) << 4 * a;
    }
}

/* Ships all that is left in one coarse node to its parent, whose sum is
 * greater: the cheapest pair of bins first. The last sink shipped to. */
static size_t empty_node(shipper *s, quad *q, bool is_source_node,
                         bw_bitmask_least least)
{
    size_t n_left = is_source_node ? q->n_sources : q->n_sinks, last = 0;
    while (n_left > 0) {
        unsigned k = (unsigned)least(q->cost, q->alive), a = k / 4, b = k % 4;
        last = q->sink[b];
        bool is_source = ship(s, q->source[a], last);
        n_left -= is_source == is_source_node;
        q->alive &= is_source ? ~(0xfu << 4 * a) : ~(0x1111u << b);
    }
    return last;
}

void bw_start_guided(bw_start *start, const bw_arcs *arcs,
                     const bw_arcs *coarse_arcs, const bw_tree *coarse,
                     const int32_t *coarse_u, const int32_t *coarse_v,
                     bw_tree *tree)
{
    const bw_ground *g = arcs->ground;
    transform(g, coarse_arcs->sinks, coarse_v, arcs->sources, start->u);
    transform(g, coarse_arcs->sources, coarse_u, arcs->sinks, start->v);
    shipper s = begin(start, arcs, tree);
    size_t n_nodes = bw_tree_n_nodes(coarse), n_coarse = coarse->n_sinks;
    size_t last = 0;
    for (size_t k = 0; k + 1 < n_nodes; k++) {
        size_t node = (size_t)coarse->order[k];
        size_t up = (size_t)coarse->parent[node];
        bool is_source_node = node >= n_coarse;
        size_t from = is_source_node ? node : up,
               to = is_source_node ? up : node;
        quad q;
        q.n_sources = left_bins(coarse_arcs->sources, from - n_coarse, s.supply,
                                q.source);
        q.n_sinks = left_bins(coarse_arcs->sinks, to, s.demand, q.sink);
        price_quad(&q, start, arcs);
        last = empty_node(&s, &q, is_source_node, start->least);
    }
    finish(&s, last);
}
