/* chart.h - a panel of series drawn with cairo; a part of sheet.h. */
#ifndef BW_CHART_H
#define BW_CHART_H

#include <cairo.h>

#include "plot/axis.h"
#include "plot/sheet.h"

/* Where a chart's parts are, in the context's units (pixels). */
typedef struct bw_chart {
    const bw_panel *panel;
    bw_axis x, y;
    double left, top, width, height; /* of the field that the axes frame */
    double legend_left, legend_top, legend_width;
} bw_chart;

/* Ranges, ticks and the field of a panel without images, within the rectangle
 * given. */
bw_chart bw_chart_place(cairo_t *cr, const bw_panel *panel, double left,
                        double top, double width, double height);
void bw_chart_draw(cairo_t *cr, const bw_chart *chart);

/* Where a value is drawn. */
double bw_chart_x(const bw_chart *chart, double x);
double bw_chart_y(const bw_chart *chart, double y);

/* Red, green, blue in 0 .. 255 of the k-th series. */
const unsigned char *bw_chart_colour(size_t k);

#endif
