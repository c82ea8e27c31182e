/* wae_panel.c - the 2x3 figure of an auto-encoder in training, as Tolstikhin et
 * al. (2018) draw it. */
#include "config.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/components.h"
#include "model/wae.h"
#include "plot/sheet.h"

/* So many a side, at least: images that are too large for it are made smaller.
 */
enum { LEAST_IMAGES = 4 };
/* Principal axes of more values would take longer than an epoch. */
enum { MOST_LATENT = 1024 };
enum { N_PANELS = 6, N_OWNED = 32 };

typedef struct figure {
    const bw_wae_panel *what;
    bw_panel panel[N_PANELS];
    bw_grid grid[N_PANELS];
    bw_series dots[N_PANELS][2];
    void *owned[N_OWNED];
    size_t n_owned;
} figure;

static void *own(figure *f, size_t n, size_t size)
{
    void *room = calloc(n + 1, size);

    if (room)
        f->owned[f->n_owned++] = room;
    return room;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- images ---- */

/* How many things of a size, a gap between, a panel has room for. */
static size_t n_fitting(size_t side, size_t gap)
{
    return (BW_PANEL_IMAGES + gap) / (side + gap);
}

/* A panel of the first n images that it has room for. */
static void show_images(figure *f, size_t k, const char *title, size_t n,
                        const float *values)
{
    bw_shape item = f->what->item;
    size_t zoom = bw_grid_zoom(item.h, item.w);
    size_t columns = n_fitting(item.w * zoom, BW_GRID_LINE);
    size_t rows = n_fitting(item.h * zoom, BW_GRID_LINE);

    columns = columns < LEAST_IMAGES ? LEAST_IMAGES : columns;
    rows = rows < LEAST_IMAGES ? LEAST_IMAGES : rows;
    f->panel[k] = (bw_panel){.title = title, .opt_images = &f->grid[k]};
    f->grid[k] = (bw_grid){.h = item.h,
                           .w = item.w,
                           .c = item.c,
                           .n = least(n, rows * columns),
                           .values = values,
                           .n_columns = columns,
                           .zoom = zoom};
}

/* The same for pairs: a row of items, below it that of their reconstructions,
 * and so on. Rows are full, but for a single one. */
static bw_status show_pairs(figure *f, size_t k, const char *title, size_t n,
                            const float *items, const float *again,
                            bw_error *err)
{
    size_t size = bw_shape_n(f->what->item);

    show_images(f, k, title, n, NULL);
    bw_grid *grid = &f->grid[k];
    size_t rows =
        n_fitting(2 * grid->h * grid->zoom + BW_GRID_LINE, BW_GRID_GAP);
    size_t columns = least(grid->n_columns, n);
    rows = rows < LEAST_IMAGES / 2 ? LEAST_IMAGES / 2 : rows;
    rows = columns > 0 ? least(rows, n / columns) : 0;
    float *values = own(f, 2 * rows * columns, size * sizeof *values);
    if (!values)
        return bw_error_memory(err);
    for (size_t r = 0; r < rows; r++) {
        size_t row = columns * size;
        memcpy(values + 2 * r * row, items + r * row, row * sizeof *values);
        memcpy(values + (2 * r + 1) * row, again + r * row,
               row * sizeof *values);
    }
    grid->n = 2 * rows * columns;
    grid->n_columns = columns;
    grid->values = values;
    grid->group = 2;
    return BW_OK;
}

/* ---- points ---- */

/* Where points of d values are seen: value j along direction[j], or, without
 * directions, their first two values. */
typedef struct view {
    size_t d;
    const double *opt_direction; /* (2, d) */
} view;

static void project(const view *v, const float *point, double *x, double *y)
{
    if (!v->opt_direction) {
        *x = (double)point[0];
        *y = v->d > 1 ? (double)point[1] : 0;
        return;
    }
    *x = *y = 0;
    for (size_t j = 0; j < v->d; j++) {
        *x += v->opt_direction[j] * (double)point[j];
        *y += v->opt_direction[v->d + j] * (double)point[j];
    }
}

/* One more set of points for panel k. */
static bw_status add_dots(figure *f, size_t k, const char *name, const view *v,
                          size_t n, const float *points, bw_error *err)
{
    double *x = own(f, n, sizeof *x), *y = own(f, n, sizeof *y);

    if (!x || !y)
        return bw_error_memory(err);
    for (size_t i = 0; i < n; i++)
        project(v, points + i * v->d, &x[i], &y[i]);
    f->panel[k].series = f->dots[k];
    f->dots[k][f->panel[k].n_series++] = (bw_series){
        .name = name, .style = BW_STYLE_DOTS, .n = n, .opt_x = x, .y = y};
    return BW_OK;
}

static bw_status show_items(figure *f, size_t k, const char *title,
                            const char *name, size_t n, const float *items,
                            const char *other_name, size_t n_others,
                            const float *others, bw_error *err)
{
    const view v = {.d = bw_shape_n(f->what->item)};

    f->panel[k] = (bw_panel){.title = title,
                             .opt_x_label = "first value",
                             .opt_y_label = "second value",
                             .is_square = true};
    bw_status status = add_dots(f, k, name, &v, n, items, err);
    if (!status && n_others > 0)
        status = add_dots(f, k, other_name, &v, n_others, others, err);
    return status;
}

/* ---- codes ---- */

static bool is_finite(size_t n, const float *values)
{
    for (size_t k = 0; k < n; k++)
        if (!isfinite(values[k]))
            return false;
    return true;
}

/* Points of more than two values are seen along the codes' principal axes,
 * unless there are none. */
static bw_status find_view(figure *f, view *v, bw_error *err)
{
    const bw_wae_panel *what = f->what;
    size_t d = what->latent;
    double variance[2];

    *v = (view){.d = d};
    if (d <= 2 || d > MOST_LATENT || what->n_codes < 2 ||
        !is_finite(what->n_codes * d, what->q))
        return BW_OK;
    double *mean = own(f, 3 * d, sizeof *mean); /* and two directions */
    if (!mean)
        return bw_error_memory(err);
    v->opt_direction = mean + d;
    return bw_components_find(what->n_codes, d, what->q, 2, mean, variance,
                              mean + d, err);
}

static bw_status show_codes(figure *f, size_t k, bw_error *err)
{
    const bw_wae_panel *what = f->what;
    view v;
    bw_status status = find_view(f, &v, err);

    f->panel[k] = (bw_panel){.title = "prior P_z and codes Q_z",
                             .opt_x_label = "first value",
                             .opt_y_label = "second value",
                             .is_square = true};
    if (v.opt_direction) {
        f->panel[k].opt_x_label = "first principal axis of the codes";
        f->panel[k].opt_y_label = "second principal axis";
    }
    if (!status)
        status = add_dots(f, k, "draws of the prior", &v, what->n_codes,
                          what->p, err);
    if (!status)
        status =
            add_dots(f, k, "codes of items", &v, what->n_codes, what->q, err);
    return status;
}

/* ---- losses ---- */

/* Whether a curve has what a log scale cannot show: an unbiased MMD may be
 * negative. */
static bool has_gap(const bw_wae_panel *what)
{
    for (size_t j = 0; j < what->n_curves; j++)
        for (size_t i = 0; i < what->n_points; i++)
            if (!(what->curve[j][i] > 0))
                return true;
    return false;
}

static bw_status show_losses(figure *f, size_t k, uint64_t epoch, bw_error *err)
{
    const bw_wae_panel *what = f->what;
    bw_series *curves = own(f, what->n_curves, sizeof *curves);

    if (!curves)
        return bw_error_memory(err);
    for (size_t j = 0; j < what->n_curves; j++)
        curves[j] = (bw_series){.name = what->curve_name[j],
                                .n = what->n_points,
                                .y = what->curve[j]};
    f->panel[k] = (bw_panel){
        .title = has_gap(what) ? "losses; gaps where they are not above 0"
                               : "losses",
        .opt_x_label = what->n_points == epoch ? "epoch" : "pictures so far",
        .is_log_y = true,
        .n_series = what->n_curves,
        .series = curves};
    return BW_OK;
}

/* ---- the figure ---- */

static bw_status show_as_images(figure *f, bw_error *err)
{
    const bw_wae_panel *what = f->what;
    bw_status status =
        show_pairs(f, 0, "training items, each above its reconstruction",
                   what->n_train, what->train, what->train_again, err);

    if (!status)
        status =
            show_pairs(f, 1, "held-out items, each above its reconstruction",
                       what->n_held, what->held, what->held_again, err);
    show_images(f, 2, "samples: decoded draws of the prior", what->n_samples,
                what->samples);
    show_images(f, 5, "data", what->n_train, what->train);
    return status;
}

static bw_status show_as_points(figure *f, bw_error *err)
{
    const bw_wae_panel *what = f->what;
    bw_status status =
        show_items(f, 0, "training items and their reconstructions", "items",
                   what->n_train, what->train, "reconstructions", what->n_train,
                   what->train_again, err);

    if (!status)
        status =
            show_items(f, 1, "held-out items and their reconstructions",
                       "items", what->n_held, what->held, "reconstructions",
                       what->n_held, what->held_again, err);
    if (!status)
        status =
            show_items(f, 2, "data and samples: decoded draws of the prior",
                       "training items", what->n_train, what->train, "samples",
                       what->n_samples, what->samples, err);
    if (!status)
        status = show_items(f, 5, "data", "training items", what->n_train,
                            what->train, "held-out items", what->n_held,
                            what->held, err);
    return status;
}

bw_status bw_wae_panel_write(const bw_wae_panel *panel, const char *folder,
                             uint64_t epoch, bw_error *err)
{
    figure f = {.what = panel};
    const bw_sheet sheet = {.n_rows = 2, .n_columns = 3, .panel = f.panel};
    char *path = NULL;
    bw_status status;

    if (asprintf(&path, "%s/panel-%04llu.png", folder,
                 (unsigned long long)epoch) < 0)
        return bw_error_memory(err);
    status =
        panel->item.is_flat ? show_as_points(&f, err) : show_as_images(&f, err);
    if (!status)
        status = show_codes(&f, 3, err);
    if (!status)
        status = show_losses(&f, 4, epoch, err);
    if (status)
        bw_error_prefix(err, "%s", path);
    else
        status = bw_sheet_write(path, &sheet, err);
    for (size_t k = 0; k < f.n_owned; k++)
        free(f.owned[k]);
    free(path);
    return status;
}
