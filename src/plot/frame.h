/* frame.h - axes drawn with cairo: ticks, their labels and lines, a name. */
#ifndef BW_FRAME_H
#define BW_FRAME_H

#include <cairo.h>
#include <stdbool.h>

#include "plot/axis.h"

/* Where data are drawn, in the context's units. */
typedef struct bw_field {
    double left, top, width, height;
} bw_field;

/* What an axis needs beside the field, its tick labels apart. */
enum {
    BW_FRAME_TICK = 8,    /* a tick with its gap */
    BW_FRAME_LABEL = 18,  /* a name */
    BW_FRAME_BOTTOM = 22, /* ticks and their labels below */
    BW_FRAME_RIGHT = 14   /* half a label that stands at the right end */
};

/* Room that an axis's widest tick label takes. */
double bw_frame_room(cairo_t *cr, const bw_axis *axis);

/* Ticks of a horizontal axis `width` long: fewer where labels would touch. */
void bw_frame_mark_x(cairo_t *cr, bw_axis *axis, double width);
/* Of a vertical one; is_wide: as far apart as those of a horizontal one. */
void bw_frame_mark_y(bw_axis *axis, double height, bool is_wide);

/* The axis below a field, and at its left; has_grid: with lines across.
 * is_down: the low end is at the top. */
void bw_frame_x(cairo_t *cr, const bw_axis *axis, const bw_field *field,
                bool has_grid, const char *opt_label);
void bw_frame_y(cairo_t *cr, const bw_axis *axis, const bw_field *field,
                bool has_grid, bool is_down, const char *opt_label);
/* The scale at the right of a field. */
void bw_frame_right(cairo_t *cr, const bw_axis *axis, const bw_field *field,
                    const char *opt_label);

#endif
