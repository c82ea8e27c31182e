/* dwe_pictures.c - dwe barycenter, dwe interpolate, dwe components: points of
 * the embedding that are no image's, decoded. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/components.h"
#include "tools/dwe.h"

static const char *model, *grid, *weights;
static uint64_t n_columns = BW_OPTION_UNSET, n_steps = 9, n_components = 5;
static bool is_view, by_label, columns_given;
static double reach = 2;

/* A verb at work: codes in, points in between out. */
typedef struct work {
    bw_dwe_job job;
    bw_dwe_images images;
    float *codes;  /* of the images */
    float *points; /* n_points codes */
    size_t n_points;
    int32_t *labels; /* of the points, or NULL */
} work;

static bw_status open_work(work *w, const bw_program *self,
                           const bw_parsed *parsed, bw_error *err)
{
    *w = (work){.job.opt_grid = grid};
    if (parsed->n_operands == 0)
        return bw_error_set(err, BW_ERR_USAGE, "no file of images is named");
    bw_status status = bw_dwe_job_open(&w->job, self, parsed, model, true, err);
    if (!status)
        status =
            bw_dwe_job_images(&w->job, parsed->operand[0], &w->images, err);
    if (!status && w->images.n == 0)
        status = bw_error_set(err, BW_ERR_RANGE, "%s: no images",
                              w->images.origin.path);
    return status;
}

/* Codes of all images. */
static bw_status encode_all(work *w, bw_error *err)
{
    size_t n = w->images.n;

    w->codes = malloc((n * w->job.dwe->latent + 1) * sizeof *w->codes);
    if (!w->codes)
        return bw_error_memory(err);
    return bw_dwe_encode(w->job.pass, &w->images, n, NULL, w->codes, err);
}

static bw_status make_points(work *w, size_t n, bw_error *err)
{
    size_t values;

    w->n_points = n;
    if (!__builtin_mul_overflow(n, w->job.dwe->latent, &values))
        w->points = calloc(values + 1, sizeof *w->points);
    return w->points ? BW_OK : bw_error_memory(err);
}

/* Decodes the points, n_row in a row of the picture, and writes the images;
 * the caller commits. */
static bw_status write_points(work *w, size_t n_row, bw_error *err)
{
    size_t size = bw_shape_n(w->job.dwe->image);
    float *planes = calloc(w->n_points + 1, size * sizeof *planes);
    bw_status status = planes ? BW_OK : bw_error_memory(err);

    w->job.n_columns = columns_given ? (size_t)n_columns : n_row;
    if (!status)
        status =
            bw_dwe_decode(w->job.pass, w->n_points, w->points, planes, err);
    if (!status)
        status = bw_dwe_write_images(&w->job, w->n_points, planes, w->labels,
                                     is_view, err);
    free(planes);
    return status;
}

static void close_work(work *w)
{
    free(w->codes);
    free(w->points);
    free(w->labels);
    bw_dwe_images_clear(&w->images);
    bw_dwe_job_close(&w->job);
}

/* ---- barycenter ---- */

static const bw_option barycenter_options[] = {
    BW_JOB_MODEL_OPTION("dwe", model),
    {.type = BW_OPTION_TEXT,
     .name = "weights",
     .meta = "W,W,...",
     .help = "one number an image, not negative (default: all the same)",
     .value = &weights},
    {.type = BW_OPTION_FLAG,
     .name = "by-label",
     .help = "one barycentre for each label",
     .value = &by_label},
    BW_DWE_VIEW_OPTION(is_view),
    BW_JOB_GRID_OPTIONS("images, by default all,", grid, n_columns,
                        columns_given),
    {.name = NULL},
};

static const bw_program barycenter_program = {
    .name = "dwe barycenter",
    .usage = "[options] --model MODEL IMAGES -o IMAGES",
    .summary = "Write the barycentre of images, or one for each label.",
    .options = barycenter_options,
    .common = &bw_dwe_common,
    .has_output = true,
    .has_threads = true,
};

/* n numbers between commas; ones when none are given. */
static bw_status parse_weights(size_t n, double *weight, bw_error *err)
{
    const char *at = weights;
    char *end;

    for (size_t k = 0; k < n; k++)
        weight[k] = 1;
    for (size_t k = 0; at; k++) {
        double x = strtod(at, &end);
        if (end == at || (*end != ',' && *end != '\0') || !isfinite(x) || x < 0)
            return bw_error_set(err, BW_ERR_USAGE,
                                "--weights: '%.*s' is no weight",
                                (int)strcspn(at, ","), at);
        if (k >= n || (*end == '\0' && k + 1 < n))
            return bw_error_set(err, BW_ERR_USAGE,
                                "--weights: one for each of %zu images is "
                                "wanted",
                                n);
        weight[k] = x;
        at = *end == ',' ? end + 1 : NULL;
    }
    return BW_OK;
}

static int by_value(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

    return (x > y) - (x < y);
}

/* The distinct labels, rising, in w->labels; *n of them. */
static bw_status list_labels(work *w, size_t *n, bw_error *err)
{
    size_t m = w->images.n;

    if (!w->images.labels)
        return bw_error_set(err, BW_ERR_FORMAT, "%s: --by-label: no labels",
                            w->images.origin.path);
    w->labels = malloc(m * sizeof *w->labels);
    if (!w->labels)
        return bw_error_memory(err);
    memcpy(w->labels, w->images.labels, m * sizeof *w->labels);
    qsort(w->labels, m, sizeof *w->labels, by_value);
    *n = 0;
    for (size_t k = 0; k < m; k++)
        if (k == 0 || w->labels[k] != w->labels[*n - 1])
            w->labels[(*n)++] = w->labels[k];
    return BW_OK;
}

/* Point q: the weighted mean of the codes of its label, which minimises the
 * weighted sum of squared distances. */
static bw_status average(work *w, size_t q, const double *weight, double *sum,
                         bw_error *err)
{
    size_t d = w->job.dwe->latent;
    double total = 0;

    memset(sum, 0, d * sizeof *sum);
    for (size_t k = 0; k < w->images.n; k++) {
        if (w->labels && w->images.labels[k] != w->labels[q])
            continue;
        total += weight[k];
        for (size_t i = 0; i < d; i++)
            sum[i] += weight[k] * (double)w->codes[k * d + i];
    }
    if (!(total > 0) || !isfinite(total))
        return bw_error_set(err, BW_ERR_RANGE, "--weights: their sum is %g",
                            total);
    for (size_t i = 0; i < d; i++)
        w->points[q * d + i] = (float)(sum[i] / total);
    return BW_OK;
}

static bw_status find_barycenters(work *w, bw_error *err)
{
    size_t n = 1, d = w->job.dwe->latent;
    double *weight = malloc(w->images.n * sizeof *weight);
    double *sum = malloc((d + 1) * sizeof *sum);
    bw_status status = weight && sum ? BW_OK : bw_error_memory(err);

    if (!status)
        status = parse_weights(w->images.n, weight, err);
    if (!status && by_label)
        status = list_labels(w, &n, err);
    if (!status)
        status = encode_all(w, err);
    if (!status)
        status = make_points(w, n, err);
    for (size_t q = 0; q < n && !status; q++)
        status = average(w, q, weight, sum, err);
    free(weight);
    free(sum);
    return status;
}

static bw_status barycenter(const bw_program *self, const bw_parsed *parsed,
                            bw_error *err)
{
    work w = {.codes = NULL};
    bw_status status =
        bw_job_need_operands(parsed, 1, "one file of images", err);

    if (!status)
        status = open_work(&w, self, parsed, err);
    if (!status)
        status = find_barycenters(&w, err);
    if (!status)
        status = write_points(&w, w.n_points, err);
    if (!status)
        status = bw_job_commit(&w.job.base, "images", err);
    close_work(&w);
    return status;
}

const bw_verb bw_verb_dwe_barycenter = {&barycenter_program, barycenter};

/* ---- interpolate ---- */

static const bw_option interpolate_options[] = {
    BW_JOB_MODEL_OPTION("dwe", model),
    {.type = BW_OPTION_SIZE,
     .name = "steps",
     .meta = "N",
     .help = "images from one to the other, both ends included",
     .value = &n_steps,
     .min = 2,
     .max = 65536},
    BW_DWE_VIEW_OPTION(is_view),
    BW_JOB_GRID_OPTIONS("images, by default those of a line,", grid, n_columns,
                        columns_given),
    {.name = NULL},
};

static const bw_program interpolate_program = {
    .name = "dwe interpolate",
    .usage = "[options] --model MODEL IMAGES A-B... -o IMAGES",
    .summary = "Write the way from image A to image B, for each pair.",
    .options = interpolate_options,
    .common = &bw_dwe_common,
    .has_output = true,
    .has_threads = true,
};

/* The codes of both ends in codes, the points between them. */
static bw_status find_way(work *w, size_t q, const uint32_t pair[2],
                          bw_error *err)
{
    size_t d = w->job.dwe->latent, n = (size_t)n_steps;
    const float *a = w->codes, *b = w->codes + d;
    bw_status status =
        bw_dwe_encode(w->job.pass, &w->images, 2, pair, w->codes, err);

    for (size_t k = 0; k < n; k++) {
        float t = (float)k / (float)(n - 1);
        for (size_t i = 0; i < d; i++)
            w->points[(q * n + k) * d + i] = (1 - t) * a[i] + t * b[i];
    }
    return status;
}

static bw_status interpolate(const bw_program *self, const bw_parsed *parsed,
                             bw_error *err)
{
    work w = {.codes = NULL};
    size_t n = parsed->n_operands;
    bw_status status = BW_OK;

    if (n < 2)
        status = bw_error_set(err, BW_ERR_USAGE,
                              "a file of images and pairs A-B are needed");
    if (!status)
        status = open_work(&w, self, parsed, err);
    if (!status)
        status = make_points(&w, (n - 1) * (size_t)n_steps, err);
    if (!status) {
        w.codes = calloc(2 * w.job.dwe->latent + 1, sizeof *w.codes);
        status = w.codes ? BW_OK : bw_error_memory(err);
    }
    for (size_t q = 0; q + 1 < n && !status; q++) {
        uint32_t pair[2];
        const char *text = parsed->operand[q + 1];
        status = bw_job_parse_pair(text, strlen(text), w.images.n, pair, err);
        if (!status)
            status = find_way(&w, q, pair, err);
    }
    if (!status)
        status = write_points(&w, (size_t)n_steps, err);
    if (!status)
        status = bw_job_commit(&w.job.base, "images", err);
    close_work(&w);
    return status;
}

const bw_verb bw_verb_dwe_interpolate = {&interpolate_program, interpolate};

/* ---- components ---- */

static const bw_option components_options[] = {
    BW_JOB_MODEL_OPTION("dwe", model),
    {.type = BW_OPTION_SIZE,
     .name = "count",
     .meta = "K",
     .help = "so many components, the largest first",
     .value = &n_components,
     .min = 1,
     .max = 65536},
    {.type = BW_OPTION_SIZE,
     .name = "steps",
     .meta = "N",
     .help = "images along each, both ends included",
     .value = &n_steps,
     .min = 2,
     .max = 65536},
    {.type = BW_OPTION_REAL,
     .name = "reach",
     .meta = "R",
     .help = "ends of each, in standard deviations from the mean",
     .value = &reach,
     .min = 0,
     .max = 1000},
    BW_DWE_VIEW_OPTION(is_view),
    BW_JOB_GRID_OPTIONS("images, by default those of a component,", grid,
                        n_columns, columns_given),
    {.name = NULL},
};

static const bw_program components_program = {
    .name = "dwe components",
    .usage = "[options] --model MODEL IMAGES -o IMAGES",
    .summary = "Write images along the principal components of codes.",
    .options = components_options,
    .common = &bw_dwe_common,
    .has_output = true,
    .has_threads = true,
};

typedef struct components {
    size_t n, d;
    double *mean, *variance, *direction;
} components;

static bw_status find_components(work *w, components *c, bw_error *err)
{
    size_t d = w->job.dwe->latent, n = (size_t)n_components;

    if (n > d || w->images.n < 2)
        return bw_error_set(err, BW_ERR_RANGE,
                            "--count %zu: there are %zu components of %zu "
                            "images",
                            n, w->images.n < 2 ? 0 : d, w->images.n);
    *c = (components){n, d, calloc(d, sizeof(double)),
                      calloc(n, sizeof(double)), calloc(n * d, sizeof(double))};
    if (!c->mean || !c->variance || !c->direction)
        return bw_error_memory(err);
    bw_status status = encode_all(w, err);
    return status ? status
                  : bw_components_find(w->images.n, d, w->codes, n, c->mean,
                                       c->variance, c->direction, err);
}

static bw_status walk_components(work *w, const components *c, bw_error *err)
{
    size_t n = (size_t)n_steps;
    bw_status status = make_points(w, c->n * n, err);

    for (size_t q = 0; q < c->n * n && !status; q++) {
        const double *direction = c->direction + q / n * c->d;
        double part = 2 * (double)(q % n) / (double)(n - 1) - 1;
        double at = part * reach * sqrt(c->variance[q / n]);
        for (size_t i = 0; i < c->d; i++)
            w->points[q * c->d + i] = (float)(c->mean[i] + at * direction[i]);
    }
    return status;
}

/* The components themselves, beside the images. */
static bw_status write_components(work *w, const components *c, bw_error *err)
{
    bw_writer *writer = w->job.base.writer;
    uint64_t d = c->d;
    size_t variance, mean, direction;
    bw_status status =
        bw_writer_add(writer, "variances", BW_F64, 1, NULL, &variance, err);

    if (!status)
        status = bw_writer_add(writer, "mean", BW_F64, 1, NULL, &mean, err);
    if (!status)
        status =
            bw_writer_add(writer, "components", BW_F64, 2, &d, &direction, err);
    if (!status)
        status = bw_writer_append(writer, variance, c->variance,
                                  c->n * sizeof *c->variance, err);
    if (!status)
        status = bw_writer_append(writer, mean, c->mean, c->d * sizeof *c->mean,
                                  err);
    if (!status)
        status = bw_writer_append(writer, direction, c->direction,
                                  c->n * c->d * sizeof *c->direction, err);
    return status ? status : bw_job_commit(&w->job.base, "images", err);
}

static bw_status run_components(const bw_program *self, const bw_parsed *parsed,
                                bw_error *err)
{
    work w = {.codes = NULL};
    components c = {0};
    bw_status status =
        bw_job_need_operands(parsed, 1, "one file of images", err);

    if (!status)
        status = open_work(&w, self, parsed, err);
    if (!status)
        status = find_components(&w, &c, err);
    if (!status)
        status = walk_components(&w, &c, err);
    if (!status)
        status = write_points(&w, (size_t)n_steps, err);
    if (!status)
        status = write_components(&w, &c, err);
    free(c.mean);
    free(c.variance);
    free(c.direction);
    close_work(&w);
    return status;
}

const bw_verb bw_verb_dwe_components = {&components_program, run_components};
