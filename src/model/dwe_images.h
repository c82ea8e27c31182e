/* dwe_images.h - images as histograms: what the embedding is trained on.
 *
 * An item is one image of H x W pixels in C planes, each plane of mass 1 / C:
 * the luminance alone (C = 1), or every channel for itself. Values stand as
 * (C,H,W), so an item is one histogram of mass 1.
 */
#ifndef BW_DWE_IMAGES_H
#define BW_DWE_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/container.h"
#include "barrow/network.h"
#include "base/tasks.h"
#include "model/origin.h"
#include "store/rows.h"

typedef enum bw_dwe_mass {
    BW_DWE_MASS_SUM,     /* value / sum of values */
    BW_DWE_MASS_SOFTMAX, /* exp(value) / sum of exp(values) */
    BW_DWE_MASS_NONE     /* as given; equal sums, so that the sum's is taken */
} bw_dwe_mass;

typedef struct bw_dwe_images {
    bw_origin origin;
    char rows[BW_ROWS_DIGITS]; /* digest of the images alone */
    size_t n;
    bw_shape shape;       /* H, W and C of an item */
    unsigned char *bytes; /* n items as they were, or NULL: then */
    float *values;        /* n items of mass 1 */
    float *factor;        /* n x C: byte to mass */
    int32_t *labels;      /* n, or NULL */
} bw_dwe_images;

/* Loads a container: tensor `images` (n,h,w,c), or `mass` (n,h,w) or (n,bins),
 * and `labels` (n) where it has them. Bytes stay bytes. Images of 3 channels
 * become luminance as wdist has it, unless each_channel. BW_ERR_RANGE names
 * the image whose values are no masses; BW_ERR_DIMENSION an image of no
 * luminance. Messages begin with the path. Cleared on failure. */
bw_status bw_dwe_images_load(const char *path, bw_dwe_mass mass,
                             bool each_channel, bw_dwe_images *images,
                             bw_error *err) BW_MUST_CHECK;
/* The same from an open container, which is read to its end. */
bw_status bw_dwe_images_read(bw_reader *reader, bw_dwe_mass mass,
                             bool each_channel, bw_dwe_images *images,
                             bw_error *err) BW_MUST_CHECK;
void bw_dwe_images_clear(bw_dwe_images *images);

/* The largest value of an item, in the mean over all. */
double bw_dwe_images_peak(const bw_dwe_images *images);

/* Values of an item, H W C. */
size_t bw_dwe_images_size(const bw_dwe_images *images);

/* Where values of gathered images go: scale times value i of plane c of the
 * k-th image to out[k item + c plane + i pixel]. */
typedef struct bw_dwe_steps {
    size_t item, plane, pixel;
    float scale;
} bw_dwe_steps;

/* Items as they are, (C,H,W), and as networks take them, (H,W,C) and scaled. */
bw_dwe_steps bw_dwe_planes(bw_shape shape);
bw_dwe_steps bw_dwe_pixels(bw_shape shape, double scale);

/* Writes n images, those numbered index[]. */
void bw_dwe_images_gather(const bw_dwe_images *images, bw_tasks *tasks,
                          size_t n, const uint32_t *index, bw_dwe_steps steps,
                          float *out);

#endif
