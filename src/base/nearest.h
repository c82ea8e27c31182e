/* nearest.h - the name that was meant where one is mistyped. */
#ifndef BW_NEAREST_H
#define BW_NEAREST_H

#include <stddef.h>

typedef struct bw_nearest {
    const char *typed; /* n bytes of it */
    size_t n;
    const char *name; /* the nearest so far; NULL: none is near */
    unsigned least;   /* its distance */
} bw_nearest;

void bw_nearest_init(bw_nearest *nearest, const char *typed, size_t n);

/* Another name that there is; borrowed. Of names as near the first stays. */
void bw_nearest_try(bw_nearest *nearest, const char *name);

#endif
