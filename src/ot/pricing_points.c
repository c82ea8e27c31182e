/* pricing_points.c - the kind of pricing_points.h: points.h behind pricing.h.
 *
 * Sinks stand in kd-order, so sixteen in a row are neighbours. What a box costs
 * at least is the cost of its corner nearest to the source. In the plane, 5,000
 * points a side, a search looks into some 10 of 313 boxes.
 */
#include "config.h"

#include <stdlib.h>

#include "ot/pricing_points.h"

enum { SHIFT = 4 };

_Static_assert(1 << SHIFT == BW_POINTS_LANES, "a block is a box of lanes");

void bw_pricing_points_clear(bw_pricing_points *p)
{
    bw_pricing_clear(&p->head);
    free(p->low);
    free(p->high);
    *p = (bw_pricing_points){0};
}

static const double *source_at(const bw_pricing_points *p, size_t i)
{
    return p->source_at + bw_points_place(i, p->rule.d);
}

static int32_t row(bw_pricing *head, size_t i, int32_t limit, int32_t *ret_slot)
{
    bw_pricing_points *p = (bw_pricing_points *)head;
    return p->kernel->search(&p->rule, source_at(p, i), &p->slots, limit,
                             ret_slot);
}

static size_t list(bw_pricing *head, size_t i, int32_t limit, int32_t *slots)
{
    bw_pricing_points *p = (bw_pricing_points *)head;
    return p->kernel->list(&p->rule, source_at(p, i), &p->slots, limit, slots);
}

static int32_t cost(const bw_pricing *head, size_t i, int32_t slot)
{
    const bw_pricing_points *p = (const bw_pricing_points *)head;
    return bw_points_small(&p->rule, source_at(p, i),
                           p->slots.at +
                               bw_points_place((size_t)slot, p->rule.d));
}

static const bw_pricing_kind kind = {.row = row, .list = list, .cost = cost};

static bw_status reserve_boxes(bw_pricing_points *p, size_t n_boxes, size_t d)
{
    size_t room = bw_points_room(n_boxes, d);
    if (room <= p->cap_box)
        return BW_OK;
    free(p->low);
    free(p->high);
    p->cap_box = 0;
    p->low = malloc(room * sizeof *p->low);
    p->high = malloc(room * sizeof *p->high);
    if (!p->low || !p->high)
        return BW_ERR_MEMORY;
    p->cap_box = room;
    return BW_OK;
}

bw_status bw_pricing_points_open(bw_pricing_points *p, const bw_arcs *arcs,
                                 double scale)
{
    bw_pricing *head = &p->head;
    const bw_ground *g = arcs->ground;
    size_t n_sinks = arcs->sinks->n;
    bw_status status =
        bw_pricing_reserve(head, arcs->sources->n, n_sinks, n_sinks, SHIFT);
    if (!status)
        status = reserve_boxes(p, head->n_slots >> SHIFT, g->d);
    if (status)
        return status;
    head->kind = &kind;
    head->scale = scale;
    head->is_exact = arcs->is_coarse || (g->is_exact && scale >= 1);
    for (size_t j = 0; j < n_sinks; j++) {
        head->slot[j] = head->sink[j] = (int32_t)j;
        head->value[j] = 0;
    }
    p->kernel = bw_points_get_kernel();
    p->rule = bw_points_make_rule(g, scale);
    p->source_at = arcs->sources->at;
    bw_points_box(n_sinks, g->d, arcs->sinks->at, p->low, p->high);
    p->slots = (bw_points_slots){.n_boxes = head->n_slots >> SHIFT,
                                 .at = arcs->sinks->at,
                                 .low = p->low,
                                 .high = p->high,
                                 .value = head->value,
                                 .bound = head->bound,
                                 .is_stale = head->is_stale};
    return BW_OK;
}
