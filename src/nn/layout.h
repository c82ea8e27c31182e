/* layout.h - how a batch stands in memory, and the ways from one to another.
 *
 * An item has n_values values; an image of them is (h, w, c), a flat item that
 * was an image or becomes one (c, h, w). Source and target never overlap. Work
 * is cut into tasks by shape; copies round nothing.
 */
#ifndef BW_LAYOUT_H
#define BW_LAYOUT_H

#include <stddef.h>

#include "nn/layer.h"

/* Floats that n items of n_values take, lanes past n included. */
size_t bw_layout_n(bw_layout layout, size_t n, size_t n_values);

/* rows [n][v] to lanes [ceil(n / 16)][v][16]; lanes past n become zeros. */
void bw_layout_to_lanes(bw_tasks *tasks, size_t n, size_t n_values,
                        const float *rows, float *lanes);
void bw_layout_to_rows(bw_tasks *tasks, size_t n, size_t n_values,
                       const float *lanes, float *rows);

/* An image in either layout to rows [n][c][h][w] and back; lanes past n become
 * zeros. */
void bw_layout_flatten(bw_tasks *tasks, size_t n, bw_shape shape,
                       bw_layout layout, const float *image, float *flat);
void bw_layout_unflatten(bw_tasks *tasks, size_t n, bw_shape shape,
                         bw_layout layout, const float *flat, float *image);

#endif
