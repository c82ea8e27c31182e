/* wplot_curve.c - wplot curve: columns of training logs over steps. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot/chart.h"
#include "plot/mark.h"
#include "store/columns.h"
#include "tools/wplot.h"

static bw_option_list columns, names;
static int set = 2;
static const char *x_column = "step", *x_label, *y_label;
static uint64_t smooth = 1;
static bool is_log_x, is_log_y;

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

enum { MAX_SERIES = 64 };

typedef struct work {
    size_t n_series;
    bw_series series[MAX_SERIES];
    double *x[MAX_SERIES], *y[MAX_SERIES]; /* owned */
    char *name[MAX_SERIES];
    size_t n_lines; /* files and columns so far: each has a colour */
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

static bw_status set_name(work *w, const char *path, const choice *c,
                          bw_error *err)
{
    bool has_files = w->n_files > 1, has_columns = columns.n > 1;
    const char *column = c->table->cell[c->y];
    const char *set_name = set == 2 && c->set ? c->set : "";
    char *file =
        w->file < names.n ? strdup(names.item[w->file]) : bw_wplot_name(path);
    char *name = NULL;
    bool has_file = has_files || names.n > 0 || (!has_columns && !*set_name);

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
    bool is_pair = set == 2 && c->set;

    if (!is_pair || (w->n_files == 1 && columns.n < 2))
        return;
    series->has_mark = true;
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
    static const char *const usual[] = {"total"};
    const char *const *list = columns.n > 0 ? columns.item : usual;
    size_t n = columns.n > 0 ? columns.n : 1, before = w->n_series;
    bw_columns table;
    bw_status status = bw_columns_read(path, &table, err);

    for (size_t k = 0; k < n && !status; k++, w->n_lines++)
        status = add_column(w, path, &table, list[k], err);
    if (!status && w->n_series == before)
        status = bw_error_set(err, BW_ERR_RANGE, "%s: no rows of set %s", path,
                              set == 0   ? "train"
                              : set == 1 ? "validation"
                                         : "train or validation");
    bw_columns_clear(&table);
    return status;
}

static bw_status draw(void *arg, cairo_t *cr, const bw_field *room,
                      bw_error *err)
{
    const work *w = arg;
    const bw_panel panel = {
        .opt_x_label = x_label ? x_label : x_column,
        .opt_y_label = y_label          ? y_label
                       : columns.n == 0 ? "total"
                       : columns.n == 1 ? columns.item[0]
                                        : NULL,
        .is_log_x = is_log_x,
        .is_log_y = is_log_y,
        .n_series = w->n_series,
        .series = w->series,
    };

    (void)err;
    bw_chart_show(cr, &panel, room);
    return BW_OK;
}

static bw_status run(const bw_program *self, const bw_parsed *parsed,
                     bw_error *err)
{
    work w = {.n_files = parsed->n_operands};
    bw_wplot_page page;
    bw_status status = bw_wplot_need(parsed, 1, MAX_SERIES, "logs", err);

    if (!status)
        status = bw_wplot_open(&page, self, err);
    for (; w.file < parsed->n_operands && !status; w.file++)
        status = add_file(&w, parsed->operand[w.file], err);
    if (!status && w.n_series == 1 && parsed->n_operands == 1)
        w.series[0].name = NULL;
    if (!status)
        status = bw_wplot_write(&page, page.figure.width * 0.7, draw, &w, err);
    for (size_t k = 0; k < MAX_SERIES; k++) {
        free(w.x[k]);
        free(w.y[k]);
        free(w.name[k]);
    }
    return status;
}

const bw_verb bw_verb_wplot_curve = {&program, run};
