/* wplot.c - main of wplot: pictures of containers, logs and tables. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/path.h"
#include "plot/text.h"
#include "tools/wplot.h"

bw_option_common bw_wplot_common;

bw_wplot_asked bw_wplot_asked_page = {
    .width = NAN, .height = NAN, .font = 8, .dpi = 300, .format = -1};

enum { TITLE = 20 };

static const double size_mm[] = {86, 178};

static const char *const endings[] = {".png", ".svg", ".pdf"};

static bool ends_in(const char *text, const char *ending)
{
    size_t n = strlen(text), m = strlen(ending);

    return n > m && strcasecmp(text + n - m, ending) == 0;
}

bw_status bw_wplot_open(bw_wplot_page *page, const bw_program *program,
                        bw_error *err)
{
    const bw_wplot_asked *asked = &bw_wplot_asked_page;
    int format = asked->format;
    bw_status status = bw_tool_output(program, &page->output, err);

    if (status)
        return status;
    for (int k = 0; k < 3 && format < 0; k++)
        if (ends_in(page->output, endings[k]))
            format = k;
    if (format < 0 && strchr(bw_path_base(page->output), '.'))
        return bw_error_set(err, BW_ERR_USAGE,
                            "%s ends in none of .png, .svg and .pdf: give "
                            "--format",
                            page->output);
    page->figure = (bw_figure){.format = format < 0 ? BW_FIGURE_PNG
                                                    : (bw_figure_format)format,
                               .font = asked->font,
                               .dpi = asked->dpi};
    double mm = isnan(asked->width) ? size_mm[asked->size] : asked->width;
    page->figure.width = bw_figure_units(&page->figure, mm);
    return BW_OK;
}

typedef struct framed {
    const bw_wplot_page *page;
    bw_wplot_draw draw;
    void *arg;
} framed;

static double title_room(void)
{
    return bw_wplot_asked_page.title ? TITLE : 0;
}

static bw_status draw_framed(void *arg, cairo_t *cr, bw_error *err)
{
    const framed *f = arg;
    const bw_figure *figure = &f->page->figure;
    bw_field room = {BW_WPLOT_MARGIN, BW_WPLOT_MARGIN + title_room(),
                     figure->width - 2 * BW_WPLOT_MARGIN,
                     figure->height - 2 * BW_WPLOT_MARGIN - title_room()};

    if (bw_wplot_asked_page.title) {
        bw_text_font(cr, BW_TEXT_SIZE, true);
        cairo_set_source_rgb(cr, 0.13, 0.13, 0.13);
        bw_text_show(cr, room.left, BW_WPLOT_MARGIN + BW_TEXT_SIZE, 0,
                     room.width, bw_wplot_asked_page.title);
    }
    return f->draw(f->arg, cr, &room, err);
}

bw_status bw_wplot_write(bw_wplot_page *page, double height, bw_wplot_draw draw,
                         void *arg, bw_error *err)
{
    framed f = {page, draw, arg};

    page->figure.height =
        isnan(bw_wplot_asked_page.height)
            ? height + 2 * BW_WPLOT_MARGIN + title_room()
            : bw_figure_units(&page->figure, bw_wplot_asked_page.height);
    return bw_figure_write(page->output, &page->figure, draw_framed, &f, err);
}

bw_status bw_wplot_need(const bw_parsed *parsed, size_t min, size_t max,
                        const char *what, bw_error *err)
{
    size_t n_standard = 0;

    for (size_t k = 0; k < parsed->n_operands; k++)
        n_standard += strcmp(parsed->operand[k], "-") == 0;
    if (n_standard > 1)
        return bw_error_set(err, BW_ERR_USAGE,
                            "standard input can be one file only");
    if (parsed->n_operands >= min && parsed->n_operands <= max)
        return BW_OK;
    return bw_error_set(err, BW_ERR_USAGE, "%s %s needed, not %zu operands",
                        what, max == 1 ? "is" : "are", parsed->n_operands);
}

char *bw_wplot_name(const char *path)
{
    const char *base = bw_path_base(path);
    size_t n = strcspn(base, ".");

    return strcmp(path, "-") == 0 ? strdup("standard input")
           : n > 0                ? strndup(base, n)
                                  : strdup(base);
}

int main(int argc, char **argv)
{
    static const bw_verb *const verbs[] = {
        &bw_verb_wplot_grid,    &bw_verb_wplot_curve, &bw_verb_wplot_scatter,
        &bw_verb_wplot_heatmap, &bw_verb_wplot_plan,  &bw_verb_wplot_quantile,
        &bw_verb_wplot_bar,
    };

    bw_option_common_init(&bw_wplot_common);
    return bw_verbs_main("wplot",
                         "Pictures of containers, training logs and tables: "
                         "PNG, SVG or PDF.",
                         sizeof verbs / sizeof *verbs, verbs, argc, argv);
}
