/* test_wae_panel.c - each panel of the figure shows what it is given. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/wae.h"
#include "plot/sheet.h"
#include "store/bytes.h"
#include "store/png.h"

enum { SIDE = 28, N_VALUES = SIDE * SIDE, N = 64, N_CODES = 50, LATENT = 3 };
enum { LEFT = 12, TOP = 36, CELL = 2 * SIDE + 1 };

static float level[5][N][N_VALUES];
static float codes[2][N_CODES * LATENT];
static const double losses[2][3] = {{30, 20, 10}, {0.1, -0.1, 0.2}};
static const double *const curves[2] = {losses[0], losses[1]};
static const char *const names[2] = {"cost", "mmd"};

/* Image k of set s is all of one level; codes lie along the last axis, draws
 * along the first. */
static bw_wae_panel made(void)
{
    for (int s = 0; s < 5; s++)
        for (int k = 0; k < N; k++)
            for (int i = 0; i < N_VALUES; i++)
                level[s][k][i] = (float)(50 * s + k % 50) / 255;
    memset(codes, 0, sizeof codes);
    for (int k = 0; k < N_CODES; k++) {
        codes[0][k * LATENT + 2] = (float)k - 24.5F;
        codes[1][k * LATENT] = (float)k / 100;
    }
    return (bw_wae_panel){.item = {SIDE, SIDE, 1, false},
                          .latent = LATENT,
                          .n_train = N,
                          .n_held = N,
                          .n_samples = N,
                          .train = level[0][0],
                          .train_again = level[1][0],
                          .held = level[2][0],
                          .held_again = level[3][0],
                          .samples = level[4][0],
                          .n_codes = N_CODES,
                          .q = codes[0],
                          .p = codes[1],
                          .n_curves = 2,
                          .curve_name = names,
                          .n_points = 3,
                          .curve = curves};
}

/* Writes the panel as that of epoch 7 and reads it again. */
static bw_image drawn(const bw_wae_panel *panel)
{
    const bw_background none = {true, {0, 0, 0}};
    char folder[] = "/tmp/test_wae_panel_XXXXXX", path[64];
    bw_image image = BW_IMAGE_INIT;
    bw_error err = BW_ERROR_INIT;
    bw_bytes *bytes = NULL;
    void *data = NULL;
    size_t capacity = 0, n;

    cr_assert_not_null(mkdtemp(folder));
    cr_assert(!bw_wae_panel_write(panel, folder, 7, &err), "%s", err.text);
    snprintf(path, sizeof path, "%s/panel-0007.png", folder);
    cr_assert(!bw_bytes_open(path, &bytes, NULL));
    cr_assert(!bw_bytes_read_rest(bytes, &data, &capacity, 1 << 24, &n, NULL));
    cr_assert(!bw_png_decode(data, n, &none, &image, NULL));
    bw_bytes_close(bytes);
    free(data);
    unlink(path);
    cr_assert_eq(rmdir(folder), 0, "more than one file");
    cr_assert_eq(image.height, 2 * BW_PANEL_HEIGHT);
    cr_assert_eq(image.width, 3 * BW_PANEL_WIDTH);
    return image;
}

static const uint8_t *at(const bw_image *image, size_t y, size_t x)
{
    const uint8_t *data = image->data;

    cr_assert(y < image->height && x < image->width);
    return data + (y * image->width + x) * image->channels;
}

/* The level in the middle of cell (row, column) of panel k, rows in groups. */
static int cell(const bw_image *image, size_t k, size_t row, size_t column,
                size_t group)
{
    size_t top = k / 3 * BW_PANEL_HEIGHT + TOP + row * CELL;
    size_t left = k % 3 * BW_PANEL_WIDTH + LEFT + column * CELL;

    if (group > 0)
        top += row / group * (BW_GRID_GAP - BW_GRID_LINE);
    return at(image, top + SIDE, left + SIDE)[0];
}

/* Pixels of panel k that have more of series s's colour than of white, and the
 * box about them. */
static size_t n_coloured(const bw_image *image, size_t k, size_t s,
                         size_t box[4])
{
    static const int colour[][3] = {{0, 114, 178}, {213, 94, 0}};
    size_t n = 0;

    memcpy(box, ((size_t[]){SIZE_MAX, SIZE_MAX, 0, 0}), 4 * sizeof *box);
    /* Below the legend. */
    for (size_t y = TOP + 30; y < BW_PANEL_HEIGHT; y++)
        for (size_t x = LEFT; x < BW_PANEL_WIDTH; x++) {
            const uint8_t *v = at(image, k / 3 * BW_PANEL_HEIGHT + y,
                                  k % 3 * BW_PANEL_WIDTH + x);
            bool is_grey = v[0] == v[1] && v[1] == v[2];
            int gap = 0;
            for (int c = 0; c < 3; c++)
                gap = abs(v[c] - colour[s][c]) > gap ? abs(v[c] - colour[s][c])
                                                     : gap;
            if (is_grey || gap > 100)
                continue;
            n++;
            box[0] = y < box[0] ? y : box[0];
            box[1] = x < box[1] ? x : box[1];
            box[2] = y > box[2] ? y : box[2];
            box[3] = x > box[3] ? x : box[3];
        }
    return n;
}

Test(wae_panel, of_images)
{
    const bw_wae_panel panel = made();
    bw_image image = drawn(&panel);

    /* Four pairs of rows of eight, and eight rows of eight. */
    for (size_t r = 0; r < 8; r++)
        for (size_t c = 0; c < 8; c++) {
            int k = (int)(r / 2 * 8 + c), all = (int)(r * 8 + c) % 50;
            cr_assert_eq(cell(&image, 0, r, c, 2), k + (r % 2 ? 50 : 0));
            cr_assert_eq(cell(&image, 1, r, c, 2), k + (r % 2 ? 150 : 100));
            cr_assert_eq(cell(&image, 2, r, c, 0), all + 200);
            cr_assert_eq(cell(&image, 5, r, c, 0), all);
        }
    bw_image_clear(&image);
}

Test(wae_panel, codes_are_seen_along_their_axes)
{
    const bw_wae_panel panel = made();
    bw_image image = drawn(&panel);
    size_t q[4], p[4];

    cr_assert_gt(n_coloured(&image, 3, 1, q), 300);
    cr_assert_gt(n_coloured(&image, 3, 0, p), 4);
    /* The codes' axis is the first: a row of points as wide as the panel, and
     * the draws, which have nothing along it, a spot. */
    cr_assert_gt(q[3] - q[1], 350);
    cr_assert_lt(q[2] - q[0], 8);
    cr_assert_lt(p[3] - p[1], 12);
    bw_image_clear(&image);
}

Test(wae_panel, codes_of_two_values_are_seen_as_they_are)
{
    bw_wae_panel panel = made();
    size_t q[4], p[4];

    panel.latent = 2;
    for (int k = 0; k < N_CODES; k++) {
        codes[0][2 * k] = 1;
        codes[0][2 * k + 1] = (float)k;
        codes[1][2 * k] = (float)k;
        codes[1][2 * k + 1] = 60;
    }
    bw_image image = drawn(&panel);
    n_coloured(&image, 3, 1, q);
    n_coloured(&image, 3, 0, p);
    cr_assert_lt(q[3] - q[1], 8);
    cr_assert_gt(q[2] - q[0], 250);
    cr_assert_lt(p[2] - p[0], 8);
    cr_assert_gt(p[3] - p[1], 250);
    cr_assert_lt(p[2], q[0], "draws are not above the codes");
    bw_image_clear(&image);
}

Test(wae_panel, losses_fall)
{
    const bw_wae_panel panel = made();
    bw_image image = drawn(&panel);
    size_t cost[4], mmd[4];

    n_coloured(&image, 4, 0, cost);
    n_coloured(&image, 4, 1, mmd);
    cr_assert_gt(cost[3] - cost[1], 350);
    cr_assert_lt(cost[2], mmd[0]);
    /* A value in the middle that a log scale cannot show. */
    for (size_t y = mmd[0]; y <= mmd[2]; y++) {
        const uint8_t *v = at(&image, BW_PANEL_HEIGHT + y,
                              BW_PANEL_WIDTH + (mmd[1] + mmd[3]) / 2);
        cr_assert_geq(v[2], 220);
    }
    bw_image_clear(&image);
}

Test(wae_panel, of_points)
{
    bw_wae_panel panel = made();
    size_t box[4];

    panel.item = (bw_shape){1, 1, N_VALUES, true};
    for (int s = 0; s < 5; s++)
        for (int k = 0; k < N; k++)
            level[s][k][1] = (float)s;
    for (int latent = 1; latent <= 3; latent++) {
        panel.latent = (size_t)latent;
        bw_image image = drawn(&panel);
        for (size_t k = 0; k < 6; k++)
            cr_assert_gt(n_coloured(&image, k, 1, box), 4, "panel %zu", k);
        bw_image_clear(&image);
    }
    panel.item = (bw_shape){1, 1, 1, true};
    bw_image image = drawn(&panel);
    cr_assert_gt(n_coloured(&image, 0, 0, box), 4);
    bw_image_clear(&image);
}

Test(wae_panel, with_little_or_bad_input)
{
    bw_wae_panel panel = made();
    size_t box[4];

    panel.n_train = 1;
    panel.n_held = 0;
    panel.n_samples = 3;
    codes[0][17] = NAN;
    codes[1][23] = -INFINITY;
    panel.n_points = 1;
    bw_image image = drawn(&panel);
    cr_assert_eq(cell(&image, 0, 1, 0, 2), 50);
    cr_assert_eq(cell(&image, 0, 0, 1, 2), 255);
    cr_assert_eq(cell(&image, 1, 0, 0, 2), 255);
    cr_assert_eq(cell(&image, 2, 0, 2, 0), 202);
    bw_image_clear(&image);
    panel.n_train = panel.n_samples = panel.n_codes = 0;
    panel.n_curves = panel.n_points = 0;
    image = drawn(&panel);
    for (size_t k = 0; k < 6; k++)
        cr_assert_eq(n_coloured(&image, k, 1, box), 0);
    bw_image_clear(&image);
    panel.item.is_flat = true;
    image = drawn(&panel);
    bw_image_clear(&image);
}

Test(wae_panel, large_images_are_shown_four_a_row)
{
    enum { LARGE = 300 };
    bw_wae_panel panel = made();
    float *values = calloc(N, LARGE * LARGE * 3 * sizeof *values);

    panel.item = (bw_shape){LARGE, LARGE, 3, false};
    panel.train = panel.train_again = panel.held = panel.held_again =
        panel.samples = values;
    bw_image image = drawn(&panel);
    for (size_t k = 0; k < 4; k++)
        for (size_t r = 0; r < 4; r++)
            cr_assert_eq(at(&image, TOP + r * 116 + 58, LEFT + k * 116 + 58)[1],
                         0);
    bw_image_clear(&image);
    free(values);
}

Test(wae_panel, no_folder)
{
    const bw_wae_panel panel = made();
    bw_error err = BW_ERROR_INIT;

    cr_assert_eq(bw_wae_panel_write(&panel, "/no/such", 12345, &err),
                 BW_ERR_IO);
    cr_assert_eq(strncmp(err.text, "/no/such/panel-12345.png: ", 26), 0, "%s",
                 err.text);
}
