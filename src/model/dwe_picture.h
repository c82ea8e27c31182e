/* dwe_picture.h - images of the embedding as one PNG. */
#ifndef BW_DWE_PICTURE_H
#define BW_DWE_PICTURE_H

#include <stdbool.h>

#include "barrow/network.h"

/* One image from planes (C H W) to pixels (H W C). is_view: scaled so that its
 * largest value is 1. */
void bw_dwe_picture_pixels(bw_shape shape, const float *planes, bool is_view,
                           float *pixels);

/* Writes n images (n, C H W) as a sheet (plot/grid.h), n_columns a row, each
 * image scaled so that its largest value is 1. Errors as bw_grid_write. */
bw_status bw_dwe_picture_write(const char *path, bw_shape shape, size_t n,
                               const float *planes, size_t n_columns,
                               bw_error *err) BW_MUST_CHECK;

#endif
