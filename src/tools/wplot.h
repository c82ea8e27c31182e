/* wplot.h - the verbs of wplot, and what they share: the page that a figure is
 * for, and matrices from files. */
#ifndef BW_TOOLS_WPLOT_H
#define BW_TOOLS_WPLOT_H

#include <math.h>

#include "barrow/container.h"
#include "plot/figure.h"
#include "plot/frame.h"
#include "tools/verbs.h"

extern bw_option_common bw_wplot_common;

extern const bw_verb bw_verb_wplot_grid, bw_verb_wplot_curve,
    bw_verb_wplot_scatter, bw_verb_wplot_heatmap, bw_verb_wplot_plan,
    bw_verb_wplot_quantile, bw_verb_wplot_bar;

/* ---- the page ---- */

/* What the options of every verb set. */
typedef struct bw_wplot_asked {
    const char *title;
    int size; /* single, double */
    double width, height, font, dpi;
    int format; /* -1: by the output's ending */
} bw_wplot_asked;

extern bw_wplot_asked bw_wplot_asked_page;

/* Names of operands in the legend. */
#define BW_WPLOT_NAME_OPTION(variable)                                         \
    {                                                                          \
        .type = BW_OPTION_LIST, .name = "name", .letter = 'n', .meta = "TEXT", \
        .help = "the name of the first file in the legend; again for the "     \
                "next",                                                        \
        .value = &(variable)                                                   \
    }

#define BW_WPLOT_PAGE_OPTIONS                                                  \
    {.type = BW_OPTION_GROUP, .name = "Figure"},                               \
        {.type = BW_OPTION_TEXT,                                               \
         .name = "title",                                                      \
         .meta = "TEXT",                                                       \
         .help = "a line above",                                               \
         .value = &bw_wplot_asked_page.title},                                 \
        {.type = BW_OPTION_CHOICE,                                             \
         .name = "size",                                                       \
         .help = "as wide as a column of a paper, 86 mm, or two, 178 mm",      \
         .value = &bw_wplot_asked_page.size,                                   \
         .choices = "single|double"},                                          \
        {.type = BW_OPTION_REAL,                                               \
         .name = "width-mm",                                                   \
         .meta = "W",                                                          \
         .help = "width in millimetres instead",                               \
         .value = &bw_wplot_asked_page.width,                                  \
         .min = 10,                                                            \
         .max = 2000},                                                         \
        {.type = BW_OPTION_REAL,                                               \
         .name = "height-mm",                                                  \
         .meta = "H",                                                          \
         .help = "height in millimetres (default: what suits the verb)",       \
         .value = &bw_wplot_asked_page.height,                                 \
         .min = 10,                                                            \
         .max = 2000},                                                         \
        {.type = BW_OPTION_REAL,                                               \
         .name = "font-pt",                                                    \
         .meta = "PT",                                                         \
         .help = "size of text in points",                                     \
         .value = &bw_wplot_asked_page.font,                                   \
         .min = 2,                                                             \
         .max = 100},                                                          \
        {.type = BW_OPTION_REAL,                                               \
         .name = "dpi",                                                        \
         .meta = "N",                                                          \
         .help = "pixels an inch, of PNG",                                     \
         .value = &bw_wplot_asked_page.dpi,                                    \
         .min = 20,                                                            \
         .max = 2400},                                                         \
    {                                                                          \
        .type = BW_OPTION_CHOICE, .name = "format",                            \
        .help = "by default what the output's name ends in, or png",           \
        .value = &bw_wplot_asked_page.format, .choices = "png|svg|pdf"         \
    }

typedef struct bw_wplot_page {
    const char *output;
    bw_figure figure; /* height 0 until the verb or the user says it */
} bw_wplot_page;

/* Where the figure goes, its format and its width, before anything is read.
 * BW_ERR_USAGE for an ending that is no format. */
bw_status bw_wplot_open(bw_wplot_page *page, const bw_program *program,
                        bw_error *err) BW_MUST_CHECK;

/* Draws in the room that the title leaves. */
typedef bw_status (*bw_wplot_draw)(void *arg, cairo_t *cr, const bw_field *room,
                                   bw_error *err);

/* Draws and writes. height, in units, is that of the room where the user asked
 * for no other. */
bw_status bw_wplot_write(bw_wplot_page *page, double height, bw_wplot_draw draw,
                         void *arg, bw_error *err) BW_MUST_CHECK;

/* Units between the figure's edge and what is drawn. */
enum { BW_WPLOT_MARGIN = 4 };

/* At least `min` operands, at most `max`; BW_ERR_USAGE with what is wanted. */
bw_status bw_wplot_need(const bw_parsed *parsed, size_t min, size_t max,
                        const char *what, bw_error *err) BW_MUST_CHECK;

/* A file's name for a legend: without folder and endings. For free(); NULL when
 * memory is out. */
char *bw_wplot_name(const char *path);

/* ---- data ---- */

/* What labels 0, 1, .. are called, where a container's label_names tells. */
typedef struct bw_wplot_names {
    size_t n;
    char **name;
} bw_wplot_names;

/* Digits of a label, and a zero byte. */
enum { BW_WPLOT_DIGITS = 12 };

/* BW_ERR_FORMAT where label_names is no list of strings. Clear after failure,
 * too. */
bw_status bw_wplot_names_read(const bw_reader *reader, bw_wplot_names *names,
                              bw_error *err) BW_MUST_CHECK;
void bw_wplot_names_clear(bw_wplot_names *names);
/* A label's name; where it has none, its digits, which are put where the last
 * argument points. */
const char *bw_wplot_names_get(const bw_wplot_names *names, int32_t label,
                               char digits[BW_WPLOT_DIGITS]);

typedef struct bw_wplot_matrix {
    char *path;      /* for messages */
    size_t n, d;     /* rows, columns */
    double *values;  /* (n, d), as they are in the file */
    int32_t *labels; /* (n), or NULL */
    bw_wplot_names names;
    char *name;  /* of the tensor, or NULL */
    char *about; /* metadata `quantity` and so on in words, or NULL */
} bw_wplot_matrix;

/* Reads a tensor of rank 1 or 2 and, beside it, `labels` (n): of a container,
 * opt_tensor or the first that is there of names, which end with NULL; or a
 * regular file of NPY, IDX or a table of numbers. BW_ERR_DIMENSION for other
 * ranks and no rows; BW_ERR_FORMAT with the names of tensors. Clear after
 * failure, too. */
bw_status bw_wplot_matrix_load(const char *path, const char *opt_tensor,
                               const char *const *names,
                               bw_wplot_matrix *matrix,
                               bw_error *err) BW_MUST_CHECK;
void bw_wplot_matrix_clear(bw_wplot_matrix *matrix);

/* A tensor as it stands in a file, widened: n_items doubles for free(). */
bw_status bw_wplot_tensor(bw_reader *reader, const bw_tensor *tensor,
                          double **ret_values, bw_error *err) BW_MUST_CHECK;

/* "W2^2 cost, l2 ground (pixels^2)": what the values of a container of
 * distances are. For free(); NULL when memory is out. */
char *bw_wplot_about(const bw_reader *reader);

/* Distances with their pairs. */
typedef struct bw_wplot_pairs {
    char *path, *about;
    size_t m;
    uint32_t (*pair)[2];
    double *value;   /* or NULL, where the file has plans alone */
    bool is_between; /* rows and columns are two files' */
    /* Of plans, where they are wanted: arcs of pair k stand from offset[k] to
     * offset[k + 1]. */
    uint64_t *offset;
    uint32_t (*bin)[2];
    double *mass;
    char *provenance; /* or NULL */
} bw_wplot_pairs;

bw_status bw_wplot_pairs_load(const char *path, bool wants_plans,
                              bw_wplot_pairs *pairs,
                              bw_error *err) BW_MUST_CHECK;
void bw_wplot_pairs_clear(bw_wplot_pairs *pairs);

#endif
