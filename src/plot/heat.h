/* heat.h - a matrix as colours, with its scale. */
#ifndef BW_HEAT_H
#define BW_HEAT_H

#include "barrow/status.h"
#include "plot/frame.h"

/* The largest side that is drawn as it is. */
enum { BW_HEAT_SIDE = 2048 };

typedef struct bw_heat {
    size_t n_rows, n_columns; /* 1 to BW_HEAT_SIDE */
    const double *values;     /* by rows, row 0 on top; what is not finite is
                                 grey, on a log scale what is not positive */
    double row_count, column_count; /* what the axes count: values may be means
                                       of blocks */
    const char *opt_row_label, *opt_column_label, *opt_label;
    bool is_log;
} bw_heat;

/* Viridis (Smith and van der Walt, 2015), whose lightness grows evenly, at
 * 0 .. 1. */
void bw_heat_colour(double at, unsigned char rgb[3]);

/* Units of height that suit a width. */
double bw_heat_height(const bw_heat *heat, double width);

/* Draws within the room: square cells unless sides differ more than fourfold.
 * BW_ERR_MEMORY, BW_ERR_DIMENSION. */
bw_status bw_heat_draw(cairo_t *cr, const bw_heat *heat, const bw_field *room,
                       bw_error *err) BW_MUST_CHECK;

#endif
