/* header.c - the JSON header of a safetensors file: building and printing.
 * header_parse.c parses it. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "store/header.h"
#include "store/utf8.h"

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

bw_status bw_header_append_meta(bw_header *header, const char *key,
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
        return bw_header_append_meta(header, key, value, err);
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
        is_good = json_object_set(root, BW_HEADER_META, meta) == 0;
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
