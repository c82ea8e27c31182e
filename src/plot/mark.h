/* mark.h - what tells the k-th of several series from the others: its colour,
 * and where colours come again the shape of its dots and dashes.
 *
 * Eight colours that the colour-blind tell apart (Okabe and Ito, 2008); series
 * 8 to 15 have triangles and dashes, 16 to 23 squares and dotted lines, 24 to
 * 31 diamonds; then all begins anew.
 */
#ifndef BW_MARK_H
#define BW_MARK_H

#include <cairo.h>
#include <stddef.h>

enum { BW_MARK_COLOURS = 8 };

/* Red, green, blue in 0 .. 255. */
const unsigned char *bw_mark_colour(size_t k);
void bw_mark_set_colour(cairo_t *cr, size_t k, double opacity);

/* Adds the outline of a dot to the path. */
void bw_mark_dot(cairo_t *cr, size_t k, double x, double y, double radius);
void bw_mark_set_dash(cairo_t *cr, size_t k);

#endif
