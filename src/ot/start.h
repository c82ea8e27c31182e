/* start.h - feasible bases to start from.
 *
 * All are built by shipping: mass goes from a source to a sink until one of
 * them is exhausted, and the exhausted one hangs below the other by that arc.
 * No proper subset balances, so exactly one is exhausted by each shipment but
 * the last: n_sources + n_sinks - 1 arcs come out, a spanning tree with its
 * flows, its leaf-first order and its root.
 */
#ifndef BW_START_H
#define BW_START_H

#include "barrow/status.h"
#include "ot/arcs.h"
#include "ot/bitmask.h"
#include "ot/tree.h"

typedef struct bw_start {
    int64_t *supply, *demand; /* what is left to ship */
    int32_t *u, *v;           /* duals that guide, of sources and sinks */
    uint8_t *is_gone;         /* of sinks */
    int32_t *cost;            /* one row */
    bw_bitmask_least least;
    size_t cap_sources, cap_sinks;
} bw_start;

bw_status bw_start_reserve(bw_start *start, size_t n_sources,
                           size_t n_sinks) BW_MUST_CHECK;
void bw_start_clear(bw_start *start);

/* tree has room for the nodes of the two sides of arcs. Each call fills it. */

/* The north-west corner rule in the order given: along the staircase from the
 * first source and sink to the last. */
void bw_start_staircase(bw_start *start, const bw_arcs *arcs, bw_tree *tree);

/* The same by real masses, which long lines need: integers of a common total
 * are too coarse for their sums. Flows stay 0. */
void bw_start_staircase_real(const bw_arcs *arcs, const long double *source,
                             const long double *sink, bw_tree *tree);

/* Each source in turn ships to the cheapest sinks that are left. O(rows). */
void bw_start_rows(bw_start *start, const bw_arcs *arcs, double scale,
                   bw_tree *tree);

/* From an optimal basis of the next coarser level: every coarse leaf's bins
 * ship to the bins of its parent, cheapest first by the costs reduced by the
 * coarse duals, whose c-transform gives every bin its own. coarse->order is
 * valid; coarse_v are the duals of the coarse sinks, coarse_u of the sources,
 * in the table's units, for points in those of bw_ground_fine_scale. */
void bw_start_guided(bw_start *start, const bw_arcs *arcs,
                     const bw_arcs *coarse_arcs, const bw_tree *coarse,
                     const int32_t *coarse_u, const int32_t *coarse_v,
                     bw_tree *tree);

#endif
