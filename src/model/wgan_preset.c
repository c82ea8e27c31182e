/* wgan_preset.c - the numbers that go with the networks of the presets, and
 * with the ways to keep a critic Lipschitz: Arjovsky, Chintala and Bottou,
 * 2017, Gulrajani et al., 2017, Miyato et al., 2018, and, for the other losses,
 * Radford, Metz and Chintala, 2016.
 */
#include "config.h"

#include <string.h>

#include "model/wgan.h"

static const double default_clip = 0.01;

/* What a paper's networks go with under its own loss. */
typedef struct row {
    const char *preset;
    size_t latent, batch;
    uint64_t epochs;
    bw_lipschitz_kind lipschitz;
    double lambda, gp_rate; /* of gp */
    bw_init init;
    double init_sd;
} row;

/* Epochs: 25 in the code of the first paper; in that of the second 200,000
 * steps of the generator, which are 833 epochs of 60,000 items, and 100,000 on
 * sets of points, which have no end: 2,000 epochs of some 10,000. Those of the
 * likenesses take minutes on 10,000 items; a quarter of the channels bears five
 * times the rate, and shows digits after 15 epochs where the paper's rate does
 * not yet after 16. */
static const row rows[] = {
    {"wgan-dcgan", 100, 64, 25, BW_LIPSCHITZ_CLIP, 10, 1e-4, BW_INIT_DCGAN,
     0.02},
    {"wgan-dcgan-small", 100, 64, 25, BW_LIPSCHITZ_CLIP, 10, 1e-4,
     BW_INIT_DCGAN, 0.02},
    {"wgan-gp-mnist", 128, 50, 833, BW_LIPSCHITZ_GP, 10, 1e-4, BW_INIT_HE, 0},
    {"wgan-gp-mnist-small", 128, 50, 30, BW_LIPSCHITZ_GP, 10, 5e-4, BW_INIT_HE,
     0},
    {"wgan-mlp", 100, 64, 25, BW_LIPSCHITZ_CLIP, 10, 1e-4, BW_INIT_HE, 0},
    {"wgan-mlp-small", 100, 64, 300, BW_LIPSCHITZ_CLIP, 10, 1e-4, BW_INIT_HE,
     0},
    {"wgan-toy", 2, 256, 2000, BW_LIPSCHITZ_GP, 0.1, 1e-4, BW_INIT_HE, 0},
    {"wgan-toy-small", 2, 256, 500, BW_LIPSCHITZ_GP, 0.1, 1e-4, BW_INIT_HE, 0},
};

static const row *find_row(const char *preset)
{
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        if (strcmp(rows[k].preset, preset) == 0)
            return &rows[k];
    return NULL;
}

static bw_optimizer adam(double beta1, double beta2)
{
    bw_optimizer optimizer = bw_optimizer_default(BW_OPTIMIZER_ADAM);

    optimizer.beta1 = beta1;
    optimizer.beta2 = beta2;
    return optimizer;
}

/* A bound goes with the optimiser of the paper that brought it; without one it
 * is the first paper's, which is clip's, or that of the original losses. */
static void set_optimizer(bw_wgan_values *values, bw_wgan_loss_kind loss,
                          double gp_rate)
{
    switch (values->lipschitz.kind) {
    case BW_LIPSCHITZ_GP:
        values->optimizer = adam(0.5, 0.9);
        values->rate = gp_rate;
        return;
    case BW_LIPSCHITZ_SPECTRAL:
        values->optimizer = adam(0, 0.9);
        values->rate = 2e-4;
        return;
    case BW_LIPSCHITZ_NONE:
        if (loss != BW_WGAN_WASSERSTEIN) {
            values->optimizer = adam(0.5, 0.999);
            values->rate = 2e-4;
            return;
        }
        break;
    case BW_LIPSCHITZ_CLIP:
        break;
    }
    values->optimizer = bw_optimizer_default(BW_OPTIMIZER_RMSPROP);
    values->rate = 5e-5;
}

bw_status bw_wgan_preset(const char *preset, bw_wgan_loss_kind loss,
                         int lipschitz, bw_wgan_values *values, bw_error *err)
{
    const row *found = find_row(preset);
    bool is_wasserstein = loss == BW_WGAN_WASSERSTEIN;

    *values = (bw_wgan_values){0};
    if (!found)
        return bw_error_set(err, BW_ERR_USAGE,
                            "no preset \"%s\" of a generator and a critic (%s)",
                            preset, bw_preset_names("critic"));
    bw_lipschitz bound = {.kind = is_wasserstein ? found->lipschitz
                                                 : BW_LIPSCHITZ_NONE};
    if (lipschitz >= 0)
        bound.kind = (bw_lipschitz_kind)lipschitz;
    if (bound.kind == BW_LIPSCHITZ_CLIP)
        bound.value = default_clip;
    else if (bound.kind == BW_LIPSCHITZ_GP)
        bound.value = found->lambda;
    *values = (bw_wgan_values){.latent = found->latent,
                               .batch = found->batch,
                               .epochs = found->epochs,
                               .critic_steps = is_wasserstein ? 5 : 1,
                               .lipschitz = bound,
                               .schedule = "constant",
                               .init = found->init,
                               .init_sd = found->init_sd};
    set_optimizer(values, loss, found->gp_rate);
    return BW_OK;
}
