/* header_parse.c - the JSON header of a safetensors file: parsing, checking.
 *
 * Contents: values, checks, the whole.
 *
 * The two outer levels of the header (names of tensors, keys of metadata) are
 * walked here, and jansson parses one key or one entry at a time: as a tree of
 * its nodes, a header of 100 MB could take gigabytes.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "store/header.h"
#include "store/json.h"
#include "store/utf8.h"

/* A tensor's entry is never longer: a type, at most 8 sizes, 2 offsets. */
enum { MAX_ENTRY = 64 * 1024 };

/* ---- values ---- */

typedef struct cursor {
    const char *text;
    size_t n, at;
    bool has_meta; /* __metadata__ was there */
} cursor;

static bw_status fail_at(const cursor *c, const char *what, bw_error *err)
{
    return bw_error_set(err, BW_ERR_FORMAT, "header: %s at byte %zu", what,
                        c->at);
}

/* Skips JSON's white space; the character there, or -1 at the end. */
static int peek(cursor *c)
{
    while (c->at < c->n && strchr(" \t\n\r", c->text[c->at]) != NULL &&
           c->text[c->at] != '\0')
        c->at++;
    return c->at < c->n ? (unsigned char)c->text[c->at] : -1;
}

/* Takes `wanted`, which must come next. */
static bw_status expect(cursor *c, char wanted, bw_error *err)
{
    char what[] = "'?' expected";

    what[1] = wanted;
    if (peek(c) != wanted)
        return fail_at(c, what, err);
    c->at++;
    return BW_OK;
}

/* Parses the value that begins here and ends within `limit` bytes. first is
 * the character that values of the wanted type begin with. */
static bw_status parse_value(cursor *c, char first, size_t limit,
                             json_t **ret_value, bw_error *err)
{
    size_t n;
    bool is_short;
    json_error_t error;
    char shown[BW_UTF8_SHOWN];

    *ret_value = NULL;
    if (peek(c) != first)
        return fail_at(c, first == '"' ? "string expected" : "object expected",
                       err);
    n = c->n - c->at < limit ? c->n - c->at : limit;
    *ret_value = bw_json_parse(c->text + c->at, n,
                               JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK |
                                   JSON_REJECT_DUPLICATES,
                               &error, &is_short);
    if (*ret_value != NULL) {
        c->at += (size_t)error.position;
        return BW_OK;
    }
    if (is_short)
        return bw_error_memory(err);
    if (n == limit &&
        json_error_code(&error) == json_error_premature_end_of_input)
        return fail_at(c, "overlong entry of a tensor", err);
    if (error.position > 0)
        c->at += (size_t)error.position;
    return bw_error_set(err, BW_ERR_FORMAT, "header: %s at byte %zu",
                        bw_utf8_show(error.text, shown), c->at);
}

/* A size or an offset: an integer from 0 to 2^63 - 1, jansson's largest. */
static bool get_size(const json_t *value, uint64_t *size)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *size = (uint64_t)json_integer_value(value);
    return true;
}

static bw_status parse_shape(const json_t *entry, bw_tensor *tensor,
                             bw_error *err)
{
    const json_t *shape = json_object_get(entry, "shape");

    if (!json_is_array(shape))
        return bw_error_set(err, BW_ERR_FORMAT, "'shape' is no list");
    if (json_array_size(shape) > BW_MAX_RANK)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%zu axes, more than the %d that are allowed",
                            json_array_size(shape), BW_MAX_RANK);
    tensor->rank = (unsigned)json_array_size(shape);
    for (unsigned k = 0; k < tensor->rank; k++)
        if (!get_size(json_array_get(shape, k), &tensor->shape[k]))
            return bw_error_set(err, BW_ERR_FORMAT,
                                "size %u of the shape is no integer from 0 on",
                                k + 1);
    if (!bw_header_measure(tensor))
        return bw_error_set(err, BW_ERR_FORMAT,
                            "the shape holds more bytes than 63 bits count");
    return BW_OK;
}

/* Fills all but the name. */
static bw_status parse_entry(const json_t *entry, bw_tensor *tensor,
                             bw_error *err)
{
    const json_t *dtype = json_object_get(entry, "dtype");
    const json_t *offsets = json_object_get(entry, "data_offsets");
    char shown[BW_UTF8_SHOWN];
    uint64_t end;

    if (!json_is_string(dtype))
        return bw_error_set(err, BW_ERR_FORMAT, "'dtype' is no string");
    if (!bw_dtype_parse(json_string_value(dtype), &tensor->dtype))
        return bw_error_set(err, BW_ERR_FORMAT, "type '%s' is not known",
                            bw_utf8_show(json_string_value(dtype), shown));
    if (parse_shape(entry, tensor, err) != BW_OK)
        return err->code;
    if (json_array_size(offsets) != 2 ||
        !get_size(json_array_get(offsets, 0), &tensor->offset) ||
        !get_size(json_array_get(offsets, 1), &end))
        return bw_error_set(err, BW_ERR_FORMAT,
                            "'data_offsets' is no pair of integers from 0 on");
    if (end < tensor->offset || end - tensor->offset != tensor->n_bytes)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "offsets %" PRIu64 " to %" PRIu64
                            " do not fit a shape of %" PRIu64 " bytes",
                            tensor->offset, end, tensor->n_bytes);
    return BW_OK;
}

/* ---- checks ---- */

static int compare_offsets(const void *a, const void *b)
{
    const bw_tensor *x = a, *y = b;

    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    if (x->n_bytes == 0 || y->n_bytes == 0) {
        if (x->n_bytes != y->n_bytes)
            return x->n_bytes == 0 ? -1 : 1;
        return strcmp(x->name, y->name);
    }
    return 0;
}

/* A file that is in order keeps it, names of equal offset included. */
static void sort_tensors(bw_header *header)
{
    for (size_t k = 1; k < header->n_tensors; k++) {
        const bw_tensor *pair = &header->tensor[k - 1];

        if (pair[0].offset + pair[0].n_bytes != pair[1].offset) {
            qsort(header->tensor, header->n_tensors, sizeof *header->tensor,
                  compare_offsets);
            return;
        }
    }
}

/* Sorts by offset and checks that the tensors cover the data exactly once. */
static bw_status check_offsets(bw_header *header, bw_error *err)
{
    uint64_t end = 0;
    char shown[BW_UTF8_SHOWN];

    sort_tensors(header);
    for (size_t k = 0; k < header->n_tensors; k++) {
        const bw_tensor *t = &header->tensor[k];

        if (t->offset != end)
            return bw_error_set(err, BW_ERR_FORMAT,
                                "tensor '%s' begins at offset %" PRIu64
                                ", %s at %" PRIu64,
                                bw_utf8_show(t->name, shown), t->offset,
                                t->offset < end ? "inside data that end"
                                                : "after a hole that begins",
                                end);
        end += t->n_bytes;
    }
    header->n_data_bytes = end;
    return BW_OK;
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts the n names and refuses a repeated one. */
static bw_status check_names(const char **name, size_t n, const char *what,
                             bw_error *err)
{
    char shown[BW_UTF8_SHOWN];

    qsort(name, n, sizeof *name, compare_strings);
    for (size_t k = 1; k < n; k++)
        if (strcmp(name[k - 1], name[k]) == 0)
            return bw_error_set(err, BW_ERR_FORMAT,
                                "header: %s '%s' is there twice", what,
                                bw_utf8_show(name[k], shown));
    return BW_OK;
}

static bw_status check_repeats(const bw_header *header, bw_error *err)
{
    size_t n =
        header->n_meta > header->n_tensors ? header->n_meta : header->n_tensors;
    const char **name = malloc((n + 1) * sizeof *name);
    bw_status status;

    if (name == NULL)
        return bw_error_memory(err);
    for (size_t k = 0; k < header->n_meta; k++)
        name[k] = header->meta[k].key;
    status = check_names(name, header->n_meta, "metadata", err);
    if (status == BW_OK) {
        for (size_t k = 0; k < header->n_tensors; k++)
            name[k] = header->tensor[k].name;
        status = check_names(name, header->n_tensors, "tensor", err);
    }
    free(name);
    return status;
}

/* ---- the whole ---- */

/* Takes one member of an object: its key, and the value by `take`. */
typedef bw_status (*take_member)(bw_header *header, cursor *c, const char *key,
                                 bw_error *err);

static bw_status parse_object(bw_header *header, cursor *c, take_member take,
                              bw_error *err)
{
    bw_status status = expect(c, '{', err);

    if (status != BW_OK)
        return status;
    if (peek(c) == '}') {
        c->at++;
        return BW_OK;
    }
    for (;;) {
        json_t *key;

        status = parse_value(c, '"', SIZE_MAX, &key, err);
        if (status == BW_OK)
            status = expect(c, ':', err);
        if (status == BW_OK)
            status = take(header, c, json_string_value(key), err);
        json_decref(key);
        if (status != BW_OK)
            return status;
        if (peek(c) == '}') {
            c->at++;
            return BW_OK;
        }
        status = expect(c, ',', err);
        if (status != BW_OK)
            return status;
    }
}

static bw_status take_meta(bw_header *header, cursor *c, const char *key,
                           bw_error *err)
{
    json_t *value;
    bw_status status = parse_value(c, '"', SIZE_MAX, &value, err);

    if (status == BW_OK)
        status =
            bw_header_append_meta(header, key, json_string_value(value), err);
    json_decref(value);
    return status;
}

static bw_status take_tensor(bw_header *header, cursor *c, const char *key,
                             bw_error *err)
{
    bw_tensor tensor = {.name = key};
    char shown[BW_UTF8_SHOWN];
    json_t *entry;
    bw_status status = parse_value(c, '{', MAX_ENTRY, &entry, err);

    if (status != BW_OK)
        return status;
    status = parse_entry(entry, &tensor, err);
    if (status == BW_OK)
        status = bw_header_add(header, &tensor, err);
    else
        bw_error_prefix(err, "tensor '%s'", bw_utf8_show(key, shown));
    json_decref(entry);
    return status;
}

static bw_status take_outer(bw_header *header, cursor *c, const char *key,
                            bw_error *err)
{
    if (strcmp(key, BW_HEADER_META) != 0)
        return take_tensor(header, c, key, err);
    if (c->has_meta)
        return fail_at(c, "second __metadata__", err);
    c->has_meta = true;
    return parse_object(header, c, take_meta, err);
}

bw_status bw_header_parse(bw_header *header, const char *text, size_t n,
                          bw_error *err)
{
    cursor c = {text, n, 0, false};
    bw_error own = BW_ERROR_INIT;
    bw_status status;

    if (err == NULL)
        err = &own;
    if (n == 0 || text[0] != '{')
        return fail_at(&c, "'{' expected", err);
    status = parse_object(header, &c, take_outer, err);
    if (status == BW_OK && peek(&c) != -1)
        status = fail_at(&c, "text after the object", err);
    if (status == BW_OK)
        status = check_repeats(header, err);
    if (status == BW_OK)
        status = check_offsets(header, err);
    if (status != BW_OK)
        bw_header_clear(header);
    return status;
}
