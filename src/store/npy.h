/* npy.h - the header of NumPy's NPY format, versions 1 to 3. */
#ifndef BW_NPY_H
#define BW_NPY_H

#include <stdbool.h>

#include "store/array.h"

/* Whether n bytes begin like an NPY file. */
bool bw_npy_is_magic(const unsigned char *data, size_t n);

/* Takes the header. BW_ERR_FORMAT when it is none or of a type that barrow has
 * no use for. */
bw_status bw_npy_read_header(bw_bytes *bytes, bw_array_form *layout,
                             bw_error *err) BW_MUST_CHECK;

enum { BW_NPY_HEADER_MAX = 512 };

/* Writes a version 1.0 header for little-endian items, last index fastest.
 * BW_ERR_USAGE for BF16, which NumPy lacks. */
bw_status bw_npy_make_header(const bw_array_form *layout,
                             char header[BW_NPY_HEADER_MAX], size_t *n_bytes,
                             bw_error *err) BW_MUST_CHECK;

#endif
