/* option_help.c - the text of --help, from the table and its live values. */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "base/option_table.h"

/* One column is kept for the ")" of a default. */
enum { WIDTH = 79, INDENT = 28 };

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

void bw_option_help(const bw_program *program, FILE *out)
{
    bw_option_table table;

    bw_option_table_init(&table, program);
    fprintf(out, "Usage: %s %s\n%s\n", program->name, program->usage,
            program->summary);
    for (size_t k = 0; k < table.n_rows; k++) {
        const bw_option *row = bw_option_table_row(&table, k);

        if (row->type == BW_OPTION_GROUP)
            fprintf(out, "\n%s:\n", row->name);
        else if (k == 0)
            fprintf(out, "\nOptions:\n");
        if (row->type != BW_OPTION_GROUP)
            write_row(out, row);
    }
}
