/* chart.c - lines and points in a frame of axes. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "plot/chart.h"
#include "plot/text.h"

/* Pixels, but for the counts. */
enum {
    TITLE_GAP = 8,
    LEGEND_ROW = 18,
    LEGEND_ROWS = 4, /* at most */
    SWATCH = 20,     /* a legend's sample with its gap */
    ENTRY_GAP = 16,
    TICK = 4,
    TICK_GAP = 4,
    LABEL = 18,  /* room for an axis label */
    BOTTOM = 22, /* for tick labels */
    RIGHT = 14,
    TICK_ROOM = 80,  /* widest tick label */
    TICK_SPACE = 10, /* between labels */
    X_TICK_EVERY = 60,
    Y_TICK_EVERY = 44,
    N_MARKED = 25, /* lines of so few points show them */
    N_DOTS = 20000 /* of a series, at most */
};

static const double text_size = 12, dot_radius = 2.4, dot_opacity = 0.7,
                    line_width = 1.6;

enum { N_COLOURS = 8 };

/* Okabe and Ito's; yellow, which is faint on white, comes last. */
static const unsigned char palette[N_COLOURS][3] = {
    {0, 114, 178}, {213, 94, 0},   {0, 158, 115}, {204, 121, 167},
    {230, 159, 0}, {86, 180, 233}, {0, 0, 0},     {240, 228, 66}};

const unsigned char *bw_chart_colour(size_t k)
{
    return palette[k % N_COLOURS];
}

static void set_colour(cairo_t *cr, size_t k, double opacity)
{
    const unsigned char *c = bw_chart_colour(k);

    cairo_set_source_rgba(cr, c[0] / 255.0, c[1] / 255.0, c[2] / 255.0,
                          opacity);
}

static void set_grey(cairo_t *cr, double level)
{
    cairo_set_source_rgb(cr, level, level, level);
}

static double x_of(const bw_series *series, size_t i)
{
    return series->opt_x ? series->opt_x[i] : (double)i + 1;
}

static void draw_dot(cairo_t *cr, double x, double y, double radius)
{
    cairo_new_sub_path(cr);
    cairo_arc(cr, x, y, radius, 0, 4 * acos(0));
    cairo_close_path(cr);
}

/* From the eighth on, lines are told apart by dashes, too. */
static void set_dash(cairo_t *cr, size_t k)
{
    const double dash[] = {6, 3}, dot[] = {2, 2};
    size_t kind = k / N_COLOURS % 3;

    if (kind > 0)
        cairo_set_line_cap(cr, CAIRO_LINE_CAP_BUTT);
    cairo_set_dash(cr, kind == 1 ? dash : dot, kind == 0 ? 0 : 2, 0);
}

/* ---- legend ---- */

static void draw_sample(cairo_t *cr, const bw_panel *panel, size_t k, double x,
                        double y)
{
    set_colour(cr, k, 1);
    if (panel->series[k].style == BW_STYLE_DOTS) {
        draw_dot(cr, x + SWATCH / 2.0 - 2, y, dot_radius + 1);
        cairo_fill(cr);
        return;
    }
    cairo_set_line_width(cr, 2);
    set_dash(cr, k);
    cairo_move_to(cr, x, y);
    cairo_line_to(cr, x + SWATCH - 4, y);
    cairo_stroke(cr);
    set_dash(cr, 0);
    cairo_set_line_width(cr, 1);
}

/* Lays the names out in rows, and draws them where is_drawn. How many rows. */
static size_t legend(cairo_t *cr, const bw_chart *chart, bool is_drawn)
{
    const bw_panel *panel = chart->panel;
    double x = 0, room = chart->legend_width - SWATCH;
    size_t n_rows = 0;

    for (size_t k = 0; k < panel->n_series; k++) {
        const char *name = panel->series[k].name;
        if (!name)
            continue;
        double w = SWATCH + bw_text_width(cr, name, room);
        if (n_rows == 0 || x + w > chart->legend_width) {
            if (n_rows == LEGEND_ROWS)
                break;
            n_rows++;
            x = 0;
        }
        double y = chart->legend_top + (double)n_rows * LEGEND_ROW - 5;
        if (is_drawn) {
            draw_sample(cr, panel, k, chart->legend_left + x, round(y) - 4);
            set_grey(cr, 0.2);
            bw_text_show(cr, chart->legend_left + x + SWATCH, y, 0, room, name);
        }
        x += w + ENTRY_GAP;
    }
    return n_rows;
}

/* ---- layout ---- */

static void add_ranges(bw_chart *chart)
{
    const bw_panel *panel = chart->panel;

    for (size_t k = 0; k < panel->n_series; k++) {
        const bw_series *s = &panel->series[k];
        for (size_t i = 0; i < s->n; i++)
            if (bw_axis_shows(&chart->x, x_of(s, i)) &&
                bw_axis_shows(&chart->y, s->y[i])) {
                bw_axis_add(&chart->x, x_of(s, i));
                bw_axis_add(&chart->y, s->y[i]);
            }
    }
}

static bool is_counted(const bw_panel *panel)
{
    for (size_t k = 0; k < panel->n_series; k++)
        if (panel->series[k].opt_x)
            return false;
    return panel->n_series > 0;
}

/* One scale: the axis with fewer units a pixel gets the other's. Ranges that
 * differ beyond all measure stay. */
static void make_square(bw_chart *chart)
{
    double ratio = (chart->x.high - chart->x.low) / chart->width /
                   ((chart->y.high - chart->y.low) / chart->height);

    if (ratio < 1 && ratio > 1e-6)
        bw_axis_widen(&chart->x, 1 / ratio);
    else if (ratio > 1 && ratio < 1e6)
        bw_axis_widen(&chart->y, ratio);
}

/* The widest of an axis's labels. */
static double tick_room(cairo_t *cr, const bw_axis *axis)
{
    double room = 0;

    for (size_t k = 0; k < axis->n_ticks; k++)
        room = fmax(room, bw_text_width(cr, axis->tick[k].text, TICK_ROOM));
    return room;
}

static size_t n_ticks(double pixels, double every)
{
    return (size_t)fmax(pixels / every, 2);
}

/* Fewer ticks where labels would touch. */
static void mark_x(cairo_t *cr, bw_chart *chart)
{
    double every = X_TICK_EVERY, room;

    do {
        bw_axis_mark(&chart->x, n_ticks(chart->width, every));
        room = tick_room(cr, &chart->x) + TICK_SPACE;
        every *= 1.5;
    } while (room * (double)chart->x.n_ticks > chart->width &&
             every < chart->width);
}

bw_chart bw_chart_place(cairo_t *cr, const bw_panel *panel, double left,
                        double top, double width, double height)
{
    bw_chart chart = {.panel = panel,
                      .x = bw_axis_init(false, is_counted(panel)),
                      .y = bw_axis_init(panel->is_log_y, false),
                      .legend_left = left,
                      .legend_top = top,
                      .legend_width = width};
    bool is_square = panel->is_square && !panel->is_log_y;
    double y_every = is_square ? X_TICK_EVERY : Y_TICK_EVERY;

    bw_text_font(cr, text_size, false);
    chart.top =
        top + (double)legend(cr, &chart, false) * LEGEND_ROW + TITLE_GAP;
    chart.height =
        top + height - chart.top - BOTTOM - (panel->opt_x_label ? LABEL : 0);
    add_ranges(&chart);
    bw_axis_pad(&chart.x, 0.03);
    bw_axis_pad(&chart.y, 0.04);
    /* Twice, since labels need room and a scale that is shared needs the room's
     * size. */
    for (int k = 0; k < 2; k++) {
        bw_axis_mark(&chart.y, n_ticks(chart.height, y_every));
        chart.left = ceil(left + tick_room(cr, &chart.y) + TICK + TICK_GAP +
                          (panel->opt_y_label ? LABEL : 0));
        chart.width = left + width - RIGHT - chart.left;
        if (is_square)
            make_square(&chart);
    }
    bw_axis_mark(&chart.y, n_ticks(chart.height, y_every));
    mark_x(cr, &chart);
    return chart;
}

double bw_chart_x(const bw_chart *chart, double x)
{
    return chart->left + chart->width * bw_axis_at(&chart->x, x);
}

double bw_chart_y(const bw_chart *chart, double y)
{
    return chart->top + chart->height * (1 - bw_axis_at(&chart->y, y));
}

/* ---- axes ---- */

/* A line one pixel wide that covers whole pixels. */
static void rule(cairo_t *cr, double x0, double y0, double x1, double y1)
{
    cairo_move_to(cr, floor(x0) + 0.5, floor(y0) + 0.5);
    cairo_line_to(cr, floor(x1) + 0.5, floor(y1) + 0.5);
    cairo_stroke(cr);
}

static void draw_x_axis(cairo_t *cr, const bw_chart *chart)
{
    double base = chart->top + chart->height;

    for (size_t k = 0; k < chart->x.n_ticks; k++) {
        const bw_tick *tick = &chart->x.tick[k];
        double x = bw_chart_x(chart, tick->value);
        set_grey(cr, 0.9);
        rule(cr, x, chart->top, x, base);
        set_grey(cr, 0.3);
        rule(cr, x, base, x, base + TICK);
        bw_text_show(cr, x, base + TICK + text_size + 1, 0.5, TICK_ROOM,
                     tick->text);
    }
    set_grey(cr, 0.3);
    rule(cr, chart->left, base, chart->left + chart->width, base);
    if (chart->panel->opt_x_label)
        bw_text_show(cr, chart->left + chart->width / 2,
                     base + BOTTOM + text_size, 0.5, chart->width,
                     chart->panel->opt_x_label);
}

static void draw_y_axis(cairo_t *cr, const bw_chart *chart)
{
    double left = chart->left, right = left + chart->width;

    for (size_t k = 0; k < chart->y.n_ticks; k++) {
        const bw_tick *tick = &chart->y.tick[k];
        double y = bw_chart_y(chart, tick->value);
        bool is_small = tick->text[0] == '\0';
        set_grey(cr, is_small ? 0.96 : 0.9);
        rule(cr, left, y, right, y);
        set_grey(cr, 0.3);
        rule(cr, left - (is_small ? TICK / 2 : TICK), y, left, y);
        bw_text_show(cr, left - TICK - TICK_GAP, y + text_size / 3, 1,
                     TICK_ROOM, tick->text);
    }
    set_grey(cr, 0.3);
    rule(cr, left, chart->top, left, chart->top + chart->height);
}

/* Upwards, at the left end of what the chart was given. */
static void draw_y_label(cairo_t *cr, const bw_chart *chart)
{
    double room = tick_room(cr, &chart->y) + TICK + TICK_GAP;

    if (!chart->panel->opt_y_label)
        return;
    cairo_save(cr);
    cairo_translate(cr, chart->left - room - LABEL + text_size,
                    chart->top + chart->height / 2);
    cairo_rotate(cr, -acos(0));
    bw_text_show(cr, 0, 0, 0.5, chart->height, chart->panel->opt_y_label);
    cairo_restore(cr);
}

/* ---- series ---- */

static bool is_shown(const bw_chart *chart, const bw_series *s, size_t i)
{
    return bw_axis_shows(&chart->x, x_of(s, i)) &&
           bw_axis_shows(&chart->y, s->y[i]);
}

static void draw_dots(cairo_t *cr, const bw_chart *chart, size_t k)
{
    const bw_series *s = &chart->panel->series[k];
    size_t n = s->n < N_DOTS ? s->n : N_DOTS;

    set_colour(cr, k, dot_opacity);
    for (size_t j = 0; j < n; j++) {
        /* Spread over the series, without a product that could overflow. */
        size_t i = s->n / n * j + s->n % n * j / n;
        if (!is_shown(chart, s, i))
            continue;
        draw_dot(cr, bw_chart_x(chart, x_of(s, i)), bw_chart_y(chart, s->y[i]),
                 dot_radius);
        cairo_fill(cr);
    }
}

/* A line on its way: how many points it has since the last gap. */
typedef struct pen {
    cairo_t *cr;
    const bw_chart *chart;
    const bw_series *series;
    size_t n_run, last;
} pen;

/* A point without neighbours is no line. */
static void lift(pen *p)
{
    if (p->n_run == 1) {
        cairo_new_path(p->cr);
        draw_dot(p->cr, bw_chart_x(p->chart, x_of(p->series, p->last)),
                 bw_chart_y(p->chart, p->series->y[p->last]), dot_radius);
        cairo_fill(p->cr);
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
    pen p = {.cr = cr, .chart = chart, .series = s};
    size_t n_runs = 2 * (size_t)chart->width;
    size_t run = s->n / n_runs < 4 ? 1 : (s->n - 1) / n_runs + 1;

    set_colour(cr, k, 1);
    cairo_set_line_width(cr, line_width);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    set_dash(cr, k);
    cairo_new_path(cr);
    for (size_t from = 0; from < s->n; from += run)
        draw_run(&p, from, s->n - from < run ? s->n : from + run);
    lift(&p);
    set_dash(cr, 0);
    for (size_t i = 0; i < s->n && s->n <= N_MARKED; i++)
        if (is_shown(chart, s, i)) {
            draw_dot(cr, bw_chart_x(chart, x_of(s, i)),
                     bw_chart_y(chart, s->y[i]), dot_radius);
            cairo_fill(cr);
        }
    cairo_set_line_width(cr, 1);
}

void bw_chart_draw(cairo_t *cr, const bw_chart *chart)
{
    const bw_panel *panel = chart->panel;

    bw_text_font(cr, text_size, false);
    cairo_set_line_width(cr, 1);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    if (chart->x.is_empty) {
        set_grey(cr, 0.5);
        bw_text_show(cr, chart->left, chart->top + text_size, 0, chart->width,
                     "nothing to show");
        return;
    }
    draw_x_axis(cr, chart);
    draw_y_axis(cr, chart);
    draw_y_label(cr, chart);
    legend(cr, chart, true);
    for (size_t k = 0; k < panel->n_series; k++)
        if (panel->series[k].style == BW_STYLE_DOTS)
            draw_dots(cr, chart, k);
        else
            draw_line(cr, chart, k);
}
