/* model_read.c - a model from a container: metadata, then tensors. Nothing is
 * allocated by what a header declares: the block is made once all bytes are
 * there. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model_file.h"
#include "store/utf8.h"

enum { KEY_SIZE = 48 };

/* ---- metadata ---- */

/* "28x28x1" or "50", as bw_shape_text writes them. */
static bool parse_shape(const char *text, bw_shape *shape)
{
    uint64_t size[3], product = 1;
    size_t n = 0;

    for (;; text++) {
        char *end;

        if (n == 3 || *text < '1' || *text > '9')
            return false;
        size[n] = strtoull(text, &end, 10);
        if (size[n] > BW_MAX_ITEM || size[n] * product > BW_MAX_ITEM)
            return false;
        product *= size[n++];
        text = end;
        if (*text == '\0')
            break;
        if (*text != 'x')
            return false;
    }
    if (n == 1)
        *shape = (bw_shape){1, 1, (size_t)size[0], true};
    else if (n == 3)
        *shape = (bw_shape){(size_t)size[0], (size_t)size[1], (size_t)size[2],
                            false};
    return n != 2;
}

static bw_status check_kind(const bw_reader *reader, const char *opt_kind,
                            bw_error *err)
{
    const char *file_kind = bw_reader_meta(reader, BW_META_KIND);
    const char *model_kind = bw_reader_meta(reader, BW_META_MODEL);
    char shown[BW_UTF8_SHOWN];

    if (file_kind == NULL || model_kind == NULL)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "no model: metadata '%s' is missing",
                            file_kind == NULL ? BW_META_KIND : BW_META_MODEL);
    if (strcmp(file_kind, "model") != 0 && strcmp(file_kind, "checkpoint") != 0)
        return bw_error_set(err, BW_ERR_FORMAT, "kind %s, not model",
                            bw_utf8_show(file_kind, shown));
    if (opt_kind != NULL && strcmp(model_kind, opt_kind) != 0)
        return bw_error_set(err, BW_ERR_FORMAT, "a model of kind %s, not %s",
                            bw_utf8_show(model_kind, shown), opt_kind);
    if (strlen(model_kind) >= sizeof((bw_model *)NULL)->kind)
        return bw_error_set(err, BW_ERR_FORMAT, "'%.40s' is no kind of model",
                            bw_utf8_show(model_kind, shown));
    return BW_OK;
}

static bw_status read_part(const bw_reader *reader, bw_model *model,
                           const char *key, bw_error *err)
{
    const char *name = key + strlen("net.");
    char input_key[KEY_SIZE], shown[BW_UTF8_SHOWN];
    const char *input;
    bw_shape shape;

    bw_utf8_show(key, shown);
    snprintf(input_key, sizeof input_key, "input.%s", name);
    input = bw_reader_meta(reader, input_key);
    if (input == NULL)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: metadata 'input' of the part is missing",
                            shown);
    if (!parse_shape(input, &shape))
        return bw_error_set(err, BW_ERR_FORMAT, "%s: '%.40s' is no input shape",
                            shown, input);
    return bw_model_add(model, name, bw_reader_meta(reader, key), shown, shape,
                        1.0, err);
}

static bw_status read_metadata(const bw_reader *reader, bw_model *model,
                               bw_error *err)
{
    bw_status status = BW_OK;

    for (size_t k = 0; k < bw_reader_n_meta(reader) && status == BW_OK; k++) {
        const char *key = bw_reader_meta_key(reader, k);

        if (strncmp(key, "net.", 4) == 0)
            status = read_part(reader, model, key, err);
        else if (!bw_model_owns_key(key))
            status = bw_model_set(model, key, bw_reader_meta(reader, key), err);
    }
    if (status == BW_OK && model->n_parts == 0)
        status = bw_error_set(err, BW_ERR_FORMAT, "the model has no network");
    return status;
}

/* ---- tensors ---- */

static bw_status read_values(bw_reader *reader, bw_model *model,
                             uint64_t *opt_digest, bw_error *err)
{
    size_t n = bw_model_n_slots(model);
    bw_slot *slot = calloc(n + 1, sizeof *slot);
    bw_status status;

    if (slot == NULL)
        return bw_error_memory(err);
    bw_model_slots(model, NULL, slot);
    status = bw_slots_read(reader, BW_TRAIN_PREFIX, n, slot, err);
    if (status == BW_OK)
        status = bw_reader_finish(reader, opt_digest, err);
    if (status == BW_OK)
        status = bw_model_seal(model, err);
    for (size_t k = 0; k < n && status == BW_OK; k++)
        memcpy(model->values + slot[k].offset, slot[k].data,
               slot[k].n * sizeof(float));
    bw_slots_clear(n, slot);
    free(slot);
    return status;
}

bw_status bw_model_read(bw_reader *reader, const char *opt_kind,
                        bw_model **ret_model, uint64_t *opt_digest,
                        bw_error *err)
{
    bw_model *model = NULL;
    bw_status status = check_kind(reader, opt_kind, err);

    *ret_model = NULL;
    if (status == BW_OK) {
        model = bw_model_create(bw_reader_meta(reader, BW_META_MODEL));
        if (model == NULL)
            return bw_error_memory(err);
        status = read_metadata(reader, model, err);
    }
    if (status != BW_OK)
        bw_error_prefix(err, "%s", bw_reader_path(reader));
    else
        status = read_values(reader, model, opt_digest, err);
    if (status != BW_OK) {
        bw_model_destroy(model);
        return status;
    }
    *ret_model = model;
    return BW_OK;
}
