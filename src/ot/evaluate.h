/* evaluate.h - from an optimal basis to numbers: true flows, the optimum, and
 * the certificate of Kantorovich duality.
 *
 * Masses are integers with a common denominator, or reals. Integer flows are
 * the perturbed ones divided by K (perturb.h). Real flows are computed anew
 * from the leaves of the tree, in long double; one that rounding has made
 * negative counts as 0, and the certificate shows what that costs.
 */
#ifndef BW_EVALUATE_H
#define BW_EVALUATE_H

#include <stdbool.h>

#include "barrow/status.h"
#include "ot/arcs.h"
#include "ot/tree.h"

typedef struct bw_masses {
    bool is_integral;
    const int64_t *source, *sink; /* exact masses, before perturbation */
    int64_t denominator;          /* of masses, flows and cost */
    int shift;                    /* K = 2^shift */
    const long double *real_source, *real_sink; /* reals: shares, or masses */
} bw_masses;

typedef struct bw_evaluate {
    int64_t *flow;          /* integers: true flow of each node's arc */
    long double *real_flow; /* reals */
    bw_wide *potential;     /* of nodes, wide units */
    long double left_out;   /* mass on forbidden arcs, times the denominator */
    /* Scratch: potentials in other widths, one row of costs. */
    int64_t *narrow, *row;
    int32_t *small;
    long double *real;
    size_t cap_nodes;
} bw_evaluate;

bw_status bw_evaluate_reserve(bw_evaluate *e, size_t n_nodes) BW_MUST_CHECK;
void bw_evaluate_clear(bw_evaluate *e);

/* Fills flow[] or real_flow[] (nodes; root 0) and gives the optimum. For reals
 * tree->order must be valid. Forbidden arcs are left with no flow; what they
 * had is in left_out, the least that any plan puts there. Unless it is 0, or
 * within the rounding of reals, there is no plan. */
double bw_evaluate_cost(bw_evaluate *e, const bw_arcs *arcs,
                        const bw_tree *tree, const bw_masses *masses);

/* After bw_evaluate_cost: proves the optimum. Recomputes potentials from the
 * tree, makes the sources' anew, checks marginals, and gives the gap between
 * primal and dual value. tree->order is valid. BW_ERR_INTERNAL when integer
 * flows do not have the right marginals. */
bw_status bw_evaluate_gap(bw_evaluate *e, const bw_arcs *arcs,
                          const bw_tree *tree, const bw_masses *masses,
                          double *gap, bw_error *err) BW_MUST_CHECK;

#endif
