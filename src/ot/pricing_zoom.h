/* pricing_zoom.h - pricing of points by costs that are enlarged (zoom.h), made
 * when they are asked for. */
#ifndef BW_PRICING_ZOOM_H
#define BW_PRICING_ZOOM_H

#include "ot/points.h"
#include "ot/pricing.h"
#include "ot/zoom.h"

typedef struct bw_pricing_zoom {
    bw_pricing head;
    const bw_zoom *zoom;
    const bw_points_kernel *kernel;
    /* Of boxes: corners, d coordinates each, and the greatest potential that
     * any of its sinks had. */
    double *low, *high, *most;
    double *corner; /* scratch: d coordinates */
    size_t cap_box;
} bw_pricing_zoom;

/* zoom and the sides of its arcs must stay until the last search.
 * BW_ERR_MEMORY. */
bw_status bw_pricing_zoom_open(bw_pricing_zoom *p,
                               const bw_zoom *zoom) BW_MUST_CHECK;
void bw_pricing_zoom_clear(bw_pricing_zoom *p);

#endif
