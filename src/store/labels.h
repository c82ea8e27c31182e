/* labels.h - a file of one whole number an item: IDX, NPY or a table of one
 * column. */
#ifndef BW_LABELS_H
#define BW_LABELS_H

#include <stdint.h>

#include "barrow/status.h"

/* Metadata beside labels: what 0, 1, .. are called, a list of strings in
 * JSON. */
#define BW_META_LABEL_NAMES "label_names"

typedef struct bw_labels bw_labels;

/* BW_ERR_DIMENSION when the rows hold more than one number. Messages begin with
 * the path. */
bw_status bw_labels_open(const char *path, bw_labels **ret_labels,
                         bw_error *err) BW_MUST_CHECK;
void bw_labels_close(bw_labels *labels);

/* BW_ERR_DIMENSION when there are no more, BW_ERR_RANGE when it is no 32-bit
 * integer. */
bw_status bw_labels_next(bw_labels *labels, int32_t *label,
                         bw_error *err) BW_MUST_CHECK;

/* BW_ERR_DIMENSION when labels are left. */
bw_status bw_labels_finish(bw_labels *labels, uint64_t *digest,
                           bw_error *err) BW_MUST_CHECK;

#endif
