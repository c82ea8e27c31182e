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

typedef struct bw_option {
    bw_option_type type;
    const char *name;    /* long name without dashes; the heading of a group */
    char letter;         /* short name, or 0 */
    const char *meta;    /* "FILE", "N": the value's word in --help */
    const char *help;    /* one line, lower case, no full stop */
    void *value;         /* what it sets */
    double min, max;     /* SIZE and REAL; both 0: unbounded */
    const char *choices; /* CHOICE: "sum|softmax|none" */
    bool is_optional;    /* TEXT, REAL: --name alone is allowed (--name=VALUE
                            otherwise); then *given is set and value stays */
    bool is_neutral;     /* does not shape the result: -j, -o, -q, --resume;
                            left out of provenance */
    bool *given;         /* set when the option was given; or NULL */
} bw_option;

/* What every tool has, in one struct and one table fragment. */
typedef struct bw_common {
    const char *output; /* -o, NULL when absent */
    uint64_t n_threads; /* -j; default: the cores this process may use */
    uint64_t seed;      /* -s */
    bool is_quiet, is_verbose;
    const char *config;
    bool dump_config;
} bw_common;

typedef struct bw_program {
    const char *name;      /* "wdist" */
    const char *usage;     /* "[options] HISTOGRAMS [HISTOGRAMS2]" */
    const char *summary;   /* one line */
    const bw_option *options; /* ends with a row whose name is NULL */
    bw_common *common;     /* common options are appended to --help */
    bool has_output, has_threads, has_seed; /* which of them the tool takes */
} bw_program;

typedef struct bw_parsed {
    size_t n_operands;
    const char **operand; /* points into argv */
    bool is_done;         /* --help, --version, --dump-config were served */
    char *config_text;    /* keeps TEXT values of --config alive */
    const char **canonical; /* n_canonical strings for provenance: every given
                               option that is not neutral, table order,
                               "--name=value", flags "--name"; then nothing
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
 * line wins; its errors name file and line. --help and --version go to out.
 * --dump-config writes the effective options to out in the form that --config
 * reads, and is served after the command line was checked. */
bw_status bw_option_parse(const bw_program *program, int argc, char **argv,
                          FILE *out, bw_parsed *parsed,
                          bw_error *err) BW_MUST_CHECK;
void bw_parsed_clear(bw_parsed *parsed);

/* Writes the --help text: usage, summary, options by group with defaults. */
void bw_option_help(const bw_program *program, FILE *out);

#endif
