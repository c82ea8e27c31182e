/* bitmask_row.h - a node of the bitmask simplex: one row of words, its set of
 * sinks, its arc and its number.
 */
#ifndef BW_BITMASK_ROW_H
#define BW_BITMASK_ROW_H

#include <stddef.h>
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))

/* A node is a row of words: n_words of its set, then flow, address of the
 * parent's row, and number; rows start at whole cache lines. */
INLINE size_t bw_row_size(const size_t n_words)
{
    return (n_words + 3 + 7) / 8 * 8;
}

/* Row k of the rows at node. */
INLINE uint64_t *bw_row_at(uint64_t *node, int32_t k, const size_t n_words)
{
    return node + (size_t)k * bw_row_size(n_words);
}

INLINE int64_t bw_row_flow(const uint64_t *row, const size_t n_words)
{
    return (int64_t)row[n_words];
}

INLINE uint64_t *bw_row_parent(const uint64_t *row, const size_t n_words)
{
    return (uint64_t *)(uintptr_t)row[n_words + 1];
}

INLINE int32_t bw_row_number(const uint64_t *row, const size_t n_words)
{
    return (int32_t)row[n_words + 2];
}

INLINE void bw_row_set_arc(uint64_t *row, const uint64_t *parent, int64_t flow,
                           const size_t n_words)
{
    row[n_words] = (uint64_t)flow;
    row[n_words + 1] = (uint64_t)(uintptr_t)parent;
}

/* Four words of a set at a time: always as one, since a wide load that follows
 * narrow stores to the same place has to wait for them. */
typedef uint64_t bw_words __attribute__((vector_size(32), may_alias));

INLINE bw_words *bw_row_set(uint64_t *row)
{
    return (bw_words *)(void *)row;
}

INLINE const bw_words *bw_row_const_set(const uint64_t *row)
{
    return (const bw_words *)(const void *)row;
}

#endif
