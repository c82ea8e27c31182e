/* header.c - the JSON header of containers: what is read can be written, and
 * reads back the same. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "store/header.h"

static char *print(const bw_header *header, size_t *n)
{
    bw_error err = BW_ERROR_INIT;
    char *text;

    FUZZ_MUST(bw_header_print(header, &text, n, &err) == BW_OK);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    bw_header header = BW_HEADER_INIT, again = BW_HEADER_INIT;
    bw_error err = BW_ERROR_INIT;
    char *text, *text_again;
    size_t n_text, n_again;
    uint64_t end = 0;

    if (!fuzz_check(bw_header_parse(&header, (const char *)data, n, &err),
                    &err)) {
        FUZZ_MUST(header.n_tensors == 0 && header.n_meta == 0);
        return 0;
    }
    for (size_t k = 0; k < header.n_tensors; k++) {
        FUZZ_MUST(header.tensor[k].offset == end);
        end += header.tensor[k].n_bytes;
    }
    FUZZ_MUST(end == header.n_data_bytes);
    text = print(&header, &n_text);
    FUZZ_MUST(bw_header_parse(&again, text, n_text, &err) == BW_OK);
    text_again = print(&again, &n_again);
    FUZZ_MUST(n_again == n_text && memcmp(text, text_again, n_text) == 0);
    bw_header_clear(&header);
    bw_header_clear(&again);
    free(text);
    free(text_again);
    return 0;
}
