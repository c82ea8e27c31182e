/* wplot_bar.c - wplot bar: tables of names and values as bars. */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "plot/bars.h"
#include "store/bytes.h"
#include "store/utf8.h"
#include "tools/wplot.h"

static bw_option_list chosen, names;
static const char *label;
static bool is_log;

static const bw_option options[] = {
    {.type = BW_OPTION_LIST,
     .name = "row",
     .meta = "NAME",
     .help = "only this row; may be given again (default: all)",
     .value = &chosen},
    {.type = BW_OPTION_TEXT,
     .name = "label",
     .meta = "TEXT",
     .help = "what the values are",
     .value = &label},
    {.type = BW_OPTION_FLAG,
     .name = "log",
     .help = "a logarithmic axis",
     .value = &is_log},
    BW_WPLOT_NAME_OPTION(names),
    BW_WPLOT_PAGE_OPTIONS,
    {.name = NULL},
};

static const bw_program program = {
    .name = "wplot bar",
    .usage = "[options] TABLE... -o FIGURE",
    .summary = "Draw tables of names and values as bars, a group a file.",
    .options = options,
    .common = &bw_wplot_common,
    .has_output = true,
};

enum { MAX_FILES = 16, MAX_NAMES = 64, MOST = 1 << 24 };

typedef struct work {
    size_t n_names, n_files;
    char *name[MAX_NAMES]; /* rows of the first file, or --row */
    double values[MAX_FILES * MAX_NAMES];
    char *file[MAX_FILES]; /* for the legend */
} work;

static bool is_wanted(const char *name)
{
    for (size_t k = 0; k < chosen.n; k++)
        if (strcmp(chosen.item[k], name) == 0)
            return true;
    return chosen.n == 0;
}

/* The place of a name: a new one where it is of the first file. */
static bw_status find(work *w, const char *path, const char *name, size_t *at,
                      bw_error *err)
{
    for (*at = 0; *at < w->n_names; ++*at)
        if (strcmp(w->name[*at], name) == 0)
            return BW_OK;
    if (w->n_names == MAX_NAMES)
        return bw_error_set(err, BW_ERR_RANGE,
                            "%s: more than %d rows; choose some with --row",
                            path, MAX_NAMES);
    if (!(w->name[w->n_names] = strdup(name)))
        return bw_error_memory(err);
    for (size_t f = 0; f < MAX_FILES; f++)
        w->values[f * MAX_NAMES + w->n_names] = NAN;
    w->n_names++;
    return BW_OK;
}

/* "name<TAB>value": other values than numbers, such as words, are left out
 * unless they were asked for. */
static bw_status take_line(work *w, const char *path, size_t number, char *line,
                           bw_error *err)
{
    char *tab = strchr(line, '\t'), *end, shown[BW_UTF8_SHOWN];
    size_t at;

    if (!tab)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s:%zu: no tab between a name and a value", path,
                            number);
    *tab = '\0';
    double value = strtod(tab + 1, &end);
    bool is_number = end > tab + 1 && end[strspn(end, " \r")] == '\0';
    if (!is_wanted(line) || (!is_number && chosen.n == 0 && !strchr(end, '\t')))
        return BW_OK;
    if (!is_number)
        return bw_error_set(err, BW_ERR_FORMAT, "%s:%zu: '%s' is no number",
                            path, number, bw_utf8_show(tab + 1, shown));
    bw_status status = find(w, path, line, &at, err);
    if (!status)
        w->values[w->n_files * MAX_NAMES + at] = value;
    return status;
}

static bw_status read_text(const char *path, char **ret_text, size_t *n,
                           bw_error *err)
{
    bw_bytes *bytes = NULL;
    void *text = NULL;
    size_t capacity = 0;
    uint64_t digest;
    bw_status status = bw_bytes_open(path, &bytes, err);

    if (!status)
        status = bw_bytes_read_rest(bytes, &text, &capacity, MOST, n, err);
    if (!status)
        status = bw_bytes_finish(bytes, &digest, err);
    bw_bytes_close(bytes);
    *ret_text = status ? NULL : realloc(text, *n + 1);
    if (!*ret_text) {
        free(text);
        return status ? status : bw_error_memory(err);
    }
    (*ret_text)[*n] = '\0';
    return BW_OK;
}

static bw_status read_file(work *w, const char *path, bw_error *err)
{
    size_t n, number = 0;
    char *text, *line;
    bw_status status = read_text(path, &text, &n, err);

    if (!status && strlen(text) < n)
        status =
            bw_error_set(err, BW_ERR_FORMAT, "%s: zero byte in text", path);
    line = text;
    while (!status && *line) {
        char *end = line + strcspn(line, "\n"), *next = end + (*end != '\0');
        *end = '\0';
        number++;
        if (line[strspn(line, " \t\r")] != '\0' && *line != '#')
            status = take_line(w, path, number, line, err);
        line = next;
    }
    free(text);
    if (!status && !(w->file[w->n_files] = w->n_files < names.n
                                               ? strdup(names.item[w->n_files])
                                               : bw_wplot_name(path)))
        status = bw_error_memory(err);
    w->n_files++;
    return status;
}

static bw_status draw(void *arg, cairo_t *cr, const bw_field *room,
                      bw_error *err)
{
    (void)err;
    bw_bars_draw(cr, arg, room);
    return BW_OK;
}

static bw_status show(const work *w, bw_wplot_page *page, bw_error *err)
{
    double *values = malloc(w->n_files * w->n_names * sizeof *values);
    bw_bars bars = {.n_names = w->n_names,
                    .n_groups = w->n_files,
                    .name = (const char *const *)w->name,
                    .group = (const char *const *)w->file,
                    .values = values,
                    .opt_label = label,
                    .is_log = is_log};

    if (!values)
        return bw_error_memory(err);
    for (size_t k = 0; k < w->n_files * w->n_names; k++)
        values[k] = w->values[k / w->n_names * MAX_NAMES + k % w->n_names];
    bw_status status =
        bw_wplot_write(page, bw_bars_height(&bars), draw, &bars, err);
    free(values);
    return status;
}

static bw_status run(const bw_program *self, const bw_parsed *parsed,
                     bw_error *err)
{
    work w = {.n_names = 0};
    bw_wplot_page page;
    bw_status status =
        bw_wplot_need(parsed, 1, MAX_FILES, "one to sixteen tables", err);

    if (!status)
        status = bw_wplot_open(&page, self, err);
    for (size_t k = 0; k < parsed->n_operands && !status; k++)
        status = read_file(&w, parsed->operand[k], err);
    if (!status && w.n_names == 0)
        status = bw_error_set(err, BW_ERR_RANGE, "%s: no such rows",
                              parsed->operand[0]);
    if (!status)
        status = show(&w, &page, err);
    for (size_t k = 0; k < w.n_names; k++)
        free(w.name[k]);
    for (size_t k = 0; k < w.n_files; k++)
        free(w.file[k]);
    return status;
}

const bw_verb bw_verb_wplot_bar = {&program, run};
