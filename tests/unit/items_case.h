/* items_case.h - random items. */
#ifndef ITEMS_CASE_H
#define ITEMS_CASE_H

#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "model/items.h"

/* n items, uniform on [0, 1), by the stream given. */
static inline void items_case_make(bw_items *items, size_t n, bw_shape shape,
                                   uint64_t stream)
{
    size_t size = bw_shape_n(shape);
    bw_random random;

    bw_random_init(&random, 1, BW_RANDOM_TEST, stream);
    *items = (bw_items){.origin.name = strdup("items"),
                        .origin.path = strdup("items"),
                        .n = n,
                        .shape = shape,
                        .values = calloc(n * size, sizeof(float))};
    for (size_t k = 0; k < n * size; k++)
        items->values[k] = (float)bw_random_uniform(&random);
}

#endif
