/* test_chart.c - points and lines are where their values say, and nothing else
 * is. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot/chart.h"
#include "plot/mark.h"

enum { WIDTH = 460, HEIGHT = 460 };

/* A chart on white, and what it was drawn with. */
typedef struct drawn {
    cairo_surface_t *surface;
    cairo_t *cr;
    bw_chart chart;
} drawn;

static drawn draw_from(const bw_panel *panel, double left)
{
    drawn d = {.surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, WIDTH,
                                                     HEIGHT)};

    d.cr = cairo_create(d.surface);
    cairo_set_source_rgb(d.cr, 1, 1, 1);
    cairo_paint(d.cr);
    d.chart = bw_chart_place(d.cr, panel, left, 0, WIDTH - left, HEIGHT);
    bw_chart_draw(d.cr, &d.chart);
    cairo_surface_flush(d.surface);
    cr_assert_eq(cairo_status(d.cr), CAIRO_STATUS_SUCCESS);
    return d;
}

static drawn draw(const bw_panel *panel)
{
    return draw_from(panel, 0);
}

static void clear(drawn *d)
{
    cairo_destroy(d->cr);
    cairo_surface_destroy(d->surface);
}

/* The distance of a pixel's colour from the k-th series', per channel. */
static int away(const drawn *d, double x, double y, size_t k)
{
    const unsigned char *data = cairo_image_surface_get_data(d->surface);
    const unsigned char *want = bw_mark_colour(k);
    int stride = cairo_image_surface_get_stride(d->surface), most = 0;
    uint32_t pixel;

    cr_assert(x >= 0 && y >= 0 && x < WIDTH && y < HEIGHT, "%g %g", x, y);
    memcpy(&pixel, data + (int)y * stride + 4 * (int)x, sizeof pixel);
    for (int c = 0; c < 3; c++) {
        int gap = abs((int)(pixel >> (16 - 8 * c) & 255) - want[c]);
        most = gap > most ? gap : most;
    }
    return most;
}

static int away_at(const drawn *d, double x, double y, size_t k)
{
    return away(d, bw_chart_x(&d->chart, x), bw_chart_y(&d->chart, y), k);
}

/* Pixels of the field that are more of a series' colour than white. */
static size_t n_pixels(const drawn *d, size_t k)
{
    const bw_chart *c = &d->chart;
    size_t n = 0;

    for (double y = c->field.top + 2; y < c->field.top + c->field.height - 2;
         y++)
        for (double x = c->field.left + 2;
             x < c->field.left + c->field.width - 2; x++)
            n += away(d, x, y, k) < 170;
    return n;
}

Test(chart, dots_are_where_they_are)
{
    const double x[] = {0, 1, 0, 1, 0.25}, y[] = {0, 0, 2, 2, 1.5};
    const bw_series series[] = {
        {.style = BW_STYLE_DOTS, .n = 3, .opt_x = x, .y = y},
        {.style = BW_STYLE_DOTS, .n = 2, .opt_x = x + 3, .y = y + 3}};
    const bw_panel panel = {.n_series = 2, .series = series};
    drawn d = draw(&panel);

    for (int k = 0; k < 5; k++) {
        cr_assert_lt(away_at(&d, x[k], y[k], k > 2), 90, "point %d", k);
        cr_assert_gt(away_at(&d, x[k], y[k], k <= 2), 90, "point %d", k);
    }
    /* Three and two discs of radius 2.4. */
    cr_assert_float_eq((double)n_pixels(&d, 0), 3 * 18, 16);
    cr_assert_float_eq((double)n_pixels(&d, 1), 2 * 18, 11);
    /* x to the right, y upwards, inside the field. */
    const bw_chart *c = &d.chart;
    cr_assert(c->field.left > 0 && bw_chart_x(c, 0) > c->field.left);
    cr_assert(bw_chart_x(c, 1) > bw_chart_x(c, 0) + 300);
    cr_assert(bw_chart_x(c, 1) < c->field.left + c->field.width &&
              c->field.left + c->field.width < WIDTH);
    cr_assert(bw_chart_y(c, 2) < bw_chart_y(c, 0) - 300 &&
              bw_chart_y(c, 2) > c->field.top);
    cr_assert(bw_chart_y(c, 0) < c->field.top + c->field.height &&
              c->field.top + c->field.height < HEIGHT);
    clear(&d);
}

Test(chart, dots_of_a_later_series_hide_no_earlier_one)
{
    enum { N = 1500 };
    double x[2][N], y[2][N];
    const bw_series series[] = {
        {.style = BW_STYLE_DOTS, .n = N, .opt_x = x[0], .y = y[0]},
        {.style = BW_STYLE_DOTS, .n = N, .opt_x = x[1], .y = y[1]}};
    const bw_panel panel = {.n_series = 2, .series = series};

    /* The same places, in opposite orders. */
    for (int k = 0; k < N; k++) {
        x[0][k] = x[1][N - 1 - k] = k % 50;
        y[0][k] = y[1][N - 1 - k] = (double)(k / 50);
    }
    drawn d = draw(&panel);
    size_t n_first = 0, n_second = 0;
    for (int k = 0; k < N; k++) {
        n_first += away_at(&d, x[0][k], y[0][k], 0) < 90;
        n_second += away_at(&d, x[0][k], y[0][k], 1) < 90;
    }
    cr_assert_gt(n_first, N / 3);
    cr_assert_gt(n_second, N / 3);
    clear(&d);
}

Test(chart, dots_of_a_large_series_are_as_large_as_others)
{
    enum { N = 1200 };
    double x[N + 1], y[N + 1];
    const bw_series series[] = {
        {.style = BW_STYLE_DOTS, .n = N, .opt_x = x, .y = y},
        {.style = BW_STYLE_DOTS, .n = 1, .opt_x = x + N, .y = y + N}};
    const bw_panel panel = {.n_series = 2, .series = series};

    for (int k = 0; k < N; k++)
        x[k] = y[k] = 0;
    x[N] = y[N] = 1;
    drawn d = draw(&panel);
    /* A disc of radius 1.5. */
    cr_assert_float_eq((double)n_pixels(&d, 1), 7, 5);
    clear(&d);
}

Test(chart, what_is_beyond_a_given_axis_is_cut_off)
{
    const double y[] = {0, 40, 0, 2};
    const bw_series series = {.n = 4, .y = y};
    const bw_panel panel = {.opt_x_label = "x",
                            .has_y_range = true,
                            .y_low = -1,
                            .y_high = 4,
                            .n_series = 1,
                            .series = &series};
    drawn d = draw(&panel);
    const bw_chart *c = &d.chart;

    cr_assert_float_eq(bw_chart_y(c, 4), c->field.top, 1e-9);
    cr_assert_float_eq(bw_chart_y(c, -1), c->field.top + c->field.height, 1e-9);
    cr_assert_lt(away_at(&d, 4, 2, 0), 30);
    for (double x = 0; x < WIDTH; x++)
        for (double up = 0; up < c->field.top - 1; up++)
            cr_assert_gt(away(&d, x, up, 0), 90, "%g %g", x, up);
    clear(&d);
}

Test(chart, a_line_passes_through_its_points)
{
    const double y[] = {1, 5, 2, 2};
    const bw_series series = {.n = 4, .y = y};
    const bw_panel panel = {.n_series = 1, .series = &series};
    drawn d = draw(&panel);

    for (int k = 0; k < 4; k++)
        cr_assert_lt(away_at(&d, k + 1, y[k], 0), 30, "point %d", k);
    for (int k = 0; k < 3; k++)
        for (double t = 0.1; t < 0.95; t += 0.1)
            cr_assert_lt(
                away_at(&d, k + 1 + t, y[k] + t * (y[k + 1] - y[k]), 0), 90,
                "after point %d", k);
    cr_assert_gt(away_at(&d, 1.5, 2, 0), 90);
    cr_assert_gt(away_at(&d, 3.5, 3, 0), 90);
    clear(&d);
}

Test(chart, a_logarithmic_line_is_straight_there)
{
    enum { N = 100 };
    double y[N];
    const bw_series series = {.n = N, .y = y};
    const bw_panel panel = {.is_log_y = true, .n_series = 1, .series = &series};

    for (int k = 0; k < N; k++)
        y[k] = pow(10, 3 - 6 * k / 99.0);
    drawn d = draw(&panel);
    double left = bw_chart_x(&d.chart, 1), right = bw_chart_x(&d.chart, N);
    double top = bw_chart_y(&d.chart, 1e3), base = bw_chart_y(&d.chart, 1e-3);
    for (double t = 0; t <= 1; t += 0.125)
        cr_assert_lt(
            away(&d, left + t * (right - left), top + t * (base - top), 0), 90,
            "at %g", t);
    cr_assert_float_eq(bw_chart_y(&d.chart, 1), (top + base) / 2, 1e-9);
    clear(&d);
}

Test(chart, a_line_of_gaps_keeps_its_length)
{
    const double x[] = {-4, 0, 4}, y[] = {INFINITY, 1, NAN};
    const bw_series series = {.n = 3, .opt_x = x, .y = y};
    const bw_panel panel = {.n_series = 1, .series = &series};
    drawn d = draw(&panel);

    cr_assert(d.chart.x.low <= -4 && d.chart.x.high >= 4);
    cr_assert_lt(away_at(&d, 0, 1, 0), 90);
    clear(&d);
}

Test(chart, what_cannot_be_shown_is_a_gap)
{
    const double y[] = {1, 1, -1, 0, NAN, 1, INFINITY, -INFINITY, 1, 1};
    const bw_series series = {.n = 10, .y = y};
    const bw_panel panel = {.is_log_y = true, .n_series = 1, .series = &series};
    drawn d = draw(&panel);

    cr_assert_lt(away_at(&d, 1.5, 1, 0), 90);
    cr_assert_gt(away_at(&d, 2.5, 1, 0), 90);
    cr_assert_gt(away_at(&d, 4, 1, 0), 90);
    cr_assert_lt(away_at(&d, 6, 1, 0), 90, "a point without neighbours");
    cr_assert_gt(away_at(&d, 6.5, 1, 0), 90);
    cr_assert_gt(away_at(&d, 8, 1, 0), 90);
    cr_assert_lt(away_at(&d, 9.5, 1, 0), 90);
    clear(&d);
}

Test(chart, thinning_keeps_what_is_seen)
{
    enum { N = 1000000 };
    double *y = malloc(N * sizeof *y);
    const bw_series series = {.n = N, .y = y};
    const bw_panel panel = {.n_series = 1, .series = &series};

    for (int k = 0; k < N; k++)
        y[k] = 0;
    y[123456] = 1;
    y[876543] = -1;
    drawn d = draw(&panel);
    cr_assert_lt(away_at(&d, 123457, 0.5, 0), 150);
    cr_assert_lt(away_at(&d, 876544, -0.5, 0), 150);
    cr_assert_gt(away_at(&d, 123457, -0.5, 0), 150);
    for (double x = 1; x <= N; x += 99999)
        cr_assert_lt(away_at(&d, x, 0, 0), 90, "at %g", x);
    clear(&d);
    free(y);
}

Test(chart, square_axes_have_one_scale)
{
    const double x[] = {0, 10}, y[] = {0, 1};
    const bw_series series = {
        .style = BW_STYLE_DOTS, .n = 2, .opt_x = x, .y = y};
    const bw_series turned = {
        .style = BW_STYLE_DOTS, .n = 2, .opt_x = y, .y = x};
    bw_panel panel = {.is_square = true, .n_series = 1, .series = &series};

    for (int k = 0; k < 2; k++) {
        drawn d = draw(&panel);
        cr_assert_float_eq(bw_chart_x(&d.chart, 1) - bw_chart_x(&d.chart, 0),
                           bw_chart_y(&d.chart, 0) - bw_chart_y(&d.chart, 1),
                           1e-9);
        for (int i = 0; i < 2; i++)
            cr_assert_lt(
                away_at(&d, panel.series->opt_x[i], panel.series->y[i], 0), 90);
        clear(&d);
        panel.series = &turned;
    }
}

/* Whether nothing is drawn in the first column, left of the chart. */
static bool is_left_free(const drawn *d)
{
    const unsigned char *data = cairo_image_surface_get_data(d->surface);
    int stride = cairo_image_surface_get_stride(d->surface);

    for (int y = 0; y < HEIGHT; y++)
        if (data[y * stride] != 255)
            return false;
    return true;
}

/* A scale that is shared lengthens labels, which take room from it. */
Test(chart, square_axes_of_any_range_have_one_scale)
{
    double x[] = {0, 1}, y[] = {0, 1};
    const bw_series series = {
        .style = BW_STYLE_DOTS, .n = 2, .opt_x = x, .y = y};
    const bw_panel panel = {
        .is_square = true, .n_series = 1, .series = &series};

    for (int k = 0; k < 60; k++) {
        x[1] = pow(10, k % 5 - 2) * (1 + k % 5);
        y[1] = pow(10, k % 4 - 2) * (1 + k % 4);
        drawn d = draw_from(&panel, 3);
        double across = bw_chart_x(&d.chart, x[1]) - bw_chart_x(&d.chart, 0);
        double up = bw_chart_y(&d.chart, 0) - bw_chart_y(&d.chart, y[1]);
        cr_assert_float_eq(across * y[1], up * x[1],
                           1e-6 * (across * y[1] + up * x[1]),
                           "%g in %g pixels, %g in %g", x[1], across, y[1], up);
        cr_assert(is_left_free(&d), "%g and %g", x[1], y[1]);
        clear(&d);
    }
}

/* Pixels of the legend that are of series k's colour, and the box they are in:
 * left, right, top, bottom. */
static size_t in_legend(const drawn *d, size_t k, int box[4])
{
    size_t n = 0;

    for (int y = 0; y < (int)d->chart.field.top; y++)
        for (int x = 0; x < WIDTH; x++) {
            if (away(d, x, y, k) > 60)
                continue;
            box[0] = n && box[0] < x ? box[0] : x;
            box[1] = n && box[1] > x ? box[1] : x;
            box[2] = n ? box[2] : y;
            box[3] = y;
            n++;
        }
    return n;
}

/* A line of two pixels, a dot, and in the next row, from the left again, a
 * line. */
Test(chart, legend_shows_how_series_look)
{
    const double y[] = {0, 1, 2};
    const bw_series series[] = {
        {.name = "a", .n = 3, .y = y},
        {.name = "b", .style = BW_STYLE_DOTS, .n = 3, .y = y},
        {.name =
             "a name that is so very long that it takes a whole row of its own",
         .n = 3,
         .y = y}};
    const bw_panel panel = {.n_series = 3, .series = series};
    drawn d = draw(&panel);
    int a[4], b[4], c[4];

    cr_assert_gt(in_legend(&d, 0, a), 0);
    cr_assert_gt(in_legend(&d, 1, b), 0);
    cr_assert_gt(in_legend(&d, 2, c), 0);
    cr_expect_gt(a[1] - a[0], 10);
    cr_expect_eq(a[3] - a[2], 1);
    cr_expect_lt(b[1] - b[0], 10);
    cr_expect_gt(b[3] - b[2], 2);
    cr_expect_gt(b[0], a[1]);
    cr_expect_gt(c[2], b[3]);
    cr_expect_eq(c[0], a[0], "%d, not %d", c[0], a[0]);
    cr_expect_eq(c[3] - c[2], 1);
    clear(&d);
}

Test(chart, ticks_stand_at_their_values)
{
    const double y[] = {0, 10};
    const bw_series series = {.n = 2, .y = y};
    const bw_panel panel = {.n_series = 1, .series = &series};
    drawn d = draw(&panel);
    const unsigned char *data = cairo_image_surface_get_data(d.surface);
    int stride = cairo_image_surface_get_stride(d.surface);

    for (int v = 0; v <= 10; v += 2) {
        const unsigned char *row = data + (int)bw_chart_y(&d.chart, v) * stride;
        cr_assert_lt(row[4 * ((int)d.chart.field.left - 2)], 100, "tick %d", v);
        cr_assert_gt(row[4 * ((int)d.chart.field.left - 2) + 5 * stride], 200);
    }
    clear(&d);
}

Test(chart, the_legend_takes_its_room_from_the_field)
{
    const double y[] = {0, 10};
    bw_series series[40];
    bw_panel panel = {.series = series};
    double top = 0;

    for (int k = 0; k < 40; k++)
        series[k] = (bw_series){.n = 2, .y = y};
    for (size_t n = 1; n <= 40; n++) {
        panel.n_series = n;
        series[n - 1].name = "a name of some length";
        drawn d = draw(&panel);
        cr_assert_geq(d.chart.field.top, top);
        cr_assert_leq(d.chart.field.top, 152);
        top = d.chart.field.top;
        clear(&d);
    }
    cr_assert_eq(top, 152);
    series[0].name = "";
    panel.n_series = 1;
    drawn d = draw(&panel);
    cr_assert_lt(d.chart.field.top, 30);
    clear(&d);
}

Test(chart, hostile_series)
{
    const double v[] = {-9e299, 9e299, 1e-300, -1e-300, 0, 1, NAN, INFINITY};
    bw_series series = {.name = "\xff\x01 a \xc3", .opt_x = v, .y = v};
    bw_panel panel = {.title = NULL,
                      .opt_x_label = "\xe2\x82",
                      .opt_y_label = "\n\n",
                      .n_series = 1,
                      .series = &series};

    for (int k = 0; k < 64; k++) {
        series.n = (size_t)k / 4 % 2 * 8;
        series.style = k % 2 ? BW_STYLE_DOTS : BW_STYLE_LINE;
        series.opt_x = k / 16 % 2 ? v : NULL;
        panel.is_log_y = k / 2 % 2;
        panel.is_square = k / 8 % 2;
        panel.n_series = k / 32 ? 1 : (size_t)k % 2;
        drawn d = draw(&panel);
        clear(&d);
    }
}
