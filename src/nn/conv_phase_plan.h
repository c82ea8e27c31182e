/* conv_phase_plan.h - where the tiles of a convolution by phases lie: in the
 * images, and in the matrices of their points (conv_phase.h).
 *
 * Tiles of an axis have the most outputs that four points allow, or one fewer,
 * so that they fit the image: up to two kinds an axis, four in all. The tiles
 * of a kind that have a point are rows of the matrices V and M there.
 */
#ifndef BW_CONV_PHASE_PLAN_H
#define BW_CONV_PHASE_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "nn/conv_phase.h"

enum {
    BW_PHASE_MAX_STRIDE = 2,
    BW_PHASE_MAX_PHASES = BW_PHASE_MAX_STRIDE * BW_PHASE_MAX_STRIDE,
    BW_PHASE_AXIS_KINDS = 2,
    BW_PHASE_KINDS = BW_PHASE_AXIS_KINDS * BW_PHASE_AXIS_KINDS,
    BW_PHASE_ALL_POINTS = BW_PHASE_POINTS * BW_PHASE_POINTS
};

#define BW_PHASE_NONE ((size_t)-1)

typedef struct bw_phase_axis {
    size_t stride;
    size_t taps[BW_PHASE_MAX_STRIDE];    /* of each phase */
    size_t outputs[BW_PHASE_AXIS_KINDS]; /* of a tile of this kind */
    size_t n_tiles[BW_PHASE_AXIS_KINDS];
} bw_phase_axis;

/* V and M of a point, for the kinds of tiles that have the same phases there:
 * rows item by item, V's of [phase][c], M's of [o]. */
typedef struct bw_phase_group {
    size_t point;
    unsigned phases; /* bits */
    size_t n_rows;   /* an item */
    size_t v_row;    /* floats from row to row of V */
    size_t v_at, m_at;
} bw_phase_group;

/* Where the points of tiles of a kind stand: at (NONE: no such point), and so
 * much further from item to item and from tile to tile. */
typedef struct bw_phase_places {
    size_t at[BW_PHASE_ALL_POINTS], item[BW_PHASE_ALL_POINTS],
        rank[BW_PHASE_ALL_POINTS];
} bw_phase_places;

typedef struct bw_phase_plan {
    bw_conv_shape shape;
    bw_phase_axis row, column;
    size_t n_phases;
    size_t c, o;  /* channels, filled up to whole panels */
    size_t m_row; /* floats from row to row of M */
    size_t n_groups;
    bw_phase_group groups[BW_PHASE_ALL_POINTS * BW_PHASE_KINDS];
    /* U of each point: n_phases c o floats; NONE where no tile has it. */
    size_t u_at[BW_PHASE_ALL_POINTS], n_u;

    /* Of blocks of n_items. */
    size_t n_items, n_scratch; /* floats of V and M */
    bw_phase_places v[BW_PHASE_KINDS][BW_PHASE_MAX_PHASES], m[BW_PHASE_KINDS];
} bw_phase_plan;

/* Whether each phase has two or three taps an axis, as those of 4x4 and 5x5
 * with stride 2 and of 2x2 and 3x3 with stride 1. */
bool bw_phase_plan_fits(const bw_conv_shape *shape);

/* A plan for blocks of one item, of a shape that fits. */
void bw_phase_plan_init(const bw_conv_shape *shape, bw_phase_plan *plan);
void bw_phase_plan_resize(bw_phase_plan *plan, size_t n_items);

size_t bw_phase_plan_n_tiles(const bw_phase_plan *plan);

/* Tile `tile` of an item of a block whose V and M are in scratch: as a patch of
 * the phase of x, or of y. Pixels outside of x are `outside`. */
bw_phase_tile bw_phase_plan_x_tile(const bw_phase_plan *plan, size_t item,
                                   size_t tile, size_t phase, float *x,
                                   float *outside, float *scratch);
bw_phase_tile bw_phase_plan_y_tile(const bw_phase_plan *plan, size_t item,
                                   size_t tile, float *y, float *scratch);

#endif
