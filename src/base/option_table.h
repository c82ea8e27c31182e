/* option_table.h - what option.c, option_value.c, option_config.c and
 * option_help.c share, and nobody else: the rows of a program with the common
 * ones behind them, and the uses of options that were found. */
#ifndef BW_OPTION_TABLE_H
#define BW_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "barrow/status.h"
#include "base/option.h"

enum {
    BW_OPTION_COMMON_ROWS = 12,
    BW_OPTION_NAME_SIZE = 64, /* room for an option's name as typed */
    BW_OPTION_TEXT_SIZE = 64  /* room for a number as text */
};

/* Holds pointers into itself: never copy one. */
typedef struct bw_option_table {
    const bw_program *program;
    size_t n_own, n_rows; /* the program's rows; those and the common ones */
    bw_option common[BW_OPTION_COMMON_ROWS];
    bool help, version;
    const char *help_about; /* NULL: the whole */
} bw_option_table;

void bw_option_table_init(bw_option_table *table, const bw_program *program);
/* Row k, groups among them. */
const bw_option *bw_option_table_row(const bw_option_table *table, size_t k);
/* The row of a long name of n bytes, or n_rows. */
size_t bw_option_table_find(const bw_option_table *table, const char *name,
                            size_t n);
/* BW_ERR_USAGE for the name of n bytes, written after dashes ("--" or ""),
 * with the nearest name that exists. */
bw_status bw_option_table_unknown(const bw_option_table *table,
                                  const char *dashes, const char *name,
                                  size_t n, bw_error *err);

/* One option found on the command line or in a file. */
typedef struct bw_option_use {
    size_t row;
    size_t line;       /* in a file, from 1; 0 on the command line */
    bool is_letter;    /* typed as "-x" */
    const char *value; /* NULL: none */
} bw_option_use;

typedef struct bw_option_uses {
    size_t n, capacity;
    bw_option_use *use;
} bw_option_uses;

/* Appends; BW_ERR_USAGE when the option may not be used again. */
bw_status bw_option_uses_add(const bw_option_table *table, bw_option_uses *uses,
                             bw_option_use use, bw_error *err) BW_MUST_CHECK;
/* The option as typed, for messages. */
const char *bw_option_use_name(const bw_option_table *table,
                               const bw_option_use *use,
                               char name[BW_OPTION_NAME_SIZE]);

/* Sets what the row points to, LIST excepted, from the text (NULL: none was
 * given) after checking it. name is the option as typed. */
bw_status bw_option_value_set(const bw_option *option, const char *name,
                              const char *opt_text,
                              bw_error *err) BW_MUST_CHECK;
/* The value as a text that sets it again; NULL where there is none (FLAG,
 * LIST and "no default"). The text is in buffer or lives elsewhere. */
const char *bw_option_value_text(const bw_option *option,
                                 char buffer[BW_OPTION_TEXT_SIZE]);
/* The k-th word of "a|b|c", its bytes in *n; NULL behind the last. */
const char *bw_option_choice(const char *choices, size_t k, size_t *n);

/* Reads a file of options: *ret_text is what the uses' values point into. Both
 * are to be freed after failure, too. Messages begin with the line. */
bw_status bw_option_config_read(const bw_option_table *table, const char *path,
                                char **ret_text, bw_option_uses *uses,
                                bw_error *err) BW_MUST_CHECK;
void bw_option_config_dump(const bw_option_table *table, FILE *out);

#endif
