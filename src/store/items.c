/* items.c - inputs one after the other: arrays row by row, PNG files, folders
 * of PNG files.
 *
 * Contents: names, arrays, pictures, opening, the stream. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "store/folder.h"
#include "store/groups.h"
#include "store/items.h"
#include "store/labels.h"

struct bw_items {
    const bw_pack_options *options;
    bw_provenance *provenance;
    bw_labels *labels; /* from a file, or NULL */
    bw_names groups;   /* labels "folder": their names, sorted */

    size_t k_input; /* the next input to open */
    bool is_open;   /* an input is under way: what stands below */
    bw_pack_kind kind;
    bw_array *array;   /* IDX, NPY, table; NULL for pictures */
    bw_bytes *picture; /* a PNG file of its own */
    bw_names files;    /* of a folder */
    size_t k_file;
    XXH64_state_t *hash; /* over the folder */
    uint64_t n_rows;     /* read of the array */

    uint64_t total; /* of the only input */
    void *png;      /* the file's bytes, before decoding */
    size_t png_capacity;
    char *place;
};

/* ---- names ---- */

static bw_status add_provenance(bw_items *items, const char *path,
                                uint64_t digest, bw_error *err)
{
    char *name = strdup(path);

    if (!name)
        return bw_error_memory(err);
    for (size_t n = strlen(name); n > 1 && name[n - 1] == '/'; n--)
        name[n - 1] = '\0';
    bw_status rc = bw_provenance_add_input(
        items->provenance, bw_names_base(name), digest, NULL, err);
    free(name);
    return rc;
}

static bw_status set_place(bw_items *items, bw_error *err, const char *format,
                           ...) BW_PRINTF(3, 4);

static bw_status set_place(bw_items *items, bw_error *err, const char *format,
                           ...)
{
    va_list args;

    free(items->place);
    va_start(args, format);
    int n = vasprintf(&items->place, format, args);
    va_end(args);
    if (n >= 0)
        return BW_OK;
    items->place = NULL;
    return bw_error_memory(err);
}

/* ---- arrays ---- */

/* What an array is where --kind doesn't say. */
static bw_pack_kind kind_of_array(bw_format format, const bw_array_form *layout)
{
    bool is_byte = layout->dtype == BW_U8 || layout->dtype == BW_BOOL;

    if (layout->rank == 4)
        return BW_PACK_IMAGES;
    if (layout->rank == 3 && (is_byte || format == BW_FORMAT_IDX))
        return BW_PACK_IMAGES;
    return BW_PACK_HISTOGRAMS;
}

/* Images need (n,h,w) or (n,h,w,c); codes (n,d); histograms any of the three.
 */
static bw_status check_rank(const bw_items *items, const char *name,
                            const bw_array_form *layout, bw_error *err)
{
    unsigned rank = layout->rank;

    if (items->kind == BW_PACK_IMAGES && (rank < 3 || rank > 4))
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: rank %u, images need (n,h,w) or (n,h,w,c)",
                            name, rank);
    if (items->kind == BW_PACK_CODES && rank != 2)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: rank %u, codes need (n,d)", name, rank);
    if (rank < 2 || rank > 4)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: rank %u, histograms need (n,bins), (n,h,w) "
                            "or (n,h,w,c)",
                            name, rank);
    if (rank == 4 && layout->shape[3] > 4)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: %llu channels in the last axis, 1 to 4 "
                            "wanted",
                            name, (unsigned long long)layout->shape[3]);
    return BW_OK;
}

static bw_status open_array(bw_items *items, bw_bytes *bytes, bw_format format,
                            const char *name, bw_error *err)
{
    const bw_pack_options *options = items->options;
    bw_status rc =
        bw_array_open(bytes, format, options->table_label, &items->array, err);

    if (rc)
        return rc;
    const bw_array_form *layout = bw_array_layout(items->array);
    items->n_rows = 0;
    if (items->kind == BW_PACK_AUTO)
        items->kind = kind_of_array(format, layout);
    if (options->n_inputs == 1 && layout->shape[0] != UINT64_MAX)
        items->total = layout->shape[0];
    return check_rank(items, name, layout, err);
}

static bw_status next_row(bw_items *items, bw_item *item, bool *is_end,
                          bw_error *err)
{
    const char *path = items->options->input[items->k_input - 1];
    const bw_array_form *layout = bw_array_layout(items->array);
    bw_image *image = &item->image;
    uint64_t digest = 0;
    bw_status rc = bw_array_read(
        items->array, &image->data, &image->capacity,
        items->options->table_label ? &item->label : NULL, is_end, err);

    if (rc)
        return rc;
    if (*is_end) {
        rc = bw_array_finish(items->array, &digest, err);
        bw_array_close(items->array);
        items->array = NULL;
        items->is_open = false;
        return rc ? rc : add_provenance(items, path, digest, err);
    }
    item->is_vector = layout->rank == 2;
    image->dtype = layout->dtype;
    image->height = item->is_vector ? 1 : (size_t)layout->shape[1];
    image->width = (size_t)layout->shape[item->is_vector ? 1 : 2];
    image->channels = layout->rank == 4 ? (size_t)layout->shape[3] : 1;
    return set_place(items, err, "%s: item %llu",
                     strcmp(path, "-") == 0 ? "standard input" : path,
                     (unsigned long long)items->n_rows++);
}

/* ---- pictures ---- */

/* Reads a whole PNG file; decodes it when wanted. */
static bw_status read_picture(bw_items *items, bw_bytes *bytes, bool is_wanted,
                              bw_item *item, size_t *n, uint64_t *digest,
                              bw_error *err)
{
    bw_status rc = set_place(items, err, "%s", bw_bytes_name(bytes));

    if (rc == BW_OK)
        rc = bw_bytes_read_rest(bytes, &items->png, &items->png_capacity,
                                (size_t)BW_ROW_MAX, n, err);
    if (rc == BW_OK)
        rc = bw_bytes_finish(bytes, digest, err);
    if (rc || !is_wanted)
        return rc;
    rc = bw_png_decode(items->png, *n, &items->options->background,
                       &item->image, err);
    return rc ? bw_error_prefix(err, "%s", items->place) : BW_OK;
}

static bw_status next_single(bw_items *items, bool is_wanted, bw_item *item,
                             bool *is_end, bw_error *err)
{
    const char *path = items->options->input[items->k_input - 1];
    uint64_t digest = 0;
    size_t n;

    *is_end = !items->picture;
    if (*is_end) {
        items->is_open = false;
        return BW_OK;
    }
    bw_status rc =
        read_picture(items, items->picture, is_wanted, item, &n, &digest, err);
    bw_bytes_close(items->picture);
    items->picture = NULL;
    return rc ? rc : add_provenance(items, path, digest, err);
}

/* The folder's digest runs over name, NUL, length in 8 bytes little-endian,
 * and bytes of every file. */
static void hash_file(bw_items *items, const char *file, size_t n)
{
    unsigned char size[8];

    for (unsigned k = 0; k < 8; k++)
        size[k] = (unsigned char)((uint64_t)n >> (8 * k));
    XXH64_update(items->hash, file, strlen(file) + 1);
    XXH64_update(items->hash, size, sizeof size);
    if (n > 0)
        XXH64_update(items->hash, items->png, n);
}

static bw_status next_in_folder(bw_items *items, bool is_wanted, bw_item *item,
                                bool *is_end, bw_error *err)
{
    const char *folder = items->options->input[items->k_input - 1];
    bw_bytes *bytes = NULL;
    char *path = NULL;
    uint64_t digest;
    size_t n = 0, length = strlen(folder);

    *is_end = items->k_file == items->files.n;
    if (*is_end) {
        digest = XXH64_digest(items->hash);
        bw_names_clear(&items->files);
        items->is_open = false;
        return add_provenance(items, folder, digest, err);
    }
    const char *file = items->files.item[items->k_file++];
    const char *slash = length > 0 && folder[length - 1] == '/' ? "" : "/";
    if (asprintf(&path, "%s%s%s", folder, slash, file) < 0)
        return bw_error_memory(err);
    bw_status rc = bw_bytes_open(path, &bytes, err);
    if (rc == BW_OK)
        rc = read_picture(items, bytes, is_wanted, item, &n, &digest, err);
    if (rc == BW_OK)
        hash_file(items, file, n);
    if (items->groups.n > 0)
        item->label = bw_groups_of(&items->groups, file);
    bw_bytes_close(bytes);
    free(path);
    return rc;
}

/* ---- opening ---- */

static bw_status open_folder(bw_items *items, const char *path, bw_error *err)
{
    if (!items->hash && !(items->hash = XXH64_createState()))
        return bw_error_memory(err);
    XXH64_reset(items->hash, 0);
    bw_status rc = bw_folder_list(path, &items->files, err);
    items->k_file = 0;
    if (items->options->n_inputs == 1)
        items->total = items->files.n;
    return rc;
}

static bw_status open_file(bw_items *items, const char *path, bw_error *err)
{
    bw_format format = items->options->format;
    bw_bytes *bytes = NULL;
    bw_status rc = bw_bytes_open(path, &bytes, err);

    if (rc == BW_OK && format == BW_FORMAT_AUTO)
        rc = bw_array_sniff(bytes, &format, err);
    if (rc) {
        bw_bytes_close(bytes);
        return rc;
    }
    if (format == BW_FORMAT_PNG) {
        items->picture = bytes;
        return BW_OK;
    }
    return open_array(items, bytes, format,
                      strcmp(path, "-") == 0 ? "standard input" : path, err);
}

static bw_status open_next(bw_items *items, bw_error *err)
{
    const char *path = items->options->input[items->k_input++];
    bool is_stdin = strcmp(path, "-") == 0;
    struct stat st;
    bw_status rc;

    if (!is_stdin && stat(path, &st) != 0)
        return bw_error_errno(err, "%s", path);
    rc = !is_stdin && S_ISDIR(st.st_mode) ? open_folder(items, path, err)
                                          : open_file(items, path, err);
    if (rc)
        return rc;
    items->is_open = true;
    if (!items->array && items->kind == BW_PACK_AUTO)
        items->kind = BW_PACK_IMAGES;
    if (!items->array && items->kind == BW_PACK_CODES)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: pictures, codes need (n,d)", path);
    if (!items->array && items->options->table_label)
        return bw_error_set(err, BW_ERR_USAGE,
                            "%s: a label column, but this is no table", path);
    return BW_OK;
}

bw_status bw_items_create(const bw_pack_options *options,
                          bw_provenance *provenance, bw_items **ret_items,
                          bw_error *err)
{
    bw_items *items = calloc(1, sizeof *items);
    bw_status rc = BW_OK;

    *ret_items = NULL;
    if (!items)
        return bw_error_memory(err);
    items->options = options;
    items->provenance = provenance;
    items->kind = options->kind;
    if (options->labels && strcmp(options->labels, "folder") == 0)
        rc = bw_groups_find(options->n_inputs, options->input, &items->groups,
                            err);
    else if (options->labels)
        rc = bw_labels_open(options->labels, &items->labels, err);
    if (rc)
        bw_items_destroy(items);
    else
        *ret_items = items;
    return rc;
}

void bw_items_destroy(bw_items *items)
{
    if (!items)
        return;
    bw_labels_close(items->labels);
    bw_names_clear(&items->groups);
    bw_array_close(items->array);
    bw_bytes_close(items->picture);
    bw_names_clear(&items->files);
    XXH64_freeState(items->hash);
    free(items->png);
    free(items->place);
    free(items);
}

/* ---- the stream ---- */

bool bw_items_has_labels(const bw_items *items)
{
    return items->options->labels || items->options->table_label;
}

bw_pack_kind bw_items_kind(const bw_items *items)
{
    return items->kind;
}

uint64_t bw_items_total(const bw_items *items)
{
    return items->total;
}

const char *bw_items_place(const bw_items *items)
{
    return items->place ? items->place : "";
}

const char *const *bw_items_label_names(const bw_items *items, size_t *n)
{
    *n = items->groups.n;
    return (const char *const *)items->groups.item;
}

/* After the last item: the label file must end too. */
static bw_status finish(bw_items *items, bw_error *err)
{
    uint64_t digest = 0;

    if (!items->labels)
        return BW_OK;
    bw_status rc = bw_labels_finish(items->labels, &digest, err);
    return rc ? rc : add_provenance(items, items->options->labels, digest, err);
}

bw_status bw_items_next(bw_items *items, bool is_wanted, bw_item *item,
                        bool *is_end, bw_error *err)
{
    bw_status rc = BW_OK;

    *is_end = true;
    while (rc == BW_OK && *is_end) {
        if (!items->is_open) {
            if (items->k_input == items->options->n_inputs)
                return finish(items, err);
            rc = open_next(items, err);
            if (rc)
                return rc;
        }
        item->is_vector = false;
        if (items->array)
            rc = next_row(items, item, is_end, err);
        else if (items->files.n > 0)
            rc = next_in_folder(items, is_wanted, item, is_end, err);
        else
            rc = next_single(items, is_wanted, item, is_end, err);
    }
    if (rc == BW_OK && items->labels)
        rc = bw_labels_next(items->labels, &item->label, err);
    return rc;
}
