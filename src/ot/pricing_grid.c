/* pricing_grid.c - positions, boxes and tables of pricing_grid.h. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "base/isa.h"
#include "ot/lanes.h"
#include "ot/pricing_grid.h"
#include "ot/pricing_kernel.h"

/* Bits of small costs at whole pixels. Integers that fit stay as they are,
 * others are scaled to fill them: the finer, the fewer pivots are left to exact
 * arithmetic (l2 on classic 128x128: 10,000 with 22 bits, 1,800 with 26). But
 * values need room: under a metric they end within one cost of each other. */
enum { INTEGER_BITS = 24, METRIC_BITS = 26, ROUNDED_BITS = 22 };

const bw_pricing_kernel *bw_pricing_get_kernel(void)
{
#ifdef BW_X86_64
    static const bw_pricing_kernel *const all[] = {&bw_pricing_kernel_plain,
                                                   &bw_pricing_kernel_avx2,
                                                   &bw_pricing_kernel_avx512};

    return all[bw_isa_get()];
#else
    return &bw_pricing_kernel_plain;
#endif
}

void bw_pricing_grid_clear(bw_pricing_grid *g)
{
    bw_pricing_clear(&g->head);
    free(g->from);
    free(g->to);
    free(g->place);
    free(g->low_x);
    free(g->tile_table);
    *g = (bw_pricing_grid){0};
}

/* Room for n_from sources, n_to slots, and as many boxes as they may have
 * blocks: sixteen more, since boxes are read by whole lanes. */
static bw_status reserve(bw_pricing_grid *g, size_t n_from, size_t n_to)
{
    if (n_from > g->cap_from) {
        free(g->from);
        g->cap_from = 0;
        g->from = malloc((n_from + n_from / 8) * sizeof *g->from);
        if (!g->from)
            return BW_ERR_MEMORY;
        g->cap_from = n_from + n_from / 8;
    }
    if (n_to > g->cap_to) {
        free(g->to);
        free(g->place);
        free(g->low_x);
        size_t n = n_to + n_to / 8, n_boxes = (n >> BW_RUN_SHIFT) + 32;
        g->cap_to = 0;
        g->to = calloc(n, sizeof *g->to);
        g->place = calloc(n, sizeof *g->place);
        g->low_x = calloc(4 * n_boxes, sizeof *g->low_x);
        if (!g->to || !g->place || !g->low_x)
            return BW_ERR_MEMORY;
        g->high_x = g->low_x + n_boxes;
        g->low_y = g->high_x + n_boxes;
        g->high_y = g->low_y + n_boxes;
        g->cap_to = n;
    }
    return BW_OK;
}

/* ---- runs ---- */

static void box_of_run(bw_pricing_grid *g, size_t block, size_t first,
                       size_t end)
{
    int32_t x = bw_point_x(g->to[first]), y = bw_point_y(g->to[first]);
    int32_t box[4] = {x, x, y, y};
    for (size_t k = first + 1; k < end; k++) {
        x = bw_point_x(g->to[k]);
        y = bw_point_y(g->to[k]);
        box[0] = box[0] < x ? box[0] : x;
        box[1] = box[1] > x ? box[1] : x;
        box[2] = box[2] < y ? box[2] : y;
        box[3] = box[3] > y ? box[3] : y;
    }
    g->low_x[block] = box[0];
    g->high_x[block] = box[1];
    g->low_y[block] = box[2];
    g->high_y[block] = box[3];
}

/* Boxes up to whole lanes are read, too: they lie in the grid. */
static void clear_boxes(bw_pricing_grid *g, size_t n_boxes)
{
    for (size_t b = n_boxes; b < n_boxes + BW_N_LANES; b++)
        g->low_x[b] = g->high_x[b] = g->low_y[b] = g->high_y[b] = 0;
}

static bw_status open_runs(bw_pricing_grid *g, const bw_arcs *arcs)
{
    bw_pricing *p = &g->head;
    const bw_ground *ground = arcs->ground;
    size_t n_sources = arcs->sources->n, n_sinks = arcs->sinks->n;
    bw_status status =
        bw_pricing_reserve(p, n_sources, n_sinks, n_sinks, BW_RUN_SHIFT);
    if (!status)
        status = reserve(g, n_sources, p->n_slots);
    if (status)
        return status;
    g->table = ground->is_squared ? NULL : ground->table;
    g->stride = ground->table_stride;
    for (size_t i = 0; i < n_sources; i++)
        g->from[i] = arcs->sources->point[i];
    for (size_t j = 0; j < p->n_slots; j++) {
        bool is_absent = j >= n_sinks;
        g->to[j] = is_absent ? 0 : arcs->sinks->point[j];
        g->place[j] = bw_point_place(g->to[j], g->stride);
        if (is_absent)
            continue;
        p->slot[j] = p->sink[j] = (int32_t)j;
        p->value[j] = 0;
    }
    const size_t step = (size_t)1 << BW_RUN_SHIFT;
    for (size_t first = 0; first < n_sinks; first += step)
        box_of_run(g, first >> BW_RUN_SHIFT, first,
                   first + step < n_sinks ? first + step : n_sinks);
    clear_boxes(g, p->n_slots >> BW_RUN_SHIFT);
    const bw_pricing_kernel *kernel = bw_pricing_get_kernel();
    p->kind = ground->is_squared ? &kernel->runs_squared : &kernel->runs_table;
    p->scale = ground->table_scale;
    p->is_exact =
        arcs->is_coarse || (ground->is_exact && ground->is_table_exact);
    return BW_OK;
}

/* ---- tiles ---- */

static size_t n_tiles(size_t n, size_t size)
{
    return (n + size - 1) / size;
}

/* Costs at whole pixels for all differences within whole tiles. Those that no
 * two pixels have are never the price of a sink. */
static bw_status make_table(bw_pricing_grid *g, const bw_ground *ground,
                            double coarser)
{
    ptrdiff_t height = (ptrdiff_t)ground->height;
    ptrdiff_t width = (ptrdiff_t)ground->width;
    ptrdiff_t h = (ptrdiff_t)n_tiles(ground->height, BW_TILE_ROWS);
    ptrdiff_t w = (ptrdiff_t)n_tiles(ground->width, BW_TILE_COLUMNS);
    h *= BW_TILE_ROWS;
    w *= BW_TILE_COLUMNS;
    ptrdiff_t stride = 2 * w - 1, middle = (h - 1) * stride + w - 1;
    size_t n = (size_t)((2 * h - 1) * stride + BW_N_LANES);
    int bits;
    frexp(ground->max_cost, &bits);
    bool is_kept = ground->is_exact && bits <= INTEGER_BITS;
    int most = ground->is_metric ? METRIC_BITS : ROUNDED_BITS;
    g->tile_scale = (is_kept ? 1 : ldexp(1, most - bits)) / coarser;
    g->is_tile_exact = is_kept && coarser == 1;
    g->made_height = 0;
    free(g->tile_table);
    g->tile_table = calloc(n, sizeof *g->tile_table);
    if (!g->tile_table)
        return BW_ERR_MEMORY;
    for (ptrdiff_t y = 1 - height; y < height; y++)
        for (ptrdiff_t x = 1 - width; x < width; x++)
            g->tile_table[middle + y * stride + x] = (int32_t)lrint(
                ground->cost[y * ground->stride + x] * g->tile_scale);
    g->norm = ground->norm;
    g->power = ground->p;
    g->made_coarser = coarser;
    g->made_height = ground->height;
    g->made_width = ground->width;
    return BW_OK;
}

static bool has_table(const bw_pricing_grid *g, const bw_ground *ground,
                      double coarser)
{
    return g->norm == ground->norm && g->power == ground->p &&
           g->made_coarser == coarser && g->made_height == ground->height &&
           g->made_width == ground->width;
}

static int32_t pixel_of(const bw_ground *ground, uint32_t bin)
{
    uint32_t width = (uint32_t)ground->width;
    return bw_point((int)(bin % width), (int)(bin / width));
}

static void place_tiles(bw_pricing_grid *g, const bw_ground *ground)
{
    size_t n_down = n_tiles(ground->height, BW_TILE_ROWS);
    for (size_t down = 0; down < n_down; down++)
        for (size_t across = 0; across < g->n_across; across++) {
            size_t tile = down * g->n_across + across;
            int32_t x = (int32_t)across * BW_TILE_COLUMNS;
            int32_t y = (int32_t)down * BW_TILE_ROWS;
            int32_t last_x = (int32_t)ground->width - 1;
            int32_t last_y = (int32_t)ground->height - 1;
            int32_t high_x = x + BW_TILE_COLUMNS - 1;
            int32_t high_y = y + BW_TILE_ROWS - 1;
            g->low_x[tile] = x;
            g->low_y[tile] = y;
            g->high_x[tile] = high_x < last_x ? high_x : last_x;
            g->high_y[tile] = high_y < last_y ? high_y : last_y;
        }
}

static bw_status open_tiles(bw_pricing_grid *g, const bw_arcs *arcs,
                            double coarser)
{
    bw_pricing *p = &g->head;
    const bw_ground *ground = arcs->ground;
    size_t n_sources = arcs->sources->n, n_sinks = arcs->sinks->n;
    g->n_across = n_tiles(ground->width, BW_TILE_COLUMNS);
    size_t n = n_tiles(ground->height, BW_TILE_ROWS) * g->n_across
               << BW_TILE_SHIFT;
    bw_status status =
        bw_pricing_reserve(p, n_sources, n_sinks, n, BW_TILE_SHIFT);
    if (!status)
        status = reserve(g, n_sources, n);
    if (!status && !has_table(g, ground, coarser))
        status = make_table(g, ground, coarser);
    if (status)
        return status;
    ptrdiff_t w = (ptrdiff_t)g->n_across * BW_TILE_COLUMNS;
    ptrdiff_t h = (ptrdiff_t)n_tiles(ground->height, BW_TILE_ROWS);
    h *= BW_TILE_ROWS;
    g->stride = (int32_t)(2 * w - 1);
    g->table = g->tile_table + (h - 1) * g->stride + w - 1;
    g->height = (int32_t)ground->height;
    place_tiles(g, ground);
    clear_boxes(g, n >> BW_TILE_SHIFT);
    for (size_t i = 0; i < n_sources; i++)
        g->from[i] = pixel_of(ground, arcs->sources->bin[i]);
    for (size_t j = 0; j < n_sinks; j++) {
        int32_t at = pixel_of(ground, arcs->sinks->bin[j]);
        int x = bw_point_x(at), y = bw_point_y(at);
        int32_t tile =
            y / BW_TILE_ROWS * (int32_t)g->n_across + x / BW_TILE_COLUMNS;
        int32_t slot = tile << BW_TILE_SHIFT | (y % BW_TILE_ROWS) << 4 |
                       x % BW_TILE_COLUMNS;
        p->slot[j] = slot;
        p->sink[slot] = (int32_t)j;
        p->value[slot] = 0;
    }
    const bw_pricing_kernel *kernel = bw_pricing_get_kernel();
    p->kind = ground->is_squared ? &kernel->tiles_squared : &kernel->tiles;
    p->scale = g->tile_scale;
    p->is_exact = g->is_tile_exact;
    return BW_OK;
}

bw_status bw_pricing_grid_open(bw_pricing_grid *g, const bw_arcs *arcs,
                               double coarser)
{
    /* Where one pixel in four is a sink, tiles pay. Runs have one scale. */
    size_t n_pixels = arcs->ground->height * arcs->ground->width;
    bool is_sparse = arcs->sinks->n < n_pixels / 4 && coarser == 1;
    if (arcs->is_coarse || is_sparse)
        return open_runs(g, arcs);
    return open_tiles(g, arcs, coarser);
}
