/* flow_start.c - spanning trees of a fine grid from that of the halved one.
 *
 * A coarse pixel is a cell of up to 2x2 fine ones. Each coarse edge becomes
 * one fine edge between its two cells, and the pixels of a cell are joined by
 * three edges: 3 a cell and 1 for every cell but the root's make a spanning
 * tree. Cells are visited from the leaves, so that all that enters a cell from
 * below is known: then what leaves it takes the better of two edges, and the
 * three edges inside are those of an optimal flow within the cell.
 */
#include "config.h"

#include <string.h>

#include "ot/flow.h"

void bw_flow_start_single(bw_flow_level *l)
{
    l->root = 0;
    l->edge[0] = 0;
    l->phi[0] = 0;
    l->node[0] = (bw_flow_node){l->supply[0], 1, -1};
}

/* ---- cells ---- */

/* The fine pixels of a coarse one: a b / d c. */
typedef struct cell {
    int32_t a, b, c, d;
    bool is_tall, is_wide; /* else on the grid's edge, with no c, d or b, c */
} cell;

static cell cell_of(const bw_flow_level *fine, const bw_flow_level *coarse,
                    int32_t k)
{
    size_t y = 2 * ((size_t)k / coarse->width);
    size_t x = 2 * ((size_t)k % coarse->width);
    int32_t a = (int32_t)(y * fine->width + x), w = (int32_t)fine->width;
    return (cell){
        a, a + 1, a + w + 1, a + w, y + 1 < fine->height, x + 1 < fine->width};
}

/* The two pixels from which one can leave a cell in a direction; on the grid's
 * edge, or over a corner, they are one. */
typedef struct exits {
    int32_t first, second;
} exits;

static exits exits_of(const cell *c, int direction)
{
    switch ((bw_direction)direction) {
    case BW_EAST:
        return (exits){c->b, c->is_tall ? c->c : c->b};
    case BW_SOUTH:
        return (exits){c->d, c->is_wide ? c->c : c->d};
    case BW_WEST:
        return (exits){c->a, c->is_tall ? c->d : c->a};
    case BW_NORTH:
        return (exits){c->a, c->is_wide ? c->b : c->a};
    case BW_SOUTH_EAST:
        return (exits){c->c, c->c};
    case BW_SOUTH_WEST:
        return (exits){c->d, c->d};
    case BW_NORTH_WEST:
        return (exits){c->a, c->a};
    case BW_NORTH_EAST:
        break;
    }
    return (exits){c->b, c->b};
}

/* Sends a cell's surplus over to its neighbour: from the pixel that has more
 * of it, to the one that wants it more. */
static void leave_cell(bw_flow_level *l, int64_t *rest, const cell *c,
                       int direction, int64_t sum)
{
    exits e = exits_of(c, direction);
    int32_t by = l->by[direction];
    int64_t first = rest[e.first] - rest[e.first + by];
    int64_t second = rest[e.second] - rest[e.second + by];
    bool is_second = sum < 0 ? second < first : second > first;
    int32_t from = is_second ? e.second : e.first;
    bw_flow_link(l, from, direction);
    rest[from] -= sum;
    rest[from + by] += sum;
}

/* Joins four pixels in a ring, but for one edge: a flow round the ring may be
 * added, and the one that makes a middle flow 0 makes the least sum. */
static void join_ring(bw_flow_level *l, const int64_t *rest, const cell *c)
{
    /* Clockwise from a, if a to b carried nothing. */
    int64_t flow[4] = {0, rest[c->b], rest[c->b] + rest[c->c], -rest[c->a]};
    int drop = 0;
    for (int k = 0; k < 4; k++) {
        int n_less = 0;
        for (int q = 0; q < 4; q++)
            n_less += flow[q] < flow[k] || (flow[q] == flow[k] && q < k);
        if (n_less == 1)
            drop = k;
    }
    if (drop != 0)
        bw_flow_link(l, c->a, BW_EAST);
    if (drop != 1)
        bw_flow_link(l, c->b, BW_SOUTH);
    if (drop != 2)
        bw_flow_link(l, c->d, BW_EAST);
    if (drop != 3)
        bw_flow_link(l, c->a, BW_SOUTH);
}

/* Where diagonals are as short, four pixels that have ship to those that lack
 * by the north-west corner rule: every plan costs the same. */
static void join_star(bw_flow_level *l, const int64_t *rest, const cell *c)
{
    static const uint8_t direction[4][4] = {
        {0, BW_EAST, BW_SOUTH_EAST, BW_SOUTH},
        {BW_WEST, 0, BW_SOUTH, BW_SOUTH_WEST},
        {BW_NORTH_WEST, BW_NORTH, 0, BW_WEST},
        {BW_NORTH, BW_NORTH_EAST, BW_EAST, 0}};
    int32_t pixel[4] = {c->a, c->b, c->c, c->d};
    int has[4], lacks[4], n_has = 0, n_lack = 0;
    for (int k = 0; k < 4; k++)
        if (rest[pixel[k]] > 0)
            has[n_has++] = k;
        else
            lacks[n_lack++] = k;
    if (n_has == 0)
        has[n_has++] = lacks[--n_lack];
    int64_t left = 0; /* of the sources so far, less that of the sinks */
    for (int i = 0, j = 0; i < n_has && j < n_lack;) {
        bw_flow_link(l, pixel[has[i]], direction[has[i]][lacks[j]]);
        int64_t after = left + rest[pixel[has[i]]] + rest[pixel[lacks[j]]];
        bool is_source = j + 1 == n_lack || (i + 1 < n_has && after <= 0);
        left += is_source ? rest[pixel[has[i++]]] : rest[pixel[lacks[j++]]];
    }
}

static void join_cell(bw_flow_level *l, const int64_t *rest, const cell *c,
                      bool is_diagonal)
{
    if (c->is_tall && c->is_wide && is_diagonal)
        join_star(l, rest, c);
    else if (c->is_tall && c->is_wide)
        join_ring(l, rest, c);
    else if (c->is_tall)
        bw_flow_link(l, c->a, BW_SOUTH);
    else if (c->is_wide)
        bw_flow_link(l, c->a, BW_EAST);
}

/* ---- the whole grid ---- */

void bw_flow_start_refined(bw_flow *f, size_t l)
{
    bw_flow_level *fine = &f->level[l], *coarse = &f->level[l + 1];
    memset(fine->edge, 0, fine->n);
    memcpy(f->rest, fine->supply, fine->n * sizeof *f->rest);
    bw_flow_sort(f, coarse);
    for (size_t k = coarse->n; k-- > 0;) {
        int32_t from = coarse->order[k], up = coarse->node[from].parent;
        cell c = cell_of(fine, coarse, from);
        if (up >= 0)
            leave_cell(fine, f->rest, &c, bw_flow_direction(coarse, from, up),
                       coarse->node[from].sum);
        join_cell(fine, f->rest, &c, f->is_diagonal);
    }
    fine->root = cell_of(fine, coarse, coarse->root).a;
    bw_flow_sort(f, fine);
    bw_flow_sum(fine);
}
