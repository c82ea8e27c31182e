/* components.h - principal components of codes. Of a Deep Wasserstein
 * Embedding they are principal geodesics of the images, as far as it is one. */
#ifndef BW_COMPONENTS_H
#define BW_COMPONENTS_H

#include <stddef.h>

#include "barrow/status.h"

/* The n_components <= d directions of largest variance of n >= 2 codes (n, d):
 * mean (d), variance (n_components) falling, about the mean and over n, and
 * direction (n_components, d) of length 1, whose largest entry is positive.
 * Caller's memory. BW_ERR_MEMORY; BW_ERR_RANGE when the eigenvalues are not
 * found. */
bw_status bw_components_find(size_t n, size_t d, const float *codes,
                             size_t n_components, double *mean,
                             double *variance, double *direction,
                             bw_error *err) BW_MUST_CHECK;

#endif
