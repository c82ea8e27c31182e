/* cut.h - pieces of a fixed size, so that tasks are cut by shape only. */
#ifndef BW_CUT_H
#define BW_CUT_H

#include <stddef.h>

/* Values of a piece of elementwise work: some microseconds. */
enum { BW_CUT_VALUES = 8192 };

enum {
    BW_CUT_MAX_SUMS = 64,    /* pieces of items, whose sums add up in order */
    BW_CUT_SUM_VALUES = 4096 /* of a piece, at least, where there are enough */
};

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

/* How many of n items of m values a piece of BW_CUT_MAX_SUMS or fewer has. */
static inline size_t bw_cut_items(size_t n, size_t m)
{
    size_t n_least = m && m < BW_CUT_SUM_VALUES ? BW_CUT_SUM_VALUES / m : 1;

    return bw_cut_max(bw_cut_count(n, BW_CUT_MAX_SUMS), n_least);
}

static inline bw_cut bw_cut_piece(size_t n, size_t piece, size_t k)
{
    bw_cut cut = {.from = k * piece, .to = n};

    if (n - cut.from > piece)
        cut.to = cut.from + piece;
    return cut;
}

#endif
