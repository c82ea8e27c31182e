/* text.c - lines of text with cairo. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "plot/text.h"
#include "store/utf8.h"

static const char ellipsis[] = "\xe2\x80\xa6";

void bw_text_font(cairo_t *cr, double size, bool is_bold)
{
    cairo_font_options_t *options = cairo_font_options_create();

    cairo_select_font_face(cr, "sans", CAIRO_FONT_SLANT_NORMAL,
                           is_bold ? CAIRO_FONT_WEIGHT_BOLD
                                   : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, size);
    /* Whatever a desktop's settings are. Only pixels want hints. */
    bool has_pixels = cairo_surface_get_type(cairo_get_target(cr)) ==
                      CAIRO_SURFACE_TYPE_IMAGE;
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(
        options, has_pixels ? CAIRO_HINT_STYLE_SLIGHT : CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(
        options, has_pixels ? CAIRO_HINT_METRICS_ON : CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(cr, options);
    cairo_font_options_destroy(options);
}

static double advance(cairo_t *cr, const char *text)
{
    cairo_text_extents_t extents;

    cairo_text_extents(cr, text, &extents);
    return extents.x_advance;
}

/* The text as it is shown, in room for it and an ellipsis; its width. */
static double fit(cairo_t *cr, const char *text, double width,
                  char shown[BW_UTF8_SHOWN + sizeof ellipsis])
{
    bw_utf8_show(text, shown);
    double w = advance(cr, shown);
    size_t n = strlen(shown);

    while (w > width && n > 0) {
        do
            n--;
        while (n > 0 && ((unsigned char)shown[n] & 0xC0) == 0x80);
        memcpy(shown + n, ellipsis, sizeof ellipsis);
        w = advance(cr, shown);
    }
    return w;
}

double bw_text_width(cairo_t *cr, const char *text, double width)
{
    char shown[BW_UTF8_SHOWN + sizeof ellipsis];

    return fit(cr, text, width, shown);
}

void bw_text_show(cairo_t *cr, double x, double y, double align, double width,
                  const char *text)
{
    char shown[BW_UTF8_SHOWN + sizeof ellipsis];
    double w = fit(cr, text, width, shown);

    cairo_move_to(cr, round(x - align * w), round(y));
    cairo_show_text(cr, shown);
}
