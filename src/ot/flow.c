/* flow.c - network simplex on a grid: levels, pricing, pivots.
 *
 * The grid is halved down to one pixel, and each level's optimal tree starts
 * the next finer one (flow_start.c). Pricing compares rows of potentials with
 * their neighbours, many pixels at a time; a pixel that differs from one by
 * more than 1 gives an edge to enter. A pivot costs its cycle and the smaller
 * of the two parts that it moves against each other.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "ot/flow.h"

void bw_flow_clear(bw_flow *f)
{
    free(f->store);
    *f = (bw_flow){.stopped = f->stopped};
}

/* ---- room ---- */

static void set_steps(bw_flow_level *l)
{
    static const int y[8] = {0, 1, 0, -1, 1, 1, -1, -1};
    static const int x[8] = {1, 0, -1, 0, 1, -1, -1, 1};
    for (int d = 0; d < 8; d++)
        l->by[d] = y[d] * (int32_t)l->width + x[d];
}

/* The next array of the store, 64-byte aligned; only its end when base is
 * NULL. */
static void *carve(char *base, size_t *at, size_t n, size_t size)
{
    size_t from = *at;
    *at += (n * size + 63) / 64 * 64;
    return base ? base + from : NULL;
}

/* Places all arrays at base. How much room they take. */
static size_t place_arrays(bw_flow *f, char *base)
{
    size_t at = 0, n = f->level[0].n;
    for (size_t k = 0; k < f->n_levels; k++) {
        bw_flow_level *l = &f->level[k];
        l->supply = carve(base, &at, l->n, sizeof *l->supply);
        l->node = carve(base, &at, l->n, sizeof *l->node);
        l->phi = carve(base, &at, l->n, sizeof *l->phi);
        l->order = carve(base, &at, l->n, sizeof *l->order);
        l->edge = carve(base, &at, l->n, sizeof *l->edge);
    }
    f->rest = carve(base, &at, n, sizeof *f->rest);
    f->stack = carve(base, &at, n, sizeof *f->stack);
    return at;
}

bw_status bw_flow_reserve(bw_flow *f, size_t height, size_t width,
                          bool is_diagonal)
{
    size_t n = 0;
    for (size_t h = height, w = width;; h = (h + 1) / 2, w = (w + 1) / 2) {
        assert(n < BW_FLOW_MAX_LEVELS);
        f->level[n] = (bw_flow_level){.height = h, .width = w, .n = h * w};
        set_steps(&f->level[n++]);
        if (h == 1 && w == 1)
            break;
    }
    f->n_levels = n;
    f->is_diagonal = is_diagonal;
    size_t size = place_arrays(f, NULL);
    if (size > f->store_size) {
        free(f->store);
        f->store = aligned_alloc(64, size);
        f->store_size = f->store ? size : 0;
        if (!f->store)
            return BW_ERR_MEMORY;
    }
    place_arrays(f, f->store);
    return BW_OK;
}

void bw_flow_sort(bw_flow_level *l)
{
    size_t n = 1;
    l->order[0] = l->root;
    l->node[l->root].parent = -1;
    for (size_t k = 0; k < n; k++) {
        int32_t p = l->order[k], up = l->node[p].parent;
        for (unsigned m = l->edge[p]; m; m &= m - 1) {
            int32_t q = p + l->by[__builtin_ctz(m)];
            if (q == up)
                continue;
            l->node[q].parent = p;
            l->order[n++] = q;
        }
    }
    assert(n == l->n);
}

/* ---- pivots ---- */

/* Adds `by` to the potentials of all pixels that hang together with `from`.
 * Of a fork, the pixel and the directions that are left wait on the stack:
 * two words a fork, and a tree has fewer than n / 2 forks on any walk. */
static void shift_potentials(const bw_flow_level *l, int32_t *stack,
                             int32_t from, int32_t by)
{
    int32_t *phi = l->phi, p = from;
    unsigned left = l->edge[p];
    size_t n = 0;
    phi[p] += by;
    for (;;) {
        while (left) {
            int d = __builtin_ctz(left);
            left &= left - 1;
            if (left) {
                stack[n++] = p;
                stack[n++] = (int32_t)left;
            }
            p += l->by[d];
            phi[p] += by;
            left = l->edge[p] & ~(1u << bw_opposite(d));
        }
        if (n == 0)
            return;
        left = (unsigned)stack[--n];
        p = stack[--n];
    }
}

/* The cycle that an edge closes, and the edge of the tree that leaves it: that
 * above pixel `out`, on the side of the edge's first pixel or its second. */
typedef struct cycle {
    int32_t joint, out;
    bool is_first;
} cycle;

/* The edge p -> q gets flow, which comes back from q to p over their joint:
 * flows against it shrink, and the least is gone first. On p's side these are
 * the ones upwards, whose sums are positive with epsilon's help; on q's side
 * those downwards. */
static cycle find_cycle(const bw_flow_node *node, int32_t p, int32_t q)
{
    cycle c = {.out = -1};
    int64_t least = INT64_MAX;
    int32_t least_size = 0; /* least + least_size * epsilon */
    while (p != q)
        if (node[p].size < node[q].size) {
            int64_t sum = node[p].sum;
            int32_t size = node[p].size;
            if (sum >= 0 &&
                (sum < least || (sum == least && size < least_size))) {
                least = sum;
                least_size = size;
                c.out = p;
                c.is_first = true;
            }
            p = node[p].parent;
        } else {
            int64_t sum = -node[q].sum;
            int32_t size = -node[q].size;
            if (sum > 0 &&
                (sum < least || (sum == least && size < least_size))) {
                least = sum;
                least_size = size;
                c.out = q;
                c.is_first = false;
            }
            q = node[q].parent;
        }
    c.joint = p;
    return c;
}

static void cut(bw_flow_level *l, int32_t p, int32_t q)
{
    unsigned m = l->edge[p];
    while (l->by[__builtin_ctz(m)] != q - p)
        m &= m - 1;
    int d = __builtin_ctz(m);
    l->edge[p] ^= (uint8_t)(1 << d);
    l->edge[q] ^= (uint8_t)(1 << bw_opposite(d));
}

/* Takes the subtree of `out` from above it and hangs it by `in`, one of its
 * pixels, below `to`: sums change along the cycle, and the stem from in to out
 * turns round. */
static void hang(bw_flow_node *node, int32_t joint, int32_t out, int32_t in,
                 int32_t to)
{
    int64_t sum = node[out].sum;
    int32_t size = node[out].size;
    for (int32_t k = node[out].parent; k != joint; k = node[k].parent) {
        node[k].sum -= sum;
        node[k].size -= size;
    }
    for (int32_t k = to; k != joint; k = node[k].parent) {
        node[k].sum += sum;
        node[k].size += size;
    }
    bw_flow_node below = {0, 0, to};
    for (int32_t k = in, next; below.parent != out; k = next) {
        bw_flow_node old = node[k];
        next = old.parent;
        node[k].sum = sum - below.sum;
        node[k].size = size - below.size;
        node[k].parent = below.parent;
        below = (bw_flow_node){old.sum, old.size, k};
    }
}

/* Lets the edge from p in direction d enter, whose ends differ by more than 1
 * in potential. */
static void pivot(bw_flow *f, bw_flow_level *l, int32_t p, int d)
{
    int32_t q = p + l->by[d];
    if (l->phi[p] < l->phi[q]) {
        int32_t other = p;
        p = q;
        q = other;
        d = bw_opposite(d);
    }
    int32_t excess = l->phi[p] - l->phi[q] - 1;
    cycle c = find_cycle(l->node, p, q);
    assert(c.out >= 0);
    int32_t in = c.is_first ? p : q, to = c.is_first ? q : p;
    int32_t size = l->node[c.out].size;
    cut(l, c.out, l->node[c.out].parent);
    hang(l->node, c.joint, c.out, in, to);
    int32_t by = c.is_first ? -excess : excess;
    if ((size_t)size <= l->n / 2)
        shift_potentials(l, f->stack, in, by);
    else
        shift_potentials(l, f->stack, to, -by);
    l->edge[p] |= (uint8_t)(1 << d);
    l->edge[q] |= (uint8_t)(1 << bw_opposite(d));
}

/* ---- pricing ---- */

static bool is_steep(int32_t a, int32_t b)
{
    return (uint32_t)(a - b + 1) > 2;
}

static bool any_steep(const int32_t *a, const int32_t *b, size_t n)
{
    unsigned any = 0;
    for (size_t x = 0; x < n; x++)
        any |= is_steep(a[x], b[x]);
    return any;
}

/* Pivots on the edges from row y in direction d. How many. */
static uint64_t price_row(bw_flow *f, bw_flow_level *l, size_t y, int d)
{
    size_t first = y * l->width + (d == BW_SOUTH_WEST);
    size_t n = d == BW_SOUTH ? l->width : l->width - 1;
    const int32_t *a = l->phi + first, *b = a + l->by[d];
    if (!any_steep(a, b, n))
        return 0;
    uint64_t n_pivots = 0;
    for (size_t x = 0; x < n; x++)
        if (is_steep(a[x], b[x])) {
            pivot(f, l, (int32_t)(first + x), d);
            n_pivots++;
        }
    return n_pivots;
}

/* Passes over all edges until one has found none to enter: the potentials are
 * feasible then, and 1 apart along each flow. */
static bw_status solve_level(bw_flow *f, bw_flow_level *l, uint64_t *n_pivots)
{
    static const int direction[4] = {BW_EAST, BW_SOUTH, BW_SOUTH_EAST,
                                     BW_SOUTH_WEST};
    int n_directions = f->is_diagonal ? 4 : 2;
    for (uint64_t before = *n_pivots - 1; before != *n_pivots;) {
        before = *n_pivots;
        for (size_t y = 0; y < l->height; y++) {
            *n_pivots += price_row(f, l, y, BW_EAST);
            for (int k = 1; k < n_directions && y + 1 < l->height; k++)
                *n_pivots += price_row(f, l, y, direction[k]);
            if (y % 64 == 0 && f->stopped && f->stopped())
                return BW_ERR_INTERRUPTED;
        }
    }
    return BW_OK;
}

/* ---- levels ---- */

static void coarsen(const bw_flow_level *fine, bw_flow_level *coarse)
{
    for (size_t k = 0; k < coarse->n; k++)
        coarse->supply[k] = 0;
    for (size_t y = 0, k = 0; y < fine->height; y++) {
        int64_t *to = coarse->supply + y / 2 * coarse->width;
        for (size_t x = 0; x < fine->width; x++)
            to[x / 2] += fine->supply[k++];
    }
}

bw_status bw_flow_solve(bw_flow *f)
{
    size_t l = f->n_levels - 1;
    for (size_t k = 0; k < l; k++)
        coarsen(&f->level[k], &f->level[k + 1]);
    bw_flow_start_single(&f->level[l]);
    while (l-- > 0) {
        bw_flow_start_refined(f, l);
        bw_status status = solve_level(
            f, &f->level[l], l > 0 ? &f->n_coarse_pivots : &f->n_pivots);
        if (status)
            return status;
    }
    return BW_OK;
}
