/* labels.c - whole numbers, one an item. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "store/array.h"
#include "store/labels.h"

struct bw_labels {
    char *name;
    bw_array *array;
    void *row;
    size_t capacity;
    uint64_t n_read;
};

static bw_status open_array(bw_labels *labels, const char *path, bw_error *err)
{
    bw_bytes *bytes = NULL;
    bw_format format = BW_FORMAT_AUTO;
    bw_status rc = bw_bytes_open(path, &bytes, err);

    if (rc == BW_OK)
        rc = bw_array_sniff(bytes, &format, err);
    if (rc == BW_OK && format == BW_FORMAT_PNG)
        rc = bw_error_set(err, BW_ERR_FORMAT, "%s: a PNG, labels wanted", path);
    if (rc) {
        bw_bytes_close(bytes);
        return rc;
    }
    rc = bw_array_open(bytes, format, NULL, &labels->array, err);
    if (rc == BW_OK && bw_array_row_items(labels->array) != 1)
        rc = bw_error_set(err, BW_ERR_DIMENSION,
                          "%s: %zu numbers a row, one label wanted", path,
                          bw_array_row_items(labels->array));
    return rc;
}

bw_status bw_labels_open(const char *path, bw_labels **ret_labels,
                         bw_error *err)
{
    bw_labels *labels = calloc(1, sizeof *labels);

    *ret_labels = NULL;
    if (!labels || !(labels->name = strdup(path))) {
        free(labels);
        return bw_error_memory(err);
    }
    bw_status rc = open_array(labels, path, err);
    if (rc)
        bw_labels_close(labels);
    else
        *ret_labels = labels;
    return rc;
}

void bw_labels_close(bw_labels *labels)
{
    if (!labels)
        return;
    bw_array_close(labels->array);
    free(labels->row);
    free(labels->name);
    free(labels);
}

bw_status bw_labels_next(bw_labels *labels, int32_t *label, bw_error *err)
{
    bool is_end;
    double value;
    bw_status rc = bw_array_read(labels->array, &labels->row, &labels->capacity,
                                 NULL, &is_end, err);

    if (rc)
        return rc;
    if (is_end)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: %llu labels, but there are more items",
                            labels->name, (unsigned long long)labels->n_read);
    bw_dtype_to_double(bw_array_layout(labels->array)->dtype, labels->row, 1,
                       &value);
    if (!(value >= INT32_MIN && value <= INT32_MAX) ||
        value != (double)(int32_t)value)
        return bw_error_set(
            err, BW_ERR_RANGE, "%s: label %llu: %.17g is no 32-bit integer",
            labels->name, (unsigned long long)labels->n_read, value);
    *label = (int32_t)value;
    labels->n_read++;
    return BW_OK;
}

bw_status bw_labels_finish(bw_labels *labels, uint64_t *digest, bw_error *err)
{
    bool is_end;
    bw_status rc = bw_array_read(labels->array, &labels->row, &labels->capacity,
                                 NULL, &is_end, err);

    if (rc)
        return rc;
    if (!is_end)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: more labels than the %llu items", labels->name,
                            (unsigned long long)labels->n_read);
    return bw_array_finish(labels->array, digest, err);
}
