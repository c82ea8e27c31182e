/* zoom.h - the costs of a problem less the potentials of one of its bases,
 * enlarged.
 *
 * Small costs have some 24 bits. Where costs reach far apart, or differ in
 * their last digits only, that tells too little: a basis that is optimal for
 * them leaves most of the arcs undecided. But less its potentials,
 *
 *     r_ij = c_ij - u_i - v_j,
 *
 * the problem has the same plans, and the arcs that are undecided have small
 * r_ij: these can be enlarged, the others are cut off at the largest small
 * cost, and small integers resolve the next 20 bits. (Goldberg and Tarjan's
 * scaling, 1990, with a simplex for what they have between two scales.)
 */
#ifndef BW_ZOOM_H
#define BW_ZOOM_H

#include <math.h>

#include "barrow/status.h"
#include "ot/arcs.h"
#include "ot/pricing.h"

typedef struct bw_zoom {
    bw_arcs arcs;
    double scale; /* of r_ij */
    /* Of nodes, sinks first: the potentials, and the same as sums of two
     * doubles, of which the high ones are multiples of one power of two. Two of
     * those add up exactly, and what a cost leaves of them is exact but for
     * 2^-53 of itself. */
    bw_wide *origin;
    double *high, *low;
    size_t cap_nodes;
} bw_zoom;

/* Takes the potentials of a basis, whose order[] is valid. The sides of arcs
 * must stay. BW_ERR_MEMORY. */
bw_status bw_zoom_open(bw_zoom *z, const bw_arcs *arcs, const bw_tree *tree,
                       double scale) BW_MUST_CHECK;
void bw_zoom_clear(bw_zoom *z);

/* A cost less the potentials of source i and sink j, not scaled. */
static inline double bw_zoom_reduce(const bw_zoom *z, double cost, size_t i,
                                    size_t j)
{
    size_t k = z->arcs.sinks->n + i;
    return cost - (z->high[k] + z->high[j]) - (z->low[k] + z->low[j]);
}

/* r_ij * scale, not rounded: within 2^-20. */
static inline double bw_zoom_cost(const bw_zoom *z, size_t i, size_t j)
{
    return bw_zoom_reduce(z, bw_arcs_cost(&z->arcs, i, j), i, j) * z->scale;
}

/* As pricing takes it. None is below the range: enough scale is left. */
static inline int32_t bw_zoom_round(double cost)
{
    const double most = BW_PRICING_MAX_COST;
    return (int32_t)lrint(fmax(fmin(cost, most), -most));
}

/* Whether costs have digits that the scale does not show. Not on a grid, whose
 * tables know no potentials. */
bool bw_zoom_can(const bw_arcs *arcs, double scale);

#endif
