/* dwe_picture.c - histograms as pictures. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "model/dwe_picture.h"
#include "plot/grid.h"

void bw_dwe_picture_pixels(bw_shape shape, const float *planes, bool is_view,
                           float *pixels)
{
    size_t n_pixels = shape.h * shape.w;
    float most = 0, factor = 1;

    for (size_t k = 0; k < bw_shape_n(shape) && is_view; k++)
        most = fmaxf(most, planes[k]);
    if (most > 0)
        factor = 1 / most;
    for (size_t c = 0; c < shape.c; c++)
        for (size_t i = 0; i < n_pixels; i++)
            pixels[i * shape.c + c] = factor * planes[c * n_pixels + i];
}

bw_status bw_dwe_picture_write(const char *path, bw_shape shape, size_t n,
                               const float *planes, size_t n_columns,
                               bw_error *err)
{
    size_t size = bw_shape_n(shape);
    float *pixels = calloc(n + 1, size * sizeof *pixels);

    if (!pixels)
        return bw_error_memory(err);
    for (size_t k = 0; k < n; k++)
        bw_dwe_picture_pixels(shape, planes + k * size, true,
                              pixels + k * size);
    bw_status status = bw_grid_write(path, shape.h, shape.w, shape.c, n, pixels,
                                     n_columns, err);
    free(pixels);
    return status;
}
