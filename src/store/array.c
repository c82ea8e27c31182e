/* array.c - equal rows from IDX, NPY and tables behind one call. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/output.h"
#include "store/array.h"
#include "store/idx.h"
#include "store/npy.h"
#include "store/table.h"

struct bw_array {
    bw_bytes *bytes;
    bw_table *table; /* NULL: IDX or NPY */
    bw_array_form layout;
    size_t row_items, row_bytes;
    uint64_t n_read;
    unsigned char *columns; /* a Fortran array, mapped from a scratch file */
    size_t columns_bytes;
};

/* ---- opening ---- */

/* Products of the shape, and whether the bytes that can follow hold them. */
static bw_status measure(bw_array *array, bw_error *err)
{
    const bw_array_form *layout = &array->layout;
    const char *name = bw_bytes_name(array->bytes);
    uint64_t n = bw_dtype_size(layout->dtype), left, total;

    if (layout->rank == 0)
        return bw_error_set(err, BW_ERR_FORMAT, "%s: a scalar, no rows", name);
    for (unsigned k = 0; k < layout->rank; k++)
        if (layout->shape[k] == 0)
            return bw_error_set(err, BW_ERR_FORMAT,
                                "%s: no items: size 0 in axis %u", name, k);
    for (unsigned k = 1; k < layout->rank; k++)
        if (layout->shape[k] > BW_ROW_MAX ||
            (n *= layout->shape[k]) > BW_ROW_MAX)
            return bw_error_set(err, BW_ERR_FORMAT,
                                "%s: declares rows over %llu bytes", name,
                                (unsigned long long)BW_ROW_MAX);
    array->row_bytes = (size_t)n;
    array->row_items = array->row_bytes / bw_dtype_size(layout->dtype);
    if (__builtin_mul_overflow(n, layout->shape[0], &total))
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: declares more than 2^64 bytes", name);
    left = bw_bytes_bound(array->bytes);
    if (left != UINT64_MAX && left != total)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: declares %llu bytes of data from byte %llu "
                            "on, %llu are there",
                            name, (unsigned long long)total,
                            (unsigned long long)bw_bytes_offset(array->bytes),
                            (unsigned long long)left);
    return BW_OK;
}

/* Copies the whole data into a nameless file as it comes, and maps that: pages
 * are the system's to drop. */
static bw_status spool_columns(bw_array *array, bw_error *err)
{
    uint64_t total = array->row_bytes * array->layout.shape[0], n_done = 0;
    const unsigned char *data;
    size_t n;
    int fd = -1;
    bw_status rc = bw_output_scratch(NULL, &fd, err);

    while (rc == BW_OK && n_done < total) {
        rc = bw_bytes_next(array->bytes, &data, &n, err);
        if (rc)
            break;
        if (n > total - n_done)
            n = (size_t)(total - n_done);
        if (n == 0)
            rc = bw_error_set(err, BW_ERR_FORMAT,
                              "%s: ends at byte %llu, %llu bytes too early",
                              bw_bytes_name(array->bytes),
                              (unsigned long long)bw_bytes_offset(array->bytes),
                              (unsigned long long)(total - n_done));
        else
            rc = bw_output_write_fd(fd, "scratch file", data, n, err);
        bw_bytes_take(array->bytes, n);
        n_done += n;
    }
    if (rc == BW_OK) {
        void *map = mmap(NULL, (size_t)total, PROT_READ, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED) {
            rc = bw_error_errno(err, "scratch file");
        } else {
            array->columns = map;
            array->columns_bytes = (size_t)total;
        }
    }
    if (fd >= 0)
        close(fd);
    return rc;
}

static bw_status open_table(bw_array *array, bw_format format,
                            const char *opt_label, bw_error *err)
{
    char separator = format == BW_FORMAT_CSV ? ',' : 0;
    bw_status rc =
        bw_table_open(array->bytes, separator, opt_label, &array->table, err);

    if (rc)
        return rc;
    array->row_items = bw_table_n_columns(array->table);
    array->row_bytes = array->row_items * sizeof(double);
    array->layout = (bw_array_form){
        .dtype = BW_F64, .rank = 2, .shape = {UINT64_MAX, array->row_items}};
    return BW_OK;
}

static bw_status open_format(bw_array *array, bw_format format,
                             const char *opt_label, bw_error *err)
{
    bw_status rc;

    if (format == BW_FORMAT_TSV || format == BW_FORMAT_CSV)
        return open_table(array, format, opt_label, err);
    if (opt_label)
        return bw_error_set(err, BW_ERR_USAGE,
                            "%s: a label column, but this is no table",
                            bw_bytes_name(array->bytes));
    rc = format == BW_FORMAT_IDX
             ? bw_idx_read_header(array->bytes, &array->layout, err)
             : bw_npy_read_header(array->bytes, &array->layout, err);
    if (rc == BW_OK)
        rc = measure(array, err);
    if (rc == BW_OK && array->layout.is_fortran)
        rc = spool_columns(array, err);
    return rc;
}

bw_status bw_array_open(bw_bytes *bytes, bw_format format,
                        const char *opt_label, bw_array **ret_array,
                        bw_error *err)
{
    bw_array *array = calloc(1, sizeof *array);

    *ret_array = NULL;
    if (!array) {
        bw_bytes_close(bytes);
        return bw_error_memory(err);
    }
    array->bytes = bytes;
    bw_status rc = open_format(array, format, opt_label, err);
    if (rc)
        bw_array_close(array);
    else
        *ret_array = array;
    return rc;
}

void bw_array_close(bw_array *array)
{
    if (!array)
        return;
    if (array->columns)
        munmap(array->columns, array->columns_bytes);
    bw_table_close(array->table);
    bw_bytes_close(array->bytes);
    free(array);
}

static bool is_text(const unsigned char *data, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (data[k] < 9 || (data[k] > 13 && data[k] < 32) || data[k] == 127)
            return false;
    return true;
}

/* A comma in the first line of data that has no tab. */
static bool is_csv(const unsigned char *data, size_t n)
{
    bool has_comma = false, is_comment = false, is_start = true;

    for (size_t k = 0; k < n; k++) {
        if (data[k] == '\n') {
            if (has_comma)
                return true;
            is_comment = false;
            is_start = true;
            continue;
        }
        if (is_start && data[k] == '#')
            is_comment = true;
        is_start = false;
        if (!is_comment && data[k] == '\t')
            return false;
        if (!is_comment && data[k] == ',')
            has_comma = true;
    }
    return has_comma;
}

bw_status bw_array_sniff(bw_bytes *bytes, bw_format *format, bw_error *err)
{
    static const unsigned char png[8] = {0x89, 'P', 'N', 'G', 13, 10, 26, 10};
    const char *name = bw_bytes_name(bytes);
    const unsigned char *data;
    size_t n;
    bw_status rc = bw_bytes_next(bytes, &data, &n, err);

    if (rc)
        return rc;
    if (n == 0)
        return bw_error_set(err, BW_ERR_FORMAT, "%s: empty", name);
    if (n >= sizeof png && memcmp(data, png, sizeof png) == 0)
        *format = BW_FORMAT_PNG;
    else if (bw_npy_is_magic(data, n))
        *format = BW_FORMAT_NPY;
    else if (bw_idx_is_magic(data, n))
        *format = BW_FORMAT_IDX;
    else if (is_text(data, n < 512 ? n : 512))
        *format = is_csv(data, n) ? BW_FORMAT_CSV : BW_FORMAT_TSV;
    else if (n > 8 && data[8] == '{')
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: a container already, not IDX, NPY, TSV, CSV "
                            "or PNG",
                            name);
    else
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: neither IDX, NPY, TSV, CSV nor PNG", name);
    return BW_OK;
}

/* ---- rows ---- */

const bw_array_form *bw_array_layout(const bw_array *array)
{
    return &array->layout;
}

size_t bw_array_row_items(const bw_array *array)
{
    return array->row_items;
}

static bw_status reserve(void **row, size_t *capacity, size_t n, bw_error *err)
{
    if (*row && *capacity >= n)
        return BW_OK;
    void *grown = realloc(*row, n);
    if (!grown)
        return bw_error_memory(err);
    *row = grown;
    *capacity = n;
    return BW_OK;
}

static void swap_bytes(void *items, size_t n, size_t size)
{
    unsigned char *item = items;

    for (; n > 0; n--, item += size)
        for (size_t a = 0, b = size - 1; a < b; a++, b--) {
            unsigned char byte = item[a];
            item[a] = item[b];
            item[b] = byte;
        }
}

/* Row i of a Fortran array: item (i, j1, j2, ...) stands at
 * i + n0 (j1 + n1 (j2 + ...)). The counter walks the js, last fastest. */
static void gather_row(const bw_array *array, uint64_t i, unsigned char *row)
{
    const bw_array_form *layout = &array->layout;
    size_t size = bw_dtype_size(layout->dtype);
    uint64_t counter[BW_MAX_RANK] = {0}, stride[BW_MAX_RANK];

    stride[0] = 1;
    for (unsigned k = 1; k < layout->rank; k++)
        stride[k] = stride[k - 1] * layout->shape[k - 1];
    uint64_t at = i;
    for (size_t n = 0; n < array->row_items; n++) {
        memcpy(row + n * size, array->columns + at * size, size);
        unsigned k = layout->rank - 1;
        at += stride[k];
        while (++counter[k] == layout->shape[k] && k > 1) {
            at -= counter[k] * stride[k];
            counter[k] = 0;
            k--;
            at += stride[k];
        }
    }
}

static bw_status read_table(bw_array *array, void **row, size_t *capacity,
                            int32_t *opt_label, bool *is_end, bw_error *err)
{
    const double *values;
    int32_t label = 0;
    bw_status rc = bw_table_read(array->table, &values, &label, err);

    *is_end = rc == BW_OK && !values;
    if (rc || *is_end)
        return rc;
    rc = reserve(row, capacity, array->row_bytes, err);
    if (rc)
        return rc;
    memcpy(*row, values, array->row_bytes);
    if (opt_label)
        *opt_label = label;
    array->n_read++;
    return BW_OK;
}

bw_status bw_array_read(bw_array *array, void **row, size_t *capacity,
                        int32_t *opt_label, bool *is_end, bw_error *err)
{
    const bw_array_form *layout = &array->layout;
    size_t size = bw_dtype_size(layout->dtype);
    bw_status rc;

    if (array->table)
        return read_table(array, row, capacity, opt_label, is_end, err);
    *is_end = array->n_read == layout->shape[0];
    if (*is_end)
        return BW_OK;
    if (array->columns) {
        rc = reserve(row, capacity, array->row_bytes, err);
        if (rc == BW_OK)
            gather_row(array, array->n_read, *row);
    } else {
        rc = bw_bytes_read_grow(array->bytes, row, capacity, array->row_bytes,
                                err);
    }
    if (rc)
        return rc;
    if (layout->is_big_endian && size > 1)
        swap_bytes(*row, array->row_items, size);
    array->n_read++;
    return BW_OK;
}

bw_status bw_array_finish(bw_array *array, uint64_t *digest, bw_error *err)
{
    return bw_bytes_finish(array->bytes, digest, err);
}

/* ---- whole files ---- */

static bw_status load_rows(bw_array *array, size_t *n_rows, double **values,
                           bw_error *err)
{
    void *row = NULL;
    size_t capacity = 0, room = 0, n = array->row_items;
    const size_t first_rows = 4096 / n; /* of wide rows one at a time */
    bool is_end = false;
    bw_status rc;

    for (*n_rows = 0;; ++*n_rows) {
        rc = bw_array_read(array, &row, &capacity, NULL, &is_end, err);
        if (rc || is_end)
            break;
        if (*n_rows == room) {
            room = room * 2 + first_rows + 1;
            double *grown = realloc(*values, room * n * sizeof *grown);
            if (!grown) {
                rc = bw_error_memory(err);
                break;
            }
            *values = grown;
        }
        bw_dtype_to_double(array->layout.dtype, row, n, *values + *n_rows * n);
    }
    free(row);
    return rc;
}

bw_status bw_array_load(const char *path, size_t *n_rows, size_t *n_columns,
                        double **ret_values, uint64_t *digest, bw_error *err)
{
    bw_bytes *bytes = NULL;
    bw_array *array = NULL;
    bw_format format = BW_FORMAT_AUTO;
    bw_status rc = bw_bytes_open(path, &bytes, err);

    *ret_values = NULL;
    if (rc)
        return rc;
    rc = bw_array_sniff(bytes, &format, err);
    if (rc == BW_OK && format == BW_FORMAT_PNG)
        rc =
            bw_error_set(err, BW_ERR_FORMAT, "%s: a PNG, numbers wanted", path);
    if (rc) {
        bw_bytes_close(bytes);
        return rc;
    }
    rc = bw_array_open(bytes, format, NULL, &array, err);
    if (rc == BW_OK && array->layout.rank > 2)
        rc = bw_error_set(err, BW_ERR_DIMENSION,
                          "%s: rank %u, a vector or matrix wanted", path,
                          array->layout.rank);
    if (rc == BW_OK)
        rc = load_rows(array, n_rows, ret_values, err);
    if (rc == BW_OK)
        rc = bw_array_finish(array, digest, err);
    if (rc == BW_OK)
        *n_columns = array->row_items;
    bw_array_close(array);
    if (rc) {
        free(*ret_values);
        *ret_values = NULL;
    }
    return rc;
}
