/* figure.h - one figure of a paper: drawn in units of text, written as PNG, SVG
 * or PDF.
 *
 * Text is BW_TEXT_SIZE units high whatever the figure's size is, and so many
 * points as `font` says. The same drawing gives the same bytes on one machine.
 */
#ifndef BW_FIGURE_H
#define BW_FIGURE_H

#include <cairo.h>

#include "barrow/status.h"

typedef enum bw_figure_format {
    BW_FIGURE_PNG,
    BW_FIGURE_SVG,
    BW_FIGURE_PDF
} bw_figure_format;

typedef struct bw_figure {
    bw_figure_format format;
    double width, height; /* units */
    double font;          /* points that text is high: 1/72 inch */
    double dpi;           /* pixels an inch, of PNG */
} bw_figure;

/* Units of a length in millimetres. */
double bw_figure_units(const bw_figure *figure, double mm);
/* Pixels of PNG, or points, that a unit takes. */
double bw_figure_scale(const bw_figure *figure);

/* Draws on white, in units. */
typedef bw_status (*bw_figure_draw)(void *arg, cairo_t *cr, bw_error *err);

/* Writes the figure, whole or not at all; "-" is standard output.
 * BW_ERR_DIMENSION over 32,767 pixels a side; what draw returns; BW_ERR_MEMORY,
 * BW_ERR_IO. Messages begin with the path, but those of draw. */
bw_status bw_figure_write(const char *path, const bw_figure *figure,
                          bw_figure_draw draw, void *arg,
                          bw_error *err) BW_MUST_CHECK;

#endif
