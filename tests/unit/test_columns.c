/* test_columns.c - tables whose columns have names. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/columns.h"

static bw_columns columns;
static bw_error err;

static bw_status read_text(const char *text)
{
    char path[] = "/tmp/columns-XXXXXX";
    int fd = mkstemp(path);

    cr_assert(fd >= 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    bw_status status = bw_columns_read(path, &columns, &err);
    unlink(path);
    return status;
}

static void clear(void)
{
    bw_columns_clear(&columns);
}

TestSuite(columns, .fini = clear);

Test(columns, rows_between_comments)
{
    size_t k;
    double x = 0;

    cr_assert_eq(read_text("# a\n\nset\tstep\r\ntrain\t1e3\r\n  # b\nx\tnan"),
                 BW_OK);
    cr_assert_eq(columns.n_rows, 2);
    cr_assert_eq(columns.n_columns, 2);
    cr_assert_eq(columns.line[1], 6);
    cr_assert_eq(bw_columns_find(&columns, "set"), 0);
    cr_assert_eq(bw_columns_find(&columns, "se"), 2);
    cr_assert_eq(bw_columns_need(&columns, "step", &k, &err), BW_OK);
    cr_assert_eq(k, 1);
    cr_assert_str_eq(bw_columns_text(&columns, 1, 0), "x");
    cr_assert_eq(bw_columns_number(&columns, 0, 1, &x, &err), BW_OK);
    cr_assert_float_eq(x, 1000, 0);
    cr_assert_eq(bw_columns_number(&columns, 1, 1, &x, &err), BW_OK);
    cr_assert(isnan(x));
}

Test(columns, commas_where_there_are_no_tabs)
{
    cr_assert_eq(read_text("\xef\xbb\xbf"
                           "a,b\n1,\n"),
                 BW_OK);
    cr_assert_str_eq(columns.cell[0], "a");
    cr_assert_str_eq(bw_columns_text(&columns, 0, 1), "");
}

Test(columns, what_is_wrong_is_named)
{
    double x;
    size_t k;

    cr_assert_eq(read_text("a\tb\n1\t2\n3\n"), BW_ERR_FORMAT);
    cr_assert(strstr(err.text, ":3: 1 fields, the names are 2"), "%s",
              err.text);
    clear();
    cr_assert_eq(read_text("a\n"), BW_ERR_FORMAT);
    cr_assert(strstr(err.text, "no rows"));
    clear();
    cr_assert_eq(read_text("a\tb\n1\t2x\n"), BW_OK);
    cr_assert_eq(bw_columns_number(&columns, 0, 1, &x, &err), BW_ERR_FORMAT);
    cr_assert(strstr(err.text, ":2: b: '2x' is no number"), "%s", err.text);
    cr_assert_eq(bw_columns_need(&columns, "c", &k, &err), BW_ERR_USAGE);
    cr_assert(strstr(err.text, "no column 'c'; there are a, b"));
}
