/* writer.c - a container that appears whole: tensors wait in spools, and at
 * commit the header, which needs their lengths, goes before them. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/output.h"
#include "store/header.h"
#include "store/spool.h"
#include "store/utf8.h"

typedef struct column {
    bw_spool *spool;
    uint64_t n_row_bytes;
    uint64_t n_bytes; /* that came, uncompressed */
} column;

struct bw_writer {
    char *path;
    bool is_compressed;
    bw_output *output; /* NULL once committed or given up */
    bw_press press;
    bw_header header; /* tensors in the order of bw_writer_add */
    column *column;   /* beside header.tensor */
};

/* ---- creating ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), n_end = strlen(end);

    return n >= n_end && strcmp(text + n - n_end, end) == 0;
}

bw_status bw_writer_create(const char *path, bw_writer **ret_writer,
                           bw_error *err)
{
    bw_writer *w = calloc(1, sizeof *w);
    bw_status status;

    *ret_writer = NULL;
    if (w == NULL)
        return bw_error_memory(err);
    w->path = strdup(path);
    w->is_compressed = !ends_with(path, ".safetensors");
    if (w->path == NULL || (w->is_compressed && !bw_press_init(&w->press)))
        status = bw_error_memory(err);
    else
        status = bw_output_open(path, &w->output, err);
    if (status != BW_OK) {
        bw_writer_destroy(w);
        return status;
    }
    *ret_writer = w;
    return BW_OK;
}

void bw_writer_destroy(bw_writer *writer)
{
    if (writer == NULL)
        return;
    for (size_t k = 0; k < writer->header.n_tensors; k++)
        bw_spool_destroy(writer->column[k].spool);
    free(writer->column);
    bw_header_clear(&writer->header);
    bw_press_clear(&writer->press);
    bw_output_destroy(writer->output);
    free(writer->path);
    free(writer);
}

static bw_spool *create_spool(bw_writer *w)
{
    return bw_spool_create(w->is_compressed ? &w->press : NULL,
                           strcmp(w->path, "-") == 0 ? NULL : w->path);
}

/* ---- filling ---- */

bw_status bw_writer_set_meta(bw_writer *writer, const char *key,
                             const char *value, bw_error *err)
{
    return bw_header_set_meta(&writer->header, key, value, err);
}

static bw_status check_name(const bw_writer *w, const char *name, bw_error *err)
{
    size_t n = strlen(name), length;
    char shown[BW_UTF8_SHOWN];

    bw_utf8_show(name, shown);
    if (strcmp(name, BW_HEADER_META) == 0)
        return bw_error_set(err, BW_ERR_USAGE,
                            "tensor '%s': this name is taken by the format",
                            shown);
    for (size_t k = 0; k < w->header.n_tensors; k++)
        if (strcmp(w->header.tensor[k].name, name) == 0)
            return bw_error_set(err, BW_ERR_USAGE, "tensor '%s' is there twice",
                                shown);
    for (size_t k = 0; k < n; k += length) {
        length = bw_utf8_length(name + k, n - k);
        if (length == 0)
            return bw_error_set(err, BW_ERR_RANGE,
                                "tensor '%s': the name is no UTF-8", shown);
    }
    return BW_OK;
}

bw_status bw_writer_add(bw_writer *writer, const char *name, bw_dtype dtype,
                        unsigned rank, const uint64_t *row_shape, size_t *index,
                        bw_error *err)
{
    size_t n = writer->header.n_tensors;
    bw_tensor tensor = {.name = name, .dtype = dtype, .rank = rank};
    column *columns;
    bw_status status = check_name(writer, name, err);

    if (status != BW_OK)
        return status;
    if (rank < 1 || rank > BW_MAX_RANK)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "tensor '%s': %u axes, not 1 to %d", name, rank,
                            BW_MAX_RANK);
    tensor.shape[0] = 1;
    for (unsigned k = 1; k < rank; k++)
        tensor.shape[k] = row_shape[k - 1];
    if (!bw_header_measure(&tensor))
        return bw_error_set(err, BW_ERR_RANGE,
                            "tensor '%s': a row of more bytes than 63 bits "
                            "count",
                            name);
    columns = realloc(writer->column, (n + 1) * sizeof *columns);
    if (columns == NULL)
        return bw_error_memory(err);
    writer->column = columns;
    columns[n] = (column){create_spool(writer), tensor.n_bytes, 0};
    if (columns[n].spool == NULL)
        return bw_error_memory(err);
    status = bw_header_add(&writer->header, &tensor, err);
    if (status != BW_OK) {
        bw_spool_destroy(columns[n].spool);
        return status;
    }
    *index = n;
    return BW_OK;
}

bw_status bw_writer_append(bw_writer *writer, size_t index, const void *data,
                           size_t n_bytes, bw_error *err)
{
    column *c = &writer->column[index];

    if (n_bytes > INT64_MAX - c->n_bytes)
        return bw_error_set(err, BW_ERR_RANGE,
                            "%s: tensor '%s': more bytes than 63 bits count",
                            writer->path, writer->header.tensor[index].name);
    c->n_bytes += n_bytes;
    return bw_spool_append(c->spool, data, n_bytes, err);
}

/* ---- committing ---- */

/* Of rows without items there are no bytes. */
static bool is_whole(const column *c)
{
    return c->n_row_bytes > 0 ? c->n_bytes % c->n_row_bytes == 0
                              : c->n_bytes == 0;
}

/* Ends the spools; the first sizes and all lengths become known. */
static bw_status end_columns(bw_writer *w, bw_error *err)
{
    for (size_t k = 0; k < w->header.n_tensors; k++) {
        bw_tensor *t = &w->header.tensor[k];
        column *c = &w->column[k];
        bw_status status;

        if (!is_whole(c))
            return bw_error_set(err, BW_ERR_INTERNAL,
                                "%s: tensor '%s': %" PRIu64
                                " bytes are no whole number of rows of "
                                "%" PRIu64,
                                w->path, t->name, c->n_bytes, c->n_row_bytes);
        t->shape[0] = c->n_bytes == 0 ? 0 : c->n_bytes / c->n_row_bytes;
        if (!bw_header_measure(t))
            return bw_error_set(err, BW_ERR_RANGE,
                                "%s: tensor '%s': more bytes than 63 bits "
                                "count",
                                w->path, t->name);
        status = bw_spool_end(c->spool, err);
        if (status != BW_OK)
            return status;
    }
    return BW_OK;
}

/* Numbers of the tensors in file order: larger items first. */
static void order_tensors(const bw_header *header, size_t *order)
{
    size_t n = 0;

    for (size_t size = 8; size > 0; size /= 2)
        for (size_t k = 0; k < header->n_tensors; k++)
            if (bw_dtype_size(header->tensor[k].dtype) == size)
                order[n++] = k;
}

/* The header's text with its length before it, as a spool that is ended. */
static bw_status spool_header(bw_writer *w, const size_t *order,
                              bw_spool **ret_spool, bw_error *err)
{
    bw_header sorted = w->header;
    unsigned char length[8];
    char *text = NULL;
    size_t n_text = 0;
    bw_status status;

    *ret_spool = create_spool(w);
    sorted.tensor = malloc((sorted.n_tensors + 1) * sizeof *sorted.tensor);
    if (sorted.tensor == NULL || *ret_spool == NULL) {
        free(sorted.tensor);
        return bw_error_memory(err);
    }
    sorted.n_data_bytes = 0;
    for (size_t k = 0; k < sorted.n_tensors; k++) {
        sorted.tensor[k] = w->header.tensor[order[k]];
        sorted.tensor[k].offset = sorted.n_data_bytes;
        sorted.n_data_bytes += sorted.tensor[k].n_bytes;
    }
    status = bw_header_print(&sorted, &text, &n_text, err);
    for (unsigned k = 0; k < sizeof length; k++)
        length[k] = (unsigned char)((uint64_t)n_text >> 8 * k);
    if (status == BW_OK)
        status = bw_spool_append(*ret_spool, length, sizeof length, err);
    if (status == BW_OK)
        status = bw_spool_append(*ret_spool, text, n_text, err);
    if (status == BW_OK)
        status = bw_spool_end(*ret_spool, err);
    free(text);
    free(sorted.tensor);
    return status;
}

static bw_status check_total(const bw_writer *w, bw_error *err)
{
    uint64_t total = 0;

    for (size_t k = 0; k < w->header.n_tensors; k++) {
        if (w->header.tensor[k].n_bytes > INT64_MAX - total)
            return bw_error_set(err, BW_ERR_RANGE,
                                "%s: more bytes than 63 bits count", w->path);
        total += w->header.tensor[k].n_bytes;
    }
    return BW_OK;
}

static bw_status write_all(bw_writer *w, bw_error *err)
{
    size_t *order = malloc((w->header.n_tensors + 1) * sizeof *order);
    bw_spool *head = NULL;
    bw_status status;

    if (order == NULL)
        return bw_error_memory(err);
    order_tensors(&w->header, order);
    status = check_total(w, err);
    if (status == BW_OK)
        status = spool_header(w, order, &head, err);
    if (status == BW_OK)
        status = bw_spool_copy(head, w->output, err);
    for (size_t k = 0; k < w->header.n_tensors && status == BW_OK; k++)
        status = bw_spool_copy(w->column[order[k]].spool, w->output, err);
    bw_spool_destroy(head);
    free(order);
    return status;
}

bw_status bw_writer_commit(bw_writer *writer, bw_error *err)
{
    bw_status status = end_columns(writer, err);

    if (status == BW_OK)
        status = write_all(writer, err);
    if (status == BW_OK)
        status = bw_output_commit(writer->output, err);
    bw_output_destroy(writer->output);
    writer->output = NULL;
    return status;
}
