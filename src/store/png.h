/* png.h - one picture from and to PNG, by libpng. Messages carry no file name:
 * the caller knows it. */
#ifndef BW_PNG_H
#define BW_PNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/output.h"
#include "store/image.h"

/* What shows through transparent pixels. */
typedef struct bw_background {
    bool is_none;   /* alpha stays a channel */
    uint8_t rgb[3]; /* otherwise */
} bw_background;

/* Decodes n bytes at data, which must be one whole PNG, into U8 or, from 16
 * bits a sample, U16. Palettes become RGB, 1 to 4 bits grow to 8, tRNS counts
 * as alpha. Alpha is composed over the background, gamma ignored; grey over a
 * coloured background becomes RGB. BW_ERR_FORMAT: corrupt, truncated, more
 * pixels than the bytes can hold, bytes after the end. */
bw_status bw_png_decode(const void *data, size_t n,
                        const bw_background *background, bw_image *image,
                        bw_error *err) BW_MUST_CHECK;

/* The longest side, in pixels, that is written. */
enum { BW_PNG_SIDE = 1000000 };

/* Encodes a U8 or U16 image of 1 to 4 channels; BW_ERR_DIMENSION where a side
 * is longer. */
bw_status bw_png_encode(const bw_image *image, bw_output *output,
                        bw_error *err) BW_MUST_CHECK;

#endif
