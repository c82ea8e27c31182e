/* pairs.h - which pairs of histograms a run is about: a list that is never
 * written out, so that 100 million pairs take no memory.
 *
 * A list is cut into contiguous parts (shards); pair k of the whole list is
 * the same whichever part it is in.
 *
 * Threads: a list that nobody changes may be read by any number of them.
 */
#ifndef BARROW_PAIRS_H
#define BARROW_PAIRS_H

#include <stdint.h>

#include "barrow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum bw_pairs_kind {
    BW_PAIRS_ALL,    /* (i, j), i < j, of one file: j fastest */
    BW_PAIRS_CROSS,  /* every i of one, every j of another: j fastest */
    BW_PAIRS_RANDOM, /* independent, uniform, with replacement */
    BW_PAIRS_LIST    /* as listed */
} bw_pairs_kind;

typedef struct bw_pairs {
    bw_pairs_kind kind;
    uint64_t n_a, n_b;         /* histograms in the first, the second file; the
                                 same number where there is one file */
    uint64_t seed;             /* RANDOM: pair k is drawn from (seed, k) */
    const uint32_t (*list)[2]; /* LIST, borrowed */
    uint64_t n_whole;          /* pairs in the whole list */
    uint64_t first, n;         /* the part in hand */
} bw_pairs;

/* Sets n_whole (n_listed pairs for RANDOM and LIST, which is ignored
 * otherwise) and takes the whole list as the part. Indices must fit 32 bits
 * and the count 64; a listed index must exist: BW_ERR_RANGE. */
bw_status bw_pairs_init(bw_pairs *pairs, bw_pairs_kind kind, uint64_t n_a,
                        uint64_t n_b, uint64_t n_listed,
                        const uint32_t (*list)[2], uint64_t seed,
                        bw_error *err) BW_MUST_CHECK;

/* Takes part k (from 1) of n: pairs floor((k-1) m / n) to floor(k m / n) - 1
 * of m. 1 <= k <= n. */
void bw_pairs_take_part(bw_pairs *pairs, uint64_t k, uint64_t n);

/* Pair k of the part, 0 <= k < n. */
void bw_pairs_get(const bw_pairs *pairs, uint64_t k, uint32_t pair[2]);

#ifdef __cplusplus
}
#endif
#endif
