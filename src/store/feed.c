/* feed.c - inputs one after the other: arrays row by row, PNG files, folders
 * of PNG files.
 *
 * Contents: names, arrays, pictures, opening, the stream. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "store/feed.h"
#include "store/folder.h"
#include "store/groups.h"
#include "store/labels.h"

struct bw_feed {
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

static bw_status add_provenance(bw_feed *feed, const char *path,
                                uint64_t digest, bw_error *err)
{
    char *name = strdup(path);

    if (!name)
        return bw_error_memory(err);
    for (size_t n = strlen(name); n > 1 && name[n - 1] == '/'; n--)
        name[n - 1] = '\0';
    bw_status rc = bw_provenance_add_input(
        feed->provenance, bw_names_base(name), digest, NULL, err);
    free(name);
    return rc;
}

static bw_status set_place(bw_feed *feed, bw_error *err, const char *format,
                           ...) BW_PRINTF(3, 4);

static bw_status set_place(bw_feed *feed, bw_error *err, const char *format,
                           ...)
{
    va_list args;

    free(feed->place);
    va_start(args, format);
    int n = vasprintf(&feed->place, format, args);
    va_end(args);
    if (n >= 0)
        return BW_OK;
    feed->place = NULL;
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
static bw_status check_rank(const bw_feed *feed, const char *name,
                            const bw_array_form *layout, bw_error *err)
{
    unsigned rank = layout->rank;

    if (feed->kind == BW_PACK_IMAGES && (rank < 3 || rank > 4))
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: rank %u, images need (n,h,w) or (n,h,w,c)",
                            name, rank);
    if (feed->kind == BW_PACK_CODES && rank != 2)
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

static bw_status open_array(bw_feed *feed, bw_bytes *bytes, bw_format format,
                            const char *name, bw_error *err)
{
    const bw_pack_options *options = feed->options;
    bw_status rc =
        bw_array_open(bytes, format, options->table_label, &feed->array, err);

    if (rc)
        return rc;
    const bw_array_form *layout = bw_array_layout(feed->array);
    feed->n_rows = 0;
    if (feed->kind == BW_PACK_AUTO)
        feed->kind = kind_of_array(format, layout);
    if (options->n_inputs == 1 && layout->shape[0] != UINT64_MAX)
        feed->total = layout->shape[0];
    return check_rank(feed, name, layout, err);
}

static bw_status next_row(bw_feed *feed, bw_item *item, bool *is_end,
                          bw_error *err)
{
    const char *path = feed->options->input[feed->k_input - 1];
    const bw_array_form *layout = bw_array_layout(feed->array);
    bw_image *image = &item->image;
    uint64_t digest = 0;
    bw_status rc = bw_array_read(
        feed->array, &image->data, &image->capacity,
        feed->options->table_label ? &item->label : NULL, is_end, err);

    if (rc)
        return rc;
    if (*is_end) {
        rc = bw_array_finish(feed->array, &digest, err);
        bw_array_close(feed->array);
        feed->array = NULL;
        feed->is_open = false;
        return rc ? rc : add_provenance(feed, path, digest, err);
    }
    item->is_vector = layout->rank == 2;
    image->dtype = layout->dtype;
    image->height = item->is_vector ? 1 : (size_t)layout->shape[1];
    image->width = (size_t)layout->shape[item->is_vector ? 1 : 2];
    image->channels = layout->rank == 4 ? (size_t)layout->shape[3] : 1;
    return set_place(feed, err, "%s: item %llu",
                     strcmp(path, "-") == 0 ? "standard input" : path,
                     (unsigned long long)feed->n_rows++);
}

/* ---- pictures ---- */

/* Reads a whole PNG file; decodes it when wanted. */
static bw_status read_picture(bw_feed *feed, bw_bytes *bytes, bool is_wanted,
                              bw_item *item, size_t *n, uint64_t *digest,
                              bw_error *err)
{
    bw_status rc = set_place(feed, err, "%s", bw_bytes_name(bytes));

    if (rc == BW_OK)
        rc = bw_bytes_read_rest(bytes, &feed->png, &feed->png_capacity,
                                (size_t)BW_ROW_MAX, n, err);
    if (rc == BW_OK)
        rc = bw_bytes_finish(bytes, digest, err);
    if (rc || !is_wanted)
        return rc;
    rc = bw_png_decode(feed->png, *n, &feed->options->background, &item->image,
                       err);
    return rc ? bw_error_prefix(err, "%s", feed->place) : BW_OK;
}

static bw_status next_single(bw_feed *feed, bool is_wanted, bw_item *item,
                             bool *is_end, bw_error *err)
{
    const char *path = feed->options->input[feed->k_input - 1];
    uint64_t digest = 0;
    size_t n;

    *is_end = !feed->picture;
    if (*is_end) {
        feed->is_open = false;
        return BW_OK;
    }
    bw_status rc =
        read_picture(feed, feed->picture, is_wanted, item, &n, &digest, err);
    bw_bytes_close(feed->picture);
    feed->picture = NULL;
    return rc ? rc : add_provenance(feed, path, digest, err);
}

/* The folder's digest runs over name, NUL, length in 8 bytes little-endian,
 * and bytes of every file. */
static void hash_file(bw_feed *feed, const char *file, size_t n)
{
    unsigned char size[8];

    for (unsigned k = 0; k < 8; k++)
        size[k] = (unsigned char)((uint64_t)n >> (8 * k));
    XXH64_update(feed->hash, file, strlen(file) + 1);
    XXH64_update(feed->hash, size, sizeof size);
    if (n > 0)
        XXH64_update(feed->hash, feed->png, n);
}

static bw_status next_in_folder(bw_feed *feed, bool is_wanted, bw_item *item,
                                bool *is_end, bw_error *err)
{
    const char *folder = feed->options->input[feed->k_input - 1];
    bw_bytes *bytes = NULL;
    char *path = NULL;
    uint64_t digest;
    size_t n = 0, length = strlen(folder);

    *is_end = feed->k_file == feed->files.n;
    if (*is_end) {
        digest = XXH64_digest(feed->hash);
        bw_names_clear(&feed->files);
        feed->is_open = false;
        return add_provenance(feed, folder, digest, err);
    }
    const char *file = feed->files.item[feed->k_file++];
    const char *slash = length > 0 && folder[length - 1] == '/' ? "" : "/";
    if (asprintf(&path, "%s%s%s", folder, slash, file) < 0)
        return bw_error_memory(err);
    bw_status rc = bw_bytes_open(path, &bytes, err);
    if (rc == BW_OK)
        rc = read_picture(feed, bytes, is_wanted, item, &n, &digest, err);
    if (rc == BW_OK)
        hash_file(feed, file, n);
    if (feed->groups.n > 0)
        item->label = bw_groups_of(&feed->groups, file);
    bw_bytes_close(bytes);
    free(path);
    return rc;
}

/* ---- opening ---- */

static bw_status open_folder(bw_feed *feed, const char *path, bw_error *err)
{
    if (!feed->hash && !(feed->hash = XXH64_createState()))
        return bw_error_memory(err);
    XXH64_reset(feed->hash, 0);
    bw_status rc = bw_folder_list(path, &feed->files, err);
    feed->k_file = 0;
    if (feed->options->n_inputs == 1)
        feed->total = feed->files.n;
    return rc;
}

static bw_status open_file(bw_feed *feed, const char *path, bw_error *err)
{
    bw_format format = feed->options->format;
    bw_bytes *bytes = NULL;
    bw_status rc = bw_bytes_open(path, &bytes, err);

    if (rc == BW_OK && format == BW_FORMAT_AUTO)
        rc = bw_array_sniff(bytes, &format, err);
    if (rc) {
        bw_bytes_close(bytes);
        return rc;
    }
    if (format == BW_FORMAT_PNG) {
        feed->picture = bytes;
        return BW_OK;
    }
    return open_array(feed, bytes, format,
                      strcmp(path, "-") == 0 ? "standard input" : path, err);
}

static bw_status open_next(bw_feed *feed, bw_error *err)
{
    const char *path = feed->options->input[feed->k_input++];
    bool is_stdin = strcmp(path, "-") == 0;
    struct stat st;
    bw_status rc;

    if (!is_stdin && stat(path, &st) != 0)
        return bw_error_errno(err, "%s", path);
    rc = !is_stdin && S_ISDIR(st.st_mode) ? open_folder(feed, path, err)
                                          : open_file(feed, path, err);
    if (rc)
        return rc;
    feed->is_open = true;
    if (!feed->array && feed->kind == BW_PACK_AUTO)
        feed->kind = BW_PACK_IMAGES;
    if (!feed->array && feed->kind == BW_PACK_CODES)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: pictures, codes need (n,d)", path);
    if (!feed->array && feed->options->table_label)
        return bw_error_set(err, BW_ERR_USAGE,
                            "%s: a label column, but this is no table", path);
    return BW_OK;
}

bw_status bw_feed_create(const bw_pack_options *options,
                         bw_provenance *provenance, bw_feed **ret_feed,
                         bw_error *err)
{
    bw_feed *feed = calloc(1, sizeof *feed);
    bw_status rc = BW_OK;

    *ret_feed = NULL;
    if (!feed)
        return bw_error_memory(err);
    feed->options = options;
    feed->provenance = provenance;
    feed->kind = options->kind;
    if (options->labels && strcmp(options->labels, "folder") == 0)
        rc = bw_groups_find(options->n_inputs, options->input, &feed->groups,
                            err);
    else if (options->labels)
        rc = bw_labels_open(options->labels, &feed->labels, err);
    if (rc)
        bw_feed_destroy(feed);
    else
        *ret_feed = feed;
    return rc;
}

void bw_feed_destroy(bw_feed *feed)
{
    if (!feed)
        return;
    bw_labels_close(feed->labels);
    bw_names_clear(&feed->groups);
    bw_array_close(feed->array);
    bw_bytes_close(feed->picture);
    bw_names_clear(&feed->files);
    XXH64_freeState(feed->hash);
    free(feed->png);
    free(feed->place);
    free(feed);
}

/* ---- the stream ---- */

bool bw_feed_has_labels(const bw_feed *feed)
{
    return feed->options->labels || feed->options->table_label;
}

bw_pack_kind bw_feed_kind(const bw_feed *feed)
{
    return feed->kind;
}

uint64_t bw_feed_total(const bw_feed *feed)
{
    return feed->total;
}

const char *bw_feed_place(const bw_feed *feed)
{
    return feed->place ? feed->place : "";
}

const char *const *bw_feed_label_names(const bw_feed *feed, size_t *n)
{
    *n = feed->groups.n;
    return (const char *const *)feed->groups.item;
}

/* After the last item: the label file must end too. */
static bw_status finish(bw_feed *feed, bw_error *err)
{
    uint64_t digest = 0;

    if (!feed->labels)
        return BW_OK;
    bw_status rc = bw_labels_finish(feed->labels, &digest, err);
    return rc ? rc : add_provenance(feed, feed->options->labels, digest, err);
}

bw_status bw_feed_next(bw_feed *feed, bool is_wanted, bw_item *item,
                       bool *is_end, bw_error *err)
{
    bw_status rc = BW_OK;

    *is_end = true;
    while (rc == BW_OK && *is_end) {
        if (!feed->is_open) {
            if (feed->k_input == feed->options->n_inputs)
                return finish(feed, err);
            rc = open_next(feed, err);
            if (rc)
                return rc;
        }
        item->is_vector = false;
        if (feed->array)
            rc = next_row(feed, item, is_end, err);
        else if (feed->files.n > 0)
            rc = next_in_folder(feed, is_wanted, item, is_end, err);
        else
            rc = next_single(feed, is_wanted, item, is_end, err);
    }
    if (rc == BW_OK && feed->labels)
        rc = bw_labels_next(feed->labels, &item->label, err);
    return rc;
}
