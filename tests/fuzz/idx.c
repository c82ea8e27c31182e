/* idx.c - IDX files. */
#include "config.h"

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_array(data, n, BW_FORMAT_IDX, NULL);
    return 0;
}
