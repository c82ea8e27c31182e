/* wplot_matrix.c - numbers in rows, from containers and arrays. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/array.h"
#include "tools/wplot.h"

void bw_wplot_matrix_clear(bw_wplot_matrix *m)
{
    free(m->path);
    free(m->values);
    free(m->labels);
    bw_wplot_names_clear(&m->names);
    free(m->name);
    free(m->about);
    *m = (bw_wplot_matrix){.path = NULL};
}

bw_status bw_wplot_tensor(bw_reader *reader, const bw_tensor *tensor,
                          double **ret_values, bw_error *err)
{
    void *data = NULL;
    bw_status status = bw_reader_read_all(reader, tensor, &data, err);

    *ret_values = NULL;
    if (!status && tensor->dtype == BW_F64) {
        *ret_values = data;
        return BW_OK;
    }
    if (!status && tensor->n_items < SIZE_MAX / sizeof **ret_values)
        *ret_values = malloc((tensor->n_items + 1) * sizeof **ret_values);
    if (!status && !*ret_values)
        status = bw_error_memory(err);
    if (!status)
        bw_dtype_to_double(tensor->dtype, data, tensor->n_items, *ret_values);
    free(data);
    return status;
}

/* ---- containers ---- */

static bw_status refuse(const bw_reader *reader, const char *opt_tensor,
                        const char *const *names, bw_error *err)
{
    char wanted[128] = "", have[256] = "";

    for (size_t k = 0; names[k]; k++) {
        size_t at = strlen(wanted);
        snprintf(wanted + at, sizeof wanted - at, "%s%s", k ? ", " : "",
                 names[k]);
    }
    for (size_t k = 0; k < bw_reader_n_tensors(reader); k++) {
        size_t at = strlen(have);
        snprintf(have + at, sizeof have - at, "%s%s", k ? ", " : "",
                 bw_reader_tensor(reader, k)->name);
    }
    return bw_error_set(
        err, opt_tensor ? BW_ERR_USAGE : BW_ERR_FORMAT,
        "%s: no tensor %s; the file has %s", bw_reader_path(reader),
        opt_tensor ? opt_tensor : wanted, have[0] ? have : "none");
}

static bw_status check_shape(const char *path, const bw_tensor *t,
                             bw_wplot_matrix *m, bw_error *err)
{
    if (t->rank != 1 && t->rank != 2)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: tensor %s is of rank %u, a matrix is wanted",
                            path, t->name, t->rank);
    if (t->n_items == 0)
        return bw_error_set(err, BW_ERR_DIMENSION, "%s: tensor %s is empty",
                            path, t->name);
    m->n = (size_t)t->shape[0];
    m->d = t->rank == 2 ? (size_t)t->shape[1] : 1;
    return BW_OK;
}

static bw_status read_labels(bw_reader *reader, const bw_tensor *t,
                             bw_wplot_matrix *m, bw_error *err)
{
    void *data = NULL;

    if (t->rank != 1 || t->dtype != BW_I32 || t->shape[0] != m->n)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: tensor labels is not I32 (%zu)", m->path,
                            m->n);
    bw_status status = bw_reader_read_all(reader, t, &data, err);
    m->labels = data;
    return status;
}

static bw_status read_texts(bw_reader *reader, const bw_tensor *tensor,
                            bw_wplot_matrix *m, bw_error *err)
{
    if (!(m->path = strdup(bw_reader_path(reader))) ||
        !(m->name = strdup(tensor->name)) ||
        !(m->about = bw_wplot_about(reader)))
        return bw_error_memory(err);
    return bw_wplot_names_read(reader, &m->names, err);
}

/* In the order of the file. */
static bw_status read_tensors(bw_reader *reader, const bw_tensor *tensor,
                              bw_wplot_matrix *m, bw_error *err)
{
    const bw_tensor *labels = bw_reader_find(reader, "labels");
    bw_status status = read_texts(reader, tensor, m, err);

    if (!status)
        status = check_shape(m->path, tensor, m, err);
    for (size_t k = 0; k < bw_reader_n_tensors(reader) && !status; k++) {
        const bw_tensor *t = bw_reader_tensor(reader, k);
        if (t == tensor)
            status = bw_wplot_tensor(reader, t, &m->values, err);
        else if (t == labels)
            status = read_labels(reader, t, m, err);
    }
    return status ? status : bw_reader_finish(reader, NULL, err);
}

static bw_status load_container(const char *path, const char *opt_tensor,
                                const char *const *names, bw_wplot_matrix *m,
                                bw_error *err)
{
    bw_reader *reader = NULL;
    const bw_tensor *tensor = NULL;
    bw_status status = bw_reader_open(path, &reader, err);

    if (status)
        return status;
    for (size_t k = 0; !tensor && (opt_tensor ? k < 1 : names[k] != NULL); k++)
        tensor = bw_reader_find(reader, opt_tensor ? opt_tensor : names[k]);
    status = tensor ? read_tensors(reader, tensor, m, err)
                    : refuse(reader, opt_tensor, names, err);
    bw_reader_close(reader);
    return status;
}

/* ---- arrays ---- */

/* A regular file that is no container but an array. */
static bool is_array(const char *path)
{
    struct stat info;
    bw_bytes *bytes = NULL;
    const unsigned char *data = NULL;
    size_t n = 0;
    bw_format format;
    bool is_container = true;

    if (strcmp(path, "-") == 0 || stat(path, &info) || !S_ISREG(info.st_mode) ||
        bw_bytes_open(path, &bytes, NULL))
        return false;
    /* A container begins with its header's length, of which at least the last
     * three bytes are 0, and a brace. */
    if (!bw_bytes_next(bytes, &data, &n, NULL) && n > 0)
        is_container = n > 8 && data[7] == 0 && data[8] == '{';
    bool is = !is_container && !bw_array_sniff(bytes, &format, NULL) &&
              format != BW_FORMAT_PNG;
    bw_bytes_close(bytes);
    return is;
}

bw_status bw_wplot_matrix_load(const char *path, const char *opt_tensor,
                               const char *const *names, bw_wplot_matrix *m,
                               bw_error *err)
{
    uint64_t digest;

    *m = (bw_wplot_matrix){.path = NULL};
    if (!is_array(path))
        return load_container(path, opt_tensor, names, m, err);
    if (opt_tensor)
        return bw_error_set(err, BW_ERR_USAGE, "%s: --tensor is for containers",
                            path);
    if (!(m->path = strdup(path)))
        return bw_error_memory(err);
    bw_status status =
        bw_array_load(path, &m->n, &m->d, &m->values, &digest, err);
    if (!status && (m->n == 0 || m->d == 0))
        status = bw_error_set(err, BW_ERR_DIMENSION, "%s: no numbers", path);
    return status;
}
