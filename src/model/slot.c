/* slot.c - tensors of floats, to a container and back. */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/slot.h"
#include "store/utf8.h"

enum { SHAPE_SIZE = 192 };

void bw_slot_flat(bw_slot *slot, const char *name, float *values, size_t n)
{
    *slot = (bw_slot){.rank = 1, .shape = {n}, .n = n, .values = values};
    snprintf(slot->name, sizeof slot->name, "%s", name);
}

void bw_slots_clear(size_t n_slots, bw_slot *slot)
{
    for (size_t k = 0; k < n_slots; k++) {
        free(slot[k].data);
        slot[k].data = NULL;
    }
}

bool bw_slot_is_finite(const float *values, size_t n, size_t *opt_first)
{
    for (size_t k = 0; k < n; k++) {
        if (isfinite(values[k]))
            continue;
        if (opt_first != NULL)
            *opt_first = k;
        return false;
    }
    return true;
}

/* ---- writing ---- */

bw_status bw_slots_write(bw_writer *writer, size_t n_slots, const bw_slot *slot,
                         bw_error *err)
{
    for (size_t k = 0; k < n_slots; k++) {
        const bw_slot *s = &slot[k];
        size_t index, first;
        bw_status status;

        if (!bw_slot_is_finite(s->values, s->n, &first))
            return bw_error_set(err, BW_ERR_RANGE,
                                "tensor '%s': value %zu is not finite", s->name,
                                first);
        status = bw_writer_add(writer, s->name, BW_F32, s->rank, s->shape + 1,
                               &index, err);
        if (status == BW_OK)
            status = bw_writer_append(writer, index, s->values,
                                      s->n * sizeof(float), err);
        if (status != BW_OK)
            return status;
    }
    return BW_OK;
}

/* ---- reading ---- */

static void print_shape(unsigned rank, const uint64_t *shape,
                        char text[SHAPE_SIZE])
{
    size_t at = 0;

    snprintf(text, SHAPE_SIZE, "scalar");
    for (unsigned k = 0; k < rank; k++)
        at += (size_t)snprintf(text + at, SHAPE_SIZE - at, "%s%" PRIu64,
                               k == 0 ? "" : "x", shape[k]);
}

static bool is_skipped(const bw_tensor *t, const char *opt_skip)
{
    return opt_skip != NULL &&
           strncmp(t->name, opt_skip, strlen(opt_skip)) == 0;
}

static bw_slot *find_slot(size_t n_slots, bw_slot *slot, const char *name)
{
    for (size_t k = 0; k < n_slots; k++)
        if (strcmp(slot[k].name, name) == 0)
            return &slot[k];
    return NULL;
}

static bw_status check_tensor(const char *path, const bw_tensor *t,
                              const bw_slot *s, bw_error *err)
{
    char there[SHAPE_SIZE], wanted[SHAPE_SIZE];

    if (t->dtype != BW_F32)
        return bw_error_set(err, BW_ERR_FORMAT, "%s: tensor '%s': %s, not F32",
                            path, s->name, bw_dtype_name(t->dtype));
    if (t->rank == s->rank &&
        memcmp(t->shape, s->shape, s->rank * sizeof *s->shape) == 0)
        return BW_OK;
    print_shape(t->rank, t->shape, there);
    print_shape(s->rank, s->shape, wanted);
    return bw_error_set(err, BW_ERR_FORMAT, "%s: tensor '%s': %s, not %s", path,
                        s->name, there, wanted);
}

static bw_status check_header(const bw_reader *reader, const char *opt_skip,
                              size_t n_slots, bw_slot *slot, bw_error *err)
{
    const char *path = bw_reader_path(reader);
    char shown[BW_UTF8_SHOWN];

    for (size_t k = 0; k < n_slots; k++)
        slot[k].is_found = false;
    for (size_t k = 0; k < bw_reader_n_tensors(reader); k++) {
        const bw_tensor *t = bw_reader_tensor(reader, k);
        bw_slot *s;
        bw_status status;

        if (is_skipped(t, opt_skip))
            continue;
        s = find_slot(n_slots, slot, t->name);
        if (s == NULL)
            return bw_error_set(err, BW_ERR_FORMAT,
                                "%s: tensor '%s' is superfluous", path,
                                bw_utf8_show(t->name, shown));
        status = check_tensor(path, t, s, err);
        if (status != BW_OK)
            return status;
        s->is_found = true;
    }
    for (size_t k = 0; k < n_slots; k++)
        if (!slot[k].is_found)
            return bw_error_set(err, BW_ERR_FORMAT,
                                "%s: tensor '%s' is missing", path,
                                slot[k].name);
    return BW_OK;
}

static bw_status read_slot(bw_reader *reader, const bw_tensor *t, bw_slot *s,
                           bw_error *err)
{
    const float *values;
    size_t first;
    bw_status status;

    if (s->values != NULL)
        status =
            bw_reader_read(reader, t, s->values, s->n * sizeof(float), err);
    else
        status = bw_reader_read_all(reader, t, &s->data, err);
    if (status != BW_OK)
        return status;
    values = s->values != NULL ? s->values : s->data;
    if (!bw_slot_is_finite(values, s->n, &first))
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: tensor '%s': value %zu is not finite",
                            bw_reader_path(reader), s->name, first);
    return BW_OK;
}

bw_status bw_slots_read(bw_reader *reader, const char *opt_skip, size_t n_slots,
                        bw_slot *slot, bw_error *err)
{
    bw_status status = check_header(reader, opt_skip, n_slots, slot, err);

    for (size_t k = 0; k < bw_reader_n_tensors(reader) && status == BW_OK;
         k++) {
        const bw_tensor *t = bw_reader_tensor(reader, k);

        if (!is_skipped(t, opt_skip))
            status =
                read_slot(reader, t, find_slot(n_slots, slot, t->name), err);
    }
    return status;
}
