/* chart.h - a panel of series drawn with cairo; a part of sheet.h. */
#ifndef BW_CHART_H
#define BW_CHART_H

#include <cairo.h>

#include "plot/axis.h"
#include "plot/frame.h"
#include "plot/sheet.h"

/* Where a chart's parts are, in the context's units (pixels). */
typedef struct bw_chart {
    const bw_panel *panel;
    bw_axis x, y;
    bw_field field;
    double legend_left, legend_top, legend_width;
} bw_chart;

/* Ranges, ticks and the field of a panel without images, within the rectangle
 * given. */
bw_chart bw_chart_place(cairo_t *cr, const bw_panel *panel, double left,
                        double top, double width, double height);
void bw_chart_draw(cairo_t *cr, const bw_chart *chart);
/* Both, in all of the room. */
void bw_chart_show(cairo_t *cr, const bw_panel *panel, const bw_field *room);

/* Where a value is drawn. */
double bw_chart_x(const bw_chart *chart, double x);
double bw_chart_y(const bw_chart *chart, double y);

/* Which colour, dot and dash the k-th series has. */
size_t bw_chart_mark(const bw_series *series, size_t k);

/* A dot's radius, and the opacity of a band. */
#define BW_CHART_DOT 2.4
#define BW_CHART_BAND 0.25

#endif
