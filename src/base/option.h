/* option.h - a tool's options as one table: parsing, range checks, --help with
 * live defaults, --config, --dump-config, and the argv of provenance.
 *
 * The table holds pointers to the variables that the options set. Their values
 * before parsing are the defaults that --help shows.
 */
#ifndef BW_OPTION_H
#define BW_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "barrow/status.h"

typedef enum bw_option_type {
    BW_OPTION_GROUP,  /* no option: a heading in --help */
    BW_OPTION_FLAG,   /* bool *; takes no value */
    BW_OPTION_SIZE,   /* uint64_t *; decimal, min..max */
    BW_OPTION_REAL,   /* double *; min..max, never NaN */
    BW_OPTION_TEXT,   /* const char **; points into argv or the config's text */
    BW_OPTION_CHOICE, /* int *; index into choices, "a|b|c" */
    BW_OPTION_LIST    /* bw_option_list *; may be given again */
} bw_option_type;

typedef struct bw_option_list {
    size_t n;
    const char **item;
} bw_option_list;

/* What a SIZE with a max below it holds that is not set. */
#define BW_OPTION_UNSET UINT64_MAX

/* NULL TEXT, an empty LIST, a NaN REAL, a SIZE of BW_OPTION_UNSET and a CHOICE
 * of -1 have no default to show. Where `given` points to false, --dump-config
 * writes the option as a comment, so that reading it back sets nothing. */
typedef struct bw_option {
    bw_option_type type;
    const char *name;    /* long name without dashes; the heading of a group */
    char letter;         /* short name, or 0 */
    const char *meta;    /* "FILE", "N": the value's word in --help; a CHOICE
                            may leave it NULL and shows its choices */
    const char *help;    /* one line, lower case, no full stop */
    void *value;         /* what it sets */
    double min, max;     /* SIZE and REAL; both 0: unbounded. A REAL may be
                            infinite only where max is HUGE_VAL */
    const char *choices; /* CHOICE: "sum|softmax|none" */
    bool is_optional;    /* TEXT, REAL: --name alone is allowed (--name=VALUE
                            otherwise); then *given is set and value stays */
    bool is_neutral;     /* does not shape the result: -j, -o, -q, --resume;
                            left out of provenance */
    bool *given;         /* set when the option was given; or NULL */
} bw_option;

enum { BW_MAX_THREADS = 1024 };

/* What every tool has, in one struct and one table fragment. */
typedef struct bw_option_common {
    const char *output; /* -o, NULL when absent */
    uint64_t n_threads; /* -j; default: the cores this process may use */
    uint64_t seed;      /* -s */
    bool is_quiet, is_verbose;
    const char *config;
    bool dump_config;
} bw_option_common;

/* The defaults: as many threads as this process has cores, seed 0. */
void bw_option_common_init(bw_option_common *common);

typedef struct bw_program {
    const char *name;         /* "wdist" */
    const char *usage;        /* "[options] HISTOGRAMS [HISTOGRAMS2]" */
    const char *summary;      /* one line */
    const bw_option *options; /* ends with a row whose name is NULL */
    /* Common options are appended to --help; never NULL, defaults are set by
     * bw_option_common_init. */
    bw_option_common *common;
    bool has_output, has_threads, has_seed; /* which of them the tool takes */
    const char *const *opt_verbs; /* names, then NULL: the table of a tool that
                                     has verbs, --help and --version alone */
} bw_program;

typedef struct bw_parsed {
    size_t n_operands;
    const char **operand;    /* points into argv */
    bool is_done;            /* --help, --version, --dump-config were served */
    char *config_text;       /* keeps TEXT values of --config alive */
    const char **list_items; /* what the LIST options point into */
    const char **canonical;  /* n_canonical strings for provenance: every given
                                option that is not neutral and not at its
                                default (unless the row has `given`), table
                                order, "--name=value", flags "--name"; numbers
                                in their shortest spelling, a value whose meta
                                is "FILE" cut to its base name; then nothing
                                (the caller appends its operands' base names) */
    size_t n_canonical;
} bw_parsed;

/* Parses argv. GNU style: operands and options mix, "--" ends options, "-" is
 * an operand, --name=value and --name value, unambiguous prefixes of long
 * names are NOT accepted (scripts would break when an option is added), short
 * flags bundle. An unknown option, a missing or out-of-range value, a choice
 * that does not exist, and an option given twice (but LIST and flags -v -q)
 * are BW_ERR_USAGE with the option named as typed and, for a choice, the words
 * allowed. --config FILE holds "name = value" lines, "#" comments; the command
 * line wins (all of a LIST at once); its errors name file and line. A value in
 * double quotes keeps blanks and "#"; \" \\ \n stand for themselves in it; a
 * flag is "name = true", "name = false" or "name" alone. BW_ERR_IO when it
 * cannot be read. --help and --version go to out, with the values from before
 * the call, and end the parsing.
 * --dump-config writes the effective options to out in the form that --config
 * reads, and is served after the command line was checked. *parsed is to be
 * cleared after failure, too; values may be set in part then. */
bw_status bw_option_parse(const bw_program *program, int argc, char **argv,
                          FILE *out, bw_parsed *parsed,
                          bw_error *err) BW_MUST_CHECK;
void bw_parsed_clear(bw_parsed *parsed);

/* Writes what --help tells, at most 80 columns wide. Without opt_about usage,
 * summary, and options by group with defaults, where that takes more than 24
 * lines without what each does. Of "all" the whole in any case; of "table" a
 * line a verb or option for programs, tabs between: name, letter or "-", type
 * ("verb", "flag", "size", "real", "text", "choice" or "list", with "?" behind
 * where the value may be left out), what the value may be (choices as "a|b|c",
 * else the word that stands for it), help; else one option, by its name or
 * letter with or without dashes. BW_ERR_USAGE for none of these; BW_ERR_MEMORY.
 */
bw_status bw_option_help(const bw_program *program, const char *opt_about,
                         FILE *out, bw_error *err) BW_MUST_CHECK;

#endif
