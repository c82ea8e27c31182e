/* pricing_kernel.c - the searches of pricing.h, compiled once an instruction
 * set: BW_PRICING_KERNEL is the name of the table that this object defines.
 *
 *   costs     of sixteen slots, of sixteen boxes
 *   search    the least of a row, what is near in a row
 *   around    the least within a window of pixels
 *
 * The functions take the way of finding costs as a constant.
 */
#include "config.h"

#include "ot/lanes.h"
#include "ot/pricing_grid.h"
#include "ot/pricing_kernel.h"
#include "ot/pricing_matrix.h"

#define INLINE static inline __attribute__((always_inline))

typedef enum manner { TILES, RUNS_SQUARED, RUNS_TABLE, MATRIX } manner;

enum { N_AROUND = 3 }; /* rows of pixels above and below */

/* One row while it is searched. */
typedef struct search {
    const bw_pricing_grid *grid;
    const bw_pricing_matrix *matrix;
    size_t i;
    int32_t x, y;
    bw_lanes at; /* the source, as slots have it */
} search;

/* ---- costs ---- */

INLINE search begin(const bw_pricing *p, size_t i, const manner way)
{
    search s = {.i = i};
    if (way == MATRIX) {
        s.matrix = (const bw_pricing_matrix *)p;
        return s;
    }
    s.grid = (const bw_pricing_grid *)p;
    int32_t from = s.grid->from[i];
    s.x = bw_point_x(from);
    s.y = bw_point_y(from);
    if (way == RUNS_SQUARED)
        s.at = bw_lanes_set(from);
    if (way == RUNS_TABLE)
        s.at = bw_lanes_set(bw_point_place(from, s.grid->stride));
    return s;
}

/* Where the costs of a block stand, for ways that have them in rows. */
INLINE const int32_t *costs_of(const search *s, size_t block, const manner way)
{
    const bw_pricing_grid *g = s->grid;
    if (way == TILES)
        return g->table + (g->low_y[block] - s->y) * g->stride +
               (g->low_x[block] - s->x);
    if (way == MATRIX)
        return s->matrix->row + s->i * s->matrix->head.n_slots +
               (block << BW_MATRIX_SHIFT);
    return NULL;
}

/* Of the sixteen slots from `first` on, the k-th sixteen of the block. */
INLINE bw_lanes slot_costs(const search *s, const int32_t *costs, size_t first,
                           size_t k, const manner way)
{
    if (way == TILES)
        return bw_lanes_load(costs + (ptrdiff_t)k * s->grid->stride);
    if (way == MATRIX)
        return bw_lanes_load(costs + k * BW_N_LANES);
    if (way == RUNS_TABLE)
        return bw_lanes_gather(
            s->grid->table,
            bw_lanes_sub(s->at, bw_lanes_load(s->grid->place + first)));
    bw_lanes d = bw_lanes_sub_halves(s->at, bw_lanes_load(s->grid->to + first));
    return bw_lanes_dot(d, d);
}

INLINE bw_lanes outside(int32_t at, bw_lanes low, bw_lanes high)
{
    bw_lanes x = bw_lanes_set(at);
    bw_lanes d = bw_lanes_max(bw_lanes_sub(low, x), bw_lanes_sub(x, high));
    return bw_lanes_max(d, bw_lanes_set(0));
}

/* The least costs to any place in the boxes of sixteen blocks: costs rise with
 * either difference. */
INLINE bw_lanes box_costs(const search *s, size_t block, const manner way)
{
    if (way == MATRIX)
        return bw_lanes_load(s->matrix->least + s->i * s->matrix->n_across +
                             block);
    const bw_pricing_grid *g = s->grid;
    bw_lanes dx = outside(s->x, bw_lanes_load(g->low_x + block),
                          bw_lanes_load(g->high_x + block));
    bw_lanes dy = outside(s->y, bw_lanes_load(g->low_y + block),
                          bw_lanes_load(g->high_y + block));
    if (way == RUNS_SQUARED)
        return bw_lanes_add(bw_lanes_mul(dx, dx), bw_lanes_mul(dy, dy));
    bw_lanes place = bw_lanes_mul(dy, bw_lanes_set(g->stride));
    return bw_lanes_gather(g->table, bw_lanes_add(place, dx));
}

/* ---- search ---- */

INLINE unsigned shift_of(const manner way)
{
    return way == TILES    ? BW_TILE_SHIFT
           : way == MATRIX ? BW_MATRIX_SHIFT
                           : BW_RUN_SHIFT;
}

/* The bound of a block anew, from its values. */
INLINE void refresh(bw_pricing *p, size_t block, const unsigned shift)
{
    const int32_t *value = p->value + (block << shift);
    bw_lanes least = bw_lanes_load(value);
    for (size_t k = 1; k < ((size_t)1 << shift) / BW_N_LANES; k++)
        least = bw_lanes_min(least, bw_lanes_load(value + k * BW_N_LANES));
    int32_t all[BW_N_LANES];
    bw_lanes_store(all, least);
    p->bound[block] = all[bw_lanes_least(least, 0xffff)];
    p->is_stale[block] = 0;
}

/* Of the block whose values may be below limit: the least of them, and where
 * it is. First whether there is one at all. */
INLINE int32_t search_block(const bw_pricing *p, const search *s, size_t block,
                            int32_t limit, int32_t *ret_slot, const manner way)
{
    const unsigned shift = shift_of(way);
    const size_t n = ((size_t)1 << shift) / BW_N_LANES;
    size_t first = block << shift;
    const int32_t *costs = costs_of(s, block, way);
    bw_lanes least = bw_lanes_set(BW_PRICING_ABSENT), sum[8];
    for (size_t k = 0; k < n; k++) {
        size_t at = first + k * BW_N_LANES;
        sum[k] = bw_lanes_add(slot_costs(s, costs, at, k, way),
                              bw_lanes_load(p->value + at));
        least = bw_lanes_min(least, sum[k]);
    }
    if (!bw_lanes_less(least, bw_lanes_set(limit)))
        return limit;
    for (size_t k = 0; k < n; k++) {
        uint32_t below = bw_lanes_less(sum[k], bw_lanes_set(limit));
        if (!below)
            continue;
        int lane = bw_lanes_least(sum[k], below);
        int32_t all[BW_N_LANES];
        bw_lanes_store(all, sum[k]);
        limit = all[lane];
        *ret_slot = (int32_t)(first + k * BW_N_LANES) + lane;
    }
    return limit;
}

/* A bit for each of the sixteen blocks from `first` on that may hold a sum
 * below limit; the least costs to all of them. */
INLINE uint32_t near_blocks(const bw_pricing *p, const search *s, size_t first,
                            int32_t limit, int32_t *cost, const manner way)
{
    size_t n_left = (p->n_slots >> shift_of(way)) - first;
    bw_lanes least = box_costs(s, first, way);
    bw_lanes low = bw_lanes_add(least, bw_lanes_load(p->bound + first));
    uint32_t near = bw_lanes_less(low, bw_lanes_set(limit));
    bw_lanes_store(cost, least);
    return n_left < BW_N_LANES ? near & ((1u << n_left) - 1) : near;
}

/* Whether a block may hold a sum below limit, with its bound as it is now. */
INLINE bool is_near(bw_pricing *p, size_t block, int32_t cost, int32_t limit,
                    const manner way)
{
    if (cost + p->bound[block] >= limit)
        return false;
    if (!p->is_stale[block])
        return true;
    refresh(p, block, shift_of(way));
    return cost + p->bound[block] < limit;
}

/* Lists the slots of a block with sums below limit, rising; how many. */
INLINE size_t list_block(const bw_pricing *p, const search *s, size_t block,
                         int32_t limit, int32_t *slots, const manner way)
{
    const unsigned shift = shift_of(way);
    const int32_t *costs = costs_of(s, block, way);
    size_t n = 0;
    for (size_t k = 0; k < ((size_t)1 << shift) / BW_N_LANES; k++) {
        size_t at = (block << shift) + k * BW_N_LANES;
        bw_lanes sum = bw_lanes_add(slot_costs(s, costs, at, k, way),
                                    bw_lanes_load(p->value + at));
        uint32_t below = bw_lanes_less(sum, bw_lanes_set(limit));
        for (; below; below &= below - 1)
            slots[n++] = (int32_t)at + __builtin_ctz(below);
    }
    return n;
}

/* Goes over the blocks that may hold a sum below limit. takes_all, a constant:
 * lists each such slot and returns how many; else limit becomes the least sum,
 * and *slot its place. */
INLINE size_t walk(bw_pricing *p, size_t i, int32_t *limit, int32_t *slot,
                   const manner way, const bool takes_all)
{
    search s = begin(p, i, way);
    size_t n_blocks = p->n_slots >> shift_of(way), n = 0;
    for (size_t first = 0; first < n_blocks; first += BW_N_LANES) {
        int32_t cost[BW_N_LANES];
        uint32_t near = near_blocks(p, &s, first, *limit, cost, way);
        for (; near; near &= near - 1) {
            int lane = __builtin_ctz(near);
            size_t block = first + (size_t)lane;
            if (!is_near(p, block, cost[lane], *limit, way))
                continue;
            if (takes_all)
                n += list_block(p, &s, block, *limit, slot + n, way);
            else
                *limit = search_block(p, &s, block, *limit, slot, way);
        }
    }
    return n;
}

INLINE int32_t search_row(bw_pricing *p, size_t i, int32_t limit,
                          int32_t *ret_slot, const manner way)
{
    walk(p, i, &limit, ret_slot, way, false);
    return limit;
}

INLINE size_t list_row(bw_pricing *p, size_t i, int32_t limit, int32_t *slots,
                       const manner way)
{
    return walk(p, i, &limit, slots, way, true);
}

/* ---- around ---- */

/* Rows of pixels around that of the slot, 32 wide: its tile and the one that
 * is nearer, beside it. */
static int32_t tiles_around(bw_pricing *p, size_t i, int32_t slot,
                            int32_t limit, int32_t *ret_slot)
{
    const bw_pricing_grid *g = (const bw_pricing_grid *)p;
    int32_t from = g->from[i], n_across = (int32_t)g->n_across;
    int32_t tile = slot >> BW_TILE_SHIFT, left = tile % n_across;
    int32_t middle = g->low_y[tile] + (slot >> 4 & 7);
    int32_t low = middle < N_AROUND ? 0 : middle - N_AROUND;
    int32_t high = middle + N_AROUND;
    high = high < g->height ? high : g->height - 1;
    int32_t right = left;
    if ((slot & 15) >= 8)
        right += left + 1 < n_across;
    else
        left -= left > 0;
    for (int32_t y = low; y <= high; y++) {
        const int32_t *cost =
            g->table + (y - bw_point_y(from)) * g->stride - bw_point_x(from);
        for (int32_t t = left; t <= right; t++) {
            int32_t at =
                (((y >> 3) * n_across + t) << BW_TILE_SHIFT) + ((y & 7) << 4);
            bw_lanes sum = bw_lanes_add(bw_lanes_load(cost + t * 16),
                                        bw_lanes_load(p->value + at));
            uint32_t below = bw_lanes_less(sum, bw_lanes_set(limit));
            if (!below)
                continue;
            int lane = bw_lanes_least(sum, below);
            limit = cost[t * 16 + lane] + p->value[at + lane];
            *ret_slot = at + lane;
        }
    }
    return limit;
}

/* ---- kinds ---- */

#define KIND(name, way)                                                        \
    static int32_t name##_row(bw_pricing *p, size_t i, int32_t limit,          \
                              int32_t *ret_slot)                               \
    {                                                                          \
        return search_row(p, i, limit, ret_slot, way);                         \
    }                                                                          \
    static size_t name##_list(bw_pricing *p, size_t i, int32_t limit,          \
                              int32_t *slots)                                  \
    {                                                                          \
        return list_row(p, i, limit, slots, way);                              \
    }

KIND(tiles, TILES)
KIND(runs_squared, RUNS_SQUARED)
KIND(runs_table, RUNS_TABLE)
KIND(matrix, MATRIX)

static int32_t tiles_cost(const bw_pricing *p, size_t i, int32_t slot)
{
    const bw_pricing_grid *g = (const bw_pricing_grid *)p;
    int32_t tile = slot >> BW_TILE_SHIFT, from = g->from[i];
    int32_t y = g->low_y[tile] + (slot >> 4 & 7) - bw_point_y(from);
    int32_t x = g->low_x[tile] + (slot & 15) - bw_point_x(from);
    return g->table[y * g->stride + x];
}

static int32_t runs_squared_cost(const bw_pricing *p, size_t i, int32_t slot)
{
    const bw_pricing_grid *g = (const bw_pricing_grid *)p;
    return bw_point_squared(g->from[i], g->to[slot]);
}

static int32_t runs_table_cost(const bw_pricing *p, size_t i, int32_t slot)
{
    const bw_pricing_grid *g = (const bw_pricing_grid *)p;
    return g->table[bw_point_place(g->from[i], g->stride) - g->place[slot]];
}

static int32_t matrix_cost(const bw_pricing *p, size_t i, int32_t slot)
{
    const bw_pricing_matrix *m = (const bw_pricing_matrix *)p;
    return m->row[i * p->n_slots + (size_t)slot];
}

extern const bw_pricing_kernel BW_PRICING_KERNEL;

const bw_pricing_kernel BW_PRICING_KERNEL = {
    .tiles = {tiles_row, NULL, tiles_list, tiles_cost},
    .tiles_squared = {tiles_row, tiles_around, tiles_list, tiles_cost},
    .runs_squared = {runs_squared_row, NULL, runs_squared_list,
                     runs_squared_cost},
    .runs_table = {runs_table_row, NULL, runs_table_list, runs_table_cost},
    .matrix = {matrix_row, NULL, matrix_list, matrix_cost},
};
