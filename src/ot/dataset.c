/* dataset.c - loading what wdist works on. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "barrow/container.h"
#include "barrow/provenance.h"
#include "ot/dataset.h"
#include "store/array.h"
#include "store/image.h"

void bw_dataset_clear(bw_dataset *dataset)
{
    free(dataset->name);
    free(dataset->path);
    free(dataset->steps);
    free(dataset->data);
    free(dataset->support);
    *dataset = (bw_dataset){0};
}

/* ---- containers ---- */

static bw_status set_shape(bw_dataset *d, const bw_tensor *t, bw_error *err)
{
    if (t->rank < 2 || t->rank > 4 || t->dtype == BW_BOOL)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "tensor '%s' is %s of rank %u, not histograms "
                            "(n,bins), (n,h,w) or images (n,h,w,c)",
                            t->name, bw_dtype_name(t->dtype), t->rank);
    for (unsigned k = 1; k < t->rank; k++)
        if (t->shape[k] == 0)
            return bw_error_set(err, BW_ERR_DIMENSION,
                                "tensor '%s' has no bins", t->name);
    d->n = (size_t)t->shape[0];
    d->height = t->rank == 2 ? 1 : (size_t)t->shape[1];
    d->width = (size_t)t->shape[t->rank == 2 ? 1 : 2];
    d->n_channels = t->rank == 4 ? (size_t)t->shape[3] : 1;
    d->is_line = t->rank == 2;
    d->dtype = (int)t->dtype;
    return BW_OK;
}

/* n items of a tensor as doubles, malloc'ed. */
static bw_status read_doubles(bw_reader *reader, const bw_tensor *t,
                              double **ret_values, bw_error *err)
{
    void *raw = NULL;
    *ret_values = NULL;
    bw_status status = bw_reader_read_all(reader, t, &raw, err);
    if (status)
        return status;
    size_t n = (size_t)t->n_items;
    *ret_values = malloc((n ? n : 1) * sizeof **ret_values);
    if (*ret_values)
        bw_dtype_to_double(t->dtype, raw, n, *ret_values);
    else
        status = bw_error_memory(err);
    free(raw);
    return status;
}

static bw_status read_support(bw_dataset *d, bw_reader *reader,
                              const bw_tensor *t, bw_error *err)
{
    if (t->rank != 2 || t->shape[0] != d->height * d->width || t->shape[1] == 0)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "tensor 'support' is not (bins,d) with %zu bins",
                            d->height * d->width);
    d->d = (size_t)t->shape[1];
    return read_doubles(reader, t, &d->support, err);
}

static bw_status read_tensors(bw_dataset *d, bw_reader *reader, bw_error *err)
{
    const bw_tensor *t = bw_rows_find(reader);
    if (!t)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "neither a tensor 'mass' nor 'images'");
    bw_status status = set_shape(d, t, err);
    const bw_tensor *support = bw_reader_find(reader, "support");
    for (size_t k = 0; k < bw_reader_n_tensors(reader) && !status; k++) {
        const bw_tensor *next = bw_reader_tensor(reader, k);
        if (next == t) {
            void *data = NULL;
            status = bw_reader_read_all(reader, t, &data, err);
            d->data = data;
            if (!status)
                status = bw_rows_digest(t, data, d->rows, err);
        } else if (next == support) {
            status = read_support(d, reader, support, err);
        }
    }
    return status;
}

bw_status bw_dataset_load(const char *path, bw_dataset *d, bw_error *err)
{
    *d = (bw_dataset){0};
    bw_reader *reader = NULL;
    bw_status status = bw_reader_open(path, &reader, err);
    if (status)
        return status;
    d->name = strdup(bw_reader_base_name(reader));
    d->path = strdup(bw_reader_path(reader));
    const char *steps = bw_reader_meta(reader, BW_META_PROVENANCE);
    d->steps = steps ? strdup(steps) : NULL;
    if (!d->name || !d->path || (steps && !d->steps)) {
        status = bw_error_memory(err);
        goto done;
    }
    status = read_tensors(d, reader, err);
    /* The reader's own messages carry the path already. */
    if (status == BW_ERR_DIMENSION ||
        (status == BW_ERR_FORMAT && !strncmp(err->text, "neither", 7)))
        bw_error_prefix(err, "%s", d->path);
    if (!status)
        status = bw_reader_finish(reader, &d->digest, err);
done:
    bw_reader_close(reader);
    if (status)
        bw_dataset_clear(d);
    return status;
}

/* ---- histograms ---- */

static bw_status add_row(const bw_dataset *d, size_t row, bool each_channel,
                         double *items, double *values, bw_histograms *set,
                         bw_error *err)
{
    size_t n_bins = d->height * d->width, c = d->n_channels;
    size_t n_items = n_bins * c;
    const unsigned char *data =
        d->data + row * n_items * bw_dtype_size((bw_dtype)d->dtype);
    if (c == 1 && d->dtype == BW_U8)
        return bw_histograms_add_bytes(set, n_bins, data, err);
    bw_dtype_to_double((bw_dtype)d->dtype, data, n_items, items);
    if (c == 1)
        return bw_histograms_add(set, n_bins, items, err);
    bw_status status = BW_OK;
    for (size_t k = 0; k < c && each_channel && !status; k++) {
        for (size_t b = 0; b < n_bins; b++)
            values[b] = items[b * c + k];
        status = bw_histograms_add(set, n_bins, values, err);
        if (status)
            bw_error_prefix(err, "channel %zu", k);
    }
    if (each_channel)
        return status;
    /* Luminance as wpack --gray has it: bytes round half to even. */
    for (size_t b = 0; b < n_bins; b++) {
        const double *rgb = items + b * c;
        double luma = (299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2]) / 1000;
        values[b] = bw_dtype_is_integer((bw_dtype)d->dtype) ? rint(luma) : luma;
    }
    return bw_histograms_add(set, n_bins, values, err);
}

bw_status bw_dataset_add(const bw_dataset *d, bool each_channel,
                         bw_histograms *set, bw_error *err)
{
    size_t n_bins = d->height * d->width;
    if (!each_channel && d->n_channels != 1 && d->n_channels != 3)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: images of %zu channels have no luminance; "
                            "use --channels each, or wpack --background",
                            d->path, d->n_channels);
    double *items = malloc(n_bins * d->n_channels * sizeof *items);
    double *values = malloc(n_bins * sizeof *values);
    bw_status status = items && values ? BW_OK : bw_error_memory(err);
    for (size_t row = 0; row < d->n && !status; row++) {
        status = add_row(d, row, each_channel, items, values, set, err);
        if (status)
            bw_error_prefix(err, "%s: histogram %zu", d->path, row);
    }
    free(items);
    free(values);
    return status;
}

/* ---- matrices and pairs ---- */

/* Where the rows of a matrix go: to values, or to a list of pairs. */
typedef struct matrix {
    size_t n_rows, n_columns, n_room; /* rows, and those that values can hold */
    double *values;
    bw_pair_list *opt_pairs;
    const char *path;
    uint64_t digest;
} matrix;

static bw_status set_columns(matrix *m, size_t n, bw_error *err)
{
    m->n_columns = n;
    if (!m->opt_pairs || n >= 2)
        return BW_OK;
    return bw_error_set(err, BW_ERR_FORMAT,
                        "%s: pairs need two columns, not %zu", m->path, n);
}

static bw_status take_pair(matrix *m, const double *row, bw_error *err)
{
    uint32_t pair[2];
    for (int q = 0; q < 2; q++) {
        if (!(row[q] >= 0 && row[q] <= UINT32_MAX && row[q] == rint(row[q])))
            return bw_error_set(err, BW_ERR_FORMAT,
                                "%s: pair %zu: %g is no index", m->path,
                                m->n_rows, row[q]);
        pair[q] = (uint32_t)row[q];
    }
    return bw_pair_list_add(m->opt_pairs, pair, err);
}

static bw_status grow(matrix *m, bw_error *err)
{
    size_t room = m->n_room * 2 + 1;
    double *grown = realloc(m->values, room * m->n_columns * sizeof *grown);
    if (!grown)
        return bw_error_memory(err);
    m->values = grown;
    m->n_room = room;
    return BW_OK;
}

/* Of pairs, values are the row at hand. */
static bw_status take_row(matrix *m, bw_dtype dtype, const void *row,
                          bw_error *err)
{
    bw_status status = BW_OK;
    size_t at = m->opt_pairs ? 0 : m->n_rows;
    if (at == m->n_room)
        status = grow(m, err);
    if (status)
        return status;
    double *values = m->values + at * m->n_columns;
    bw_dtype_to_double(dtype, row, m->n_columns, values);
    if (m->opt_pairs)
        status = take_pair(m, values, err);
    m->n_rows += !status;
    return status;
}

/* The tensor of that name, else the first of rank 2. */
static const bw_tensor *find_matrix(const bw_reader *reader,
                                    const char *opt_name)
{
    const bw_tensor *t = opt_name ? bw_reader_find(reader, opt_name) : NULL;
    if (t && t->rank == 2)
        return t;
    for (size_t k = 0; k < bw_reader_n_tensors(reader); k++) {
        t = bw_reader_tensor(reader, k);
        if (t->rank == 2)
            return t;
    }
    return NULL;
}

static bw_status take_rows(matrix *m, bw_dtype dtype, const char *rows,
                           size_t n, bw_error *err)
{
    size_t n_bytes = m->n_columns * bw_dtype_size(dtype);
    bw_status status = BW_OK;
    for (size_t k = 0; k < n && !status; k++)
        status = take_row(m, dtype, rows + k * n_bytes, err);
    return status;
}

enum { PIECE = 1 << 16 };

/* A piece at a time, so that a list of pairs takes no memory. */
static bw_status read_pieces(bw_reader *reader, const bw_tensor *t, matrix *m,
                             bw_error *err)
{
    char piece[PIECE];
    size_t n_bytes = m->n_columns * bw_dtype_size(t->dtype);
    size_t n_left = (size_t)t->shape[0];
    bw_status status = BW_OK;
    while (n_left > 0 && !status) {
        size_t n = n_left < PIECE / n_bytes ? n_left : PIECE / n_bytes;
        status = bw_reader_read(reader, t, piece, n * n_bytes, err);
        if (!status)
            status = take_rows(m, t->dtype, piece, n, err);
        n_left -= n;
    }
    return status;
}

static bw_status read_tensor(bw_reader *reader, const bw_tensor *t, matrix *m,
                             bw_error *err)
{
    bw_status status = set_columns(m, (size_t)t->shape[1], err);
    if (status)
        return status;
    if (t->n_items == 0) {
        m->n_rows = (size_t)t->shape[0];
        return BW_OK;
    }
    if (m->n_columns <= PIECE / bw_dtype_size(t->dtype))
        return read_pieces(reader, t, m, err);
    /* Rows that long are believed when they have come. */
    void *data = NULL;
    status = bw_reader_read_all(reader, t, &data, err);
    if (!status)
        status = take_rows(m, t->dtype, data, (size_t)t->shape[0], err);
    free(data);
    return status;
}

static bw_status container_matrix(const char *path, const char *opt_name,
                                  matrix *m, bw_error *err)
{
    bw_reader *reader = NULL;
    bw_status status = bw_reader_open(path, &reader, err);
    if (status)
        return status;
    const bw_tensor *t = find_matrix(reader, opt_name);
    if (!t)
        status = bw_error_set(err, BW_ERR_FORMAT, "%s: no tensor of rank 2",
                              bw_reader_path(reader));
    else
        status = read_tensor(reader, t, m, err);
    if (!status)
        status = bw_reader_finish(reader, &m->digest, err);
    bw_reader_close(reader);
    return status;
}

static bw_status read_rows(bw_array *array, matrix *m, bw_error *err)
{
    bw_dtype dtype = bw_array_layout(array)->dtype;
    size_t capacity = 0;
    void *row = NULL;
    bool is_end = false;
    bw_status status = BW_OK;
    while (!status && !is_end) {
        status = bw_array_read(array, &row, &capacity, NULL, &is_end, err);
        if (!status && !is_end)
            status = take_row(m, dtype, row, err);
    }
    free(row);
    return status;
}

/* Takes bytes over. */
static bw_status array_matrix(bw_bytes *bytes, bw_format format, matrix *m,
                              bw_error *err)
{
    bw_array *array = NULL;
    bw_status status = bw_array_open(bytes, format, NULL, &array, err);
    if (status)
        return status;
    if (bw_array_layout(array)->rank > 2)
        status = bw_error_set(
            err, BW_ERR_DIMENSION, "%s: rank %u, a vector or matrix wanted",
            bw_bytes_name(bytes), bw_array_layout(array)->rank);
    if (!status)
        status = set_columns(m, bw_array_row_items(array), err);
    if (!status)
        status = read_rows(array, m, err);
    if (!status)
        status = bw_array_finish(array, &m->digest, err);
    bw_array_close(array);
    return status;
}

/* Whether the bytes, of which none was taken, are a container's. */
static bool is_container(bw_bytes *bytes)
{
    const unsigned char *data;
    size_t n;
    bw_error unused = BW_ERROR_INIT;
    return !bw_bytes_next(bytes, &data, &n, &unused) && n > 8 && data[8] == '{';
}

static bw_status load_matrix(const char *path, const char *opt_name, matrix *m,
                             bw_error *err)
{
    bw_bytes *bytes = NULL;
    bw_format format = BW_FORMAT_AUTO;
    struct stat info;
    bw_status status = bw_bytes_open(path, &bytes, err);
    if (status)
        return status;
    status = bw_array_sniff(bytes, &format, err);
    if (!status && format != BW_FORMAT_PNG)
        return array_matrix(bytes, format, m, err);
    bool is_other = status == BW_ERR_FORMAT && is_container(bytes);
    bw_bytes_close(bytes);
    if (!status)
        return bw_error_set(err, BW_ERR_FORMAT, "%s: a PNG, numbers wanted",
                            path);
    if (!is_other)
        return status;
    /* The bytes that told what it is are gone where it cannot be opened again.
     */
    if (strcmp(path, "-") == 0 || stat(path, &info) || !S_ISREG(info.st_mode))
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: a container, which has to be a regular file "
                            "here",
                            strcmp(path, "-") ? path : "standard input");
    *err = (bw_error)BW_ERROR_INIT;
    return container_matrix(path, opt_name, m, err);
}

bw_status bw_dataset_matrix(const char *path, const char *opt_name,
                            size_t *n_rows, size_t *n_columns,
                            double **ret_values, uint64_t *digest,
                            bw_error *err)
{
    matrix m = {0};
    bw_status status = load_matrix(path, opt_name, &m, err);
    if (status) {
        free(m.values);
        m.values = NULL;
    }
    *ret_values = m.values;
    *n_rows = m.n_rows;
    *n_columns = m.n_columns;
    *digest = m.digest;
    return status;
}

bw_status bw_dataset_pairs(const char *path, bw_pair_list *list,
                           uint64_t *digest, bw_error *err)
{
    matrix m = {.opt_pairs = list, .path = path};
    bw_status status = load_matrix(path, "pairs", &m, err);
    if (!status)
        status = bw_pair_list_seal(list, err);
    free(m.values);
    *digest = m.digest;
    return status;
}
