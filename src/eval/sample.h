/* sample.h - a set of items to be measured: images, codes or plain numbers, as
 * they came from a file, widened a piece at a time.
 *
 * Item k is the values k size .. (k + 1) size - 1.
 */
#ifndef BW_SAMPLE_H
#define BW_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "barrow/container.h"

typedef struct bw_sample {
    const char *path; /* for messages */
    const char *name; /* of the tensor */
    size_t n, size;   /* items, values of an item */
    unsigned rank;    /* of the tensor: items are axis 0 */
    uint64_t shape[BW_MAX_RANK];
    bw_dtype dtype;
    double factor; /* of the values as measured to those that are stored */
    const void *data;
} bw_sample;

/* Values first .. first + n - 1, times the factor. */
void bw_sample_doubles(const bw_sample *sample, size_t first, size_t n,
                       double *out);

/* Items first .. first + n - 1 less opt_shift (size), rounded to floats after
 * the difference. */
void bw_sample_floats(const bw_sample *sample, const double *opt_shift,
                      size_t first, size_t n, float *out);

/* The mean item, to mean (size). */
void bw_sample_mean(const bw_sample *sample, double *mean);

/* The largest absolute value. */
double bw_sample_largest(const bw_sample *sample);

/* The first n items, or all of fewer; items first .. first + n - 1. */
bw_sample bw_sample_head(const bw_sample *sample, size_t n);
bw_sample bw_sample_part(const bw_sample *sample, size_t first, size_t n);

/* BW_ERR_RANGE, with path, item and value, where one is not finite. */
bw_status bw_sample_check(const bw_sample *sample, bw_error *err) BW_MUST_CHECK;

#endif
