/* picture.h - an image to a PNG file. */
#ifndef BW_PICTURE_H
#define BW_PICTURE_H

#include "store/image.h"

/* Whole or not at all; "-" is standard output. BW_ERR_IO, BW_ERR_MEMORY;
 * messages begin with the path. */
bw_status bw_picture_write(const char *path, const bw_image *image,
                           bw_error *err) BW_MUST_CHECK;

#endif
