/* text.h - lines of text with cairo. Control characters and bytes that are no
 * UTF-8 are spelt out. */
#ifndef BW_TEXT_H
#define BW_TEXT_H

#include <cairo.h>
#include <stdbool.h>

/* Of all but titles, in the context's units. */
enum { BW_TEXT_SIZE = 12 };

/* Sets the font of what follows: the same for every drawing. */
void bw_text_font(cairo_t *cr, double size, bool is_bold);

/* Pixels that the text takes, at most `width`. */
double bw_text_width(cairo_t *cr, const char *text, double width);

/* Shows the text on the base line y, cut with an ellipsis where it is wider
 * than `width`. align 0, 0.5, 1: x is its left end, middle, right end. */
void bw_text_show(cairo_t *cr, double x, double y, double align, double width,
                  const char *text);

#endif
