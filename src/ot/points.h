/* points.h - small integer costs between points, sixteen at a time.
 *
 * Points stand in blocks of sixteen, coordinate by coordinate: coordinate c of
 * point k is at[bw_points_place(k, d) + 16 c]. The last block is filled up with
 * copies of the last point. A small cost is the true one times a scale, within
 * 1/2 and the rounding of a few operations in doubles. It is the same integer
 * whatever the instruction set, and grows with each coordinate's difference, so
 * that the least over a box of points is had at its nearest corner. (But for
 * powers that take pow(): there the least over a box is lowered by 1.)
 */
#ifndef BW_POINTS_H
#define BW_POINTS_H

#include <stddef.h>
#include <stdint.h>

#include "barrow/status.h"
#include "ot/ground.h"

enum { BW_POINTS_LANES = 16 };

/* What becomes of a sum (l1), a sum of squares (l2) or a maximum (linf). */
typedef enum bw_points_power {
    BW_POINTS_ITSELF,
    BW_POINTS_ROOT,           /* 1/2 */
    BW_POINTS_THREE_QUARTERS, /* 3/4 */
    BW_POINTS_ROOT_CUBED,     /* 3/2 */
    BW_POINTS_SQUARE,         /* 2 */
    BW_POINTS_ANY             /* pow(): slow */
} bw_points_power;

typedef struct bw_points_rule {
    bw_norm norm;
    bw_points_power power;
    double exponent;
    size_t d;
    double scale;
} bw_points_rule;

/* Of a ground cost between points. */
bw_points_rule bw_points_make_rule(const bw_ground *ground, double scale);

static inline size_t bw_points_place(size_t k, size_t d)
{
    return k / BW_POINTS_LANES * BW_POINTS_LANES * d + k % BW_POINTS_LANES;
}

/* How many doubles n points take. */
static inline size_t bw_points_room(size_t n, size_t d)
{
    size_t n_blocks = (n + BW_POINTS_LANES - 1) / BW_POINTS_LANES;
    return n_blocks * BW_POINTS_LANES * d;
}

/* Fills the last block up. */
void bw_points_pad(size_t n, size_t d, double *at);

/* Between x and y, whose coordinates stand 16 apart. */
int32_t bw_points_small(const bw_points_rule *rule, const double *x,
                        const double *y);

/* From one point to n, of which whole blocks are written. */
void bw_points_row(const bw_points_rule *rule, const double *x, size_t n,
                   const double *at, int32_t *cost);

/* The c-transform: to[k] = min over j of cost(k, j) - from[j]. Whole blocks
 * are written. */
void bw_points_transform(const bw_points_rule *rule, size_t n_from,
                         const double *from_at, const int32_t *from,
                         size_t n_to, const double *to_at, int32_t *to);

/* Sixteen points a box. low and high hold n_boxes corners, laid out as points
 * are. */
void bw_points_box(size_t n, size_t d, const double *at, double *low,
                   double *high);

/* What a search goes over: slots that hold points in boxes of sixteen, values
 * that are added to costs, a bound below them in each box (see pricing.h). */
typedef struct bw_points_slots {
    size_t n_boxes;
    const double *at, *low, *high;
    const int32_t *value;
    int32_t *bound; /* readable up to whole lanes */
    uint8_t *is_stale;
} bw_points_slots;

/* The loops in one instruction set. */
typedef struct bw_points_kernel {
    void (*row)(const bw_points_rule *rule, const double *x, size_t n,
                const double *at, int32_t *cost);
    /* Sums of squared differences in doubles, one after the other, of n rows of
     * d values and a block of sixteen: sum[16 r + k]. */
    void (*squares)(size_t d, size_t n, const double *row, const double *at,
                    double *sum);
    void (*transform)(const bw_points_rule *rule, size_t n_from,
                      const double *from_at, const int32_t *from, size_t n_to,
                      const double *to_at, int32_t *to);
    /* The least of cost + value below limit and the lowest slot that has it;
     * else limit, and *ret_slot as it was. Bounds that are stale and would not
     * clear their box are made anew. */
    int32_t (*search)(const bw_points_rule *rule, const double *x,
                      const bw_points_slots *slots, int32_t limit,
                      int32_t *ret_slot);
    /* All slots with cost + value below limit, rising; how many. */
    size_t (*list)(const bw_points_rule *rule, const double *x,
                   const bw_points_slots *slots, int32_t limit, int32_t *slot);
} bw_points_kernel;

/* That of this processor: to be kept and called often. */
const bw_points_kernel *bw_points_get_kernel(void);

extern const bw_points_kernel bw_points_kernel_plain;
extern const bw_points_kernel bw_points_kernel_avx2;
extern const bw_points_kernel bw_points_kernel_avx512;

#endif
