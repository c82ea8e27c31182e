/* bitmask_way.h - a way through the tree of the bitmask simplex: the cycle that
 * an arc closes is two of them.
 */
#ifndef BW_BITMASK_WAY_H
#define BW_BITMASK_WAY_H

#include <stdbool.h>

#include "ot/bitmask.h"
#include "ot/bitmask_row.h"

/* A cycle passes each sink at most once on either side of the join. */
enum { BW_WAY_NODES = 2 * BW_BITMASK_MAX_SINKS + 2 };

/* The way from one end of the entering arc up to the join, which is left out.
 * Nodes at even places lose what the entering arc gains, those at odd places
 * gain it. */
typedef struct bw_way {
    uint64_t *row[BW_WAY_NODES];
    size_t n;
    size_t last; /* where the least flow that is lost was found */
} bw_way;

/* Takes a node on the way; `least` is the smallest flow lost so far. */
INLINE void bw_way_step(bw_way *w, uint64_t *row, int64_t *least, bool is_lost,
                        const size_t n_words)
{
    int64_t flow = bw_row_flow(row, n_words);
    bool is_less = is_lost && flow < *least;
    *least = is_less ? flow : *least;
    w->last = is_less ? w->n : w->last;
    w->row[w->n++] = row;
}

/* Climbs from a source to the first node that has the sink below it. */
INLINE uint64_t *bw_way_to_sink(bw_way *w, uint64_t *row, int32_t sink,
                                int64_t *least, const size_t n_words)
{
    size_t word = (size_t)sink / 64;
    uint64_t bit = UINT64_C(1) << sink % 64;
    for (;;) {
        if (row[word] & bit)
            return row;
        bw_way_step(w, row, least, true, n_words);
        row = bw_row_parent(row, n_words);
        if (row[word] & bit)
            return row;
        bw_way_step(w, row, least, false, n_words);
        row = bw_row_parent(row, n_words);
    }
}

INLINE void bw_way_to_row(bw_way *w, uint64_t *row, const uint64_t *join,
                          int64_t *least, const size_t n_words)
{
    for (;;) {
        if (row == join)
            return;
        bw_way_step(w, row, least, true, n_words);
        row = bw_row_parent(row, n_words);
        if (row == join)
            return;
        bw_way_step(w, row, least, false, n_words);
        row = bw_row_parent(row, n_words);
    }
}

INLINE int64_t bw_way_shift_at(size_t k, int64_t flow)
{
    return k % 2 ? flow : -flow;
}

/* Nodes of a way from place k on that stay where they are: flows shift, and
 * the subtree that moves leaves their sets, or joins them. */
INLINE void bw_way_shift(bw_way *w, size_t k, int64_t flow,
                         const bw_words *whole, bool leaves,
                         const size_t n_words)
{
    for (; k < w->n; k++) {
        uint64_t *row = w->row[k];
        row[n_words] += (uint64_t)bw_way_shift_at(k, flow);
        for (size_t q = 0; q < n_words / 4; q++)
            bw_row_set(row)[q] = leaves ? bw_row_set(row)[q] & ~whole[q]
                                        : bw_row_set(row)[q] | whole[q];
    }
}

#endif
