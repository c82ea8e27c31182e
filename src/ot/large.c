/* large.c - the network simplex of large.h.
 *
 *   loading    list, sizes and values of a basis given
 *   values     of a subtree, moved
 *   pivot      cycle, leaving arc, stem reversal
 *   rows       priced in batches, whose arcs enter best first
 *   rounds     which rows are looked at
 */
#include "config.h"

#include <stdlib.h>

#include "ot/large.h"

enum {
    NONE = -1,
    BATCH = 64,      /* rows priced before the best of them pivot: classic
                         128x128 takes 67,000 pivots with 1, 54,000 with 64,
                         50,000 with 1,024, which price more rows */
    MAX_PATIENCE = 5 /* rounds that a clean row waits: 2^5 at most */
};

void bw_large_clear(bw_large *l)
{
    free(l->node);
    free(l->next);
    free(l->previous);
    free(l->last);
    free(l->due);
    free(l->patience);
    l->node = NULL;
    l->next = l->previous = l->last = NULL;
    l->due = NULL;
    l->patience = NULL;
    l->cap_nodes = l->cap_sources = 0;
}

bw_status bw_large_reserve(bw_large *l, const bw_pricing *p)
{
    size_t n_nodes = p->n_slots + p->n_sources;
    if (n_nodes <= l->cap_nodes && p->n_sources <= l->cap_sources)
        return BW_OK;
    bw_large_clear(l);
    size_t n = n_nodes + n_nodes / 8;
    l->node = aligned_alloc(64, (n * sizeof *l->node + 63) / 64 * 64);
    l->next = malloc(n * sizeof *l->next);
    l->previous = malloc(n * sizeof *l->previous);
    l->last = malloc(n * sizeof *l->last);
    l->due = malloc(n * sizeof *l->due);
    l->patience = malloc(n * sizeof *l->patience);
    if (!l->node || !l->next || !l->previous || !l->last || !l->due ||
        !l->patience) {
        bw_large_clear(l);
        return BW_ERR_MEMORY;
    }
    l->cap_nodes = l->cap_sources = n;
    return BW_OK;
}

/* What one call works on. */
typedef struct solver {
    bw_large *l;
    bw_pricing *p;
    bw_large_node *node;
    int32_t *next, *previous, *last, *value;
    int32_t n_slots, n_nodes; /* n_nodes: of the tree, absent slots left out */
    int64_t reach;            /* no value is beyond it, up or down */
} solver;

/* ---- loading ---- */

/* A node of the tree as pricing numbers it. */
static int32_t number(const bw_pricing *p, const bw_tree *tree, int32_t k)
{
    int32_t n_sinks = (int32_t)tree->n_sinks;
    return k < n_sinks ? p->slot[k] : k - n_sinks + (int32_t)p->n_slots;
}

/* Parents, flows, sizes, and the list: each node is put right behind its
 * parent, whose subtree so stays one run. */
static void load_tree(const solver *s, const bw_tree *tree)
{
    size_t n_nodes = bw_tree_n_nodes(tree);
    for (size_t k = 0; k < n_nodes; k++) {
        int32_t x = number(s->p, tree, (int32_t)k), up = tree->parent[k];
        up = up == NONE ? NONE : number(s->p, tree, up);
        s->node[x] = (bw_large_node){up, 1, tree->flow[k]};
        s->last[x] = NONE;
    }
    for (size_t k = 0; k + 1 < n_nodes; k++) {
        int32_t x = number(s->p, tree, tree->order[k]);
        s->node[s->node[x].parent].size += s->node[x].size;
    }
    int32_t root = number(s->p, tree, tree->order[n_nodes - 1]);
    s->next[root] = root;
    for (size_t k = n_nodes - 1; k-- > 0;) {
        int32_t x = number(s->p, tree, tree->order[k]);
        int32_t up = s->node[x].parent;
        s->next[x] = s->next[up];
        s->next[up] = x;
    }
    int32_t x = root;
    do {
        s->previous[s->next[x]] = x;
        x = s->next[x];
    } while (x != root);
    /* From the back, the first child that is met is a node's last. */
    do {
        x = s->previous[x];
        if (s->last[x] == NONE)
            s->last[x] = x;
        int32_t up = s->node[x].parent;
        if (up != NONE && s->last[up] == NONE)
            s->last[up] = s->last[x];
    } while (x != root);
}

/* Values from the root down; false when one leaves the range. */
static bool load_values(solver *s)
{
    int32_t root = 0;
    s->reach = 0;
    while (s->p->sink[root] < 0)
        root++;
    while (s->node[root].parent != NONE)
        root = s->node[root].parent;
    s->value[root] = 0;
    for (int32_t x = s->next[root]; x != root; x = s->next[x]) {
        int32_t up = s->node[x].parent;
        bool is_sink = x < s->n_slots;
        size_t i = (size_t)((is_sink ? up : x) - s->n_slots);
        int64_t cost = s->p->kind->cost(s->p, i, is_sink ? x : up);
        int64_t value = s->value[up] + (is_sink ? -cost : cost);
        int64_t size = value < 0 ? -value : value;
        if (size > BW_PRICING_MAX_VALUE)
            return false;
        s->reach = s->reach > size ? s->reach : size;
        s->value[x] = (int32_t)value;
    }
    bw_pricing_bound(s->p);
    return true;
}

static void store_tree(const solver *s, bw_tree *tree)
{
    int32_t n_sinks = (int32_t)tree->n_sinks;
    for (size_t k = 0; k < bw_tree_n_nodes(tree); k++) {
        int32_t x = number(s->p, tree, (int32_t)k), up = s->node[x].parent;
        tree->flow[k] = s->node[x].flow;
        tree->parent[k] = up == NONE         ? NONE
                          : up >= s->n_slots ? up - s->n_slots + n_sinks
                                             : s->p->sink[up];
    }
}

/* ---- values ---- */

/* Every value moves by one step at most: only when the bound that follows
 * passes the range are the values themselves looked at. */
static bool values_fit(solver *s, int32_t step)
{
    if (s->reach + step > BW_PRICING_MAX_VALUE) {
        int64_t most = 0;
        int32_t x = s->n_slots; /* a source, which is in the tree */
        do {
            int64_t size = s->value[x] < 0 ? -s->value[x] : s->value[x];
            most = most > size ? most : size;
            x = s->next[x];
        } while (x != s->n_slots);
        s->reach = most;
    }
    s->reach += step;
    return s->reach <= BW_PRICING_MAX_VALUE;
}

/* Of blocks, while a part of the tree falls. */
enum { STALE = 1, FALLING = 2 };

/* Values of n nodes of the list, from first to last, move by d, and their
 * blocks are marked. From both ends at once, since each step along the list
 * waits for the one before it. */
static void move_list(const solver *s, int32_t first, int32_t last, int32_t n,
                      int32_t d, uint8_t mark)
{
    const int32_t *next = s->next, *previous = s->previous;
    unsigned shift = s->p->block_shift;
    uint8_t *is_stale = s->p->is_stale;
    int32_t *value = s->value, x = first, y = last;
    for (int32_t k = n / 2; k > 0; k--) {
        value[x] += d;
        is_stale[x >> shift] = mark;
        x = next[x];
        value[y] += d;
        is_stale[y >> shift] = mark;
        y = previous[y];
    }
    if (n % 2) {
        value[x] += d;
        is_stale[x >> shift] = mark;
    }
}

/* A few values fall, and bounds with them. */
static void lower_few(const solver *s, int32_t first, int32_t n, int32_t d)
{
    for (int32_t x = first; n > 0; n--, x = s->next[x]) {
        int32_t value = s->value[x] + d;
        int32_t *bound = &s->p->bound[x >> s->p->block_shift];
        s->value[x] = value;
        *bound = *bound < value ? *bound : value;
    }
}

/* Bounds of the blocks marked fall as far as any value did: they may be too
 * low afterwards, which makes them stale. */
static void lower_bounds(const solver *s, int32_t d)
{
    bw_pricing *p = s->p;
    size_t n_blocks = p->n_slots >> p->block_shift;
    for (size_t b = 0; b < n_blocks; b++) {
        int32_t low = p->bound[b] + d;
        low = low > -BW_PRICING_ABSENT ? low : -BW_PRICING_ABSENT;
        p->bound[b] = p->is_stale[b] == FALLING ? low : p->bound[b];
        p->is_stale[b] = p->is_stale[b] != 0;
    }
}

static void move_values(const solver *s, int32_t first, int32_t last, int32_t n,
                        int32_t d)
{
    if (d > 0) {
        move_list(s, first, last, n, d, STALE);
    } else if ((size_t)n < s->p->n_slots >> s->p->block_shift) {
        lower_few(s, first, n, d);
    } else {
        move_list(s, first, last, n, d, FALLING);
        lower_bounds(s, d);
    }
}

/* ---- pivot ---- */

typedef struct cycle {
    int32_t join, leave;
    int side; /* 0: the leaving arc is on the source's way up, 1: the sink's */
    int64_t flow;
} cycle;

/* Climbs from both ends to where they meet; the smaller subtree is never the
 * ancestor. On the way, arcs of nodes of the end's own kind lose flow. */
static cycle find_cycle(const solver *s, int32_t source, int32_t sink)
{
    cycle c = {NONE, NONE, 0, INT64_MAX};
    int32_t a = source, b = sink, n_slots = s->n_slots;
    while (a != b) {
        const bw_large_node *x = &s->node[a], *y = &s->node[b];
        if (x->size < y->size) {
            if (a >= n_slots && x->flow < c.flow) {
                c.flow = x->flow;
                c.leave = a;
                c.side = 0;
            }
            a = x->parent;
        } else {
            if (b < n_slots && y->flow < c.flow) {
                c.flow = y->flow;
                c.leave = b;
                c.side = 1;
            }
            b = y->parent;
        }
    }
    c.join = a;
    return c;
}

/* Flows of the ways up, and sizes above the ends of what moves. */
static void shift_cycle(const solver *s, int32_t source, int32_t sink,
                        const cycle *c)
{
    int32_t moved = s->node[c->leave].size;
    int32_t n_slots = s->n_slots;
    for (int side = 0; side < 2; side++) {
        bool is_below = side == c->side;
        for (int32_t x = side ? sink : source; x != c->join;) {
            bw_large_node *node = &s->node[x];
            bool is_lost = (x < n_slots) == side;
            node->flow += is_lost ? -c->flow : c->flow;
            if (side != c->side)
                node->size += moved;
            else if (!is_below)
                node->size -= moved;
            if (x == c->leave)
                is_below = false;
            x = node->parent;
        }
    }
}

static void link(const solver *s, int32_t a, int32_t b)
{
    s->next[a] = b;
    s->previous[b] = a;
}

/* Takes the subtree of `top` out of the list. */
static void take_out(const solver *s, int32_t top)
{
    int32_t before = s->previous[top], end = s->last[top];
    link(s, before, s->next[end]);
    for (int32_t x = s->node[top].parent; x != NONE && s->last[x] == end;
         x = s->node[x].parent)
        s->last[x] = before;
}

/* Turns the stem from `end` up to `top` round: end becomes the top. The run of
 * each node of the stem is that of the one below it with a piece before and
 * one behind; in the new run the lowest comes first, whole, and then from each
 * next the two pieces that are its own. Gives the new run's last node. */
static int32_t turn_stem(const solver *s, int32_t end, int32_t top)
{
    int32_t whole = s->node[top].size;
    int32_t child = end, before = s->previous[end];
    int32_t child_last = s->last[end], tail = child_last;
    int32_t behind = s->next[tail];
    bw_large_node below = s->node[end];
    while (child != top) {
        int32_t x = below.parent, x_before = s->previous[x];
        int32_t x_last = s->last[x];
        bw_large_node here = s->node[x];
        link(s, tail, x);
        tail = before;
        if (x_last != child_last) {
            int32_t x_behind = s->next[x_last];
            link(s, tail, behind);
            tail = x_last;
            behind = x_behind;
        }
        s->node[x] = (bw_large_node){child, whole - below.size, below.flow};
        child = x;
        before = x_before;
        child_last = x_last;
        below = here;
    }
    for (int32_t x = top; x != end; x = s->node[x].parent)
        s->last[x] = tail;
    s->last[end] = tail;
    s->node[end].size = whole;
    return tail;
}

/* Puts a run in as the first child of `parent`. */
static void put_in(const solver *s, int32_t top, int32_t tail, int32_t parent)
{
    link(s, tail, s->next[parent]);
    link(s, parent, top);
    for (int32_t x = parent; x != NONE && s->last[x] == parent;
         x = s->node[x].parent)
        s->last[x] = tail;
}

/* Brings the arc of source node and slot into the basis; r < 0 is its reduced
 * cost. */
static void pivot(const solver *s, int32_t source, int32_t sink, int32_t r)
{
    cycle c = find_cycle(s, source, sink);
    shift_cycle(s, source, sink, &c);
    int32_t end = c.side ? sink : source, parent = c.side ? source : sink;
    take_out(s, c.leave);
    int32_t tail = turn_stem(s, end, c.leave);
    put_in(s, end, tail, parent);
    s->node[end].parent = parent;
    s->node[end].flow = c.flow;
    /* The source's part falls by |r|, or the sink's rises. */
    int32_t d = c.side ? -r : r;
    int32_t n = s->node[end].size;
    if (2 * n <= s->n_nodes)
        move_values(s, end, tail, n, d);
    else
        move_values(s, s->next[tail], s->previous[end], s->n_nodes - n, -d);
    s->l->n_pivots++;
}

/* ---- rows ---- */

/* A row's best arc. */
typedef struct candidate {
    int32_t source, slot, cost; /* cost: reduced, when it was found */
} candidate;

/* The rows that are priced together, whose arcs then enter best first. */
typedef struct batch {
    size_t n_rows, n;
    candidate at[BATCH];
} batch;

/* Prices row i; whether it has an arc to enter. */
static bool price_row(const solver *s, size_t i, bool is_around, batch *b)
{
    const bw_pricing_kind *kind = s->p->kind;
    int32_t source = s->n_slots + (int32_t)i, u = s->value[source];
    int32_t slot = s->node[source].parent;
    int32_t least = is_around ? kind->around(s->p, i, slot, u, &slot)
                              : kind->row(s->p, i, u, &slot);
    s->l->n_rows++;
    b->n_rows++;
    if (least >= u)
        return false;
    size_t k = b->n++;
    for (; k > 0 && b->at[k - 1].cost > least - u; k--)
        b->at[k] = b->at[k - 1];
    b->at[k] = (candidate){source, slot, least - u};
    return true;
}

/* Pivots on the candidates, each priced again, since the pivots before it
 * moved values. False when values would leave their range. */
static bool pivot_batch(solver *s, batch *b)
{
    for (size_t k = 0; k < b->n; k++) {
        int32_t source = b->at[k].source, slot = b->at[k].slot;
        int32_t cost =
            s->p->kind->cost(s->p, (size_t)(source - s->n_slots), slot);
        int32_t r = cost + s->value[slot] - s->value[source];
        if (r >= 0)
            continue;
        if (!values_fit(s, -r))
            return false;
        pivot(s, source, slot, r);
    }
    b->n = b->n_rows = 0;
    return true;
}

/* ---- rounds ---- */

/* Rounds over the rows that are due, until one over all rows finds nothing. */
static bw_status run(solver *s, bool is_around, bool *is_done)
{
    bw_large *l = s->l;
    size_t n_sources = s->p->n_sources;
    batch b = {0};
    for (size_t i = 0; i < n_sources; i++)
        l->due[i] = l->patience[i] = 0;
    bool is_whole = true, is_changed = true;
    for (uint32_t round = 0; is_changed || !is_whole; round++) {
        is_whole = round == 0 || !is_changed;
        is_changed = false;
        for (size_t i = 0; i < n_sources; i++) {
            if (is_whole || l->due[i] <= round) {
                bool is_found = price_row(s, i, is_around, &b);
                unsigned k = l->patience[i];
                k = is_found ? 0 : k < MAX_PATIENCE ? k + 1 : MAX_PATIENCE;
                l->patience[i] = (uint8_t)k;
                l->due[i] = round + (1u << k);
                is_changed |= is_found;
            }
            if (b.n_rows < BATCH && i + 1 < n_sources)
                continue;
            if (l->stopped && l->stopped())
                return BW_ERR_INTERRUPTED;
            bw_watch_lap(l->opt_watch, BW_PART_PRICING);
            *is_done = pivot_batch(s, &b);
            bw_watch_lap(l->opt_watch, BW_PART_PIVOTS);
            if (!*is_done)
                return BW_OK;
        }
    }
    return BW_OK;
}

bw_status bw_large_solve(bw_large *l, bw_pricing *p, bw_tree *tree,
                         bool *is_done)
{
    solver s = {.l = l,
                .p = p,
                .node = l->node,
                .next = l->next,
                .previous = l->previous,
                .last = l->last,
                .value = p->value,
                .n_slots = (int32_t)p->n_slots,
                .n_nodes = (int32_t)bw_tree_n_nodes(tree)};
    bw_status status = BW_OK;
    load_tree(&s, tree);
    *is_done = load_values(&s);
    if (*is_done && p->kind->around)
        status = run(&s, true, is_done);
    if (*is_done && !status)
        status = run(&s, false, is_done);
    store_tree(&s, tree);
    bw_watch_lap(l->opt_watch, BW_PART_PIVOTS);
    return status;
}
