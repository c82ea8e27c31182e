/* surface.c - images from and to cairo's surfaces. */
#include "config.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "plot/surface.h"

enum {
    CAIRO_MOST = 32767,
    VECTOR_PIXELS = 4, /* a point of SVG and PDF */
    MOST_ENLARGED = 64
};

bw_status bw_surface_check(cairo_status_t status, bw_error *err)
{
    if (status == CAIRO_STATUS_SUCCESS)
        return BW_OK;
    if (status == CAIRO_STATUS_NO_MEMORY)
        return bw_error_memory(err);
    return bw_error_set(err, BW_ERR_INTERNAL, "cairo: %s",
                        cairo_status_to_string(status));
}

bw_status bw_surface_create(size_t height, size_t width,
                            cairo_surface_t **ret_surface, bw_error *err)
{
    *ret_surface = NULL;
    if (height > CAIRO_MOST || width > CAIRO_MOST)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "a figure of %zux%zu pixels is too large", height,
                            width);
    *ret_surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
    return bw_surface_check(cairo_surface_status(*ret_surface), err);
}

/* cairo's pixels: 0xRRGGBB in the order of the machine. */
bw_status bw_surface_of_image(const bw_image *image,
                              cairo_surface_t **ret_surface, bw_error *err)
{
    bw_status status =
        bw_surface_create(image->height, image->width, ret_surface, err);

    if (status)
        return status;
    size_t stride = (size_t)cairo_image_surface_get_stride(*ret_surface);
    unsigned char *data = cairo_image_surface_get_data(*ret_surface);
    const uint8_t *from = image->data;
    size_t n = image->channels, last = n - 1;

    cairo_surface_flush(*ret_surface);
    for (size_t y = 0; y < image->height; y++)
        for (size_t x = 0; x < image->width; x++, from += n) {
            uint32_t pixel = (uint32_t)from[0] << 16 |
                             (uint32_t)from[last / 2] << 8 | from[last];
            memcpy(data + y * stride + 4 * x, &pixel, sizeof pixel);
        }
    cairo_surface_mark_dirty(*ret_surface);
    return BW_OK;
}

bw_status bw_surface_to_image(cairo_surface_t *surface, bw_image *image,
                              bw_error *err)
{
    size_t height = (size_t)cairo_image_surface_get_height(surface);
    size_t width = (size_t)cairo_image_surface_get_width(surface);
    bw_status status = bw_image_shape(image, BW_U8, height, width, 3, err);

    if (status)
        return status;
    cairo_surface_flush(surface);
    size_t stride = (size_t)cairo_image_surface_get_stride(surface);
    const unsigned char *data = cairo_image_surface_get_data(surface);
    uint8_t *to = image->data;

    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++, to += 3) {
            uint32_t pixel;
            memcpy(&pixel, data + y * stride + 4 * x, sizeof pixel);
            to[0] = (uint8_t)(pixel >> 16);
            to[1] = (uint8_t)(pixel >> 8);
            to[2] = (uint8_t)pixel;
        }
    return BW_OK;
}

static void paint_nearest(cairo_t *cr, cairo_surface_t *surface, double left,
                          double top, double width, double height)
{
    cairo_save(cr);
    cairo_translate(cr, left, top);
    cairo_scale(cr, width / cairo_image_surface_get_width(surface),
                height / cairo_image_surface_get_height(surface));
    cairo_set_source_surface(cr, surface, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_NEAREST);
    cairo_paint(cr);
    cairo_restore(cr);
}

/* Those who show SVG smooth images that they enlarge, so these come enlarged:
 * so many times that little is left to do. */
static int enlargement(cairo_t *cr, cairo_surface_t *surface, double width)
{
    int n = cairo_image_surface_get_width(surface);
    double height = 0;

    if (cairo_surface_get_type(cairo_get_target(cr)) ==
        CAIRO_SURFACE_TYPE_IMAGE)
        return 1;
    cairo_user_to_device_distance(cr, &width, &height);
    double factor = ceil(width * VECTOR_PIXELS / fmax(n, 1));
    return (int)fmin(fmax(factor, 1), MOST_ENLARGED);
}

void bw_surface_paint(cairo_t *cr, cairo_surface_t *surface, double left,
                      double top, double width, double height)
{
    int factor = enlargement(cr, surface, width);
    int w = factor * cairo_image_surface_get_width(surface);
    int h = factor * cairo_image_surface_get_height(surface);

    if (factor == 1 || w > CAIRO_MOST || h > CAIRO_MOST) {
        paint_nearest(cr, surface, left, top, width, height);
        return;
    }
    cairo_surface_t *large =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, w, h);
    cairo_t *on_large = cairo_create(large);
    paint_nearest(on_large, surface, 0, 0, w, h);
    cairo_destroy(on_large);
    paint_nearest(cr, large, left, top, width, height);
    cairo_surface_destroy(large);
}
