/* items.c - loading images and points, and gathering them for networks. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/items.h"
#include "model/labelled.h"
#include "nn/cut.h"

const char bw_range_names[] = "none|unit|signed";

void bw_items_clear(bw_items *items)
{
    bw_origin_clear(&items->origin);
    free(items->bytes);
    free(items->values);
    free(items->labels);
    *items = (bw_items){0};
}

/* ---- gathering ---- */

typedef struct gather {
    const bw_items *items;
    size_t n, size, n_items; /* items of a task */
    const uint32_t *index;
    size_t first;
    float factor, shift; /* of the range */
    float *out;
} gather;

static void gather_piece(void *arg, size_t task, size_t worker)
{
    const gather *g = arg;
    bw_cut cut = bw_cut_piece(g->n, g->n_items, task);
    size_t size = g->size;

    (void)worker;
    for (size_t k = cut.from; k < cut.to; k++) {
        size_t item = g->index ? g->index[k] : g->first + k;
        float *out = g->out + k * size;

        if (g->items->bytes) {
            const unsigned char *byte = g->items->bytes + item * size;
            for (size_t i = 0; i < size; i++)
                out[i] = g->factor * ((float)byte[i] / 255) + g->shift;
        } else {
            const float *value = g->items->values + item * size;
            for (size_t i = 0; i < size; i++)
                out[i] = g->factor * value[i] + g->shift;
        }
    }
}

void bw_items_gather(const bw_items *items, bw_range range, bw_tasks *tasks,
                     size_t n, const uint32_t *opt_index, size_t first,
                     float *out)
{
    bool is_signed = range == BW_RANGE_SIGNED;
    size_t size = bw_shape_n(items->shape);
    gather g = {.items = items,
                .n = n,
                .size = size,
                .n_items = bw_cut_max(1, BW_CUT_VALUES / bw_cut_max(1, size)),
                .index = opt_index,
                .first = first,
                .factor = is_signed ? 2 : 1,
                .shift = is_signed ? -1 : 0,
                .out = out};

    bw_tasks_run(tasks, bw_cut_count(n, g.n_items), gather_piece, &g);
}

void bw_range_undo(bw_range range, size_t n, float *values)
{
    if (range != BW_RANGE_SIGNED)
        return;
    for (size_t k = 0; k < n; k++)
        values[k] = (values[k] + 1) / 2;
}

bw_status bw_items_check(const bw_items *items, bw_range range, bw_error *err)
{
    size_t size = bw_shape_n(items->shape);

    if (range == BW_RANGE_NONE || !items->values)
        return BW_OK;
    for (size_t k = 0; k < items->n * size; k++)
        if (!(items->values[k] >= 0 && items->values[k] <= 1))
            return bw_error_set(
                err, BW_ERR_RANGE, "%s: item %zu: value %g is not in 0 .. 1",
                items->origin.path, k / size, (double)items->values[k]);
    return BW_OK;
}

/* ---- reading ---- */

static bw_status find_tensor(const bw_items *items, const bw_reader *reader,
                             const bw_tensor **found, bw_error *err)
{
    static const char *const name[] = {"images", "mass", "codes"};

    *found = NULL;
    for (size_t k = 0; k < sizeof name / sizeof *name && !*found; k++)
        *found = bw_reader_find(reader, name[k]);
    if (*found)
        return BW_OK;
    return bw_error_set(err, BW_ERR_FORMAT,
                        "%s: neither a tensor 'images' nor 'mass' nor 'codes'",
                        items->origin.path);
}

static bool is_rank_fit(const bw_tensor *t)
{
    if (strcmp(t->name, "images") == 0)
        return t->rank == 4;
    return t->rank == 2 || (t->rank == 3 && strcmp(t->name, "mass") == 0);
}

static bw_status set_shape(bw_items *items, const bw_tensor *t, bw_error *err)
{
    size_t size;

    if (!is_rank_fit(t) || t->dtype == BW_BOOL)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: tensor '%s' is %s of rank %u, not images "
                            "(n,h,w,c), histograms (n,h,w), (n,bins) or codes "
                            "(n,d)",
                            items->origin.path, t->name,
                            bw_dtype_name(t->dtype), t->rank);
    bw_status status = bw_labelled_size(items->origin.path, t, &size, err);
    if (status)
        return status;
    if (t->shape[0] > UINT32_MAX)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: tensor '%s' holds too many items",
                            items->origin.path, t->name);
    items->n = (size_t)t->shape[0];
    items->shape = (bw_shape){1, 1, size, true};
    if (t->rank > 2)
        items->shape =
            (bw_shape){(size_t)t->shape[1], (size_t)t->shape[2],
                       t->rank == 4 ? (size_t)t->shape[3] : 1, false};
    return BW_OK;
}

static bw_status fill_values(bw_items *items, const bw_tensor *t,
                             const void *data, bw_error *err)
{
    enum { N = 512 };
    size_t size = bw_shape_n(items->shape), total = items->n * size;
    size_t n_bytes = bw_dtype_size(t->dtype);
    double part[N], largest = bw_dtype_largest(t->dtype);

    items->values = calloc(items->n + 1, size * sizeof *items->values);
    if (!items->values)
        return bw_error_memory(err);
    for (size_t first = 0; first < total; first += N) {
        size_t n = bw_cut_min(N, total - first);
        bw_dtype_to_double(
            t->dtype, (const unsigned char *)data + first * n_bytes, n, part);
        for (size_t k = 0; k < n; k++) {
            float value = (float)(part[k] / largest);
            if (!isfinite(value))
                return bw_error_set(err, BW_ERR_RANGE,
                                    "%s: item %zu: value %g at %zu",
                                    items->origin.path, (first + k) / size,
                                    part[k], (first + k) % size);
            items->values[first + k] = value;
        }
    }
    return BW_OK;
}

bw_status bw_items_read(bw_reader *reader, bw_items *items, bw_error *err)
{
    const bw_tensor *tensor = NULL;
    void *data = NULL;

    *items = (bw_items){0};
    bw_status status = bw_origin_set(&items->origin, reader, err);
    if (!status)
        status = find_tensor(items, reader, &tensor, err);
    if (!status)
        status = set_shape(items, tensor, err);
    if (!status)
        status = bw_labelled_read(reader, tensor, &data, &items->labels,
                                  &items->origin.digest, err);
    if (status)
        goto done;
    if (tensor->dtype == BW_U8) {
        items->bytes = data;
        data = NULL;
    } else {
        status = fill_values(items, tensor, data, err);
    }
done:
    free(data);
    if (status)
        bw_items_clear(items);
    return status;
}

bw_status bw_items_load(const char *path, bw_items *items, bw_error *err)
{
    bw_reader *reader = NULL;

    *items = (bw_items){0};
    bw_status status = bw_reader_open(path, &reader, err);
    if (!status)
        status = bw_items_read(reader, items, err);
    bw_reader_close(reader);
    return status;
}
