/* figure.c - a drawing to PNG, SVG or PDF. */
#include "config.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <math.h>

#include "base/output.h"
#include "plot/figure.h"
#include "plot/picture.h"
#include "plot/surface.h"
#include "plot/text.h"

static const double mm_of_inch = 25.4, points_of_inch = 72;

double bw_figure_scale(const bw_figure *figure)
{
    double points = figure->font / BW_TEXT_SIZE;

    return figure->format == BW_FIGURE_PNG
               ? points * figure->dpi / points_of_inch
               : points;
}

double bw_figure_units(const bw_figure *figure, double mm)
{
    return mm / mm_of_inch * points_of_inch * BW_TEXT_SIZE / figure->font;
}

static bw_status draw_scaled(cairo_surface_t *surface, double scale,
                             bw_figure_draw draw, void *arg, bw_error *err)
{
    cairo_t *cr = cairo_create(surface);
    bw_status status;

    cairo_scale(cr, scale, scale);
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    status = draw(arg, cr, err);
    if (!status)
        status = bw_surface_check(cairo_status(cr), err);
    cairo_destroy(cr);
    return status;
}

static bw_status write_png(const char *path, const bw_figure *figure,
                           bw_figure_draw draw, void *arg, bw_error *err)
{
    double scale = bw_figure_scale(figure);
    cairo_surface_t *surface = NULL;
    bw_image image = BW_IMAGE_INIT;
    bw_status status = bw_surface_create(
        (size_t)fmax(round(figure->height * scale), 1),
        (size_t)fmax(round(figure->width * scale), 1), &surface, err);

    if (status)
        bw_error_prefix(err, "%s", path);
    if (!status)
        status = draw_scaled(surface, scale, draw, arg, err);
    if (!status)
        status = bw_surface_to_image(surface, &image, err);
    cairo_surface_destroy(surface);
    if (!status)
        status = bw_picture_write(path, &image, err);
    bw_image_clear(&image);
    return status;
}

/* ---- SVG and PDF ---- */

typedef struct sink {
    bw_output *output;
    bw_status status;
    bw_error *err;
} sink;

static cairo_status_t take(void *arg, const unsigned char *data, unsigned n)
{
    sink *s = arg;

    if (!s->status)
        s->status = bw_output_write(s->output, data, n, s->err);
    return s->status ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

static cairo_surface_t *create_vector(const bw_figure *figure, sink *s)
{
    double scale = bw_figure_scale(figure);
    double width = figure->width * scale, height = figure->height * scale;

    if (figure->format == BW_FIGURE_SVG)
        return cairo_svg_surface_create_for_stream(take, s, width, height);
    cairo_surface_t *surface =
        cairo_pdf_surface_create_for_stream(take, s, width, height);
    /* Unless told one, it takes the clock's. */
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE,
                                   "1970-01-01T00:00:00Z");
    return surface;
}

static bw_status write_vector(const char *path, const bw_figure *figure,
                              bw_figure_draw draw, void *arg, bw_error *err)
{
    sink s = {.err = err};
    bw_status status = bw_output_open(path, &s.output, err);

    if (status)
        return status;
    cairo_surface_t *surface = create_vector(figure, &s);
    status = draw_scaled(surface, bw_figure_scale(figure), draw, arg, err);
    cairo_surface_finish(surface);
    if (s.status)
        status = s.status;
    else if (!status)
        status = bw_surface_check(cairo_surface_status(surface), err);
    cairo_surface_destroy(surface);
    if (!status)
        status = bw_output_commit(s.output, err);
    bw_output_destroy(s.output);
    return status;
}

bw_status bw_figure_write(const char *path, const bw_figure *figure,
                          bw_figure_draw draw, void *arg, bw_error *err)
{
    if (figure->format == BW_FIGURE_PNG)
        return write_png(path, figure, draw, arg, err);
    return write_vector(path, figure, draw, arg, err);
}
