/* winfo.c - main of winfo: lists what containers hold, checks them whole. */
#include "config.h"

#include <stdio.h>

#include "base/interrupt.h"
#include "store/summary.h"
#include "store/utf8.h"
#include "tools/tool.h"

typedef struct settings {
    bool with_stats, with_provenance, is_json, is_check;
} settings;

static bw_status print(const bw_summary *summary, const settings *set,
                       bw_error *err)
{
    bool is_only_check =
        set->is_check && !set->with_stats && !set->with_provenance;
    bw_status status = BW_OK;

    if (set->is_json)
        return bw_summary_print_json(summary, stdout, err);
    if (!is_only_check)
        status = bw_summary_print(summary, set->with_provenance, stdout, err);
    if (status == BW_OK && set->is_check)
        bw_summary_print_check(summary, stdout);
    return status;
}

static bw_status show_file(const char *path, const settings *set, bw_error *err)
{
    bw_reader *reader;
    bw_summary summary;
    bw_status status = bw_reader_open(path, &reader, err);

    if (status != BW_OK)
        return status;
    status = bw_summary_take(&summary, reader, set->with_stats, set->is_check,
                             bw_interrupt_signal, err);
    if (status == BW_OK)
        status = print(&summary, set, err);
    bw_summary_clear(&summary);
    bw_reader_close(reader);
    return status;
}

static void report(const bw_program *program, const bw_error *err)
{
    fprintf(stderr, "%s: ", program->name);
    bw_utf8_print(err->text, 0, stderr);
    fputc('\n', stderr);
}

/* A file that fails does not hide the next ones. err keeps the last failure,
 * which the caller reports; those before it are reported here. */
static bw_status show_files(const bw_program *program, const bw_parsed *parsed,
                            const settings *set, bw_error *err)
{
    bw_status status = BW_OK;

    for (size_t k = 0; k < parsed->n_operands; k++) {
        bw_error one = BW_ERROR_INIT;

        if (show_file(parsed->operand[k], set, &one) == BW_OK)
            continue;
        if (status != BW_OK)
            report(program, err);
        *err = one;
        status = one.code;
        if (status == BW_ERR_INTERRUPTED)
            break;
    }
    return status;
}

/* What the options set; bw_tool_run hands nothing else over. */
static settings asked;
static bw_option_common common;

static const bw_option options[] = {
    {BW_OPTION_GROUP, .name = "What is told"},
    {BW_OPTION_FLAG, .name = "stats",
     .help = "add each tensor's minimum, maximum, mean and more",
     .value = &asked.with_stats, .is_neutral = true},
    {BW_OPTION_FLAG, .name = "provenance",
     .help = "add the steps that made the file",
     .value = &asked.with_provenance, .is_neutral = true},
    {BW_OPTION_FLAG, .name = "json",
     .help = "print one JSON object a line, provenance included",
     .value = &asked.is_json, .is_neutral = true},
    {BW_OPTION_FLAG, .name = "verify",
     .help = "read every byte, check every checksum", .value = &asked.is_check,
     .is_neutral = true},
    {.name = NULL},
};

static bw_status run(const bw_program *program, const bw_parsed *parsed,
                     bw_error *err)
{
    if (parsed->n_operands == 0)
        return bw_error_set(err, BW_ERR_USAGE, "no file is named");
    return show_files(program, parsed, &asked, err);
}

int main(int argc, char **argv)
{
    static const bw_program program = {
        .name = "winfo",
        .usage = "[options] FILE...",
        .summary = "List what containers hold, or check them whole.",
        .options = options,
        .common = &common,
    };

    bw_option_common_init(&common);
    return bw_tool_main(&program, argc, argv, run);
}
