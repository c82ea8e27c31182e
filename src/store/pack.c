/* pack.c - items in, one form out.
 *
 * The first item fixes the form: type, height, width, channels. Every later one
 * must agree, after crop, resize and colour. */
#include "config.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store/feed.h"
#include "store/folder.h"
#include "store/json.h"
#include "store/pack.h"
#include "store/sink.h"

typedef struct packer {
    const bw_pack_options *options;
    bw_provenance *provenance;
    bw_feed *feed;
    bw_sink *sink;
    bw_resizer *resizer;
    bw_item item;
    bw_image resized;
    bw_image form;    /* of the first item; holds no samples */
    bool is_vector;   /* that item is */
    char *form_place; /* where it came from; NULL before it */
    double *values;   /* of the support */
    uint64_t n_done;
} packer;

/* ---- one item ---- */

static bw_status crop(const packer *p, bw_image *image, bw_error *err)
{
    const bw_pack_options *o = p->options;
    size_t y = o->crop_y, x = o->crop_x;

    if (o->crop_height == 0)
        return BW_OK;
    if (!o->is_crop_placed) {
        y = image->height > o->crop_height
                ? (image->height - o->crop_height) / 2
                : 0;
        x = image->width > o->crop_width ? (image->width - o->crop_width) / 2
                                         : 0;
    }
    return bw_image_crop(image, o->crop_height, o->crop_width, y, x, err);
}

static bool is_float(bw_dtype dtype)
{
    return dtype == BW_F16 || dtype == BW_F32 || dtype == BW_F64;
}

static bw_status image_depth(const packer *p, bw_image *image, bw_error *err)
{
    bw_dtype to = p->options->depth == BW_DEPTH_8 ? BW_U8 : BW_F32;

    if (p->options->depth == BW_DEPTH_AUTO) {
        if (image->dtype == BW_U8 || image->dtype == BW_BOOL)
            to = BW_U8;
        else if (!is_float(image->dtype))
            return bw_error_set(err, BW_ERR_USAGE,
                                "samples of type %s: give --depth 8 or "
                                "--depth float",
                                bw_dtype_name(image->dtype));
    }
    return bw_image_convert(image, to, err);
}

/* Signed integers of a histogram or any type of a code, widened by value. */
static bw_status widen(bw_image *image, bw_dtype to, bw_error *err)
{
    bw_image wide = BW_IMAGE_INIT;
    size_t n = bw_image_n_samples(image), size = bw_dtype_size(image->dtype);
    bw_status rc = bw_image_shape(&wide, to, image->height, image->width,
                                  image->channels, err);

    for (size_t k = 0; k < n && rc == BW_OK; k++) {
        double v;
        bw_dtype_to_double(image->dtype, (char *)image->data + k * size, 1, &v);
        if (image->dtype == BW_I64 && fabs(v) > 0x1p53)
            rc = bw_error_set(err, BW_ERR_RANGE,
                              "%.17g at bin %zu is beyond 2^53", v, k);
        else if (to == BW_F64)
            ((double *)wide.data)[k] = v;
        else if (to == BW_F32 && fabs(v) > 0x1.fffffep127)
            rc = bw_error_set(err, BW_ERR_RANGE,
                              "%g at column %zu is too large for F32", v, k);
        else if (to == BW_F32)
            ((float *)wide.data)[k] = (float)v;
        else
            ((uint8_t *)wide.data)[k] = (uint8_t)v;
    }
    if (rc) {
        bw_image_clear(&wide);
        return rc;
    }
    free(image->data);
    *image = wide;
    return BW_OK;
}

static bw_status histogram_type(bw_image *image, bw_error *err)
{
    switch (image->dtype) {
    case BW_I8:
    case BW_I16:
    case BW_I32:
    case BW_I64:
        return widen(image, BW_F64, err);
    case BW_F16:
    case BW_BF16:
        return widen(image, BW_F32, err);
    case BW_BOOL:
        return widen(image, BW_U8, err);
    default:
        return BW_OK;
    }
}

/* NaN and infinity have no meaning as mass or code. */
static bw_status check_finite(const bw_image *image, bw_error *err)
{
    size_t n = bw_image_n_samples(image), k = 0;
    double v = 0;

    if (image->dtype == BW_F32)
        while (k < n && isfinite(((const float *)image->data)[k]))
            k++;
    else if (image->dtype == BW_F64)
        while (k < n && isfinite(((const double *)image->data)[k]))
            k++;
    else
        return BW_OK;
    if (k == n)
        return BW_OK;
    bw_dtype_to_double(image->dtype,
                       (char *)image->data + k * bw_dtype_size(image->dtype), 1,
                       &v);
    return bw_error_set(err, BW_ERR_RANGE, "%s at bin %zu",
                        isnan(v) ? "not a number" : "infinite value", k);
}

static bw_status resize(packer *p, bw_image *image, bw_error *err)
{
    size_t height = p->options->height, width = p->options->width;

    if (height == 0 || (image->height == height && image->width == width))
        return BW_OK;
    bw_status rc =
        bw_image_resize(p->resizer, image, height, width, &p->resized, err);
    bw_image swap = *image;
    if (rc == BW_OK) {
        *image = p->resized;
        p->resized = swap;
    }
    return rc;
}

static bool changes_pixels(const bw_pack_options *o)
{
    return o->crop_height || o->height || o->color != BW_COLOR_KEEP;
}

static bw_status form_item(packer *p, bw_pack_kind kind, bw_error *err)
{
    const bw_pack_options *o = p->options;
    bw_image *image = &p->item.image;
    bw_status rc = BW_OK;

    if (p->item.is_vector && changes_pixels(o))
        return bw_error_set(err, BW_ERR_USAGE,
                            "--crop, --size, --gray and --rgb need pictures, "
                            "this is a row of %zu numbers",
                            image->width);
    rc = crop(p, image, err);
    if (rc == BW_OK && kind == BW_PACK_IMAGES)
        rc = image_depth(p, image, err);
    else if (rc == BW_OK && kind == BW_PACK_HISTOGRAMS)
        rc = histogram_type(image, err);
    else if (rc == BW_OK && image->dtype != BW_F32)
        rc = widen(image, BW_F32, err);
    if (rc == BW_OK)
        rc = check_finite(image, err);
    if (rc == BW_OK)
        rc = resize(p, image, err);
    if (rc == BW_OK && o->color == BW_COLOR_GRAY)
        bw_image_gray(image);
    if (rc == BW_OK && o->color == BW_COLOR_RGB)
        rc = bw_image_rgb(image, err);
    if (rc == BW_OK && o->invert)
        rc = bw_image_invert(image, err);
    if (rc == BW_OK && kind == BW_PACK_HISTOGRAMS && image->channels != 1)
        rc = bw_error_set(err, BW_ERR_DIMENSION,
                          "%zu channels, a histogram has one (see --gray)",
                          image->channels);
    return rc;
}

/* ---- the form ---- */

static bw_status differ(const packer *p, bw_error *err)
{
    const bw_image *a = &p->form, *b = &p->item.image;

    if (p->is_vector != p->item.is_vector)
        return bw_error_set(
            err, BW_ERR_DIMENSION, "%s, but %s is %s",
            p->item.is_vector ? "a row of numbers" : "a picture", p->form_place,
            p->is_vector ? "a row of numbers" : "a picture");
    if (p->is_vector)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%zu numbers a row of type %s, but %s has %zu of "
                            "type %s",
                            b->width, bw_dtype_name(b->dtype), p->form_place,
                            a->width, bw_dtype_name(a->dtype));
    if (a->height != b->height || a->width != b->width)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%zux%zu pixels, but %s has %zux%zu (see --size)",
                            b->height, b->width, p->form_place, a->height,
                            a->width);
    if (a->channels != b->channels)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "channels: %zu, but %s has %zu (see --gray, --rgb)",
                            b->channels, p->form_place, a->channels);
    return bw_error_set(
        err, BW_ERR_DIMENSION, "type %s, but %s has %s (see --depth)",
        bw_dtype_name(b->dtype), p->form_place, bw_dtype_name(a->dtype));
}

static bw_status add_support(packer *p, size_t n_bins, bw_error *err)
{
    const char *path = p->options->support;
    size_t n_rows = 0, n_columns = 0;
    uint64_t digest = 0;
    bw_status rc =
        bw_array_load(path, &n_rows, &n_columns, &p->values, &digest, err);

    if (rc)
        return rc;
    if (n_rows != n_bins)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: %zu points for %zu bins", path, n_rows,
                            n_bins);
    for (size_t k = 0; k < n_rows * n_columns; k++)
        if (!isfinite(p->values[k]))
            return bw_error_set(err, BW_ERR_RANGE,
                                "%s: point %zu, coordinate %zu is not finite",
                                path, k / n_columns, k % n_columns);
    rc = bw_provenance_add_input(p->provenance, bw_names_base(path), digest,
                                 NULL, err);
    if (rc == BW_OK)
        rc = bw_sink_add_matrix(p->sink, "support", n_rows, n_columns,
                                p->values, err);
    return rc;
}

/* Declares the tensors after the first item. */
static bw_status begin(packer *p, bw_pack_kind kind, bw_error *err)
{
    const bw_image *image = &p->item.image;
    bool is_vector = p->item.is_vector;
    uint64_t shape[3] = {image->height, image->width, image->channels};
    uint64_t vector[1] = {image->width};
    const char *name = kind == BW_PACK_IMAGES  ? "images"
                       : kind == BW_PACK_CODES ? "codes"
                                               : "mass";
    unsigned rank = is_vector ? 2 : kind == BW_PACK_IMAGES ? 4 : 3;

    p->form_place = strdup(bw_feed_place(p->feed));
    if (!p->form_place)
        return bw_error_memory(err);
    p->form = *image;
    p->form.data = NULL;
    p->is_vector = is_vector;
    return bw_sink_begin(p->sink, name, image->dtype, rank,
                         is_vector ? vector : shape,
                         bw_feed_has_labels(p->feed), err);
}

static bool agrees(const packer *p)
{
    const bw_image *a = &p->form, *b = &p->item.image;

    return a->dtype == b->dtype && a->height == b->height &&
           a->width == b->width && a->channels == b->channels &&
           p->is_vector == p->item.is_vector;
}

static bw_status take_item(packer *p, bw_error *err)
{
    bw_pack_kind kind = bw_feed_kind(p->feed);
    bw_status rc = form_item(p, kind, err);

    if (rc == BW_OK && p->form_place && !agrees(p))
        rc = differ(p, err);
    if (rc)
        return bw_error_prefix(err, "%s", bw_feed_place(p->feed));
    if (!p->form_place)
        rc = begin(p, kind, err);
    if (rc == BW_OK)
        rc = bw_sink_put(p->sink, p->item.image.data, p->item.label, err);
    return rc;
}

/* ---- the whole ---- */

static bw_status check_options(const bw_pack_options *o, bw_error *err)
{
    if (o->n_inputs == 0)
        return bw_error_set(err, BW_ERR_USAGE, "no input");
    if (o->labels && o->table_label)
        return bw_error_set(err, BW_ERR_USAGE,
                            "--labels and --table-label exclude each other");
    if (o->n_parts > 0 && !strstr(o->output, "%s"))
        return bw_error_set(err, BW_ERR_USAGE,
                            "--split needs %%s in the name after -o");
    return BW_OK;
}

/* Options that only one kind can serve, once the kind is known. */
static bw_status check_kind(const bw_pack_options *o, bw_pack_kind kind,
                            bw_error *err)
{
    if (o->depth != BW_DEPTH_AUTO && kind != BW_PACK_IMAGES)
        return bw_error_set(err, BW_ERR_USAGE, "--depth is for images");
    if (o->support && kind != BW_PACK_HISTOGRAMS)
        return bw_error_set(err, BW_ERR_USAGE, "--support is for histograms");
    if (o->invert && kind == BW_PACK_CODES)
        return bw_error_set(err, BW_ERR_USAGE, "--invert is for pictures");
    return BW_OK;
}

static bw_status read_items(packer *p, bw_error *err)
{
    const bw_pack_options *o = p->options;
    uint64_t limit = o->limit ? o->limit : UINT64_MAX;
    bool is_end = false;
    bw_status rc = BW_OK;

    for (uint64_t k = 0; rc == BW_OK; k++) {
        bool is_wanted = k >= o->skip && k - o->skip < limit;
        if (o->stopped && o->stopped())
            return bw_error_set(err, BW_ERR_INTERRUPTED, "interrupted");
        rc = bw_feed_next(p->feed, is_wanted, &p->item, &is_end, err);
        if (rc || is_end)
            break;
        if (k == 0)
            rc = check_kind(o, bw_feed_kind(p->feed), err);
        if (rc == BW_OK && is_wanted)
            rc = take_item(p, err);
        if (o->opt_progress) {
            o->opt_progress->n_total = bw_feed_total(p->feed);
            bw_progress_update(o->opt_progress, k + 1);
        }
        p->n_done = k + 1;
    }
    if (rc == BW_OK && !p->form_place)
        rc = bw_error_set(err, BW_ERR_DIMENSION,
                          "no items are left by --skip and --limit");
    if (rc == BW_OK && o->support)
        rc = add_support(p, p->form.height * p->form.width, err);
    return rc;
}

static bw_status commit(packer *p, bw_error *err)
{
    static const char *const kinds[] = {"", "images", "histograms", "codes"};
    size_t n;
    const char *const *names = bw_feed_label_names(p->feed, &n);
    char *text = NULL;

    if (n > 0) {
        json_t *list = json_array();
        for (size_t k = 0; k < n; k++)
            if (json_array_append_new(list, json_string(names[k])) != 0) {
                json_decref(list);
                return bw_error_set(err, BW_ERR_FORMAT,
                                    "subfolder %zu: its name is no UTF-8", k);
            }
        text = bw_json_print(list, JSON_COMPACT);
        json_decref(list);
        if (!text)
            return bw_error_memory(err);
    }
    bw_status rc = bw_sink_commit(p->sink, p->provenance,
                                  kinds[bw_feed_kind(p->feed)], text, err);
    free(text);
    return rc;
}

bw_status bw_pack(const bw_pack_options *options, bw_error *err)
{
    packer p = {.options = options};
    bw_status rc = check_options(options, err);

    if (rc)
        return rc;
    p.resizer = bw_resizer_create();
    p.provenance =
        bw_provenance_create("wpack", options->n_args, options->arg,
                             options->shuffle ? &options->seed : NULL);
    if (!p.resizer || !p.provenance)
        rc = bw_error_memory(err);
    if (rc == BW_OK)
        rc = bw_sink_create(options, &p.sink, err);
    if (rc == BW_OK)
        rc = bw_feed_create(options, p.provenance, &p.feed, err);
    if (rc == BW_OK)
        rc = read_items(&p, err);
    if (rc == BW_OK)
        rc = commit(&p, err);
    /* A pipe that breaks off after a signal is no fault of the input's. */
    if (rc && options->stopped && options->stopped())
        rc = bw_error_set(err, BW_ERR_INTERRUPTED, "interrupted");
    if (options->opt_progress)
        bw_progress_finish(options->opt_progress, p.n_done);
    bw_feed_destroy(p.feed);
    bw_sink_destroy(p.sink);
    bw_provenance_destroy(p.provenance);
    bw_resizer_destroy(p.resizer);
    bw_image_clear(&p.item.image);
    bw_image_clear(&p.resized);
    free(p.form_place);
    free(p.values);
    return rc;
}
