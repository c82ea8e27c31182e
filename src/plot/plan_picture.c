/* plan_picture.c - a transport plan between two images. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "plot/mark.h"
#include "plot/plan_picture.h"
#include "plot/surface.h"
#include "plot/text.h"

enum { CAPTION = 18, BETWEEN = 14, BLUE = 0, ORANGE = 1 };

/* Pixels of the plan's image as squares: the side of one, where they are. */
typedef struct place {
    double side, left, top;
} place;

static place fit(const bw_plan_picture *picture, const bw_field *room)
{
    double side = fmin(room->width / (double)picture->w,
                       (room->height - CAPTION) / (double)picture->h);

    return (place){side,
                   room->left + (room->width - side * (double)picture->w) / 2,
                   room->top + CAPTION};
}

static unsigned char byte(double x)
{
    return (unsigned char)nearbyint(255 * fmin(fmax(x, 0), 1));
}

/* ---- painting ---- */

static bw_status show(cairo_t *cr, const bw_plan_picture *picture,
                      const bw_image *image, const place *p, bw_error *err)
{
    cairo_surface_t *surface = NULL;
    double width = p->side * (double)picture->w,
           height = p->side * (double)picture->h;
    bw_status status = bw_surface_of_image(image, &surface, err);

    if (!status)
        bw_surface_paint(cr, surface, p->left, p->top, width, height);
    cairo_surface_destroy(surface);
    cairo_set_source_rgb(cr, 0.6, 0.6, 0.6);
    cairo_set_line_width(cr, 0.8);
    cairo_rectangle(cr, p->left, p->top, width, height);
    cairo_stroke(cr);
    return status;
}

static void caption(cairo_t *cr, double x, double y, double align, size_t mark,
                    const char *text)
{
    bw_mark_set_colour(cr, mark, 1);
    bw_text_show(cr, x, y - 5, align, 200, text);
}

/* White less what the inks of both images take. */
static void tint(const bw_plan_picture *picture, bw_image *image)
{
    unsigned char *rgb = image->data;

    for (size_t k = 0; k < picture->h * picture->w; k++)
        for (size_t c = 0; c < 3; c++) {
            double light = 1;
            for (size_t i = 0; i < 2; i++) {
                double ink = 1 - bw_mark_colour(i)[c] / 255.0;
                light *= 1 - 0.75 * ink * picture->image[i][k];
            }
            *rgb++ = byte(light);
        }
}

/* ---- arrows ---- */

typedef struct arrow {
    double cost; /* mass times squared length, to choose by */
    size_t arc;
} arrow;

static int by_cost(const void *a, const void *b)
{
    const arrow *x = a, *y = b;

    if (x->cost < y->cost || x->cost > y->cost)
        return x->cost < y->cost ? 1 : -1;
    return x->arc < y->arc ? -1 : x->arc > y->arc;
}

static void centre(const bw_plan_picture *picture, const place *p, uint32_t bin,
                   double *x, double *y)
{
    *x = p->left + p->side * ((double)(bin % picture->w) + 0.5);
    *y = p->top + p->side * ((double)(bin / picture->w) + 0.5);
}

static void draw_arrow(cairo_t *cr, const bw_plan_picture *picture,
                       const place *p, size_t arc, double share)
{
    double x0, y0, x1, y1;

    centre(picture, p, picture->bin[arc][0], &x0, &y0);
    centre(picture, p, picture->bin[arc][1], &x1, &y1);
    double length = hypot(x1 - x0, y1 - y0), head = fmin(4, 0.6 * length);
    double ux = (x1 - x0) / length, uy = (y1 - y0) / length;
    cairo_set_source_rgba(cr, 0, 0, 0, 0.15 + 0.75 * share);
    cairo_set_line_width(cr, 0.4 + 0.8 * share);
    cairo_move_to(cr, x0, y0);
    cairo_line_to(cr, x1 - head * ux, y1 - head * uy);
    cairo_stroke(cr);
    cairo_move_to(cr, x1, y1);
    cairo_line_to(cr, x1 - head * ux - head / 3 * uy,
                  y1 - head * uy + head / 3 * ux);
    cairo_line_to(cr, x1 - head * ux + head / 3 * uy,
                  y1 - head * uy - head / 3 * ux);
    cairo_close_path(cr);
    cairo_fill(cr);
}

static bw_status draw_arrows(cairo_t *cr, const bw_plan_picture *picture,
                             const place *p, bw_error *err)
{
    arrow *moving = malloc((picture->n + 1) * sizeof *moving);
    size_t n = 0;
    double most = 0;

    if (!moving)
        return bw_error_memory(err);
    for (size_t k = 0; k < picture->n; k++) {
        double dx = (double)(picture->bin[k][0] % picture->w) -
                    (double)(picture->bin[k][1] % picture->w);
        double dy = (double)(picture->bin[k][0] / picture->w) -
                    (double)(picture->bin[k][1] / picture->w);
        if (picture->bin[k][0] == picture->bin[k][1] || !(picture->mass[k] > 0))
            continue;
        moving[n++] = (arrow){picture->mass[k] * (dx * dx + dy * dy), k};
        most = fmax(most, picture->mass[k]);
    }
    qsort(moving, n, sizeof *moving, by_cost);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    for (size_t k = 0; k < n && k < BW_PLAN_PICTURE_ARROWS; k++)
        draw_arrow(cr, picture, p, moving[k].arc,
                   sqrt(picture->mass[moving[k].arc] / most));
    free(moving);
    return BW_OK;
}

bw_status bw_plan_picture_draw_arrows(cairo_t *cr,
                                      const bw_plan_picture *picture,
                                      const bw_field *room, bw_error *err)
{
    place p = fit(picture, room);
    double right = p.left + p.side * (double)picture->w;
    bw_image image = BW_IMAGE_INIT;
    bw_status status =
        bw_image_shape(&image, BW_U8, picture->h, picture->w, 3, err);

    bw_text_font(cr, BW_TEXT_SIZE, false);
    if (!status) {
        tint(picture, &image);
        status = show(cr, picture, &image, &p, err);
    }
    caption(cr, p.left, p.top, 0, BLUE, "from");
    caption(cr, right, p.top, 1, ORANGE, "to");
    if (!status)
        status = draw_arrows(cr, picture, &p, err);
    bw_image_clear(&image);
    return status;
}

/* ---- colours ---- */

/* A colour of a pixel's place: corners of four hues that the colour-blind tell
 * apart, between which it is bilinear. */
static void place_colour(const bw_plan_picture *picture, size_t bin,
                         double rgb[3])
{
    static const size_t corner[4] = {0, 2, 1, 4}; /* marks, by rows */
    double x = picture->w > 1
                   ? (double)(bin % picture->w) / (double)(picture->w - 1)
                   : 0;
    double y = picture->h > 1
                   ? (double)(bin / picture->w) / (double)(picture->h - 1)
                   : 0;

    for (size_t c = 0; c < 3; c++)
        rgb[c] = ((1 - y) * ((1 - x) * bw_mark_colour(corner[0])[c] +
                             x * bw_mark_colour(corner[1])[c]) +
                  y * ((1 - x) * bw_mark_colour(corner[2])[c] +
                       x * bw_mark_colour(corner[3])[c])) /
                 255.0;
}

/* Ink of a colour on white, as much as the pixel is full. */
static void set_ink(bw_image *image, size_t k, const double rgb[3], double full)
{
    unsigned char *to = (unsigned char *)image->data + 3 * k;

    for (size_t c = 0; c < 3; c++)
        to[c] = byte(1 - full * (1 - rgb[c]));
}

static void paint_from(const bw_plan_picture *picture, bw_image *image)
{
    for (size_t k = 0; k < picture->h * picture->w; k++) {
        double rgb[3];
        place_colour(picture, k, rgb);
        set_ink(image, k, rgb, picture->image[0][k]);
    }
}

static bw_status paint_to(const bw_plan_picture *picture, bw_image *image,
                          bw_error *err)
{
    size_t n = picture->h * picture->w;
    double(*sum)[4] = calloc(n, sizeof *sum); /* colour, mass */

    if (!sum)
        return bw_error_memory(err);
    for (size_t k = 0; k < picture->n; k++) {
        double rgb[3];
        place_colour(picture, picture->bin[k][0], rgb);
        for (size_t c = 0; c < 3; c++)
            sum[picture->bin[k][1]][c] += picture->mass[k] * rgb[c];
        sum[picture->bin[k][1]][3] += picture->mass[k];
    }
    for (size_t k = 0; k < n; k++) {
        for (size_t c = 0; c < 3 && sum[k][3] > 0; c++)
            sum[k][c] /= sum[k][3];
        set_ink(image, k, sum[k], picture->image[1][k]);
    }
    free(sum);
    return BW_OK;
}

bw_status bw_plan_picture_draw_colours(cairo_t *cr,
                                       const bw_plan_picture *picture,
                                       const bw_field *room, bw_error *err)
{
    bw_field half = {room->left, room->top, (room->width - BETWEEN) / 2,
                     room->height};
    bw_image image = BW_IMAGE_INIT;
    bw_status status =
        bw_image_shape(&image, BW_U8, picture->h, picture->w, 3, err);

    bw_text_font(cr, BW_TEXT_SIZE, false);
    for (int k = 0; k < 2 && !status; k++) {
        place p = fit(picture, &half);
        if (k == 0)
            paint_from(picture, &image);
        else
            status = paint_to(picture, &image, err);
        if (!status)
            status = show(cr, picture, &image, &p, err);
        cairo_set_source_rgb(cr, 0.2, 0.2, 0.2);
        bw_text_show(cr, p.left, p.top - 5, 0, half.width, k ? "to" : "from");
        half.left += half.width + BETWEEN;
    }
    bw_image_clear(&image);
    return status;
}
