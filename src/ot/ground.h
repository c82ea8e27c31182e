/* ground.h - a ground cost from the inside: tables and scales for solvers. */
#ifndef BW_GROUND_H
#define BW_GROUND_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "barrow/ground.h"
#include "ot/point.h"

typedef __int128 bw_wide;

typedef enum bw_ground_kind {
    BW_GROUND_GRID,
    BW_GROUND_POINTS,
    BW_GROUND_MATRIX
} bw_ground_kind;

struct bw_ground {
    bw_ground_kind kind;
    bw_norm norm;
    double p;
    size_t n_sources, n_sinks;
    size_t height, width; /* grid */
    size_t d;             /* points */
    double *coordinate;   /* points: n x d */
    uint32_t *code;       /* points: the order of kd.h */
    double *cost;         /* matrix: n_sources x n_sinks; grid: by signed
                             differences, cost[dy * stride + dx] */
    int32_t stride;
    double max_cost;     /* of the finite ones */
    double forbidden;    /* a matrix with infinite costs: what stands for them
                         inside, else 0. A power of two above the sum of as
                         many of the largest costs as the shorter side has
                         bins. A simple cycle that gives up a forbidden arc
                         for others of a plan takes at most so many in: it
                         always pays, so the optimum has as little mass on
                         forbidden arcs as any plan. */
    double discouraging; /* the same among small costs, which have less room */
    bool is_integral;    /* costs are integers below 2^53 */
    bool is_squared; /* squared Euclidean on a grid that bitmask.h can hold */
    bool is_metric;  /* p = 1: common mass stays where it is */
    bool has_zero_diagonal;
    bool is_line; /* one dimension, convex cost: closed form */
    /* Fixed point, chosen so that no potential of any basis can overflow: it
     * is a sum of at most n_sources + n_sinks costs.
     * narrow = cost * 2^narrow_exponent, rounded to 64 bits;
     * wide = cost * 2^wide_exponent in 128 bits. Equal, exact and 2^0 when
     * is_integral and the costs fit. */
    int narrow_exponent, wide_exponent;
    bool is_exact;      /* narrow costs are exact */
    bool is_wide_exact; /* wide ones are; false where that is not known */
    int64_t *narrow;    /* grid: by differences, like cost */
    bw_wide *wide;      /* small grids: the same; else NULL */
    void *cost_store, *narrow_store, *wide_store; /* where the tables begin */
    /* Grid: costs between positions in units of 1 / unit pixel, scaled to
     * small integers: table[dy * table_stride + dx] for signed differences.
     * For start guesses on coarse grids and for the main phase of the bitmask
     * simplex. NULL when is_squared: there it is the squared distance in those
     * units, of which table_max is the largest. */
    unsigned unit;
    int32_t *table;
    void *table_store;
    int32_t table_stride, table_max;
    double table_scale;  /* small integer per unit of cost */
    bool is_table_exact; /* at whole pixels */
};

/* The small cost between two positions (bw_point) on a grid. */
static inline int32_t bw_ground_small(const bw_ground *ground, int32_t a,
                                      int32_t b)
{
    int dx = bw_point_x(a) - bw_point_x(b), dy = bw_point_y(a) - bw_point_y(b);
    if (ground->is_squared)
        return dx * dx + dy * dy;
    return ground->table[dy * ground->table_stride + dx];
}

/* Other kinds: what small costs are scaled by to reach the same range, or a
 * sixteenth of it where some are forbidden. */
double bw_ground_small_scale(const bw_ground *ground);
/* For points, sixteen times finer: what duals that guide are held in, and what
 * solvers that have no sinks' numbers beside the costs can take. */
double bw_ground_fine_scale(const bw_ground *ground);

/* The cost that solvers reckon with: a forbidden arc's is finite, too. */
static inline double bw_ground_finite(const bw_ground *ground, double cost)
{
    return cost < HUGE_VAL ? cost : ground->forbidden;
}

/* cost * 2^wide_exponent, rounded down: exact but for what is below 2^-100 of
 * the largest cost, where sides have at most 1,000 bins. */
bw_wide bw_ground_wide(const bw_ground *ground, double cost);

/* Narrow cost of a double. */
int64_t bw_ground_narrow(const bw_ground *ground, double cost);

/* Coordinates of a distance, or its power, by the norm: used by every kind. */
double bw_ground_distance(bw_norm norm, size_t d, const double *x,
                          const double *y);

/* The cost between two places, of a ground cost of points. */
double bw_ground_between(const bw_ground *ground, const double *x,
                         const double *y);

#endif
