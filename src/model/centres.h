/* centres.h - codes far from each other, where clusters may begin: k-means++
 * (Arthur and Vassilvitskii, 2007).
 *
 * The first centre is a code at random; each further one the best of
 * 2 + log n_centres candidates, drawn in proportion to the squared distance
 * from the nearest centre so far. The best leaves the least sum of these. Where
 * all are 0, as of equal codes, candidates are drawn uniformly.
 */
#ifndef BW_CENTRES_H
#define BW_CENTRES_H

#include <stddef.h>

#include "barrow/random.h"
#include "barrow/status.h"

/* Chooses among codes (n, d): centre (n_centres) becomes numbers of codes,
 * label (n) which of the centres is nearest to each code, the first of equally
 * near ones. n and n_centres are at least 1. A centre costs about
 * (2 + log n_centres) n d. stopped may be NULL; a stop is BW_ERR_INTERRUPTED,
 * no room BW_ERR_MEMORY; then centre and label are of no use. */
bw_status bw_centres_choose(size_t n, size_t d, const float *codes,
                            size_t n_centres, bw_random *random,
                            int (*stopped)(void), size_t *centre, size_t *label,
                            bw_error *err) BW_MUST_CHECK;

#endif
