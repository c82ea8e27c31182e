/* flow_pivot.c - exchanges of one edge of the tree for another.
 *
 * An edge p -> q that enters closes a cycle over the joint of p and q, round
 * which flow can be sent: over the edge, and back from q to p. Flows along it
 * grow, those against it shrink, and the one that is gone first leaves. A pivot
 * costs its cycle and, where potentials are kept up, the smaller of the two
 * parts that it moves against each other.
 */
#include "config.h"

#include "ot/flow.h"

void bw_flow_link(bw_flow_level *l, int32_t p, int direction)
{
    l->edge[p] |= (uint8_t)(1 << direction);
    l->edge[p + l->by[direction]] |= (uint8_t)(1 << bw_opposite(direction));
}

void bw_flow_cut(bw_flow_level *l, int32_t p, int direction)
{
    l->edge[p] ^= (uint8_t)(1 << direction);
    l->edge[p + l->by[direction]] ^= (uint8_t)(1 << bw_opposite(direction));
}

/* On grids one or two wide, steps alone do not tell: edges do. */
int bw_flow_direction(const bw_flow_level *l, int32_t p, int32_t q)
{
    unsigned m = l->edge[p];
    while (l->by[__builtin_ctz(m)] != q - p)
        m &= m - 1;
    return __builtin_ctz(m);
}

/* The least of some flows: that above pixel `out`, on the side of the cycle
 * that begins with p or with q. It is sum + size * epsilon. */
typedef struct least {
    int64_t sum;
    int32_t size, out;
    bool is_first;
} least;

typedef struct cycle {
    int32_t joint;
    int32_t slope; /* what the tree's flows make of phi(p) - phi(q) */
    least with;    /* of flows that run from p to q */
    least against;
} cycle;

/* Climbs from the end whose subtree is smaller, until the two meet. */
static cycle find_cycle(const bw_flow_node *node, int32_t p, int32_t q)
{
    least side[2] = {{INT64_MAX, 0, -1, false}, {INT64_MAX, 0, -1, false}};
    int32_t slope = 0;
    while (p != q) {
        bool is_first = node[p].size < node[q].size;
        int32_t at = is_first ? p : q;
        bool is_up = node[at].sum >= 0, is_against = is_up != is_first;
        int64_t sum = is_up ? node[at].sum : -node[at].sum;
        int32_t size = is_up ? node[at].size : -node[at].size;
        least *b = &side[is_against];
        if (sum < b->sum || (sum == b->sum && size < b->size))
            *b = (least){sum, size, at, is_first};
        slope += is_against ? -1 : 1;
        if (is_first)
            p = node[at].parent;
        else
            q = node[at].parent;
    }
    return (cycle){p, slope, side[0], side[1]};
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

bool bw_flow_pivot(bw_flow *f, bw_flow_level *l, int32_t p, int direction,
                   bool is_rough)
{
    int32_t q = p + l->by[direction];
    cycle c = find_cycle(l->node, p, q);
    if (c.slope >= -1 && c.slope <= 1)
        return false;
    /* Flow goes from the higher end to the lower, against what runs from
     * there to here by the tree; afterwards they are 1 apart. */
    const least *b = c.slope > 0 ? &c.with : &c.against;
    int32_t lift = c.slope > 0 ? 1 - c.slope : -1 - c.slope;
    int32_t in = b->is_first ? p : q, to = b->is_first ? q : p;
    int32_t up = l->node[b->out].parent, size = l->node[b->out].size;
    bw_flow_cut(l, b->out, bw_flow_direction(l, b->out, up));
    hang(l->node, c.joint, b->out, in, to);
    lift = b->is_first ? lift : -lift;
    if (!is_rough && (size_t)size <= l->n / 2)
        bw_flow_shift(f, l, in, lift);
    else if (!is_rough)
        bw_flow_shift(f, l, to, -lift);
    bw_flow_link(l, p, direction);
    return true;
}

/* Whether the tree's edge between two pixels carries flow from p to q. */
static bool is_flow(const bw_flow_node *node, int32_t p, int32_t q)
{
    return node[p].parent == q ? node[p].sum >= 0 : node[q].sum < 0;
}

/* Of a square, the three edges from a pixel p over r and s to its neighbour q:
 * they leave room for a better one if all carry flow the same way. */
static bool pivot_square(bw_flow *f, bw_flow_level *l, const int32_t path[4],
                         int direction)
{
    bool is_along = is_flow(l->node, path[0], path[1]);
    if (is_flow(l->node, path[1], path[2]) != is_along ||
        is_flow(l->node, path[2], path[3]) != is_along)
        return false;
    return bw_flow_pivot(f, l, path[0], direction, true);
}

uint64_t bw_flow_pivot_squares(bw_flow *f, bw_flow_level *l)
{
    /* Edges of a square a b / d c by bits: ab, ad, bc, dc. */
    enum { AB = 1, AD = 2, BC = 4, DC = 8, ALL = 15 };
    const unsigned east = 1 << BW_EAST, south = 1 << BW_SOUTH;
    uint64_t n = 0;
    for (size_t y = 0; y + 1 < l->height; y++)
        for (size_t x = 0; x + 1 < l->width; x++) {
            int32_t a = (int32_t)(y * l->width + x), b = a + 1;
            int32_t d = a + (int32_t)l->width, c = d + 1;
            unsigned has =
                (l->edge[a] & east ? AB : 0) | (l->edge[a] & south ? AD : 0) |
                (l->edge[b] & south ? BC : 0) | (l->edge[d] & east ? DC : 0);
            if (has == ALL - AB)
                n += pivot_square(f, l, (int32_t[]){a, d, c, b}, BW_EAST);
            else if (has == ALL - AD)
                n += pivot_square(f, l, (int32_t[]){a, b, c, d}, BW_SOUTH);
            else if (has == ALL - BC)
                n += pivot_square(f, l, (int32_t[]){b, a, d, c}, BW_SOUTH);
            else if (has == ALL - DC)
                n += pivot_square(f, l, (int32_t[]){d, a, b, c}, BW_EAST);
        }
    return n;
}
