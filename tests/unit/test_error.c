/* test_error.c - the error object: what it records, joins and cuts. */
#include "config.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "barrow/status.h"

Test(error, set_records_code_and_message)
{
    bw_error err = BW_ERROR_INIT;

    cr_assert_eq(bw_error_set(&err, BW_ERR_RANGE, "bin %d: %s", 43, "bad"),
                 BW_ERR_RANGE);
    cr_assert_eq(err.code, BW_ERR_RANGE);
    cr_assert_str_eq(err.text, "bin 43: bad");
    bw_error_set(&err, BW_ERR_IO, "x");
    cr_assert_str_eq(err.text, "x");
    cr_assert_eq(err.code, BW_ERR_IO);
}

Test(error, prefixes_stand_in_the_order_of_the_places)
{
    bw_error err = BW_ERROR_INIT;

    bw_error_set(&err, BW_ERR_FORMAT, "negative mass %g at bin %d", -0.2, 43);
    cr_assert_eq(bw_error_prefix(&err, "histogram %d", 17), BW_ERR_FORMAT);
    cr_assert_eq(bw_error_prefix(&err, "%s", "digits.st.zst"), BW_ERR_FORMAT);
    cr_assert_str_eq(err.text, "digits.st.zst: histogram 17: "
                               "negative mass -0.2 at bin 43");
}

Test(error, arguments_may_point_into_the_object)
{
    bw_error err = BW_ERROR_INIT;

    bw_error_set(&err, BW_ERR_IO, "inner");
    bw_error_set(&err, BW_ERR_IO, "outer (%s)", err.text);
    cr_assert_str_eq(err.text, "outer (inner)");
    bw_error_prefix(&err, "%s", err.text);
    cr_assert_str_eq(err.text, "outer (inner): outer (inner)");
}

Test(error, errno_text_follows_the_place)
{
    bw_error err = BW_ERROR_INIT;

    errno = ENOSPC;
    cr_assert_eq(bw_error_errno(&err, "out.%s", "npy"), BW_ERR_IO);
    cr_assert_eq(err.code, BW_ERR_IO);
    cr_assert_str_eq(err.text, "out.npy: No space left on device");
}

Test(error, no_object_keeps_the_code)
{
    cr_assert_eq(bw_error_set(NULL, BW_ERR_RANGE, "x"), BW_ERR_RANGE);
    cr_assert_eq(bw_error_errno(NULL, "x"), BW_ERR_IO);
    cr_assert_eq(bw_error_memory(NULL), BW_ERR_MEMORY);
    cr_assert_eq(bw_error_prefix(NULL, "x"), BW_ERR_INTERNAL);
}

Test(error, memory_has_a_message)
{
    bw_error err = BW_ERROR_INIT;

    cr_assert_eq(bw_error_memory(&err), BW_ERR_MEMORY);
    cr_assert_str_eq(err.text, "out of memory");
}

Test(error, a_long_message_is_cut_visibly)
{
    char long_text[3 * BW_ERROR_SIZE];
    bw_error err = BW_ERROR_INIT;

    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    bw_error_set(&err, BW_ERR_IO, "%s", long_text);
    cr_assert_eq(strlen(err.text), (size_t)BW_ERROR_SIZE - 1);
    cr_assert_str_eq(err.text + BW_ERROR_SIZE - 4, "...");
    bw_error_prefix(&err, "%s", long_text);
    cr_assert_eq(strlen(err.text), (size_t)BW_ERROR_SIZE - 1);
}

Test(error, a_long_path_leaves_the_reason_whole)
{
    char path[BW_ERROR_SIZE];
    bw_error err = BW_ERROR_INIT;

    for (size_t n = BW_ERROR_SIZE - 40; n < sizeof path; n++) {
        memset(path, 'd', n);
        path[n] = '\0';
        errno = ENOSPC;
        bw_error_errno(&err, "%s", path);
        cr_assert_lt(strlen(err.text), (size_t)BW_ERROR_SIZE);
        cr_assert_str_eq(strchr(err.text, ':'), ": No space left on device");
    }
    cr_assert_eq(strncmp(err.text, "...d", 4), 0);
}

Test(error, every_code_has_a_word_of_its_own)
{
    for (int a = BW_OK; a <= BW_ERR_INTERNAL; a++) {
        cr_assert_not_null(bw_status_text((bw_status)a));
        cr_assert_str_neq(bw_status_text((bw_status)a), "unknown error");
        for (int b = BW_OK; b < a; b++)
            cr_assert_str_neq(bw_status_text((bw_status)a),
                              bw_status_text((bw_status)b));
    }
    cr_assert_str_eq(bw_status_text((bw_status)99), "unknown error");
}
