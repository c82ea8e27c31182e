/* npy.c - NPY files: row by row, and at once, as numbers. */
#include "config.h"

#include <stdlib.h>

#include "fuzz/fuzz.h"

static void load(const uint8_t *data, size_t n)
{
    bw_error err = BW_ERROR_INIT;
    size_t n_rows, n_columns;
    double *values;
    uint64_t digest;
    fuzz_file file;

    fuzz_file_open(&file, data, n);
    if (fuzz_check(bw_array_load(file.path, &n_rows, &n_columns, &values,
                                 &digest, &err),
                   &err))
        FUZZ_MUST(n_rows > 0 && n_columns > 0 && values != NULL);
    free(values);
    fuzz_file_close(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_array(data, n, BW_FORMAT_NPY, NULL);
    load(data, n);
    return 0;
}
