/* wplot_heatmap.c - wplot heatmap: a matrix, or distances of all pairs. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "plot/heat.h"
#include "tools/wplot.h"

static const char *tensor, *label;
static bool is_log;

static const bw_option options[] = {
    {.type = BW_OPTION_TEXT,
     .name = "tensor",
     .meta = "NAME",
     .help = "the tensor of rank 2 that is drawn (default: distances by their "
             "pairs, else codes, matrix or mass)",
     .value = &tensor},
    {.type = BW_OPTION_TEXT,
     .name = "label",
     .meta = "TEXT",
     .help = "what the colours stand for (default: as the file tells)",
     .value = &label},
    {.type = BW_OPTION_FLAG,
     .name = "log",
     .help = "a logarithmic scale of colours",
     .value = &is_log},
    BW_WPLOT_PAGE_OPTIONS,
    {.name = NULL},
};

static const bw_program program = {
    .name = "wplot heatmap",
    .usage = "[options] MATRIX -o FIGURE",
    .summary = "Draw a matrix, or distances of all pairs, as colours.",
    .options = options,
    .common = &bw_wplot_common,
    .has_output = true,
};

/* Cells of the picture: sums of what falls into them. */
typedef struct cells {
    size_t n_rows, n_columns; /* of the picture */
    size_t block;             /* so many rows and columns make a cell */
    double *sum, *count;
} cells;

static bw_status make_cells(size_t n_rows, size_t n_columns, cells *c,
                            bw_error *err)
{
    size_t most = n_rows > n_columns ? n_rows : n_columns;

    c->block = (most - 1) / BW_HEAT_SIDE + 1;
    c->n_rows = (n_rows - 1) / c->block + 1;
    c->n_columns = (n_columns - 1) / c->block + 1;
    c->sum = calloc(c->n_rows * c->n_columns, sizeof *c->sum);
    c->count = calloc(c->n_rows * c->n_columns, sizeof *c->count);
    return c->sum && c->count ? BW_OK : bw_error_memory(err);
}

static void add(cells *c, size_t row, size_t column, double value)
{
    size_t k = row / c->block * c->n_columns + column / c->block;

    if (!isfinite(value))
        return;
    c->sum[k] += value;
    c->count[k]++;
}

static void finish(cells *c)
{
    for (size_t k = 0; k < c->n_rows * c->n_columns; k++)
        c->sum[k] = c->count[k] > 0 ? c->sum[k] / c->count[k] : NAN;
}

/* ---- sources ---- */

typedef struct work {
    bw_wplot_matrix m;
    bw_wplot_pairs pairs;
    cells cells;
    bw_heat heat;
} work;

static bw_status from_matrix(work *w, bw_error *err)
{
    const bw_wplot_matrix *m = &w->m;
    bw_status status = make_cells(m->n, m->d, &w->cells, err);

    if (status)
        return status;
    for (size_t k = 0; k < m->n * m->d; k++)
        add(&w->cells, k / m->d, k % m->d, m->values[k]);
    w->heat.row_count = (double)m->n;
    w->heat.column_count = (double)m->d;
    w->heat.opt_row_label = "row";
    w->heat.opt_column_label = "column";
    w->heat.opt_label = m->about && m->about[0] ? m->about : m->name;
    return BW_OK;
}

/* Within one file a pair counts both ways, and no image is away from itself. */
static bw_status from_pairs(work *w, bw_error *err)
{
    const bw_wplot_pairs *p = &w->pairs;
    size_t n[2] = {0, 0};

    for (size_t k = 0; k < p->m; k++)
        for (size_t s = 0; s < 2; s++)
            if (p->pair[k][s] >= n[s])
                n[s] = (size_t)p->pair[k][s] + 1;
    if (!p->is_between)
        n[0] = n[1] = n[0] > n[1] ? n[0] : n[1];
    bw_status status = make_cells(n[0], n[1], &w->cells, err);
    if (status)
        return status;
    for (size_t k = 0; k < p->m; k++) {
        add(&w->cells, p->pair[k][0], p->pair[k][1], p->value[k]);
        if (!p->is_between && p->pair[k][0] != p->pair[k][1])
            add(&w->cells, p->pair[k][1], p->pair[k][0], p->value[k]);
    }
    for (size_t k = 0; k < n[0] && !p->is_between; k++)
        if (w->cells.block == 1)
            add(&w->cells, k, k, 0);
    w->heat.row_count = (double)n[0];
    w->heat.column_count = (double)n[1];
    w->heat.opt_row_label = p->is_between ? "image of the first file" : "image";
    w->heat.opt_column_label =
        p->is_between ? "image of the second file" : "image";
    w->heat.opt_label = p->about;
    return BW_OK;
}

/* Whether a file is a container with pairs. Standard input cannot be looked
 * into twice: it holds a matrix where --tensor says so, else pairs. */
static bool has_pairs(const char *path)
{
    bw_reader *reader = NULL;

    if (tensor || strcmp(path, "-") == 0)
        return !tensor;
    if (bw_reader_open(path, &reader, NULL))
        return false;
    bool has = bw_reader_find(reader, "pairs") != NULL;
    bw_reader_close(reader);
    return has;
}

static bw_status load(work *w, const char *path, bw_error *err)
{
    static const char *const names[] = {"codes", "matrix", "mass", NULL};
    bw_status status;

    if (has_pairs(path)) {
        status = bw_wplot_pairs_load(path, false, &w->pairs, err);
        return status ? status : from_pairs(w, err);
    }
    status = bw_wplot_matrix_load(path, tensor, names, &w->m, err);
    return status ? status : from_matrix(w, err);
}

static bw_status draw(void *arg, cairo_t *cr, const bw_field *room,
                      bw_error *err)
{
    const work *w = arg;

    return bw_heat_draw(cr, &w->heat, room, err);
}

static bw_status run(const bw_program *self, const bw_parsed *parsed,
                     bw_error *err)
{
    work w = {.m = {.path = NULL}};
    bw_wplot_page page;
    bw_status status = bw_wplot_need(parsed, 1, 1, "one matrix", err);

    if (!status)
        status = bw_wplot_open(&page, self, err);
    if (!status)
        status = load(&w, parsed->operand[0], err);
    if (!status) {
        finish(&w.cells);
        w.heat.n_rows = w.cells.n_rows;
        w.heat.n_columns = w.cells.n_columns;
        w.heat.values = w.cells.sum;
        w.heat.is_log = is_log;
        if (label)
            w.heat.opt_label = label;
        if (w.heat.opt_label && !w.heat.opt_label[0])
            w.heat.opt_label = NULL;
        status = bw_wplot_write(
            &page, bw_heat_height(&w.heat, page.figure.width), draw, &w, err);
    }
    free(w.cells.sum);
    free(w.cells.count);
    bw_wplot_matrix_clear(&w.m);
    bw_wplot_pairs_clear(&w.pairs);
    return status;
}

const bw_verb bw_verb_wplot_heatmap = {&program, run};
