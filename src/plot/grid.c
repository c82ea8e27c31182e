/* grid.c - many images on one sheet. */
#include "config.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "plot/grid.h"
#include "plot/picture.h"
#include "store/png.h"

enum { ZOOM_TO = 64, ZOOM_MOST = 8, LINE_LEVEL = 160 };

/* A sheet being painted. */
typedef struct sheet {
    const bw_grid *grid;
    size_t zoom, n_rows, n_columns;
    bw_image *image;
} sheet;

/* Pixels before image k of an axis where images have `side` pixels. */
static size_t offset(size_t k, size_t side, size_t group)
{
    size_t n_wide = group > 0 ? k / group : 0;

    return k * (side + BW_GRID_LINE) + n_wide * (BW_GRID_GAP - BW_GRID_LINE);
}

/* Pixels of n images along an axis; false when that is too many to count. */
static bool extent(size_t n, size_t side, size_t zoom, size_t group,
                   size_t *pixels)
{
    size_t each, all;

    if (__builtin_mul_overflow(side, zoom, &each) ||
        __builtin_add_overflow(each, (size_t)BW_GRID_GAP, &all) ||
        __builtin_mul_overflow(all, n, &all))
        return false;
    *pixels = offset(n - 1, each, group) + each;
    return true;
}

static uint8_t level(float value)
{
    return (uint8_t)nearbyintf(255 * fminf(fmaxf(value, 0), 1));
}

/* The shown channels of pixel i of an image. */
static void set_levels(const bw_grid *g, const float *values, size_t i,
                       uint8_t *to)
{
    const float *v = values + i * g->c;
    float sum = 0;

    if (g->c == 3) {
        for (size_t c = 0; c < 3; c++)
            to[c] = level(v[c]);
        return;
    }
    for (size_t c = 0; c < g->c; c++)
        sum += fminf(fmaxf(v[c], 0), 1);
    to[0] = level(sum / (float)g->c);
}

static void fill(const sheet *s, size_t top, size_t left, size_t height,
                 size_t width, const uint8_t *levels)
{
    size_t n = s->image->channels;
    uint8_t *data = s->image->data;

    for (size_t y = top; y < top + height; y++)
        for (size_t x = left; x < left + width; x++)
            memcpy(data + (y * s->image->width + x) * n, levels, n);
}

static void paint_image(const sheet *s, size_t k)
{
    const bw_grid *g = s->grid;
    const float *values = g->values + k * g->h * g->w * g->c;
    size_t top = offset(k / s->n_columns, g->h * s->zoom, g->group);
    size_t left = offset(k % s->n_columns, g->w * s->zoom, 0);
    uint8_t levels[3];

    for (size_t i = 0; i < g->h * g->w; i++) {
        set_levels(g, values, i, levels);
        fill(s, top + i / g->w * s->zoom, left + i % g->w * s->zoom, s->zoom,
             s->zoom, levels);
    }
}

/* What lines and places without an image are like. */
static void paint_ground(const sheet *s)
{
    const bw_grid *g = s->grid;
    size_t rest = g->n % s->n_columns, height = s->image->height;
    static const uint8_t white[3] = {255, 255, 255};

    memset(s->image->data, LINE_LEVEL, bw_image_n_bytes(s->image));
    for (size_t r = 1; r < s->n_rows && g->group > 0; r++)
        if (r % g->group == 0)
            fill(s, offset(r, g->h * s->zoom, g->group) - BW_GRID_GAP, 0,
                 BW_GRID_GAP, s->image->width, white);
    if (rest > 0) {
        size_t top = offset(s->n_rows - 1, g->h * s->zoom, g->group);
        size_t left = offset(rest, g->w * s->zoom, 0) - BW_GRID_LINE;
        fill(s, top, left, height - top, s->image->width - left, white);
    }
}

size_t bw_grid_zoom(size_t h, size_t w)
{
    size_t side = h > w ? h : w;
    size_t zoom = side > 0 ? ZOOM_TO / side : 1;

    return zoom > ZOOM_MOST ? ZOOM_MOST : zoom > 0 ? zoom : 1;
}

/* Rows, columns and zoom of a sheet, and its pixels. */
static bw_status plan(sheet *s, size_t *height, size_t *width, bw_error *err)
{
    const bw_grid *grid = s->grid;

    if (grid->n == 0 || grid->n_columns == 0 || grid->h == 0 || grid->w == 0 ||
        grid->c == 0)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "no sheet of %zu images of %zux%zux%zu in %zu "
                            "columns",
                            grid->n, grid->h, grid->w, grid->c,
                            grid->n_columns);
    s->zoom = grid->zoom > 0 ? grid->zoom : bw_grid_zoom(grid->h, grid->w);
    s->n_columns = grid->n_columns < grid->n ? grid->n_columns : grid->n;
    s->n_rows = (grid->n - 1) / s->n_columns + 1;
    if (extent(s->n_rows, grid->h, s->zoom, grid->group, height) &&
        extent(s->n_columns, grid->w, s->zoom, 0, width))
        return BW_OK;
    return bw_error_set(err, BW_ERR_DIMENSION,
                        "a sheet of %zu images is too large", grid->n);
}

static size_t channels_of(const bw_grid *grid)
{
    return grid->c == 3 ? 3 : 1;
}

bw_status bw_grid_paint(const bw_grid *grid, bw_image *image, bw_error *err)
{
    sheet s = {.grid = grid, .image = image};
    size_t height = 0, width = 0;
    bw_status status = plan(&s, &height, &width, err);

    if (!status)
        status =
            bw_image_shape(image, BW_U8, height, width, channels_of(grid), err);
    if (status)
        return status;
    paint_ground(&s);
    for (size_t k = 0; k < grid->n; k++)
        paint_image(&s, k);
    return BW_OK;
}

bw_status bw_grid_check(const char *path, size_t h, size_t w, size_t c,
                        size_t n, size_t n_columns, bw_error *err)
{
    const bw_grid grid = {
        .h = h, .w = w, .c = c, .n = n, .n_columns = n_columns};
    sheet s = {.grid = &grid};
    size_t height = 0, width = 0, n_bytes;
    bw_status status = plan(&s, &height, &width, err);

    if (status)
        return bw_error_prefix(err, "%s", path);
    if (height <= BW_PNG_SIDE && width <= BW_PNG_SIDE &&
        !__builtin_mul_overflow(height * width, channels_of(&grid), &n_bytes) &&
        n_bytes <= BW_IMAGE_BYTES)
        return BW_OK;
    return bw_error_set(err, BW_ERR_DIMENSION,
                        "%s: a sheet of %zu images, %zux%zu pixels, is too "
                        "large",
                        path, n, height, width);
}

bw_status bw_grid_write(const char *path, size_t h, size_t w, size_t c,
                        size_t n, const float *values, size_t n_columns,
                        bw_error *err)
{
    const bw_grid grid = {.h = h,
                          .w = w,
                          .c = c,
                          .n = n,
                          .values = values,
                          .n_columns = n_columns};
    bw_image image = BW_IMAGE_INIT;
    bw_status status = bw_grid_paint(&grid, &image, err);

    if (status)
        bw_error_prefix(err, "%s", path);
    else
        status = bw_picture_write(path, &image, err);
    bw_image_clear(&image);
    return status;
}
