/* unpack_png.c - rows of a tensor as pictures: numbers to grey levels, levels
 * to cells, cells to files. */
#include "config.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "store/image.h"
#include "store/png.h"
#include "store/tone.h"
#include "store/unpack.h"

typedef struct painter {
    const bw_unpack_options *options;
    const bw_tensor *tensor;
    size_t height, width, channels; /* of one row */
    bw_tone tone;
    double *values; /* of one row */
    bw_image canvas;
} painter;

static size_t n_values(const painter *p)
{
    return p->height * p->width * p->channels;
}

/* ---- numbers to levels ---- */

static bw_status set_shape(painter *p, bw_error *err)
{
    const bw_tensor *t = p->tensor;

    if ((t->rank != 3 && t->rank != 4) || (t->rank == 4 && t->shape[3] > 4))
        return bw_error_set(err, BW_ERR_USAGE,
                            "tensor %s of rank %u is no picture: (n,h,w) or "
                            "(n,h,w,c) with 1 to 4 channels wanted",
                            t->name, t->rank);
    if (t->n_items == 0)
        return bw_error_set(err, BW_ERR_USAGE, "tensor %s is empty", t->name);
    p->height = (size_t)t->shape[1];
    p->width = (size_t)t->shape[2];
    p->channels = t->rank == 4 ? (size_t)t->shape[3] : 1;
    p->values = malloc(n_values(p) * sizeof *p->values);
    return p->values ? BW_OK : bw_error_memory(err);
}

static void set_range(painter *p, bool is_images)
{
    const bw_picture_options *o = &p->options->picture;

    p->tone = o->has_range ? (bw_tone){true, o->low, o->high}
                           : bw_tone_of(p->tensor, is_images);
}

/* Reads a row as doubles and finds black and white. */
static bw_status load(painter *p, const void *row, uint64_t number,
                      bw_error *err)
{
    bw_dtype_to_double(p->tensor->dtype, row, n_values(p), p->values);
    bw_status rc = bw_tone_fit(&p->tone, n_values(p), p->values, err);
    return rc ? bw_error_prefix(err, "row %llu", (unsigned long long)number)
              : BW_OK;
}

/* 0 to full, half to even. */
static uint16_t level(const painter *p, double value, double full)
{
    return (uint16_t)nearbyint(bw_tone_part(&p->tone, value) * full);
}

static void set_sample(bw_image *image, size_t at, uint16_t value)
{
    if (image->dtype == BW_U8)
        ((uint8_t *)image->data)[at] = (uint8_t)value;
    else
        ((uint16_t *)image->data)[at] = value;
}

/* Paints the row in hand with its corner at (y, x) of the canvas. */
static void paint(painter *p, size_t y, size_t x)
{
    size_t scale = p->options->picture.scale, c = p->channels;
    double full = p->canvas.dtype == BW_U8 ? 255 : 65535;

    for (size_t k = 0; k < n_values(p); k++) {
        uint16_t v = level(p, p->values[k], full);
        size_t row = k / c / p->width * scale;
        size_t column = k / c % p->width * scale;
        for (size_t i = 0; i < scale; i++)
            for (size_t j = 0; j < scale; j++) {
                size_t pixel = (y + row + i) * p->canvas.width + x + column + j;
                set_sample(&p->canvas, pixel * c + k % c, v);
            }
    }
}

/* ---- cells to files ---- */

static bw_status shape_canvas(painter *p, size_t rows, size_t columns,
                              bw_error *err)
{
    const bw_picture_options *o = &p->options->picture;
    size_t height, width;

    if (__builtin_mul_overflow(p->height, o->scale, &height) ||
        __builtin_mul_overflow(height + o->pad, rows, &height) ||
        __builtin_mul_overflow(p->width, o->scale, &width) ||
        __builtin_mul_overflow(width + o->pad, columns, &width))
        return bw_error_set(err, BW_ERR_DIMENSION, "the picture is too large");
    bw_status rc =
        bw_image_shape(&p->canvas, o->is_deep ? BW_U16 : BW_U8, height - o->pad,
                       width - o->pad, p->channels, err);
    for (size_t k = 0; rc == BW_OK && k < bw_image_n_samples(&p->canvas); k++)
        set_sample(&p->canvas, k, UINT16_MAX); /* white between cells */
    return rc;
}

static bw_status write_file(const painter *p, const char *path, bw_error *err)
{
    bw_output *output = NULL;
    bw_status rc = bw_output_open(path, &output, err);

    if (rc == BW_OK)
        rc = bw_png_encode(&p->canvas, output, err);
    if (rc == BW_OK)
        rc = bw_output_commit(output, err);
    bw_output_destroy(output);
    return rc;
}

/* The first grid_rows x grid_columns of the chosen rows, line by line. */
static bw_status write_grid(painter *p, bw_pick *pick, bw_error *err)
{
    const bw_picture_options *o = &p->options->picture;
    size_t rows = o->grid_rows ? o->grid_rows : 1;
    size_t columns = o->grid_columns ? o->grid_columns : 1;
    bw_status rc = shape_canvas(p, rows, columns, err);

    for (uint64_t k = 0; rc == BW_OK; k++) {
        const void *row;
        uint64_t number;
        bool is_end;
        rc = bw_pick_next(pick, &row, &number, &is_end, err);
        if (rc || is_end)
            break;
        if (k >= rows * columns)
            continue; /* to the end, where the checksums are */
        rc = load(p, row, number, err);
        if (rc == BW_OK)
            paint(p, (size_t)(k / columns) * (p->height * o->scale + o->pad),
                  (size_t)(k % columns) * (p->width * o->scale + o->pad));
    }
    return rc ? rc : write_file(p, p->options->output, err);
}

static bw_status write_folder(painter *p, bw_pick *pick, bw_error *err)
{
    const char *folder = p->options->output;
    struct stat st;
    bw_status rc = shape_canvas(p, 1, 1, err);

    if (rc)
        return rc;
    if (mkdir(folder, 0777) != 0 &&
        (errno != EEXIST || stat(folder, &st) != 0 || !S_ISDIR(st.st_mode)))
        return bw_error_errno(err, "%s", folder);
    for (;;) {
        const void *row;
        uint64_t number;
        bool is_end;
        char *path = NULL;
        rc = bw_pick_next(pick, &row, &number, &is_end, err);
        if (rc || is_end)
            return rc;
        rc = load(p, row, number, err);
        if (rc)
            return rc;
        paint(p, 0, 0);
        if (asprintf(&path, "%s/%06llu.png", folder,
                     (unsigned long long)number) < 0)
            return bw_error_memory(err);
        rc = write_file(p, path, err);
        free(path);
        if (rc)
            return rc;
    }
}

bw_status bw_unpack_pictures(const bw_unpack_options *options,
                             const bw_tensor *tensor, bool is_images,
                             bw_pick *pick, bw_error *err)
{
    painter p = {.options = options, .tensor = tensor};
    bw_status rc = set_shape(&p, err);

    if (rc == BW_OK) {
        set_range(&p, is_images);
        bool is_grid = options->picture.grid_rows > 0;
        if (options->is_folder && !is_grid)
            rc = write_folder(&p, pick, err);
        else if (is_grid || bw_pick_n_rows(pick) == 1)
            rc = write_grid(&p, pick, err);
        else
            rc = bw_error_set(err, BW_ERR_USAGE,
                              "%llu pictures: give --index, --grid, or -o "
                              "FOLDER/",
                              (unsigned long long)bw_pick_n_rows(pick));
    }
    if (rc == BW_ERR_RANGE)
        rc = bw_error_prefix(err, "%s: tensor %s", options->file, tensor->name);
    free(p.values);
    bw_image_clear(&p.canvas);
    return rc;
}
