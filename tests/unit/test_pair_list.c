/* test_pair_list.c - lists of pairs on disk hold what was added, on both sides
 * of the pieces that are written, and know which indices fit. */
#include "config.h"

#include <criterion/criterion.h>

#include "ot/pair_list.h"

static void add(bw_pair_list *list, uint64_t n, uint32_t step)
{
    bw_error err = BW_ERROR_INIT;
    for (uint64_t k = 0; k < n; k++) {
        uint32_t pair[2] = {(uint32_t)k, step * (uint32_t)k};
        cr_assert_eq(bw_pair_list_add(list, pair, &err), BW_OK, "%s", err.text);
    }
    cr_assert_eq(bw_pair_list_seal(list, &err), BW_OK, "%s", err.text);
}

static void check_all(const bw_pair_list *list, uint64_t n, uint32_t step)
{
    bw_error err = BW_ERROR_INIT;
    bw_pairs pairs;
    cr_assert_eq(list->n, n);
    cr_assert_eq(bw_pair_list_pairs(list, n + 1, step * n + 1, &pairs, &err),
                 BW_OK, "%s", err.text);
    cr_assert_eq(pairs.n, n);
    cr_assert_eq(pairs.n_whole, n);
    for (uint64_t k = 0; k < n; k++) {
        uint32_t pair[2];
        bw_pairs_get(&pairs, k, pair);
        cr_assert(pair[0] == k && pair[1] == step * k, "pair %u is (%u, %u)",
                  (unsigned)k, pair[0], pair[1]);
    }
}

Test(pair_list, holds_what_was_added)
{
    static const uint64_t sizes[] = {0,
                                     1,
                                     BW_PAIR_LIST_KEPT - 1,
                                     BW_PAIR_LIST_KEPT,
                                     BW_PAIR_LIST_KEPT + 1,
                                     5 * BW_PAIR_LIST_KEPT + 7};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        bw_pair_list list = BW_PAIR_LIST_INIT;
        add(&list, sizes[k], 3);
        check_all(&list, sizes[k], 3);
        bw_pair_list_clear(&list);
        cr_assert_eq(list.n, 0);
        bw_pair_list_clear(&list);
    }
}

Test(pair_list, what_was_released_can_be_read)
{
    bw_pair_list list = BW_PAIR_LIST_INIT;
    uint64_t n = 3 * BW_PAIR_LIST_KEPT;
    add(&list, n, 2);
    for (uint64_t end = 0; end <= n; end += 1000)
        bw_pair_list_release(&list, end);
    bw_pair_list_release(&list, n);
    check_all(&list, n, 2);
    bw_pair_list_clear(&list);
    bw_pair_list_release(&list, 0);
}

/* The largest index of either column decides, and the pair is named. */
Test(pair_list, an_index_out_of_range_is_named)
{
    bw_error err = BW_ERROR_INIT;
    bw_pair_list list = BW_PAIR_LIST_INIT;
    bw_pairs pairs;
    add(&list, 10, 2);
    cr_assert_eq(bw_pair_list_pairs(&list, 10, 19, &pairs, &err), BW_OK);
    cr_assert_eq(bw_pair_list_pairs(&list, 10, 18, &pairs, &err), BW_ERR_RANGE);
    cr_assert_str_eq(err.text, "pair 9 is (9, 18): indices run from 0 to 9 and "
                               "from 0 to 17");
    err = (bw_error)BW_ERROR_INIT;
    cr_assert_eq(bw_pair_list_pairs(&list, 9, 19, &pairs, &err), BW_ERR_RANGE);
    bw_pair_list_clear(&list);
}
