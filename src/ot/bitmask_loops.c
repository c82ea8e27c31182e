/* bitmask_loops.c - what stands around the solver of bitmask.h, compiled once
 * an instruction set: BW_BITMASK_LOOPS is the name of the table that this
 * object defines.
 */
#include "config.h"

#include "ot/bitmask.h"
#include "ot/lanes.h"

/* ---- transform ---- */

static void kernel_transform(size_t n_from, const int32_t *from_point,
                             const int32_t *from, size_t n_to,
                             const int32_t *to_point, int32_t *to)
{
    for (size_t k = 0; k < n_to; k += BW_N_LANES) {
        bw_lanes x = bw_lanes_load(to_point + k);
        bw_lanes least = bw_lanes_set(INT32_MAX);
        for (size_t j = 0; j < n_from; j++) {
            int32_t p = from_point[j];
            uint32_t kx = (uint32_t)(-2 * bw_point_x(p));
            uint32_t ky = (uint32_t)(-2 * bw_point_y(p));
            bw_lanes y = bw_lanes_set((int32_t)(ky << 16 | (kx & 0xffff)));
            bw_lanes c = bw_lanes_set(bw_point_squared(p, 0) - from[j]);
            least = bw_lanes_min(least, bw_lanes_add(bw_lanes_dot(x, y), c));
        }
        bw_lanes_store(to + k, bw_lanes_add(least, bw_lanes_dot(x, x)));
    }
}

/* Where sixteen points stand in a table of differences; beyond n, the first. */
static bw_lanes places_of(const int32_t *point, size_t n, int32_t stride)
{
    int32_t place[BW_N_LANES];
    for (size_t k = 0; k < BW_N_LANES; k++)
        place[k] = bw_point_place(point[k < n ? k : 0], stride);
    return bw_lanes_load(place);
}

static void kernel_transform_table(const int32_t *table, int32_t stride,
                                   size_t n_from, const int32_t *from_point,
                                   const int32_t *from, size_t n_to,
                                   const int32_t *to_point, int32_t *to)
{
    for (size_t k = 0; k < n_to; k += BW_N_LANES) {
        bw_lanes x = places_of(to_point + k, n_to - k, stride);
        bw_lanes least = bw_lanes_set(INT32_MAX);
        for (size_t j = 0; j < n_from; j++) {
            bw_lanes y = bw_lanes_set(bw_point_place(from_point[j], stride));
            bw_lanes c = bw_lanes_gather(table, bw_lanes_sub(x, y));
            c = bw_lanes_sub(c, bw_lanes_set(from[j]));
            least = bw_lanes_min(least, c);
        }
        bw_lanes_store(to + k, least);
    }
}

/* ---- cost matrix of a grid ---- */

static void kernel_fill(bw_bitmask *b, const int32_t *table, int32_t stride)
{
    size_t n_sources = b->tree.n_sources, n_sinks = b->tree.n_sinks;
    for (size_t j = 0; j < n_sinks; j++)
        b->sink_key[j] = bw_point_place(b->sink_point[j], stride);
    int32_t *cost = b->cost;
    for (size_t first = 0; first < n_sources; first += BW_N_LANES) {
        bw_lanes from =
            places_of(b->source_point + first, n_sources - first, stride);
        for (size_t j = 0; j < n_sinks; j++, cost += BW_N_LANES) {
            bw_lanes at = bw_lanes_sub(from, bw_lanes_set(b->sink_key[j]));
            bw_lanes_store(cost, bw_lanes_gather(table, at));
        }
    }
}

/* ---- arcs near the optimum ---- */

static size_t kernel_scan(const bw_bitmask *b, size_t block, const int32_t *u,
                          const int32_t *v, int32_t margin, int32_t (*arc)[2])
{
    size_t first = block * BW_N_LANES, n_sinks = b->tree.n_sinks, n = 0;
    size_t n_left = b->tree.n_sources - first;
    uint32_t valid = n_left < BW_N_LANES ? (1u << n_left) - 1 : 0xffff;
    const int32_t *c = b->cost + first * n_sinks;
    bw_lanes limit =
        bw_lanes_add(bw_lanes_load(u + first), bw_lanes_set(margin));
    for (size_t j = 0; j < n_sinks; j++) {
        bw_lanes r =
            bw_lanes_sub(bw_lanes_load(c + j * BW_N_LANES), bw_lanes_set(v[j]));
        uint32_t below = bw_lanes_less(r, limit) & valid;
        for (; below; below &= below - 1) {
            arc[n][0] = (int32_t)first + __builtin_ctz(below);
            arc[n++][1] = (int32_t)j;
        }
    }
    return n;
}

static int kernel_least(const int32_t cost[16], uint32_t mask)
{
    return bw_lanes_least(bw_lanes_load(cost), mask);
}

extern const bw_bitmask_loops BW_BITMASK_LOOPS;

const bw_bitmask_loops BW_BITMASK_LOOPS = {
    .least = kernel_least,
    .transform = kernel_transform,
    .transform_table = kernel_transform_table,
    .fill = kernel_fill,
    .scan = kernel_scan,
};
