/* labelled.h - a tensor's rows and their labels, from a container. */
#ifndef BW_LABELLED_H
#define BW_LABELLED_H

#include <stdint.h>

#include "barrow/container.h"

/* Reads all of a tensor of rank 1 or more, and `labels` (n, one a row) where
 * there are such; then the rest of the file. malloc'ed; *labels NULL where
 * there are none, both after a failure. BW_ERR_DIMENSION for other labels; else
 * as bw_reader_read_all and bw_reader_finish. Messages begin with the path. */
bw_status bw_labelled_read(bw_reader *reader, const bw_tensor *tensor,
                           void **ret_data, int32_t **ret_labels,
                           uint64_t *digest, bw_error *err) BW_MUST_CHECK;

#endif
