/* wplot_plan.c - wplot plan: how mass moves between two images. */
#include "config.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot/plan_picture.h"
#include "store/steps.h"
#include "tools/wplot.h"

static uint64_t pair;
static int style;

static const bw_option options[] = {
    {.type = BW_OPTION_SIZE,
     .name = "pair",
     .meta = "K",
     .help = "the plan that is drawn, from 0",
     .value = &pair,
     .max = 4294967295.0},
    {.type = BW_OPTION_CHOICE,
     .name = "style",
     .help = "arrows over both images, or colours that move",
     .value = &style,
     .choices = "arrows|colours"},
    BW_WPLOT_PAGE_OPTIONS,
    {.name = NULL},
};

static const bw_program program = {
    .name = "wplot plan",
    .usage = "[options] PLANS IMAGES [IMAGES2] -o FIGURE",
    .summary = "Draw an optimal plan between two images.",
    .options = options,
    .common = &bw_wplot_common,
    .has_output = true,
};

enum { MAX_PIXELS = 1 << 24 };

typedef struct work {
    bw_wplot_pairs pairs;
    double *image[2];
    bw_plan_picture picture;
} work;

/* ---- whether the images are those of the plans ---- */

/* Whether any step tells of an input of this digest; where none tells of
 * inputs, nothing can be said. */
static bw_status check_digest(const bw_wplot_pairs *p, const char *path,
                              uint64_t digest, bw_error *err)
{
    json_t *steps = NULL;
    const json_t *input;
    const char *other = NULL;
    char digits[24];
    size_t i, k;
    bool is_found = false;

    if (!p->provenance)
        return BW_OK;
    snprintf(digits, sizeof digits, "%016" PRIx64, digest);
    bw_status status = bw_provenance_parse(p->provenance, &steps, err);
    for (i = 0; i < json_array_size(steps) && !status; i++) {
        json_t *inputs = json_object_get(json_array_get(steps, i), "inputs");
        json_array_foreach(inputs, k, input)
        {
            const char *sum =
                json_string_value(json_object_get(input, "xxh64"));
            other = json_string_value(json_object_get(input, "name"));
            is_found = is_found || (sum && strcmp(sum, digits) == 0);
        }
    }
    if (status)
        status = bw_error_prefix(err, "%s", p->path);
    else if (other && !is_found)
        status = bw_error_set(err, BW_ERR_RANGE,
                              "%s: plans of %s, not of %s (xxh64 %s)", p->path,
                              other, path, digits);
    json_decref(steps);
    return status;
}

/* ---- images ---- */

static bw_status check_tensor(work *w, const char *path, const bw_tensor *t,
                              const uint32_t *wanted, bw_error *err)
{
    bw_plan_picture *f = &w->picture;

    if (!t || (t->rank != 3 && t->rank != 4) || t->n_items == 0)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: no tensor images or mass of pictures (n,h,w)",
                            path);
    if (wanted && *wanted >= t->shape[0])
        return bw_error_set(err, BW_ERR_RANGE,
                            "%s: pair %" PRIu64 " is of image %" PRIu32
                            ", and there are %" PRIu64,
                            path, pair, *wanted, t->shape[0]);
    if (t->shape[1] > MAX_PIXELS || t->shape[2] > MAX_PIXELS ||
        t->shape[1] * t->shape[2] > MAX_PIXELS ||
        (t->rank == 4 && t->shape[3] > 4))
        return bw_error_set(err, BW_ERR_DIMENSION, "%s: pictures are too large",
                            path);
    if (f->h > 0 && (f->h != t->shape[1] || f->w != t->shape[2]))
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: pictures of %" PRIu64 "x%" PRIu64
                            ", those of the other file are %zux%zu",
                            path, t->shape[1], t->shape[2], f->h, f->w);
    f->h = (size_t)t->shape[1];
    f->w = (size_t)t->shape[2];
    return BW_OK;
}

/* How full pixels are, against the fullest: the mean of the channels. */
static bw_status widen(const bw_tensor *t, const char *data, uint32_t k,
                       size_t n_pixels, double **ret, bw_error *err)
{
    size_t c = t->rank == 4 ? (size_t)t->shape[3] : 1;
    size_t row = n_pixels * c * bw_dtype_size(t->dtype);
    assert(row > 0); /* check_tensor */
    double *values = malloc(n_pixels * c * sizeof *values), most = 0;

    *ret = values;
    if (!values)
        return bw_error_memory(err);
    bw_dtype_to_double(t->dtype, data + k * row, n_pixels * c, values);
    for (size_t i = 0; i < n_pixels; i++) {
        double sum = 0;
        for (size_t j = 0; j < c; j++)
            sum += values[i * c + j];
        if (!isfinite(sum))
            return bw_error_set(err, BW_ERR_RANGE,
                                "image %" PRIu32 ": %g at pixel %zu", k, sum,
                                i);
        values[i] = fmax(sum, 0);
        most = fmax(most, values[i]);
    }
    for (size_t i = 0; i < n_pixels && most > 0; i++)
        values[i] /= most;
    return BW_OK;
}

/* The images of sides first .. last of the pair, which are in one file. */
static bw_status read_images(work *w, const char *path, size_t first,
                             size_t last, bw_error *err)
{
    bw_reader *reader = NULL;
    const uint32_t *of = w->pairs.pair[pair];
    void *data = NULL;
    uint64_t digest = 0;
    bw_status status = bw_reader_open(path, &reader, err);

    if (status)
        return status;
    const bw_tensor *t = bw_reader_find(reader, "images");
    if (!t)
        t = bw_reader_find(reader, "mass");
    for (size_t s = first; s <= last && !status; s++)
        status = check_tensor(w, bw_reader_path(reader), t, &of[s], err);
    if (!status)
        status = bw_reader_read_all(reader, t, &data, err);
    if (!status)
        status = bw_reader_finish(reader, &digest, err);
    if (!status)
        status = check_digest(&w->pairs, bw_reader_path(reader), digest, err);
    for (size_t s = first; s <= last && !status; s++) {
        status = widen(t, data, of[s], w->picture.h * w->picture.w,
                       &w->image[s], err);
        if (status)
            bw_error_prefix(err, "%s", bw_reader_path(reader));
        w->picture.image[s] = w->image[s];
    }
    free(data);
    bw_reader_close(reader);
    return status;
}

static bw_status check_arcs(const work *w, bw_error *err)
{
    const bw_plan_picture *f = &w->picture;

    for (size_t k = 0; k < f->n; k++)
        if (f->bin[k][0] >= f->h * f->w || f->bin[k][1] >= f->h * f->w ||
            !(f->mass[k] >= 0) || !isfinite(f->mass[k]))
            return bw_error_set(err, BW_ERR_RANGE,
                                "%s: plan %" PRIu64 ": %g from bin %" PRIu32
                                " to %" PRIu32 " of pictures %zux%zu",
                                w->pairs.path, pair, f->mass[k], f->bin[k][0],
                                f->bin[k][1], f->h, f->w);
    return BW_OK;
}

static bw_status load(work *w, const bw_parsed *parsed, bw_error *err)
{
    bool has_two = parsed->n_operands == 3;
    bw_wplot_pairs *p = &w->pairs;
    bw_status status = bw_wplot_pairs_load(parsed->operand[0], true, p, err);

    if (!status && pair >= p->m)
        status = bw_error_set(err, BW_ERR_RANGE,
                              "%s: no pair %" PRIu64 ": there are %zu, from 0",
                              p->path, pair, p->m);
    if (!status && has_two != p->is_between)
        status = bw_error_set(err, BW_ERR_USAGE,
                              "%s: plans between images of %s", p->path,
                              p->is_between ? "two files: name both"
                                            : "one file: name that alone");
    if (!status)
        status = read_images(w, parsed->operand[1], 0, has_two ? 0 : 1, err);
    if (!status && has_two)
        status = read_images(w, parsed->operand[2], 1, 1, err);
    if (status)
        return status;
    w->picture.n = (size_t)(p->offset[pair + 1] - p->offset[pair]);
    w->picture.bin = (const uint32_t(*)[2])p->bin + p->offset[pair];
    w->picture.mass = p->mass + p->offset[pair];
    return check_arcs(w, err);
}

static bw_status draw(void *arg, cairo_t *cr, const bw_field *room,
                      bw_error *err)
{
    const work *w = arg;

    return style == 0
               ? bw_plan_picture_draw_arrows(cr, &w->picture, room, err)
               : bw_plan_picture_draw_colours(cr, &w->picture, room, err);
}

static bw_status run(const bw_program *self, const bw_parsed *parsed,
                     bw_error *err)
{
    work w = {.picture = {.h = 0}};
    bw_wplot_page page;
    bw_status status =
        bw_wplot_need(parsed, 2, 3, "a file of plans and its images", err);

    if (!status)
        status = bw_wplot_open(&page, self, err);
    if (!status)
        status = load(&w, parsed, err);
    if (!status) {
        double width = page.figure.width * (style == 0 ? 1 : 0.5);
        double ratio = fmin((double)w.picture.h / (double)w.picture.w, 2);
        status = bw_wplot_write(&page, 18 + width * ratio, draw, &w, err);
    }
    free(w.image[0]);
    free(w.image[1]);
    bw_wplot_pairs_clear(&w.pairs);
    return status;
}

const bw_verb bw_verb_wplot_plan = {&program, run};
