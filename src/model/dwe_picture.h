/* dwe_picture.h - images of the embedding as one PNG. */
#ifndef BW_DWE_PICTURE_H
#define BW_DWE_PICTURE_H

#include "barrow/network.h"

/* Writes n images (n, C H W) as a grid, n_columns a row, white lines between,
 * each image scaled so that its largest value is white. C 3 is colour; of other
 * counts the mean is shown. BW_ERR_IO, BW_ERR_DIMENSION for too large a grid;
 * messages begin with the path. */
bw_status bw_dwe_picture_write(const char *path, bw_shape shape, size_t n,
                               const float *planes, size_t n_columns,
                               bw_error *err) BW_MUST_CHECK;

#endif
