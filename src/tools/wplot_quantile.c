/* wplot_quantile.c - wplot quantile: predicted against exact distances. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/dwe_evaluate.h"
#include "plot/chart.h"
#include "store/columns.h"
#include "tools/wplot.h"

static const char *exact_file, *distance;
static bool has_points;
static bw_option_list names;

static const bw_option options[] = {
    {.type = BW_OPTION_TEXT,
     .name = "exact",
     .meta = "FILE",
     .help = "exact distances; the operands are distances that were predicted "
             "for the same pairs",
     .value = &exact_file},
    {.type = BW_OPTION_FLAG,
     .name = "points",
     .help = "with --exact: the pairs, too, as points",
     .value = &has_points},
    {.type = BW_OPTION_TEXT,
     .name = "label",
     .meta = "TEXT",
     .help = "what the distances are (default: as the exact ones' file tells)",
     .value = &distance},
    BW_WPLOT_NAME_OPTION(names),
    BW_WPLOT_PAGE_OPTIONS,
    {.name = NULL},
};

static const bw_program program = {
    .name = "wplot quantile",
    .usage = "[options] QUANTILES... -o FIGURE",
    .summary = "Draw predicted against exact distances.",
    .options = options,
    .common = &bw_wplot_common,
    .has_output = true,
};

enum { MAX_FILES = 8, PER_FILE = 3, MAX_BINS = 4096 };

/* Means and 10th and 90th percentiles of predictions over exact distances. */
typedef struct curve {
    char *name;
    size_t n;
    double *exact, *mean, *low, *high;
    size_t n_points;
    double *px, *py; /* owned where points are drawn */
} curve;

typedef struct work {
    bw_wplot_pairs exact;
    size_t n;
    curve curve[MAX_FILES];
    double line[2]; /* ends of the line of equality */
    size_t n_series;
    bw_series series[PER_FILE * MAX_FILES + 1];
} work;

static bw_status make_curve(curve *c, const char *path, size_t place, size_t n,
                            bw_error *err)
{
    c->n = n;
    c->name = place < names.n ? strdup(names.item[place]) : bw_wplot_name(path);
    c->exact = calloc(4 * (n + 1), sizeof *c->exact);
    if (!c->name || !c->exact)
        return bw_error_memory(err);
    c->mean = c->exact + n;
    c->low = c->mean + n;
    c->high = c->low + n;
    return BW_OK;
}

/* ---- tables of dwe evaluate ---- */

static bw_status read_table(curve *c, const char *path, size_t place,
                            bw_error *err)
{
    static const char *const wanted[] = {"exact", "mean", "q10", "q90"};
    bw_columns table;
    size_t column[4];
    bw_status status = bw_columns_read(path, &table, err);

    for (size_t k = 0; k < 4 && !status; k++)
        status = bw_columns_need(&table, wanted[k], &column[k], err);
    if (!status && table.n_rows > MAX_BINS)
        status = bw_error_set(err, BW_ERR_RANGE,
                              "%s: more than %d rows of quantiles", table.path,
                              MAX_BINS);
    if (!status)
        status = make_curve(c, path, place, table.n_rows, err);
    for (size_t k = 0; k < 4 && !status; k++)
        for (size_t row = 0; row < c->n && !status; row++)
            status = bw_columns_number(&table, row, column[k],
                                       &c->exact[k * c->n + row], err);
    bw_columns_clear(&table);
    return status;
}

/* ---- containers ---- */

static bw_status check_values(const bw_wplot_pairs *p, bw_error *err)
{
    for (size_t k = 0; k < p->m; k++)
        if (!isfinite(p->value[k]))
            return bw_error_set(err, BW_ERR_RANGE, "%s: pair %zu: %g", p->path,
                                k, p->value[k]);
    return BW_OK;
}

static bw_status check_pairs(const bw_wplot_pairs *a, const bw_wplot_pairs *b,
                             bw_error *err)
{
    bw_status status = check_values(b, err);

    if (!status &&
        (a->m != b->m || memcmp(a->pair, b->pair, a->m * sizeof *a->pair) != 0))
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: distances of other pairs than those of %s",
                            b->path, a->path);
    if (!status && strcmp(a->about, b->about) != 0)
        return bw_error_set(err, BW_ERR_DIMENSION, "%s holds %s, %s holds %s",
                            b->path, b->about, a->path, a->about);
    return status;
}

static bw_status keep_points(curve *c, const double *x, const double *y,
                             size_t n, bw_error *err)
{
    c->px = malloc((2 * n + 1) * sizeof *c->px);
    if (!c->px)
        return bw_error_memory(err);
    c->py = c->px + n;
    memcpy(c->px, x, n * sizeof *x);
    memcpy(c->py, y, n * sizeof *y);
    c->n_points = n;
    return BW_OK;
}

static bw_status compare(const work *w, curve *c, const char *path,
                         bw_error *err)
{
    bw_dwe_bin bin[BW_DWE_BINS];
    bw_wplot_pairs p;
    bw_status status = bw_wplot_pairs_load(path, false, &p, err);

    if (!status)
        status = check_pairs(&w->exact, &p, err);
    if (!status)
        status = make_curve(c, path, (size_t)(c - w->curve), BW_DWE_BINS, err);
    if (!status)
        status = bw_dwe_quantiles(p.m, p.value, w->exact.value, bin, err);
    if (!status) {
        c->n = 0;
        for (int b = 0; b < BW_DWE_BINS; b++)
            if (bin[b].n > 0) {
                c->exact[c->n] = bin[b].exact;
                c->mean[c->n] = bin[b].mean;
                c->low[c->n] = bin[b].q10;
                c->high[c->n++] = bin[b].q90;
            }
    }
    if (!status && has_points)
        status = keep_points(c, w->exact.value, p.value, p.m, err);
    bw_wplot_pairs_clear(&p);
    return status;
}

/* ---- the chart ---- */

static void add(work *w, bw_series series, size_t mark)
{
    series.has_mark = true;
    series.mark = mark;
    w->series[w->n_series++] = series;
}

/* Points below bands below curves. */
static void set_series(work *w)
{
    bool is_alone = w->n == 1;

    for (size_t k = 0; k < w->n; k++)
        if (w->curve[k].px)
            add(w,
                (bw_series){.name = is_alone ? "pairs" : NULL,
                            .style = BW_STYLE_DOTS,
                            .n = w->curve[k].n_points,
                            .opt_x = w->curve[k].px,
                            .y = w->curve[k].py},
                is_alone ? 5 : k);
    for (size_t k = 0; k < w->n; k++) {
        const curve *c = &w->curve[k];
        add(w,
            (bw_series){.name = is_alone ? "10 to 90 %" : NULL,
                        .style = BW_STYLE_BAND,
                        .n = c->n,
                        .opt_x = c->exact,
                        .y = c->low,
                        .y2 = c->high},
            k);
        w->line[0] = fmin(w->line[0], c->n ? c->exact[0] : 0);
        w->line[1] = fmax(w->line[1], c->n ? c->exact[c->n - 1] : 0);
    }
    add(w,
        (bw_series){.name = "equal",
                    .style = BW_STYLE_GUIDE,
                    .n = 2,
                    .opt_x = w->line,
                    .y = w->line},
        14);
    for (size_t k = 0; k < w->n; k++)
        add(w,
            (bw_series){.name = is_alone ? "mean" : w->curve[k].name,
                        .n = w->curve[k].n,
                        .opt_x = w->curve[k].exact,
                        .y = w->curve[k].mean},
            k);
}

static bw_status draw(void *arg, cairo_t *cr, const bw_field *room,
                      bw_error *err)
{
    const work *w = arg;
    const char *about = distance                              ? distance
                        : w->exact.about && w->exact.about[0] ? w->exact.about
                                                              : "distance";
    char label[2][128];
    const bw_panel panel = {.opt_x_label = label[0],
                            .opt_y_label = label[1],
                            .is_square = true,
                            .n_series = w->n_series,
                            .series = w->series};

    (void)err;
    snprintf(label[0], sizeof label[0], "exact %s", about);
    snprintf(label[1], sizeof label[1], "predicted %s", about);
    bw_chart_show(cr, &panel, room);
    return BW_OK;
}

static bw_status load(work *w, const char *path, bw_error *err)
{
    curve *c = &w->curve[w->n++];

    return exact_file ? compare(w, c, path, err)
                      : read_table(c, path, w->n - 1, err);
}

static bw_status run(const bw_program *self, const bw_parsed *parsed,
                     bw_error *err)
{
    work w = {.n = 0};
    bw_wplot_page page;
    bw_status status =
        bw_wplot_need(parsed, 1, MAX_FILES, "one to eight files", err);

    if (!status && has_points && !exact_file)
        status = bw_error_set(err, BW_ERR_USAGE, "--points needs --exact");
    if (!status)
        status = bw_wplot_open(&page, self, err);
    if (!status && exact_file)
        status = bw_wplot_pairs_load(exact_file, false, &w.exact, err);
    if (!status && exact_file)
        status = check_values(&w.exact, err);
    for (size_t k = 0; k < parsed->n_operands && !status; k++)
        status = load(&w, parsed->operand[k], err);
    if (!status) {
        set_series(&w);
        status = bw_wplot_write(&page, page.figure.width, draw, &w, err);
    }
    for (size_t k = 0; k < w.n; k++) {
        free(w.curve[k].name);
        free(w.curve[k].exact);
        free(w.curve[k].px);
    }
    bw_wplot_pairs_clear(&w.exact);
    return status;
}

const bw_verb bw_verb_wplot_quantile = {&program, run};
