/* test_table.c - numbers in text, and where they are wrong. */
#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/table.h"

/* Reads text as a table, rows as "a b|label;"; on failure the message without
 * the file's name. */
static const char *table_of(const char *text, char separator,
                            const char *opt_label)
{
    static char shown[2048];
    char path[] = "/tmp/test_table_XXXXXX";
    int fd = mkstemp(path);
    bw_bytes *bytes = NULL;
    bw_table *table = NULL;
    bw_error err = BW_ERROR_INIT;
    const double *values = NULL;
    int32_t label = 0;
    size_t n = 0;

    cr_assert(fd >= 0 && write(fd, text, strlen(text)) >= 0);
    close(fd);
    shown[0] = '\0';
    bw_status rc = bw_bytes_open(path, &bytes, &err);
    if (rc == BW_OK)
        rc = bw_table_open(bytes, separator, opt_label, &table, &err);
    while (rc == BW_OK) {
        rc = bw_table_read(table, &values, &label, &err);
        if (rc || !values)
            break;
        for (size_t k = 0; k < bw_table_n_columns(table); k++)
            n += (size_t)snprintf(shown + n, sizeof shown - n, "%s%.17g",
                                  k ? " " : "", values[k]);
        n += (size_t)snprintf(shown + n, sizeof shown - n, "|%d;", label);
    }
    if (rc)
        snprintf(shown, sizeof shown, "%s", err.text + strlen(path));
    bw_table_close(table);
    bw_bytes_close(bytes);
    unlink(path);
    return shown;
}

Test(table, separators_are_found)
{
    cr_assert_str_eq(table_of("1\t2\n3\t4", 0, NULL), "1 2|0;3 4|0;");
    cr_assert_str_eq(table_of("1,2\n3, 4 \n", 0, NULL), "1 2|0;3 4|0;");
    cr_assert_str_eq(table_of("  1   2\n3 4  \n", 0, NULL), "1 2|0;3 4|0;");
    cr_assert_str_eq(table_of("1\n2\n", ',', NULL), "1|0;2|0;");
}

Test(table, numbers_are_what_strtod_says)
{
    cr_assert_str_eq(
        table_of("-0.5 1e3 +7 -12 .5 123456789012345678\n", 0, NULL),
        "-0.5 1000 7 -12 0.5 1.2345678901234568e+17|0;");
    cr_assert_str_eq(table_of("999999999999999 1000000000000001\n", 0, NULL),
                     "999999999999999 1000000000000001|0;");
}

Test(table, headers_comments_and_blank_lines_are_passed_over)
{
    cr_assert_str_eq(table_of("\xef\xbb\xbf"
                              "a\tb\n#\n\n \n1\t2\r\n",
                              0, NULL),
                     "1 2|0;");
    cr_assert_str_eq(table_of("1 2\n # x\n3 4\n", 0, NULL), "1 2|0;3 4|0;");
}

Test(table, labels_leave_the_row)
{
    cr_assert_str_eq(table_of("1,2,3\n4,5,6\n", 0, "2"), "1 3|2;4 6|5;");
    cr_assert_str_eq(table_of("x,\"y\"\n4,5\n", 0, "y"), "4|5;");
    cr_assert_str_eq(table_of("1,2\n", 0, "3"), ": no column 3, rows have 2");
    cr_assert_str_eq(table_of("x,y\n1,2\n", 0, "z"),
                     ":1: no column is called z");
    cr_assert_str_eq(table_of("1,2.5\n", 0, "2"),
                     ":1:3: label is no 32-bit integer");
    cr_assert_str_eq(table_of("1\n", 0, "1"), ": no column beside the label");
}

Test(table, errors_name_line_and_column)
{
    cr_assert_str_eq(table_of("1\t2\n\n3\n", 0, NULL),
                     ":3:2: only 1 of 2 fields");
    cr_assert_str_eq(table_of("1\t2\n3\t4\t5\n", 0, NULL),
                     ":2:6: more than 2 fields");
    cr_assert_str_eq(table_of("1,2\n3,abc\n", 0, NULL),
                     ":2:3: \"abc\" is no number");
    cr_assert_str_eq(table_of("1,2\n3,\n", 0, NULL), ":2:3: empty field");
    cr_assert_str_eq(table_of("1,2\n3,\"4\n", 0, NULL),
                     ":2:3: \"\"4\" is no number");
    cr_assert_str_eq(table_of("1 2\n0x10 3\n", 0, NULL),
                     ":2:1: \"0x10\" is no number");
    cr_assert_str_eq(table_of("", 0, NULL), ": no rows");
    cr_assert_str_eq(table_of("# nothing\n", 0, NULL), ": no rows");
    cr_assert_str_eq(table_of("a\tb\n", 0, NULL), ": no rows of numbers");
}

Test(table, long_lines_are_lines)
{
    enum { N = 100000 };
    char *text = malloc(2 * N + 1), *path = strdup("/tmp/test_table_XXXXXX");
    bw_bytes *bytes;
    bw_table *table;
    const double *values;
    int32_t label;

    for (size_t k = 0; k < N; k++)
        memcpy(text + 2 * k, k + 1 < N ? "7\t" : "7\n", 2);
    int fd = mkstemp(path);
    for (int k = 0; k < 3; k++)
        cr_assert_eq(write(fd, text, 2 * N), 2 * N);
    close(fd);
    cr_assert_eq(bw_bytes_open(path, &bytes, NULL), BW_OK);
    cr_assert_eq(bw_table_open(bytes, 0, NULL, &table, NULL), BW_OK);
    cr_assert_eq(bw_table_n_columns(table), N);
    for (int k = 0; k < 3; k++) {
        cr_assert_eq(bw_table_read(table, &values, &label, NULL), BW_OK);
        cr_assert(values && values[0] == 7 && values[N - 1] == 7);
    }
    cr_assert_eq(bw_table_read(table, &values, &label, NULL), BW_OK);
    cr_assert_null(values);
    bw_table_close(table);
    bw_bytes_close(bytes);
    unlink(path);
    free(path);
    free(text);
}
