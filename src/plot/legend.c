/* legend.c - names of series. */
#include "config.h"

#include <math.h>

#include "plot/chart.h"
#include "plot/legend.h"
#include "plot/mark.h"
#include "plot/text.h"

enum {
    LEGEND_ROWS = 8, /* at most */
    SWATCH = 20,     /* a legend's sample with its gap */
    ENTRY_GAP = 16
};

static void draw_sample(cairo_t *cr, const bw_series *series, size_t k,
                        double x, double y)
{
    bw_mark_set_colour(cr, k, 1);
    if (series->style == BW_STYLE_DOTS) {
        bw_mark_dot(cr, k, x + SWATCH / 2.0 - 2, y, BW_CHART_DOT + 1);
        cairo_fill(cr);
        return;
    }
    if (series->style == BW_STYLE_BAND || series->style == BW_STYLE_BAR) {
        bw_mark_set_colour(cr, k,
                           series->style == BW_STYLE_BAR ? 1 : BW_CHART_BAND);
        cairo_rectangle(cr, x, y - 5, SWATCH - 4, 10);
        cairo_fill(cr);
        return;
    }
    cairo_set_line_width(cr, 2);
    bw_mark_set_dash(cr, k);
    cairo_move_to(cr, x, y);
    cairo_line_to(cr, x + SWATCH - 4, y);
    cairo_stroke(cr);
    bw_mark_set_dash(cr, 0);
    cairo_set_line_width(cr, 1);
}

/* Draws where is_drawn. */
static size_t lay_out(cairo_t *cr, size_t n_series, const bw_series *series,
                      double left, double top, double width, bool is_drawn)
{
    double x = 0, room = width - SWATCH;
    size_t n_rows = 0;

    for (size_t k = 0; k < n_series; k++) {
        const char *name = series[k].name;
        if (!name)
            continue;
        double w = SWATCH + bw_text_width(cr, name, room);
        if (n_rows == 0 || x + w > width) {
            if (n_rows == LEGEND_ROWS)
                break;
            n_rows++;
            x = 0;
        }
        double y = top + (double)n_rows * BW_LEGEND_ROW - 5;
        if (is_drawn) {
            draw_sample(cr, &series[k], bw_chart_mark(series, k), left + x,
                        round(y) - 4);
            cairo_set_source_rgb(cr, 0.2, 0.2, 0.2);
            bw_text_show(cr, left + x + SWATCH, y, 0, room, name);
        }
        x += w + ENTRY_GAP;
    }
    return n_rows;
}

size_t bw_legend_rows(cairo_t *cr, size_t n_series, const bw_series *series,
                      double width)
{
    return lay_out(cr, n_series, series, 0, 0, width, false);
}

void bw_legend_draw(cairo_t *cr, size_t n_series, const bw_series *series,
                    double left, double top, double width)
{
    (void)lay_out(cr, n_series, series, left, top, width, true);
}
