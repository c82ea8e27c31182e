/* conv_thin_tile.h - the innermost loops of thin convolutions, with all sums in
 * registers: what conv_thin_kernel.c defines and conv_line_kernel.c runs, too.
 */
#ifndef BW_CONV_THIN_TILE_H
#define BW_CONV_THIN_TILE_H

#include <stdbool.h>
#include <stddef.h>

/* Channels of a tile's one side, pixels or channels of its other side, in the
 * widest instruction set. */
enum { BW_TILE_SIDE = 5, BW_TILE_LIMIT = 12 };

/* Neighbouring places of one direction, a block of target channels. */
typedef struct bw_apply_tile {
    const float *source; /* where the first place's window starts */
    size_t source_step;  /* from place to place, in floats */
    size_t pitch;        /* from window row to window row */
    size_t n_rows;       /* of the window, */
    size_t n_taps;       /* columns x source channels: they stand in a row */
    const float *weight;
    size_t weight_pitch;
    const float *bias; /* NULL: zeros */
    bool relu;
    const float *mask; /* beside target: 0 there where it is <= 0; NULL: none */
    float *target;
    size_t target_step;
    const float *ahead; /* lines to come, n_rows x n_taps at most, of which
                           each step asks for one */
} bw_apply_tile;

/* A block of channels of each side, over a rectangle of pixels of y and what
 * one tap of the windows sees of x. `few` is the side with fewer channels. */
typedef struct bw_weight_tile {
    const float *few, *many;
    size_t few_step, many_step;   /* from pixel to pixel, in floats */
    size_t few_pitch, many_pitch; /* from row to row */
    size_t n_rows, n_columns;
    float *sums; /* [few][many][LANES] */
} bw_weight_tile;

typedef void bw_apply_function(const bw_apply_tile *tile);
typedef void bw_weight_function(const bw_weight_tile *tile);

/* Entry [a - 1][b - 1] is for a target channels and b places, or for a of the
 * few and b of the many; b at most limit[a - 1]. */
typedef struct bw_thin_tiles {
    size_t side; /* a at most */
    size_t limit[BW_TILE_SIDE];
    bw_apply_function *apply[BW_TILE_SIDE][BW_TILE_LIMIT];
    bw_weight_function *weight[BW_TILE_SIDE][BW_TILE_LIMIT];
} bw_thin_tiles;

#endif
