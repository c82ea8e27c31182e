/* sheet.h - a figure: rows and columns of panels, each with a title and either
 * images or a chart of lines and points.
 *
 * Charts have axes with ticks at round values, series in colours that the
 * colour-blind tell apart (Okabe and Ito, 2008), and a legend above, where no
 * data are. Text is what cairo makes of the font "sans": the same input gives
 * the same bytes on one machine.
 */
#ifndef BW_SHEET_H
#define BW_SHEET_H

#include <stdbool.h>
#include <stddef.h>

#include "plot/grid.h"
#include "store/image.h"

/* Pixels: a panel, and the largest images that it shows as they are; larger
 * ones are made smaller. */
enum { BW_PANEL_WIDTH = 488, BW_PANEL_HEIGHT = 512, BW_PANEL_IMAGES = 464 };

typedef enum bw_style {
    BW_STYLE_LINE,
    BW_STYLE_GUIDE, /* a line whose points are never marked */
    BW_STYLE_DOTS,
    BW_STYLE_BAND, /* between y and y2 */
    BW_STYLE_BAR   /* of bars.h */
} bw_style;

/* Points in their order. What is not finite, or not positive on a log axis, is
 * left out, and a line has a gap there. Long lines are thinned to the first,
 * last, lowest and highest of each run of points; of more than 20,000 dots so
 * many are drawn, evenly chosen. Dots of several series are mixed, and of one
 * size, so that none hides or outdoes another. */
typedef struct bw_series {
    const char *name; /* in the legend; NULL: not there */
    bw_style style;
    size_t n;
    const double *opt_x; /* NULL: 1, 2, .. n */
    const double *y;
    const double *y2; /* of a band alone; such has no gaps */
    bool has_mark;    /* the colour is that of `mark`, not of the place */
    size_t mark;
} bw_series;

typedef struct bw_panel {
    const char *title;
    const bw_grid *opt_images; /* else: a chart. n = 0 leaves it empty */
    const char *opt_x_label, *opt_y_label;
    bool is_log_x, is_log_y;
    bool is_square;   /* one scale for both axes, where none is log */
    bool has_y_range; /* low and high are the ends of the upward axis; what is
                         beyond them is cut off */
    double y_low, y_high;
    size_t n_series;
    const bw_series *series; /* the k-th has the mark k of mark.h */
} bw_panel;

typedef struct bw_sheet {
    size_t n_rows, n_columns;
    const bw_panel *panel; /* by rows */
} bw_sheet;

/* The figure as U8 RGB. BW_ERR_DIMENSION without panels, for a figure over
 * 32,767 pixels a side or 2^30 bytes, and as bw_grid_paint; BW_ERR_MEMORY;
 * BW_ERR_INTERNAL with cairo's words. */
bw_status bw_sheet_paint(const bw_sheet *sheet, bw_image *image,
                         bw_error *err) BW_MUST_CHECK;

/* Writes it as PNG, whole or not at all; BW_ERR_IO, too. Messages begin with
 * the path. */
bw_status bw_sheet_write(const char *path, const bw_sheet *sheet,
                         bw_error *err) BW_MUST_CHECK;

#endif
