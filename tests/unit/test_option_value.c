/* test_option_value.c - values of options from text, and back. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "barrow/status.h"
#include "base/option.h"
#include "base/option_table.h"

static uint64_t size_value = 5;
static double real_value = 0.5;
static int choice_value = 1;

static const bw_option size_option = {
    .type = BW_OPTION_SIZE, .name = "bins", .value = &size_value};
static const bw_option real_option = {.type = BW_OPTION_REAL,
                                      .name = "power",
                                      .value = &real_value,
                                      .min = 1.0,
                                      .max = HUGE_VAL};
static const bw_option share_option = {.type = BW_OPTION_REAL,
                                       .name = "share",
                                       .value = &real_value,
                                       .min = -0.5,
                                       .max = 1.0};
static const bw_option choice_option = {.type = BW_OPTION_CHOICE,
                                        .name = "ground",
                                        .value = &choice_value,
                                        .choices = "l1|l2|linf"};

static void expect_ok(const bw_option *option, const char *text)
{
    bw_error err = BW_ERROR_INIT;

    cr_assert_eq(bw_option_value_set(option, "-x", text, &err), BW_OK, "%s",
                 err.text);
}

static void expect_usage(const bw_option *option, const char *text,
                         const char *message)
{
    bw_error err = BW_ERROR_INIT;

    cr_assert_eq(bw_option_value_set(option, "-x", text, &err), BW_ERR_USAGE);
    cr_assert_str_eq(err.text, message);
}

Test(option_value, sizes_are_plain_digits)
{
    expect_ok(&size_option, "18446744073709551615");
    cr_assert_eq(size_value, UINT64_MAX);
    expect_ok(&size_option, "0");
    cr_assert_eq(size_value, 0u);
    expect_ok(&size_option, "0010");
    cr_assert_eq(size_value, 10u);
    expect_usage(&size_option, "18446744073709551616",
                 "option '-x': 18446744073709551616 is too large");
    expect_usage(&size_option, "99999999999999999999999",
                 "option '-x': 99999999999999999999999 is too large");
    expect_usage(&size_option, "-1", "option '-x': '-1' is not a whole number");
    expect_usage(&size_option, "+1", "option '-x': '+1' is not a whole number");
    expect_usage(&size_option, " 1", "option '-x': ' 1' is not a whole number");
    expect_usage(&size_option, "0x1",
                 "option '-x': '0x1' is not a whole number");
    expect_usage(&size_option, "1e3",
                 "option '-x': '1e3' is not a whole number");
    expect_usage(&size_option, "", "option '-x': '' is not a whole number");
    expect_usage(&size_option, NULL, "option '-x' needs a value");
    cr_assert_eq(size_value, 10u);
}

Test(option_value, reals_are_whole_finite_and_in_range)
{
    expect_ok(&real_option, "inf");
    cr_assert(isinf(real_value));
    expect_ok(&share_option, "1e-400");
    cr_assert_eq(real_value, 0.0);
    expect_ok(&share_option, "-0.5");
    expect_ok(&share_option, "1");
    expect_usage(&real_option, "0.5",
                 "option '-x': 0.5 is out of range (at least 1)");
    expect_usage(&real_option, "-inf",
                 "option '-x': -inf is out of range (at least 1)");
    expect_usage(&real_option, "1e999",
                 "option '-x': 1e999 is out of range (at least 1)");
    expect_usage(&share_option, "inf",
                 "option '-x': inf is out of range (-0.5 to 1)");
    expect_usage(&share_option, "1.0001",
                 "option '-x': 1.0001 is out of range (-0.5 to 1)");
    expect_usage(&share_option, "nan", "option '-x': 'nan' is not a number");
    expect_usage(&share_option, "1x", "option '-x': '1x' is not a number");
    expect_usage(&share_option, " 1", "option '-x': ' 1' is not a number");
    expect_usage(&share_option, "", "option '-x': '' is not a number");
    cr_assert_eq(real_value, 1.0);
}

Test(option_value, choices_are_whole_words)
{
    expect_ok(&choice_option, "linf");
    cr_assert_eq(choice_value, 2);
    expect_usage(&choice_option, "l3",
                 "option '-x': 'l3' is none of l1, l2, linf");
    expect_usage(&choice_option, "l",
                 "option '-x': 'l' is none of l1, l2, linf");
    expect_usage(&choice_option, "l1|l2",
                 "option '-x': 'l1|l2' is none of l1, l2, linf");
    expect_usage(&choice_option, "", "option '-x': '' is none of l1, l2, linf");
    cr_assert_eq(choice_value, 2);
}

Test(option_value, text_of_a_number_is_the_shortest_that_reads_back)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0.1, "0.1"},
                 {1e-9, "1e-09"},
                 {10, "10"},
                 {-2500, "-2500"},
                 {1e9, "1e+09"},
                 {1.0 / 3.0, "0.3333333333333333"},
                 {0x1p53 + 2.0, "9007199254740994"},
                 {0.1 + 0.2, "0.30000000000000004"},
                 {-0.5, "-0.5"},
                 {HUGE_VAL, "inf"}};
    char buffer[BW_OPTION_TEXT_SIZE];

    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        real_value = cases[k].value;
        cr_assert_str_eq(bw_option_value_text(&real_option, buffer),
                         cases[k].text);
        cr_assert_eq(strtod(buffer, NULL), cases[k].value);
    }
    size_value = UINT64_MAX;
    cr_assert_str_eq(bw_option_value_text(&size_option, buffer),
                     "18446744073709551615");
}

Test(option_value, no_default_has_no_text)
{
    char buffer[BW_OPTION_TEXT_SIZE];

    real_value = NAN;
    cr_assert_null(bw_option_value_text(&real_option, buffer));
    choice_value = -1;
    cr_assert_null(bw_option_value_text(&choice_option, buffer));
    choice_value = 3;
    cr_assert_null(bw_option_value_text(&choice_option, buffer));
    choice_value = 2;
    cr_assert_str_eq(bw_option_value_text(&choice_option, buffer), "linf");
}
