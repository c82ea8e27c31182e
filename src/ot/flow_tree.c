/* flow_tree.c - walks over a spanning tree of a grid.
 *
 * A walk is a queue. Whether a neighbour is the next in it is a bit; it is
 * written in any case and counted by that bit, since no branch could be
 * foretold. The queue has room for one more.
 */
#include "config.h"

#include <assert.h>

#include "ot/flow.h"

/* Queues the neighbours of p that the bits of m name; the queue's new end. */
static inline size_t push(const bw_flow_level *l, int n_directions, int32_t p,
                          unsigned m, int32_t *queue, uint8_t *from, size_t n)
{
    for (int d = 0; d < n_directions; d++) {
        queue[n] = p + l->by[d];
        from[n] = (uint8_t)bw_opposite(d);
        n += m >> d & 1;
    }
    return n;
}

static inline void sort(bw_flow_level *l, uint8_t *from, int n_directions)
{
    int32_t *order = l->order;
    order[0] = l->root;
    l->node[l->root].parent = -1;
    size_t n = push(l, n_directions, l->root, l->edge[l->root], order, from, 1);
    for (size_t k = 1; k < n; k++) {
        int32_t p = order[k];
        unsigned m = l->edge[p] & ~(1u << from[k]);
        l->node[p].parent = p + l->by[from[k]];
        n = push(l, n_directions, p, m, order, from, n);
    }
    assert(n == l->n);
}

void bw_flow_sort(bw_flow *f, bw_flow_level *l)
{
    if (f->is_diagonal)
        sort(l, f->from, 8);
    else
        sort(l, f->from, 4);
}

void bw_flow_sum(bw_flow_level *l)
{
    bw_flow_node *node = l->node;
    for (size_t k = 0; k < l->n; k++) {
        node[k].sum = l->supply[k];
        node[k].size = 1;
    }
    for (size_t k = l->n; k-- > 1;) {
        const bw_flow_node *from = &node[l->order[k]];
        node[from->parent].sum += from->sum;
        node[from->parent].size += from->size;
    }
}

void bw_flow_set_potentials(bw_flow_level *l)
{
    const bw_flow_node *node = l->node;
    l->phi[l->root] = 0;
    for (size_t k = 1; k < l->n; k++) {
        int32_t p = l->order[k];
        l->phi[p] = l->phi[node[p].parent] + (node[p].sum >= 0 ? 1 : -1);
    }
}

static inline void shift(bw_flow *f, const bw_flow_level *l, int32_t start,
                         int32_t by, int n_directions)
{
    int32_t *queue = f->queue, *phi = l->phi;
    uint8_t *from = f->from;
    phi[start] += by;
    size_t n = push(l, n_directions, start, l->edge[start], queue, from, 0);
    for (size_t k = 0; k < n; k++) {
        int32_t p = queue[k];
        unsigned m = l->edge[p] & ~(1u << from[k]);
        phi[p] += by;
        n = push(l, n_directions, p, m, queue, from, n);
    }
}

void bw_flow_shift(bw_flow *f, const bw_flow_level *l, int32_t start,
                   int32_t by)
{
    if (f->is_diagonal)
        shift(f, l, start, by, 8);
    else
        shift(f, l, start, by, 4);
}
