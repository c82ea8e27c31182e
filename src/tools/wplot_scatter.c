/* wplot_scatter.c - wplot scatter: codes as points, coloured by their labels.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/components.h"
#include "plot/chart.h"
#include "store/labels.h"
#include "tools/wplot.h"

static const char *tensor, *columns, *labels_file;
static uint64_t limit = 20000;
static bool is_plain;

static const bw_option options[] = {
    {.type = BW_OPTION_TEXT,
     .name = "tensor",
     .meta = "NAME",
     .help = "the tensor that is drawn (default: codes or latent)",
     .value = &tensor},
    {.type = BW_OPTION_TEXT,
     .name = "columns",
     .meta = "I,J",
     .help = "these two, from 0 (default: of more than two, the first two "
             "principal components)",
     .value = &columns},
    {.type = BW_OPTION_TEXT,
     .name = "labels",
     .meta = "FILE",
     .help = "one whole number a point, instead of the container's",
     .value = &labels_file},
    {.type = BW_OPTION_FLAG,
     .name = "no-labels",
     .help = "all points in one colour",
     .value = &is_plain},
    {.type = BW_OPTION_SIZE,
     .name = "limit",
     .meta = "N",
     .help = "of more points so many are drawn, evenly chosen",
     .value = &limit,
     .min = 1,
     .max = 1e6},
    BW_WPLOT_PAGE_OPTIONS,
    {.name = NULL},
};

static const bw_program program = {
    .name = "wplot scatter",
    .usage = "[options] CODES -o FIGURE",
    .summary = "Draw codes as points, coloured by their labels.",
    .options = options,
    .common = &bw_wplot_common,
    .has_output = true,
};

/* Classes that can be told apart: marks repeat thereafter. */
enum { MAX_CLASSES = 32, AXIS_NAME = 64 };

typedef struct work {
    bw_wplot_matrix m;
    double *at[2];  /* the points, shown ones first */
    size_t n;       /* points that are shown */
    int32_t *label; /* of them */
    char axis[2][AXIS_NAME];
    size_t n_classes;
    int32_t class[MAX_CLASSES]; /* rising */
    char digits[MAX_CLASSES][BW_WPLOT_DIGITS];
    bw_series series[MAX_CLASSES];
} work;

/* ---- coordinates ---- */

static bw_status check_finite(const bw_wplot_matrix *m, bw_error *err)
{
    for (size_t k = 0; k < m->n * m->d; k++)
        if (!isfinite(m->values[k]))
            return bw_error_set(err, BW_ERR_RANGE,
                                "%s: row %zu: value %zu is %g", m->path,
                                k / m->d, k % m->d, m->values[k]);
    return BW_OK;
}

/* "I,J" */
static bw_status parse_columns(const bw_wplot_matrix *m, size_t which[2],
                               bw_error *err)
{
    unsigned long long a, b;
    int end = 0;

    if (columns[0] < '0' || columns[0] > '9' ||
        sscanf(columns, "%llu,%llu%n", &a, &b, &end) != 2 ||
        columns[end] != '\0' || strchr(columns, '-') || strchr(columns, '+'))
        return bw_error_set(err, BW_ERR_USAGE,
                            "--columns: '%s' is not of the form I,J", columns);
    if (a >= m->d || b >= m->d)
        return bw_error_set(err, BW_ERR_RANGE,
                            "--columns: %s: the columns of %s run from 0 to "
                            "%zu",
                            columns, m->path, m->d - 1);
    which[0] = (size_t)a;
    which[1] = (size_t)b;
    return BW_OK;
}

static void take_columns(work *w, const size_t which[2])
{
    for (size_t c = 0; c < 2; c++) {
        snprintf(w->axis[c], AXIS_NAME, "%.40s %zu",
                 w->m.name ? w->m.name : "column", which[c]);
        for (size_t k = 0; k < w->m.n; k++)
            w->at[c][k] = w->m.values[k * w->m.d + which[c]];
    }
}

static double total_variance(const work *w, const float *codes,
                             const double *mean)
{
    double sum = 0;

    for (size_t k = 0; k < w->m.n * w->m.d; k++) {
        double gap = (double)codes[k] - mean[k % w->m.d];
        sum += gap * gap / (double)w->m.n;
    }
    return sum;
}

static bw_status take_components(work *w, bw_error *err)
{
    size_t n = w->m.n, d = w->m.d;
    double variance[2], *mean = calloc(3 * d, sizeof *mean);
    float *codes = malloc((n * d + 1) * sizeof *codes);
    bw_status status = BW_OK;

    if (n < 2)
        status =
            bw_error_set(err, BW_ERR_RANGE,
                         "%s: one row has no principal components", w->m.path);
    else if (!mean || !codes)
        status = bw_error_memory(err);
    for (size_t k = 0; k < n && !status; k++)
        for (size_t i = k * d; i < (k + 1) * d && !status; i++) {
            codes[i] = (float)w->m.values[i];
            if (!isfinite(codes[i]))
                status = bw_error_set(err, BW_ERR_RANGE,
                                      "%s: row %zu: %g is too large", w->m.path,
                                      k, w->m.values[i]);
        }
    if (!status)
        status =
            bw_components_find(n, d, codes, 2, mean, variance, mean + d, err);
    double total = status ? 0 : total_variance(w, codes, mean);
    for (size_t c = 0; c < 2 && !status; c++) {
        snprintf(w->axis[c], AXIS_NAME,
                 "principal component %zu (%.0f%% of variance)", c + 1,
                 total > 0 ? 100 * variance[c] / total : 0);
        for (size_t k = 0; k < n; k++) {
            double sum = 0;
            for (size_t i = 0; i < d; i++)
                sum += ((double)codes[k * d + i] - mean[i]) *
                       mean[(c + 1) * d + i];
            w->at[c][k] = sum;
        }
    }
    free(codes);
    free(mean);
    return status;
}

static bw_status set_points(work *w, bw_error *err)
{
    size_t which[2] = {0, 1};
    bw_status status = check_finite(&w->m, err);

    for (size_t c = 0; c < 2 && !status; c++)
        if (!(w->at[c] = malloc((w->m.n + 1) * sizeof **w->at)))
            status = bw_error_memory(err);
    if (status)
        return status;
    if (columns) {
        status = parse_columns(&w->m, which, err);
        if (!status)
            take_columns(w, which);
    } else if (w->m.d == 2)
        take_columns(w, which);
    else if (w->m.d > 2)
        status = take_components(w, err);
    else
        status =
            bw_error_set(err, BW_ERR_DIMENSION,
                         "%s: rows of one value; points need two", w->m.path);
    return status;
}

/* ---- labels ---- */

static bw_status read_labels(work *w, bw_error *err)
{
    bw_labels *labels = NULL;
    uint64_t digest;
    bw_status status = bw_labels_open(labels_file, &labels, err);

    free(w->m.labels);
    w->m.labels = status ? NULL : malloc((w->m.n + 1) * sizeof *w->m.labels);
    if (!status && !w->m.labels)
        status = bw_error_memory(err);
    for (size_t k = 0; k < w->m.n && !status; k++)
        status = bw_labels_next(labels, &w->m.labels[k], err);
    if (!status)
        status = bw_labels_finish(labels, &digest, err);
    bw_labels_close(labels);
    return status;
}

static int by_value(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

    return x < y ? -1 : x > y;
}

/* The labels that there are. */
static bw_status find_classes(work *w, bw_error *err)
{
    int32_t *sorted = malloc((w->n + 1) * sizeof *sorted);
    bw_status status = BW_OK;

    if (!sorted)
        return bw_error_memory(err);
    memcpy(sorted, w->label, w->n * sizeof *sorted);
    qsort(sorted, w->n, sizeof *sorted, by_value);
    for (size_t k = 0; k < w->n && !status; k++) {
        if (k > 0 && sorted[k] == sorted[k - 1])
            continue;
        if (w->n_classes == MAX_CLASSES)
            status = bw_error_set(err, BW_ERR_RANGE,
                                  "%s: more than %d labels cannot be told "
                                  "apart; --no-labels draws the points alone",
                                  w->m.path, MAX_CLASSES);
        else
            w->class[w->n_classes++] = sorted[k];
    }
    free(sorted);
    return status;
}

/* ---- points by class ---- */

/* Evenly chosen points, in place. */
static void thin(work *w)
{
    size_t n = w->m.n, k = n < limit ? n : (size_t)limit;

    for (size_t j = 0; j < k; j++) {
        size_t i = n / k * j + n % k * j / k;
        w->at[0][j] = w->at[0][i];
        w->at[1][j] = w->at[1][i];
        if (w->m.labels)
            w->m.labels[j] = w->m.labels[i];
    }
    w->n = k;
    w->label = w->m.labels;
}

/* Points in the order of their labels, a series each. */
static bw_status group(work *w, bw_error *err)
{
    double *sorted[2] = {malloc((w->n + 1) * sizeof(double)),
                         malloc((w->n + 1) * sizeof(double))};
    size_t n = 0;

    if (!sorted[0] || !sorted[1]) {
        free(sorted[0]);
        free(sorted[1]);
        return bw_error_memory(err);
    }
    for (size_t c = 0; c < w->n_classes; c++) {
        size_t first = n;
        for (size_t k = 0; k < w->n; k++)
            if (w->label[k] == w->class[c]) {
                sorted[0][n] = w->at[0][k];
                sorted[1][n++] = w->at[1][k];
            }
        w->series[c] =
            (bw_series){.name = bw_wplot_names_get(&w->m.names, w->class[c],
                                                   w -> digits[c]),
                        .style = BW_STYLE_DOTS,
                        .n = n - first,
                        .opt_x = sorted[0] + first,
                        .y = sorted[1] + first};
    }
    for (size_t c = 0; c < 2; c++) {
        free(w->at[c]);
        w->at[c] = sorted[c];
    }
    return BW_OK;
}

static bw_status set_series(work *w, bw_error *err)
{
    bw_status status = BW_OK;

    if (is_plain) {
        free(w->m.labels);
        w->m.labels = NULL;
    } else if (labels_file)
        status = read_labels(w, err);
    if (status)
        return status;
    thin(w);
    if (w->label) {
        status = find_classes(w, err);
        return status ? status : group(w, err);
    }
    w->n_classes = 1;
    w->series[0] = (bw_series){
        .style = BW_STYLE_DOTS, .n = w->n, .opt_x = w->at[0], .y = w->at[1]};
    return BW_OK;
}

static bw_status draw(void *arg, cairo_t *cr, const bw_field *room,
                      bw_error *err)
{
    const work *w = arg;
    const bw_panel panel = {.opt_x_label = w->axis[0],
                            .opt_y_label = w->axis[1],
                            .is_square = !columns,
                            .n_series = w->n_classes,
                            .series = w->series};

    (void)err;
    bw_chart_show(cr, &panel, room);
    return BW_OK;
}

static bw_status run(const bw_program *self, const bw_parsed *parsed,
                     bw_error *err)
{
    static const char *const names[] = {"codes", "latent", NULL};
    work w = {.n = 0};
    bw_wplot_page page;
    bw_status status = bw_wplot_need(parsed, 1, 1, "one file of codes", err);

    if (!status && is_plain && labels_file)
        status = bw_error_set(err, BW_ERR_USAGE,
                              "--labels and --no-labels exclude each other");
    if (!status)
        status = bw_wplot_open(&page, self, err);
    if (!status)
        status =
            bw_wplot_matrix_load(parsed->operand[0], tensor, names, &w.m, err);
    if (!status)
        status = set_points(&w, err);
    if (!status)
        status = set_series(&w, err);
    if (!status)
        status = bw_wplot_write(&page, page.figure.width, draw, &w, err);
    free(w.at[0]);
    free(w.at[1]);
    bw_wplot_matrix_clear(&w.m);
    return status;
}

const bw_verb bw_verb_wplot_scatter = {&program, run};
