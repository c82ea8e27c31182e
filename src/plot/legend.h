/* legend.h - names of series with a sample of each, in rows. */
#ifndef BW_LEGEND_H
#define BW_LEGEND_H

#include <cairo.h>

#include "plot/sheet.h"

enum { BW_LEGEND_ROW = 18 };

/* Lays the names out within the width, in eight rows at most; what has no room
 * then is left out. How many rows. */
size_t bw_legend_rows(cairo_t *cr, size_t n_series, const bw_series *series,
                      double width);
void bw_legend_draw(cairo_t *cr, size_t n_series, const bw_series *series,
                    double left, double top, double width);

#endif
