/* perturb.h - masses that make every basis non-degenerate.
 *
 * Supplies become a K + 1, demands b K, one demand b K + n_sources, with K a
 * power of two above 2 (n_sources + n_sinks). A subset of sources and sinks
 * that balances must balance modulo K too: then it has no source and not that
 * sink, or all sources and that sink, and since all masses are positive it is
 * empty or whole. So no flow on a spanning tree is ever 0, no pivot is
 * degenerate, no leaving arc is tied, nothing cycles. Every flow is K times
 * the true one plus an error of size at most n_sources < K / 2: the nearest
 * multiple of K is the true flow of the same tree, and it is not negative.
 * (Charnes, 1952, with integers for his epsilon.)
 */
#ifndef BW_PERTURB_H
#define BW_PERTURB_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Flows and masses stay below 2^62. */
enum { BW_PERTURB_BITS = 62 };

/* K = 2^shift for so many nodes. */
static inline int bw_perturb_shift(size_t n_nodes)
{
    int shift = 2;
    while ((size_t)1 << shift <= 2 * n_nodes)
        shift++;
    return shift;
}

/* Whether masses a_i * sum(b) and b_j * sum(a) fit, perturbed. */
static inline bool bw_perturb_fits(double sum_a, double sum_b, size_t most_lit)
{
    return sum_a * sum_b <
           ldexp(1, BW_PERTURB_BITS - bw_perturb_shift(2 * most_lit) - 1);
}

/* The largest common total of masses with so many bins a side. */
static inline int64_t bw_perturb_total(size_t most_lit)
{
    return (int64_t)1 << (BW_PERTURB_BITS - bw_perturb_shift(2 * most_lit) - 1);
}

static inline int64_t bw_perturb_true_flow(int64_t flow, int shift)
{
    return (flow + ((int64_t)1 << (shift - 1))) >> shift;
}

#endif
