/* side.h - one side of a transport problem, and its coarse likenesses.
 *
 * A side lists bins that hold mass, neighbours near each other, so that cells
 * are runs of the list: a coarse bin is the run of its children, at most four,
 * its mass their sum, its place their centre of mass. On a grid, bins stand in
 * Morton order and cells are the 2x2 cells of every coarser grid. Points stand
 * in the order of kd.h: cells are the largest of that tree that hold no more
 * than four. Elsewhere there is no other level.
 */
#ifndef BW_SIDE_H
#define BW_SIDE_H

#include <stddef.h>
#include <stdint.h>

#include "barrow/status.h"
#include "ot/ground.h"

typedef struct bw_side {
    size_t n;
    uint32_t *bin;   /* finest: bin numbers; coarser: Morton codes, or the code
                        of the first point in the cell */
    int64_t *mass;   /* perturbed: see transport.c */
    int32_t *point;  /* grids: bw_point in units of the ground cost */
    int32_t *place;  /* grids, finest: y * stride + x in the tables of costs */
    uint32_t *first; /* coarser: children are first[k] .. first[k + 1] - 1 of
                        the next finer side */
    double *at;      /* points: coordinates, laid out as in points.h */
    size_t capacity, cap_at;
} bw_side;

enum {
    BW_MAX_LEVELS = 17, /* 2^16 pixels a side, halved to one */
    /* Coarsening stops when a grid's longer side has at most this many cells:
     * so few are solved from any start. */
    BW_COARSEST = 8,
    /* And when points have as few nodes as these. */
    BW_COARSEST_POINTS = 256
};

/* Room for n bins. What was there is lost. */
bw_status bw_side_reserve(bw_side *side, size_t n) BW_MUST_CHECK;
/* Room for what bw_side_coarsen makes of fine. */
bw_status bw_side_reserve_coarse(bw_side *coarse, const bw_side *fine,
                                 const bw_ground *ground) BW_MUST_CHECK;
void bw_side_clear(bw_side *side);

/* The Morton code of pixel (y, x), each below 2^16. */
uint32_t bw_side_morton(uint32_t y, uint32_t x);

/* Fills point[] and place[] of a finest side, or at[], from bin[]; nothing for
 * a matrix. */
bw_status bw_side_place(bw_side *side, const bw_ground *ground) BW_MUST_CHECK;

/* Fills coarse from fine; is_finest says that fine->bin holds bin numbers.
 * coarse has room: bw_side_reserve_coarse. */
void bw_side_coarsen(const bw_side *fine, const bw_ground *ground,
                     int is_finest, bw_side *coarse);

/* How many levels there are, the finest counted, where the larger side has n
 * bins: on a grid by its size, for points by n, else 1. */
size_t bw_side_n_levels(const bw_ground *ground, size_t n);

#endif
