/* idx.h - the header of LeCun's IDX format: big-endian, types 08 to 0E. */
#ifndef BW_IDX_H
#define BW_IDX_H

#include <stdbool.h>

#include "store/array.h"

/* Whether n bytes begin like an IDX file. */
bool bw_idx_is_magic(const unsigned char *data, size_t n);

/* Takes the header. BW_ERR_FORMAT when it is none or of an unknown type. */
bw_status bw_idx_read_header(bw_bytes *bytes, bw_array_form *layout,
                             bw_error *err) BW_MUST_CHECK;

enum { BW_IDX_HEADER_MAX = 4 + 4 * BW_MAX_RANK };

/* Writes the header's bytes; the items that follow must be big-endian.
 * BW_ERR_USAGE for a type, BW_ERR_DIMENSION for a size that IDX cannot hold. */
bw_status bw_idx_make_header(const bw_array_form *layout,
                             unsigned char header[BW_IDX_HEADER_MAX],
                             size_t *n_bytes, bw_error *err) BW_MUST_CHECK;

#endif
