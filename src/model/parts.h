/* parts.h - the networks of a model of items: where their texts come from, and
 * whether they fit the items. */
#ifndef BW_PARTS_H
#define BW_PARTS_H

#include "model/items.h"
#include "model/model.h"
#include "model/origin.h"

/* n values, no image. */
bw_shape bw_parts_flat(size_t n);

/* BW_ERR_DIMENSION, "WHAT is 5, where 4 is wanted", unless they are equal. */
bw_status bw_parts_check(const char *what, bw_shape found, bw_shape wanted,
                         bw_error *err) BW_MUST_CHECK;

/* The output of a network that makes items: flat ones stand for images of one
 * channel, whose order of values is the same (flatten puts several channels one
 * after the other). */
bw_shape bw_parts_as_item(const bw_network *network, bw_shape item);

/* What the last layer that computes can say: unit for sigmoid, signed for
 * tanh, none otherwise. */
bw_range bw_parts_range(const bw_network *network);

/* Of which a part is made. */
typedef struct bw_part_source {
    const char *preset, *part;
    const char *opt_text, *name; /* a text and its name; NULL: the preset's */
    bw_shape item;
    size_t latent;
    bw_shape input;
    double width;
} bw_part_source;

/* As bw_preset_text and bw_model_add. */
bw_status bw_parts_add(bw_model *model, const bw_part_source *source,
                       bw_error *err) BW_MUST_CHECK;

/* Opens a model file of a kind. Messages begin with the path. origin is the
 * caller's to clear in any case. */
bw_status bw_parts_open(const char *path, const char *kind,
                        bw_model **ret_model, bw_origin *origin,
                        bw_error *err) BW_MUST_CHECK;

/* Loads items for a model that came from model_path (NULL: it is new):
 * BW_ERR_DIMENSION, with both shapes, for those of another, BW_ERR_RANGE out
 * of the range. */
bw_status bw_parts_load_items(const char *path, bw_shape item, bw_range range,
                              const char *opt_model_path, bw_items *items,
                              bw_error *err) BW_MUST_CHECK;

#endif
