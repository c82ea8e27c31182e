/* test_heat.c - cells of a matrix are where they belong, in their colours. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "plot/heat.h"

enum { WIDTH = 400, HEIGHT = 300 };

/* How many pixels have a colour, and the mean of their places. */
typedef struct found {
    size_t n;
    double x, y;
} found;

static found find(cairo_surface_t *surface, const unsigned char rgb[3])
{
    const unsigned char *data = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface);
    uint32_t want = (uint32_t)(rgb[0] << 16 | rgb[1] << 8 | rgb[2]), pixel;
    found f = {0, 0, 0};

    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH - 120; x++) {
            memcpy(&pixel, data + y * stride + 4 * x, sizeof pixel);
            if ((pixel & 0xffffff) != want)
                continue;
            f.n++;
            f.x += x;
            f.y += y;
        }
    f.x /= fmax((double)f.n, 1);
    f.y /= fmax((double)f.n, 1);
    return f;
}

static cairo_surface_t *draw(const bw_heat *heat)
{
    const bw_field room = {0, 0, WIDTH, HEIGHT};
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, WIDTH, HEIGHT);
    cairo_t *cr = cairo_create(surface);
    bw_error err = BW_ERROR_INIT;

    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    cr_assert_eq(bw_heat_draw(cr, heat, &room, &err), BW_OK, "%s", err.text);
    cairo_destroy(cr);
    cairo_surface_flush(surface);
    return surface;
}

Test(heat, cells_have_their_places_and_colours)
{
    const double values[6] = {0, 1, NAN, 2, 3, 4};
    const bw_heat heat = {.n_rows = 2,
                          .n_columns = 3,
                          .values = values,
                          .row_count = 2,
                          .column_count = 3};
    const unsigned char grey[3] = {217, 217, 217};
    cairo_surface_t *surface = draw(&heat);
    unsigned char rgb[3];
    found cell[5], missing = find(surface, grey);

    for (int k = 0; k < 5; k++) {
        bw_heat_colour(k / 4.0, rgb);
        cell[k] = find(surface, rgb);
        cr_assert_gt(cell[k].n, 1000, "value %d: %zu pixels", k, cell[k].n);
    }
    cr_assert_gt(missing.n, 1000);
    /* The first row on top, columns from the left. */
    cr_assert_float_eq(cell[0].y, cell[1].y, 2);
    cr_assert_float_eq(cell[0].y, missing.y, 2);
    cr_assert_gt(cell[2].y, cell[0].y + 50);
    cr_assert_float_eq(cell[0].x, cell[2].x, 2);
    cr_assert_gt(cell[3].x, cell[2].x + 50);
    cr_assert_gt(missing.x, cell[1].x + 50);
    /* Squares. */
    cr_assert_float_eq(cell[1].x - cell[0].x, cell[2].y - cell[0].y, 2);
    cairo_surface_destroy(surface);
}

Test(heat, a_logarithmic_scale_has_no_zero)
{
    const double values[4] = {0, 1, 10, 100};
    const bw_heat heat = {.n_rows = 2,
                          .n_columns = 2,
                          .values = values,
                          .row_count = 2,
                          .column_count = 2,
                          .is_log = true};
    const unsigned char grey[3] = {217, 217, 217};
    cairo_surface_t *surface = draw(&heat);
    unsigned char rgb[3];

    cr_assert_gt(find(surface, grey).n, 1000);
    bw_heat_colour(0.5, rgb);
    cr_assert_gt(find(surface, rgb).n, 1000);
    cairo_surface_destroy(surface);
}

Test(heat, colours_grow_lighter)
{
    double last = 0;

    for (int k = 0; k <= 100; k++) {
        unsigned char c[3];
        bw_heat_colour(k / 100.0, c);
        double light = 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2];
        cr_assert_gt(light, last - 0.6, "at %d", k);
        last = light;
    }
    unsigned char low[3], under[3];
    bw_heat_colour(0, low);
    bw_heat_colour(-3, under);
    cr_assert_arr_eq(low, under, 3);
}

Test(heat, heights_follow_the_shape)
{
    const bw_heat wide = {.row_count = 10, .column_count = 20};
    const bw_heat square = {.row_count = 10, .column_count = 10};

    cr_assert_lt(bw_heat_height(&wide, 400), bw_heat_height(&square, 400));
    cr_assert_leq(bw_heat_height(&square, 400), 400);
}
