/* option.c - parsing a command line.
 *
 * First all uses of options are collected, from the command line and from the
 * file of --config, and only then values are set, the file's before the command
 * line's: so --help shows untouched defaults, and order does not matter.
 */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/status.h"
#include "base/option.h"
#include "base/option_table.h"

typedef struct scan {
    bw_option_table *table;
    bw_option_uses *uses;
    int argc, next; /* next: the argument after the one in hand */
    char **argv;
    bool is_stopped; /* --help or --version came */
} scan;

/* ---- the command line ---- */

static bool takes_value(const bw_option *row)
{
    return row->type != BW_OPTION_FLAG;
}

/* Adds a use whose value, if any, was attached; takes the next argument where
 * one is missing. */
static bw_status add_use(scan *s, bw_option_use use, bw_error *err)
{
    const bw_option *row = bw_option_table_row(s->table, use.row);
    char name[BW_OPTION_NAME_SIZE];

    bw_option_use_name(s->table, &use, name);
    if (!takes_value(row) && use.value != NULL)
        return bw_error_set(err, BW_ERR_USAGE, "option '%s' takes no value",
                            name);
    if (takes_value(row) && use.value == NULL && !row->is_optional) {
        if (s->next == s->argc)
            return bw_error_set(err, BW_ERR_USAGE, "option '%s' needs a value",
                                name);
        use.value = s->argv[s->next++];
    }
    if (row->value == &s->table->help_about ||
        row->value == &s->table->version) {
        s->table->help = row->value == &s->table->help_about;
        s->table->version = !s->table->help;
        s->table->help_about = use.value;
        s->is_stopped = true;
        return BW_OK;
    }
    return bw_option_uses_add(s->table, s->uses, use, err);
}

/* arg: behind the two dashes. */
static bw_status scan_long(scan *s, const char *arg, bw_error *err)
{
    size_t n = strcspn(arg, "=");
    bw_option_use use = {.row = bw_option_table_find(s->table, arg, n),
                         .value = arg[n] == '=' ? arg + n + 1 : NULL};

    if (use.row == s->table->n_rows)
        return bw_option_table_unknown(s->table, "--", arg, n, err);
    return add_use(s, use, err);
}

/* arg: behind the dash; "qvoFILE" is -q -v -o FILE. */
static bw_status scan_letters(scan *s, const char *arg, bw_error *err)
{
    bw_status status = BW_OK;

    while (status == BW_OK && !s->is_stopped && *arg != '\0') {
        bw_option_use use = {.is_letter = true};
        const bw_option *row = NULL;

        for (; use.row < s->table->n_rows; use.row++) {
            row = bw_option_table_row(s->table, use.row);
            if (row->letter == *arg)
                break;
        }
        if (use.row == s->table->n_rows)
            return bw_error_set(err, BW_ERR_USAGE, "unknown option '-%c'",
                                *arg);
        arg++;
        if (takes_value(row) && *arg != '\0') {
            use.value = arg;
            arg += strlen(arg);
        }
        status = add_use(s, use, err);
    }
    return status;
}

static bw_status scan_arguments(scan *s, bw_parsed *parsed, bw_error *err)
{
    bw_status status = BW_OK;
    bool is_literal = false;

    while (status == BW_OK && !s->is_stopped && s->next < s->argc) {
        const char *arg = s->argv[s->next++];

        if (is_literal || arg[0] != '-' || arg[1] == '\0')
            parsed->operand[parsed->n_operands++] = arg;
        else if (strcmp(arg, "--") == 0)
            is_literal = true;
        else if (arg[1] == '-')
            status = scan_long(s, arg + 2, err);
        else
            status = scan_letters(s, arg + 1, err);
    }
    return status;
}

/* ---- setting values ---- */

static const char *find_value(const bw_option_table *table,
                              const bw_option_uses *uses, const void *variable)
{
    for (size_t k = 0; k < uses->n; k++)
        if (bw_option_table_row(table, uses->use[k].row)->value == variable)
            return uses->use[k].value;
    return NULL;
}

static bool is_used(const bw_option_uses *uses, size_t row)
{
    for (size_t k = 0; k < uses->n; k++)
        if (uses->use[k].row == row)
            return true;
    return false;
}

static bw_status set_values(const bw_option_table *table,
                            const bw_option_uses *uses, bw_error *err)
{
    char name[BW_OPTION_NAME_SIZE];

    for (size_t k = 0; k < uses->n; k++) {
        const bw_option_use *use = &uses->use[k];
        const bw_option *row = bw_option_table_row(table, use->row);
        bw_status status = BW_OK;

        bw_option_use_name(table, use, name);
        if (row->type != BW_OPTION_LIST)
            status = bw_option_value_set(row, name, use->value, err);
        if (status != BW_OK && use->line > 0)
            bw_error_prefix(err, "line %zu", use->line);
        if (status != BW_OK)
            return status;
        if (row->given != NULL)
            *row->given = true;
    }
    return BW_OK;
}

/* Points each LIST at its items: the command line's if it has any, else the
 * file's, else those that the program set before. */
static bw_status set_lists(const bw_option_table *table,
                           const bw_option_uses *line,
                           const bw_option_uses *file, bw_parsed *parsed,
                           bw_error *err)
{
    const char **next = calloc(line->n + file->n + 1, sizeof *next);

    if (next == NULL)
        return bw_error_memory(err);
    parsed->list_items = next;
    for (size_t k = 0; k < table->n_rows; k++) {
        const bw_option *row = bw_option_table_row(table, k);
        const bw_option_uses *uses = is_used(line, k) ? line : file;
        bw_option_list *list = row->value;

        if (row->type != BW_OPTION_LIST || !is_used(uses, k))
            continue;
        *list = (bw_option_list){0, next};
        for (size_t i = 0; i < uses->n; i++)
            if (uses->use[i].row == k)
                list->item[list->n++] = uses->use[i].value;
        next += list->n;
    }
    return BW_OK;
}

/* ---- the canonical options ---- */

static bw_status add_canonical(bw_parsed *parsed, const bw_option *row,
                               const char *opt_value, bw_error *err)
{
    const char *slash = opt_value != NULL ? strrchr(opt_value, '/') : NULL;
    char *text = NULL;
    int n;

    if (slash != NULL && row->meta != NULL && strstr(row->meta, "FILE") != NULL)
        opt_value = slash + 1;
    n = asprintf(&text, "--%s%s%s", row->name, opt_value != NULL ? "=" : "",
                 opt_value != NULL ? opt_value : "");
    if (n < 0)
        return bw_error_memory(err);
    parsed->canonical[parsed->n_canonical++] = text;
    return BW_OK;
}

static bw_status add_row(bw_parsed *parsed, const bw_option *row, bw_error *err)
{
    char buffer[BW_OPTION_TEXT_SIZE];
    const bw_option_list *list = row->value;
    bw_status status = BW_OK;

    if (row->type == BW_OPTION_FLAG && !*(bool *)row->value)
        return BW_OK;
    if (row->type != BW_OPTION_LIST)
        return add_canonical(parsed, row, bw_option_value_text(row, buffer),
                             err);
    for (size_t k = 0; k < list->n && status == BW_OK; k++)
        status = add_canonical(parsed, row, list->item[k], err);
    return status;
}

/* The text of each row's value, before anything is set. */
typedef char initial_text[BW_OPTION_TEXT_SIZE];

static bool is_scalar(const bw_option *row)
{
    return row->type == BW_OPTION_SIZE || row->type == BW_OPTION_REAL ||
           row->type == BW_OPTION_CHOICE;
}

static initial_text *list_initial(const bw_option_table *table)
{
    initial_text *initial = calloc(table->n_rows + 1, sizeof *initial);

    for (size_t k = 0; k < table->n_rows && initial != NULL; k++) {
        const bw_option *row = bw_option_table_row(table, k);
        char buffer[BW_OPTION_TEXT_SIZE];
        const char *text =
            is_scalar(row) ? bw_option_value_text(row, buffer) : NULL;

        if (text != NULL)
            snprintf(initial[k], sizeof initial[k], "%s", text);
    }
    return initial;
}

/* Whether a used row has the value that it would have had anyway, and nobody
 * asks whether it was given. */
static bool is_default(const bw_option *row, const char *initial)
{
    char buffer[BW_OPTION_TEXT_SIZE];
    const char *text;

    if (!is_scalar(row) || row->given != NULL)
        return false;
    text = bw_option_value_text(row, buffer);
    return text != NULL && strcmp(text, initial) == 0;
}

static bw_status list_canonical(const bw_option_table *table,
                                const initial_text *initial,
                                const bw_option_uses *line,
                                const bw_option_uses *file, bw_parsed *parsed,
                                bw_error *err)
{
    bw_status status = BW_OK;

    parsed->canonical =
        calloc(line->n + file->n + 1, sizeof *parsed->canonical);
    if (parsed->canonical == NULL)
        return bw_error_memory(err);
    for (size_t k = 0; k < table->n_rows && status == BW_OK; k++) {
        const bw_option *row = bw_option_table_row(table, k);

        if (!row->is_neutral && (is_used(line, k) || is_used(file, k)) &&
            !is_default(row, initial[k]))
            status = add_row(parsed, row, err);
    }
    return status;
}

/* ---- public functions ---- */

static bw_status apply(const bw_option_table *table, const bw_option_uses *line,
                       bw_parsed *parsed, bw_error *err)
{
    const char *path = find_value(table, line, &table->program->common->config);
    bw_option_uses file = {0, 0, NULL};
    initial_text *initial = list_initial(table);
    bw_status status = initial != NULL ? BW_OK : bw_error_memory(err);

    if (status == BW_OK && path != NULL)
        status = bw_option_config_read(table, path, &parsed->config_text, &file,
                                       err);
    if (status == BW_OK)
        status = set_values(table, &file, err);
    if (status != BW_OK && path != NULL)
        bw_error_prefix(err, "%s",
                        strcmp(path, "-") == 0 ? "standard input" : path);
    if (status == BW_OK)
        status = set_values(table, line, err);
    if (status == BW_OK)
        status = set_lists(table, line, &file, parsed, err);
    if (status == BW_OK)
        status = list_canonical(table, initial, line, &file, parsed, err);
    free(initial);
    free(file.use);
    return status;
}

bw_status bw_option_parse(const bw_program *program, int argc, char **argv,
                          FILE *out, bw_parsed *parsed, bw_error *err)
{
    bw_option_table table;
    bw_option_uses uses = {0, 0, NULL};
    scan s = {.table = &table,
              .uses = &uses,
              .argc = argc,
              .argv = argv,
              .next = argc > 0 ? 1 : 0};
    bw_status status;

    *parsed = (bw_parsed){.n_operands = 0};
    bw_option_table_init(&table, program);
    parsed->operand = calloc((size_t)argc + 1, sizeof *parsed->operand);
    if (parsed->operand == NULL)
        return bw_error_memory(err);
    status = scan_arguments(&s, parsed, err);
    if (status == BW_OK && table.help)
        status = bw_option_help(program, table.help_about, out, err);
    else if (status == BW_OK && table.version)
        fprintf(out, "%s (barrow) %s\n", program->name, PACKAGE_VERSION);
    else if (status == BW_OK)
        status = apply(&table, &uses, parsed, err);
    if (status == BW_OK && !s.is_stopped && program->common->dump_config)
        bw_option_config_dump(&table, out);
    parsed->is_done =
        status == BW_OK && (s.is_stopped || program->common->dump_config);
    free(uses.use);
    return status;
}

void bw_parsed_clear(bw_parsed *parsed)
{
    for (size_t k = 0; k < parsed->n_canonical; k++)
        free((char *)parsed->canonical[k]);
    free(parsed->canonical);
    free(parsed->list_items);
    free(parsed->operand);
    free(parsed->config_text);
    *parsed = (bw_parsed){.n_operands = 0};
}
