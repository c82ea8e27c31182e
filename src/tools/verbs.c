/* verbs.c - mains of tools that have verbs. */
#include "config.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "tools/verbs.h"

enum { SUMMARY_SIZE = 4096, MAX_VERBS = 16 };

const char *bw_verb_word(const bw_program *program)
{
    const char *blank = strchr(program->name, ' ');

    return blank ? blank + 1 : program->name;
}

/* What is said when argv has no verb: the first operand, if any, is none. */
static bw_status run_none(const bw_program *program, const bw_parsed *parsed,
                          bw_error *err)
{
    const char *word = parsed->n_operands > 0 ? parsed->operand[0] : NULL;
    bw_nearest nearest;

    if (!word)
        return bw_error_set(err, BW_ERR_USAGE, "no verb is named");
    bw_nearest_init(&nearest, word, strlen(word));
    for (const char *const *verb = program->opt_verbs; *verb; verb++)
        bw_nearest_try(&nearest, *verb);
    if (!nearest.name)
        return bw_error_set(err, BW_ERR_USAGE, "'%s' is no verb", word);
    return bw_error_set(err, BW_ERR_USAGE,
                        "'%s' is no verb; did you mean '%s'?", word,
                        nearest.name);
}

/* Text of --help after the usage: the summary, and a line a verb. */
static void list_verbs(char *text, const char *tool, const char *summary,
                       size_t n_verbs, const bw_verb *const *verbs)
{
    size_t n = (size_t)snprintf(text, SUMMARY_SIZE, "%s\n\nVerbs:", summary);

    for (size_t k = 0; k < n_verbs && n < SUMMARY_SIZE; k++)
        n += (size_t)snprintf(text + n, SUMMARY_SIZE - n, "\n  %-12s %s",
                              bw_verb_word(verbs[k]->program),
                              verbs[k]->program->summary);
    if (n < SUMMARY_SIZE)
        snprintf(text + n, SUMMARY_SIZE - n,
                 "\n\n'%s VERB --help' tells of a verb's options.", tool);
}

int bw_verbs_main(const char *tool, const char *summary, size_t n_verbs,
                  const bw_verb *const *verbs, int argc, char **argv)
{
    char text[SUMMARY_SIZE];
    const char *names[MAX_VERBS + 1] = {NULL};
    bw_option_common common;
    bw_program program = {.name = tool,
                          .usage = "VERB [options] ...",
                          .summary = text,
                          .common = &common,
                          .opt_verbs = names};

    assert(n_verbs <= MAX_VERBS);
    for (size_t k = 0; k < n_verbs; k++)
        names[k] = bw_verb_word(verbs[k]->program);
    for (size_t k = 0; k < n_verbs && argc > 1; k++)
        if (strcmp(argv[1], names[k]) == 0)
            return bw_tool_main(verbs[k]->program, argc - 1, argv + 1,
                                verbs[k]->run);
    bw_option_common_init(&common);
    list_verbs(text, tool, summary, n_verbs, verbs);
    /* Behind a word that is no verb, options are not the tool's. */
    if (argc > 2 && argv[1][0] != '-')
        argc = 2;
    return bw_tool_main(&program, argc, argv, run_none);
}

bw_status bw_verb_arguments(const bw_program *program, const bw_parsed *parsed,
                            size_t *n_args, const char ***ret_args,
                            bw_error *err)
{
    const char **args = NULL;
    bw_status status = bw_tool_arguments(parsed, n_args, &args, err);

    *ret_args = NULL;
    if (status) {
        free(args);
        return status;
    }
    const char **grown = realloc(args, (*n_args + 2) * sizeof *grown);
    if (!grown) {
        free(args);
        return bw_error_memory(err);
    }
    memmove(grown + 1, grown, *n_args * sizeof *grown);
    grown[0] = bw_verb_word(program);
    ++*n_args;
    *ret_args = grown;
    return BW_OK;
}
