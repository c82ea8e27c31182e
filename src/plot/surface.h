/* surface.h - images from and to cairo's surfaces. */
#ifndef BW_SURFACE_H
#define BW_SURFACE_H

#include <cairo.h>

#include "store/image.h"

/* BW_ERR_MEMORY, or BW_ERR_INTERNAL with cairo's words. */
bw_status bw_surface_check(cairo_status_t status, bw_error *err) BW_MUST_CHECK;

/* Pixels without opacity, black. BW_ERR_DIMENSION over 32,767 a side. Destroy
 * with cairo_surface_destroy, after failure, too. */
bw_status bw_surface_create(size_t height, size_t width,
                            cairo_surface_t **ret_surface,
                            bw_error *err) BW_MUST_CHECK;

/* A U8 image of 1 or 3 channels as a new surface. */
bw_status bw_surface_of_image(const bw_image *image,
                              cairo_surface_t **ret_surface,
                              bw_error *err) BW_MUST_CHECK;
/* A surface of pixels as U8 RGB. */
bw_status bw_surface_to_image(cairo_surface_t *surface, bw_image *image,
                              bw_error *err) BW_MUST_CHECK;

/* Paints a surface as the rectangle given, each of its pixels a rectangle. */
void bw_surface_paint(cairo_t *cr, cairo_surface_t *surface, double left,
                      double top, double width, double height);

#endif
