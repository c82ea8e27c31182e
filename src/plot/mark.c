/* mark.c - colours, dots and dashes. */
#include "config.h"

#include <math.h>

#include "plot/mark.h"

/* Okabe and Ito's; yellow, which is faint on white, comes last. */
static const unsigned char palette[BW_MARK_COLOURS][3] = {
    {0, 114, 178}, {213, 94, 0},   {0, 158, 115}, {204, 121, 167},
    {230, 159, 0}, {86, 180, 233}, {0, 0, 0},     {240, 228, 66}};

const unsigned char *bw_mark_colour(size_t k)
{
    return palette[k % BW_MARK_COLOURS];
}

void bw_mark_set_colour(cairo_t *cr, size_t k, double opacity)
{
    const unsigned char *c = bw_mark_colour(k);

    cairo_set_source_rgba(cr, c[0] / 255.0, c[1] / 255.0, c[2] / 255.0,
                          opacity);
}

/* A regular polygon of a disc's area; its first corner at a quarter turn times
 * `turn` from the right. */
static void add_polygon(cairo_t *cr, int n, double turn, double x, double y,
                        double radius)
{
    double pi = 2 * acos(0), r = radius * sqrt(2 * pi / (n * sin(2 * pi / n)));

    for (int k = 0; k < n; k++) {
        double angle = turn * pi / 2 + 2 * pi * k / n;
        cairo_line_to(cr, x + r * cos(angle), y + r * sin(angle));
    }
    cairo_close_path(cr);
}

void bw_mark_dot(cairo_t *cr, size_t k, double x, double y, double radius)
{
    cairo_new_sub_path(cr);
    switch (k / BW_MARK_COLOURS % 4) {
    case 0:
        cairo_arc(cr, x, y, radius, 0, 4 * acos(0));
        cairo_close_path(cr);
        break;
    case 1:
        add_polygon(cr, 3, -1, x, y, radius);
        break;
    case 2:
        add_polygon(cr, 4, 0.5, x, y, radius);
        break;
    default:
        add_polygon(cr, 4, 0, x, y, radius);
    }
}

void bw_mark_set_dash(cairo_t *cr, size_t k)
{
    const double dash[] = {6, 3}, dot[] = {2, 2};
    size_t kind = k / BW_MARK_COLOURS % 3;

    if (kind > 0)
        cairo_set_line_cap(cr, CAIRO_LINE_CAP_BUTT);
    cairo_set_dash(cr, kind == 1 ? dash : dot, kind == 0 ? 0 : 2, 0);
}
