/* frame.c - axes. */
#include "config.h"

#include <math.h>

#include "plot/frame.h"
#include "plot/text.h"

enum {
    TICK = 4,
    TICK_GAP = BW_FRAME_TICK - TICK,
    TICK_ROOM = 80,  /* widest tick label */
    TICK_SPACE = 10, /* between labels */
    X_TICK_EVERY = 60,
    Y_TICK_EVERY = 44
};

static void set_grey(cairo_t *cr, double level)
{
    cairo_set_source_rgb(cr, level, level, level);
}

double bw_frame_room(cairo_t *cr, const bw_axis *axis)
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

void bw_frame_mark_x(cairo_t *cr, bw_axis *axis, double width)
{
    double every = X_TICK_EVERY, room;

    do {
        bw_axis_mark(axis, n_ticks(width, every));
        room = bw_frame_room(cr, axis) + TICK_SPACE;
        every *= 1.5;
    } while (room * (double)axis->n_ticks > width && every < width);
}

void bw_frame_mark_y(bw_axis *axis, double height, bool is_wide)
{
    bw_axis_mark(axis, n_ticks(height, is_wide ? X_TICK_EVERY : Y_TICK_EVERY));
}

/* A line one pixel wide that covers whole pixels. */
static void rule(cairo_t *cr, double x0, double y0, double x1, double y1)
{
    cairo_move_to(cr, floor(x0) + 0.5, floor(y0) + 0.5);
    cairo_line_to(cr, floor(x1) + 0.5, floor(y1) + 0.5);
    cairo_stroke(cr);
}

static bool is_small(const bw_tick *tick)
{
    return tick->text[0] == '\0';
}

static void set_grid_grey(cairo_t *cr, const bw_tick *tick)
{
    set_grey(cr, is_small(tick) ? 0.96 : 0.9);
}

static double tick_of(const bw_tick *tick)
{
    return is_small(tick) ? TICK / 2 : TICK;
}

void bw_frame_x(cairo_t *cr, const bw_axis *axis, const bw_field *field,
                bool has_grid, const char *opt_label)
{
    double base = field->top + field->height;

    for (size_t k = 0; k < axis->n_ticks; k++) {
        const bw_tick *tick = &axis->tick[k];
        double x = field->left + field->width * bw_axis_at(axis, tick->value);
        set_grid_grey(cr, tick);
        if (has_grid)
            rule(cr, x, field->top, x, base);
        set_grey(cr, 0.3);
        rule(cr, x, base, x, base + tick_of(tick));
        bw_text_show(cr, x, base + TICK + BW_TEXT_SIZE + 1, 0.5, TICK_ROOM,
                     tick->text);
    }
    set_grey(cr, 0.3);
    rule(cr, field->left, base, field->left + field->width, base);
    if (opt_label)
        bw_text_show(cr, field->left + field->width / 2,
                     base + BW_FRAME_BOTTOM + BW_TEXT_SIZE, 0.5, field->width,
                     opt_label);
}

/* Upwards, about the height given. */
static void show_upwards(cairo_t *cr, double x, double y, double room,
                         const char *text)
{
    cairo_save(cr);
    cairo_translate(cr, x, y);
    cairo_rotate(cr, -acos(0));
    bw_text_show(cr, 0, 0, 0.5, room, text);
    cairo_restore(cr);
}

/* Where a value stands, from the field's top. */
static double y_of(const bw_axis *axis, const bw_field *field, bool is_down,
                   double value)
{
    double at = bw_axis_at(axis, value);

    return field->top + field->height * (is_down ? at : 1 - at);
}

void bw_frame_y(cairo_t *cr, const bw_axis *axis, const bw_field *field,
                bool has_grid, bool is_down, const char *opt_label)
{
    double left = field->left, right = left + field->width;

    for (size_t k = 0; k < axis->n_ticks; k++) {
        const bw_tick *tick = &axis->tick[k];
        double y = y_of(axis, field, is_down, tick->value);
        set_grid_grey(cr, tick);
        if (has_grid)
            rule(cr, left, y, right, y);
        set_grey(cr, 0.3);
        rule(cr, left - tick_of(tick), y, left, y);
        bw_text_show(cr, left - BW_FRAME_TICK, y + BW_TEXT_SIZE / 3.0, 1,
                     TICK_ROOM, tick->text);
    }
    set_grey(cr, 0.3);
    rule(cr, left, field->top, left, field->top + field->height);
    if (opt_label)
        show_upwards(cr,
                     left - bw_frame_room(cr, axis) - BW_FRAME_TICK -
                         BW_FRAME_LABEL + BW_TEXT_SIZE,
                     field->top + field->height / 2, field->height, opt_label);
}

void bw_frame_right(cairo_t *cr, const bw_axis *axis, const bw_field *field,
                    const char *opt_label)
{
    double right = field->left + field->width;

    set_grey(cr, 0.3);
    for (size_t k = 0; k < axis->n_ticks; k++) {
        const bw_tick *tick = &axis->tick[k];
        double y = y_of(axis, field, false, tick->value);
        rule(cr, right, y, right + tick_of(tick), y);
        bw_text_show(cr, right + BW_FRAME_TICK, y + BW_TEXT_SIZE / 3.0, 0,
                     TICK_ROOM, tick->text);
    }
    if (opt_label)
        show_upwards(cr,
                     right + BW_FRAME_TICK + bw_frame_room(cr, axis) +
                         BW_TEXT_SIZE + TICK_GAP,
                     field->top + field->height / 2, field->height, opt_label);
}
