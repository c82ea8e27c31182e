/* option_table.c - the rows of a program, the common ones, and their uses. */
#include "config.h"

#include <assert.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "barrow/status.h"
#include "base/nearest.h"
#include "base/option.h"
#include "base/option_table.h"

/* ---- rows ---- */

static void add_common(bw_option_table *table, bw_option option)
{
    size_t k = table->n_rows - table->n_own;

    assert(k < BW_OPTION_COMMON_ROWS);
    table->common[k] = option;
    table->n_rows++;
}

static void add_flag(bw_option_table *table, const char *name, char letter,
                     const char *help, bool *value)
{
    add_common(table, (bw_option){.type = BW_OPTION_FLAG,
                                  .name = name,
                                  .letter = letter,
                                  .help = help,
                                  .value = value,
                                  .is_neutral = true});
}

static void add_text(bw_option_table *table, const char *name, char letter,
                     const char *meta, const char *help, const char **value)
{
    add_common(table, (bw_option){.type = BW_OPTION_TEXT,
                                  .name = name,
                                  .letter = letter,
                                  .meta = meta,
                                  .help = help,
                                  .value = value,
                                  .is_neutral = true});
}

static void add_work(bw_option_table *table, const bw_program *program)
{
    bw_option_common *common = program->common;

    if (program->has_output)
        add_text(table, "output", 'o', "FILE",
                 "write here, '-' is standard output", &common->output);
    if (program->has_threads)
        add_common(table, (bw_option){.type = BW_OPTION_SIZE,
                                      .name = "threads",
                                      .letter = 'j',
                                      .meta = "N",
                                      .help = "work on N threads; the result "
                                              "is the same for every N",
                                      .value = &common->n_threads,
                                      .min = 1,
                                      .max = BW_MAX_THREADS,
                                      .is_neutral = true});
    if (program->has_seed)
        add_common(table, (bw_option){.type = BW_OPTION_SIZE,
                                      .name = "seed",
                                      .letter = 's',
                                      .meta = "N",
                                      .help = "random numbers follow from N",
                                      .value = &common->seed});
}

/* What every tool, or verb of one, takes besides --help and --version. */
static void add_talk(bw_option_table *table, const bw_program *program)
{
    bw_option_common *common = program->common;

    add_work(table, program);
    add_flag(table, "quiet", 'q', "say nothing but errors", &common->is_quiet);
    add_flag(table, "verbose", 'v', "say what is done, and how far it is",
             &common->is_verbose);
    add_text(table, "config", 0, "FILE",
             "read options from FILE, 'name = value' a line; the command line "
             "wins",
             &common->config);
    add_flag(table, "dump-config", 0,
             "write the effective options in that form, and stop",
             &common->dump_config);
}

void bw_option_table_init(bw_option_table *table, const bw_program *program)
{
    size_t n = 0;

    while (program->options != NULL && program->options[n].name != NULL)
        n++;
    *table = (bw_option_table){.program = program, .n_own = n, .n_rows = n};
    add_common(
        table,
        (bw_option){.type = BW_OPTION_GROUP,
                    .name = program->opt_verbs ? "Options" : "Common options"});
    if (!program->opt_verbs)
        add_talk(table, program);
    add_text(table, "help", 'h', "OPTION",
             "write help, of one option or of 'all', and stop",
             &table->help_about);
    table->common[table->n_rows - table->n_own - 1].is_optional = true;
    add_flag(table, "version", 'V', "write the version, and stop",
             &table->version);
}

const bw_option *bw_option_table_row(const bw_option_table *table, size_t k)
{
    return k < table->n_own ? &table->program->options[k]
                            : &table->common[k - table->n_own];
}

size_t bw_option_table_find(const bw_option_table *table, const char *name,
                            size_t n)
{
    size_t k = 0;

    for (; k < table->n_rows; k++) {
        const bw_option *row = bw_option_table_row(table, k);

        if (row->type != BW_OPTION_GROUP && strlen(row->name) == n &&
            strncmp(row->name, name, n) == 0)
            break;
    }
    return k;
}

bw_status bw_option_table_unknown(const bw_option_table *table,
                                  const char *dashes, const char *name,
                                  size_t n, bw_error *err)
{
    int n_shown = n < BW_ERROR_SIZE / 4 ? (int)n : BW_ERROR_SIZE / 4;
    bw_nearest nearest;

    bw_nearest_init(&nearest, name, n);
    for (size_t k = 0; k < table->n_rows; k++) {
        const bw_option *row = bw_option_table_row(table, k);

        if (row->type != BW_OPTION_GROUP)
            bw_nearest_try(&nearest, row->name);
    }
    if (nearest.name == NULL)
        return bw_error_set(err, BW_ERR_USAGE, "unknown option '%s%.*s'",
                            dashes, n_shown, name);
    return bw_error_set(err, BW_ERR_USAGE,
                        "unknown option '%s%.*s'; did you mean '%s%s'?", dashes,
                        n_shown, name, dashes, nearest.name);
}

/* ---- uses ---- */

const char *bw_option_use_name(const bw_option_table *table,
                               const bw_option_use *use,
                               char name[BW_OPTION_NAME_SIZE])
{
    const bw_option *row = bw_option_table_row(table, use->row);

    if (use->is_letter)
        snprintf(name, BW_OPTION_NAME_SIZE, "-%c", row->letter);
    else
        snprintf(name, BW_OPTION_NAME_SIZE, "%s%s", use->line > 0 ? "" : "--",
                 row->name);
    return name;
}

static bool may_repeat(const bw_option *row)
{
    return row->type == BW_OPTION_LIST ||
           (row->type == BW_OPTION_FLAG && (strcmp(row->name, "quiet") == 0 ||
                                            strcmp(row->name, "verbose") == 0));
}

bw_status bw_option_uses_add(const bw_option_table *table, bw_option_uses *uses,
                             bw_option_use use, bw_error *err)
{
    char name[BW_OPTION_NAME_SIZE];

    if (!may_repeat(bw_option_table_row(table, use.row)))
        for (size_t k = 0; k < uses->n; k++)
            if (uses->use[k].row == use.row)
                return bw_error_set(err, BW_ERR_USAGE,
                                    "option '%s' is given twice",
                                    bw_option_use_name(table, &use, name));
    if (uses->n == uses->capacity) {
        size_t capacity = uses->capacity > 0 ? 2 * uses->capacity : 16;
        bw_option_use *grown = realloc(uses->use, capacity * sizeof *uses->use);

        if (grown == NULL)
            return bw_error_memory(err);
        uses->use = grown;
        uses->capacity = capacity;
    }
    uses->use[uses->n++] = use;
    return BW_OK;
}

/* ---- common options ---- */

static uint64_t count_cores(void)
{
    cpu_set_t cores;
    long n;

    if (sched_getaffinity(0, sizeof cores, &cores) == 0)
        n = CPU_COUNT(&cores);
    else /* more cores than a cpu_set_t holds */
        n = sysconf(_SC_NPROCESSORS_ONLN);
    if (n < 1)
        return 1;
    return n < BW_MAX_THREADS ? (uint64_t)n : BW_MAX_THREADS;
}

void bw_option_common_init(bw_option_common *common)
{
    *common = (bw_option_common){.n_threads = count_cores()};
}
