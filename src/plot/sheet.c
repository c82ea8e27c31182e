/* sheet.c - panels in rows and columns, drawn by cairo. */
#include "config.h"

#include <cairo.h>
#include <math.h>

#include "plot/chart.h"
#include "plot/picture.h"
#include "plot/sheet.h"
#include "plot/surface.h"
#include "plot/text.h"

/* Pixels. */
enum { MARGIN = 12, TITLE = 36 };

static const double title_size = 14;

/* ---- images ---- */

/* The images as they are, or as large as there is room for. */
static bw_status draw_images(cairo_t *cr, const bw_grid *grid, double left,
                             double top, bw_error *err)
{
    bw_image image = BW_IMAGE_INIT;
    cairo_surface_t *surface = NULL;
    bw_status status = bw_grid_paint(grid, &image, err);

    if (!status)
        status = bw_surface_of_image(&image, &surface, err);
    if (!status) {
        double side =
            (double)(image.height > image.width ? image.height : image.width);
        double scale = fmin(BW_PANEL_IMAGES / side, 1);
        cairo_save(cr);
        cairo_translate(cr, left, top);
        cairo_scale(cr, scale, scale);
        cairo_set_source_surface(cr, surface, 0, 0);
        cairo_paint(cr);
        cairo_restore(cr);
    }
    cairo_surface_destroy(surface);
    bw_image_clear(&image);
    return status;
}

/* ---- panels ---- */

static bw_status draw_panel(cairo_t *cr, const bw_panel *panel, double left,
                            double top, bw_error *err)
{
    bw_text_font(cr, title_size, true);
    cairo_set_source_rgb(cr, 0.13, 0.13, 0.13);
    bw_text_show(cr, left + MARGIN, top + MARGIN + title_size, 0,
                 BW_PANEL_IMAGES, panel->title);
    if (panel->opt_images && panel->opt_images->n > 0)
        return draw_images(cr, panel->opt_images, left + MARGIN, top + TITLE,
                           err);
    if (!panel->opt_images) {
        const bw_field room = {left + MARGIN, top + TITLE, BW_PANEL_IMAGES,
                               BW_PANEL_HEIGHT - TITLE - MARGIN};
        bw_chart_show(cr, panel, &room);
    }
    return BW_OK;
}

static bw_status draw_sheet(cairo_t *cr, const bw_sheet *sheet, bw_error *err)
{
    bw_status status = BW_OK;

    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    for (size_t k = 0; k < sheet->n_rows * sheet->n_columns && !status; k++)
        status =
            draw_panel(cr, &sheet->panel[k],
                       (double)(k % sheet->n_columns * BW_PANEL_WIDTH),
                       (double)(k / sheet->n_columns * BW_PANEL_HEIGHT), err);
    return status ? status : bw_surface_check(cairo_status(cr), err);
}

bw_status bw_sheet_paint(const bw_sheet *sheet, bw_image *image, bw_error *err)
{
    cairo_surface_t *surface = NULL;
    cairo_t *cr = NULL;
    size_t height, width;

    if (sheet->n_rows == 0 || sheet->n_columns == 0 ||
        __builtin_mul_overflow(sheet->n_rows, BW_PANEL_HEIGHT, &height) ||
        __builtin_mul_overflow(sheet->n_columns, BW_PANEL_WIDTH, &width))
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "no figure of %zux%zu panels", sheet->n_rows,
                            sheet->n_columns);
    bw_status status = bw_surface_create(height, width, &surface, err);
    if (status)
        goto done;
    cr = cairo_create(surface);
    status = draw_sheet(cr, sheet, err);
    if (!status)
        status = bw_surface_to_image(surface, image, err);
done:
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    return status;
}

bw_status bw_sheet_write(const char *path, const bw_sheet *sheet, bw_error *err)
{
    bw_image image = BW_IMAGE_INIT;
    bw_status status = bw_sheet_paint(sheet, &image, err);

    if (status)
        bw_error_prefix(err, "%s", path);
    else
        status = bw_picture_write(path, &image, err);
    bw_image_clear(&image);
    return status;
}
