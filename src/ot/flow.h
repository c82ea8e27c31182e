/* flow.h - optimal transport at cost 1 a step, as a flow on a grid of pixels.
 *
 * Under l1 the distance of two pixels is the least number of steps between
 * four neighbours, under linf between eight. With p = 1 a plan is then a flow
 * on the edges of the grid:
 *
 *     minimise   sum over edges of |f|
 *     with       flow out of a pixel - flow into it = its supply
 *
 * which has 2 or 4 edges a pixel in place of one for each pair of bins. Its
 * dual is a potential of pixels in which neighbours differ by at most 1.
 *
 * Any spanning tree of the grid is a feasible basis: the edge from a pixel to
 * its parent carries what the pixel's subtree has too much, upwards, or lacks,
 * downwards. An edge's direction is the sign of its subtree's sum, and no edge
 * ever needs another sign before it may enter.
 *
 * No subtree sums to 0: every pixel but the root is thought to supply an
 * epsilon more, and the root to make up for it. A subtree without the root has
 * sum + size * epsilon with size >= 1, and any epsilon that is small enough
 * compares as the pair (sum, size), exactly. So no edge of a basis carries 0;
 * no two edges that could leave tie, since after the pivot the one that stays
 * would carry 0; every pivot lowers the cost, and no basis comes twice. When
 * the sums are taken alone, epsilon is 0 and the tree is optimal still.
 * (Charnes, 1952.)
 *
 * Supplies are 64-bit integers whose absolute values sum to less than 2^62:
 * no sum of any subtree can overflow.
 */
#ifndef BW_FLOW_H
#define BW_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/status.h"
#include "ot/watch.h"

enum {
    BW_FLOW_BITS = 61, /* masses of either side sum to at most 2^61 */
    BW_FLOW_MAX_LEVELS = 17
};

/* Directions of the eight neighbours, the four of l1 first. */
typedef enum bw_direction {
    BW_EAST,
    BW_SOUTH,
    BW_WEST,
    BW_NORTH,
    BW_SOUTH_EAST,
    BW_SOUTH_WEST,
    BW_NORTH_WEST,
    BW_NORTH_EAST
} bw_direction;

static inline int bw_opposite(int direction)
{
    return direction ^ 2;
}

/* A pixel in the tree: what hangs below it, itself counted. */
typedef struct bw_flow_node {
    int64_t sum;    /* of supplies: flows to the parent */
    int32_t size;   /* how many pixels */
    int32_t parent; /* -1 at the root */
} bw_flow_node;

/* One grid; pixel y * width + x. */
typedef struct bw_flow_level {
    size_t height, width, n;
    int32_t by[8]; /* what a step in each direction adds to a pixel */
    int32_t root;
    int64_t *supply;
    bw_flow_node *node;
    int32_t *phi;   /* potentials: 1 less after each step along a flow */
    int32_t *order; /* see bw_flow_sort */
    uint8_t *edge;  /* the neighbours in the tree, a bit a direction */
} bw_flow_level;

typedef struct bw_flow {
    bool is_diagonal; /* eight neighbours, not four */
    size_t n_levels;
    bw_flow_level level[BW_FLOW_MAX_LEVELS]; /* 0: the finest */
    int64_t *rest;                           /* of the level that is made */
    int32_t *queue; /* scratch of walks over a tree: pixels, */
    uint8_t *from;  /* and the directions from which they are reached */
    void *store;    /* all of these arrays */
    size_t store_size;
    uint64_t n_pivots, n_coarse_pivots; /* summed over calls */
    int (*stopped)(void);               /* may be NULL */
    bw_watch *opt_watch;
} bw_flow;

/* Sets the size of the grid and makes room. */
bw_status bw_flow_reserve(bw_flow *f, size_t height, size_t width,
                          bool is_diagonal) BW_MUST_CHECK;
void bw_flow_clear(bw_flow *f);

/* Solves for level[0].supply, which sums to 0. On success level[0] holds an
 * optimal tree, its sums and its potentials; order[] is not kept up.
 * BW_ERR_INTERRUPTED where stopped, asked now and then, is not 0. */
bw_status bw_flow_solve(bw_flow *f) BW_MUST_CHECK;

/* ---- flow_tree.c ---- */

/* Fills parent[] and order[], every pixel after its parent, from edge[] and
 * root. */
void bw_flow_sort(bw_flow *f, bw_flow_level *level);

/* Sums and sizes of all subtrees; order[] is valid. */
void bw_flow_sum(bw_flow_level *level);

/* Potentials along the tree, 0 at the root; order[] is valid. */
void bw_flow_set_potentials(bw_flow_level *level);

/* Adds `by` to the potentials of all pixels that edges join to `start`. */
void bw_flow_shift(bw_flow *f, const bw_flow_level *level, int32_t start,
                   int32_t by);

/* ---- flow_pivot.c ---- */

/* Adds and drops the edge between p and its neighbour in a direction. */
void bw_flow_link(bw_flow_level *level, int32_t p, int direction);
void bw_flow_cut(bw_flow_level *level, int32_t p, int direction);

/* The direction from p to q, neighbours in the tree. */
int bw_flow_direction(const bw_flow_level *level, int32_t p, int32_t q);

/* Lets the edge from p in a direction enter the tree if that lowers the cost,
 * which the tree's own flows decide, not phi[]. Whether it does. phi[] is kept
 * up unless is_rough. */
bool bw_flow_pivot(bw_flow *f, bw_flow_level *level, int32_t p, int direction,
                   bool is_rough);

/* Such pivots, rough, on all squares of four pixels that lack one edge of the
 * tree: their cycles are short. How many. */
uint64_t bw_flow_pivot_squares(bw_flow *f, bw_flow_level *level);

/* ---- flow_start.c ---- */

/* The tree of a level of one pixel. */
void bw_flow_start_single(bw_flow_level *level);

/* A tree for level l from the optimal one of level l + 1, with sums and sizes
 * but no potentials. */
void bw_flow_start_refined(bw_flow *f, size_t l);

#endif
