/* chart.c - lines and points in a frame of axes. */
#include "config.h"

#include <math.h>

#include "plot/chart.h"
#include "plot/legend.h"
#include "plot/mark.h"
#include "plot/text.h"

/* Pixels, but for the counts. */
enum {
    TITLE_GAP = 8,
    N_MARKED = 25,  /* lines of so few points show them */
    N_DOTS = 20000, /* of a series, at most */
    N_ROUNDS = 64   /* in which dots of several series are mixed */
};

static const double dot_opacity = 0.7, line_width = 1.6, small_dot = 1.5;

/* Dots of which there are more are smaller. */
enum { MANY_DOTS = 1000 };

size_t bw_chart_mark(const bw_series *series, size_t k)
{
    return series[k].has_mark ? series[k].mark : k;
}

static double x_of(const bw_series *series, size_t i)
{
    return series->opt_x ? series->opt_x[i] : (double)i + 1;
}

/* ---- layout ---- */

/* A line's way along x counts where it has gaps, too. */
static void add_point(bw_chart *chart, const bw_series *s, size_t i)
{
    bool is_line = s->style == BW_STYLE_LINE || s->style == BW_STYLE_GUIDE;
    double x = x_of(s, i);

    if (!bw_axis_shows(&chart->x, x))
        return;
    if (is_line || bw_axis_shows(&chart->y, s->y[i]))
        bw_axis_add(&chart->x, x);
    bw_axis_add(&chart->y, s->y[i]);
    if (s->style == BW_STYLE_BAND && bw_axis_shows(&chart->y, s->y[i]))
        bw_axis_add(&chart->y, s->y2[i]);
}

static void add_ranges(bw_chart *chart)
{
    const bw_panel *panel = chart->panel;

    for (size_t k = 0; k < panel->n_series; k++)
        for (size_t i = 0; i < panel->series[k].n; i++)
            add_point(chart, &panel->series[k], i);
}

/* Whether lines go over whole numbers, as steps and epochs are: ticks between
 * them would be of nothing. */
static bool is_counted(const bw_panel *panel)
{
    for (size_t k = 0; k < panel->n_series; k++) {
        const bw_series *s = &panel->series[k];
        if (s->opt_x && (panel->is_square || s->style != BW_STYLE_LINE))
            return false;
        for (size_t i = 0; i < s->n && s->opt_x; i++)
            if (isfinite(s->opt_x[i]) && floor(s->opt_x[i]) < s->opt_x[i])
                return false;
    }
    return panel->n_series > 0;
}

/* One scale: the axis with fewer units a pixel gets the other's. Ranges that
 * differ beyond all measure stay. */
static void make_square(bw_chart *chart)
{
    double ratio = (chart->x.high - chart->x.low) / chart->field.width /
                   ((chart->y.high - chart->y.low) / chart->field.height);

    if (ratio < 1 && ratio > 1e-6)
        bw_axis_widen(&chart->x, 1 / ratio);
    else if (ratio > 1 && ratio < 1e6)
        bw_axis_widen(&chart->y, ratio);
}

bw_chart bw_chart_place(cairo_t *cr, const bw_panel *panel, double left,
                        double top, double width, double height)
{
    bw_chart chart = {.panel = panel,
                      .x = bw_axis_init(panel->is_log_x, is_counted(panel)),
                      .y = bw_axis_init(panel->is_log_y, false),
                      .legend_left = left,
                      .legend_top = top,
                      .legend_width = width};
    bool is_square = panel->is_square && !panel->is_log_y && !panel->is_log_x;
    bw_field *field = &chart.field;

    bw_text_font(cr, BW_TEXT_SIZE, false);
    field->top =
        top + TITLE_GAP +
        (double)bw_legend_rows(cr, panel->n_series, panel->series, width) *
            BW_LEGEND_ROW;
    field->height = top + height - field->top - BW_FRAME_BOTTOM -
                    (panel->opt_x_label ? BW_FRAME_LABEL : 0);
    add_ranges(&chart);
    bw_axis_pad(&chart.x, 0.03);
    bw_axis_pad(&chart.y, 0.04);
    if (panel->has_y_range) {
        chart.y.low = panel->y_low;
        chart.y.high = panel->y_high;
    }
    /* Twice, since labels need room and a scale that is shared needs the room's
     * size. */
    for (int k = 0; k < 2; k++) {
        bw_frame_mark_y(&chart.y, field->height, is_square);
        field->left = ceil(left + bw_frame_room(cr, &chart.y) + BW_FRAME_TICK +
                           (panel->opt_y_label ? BW_FRAME_LABEL : 0));
        field->width = left + width - BW_FRAME_RIGHT - field->left;
        if (is_square)
            make_square(&chart);
    }
    bw_frame_mark_y(&chart.y, field->height, is_square);
    bw_frame_mark_x(cr, &chart.x, field->width);
    return chart;
}

double bw_chart_x(const bw_chart *chart, double x)
{
    return chart->field.left + chart->field.width * bw_axis_at(&chart->x, x);
}

double bw_chart_y(const bw_chart *chart, double y)
{
    return chart->field.top +
           chart->field.height * (1 - bw_axis_at(&chart->y, y));
}

/* ---- series ---- */

static bool is_shown(const bw_chart *chart, const bw_series *s, size_t i)
{
    return bw_axis_shows(&chart->x, x_of(s, i)) &&
           bw_axis_shows(&chart->y, s->y[i]);
}

static void fill_dot(cairo_t *cr, const bw_chart *chart, const bw_series *s,
                     size_t i, size_t mark, double radius)
{
    bw_mark_dot(cr, mark, bw_chart_x(chart, x_of(s, i)),
                bw_chart_y(chart, s->y[i]), radius);
    cairo_fill(cr);
}

/* The share of a series' dots that a round draws. */
static void draw_some_dots(cairo_t *cr, const bw_chart *chart, size_t k,
                           size_t round, double radius)
{
    const bw_series *s = &chart->panel->series[k];
    size_t n = s->n < N_DOTS ? s->n : N_DOTS,
           mark = bw_chart_mark(chart->panel->series, k);

    bw_mark_set_colour(cr, mark, dot_opacity);
    for (size_t j = n * round / N_ROUNDS; j < n * (round + 1) / N_ROUNDS; j++) {
        /* Spread over the series, without a product that could overflow. */
        size_t i = s->n / n * j + s->n % n * j / n;
        if (is_shown(chart, s, i))
            fill_dot(cr, chart, s, i, mark, radius);
    }
}

static bool is_dots(const bw_chart *chart, size_t k)
{
    return chart->panel->series[k].style == BW_STYLE_DOTS;
}

/* Those of the series from the k-th on, which are all there are. */
static void draw_dots(cairo_t *cr, const bw_chart *chart, size_t first)
{
    size_t n = 0, end = chart->panel->n_series;

    for (size_t k = first; k < end; k++)
        if (is_dots(chart, k) && n <= MANY_DOTS)
            n += chart->panel->series[k].n < MANY_DOTS + 1
                     ? chart->panel->series[k].n
                     : MANY_DOTS + 1;
    double radius = n > MANY_DOTS ? small_dot : BW_CHART_DOT;
    for (size_t round = 0; round < N_ROUNDS; round++)
        for (size_t k = first; k < end; k++)
            if (is_dots(chart, k))
                draw_some_dots(cr, chart, k, round, radius);
}

/* A line on its way: how many points it has since the last gap. */
typedef struct pen {
    cairo_t *cr;
    const bw_chart *chart;
    const bw_series *series;
    size_t mark, n_run, last;
} pen;

/* A point without neighbours is no line. */
static void lift(pen *p)
{
    if (p->n_run == 1) {
        cairo_new_path(p->cr);
        fill_dot(p->cr, p->chart, p->series, p->last, p->mark, BW_CHART_DOT);
    } else if (p->n_run > 1)
        cairo_stroke(p->cr);
    p->n_run = 0;
}

static void draw_to(pen *p, size_t i)
{
    if (p->n_run > 0 && p->last == i)
        return;
    cairo_line_to(p->cr, bw_chart_x(p->chart, x_of(p->series, i)),
                  bw_chart_y(p->chart, p->series->y[i]));
    p->n_run++;
    p->last = i;
}

/* What stands for the points from .. to - 1: the first, the lowest, the highest
 * and the last, in their order. Nothing to show: a gap. */
static void draw_run(pen *p, size_t from, size_t to)
{
    const double *y = p->series->y;
    size_t first = to, low = to, high = to, last = to;

    for (size_t i = from; i < to; i++) {
        if (!is_shown(p->chart, p->series, i))
            continue;
        if (first == to)
            first = low = high = i;
        if (y[i] < y[low])
            low = i;
        if (y[i] > y[high])
            high = i;
        last = i;
    }
    if (first == to) {
        lift(p);
        return;
    }
    draw_to(p, first);
    draw_to(p, low < high ? low : high);
    draw_to(p, low < high ? high : low);
    draw_to(p, last);
}

static void draw_line(cairo_t *cr, const bw_chart *chart, size_t k)
{
    const bw_series *s = &chart->panel->series[k];
    size_t mark = bw_chart_mark(chart->panel->series, k);
    pen p = {.cr = cr, .chart = chart, .series = s, .mark = mark};
    size_t n_runs = 2 * (size_t)chart->field.width;
    size_t run = s->n / n_runs < 4 ? 1 : (s->n - 1) / n_runs + 1;

    bw_mark_set_colour(cr, mark, 1);
    cairo_set_line_width(cr, line_width);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    bw_mark_set_dash(cr, mark);
    cairo_new_path(cr);
    for (size_t from = 0; from < s->n; from += run)
        draw_run(&p, from, s->n - from < run ? s->n : from + run);
    lift(&p);
    bw_mark_set_dash(cr, 0);
    bool is_marked = s->n <= N_MARKED && s->style == BW_STYLE_LINE;
    for (size_t i = 0; i < s->n && is_marked; i++)
        if (is_shown(chart, s, i))
            fill_dot(cr, chart, s, i, mark, BW_CHART_DOT);
    cairo_set_line_width(cr, 1);
}

/* Along the one edge and back along the other. */
static void draw_band(cairo_t *cr, const bw_chart *chart, size_t k)
{
    const bw_series *s = &chart->panel->series[k];

    cairo_new_path(cr);
    for (size_t j = 0; j < 2 * s->n; j++) {
        size_t i = j < s->n ? j : 2 * s->n - 1 - j;
        double y = j < s->n ? s->y[i] : s->y2[i];
        if (bw_axis_shows(&chart->x, x_of(s, i)) && bw_axis_shows(&chart->y, y))
            cairo_line_to(cr, bw_chart_x(chart, x_of(s, i)),
                          bw_chart_y(chart, y));
    }
    cairo_close_path(cr);
    bw_mark_set_colour(cr, bw_chart_mark(chart->panel->series, k),
                       BW_CHART_BAND);
    cairo_fill(cr);
}

static void draw_series(cairo_t *cr, const bw_chart *chart)
{
    bool has_dots = false;

    for (size_t k = 0; k < chart->panel->n_series; k++)
        switch (chart->panel->series[k].style) {
        case BW_STYLE_DOTS:
            if (!has_dots)
                draw_dots(cr, chart, k);
            has_dots = true;
            break;
        case BW_STYLE_BAND:
            draw_band(cr, chart, k);
            break;
        default:
            draw_line(cr, chart, k);
        }
}

/* Of an axis whose ends were given, what is beyond them. */
static void clip(cairo_t *cr, const bw_chart *chart)
{
    const bw_field *field = &chart->field;

    if (!chart->panel->has_y_range)
        return;
    cairo_rectangle(cr, field->left - BW_CHART_DOT, field->top,
                    field->width + 2 * BW_CHART_DOT, field->height);
    cairo_clip(cr);
}

void bw_chart_draw(cairo_t *cr, const bw_chart *chart)
{
    const bw_panel *panel = chart->panel;
    const bw_field *field = &chart->field;

    bw_text_font(cr, BW_TEXT_SIZE, false);
    cairo_set_line_width(cr, 1);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    if (chart->y.is_empty) {
        cairo_set_source_rgb(cr, 0.5, 0.5, 0.5);
        bw_text_show(cr, field->left, field->top + BW_TEXT_SIZE, 0,
                     field->width, "nothing to show");
        return;
    }
    bw_frame_x(cr, &chart->x, field, true, panel->opt_x_label);
    bw_frame_y(cr, &chart->y, field, true, false, panel->opt_y_label);
    bw_legend_draw(cr, panel->n_series, panel->series, chart->legend_left,
                   chart->legend_top, chart->legend_width);
    cairo_save(cr);
    clip(cr, chart);
    draw_series(cr, chart);
    cairo_restore(cr);
}

void bw_chart_show(cairo_t *cr, const bw_panel *panel, const bw_field *room)
{
    bw_chart chart = bw_chart_place(cr, panel, room->left, room->top,
                                    room->width, room->height);

    bw_chart_draw(cr, &chart);
}
