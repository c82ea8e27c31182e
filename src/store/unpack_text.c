/* unpack_text.c - rows of tensors as lines of numbers, all digits kept: 17
 * significant ones for F64, 9 for F32 and narrower floats, integers whole. */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/unpack.h"

enum { NUMBER_MAX = 32, BUFFER_SIZE = 1 << 16 };

/* Lines on their way to the output. */
typedef struct lines {
    bw_output *output;
    char separator;
    bool is_start; /* of a line */
    size_t n;
    char text[BUFFER_SIZE];
} lines;

static bw_status flush(lines *l, bw_error *err)
{
    size_t n = l->n;

    l->n = 0;
    return bw_output_write(l->output, l->text, n, err);
}

/* Room for one number and its separator. */
static bw_status begin_field(lines *l, size_t length, bw_error *err)
{
    bw_status rc = BW_OK;

    if (l->n + length + 2 > sizeof l->text)
        rc = flush(l, err);
    if (!l->is_start)
        l->text[l->n++] = l->separator;
    l->is_start = false;
    return rc;
}

static void end_line(lines *l)
{
    l->text[l->n++] = '\n';
    l->is_start = true;
}

static size_t print_whole(char *to, bool is_negative, uint64_t value)
{
    char digits[24];
    size_t n = 0, k = 0;

    do
        digits[n++] = (char)('0' + value % 10);
    while (value /= 10);
    if (is_negative)
        to[k++] = '-';
    while (n > 0)
        to[k++] = digits[--n];
    return k;
}

static size_t print_signed(char *to, int64_t value)
{
    return print_whole(to, value < 0,
                       value < 0 ? -(uint64_t)value : (uint64_t)value);
}

/* One item of any type at `item`, unaligned or not. */
static size_t print_item(char *to, bw_dtype dtype, const unsigned char *item)
{
    union {
        int8_t i8;
        int16_t i16;
        int32_t i32;
        int64_t i64;
        uint16_t u16;
        uint32_t u32;
        uint64_t u64;
    } v = {0};
    double value;

    memcpy(&v, item, bw_dtype_size(dtype));
    switch (dtype) {
    case BW_BOOL:
    case BW_U8:
        return print_whole(to, false, *item);
    case BW_U16:
        return print_whole(to, false, v.u16);
    case BW_U32:
        return print_whole(to, false, v.u32);
    case BW_U64:
        return print_whole(to, false, v.u64);
    case BW_I8:
        return print_signed(to, v.i8);
    case BW_I16:
        return print_signed(to, v.i16);
    case BW_I32:
        return print_signed(to, v.i32);
    case BW_I64:
        return print_signed(to, v.i64);
    default:
        bw_dtype_to_double(dtype, item, 1, &value);
        if (isnan(value)) /* one spelling, whatever the sign bit */
            return (size_t)snprintf(to, NUMBER_MAX, "nan");
        return (size_t)snprintf(to, NUMBER_MAX,
                                dtype == BW_F64 ? "%.17g" : "%.9g", value);
    }
}

static bw_status write_row(lines *l, const bw_tensor *tensor,
                           const unsigned char *row, bw_error *err)
{
    size_t size = bw_dtype_size(tensor->dtype);
    uint64_t n = tensor->n_bytes ? bw_pick_row_items(tensor) : 0;

    for (uint64_t k = 0; k < n; k++) {
        bw_status rc = begin_field(l, NUMBER_MAX, err);
        if (rc)
            return rc;
        l->n += print_item(l->text + l->n, tensor->dtype, row + k * size);
    }
    return BW_OK;
}

/* "name" for a tensor of one column, else "name.0", "name.1", ... */
static bw_status write_names(lines *l, size_t n_tensors,
                             const bw_tensor *const *tensor, bw_error *err)
{
    for (size_t t = 0; t < n_tensors; t++) {
        const char *name = tensor[t]->name;
        size_t length = strlen(name);
        uint64_t n = bw_pick_row_items(tensor[t]);
        if (length > BUFFER_SIZE / 2)
            return bw_error_set(err, BW_ERR_USAGE,
                                "a tensor's name is too long for --header");
        for (uint64_t k = 0; k < n; k++) {
            bw_status rc = begin_field(l, length + NUMBER_MAX, err);
            if (rc)
                return rc;
            memcpy(l->text + l->n, name, length);
            l->n += length;
            if (n > 1)
                l->n += (size_t)snprintf(l->text + l->n, NUMBER_MAX,
                                         ".%" PRIu64, k);
        }
    }
    end_line(l);
    return BW_OK;
}

static bw_status write_lines(lines *l, size_t n_tensors,
                             const bw_tensor *const *tensor, bw_pick *pick,
                             bw_error *err)
{
    const void **row = calloc(n_tensors, sizeof *row);
    bool is_end = false;
    uint64_t number;
    bw_status rc = row ? BW_OK : bw_error_memory(err);

    while (rc == BW_OK) {
        rc = bw_pick_next(pick, row, &number, &is_end, err);
        if (rc || is_end)
            break;
        for (size_t t = 0; t < n_tensors && rc == BW_OK; t++)
            rc = write_row(l, tensor[t], row[t], err);
        end_line(l);
    }
    free(row);
    return rc;
}

bw_status bw_unpack_text(const bw_unpack_options *options, size_t n_tensors,
                         const bw_tensor *const *tensor, bw_pick *pick,
                         bw_error *err)
{
    lines *l = calloc(1, sizeof *l);
    bw_status rc;

    if (!l)
        return bw_error_memory(err);
    l->separator = options->format == BW_UNPACK_CSV ? ',' : '\t';
    l->is_start = true;
    rc = bw_output_open(options->output, &l->output, err);
    if (rc == BW_OK && options->header)
        rc = write_names(l, n_tensors, tensor, err);
    if (rc == BW_OK)
        rc = write_lines(l, n_tensors, tensor, pick, err);
    if (rc == BW_OK)
        rc = flush(l, err);
    if (rc == BW_OK)
        rc = bw_output_commit(l->output, err);
    bw_output_destroy(l->output);
    free(l);
    return rc;
}
