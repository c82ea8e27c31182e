/* tool.h - what every main does the same way: parse, run, report, exit. */
#ifndef BW_TOOLS_TOOL_H
#define BW_TOOLS_TOOL_H

#include "base/option.h"

/* --pairs of the tools that list pairs of items. */
#define BW_TOOL_PAIRS_OPTION(variable)                                         \
    {                                                                          \
        .type = BW_OPTION_TEXT, .name = "pairs",                               \
        .meta = "all|cross|random:M|FILE",                                     \
        .help = "i<j of one file; every pair of two; M drawn from the seed; "  \
                "as listed in a container or table (default: all, or cross "   \
                "with two files)",                                             \
        .value = &(variable)                                                   \
    }

/* A tool's work: operands and options are parsed, common is filled. Returns
 * BW_OK or an error whose message bw_tool_main prints as "NAME: message". */
typedef bw_status (*bw_tool_run)(const bw_program *program,
                                 const bw_parsed *parsed, bw_error *err);

/* Parses, serves --help and the like, runs, flushes and checks standard
 * output. Exit status: 0 done, 1 failed, 2 usage (BW_ERR_USAGE, with a hint at
 * --help), 130 and 143 after a signal. */
int bw_tool_main(const bw_program *program, int argc, char **argv,
                 bw_tool_run run);

/* What provenance tells of the command line: options that shape the result,
 * then the operands' base names. *ret_args is for free(), its strings are
 * parsed's. */
bw_status bw_tool_arguments(const bw_parsed *parsed, size_t *n_args,
                            const char ***ret_args,
                            bw_error *err) BW_MUST_CHECK;

/* The path that output goes to: -o, or "-" when standard output is no
 * terminal; otherwise BW_ERR_USAGE. */
bw_status bw_tool_output(const bw_program *program, const char **path,
                         bw_error *err) BW_MUST_CHECK;

#endif
