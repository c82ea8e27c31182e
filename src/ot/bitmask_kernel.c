/* bitmask_kernel.c - the solver of bitmask.h, compiled once an instruction set:
 * BW_BITMASK_KERNEL is the name of the table that this object defines.
 *
 *   potentials      base[j] = (|y_j|^2 - v_j) << shift | j, or -v_j
 *   pricing         least reduced cost of sixteen sources over all sinks
 *   pivot           join, leaving arc, stem reversal, potentials
 *   solve           rounds of blocks; loading and storing a basis
 *
 * The functions take the number of words a set, n_words, and is_squared as
 * constants: kernel_solve picks one of eight instances.
 */
#include "config.h"

#include <limits.h>
#include <string.h>

#include "ot/bitmask.h"
#include "ot/bitmask_row.h"
#include "ot/bitmask_way.h"
#include "ot/lanes.h"

/* Pivots on one block before the next is priced: the best few of a block's
 * sixteen. 28x28 digits: 7,800 pairs/s with 1, 9,100 with 6, 8,700 with 16. */
enum { MOST_OF_BLOCK = 6 };

/* One block in so many is timed, where any is. */
enum { TIMED = 16 };

typedef struct solver {
    uint64_t *node;
    int32_t *base; /* of sinks, padded to whole blocks of lanes */
    const int32_t *sink_key, *source_key; /* scaled points, see load_points */
    const int32_t *cost;
    int32_t *up; /* of sources: the parent sink */
    size_t n_sources, n_sinks;
    unsigned shift;  /* bits for the sink's number in a key */
    int32_t v_limit; /* |v| may reach this */
    int32_t v_bound; /* |v| is at most this */
    uint64_t n_pivots;
    double pricing;
} solver;

/* ---- potentials ---- */

/* c(i, j) - v_j - (a constant of i), as the keys of pricing have it. */
INLINE int32_t arc_key(const solver *s, int32_t source, int32_t sink,
                       const bool is_squared)
{
    if (is_squared) {
        int32_t a = s->source_key[source], b = s->sink_key[sink];
        int32_t dot = (int16_t)(a & 0xffff) * (int16_t)(b & 0xffff) +
                      (a >> 16) * (b >> 16);
        return (dot + s->base[sink]) >> s->shift;
    }
    size_t block = (size_t)source / BW_N_LANES,
           lane = (size_t)source % BW_N_LANES;
    return s->cost[(block * s->n_sinks + (size_t)sink) * BW_N_LANES + lane] +
           s->base[sink];
}

/* v -= d for all sinks of a set. */
INLINE void move_potentials(solver *s, const bw_words *set, int32_t d)
{
    bw_lanes step = bw_lanes_set((int32_t)((uint32_t)d << s->shift));
    const uint16_t *part = (const uint16_t *)(const void *)set;
    for (size_t k = 0; k * BW_N_LANES < s->n_sinks; k++)
        bw_lanes_add_masked(s->base + k * BW_N_LANES, part[k], step);
}

INLINE int32_t sink_potential(const solver *s, const bw_bitmask *b, size_t j,
                              const bool is_squared)
{
    if (!is_squared)
        return -s->base[j];
    return bw_point_squared(b->sink_point[j], 0) - (s->base[j] >> s->shift);
}

/* Every |v| grows by at most the step of a pivot; when the bound that follows
 * passes the limit, the potentials themselves are looked at. */
static bool potentials_fit(solver *s, const bw_bitmask *b, int32_t step)
{
    int64_t bound = (int64_t)s->v_bound + step;
    if (bound >= s->v_limit) {
        int32_t most = 0;
        for (size_t j = 0; j < s->n_sinks; j++) {
            int32_t v = sink_potential(s, b, j, b->is_squared);
            int32_t size = v < 0 ? -v : v;
            most = most > size ? most : size;
        }
        bound = (int64_t)most + step;
    }
    if (bound >= s->v_limit)
        return false;
    s->v_bound = (int32_t)bound;
    return true;
}

/* ---- pricing ---- */

/* For the sixteen sources of a block: arg[k] is the sink of least reduced
 * cost, cost[k] that reduced cost; the result has a bit where it is negative.
 * A key holds cost and sink in one word, so that one minimum finds both. */
INLINE uint32_t price_block(const solver *s, size_t block, int32_t *arg,
                            int32_t *cost, const bool is_squared)
{
    size_t first = block * BW_N_LANES, n_sinks = s->n_sinks;
    bw_lanes up = bw_lanes_load(s->up + first), least, here, best;
    if (is_squared) {
        bw_lanes x = bw_lanes_load(s->source_key + first);
        bw_lanes a = bw_lanes_set(INT32_MAX), b = a;
        size_t j = 0;
        for (; j + 2 <= n_sinks; j += 2) {
            bw_lanes k0 = bw_lanes_dot(x, bw_lanes_set(s->sink_key[j]));
            bw_lanes k1 = bw_lanes_dot(x, bw_lanes_set(s->sink_key[j + 1]));
            a = bw_lanes_min(a, bw_lanes_add(k0, bw_lanes_set(s->base[j])));
            b = bw_lanes_min(b, bw_lanes_add(k1, bw_lanes_set(s->base[j + 1])));
        }
        if (j < n_sinks) {
            bw_lanes k = bw_lanes_dot(x, bw_lanes_set(s->sink_key[j]));
            a = bw_lanes_min(a, bw_lanes_add(k, bw_lanes_set(s->base[j])));
        }
        a = bw_lanes_min(a, b);
        b = bw_lanes_dot(x, bw_lanes_gather(s->sink_key, up));
        b = bw_lanes_add(b, bw_lanes_gather(s->base, up));
        here = bw_lanes_shift_right(b, s->shift);
        least = bw_lanes_shift_right(a, s->shift);
        bw_lanes_store(arg, a);
        for (int k = 0; k < BW_N_LANES; k++)
            arg[k] &= (1 << s->shift) - 1;
    } else {
        const int32_t *c = s->cost + first * n_sinks;
        least = bw_lanes_set(INT32_MAX);
        best = bw_lanes_set(0);
        for (size_t j = 0; j < n_sinks; j++) {
            bw_lanes r = bw_lanes_add(bw_lanes_load(c + j * BW_N_LANES),
                                      bw_lanes_set(s->base[j]));
            uint32_t less = bw_lanes_less(r, least);
            least = bw_lanes_min(least, r);
            best = bw_lanes_blend(less, best, bw_lanes_set((int32_t)j));
        }
        int32_t at_up[BW_N_LANES];
        for (size_t k = 0; k < BW_N_LANES; k++) {
            size_t j = (size_t)s->up[first + k];
            at_up[k] = c[j * BW_N_LANES + k] + s->base[j];
        }
        here = bw_lanes_load(at_up);
        bw_lanes_store(arg, best);
    }
    bw_lanes_store(cost, bw_lanes_sub(least, here));
    uint32_t negative = bw_lanes_less(least, here);
    size_t n_left = s->n_sources - first;
    return n_left < BW_N_LANES ? negative & ((1u << n_left) - 1) : negative;
}

/* ---- pivot ---- */

/* Hangs the subtree of stem->row[last] from `parent` by the node at the foot
 * of the stem: the arcs between turn round, and each node's set becomes what
 * it does not share with the one that was below it. */
INLINE void turn_stem(solver *s, bw_way *stem, uint64_t *parent, int64_t flow,
                      const bw_words *whole, const size_t n_words)
{
    int32_t n_sinks = (int32_t)s->n_sinks;
    for (size_t k = stem->last; k > 0; k--) {
        uint64_t *row = stem->row[k], *below = stem->row[k - 1];
        for (size_t q = 0; q < n_words / 4; q++)
            bw_row_set(row)[q] = whole[q] & ~bw_row_const_set(below)[q];
        bw_row_set_arc(row, below,
                       bw_row_flow(below, n_words) +
                           bw_way_shift_at(k - 1, flow),
                       n_words);
        int32_t source = bw_row_number(row, n_words) - n_sinks;
        if (source >= 0)
            s->up[source] = bw_row_number(below, n_words);
    }
    uint64_t *foot = stem->row[0];
    for (size_t q = 0; q < n_words / 4; q++)
        bw_row_set(foot)[q] = whole[q];
    bw_row_set_arc(foot, parent, flow, n_words);
    int32_t source = bw_row_number(foot, n_words) - n_sinks;
    if (source >= 0)
        s->up[source] = bw_row_number(parent, n_words);
}

/* Brings the arc (source, sink) of reduced cost r < 0 into the basis. */
INLINE void pivot(solver *s, int32_t source, int32_t sink, int32_t r,
                  const size_t n_words)
{
    uint64_t *end[2] = {
        bw_row_at(s->node, source + (int32_t)s->n_sinks, n_words),
        bw_row_at(s->node, sink, n_words)};
    bw_way ways[2];
    ways[0].n = ways[1].n = 0;
    ways[0].last = ways[1].last = SIZE_MAX;
    int64_t flow = INT64_MAX;
    uint64_t *join = bw_way_to_sink(&ways[0], end[0], sink, &flow, n_words);
    bw_way_to_row(&ways[1], end[1], join, &flow, n_words);
    /* No two flows are equal, so the later least is the least of all. */
    int side = ways[1].last != SIZE_MAX; /* the end that is cut off */
    bw_way *stem = &ways[side];
    bw_words whole[4];
    const bw_words *top = bw_row_const_set(stem->row[stem->last]);
    for (size_t q = 0; q < n_words / 4; q++)
        whole[q] = top[q];
    bw_way_shift(stem, stem->last + 1, flow, whole, true, n_words);
    bw_way_shift(&ways[!side], 0, flow, whole, false, n_words);
    turn_stem(s, stem, end[!side], flow, whole, n_words);
    /* The new arc's reduced cost becomes 0: with the source's end cut off its
     * sinks rise by -r, with the sink's end they fall by it. */
    move_potentials(s, whole, side ? -r : r);
    s->n_pivots++;
}

/* ---- solve ---- */

/* Pivots on a block's candidates, most violated first; each is priced again,
 * since the pivots before it moved potentials. */
INLINE bool pivot_block(solver *s, const bw_bitmask *b, size_t block,
                        uint32_t candidates, const int32_t *arg,
                        const int32_t *cost, const size_t n_words,
                        const bool is_squared)
{
    bw_lanes costs = bw_lanes_load(cost);
    for (int n_left = MOST_OF_BLOCK; candidates && n_left > 0;) {
        int lane = bw_lanes_least(costs, candidates);
        candidates &= ~(1u << lane);
        int32_t source = (int32_t)(block * BW_N_LANES) + lane;
        int32_t r = arc_key(s, source, arg[lane], is_squared) -
                    arc_key(s, source, s->up[source], is_squared);
        if (r >= 0)
            continue;
        if (!potentials_fit(s, b, -r))
            return false;
        pivot(s, source, arg[lane], r, n_words);
        n_left--;
    }
    return true;
}

/* Blocks between two questions whether to stop: a millisecond or a few. */
enum { PATIENCE = 1 << 12 };

/* Blocks come round in turn until a whole round finds nothing. */
INLINE bool run(solver *s, bw_bitmask *b, const size_t n_words,
                const bool is_squared)
{
    unsigned n_priced = 0;
    size_t n_blocks = (s->n_sources + BW_N_LANES - 1) / BW_N_LANES;
    int32_t arg[BW_N_LANES], cost[BW_N_LANES];
    for (size_t block = 0, n_clean = 0; n_clean < n_blocks;) {
        uint32_t candidates;
        if (b->clock && n_priced % TIMED == 0) {
            /* The clock takes as long as a small block, which is left out. */
            double before = b->clock(), start = b->clock();
            candidates = price_block(s, block, arg, cost, is_squared);
            s->pricing += TIMED * (b->clock() - start - start + before);
        } else {
            candidates = price_block(s, block, arg, cost, is_squared);
        }
        n_clean++;
        if (++n_priced % PATIENCE == 0 && b->stopped && b->stopped()) {
            b->is_stopped = true;
            return false;
        }
        if (candidates) {
            n_clean = 0;
            if (!pivot_block(s, b, block, candidates, arg, cost, n_words,
                             is_squared))
                return false;
        }
        block = block + 1 < n_blocks ? block + 1 : 0;
    }
    return true;
}

/* Rows of the basis given; sets from the leaves up. */
INLINE void load_tree(solver *s, const bw_bitmask *b, const size_t n_words)
{
    const bw_tree *tree = &b->tree;
    size_t n_nodes = bw_tree_n_nodes(tree), n_sinks = s->n_sinks;
    for (size_t k = 0; k < n_nodes; k++) {
        uint64_t *row = bw_row_at(s->node, (int32_t)k, n_words);
        int32_t up = tree->parent[k];
        memset(row, 0, n_words * sizeof *row);
        if (k < n_sinks)
            row[k / 64] = UINT64_C(1) << k % 64;
        bw_row_set_arc(row, up < 0 ? NULL : bw_row_at(s->node, up, n_words),
                       tree->flow[k], n_words);
        row[n_words + 2] = k;
        if (k >= n_sinks)
            s->up[k - n_sinks] = up;
    }
    for (size_t i = s->n_sources; i % BW_N_LANES; i++)
        s->up[i] = 0;
    for (size_t k = 0; k + 1 < n_nodes; k++) {
        const uint64_t *row = bw_row_at(s->node, tree->order[k], n_words);
        bw_words *up = bw_row_set(bw_row_parent(row, n_words));
        for (size_t q = 0; q < n_words / 4; q++)
            up[q] |= bw_row_const_set(row)[q];
    }
}

INLINE void store_tree(const solver *s, bw_bitmask *b, const size_t n_words)
{
    size_t n_nodes = bw_tree_n_nodes(&b->tree);
    for (size_t k = 0; k < n_nodes; k++) {
        const uint64_t *row = bw_row_at(s->node, (int32_t)k, n_words);
        const uint64_t *up = bw_row_parent(row, n_words);
        b->tree.flow[k] = bw_row_flow(row, n_words);
        b->tree.parent[k] = up ? bw_row_number(up, n_words) : -1;
    }
}

static int32_t cost_of(const solver *s, const bw_bitmask *b, int32_t source,
                       int32_t sink)
{
    if (b->is_squared)
        return bw_point_squared(b->source_point[source], b->sink_point[sink]);
    size_t block = (size_t)source / BW_N_LANES;
    return b->cost[(block * s->n_sinks + (size_t)sink) * BW_N_LANES +
                   (size_t)source % BW_N_LANES];
}

/* v from the root down; false when one leaves the limit. */
static bool load_potentials(solver *s, bw_bitmask *b)
{
    const bw_tree *tree = &b->tree;
    int32_t n_sinks = (int32_t)s->n_sinks;
    int64_t most = 0;
    b->v[tree->order[bw_tree_n_nodes(tree) - 1]] = 0;
    for (size_t k = bw_tree_n_nodes(tree) - 1; k-- > 0;) {
        int32_t id = tree->order[k], up = tree->parent[id];
        int64_t value;
        if (id < n_sinks) {
            value =
                (int64_t)cost_of(s, b, up - n_sinks, id) - b->u[up - n_sinks];
            b->v[id] = (int32_t)value;
        } else {
            value = (int64_t)cost_of(s, b, id - n_sinks, up) - b->v[up];
            b->u[id - n_sinks] = (int32_t)value;
        }
        value = value < 0 ? -value : value;
        most = most > value ? most : value;
        if (most >= s->v_limit)
            return false;
    }
    s->v_bound = (int32_t)most;
    return true;
}

/* Points scaled so that their dot product is -2 x.y << shift: the shift is
 * split between the two sides, to stay within 16 bits. */
static void load_points(solver *s, bw_bitmask *b)
{
    unsigned low = s->shift / 2, high = s->shift - low;
    for (size_t i = 0; i < s->n_sources; i++)
        b->source_key[i] = (int32_t)((uint32_t)b->source_point[i] << low);
    for (size_t j = 0; j < s->n_sinks; j++) {
        int x = bw_point_x(b->sink_point[j]), y = bw_point_y(b->sink_point[j]);
        uint32_t kx = (uint32_t)(-2 * x) << high;
        uint32_t ky = (uint32_t)(-2 * y) << high;
        b->sink_key[j] = (int32_t)(ky << 16 | (kx & 0xffff));
    }
}

/* base[] from v[]; padding never wins a minimum and is never touched. */
static void load_base(solver *s, const bw_bitmask *b)
{
    for (size_t j = 0; j < s->n_sinks; j++)
        s->base[j] =
            !b->is_squared
                ? -b->v[j]
                : (int32_t)((uint32_t)(bw_point_squared(b->sink_point[j], 0) -
                                       b->v[j])
                                << s->shift |
                            j);
}

/* How far |v| may go: keys are |y|^2 - 2 x.y - v, in 31 - shift bits. */
static int32_t potential_limit(const solver *s, const bw_bitmask *b)
{
    int32_t reach = b->max_cost;
    if (b->is_squared) {
        reach = 0;
        for (size_t i = 0; i < s->n_sources; i++) {
            int32_t r = bw_point_squared(b->source_point[i], 0);
            reach = reach > r ? reach : r;
        }
        for (size_t j = 0; j < s->n_sinks; j++) {
            int32_t r = bw_point_squared(b->sink_point[j], 0);
            reach = reach > r ? reach : r;
        }
        reach *= 3;
    }
    return (INT32_MAX >> (s->shift + 1)) - reach;
}

INLINE bool solve(bw_bitmask *b, const size_t n_words, const bool is_squared)
{
    solver s = {.node = b->node,
                .base = b->base,
                .sink_key = b->sink_key,
                .source_key = b->source_key,
                .cost = b->cost,
                .up = b->up,
                .n_sources = b->tree.n_sources,
                .n_sinks = b->tree.n_sinks};
    if (is_squared)
        while ((size_t)1 << s.shift < s.n_sinks)
            s.shift++;
    b->is_stopped = false;
    s.v_limit = potential_limit(&s, b);
    if (!load_potentials(&s, b))
        return false;
    if (is_squared)
        load_points(&s, b);
    load_base(&s, b);
    load_tree(&s, b, n_words);
    bool is_done = run(&s, b, n_words, is_squared);
    store_tree(&s, b, n_words);
    for (size_t j = 0; j < s.n_sinks; j++)
        b->v[j] = sink_potential(&s, b, j, is_squared);
    b->n_pivots += s.n_pivots;
    b->pricing = s.pricing;
    return is_done;
}

static bool kernel_solve(bw_bitmask *b)
{
    size_t n_words = (b->tree.n_sinks + 63) / 64;
    if (b->is_squared) {
        if (n_words <= 4)
            return solve(b, 4, true);
        if (n_words <= 8)
            return solve(b, 8, true);
        if (n_words <= 12)
            return solve(b, 12, true);
        return solve(b, 16, true);
    }
    if (n_words <= 4)
        return solve(b, 4, false);
    if (n_words <= 8)
        return solve(b, 8, false);
    if (n_words <= 12)
        return solve(b, 12, false);
    return solve(b, 16, false);
}

extern const bw_bitmask_kernel BW_BITMASK_KERNEL;

const bw_bitmask_kernel BW_BITMASK_KERNEL = {
    .name = BW_KERNEL_NAME,
    .solve = kernel_solve,
    .loops = &BW_BITMASK_LOOPS,
};
