/* test_resize.c - resizing against plain twins: area means as sums over the
 * least common grid, cubics by the kernel's own formula. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "store/image.h"

static bw_image random_image(bw_random *random, bw_dtype dtype, size_t h,
                             size_t w, size_t c)
{
    bw_image image = BW_IMAGE_INIT;

    cr_assert_eq(bw_image_shape(&image, dtype, h, w, c, NULL), BW_OK);
    for (size_t k = 0; k < h * w * c; k++)
        if (dtype == BW_U8)
            ((uint8_t *)image.data)[k] = (uint8_t)bw_random_below(random, 256);
        else
            ((double *)image.data)[k] = bw_random_uniform(random);
    return image;
}

/* The mean over the grid on which both sizes divide an axis: sample (y,x) of
 * the result covers (h x w) fine cells, each of one input sample. */
static unsigned area_twin(const bw_image *from, size_t h, size_t w, size_t y,
                          size_t x, size_t c)
{
    size_t n = from->height * from->width;
    uint64_t sum = 0;

    for (size_t i = y * from->height; i < (y + 1) * from->height; i++)
        for (size_t j = x * from->width; j < (x + 1) * from->width; j++)
            sum += ((uint8_t *)from
                        ->data)[(i / h * from->width + j / w) * from->channels +
                                c];
    unsigned whole = (unsigned)(sum / n);
    uint64_t twice = sum % n * 2;
    return whole + (twice > n || (twice == n && whole % 2 == 1));
}

Test(resize, shrinking_is_the_exact_mean)
{
    static const size_t sizes[][4] = {{7, 5, 3, 2},    {28, 28, 14, 14},
                                      {13, 9, 5, 9},   {9, 13, 9, 1},
                                      {64, 48, 7, 48}, {2, 3, 1, 1}};
    bw_random random;
    bw_resizer *resizer = bw_resizer_create();

    bw_random_init(&random, 1, BW_RANDOM_TEST, 0);
    for (size_t k = 0; k < 6; k++) {
        const size_t *s = sizes[k];
        bw_image from = random_image(&random, BW_U8, s[0], s[1], 3);
        bw_image to = BW_IMAGE_INIT;
        cr_assert_eq(bw_image_resize(resizer, &from, s[2], s[3], &to, NULL),
                     BW_OK);
        cr_assert(to.height == s[2] && to.width == s[3] && to.channels == 3);
        for (size_t i = 0; i < s[2] * s[3] * 3; i++) {
            unsigned want =
                area_twin(&from, s[2], s[3], i / 3 / s[3], i / 3 % s[3], i % 3);
            cr_assert_eq(((uint8_t *)to.data)[i], want);
        }
        bw_image_clear(&from);
        bw_image_clear(&to);
    }
    bw_resizer_destroy(resizer);
}

/* Keys' kernel with a = -1/2. */
static double kernel(double d)
{
    d = fabs(d);
    if (d <= 1)
        return 1.5 * d * d * d - 2.5 * d * d + 1;
    if (d < 2)
        return -0.5 * d * d * d + 2.5 * d * d - 4 * d + 2;
    return 0;
}

static double cubic_twin(const double *from, int n, int m, int i)
{
    double centre = (i + 0.5) * n / m - 0.5, sum = 0;

    for (int j = -3; j < n + 3; j++)
        sum += kernel(centre - j) * from[j < 0 ? 0 : j >= n ? n - 1 : j];
    return sum;
}

Test(resize, growing_is_the_cubic)
{
    static const int sizes[][2] = {{1, 5}, {2, 3}, {3, 7}, {5, 8}, {8, 64}};
    bw_random random;
    bw_resizer *resizer = bw_resizer_create();

    bw_random_init(&random, 2, BW_RANDOM_TEST, 0);
    for (size_t k = 0; k < 5; k++) {
        int n = sizes[k][0], m = sizes[k][1];
        bw_image row = random_image(&random, BW_F64, 1, (size_t)n, 1);
        bw_image to = BW_IMAGE_INIT;
        const double *v = row.data;
        double low = INFINITY, high = -INFINITY;
        for (int j = 0; j < n; j++) {
            low = fmin(low, v[j]);
            high = fmax(high, v[j]);
        }
        cr_assert_eq(bw_image_resize(resizer, &row, 1, (size_t)m, &to, NULL),
                     BW_OK);
        for (int i = 0; i < m; i++) {
            double want = fmin(fmax(cubic_twin(v, n, m, i), low), high);
            cr_assert_float_eq(((double *)to.data)[i], want, 1e-14);
        }
        /* A column resizes as the row does. */
        row.height = (size_t)n;
        row.width = 1;
        double *first = to.data;
        to = (bw_image)BW_IMAGE_INIT;
        cr_assert_eq(bw_image_resize(resizer, &row, (size_t)m, 1, &to, NULL),
                     BW_OK);
        cr_assert_arr_eq(to.data, first, (size_t)m * sizeof *first);
        free(first);
        bw_image_clear(&row);
        bw_image_clear(&to);
    }
    bw_resizer_destroy(resizer);
}

Test(resize, equal_size_copies_and_constants_stay)
{
    bw_random random;
    bw_resizer *resizer = bw_resizer_create();
    bw_image to = BW_IMAGE_INIT;

    bw_random_init(&random, 3, BW_RANDOM_TEST, 0);
    bw_image from = random_image(&random, BW_U8, 6, 4, 3);
    cr_assert_eq(bw_image_resize(resizer, &from, 6, 4, &to, NULL), BW_OK);
    cr_assert_arr_eq(to.data, from.data, 72);
    memset(from.data, 77, 72);
    cr_assert_eq(bw_image_resize(resizer, &from, 17, 3, &to, NULL), BW_OK);
    for (size_t k = 0; k < 17 * 3 * 3; k++)
        cr_assert_eq(((uint8_t *)to.data)[k], 77);
    cr_assert_eq(bw_image_resize(resizer, &from, 0, 3, &to, NULL),
                 BW_ERR_DIMENSION);
    bw_image_clear(&from);
    bw_image_clear(&to);
    bw_resizer_destroy(resizer);
}
