/* image.h - one picture in memory, and what wpack does to it: crop, resize,
 * grey and colour, inversion, change of depth.
 *
 * H, W, C are height, width and channels: 1 grey, 2 grey and alpha, 3 RGB,
 * 4 RGB and alpha. Samples stand as (H,W,C), channels fastest. 8-bit samples
 * run from 0 to 255, float ones from 0 to 1.
 */
#ifndef BW_IMAGE_H
#define BW_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/container.h"
#include "barrow/status.h"

typedef struct bw_image {
    bw_dtype dtype; /* any but BOOL, F16, BF16 for the operations below */
    size_t height, width, channels;
    void *data;      /* owned, malloc'ed */
    size_t capacity; /* bytes at data */
} bw_image;

#define BW_IMAGE_INIT                                                          \
    {                                                                          \
        BW_U8, 0, 0, 0, NULL, 0                                                \
    }

/* More than any image takes. */
#define BW_IMAGE_BYTES ((uint64_t)1 << 30)

/* Makes room for the shape and type given and sets them; samples are
 * undefined. BW_ERR_MEMORY; BW_ERR_DIMENSION beyond BW_IMAGE_BYTES. */
bw_status bw_image_shape(bw_image *image, bw_dtype dtype, size_t height,
                         size_t width, size_t channels,
                         bw_error *err) BW_MUST_CHECK;
void bw_image_clear(bw_image *image);

size_t bw_image_n_samples(const bw_image *image);
size_t bw_image_n_bytes(const bw_image *image);

/* Keeps the height x width part whose upper left corner is (y, x), in place.
 * BW_ERR_DIMENSION when that reaches outside. */
bw_status bw_image_crop(bw_image *image, size_t height, size_t width, size_t y,
                        size_t x, bw_error *err) BW_MUST_CHECK;

/* Rec. 601 luma (299 R + 587 G + 114 B) / 1000 of C 3 or 4, in place; alpha
 * stays; C 1 or 2 is left alone. Integers are computed exactly and rounded half
 * to even. */
void bw_image_gray(bw_image *image);

/* Repeats the grey of C 1 or 2 in three channels; C 3 or 4 is left alone. */
bw_status bw_image_rgb(bw_image *image, bw_error *err) BW_MUST_CHECK;

/* v becomes 255 - v, 65535 - v (U16), 1 - v (floats); alpha stays.
 * BW_ERR_USAGE for other types. */
bw_status bw_image_invert(bw_image *image, bw_error *err) BW_MUST_CHECK;

/* To U8 or F32, in place. U8 and U16 are scaled by their full range; BOOL is 0
 * or full; floats must lie in 0..1, other integers in 0..255 as 8-bit values:
 * BW_ERR_RANGE names the sample that doesn't. Rounds half to even. F64 to F32
 * and a type to itself take any value. BW_ERR_USAGE for other targets. */
bw_status bw_image_convert(bw_image *image, bw_dtype dtype,
                           bw_error *err) BW_MUST_CHECK;

/* ---- resizing ---- */

/* Tables and work space for one pair of sizes at a time. */
typedef struct bw_resizer bw_resizer;

/* NULL when memory is out. */
bw_resizer *bw_resizer_create(void);
void bw_resizer_destroy(bw_resizer *resizer);

/* Writes `from` at height x width to `to`, axis by axis: the exact mean of the
 * area that a sample covers where an axis shrinks, the Catmull-Rom cubic
 * (a = -1/2; Keys, 1981) with the border repeated where it grows. Integers
 * round half to even; what a cubic overshoots is cut to the type's range, for
 * floats to the range of the image. Equal sizes copy. Area means of U8 and U16
 * are exact before that rounding. */
bw_status bw_image_resize(bw_resizer *resizer, const bw_image *from,
                          size_t height, size_t width, bw_image *to,
                          bw_error *err) BW_MUST_CHECK;

#endif
