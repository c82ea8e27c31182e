/* test_pick.c - the text of a choice of rows. */
#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "store/pick.h"

/* The ranges as "first..end " or "no". */
static const char *parsed(const char *text)
{
    static char shown[256];
    bw_pick_range range[16];
    size_t n, length = 0;

    if (!bw_pick_parse(text, range, &n))
        return "no";
    for (size_t k = 0; k < n; k++)
        length += (size_t)snprintf(
            shown + length, sizeof shown - length, "%llu..%lld ",
            (unsigned long long)range[k].first, (long long)range[k].end);
    return shown;
}

Test(pick, ranges_are_parsed)
{
    cr_assert_str_eq(parsed("3"), "3..4 ");
    cr_assert_str_eq(parsed("0,5,7-9"), "0..1 5..6 7..10 ");
    cr_assert_str_eq(parsed("2:5"), "2..5 ");
    cr_assert_str_eq(parsed(":5,5:"), "0..5 5..-1 ");
    cr_assert_str_eq(parsed(":"), "0..-1 ");
    cr_assert_str_eq(parsed("4:4"), "4..4 ");
    cr_assert_str_eq(parsed("4-4"), "4..5 ");
}

Test(pick, nonsense_is_refused)
{
    static const char *const texts[] = {
        "",      ",",     "1,", ",1",  "a",
        "1a",    "-1",    "1-", "2-1", "2:1",
        "1:2:3", "1-2-3", " 1", "1 ",  "99999999999999999999999"};

    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
        cr_assert_str_eq(parsed(texts[k]), "no", "'%s' passed", texts[k]);
}
