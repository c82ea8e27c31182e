/* sink.c - parts, and the shuffle.
 *
 * A shuffle can place no row before it knows how many there are, so rows wait
 * in a nameless scratch file beside the output and are read back in the order
 * drawn: memory holds one index a row. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "barrow/container.h"
#include "barrow/random.h"
#include "base/output.h"
#include "store/labels.h"
#include "store/sink.h"

enum { SPOOL_BUFFER = 1 << 18 };

typedef struct part {
    bw_writer *writer;
    size_t main, labels; /* tensor numbers */
    uint64_t n, n_max;
} part;

struct bw_sink {
    const bw_pack_options *options;
    size_t n_parts, k_part; /* k_part: the one that takes the next row */
    part *part;
    size_t row_bytes, spool_bytes; /* with the label */
    bool has_labels;
    int spool; /* -1: none */
    unsigned char *buffer;
    size_t n_buffer;
    uint64_t n_rows;
};

/* ---- opening ---- */

/* The output's name with %s replaced; to be freed. */
static char *part_path(const bw_pack_options *options, size_t k)
{
    const char *at = strstr(options->output, "%s");
    char *path = NULL;

    if (options->n_parts == 0 || !at)
        return strdup(options->output);
    if (asprintf(&path, "%.*s%s%s", (int)(at - options->output),
                 options->output, options->part[k].name, at + 2) < 0)
        return NULL;
    return path;
}

static bw_status open_parts(bw_sink *sink, bw_error *err)
{
    const bw_pack_options *options = sink->options;

    sink->n_parts = options->n_parts ? options->n_parts : 1;
    sink->part = calloc(sink->n_parts, sizeof *sink->part);
    if (!sink->part)
        return bw_error_memory(err);
    for (size_t k = 0; k < sink->n_parts; k++) {
        char *path = part_path(options, k);
        sink->part[k].n_max =
            options->n_parts ? options->part[k].n : UINT64_MAX;
        if (!path)
            return bw_error_memory(err);
        bw_status rc = bw_writer_create(path, &sink->part[k].writer, err);
        free(path);
        if (rc)
            return rc;
    }
    return BW_OK;
}

bw_status bw_sink_create(const bw_pack_options *options, bw_sink **ret_sink,
                         bw_error *err)
{
    bw_sink *sink = calloc(1, sizeof *sink);
    const char *beside = strcmp(options->output, "-") ? options->output : NULL;

    *ret_sink = NULL;
    if (!sink)
        return bw_error_memory(err);
    sink->options = options;
    sink->spool = -1;
    bw_status rc = open_parts(sink, err);
    if (rc == BW_OK && options->shuffle) {
        sink->buffer = malloc(SPOOL_BUFFER);
        rc = sink->buffer ? bw_output_scratch(beside, &sink->spool, err)
                          : bw_error_memory(err);
    }
    if (rc)
        bw_sink_destroy(sink);
    else
        *ret_sink = sink;
    return rc;
}

void bw_sink_destroy(bw_sink *sink)
{
    if (!sink)
        return;
    for (size_t k = 0; sink->part && k < sink->n_parts; k++)
        bw_writer_destroy(sink->part[k].writer);
    if (sink->spool >= 0)
        close(sink->spool);
    free(sink->buffer);
    free(sink->part);
    free(sink);
}

bw_status bw_sink_begin(bw_sink *sink, const char *tensor, bw_dtype dtype,
                        unsigned rank, const uint64_t *row_shape,
                        bool has_labels, bw_error *err)
{
    bw_status rc = BW_OK;

    sink->row_bytes = bw_dtype_size(dtype);
    for (unsigned k = 0; k + 1 < rank; k++)
        sink->row_bytes *= (size_t)row_shape[k];
    sink->has_labels = has_labels;
    sink->spool_bytes = sink->row_bytes + (has_labels ? sizeof(int32_t) : 0);
    for (size_t k = 0; k < sink->n_parts && rc == BW_OK; k++) {
        part *p = &sink->part[k];
        rc = bw_writer_add(p->writer, tensor, dtype, rank, row_shape, &p->main,
                           err);
        if (rc == BW_OK && has_labels)
            rc = bw_writer_add(p->writer, "labels", BW_I32, 1, NULL, &p->labels,
                               err);
    }
    return rc;
}

bw_status bw_sink_add_matrix(bw_sink *sink, const char *tensor, size_t n_rows,
                             size_t n_columns, const double *values,
                             bw_error *err)
{
    uint64_t shape[1] = {n_columns};
    bw_status rc = BW_OK;

    for (size_t k = 0; k < sink->n_parts && rc == BW_OK; k++) {
        bw_writer *writer = sink->part[k].writer;
        size_t index;
        rc = bw_writer_add(writer, tensor, BW_F64, 2, shape, &index, err);
        if (rc == BW_OK)
            rc = bw_writer_append(writer, index, values,
                                  n_rows * n_columns * sizeof *values, err);
    }
    return rc;
}

/* ---- rows ---- */

/* Into the part whose turn it is; rows beyond the last part are dropped. */
static bw_status deal(bw_sink *sink, const void *row, int32_t label,
                      bw_error *err)
{
    while (sink->k_part < sink->n_parts &&
           sink->part[sink->k_part].n == sink->part[sink->k_part].n_max)
        sink->k_part++;
    if (sink->k_part == sink->n_parts)
        return BW_OK;
    part *p = &sink->part[sink->k_part];
    bw_status rc =
        bw_writer_append(p->writer, p->main, row, sink->row_bytes, err);
    if (rc == BW_OK && sink->has_labels)
        rc = bw_writer_append(p->writer, p->labels, &label, sizeof label, err);
    p->n++;
    return rc;
}

static bw_status flush(bw_sink *sink, bw_error *err)
{
    size_t n = sink->n_buffer;

    sink->n_buffer = 0;
    return bw_output_write_fd(sink->spool, "scratch file", sink->buffer, n,
                              err);
}

static bw_status spool(bw_sink *sink, const void *data, size_t n, bw_error *err)
{
    bw_status rc = BW_OK;

    if (n > SPOOL_BUFFER - sink->n_buffer)
        rc = flush(sink, err);
    if (rc == BW_OK && n > SPOOL_BUFFER)
        return bw_output_write_fd(sink->spool, "scratch file", data, n, err);
    if (rc)
        return rc;
    memcpy(sink->buffer + sink->n_buffer, data, n);
    sink->n_buffer += n;
    return BW_OK;
}

bw_status bw_sink_put(bw_sink *sink, const void *row, int32_t label,
                      bw_error *err)
{
    sink->n_rows++;
    if (sink->spool < 0)
        return deal(sink, row, label, err);
    bw_status rc = spool(sink, row, sink->row_bytes, err);
    if (rc == BW_OK && sink->has_labels)
        rc = spool(sink, &label, sizeof label, err);
    return rc;
}

/* ---- the end ---- */

static bw_status deal_order(bw_sink *sink, const unsigned char *rows,
                            const size_t *order, bw_error *err)
{
    const bw_pack_options *options = sink->options;
    bw_status rc = BW_OK;

    for (uint64_t k = 0; k < sink->n_rows && rc == BW_OK; k++) {
        const unsigned char *row = rows + order[k] * sink->spool_bytes;
        int32_t label = 0;
        if (sink->has_labels)
            memcpy(&label, row + sink->row_bytes, sizeof label);
        if (options->stopped && options->stopped())
            return bw_error_set(err, BW_ERR_INTERRUPTED, "interrupted");
        rc = deal(sink, row, label, err);
    }
    return rc;
}

static bw_status unspool(bw_sink *sink, bw_error *err)
{
    size_t n = (size_t)sink->n_rows, n_bytes = n * sink->spool_bytes;
    size_t *order = malloc(n * sizeof *order);
    void *rows = MAP_FAILED;
    bw_random random;
    bw_status rc = order ? flush(sink, err) : bw_error_memory(err);

    if (rc)
        goto done;
    rows = mmap(NULL, n_bytes, PROT_READ, MAP_SHARED, sink->spool, 0);
    if (rows == MAP_FAILED) {
        rc = bw_error_errno(err, "scratch file");
        goto done;
    }
    for (size_t k = 0; k < n; k++)
        order[k] = k;
    bw_random_init(&random, sink->options->seed, BW_RANDOM_SHUFFLE, 0);
    bw_random_shuffle(&random, n, order);
    rc = deal_order(sink, rows, order, err);
done:
    if (rows != MAP_FAILED)
        munmap(rows, n_bytes);
    free(order);
    return rc;
}

static bw_status check_parts(const bw_sink *sink, bw_error *err)
{
    uint64_t wanted = 0;

    for (size_t k = 0; k < sink->options->n_parts; k++)
        wanted += sink->part[k].n_max;
    if (wanted > sink->n_rows)
        return bw_error_set(
            err, BW_ERR_DIMENSION, "--split wants %llu items, there are %llu",
            (unsigned long long)wanted, (unsigned long long)sink->n_rows);
    return BW_OK;
}

bw_status bw_sink_commit(bw_sink *sink, const bw_provenance *provenance,
                         const char *kind, const char *opt_label_names,
                         bw_error *err)
{
    bw_status rc = check_parts(sink, err);

    if (rc == BW_OK && sink->spool >= 0)
        rc = unspool(sink, err);
    for (size_t k = 0; k < sink->n_parts && rc == BW_OK; k++) {
        bw_writer *writer = sink->part[k].writer;
        rc = bw_provenance_stamp(provenance, writer, kind, err);
        if (rc == BW_OK && opt_label_names)
            rc = bw_writer_set_meta(writer, BW_META_LABEL_NAMES,
                                    opt_label_names, err);
    }
    for (size_t k = 0; k < sink->n_parts && rc == BW_OK; k++)
        rc = bw_writer_commit(sink->part[k].writer, err);
    return rc;
}
