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
                        centres of mass */
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
/* In doubles; not for coarse arcs. */
double bw_arcs_cost(const bw_arcs *arcs, size_t i, size_t j);
/* The small integer: on a grid from the table, else scaled by scale. */
int32_t bw_arcs_small(const bw_arcs *arcs, size_t i, size_t j, double scale);

/* Exact potentials of a basis in wide units, root 0: u + v = c on the tree.
 * tree->order is valid. potential has n_nodes items, sinks first. */
void bw_arcs_potentials(const bw_arcs *arcs, const bw_tree *tree,
                        bw_wide *potential);

#endif
