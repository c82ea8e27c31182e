/* wplot_curve.c - wplot curve: columns of training logs over steps. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot/chart.h"
#include "plot/mark.h"
#include "plot/text.h"
#include "store/columns.h"
#include "tools/wplot.h"

static bw_option_list columns, names;
static int set = 2;
static const char *x_column = "step", *x_label, *y_label;
static uint64_t smooth = 1, panel_columns = BW_OPTION_UNSET;
static bool is_log_x, is_log_y;
static const char *y_range;

static const bw_option options[] = {
    {.type = BW_OPTION_LIST,
     .name = "column",
     .letter = 'c',
     .meta = "NAME",
     .help = "a column that is drawn; may be given again (default: total)",
     .value = &columns},
    {.type = BW_OPTION_CHOICE,
     .name = "set",
     .help = "which rows, where the table has a column of that name",
     .value = &set,
     .choices = "train|validation|both"},
    {.type = BW_OPTION_TEXT,
     .name = "x",
     .meta = "NAME",
     .help = "the column across, such as step, epoch or seconds",
     .value = &x_column},
    {.type = BW_OPTION_SIZE,
     .name = "smooth",
     .meta = "N",
     .help = "means of N rows about each",
     .value = &smooth,
     .min = 1,
     .max = 1e6},
    {.type = BW_OPTION_FLAG,
     .name = "log-x",
     .help = "a logarithmic axis across",
     .value = &is_log_x},
    {.type = BW_OPTION_FLAG,
     .name = "log-y",
     .help = "a logarithmic axis upwards",
     .value = &is_log_y},
    {.type = BW_OPTION_TEXT,
     .name = "x-label",
     .meta = "TEXT",
     .help = "the name of the axis across (default: its column)",
     .value = &x_label},
    {.type = BW_OPTION_TEXT,
     .name = "y-label",
     .meta = "TEXT",
     .help = "the name of the axis upwards (default: the only column)",
     .value = &y_label},
    {.type = BW_OPTION_TEXT,
     .name = "y-range",
     .meta = "LOW:HIGH",
     .help = "the ends of the axis upwards (default: those of the values)",
     .value = &y_range},
    {.type = BW_OPTION_SIZE,
     .name = "panels",
     .meta = "N",
     .help = "a panel for each file or, of one file, each column; N in a row",
     .value = &panel_columns,
     .min = 1,
     .max = 8},
    BW_WPLOT_NAME_OPTION(names),
    BW_WPLOT_PAGE_OPTIONS,
    {.name = NULL},
};

static const bw_program program = {
    .name = "wplot curve",
    .usage = "[options] LOG... -o FIGURE",
    .summary = "Draw columns of training logs over the steps.",
    .options = options,
    .common = &bw_wplot_common,
    .has_output = true,
};

enum { MAX_SERIES = 64, PANEL_GAP = 12, PANEL_TITLE = 20, PANEL_LEAST = 150 };

/* Which columns are drawn where none is named. */
static const char *const usual[] = {"total"};

typedef struct work {
    size_t n_series;
    bw_series series[MAX_SERIES];
    size_t n_panels;
    size_t first[MAX_SERIES + 1]; /* panel p has series first[p] .. */
    char *title[MAX_SERIES];      /* owned */
    double y_low, y_high;
    double *x[MAX_SERIES], *y[MAX_SERIES]; /* owned */
    char *name[MAX_SERIES];
    size_t n_lines; /* files and columns of the panel so far: each a colour */
    size_t file;    /* the operand in hand */
    size_t n_files;
} work;

/* The rows of a set: all where it is NULL. */
typedef struct choice {
    const bw_columns *table;
    size_t set_column, x, y;
    const char *set;
} choice;

static bool is_chosen(const choice *c, size_t row)
{
    return !c->set ||
           strcmp(bw_columns_text(c->table, row, c->set_column), c->set) == 0;
}

/* ---- a series ---- */

/* In place: the mean of the finite values of at most `width` neighbours, as
 * many before as after. What is not finite stays. */
static bw_status take_means(size_t n, double *y, size_t width, bw_error *err)
{
    double *raw = malloc((n + 1) * sizeof *raw);

    if (!raw)
        return bw_error_memory(err);
    memcpy(raw, y, n * sizeof *raw);
    for (size_t i = 0; i < n; i++) {
        size_t half = (width - 1) / 2, count = 0;
        double sum = 0;
        half = half < i ? half : i;
        half = half < n - 1 - i ? half : n - 1 - i;
        for (size_t k = i - half; k <= i + half; k++)
            if (isfinite(raw[k])) {
                sum += raw[k];
                count++;
            }
        if (isfinite(raw[i]))
            y[i] = sum / (double)count;
    }
    free(raw);
    return BW_OK;
}

static bw_status read_rows(work *w, const choice *c, bw_error *err)
{
    size_t k = w->n_series, n = 0;
    bw_status status = BW_OK;

    w->x[k] = malloc((c->table->n_rows + 1) * sizeof **w->x);
    w->y[k] = malloc((c->table->n_rows + 1) * sizeof **w->y);
    if (!w->x[k] || !w->y[k])
        return bw_error_memory(err);
    for (size_t row = 0; row < c->table->n_rows && !status; row++) {
        if (!is_chosen(c, row))
            continue;
        status = bw_columns_number(c->table, row, c->x, &w->x[k][n], err);
        if (!status)
            status = bw_columns_number(c->table, row, c->y, &w->y[k][n], err);
        n++;
    }
    if (!status && smooth > 1)
        status = take_means(n, w->y[k], (size_t)smooth, err);
    w->series[k].n = n;
    w->series[k].opt_x = w->x[k];
    w->series[k].y = w->y[k];
    return status;
}

static bool has_panels(void)
{
    return panel_columns != BW_OPTION_UNSET;
}

static char *file_name(const work *w, const char *path)
{
    return w->file < names.n ? strdup(names.item[w->file])
                             : bw_wplot_name(path);
}

/* What a panel's title does not say. */
static bw_status set_name(work *w, const char *path, const choice *c,
                          bw_error *err)
{
    bool has_files = w->n_files > 1;
    bool has_columns = columns.n > 1 && (has_files || !has_panels());
    const char *column = c->table->cell[c->y];
    const char *set_name = set == 2 && c->set ? c->set : "";
    char *file = file_name(w, path), *name = NULL;
    bool has_file = !has_panels() &&
                    (has_files || names.n > 0 || (!has_columns && !*set_name));

    if (file &&
        asprintf(&name, "%s%s%s%s%s", has_file ? file : "",
                 has_file && has_columns ? " " : "", has_columns ? column : "",
                 (has_file || has_columns) && *set_name ? " " : "",
                 set_name) < 0)
        name = NULL;
    free(file);
    w->name[w->n_series] = name;
    w->series[w->n_series].name = name;
    return name ? BW_OK : bw_error_memory(err);
}

/* Of several lines in two sets each, sets are told apart by dashes. */
static void set_mark(const work *w, const choice *c, bw_series *series)
{
    bool has_many = has_panels() ? w->n_files > 1 && columns.n > 1
                                 : w->n_files > 1 || columns.n > 1;

    series->has_mark = true;
    series->mark = w->n_series - w->first[w->n_panels];
    if (has_many && set == 2 && c->set)
        series->mark = w->n_lines % BW_MARK_COLOURS +
                       (strcmp(c->set, "train") == 0 ? 0 : BW_MARK_COLOURS);
}

static bw_status add_series(work *w, const char *path, const choice *c,
                            bw_error *err)
{
    if (w->n_series == MAX_SERIES)
        return bw_error_set(err, BW_ERR_USAGE, "more than %d curves",
                            MAX_SERIES);
    bw_status status = read_rows(w, c, err);
    if (!status && w->series[w->n_series].n > 0)
        status = set_name(w, path, c, err);
    set_mark(w, c, &w->series[w->n_series]);
    if (status || w->series[w->n_series].n > 0) {
        w->n_series++;
        return status;
    }
    free(w->x[w->n_series]);
    free(w->y[w->n_series]);
    w->x[w->n_series] = w->y[w->n_series] = NULL;
    return BW_OK;
}

/* The series since the last panel are one; title is taken over. A single line
 * needs no name but the title. */
static bw_status end_panel(work *w, char *title, bw_error *err)
{
    size_t p = w->n_panels++;

    w->title[p] = title;
    w->first[w->n_panels] = w->n_series;
    w->n_lines = 0;
    for (size_t k = w->first[p]; k < w->n_series; k++)
        if (!w->series[k].name[0] || w->n_series - w->first[p] == 1)
            w->series[k].name = NULL;
    return title ? BW_OK : bw_error_memory(err);
}

/* ---- a table ---- */

static bw_status add_column(work *w, const char *path, const bw_columns *table,
                            const char *name, bw_error *err)
{
    static const char *const sets[] = {"train", "validation"};
    choice c = {.table = table, .set_column = bw_columns_find(table, "set")};
    bw_status status = bw_columns_need(table, name, &c.y, err);

    if (!status)
        status = bw_columns_need(table, x_column, &c.x, err);
    if (!status && c.set_column == table->n_columns)
        return add_series(w, path, &c, err);
    for (int k = 0; k < 2 && !status; k++)
        if (set == k || set == 2) {
            c.set = sets[k];
            status = add_series(w, path, &c, err);
        }
    return status;
}

static bw_status add_file(work *w, const char *path, bw_error *err)
{
    const char *const *list = columns.n > 0 ? columns.item : usual;
    size_t n = columns.n > 0 ? columns.n : 1, before = w->n_series;
    bw_columns table;
    bw_status status = bw_columns_read(path, &table, err);

    for (size_t k = 0; k < n && !status; k++, w->n_lines++) {
        status = add_column(w, path, &table, list[k], err);
        if (!status && has_panels() && w->n_files == 1)
            status = end_panel(w, strdup(k < names.n ? names.item[k] : list[k]),
                               err);
    }
    if (!status && w->n_series == before)
        status = bw_error_set(err, BW_ERR_RANGE, "%s: no rows of set %s", path,
                              set == 0   ? "train"
                              : set == 1 ? "validation"
                                         : "train or validation");
    bw_columns_clear(&table);
    if (!status && has_panels() && w->n_files > 1)
        status = end_panel(w, file_name(w, path), err);
    return status;
}

/* "LOW:HIGH" */
static bw_status parse_range(work *w, bw_error *err)
{
    int end = 0;

    if (!y_range)
        return BW_OK;
    if (sscanf(y_range, "%lf:%lf%n", &w->y_low, &w->y_high, &end) == 2 &&
        y_range[end] == '\0' && end > 0 && w->y_low < w->y_high &&
        w->y_low > (is_log_y ? 0 : -1e300) && w->y_high < 1e300)
        return BW_OK;
    return bw_error_set(err, BW_ERR_USAGE,
                        "--y-range: '%s' is not of the form LOW:HIGH%s",
                        y_range, is_log_y ? ", both above 0" : "");
}

/* ---- drawing ---- */

static const char *label_of_y(void)
{
    if (y_label)
        return y_label;
    if (columns.n > 1)
        return NULL;
    return columns.n == 1 ? columns.item[0] : usual[0];
}

static void show_panel(const work *w, size_t p, cairo_t *cr,
                       const bw_field *room)
{
    const bw_panel panel = {.opt_x_label = x_label ? x_label : x_column,
                            .opt_y_label = label_of_y(),
                            .is_log_x = is_log_x,
                            .is_log_y = is_log_y,
                            .has_y_range = y_range != NULL,
                            .y_low = w->y_low,
                            .y_high = w->y_high,
                            .n_series = w->first[p + 1] - w->first[p],
                            .series = w->series + w->first[p]};
    bw_field field = *room;

    if (has_panels()) {
        bw_text_font(cr, BW_TEXT_SIZE, true);
        cairo_set_source_rgb(cr, 0.13, 0.13, 0.13);
        bw_text_show(cr, field.left, field.top + BW_TEXT_SIZE, 0, field.width,
                     w->title[p]);
        field.top += PANEL_TITLE;
        field.height -= PANEL_TITLE;
    }
    bw_chart_show(cr, &panel, &field);
}

/* Panels in a row, and rows. */
static void count_panels(const work *w, size_t *n_columns, size_t *n_rows)
{
    *n_columns = has_panels() && panel_columns < w->n_panels
                     ? (size_t)panel_columns
                     : w->n_panels;
    *n_rows = (w->n_panels - 1) / *n_columns + 1;
}

static bw_status draw(void *arg, cairo_t *cr, const bw_field *room,
                      bw_error *err)
{
    const work *w = arg;
    size_t n_columns, n_rows;

    (void)err;
    count_panels(w, &n_columns, &n_rows);
    double width = (room->width + PANEL_GAP) / (double)n_columns;
    double height = (room->height + PANEL_GAP) / (double)n_rows;
    for (size_t p = 0; p < w->n_panels; p++) {
        bw_field field = {room->left + width * (double)(p % n_columns),
                          room->top + height * (double)(p / n_columns),
                          width - PANEL_GAP, height - PANEL_GAP};
        show_panel(w, p, cr, &field);
    }
    return BW_OK;
}

static bool is_drawn(double value, bool is_log)
{
    return isfinite(value) && (!is_log || value > 0);
}

/* A figure without any point would pass for one of no change. */
static bw_status need_points(const work *w, bw_error *err)
{
    for (size_t k = 0; k < w->n_series; k++)
        for (size_t i = 0; i < w->series[k].n; i++)
            if (is_drawn(w->x[k][i], is_log_x) &&
                is_drawn(w->y[k][i], is_log_y))
                return BW_OK;
    return bw_error_set(err, BW_ERR_RANGE,
                        "nothing to draw: no point is finite%s",
                        is_log_x || is_log_y ? ", and above 0 where the axis "
                                               "is logarithmic"
                                             : "");
}

/* Units of height that suit the width; charts of few units are no use. */
static double height_of(const work *w, double width)
{
    size_t n_columns, n_rows;

    count_panels(w, &n_columns, &n_rows);
    double each = 0.7 * width / (double)n_columns;
    return has_panels() ? (fmax(each, PANEL_LEAST) + PANEL_TITLE + PANEL_GAP) *
                                  (double)n_rows -
                              PANEL_GAP
                        : each;
}

static bw_status run(const bw_program *self, const bw_parsed *parsed,
                     bw_error *err)
{
    work w = {.n_files = parsed->n_operands};
    bw_wplot_page page;
    bw_status status = bw_wplot_need(parsed, 1, MAX_SERIES, "logs", err);

    if (!status)
        status = parse_range(&w, err);
    if (!status)
        status = bw_wplot_open(&page, self, err);
    for (; w.file < parsed->n_operands && !status; w.file++)
        status = add_file(&w, parsed->operand[w.file], err);
    if (!status)
        status = need_points(&w, err);
    if (!status && !has_panels())
        w.first[w.n_panels = 1] = w.n_series;
    if (!status && w.n_series == 1 && parsed->n_operands == 1)
        w.series[0].name = NULL;
    if (!status)
        status = bw_wplot_write(&page, height_of(&w, page.figure.width), draw,
                                &w, err);
    for (size_t k = 0; k < MAX_SERIES; k++) {
        free(w.x[k]);
        free(w.y[k]);
        free(w.name[k]);
        free(w.title[k]);
    }
    return status;
}

const bw_verb bw_verb_wplot_curve = {&program, run};
