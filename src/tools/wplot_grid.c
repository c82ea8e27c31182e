/* wplot_grid.c - wplot grid: images in rows and columns, with their labels. */
#include "config.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/provenance.h"
#include "base/interrupt.h"
#include "plot/grid.h"
#include "plot/surface.h"
#include "plot/text.h"
#include "store/pick.h"
#include "store/tone.h"
#include "tools/wplot.h"

static const char *rows, *tensor;
static uint64_t n_columns = 10, zoom = BW_OPTION_UNSET;
static double pad = 1.5;
static int labelled;

static const bw_option options[] = {
    {.type = BW_OPTION_TEXT,
     .name = "rows",
     .meta = "A:B|LIST",
     .help =
         "rows A to B-1, or a list such as 0,5,7-9 (default: the first 100)",
     .value = &rows},
    {.type = BW_OPTION_TEXT,
     .name = "tensor",
     .meta = "NAME",
     .help = "the tensor that is drawn (default: images or mass)",
     .value = &tensor},
    {.type = BW_OPTION_SIZE,
     .name = "columns",
     .meta = "N",
     .help = "images in a row",
     .value = &n_columns,
     .min = 1,
     .max = 1000},
    {.type = BW_OPTION_CHOICE,
     .name = "labels",
     .help = "the label of each below it, or of a row's first at its left",
     .value = &labelled,
     .choices = "none|under|rows"},
    {.type = BW_OPTION_REAL,
     .name = "pad",
     .meta = "PT",
     .help = "points between images",
     .value = &pad,
     .max = 100},
    {.type = BW_OPTION_SIZE,
     .name = "scale",
     .meta = "S",
     .help = "PNG: SxS pixels for each of an image (default: as the width "
             "allows)",
     .value = &zoom,
     .min = 1,
     .max = 1000},
    BW_WPLOT_PAGE_OPTIONS,
    {.name = NULL},
};

static const bw_program program = {
    .name = "wplot grid",
    .usage = "[options] IMAGES -o FIGURE",
    .summary = "Draw images in rows and columns.",
    .options = options,
    .common = &bw_wplot_common,
    .has_output = true,
};

enum {
    USUAL = 100,
    MOST = 10000,
    UNDER = 1,
    HEADINGS = 2,
    LABEL_ROOM = 14,
    LABEL_GAP = 4,
    HEADING_GAP = 6
};

typedef struct work {
    const bw_wplot_page *page;
    size_t n, h, w, c;
    float *values;   /* (n, h w c) in 0..1 */
    int32_t *labels; /* (n), or NULL */
    bw_wplot_names names;
    /* Layout, in units. */
    size_t n_columns, n_rows;
    double image_w, image_h, step_x, step_y, heading;
} work;

/* ---- reading ---- */

static bw_status find_tensor(const bw_reader *reader, const bw_tensor **ret,
                             bw_error *err)
{
    const char *path = bw_reader_path(reader);
    const bw_tensor *t = bw_reader_find(reader, tensor ? tensor : "images");

    if (!t && !tensor)
        t = bw_reader_find(reader, "mass");
    *ret = t;
    if (!t)
        return bw_error_set(err, tensor ? BW_ERR_USAGE : BW_ERR_FORMAT,
                            "%s: no tensor %s", path,
                            tensor ? tensor : "images or mass");
    if ((t->rank != 3 && t->rank != 4) || (t->rank == 4 && t->shape[3] > 4))
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: tensor %s is no picture: (n,h,w) or (n,h,w,c) "
                            "with 1 to 4 channels wanted",
                            path, t->name);
    if (t->n_items == 0)
        return bw_error_set(err, BW_ERR_DIMENSION, "%s: tensor %s is empty",
                            path, t->name);
    return BW_OK;
}

static bw_status reserve(work *w, uint64_t n, const bw_tensor *t,
                         const char *path, bw_error *err)
{
    size_t n_values;

    w->h = (size_t)t->shape[1];
    w->w = (size_t)t->shape[2];
    w->c = t->rank == 4 ? (size_t)t->shape[3] : 1;
    if (n == 0 || n > MOST)
        return bw_error_set(err, BW_ERR_RANGE,
                            "%s: %" PRIu64 " images on a sheet; 1 to %d are "
                            "wanted",
                            path, n, MOST);
    if (__builtin_mul_overflow((size_t)n, w->h * w->w * w->c, &n_values) ||
        n_values > BW_IMAGE_BYTES)
        return bw_error_set(err, BW_ERR_DIMENSION, "%s: the sheet is too large",
                            path);
    w->values = malloc(n_values * sizeof *w->values);
    w->labels = calloc((size_t)n, sizeof *w->labels); /* 0 without a tensor */
    return w->values && w->labels ? BW_OK : bw_error_memory(err);
}

static bw_status take_rows(work *w, bw_pick *pick, const bw_tensor *t,
                           bool is_images, bool has_labels, bw_error *err)
{
    size_t n = w->h * w->w * w->c;
    double *values = malloc(n * sizeof *values);
    bw_tone tone = bw_tone_of(t, is_images);
    bw_status status = values ? BW_OK : bw_error_memory(err);

    for (w->n = 0; !status; w->n++) {
        const void *row[2];
        uint64_t number;
        bool is_end;
        status = bw_pick_next(pick, row, &number, &is_end, err);
        if (status || is_end)
            break;
        bw_dtype_to_double(t->dtype, row[0], n, values);
        status = bw_tone_fit(&tone, n, values, err);
        if (status)
            bw_error_prefix(err, "row %" PRIu64, number);
        for (size_t k = 0; k < n && !status; k++)
            w->values[w->n * n + k] = (float)bw_tone_part(&tone, values[k]);
        if (has_labels)
            memcpy(&w->labels[w->n], row[1], sizeof *w->labels);
    }
    free(values);
    return status;
}

static bw_status find_labels(const bw_reader *reader, const bw_tensor **ret,
                             bw_error *err)
{
    const bw_tensor *t = bw_reader_find(reader, "labels");

    *ret = t;
    if (labelled == 0 || (t && t->rank == 1 && t->dtype == BW_I32))
        return BW_OK;
    return bw_error_set(err, BW_ERR_FORMAT, "%s: no tensor labels I32 (n)",
                        bw_reader_path(reader));
}

static bw_status load_rows(work *w, bw_reader *reader, bw_pick_range *range,
                           bw_error *err)
{
    const bw_tensor *t[2] = {NULL, NULL};
    const char *kind = bw_reader_meta(reader, BW_META_KIND);
    bw_pick *pick = NULL;
    size_t n_ranges = 1;
    bw_status status = find_tensor(reader, &t[0], err);

    if (!status)
        status = find_labels(reader, &t[1], err);
    if (!status && labelled)
        status = bw_wplot_names_read(reader, &w->names, err);
    if (status)
        return status;
    if (!rows)
        *range =
            (bw_pick_range){0, t[0]->shape[0] < USUAL ? t[0]->shape[0] : USUAL};
    else if (!bw_pick_parse(rows, range, &n_ranges))
        return bw_error_set(err, BW_ERR_USAGE, "--rows: '%s' is not understood",
                            rows);
    status = bw_pick_open(reader, labelled ? 2 : 1, t, n_ranges, range, false,
                          bw_interrupt_signal, &pick, err);
    if (!status)
        status =
            reserve(w, bw_pick_n_rows(pick), t[0], bw_reader_path(reader), err);
    if (!status) {
        status = take_rows(w, pick, t[0], kind && strcmp(kind, "images") == 0,
                           labelled != 0, err);
        if (status == BW_ERR_RANGE)
            bw_error_prefix(err, "%s: tensor %s", bw_reader_path(reader),
                            t[0]->name);
    }
    bw_pick_close(pick);
    return status;
}

static bw_status load(work *w, const char *path, bw_error *err)
{
    size_t n_text = rows ? strlen(rows) : 1;
    bw_pick_range *range = calloc(n_text / 2 + 1, sizeof *range);
    bw_reader *reader = NULL;
    bw_status status = range ? BW_OK : bw_error_memory(err);

    if (!status)
        status = bw_reader_open(path, &reader, err);
    if (!status)
        status = load_rows(w, reader, range, err);
    bw_reader_close(reader);
    free(range);
    return status;
}

/* ---- layout ---- */

/* About what the longest heading takes, most of whose letters are two thirds as
 * wide as they are high; at most a quarter of the figure. */
static double heading_room(const work *w)
{
    char digits[BW_WPLOT_DIGITS];
    size_t most = 2;

    for (size_t k = 0; k < w->n; k += w->n_columns) {
        size_t n = strlen(bw_wplot_names_get(&w->names, w->labels[k], digits));
        most = n > most ? n : most;
    }
    return fmin(HEADING_GAP + 2.0 / 3 * BW_TEXT_SIZE * (double)most,
                w->page->figure.width / 4);
}

/* In PNG an image's pixels are whole ones of the figure, so that none looks
 * wider than its neighbour. */
static void lay_out(work *w, bw_figure *figure)
{
    double scale = bw_figure_scale(figure);
    double gap = pad * BW_TEXT_SIZE / figure->font;

    assert(w->n > 0 && n_columns > 0);
    w->n_columns = w->n < n_columns ? w->n : (size_t)n_columns;
    w->n_rows = (w->n - 1) / w->n_columns + 1;
    w->heading = labelled == HEADINGS ? heading_room(w) : 0;
    double room = figure->width - 2 * BW_WPLOT_MARGIN - w->heading;
    double n = (double)w->n_columns;
    double side = (room - gap * (n - 1)) / n / (double)w->w;
    bool is_png = figure->format == BW_FIGURE_PNG;
    if (zoom != BW_OPTION_UNSET)
        side = (double)zoom / (is_png ? scale : 1);
    else if (is_png && side * scale >= 1)
        side = floor(side * scale) / scale;
    side = fmax(side, 0.1 / scale);
    if (is_png)
        gap = ceil(gap * scale) / scale;
    w->image_w = side * (double)w->w;
    w->image_h = side * (double)w->h;
    w->step_x = w->image_w + gap;
    w->step_y = w->image_h + gap;
    if (labelled == UNDER)
        w->step_y += ceil(LABEL_ROOM * scale) / scale;
    figure->width = 2 * BW_WPLOT_MARGIN + w->heading + w->step_x * n - gap;
}

/* ---- drawing ---- */

static bw_status show_image(const work *w, cairo_t *cr, size_t k, double left,
                            double top, bw_error *err)
{
    const bw_grid grid = {.h = w->h,
                          .w = w->w,
                          .c = w->c,
                          .n = 1,
                          .values = w->values + k * w->h * w->w * w->c,
                          .n_columns = 1,
                          .zoom = 1};
    bw_image image = BW_IMAGE_INIT;
    cairo_surface_t *surface = NULL;
    bw_status status = bw_grid_paint(&grid, &image, err);

    if (!status)
        status = bw_surface_of_image(&image, &surface, err);
    if (!status)
        bw_surface_paint(cr, surface, left, top, w->image_w, w->image_h);
    cairo_surface_destroy(surface);
    bw_image_clear(&image);
    return status;
}

static void show_label(const work *w, cairo_t *cr, size_t k, double left,
                       double top)
{
    char digits[BW_WPLOT_DIGITS];
    const char *text = bw_wplot_names_get(&w->names, w->labels[k], digits);

    cairo_set_source_rgb(cr, 0.2, 0.2, 0.2);
    if (labelled == UNDER)
        bw_text_show(cr, left + w->image_w / 2,
                     top + w->image_h + BW_TEXT_SIZE - 1, 0.5,
                     w->step_x - LABEL_GAP, text);
    else if (labelled == HEADINGS && k % w->n_columns == 0)
        bw_text_show(cr, left - HEADING_GAP,
                     top + w->image_h / 2 + BW_TEXT_SIZE / 3.0, 1,
                     w->heading - HEADING_GAP, text);
}

static bw_status draw(void *arg, cairo_t *cr, const bw_field *room,
                      bw_error *err)
{
    const work *w = arg;
    double scale = bw_figure_scale(&w->page->figure);
    double left = round((room->left + w->heading) * scale) / scale;
    double top = round(room->top * scale) / scale;
    bw_status status = BW_OK;

    bw_text_font(cr, BW_TEXT_SIZE, false);
    for (size_t k = 0; k < w->n && !status; k++) {
        double x = left + w->step_x * (double)(k % w->n_columns);
        double y = top + w->step_y * (double)(k / w->n_columns);
        status = show_image(w, cr, k, x, y, err);
        if (labelled)
            show_label(w, cr, k, x, y);
    }
    return status;
}

static bw_status run(const bw_program *self, const bw_parsed *parsed,
                     bw_error *err)
{
    work w = {.n = 0};
    bw_wplot_page page;
    bw_status status = bw_wplot_need(parsed, 1, 1, "one file of images", err);

    if (!status)
        status = bw_wplot_open(&page, self, err);
    if (!status)
        status = load(&w, parsed->operand[0], err);
    if (!status) {
        w.page = &page;
        lay_out(&w, &page.figure);
        status =
            bw_wplot_write(&page, w.step_y * (double)w.n_rows, draw, &w, err);
    }
    free(w.values);
    free(w.labels);
    bw_wplot_names_clear(&w.names);
    return status;
}

const bw_verb bw_verb_wplot_grid = {&program, run};
