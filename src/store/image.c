/* image.c - shape, crop, colour, inversion and depth of one picture. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store/image.h"

/* Rec. 601 luma in thousandths. */
enum { LUMA_RED = 299, LUMA_GREEN = 587, LUMA_BLUE = 114, LUMA_SUM = 1000 };

bw_status bw_image_shape(bw_image *image, bw_dtype dtype, size_t height,
                         size_t width, size_t channels, bw_error *err)
{
    uint64_t n = bw_dtype_size(dtype);

    if (__builtin_mul_overflow(n, height, &n) ||
        __builtin_mul_overflow(n, width, &n) ||
        __builtin_mul_overflow(n, channels, &n) || n > BW_IMAGE_BYTES)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "an image of %zux%zu with %zu channels is too "
                            "large",
                            height, width, channels);
    if (!image->data || n > image->capacity) {
        void *grown = realloc(image->data, n > 0 ? (size_t)n : 1);
        if (!grown)
            return bw_error_memory(err);
        image->data = grown;
        image->capacity = (size_t)n;
    }
    image->dtype = dtype;
    image->height = height;
    image->width = width;
    image->channels = channels;
    return BW_OK;
}

void bw_image_clear(bw_image *image)
{
    free(image->data);
    *image = (bw_image)BW_IMAGE_INIT;
}

size_t bw_image_n_samples(const bw_image *image)
{
    return image->height * image->width * image->channels;
}

size_t bw_image_n_bytes(const bw_image *image)
{
    return bw_image_n_samples(image) * bw_dtype_size(image->dtype);
}

bw_status bw_image_crop(bw_image *image, size_t height, size_t width, size_t y,
                        size_t x, bw_error *err)
{
    size_t pixel = image->channels * bw_dtype_size(image->dtype);
    unsigned char *data = image->data;

    if (height > image->height || y > image->height - height ||
        width > image->width || x > image->width - width)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "crop %zux%zu+%zu+%zu reaches outside %zux%zu",
                            height, width, y, x, image->height, image->width);
    for (size_t k = 0; k < height; k++)
        memmove(data + k * width * pixel,
                data + ((y + k) * image->width + x) * pixel, width * pixel);
    image->height = height;
    image->width = width;
    return BW_OK;
}

/* ---- colour ---- */

/* sum / 1000, half to even. */
static uint64_t round_luma(uint64_t sum)
{
    uint64_t whole = sum / LUMA_SUM, rest = sum % LUMA_SUM;

    return whole +
           (rest > LUMA_SUM / 2 || (rest == LUMA_SUM / 2 && (whole & 1)));
}

/* One loop a type: samples of c_in channels become luma, then alpha. */
#define GRAY_INTEGER(type)                                                     \
    do {                                                                       \
        type *v = image->data;                                                 \
        for (size_t k = 0; k < n; k++) {                                       \
            const type *p = v + k * c_in;                                      \
            uint64_t sum = (uint64_t)p[0] * LUMA_RED +                         \
                           (uint64_t)p[1] * LUMA_GREEN +                       \
                           (uint64_t)p[2] * LUMA_BLUE;                         \
            type alpha = p[c_in - 1];                                          \
            v[k * c_out] = (type)round_luma(sum);                              \
            if (c_out == 2)                                                    \
                v[k * c_out + 1] = alpha;                                      \
        }                                                                      \
    } while (0)

#define GRAY_FLOAT(type)                                                       \
    do {                                                                       \
        type *v = image->data;                                                 \
        for (size_t k = 0; k < n; k++) {                                       \
            const type *p = v + k * c_in;                                      \
            double sum = (double)p[0] * LUMA_RED + (double)p[1] * LUMA_GREEN + \
                         (double)p[2] * LUMA_BLUE;                             \
            type alpha = p[c_in - 1];                                          \
            v[k * c_out] = (type)(sum / LUMA_SUM);                             \
            if (c_out == 2)                                                    \
                v[k * c_out + 1] = alpha;                                      \
        }                                                                      \
    } while (0)

void bw_image_gray(bw_image *image)
{
    size_t n = image->height * image->width;
    size_t c_in = image->channels, c_out = c_in - 2;

    if (c_in < 3)
        return;
    switch (image->dtype) {
    case BW_U8:
        GRAY_INTEGER(uint8_t);
        break;
    case BW_U16:
        GRAY_INTEGER(uint16_t);
        break;
    case BW_U32:
        GRAY_INTEGER(uint32_t);
        break;
    case BW_F32:
        GRAY_FLOAT(float);
        break;
    case BW_F64:
        GRAY_FLOAT(double);
        break;
    default:
        return;
    }
    image->channels = c_out;
}

bw_status bw_image_rgb(bw_image *image, bw_error *err)
{
    size_t size = bw_dtype_size(image->dtype), c_in = image->channels;
    size_t n = image->height * image->width;

    if (c_in > 2)
        return BW_OK;
    bw_status rc = bw_image_shape(image, image->dtype, image->height,
                                  image->width, c_in + 2, err);
    if (rc)
        return rc;
    unsigned char *v = image->data;
    /* From the end, since the result overlaps what is still to be read. */
    while (n-- > 0) {
        unsigned char pixel[16];
        memcpy(pixel, v + n * c_in * size, c_in * size);
        unsigned char *to = v + n * (c_in + 2) * size;
        for (size_t c = 0; c < 3; c++)
            memcpy(to + c * size, pixel, size);
        memcpy(to + 3 * size, pixel + size, (c_in - 1) * size);
    }
    return BW_OK;
}

bw_status bw_image_invert(bw_image *image, bw_error *err)
{
    size_t n = bw_image_n_samples(image), c = image->channels;
    size_t alpha = c == 2 || c == 4 ? c - 1 : c;

    for (size_t k = 0; k < n; k++) {
        if (k % c == alpha)
            continue;
        switch (image->dtype) {
        case BW_U8: {
            uint8_t *v = (uint8_t *)image->data + k;
            *v = (uint8_t)(255 - *v);
            break;
        }
        case BW_U16: {
            uint16_t *v = (uint16_t *)image->data + k;
            *v = (uint16_t)(65535 - *v);
            break;
        }
        case BW_F32:
            ((float *)image->data)[k] = 1 - ((float *)image->data)[k];
            break;
        case BW_F64:
            ((double *)image->data)[k] = 1 - ((double *)image->data)[k];
            break;
        default:
            return bw_error_set(err, BW_ERR_USAGE, "cannot invert type %s",
                                bw_dtype_name(image->dtype));
        }
    }
    return BW_OK;
}

/* ---- depth ---- */

/* The value that stands for full intensity. */
static double full_range(bw_dtype dtype)
{
    return dtype == BW_U16                                   ? 65535
           : dtype == BW_BOOL || !bw_dtype_is_integer(dtype) ? 1
                                                             : 255;
}

static bw_status outside(const bw_image *image, size_t k, double value,
                         bw_error *err)
{
    size_t pixel = k / image->channels;

    return bw_error_set(err, BW_ERR_RANGE,
                        "value %g at row %zu, column %zu is outside 0..%g",
                        value, pixel / image->width, pixel % image->width,
                        full_range(image->dtype));
}

bw_status bw_image_convert(bw_image *image, bw_dtype dtype, bw_error *err)
{
    bw_image to = BW_IMAGE_INIT;
    bw_dtype from = image->dtype;
    double full = full_range(from);
    bool is_widened = from == BW_F64 && dtype == BW_F32;
    size_t n = bw_image_n_samples(image);

    if (dtype == from)
        return BW_OK;
    if (dtype != BW_U8 && dtype != BW_F32)
        return bw_error_set(err, BW_ERR_USAGE, "no conversion to type %s",
                            bw_dtype_name(dtype));
    bw_status rc = bw_image_shape(&to, dtype, image->height, image->width,
                                  image->channels, err);
    for (size_t k = 0; k < n && rc == BW_OK; k++) {
        double v;
        bw_dtype_to_double(from, (char *)image->data + k * bw_dtype_size(from),
                           1, &v);
        if (!is_widened && !(v >= 0 && v <= full))
            rc = outside(image, k, v, err);
        else if (dtype == BW_U8)
            ((uint8_t *)to.data)[k] = (uint8_t)nearbyint(v * 255 / full);
        else
            ((float *)to.data)[k] = (float)(v / full);
    }
    if (rc) {
        bw_image_clear(&to);
        return rc;
    }
    free(image->data);
    *image = to;
    return BW_OK;
}
