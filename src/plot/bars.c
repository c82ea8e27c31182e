/* bars.c - named values as bars. */
#include "config.h"

#include <math.h>
#include <stdio.h>

#include "plot/bars.h"
#include "plot/legend.h"
#include "plot/mark.h"
#include "plot/text.h"

enum {
    THICK = 16,      /* of a bar, as wanted */
    GAP = 12,        /* between names */
    NAME_ROOM = 150, /* at most */
    VALUE_ROOM = 64,
    VALUE_GAP = 4,
    LEGEND_MOST = 32 /* entries */
};

double bw_bars_height(const bw_bars *bars)
{
    return (double)bars->n_names * ((double)bars->n_groups * THICK + GAP) +
           BW_FRAME_BOTTOM + BW_FRAME_LABEL + GAP +
           (bars->n_groups > 1 ? 2 * BW_LEGEND_ROW : 0);
}

static double draw_legend(cairo_t *cr, const bw_bars *bars,
                          const bw_field *room)
{
    bw_series series[LEGEND_MOST] = {{.name = NULL}};
    size_t n = bars->n_groups < LEGEND_MOST ? bars->n_groups : LEGEND_MOST;

    if (n < 2)
        return 0;
    for (size_t k = 0; k < n; k++) {
        series[k].name = bars->group[k];
        series[k].style = BW_STYLE_BAR;
    }
    bw_legend_draw(cr, n, series, room->left, room->top, room->width);
    return (double)bw_legend_rows(cr, n, series, room->width) * BW_LEGEND_ROW;
}

static double name_room(cairo_t *cr, const bw_bars *bars, double width)
{
    double room = 0;

    for (size_t k = 0; k < bars->n_names; k++)
        room = fmax(
            room, bw_text_width(cr, bars->name[k], fmin(NAME_ROOM, width / 3)));
    return ceil(room) + BW_FRAME_TICK;
}

static bw_axis value_axis(const bw_bars *bars)
{
    bw_axis axis = bw_axis_init(bars->is_log, false);

    for (size_t k = 0; k < bars->n_groups * bars->n_names; k++)
        bw_axis_add(&axis, bars->values[k]);
    if (!bars->is_log)
        bw_axis_add(&axis, 0);
    bw_axis_pad(&axis, bars->is_log ? 0.08 : 0);
    return axis;
}

static void draw_bar(cairo_t *cr, const bw_axis *axis, const bw_field *field,
                     size_t mark, double value, double top, double thick)
{
    double from =
        axis->is_log ? axis->low : fmin(fmax(0, axis->low), axis->high);
    double x0 = field->left + field->width * bw_axis_at(axis, from);
    char text[32];

    if (bw_axis_shows(axis, value)) {
        double x1 = field->left + field->width * bw_axis_at(axis, value);
        bw_mark_set_colour(cr, mark, 1);
        cairo_rectangle(cr, fmin(x0, x1), top, fabs(x1 - x0), thick);
        cairo_fill(cr);
        x0 = fmax(x0, x1);
    }
    snprintf(text, sizeof text, "%.4g", value);
    cairo_set_source_rgb(cr, 0.2, 0.2, 0.2);
    if (thick >= BW_TEXT_SIZE - 2)
        bw_text_show(cr, x0 + VALUE_GAP, top + thick / 2 + BW_TEXT_SIZE / 3.0,
                     0, VALUE_ROOM, isnan(value) ? "" : text);
}

void bw_bars_draw(cairo_t *cr, const bw_bars *bars, const bw_field *room)
{
    bw_axis axis = value_axis(bars);
    bw_field field = *room;

    bw_text_font(cr, BW_TEXT_SIZE, false);
    cairo_set_line_width(cr, 1);
    double legend = draw_legend(cr, bars, room);
    double names = name_room(cr, bars, room->width);
    field.top += legend + GAP / 2.0;
    field.height -= legend + GAP / 2.0 + BW_FRAME_BOTTOM +
                    (bars->opt_label ? BW_FRAME_LABEL : 0);
    field.left += names;
    field.width -= names + VALUE_ROOM;
    bw_frame_mark_x(cr, &axis, field.width);
    bw_frame_x(cr, &axis, &field, true, bars->opt_label);
    double each = field.height / (double)bars->n_names;
    double thick = each * THICK * (double)bars->n_groups /
                   (THICK * (double)bars->n_groups + GAP) /
                   (double)bars->n_groups;
    for (size_t k = 0; k < bars->n_names; k++) {
        double top = field.top + each * (double)k +
                     (each - thick * (double)bars->n_groups) / 2;
        cairo_set_source_rgb(cr, 0.2, 0.2, 0.2);
        bw_text_show(cr, field.left - BW_FRAME_TICK,
                     field.top + each * ((double)k + 0.5) + BW_TEXT_SIZE / 3.0,
                     1, names - BW_FRAME_TICK, bars->name[k]);
        for (size_t g = 0; g < bars->n_groups; g++)
            draw_bar(cr, &axis, &field, g, bars->values[g * bars->n_names + k],
                     top + thick * (double)g, thick);
    }
}
