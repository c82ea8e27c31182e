/* pairs.c - lists of pairs, from containers, NPY and text. */
#include "config.h"

#include "barrow/pairs.h"
#include "fuzz/fuzz.h"
#include "ot/dataset.h"

enum { N_A = 70, N_B = 90 };

static void take_pairs(const bw_pair_list *list)
{
    bw_error err = BW_ERROR_INIT;
    bw_pairs pairs;

    if (!fuzz_check(bw_pair_list_pairs(list, N_A, N_B, &pairs, &err), &err))
        return;
    bw_pairs_take_part(&pairs, 2, 3);
    for (uint64_t k = 0; k < pairs.n; k++) {
        uint32_t pair[2];

        bw_pairs_get(&pairs, k, pair);
        FUZZ_MUST(pair[0] < N_A && pair[1] < N_B);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    bw_error err = BW_ERROR_INIT;
    bw_pair_list list = BW_PAIR_LIST_INIT;
    uint64_t digest;
    fuzz_file file;

    fuzz_file_open(&file, data, n);
    if (fuzz_check(bw_dataset_pairs(file.path, &list, &digest, &err), &err))
        take_pairs(&list);
    bw_pair_list_clear(&list);
    fuzz_file_close(&file);
    return 0;
}
