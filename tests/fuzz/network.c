/* network.c - texts of networks: what is read is written as a text that reads
 * back the same. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "barrow/network.h"
#include "fuzz/fuzz.h"

static void parse(const char *text, bw_shape input, double width)
{
    bw_error err = BW_ERROR_INIT;
    bw_network *network, *again;
    size_t n;

    if (!fuzz_check(bw_network_parse(text, "net", input, width, &network, &err),
                    &err))
        return;
    n = bw_network_n_layers(network);
    FUZZ_MUST(n > 0 && n <= BW_MAX_LAYERS);
    FUZZ_MUST(bw_network_n_trained(network) <= bw_network_n_values(network));
    FUZZ_MUST(bw_shape_equal(bw_network_shape(network, n - 1),
                             bw_network_output(network)));
    FUZZ_MUST(bw_network_work(network) >= 0);
    FUZZ_MUST(bw_network_parse(bw_network_text(network), "net", input, 1,
                               &again, &err) == BW_OK);
    FUZZ_MUST(strcmp(bw_network_text(network), bw_network_text(again)) == 0);
    FUZZ_MUST(bw_network_n_values(network) == bw_network_n_values(again));
    bw_network_destroy(again);
    bw_network_destroy(network);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = malloc(n + 1);

    FUZZ_MUST(text != NULL);
    memcpy(text, data, n);
    text[n] = '\0';
    parse(text, (bw_shape){28, 28, 1, false}, 1);
    parse(text, (bw_shape){1, 1, 50, true}, 0.5);
    free(text);
    return 0;
}
