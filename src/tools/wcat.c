/* wcat.c - main of wcat: joins containers along the first axis. */
#include "config.h"

#include "base/interrupt.h"
#include "store/concat.h"
#include "tools/tool.h"

static bw_option_common common;

static const char *histograms;

static const bw_option options[] = {
    {.type = BW_OPTION_TEXT,
     .name = "histograms",
     .meta = "FILE",
     .help = "join distances of the first histograms of FILE",
     .value = &histograms},
    {.name = NULL},
};

static bw_status run(const bw_program *program, const bw_parsed *parsed,
                     bw_error *err)
{
    const char *output;

    if (parsed->n_operands == 0)
        return bw_error_set(err, BW_ERR_USAGE, "no file is named");
    if (bw_tool_output(program, &output, err) != BW_OK)
        return err->code;
    return bw_concat(parsed->n_operands, parsed->operand, histograms, output,
                     bw_interrupt_signal, err);
}

int main(int argc, char **argv)
{
    static const bw_program program = {
        .name = "wcat",
        .usage = "[options] FILE...",
        .summary = "Join containers along the first axis, in the order given.",
        .options = options,
        .common = &common,
        .has_output = true,
    };

    bw_option_common_init(&common);
    return bw_tool_main(&program, argc, argv, run);
}
