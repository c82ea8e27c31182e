/* option_help.c - the text of --help, from the table and its live values. */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/option.h"
#include "base/option_table.h"
#include "base/printed.h"

/* One column is kept for the ")" of a default. */
enum {
    WIDTH = 79,
    INDENT = 28,
    SCREEN_LINES = 24,
    GROUP_INDENT = 20, /* of options behind their group's name */
    ITEM_SIZE = 128,
    MAX_VALUE = 24 /* a longer default is left to --help=OPTION */
};

/* ---- an option ---- */

/* Writes the words of text, blank-separated, from *column on, in lines of
 * WIDTH columns that begin at INDENT. A longer word stands alone. */
static void write_words(FILE *out, const char *text, int *column)
{
    while (*text != '\0') {
        int n = (int)strcspn(text, " ");

        if (*column > INDENT && *column + 1 + n > WIDTH) {
            fprintf(out, "\n%*s", INDENT, "");
            *column = INDENT;
        } else if (*column > INDENT) {
            fputc(' ', out);
            ++*column;
        }
        fwrite(text, 1, (size_t)n, out);
        *column += n;
        text += n;
        text += strspn(text, " ");
    }
}

static void write_default(FILE *out, const bw_option *row, int *column)
{
    char buffer[BW_OPTION_TEXT_SIZE];
    const char *value = bw_option_value_text(row, buffer);
    const bw_option_list *list = row->value;

    if (value != NULL) {
        write_words(out, "(default:", column);
        write_words(out, *value != '\0' ? value : "''", column);
    } else if (row->type == BW_OPTION_FLAG && *(bool *)row->value) {
        write_words(out, "(default: on", column);
    } else if (row->type == BW_OPTION_LIST && list->n > 0) {
        write_words(out, "(default:", column);
        for (size_t k = 0; k < list->n; k++)
            write_words(out, list->item[k], column);
    } else {
        return;
    }
    fputc(')', out);
    ++*column;
}

/* "  -s, --seed N" or "      --certify[=TOL]"; returns its columns. */
static int write_name(FILE *out, const bw_option *row)
{
    const char *meta = row->meta != NULL ? row->meta : row->choices;
    int n = row->letter != 0
                ? fprintf(out, "  -%c, --%s", row->letter, row->name)
                : fprintf(out, "      --%s", row->name);

    if (row->type != BW_OPTION_FLAG && meta != NULL)
        n += fprintf(out, row->is_optional ? "[=%s]" : " %s", meta);
    return n;
}

static void write_row(FILE *out, const bw_option *row)
{
    int column = write_name(out, row);

    if (column > INDENT - 2)
        fprintf(out, "\n%*s", INDENT, "");
    else
        fprintf(out, "%*s", INDENT - column, "");
    column = INDENT;
    if (row->help != NULL)
        write_words(out, row->help, &column);
    write_default(out, row, &column);
    fputc('\n', out);
}

/* ---- the whole ---- */

static void write_all(FILE *out, const bw_option_table *table)
{
    const bw_program *program = table->program;

    fprintf(out, "Usage: %s %s\n%s\n", program->name, program->usage,
            program->summary);
    for (size_t k = 0; k < table->n_rows; k++) {
        const bw_option *row = bw_option_table_row(table, k);

        if (row->type == BW_OPTION_GROUP)
            fprintf(out, "\n%s:\n", row->name);
        else if (k == 0)
            fprintf(out, "\nOptions:\n");
        if (row->type != BW_OPTION_GROUP)
            write_row(out, row);
    }
}

/* ---- a screen ---- */

/* "-j 2", "--range auto", "--against FILE", "--certify[=TOL]" to text. */
static void name_with_value(const bw_option *row, char text[ITEM_SIZE])
{
    char buffer[BW_OPTION_TEXT_SIZE];
    const char *value =
        row->type == BW_OPTION_FLAG ? NULL : bw_option_value_text(row, buffer);
    size_t n = row->letter != 0 && !row->is_optional
                   ? (size_t)snprintf(text, ITEM_SIZE, "-%c", row->letter)
                   : (size_t)snprintf(text, ITEM_SIZE, "--%s", row->name);

    if (value == NULL || *value == '\0' || strlen(value) > MAX_VALUE)
        value = row->meta != NULL ? row->meta : row->choices;
    if (row->type != BW_OPTION_FLAG && value != NULL && n < ITEM_SIZE)
        snprintf(text + n, ITEM_SIZE - n, row->is_optional ? "[=%s]" : " %s",
                 value);
}

static int begin_group(FILE *out, const char *name, int n)
{
    return fprintf(out, "%-*.*s", GROUP_INDENT - 2, n, name);
}

/* An item of n bytes behind the group's name, or the item before. */
static void put_item(FILE *out, const char *text, int n, int *column)
{
    if (*column > GROUP_INDENT && *column + 2 + n > WIDTH)
        *column = fprintf(out, "\n%*s", GROUP_INDENT - 2, "") - 1;
    *column += fprintf(out, "  %.*s", n, text);
}

/* Options from row *k to the next heading. */
static void write_group(FILE *out, const bw_option_table *table, size_t *k)
{
    const bw_option *row = bw_option_table_row(table, *k);
    bool has_name = row->type == BW_OPTION_GROUP;
    const char *name = has_name ? row->name : "Options";
    int column = begin_group(out, name, (int)strlen(name));

    for (*k += has_name; *k < table->n_rows; ++*k) {
        char text[ITEM_SIZE];

        row = bw_option_table_row(table, *k);
        if (row->type == BW_OPTION_GROUP)
            break;
        name_with_value(row, text);
        put_item(out, text, (int)strlen(text), &column);
    }
    fputc('\n', out);
}

/* The list at a summary's end, "Metrics:" and lines of "  name  what it is", as
 * a group of names. */
static void write_list(FILE *out, const char *list)
{
    int column = begin_group(out, list, (int)strcspn(list, ":"));

    while ((list = strchr(list, '\n')) != NULL) {
        list += 1 + strspn(list + 1, " ");
        put_item(out, list, (int)strcspn(list, " "), &column);
    }
    fputc('\n', out);
}

static void write_screen(FILE *out, const bw_option_table *table)
{
    const char *name = table->program->name, *text = table->program->summary;
    const char *list = strstr(text, "\n\n");
    int n_text = (int)(list != NULL ? (size_t)(list - text) : strlen(text));

    fprintf(out, "Usage: %s %s\n%.*s\n\n", name, table->program->usage, n_text,
            text);
    if (list != NULL)
        write_list(out, list + 2);
    for (size_t k = 0; k < table->n_rows;)
        write_group(out, table, &k);
    fprintf(out,
            "\nValues are the defaults, where there are any. '--help=OPTION' "
            "tells of one,\n'--help=all' of each, 'man %.*s' of everything.\n",
            (int)strcspn(name, " "), name);
}

/* ---- for programs ---- */

static void write_table(FILE *out, const bw_option_table *table)
{
    static const char *const type[] = {
        [BW_OPTION_FLAG] = "flag",     [BW_OPTION_SIZE] = "size",
        [BW_OPTION_REAL] = "real",     [BW_OPTION_TEXT] = "text",
        [BW_OPTION_CHOICE] = "choice", [BW_OPTION_LIST] = "list"};
    const char *const *verb = table->program->opt_verbs;

    for (; verb != NULL && *verb != NULL; verb++)
        fprintf(out, "%s\t-\tverb\t\t\n", *verb);
    for (size_t k = 0; k < table->n_rows; k++) {
        const bw_option *row = bw_option_table_row(table, k);
        const char *values = row->choices != NULL ? row->choices : row->meta;

        if (row->type == BW_OPTION_GROUP)
            continue;
        fprintf(out, "%s\t%c\t%s%s\t%s\t%s\n", row->name,
                row->letter != 0 ? row->letter : '-', type[row->type],
                row->is_optional ? "?" : "",
                values != NULL && row->type != BW_OPTION_FLAG ? values : "",
                row->help != NULL ? row->help : "");
    }
}

/* ---- one option ---- */

/* The row of "certify", "--certify", "c" or "-c", or n_rows. */
static size_t find_row(const bw_option_table *table, const char *about)
{
    const char *name = about + strspn(about, "-");
    bool is_letter = name - about < 2 && strlen(name) == 1;

    for (size_t k = 0; is_letter && k < table->n_rows; k++)
        if (bw_option_table_row(table, k)->letter == name[0])
            return k;
    return bw_option_table_find(table, name, strlen(name));
}

static bw_status write_one(FILE *out, const bw_option_table *table,
                           const char *about, bw_error *err)
{
    size_t k = find_row(table, about), n_dashes = strspn(about, "-");

    if (k == table->n_rows)
        return bw_option_table_unknown(table, n_dashes > 1 ? "--" : "",
                                       about + n_dashes,
                                       strlen(about + n_dashes), err);
    write_row(out, bw_option_table_row(table, k));
    return BW_OK;
}

/* ---- public functions ---- */

static size_t count_lines(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

static bw_status write_either(FILE *out, const bw_option_table *table,
                              bw_error *err)
{
    bw_printed printed;
    char *all = NULL;

    if (bw_printed_open(&printed) == NULL)
        return bw_error_memory(err);
    write_all(printed.out, table);
    if (!bw_printed_close(&printed, &all, NULL))
        return bw_error_memory(err);
    if (count_lines(all) <= SCREEN_LINES)
        fputs(all, out);
    else
        write_screen(out, table);
    free(all);
    return BW_OK;
}

bw_status bw_option_help(const bw_program *program, const char *opt_about,
                         FILE *out, bw_error *err)
{
    bw_option_table table;

    bw_option_table_init(&table, program);
    if (opt_about == NULL)
        return write_either(out, &table, err);
    if (strcmp(opt_about, "all") == 0)
        write_all(out, &table);
    else if (strcmp(opt_about, "table") == 0)
        write_table(out, &table);
    else
        return write_one(out, &table, opt_about, err);
    return BW_OK;
}
