/* option_config.c - options in a file: read by --config, written by
 * --dump-config. The form is stated in option.h at bw_option_parse.
 */
#include "config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/status.h"
#include "base/option.h"
#include "base/option_table.h"

/* A file of options is small; more bytes than these are no such file. */
enum { MAX_BYTES = 1 << 20 };

static const char blanks[] = " \t\r\f\v";

/* ---- reading ---- */

/* Reads all of stream into *ret_text, with a NUL behind. */
static bw_status read_text(FILE *stream, char **ret_text, bw_error *err)
{
    char *text = malloc(MAX_BYTES + 1);
    size_t n;

    *ret_text = text;
    if (text == NULL)
        return bw_error_memory(err);
    errno = 0;
    n = fread(text, 1, MAX_BYTES + 1, stream);
    if (ferror(stream))
        return bw_error_errno(err, "cannot be read");
    if (n > MAX_BYTES)
        return bw_error_set(err, BW_ERR_USAGE,
                            "more than %d bytes are no file of options",
                            MAX_BYTES);
    text[n] = '\0';
    if (strlen(text) != n)
        return bw_error_set(err, BW_ERR_USAGE,
                            "a NUL byte is in it: no file of options");
    return BW_OK;
}

static bw_status read_file(const char *path, char **ret_text, bw_error *err)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *stream = is_stdin ? stdin : fopen(path, "re");
    bw_status status;

    if (stream == NULL)
        return bw_error_errno(err, "cannot be opened");
    status = read_text(stream, ret_text, err);
    if (!is_stdin)
        fclose(stream);
    return status;
}

/* Takes the quotes off the value at text, in place; *ret_end is what follows
 * the closing quote. */
static bw_status unquote(char *text, char **ret_end, bw_error *err)
{
    char *to = text, *from = text + 1;

    while (*from != '"' && *from != '\0') {
        if (*from == '\\' && from[1] != '\0') {
            from++;
            *to++ = *from == 'n' ? '\n' : *from;
        } else {
            *to++ = *from;
        }
        from++;
    }
    if (*from == '\0')
        return bw_error_set(err, BW_ERR_USAGE, "a quote is not closed");
    *to = '\0';
    *ret_end = from + 1;
    return BW_OK;
}

/* Cuts a comment, "#" at the start or behind a blank, and blanks off. */
static void trim(char *text)
{
    size_t n;

    for (char *c = strchr(text, '#'); c != NULL; c = strchr(c + 1, '#'))
        if (c == text || strchr(blanks, c[-1]) != NULL) {
            *c = '\0';
            break;
        }
    n = strlen(text);
    while (n > 0 && strchr(blanks, text[n - 1]) != NULL)
        n--;
    text[n] = '\0';
}

/* Reads what follows the name: "", "= value" or '= "value"'. */
static bw_status read_value(char *text, const char **ret_value, bw_error *err)
{
    char *end = NULL;

    *ret_value = NULL;
    text += strspn(text, blanks);
    if (*text == '\0' || *text == '#')
        return BW_OK;
    if (*text != '=')
        return bw_error_set(err, BW_ERR_USAGE, "'=' is missing");
    text++;
    text += strspn(text, blanks);
    *ret_value = text;
    if (*text != '"') {
        trim(text);
        if (*text == '\0')
            return bw_error_set(err, BW_ERR_USAGE,
                                "no value follows '='; an empty one is \"\"");
        return BW_OK;
    }
    if (unquote(text, &end, err) != BW_OK)
        return BW_ERR_USAGE;
    trim(end);
    end += strspn(end, blanks);
    if (*end != '\0')
        return bw_error_set(err, BW_ERR_USAGE,
                            "'%s' stands behind the closing quote", end);
    return BW_OK;
}

/* Options that a file cannot hold: they ask for something at once. */
static bool is_for_line_only(const bw_option_table *table, const bw_option *row)
{
    const bw_option_common *common = table->program->common;

    return row->value == &table->help_about || row->value == &table->version ||
           row->value == &common->config || row->value == &common->dump_config;
}

static bw_status read_line(const bw_option_table *table, char *text,
                           size_t line, bw_option_uses *uses, bw_error *err)
{
    bw_option_use use = {.line = line};
    const bw_option *row;
    size_t n;

    text += strspn(text, blanks);
    n = strcspn(text, "= \t\r\f\v#");
    if (*text == '\0' || *text == '#')
        return BW_OK;
    if (n == 0)
        return bw_error_set(err, BW_ERR_USAGE, "a name is missing before '='");
    use.row = bw_option_table_find(table, text, n);
    if (use.row == table->n_rows)
        return bw_option_table_unknown(table, "", text, n, err);
    row = bw_option_table_row(table, use.row);
    if (is_for_line_only(table, row))
        return bw_error_set(err, BW_ERR_USAGE,
                            "option '%s' is for the command line only",
                            row->name);
    if (read_value(text + n, &use.value, err) != BW_OK) {
        bw_error_prefix(err, "option '%s'", row->name);
        return BW_ERR_USAGE;
    }
    if (use.value == NULL && row->type == BW_OPTION_LIST)
        return bw_error_set(err, BW_ERR_USAGE, "option '%s' needs a value",
                            row->name);
    return bw_option_uses_add(table, uses, use, err);
}

bw_status bw_option_config_read(const bw_option_table *table, const char *path,
                                char **ret_text, bw_option_uses *uses,
                                bw_error *err)
{
    bw_status status = read_file(path, ret_text, err);
    char *rest = *ret_text;
    size_t line = 1;

    if (status != BW_OK)
        return status;
    for (; rest != NULL; line++) {
        status = read_line(table, strsep(&rest, "\n"), line, uses, err);
        if (status != BW_OK) {
            bw_error_prefix(err, "line %zu", line);
            return status;
        }
    }
    return BW_OK;
}

/* ---- writing ---- */

static void write_value(FILE *out, const char *value)
{
    size_t n = strlen(value);
    bool is_plain = n > 0 && value[strcspn(value, "#\"\n\\")] == '\0' &&
                    strchr(blanks, value[0]) == NULL &&
                    strchr(blanks, value[n - 1]) == NULL;

    if (is_plain) {
        fputs(value, out);
        return;
    }
    fputc('"', out);
    for (; *value != '\0'; value++) {
        if (*value == '\n')
            fputs("\\n", out);
        else if (*value == '"' || *value == '\\')
            fprintf(out, "\\%c", *value);
        else
            fputc(*value, out);
    }
    fputc('"', out);
}

static void write_entry(FILE *out, const bw_option *row, const char *opt_value)
{
    fputs(row->name, out);
    if (opt_value != NULL) {
        fputs(" = ", out);
        write_value(out, opt_value);
    }
    fputc('\n', out);
}

static void dump_row(FILE *out, const bw_option *row)
{
    char buffer[BW_OPTION_TEXT_SIZE];
    const char *value = bw_option_value_text(row, buffer);
    const bw_option_list *list = row->value;
    bool is_given = row->given == NULL || *row->given;
    bool is_written = is_given && (value != NULL || row->is_optional);

    if (row->type == BW_OPTION_FLAG) {
        is_written = true;
        value = *(bool *)row->value ? "true" : "false";
    }
    if (row->type == BW_OPTION_LIST && is_given) {
        is_written = list->n > 0;
        for (size_t k = 0; k < list->n; k++)
            write_entry(out, row, list->item[k]);
    } else if (is_written) {
        write_entry(out, row, value);
    }
    if (!is_written)
        fprintf(out, "# %s\n", row->name);
}

void bw_option_config_dump(const bw_option_table *table, FILE *out)
{
    fprintf(out, "# %s (barrow) %s\n", table->program->name, PACKAGE_VERSION);
    for (size_t k = 0; k < table->n_rows; k++) {
        const bw_option *row = bw_option_table_row(table, k);

        if (row->type == BW_OPTION_GROUP)
            fprintf(out, "\n# %s\n", row->name);
        else if (!is_for_line_only(table, row))
            dump_row(out, row);
    }
}
