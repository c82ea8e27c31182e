/* pricing.h - what a large simplex asks of a ground cost: the arc of a source
 * that is priced least, without a look at most of the sinks.
 *
 * Sinks stand in slots, 2^block_shift slots a block: neighbours share a block.
 * A block knows a bound that none of its potentials is below, and its kind
 * knows the least cost from a source to any place in it: where the two add up
 * to what is wanted or more, the block is skipped. Some slots may be absent.
 *
 * Nodes are numbered here as value[] has them: slots first, then sources. The
 * value of a sink is minus its potential v, that of a source its potential u,
 * so that the reduced cost of an arc is
 *
 *     c + value[slot] - value[n_slots + i],
 *
 * the values of a tree's arc differ by its cost, and a pivot moves all values
 * of a subtree by one and the same step.
 *
 * Small costs are integers: true ones times scale, rounded to the nearest; or
 * what is left of these less potentials (zoom.h), which may be below 0.
 * Every kind and every instruction set finds the same arcs.
 */
#ifndef BW_PRICING_H
#define BW_PRICING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/status.h"
#include "ot/arcs.h"

enum {
    BW_PRICING_MAX_COST = 1 << 28,  /* small costs do not pass it */
    BW_PRICING_MAX_VALUE = 1 << 29, /* nor values, up or down: their sums fit */
    BW_PRICING_ABSENT = 1 << 30     /* the value of a slot without a sink, which
                                       no search ever finds */
};

typedef struct bw_pricing bw_pricing;

typedef struct bw_pricing_kind {
    /* The least of cost + value over the slots, if it is below limit, and its
     * slot (the lowest of equal ones); else limit, and *ret_slot as it was.
     * Makes bounds of stale blocks anew where that could spare a look. */
    int32_t (*row)(bw_pricing *p, size_t i, int32_t limit, int32_t *ret_slot);
    /* The same among a few slots around one of them; NULL where that gains
     * nothing. */
    int32_t (*around)(bw_pricing *p, size_t i, int32_t slot, int32_t limit,
                      int32_t *ret_slot);
    /* All slots with cost + value below limit, rising; room for n_slots. */
    size_t (*list)(bw_pricing *p, size_t i, int32_t limit, int32_t *slots);
    /* The small cost from source i to a slot that is not absent. */
    int32_t (*cost)(const bw_pricing *p, size_t i, int32_t slot);
} bw_pricing_kind;

/* The head that every kind's own struct begins with. */
struct bw_pricing {
    const bw_pricing_kind *kind;
    size_t n_sources, n_sinks, n_slots; /* n_slots: whole blocks */
    unsigned block_shift;
    int32_t *slot; /* of each sink */
    int32_t *sink; /* of each slot; -1 where it is absent */
    /* All of these have whole blocks of nodes, sources too, so that a moving
     * subtree needs no case; bounds of blocks of sources mean nothing. */
    int32_t *value;    /* of nodes */
    int32_t *bound;    /* of blocks: no value in the block is below it */
    uint8_t *is_stale; /* of blocks: values rose, the bound may too */
    double scale;
    bool is_exact; /* small costs are the true ones times scale */
    size_t cap_sinks, cap_nodes;
};

/* Room for a problem, with n_slots rounded up to whole blocks of 2^block_shift
 * (at least 16): sets the counts; all slots absent, sink[] -1, values of other
 * nodes 0; slot[] is the kind's to fill, and sink[] with it. */
bw_status bw_pricing_reserve(bw_pricing *p, size_t n_sources, size_t n_sinks,
                             size_t n_slots,
                             unsigned block_shift) BW_MUST_CHECK;
void bw_pricing_clear(bw_pricing *p);

/* After values were written from outside: bounds of all blocks. */
void bw_pricing_bound(bw_pricing *p);

/* ---- the kinds; each open makes ready for the problem of arcs ---- */

/* Pixels, or centres of mass in fractions of a pixel. */
typedef struct bw_pricing_grid bw_pricing_grid;
/* Any costs, by rows of a matrix. */
typedef struct bw_pricing_matrix bw_pricing_matrix;
/* Points in a few dimensions: pricing_points.h. */

#endif
