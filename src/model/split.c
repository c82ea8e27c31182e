/* split.c - which examples are held out for validation. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "barrow/random.h"
#include "model/split.h"

void bw_split_clear(bw_split *split)
{
    free(split->train);
    free(split->held);
    *split = (bw_split){0};
}

bw_status bw_split_init(bw_split *split, size_t n, double validation,
                        uint64_t seed, const char *path, const char *what,
                        bw_error *err)
{
    double n_held = validation < 1 ? rint(validation * (double)n) : validation;
    bw_random random;

    *split = (bw_split){0};
    if (n == 0)
        return bw_error_set(err, BW_ERR_RANGE, "%s: no %s to train on", path,
                            what);
    if (!(n_held < (double)n))
        return bw_error_set(err, BW_ERR_RANGE,
                            "%s: of %zu %s none is left to train on when %.0f "
                            "are held out",
                            path, n, what, n_held);
    split->n_held = (size_t)n_held;
    split->n_train = n - split->n_held;
    split->train = malloc((split->n_train + 1) * sizeof *split->train);
    split->held = malloc((split->n_held + 1) * sizeof *split->held);
    size_t *order = malloc(n * sizeof *order);
    if (!split->train || !split->held || !order) {
        free(order);
        return bw_error_memory(err);
    }
    for (size_t k = 0; k < n; k++)
        order[k] = k;
    bw_random_init(&random, seed, BW_RANDOM_SPLIT, 0);
    bw_random_shuffle(&random, n, order);
    for (size_t k = 0; k < split->n_held; k++)
        split->held[k] = (uint32_t)order[k];
    for (size_t k = 0; k < split->n_train; k++)
        split->train[k] = (uint32_t)order[split->n_held + k];
    free(order);
    return BW_OK;
}
