/* test_wgan_picture.c - samples in training: images as a grid, points above
 * items, and the generator that they are of. */
#include "config.h"

#include <stdio.h>

#include "model/wgan_learner.h"
#include "plot/grid.h"
#include "raw_file.h"
#include "store/bytes.h"
#include "store/png.h"
#include "wgan_case.h"

TestSuite(wgan_picture, RAW_FOLDER);

/* ---- files ---- */

static size_t bytes_of(const char *path, unsigned char **data)
{
    bw_error err = BW_ERROR_INIT;
    bw_bytes *bytes = NULL;
    void *read = NULL;
    size_t capacity = 0, n = 0;

    cr_assert(!bw_bytes_open(path, &bytes, &err), "%s", err.text);
    cr_assert(!bw_bytes_read_rest(bytes, &read, &capacity, 1 << 24, &n, &err));
    bw_bytes_close(bytes);
    *data = read;
    return n;
}

static bool same_files(const char *path, const char *other)
{
    unsigned char *a, *b;
    size_t n = bytes_of(path, &a), n_other = bytes_of(other, &b);
    bool is_same = n == n_other && memcmp(a, b, n) == 0;

    free(a);
    free(b);
    return is_same;
}

/* ---- images ---- */

Test(wgan_picture, images_are_a_grid_of_ten_columns)
{
    enum { N = 25, H = 5, W = 4 };
    float values[N * H * W];
    bw_error err = BW_ERROR_INIT;

    for (size_t k = 0; k < N * H * W; k++)
        values[k] = (float)k / (N * H * W);
    cr_assert(!bw_wgan_picture_write(".", 12, (bw_shape){H, W, 1, false}, N,
                                     values, 0, NULL, &err),
              "%s", err.text);
    cr_assert(!bw_grid_write("wanted.png", H, W, 1, N, values, 10, &err));
    cr_assert(same_files("samples-0012.png", "wanted.png"));
}

/* What is drawn is the average, whose values are the model's at the end. */
Test(wgan_picture, pictures_are_of_the_average)
{
    wgan_case c = {.generator = "dense 8\nbatchnorm\nrelu\ndense 12\ntanh\n",
                   .lipschitz.kind = BW_LIPSCHITZ_NONE,
                   .ema = 0.5,
                   .rate = 0.5};
    bw_error err = BW_ERROR_INIT;
    bw_wgan_pass *pass;
    double terms[BW_MAX_TERMS];
    float noise[100 * CASE_D], values[100 * CASE_SIZE];

    wgan_case_make(&c);
    for (uint64_t t = 1; t <= 3; t++)
        learner_case_step(c.l, t, terms);
    size_t n = c.wgan->model->n_values;
    float *copy = malloc(n * sizeof *copy);
    memcpy(copy, c.wgan->model->values, n * sizeof *copy);
    cr_assert(!c.l->pictures(c.l->self, ".", 3, &err), "%s", err.text);
    cr_assert(!memcmp(copy, c.wgan->model->values, n * sizeof *copy));
    bw_prior_draw(&c.wgan->noise, 3, BW_RANDOM_PRIOR, BW_WGAN_STREAM_PICTURE,
                  100, noise);
    for (int is_over = 0; is_over < 2; is_over++) {
        if (is_over)
            bw_wgan_learner_finish(c.learner);
        cr_assert(!bw_wgan_pass_create(c.wgan, 8, c.tasks, NULL, &pass, &err));
        cr_assert(!bw_wgan_generate(pass, 100, noise, values, &err));
        bw_wgan_pass_destroy(pass);
        cr_assert(!bw_grid_write("model.png", CASE_H, CASE_W, 1, 100, values,
                                 10, &err));
        cr_assert_eq(same_files("samples-0003.png", "model.png"), is_over);
    }
    free(copy);
    wgan_case_clear(&c);
}

/* ---- points ---- */

/* Pixels below the legend of the k-th series: the first is blue, the second
 * red, both lighter where they are alone. */
static size_t n_dots(const char *path, size_t k)
{
    const bw_background none = {true, {0, 0, 0}};
    bw_image image = BW_IMAGE_INIT;
    unsigned char *data;
    size_t n = bytes_of(path, &data), n_found = 0;

    cr_assert(!bw_png_decode(data, n, &none, &image, NULL));
    cr_assert_eq(image.channels, 3);
    const unsigned char *pixel = image.data;
    for (size_t q = 60 * image.width; q < image.height * image.width; q++) {
        int red = pixel[3 * q], blue = pixel[3 * q + 2];
        n_found += (k == 0 ? blue - red : red - blue) > 60;
    }
    bw_image_clear(&image);
    free(data);
    return n_found;
}

Test(wgan_picture, points_stand_above_items)
{
    enum { N = 40 };
    float samples[3 * N], data[3 * N];
    const bw_shape point = {1, 1, 3, true};
    bw_error err = BW_ERROR_INIT;

    for (size_t k = 0; k < N; k++) {
        for (size_t j = 0; j < 3; j++)
            samples[3 * k + j] = (float)k / N;
        data[3 * k] = (float)k / N;
        data[3 * k + 1] = 1 - (float)k / N;
        data[3 * k + 2] = NAN; /* the third value is not drawn */
    }
    cr_assert(!bw_wgan_picture_write(".", 1, point, N, samples, N, data, &err));
    cr_assert(!bw_wgan_picture_write(".", 2, point, N, samples, 0, data, &err));
    cr_assert(!bw_wgan_picture_write(".", 3, point, N, data, N, data, &err));
    cr_assert_gt(n_dots("samples-0001.png", 0), 100);
    cr_assert_gt(n_dots("samples-0001.png", 1), 100);
    cr_assert_lt(n_dots("samples-0002.png", 0), 20);
    cr_assert_lt(n_dots("samples-0003.png", 0),
                 n_dots("samples-0001.png", 0) / 4);
}

Test(wgan_picture, a_folder_that_is_not_there)
{
    const float values[4] = {0};
    bw_error err = BW_ERROR_INIT;

    for (int is_flat = 0; is_flat < 2; is_flat++) {
        bw_shape item =
            is_flat ? (bw_shape){1, 1, 2, true} : (bw_shape){1, 2, 1, false};
        cr_assert_eq(
            bw_wgan_picture_write("none", 1, item, 2, values, 0, NULL, &err),
            BW_ERR_IO);
        cr_assert(strstr(err.text, "none/samples-0001.png"), "%s", err.text);
    }
}
