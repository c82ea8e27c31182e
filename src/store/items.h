/* items.h - the inputs of wpack as one stream of decoded items. */
#ifndef BW_ITEMS_H
#define BW_ITEMS_H

#include "barrow/image.h"
#include "barrow/provenance.h"
#include "store/pack.h"

/* A vector is an image of one row and one channel. */
typedef struct bw_item {
    bw_image image; /* samples as in the file */
    bool is_vector;
    int32_t label; /* where bw_items_has_labels */
} bw_item;

typedef struct bw_items bw_items;

/* Opens nothing yet but the label file and, for labels "folder", the folders'
 * listings. Both arguments are borrowed and must live on. */
bw_status bw_items_create(const bw_pack_options *options,
                          bw_provenance *provenance, bw_items **ret_items,
                          bw_error *err) BW_MUST_CHECK;
void bw_items_destroy(bw_items *items);

bool bw_items_has_labels(const bw_items *items);
/* What the inputs are; known from the first bw_items_next on. */
bw_pack_kind bw_items_kind(const bw_items *items);
/* How many items the inputs hold; 0 while that is unknown. */
uint64_t bw_items_total(const bw_items *items);

/* The next item, or *is_end. With is_wanted false a picture is read for the
 * digest but not decoded, and item->image is undefined. At the end every input
 * has gone to the provenance. */
bw_status bw_items_next(bw_items *items, bool is_wanted, bw_item *item,
                        bool *is_end, bw_error *err) BW_MUST_CHECK;

/* Where the last item came from, for messages: "digits.idx: item 17". The text
 * is valid until the next call of bw_items_next. */
const char *bw_items_place(const bw_items *items);

/* The subfolders' names in the order of their labels; n = 0 without labels
 * "folder". */
const char *const *bw_items_label_names(const bw_items *items, size_t *n);

#endif
