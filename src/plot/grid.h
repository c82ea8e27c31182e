/* grid.h - many images on one sheet. */
#ifndef BW_GRID_H
#define BW_GRID_H

#include <stddef.h>

#include "store/image.h"

/* n images, (n, h w c) in [0, 1], in rows of n_columns. Values outside are
 * clipped, NaN is 0. c 1 is grey, c 3 colour; of other counts the mean is
 * shown. */
typedef struct bw_grid {
    size_t h, w, c;
    size_t n;
    const float *values; /* borrowed */
    size_t n_columns;    /* where n is less, it counts */
    size_t zoom;  /* pixels a side that a value gets; 0: bw_grid_zoom's */
    size_t group; /* after so many rows the line is wider; 0: nowhere */
} bw_grid;

/* Lines between images, and the wider ones, in pixels. */
enum { BW_GRID_LINE = 1, BW_GRID_GAP = 4 };

/* The whole factor that brings small images nearest to, but not above, 64
 * pixels; at most 8. */
size_t bw_grid_zoom(size_t h, size_t w);

/* The sheet as U8 of 1 or 3 channels, grey lines between images and nothing
 * around them; white where images are missing in the last row.
 * BW_ERR_DIMENSION without images, values or columns, and for a sheet of more
 * than 2^30 bytes; BW_ERR_MEMORY. */
bw_status bw_grid_paint(const bw_grid *grid, bw_image *image,
                        bw_error *err) BW_MUST_CHECK;

/* Whether there can be a file of such a sheet, before the work whose images it
 * is to show: BW_ERR_DIMENSION as bw_grid_paint, and for a side of more than
 * BW_PNG_SIDE pixels. Messages begin with the path. */
bw_status bw_grid_check(const char *path, size_t h, size_t w, size_t c,
                        size_t n, size_t n_columns,
                        bw_error *err) BW_MUST_CHECK;

/* Writes such a sheet as PNG, whole or not at all; BW_ERR_IO, too. Messages
 * begin with the path. */
bw_status bw_grid_write(const char *path, size_t h, size_t w, size_t c,
                        size_t n, const float *values, size_t n_columns,
                        bw_error *err) BW_MUST_CHECK;

#endif
