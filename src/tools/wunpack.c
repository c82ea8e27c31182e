/* wunpack.c - main of wunpack: the texts of its options become
 * bw_unpack_options. */
#include "config.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "store/unpack.h"
#include "tools/tool.h"

enum { MAX_CELLS = 1 << 16 };

/* What the options set; bw_tool_run hands nothing else over. */
static struct {
    int format, depth;
    const char *rows, *index, *grid, *range;
    bool header;
    uint64_t pad, scale;
} asked = {.format = -1, .pad = 2, .scale = 1};

static bw_option_common common;

static const bw_option options[] = {
    {BW_OPTION_GROUP, .name = "Choice"},
    {BW_OPTION_CHOICE, .name = "to",
     .help = "format; by the ending after -o, else tsv", .value = &asked.format,
     .choices = "npy|idx|tsv|csv|png|raw"},
    {BW_OPTION_TEXT, .name = "rows", .meta = "A:B|LIST",
     .help = "rows A to B-1, or a list such as 0,5,7-9", .value = &asked.rows},
    {BW_OPTION_FLAG, .name = "header",
     .help = "begin TSV and CSV with a line of names", .value = &asked.header},
    {BW_OPTION_GROUP, .name = "Pictures"},
    {BW_OPTION_TEXT, .name = "index", .meta = "K",
     .help = "only the picture of row K", .value = &asked.index},
    {BW_OPTION_TEXT, .name = "grid", .meta = "RxC",
     .help = "one sheet of R rows and C columns", .value = &asked.grid},
    {BW_OPTION_SIZE, .name = "pad", .meta = "P",
     .help = "white pixels between the cells of a grid", .value = &asked.pad,
     .max = 1000},
    {BW_OPTION_SIZE, .name = "scale", .meta = "S",
     .help = "enlarge each pixel to SxS", .value = &asked.scale, .min = 1,
     .max = 1000},
    {BW_OPTION_TEXT, .name = "range", .meta = "A:B",
     .help = "A is black, B is white", .value = &asked.range},
    {BW_OPTION_CHOICE, .name = "depth", .help = "bits a sample",
     .value = &asked.depth, .choices = "8|16"},
    {.name = NULL},
};

/* ---- texts ---- */

static bool parse_grid(const char *text, bw_picture_options *o)
{
    char *end;

    if (*text < '1' || *text > '9')
        return false;
    unsigned long rows = strtoul(text, &end, 10);
    if (*end++ != 'x' || *end < '1' || *end > '9')
        return false;
    unsigned long columns = strtoul(end, &end, 10);
    o->grid_rows = rows;
    o->grid_columns = columns;
    return *end == '\0' && rows <= MAX_CELLS && columns <= MAX_CELLS;
}

static bool parse_range(const char *text, bw_picture_options *o)
{
    char *end;

    o->has_range = true;
    o->low = strtod(text, &end);
    if (end == text || *end != ':')
        return false;
    text = end + 1;
    o->high = strtod(text, &end);
    return end > text && *end == '\0' && isfinite(o->low) &&
           isfinite(o->high) && o->low < o->high;
}

static bool ends_in(const char *text, const char *ending)
{
    size_t n = strlen(text), m = strlen(ending);

    return n > m && strcasecmp(text + n - m, ending) == 0;
}

/* The format of a name's ending; false when that says nothing. */
static bool format_of(const char *path, bw_unpack_format *format)
{
    static const struct {
        const char *ending;
        bw_unpack_format format;
    } endings[] = {
        {".npy", BW_UNPACK_NPY}, {".idx", BW_UNPACK_IDX},
        {".tsv", BW_UNPACK_TSV}, {".txt", BW_UNPACK_TSV},
        {".csv", BW_UNPACK_CSV}, {".png", BW_UNPACK_PNG},
        {"/", BW_UNPACK_PNG},    {".raw", BW_UNPACK_RAW},
        {".bin", BW_UNPACK_RAW}, {"-ubyte", BW_UNPACK_IDX},
    };

    for (size_t k = 0; k < sizeof endings / sizeof endings[0]; k++)
        if (ends_in(path, endings[k].ending)) {
            *format = endings[k].format;
            return true;
        }
    return false;
}

static bool is_folder(const char *path)
{
    struct stat st;

    return ends_in(path, "/") || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

static bw_status bad(bw_error *err, const char *option, const char *value)
{
    return bw_error_set(err, BW_ERR_USAGE, "--%s: '%s' is not understood",
                        option, value);
}

/* ---- the run ---- */

/* Format and place of the output; text may go to a terminal. */
static bw_status set_output(const bw_program *program, bw_unpack_options *o,
                            bw_error *err)
{
    o->format = BW_UNPACK_TSV;
    if (asked.format >= 0)
        o->format = (bw_unpack_format)asked.format;
    else if (common.output && strcmp(common.output, "-") != 0 &&
             !format_of(common.output, &o->format))
        return bw_error_set(err, BW_ERR_USAGE,
                            "the ending of %s tells no format: give --to",
                            common.output);
    if (!common.output &&
        (o->format == BW_UNPACK_TSV || o->format == BW_UNPACK_CSV)) {
        o->output = "-";
        return BW_OK;
    }
    bw_status rc = bw_tool_output(program, &o->output, err);
    o->is_folder =
        rc == BW_OK && o->format == BW_UNPACK_PNG && is_folder(o->output);
    return rc;
}

static bw_status read_texts(bw_unpack_options *o, bw_pick_range *range,
                            bw_error *err)
{
    bool is_picture = o->format == BW_UNPACK_PNG;

    o->range = range;
    o->header = asked.header;
    o->picture.pad = (size_t)asked.pad;
    o->picture.scale = (size_t)asked.scale;
    o->picture.is_deep = asked.depth == 1;
    o->stopped = bw_interrupt_signal;
    if (asked.rows && !bw_pick_parse(asked.rows, range, &o->n_ranges))
        return bad(err, "rows", asked.rows);
    if (asked.grid && !parse_grid(asked.grid, &o->picture))
        return bad(err, "grid", asked.grid);
    if (asked.range && !parse_range(asked.range, &o->picture))
        return bad(err, "range", asked.range);
    if (!is_picture && (asked.grid || asked.range || asked.index))
        return bw_error_set(err, BW_ERR_USAGE,
                            "--index, --grid and --range are for PNG");
    if (asked.index && (asked.rows || asked.grid))
        return bw_error_set(err, BW_ERR_USAGE,
                            "--index excludes --rows and --grid");
    if (asked.index && (asked.index[strspn(asked.index, "0123456789")] ||
                        !bw_pick_parse(asked.index, range, &o->n_ranges)))
        return bad(err, "index", asked.index);
    return BW_OK;
}

static bw_status run(const bw_program *program, const bw_parsed *parsed,
                     bw_error *err)
{
    bw_unpack_options o = {0};
    size_t n_text = asked.rows ? strlen(asked.rows) : 1;
    bw_pick_range *range = calloc(n_text / 2 + 1, sizeof *range);
    bw_status rc = range ? BW_OK : bw_error_memory(err);

    if (rc == BW_OK && parsed->n_operands < 2)
        rc = bw_error_set(err, BW_ERR_USAGE,
                          "a file and a tensor's name are wanted");
    if (rc == BW_OK)
        rc = set_output(program, &o, err);
    if (rc == BW_OK)
        rc = read_texts(&o, range, err);
    if (rc == BW_OK) {
        o.file = parsed->operand[0];
        o.n_tensors = parsed->n_operands - 1;
        o.tensor = parsed->operand + 1;
        rc = bw_unpack(&o, err);
    }
    free(range);
    return rc;
}

int main(int argc, char **argv)
{
    static const bw_program program = {
        .name = "wunpack",
        .usage = "[options] FILE TENSOR...",
        .summary = "Write a container's tensors as NPY, IDX, text or PNG.",
        .options = options,
        .common = &common,
        .has_output = true,
    };

    bw_option_common_init(&common);
    return bw_tool_main(&program, argc, argv, run);
}
