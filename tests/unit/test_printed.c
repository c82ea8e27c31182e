/* test_printed.c - texts that grow as they are printed, and what is said when
 * memory runs out. */
#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/printed.h"

Test(printed, holds_what_was_printed)
{
    bw_printed text;
    char *all;
    size_t n;

    cr_assert_not_null(bw_printed_open(&text));
    fprintf(text.out, "%d %s", 12, "dozen");
    fputc('\n', text.out);
    cr_assert(bw_printed_close(&text, &all, &n));
    cr_expect_str_eq(all, "12 dozen\n");
    cr_expect_eq(n, 9);
    free(all);
}

Test(printed, may_be_empty_or_hold_zeros)
{
    bw_printed text;
    char *all;
    size_t n;

    cr_assert_not_null(bw_printed_open(&text));
    cr_assert(bw_printed_close(&text, &all, NULL));
    cr_expect_str_eq(all, "");
    free(all);
    cr_assert_not_null(bw_printed_open(&text));
    fwrite("a\0b", 1, 3, text.out);
    cr_assert(bw_printed_close(&text, &all, &n));
    cr_expect_eq(n, 3);
    cr_expect_eq(memcmp(all, "a\0b", 4), 0);
    free(all);
}

Test(printed, grows_beyond_any_buffer)
{
    enum { N = 100000 };
    bw_printed text;
    char *all;
    size_t n;

    cr_assert_not_null(bw_printed_open(&text));
    for (int k = 0; k < N; k++)
        fprintf(text.out, "%06d,", k);
    cr_assert(bw_printed_close(&text, &all, &n));
    cr_expect_eq(n, 7 * N);
    for (int k = 0; k < N; k++)
        cr_assert_eq(atoi(all + 7 * k), k);
    free(all);
}

/* A stream that could not hand its bytes on, in the middle. */
Test(printed, a_lost_part_is_told)
{
    bw_printed text;
    char *all = (char *)"not touched";

    cr_assert_not_null(bw_printed_open(&text));
    fputs("first", text.out);
    fflush(text.out);
    text.is_lost = true;
    fputs("second", text.out);
    fflush(text.out);
    text.is_lost = false;
    fputs("third", text.out);
    cr_expect_not(bw_printed_close(&text, &all, NULL));
    cr_expect_null(all);
}
