/* pricing_grid.h - pricing on the pixels of a grid and on centres of mass
 * between them.
 *
 * Tiles: a dense finest grid, 8 x 16 pixels a block, one slot a pixel whether
 * it is lit or not. The costs of a tile's row are sixteen neighbours in the
 * table of translations, and need no look-up.
 * Runs: the list of a side as it is, in Morton order, 64 sinks a block; for
 * coarse grids and sparse ones. Costs are computed where they are squares, and
 * gathered from the table otherwise.
 */
#ifndef BW_PRICING_GRID_H
#define BW_PRICING_GRID_H

#include "ot/pricing.h"

enum {
    BW_TILE_ROWS = 8,
    BW_TILE_COLUMNS = 16, /* as many as lanes */
    BW_TILE_SHIFT = 7,
    BW_RUN_SHIFT = 6
};

struct bw_pricing_grid {
    bw_pricing head;
    /* Positions: of sources, and for runs of slots, bw_point in the unit of
     * the table; for tiles whole pixels. */
    int32_t *from, *to;
    int32_t *place; /* runs: of slots, in the table */
    /* Boxes of blocks; of tiles also where their pixels begin. */
    int32_t *low_x, *high_x, *low_y, *high_y;
    const int32_t *table; /* by signed differences, as in ground.h; NULL for
                             runs whose costs are squared */
    int32_t stride;
    size_t n_across; /* tiles side by side */
    int32_t height;
    int32_t *tile_table; /* costs at whole pixels, made once a
                            ground cost */
    double tile_scale;
    bool is_tile_exact;
    /* What it was made for. */
    bw_norm norm;
    double power, made_coarser;
    size_t made_height, made_width;
    size_t cap_from, cap_to;
};

/* 1 / coarser of the finest scale of small costs that there is, where it is not
 * that of a coarse level. BW_ERR_MEMORY. */
bw_status bw_pricing_grid_open(bw_pricing_grid *g, const bw_arcs *arcs,
                               double coarser) BW_MUST_CHECK;
void bw_pricing_grid_clear(bw_pricing_grid *g);

#endif
