/* header.c - the JSON header of a safetensors file.
 *
 * Contents: building, parsing values, checking, parsing the whole, printing.
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
#include "store/utf8.h"

static const char meta_name[] = "__metadata__";

/* A tensor's entry is never longer: a type, at most 8 sizes, 2 offsets. */
enum { MAX_ENTRY = 64 * 1024 };

/* ---- building ---- */

void bw_header_clear(bw_header *header)
{
    for (size_t k = 0; k < header->n_meta; k++) {
        free(header->meta[k].key);
        free(header->meta[k].value);
    }
    for (size_t k = 0; k < header->n_tensors; k++)
        free((char *)header->tensor[k].name);
    free(header->meta);
    free(header->tensor);
    *header = (bw_header)BW_HEADER_INIT;
}

/* Makes room for one more item in an array that grows by half. */
static bool grow(void **items, size_t n, size_t *room, size_t size)
{
    size_t wanted = *room < 8 ? 8 : *room + *room / 2;
    void *moved;

    if (n < *room)
        return true;
    if (wanted > SIZE_MAX / size)
        return false;
    moved = realloc(*items, wanted * size);
    if (moved == NULL)
        return false;
    *items = moved;
    *room = wanted;
    return true;
}

static bool is_utf8(const char *text)
{
    size_t n = strlen(text), length;

    for (size_t k = 0; k < n; k += length) {
        length = bw_utf8_length(text + k, n - k);
        if (length == 0)
            return false;
    }
    return true;
}

/* Appends copies, or nothing. */
static bw_status append_meta(bw_header *header, const char *key,
                             const char *value, bw_error *err)
{
    void *items = header->meta;
    bw_meta meta = {strdup(key), strdup(value)};

    if (meta.key == NULL || meta.value == NULL ||
        !grow(&items, header->n_meta, &header->meta_room, sizeof meta)) {
        free(meta.key);
        free(meta.value);
        return bw_error_memory(err);
    }
    header->meta = items;
    header->meta[header->n_meta++] = meta;
    return BW_OK;
}

static bw_meta *find_meta(const bw_header *header, const char *key)
{
    for (size_t k = 0; k < header->n_meta; k++)
        if (strcmp(header->meta[k].key, key) == 0)
            return &header->meta[k];
    return NULL;
}

bw_status bw_header_set_meta(bw_header *header, const char *key,
                             const char *value, bw_error *err)
{
    bw_meta *old = find_meta(header, key);
    char shown[BW_UTF8_SHOWN];
    char *copy;

    if (!is_utf8(key) || !is_utf8(value))
        return bw_error_set(err, BW_ERR_RANGE, "metadata '%s' is no UTF-8",
                            bw_utf8_show(key, shown));
    if (old == NULL)
        return append_meta(header, key, value, err);
    copy = strdup(value);
    if (copy == NULL)
        return bw_error_memory(err);
    free(old->value);
    old->value = copy;
    return BW_OK;
}

const char *bw_header_meta(const bw_header *header, const char *key)
{
    const bw_meta *meta = find_meta(header, key);

    return meta == NULL ? NULL : meta->value;
}

bw_status bw_header_add(bw_header *header, const bw_tensor *tensor,
                        bw_error *err)
{
    void *items = header->tensor;
    char *name = strdup(tensor->name);

    if (name == NULL || !grow(&items, header->n_tensors, &header->tensor_room,
                              sizeof *tensor)) {
        free(name);
        return bw_error_memory(err);
    }
    header->tensor = items;
    header->tensor[header->n_tensors] = *tensor;
    header->tensor[header->n_tensors++].name = name;
    return BW_OK;
}

bool bw_header_measure(bw_tensor *tensor)
{
    uint64_t bytes = bw_dtype_size(tensor->dtype);
    bool is_empty = false;

    for (unsigned k = 0; k < tensor->rank; k++) {
        uint64_t size = tensor->shape[k];

        if (size == 0) {
            is_empty = true;
            continue;
        }
        if (size > INT64_MAX / bytes)
            return false;
        bytes *= size;
    }
    tensor->n_bytes = is_empty ? 0 : bytes;
    tensor->n_items = tensor->n_bytes / bw_dtype_size(tensor->dtype);
    return true;
}

/* ---- parsing values ---- */

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
    json_error_t error;
    char shown[BW_UTF8_SHOWN];

    *ret_value = NULL;
    if (peek(c) != first)
        return fail_at(c, first == '"' ? "string expected" : "object expected",
                       err);
    n = c->n - c->at < limit ? c->n - c->at : limit;
    *ret_value = json_loadb(c->text + c->at, n,
                            JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK |
                                JSON_REJECT_DUPLICATES,
                            &error);
    if (*ret_value != NULL) {
        c->at += (size_t)error.position;
        return BW_OK;
    }
    if (json_error_code(&error) == json_error_out_of_memory)
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

/* ---- checking ---- */

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

/* ---- parsing the whole ---- */

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
        status = append_meta(header, key, json_string_value(value), err);
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
    if (strcmp(key, meta_name) != 0)
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

/* ---- printing ---- */

static json_t *tensor_entry(const bw_tensor *tensor)
{
    json_t *shape = json_array();
    bool is_good = shape != NULL;

    for (unsigned k = 0; k < tensor->rank && is_good; k++)
        is_good = json_array_append_new(
                      shape, json_integer((json_int_t)tensor->shape[k])) == 0;
    if (!is_good) {
        json_decref(shape);
        return NULL;
    }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype",
                     bw_dtype_name(tensor->dtype), "shape", shape,
                     "data_offsets", (json_int_t)tensor->offset,
                     (json_int_t)(tensor->offset + tensor->n_bytes));
}

/* NULL when memory is out. */
static json_t *header_tree(const bw_header *header)
{
    json_t *root = json_object(), *meta = json_object();
    bool is_good = root != NULL && meta != NULL;

    for (size_t k = 0; k < header->n_meta && is_good; k++)
        is_good = json_object_set_new(meta, header->meta[k].key,
                                      json_string(header->meta[k].value)) == 0;
    if (is_good && header->n_meta > 0)
        is_good = json_object_set(root, meta_name, meta) == 0;
    for (size_t k = 0; k < header->n_tensors && is_good; k++)
        is_good = json_object_set_new(root, header->tensor[k].name,
                                      tensor_entry(&header->tensor[k])) == 0;
    json_decref(meta);
    if (!is_good) {
        json_decref(root);
        return NULL;
    }
    return root;
}

bw_status bw_header_print(const bw_header *header, char **ret_text, size_t *n,
                          bw_error *err)
{
    json_t *root = header_tree(header);
    char *text = NULL;
    size_t length, padded;

    *ret_text = NULL;
    if (root == NULL)
        return bw_error_memory(err);
    length = json_dumpb(root, NULL, 0, JSON_COMPACT);
    padded = (length + 7) / 8 * 8;
    if (padded > BW_MAX_HEADER) {
        json_decref(root);
        return bw_error_set(err, BW_ERR_RANGE,
                            "header of %zu bytes, more than the %d allowed",
                            padded, BW_MAX_HEADER);
    }
    text = malloc(padded + 1);
    if (length == 0 || text == NULL ||
        json_dumpb(root, text, length, JSON_COMPACT) != length) {
        json_decref(root);
        free(text);
        return bw_error_memory(err);
    }
    json_decref(root);
    memset(text + length, ' ', padded - length);
    text[padded] = '\0';
    *ret_text = text;
    *n = padded;
    return BW_OK;
}
