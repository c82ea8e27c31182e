/* large.h - primal network simplex for problems of any size, in small integer
 * costs.
 *
 * The tree is a preorder list: a subtree is the run from its top to its last
 * node. A pivot relinks a piece or two of the list for each node of the stem
 * that turns round, and moves the values of whichever part is smaller, the
 * subtree or all the rest. (Threads, reverse threads and last successors: the
 * data structure of Barr, Glover and Klingman, 1979; see Kiraly and Kovacs,
 * 2012.)
 *
 * Rows come round in turn; the best arcs of a batch of them enter, best first.
 * A row found clean k times running is visited again after 2^k rounds. What
 * ends the method is a round over all rows in which no arc enters: each row
 * then was clean under the same values.
 */
#ifndef BW_LARGE_H
#define BW_LARGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/status.h"
#include "ot/pricing.h"
#include "ot/tree.h"
#include "ot/watch.h"

/* What a climb to the root reads, in one place. */
typedef struct bw_large_node {
    int32_t parent; /* -1 at the root */
    int32_t size;   /* of its subtree */
    int64_t flow;   /* on the arc to the parent */
} bw_large_node;

typedef struct bw_large {
    /* Of nodes, numbered as the values of pricing.h. */
    bw_large_node *node;
    int32_t *next, *previous; /* in preorder, closed to a ring */
    int32_t *last;            /* of its subtree, in preorder */
    /* Of sources. */
    uint32_t *due;     /* the round that visits the row again */
    uint8_t *patience; /* how often running it was found clean */
    size_t cap_nodes, cap_sources;
    uint64_t n_pivots, n_rows; /* summed over calls; rows looked at */
    int (*stopped)(void);      /* may be NULL */
    bw_watch *opt_watch;
} bw_large;

bw_status bw_large_reserve(bw_large *l, const bw_pricing *p) BW_MUST_CHECK;
void bw_large_clear(bw_large *l);

/* Pivots from the feasible basis in tree to one that is optimal for the small
 * costs of p, whose values come out as its potentials. tree->order is valid on
 * entry, not kept up. *is_done is false when values would leave their range:
 * the tree is then feasible, and another solver must go on from it.
 * BW_ERR_INTERRUPTED where stopped, asked every few dozen rows, is not 0: the
 * basis is feasible then. */
bw_status bw_large_solve(bw_large *l, bw_pricing *p, bw_tree *tree,
                         bool *is_done) BW_MUST_CHECK;

#endif
