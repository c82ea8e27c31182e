/* histogram.h - sets of histograms, their empty bins left out.
 *
 * A set is filled row by row and then sealed, which fixes how its masses are
 * held: as they are when all are integers small enough, and otherwise as
 * doubles beside integers that approximate them on a common total.
 *
 * Threads: one fills a set; once sealed it may be used by any number of them.
 */
#ifndef BARROW_HISTOGRAM_H
#define BARROW_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/ground.h"
#include "barrow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum bw_normalize {
    BW_NORMALIZE_SUM,     /* mass / sum of masses */
    BW_NORMALIZE_SOFTMAX, /* exp(value) / sum of exp(values) */
    BW_NORMALIZE_NONE     /* as given */
} bw_normalize;

/* One histogram: n bins that hold mass. On a grid they stand in Morton order,
 * points in an order of neighbours, rows and columns of a matrix ascending. */
typedef struct bw_histogram {
    size_t n;
    const uint32_t *bin;
    const int64_t *mass;  /* integers, all positive */
    int64_t total;        /* their sum */
    const double *weight; /* real masses, or NULL where mass is exact */
    double sum;           /* of the masses as given */
} bw_histogram;

typedef struct bw_histograms bw_histograms;

/* An empty set for one ground cost, which must outlive it. */
bw_status bw_histograms_create(const bw_ground *ground, bw_normalize normalize,
                               bw_histograms **ret_set,
                               bw_error *err) BW_MUST_CHECK;
void bw_histograms_destroy(bw_histograms *set);

/* Adds a histogram of n_bins values, any but one per bin of the ground cost
 * being BW_ERR_DIMENSION. BW_ERR_RANGE names the bin of a NaN, an infinity or
 * a negative mass, or says that all mass is zero. The caller prefixes the
 * histogram's number. */
bw_status bw_histograms_add(bw_histograms *set, size_t n_bins,
                            const double *values, bw_error *err) BW_MUST_CHECK;

/* The same for bytes. */
bw_status bw_histograms_add_bytes(bw_histograms *set, size_t n_bins,
                                  const unsigned char *values,
                                  bw_error *err) BW_MUST_CHECK;

/* Ends the filling; histograms can be had from now on. */
bw_status bw_histograms_seal(bw_histograms *set, bw_error *err) BW_MUST_CHECK;

size_t bw_histograms_n(const bw_histograms *set);
/* Whether masses are held as integers, exactly. */
bool bw_histograms_is_integral(const bw_histograms *set);
bw_histogram bw_histograms_get(const bw_histograms *set, size_t k);
bw_normalize bw_histograms_normalize(const bw_histograms *set);

#ifdef __cplusplus
}
#endif
#endif
