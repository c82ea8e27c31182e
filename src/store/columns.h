/* columns.h - a table whose columns have names, such as a training log: words
 * and numbers, held whole. */
#ifndef BW_COLUMNS_H
#define BW_COLUMNS_H

#include <stddef.h>

#include "barrow/status.h"

typedef struct bw_columns {
    char *path;   /* for messages */
    char *text;   /* what all cells point into */
    char **cell;  /* (1 + n_rows, n_columns): names first */
    size_t *line; /* n_rows: the file's line numbers */
    size_t n_rows, n_columns;
} bw_columns;

/* Reads path ("-": standard input), plain or compressed: fields between tabs
 * or, where the first line has none, commas; blank lines and lines that begin
 * with # are skipped. The first line holds the names.
 * BW_ERR_FORMAT with line for a row of another number of fields, zero bytes, no
 * rows, and text beyond 2^30 bytes; BW_ERR_IO, BW_ERR_MEMORY. Clear after
 * failure, too. */
bw_status bw_columns_read(const char *path, bw_columns *columns,
                          bw_error *err) BW_MUST_CHECK;
void bw_columns_clear(bw_columns *columns);

/* The column of a name: n_columns where there is none such. */
size_t bw_columns_find(const bw_columns *columns, const char *name);
/* The same; BW_ERR_USAGE with all names. */
bw_status bw_columns_need(const bw_columns *columns, const char *name,
                          size_t *column, bw_error *err) BW_MUST_CHECK;

const char *bw_columns_text(const bw_columns *columns, size_t row,
                            size_t column);
/* A number, which may be nan or infinite; BW_ERR_FORMAT with line and name. */
bw_status bw_columns_number(const bw_columns *columns, size_t row,
                            size_t column, double *value,
                            bw_error *err) BW_MUST_CHECK;

#endif
