/* flow_pair.h - two histograms by flow.h: supplies, value, plan, certificate.
 *
 * Supplies are the differences of masses, so common mass stays in place. They
 * are exact where masses are integers. Reals become integers near 2^60 for the
 * choice of the tree; its flows are then computed again, in fixed point of 128
 * bits. Any tree is feasible under any supplies, so only a flow within the
 * rounding of those integers can have the wrong direction.
 */
#ifndef BW_FLOW_PAIR_H
#define BW_FLOW_PAIR_H

#include <stdbool.h>

#include "barrow/transport.h"
#include "ot/common.h"
#include "ot/flow.h"
#include "ot/ground.h"
#include "ot/plan.h"

typedef struct bw_flow_pair {
    bw_flow flow;
    /* The pixels that have mass lie in a box, and so do shortest paths between
     * them: the flow is on its grid. */
    size_t top, left;
    /* Masses and flows are multiples of unit, or of 1 / denominator. */
    bw_common common;
    long double unit;
    /* By pixels of the box. */
    bw_wide *amount; /* what is left to match; reals: supplies, flows */
    int32_t *head[2], *tail[2], *next;
    size_t cap;
} bw_flow_pair;

/* Whether the ground cost counts steps between pixels of a grid. */
bool bw_flow_pair_serves(const bw_ground *ground);

/* How many pixels the box of two histograms has. */
size_t bw_flow_pair_pixels(const bw_ground *ground, const bw_common *common);

void bw_flow_pair_clear(bw_flow_pair *f);

/* Solves for two histograms that differ; fills cost, and gap where wanted, of
 * the solution. opt_plan has room for all of the arcs, one for each entry of
 * the two histograms: it gets them. BW_ERR_MEMORY, BW_ERR_INTERRUPTED, and
 * BW_ERR_INTERNAL when the proof of the gap fails. */
bw_status bw_flow_pair_solve(bw_flow_pair *f, const bw_ground *ground,
                             const bw_common *common, bool with_gap,
                             bw_plan *opt_plan, bw_solution *solution,
                             bw_error *err) BW_MUST_CHECK;

/* After bw_flow_pair_solve: u = phi and v = -phi, for all bins of the ground
 * cost. phi is 1-Lipschitz, so each is the other's c-transform. Beyond the box
 * phi is that of the nearest pixel in it, which is 1-Lipschitz too. */
void bw_flow_pair_potentials(const bw_flow_pair *f, const bw_ground *ground,
                             double *u, double *v);

#endif
