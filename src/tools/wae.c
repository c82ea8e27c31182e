/* wae.c - main of wae: Wasserstein auto-encoders. */
#include "config.h"

#include <stdio.h>

#include "tools/wae.h"

bw_option_common bw_wae_common;

int main(int argc, char **argv)
{
    static const bw_verb *const verbs[] = {
        &bw_verb_wae_train,       &bw_verb_wae_encode, &bw_verb_wae_decode,
        &bw_verb_wae_reconstruct, &bw_verb_wae_sample, &bw_verb_wae_interpolate,
    };

    bw_option_common_init(&bw_wae_common);
    return bw_verbs_main("wae",
                         "Wasserstein auto-encoders: images to codes that have "
                         "a prior's distribution,\nand back.",
                         sizeof verbs / sizeof *verbs, verbs, argc, argv);
}
