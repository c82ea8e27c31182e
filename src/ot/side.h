/* side.h - one side of a transport problem, and its coarse likenesses.
 *
 * A side lists bins that hold mass. On a grid, bins stand in Morton order
 * (zone_of below), so that the 2x2 cells of every coarser grid are runs of the
 * list: a coarse bin is the run of its children, its mass their sum, its place
 * their centre of mass.
 */
#ifndef BW_SIDE_H
#define BW_SIDE_H

#include <stddef.h>
#include <stdint.h>

#include "barrow/status.h"
#include "ot/ground.h"

typedef struct bw_side {
    size_t n;
    uint32_t *bin;   /* finest: bin numbers; coarser: Morton codes */
    int64_t *mass;   /* perturbed: see transport.c */
    int32_t *point;  /* grids: bw_point in units of the ground cost */
    int32_t *place;  /* grids, finest: y * stride + x in the tables of costs */
    uint32_t *first; /* coarser: children are first[k] .. first[k + 1] - 1 of
                        the next finer side */
    size_t capacity;
} bw_side;

enum {
    BW_MAX_LEVELS = 17, /* 2^16 pixels a side, halved to one */
    /* Coarsening stops when a grid's longer side has at most this many cells:
     * so few are solved from any start. */
    BW_COARSEST = 8
};

/* Room for n bins. What was there is lost. */
bw_status bw_side_reserve(bw_side *side, size_t n) BW_MUST_CHECK;
void bw_side_clear(bw_side *side);

/* The Morton code of pixel (y, x), each below 2^16. */
uint32_t bw_side_morton(uint32_t y, uint32_t x);

/* Fills point[] and place[] of a finest side from bin[]. */
void bw_side_place(bw_side *side, const bw_ground *ground);

/* Fills coarse from fine; is_finest says that fine->bin holds bin numbers.
 * Capacity of coarse: fine->n. */
void bw_side_coarsen(const bw_side *fine, const bw_ground *ground,
                     int is_finest, bw_side *coarse);

/* How many levels a grid has, the finest counted: 1 for what is no grid. */
size_t bw_side_n_levels(const bw_ground *ground);

#endif
