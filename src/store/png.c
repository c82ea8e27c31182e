/* png.c - PNG by libpng, whose errors come back by longjmp: the functions that
 * call setjmp keep everything that must survive in a struct. */
#include "config.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/png.h"

/* deflate cannot expand by more. */
enum { DEFLATE_MAX_RATIO = 1032 };

typedef struct codec {
    png_structp png;
    png_infop info;
    png_bytep *rows;
    const unsigned char *data; /* decoding: what is left */
    size_t n;
    bw_output *output; /* encoding */
    bw_error *err;
    bw_status rc;
    char message[128];
} codec;

static void on_error(png_structp png, png_const_charp message)
{
    codec *c = png_get_error_ptr(png);

    snprintf(c->message, sizeof c->message, "%s", message);
    longjmp(png_jmpbuf(png), 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void on_read(png_structp png, png_bytep to, size_t n)
{
    codec *c = png_get_io_ptr(png);

    if (n > c->n)
        png_error(png, "file ends early");
    memcpy(to, c->data, n);
    c->data += n;
    c->n -= n;
}

static void on_write(png_structp png, png_bytep from, size_t n)
{
    codec *c = png_get_io_ptr(png);

    c->rc = bw_output_write(c->output, from, n, c->err);
    if (c->rc)
        png_error(png, "write");
}

static void on_flush(png_structp png)
{
    (void)png;
}

/* ---- decoding ---- */

/* Rejects what the file's bytes cannot hold, before memory is asked for. */
static void check_size(codec *c, size_t n_file)
{
    uint64_t rows = png_get_image_height(c->png, c->info);
    uint64_t row = png_get_rowbytes(c->png, c->info);

    if (rows * row / DEFLATE_MAX_RATIO > n_file)
        png_error(c->png, "declares more pixels than its bytes can hold");
}

static void set_transforms(codec *c)
{
    if (png_get_color_type(c->png, c->info) == PNG_COLOR_TYPE_PALETTE)
        png_set_packing(c->png);
    else
        png_set_expand(c->png);
    if (png_get_bit_depth(c->png, c->info) == 16)
        png_set_swap(c->png);
    png_set_interlace_handling(c->png);
    png_read_update_info(c->png, c->info);
}

/* Shapes the image and points rows into it. */
static void make_rows(codec *c, bw_image *image)
{
    size_t height = png_get_image_height(c->png, c->info);
    bw_dtype dtype = png_get_bit_depth(c->png, c->info) == 16 ? BW_U16 : BW_U8;

    c->rc = bw_image_shape(image, dtype, height,
                           png_get_image_width(c->png, c->info),
                           png_get_channels(c->png, c->info), c->err);
    if (c->rc)
        png_error(c->png, "size");
    c->rows = malloc(height * sizeof(png_bytep));
    if (!c->rows) {
        c->rc = bw_error_memory(c->err);
        png_error(c->png, "memory");
    }
    size_t row = bw_image_n_bytes(image) / height;
    for (size_t y = 0; y < height; y++)
        c->rows[y] = (png_bytep)image->data + y * row;
}

/* Indices to RGB, or RGBA where the palette has transparency. libpng would
 * paint an index that the palette lacks black. */
static void apply_palette(codec *c, bw_image *image)
{
    size_t n = bw_image_n_samples(image), n_channels;
    png_colorp colors = NULL;
    png_bytep alphas = NULL;
    int n_colors = 0, n_alphas = 0;

    png_get_PLTE(c->png, c->info, &colors, &n_colors);
    if (png_get_valid(c->png, c->info, PNG_INFO_tRNS))
        png_get_tRNS(c->png, c->info, &alphas, &n_alphas, NULL);
    n_channels = n_alphas > 0 ? 4 : 3;
    c->rc = bw_image_shape(image, BW_U8, image->height, image->width,
                           n_channels, c->err);
    if (c->rc)
        png_error(c->png, "size");
    uint8_t *v = image->data;
    /* From the end, since the result overlaps what is still to be read. */
    while (n-- > 0) {
        int index = v[n];
        uint8_t *to = v + n * n_channels;
        if (index >= n_colors)
            png_error(c->png, "a pixel's colour is not in the palette");
        to[0] = colors[index].red;
        to[1] = colors[index].green;
        to[2] = colors[index].blue;
        if (n_channels == 4)
            to[3] = index < n_alphas ? alphas[index] : 255;
    }
}

static void decode(codec *c, bw_image *image)
{
    size_t n_file = c->n;

    if (setjmp(png_jmpbuf(c->png))) {
        if (c->rc == BW_OK)
            c->rc = bw_error_set(c->err, BW_ERR_FORMAT, "corrupt PNG: %s",
                                 c->message);
        return;
    }
    png_set_read_fn(c->png, c, on_read);
    png_set_crc_action(c->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_read_info(c->png, c->info);
    check_size(c, n_file);
    set_transforms(c);
    make_rows(c, image);
    png_read_image(c->png, c->rows);
    png_read_end(c->png, NULL);
    if (png_get_color_type(c->png, c->info) == PNG_COLOR_TYPE_PALETTE)
        apply_palette(c, image);
    if (c->n > 0)
        c->rc = bw_error_set(c->err, BW_ERR_FORMAT,
                             "%zu bytes follow the PNG, from byte %zu on", c->n,
                             n_file - c->n);
}

/* (v a + b (full - a)) / full, rounded; full is odd, so no half occurs. */
#define COMPOSE(type, wide, full)                                              \
    do {                                                                       \
        const type *from = image->data;                                        \
        type *to = image->data;                                                \
        for (size_t k = 0; k < n; k++, from += c_in, to += c_out) {            \
            wide a = from[c_out], rest = (full)-a;                             \
            for (size_t c = 0; c < c_out; c++) {                               \
                wide behind = (wide)rgb[c] * ((full) / 255);                   \
                wide sum = from[c] * a + behind * rest;                        \
                to[c] = (type)((2 * sum + (full)) / (2 * (full)));             \
            }                                                                  \
        }                                                                      \
    } while (0)

static void compose(bw_image *image, const uint8_t rgb[3])
{
    size_t n = image->height * image->width, c_in = image->channels;
    size_t c_out = c_in - 1;

    if (image->dtype == BW_U8)
        COMPOSE(uint8_t, uint32_t, 255U);
    else
        COMPOSE(uint16_t, uint64_t, 65535U);
    image->channels = c_out;
}

static bw_status remove_alpha(bw_image *image, const uint8_t rgb[3],
                              bw_error *err)
{
    bool is_gray = rgb[0] == rgb[1] && rgb[1] == rgb[2];
    bw_status rc = BW_OK;

    if (image->channels == 2 && !is_gray)
        rc = bw_image_rgb(image, err);
    if (rc == BW_OK && (image->channels == 2 || image->channels == 4))
        compose(image, rgb);
    return rc;
}

bw_status bw_png_decode(const void *data, size_t n,
                        const bw_background *background, bw_image *image,
                        bw_error *err)
{
    codec c = {.data = data, .n = n, .err = err};

    c.png =
        png_create_read_struct(PNG_LIBPNG_VER_STRING, &c, on_error, on_warning);
    c.info = c.png ? png_create_info_struct(c.png) : NULL;
    if (c.info)
        decode(&c, image);
    else
        c.rc = bw_error_memory(err);
    png_destroy_read_struct(&c.png, &c.info, NULL);
    free(c.rows);
    if (c.rc == BW_OK && !background->is_none)
        c.rc = remove_alpha(image, background->rgb, err);
    return c.rc;
}

/* ---- encoding ---- */

static void encode(codec *c, const bw_image *image)
{
    static const int types[5] = {0, PNG_COLOR_TYPE_GRAY,
                                 PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                 PNG_COLOR_TYPE_RGB_ALPHA};
    size_t row = bw_image_n_bytes(image) / image->height;

    if (setjmp(png_jmpbuf(c->png))) {
        if (c->rc == BW_OK)
            c->rc =
                bw_error_set(c->err, BW_ERR_INTERNAL, "libpng: %s", c->message);
        return;
    }
    png_set_write_fn(c->png, c, on_write, on_flush);
    png_set_IHDR(c->png, c->info, (png_uint_32)image->width,
                 (png_uint_32)image->height, image->dtype == BW_U16 ? 16 : 8,
                 types[image->channels], PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(c->png, c->info);
    if (image->dtype == BW_U16)
        png_set_swap(c->png);
    for (size_t y = 0; y < image->height; y++)
        png_write_row(c->png, (png_const_bytep)image->data + y * row);
    png_write_end(c->png, NULL);
}

bw_status bw_png_encode(const bw_image *image, bw_output *output, bw_error *err)
{
    codec c = {.output = output, .err = err};

    if ((image->dtype != BW_U8 && image->dtype != BW_U16) ||
        image->channels < 1 || image->channels > 4 || image->height < 1 ||
        image->width < 1)
        return bw_error_set(err, BW_ERR_USAGE,
                            "no PNG of type %s, %zux%zu, %zu channels",
                            bw_dtype_name(image->dtype), image->height,
                            image->width, image->channels);
    if (image->height > BW_PNG_SIDE || image->width > BW_PNG_SIDE)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "a PNG of %zux%zu is too large", image->height,
                            image->width);
    c.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &c, on_error,
                                    on_warning);
    c.info = c.png ? png_create_info_struct(c.png) : NULL;
    if (c.info)
        encode(&c, image);
    else
        c.rc = bw_error_memory(err);
    png_destroy_write_struct(&c.png, &c.info);
    return c.rc;
}
