/* tone.h - which numbers of a tensor are black and white in a picture. */
#ifndef BW_TONE_H
#define BW_TONE_H

#include <stdbool.h>

#include "barrow/container.h"

typedef struct bw_tone {
    bool is_fixed; /* else each picture has its own */
    double low, high;
} bw_tone;

/* 0 to 255 of U8, 0 to 1 of BOOL and of the tensor of a container of images;
 * else what bw_tone_fit finds. */
bw_tone bw_tone_of(const bw_tensor *tensor, bool is_images);

/* Where it is not fixed, the least and the greatest of a picture's n >= 1
 * values. BW_ERR_RANGE where one is not a number. */
bw_status bw_tone_fit(bw_tone *tone, size_t n, const double *values,
                      bw_error *err) BW_MUST_CHECK;

/* 0 at low and below, 1 at high and above. A picture of one value is black. */
double bw_tone_part(const bw_tone *tone, double value);

#endif
