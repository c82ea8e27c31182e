/* test_png.c - pictures through PNG and back, and every way to cut one. */
#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "barrow/random.h"
#include "store/bytes.h"
#include "store/png.h"

static const bw_background white = {false, {255, 255, 255}};
static const bw_background none = {true, {0, 0, 0}};

/* The PNG file's bytes, to be freed. */
static void *encoded(const bw_image *image, size_t *n)
{
    char folder[] = "/tmp/test_png_XXXXXX", path[64];
    bw_output *output = NULL;
    bw_bytes *bytes = NULL;
    void *data = NULL;
    size_t capacity = 0;

    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.png", folder);
    cr_assert_eq(bw_output_open(path, &output, NULL), BW_OK);
    cr_assert_eq(bw_png_encode(image, output, NULL), BW_OK);
    cr_assert_eq(bw_output_commit(output, NULL), BW_OK);
    bw_output_destroy(output);
    cr_assert_eq(bw_bytes_open(path, &bytes, NULL), BW_OK);
    cr_assert_eq(bw_bytes_read_rest(bytes, &data, &capacity, 1 << 20, n, NULL),
                 BW_OK);
    bw_bytes_close(bytes);
    unlink(path);
    rmdir(folder);
    return data;
}

static bw_image noise(bw_dtype dtype, size_t channels)
{
    bw_image image = BW_IMAGE_INIT;
    bw_random random;

    bw_random_init(&random, channels, BW_RANDOM_TEST, (uint64_t)dtype);
    cr_assert_eq(bw_image_shape(&image, dtype, 5, 7, channels, NULL), BW_OK);
    for (size_t k = 0; k < bw_image_n_bytes(&image); k++)
        ((uint8_t *)image.data)[k] = (uint8_t)bw_random_next(&random);
    return image;
}

Test(png, every_form_comes_back)
{
    for (size_t c = 1; c <= 4; c++)
        for (int deep = 0; deep < 2; deep++) {
            bw_image from = noise(deep ? BW_U16 : BW_U8, c);
            bw_image to = BW_IMAGE_INIT;
            size_t n;
            void *data = encoded(&from, &n);
            cr_assert_eq(bw_png_decode(data, n, &none, &to, NULL), BW_OK);
            cr_assert(to.dtype == from.dtype && to.channels == c &&
                      to.height == 5 && to.width == 7);
            cr_assert_arr_eq(to.data, from.data, bw_image_n_bytes(&from));
            bw_image_clear(&from);
            bw_image_clear(&to);
            free(data);
        }
}

Test(png, alpha_is_composed)
{
    const uint8_t pixels[] = {10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 200, 51};
    bw_image from = BW_IMAGE_INIT, to = BW_IMAGE_INIT;
    size_t n;

    cr_assert_eq(bw_image_shape(&from, BW_U8, 1, 3, 4, NULL), BW_OK);
    memcpy(from.data, pixels, sizeof pixels);
    void *data = encoded(&from, &n);
    cr_assert_eq(bw_png_decode(data, n, &white, &to, NULL), BW_OK);
    /* alpha 51 is a fifth: 255 - 51, 20 + 204, 40 + 204. */
    const uint8_t want[] = {10, 20, 30, 255, 255, 255, 204, 224, 244};
    cr_assert_eq(bw_image_n_bytes(&to), sizeof want);
    cr_assert_arr_eq(to.data, want, sizeof want);
    bw_image_clear(&from);
    bw_image_clear(&to);
    free(data);
}

Test(png, no_part_of_a_file_passes_for_the_whole)
{
    bw_image from = noise(BW_U8, 3), to = BW_IMAGE_INIT;
    bw_error err = BW_ERROR_INIT;
    size_t n;
    unsigned char *data = encoded(&from, &n);

    for (size_t k = 0; k < n; k++)
        cr_assert_eq(bw_png_decode(data, k, &white, &to, &err), BW_ERR_FORMAT,
                     "%zu of %zu bytes passed", k, n);
    cr_assert_str_eq(err.text, "corrupt PNG: file ends early");
    data = realloc(data, n + 1);
    data[n] = 0;
    cr_assert_eq(bw_png_decode(data, n + 1, &white, &to, &err), BW_ERR_FORMAT);
    cr_assert(strstr(err.text, "1 bytes follow the PNG"));
    bw_image_clear(&from);
    bw_image_clear(&to);
    free(data);
}

Test(png, no_flipped_bit_passes)
{
    bw_image from = noise(BW_U8, 1), to = BW_IMAGE_INIT;
    size_t n;
    unsigned char *data = encoded(&from, &n);

    for (size_t k = 0; k < 8 * n; k++) {
        data[k / 8] ^= (unsigned char)(1 << k % 8);
        cr_assert_eq(bw_png_decode(data, n, &white, &to, NULL), BW_ERR_FORMAT,
                     "bit %zu", k);
        data[k / 8] ^= (unsigned char)(1 << k % 8);
    }
    bw_image_clear(&from);
    bw_image_clear(&to);
    free(data);
}
