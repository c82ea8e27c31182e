/* arcs.h - the costs of one problem's arcs: a ground cost seen from two sides
 * at one level of coarseness, sources and sinks in the solver's own roles. */
#ifndef BW_ARCS_H
#define BW_ARCS_H

#include <stdbool.h>

#include "ot/ground.h"
#include "ot/side.h"
#include "ot/tree.h"

typedef struct bw_arcs {
    const bw_ground *ground;
    const bw_side *sources, *sinks;
    bool is_swapped; /* the solver's sources are the ground cost's sinks */
    bool is_coarse;  /* costs are the small integers of the table, between
                        centres of mass; of points, on the fine scale */
} bw_arcs;

/* Whether 64-bit costs are all that there is. */
static inline bool bw_arcs_is_exact(const bw_arcs *arcs)
{
    return arcs->is_coarse || arcs->ground->is_exact;
}

/* 64-bit costs of source i and every sink. */
void bw_arcs_row(const bw_arcs *arcs, size_t i, int64_t *cost);
/* One of them. */
int64_t bw_arcs_narrow(const bw_arcs *arcs, size_t i, size_t j);
/* In 128 bits: see struct bw_ground. */
bw_wide bw_arcs_wide(const bw_arcs *arcs, size_t i, size_t j);
/* In doubles; not for coarse arcs. Of a forbidden arc ground->forbidden. */
double bw_arcs_cost(const bw_arcs *arcs, size_t i, size_t j);
/* Whether no mass may take it. */
static inline bool bw_arcs_is_forbidden(const bw_arcs *arcs, size_t i, size_t j)
{
    const bw_ground *g = arcs->ground;
    return g->forbidden > 0 && bw_arcs_cost(arcs, i, j) == g->forbidden;
}
/* The small integer: on a grid from the table, else scaled by scale. Of a
 * forbidden arc it is less than its share, but above all others. */
int32_t bw_arcs_small(const bw_arcs *arcs, size_t i, size_t j, double scale);
/* Those of source i and every sink; room for whole blocks of 16 sinks. */
void bw_arcs_small_row(const bw_arcs *arcs, size_t i, double scale,
                       int32_t *cost);

/* Exact potentials of a basis in wide units, root 0: u + v = c on the tree.
 * tree->order is valid. potential has n_nodes items, sinks first. */
void bw_arcs_potentials(const bw_arcs *arcs, const bw_tree *tree,
                        bw_wide *potential);

#endif
