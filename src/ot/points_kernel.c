/* points_kernel.c - costs between points, once an instruction set.
 *
 *   costs     from one point to sixteen, to sixteen boxes
 *   rows      whole rows, c-transforms
 *   search    the least of cost + value, boxes that cannot have it left out
 */
#include "config.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "ot/doubles.h"
#include "ot/points.h"

#define INLINE static inline __attribute__((always_inline))

/* ---- costs ---- */

/* Adds a coordinate's differences, none below 0, to what there is. */
INLINE bw_doubles add_gap(bw_norm norm, bw_doubles sum, bw_doubles gap)
{
    if (norm == BW_NORM_LINF)
        return bw_doubles_max(sum, gap);
    if (norm == BW_NORM_L2)
        gap = bw_doubles_mul(gap, gap);
    return bw_doubles_add(sum, gap);
}

/* One by one: there is no pow() of vectors that can be relied on. */
static bw_lanes any_power(const bw_points_rule *rule, bw_doubles sum)
{
    double s[BW_N_LANES];
    int32_t cost[BW_N_LANES];
    memcpy(s, &sum, sizeof s);
    for (int k = 0; k < BW_N_LANES; k++)
        cost[k] = (int32_t)lrint(pow(s[k], rule->exponent) * rule->scale);
    return bw_lanes_load(cost);
}

INLINE bw_lanes from_sum(const bw_points_rule *rule, bw_doubles s)
{
    switch (rule->power) {
    case BW_POINTS_ITSELF:
        break;
    case BW_POINTS_ROOT:
        s = bw_doubles_sqrt(s);
        break;
    case BW_POINTS_THREE_QUARTERS:
        s = bw_doubles_sqrt(s);
        s = bw_doubles_mul(s, bw_doubles_sqrt(s));
        break;
    case BW_POINTS_ROOT_CUBED:
        s = bw_doubles_mul(s, bw_doubles_sqrt(s));
        break;
    case BW_POINTS_SQUARE:
        s = bw_doubles_mul(s, s);
        break;
    case BW_POINTS_ANY:
        return any_power(rule, s);
    }
    return bw_doubles_round(bw_doubles_mul(s, bw_doubles_set(rule->scale)));
}

/* From a point, coordinates BW_POINTS_LANES apart, to the block at y. */
INLINE bw_doubles point_sum(bw_norm norm, size_t d, const double *x,
                            const double *y)
{
    bw_doubles sum = bw_doubles_set(0);
    for (size_t c = 0; c < d; c++) {
        bw_doubles a = bw_doubles_set(x[c * BW_POINTS_LANES]);
        bw_doubles b = bw_doubles_load(y + c * BW_POINTS_LANES);
        bw_doubles gap = bw_doubles_sub(a, b);
        if (norm != BW_NORM_L2)
            gap = bw_doubles_max(gap, bw_doubles_sub(b, a));
        sum = add_gap(norm, sum, gap);
    }
    return sum;
}

INLINE bw_lanes point_costs(const bw_points_rule *rule, const double *x,
                            const double *y)
{
    bw_doubles sum;
    if (rule->norm == BW_NORM_L2)
        sum = point_sum(BW_NORM_L2, rule->d, x, y);
    else if (rule->norm == BW_NORM_L1)
        sum = point_sum(BW_NORM_L1, rule->d, x, y);
    else
        sum = point_sum(BW_NORM_LINF, rule->d, x, y);
    return from_sum(rule, sum);
}

/* From a point to the nearest corners of sixteen boxes. */
INLINE bw_doubles box_sum(bw_norm norm, size_t d, const double *x,
                          const double *low, const double *high)
{
    bw_doubles sum = bw_doubles_set(0), zero = sum;
    for (size_t c = 0; c < d; c++) {
        bw_doubles a = bw_doubles_set(x[c * BW_POINTS_LANES]);
        bw_doubles below =
            bw_doubles_sub(bw_doubles_load(low + c * BW_POINTS_LANES), a);
        bw_doubles above =
            bw_doubles_sub(a, bw_doubles_load(high + c * BW_POINTS_LANES));
        bw_doubles gap = bw_doubles_max(bw_doubles_max(below, above), zero);
        sum = add_gap(norm, sum, gap);
    }
    return sum;
}

INLINE bw_lanes box_costs(const bw_points_rule *rule, const double *x,
                          const double *low, const double *high)
{
    bw_doubles sum;
    if (rule->norm == BW_NORM_L2)
        sum = box_sum(BW_NORM_L2, rule->d, x, low, high);
    else if (rule->norm == BW_NORM_L1)
        sum = box_sum(BW_NORM_L1, rule->d, x, low, high);
    else
        sum = box_sum(BW_NORM_LINF, rule->d, x, low, high);
    bw_lanes cost = from_sum(rule, sum);
    if (rule->power == BW_POINTS_ANY)
        return bw_lanes_sub(cost, bw_lanes_set(1));
    return cost;
}

/* ---- rows ---- */

static void kernel_row(const bw_points_rule *rule, const double *x, size_t n,
                       const double *at, int32_t *cost)
{
    size_t step = BW_POINTS_LANES * rule->d;
    for (size_t j = 0; j < n; j += BW_POINTS_LANES, at += step)
        bw_lanes_store(cost + j, point_costs(rule, x, at));
}

/* Of n_rows rows, a constant: so that a block is read once for all. */
INLINE void add_squares(const size_t n_rows, size_t d, const double *row,
                        const double *at, double *sum)
{
    bw_doubles s[4];
    for (size_t r = 0; r < n_rows; r++)
        s[r] = bw_doubles_set(0);
    for (size_t c = 0; c < d; c++) {
        bw_doubles y = bw_doubles_load(at + c * BW_POINTS_LANES);
        for (size_t r = 0; r < n_rows; r++) {
            bw_doubles gap = bw_doubles_sub(bw_doubles_set(row[r * d + c]), y);
            s[r] = bw_doubles_add(s[r], bw_doubles_mul(gap, gap));
        }
    }
    for (size_t r = 0; r < n_rows; r++)
        memcpy(sum + r * BW_POINTS_LANES, &s[r], sizeof s[r]);
}

static void kernel_squares(size_t d, size_t n, const double *row,
                           const double *at, double *sum)
{
    size_t r = 0;
    for (; r + 4 <= n; r += 4)
        add_squares(4, d, row + r * d, at, sum + r * BW_POINTS_LANES);
    for (; r < n; r++)
        add_squares(1, d, row + r * d, at, sum + r * BW_POINTS_LANES);
}

static void kernel_transform(const bw_points_rule *rule, size_t n_from,
                             const double *from_at, const int32_t *from,
                             size_t n_to, const double *to_at, int32_t *to)
{
    size_t d = rule->d;
    for (size_t k = 0; k < n_to; k += BW_POINTS_LANES) {
        const double *at = to_at + bw_points_place(k, d);
        bw_lanes least = bw_lanes_set(INT32_MAX);
        for (size_t j = 0; j < n_from; j++) {
            bw_lanes c = point_costs(rule, from_at + bw_points_place(j, d), at);
            c = bw_lanes_sub(c, bw_lanes_set(from[j]));
            least = bw_lanes_min(least, c);
        }
        bw_lanes_store(to + k, least);
    }
}

/* ---- search ---- */

/* Bounds below the boxes from `first` on that a search for less than limit must
 * look into: one bit each. */
INLINE uint32_t boxes_below(const bw_points_rule *rule, const double *x,
                            const bw_points_slots *s, size_t first,
                            bw_lanes *cost, int32_t limit)
{
    size_t at = bw_points_place(first, rule->d), n_left = s->n_boxes - first;
    uint32_t valid = n_left < BW_N_LANES ? (1u << n_left) - 1 : 0xffff;
    *cost = box_costs(rule, x, s->low + at, s->high + at);
    bw_lanes least = bw_lanes_add(*cost, bw_lanes_load(s->bound + first));
    return bw_lanes_less(least, bw_lanes_set(limit)) & valid;
}

static int32_t least_value(const int32_t *value)
{
    int32_t least = value[0];
    for (int k = 1; k < BW_N_LANES; k++)
        least = value[k] < least ? value[k] : least;
    return least;
}

/* Whether a box whose bound is stale is cleared by a new one. */
INLINE int is_cleared(const bw_points_slots *s, size_t box, int32_t cost,
                      int32_t limit)
{
    if (!s->is_stale[box])
        return cost + s->bound[box] >= limit;
    s->is_stale[box] = 0;
    s->bound[box] = least_value(s->value + box * BW_POINTS_LANES);
    return cost + s->bound[box] >= limit;
}

/* Goes over the boxes that may hold a sum below limit. takes_all, a constant:
 * lists each such slot, rising, and returns how many; else limit becomes the
 * least sum, and *slot the lowest that has it. */
INLINE size_t walk(const bw_points_rule *rule, const double *x,
                   const bw_points_slots *s, int32_t *limit, int32_t *slot,
                   const bool takes_all)
{
    int32_t box_cost[BW_N_LANES], sum[BW_N_LANES];
    size_t n = 0;
    for (size_t first = 0; first < s->n_boxes; first += BW_N_LANES) {
        bw_lanes c;
        uint32_t open = boxes_below(rule, x, s, first, &c, *limit);
        if (!open)
            continue;
        bw_lanes_store(box_cost, c);
        for (; open; open &= open - 1) {
            int k = __builtin_ctz(open);
            size_t box = first + (size_t)k, at = box * BW_POINTS_LANES;
            if (is_cleared(s, box, box_cost[k], *limit))
                continue;
            bw_lanes r = point_costs(rule, x, s->at + at * rule->d);
            r = bw_lanes_add(r, bw_lanes_load(s->value + at));
            uint32_t below = bw_lanes_less(r, bw_lanes_set(*limit));
            for (; takes_all && below; below &= below - 1)
                slot[n++] = (int32_t)at + __builtin_ctz(below);
            if (!below)
                continue;
            int best = bw_lanes_least(r, below);
            bw_lanes_store(sum, r);
            *limit = sum[best];
            *slot = (int32_t)at + best;
        }
    }
    return n;
}

static int32_t kernel_search(const bw_points_rule *rule, const double *x,
                             const bw_points_slots *s, int32_t limit,
                             int32_t *ret_slot)
{
    walk(rule, x, s, &limit, ret_slot, false);
    return limit;
}

static size_t kernel_list(const bw_points_rule *rule, const double *x,
                          const bw_points_slots *s, int32_t limit,
                          int32_t *slot)
{
    return walk(rule, x, s, &limit, slot, true);
}

extern const bw_points_kernel BW_POINTS_KERNEL;

const bw_points_kernel BW_POINTS_KERNEL = {
    .row = kernel_row,
    .squares = kernel_squares,
    .transform = kernel_transform,
    .search = kernel_search,
    .list = kernel_list,
};
