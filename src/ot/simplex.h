/* simplex.h - primal network simplex for any ground cost and any size, exact
 * for any finite costs.
 *
 * The tree is kept by child lists, so that a pivot costs its cycle and the
 * subtree that it moves. Potentials are 128-bit integers, exact sums of costs
 * in fixed point (struct bw_ground); beside them stand their roundings to 64
 * bits, for the scan over arcs. A rounded reduced cost is off by at most 3/2,
 * so an arc whose rounded one is 2 or more cannot enter, and every other is
 * judged by the exact one. The method ends when a whole round of rows has
 * found no arc to enter: that is the proof of optimality. Where costs are
 * integers, 64 bits are exact already. Where they reach further apart than 128
 * bits do, what those leave in doubt is judged by sums that round nothing
 * (sum.h).
 */
#ifndef BW_SIMPLEX_H
#define BW_SIMPLEX_H

#include "barrow/status.h"
#include "ot/arcs.h"
#include "ot/bitmask.h"
#include "ot/pricing.h"
#include "ot/tree.h"

typedef struct bw_simplex {
    int32_t *first_child, *next, *previous, *depth; /* of nodes */
    int32_t *path; /* scratch: both sides of a cycle, or a stack */
    bw_wide *wide; /* potentials of nodes */
    int64_t *narrow;
    int64_t *cost;          /* one row */
    int32_t *suspect;       /* sinks of a row that the scan could not clear */
    int32_t (*near_arc)[2]; /* of a block of sixteen sources */
    size_t cap_nodes, cap_sinks;
    uint64_t n_pivots;    /* summed over calls */
    int (*stopped)(void); /* may be NULL */
} bw_simplex;

bw_status bw_simplex_reserve(bw_simplex *s, size_t n_sources,
                             size_t n_sinks) BW_MUST_CHECK;
void bw_simplex_clear(bw_simplex *s);

/* Pivots from the feasible basis in tree to an optimal one. tree->order is
 * valid on entry, not kept up. BW_ERR_INTERRUPTED where stopped, asked every
 * few dozen rows, is not 0: the basis is feasible then. */
bw_status bw_simplex_solve(bw_simplex *s, const bw_arcs *arcs,
                           bw_tree *tree) BW_MUST_CHECK;

/* Whether the basis is optimal for the costs as they are, by looking at every
 * arc: BW_ERR_INTERNAL when one can enter, BW_ERR_MEMORY. tree->order is valid.
 * Integer flows of an optimal basis leave no gap to any dual value. */
bw_status bw_simplex_check(bw_simplex *s, const bw_arcs *arcs,
                           bw_tree *tree) BW_MUST_CHECK;

/* bw_simplex_solve from a basis that bitmask has made optimal for its matrix of
 * small costs, which are the true ones times scale, rounded. A small reduced
 * cost under the exact potentials, rounded too, is off by at most 3/2 and a
 * bit: only arcs where it is below 2 need the exact one. They are few, and
 * found sixteen at a time. Where there are too many, *is_done is false: the
 * basis is feasible then, and another solver must go on from it. */
bw_status bw_simplex_finish(bw_simplex *s, const bw_arcs *arcs, bw_tree *tree,
                            bw_bitmask *bitmask, double scale,
                            bool *is_done) BW_MUST_CHECK;

/* From a basis that is optimal for the small costs of p; what is near is found
 * by its search. Its values are lost. opt_origin: potentials that its
 * costs are less (zoom.h). Where small costs tell too little it gives up if it
 * has opt_left, else rows are looked at in turn: *opt_left is above 0 then, and
 * no small reduced cost is below -*opt_left under the exact potentials of the
 * basis. It is 0 where the basis is optimal. */
bw_status bw_simplex_finish_priced(bw_simplex *s, const bw_arcs *arcs,
                                   bw_tree *tree, bw_pricing *p,
                                   const bw_wide *opt_origin,
                                   int32_t *opt_left) BW_MUST_CHECK;

#endif
