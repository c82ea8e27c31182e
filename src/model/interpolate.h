/* interpolate.h - ways from one code to another. */
#ifndef BW_INTERPOLATE_H
#define BW_INTERPOLATE_H

#include <stddef.h>

typedef enum bw_path {
    BW_PATH_STRAIGHT, /* (1 - t) a + t b */
    BW_PATH_SPHERICAL /* the direction turns evenly from a's to b's in the plane
                         of both, the length goes evenly from |a| to |b|
                         (Shoemake, 1985) */
} bw_path;

/* "straight|spherical", in the order above. */
extern const char bw_path_names[];

/* z (n, d): n >= 2 codes of d values from a to b, which are the first and the
 * last to the bit; t is k / (n - 1). Where one of the codes is 0 it takes the
 * other's direction. Opposite codes have no plane: the way leaves a towards the
 * axis that is nearest to a right angle with it, the first of equals; in one
 * dimension it is straight. */
void bw_interpolate(bw_path path, size_t d, const float *a, const float *b,
                    size_t n, float *z);

#endif
