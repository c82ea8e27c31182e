/* dwe_images.c - loading images as histograms. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/container.h"
#include "model/dwe_images.h"
#include "model/labelled.h"

/* Data as it came, before it is made masses. */
typedef struct raw {
    const bw_tensor *tensor;
    void *data;
    size_t n_pixels, n_channels; /* of an image in the file */
} raw;

void bw_dwe_images_clear(bw_dwe_images *images)
{
    bw_origin_clear(&images->origin);
    free(images->bytes);
    free(images->values);
    free(images->factor);
    free(images->labels);
    *images = (bw_dwe_images){0};
}

size_t bw_dwe_images_size(const bw_dwe_images *images)
{
    return bw_shape_n(images->shape);
}

/* ---- gathering ---- */

/* Images of a task: some ten thousand values of MNIST's. */
enum { GATHER_PIECE = 16 };

typedef struct gather {
    const bw_dwe_images *images;
    size_t n;
    const uint32_t *index;
    bw_dwe_steps steps;
    float *out;
} gather;

bw_dwe_steps bw_dwe_planes(bw_shape shape)
{
    return (bw_dwe_steps){.item = bw_shape_n(shape),
                          .plane = shape.h * shape.w,
                          .pixel = 1,
                          .scale = 1};
}

bw_dwe_steps bw_dwe_pixels(bw_shape shape, double scale)
{
    return (bw_dwe_steps){.item = bw_shape_n(shape),
                          .plane = 1,
                          .pixel = shape.c,
                          .scale = (float)scale};
}

static void gather_one(const gather *g, size_t k, float *out)
{
    const bw_dwe_images *images = g->images;
    size_t n_planes = images->shape.c, size = bw_dwe_images_size(images);
    size_t n_pixels = size / n_planes, pixel = g->steps.pixel;
    float scale = g->steps.scale;

    for (size_t c = 0; c < n_planes; c++) {
        float *to = out + c * g->steps.plane;
        if (images->bytes) {
            float factor = scale * images->factor[k * n_planes + c];
            const unsigned char *byte = images->bytes + k * size + c;
            for (size_t i = 0; i < n_pixels; i++)
                to[i * pixel] = factor * (float)byte[i * n_planes];
        } else {
            const float *value = images->values + k * size + c * n_pixels;
            for (size_t i = 0; i < n_pixels; i++)
                to[i * pixel] = scale * value[i];
        }
    }
}

static void gather_piece(void *arg, size_t task, size_t worker)
{
    const gather *g = arg;
    size_t from = task * GATHER_PIECE;
    size_t to = g->n - from > GATHER_PIECE ? from + GATHER_PIECE : g->n;

    (void)worker;
    for (size_t k = from; k < to; k++)
        gather_one(g, g->index[k], g->out + k * g->steps.item);
}

void bw_dwe_images_gather(const bw_dwe_images *images, bw_tasks *tasks,
                          size_t n, const uint32_t *index, bw_dwe_steps steps,
                          float *out)
{
    gather g = {images, n, index, steps, out};

    bw_tasks_run(tasks, (n + GATHER_PIECE - 1) / GATHER_PIECE, gather_piece,
                 &g);
}

/* The largest value of image k. */
static double peak_of(const bw_dwe_images *images, size_t k)
{
    size_t n_planes = images->shape.c, size = bw_dwe_images_size(images);
    double most = 0;

    for (size_t i = 0; i < size; i++)
        if (images->bytes)
            most =
                fmax(most, (double)images->factor[k * n_planes + i % n_planes] *
                               images->bytes[k * size + i]);
        else
            most = fmax(most, (double)images->values[k * size + i]);
    return most;
}

double bw_dwe_images_peak(const bw_dwe_images *images)
{
    double sum = 0;

    for (size_t k = 0; k < images->n; k++)
        sum += peak_of(images, k);
    return images->n ? sum / (double)images->n : 0;
}

/* ---- values to masses ---- */

/* Makes n values masses of the sum `total`; they were checked. */
static void scale_to(size_t n, double *values, double sum, double total)
{
    for (size_t k = 0; k < n; k++)
        values[k] *= total / sum;
}

static bw_status make_masses(size_t n, double *values, bw_dwe_mass mass,
                             double total, bw_error *err)
{
    double sum = 0, most = -HUGE_VAL;

    for (size_t k = 0; k < n; k++) {
        if (!isfinite(values[k]))
            return bw_error_set(err, BW_ERR_RANGE, "mass %g at bin %zu",
                                values[k], k);
        if (values[k] < 0 && mass != BW_DWE_MASS_SOFTMAX)
            return bw_error_set(err, BW_ERR_RANGE,
                                "negative mass %g at bin %zu", values[k], k);
        most = fmax(most, values[k]);
    }
    for (size_t k = 0; k < n; k++) {
        if (mass == BW_DWE_MASS_SOFTMAX)
            values[k] = exp(values[k] - most);
        sum += values[k];
    }
    if (!(sum > 0))
        return bw_error_set(err, BW_ERR_RANGE, "all mass is zero");
    if (!isfinite(sum))
        return bw_error_set(err, BW_ERR_RANGE, "the sum of masses overflows");
    scale_to(n, values, sum, total);
    return BW_OK;
}

/* One channel of an image, or of 3 channels that are to be one plane their
 * luminance, as wdist has it: bytes round half to even. */
static void take_plane(const raw *r, size_t n_planes, size_t c,
                       const double *items, double *plane)
{
    bool is_integer = bw_dtype_is_integer(r->tensor->dtype);

    for (size_t k = 0; k < r->n_pixels; k++) {
        const double *pixel = items + k * r->n_channels;
        if (n_planes == r->n_channels) {
            plane[k] = pixel[c];
            continue;
        }
        double luma = (299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2]) / 1000;
        plane[k] = is_integer ? rint(luma) : luma;
    }
}

static bw_status fill_values(bw_dwe_images *images, const raw *r,
                             bw_dwe_mass mass, bw_error *err)
{
    size_t size = bw_dwe_images_size(images), n_planes = images->shape.c;
    size_t n = r->n_pixels, n_items = n * r->n_channels;
    double *items = malloc(n_items * sizeof *items);
    double *plane = malloc(n * sizeof *plane);
    bw_status status = BW_OK;

    images->values = calloc(images->n ? images->n : 1, size * sizeof(float));
    if (!items || !plane || !images->values)
        status = bw_error_memory(err);
    for (size_t k = 0; k < images->n && !status; k++) {
        const unsigned char *from = r->data;
        from += k * n_items * bw_dtype_size(r->tensor->dtype);
        bw_dtype_to_double(r->tensor->dtype, from, n_items, items);
        for (size_t c = 0; c < n_planes && !status; c++) {
            float *to = images->values + k * size + c * n;
            take_plane(r, n_planes, c, items, plane);
            status = make_masses(n, plane, mass, 1 / (double)n_planes, err);
            for (size_t i = 0; i < n; i++)
                to[i] = (float)plane[i];
        }
        if (status)
            bw_error_prefix(err, "%s: image %zu", images->origin.path, k);
    }
    free(items);
    free(plane);
    return status;
}

static bw_status fill_factors(bw_dwe_images *images, bw_error *err)
{
    size_t size = bw_dwe_images_size(images), n_planes = images->shape.c;

    images->factor =
        calloc(images->n ? images->n : 1, n_planes * sizeof *images->factor);
    if (!images->factor)
        return bw_error_memory(err);
    for (size_t k = 0; k < images->n; k++)
        for (size_t c = 0; c < n_planes; c++) {
            const unsigned char *byte = images->bytes + k * size + c;
            uint64_t sum = 0;
            for (size_t i = 0; i < size; i += n_planes)
                sum += byte[i];
            if (sum == 0)
                return bw_error_set(err, BW_ERR_RANGE,
                                    "%s: image %zu: all mass is zero",
                                    images->origin.path, k);
            images->factor[k * n_planes + c] =
                (float)(1 / ((double)sum * (double)n_planes));
        }
    return BW_OK;
}

/* ---- reading ---- */

static bw_status set_shape(bw_dwe_images *images, raw *r, bool each_channel,
                           bw_error *err)
{
    const bw_tensor *t = r->tensor;

    if (t->rank < 2 || t->rank > 4 || t->dtype == BW_BOOL)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: tensor '%s' is %s of rank %u, not images "
                            "(n,h,w,c) or histograms (n,h,w), (n,bins)",
                            images->origin.path, t->name,
                            bw_dtype_name(t->dtype), t->rank);
    images->n = (size_t)t->shape[0];
    images->shape.h = t->rank == 2 ? 1 : (size_t)t->shape[1];
    images->shape.w = (size_t)t->shape[t->rank == 2 ? 1 : 2];
    r->n_channels = t->rank == 4 ? (size_t)t->shape[3] : 1;
    images->shape.c = each_channel ? r->n_channels : 1;
    size_t size;
    bw_status status = bw_labelled_size(images->origin.path, t, &size, err);
    if (status)
        return status;
    r->n_pixels = images->shape.h * images->shape.w;
    if (!each_channel && r->n_channels != 1 && r->n_channels != 3)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: images of %zu channels have no luminance",
                            images->origin.path, r->n_channels);
    return BW_OK;
}

static bw_status find_images(const bw_dwe_images *images,
                             const bw_reader *reader, raw *r, bw_error *err)
{
    r->tensor = bw_reader_find(reader, "images");
    if (!r->tensor)
        r->tensor = bw_reader_find(reader, "mass");
    if (r->tensor)
        return BW_OK;
    return bw_error_set(err, BW_ERR_FORMAT,
                        "%s: neither a tensor 'images' nor 'mass'",
                        images->origin.path);
}

bw_status bw_dwe_images_read(bw_reader *reader, bw_dwe_mass mass,
                             bool each_channel, bw_dwe_images *images,
                             bw_error *err)
{
    raw r = {0};
    *images = (bw_dwe_images){0};
    bw_status status = bw_origin_set(&images->origin, reader, err);
    if (!status)
        status = find_images(images, reader, &r, err);
    if (!status)
        status = set_shape(images, &r, each_channel, err);
    if (!status)
        status = bw_labelled_read(reader, r.tensor, &r.data, &images->labels,
                                  &images->origin.digest, err);
    if (!status)
        status = bw_rows_digest(r.tensor, r.data, images->rows, err);
    if (status)
        goto done;
    if (r.tensor->dtype == BW_U8 && r.n_channels == images->shape.c &&
        mass != BW_DWE_MASS_SOFTMAX) {
        images->bytes = r.data;
        r.data = NULL;
        status = fill_factors(images, err);
    } else {
        status = fill_values(images, &r, mass, err);
    }
done:
    free(r.data);
    if (status)
        bw_dwe_images_clear(images);
    return status;
}

bw_status bw_dwe_images_load(const char *path, bw_dwe_mass mass,
                             bool each_channel, bw_dwe_images *images,
                             bw_error *err)
{
    bw_reader *reader = NULL;
    *images = (bw_dwe_images){0};
    bw_status status = bw_reader_open(path, &reader, err);
    if (!status)
        status = bw_dwe_images_read(reader, mass, each_channel, images, err);
    bw_reader_close(reader);
    return status;
}
