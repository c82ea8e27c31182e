/* dwe.c - main of dwe: Deep Wasserstein Embedding. */
#include "config.h"

#include <stdio.h>

#include "tools/dwe.h"

bw_option_common bw_dwe_common;

int main(int argc, char **argv)
{
    static const bw_verb *const verbs[] = {
        &bw_verb_dwe_train,       &bw_verb_dwe_embed,
        &bw_verb_dwe_decode,      &bw_verb_dwe_distance,
        &bw_verb_dwe_evaluate,    &bw_verb_dwe_barycenter,
        &bw_verb_dwe_interpolate, &bw_verb_dwe_components,
    };

    bw_option_common_init(&bw_dwe_common);
    return bw_verbs_main("dwe",
                         "Deep Wasserstein Embedding: images to codes whose "
                         "squared distances are\ntransport costs.",
                         sizeof verbs / sizeof *verbs, verbs, argc, argv);
}
