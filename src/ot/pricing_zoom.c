/* pricing_zoom.c - the kind of pricing_zoom.h.
 *
 * Sinks stand in kd-order, sixteen neighbours a box. What a box costs at least
 * is the cost of its corner nearest to the source, less the greatest potential
 * of its sinks. One instruction set: it serves what few problems need.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "ot/pricing_zoom.h"

enum { SHIFT = 4, BOX = 1 << SHIFT };

void bw_pricing_zoom_clear(bw_pricing_zoom *p)
{
    bw_pricing_clear(&p->head);
    free(p->low);
    free(p->high);
    free(p->most);
    free(p->corner);
    *p = (bw_pricing_zoom){0};
}

static const double *place_of(const bw_ground *g, uint32_t bin)
{
    return g->coordinate + bin * g->d;
}

/* ---- boxes ---- */

/* No small cost from source i to the box is less. Doubles round four times,
 * each time by 2^-53 of one of the terms; pow() may err by its last bit. */
static int32_t box_cost(const bw_pricing_zoom *p, size_t i, size_t box)
{
    const bw_zoom *z = p->zoom;
    const bw_ground *g = z->arcs.ground;
    const double *x = place_of(g, z->arcs.sources->bin[i]);
    const double *low = p->low + box * g->d, *high = p->high + box * g->d;
    for (size_t c = 0; c < g->d; c++)
        p->corner[c] = x[c] < low[c] ? low[c] : x[c] > high[c] ? high[c] : x[c];
    double cost = bw_ground_between(g, x, p->corner), v = p->most[box];
    size_t k = p->head.n_sinks + i;
    double u = z->high[k] + z->low[k];
    double slack = 0x1p-48 * (cost + fabs(u) + fabs(v));
    double least = floor((cost - u - v - slack) * z->scale) - 1;
    const double most = BW_PRICING_MAX_COST;
    return (int32_t)fmax(fmin(least, most), -most);
}

static int32_t least_value(const int32_t *value)
{
    int32_t least = value[0];
    for (int k = 1; k < BOX; k++)
        least = value[k] < least ? value[k] : least;
    return least;
}

/* Whether a box may hold a sum below limit, by its bound as it is now. */
static bool is_near(bw_pricing *p, size_t box, int32_t cost, int32_t limit)
{
    if (cost + p->bound[box] >= limit || !p->is_stale[box])
        return cost + p->bound[box] < limit;
    p->bound[box] = least_value(p->value + box * BOX);
    p->is_stale[box] = 0;
    return cost + p->bound[box] < limit;
}

/* The end of a box's sinks. */
static size_t end_of(const bw_pricing *p, size_t box)
{
    size_t end = (box + 1) << SHIFT;
    return end < p->n_sinks ? end : p->n_sinks;
}

/* ---- searches ---- */

/* Costs from source i to the n sinks of the box that begins at first, less
 * potentials and scaled, not rounded; r has room for sixteen. Where they come
 * from sums of squares, these are had together: the same doubles. */
static void box_costs(const bw_pricing_zoom *p, size_t i, size_t first,
                      size_t n, double *r)
{
    const bw_zoom *z = p->zoom;
    const bw_ground *g = z->arcs.ground;
    if (g->norm == BW_NORM_L2 && (g->p == 1 || g->p == 2)) {
        p->kernel->squares(g->d, 1, place_of(g, z->arcs.sources->bin[i]),
                           z->arcs.sinks->at + bw_points_place(first, g->d), r);
        for (size_t k = 0; k < n; k++)
            r[k] = g->p == 1 ? sqrt(r[k]) : r[k];
    } else {
        for (size_t k = 0; k < n; k++)
            r[k] = bw_arcs_cost(&z->arcs, i, first + k);
    }
    for (size_t k = 0; k < n; k++)
        r[k] = bw_zoom_reduce(z, r[k], i, first + k) * z->scale;
}

static int32_t row(bw_pricing *p, size_t i, int32_t limit, int32_t *ret_slot)
{
    const bw_pricing_zoom *zoom = (const bw_pricing_zoom *)p;
    for (size_t box = 0; box < p->n_slots >> SHIFT; box++) {
        if (!is_near(p, box, box_cost(zoom, i, box), limit))
            continue;
        double r[BOX];
        size_t first = box << SHIFT, n = end_of(p, box) - first;
        box_costs(zoom, i, first, n, r);
        for (size_t k = 0; k < n; k++) {
            if (r[k] + p->value[first + k] >= limit + 1)
                continue;
            int32_t sum = bw_zoom_round(r[k]) + p->value[first + k];
            if (sum >= limit)
                continue;
            limit = sum;
            *ret_slot = (int32_t)(first + k);
        }
    }
    return limit;
}

static size_t list(bw_pricing *p, size_t i, int32_t limit, int32_t *slots)
{
    const bw_pricing_zoom *zoom = (const bw_pricing_zoom *)p;
    size_t n_slots = 0;
    for (size_t box = 0; box < p->n_slots >> SHIFT; box++) {
        if (!is_near(p, box, box_cost(zoom, i, box), limit))
            continue;
        double r[BOX];
        size_t first = box << SHIFT, n = end_of(p, box) - first;
        box_costs(zoom, i, first, n, r);
        for (size_t k = 0; k < n; k++)
            if (bw_zoom_round(r[k]) + p->value[first + k] < limit)
                slots[n_slots++] = (int32_t)(first + k);
    }
    return n_slots;
}

static int32_t cost(const bw_pricing *p, size_t i, int32_t slot)
{
    const bw_pricing_zoom *zoom = (const bw_pricing_zoom *)p;
    return bw_zoom_round(bw_zoom_cost(zoom->zoom, i, (size_t)slot));
}

static const bw_pricing_kind kind = {.row = row, .list = list, .cost = cost};

/* ---- opening ---- */

static bw_status reserve_boxes(bw_pricing_zoom *p, size_t n_boxes, size_t d)
{
    size_t room = n_boxes * d;
    if (room <= p->cap_box)
        return BW_OK;
    free(p->low);
    free(p->high);
    free(p->most);
    free(p->corner);
    p->cap_box = 0;
    p->low = malloc(room * sizeof *p->low);
    p->high = malloc(room * sizeof *p->high);
    p->most = malloc(room * sizeof *p->most);
    p->corner = malloc(room * sizeof *p->corner);
    if (!p->low || !p->high || !p->most || !p->corner)
        return BW_ERR_MEMORY;
    p->cap_box = room;
    return BW_OK;
}

/* Corners and greatest potential of a box. */
static void make_box(bw_pricing_zoom *p, size_t box)
{
    const bw_zoom *z = p->zoom;
    const bw_ground *g = z->arcs.ground;
    double *low = p->low + box * g->d, *high = p->high + box * g->d;
    for (size_t j = box << SHIFT; j < end_of(&p->head, box); j++) {
        const double *x = place_of(g, z->arcs.sinks->bin[j]);
        bool is_first = j % BOX == 0;
        for (size_t c = 0; c < g->d; c++) {
            low[c] = is_first || x[c] < low[c] ? x[c] : low[c];
            high[c] = is_first || x[c] > high[c] ? x[c] : high[c];
        }
        double v = z->high[j] + z->low[j];
        p->most[box] = is_first || v > p->most[box] ? v : p->most[box];
    }
}

bw_status bw_pricing_zoom_open(bw_pricing_zoom *p, const bw_zoom *zoom)
{
    bw_pricing *head = &p->head;
    const bw_arcs *arcs = &zoom->arcs;
    size_t n_sinks = arcs->sinks->n;
    bw_status status =
        bw_pricing_reserve(head, arcs->sources->n, n_sinks, n_sinks, SHIFT);
    if (!status)
        status = reserve_boxes(p, head->n_slots >> SHIFT, arcs->ground->d);
    if (status)
        return status;
    head->kind = &kind;
    head->scale = zoom->scale;
    head->is_exact = false; /* far arcs are cut off */
    for (size_t j = 0; j < n_sinks; j++) {
        head->slot[j] = head->sink[j] = (int32_t)j;
        head->value[j] = 0;
    }
    p->zoom = zoom;
    p->kernel = bw_points_get_kernel();
    for (size_t box = 0; box < head->n_slots >> SHIFT; box++)
        make_box(p, box);
    return BW_OK;
}
