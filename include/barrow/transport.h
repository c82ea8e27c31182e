/* transport.h - exact optimal transport between two histograms.
 *
 *     minimise   sum f_ij c_ij   over plans f >= 0
 *     with       sum_j f_ij = a_i,  sum_i f_ij = b_j
 *
 * and its dual, maximise sum a_i u_i + sum b_j v_j with u_i + v_j <= c_ij
 * (Kantorovich). Masses are those of the histograms divided by their sums, or
 * as given under BW_NORMALIZE_NONE.
 *
 * Where masses and costs are integers the optimum is a rational number that is
 * rounded once. There is no iteration cap and no tolerance in any solver.
 *
 * Threads: a solver serves one at a time; any number of solvers may share a
 * ground cost and a sealed set of histograms. many.h has threads of its own.
 */
#ifndef BARROW_TRANSPORT_H
#define BARROW_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/ground.h"
#include "barrow/histogram.h"
#include "barrow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum bw_method {
    BW_METHOD_AUTO,
    BW_METHOD_LINE,    /* closed form on a line */
    BW_METHOD_BITMASK, /* simplex for at most 1,024 sinks */
    BW_METHOD_SIMPLEX, /* simplex for any size, without short cuts */
    BW_METHOD_LARGE,   /* simplex with block pricing, for large problems */
    BW_METHOD_FLOW     /* on the edges of a grid: p = 1, l1 and linf */
} bw_method;

typedef struct bw_transport_options {
    bw_method method;
    bool with_certificate, with_plan, with_potentials;
    bool with_times; /* fill seconds[] of the counts */
    /* Asked now and then where a problem takes long; not 0 ends it with
     * BW_ERR_INTERRUPTED. May be NULL. */
    int (*stopped)(void);
} bw_transport_options;

/* The result of one problem; arrays belong to the solver and last until its
 * next call. */
typedef struct bw_solution {
    double cost; /* the optimum of the linear program */
    /* with_certificate: primal minus dual value, where the dual potentials of
     * the sources are made anew as the c-transform of those of the sinks, and
     * so are feasible whatever the solver did, and the plan's marginals are
     * checked. Weak duality bounds the cost's error by it; under real masses,
     * whose plan meets its marginals to rounding only, up to that rounding
     * times the largest ground cost. Exactly 0 in integers. */
    double gap;
    /* with_plan: n_arcs rows of bins that mass goes from and to, by rising
     * source then sink, all masses positive. */
    size_t n_arcs;
    const uint32_t (*arc)[2];
    const double *mass;
    /* with_potentials: of all bins, empty ones too, where they are the
     * c-transform, so that u + v <= c holds for every pair of bins. */
    const double *potential_source, *potential_target;
} bw_solution;

/* What a solver's time goes to. */
typedef enum bw_transport_part {
    BW_PART_BUILD,   /* sides, their coarser likenesses, cost matrices */
    BW_PART_COARSE,  /* all of the coarser problems */
    BW_PART_START,   /* the first basis of the finest one */
    BW_PART_PRICING, /* searching for arcs to enter; that of a flow is too
                        entangled with its pivots to be told apart */
    BW_PART_PIVOTS,
    BW_PART_FIX_UP, /* in exact arithmetic */
    BW_PART_VALUE,  /* cost, certificate, plan, potentials */
    BW_N_PARTS
} bw_transport_part;

/* Counts of the work done, over all calls. */
typedef struct bw_transport_counts {
    uint64_t n_solved;          /* problems that were not trivial */
    uint64_t n_pivots;          /* on the finest level, in fast arithmetic */
    uint64_t n_coarse_pivots;   /* on coarser grids */
    uint64_t n_exact_pivots;    /* in exact arithmetic, of any kind */
    double seconds[BW_N_PARTS]; /* with_times */
} bw_transport_counts;

typedef struct bw_transport bw_transport;

/* A solver with its work space, for one thread. The ground cost must outlive
 * it. BW_ERR_USAGE when the method cannot serve the ground cost. */
bw_status bw_transport_create(const bw_ground *ground,
                              const bw_transport_options *options,
                              bw_transport **ret_transport,
                              bw_error *err) BW_MUST_CHECK;
void bw_transport_destroy(bw_transport *transport);

/* Solves for histograms a and b of one sealed set. BW_ERR_USAGE: they are of
 * two sets, whose masses do not fit together. BW_ERR_RANGE: masses differ under
 * BW_NORMALIZE_NONE (both sums are named). BW_ERR_MEMORY. BW_ERR_INTERRUPTED: a
 * stop. BW_ERR_INTERNAL: a check of our own failed. Sums of real masses may
 * differ by rounding, relatively 1e-9. */
bw_status bw_transport_solve(bw_transport *transport, const bw_histogram *a,
                             const bw_histogram *b, bw_normalize normalize,
                             bw_solution *solution,
                             bw_error *err) BW_MUST_CHECK;

bw_transport_counts bw_transport_get_counts(const bw_transport *transport);

#ifdef __cplusplus
}
#endif
#endif
