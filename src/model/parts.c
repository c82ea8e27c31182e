/* parts.c - the networks of a model of items. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "model/parts.h"

/* ---- shapes ---- */

bw_shape bw_parts_flat(size_t n)
{
    return (bw_shape){.h = 1, .w = 1, .c = n, .is_flat = true};
}

bw_status bw_parts_check(const char *what, bw_shape found, bw_shape wanted,
                         bw_error *err)
{
    char one[64], other[64];

    if (bw_shape_equal(found, wanted))
        return BW_OK;
    bw_shape_text(found, one);
    bw_shape_text(wanted, other);
    return bw_error_set(err, BW_ERR_DIMENSION, "%s is %s, where %s is wanted",
                        what, one, other);
}

bw_shape bw_parts_as_item(const bw_network *network, bw_shape item)
{
    bw_shape output = bw_network_output(network);

    if (output.is_flat && item.c == 1 && bw_shape_n(output) == bw_shape_n(item))
        return item;
    return output;
}

bw_range bw_parts_range(const bw_network *network)
{
    const char *text = bw_network_text(network), *end;
    bw_range range = BW_RANGE_NONE;

    for (; *text; text = *end ? end + 1 : end) {
        end = text + strcspn(text, "\n");
        if (strncmp(text, "sigmoid", 7) == 0)
            range = BW_RANGE_UNIT;
        else if (strncmp(text, "tanh", 4) == 0)
            range = BW_RANGE_SIGNED;
        else if (end > text && strncmp(text, "flatten", 7) != 0 &&
                 strncmp(text, "reshape", 7) != 0)
            range = BW_RANGE_NONE;
    }
    return range;
}

/* ---- texts ---- */

bw_status bw_parts_add(bw_model *model, const bw_part_source *source,
                       bw_error *err)
{
    const bw_part_source *s = source;
    char *text = NULL;
    bw_status status = BW_OK;

    if (!s->opt_text)
        status =
            bw_preset_text(s->preset, s->part, s->item, s->latent, &text, err);
    if (!status)
        status = bw_model_add(model, s->part, s->opt_text ? s->opt_text : text,
                              s->opt_text ? s->name : s->part, s->input,
                              s->width, err);
    free(text);
    return status;
}

/* ---- files ---- */

bw_status bw_parts_open(const char *path, const char *kind,
                        bw_model **ret_model, bw_origin *origin, bw_error *err)
{
    bw_reader *reader = NULL;
    bw_status status = bw_reader_open(path, &reader, err);

    *ret_model = NULL;
    if (!status)
        status = bw_origin_set(origin, reader, err);
    if (!status)
        status = bw_model_read(reader, kind, ret_model, &origin->digest, err);
    bw_reader_close(reader);
    return status;
}

static bw_status check_items(const bw_items *items, bw_shape item,
                             bw_range range, const char *opt_model_path,
                             bw_error *err)
{
    char own[64], other[64];

    if (bw_shape_equal(item, items->shape))
        return bw_items_check(items, range, err);
    bw_shape_text(item, own);
    bw_shape_text(items->shape, other);
    return bw_error_set(
        err, BW_ERR_DIMENSION, "%s: items are %s, those of the model %s are %s",
        items->origin.path, other, opt_model_path ? opt_model_path : "", own);
}

bw_status bw_parts_load_items(const char *path, bw_shape item, bw_range range,
                              const char *opt_model_path, bw_items *items,
                              bw_error *err)
{
    bw_status status = bw_items_load(path, items, err);

    if (!status)
        status = check_items(items, item, range, opt_model_path, err);
    if (status)
        bw_items_clear(items);
    return status;
}
