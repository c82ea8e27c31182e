/* pricing_points.h - pricing of points in a few dimensions: costs are made from
 * coordinates when they are asked for, boxes of sixteen sinks that no arc can
 * be wanted of are left out. */
#ifndef BW_PRICING_POINTS_H
#define BW_PRICING_POINTS_H

#include "ot/points.h"
#include "ot/pricing.h"

typedef struct bw_pricing_points {
    bw_pricing head;
    const bw_points_kernel *kernel;
    bw_points_rule rule;
    const double *source_at; /* the sources' coordinates */
    bw_points_slots slots;   /* sinks in their order: slot j is sink j */
    double *low, *high;
    size_t cap_box;
} bw_pricing_points;

/* The sides of arcs keep their coordinates until the last search.
 * BW_ERR_MEMORY. */
bw_status bw_pricing_points_open(bw_pricing_points *p, const bw_arcs *arcs,
                                 double scale) BW_MUST_CHECK;
void bw_pricing_points_clear(bw_pricing_points *p);

#endif
