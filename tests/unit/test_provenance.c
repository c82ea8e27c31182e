/* test_provenance.c - the steps that made a file. */
#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/provenance.h"
#include "raw_file.h"

#define STEP(tool)                                                             \
    "{\"tool\":\"" tool "\",\"version\":\"" PACKAGE_VERSION                    \
    "\",\"argv\":[],\"inputs\":[]}"

static void expect_text(const bw_provenance *p, const char *wanted)
{
    char *text = bw_provenance_text(p);

    cr_assert_not_null(text);
    cr_expect_str_eq(text, wanted, "%s", text);
    free(text);
}

Test(provenance, a_step_is_this_text)
{
    const char *const argv[] = {"--p=2", "a \"b\"", "caf\xe9"};
    const uint64_t seed = 7;
    bw_error err = BW_ERROR_INIT;
    bw_provenance *p = bw_provenance_create("wdist", 3, argv, &seed);

    cr_assert_not_null(p);
    OK(bw_provenance_add_input(p, "x.st.zst", 0xabc, NULL, &err));
    expect_text(p, "[{\"tool\":\"wdist\",\"version\":\"" PACKAGE_VERSION
                   "\",\"argv\":[\"--p=2\",\"a \\\"b\\\"\",\"caf\\\\xe9\"],"
                   "\"seed\":7,\"inputs\":[{\"name\":\"x.st.zst\","
                   "\"xxh64\":\"0000000000000abc\"}]}]");
    bw_provenance_destroy(p);
    bw_provenance_destroy(NULL);
}

Test(provenance, seeds_beyond_63_bits_are_strings)
{
    const uint64_t seed = UINT64_MAX;
    bw_provenance *p = bw_provenance_create("t", 0, NULL, &seed);

    cr_assert_not_null(p);
    expect_text(p, "[{\"tool\":\"t\",\"version\":\"" PACKAGE_VERSION
                   "\",\"argv\":[],\"seed\":\"18446744073709551615\","
                   "\"inputs\":[]}]");
    bw_provenance_destroy(p);
}

Test(provenance, steps_of_inputs_come_before_and_once)
{
    bw_error err = BW_ERROR_INIT;
    bw_provenance *p = bw_provenance_create("t", 0, NULL, NULL);
    char *text;

    cr_assert_not_null(p);
    OK(bw_provenance_add_input(p, "a", 1, "[" STEP("one") "," STEP("two") "]",
                               &err));
    OK(bw_provenance_add_input(p, "b", 2, "[" STEP("one") "," STEP("six") "]",
                               &err));
    /* The order of members makes no other step. */
    OK(bw_provenance_add_input(p, "c", 3,
                               "[{\"version\":\"" PACKAGE_VERSION
                               "\",\"tool\":\"six\",\"inputs\":[],"
                               "\"argv\":[]}]",
                               &err));
    text = bw_provenance_text(p);
    cr_assert_not_null(text);
    cr_expect_eq(strncmp(text,
                         "[" STEP("one") "," STEP("two") "," STEP(
                             "six") ",{\"tool\":\"t\"",
                         strlen(STEP("one")) * 3 + 15),
                 0, "%s", text);
    cr_expect_not_null(strstr(text, "\"inputs\":[{\"name\":\"a\","));
    cr_expect_null(strstr(strstr(text, "\"six\"") + 1, "\"six\""));
    free(text);
    bw_provenance_destroy(p);
}

Test(provenance, what_is_no_list_of_steps_is_refused)
{
    static const char *const bad[] = {
        "",
        "{}",
        "[1]",
        "[{}]",
        "[{\"tool\":1}]",
        "[{\"tool\":\"t\",\"argv\":\"x\"}]",
        "[{\"tool\":\"t\",\"argv\":[1]}]",
        "[{\"tool\":\"t\",\"seed\":1.5}]",
        "[{\"tool\":\"t\",\"version\":1}]",
        "[{\"tool\":\"t\",\"inputs\":[{}]}]",
        "[{\"tool\":\"t\",\"inputs\":[{\"name\":\"x\",\"xxh64\":1}]}]",
        "[{\"tool\":\"t\",\"tool\":\"t\"}]"};

    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        bw_error err = BW_ERROR_INIT;
        bw_provenance *p = bw_provenance_create("t", 0, NULL, NULL);

        cr_assert_not_null(p);
        cr_expect_eq(bw_provenance_add_input(p, "a", 1, bad[k], &err),
                     BW_ERR_FORMAT, "%s", bad[k]);
        cr_expect_eq(strncmp(err.text, "barrow.provenance", 17), 0, "%s",
                     err.text);
        expect_text(p, "[" STEP("t") "]");
        bw_provenance_destroy(p);
    }
}

Test(provenance, stamps_a_file, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;
    bw_provenance *p = bw_provenance_create("t", 0, NULL, NULL);
    bw_writer *w;
    bw_reader *r;

    cr_assert_not_null(p);
    OK(bw_writer_create("x", &w, &err));
    OK(bw_provenance_stamp(p, w, "codes", &err));
    OK(bw_writer_commit(w, &err));
    bw_writer_destroy(w);
    OK(bw_reader_open("x", &r, &err));
    cr_expect_str_eq(bw_reader_meta(r, BW_META_KIND), "codes");
    cr_expect_str_eq(bw_reader_meta(r, BW_META_FORMAT), "1");
    cr_expect_str_eq(bw_reader_meta(r, BW_META_PROVENANCE), "[" STEP("t") "]");
    bw_reader_close(r);
    bw_provenance_destroy(p);
}
