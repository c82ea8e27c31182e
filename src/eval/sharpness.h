/* sharpness.h - how sharp images are: the variance of their Laplacian.
 *
 * Of each image's grey values, in [0, 1]: convolution with
 *
 *     0  1  0
 *     1 -4  1
 *     0  1  0
 *
 * where the kernel fits whole, and the variance of the results, with division
 * by their number. Tolstikhin et al. (2018) compare the least of a batch.
 */
#ifndef BW_SHARPNESS_H
#define BW_SHARPNESS_H

#include "base/tasks.h"
#include "eval/sample.h"

typedef struct bw_sharpness {
    double mean, least; /* over the images */
} bw_sharpness;

/* Of images (n,h,w,c), c 1 or 3 (luminance), or (n,h,w). BW_ERR_DIMENSION for
 * others, and for h or w under 3. */
bw_status bw_sharpness_of(const bw_sample *images, bw_tasks *tasks,
                          bw_sharpness *sharpness, bw_error *err) BW_MUST_CHECK;

#endif
