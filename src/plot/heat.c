/* heat.c - a matrix as colours. */
#include "config.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "plot/heat.h"
#include "plot/surface.h"
#include "plot/text.h"

enum {
    BAR_GAP = 14,
    BAR_WIDTH = 14,
    BAR_ROOM = 64,    /* for the labels of the scale */
    SCALE_EVERY = 30, /* between its ticks */
    USUAL_LEFT = 50,  /* what the axis of rows takes, about */
    N_SHADES = 256,
    N_ANCHORS = 9,
    MISSING = 217 /* grey */
};

/* Every 32nd of its 256 colours. */
static const unsigned char anchors[N_ANCHORS][3] = {
    {68, 1, 84},    {71, 45, 123},  {59, 82, 139},
    {44, 114, 142}, {33, 145, 140}, {40, 174, 128},
    {94, 201, 98},  {173, 220, 48}, {253, 231, 37}};

void bw_heat_colour(double at, unsigned char rgb[3])
{
    double x = fmin(fmax(at, 0), 1) * (N_ANCHORS - 1);
    size_t k = (size_t)fmin(floor(x), N_ANCHORS - 2);

    for (size_t c = 0; c < 3; c++)
        rgb[c] = (unsigned char)nearbyint(
            anchors[k][c] +
            (x - (double)k) * (anchors[k + 1][c] - anchors[k][c]));
}

/* Cells as an image, one pixel each. */
static void paint_cells(const bw_heat *heat, const bw_axis *scale,
                        bw_image *image)
{
    unsigned char *rgb = image->data;

    for (size_t k = 0; k < heat->n_rows * heat->n_columns; k++, rgb += 3)
        if (bw_axis_shows(scale, heat->values[k]))
            bw_heat_colour(bw_axis_at(scale, heat->values[k]), rgb);
        else
            memset(rgb, MISSING, 3);
}

static bw_status show_image(cairo_t *cr, const bw_image *image,
                            const bw_field *field, bw_error *err)
{
    cairo_surface_t *surface = NULL;
    bw_status status = bw_surface_of_image(image, &surface, err);

    if (!status)
        bw_surface_paint(cr, surface, field->left, field->top, field->width,
                         field->height);
    cairo_surface_destroy(surface);
    return status;
}

/* The scale at the right of the field. */
static bw_status draw_scale(cairo_t *cr, const bw_heat *heat,
                            const bw_axis *scale, const bw_field *field,
                            bw_error *err)
{
    bw_field bar = {field->left + field->width + BAR_GAP, field->top, BAR_WIDTH,
                    field->height};
    bw_image image = BW_IMAGE_INIT;
    bw_status status = bw_image_shape(&image, BW_U8, N_SHADES, 1, 3, err);

    for (size_t k = 0; k < N_SHADES && !status; k++)
        bw_heat_colour(1 - (double)k / (N_SHADES - 1),
                       (unsigned char *)image.data + 3 * k);
    if (!status)
        status = show_image(cr, &image, &bar, err);
    if (!status)
        bw_frame_right(cr, scale, &bar, heat->opt_label);
    bw_image_clear(&image);
    return status;
}

static bw_axis count_axis(double n)
{
    bw_axis axis = bw_axis_init(false, true);

    axis.is_empty = false;
    axis.low = -0.5;
    axis.high = n - 0.5;
    return axis;
}

static double ratio_of(const bw_heat *heat)
{
    return heat->column_count / heat->row_count;
}

static bool is_long(double ratio)
{
    return ratio > 4 || ratio < 0.25;
}

double bw_heat_height(const bw_heat *heat, double width)
{
    double ratio = ratio_of(heat);
    double side = width - USUAL_LEFT - BAR_GAP - BAR_WIDTH - BAR_ROOM;

    if (is_long(ratio))
        return ratio > 1 ? 0.5 * width : width;
    return fmin(side / ratio, 1.3 * width) + BW_TEXT_SIZE / 2.0 +
           BW_FRAME_BOTTOM + BW_FRAME_LABEL;
}

/* Cells are square where the room lets them be of some size. */
static void fit_cells(const bw_heat *heat, bw_field *field)
{
    double ratio = ratio_of(heat);

    if (is_long(ratio))
        return;
    if (field->width > ratio * field->height)
        field->width = ratio * field->height;
    else
        field->height = field->width / ratio;
}

bw_status bw_heat_draw(cairo_t *cr, const bw_heat *heat, const bw_field *room,
                       bw_error *err)
{
    bw_axis scale = bw_axis_init(heat->is_log, false);
    bw_axis x = count_axis(heat->column_count), y = count_axis(heat->row_count);
    bw_field field = *room;
    bw_image image = BW_IMAGE_INIT;

    bw_text_font(cr, BW_TEXT_SIZE, false);
    cairo_set_line_width(cr, 1);
    for (size_t k = 0; k < heat->n_rows * heat->n_columns; k++)
        bw_axis_add(&scale, heat->values[k]);
    bw_axis_pad(&scale, 0);
    field.top += BW_TEXT_SIZE / 2.0;
    field.height -= BW_TEXT_SIZE / 2.0 + BW_FRAME_BOTTOM +
                    (heat->opt_column_label ? BW_FRAME_LABEL : 0);
    bw_frame_mark_y(&y, field.height, false);
    double left = ceil(bw_frame_room(cr, &y) + BW_FRAME_TICK +
                       (heat->opt_row_label ? BW_FRAME_LABEL : 0));
    field.left += left;
    field.width -= left + BAR_GAP + BAR_WIDTH + BAR_ROOM;
    fit_cells(heat, &field);
    bw_frame_mark_y(&y, field.height, false);
    bw_axis_mark(&scale, (size_t)fmax(field.height / SCALE_EVERY, 3));
    bw_frame_mark_x(cr, &x, field.width);
    bw_status status =
        bw_image_shape(&image, BW_U8, heat->n_rows, heat->n_columns, 3, err);
    if (!status) {
        paint_cells(heat, &scale, &image);
        status = show_image(cr, &image, &field, err);
    }
    if (!status) {
        bw_frame_x(cr, &x, &field, false, heat->opt_column_label);
        bw_frame_y(cr, &y, &field, false, true, heat->opt_row_label);
        status = draw_scale(cr, heat, &scale, &field, err);
    }
    bw_image_clear(&image);
    return status;
}
