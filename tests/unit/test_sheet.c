/* test_sheet.c - panels are where rows and columns say, images as they are. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot/sheet.h"

/* Where a panel's images begin. */
enum { LEFT = 12, TOP = 36 };

static const uint8_t *at(const bw_image *image, size_t y, size_t x)
{
    const uint8_t *data = image->data;

    cr_assert(y < image->height && x < image->width);
    return data + (y * image->width + x) * image->channels;
}

static bool is_white(const bw_image *image, size_t top, size_t left,
                     size_t height, size_t width)
{
    for (size_t y = top; y < top + height; y++)
        for (size_t x = left; x < left + width; x++)
            for (int c = 0; c < 3; c++)
                if (at(image, y, x)[c] != 255)
                    return false;
    return true;
}

Test(sheet, images_stand_as_they_are)
{
    const float grey[] = {0, 0.2F, 0.4F, 0.6F};
    const float colour[] = {1, 0.2F, 0, 0, 0.4F, 1};
    const bw_grid g = {.h = 1,
                       .w = 2,
                       .c = 1,
                       .n = 2,
                       .values = grey,
                       .n_columns = 1,
                       .zoom = 3};
    const bw_grid c = {.h = 2,
                       .w = 1,
                       .c = 3,
                       .n = 1,
                       .values = colour,
                       .n_columns = 1,
                       .zoom = 2};
    const bw_panel panel[] = {{.title = "a"},
                              {.title = "b"},
                              {.title = "", .opt_images = &g},
                              {.title = "", .opt_images = &c}};
    const bw_sheet sheet = {2, 2, panel};
    bw_image image = BW_IMAGE_INIT;

    cr_assert(!bw_sheet_paint(&sheet, &image, NULL));
    cr_assert_eq(image.height, 2 * BW_PANEL_HEIGHT);
    cr_assert_eq(image.width, 2 * BW_PANEL_WIDTH);
    cr_assert_eq(image.channels, 3);
    size_t y = BW_PANEL_HEIGHT + TOP, x = LEFT;
    const uint8_t want[] = {0, 51, 102, 153};
    for (size_t k = 0; k < 4; k++)
        for (int i = 0; i < 3; i++)
            cr_assert_eq(at(&image, y + k / 2 * 4 + 2, x + k % 2 * 3)[i],
                         want[k]);
    cr_assert_eq(at(&image, y + 3, x)[0], 160);
    cr_assert(is_white(&image, y, x + 6, 7, 100));
    cr_assert(is_white(&image, y + 7, x, 100, 100));
    x += BW_PANEL_WIDTH;
    cr_assert_arr_eq(at(&image, y + 1, x + 1), ((uint8_t[]){255, 51, 0}), 3);
    cr_assert_arr_eq(at(&image, y + 2, x), ((uint8_t[]){0, 102, 255}), 3);
    bw_image_clear(&image);
}

Test(sheet, large_images_are_made_smaller)
{
    enum { SIDE = 2000 };
    float *values = calloc(SIDE * SIDE, sizeof *values);
    const bw_grid g = {
        .h = SIDE, .w = SIDE, .c = 1, .n = 1, .values = values, .n_columns = 1};
    const bw_panel panel = {.title = "", .opt_images = &g};
    const bw_sheet sheet = {1, 1, &panel};
    bw_image image = BW_IMAGE_INIT;

    cr_assert(!bw_sheet_paint(&sheet, &image, NULL));
    for (size_t k = 2; k < BW_PANEL_IMAGES - 2; k++)
        cr_assert_eq(at(&image, TOP + k, LEFT + k)[0], 0);
    cr_assert(is_white(&image, 0, BW_PANEL_WIDTH - 8, BW_PANEL_HEIGHT, 8));
    cr_assert(is_white(&image, BW_PANEL_HEIGHT - 8, 0, 8, BW_PANEL_WIDTH));
    bw_image_clear(&image);
    free(values);
}

Test(sheet, panels_keep_to_their_place)
{
    const double v[] = {-1e5, 3e5};
    const bw_series series = {
        .name = "a legend that is much longer than a panel has room for, so "
                "that it would reach far into its neighbour",
        .n = 2,
        .y = v};
    const bw_grid nothing = {.h = 0};
    const bw_panel panel[] = {
        {.title = "", .opt_images = &nothing},
        {.title = "a title that is much longer than a panel has room for, too, "
                  "and then some more",
         .opt_x_label = "an axis label that is much longer than a panel has "
                        "room for, too, and so on",
         .opt_y_label = "the other axis label that is much longer than a "
                        "panel has room for, too",
         .n_series = 1,
         .series = &series},
        {.title = "", .opt_images = &nothing}};
    const bw_sheet sheet = {1, 3, panel}, below = {3, 1, panel};
    bw_image image = BW_IMAGE_INIT, again = BW_IMAGE_INIT;

    cr_assert(!bw_sheet_paint(&sheet, &image, NULL));
    cr_assert(is_white(&image, 0, 0, BW_PANEL_HEIGHT, BW_PANEL_WIDTH));
    cr_assert(is_white(&image, 0, 2 * BW_PANEL_WIDTH, BW_PANEL_HEIGHT,
                       BW_PANEL_WIDTH));
    cr_assert(!is_white(&image, 0, BW_PANEL_WIDTH, 30, BW_PANEL_WIDTH),
              "no title");
    /* Once more: the same bytes. */
    cr_assert(!bw_sheet_paint(&sheet, &again, NULL));
    cr_assert_arr_eq(image.data, again.data, bw_image_n_bytes(&image));
    cr_assert(!bw_sheet_paint(&below, &image, NULL));
    cr_assert(is_white(&image, 0, 0, BW_PANEL_HEIGHT, BW_PANEL_WIDTH));
    cr_assert(is_white(&image, 2 * BW_PANEL_HEIGHT, 0, BW_PANEL_HEIGHT,
                       BW_PANEL_WIDTH));
    bw_image_clear(&image);
    bw_image_clear(&again);
}

Test(sheet, impossible_ones)
{
    const bw_grid bad = {.n = 1};
    const bw_panel panel = {.title = "\xff\n\xf0\x9f\x98\x80",
                            .opt_images = &bad};
    const bw_panel good = {.title = ""};
    const size_t size[][2] = {{0, 1},        {1, 0},        {1, 70}, {70, 1},
                              {SIZE_MAX, 1}, {1, SIZE_MAX}, {1, 1}};
    bw_error err = BW_ERROR_INIT;

    for (size_t k = 0; k < sizeof size / sizeof *size; k++) {
        const bw_sheet sheet = {size[k][0], size[k][1], &panel};
        cr_assert_eq(bw_sheet_write("no/x.png", &sheet, &err), BW_ERR_DIMENSION,
                     "case %zu", k);
        cr_assert_eq(strncmp(err.text, "no/x.png: ", 10), 0, "%s", err.text);
    }
    const bw_sheet sheet = {1, 1, &good};
    cr_assert_eq(bw_sheet_write("/no/such/x.png", &sheet, &err), BW_ERR_IO);
    cr_assert_eq(bw_sheet_write("/dev/full", &sheet, &err), BW_ERR_IO);
}
