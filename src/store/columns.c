/* columns.c - a table whose columns have names. */
#include "config.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/bytes.h"
#include "store/columns.h"
#include "store/utf8.h"

enum { MOST = 1 << 30, NAMES = 512 };

void bw_columns_clear(bw_columns *c)
{
    free(c->path);
    free(c->text);
    free(c->cell);
    free(c->line);
    *c = (bw_columns){0};
}

static bw_status load(const char *path, bw_columns *c, size_t *n, bw_error *err)
{
    bw_bytes *bytes = NULL;
    void *text = NULL;
    size_t capacity = 0;
    uint64_t digest;
    bw_status status = bw_bytes_open(path, &bytes, err);

    if (!status) {
        c->path = strdup(bw_bytes_name(bytes));
        status = c->path
                     ? bw_bytes_read_rest(bytes, &text, &capacity, MOST, n, err)
                     : bw_error_memory(err);
    }
    if (!status)
        status = bw_bytes_finish(bytes, &digest, err);
    bw_bytes_close(bytes);
    if (!status) {
        c->text = realloc(text, *n + 1);
        if (c->text)
            text = NULL;
        else
            status = bw_error_memory(err);
    }
    free(text);
    if (status)
        return status;
    c->text[*n] = '\0';
    if (strlen(c->text) < *n)
        return bw_error_set(err, BW_ERR_FORMAT, "%s: zero byte in text",
                            c->path);
    return BW_OK;
}

/* ---- cells ---- */

static size_t count(const char *text, char byte)
{
    size_t n = 0;

    for (; *text; text++)
        n += *text == byte;
    return n;
}

/* Cuts the next line out of the text; NULL at the end. */
static char *next_line(char **text)
{
    char *line = *text, *end = strchr(line, '\n');

    if (*line == '\0')
        return NULL;
    *text = end ? end + 1 : line + strlen(line);
    if (end)
        *end = '\0';
    size_t n = strlen(line);
    if (n > 0 && line[n - 1] == '\r')
        line[n - 1] = '\0';
    return line;
}

static bool holds_data(const char *line)
{
    line += strspn(line, " \t");
    return *line != '\0' && *line != '#';
}

/* Room for all the rows that there can be. */
static bw_status reserve(bw_columns *c, size_t n_lines, bw_error *err)
{
    size_t n_cells;

    if (!__builtin_mul_overflow(n_lines + 1, c->n_columns, &n_cells) &&
        n_cells <= SIZE_MAX / sizeof *c->cell)
        c->cell = malloc(n_cells * sizeof *c->cell);
    c->line = calloc(n_lines + 1, sizeof *c->line);
    return c->cell && c->line ? BW_OK : bw_error_memory(err);
}

static bw_status split(bw_columns *c, char *line, char separator, size_t number,
                       bw_error *err)
{
    char **cell = c->cell + (c->n_rows + 1) * c->n_columns;
    char **first = number ? cell : c->cell;
    size_t n = count(line, separator) + 1;

    if (n != c->n_columns)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s:%zu: %zu fields, the names are %zu", c->path,
                            number, n, c->n_columns);
    for (size_t k = 0; k < n; k++) {
        first[k] = line;
        line += strcspn(line, (char[]){separator, '\0'});
        *line++ = '\0';
    }
    return BW_OK;
}

bw_status bw_columns_read(const char *path, bw_columns *c, bw_error *err)
{
    size_t n = 0, number = 0;
    char separator = 0, *line;

    *c = (bw_columns){0};
    bw_status status = load(path, c, &n, err);
    char *text = c->text;
    size_t n_lines = text ? count(text, '\n') + 1 : 0;
    if (!status && strncmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    while (!status && (line = next_line(&text)) != NULL) {
        number++;
        if (!holds_data(line))
            continue;
        if (!separator) {
            separator = strchr(line, '\t') || !strchr(line, ',') ? '\t' : ',';
            c->n_columns = count(line, separator) + 1;
            status = reserve(c, n_lines, err);
            if (!status)
                status = split(c, line, separator, 0, err);
            continue;
        }
        status = split(c, line, separator, number, err);
        c->line[c->n_rows++] = number;
    }
    if (!status && c->n_rows == 0)
        return bw_error_set(err, BW_ERR_FORMAT, "%s: no rows", c->path);
    return status;
}

/* ---- use ---- */

size_t bw_columns_find(const bw_columns *c, const char *name)
{
    size_t k = 0;

    while (k < c->n_columns && strcmp(c->cell[k], name) != 0)
        k++;
    return k;
}

bw_status bw_columns_need(const bw_columns *c, const char *name, size_t *column,
                          bw_error *err)
{
    char names[NAMES] = "";

    *column = bw_columns_find(c, name);
    if (*column < c->n_columns)
        return BW_OK;
    for (size_t k = 0; k < c->n_columns; k++) {
        size_t n = strlen(names), m = strlen(c->cell[k]);
        if (n + m + 3 > sizeof names)
            break;
        memcpy(names + n, ", ", n ? 2 : 0);
        memcpy(names + n + (n ? 2 : 0), c->cell[k], m + 1);
    }
    return bw_error_set(err, BW_ERR_USAGE, "%s: no column '%s'; there are %s",
                        c->path, name, names);
}

const char *bw_columns_text(const bw_columns *c, size_t row, size_t column)
{
    return c->cell[(row + 1) * c->n_columns + column];
}

bw_status bw_columns_number(const bw_columns *c, size_t row, size_t column,
                            double *value, bw_error *err)
{
    const char *text = bw_columns_text(c, row, column);
    char shown[BW_UTF8_SHOWN], *end;

    *value = strtod(text, &end);
    if (end > text && end[strspn(end, " ")] == '\0')
        return BW_OK;
    return bw_error_set(err, BW_ERR_FORMAT, "%s:%zu: %s: '%s' is no number",
                        c->path, c->line[row], c->cell[column],
                        bw_utf8_show(text, shown));
}
