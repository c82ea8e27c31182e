/* table.c - rows of numbers in text.
 *
 * The first line is a header when its first field is no number, or when the
 * label column is asked for by name. Fields may stand in double quotes. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/array.h"
#include "store/table.h"

struct bw_table {
    bw_bytes *bytes;
    char separator; /* ' ': runs of spaces */
    char *line;     /* without its end, NUL-terminated */
    size_t line_n, line_capacity;
    uint64_t line_number;
    double *values; /* n_fields, the label's gap closed */
    size_t n_fields, values_capacity;
    size_t label_field; /* SIZE_MAX: none */
    int32_t label;
    bool is_pending; /* the first row is parsed and not yet lent */
};

/* ---- lines ---- */

static bw_status wrong(const bw_table *table, const char *at, bw_error *err,
                       const char *message)
{
    return bw_error_set(err, BW_ERR_FORMAT, "%s:%llu:%zu: %s",
                        bw_bytes_name(table->bytes),
                        (unsigned long long)table->line_number,
                        (size_t)(at - table->line) + 1, message);
}

static bw_status append(bw_table *table, const unsigned char *data, size_t n,
                        bw_error *err)
{
    if (n > BW_ROW_MAX - table->line_n)
        return wrong(table, table->line, err, "line too long");
    if (table->line_n + n + 1 > table->line_capacity) {
        size_t wanted = (table->line_n + n + 1) * 3 / 2;
        char *grown = realloc(table->line, wanted);
        if (!grown)
            return bw_error_memory(err);
        table->line = grown;
        table->line_capacity = wanted;
    }
    memcpy(table->line + table->line_n, data, n);
    table->line_n += n;
    table->line[table->line_n] = '\0';
    return BW_OK;
}

/* One line of any kind into table->line; *is_end when there is none. */
static bw_status read_line(bw_table *table, bool *is_end, bw_error *err)
{
    const unsigned char *data, *newline = NULL;
    size_t n;
    bool is_empty = true;

    table->line_n = 0;
    table->line_number++;
    while (!newline) {
        bw_status rc = bw_bytes_next(table->bytes, &data, &n, err);
        if (rc)
            return rc;
        if (n == 0)
            break;
        is_empty = false;
        newline = memchr(data, '\n', n);
        size_t part = newline ? (size_t)(newline - data) : n;
        rc = append(table, data, part, err);
        if (rc)
            return rc;
        bw_bytes_take(table->bytes, newline ? part + 1 : part);
    }
    *is_end = is_empty;
    if (table->line_n > 0 && table->line[table->line_n - 1] == '\r')
        table->line[--table->line_n] = '\0';
    const char *nul =
        table->line_n ? memchr(table->line, '\0', table->line_n) : NULL;
    return nul ? wrong(table, nul, err, "zero byte in text") : BW_OK;
}

/* The next line that holds data. */
static bw_status read_data_line(bw_table *table, bool *is_end, bw_error *err)
{
    for (;;) {
        bw_status rc = read_line(table, is_end, err);
        if (rc || *is_end)
            return rc;
        /* A byte order mark. */
        if (table->line_number == 1 && table->line_n >= 3 &&
            memcmp(table->line, "\xef\xbb\xbf", 3) == 0) {
            table->line_n -= 3;
            memmove(table->line, table->line + 3, table->line_n + 1);
        }
        if (table->line_n == 0)
            continue;
        const char *at = table->line + strspn(table->line, " \t");
        if (*at != '\0' && *at != '#')
            return BW_OK;
    }
}

/* ---- fields ---- */

/* A number at text, its end in *end; false when there is none. Whole numbers
 * of up to 15 digits are exact without strtod, and common. */
static bool parse_number(const char *text, const char **end, double *value)
{
    const char *at = text + (*text == '-');
    int64_t whole = 0;
    int n = 0;

    for (; at[n] >= '0' && at[n] <= '9' && n < 16; n++)
        whole = whole * 10 + (at[n] - '0');
    if (n > 0 && n < 16 && !strchr(".eExX", at[n] ? at[n] : ' ')) {
        *end = at + n;
        *value = *text == '-' ? -(double)whole : (double)whole;
        return true;
    }
    /* strtod would take spaces and hexadecimal. */
    if (*text == ' ' || *text == '\t' || (n > 0 && (at[n] | 32) == 'x'))
        return false;
    char *stop;
    *value = strtod(text, &stop);
    *end = stop;
    return stop > text;
}

static const char *skip_blanks(const bw_table *table, const char *at)
{
    while (*at == ' ' || (*at == '\t' && table->separator != '\t'))
        at++;
    return at;
}

/* One field at *at, which moves behind it and its separator; *at = NULL after
 * the last. False when it holds no number. */
static bool parse_field(const bw_table *table, const char **at, double *value)
{
    const char *p = skip_blanks(table, *at);
    bool is_quoted = *p == '"';

    if (!parse_number(p + is_quoted, &p, value))
        return false;
    if (is_quoted && *p++ != '"')
        return false;
    const char *behind = skip_blanks(table, p);
    if (*behind == '\0')
        *at = NULL;
    else if (*behind == table->separator)
        *at = behind + 1;
    else if (table->separator == ' ' && behind > p)
        *at = behind;
    else
        return false;
    return true;
}

static bw_status bad_field(const bw_table *table, const char *at, bw_error *err)
{
    char stops[3] = {table->separator, ' ', '\0'};
    char text[64] = "empty field", shown[24];
    const char *start = skip_blanks(table, at);
    size_t n = strcspn(start, stops);

    if (n > 0) {
        size_t k, m = n < sizeof shown - 4 ? n : sizeof shown - 4;
        for (k = 0; k < m; k++)
            shown[k] = start[k] >= ' ' && start[k] != 127 ? start[k] : '?';
        memcpy(shown + k, n > m ? "..." : "", n > m ? 4 : 1);
        memcpy(text, "\"", 1);
        memcpy(text + 1, shown, strlen(shown));
        memcpy(text + 1 + strlen(shown), "\" is no number",
               sizeof "\" is no number");
    }
    return wrong(table, start, err, text);
}

static bw_status set_label(bw_table *table, double value, const char *at,
                           bw_error *err)
{
    if (!(value >= INT32_MIN && value <= INT32_MAX) ||
        value != (double)(int32_t)value)
        return wrong(table, at, err, "label is no 32-bit integer");
    table->label = (int32_t)value;
    return BW_OK;
}

static bw_status keep_value(bw_table *table, size_t k, double value,
                            bw_error *err)
{
    if (k == table->values_capacity) {
        size_t wanted = k + k / 2 + 64;
        double *grown = realloc(table->values, wanted * sizeof *grown);
        if (!grown)
            return bw_error_memory(err);
        table->values = grown;
        table->values_capacity = wanted;
    }
    table->values[k] = value;
    return BW_OK;
}

/* n fields came, and that is all or too many. */
static bw_status wrong_count(const bw_table *table, size_t n, bw_error *err)
{
    char text[64];

    if (n > table->n_fields)
        snprintf(text, sizeof text, "more than %zu fields", table->n_fields);
    else
        snprintf(text, sizeof text, "only %zu of %zu fields", n,
                 table->n_fields);
    return wrong(table, table->line + table->line_n, err, text);
}

/* The line as a row; the first row fixes n_fields. */
static bw_status parse_row(bw_table *table, bw_error *err)
{
    const char *at = table->line;
    size_t n = 0, n_kept = 0;

    while (at) {
        const char *start = at;
        double value;
        if (table->n_fields && n == table->n_fields)
            return wrong_count(table, n + 1, err);
        if (!parse_field(table, &at, &value))
            return bad_field(table, start, err);
        bw_status rc = n == table->label_field
                           ? set_label(table, value, start, err)
                           : keep_value(table, n_kept++, value, err);
        if (rc)
            return rc;
        n++;
    }
    if (table->n_fields && n < table->n_fields)
        return wrong_count(table, n, err);
    table->n_fields = n;
    return BW_OK;
}

/* ---- opening ---- */

/* The number of the field called name in the header line, or SIZE_MAX. */
static size_t find_field(const bw_table *table, const char *name)
{
    char stops[2] = {table->separator, '\0'};
    const char *at = skip_blanks(table, table->line);

    for (size_t k = 0;; k++) {
        size_t n = strcspn(at, stops);
        const char *text = at;
        size_t length = n;
        while (length > 0 && text[length - 1] == ' ')
            length--;
        if (length >= 2 && text[0] == '"' && text[length - 1] == '"') {
            text++;
            length -= 2;
        }
        if (strlen(name) == length && memcmp(text, name, length) == 0)
            return k;
        if (at[n] == '\0')
            return SIZE_MAX;
        at = skip_blanks(table, at + n + 1);
    }
}

/* From 1 as users count; 0 when text is no number. */
static size_t column_number(const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);

    return text[0] >= '1' && text[0] <= '9' && *end == '\0' ? n : 0;
}

static bw_status read_first_row(bw_table *table, const char *opt_label,
                                bw_error *err)
{
    const char *name = bw_bytes_name(table->bytes);
    size_t column = opt_label ? column_number(opt_label) : 0;
    bool is_named = opt_label && column == 0, is_end;
    bw_status rc = read_data_line(table, &is_end, err);

    if (rc)
        return rc;
    if (is_end)
        return bw_error_set(err, BW_ERR_FORMAT, "%s: no rows", name);
    if (table->separator == 0)
        table->separator = strchr(table->line, '\t')  ? '\t'
                           : strchr(table->line, ',') ? ','
                                                      : ' ';
    table->label_field = column ? column - 1 : SIZE_MAX;
    if (is_named)
        table->label_field = find_field(table, opt_label);
    if (is_named && table->label_field == SIZE_MAX)
        return bw_error_set(err, BW_ERR_USAGE,
                            "%s:%llu: no column is called %s", name,
                            (unsigned long long)table->line_number, opt_label);
    const char *at = table->line;
    double value;
    if (is_named || !parse_field(table, &at, &value)) {
        rc = read_data_line(table, &is_end, err);
        if (rc)
            return rc;
        if (is_end)
            return bw_error_set(err, BW_ERR_FORMAT, "%s: no rows of numbers",
                                name);
    }
    rc = parse_row(table, err);
    if (rc == BW_OK && opt_label && table->label_field >= table->n_fields)
        rc = bw_error_set(err, BW_ERR_USAGE, "%s: no column %s, rows have %zu",
                          name, opt_label, table->n_fields);
    if (rc == BW_OK && bw_table_n_columns(table) == 0)
        rc = bw_error_set(err, BW_ERR_FORMAT, "%s: no column beside the label",
                          name);
    return rc;
}

bw_status bw_table_open(bw_bytes *bytes, char separator, const char *opt_label,
                        bw_table **ret_table, bw_error *err)
{
    bw_table *table = calloc(1, sizeof *table);

    *ret_table = NULL;
    if (!table)
        return bw_error_memory(err);
    table->bytes = bytes;
    table->separator = separator;
    bw_status rc = read_first_row(table, opt_label, err);
    table->is_pending = true;
    if (rc)
        bw_table_close(table);
    else
        *ret_table = table;
    return rc;
}

void bw_table_close(bw_table *table)
{
    if (!table)
        return;
    free(table->line);
    free(table->values);
    free(table);
}

size_t bw_table_n_columns(const bw_table *table)
{
    return table->n_fields - (table->label_field < table->n_fields);
}

bw_status bw_table_read(bw_table *table, const double **values, int32_t *label,
                        bw_error *err)
{
    bw_status rc = BW_OK;
    bool is_end = false;

    *values = NULL;
    if (!table->is_pending) {
        rc = read_data_line(table, &is_end, err);
        if (rc == BW_OK && !is_end)
            rc = parse_row(table, err);
    }
    table->is_pending = false;
    if (rc || is_end)
        return rc;
    *values = table->values;
    *label = table->label;
    return BW_OK;
}
