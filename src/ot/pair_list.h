/* pair_list.h - the pairs that a file lists, in a nameless scratch file that is
 * mapped once all are there: their pages are the system's to drop, and those
 * behind a reader can be given back, so that 100 million take no memory. */
#ifndef BW_PAIR_LIST_H
#define BW_PAIR_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "barrow/pairs.h"

typedef struct bw_pair_list {
    uint64_t n;
    const uint32_t (*pairs)[2]; /* after sealing; NULL where n is 0 */
    uint32_t most[2];           /* the largest index of each column */
    int fd;
    size_t n_kept;       /* pairs that are not in the file yet */
    uint32_t (*kept)[2]; /* BW_PAIR_LIST_KEPT of them */
} bw_pair_list;

enum { BW_PAIR_LIST_KEPT = 8192 };

/* An empty list. To be cleared, also after a failure. */
#define BW_PAIR_LIST_INIT ((bw_pair_list){.fd = -1})
void bw_pair_list_clear(bw_pair_list *list);

/* BW_ERR_MEMORY, or BW_ERR_IO of the scratch file, in $TMPDIR or /tmp. */
bw_status bw_pair_list_add(bw_pair_list *list, const uint32_t pair[2],
                           bw_error *err) BW_MUST_CHECK;
/* After the last one: maps them. */
bw_status bw_pair_list_seal(bw_pair_list *list, bw_error *err) BW_MUST_CHECK;

/* The sealed list, borrowed, as pairs of n_a and n_b histograms; as
 * bw_pairs_init, but without a look at each pair where all are known to fit. */
bw_status bw_pair_list_pairs(const bw_pair_list *list, uint64_t n_a,
                             uint64_t n_b, bw_pairs *pairs,
                             bw_error *err) BW_MUST_CHECK;

/* Pairs before number end are not needed soon. Reading them stays legal. */
void bw_pair_list_release(const bw_pair_list *list, uint64_t end);

#endif
