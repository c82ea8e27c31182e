/* cut.h - pieces of a fixed size, so that tasks are cut by shape only. */
#ifndef BW_CUT_H
#define BW_CUT_H

#include <stddef.h>

/* Values of a piece of elementwise work: some microseconds. */
enum { BW_CUT_VALUES = 8192 };

static inline size_t bw_cut_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t bw_cut_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* from .. to - 1 */
typedef struct bw_cut {
    size_t from, to;
} bw_cut;

/* How many pieces of `piece` (at least 1) n makes; the last may be shorter. */
static inline size_t bw_cut_count(size_t n, size_t piece)
{
    return n / piece + (n % piece != 0);
}

static inline bw_cut bw_cut_piece(size_t n, size_t piece, size_t k)
{
    bw_cut cut = {.from = k * piece, .to = n};

    if (n - cut.from > piece)
        cut.to = cut.from + piece;
    return cut;
}

#endif
