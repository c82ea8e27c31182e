/* flow.c - network simplex on a grid: levels, pricing, pivots.
 *
 * The grid is halved down to one pixel, and each level's optimal tree starts
 * the next finer one (flow_start.c). Pricing compares rows of potentials with
 * their neighbours, many pixels at a time; a pixel that differs from one by
 * more than 1 gives an edge to enter (flow_pivot.c).
 *
 * Measured on pictures of 64x64 and 128x128: 1,200 and 4,500 pivots, 400 and
 * 1,400 on coarser grids, with cycles of 30 and 45 edges. Three quarters of
 * them come in the first pass over a level.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "ot/flow.h"

void bw_flow_clear(bw_flow *f)
{
    free(f->store);
    *f = (bw_flow){.stopped = f->stopped, .opt_watch = f->opt_watch};
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
        l->order = carve(base, &at, l->n + 1, sizeof *l->order);
        l->edge = carve(base, &at, l->n, sizeof *l->edge);
    }
    f->rest = carve(base, &at, n, sizeof *f->rest);
    f->queue = carve(base, &at, n + 1, sizeof *f->queue);
    f->from = carve(base, &at, n + 1, sizeof *f->from);
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
static uint64_t price_row(bw_flow *f, bw_flow_level *l, size_t y, int d,
                          bool is_rough)
{
    size_t first = y * l->width + (d == BW_SOUTH_WEST);
    size_t n = d == BW_SOUTH ? l->width : l->width - 1;
    const int32_t *a = l->phi + first, *b = a + l->by[d];
    if (!any_steep(a, b, n))
        return 0;
    uint64_t n_pivots = 0;
    for (size_t x = 0; x < n; x++)
        if (is_steep(a[x], b[x]))
            n_pivots += bw_flow_pivot(f, l, (int32_t)(first + x), d, is_rough);
    return n_pivots;
}

/* One pass over all edges. */
static bw_status price_all(bw_flow *f, bw_flow_level *l, bool is_rough,
                           uint64_t *n_pivots)
{
    static const int direction[4] = {BW_EAST, BW_SOUTH, BW_SOUTH_EAST,
                                     BW_SOUTH_WEST};
    int n_directions = f->is_diagonal ? 4 : 2;
    *n_pivots = 0;
    for (size_t y = 0; y < l->height; y++) {
        *n_pivots += price_row(f, l, y, BW_EAST, is_rough);
        for (int k = 1; k < n_directions && y + 1 < l->height; k++)
            *n_pivots += price_row(f, l, y, direction[k], is_rough);
        if (y % 64 == 0 && f->stopped && f->stopped())
            return BW_ERR_INTERRUPTED;
    }
    return BW_OK;
}

static void renew_potentials(bw_flow *f, bw_flow_level *l)
{
    bw_flow_sort(f, l);
    bw_flow_set_potentials(l);
}

/* Where a pass has many pivots, potentials are better made anew after it than
 * kept up: always in the first, and while more than one pixel in 24 has one,
 * as measured. Ends with a pass that has found no edge to enter by potentials
 * that are kept up: they are feasible then, and 1 apart along each flow. */
static bw_status solve_level(bw_flow *f, bw_flow_level *l, uint64_t *sum_pivots)
{
    uint64_t n_pivots = bw_flow_pivot_squares(f, l);
    *sum_pivots += n_pivots;
    renew_potentials(f, l);
    for (bool is_rough = true; is_rough || n_pivots > 0;
         is_rough = is_rough && n_pivots > l->n / 24) {
        bw_status status = price_all(f, l, is_rough, &n_pivots);
        if (status)
            return status;
        *sum_pivots += n_pivots;
        if (is_rough)
            renew_potentials(f, l);
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
    bw_watch_lap(f->opt_watch, BW_PART_BUILD);
    while (l-- > 0) {
        bw_flow_start_refined(f, l);
        bw_watch_lap(f->opt_watch, l > 0 ? BW_PART_COARSE : BW_PART_START);
        bw_status status = solve_level(
            f, &f->level[l], l > 0 ? &f->n_coarse_pivots : &f->n_pivots);
        bw_watch_lap(f->opt_watch, l > 0 ? BW_PART_COARSE : BW_PART_PIVOTS);
        if (status)
            return status;
    }
    return BW_OK;
}
