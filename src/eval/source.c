/* source.c - tensors of one file: container or NPY. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "eval/source.h"
#include "nn/cut.h"
#include "store/array.h"
#include "store/npy.h"

/* Tensors that all metrics together can ask for. */
enum { MAX_WANTED = 8 };

typedef struct wanted {
    bw_sample sample;
    const bw_tensor *tensor; /* of the reader */
    void *data;
} wanted;

struct bw_source {
    const char *path;
    bw_reader *reader; /* or */
    bw_array *array;
    bw_tensor form; /* of the array */
    size_t n_wanted;
    wanted wanted[MAX_WANTED];
};

/* ---- opening ---- */

static void describe_array(bw_source *s)
{
    const bw_array_form *form = bw_array_layout(s->array);

    s->form = (bw_tensor){.name = form->rank > 2 ? "images" : "codes",
                          .dtype = form->dtype,
                          .rank = form->rank};
    memcpy(s->form.shape, form->shape, sizeof s->form.shape);
}

/* Leaves *is_array false for anything but a regular file that begins as NPY
 * does, after gzip or zstd where it is compressed. */
static bw_status open_array(bw_source *s, bool *is_array, bw_error *err)
{
    struct stat info;
    bw_bytes *bytes = NULL;
    const unsigned char *data = NULL;
    size_t n = 0;

    *is_array = false;
    if (strcmp(s->path, "-") == 0 || stat(s->path, &info) ||
        !S_ISREG(info.st_mode))
        return BW_OK;
    bw_status status = bw_bytes_open(s->path, &bytes, err);
    if (!status)
        status = bw_bytes_next(bytes, &data, &n, err);
    if (status || !bw_npy_is_magic(data, n)) {
        /* Whatever else is wrong, the reader says it in its own words. */
        bw_bytes_close(bytes);
        *err = (bw_error)BW_ERROR_INIT;
        return BW_OK;
    }
    *is_array = true;
    status = bw_array_open(bytes, BW_FORMAT_NPY, NULL, &s->array, err);
    if (!status)
        describe_array(s);
    return status;
}

bw_status bw_source_open(const char *path, bw_source **ret_source,
                         bw_error *err)
{
    bw_source *s = calloc(1, sizeof *s);
    bool is_array;

    *ret_source = NULL;
    if (!s)
        return bw_error_memory(err);
    s->path = path;
    bw_status status = open_array(s, &is_array, err);
    if (!status && !is_array)
        status = bw_reader_open(path, &s->reader, err);
    if (!status && !is_array)
        s->path = bw_reader_path(s->reader);
    if (status) {
        bw_source_close(s);
        return status;
    }
    *ret_source = s;
    return BW_OK;
}

void bw_source_close(bw_source *s)
{
    if (!s)
        return;
    for (size_t k = 0; k < s->n_wanted; k++)
        free(s->wanted[k].data);
    bw_array_close(s->array);
    bw_reader_close(s->reader);
    free(s);
}

const char *bw_source_path(const bw_source *s)
{
    return s->path;
}

/* ---- tensors ---- */

static const bw_tensor *find(const bw_source *s, const char *tensor)
{
    if (s->reader)
        return bw_reader_find(s->reader, tensor);
    return strcmp(s->form.name, tensor) == 0 ? &s->form : NULL;
}

bool bw_source_has(const bw_source *s, const char *tensor)
{
    return find(s, tensor) != NULL;
}

void bw_source_names(const bw_source *s, size_t size, char *text)
{
    size_t n = s->reader ? bw_reader_n_tensors(s->reader) : 1, at = 0;

    text[0] = '\0';
    for (size_t k = 0; k < n && at < size; k++) {
        const bw_tensor *t =
            s->reader ? bw_reader_tensor(s->reader, k) : &s->form;
        int more =
            snprintf(text + at, size - at, "%s%s", k ? ", " : "", t->name);
        at += more > 0 ? (size_t)more : size;
    }
}

/* What 1 is in integers of images and masses. */
static double full_value(const bw_tensor *t)
{
    bool is_scaled = !strcmp(t->name, "images") || !strcmp(t->name, "mass");

    return is_scaled ? bw_dtype_largest(t->dtype) : 1;
}

static bw_status describe(const bw_source *s, const bw_tensor *t,
                          bw_sample *sample, bw_error *err)
{
    uint64_t size = 1;

    if (t->rank == 0)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: tensor '%s' is one number, not a list of "
                            "items",
                            s->path, t->name);
    for (unsigned k = 1; k < t->rank; k++)
        if (__builtin_mul_overflow(size, t->shape[k], &size) ||
            size > SIZE_MAX / 16)
            return bw_error_set(err, BW_ERR_DIMENSION,
                                "%s: tensor '%s': items of too many values",
                                s->path, t->name);
    if (size == 0 || t->shape[0] == 0)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: tensor '%s' holds no %s", s->path, t->name,
                            size == 0 ? "values" : "items");
    *sample = (bw_sample){.path = s->path,
                          .name = t->name,
                          .n = (size_t)t->shape[0],
                          .size = (size_t)size,
                          .rank = t->rank,
                          .dtype = t->dtype,
                          .factor = 1 / full_value(t)};
    memcpy(sample->shape, t->shape, sizeof sample->shape);
    return BW_OK;
}

bw_status bw_source_want(bw_source *s, const char *tensor, bw_error *err)
{
    const bw_tensor *t = find(s, tensor);

    if (!t)
        return bw_error_set(err, BW_ERR_FORMAT, "%s: no tensor '%s'", s->path,
                            tensor);
    if (bw_source_get(s, tensor))
        return BW_OK;
    if (s->n_wanted == MAX_WANTED)
        return bw_error_set(err, BW_ERR_INTERNAL, "too many tensors");
    wanted *w = &s->wanted[s->n_wanted];
    bw_status status = describe(s, t, &w->sample, err);
    if (!status) {
        w->tensor = t;
        s->n_wanted++;
    }
    return status;
}

const bw_sample *bw_source_get(const bw_source *s, const char *tensor)
{
    for (size_t k = 0; k < s->n_wanted; k++)
        if (strcmp(s->wanted[k].sample.name, tensor) == 0)
            return &s->wanted[k].sample;
    return NULL;
}

/* ---- reading ---- */

static bw_status finish_tensor(wanted *w, bw_error *err)
{
    w->sample.data = w->data;
    return bw_sample_check(&w->sample, err);
}

static bw_status load_container(bw_source *s, bw_error *err)
{
    bw_status status = BW_OK;

    for (size_t k = 0; k < bw_reader_n_tensors(s->reader) && !status; k++)
        for (size_t q = 0; q < s->n_wanted && !status; q++) {
            wanted *w = &s->wanted[q];
            if (w->tensor != bw_reader_tensor(s->reader, k))
                continue;
            status = bw_reader_read_all(s->reader, w->tensor, &w->data, err);
            if (!status)
                status = finish_tensor(w, err);
        }
    return status ? status : bw_reader_finish(s->reader, NULL, err);
}

/* Grows with the rows that come, whatever the header promised. */
static bw_status read_rows(bw_source *s, wanted *w, void **row, bw_error *err)
{
    size_t n_bytes = w->sample.size * bw_dtype_size(w->sample.dtype);
    size_t capacity = 0, row_capacity = 0;
    bool is_end = false;

    for (size_t n = 0;; n++) {
        bw_status status =
            bw_array_read(s->array, row, &row_capacity, NULL, &is_end, err);
        if (status || is_end)
            return status;
        if ((n + 1) * n_bytes > capacity) {
            capacity = bw_cut_max(2 * capacity, (n + 1) * n_bytes);
            void *grown = realloc(w->data, capacity);
            if (!grown)
                return bw_error_memory(err);
            w->data = grown;
        }
        memcpy((char *)w->data + n * n_bytes, *row, n_bytes);
    }
}

static bw_status load_array(bw_source *s, bw_error *err)
{
    void *row = NULL;
    uint64_t digest;
    bw_status status = read_rows(s, &s->wanted[0], &row, err);

    free(row);
    if (!status)
        status = bw_array_finish(s->array, &digest, err);
    return status ? status : finish_tensor(&s->wanted[0], err);
}

bw_status bw_source_load(bw_source *s, bw_error *err)
{
    if (s->reader)
        return load_container(s, err);
    return s->n_wanted > 0 ? load_array(s, err) : BW_OK;
}
