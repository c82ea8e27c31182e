/* plan_picture.h - a transport plan between two images, drawn. */
#ifndef BW_PLAN_PICTURE_H
#define BW_PLAN_PICTURE_H

#include <stdint.h>

#include "barrow/status.h"
#include "plot/frame.h"

/* The arrows that are drawn, at most: those of the largest costs. */
enum { BW_PLAN_PICTURE_ARROWS = 2000 };

typedef struct bw_plan_picture {
    size_t h, w;            /* of both images */
    const double *image[2]; /* from, to: (h, w), how full a pixel is, in 0..1 */
    size_t n;               /* arcs */
    const uint32_t (*bin)[2]; /* below h w */
    const double *mass;
} bw_plan_picture;

/* Both images over each other, the first in blue and the second in orange, an
 * arrow from pixel to pixel where mass moves: opaque where it is much. Dark
 * is where both are. */
bw_status bw_plan_picture_draw_arrows(cairo_t *cr,
                                      const bw_plan_picture *picture,
                                      const bw_field *room,
                                      bw_error *err) BW_MUST_CHECK;

/* The images beside each other. Pixels of the first get colours by their place,
 * those of the second the mean colour of the mass that arrives. */
bw_status bw_plan_picture_draw_colours(cairo_t *cr,
                                       const bw_plan_picture *picture,
                                       const bw_field *room,
                                       bw_error *err) BW_MUST_CHECK;

#endif
