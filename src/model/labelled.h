/* labelled.h - a tensor's items and their labels, from a container. */
#ifndef BW_LABELLED_H
#define BW_LABELLED_H

#include <stddef.h>
#include <stdint.h>

#include "barrow/container.h"

/* Values of an item of a tensor of rank 1 or more: 1 to BW_MAX_ITEM.
 * BW_ERR_DIMENSION, the message beginning with the path, for others. */
bw_status bw_labelled_size(const char *path, const bw_tensor *tensor,
                           size_t *size, bw_error *err) BW_MUST_CHECK;

/* Reads all of a tensor of rank 1 or more, and `labels` (n, one a row) where
 * there are such; then the rest of the file. malloc'ed; *labels NULL where
 * there are none, both after a failure. BW_ERR_DIMENSION for other labels; else
 * as bw_reader_read_all and bw_reader_finish. Messages begin with the path. */
bw_status bw_labelled_read(bw_reader *reader, const bw_tensor *tensor,
                           void **ret_data, int32_t **ret_labels,
                           uint64_t *digest, bw_error *err) BW_MUST_CHECK;

#endif
