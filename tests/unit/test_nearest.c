/* test_nearest.c - the name that was meant where one is mistyped. */
#include "config.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/nearest.h"

/* The one of names, NULL at their end, nearest to what was typed. */
static const char *nearest(const char *typed, const char *const *names)
{
    bw_nearest found;

    bw_nearest_init(&found, typed, strlen(typed));
    for (; *names != NULL; names++)
        bw_nearest_try(&found, *names);
    return found.name;
}

#define NEAREST(typed, ...) nearest(typed, (const char *const[]){__VA_ARGS__})

Test(nearest, two_edits_of_any_kind_are_near)
{
    cr_expect_str_eq(NEAREST("pairs", "pairs", NULL), "pairs");
    cr_expect_str_eq(NEAREST("airs", "pairs", NULL), "pairs");
    cr_expect_str_eq(NEAREST("xpairs", "pairs", NULL), "pairs");
    cr_expect_str_eq(NEAREST("prais", "pairs", NULL), "pairs");
    cr_expect_str_eq(NEAREST("certfiy", "certify", NULL), "certify");
    cr_expect_str_eq(NEAREST("xxcertify", "certify", NULL), "certify");
}

Test(nearest, three_edits_are_not)
{
    cr_expect_null(NEAREST("xxpairx", "pairs", NULL));
    cr_expect_null(NEAREST("xxxcertify", "certify", NULL));
    cr_expect_null(NEAREST("certxyz", "certify", NULL));
    cr_expect_null(NEAREST("fycerti", "certify", NULL));
}

Test(nearest, the_first_of_the_nearest_stays)
{
    cr_expect_str_eq(NEAREST("bats", "cats", "bits", NULL), "cats");
    cr_expect_str_eq(NEAREST("bats", "coats", "bits", NULL), "bits");
}

Test(nearest, abbreviations_of_two_letters_count)
{
    cr_expect_str_eq(NEAREST("wa", "wasserstein", NULL), "wasserstein");
    cr_expect_null(NEAREST("w", "wasserstein", NULL));
}

/* What is within two edits of anything as short says nothing. */
Test(nearest, short_names_are_not_near_all)
{
    cr_expect_null(NEAREST("xy", "mm", NULL));
    cr_expect_str_eq(NEAREST("my", "mm", NULL), "mm");
}

Test(nearest, long_names_are_left_alone)
{
    char typed[200], name[200];

    memset(typed, 'a', sizeof typed);
    memset(name, 'a', sizeof name);
    typed[150] = name[150] = '\0';
    name[0] = 'b';
    cr_expect_null(NEAREST(typed, name, NULL));
    typed[63] = name[63] = '\0';
    cr_expect_str_eq(NEAREST(typed, name, NULL), name);
}
