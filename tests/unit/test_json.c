/* test_json.c - what is parsed is whole, or there was no memory for it. */
#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "store/json.h"

static size_t n_asked, failing; /* 0: none */

static void *failing_malloc(size_t n)
{
    return ++n_asked == failing ? NULL : malloc(n);
}

static json_t *parse(const char *text, size_t k, bool *is_short)
{
    json_error_t error;

    n_asked = 0;
    failing = k;
    return bw_json_parse(text, strlen(text), JSON_REJECT_DUPLICATES, &error,
                         is_short);
}

/* jansson alone gives {"tool": "wack"} for some k. */
Test(json, no_character_is_lost_where_memory_runs_out)
{
    static const char text[] =
        "[{\"tool\": \"wpack\", \"argv\": [\"--size=8x8\", \"a name of a file "
        "that is longer than any buffer that a parser begins with\"]}, 12.5]";
    json_t *whole, *value;
    bool is_short;
    size_t n;

    json_set_alloc_funcs(failing_malloc, free);
    whole = parse(text, 0, &is_short);
    n = n_asked;
    cr_assert_not_null(whole);
    cr_assert_not(is_short);
    cr_assert_gt(n, 20);
    for (size_t k = 1; k <= n; k++) {
        value = parse(text, k, &is_short);
        cr_expect(is_short, "allocation %zu of %zu", k, n);
        cr_expect_null(value, "allocation %zu of %zu", k, n);
        json_decref(value);
    }
    value = parse(text, 0, &is_short);
    cr_expect(json_equal(value, whole));
    json_decref(value);
    json_decref(whole);
}

Test(json, what_is_printed_is_whole)
{
    json_t *value = json_pack("{s:s, s:[i, s]}", "name",
                              "a text that is long enough to "
                              "grow a buffer",
                              "more", 12, "x");
    char *whole = json_dumps(value, JSON_COMPACT), *text;
    size_t n;

    json_set_alloc_funcs(failing_malloc, free);
    n_asked = failing = 0;
    text = bw_json_print(value, JSON_COMPACT);
    cr_expect_str_eq(text, whole);
    free(text);
    n = n_asked;
    cr_assert_gt(n, 2);
    for (size_t k = 1; k <= n; k++) {
        n_asked = 0;
        failing = k;
        cr_expect_null(bw_json_print(value, JSON_COMPACT), "%zu of %zu", k, n);
    }
    free(whole);
    json_decref(value);
}

Test(json, a_mistake_is_no_lack_of_memory)
{
    bool is_short;

    cr_expect_null(parse("[1, 2", 0, &is_short));
    cr_expect_not(is_short);
}
