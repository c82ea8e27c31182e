/* items.h - images or points as networks see them: what auto-encoders and GANs
 * are trained on.
 *
 * A container's tensor `images` (n,h,w,c), `mass` (n,h,w) or (n,bins), or
 * `codes` (n,d), the first of these that it has. Integers are divided by their
 * type's largest value, floats are taken as they are; then the range maps them.
 */
#ifndef BW_ITEMS_H
#define BW_ITEMS_H

#include <stddef.h>
#include <stdint.h>

#include "barrow/container.h"
#include "barrow/network.h"
#include "base/tasks.h"
#include "model/origin.h"

typedef enum bw_range {
    BW_RANGE_NONE,  /* as they are */
    BW_RANGE_UNIT,  /* [0, 1] as they are; others are BW_ERR_RANGE */
    BW_RANGE_SIGNED /* [0, 1] to [-1, 1]; others are BW_ERR_RANGE */
} bw_range;

/* "none|unit|signed", in the order above. */
extern const char bw_range_names[];

typedef struct bw_items {
    bw_origin origin;
    size_t n;             /* 0, too */
    bw_shape shape;       /* H W C, or flat */
    unsigned char *bytes; /* n items of U8, or NULL: then */
    float *values;        /* n items, range not yet applied */
    int32_t *labels;      /* n, or NULL */
} bw_items;

/* BW_ERR_FORMAT when no such tensor is there; BW_ERR_DIMENSION for one of
 * another rank or of empty items; BW_ERR_RANGE, naming the item, for a value
 * that is not finite. Messages begin with the path. Cleared on failure. */
bw_status bw_items_load(const char *path, bw_items *items,
                        bw_error *err) BW_MUST_CHECK;
bw_status bw_items_read(bw_reader *reader, bw_items *items,
                        bw_error *err) BW_MUST_CHECK;
void bw_items_clear(bw_items *items);

/* BW_ERR_RANGE, naming the first item out of the range's [0, 1]. */
bw_status bw_items_check(const bw_items *items, bw_range range,
                         bw_error *err) BW_MUST_CHECK;

/* out (n, H W C): the items numbered index[] (NULL: the n from `first` on), in
 * the range, channels fastest. */
void bw_items_gather(const bw_items *items, bw_range range, bw_tasks *tasks,
                     size_t n, const uint32_t *opt_index, size_t first,
                     float *out);

/* Values of a range back to [0, 1], in place; of none, as they are. */
void bw_range_undo(bw_range range, size_t n, float *values);

#endif
