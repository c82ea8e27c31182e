/* flow_pair.c - supplies of a pair, and what an optimal tree says of it. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ot/flow_pair.h"
#include "ot/ratio.h"

enum {
    /* Reals in fixed point: shares of a mass, times 2^108. Costs are below
     * 2^16, so that no value passes 2^125. */
    WIDE_BITS = 108,
    REAL_BITS = BW_FLOW_BITS - 1 /* of the integers that they round to */
};

bool bw_flow_pair_serves(const bw_ground *g)
{
    return g->kind == BW_GROUND_GRID && g->p == 1 && g->norm != BW_NORM_L2 &&
           !g->is_line;
}

void bw_flow_pair_clear(bw_flow_pair *f)
{
    bw_flow_clear(&f->flow);
    free(f->amount);
    for (int k = 0; k < 2; k++) {
        free(f->head[k]);
        free(f->tail[k]);
    }
    free(f->next);
    *f = (bw_flow_pair){.flow.stopped = f->flow.stopped};
}

/* Room for what plans, proofs and reals need. */
static bw_status reserve(bw_flow_pair *f)
{
    size_t n = f->flow.level[0].n;
    if (n <= f->cap)
        return BW_OK;
    f->cap = 0;
    free(f->amount);
    free(f->next);
    f->amount = malloc(n * sizeof *f->amount);
    f->next = malloc(n * sizeof *f->next);
    bool is_full = !f->amount || !f->next;
    for (int k = 0; k < 2; k++) {
        free(f->head[k]);
        free(f->tail[k]);
        f->head[k] = malloc(n * sizeof *f->head[k]);
        f->tail[k] = malloc(n * sizeof *f->tail[k]);
        is_full = is_full || !f->head[k] || !f->tail[k];
    }
    if (is_full)
        return BW_ERR_MEMORY;
    f->cap = n;
    return BW_OK;
}

/* ---- supplies ---- */

typedef struct box {
    uint32_t top, left, bottom, right;
} box;

/* The box of all bins that hold mass. */
static box make_box(const bw_ground *g, const bw_common *c)
{
    uint32_t width = (uint32_t)g->width;
    box b = {UINT32_MAX, UINT32_MAX, 0, 0};
    for (int k = 0; k < 2; k++)
        for (size_t q = 0; q < c->h[k]->n; q++) {
            uint32_t bin = c->h[k]->bin[q], y = bin / width, x = bin % width;
            b.top = b.top < y ? b.top : y;
            b.left = b.left < x ? b.left : x;
            b.bottom = b.bottom > y ? b.bottom : y;
            b.right = b.right > x ? b.right : x;
        }
    return b;
}

size_t bw_flow_pair_pixels(const bw_ground *g, const bw_common *c)
{
    box b = make_box(g, c);
    return (size_t)(b.bottom - b.top + 1) * (b.right - b.left + 1);
}

static bw_status set_box(bw_flow_pair *f, const bw_ground *g)
{
    box b = make_box(g, &f->common);
    f->top = b.top;
    f->left = b.left;
    return bw_flow_reserve(&f->flow, b.bottom - b.top + 1, b.right - b.left + 1,
                           g->norm == BW_NORM_LINF);
}

/* The pixel of the box, and back. */
static size_t pixel_of(const bw_flow_pair *f, const bw_ground *g, uint32_t bin)
{
    uint32_t width = (uint32_t)g->width;
    size_t y = bin / width - f->top, x = bin % width - f->left;
    return y * f->flow.level[0].width + x;
}

static uint32_t bin_of(const bw_flow_pair *f, const bw_ground *g, size_t pixel)
{
    size_t width = f->flow.level[0].width;
    size_t y = pixel / width + f->top, x = pixel % width + f->left;
    return (uint32_t)(y * g->width + x);
}

/* The mass of entry q of histogram k: in units. */
static bw_wide amount_of(const bw_common *c, int k, size_t q)
{
    const bw_histogram *h = c->h[k];
    if (!c->is_real)
        return (h->weight ? (int64_t)h->weight[q] : h->mass[q]) * c->factor[k];
    long double share = h->weight[q] * c->scale[k];
    if (c->is_given)
        share /= c->h[0]->sum; /* of both: they may differ in rounding */
    return (bw_wide)ldexpl(share, WIDE_BITS);
}

static double mass_of(const bw_flow_pair *f, bw_wide amount)
{
    if (f->common.is_real)
        return (double)((long double)amount * f->unit);
    return (double)amount / (double)f->common.denominator;
}

static void fill_integers(bw_flow_pair *f, const bw_ground *g)
{
    const bw_common *c = &f->common;
    bw_flow_level *l = &f->flow.level[0];
    memset(l->supply, 0, l->n * sizeof *l->supply);
    for (size_t q = 0; q < c->h[0]->n; q++)
        l->supply[pixel_of(f, g, c->h[0]->bin[q])] =
            (int64_t)amount_of(c, 0, q);
    for (size_t q = 0; q < c->h[1]->n; q++)
        l->supply[pixel_of(f, g, c->h[1]->bin[q])] -=
            (int64_t)amount_of(c, 1, q);
}

static void fill_amounts(bw_flow_pair *f, const bw_ground *g)
{
    const bw_common *c = &f->common;
    memset(f->amount, 0, f->flow.level[0].n * sizeof *f->amount);
    for (int k = 0; k < 2; k++)
        for (size_t q = 0; q < c->h[k]->n; q++) {
            bw_wide amount = amount_of(c, k, q);
            f->amount[pixel_of(f, g, c->h[k]->bin[q])] += k ? -amount : amount;
        }
}

/* Amounts to integers; what rounding leaves goes to the greatest. */
static void round_amounts(bw_flow_pair *f)
{
    bw_flow_level *l = &f->flow.level[0];
    int shift = WIDE_BITS - REAL_BITS;
    size_t greatest = 0;
    int64_t left = 0;
    for (size_t k = 0; k < l->n; k++) {
        l->supply[k] = (int64_t)(f->amount[k] >> shift);
        left -= l->supply[k];
        if (llabs(l->supply[k]) > llabs(l->supply[greatest]))
            greatest = k;
    }
    l->supply[greatest] += left;
}

static bw_status fill_supplies(bw_flow_pair *f, const bw_ground *g)
{
    if (!f->common.is_real) {
        fill_integers(f, g);
        return BW_OK;
    }
    bw_status status = reserve(f);
    if (status)
        return status;
    double whole = f->common.is_given ? f->common.h[0]->sum : 1;
    f->unit = ldexpl(whole, -WIDE_BITS);
    fill_amounts(f, g);
    round_amounts(f);
    return BW_OK;
}

/* ---- value ---- */

static bw_wide magnitude(bw_wide a)
{
    return a < 0 ? -a : a;
}

/* The sum of all flows, in units. */
static bw_wide sum_of_flows(bw_flow_pair *f)
{
    const bw_flow_level *l = &f->flow.level[0];
    bw_wide sum = 0;
    if (!f->common.is_real) {
        for (size_t k = 0; k < l->n; k++)
            sum += magnitude(l->node[k].sum);
        return sum;
    }
    for (size_t k = l->n; k-- > 1;) {
        size_t from = (size_t)l->order[k], up = (size_t)l->node[from].parent;
        sum += magnitude(f->amount[from]);
        f->amount[up] += f->amount[from];
    }
    return sum;
}

/* ---- plan ---- */

/* Pushes what both histograms have in a bin; amount[] is scratch. */
static void push_common(bw_flow_pair *f, const bw_ground *g, bw_plan *plan)
{
    const bw_common *c = &f->common;
    memset(f->amount, 0, f->flow.level[0].n * sizeof *f->amount);
    for (size_t q = 0; q < c->h[0]->n; q++)
        f->amount[pixel_of(f, g, c->h[0]->bin[q])] = amount_of(c, 0, q);
    for (size_t q = 0; q < c->h[1]->n; q++) {
        uint32_t bin = c->h[1]->bin[q];
        bw_wide has = f->amount[pixel_of(f, g, bin)];
        bw_wide wants = amount_of(c, 1, q);
        double mass = mass_of(f, has < wants ? has : wants);
        if (mass > 0)
            bw_plan_push(plan, bin, bin, mass);
    }
}

/* Pixels that have and pixels that lack, chained in two lists a pixel. */
static void push_pixel(bw_flow_pair *f, int k, size_t list, int32_t pixel)
{
    f->next[pixel] = f->head[k][list];
    if (f->head[k][list] < 0)
        f->tail[k][list] = pixel;
    f->head[k][list] = pixel;
}

static void append(bw_flow_pair *f, int k, size_t from, size_t to)
{
    if (f->head[k][from] < 0)
        return;
    f->next[f->tail[k][from]] = f->head[k][to];
    if (f->head[k][to] < 0)
        f->tail[k][to] = f->tail[k][from];
    f->head[k][to] = f->head[k][from];
}

/* Ships within the lists of a pixel until one of them is empty. The cost. */
static bw_wide ship(bw_flow_pair *f, const bw_ground *g, size_t at,
                    bw_plan *opt_plan)
{
    bw_wide cost = 0;
    int32_t *has = &f->head[0][at], *lacks = &f->head[1][at];
    while (*has >= 0 && *lacks >= 0) {
        bw_wide *source = &f->amount[*has], *sink = &f->amount[*lacks];
        bw_wide amount = *source < -*sink ? *source : -*sink;
        uint32_t from = bin_of(f, g, (size_t)*has);
        uint32_t to = bin_of(f, g, (size_t)*lacks);
        double mass = mass_of(f, amount);
        if (opt_plan && mass > 0)
            bw_plan_push(opt_plan, from, to, mass);
        cost += amount * (int64_t)bw_ground_cost(g, from, to);
        *source -= amount;
        *sink += amount;
        if (*source == 0)
            *has = f->next[*has];
        if (*sink == 0)
            *lacks = f->next[*lacks];
    }
    return cost;
}

/* Takes the flow apart into arcs. From the leaves up, what a subtree's pixels
 * have is shipped to those that lack where both first meet; what is left is
 * passed to the parent, and is all of one kind: that of the flow over that
 * edge. So an arc's path runs along flows only, each step lowers phi by 1, and
 * its length is the distance of its ends. Each shipment ends a pixel's supply
 * or demand: there are fewer arcs than pixels with either. Gives the cost of
 * the arcs; *ret_left is what the root cannot place. */
static bw_wide take_apart(bw_flow_pair *f, const bw_ground *g,
                          bw_plan *opt_plan, bw_wide *ret_left)
{
    const bw_flow_level *l = &f->flow.level[0];
    bw_wide cost = 0;
    *ret_left = 0;
    for (int k = 0; k < 2; k++)
        memset(f->head[k], 0xff, l->n * sizeof *f->head[k]);
    for (size_t k = l->n; k-- > 0;) {
        size_t at = (size_t)l->order[k];
        if (f->amount[at] != 0)
            push_pixel(f, f->amount[at] < 0, at, l->order[k]);
        cost += ship(f, g, at, opt_plan);
        for (int side = 0; side < 2 && k > 0; side++)
            append(f, side, at, (size_t)l->node[at].parent);
        for (int side = 0; side < 2 && k == 0; side++)
            for (int32_t p = f->head[side][at]; p >= 0; p = f->next[p])
                *ret_left += magnitude(f->amount[p]);
    }
    return cost;
}

/* ---- certificate ---- */

/* Whether no two neighbours differ by more than 1. Then no two pixels differ
 * by more than their distance, since a shortest path between them makes that
 * many steps within the box. */
static bool is_lipschitz(const bw_flow_level *l, bool is_diagonal)
{
    size_t w = l->width;
    for (size_t k = 0; k < l->n; k++) {
        bool is_last = k % w + 1 == w, is_low = k + w >= l->n;
        const int32_t *phi = l->phi + k;
        bool is_steep = (!is_last && abs(phi[0] - phi[1]) > 1) ||
                        (!is_low && abs(phi[0] - phi[w]) > 1);
        if (is_diagonal && !is_last && !is_low)
            is_steep = is_steep || abs(phi[0] - phi[w + 1]) > 1 ||
                       abs(phi[1] - phi[w]) > 1;
        if (is_steep)
            return false;
    }
    return true;
}

/* The value of the potentials: sum of phi (a - b). */
static bw_wide dual_value(const bw_flow_pair *f, const bw_ground *g)
{
    const bw_common *c = &f->common;
    const bw_flow_level *l = &f->flow.level[0];
    bw_wide value = 0;
    for (int k = 0; k < 2; k++)
        for (size_t q = 0; q < c->h[k]->n; q++) {
            int32_t phi = l->phi[pixel_of(f, g, c->h[k]->bin[q])];
            bw_wide part = amount_of(c, k, q) * (phi - l->phi[l->root]);
            value += k ? -part : part;
        }
    return value;
}

static bw_status check(const bw_flow_pair *f, const bw_ground *g, bw_wide flows,
                       bw_wide primal, bw_wide left, double *gap, bw_error *err)
{
    const bw_common *c = &f->common;
    if (!is_lipschitz(&f->flow.level[0], f->flow.is_diagonal))
        return bw_error_set(err, BW_ERR_INTERNAL,
                            "potentials of neighbours are too far apart");
    if (!c->is_real && (left != 0 || primal != flows))
        return bw_error_set(err, BW_ERR_INTERNAL,
                            "a plan misses its marginals or its cost");
    bw_wide difference = primal - dual_value(f, g);
    *gap = c->is_real ? (double)((long double)difference * f->unit)
                      : bw_ratio_round(difference, c->denominator);
    return BW_OK;
}

/* ---- a pair ---- */

bw_status bw_flow_pair_solve(bw_flow_pair *f, const bw_ground *g,
                             const bw_common *common, bool with_gap,
                             bw_plan *opt_plan, bw_solution *solution,
                             bw_error *err)
{
    if (!bw_common_make_whole(common, BW_FLOW_BITS, &f->common))
        f->common = *common;
    bw_status status = set_box(f, g);
    if (!status)
        status = fill_supplies(f, g);
    if (!status)
        status = bw_flow_solve(&f->flow);
    if (status == BW_ERR_INTERRUPTED)
        return bw_error_set(err, status, "interrupted");
    if (status)
        return bw_error_memory(err);
    if (f->common.is_real || with_gap || opt_plan)
        bw_flow_sort(&f->flow, &f->flow.level[0]);
    bw_wide flows = sum_of_flows(f);
    solution->cost = f->common.is_real
                         ? (double)((long double)flows * f->unit)
                         : bw_ratio_round(flows, f->common.denominator);
    if (!with_gap && !opt_plan)
        return BW_OK;
    if (reserve(f))
        return bw_error_memory(err);
    if (opt_plan)
        push_common(f, g, opt_plan);
    fill_amounts(f, g);
    bw_wide left, primal = take_apart(f, g, opt_plan, &left);
    if (with_gap)
        status = check(f, g, flows, primal, left, &solution->gap, err);
    return status;
}

void bw_flow_pair_potentials(const bw_flow_pair *f, const bw_ground *g,
                             double *u, double *v)
{
    const bw_flow_level *l = &f->flow.level[0];
    for (size_t y = 0; y < g->height; y++) {
        size_t row = y < f->top ? 0 : y - f->top;
        row = row < l->height ? row : l->height - 1;
        for (size_t x = 0; x < g->width; x++) {
            size_t column = x < f->left ? 0 : x - f->left;
            column = column < l->width ? column : l->width - 1;
            int32_t phi = l->phi[row * l->width + column] - l->phi[l->root];
            *u++ = phi;
            *v++ = -phi;
        }
    }
}
