/* arcs.c - look-ups of arc costs, by the kind of the ground cost. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "ot/arcs.h"
#include "ot/points.h"

double bw_arcs_cost(const bw_arcs *a, size_t i, size_t j)
{
    if (a->ground->kind == BW_GROUND_GRID)
        return a->ground->cost[a->sources->place[i] - a->sinks->place[j]];
    size_t from = a->sources->bin[i], to = a->sinks->bin[j];
    double cost = a->is_swapped ? bw_ground_cost(a->ground, to, from)
                                : bw_ground_cost(a->ground, from, to);
    return bw_ground_finite(a->ground, cost);
}

int64_t bw_arcs_narrow(const bw_arcs *a, size_t i, size_t j)
{
    const bw_ground *g = a->ground;
    if (a->is_coarse)
        return bw_arcs_small(a, i, j, bw_ground_fine_scale(g));
    if (g->kind == BW_GROUND_GRID)
        return g->narrow[a->sources->place[i] - a->sinks->place[j]];
    return bw_ground_narrow(g, bw_arcs_cost(a, i, j));
}

void bw_arcs_row(const bw_arcs *a, size_t i, int64_t *cost)
{
    const bw_ground *g = a->ground;
    size_t n = a->sinks->n;
    if (a->is_coarse || g->kind != BW_GROUND_GRID) {
        for (size_t j = 0; j < n; j++)
            cost[j] = bw_arcs_narrow(a, i, j);
        return;
    }
    const int64_t *row = g->narrow + a->sources->place[i];
    for (size_t j = 0; j < n; j++)
        cost[j] = row[-a->sinks->place[j]];
}

bw_wide bw_arcs_wide(const bw_arcs *a, size_t i, size_t j)
{
    if (bw_arcs_is_exact(a))
        return bw_arcs_narrow(a, i, j);
    if (a->ground->wide)
        return a->ground->wide[a->sources->place[i] - a->sinks->place[j]];
    return bw_ground_wide(a->ground, bw_arcs_cost(a, i, j));
}

int32_t bw_arcs_small(const bw_arcs *a, size_t i, size_t j, double scale)
{
    if (a->ground->kind == BW_GROUND_GRID)
        return bw_ground_small(a->ground, a->sources->point[i],
                               a->sinks->point[j]);
    if (a->ground->kind == BW_GROUND_POINTS) {
        bw_points_rule rule = bw_points_make_rule(a->ground, scale);
        return bw_points_small(&rule,
                               a->sources->at + bw_points_place(i, rule.d),
                               a->sinks->at + bw_points_place(j, rule.d));
    }
    double cost = bw_arcs_cost(a, i, j);
    if (a->ground->forbidden > 0)
        cost = fmin(cost, a->ground->discouraging);
    return (int32_t)lrint(cost * scale);
}

void bw_arcs_small_row(const bw_arcs *a, size_t i, double scale, int32_t *cost)
{
    size_t n = a->sinks->n;
    if (a->ground->kind == BW_GROUND_POINTS) {
        bw_points_rule rule = bw_points_make_rule(a->ground, scale);
        bw_points_row(&rule, a->sources->at + bw_points_place(i, rule.d), n,
                      a->sinks->at, cost);
        return;
    }
    for (size_t j = 0; j < n; j++)
        cost[j] = bw_arcs_small(a, i, j, scale);
}

void bw_arcs_potentials(const bw_arcs *arcs, const bw_tree *tree,
                        bw_wide *potential)
{
    size_t n_nodes = bw_tree_n_nodes(tree), n_sinks = tree->n_sinks;
    potential[tree->order[n_nodes - 1]] = 0;
    for (size_t k = n_nodes - 1; k-- > 0;) {
        size_t node = (size_t)tree->order[k], up = (size_t)tree->parent[node];
        size_t sink = node < n_sinks ? node : up;
        size_t source = (node < n_sinks ? up : node) - n_sinks;
        potential[node] = bw_arcs_wide(arcs, source, sink) - potential[up];
    }
}
