/* wpack.c - main of wpack: the texts of its options become bw_pack_options. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "store/folder.h"
#include "store/pack.h"
#include "tools/tool.h"

enum { MAX_SIDE = 1 << 16 };

/* What the options set; bw_tool_run hands nothing else over. */
static struct {
    int format, kind, depth;
    const char *labels, *table_label, *support, *from_list;
    const char *size, *crop, *background, *split;
    bool gray, rgb, invert, shuffle;
    uint64_t skip, limit;
} asked = {.background = "white"};

static bw_option_common common;

static const bw_option options[] = {
    {BW_OPTION_GROUP, .name = "Input"},
    {BW_OPTION_CHOICE, .name = "from", .help = "format of the input",
     .value = &asked.format, .choices = "auto|idx|npy|tsv|csv|png"},
    {BW_OPTION_TEXT, .name = "from-list", .meta = "FILE",
     .help = "read names of inputs from FILE, one a line",
     .value = &asked.from_list},
    {BW_OPTION_TEXT, .name = "labels", .meta = "FILE",
     .help = "labels, one an item; 'folder' numbers the subfolders",
     .value = &asked.labels},
    {BW_OPTION_TEXT, .name = "table-label", .meta = "COLUMN",
     .help = "take labels from a table's column, by number or name",
     .value = &asked.table_label},
    {BW_OPTION_GROUP, .name = "Form"},
    {BW_OPTION_CHOICE, .name = "kind", .help = "what the items are",
     .value = &asked.kind, .choices = "auto|images|histograms|codes"},
    {BW_OPTION_TEXT, .name = "support", .meta = "FILE",
     .help = "coordinates of the bins, (bins,d)", .value = &asked.support},
    {BW_OPTION_TEXT, .name = "background", .meta = "COLOR",
     .help = "what shows through: white, black, RRGGBB, none",
     .value = &asked.background},
    {BW_OPTION_CHOICE, .name = "depth", .help = "samples of images",
     .value = &asked.depth, .choices = "auto|8|float"},
    {BW_OPTION_TEXT, .name = "crop", .meta = "HxW[+Y+X]",
     .help = "cut this part out, from the middle by default",
     .value = &asked.crop},
    {BW_OPTION_TEXT, .name = "size", .meta = "HxW",
     .help = "resize to H rows and W columns; N means NxN",
     .value = &asked.size},
    {BW_OPTION_FLAG, .name = "gray", .help = "turn colour to luma",
     .value = &asked.gray},
    {BW_OPTION_FLAG, .name = "rgb", .help = "turn grey to three channels",
     .value = &asked.rgb},
    {BW_OPTION_FLAG, .name = "invert", .help = "swap light and dark",
     .value = &asked.invert},
    {BW_OPTION_GROUP, .name = "Choice and order"},
    {BW_OPTION_SIZE, .name = "skip", .meta = "N",
     .help = "leave out the first N items", .value = &asked.skip},
    {BW_OPTION_SIZE, .name = "limit", .meta = "N",
     .help = "take at most N items, 0 takes all", .value = &asked.limit},
    {BW_OPTION_FLAG, .name = "shuffle",
     .help = "put the items into random order", .value = &asked.shuffle},
    {BW_OPTION_TEXT, .name = "split", .meta = "NAME=N,...",
     .help = "the next N items go to the output NAME, %s in -o",
     .value = &asked.split},
    {.name = NULL},
};

/* ---- texts ---- */

/* Digits at *at, 1 to MAX_SIDE (0 allowed where is_offset). */
static bool parse_number(const char **at, bool is_offset, size_t *number)
{
    char *end;

    if (**at < '0' || **at > '9')
        return false;
    errno = 0;
    unsigned long value = strtoul(*at, &end, 10);
    *at = end;
    *number = value;
    return errno == 0 && value <= MAX_SIDE && (value > 0 || is_offset);
}

/* "HxW"; "N" is NxN. */
static bool parse_sides(const char **at, size_t *height, size_t *width)
{
    if (!parse_number(at, false, height))
        return false;
    *width = *height;
    if (**at != 'x')
        return true;
    ++*at;
    return parse_number(at, false, width);
}

static bool parse_size(const char *text, bw_pack_options *o)
{
    return parse_sides(&text, &o->height, &o->width) && *text == '\0';
}

static bool parse_crop(const char *text, bw_pack_options *o)
{
    if (!parse_sides(&text, &o->crop_height, &o->crop_width))
        return false;
    if (*text == '\0')
        return true;
    o->is_crop_placed = true;
    if (*text++ != '+' || !parse_number(&text, true, &o->crop_y))
        return false;
    return *text++ == '+' && parse_number(&text, true, &o->crop_x) &&
           *text == '\0';
}

static bool parse_background(const char *text, bw_background *background)
{
    unsigned long rgb;

    if (strcmp(text, "white") == 0)
        rgb = 0xffffff;
    else if (strcmp(text, "black") == 0)
        rgb = 0;
    else if (strlen(text) == 6 && strspn(text, "0123456789abcdefABCDEF") == 6)
        rgb = strtoul(text, NULL, 16);
    else
        return background->is_none = true, strcmp(text, "none") == 0;
    for (unsigned k = 0; k < 3; k++)
        background->rgb[k] = (uint8_t)(rgb >> (16 - 8 * k));
    return true;
}

/* A part's name goes into a file name: letters, digits, and . _ - inside. */
static bool is_part_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    return *name && *name != '.' && name[strspn(name, allowed)] == '\0';
}

/* "NAME=N,..." in `text`, which is cut up and must live as long as the parts.
 */
static bool parse_split(char *text, bw_pack_part *part, size_t *n_parts)
{
    *n_parts = 0;
    for (char *next = text; next; ++*n_parts) {
        char *name = next, *equals = strchr(name, '='), *end;
        next = strchr(name, ',');
        if (next)
            *next++ = '\0';
        if (!equals || (next && equals > next))
            return false;
        *equals++ = '\0';
        errno = 0;
        unsigned long long n = strtoull(equals, &end, 10);
        if (*equals < '0' || *equals > '9' || *end || errno || n == 0 ||
            n > UINT64_MAX / 4096 || !is_part_name(name))
            return false;
        for (size_t k = 0; k < *n_parts; k++)
            if (strcmp(part[k].name, name) == 0)
                return false;
        part[*n_parts] = (bw_pack_part){name, n};
    }
    return true;
}

static bw_status bad(bw_error *err, const char *option, const char *value)
{
    return bw_error_set(err, BW_ERR_USAGE, "--%s: '%s' is not understood",
                        option, value);
}

static bw_status read_texts(bw_pack_options *o, bw_error *err)
{
    if (asked.size && !parse_size(asked.size, o))
        return bad(err, "size", asked.size);
    if (asked.crop && !parse_crop(asked.crop, o))
        return bad(err, "crop", asked.crop);
    if (!parse_background(asked.background, &o->background))
        return bad(err, "background", asked.background);
    if (asked.gray && asked.rgb)
        return bw_error_set(err, BW_ERR_USAGE,
                            "--gray and --rgb exclude each other");
    return BW_OK;
}

static bw_status read_list(const char *path, bw_names *names, bw_error *err)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    bw_status rc = BW_OK;

    if (!file)
        return bw_error_errno(err, "%s", path);
    while (rc == BW_OK && (n = getline(&line, &room, file)) >= 0) {
        if (n > 0 && line[n - 1] == '\n')
            line[--n] = '\0';
        if (n > 0)
            rc = bw_names_add(names, line, err);
    }
    if (rc == BW_OK && ferror(file))
        rc = bw_error_errno(err, "%s", path);
    free(line);
    if (!is_stdin)
        fclose(file);
    return rc;
}

/* ---- the run ---- */

static void fill(bw_pack_options *o)
{
    o->format = (bw_format)asked.format;
    o->kind = (bw_pack_kind)asked.kind;
    o->depth = (bw_pack_depth)asked.depth;
    o->labels = asked.labels;
    o->table_label = asked.table_label;
    o->support = asked.support;
    o->color = asked.gray  ? BW_COLOR_GRAY
               : asked.rgb ? BW_COLOR_RGB
                           : BW_COLOR_KEEP;
    o->invert = asked.invert;
    o->skip = asked.skip;
    o->limit = asked.limit;
    o->shuffle = asked.shuffle;
    o->seed = common.seed;
    o->stopped = bw_interrupt_signal;
}

static bw_status run(const bw_program *program, const bw_parsed *parsed,
                     bw_error *err)
{
    bw_pack_options o = {0};
    bw_progress progress;
    bw_names names = {0};
    const char **args = NULL;
    char *split = strdup(asked.split ? asked.split : "");
    bw_pack_part *part = calloc(split ? strlen(split) + 1 : 1, sizeof *part);
    bw_status rc = BW_OK;

    if (!split || !part) {
        rc = bw_error_memory(err);
        goto done;
    }
    fill(&o);
    rc = bw_tool_arguments(parsed, &o.n_args, &args, err);
    if (rc == BW_OK)
        rc = read_texts(&o, err);
    if (rc == BW_OK && asked.split && !parse_split(split, part, &o.n_parts))
        rc = bad(err, "split", asked.split);
    for (size_t k = 0; k < parsed->n_operands && rc == BW_OK; k++)
        rc = bw_names_add(&names, parsed->operand[k], err);
    if (rc == BW_OK && asked.from_list)
        rc = read_list(asked.from_list, &names, err);
    if (rc == BW_OK)
        rc = bw_tool_output(program, &o.output, err);
    if (rc)
        goto done;
    o.n_inputs = names.n;
    o.input = (const char *const *)names.item;
    o.part = part;
    o.arg = args;
    o.opt_progress = &progress;
    bw_progress_start(&progress, stderr, common.is_quiet, common.is_verbose,
                      "wpack", "items", 0, 0);
    rc = bw_pack(&o, err);
done:
    bw_names_clear(&names);
    free(args);
    free(split);
    free(part);
    return rc;
}

int main(int argc, char **argv)
{
    static const bw_program program = {
        .name = "wpack",
        .usage = "[options] INPUT...",
        .summary = "Pack images, histograms or codes into a container.",
        .options = options,
        .common = &common,
        .has_output = true,
        .has_seed = true,
    };

    bw_option_common_init(&common);
    return bw_tool_main(&program, argc, argv, run);
}
