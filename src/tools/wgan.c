/* wgan.c - main of wgan: generative adversarial networks. */
#include "config.h"

#include "tools/wgan.h"

bw_option_common bw_wgan_common;

int main(int argc, char **argv)
{
    static const bw_verb *const verbs[] = {
        &bw_verb_wgan_train,
        &bw_verb_wgan_sample,
        &bw_verb_wgan_score,
    };

    bw_option_common_init(&bw_wgan_common);
    return bw_verbs_main("wgan",
                         "Wasserstein and other generative adversarial "
                         "networks: noise to images, and a\ncritic of them.",
                         sizeof verbs / sizeof *verbs, verbs, argc, argv);
}
