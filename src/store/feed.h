/* feed.h - the inputs of wpack as one stream of decoded items. */
#ifndef BW_FEED_H
#define BW_FEED_H

#include "barrow/provenance.h"
#include "store/image.h"
#include "store/pack.h"

/* A vector is an image of one row and one channel. */
typedef struct bw_item {
    bw_image image; /* samples as in the file */
    bool is_vector;
    int32_t label; /* where bw_feed_has_labels */
} bw_item;

typedef struct bw_feed bw_feed;

/* Opens nothing yet but the label file and, for labels "folder", the folders'
 * listings. Both arguments are borrowed and must live on. */
bw_status bw_feed_create(const bw_pack_options *options,
                         bw_provenance *provenance, bw_feed **ret_feed,
                         bw_error *err) BW_MUST_CHECK;
void bw_feed_destroy(bw_feed *feed);

bool bw_feed_has_labels(const bw_feed *feed);
/* What the inputs are; known from the first bw_feed_next on. */
bw_pack_kind bw_feed_kind(const bw_feed *feed);
/* How many items the inputs hold; 0 while that is unknown. */
uint64_t bw_feed_total(const bw_feed *feed);

/* The next item, or *is_end. With is_wanted false a picture is read for the
 * digest but not decoded, and item->image is undefined. At the end every input
 * has gone to the provenance. */
bw_status bw_feed_next(bw_feed *feed, bool is_wanted, bw_item *item,
                       bool *is_end, bw_error *err) BW_MUST_CHECK;

/* Where the last item came from, for messages: "digits.idx: item 17". The text
 * is valid until the next call of bw_feed_next. */
const char *bw_feed_place(const bw_feed *feed);

/* The subfolders' names in the order of their labels; n = 0 without labels
 * "folder". */
const char *const *bw_feed_label_names(const bw_feed *feed, size_t *n);

#endif
