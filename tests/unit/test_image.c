/* test_image.c - crop, colour, inversion and depth. */
#include "config.h"

#include <criterion/criterion.h>
#include <string.h>

#include "store/image.h"

static bw_image make(bw_dtype dtype, size_t h, size_t w, size_t c,
                     const void *samples)
{
    bw_image image = BW_IMAGE_INIT;

    cr_assert_eq(bw_image_shape(&image, dtype, h, w, c, NULL), BW_OK);
    memcpy(image.data, samples, bw_image_n_bytes(&image));
    return image;
}

#define ASSERT_SAMPLES(image, type, ...)                                       \
    do {                                                                       \
        const type want[] = {__VA_ARGS__};                                     \
        cr_assert_eq(bw_image_n_bytes(&(image)), sizeof want);                 \
        for (size_t k_ = 0; k_ < sizeof want / sizeof want[0]; k_++)           \
            cr_assert(((type *)(image).data)[k_] == want[k_],                  \
                      "sample %zu is %g, not %g", k_,                          \
                      (double)((type *)(image).data)[k_], (double)want[k_]);   \
    } while (0)

Test(image, crop_keeps_the_part_asked_for)
{
    const uint8_t v[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    bw_image image = make(BW_U8, 3, 4, 1, v);
    bw_error err = BW_ERROR_INIT;

    cr_assert_eq(bw_image_crop(&image, 2, 2, 1, 2, NULL), BW_OK);
    ASSERT_SAMPLES(image, uint8_t, 6, 7, 10, 11);
    cr_assert_eq(bw_image_crop(&image, 1, 2, 2, 0, &err), BW_ERR_DIMENSION);
    cr_assert_eq(bw_image_crop(&image, 1, 2, SIZE_MAX, 0, &err),
                 BW_ERR_DIMENSION);
    cr_assert_str_eq(err.text,
                     "crop 1x2+18446744073709551615+0 reaches outside 2x2");
    bw_image_clear(&image);
}

Test(image, luma_rounds_half_to_even)
{
    /* 299 R + 587 G + 114 B: 500 for (0, 0, 0) plus (1, 0, 0) is no half; a
     * half needs 114 B + ... = 500 mod 1000: B = 250 gives 28500. */
    const uint8_t v[] = {0, 0, 250, 255, 255, 255, 1, 0, 0, 0, 1, 0, 9, 9, 9};
    bw_image image = make(BW_U8, 1, 5, 3, v);

    bw_image_gray(&image);
    ASSERT_SAMPLES(image, uint8_t, 28, 255, 0, 1, 9);
    bw_image_clear(&image);
}

Test(image, luma_keeps_alpha_and_wide_samples)
{
    const uint16_t v[] = {65535, 65535, 65535, 7, 0, 1000, 0, 9};
    const float f[] = {1.0f, 0.0f, 0.0f};
    bw_image image = make(BW_U16, 2, 1, 4, v);
    bw_image real = make(BW_F32, 1, 1, 3, f);

    bw_image_gray(&image);
    cr_assert_eq(image.channels, 2);
    ASSERT_SAMPLES(image, uint16_t, 65535, 7, 587, 9);
    bw_image_gray(&image);
    cr_assert_eq(image.channels, 2);
    bw_image_gray(&real);
    ASSERT_SAMPLES(real, float, 0.299f);
    bw_image_clear(&image);
    bw_image_clear(&real);
}

Test(image, grey_spreads_to_three_channels)
{
    const uint8_t v[] = {1, 2, 3};
    const uint8_t a[] = {1, 128, 2, 64};
    bw_image image = make(BW_U8, 1, 3, 1, v), alpha = make(BW_U8, 2, 1, 2, a);

    cr_assert_eq(bw_image_rgb(&image, NULL), BW_OK);
    ASSERT_SAMPLES(image, uint8_t, 1, 1, 1, 2, 2, 2, 3, 3, 3);
    cr_assert_eq(bw_image_rgb(&image, NULL), BW_OK);
    cr_assert_eq(image.channels, 3);
    cr_assert_eq(bw_image_rgb(&alpha, NULL), BW_OK);
    ASSERT_SAMPLES(alpha, uint8_t, 1, 1, 1, 128, 2, 2, 2, 64);
    bw_image_clear(&image);
    bw_image_clear(&alpha);
}

Test(image, inversion_spares_alpha)
{
    const uint8_t v[] = {0, 10, 255, 20};
    bw_image image = make(BW_U8, 1, 2, 2, v);

    cr_assert_eq(bw_image_invert(&image, NULL), BW_OK);
    ASSERT_SAMPLES(image, uint8_t, 255, 10, 0, 20);
    image.dtype = BW_I8;
    cr_assert_eq(bw_image_invert(&image, NULL), BW_ERR_USAGE);
    bw_image_clear(&image);
}

Test(image, depth_scales_by_the_full_range)
{
    const uint16_t v[] = {0, 65535, 32768, 128, 129};
    const float f[] = {0.0f, 1.0f, 0.5f};
    bw_image image = make(BW_U16, 1, 5, 1, v), real = make(BW_F32, 1, 3, 1, f);

    cr_assert_eq(bw_image_convert(&image, BW_U8, NULL), BW_OK);
    /* 128 is under and 129 over half of 257. */
    ASSERT_SAMPLES(image, uint8_t, 0, 255, 128, 0, 1);
    cr_assert_eq(bw_image_convert(&image, BW_F32, NULL), BW_OK);
    ASSERT_SAMPLES(image, float, 0.0f, 1.0f, 128 / 255.0f, 0.0f, 1 / 255.0f);
    cr_assert_eq(bw_image_convert(&real, BW_U8, NULL), BW_OK);
    ASSERT_SAMPLES(real, uint8_t, 0, 255, 128); /* 127.5 goes to even */
    bw_image_clear(&image);
    bw_image_clear(&real);
}

Test(image, depth_refuses_what_is_out_of_range)
{
    const double v[] = {0, 0, 0, 1.5};
    const int32_t w[] = {0, 255, -1, 0};
    bw_image image = make(BW_F64, 2, 2, 1, v), whole = make(BW_I32, 2, 2, 1, w);
    bw_error err = BW_ERROR_INIT;

    cr_assert_eq(bw_image_convert(&image, BW_U8, &err), BW_ERR_RANGE);
    cr_assert_str_eq(err.text, "value 1.5 at row 1, column 1 is outside 0..1");
    cr_assert_eq(bw_image_convert(&image, BW_F32, NULL), BW_OK);
    cr_assert_eq(bw_image_convert(&whole, BW_F32, &err), BW_ERR_RANGE);
    cr_assert_str_eq(err.text, "value -1 at row 1, column 0 is outside 0..255");
    bw_image_clear(&image);
    bw_image_clear(&whole);
}

Test(image, an_immense_shape_asks_for_no_memory)
{
    bw_image image = BW_IMAGE_INIT;

    cr_assert_eq(bw_image_shape(&image, BW_F64, SIZE_MAX / 2, 16, 4, NULL),
                 BW_ERR_DIMENSION);
    cr_assert_eq(bw_image_shape(&image, BW_U8, 1 << 20, 1 << 20, 1, NULL),
                 BW_ERR_DIMENSION);
    cr_assert_null(image.data);
}
