/* dwe_picture.c - histograms as grey levels in a grid. */
#include "config.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "barrow/image.h"
#include "base/output.h"
#include "model/dwe_picture.h"
#include "store/png.h"

typedef struct grid {
    bw_shape shape;
    size_t n_pixels, n_channels; /* of the picture: 1 or 3 */
    size_t n_columns;
    bw_image canvas;
} grid;

/* The value of channel c at pixel i of one image. */
static float value_at(const grid *g, const float *planes, size_t c, size_t i)
{
    float sum = 0;

    if (g->n_channels == 3)
        return planes[c * g->n_pixels + i];
    for (size_t k = 0; k < g->shape.c; k++)
        sum += planes[k * g->n_pixels + i];
    return sum;
}

static void paint(grid *g, size_t cell, const float *planes)
{
    size_t top = cell / g->n_columns * (g->shape.h + 1);
    size_t left = cell % g->n_columns * (g->shape.w + 1);
    uint8_t *level = g->canvas.data;
    float most = 0;

    for (size_t c = 0; c < g->n_channels; c++)
        for (size_t i = 0; i < g->n_pixels; i++)
            most = fmaxf(most, value_at(g, planes, c, i));
    for (size_t c = 0; c < g->n_channels; c++)
        for (size_t i = 0; i < g->n_pixels; i++) {
            size_t y = top + i / g->shape.w, x = left + i % g->shape.w;
            float v = most > 0 ? value_at(g, planes, c, i) / most : 0;
            level[(y * g->canvas.width + x) * g->n_channels + c] =
                (uint8_t)nearbyintf(255 * fmaxf(v, 0));
        }
}

bw_status bw_dwe_picture_write(const char *path, bw_shape shape, size_t n,
                               const float *planes, size_t n_columns,
                               bw_error *err)
{
    grid g = {.shape = shape,
              .n_pixels = shape.h * shape.w,
              .n_channels = shape.c == 3 ? 3 : 1,
              .n_columns = n_columns,
              .canvas = BW_IMAGE_INIT};
    size_t n_rows = (n + n_columns - 1) / n_columns, height, width;
    bw_output *output = NULL;

    if (__builtin_mul_overflow(shape.h + 1, n_rows, &height) ||
        __builtin_mul_overflow(shape.w + 1, n_columns, &width) || n == 0)
        return bw_error_set(err, BW_ERR_DIMENSION, "%s: no grid of %zu images",
                            path, n);
    bw_status status = bw_image_shape(&g.canvas, BW_U8, height - 1, width - 1,
                                      g.n_channels, err);
    if (status) {
        bw_error_prefix(err, "%s", path);
        goto done;
    }
    memset(g.canvas.data, 255, bw_image_n_bytes(&g.canvas));
    for (size_t k = 0; k < n; k++)
        paint(&g, k, planes + k * bw_shape_n(shape));
    status = bw_output_open(path, &output, err);
    if (!status)
        status = bw_png_encode(&g.canvas, output, err);
    if (!status)
        status = bw_output_commit(output, err);
done:
    bw_output_destroy(output);
    bw_image_clear(&g.canvas);
    return status;
}
