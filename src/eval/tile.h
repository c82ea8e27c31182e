/* tile.h - inner products of items of two samples, a square of pairs at a time.
 *
 * Values are widened to doubles and multiplied piece by piece, so that room
 * does not grow with the items. Bits depend on the shape of the tile alone.
 */
#ifndef BW_TILE_H
#define BW_TILE_H

#include "eval/sample.h"
#include "nn/cut.h"

enum { BW_TILE = 256 }; /* items of a side */

/* How many doubles bw_tile_products works in, for items of d values. */
size_t bw_tile_room(size_t d);

/* product (rows, BW_TILE): (x_i - s) (y_k - s) at [i][k] for items rows.from +
 * i of x and columns.from + k of y, at most BW_TILE of each; s (d) is
 * opt_shift, NULL for none. bw_gemm_init comes before the first call. */
void bw_tile_products(const bw_sample *x, bw_cut rows, const bw_sample *y,
                      bw_cut columns, const double *opt_shift, double *room,
                      double *product);

#endif
