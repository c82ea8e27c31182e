/* verbs.h - mains of tools that have verbs: "dwe train ...", "dwe embed ...".
 *
 * A verb is a program of its own: its options, its --help, its work. The tool's
 * own --help lists the verbs.
 */
#ifndef BW_TOOLS_VERBS_H
#define BW_TOOLS_VERBS_H

#include "tools/tool.h"

typedef struct bw_verb {
    const bw_program *program; /* its name is "TOOL VERB" */
    bw_tool_run run;
} bw_verb;

/* The word of a verb: what follows the blank in its program's name. */
const char *bw_verb_word(const bw_program *program);

/* Runs the verb that argv[1] names. The tool's own options are --help and
 * --version; an unknown verb is exit 2. */
int bw_verbs_main(const char *tool, const char *summary, size_t n_verbs,
                  const bw_verb *const *verbs, int argc, char **argv);

/* As bw_tool_arguments, the verb first. */
bw_status bw_verb_arguments(const bw_program *program, const bw_parsed *parsed,
                            size_t *n_args, const char ***ret_args,
                            bw_error *err) BW_MUST_CHECK;

#endif
