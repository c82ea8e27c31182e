/* test_grid.c - where each image of a sheet stands, and which sheets there
 * cannot be. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plot/grid.h"
#include "store/bytes.h"
#include "store/png.h"

static uint8_t at(const bw_image *image, size_t y, size_t x, size_t c)
{
    const uint8_t *data = image->data;

    cr_assert(y < image->height && x < image->width && c < image->channels);
    return data[(y * image->width + x) * image->channels + c];
}

Test(grid, of_grey_images)
{
    /* Three images of 1 x 2, one missing in the second row. */
    const float values[] = {0, 1, 0.2F, 0.4F, -3, 7};
    const bw_grid grid = {.h = 1,
                          .w = 2,
                          .c = 1,
                          .n = 3,
                          .values = values,
                          .n_columns = 2,
                          .zoom = 3};
    const uint8_t want[2][4] = {{0, 255, 51, 102}, {0, 255, 255, 255}};
    bw_image image = BW_IMAGE_INIT;

    cr_assert(!bw_grid_paint(&grid, &image, NULL));
    cr_assert_eq(image.height, 7);
    cr_assert_eq(image.width, 13);
    cr_assert_eq(image.channels, 1);
    for (size_t y = 0; y < 7; y++)
        for (size_t x = 0; x < 13; x++) {
            int value = at(&image, y, x, 0);
            if (x > 5 && y > 3)
                cr_assert_eq(value, 255);
            else if (y == 3 || x == 6)
                cr_assert_eq(value, 160);
            else
                cr_assert_eq(value, want[y / 4][(x - x / 7) / 3], "%zu %zu", y,
                             x);
        }
    bw_image_clear(&image);
}

Test(grid, groups_of_rows_stand_apart)
{
    const float values[] = {0, 0, 0, 0, 0};
    const bw_grid grid = {.h = 1,
                          .w = 1,
                          .c = 1,
                          .n = 5,
                          .values = values,
                          .n_columns = 1,
                          .zoom = 1,
                          .group = 2};
    const uint8_t want[] = {0,   160, 0,   255, 255, 255, 255, 0,
                            160, 0,   255, 255, 255, 255, 0};
    bw_image image = BW_IMAGE_INIT;

    cr_assert(!bw_grid_paint(&grid, &image, NULL));
    cr_assert_eq(bw_image_n_bytes(&image), sizeof want);
    cr_assert_arr_eq(image.data, want, sizeof want);
    bw_image_clear(&image);
}

Test(grid, colours_and_other_counts)
{
    const float values[] = {0, 0.4F, 1, 1, 0.2F, NAN};
    bw_grid grid = {.h = 1,
                    .w = 1,
                    .c = 3,
                    .n = 2,
                    .values = values,
                    .n_columns = 9,
                    .zoom = 1};
    const uint8_t colours[] = {0, 102, 255, 160, 160, 160, 255, 51, 0};
    const uint8_t means[] = {51, 160, 255, 160, 26};
    bw_image image = BW_IMAGE_INIT;

    cr_assert(!bw_grid_paint(&grid, &image, NULL));
    cr_assert_eq(bw_image_n_bytes(&image), sizeof colours);
    cr_assert_arr_eq(image.data, colours, sizeof colours);
    grid.c = 2;
    grid.n = 3;
    cr_assert(!bw_grid_paint(&grid, &image, NULL));
    cr_assert_eq(bw_image_n_bytes(&image), sizeof means);
    cr_assert_arr_eq(image.data, means, sizeof means);
    bw_image_clear(&image);
}

Test(grid, zoom_is_whole_and_bounded)
{
    cr_assert_eq(bw_grid_zoom(28, 28), 2);
    cr_assert_eq(bw_grid_zoom(64, 64), 1);
    cr_assert_eq(bw_grid_zoom(33, 8), 1);
    cr_assert_eq(bw_grid_zoom(8, 8), 8);
    cr_assert_eq(bw_grid_zoom(1, 1), 8);
    cr_assert_eq(bw_grid_zoom(1, 1000), 1);
    cr_assert_eq(bw_grid_zoom(0, 0), 1);
}

Test(grid, impossible_sheets)
{
    const float values[16] = {0};
    const size_t bad[][5] = {
        {1, 1, 1, 0, 1},        {0, 1, 1, 1, 1},
        {1, 0, 1, 1, 1},        {1, 1, 0, 1, 1},
        {1, 1, 1, 1, 0},        {SIZE_MAX, 1, 1, 2, 1},
        {SIZE_MAX, 1, 1, 1, 1}, {1, SIZE_MAX, 1, 2, 2},
        {1, 1, 1, SIZE_MAX, 1}, {1, 1, 1, SIZE_MAX, SIZE_MAX},
        {30000, 1000, 3, 12, 1}};
    bw_error err = BW_ERROR_INIT;

    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        const size_t *b = bad[k];
        cr_assert_eq(bw_grid_write("no/x.png", b[0], b[1], b[2], b[3], values,
                                   b[4], &err),
                     BW_ERR_DIMENSION, "case %zu", k);
        cr_assert_eq(strncmp(err.text, "no/x.png: ", 10), 0, "%s", err.text);
        err = (bw_error)BW_ERROR_INIT;
        cr_assert_eq(
            bw_grid_check("no/x.png", b[0], b[1], b[2], b[3], b[4], &err),
            BW_ERR_DIMENSION, "case %zu", k);
        cr_assert_eq(strncmp(err.text, "no/x.png: ", 10), 0, "%s", err.text);
    }
    cr_assert_eq(bw_grid_write("/no/such/x.png", 1, 1, 1, 1, values, 1, &err),
                 BW_ERR_IO);
    cr_assert_eq(bw_grid_write("/dev/full", 1, 1, 1, 1, values, 1, &err),
                 BW_ERR_IO);
}

/* 1x1 images have 8x8 pixels and a line between: 111,111 in a column have
 * 999,998. */
Test(grid, longest_side)
{
    enum { N = 111112 };
    char path[] = "/tmp/test_grid_XXXXXX";
    float *values = calloc(N, sizeof *values);
    bw_error err = BW_ERROR_INIT;

    cr_assert(!bw_grid_check(path, 1, 1, 1, N - 1, 1, &err));
    cr_assert_eq(bw_grid_check(path, 1, 1, 1, N, 1, &err), BW_ERR_DIMENSION);
    cr_assert_not_null(strstr(err.text, ": a sheet of 111112 images, "
                                        "1000007x8 pixels, is too large"),
                       "%s", err.text);
    cr_assert(!bw_grid_check(path, 1, 1, 1, N, 2, &err));
    close(mkstemp(path));
    cr_assert(!bw_grid_write(path, 1, 1, 1, N - 1, values, 1, &err));
    cr_assert_eq(bw_grid_write(path, 1, 1, 1, N, values, 1, &err),
                 BW_ERR_DIMENSION);
    cr_assert_eq(strncmp(err.text, path, strlen(path)), 0, "%s", err.text);
    unlink(path);
    free(values);
}

Test(grid, comes_back_from_its_file)
{
    const bw_background none = {true, {0, 0, 0}};
    const float values[] = {0, 1, 0.2F, 0.4F};
    char path[] = "/tmp/test_grid_XXXXXX";
    bw_image image = BW_IMAGE_INIT;
    bw_bytes *bytes = NULL;
    void *data = NULL;
    size_t capacity = 0, n;

    close(mkstemp(path));
    cr_assert(!bw_grid_write(path, 1, 2, 1, 2, values, 5, NULL));
    cr_assert(!bw_bytes_open(path, &bytes, NULL));
    cr_assert(!bw_bytes_read_rest(bytes, &data, &capacity, 1 << 20, &n, NULL));
    cr_assert(!bw_png_decode(data, n, &none, &image, NULL));
    cr_assert(image.height == 8 && image.width == 33 && image.channels == 1);
    cr_assert_eq(at(&image, 7, 7, 0), 0);
    cr_assert_eq(at(&image, 0, 8, 0), 255);
    cr_assert_eq(at(&image, 0, 16, 0), 160);
    cr_assert_eq(at(&image, 3, 17, 0), 51);
    cr_assert_eq(at(&image, 3, 32, 0), 102);
    bw_bytes_close(bytes);
    bw_image_clear(&image);
    free(data);
    unlink(path);
}
