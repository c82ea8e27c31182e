/* test_json.c - what is parsed is whole, or there was no memory for it. */
#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/json.h"

static size_t n_asked, failing; /* 0: none */
static size_t n_left;           /* blocks that were not given back */

static void *failing_malloc(size_t n)
{
    void *p = ++n_asked == failing ? NULL : malloc(n);

    n_left += p != NULL;
    return p;
}

static void counted_free(void *p)
{
    n_left -= p != NULL;
    free(p);
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

    json_set_alloc_funcs(failing_malloc, counted_free);
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
    cr_expect_eq(n_left, 0);
}

/* Buffers grow at the quote of some of these, and behind the backslash of
 * others, where jansson alone is aborted, or reads past the end. */
Test(json, no_string_ends_later_than_its_quote)
{
    static const char digits[] = "0123456789012345678901234567890123456789"
                                 "0123456789012345678901234567890123456789";
    static const char escapes[] =
        "\\t\\t\\t\\t\\t\\t\\t\\t\\t\\t\\t\\t\\t\\t\\t\\t"
        "\\t\\t\\t\\t\\t\\t\\t\\t\\t\\t\\t\\t\\t\\t\\t\\t"
        "\\t\\t\\t\\t\\t\\t\\t\\t";
    char text[200];
    bool is_short;

    json_set_alloc_funcs(failing_malloc, counted_free);
    for (int length = 0; length < 80; length++) {
        json_t *whole;
        size_t n;

        /* Digits, then as many characters of escapes, two each. */
        snprintf(text, sizeof text, "[\"%.*s\\n\", \"%.*s\"]", length, digits,
                 length / 2 * 2, escapes);
        whole = parse(text, 0, &is_short);
        n = n_asked;
        cr_assert_not_null(whole, "%s", text);
        json_decref(whole);
        for (size_t k = 1; k <= n; k++) {
            json_t *value = parse(text, k, &is_short);

            cr_expect(is_short && value == NULL, "allocation %zu of %zu: %s", k,
                      n, text);
            cr_expect_eq(n_left, 0);
        }
    }
}

Test(json, what_was_had_for_a_long_text_is_given_back)
{
    enum { N = 300 };
    char text[8 * N + 3] = "[";
    bool is_short;
    size_t n;

    for (size_t k = 0; k < N; k++)
        strcat(text, k == 0 ? "\"value\"" : ",\"more\"");
    strcat(text, "]");
    json_set_alloc_funcs(failing_malloc, counted_free);
    json_decref(parse(text, 0, &is_short));
    n = n_asked;
    cr_assert_gt(n, 2 * N);
    for (size_t k = 1; k <= n; k++) {
        cr_expect_null(parse(text, k, &is_short));
        cr_expect(is_short);
        cr_expect_eq(n_left, 0, "allocation %zu of %zu", k, n);
    }
}

Test(json, what_is_printed_is_whole)
{
    json_t *value = json_pack("{s:s, s:[i, s]}", "name",
                              "a text that is long enough to "
                              "grow a buffer",
                              "more", 12, "x");
    char *whole = json_dumps(value, JSON_COMPACT), *text;
    size_t n;

    json_set_alloc_funcs(failing_malloc, counted_free);
    n_asked = failing = 0;
    text = bw_json_print(value, JSON_COMPACT);
    cr_expect_str_eq(text, whole);
    free(text);
    n = n_asked;
    cr_assert_gt(n, 2);
    n_left = 0;
    for (size_t k = 1; k <= n; k++) {
        n_asked = 0;
        failing = k;
        cr_expect_null(bw_json_print(value, JSON_COMPACT), "%zu of %zu", k, n);
        cr_expect_eq(n_left, 0);
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
