/* split.h - which examples are held out for validation: the first of a random
 * order that the seed gives. */
#ifndef BW_SPLIT_H
#define BW_SPLIT_H

#include <stddef.h>
#include <stdint.h>

#include "barrow/status.h"

typedef struct bw_split {
    uint32_t *train, *held; /* numbers of examples */
    size_t n_train, n_held;
} bw_split;

/* Of n examples; validation below 1 is the share that is held out, else their
 * count. BW_ERR_RANGE, "PATH: of N WHAT none is left to train on", when all
 * are, "PATH: no WHAT to train on" for n = 0. Cleared by bw_split_clear, also
 * after a failure. */
bw_status bw_split_init(bw_split *split, size_t n, double validation,
                        uint64_t seed, const char *path, const char *what,
                        bw_error *err) BW_MUST_CHECK;
void bw_split_clear(bw_split *split);

#endif
