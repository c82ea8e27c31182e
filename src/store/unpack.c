/* unpack.c - the frame of every export, and the binary formats. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "barrow/provenance.h"
#include "store/idx.h"
#include "store/npy.h"
#include "store/unpack.h"

/* ---- binary formats ---- */

/* The layout that the output has: the chosen rows of the tensor. */
static bw_array_form output_layout(const bw_unpack_options *options,
                                   const bw_tensor *tensor, uint64_t n_rows)
{
    bw_array_form layout = {.dtype = tensor->dtype, .rank = tensor->rank};

    memcpy(layout.shape, tensor->shape, sizeof layout.shape);
    if (tensor->rank > 0)
        layout.shape[0] = n_rows;
    if (options->format == BW_UNPACK_IDX && tensor->rank == 4 &&
        tensor->shape[3] == 1)
        layout.rank = 3;
    return layout;
}

static bw_status write_header(const bw_unpack_options *options,
                              const bw_array_form *layout, bw_output *output,
                              bw_error *err)
{
    char npy[BW_NPY_HEADER_MAX];
    unsigned char idx[BW_IDX_HEADER_MAX];
    size_t n = 0;
    bw_status rc;

    switch (options->format) {
    case BW_UNPACK_NPY:
        rc = bw_npy_make_header(layout, npy, &n, err);
        return rc ? rc : bw_output_write(output, npy, n, err);
    case BW_UNPACK_IDX:
        if (layout->rank == 0)
            return bw_error_set(err, BW_ERR_USAGE, "IDX cannot hold a scalar");
        rc = bw_idx_make_header(layout, idx, &n, err);
        return rc ? rc : bw_output_write(output, idx, n, err);
    default:
        return BW_OK;
    }
}

/* Copies n items of `size` bytes with their bytes turned around. */
static void turn_bytes(const unsigned char *from, size_t n, size_t size,
                       unsigned char *to)
{
    for (size_t k = 0; k < n; k++, from += size, to += size)
        for (size_t b = 0; b < size; b++)
            to[b] = from[size - 1 - b];
}

static bw_status write_rows(const bw_unpack_options *options,
                            const bw_tensor *tensor, bw_pick *pick,
                            bw_output *output, bw_error *err)
{
    size_t size = bw_dtype_size(tensor->dtype);
    size_t n = tensor->n_bytes ? (size_t)bw_pick_row_items(tensor) : 0;
    bool is_turned = options->format == BW_UNPACK_IDX && size > 1;
    unsigned char *turned = is_turned ? malloc(n * size + 1) : NULL;
    bool is_end = false;
    uint64_t number;
    bw_status rc = is_turned && !turned ? bw_error_memory(err) : BW_OK;

    while (rc == BW_OK) {
        const void *row = NULL;
        rc = bw_pick_next(pick, &row, &number, &is_end, err);
        if (rc || is_end)
            break;
        if (is_turned)
            turn_bytes(row, n, size, turned);
        rc = bw_output_write(output, is_turned ? turned : row, n * size, err);
    }
    free(turned);
    return rc;
}

static bw_status write_binary(const bw_unpack_options *options,
                              const bw_tensor *tensor, bw_pick *pick,
                              bw_error *err)
{
    bw_array_form layout = output_layout(options, tensor, bw_pick_n_rows(pick));
    bw_output *output = NULL;
    bw_status rc = bw_output_open(options->output, &output, err);

    if (rc == BW_OK)
        rc = write_header(options, &layout, output, err);
    if (rc == BW_OK)
        rc = write_rows(options, tensor, pick, output, err);
    if (rc == BW_OK)
        rc = bw_output_commit(output, err);
    bw_output_destroy(output);
    return rc;
}

/* ---- the whole ---- */

static bw_status no_tensor(const bw_reader *reader, const char *name,
                           bw_error *err)
{
    char list[400] = "";
    size_t n = 0;

    for (size_t k = 0; k < bw_reader_n_tensors(reader); k++) {
        const char *one = bw_reader_tensor(reader, k)->name;
        size_t length = strlen(one);
        if (n + length + 3 > sizeof list)
            break;
        if (n > 0)
            list[n++] = ' ';
        memcpy(list + n, one, length + 1);
        n += length;
    }
    return bw_error_set(err, BW_ERR_USAGE, "%s: no tensor %s (it has: %s)",
                        bw_reader_path(reader), name, list);
}

static bw_status find_tensors(const bw_unpack_options *options,
                              const bw_reader *reader, const bw_tensor **tensor,
                              bw_error *err)
{
    for (size_t k = 0; k < options->n_tensors; k++) {
        tensor[k] = bw_reader_find(reader, options->tensor[k]);
        if (!tensor[k])
            return no_tensor(reader, options->tensor[k], err);
    }
    return BW_OK;
}

static bw_status check_options(const bw_unpack_options *options, bw_error *err)
{
    bool is_text =
        options->format == BW_UNPACK_TSV || options->format == BW_UNPACK_CSV;

    if (options->n_tensors == 0)
        return bw_error_set(err, BW_ERR_USAGE, "no tensor is named");
    if (options->n_tensors > 1 && !is_text)
        return bw_error_set(err, BW_ERR_USAGE,
                            "several tensors stand side by side in TSV and "
                            "CSV only");
    if (options->header && !is_text)
        return bw_error_set(err, BW_ERR_USAGE, "--header is for TSV and CSV");
    return BW_OK;
}

/* Files with names of their own, which would stay where a later row turns out
 * to be damaged. */
static bool makes_files(const bw_unpack_options *options)
{
    return options->format == BW_UNPACK_PNG && options->is_folder &&
           options->picture.grid_rows == 0;
}

bw_status bw_unpack(const bw_unpack_options *options, bw_error *err)
{
    const bw_tensor **tensor = NULL;
    bw_reader *reader = NULL;
    bw_pick *pick = NULL;
    bw_status rc = check_options(options, err);

    if (rc)
        return rc;
    tensor = calloc(options->n_tensors, sizeof *tensor);
    rc = tensor ? bw_reader_open(options->file, &reader, err)
                : bw_error_memory(err);
    if (rc == BW_OK)
        rc = find_tensors(options, reader, tensor, err);
    if (rc == BW_OK)
        rc = bw_pick_open(reader, options->n_tensors, tensor, options->n_ranges,
                          options->range, makes_files(options),
                          options->stopped, &pick, err);
    if (rc)
        goto done;
    const char *kind = bw_reader_meta(reader, BW_META_KIND);
    switch (options->format) {
    case BW_UNPACK_TSV:
    case BW_UNPACK_CSV:
        rc = bw_unpack_text(options, options->n_tensors, tensor, pick, err);
        break;
    case BW_UNPACK_PNG:
        rc = bw_unpack_pictures(options, tensor[0],
                                kind && strcmp(kind, "images") == 0, pick, err);
        break;
    default:
        rc = write_binary(options, tensor[0], pick, err);
    }
done:
    bw_pick_close(pick);
    bw_reader_close(reader);
    free(tensor);
    return rc;
}
