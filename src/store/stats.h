/* stats.h - figures of one tensor's items, taken as they stream by. */
#ifndef BW_STATS_H
#define BW_STATS_H

#include "barrow/container.h"

typedef struct bw_stats {
    uint64_t n;      /* items that are numbers */
    uint64_t n_nan;  /* items that are not; left out of the rest */
    uint64_t n_zero; /* of either sign */
    double min, max; /* of the n numbers; NaN when n is 0 */
    double mean, sd; /* sd divides by n */
    /* The same min and max where doubles round: U64 in u, I64 in i. */
    uint64_t min_u, max_u;
    int64_t min_i, max_i;
} bw_stats;

void bw_stats_init(bw_stats *stats);

/* Adds n items of a type; one bw_stats takes one type only. */
void bw_stats_add(bw_stats *stats, bw_dtype dtype, const void *items, size_t n);

/* Closes the sum: mean and sd are what the comment above says only then. */
void bw_stats_close(bw_stats *stats);

#endif
