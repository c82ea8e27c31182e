/* array.h - a stream of equal rows from IDX, NPY or a table of numbers. */
#ifndef BW_ARRAY_H
#define BW_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/container.h"
#include "store/bytes.h"

typedef enum bw_format {
    BW_FORMAT_AUTO, /* by magic */
    BW_FORMAT_IDX,
    BW_FORMAT_NPY,
    BW_FORMAT_TSV,
    BW_FORMAT_CSV,
    BW_FORMAT_PNG
} bw_format;

/* A row beyond this is refused: no image or histogram is so large. */
#define BW_ROW_MAX ((uint64_t)1 << 30)

/* What an IDX or NPY header says. shape[0] counts the rows. */
typedef struct bw_array_form {
    bw_dtype dtype;
    unsigned rank;
    uint64_t shape[BW_MAX_RANK];
    bool is_big_endian;
    bool is_fortran; /* first index fastest */
} bw_array_form;

typedef struct bw_array bw_array;

/* Tells the format of an opened file by its first bytes. A table counts as CSV
 * when its first line of data has a comma and no tab. BW_ERR_FORMAT when it is
 * none. */
bw_status bw_array_sniff(bw_bytes *bytes, bw_format *format,
                         bw_error *err) BW_MUST_CHECK;

/* Reads the header from bytes, which the array owns from then on, also when
 * opening fails. opt_label names a table's label column (1, 2, ... or its name
 * in the header line); with other formats it is BW_ERR_USAGE. The format must
 * be no BW_FORMAT_AUTO and no BW_FORMAT_PNG. Declared sizes are checked against
 * the bytes that can follow; a header that promises no rows or no items is
 * BW_ERR_FORMAT. */
bw_status bw_array_open(bw_bytes *bytes, bw_format format,
                        const char *opt_label, bw_array **ret_array,
                        bw_error *err) BW_MUST_CHECK;
void bw_array_close(bw_array *array);

/* Type and shape. A table is F64 of rank 2, and its shape[0] is UINT64_MAX. */
const bw_array_form *bw_array_layout(const bw_array *array);
/* Items of a row. */
size_t bw_array_row_items(const bw_array *array);

/* Reads the next row into *row of *capacity bytes, which grows as bytes come;
 * host byte order, last index fastest. *opt_label gets a table's label.
 * *is_end is set instead when there is none. */
bw_status bw_array_read(bw_array *array, void **row, size_t *capacity,
                        int32_t *opt_label, bool *is_end,
                        bw_error *err) BW_MUST_CHECK;

/* All rows must have been read; checks that the file ends here and gives its
 * digest. */
bw_status bw_array_finish(bw_array *array, uint64_t *digest,
                          bw_error *err) BW_MUST_CHECK;

/* Reads a whole file (path, format sniffed) of rank 1 or 2 as doubles:
 * (n_rows, n_columns), a vector being one column. *ret_values is for free(). */
bw_status bw_array_load(const char *path, size_t *n_rows, size_t *n_columns,
                        double **ret_values, uint64_t *digest,
                        bw_error *err) BW_MUST_CHECK;

#endif
