/* table.h - rows of numbers in text: tab, comma or space between them, a
 * header line where there is one, # comments, blank lines skipped. */
#ifndef BW_TABLE_H
#define BW_TABLE_H

#include <stdbool.h>

#include "store/bytes.h"

typedef struct bw_table bw_table;

/* Reads as far as the first row, which fixes the number of columns. separator
 * is '\t', ',', or 0: the first of tab and comma that the first line holds,
 * else runs of spaces. opt_label: a label column, by number from 1 or by name.
 * bytes stay the caller's. BW_ERR_FORMAT with name:line:column, or
 * BW_ERR_USAGE for a label column that is not there. */
bw_status bw_table_open(bw_bytes *bytes, char separator, const char *opt_label,
                        bw_table **ret_table, bw_error *err) BW_MUST_CHECK;
void bw_table_close(bw_table *table);

/* Numbers in a row, without the label. */
size_t bw_table_n_columns(const bw_table *table);

/* Lends the next row; *values = NULL at the end. */
bw_status bw_table_read(bw_table *table, const double **values, int32_t *label,
                        bw_error *err) BW_MUST_CHECK;

#endif
