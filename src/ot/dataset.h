/* dataset.h - histograms, costs and pair lists from files. */
#ifndef BW_DATASET_H
#define BW_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "barrow/histogram.h"
#include "barrow/status.h"
#include "ot/pair_list.h"
#include "store/rows.h"

/* One container's histograms, still as in the file: tensor `mass` (n, bins) or
 * (n,h,w), `images` (n,h,w,c), or the only tensor that there is. */
typedef struct bw_dataset {
    char *name; /* base name, or "-" */
    char *path; /* for messages */
    uint64_t digest;
    char rows[BW_ROWS_DIGITS]; /* digest of the histograms alone */
    char *steps;               /* provenance, or NULL */
    size_t n, height, width, n_channels;
    bool is_line;        /* (n, bins): bins on a line unless there is support */
    unsigned char *data; /* n x height x width x n_channels items */
    int dtype;           /* bw_dtype */
    double *support;     /* (n_bins, d), or NULL */
    size_t d;
} bw_dataset;

bw_status bw_dataset_load(const char *path, bw_dataset *dataset,
                          bw_error *err) BW_MUST_CHECK;
void bw_dataset_clear(bw_dataset *dataset);

/* Adds all of a data set to a set of histograms: one a row, of its luminance
 * (1 or 3 channels), or, with each_channel, one a row and channel, channels
 * fastest. Messages name file and histogram. */
bw_status bw_dataset_add(const bw_dataset *dataset, bool each_channel,
                         bw_histograms *set, bw_error *err) BW_MUST_CHECK;

/* A matrix of doubles: NPY or text (array.h), also from a pipe, or of a
 * container, in a regular file, the tensor opt_name if it has rank 2, else the
 * first tensor of rank 2. *ret_values is malloc'ed; NULL on failure. */
bw_status bw_dataset_matrix(const char *path, const char *opt_name,
                            size_t *n_rows, size_t *n_columns,
                            double **ret_values, uint64_t *digest,
                            bw_error *err) BW_MUST_CHECK;

/* A list of pairs: a matrix as above, by name `pairs`, of whole numbers whose
 * first two columns are taken. The list, which is empty before, is sealed. */
bw_status bw_dataset_pairs(const char *path, bw_pair_list *list,
                           uint64_t *digest, bw_error *err) BW_MUST_CHECK;

#endif
