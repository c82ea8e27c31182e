/* wae_preset.c - the numbers that go with the networks of the auto-encoders'
 * presets: Tolstikhin et al.'s code, and what makes of it runs of minutes.
 */
#include "config.h"

#include <string.h>

#include "barrow/network.h"
#include "model/wae.h"

typedef struct row {
    const char *preset;
    bw_wae_values values; /* of mmd */
    /* lambda and the model's rate by the other penalties: their code has one
     * rate, their paper others for CelebA. */
    double gan_lambda, gan_rate, rate;
} row;

static const row rows[] = {
    {.preset = "wae-mnist",
     .values = {.latent = 8,
                .batch = 100,
                .epochs = 100,
                .lambda = 10,
                .rate = 1e-3,
                .adversary_rate = 5e-4,
                .beta1 = 0.5,
                .schedule = "step 30:2,50:5,100:10",
                .moments_sample = 1000},
     .gan_lambda = 10,
     .gan_rate = 1e-3,
     .rate = 1e-3},
    {.preset = "wae-mnist-small",
     .values = {.latent = 8,
                .batch = 100,
                .epochs = 15,
                .lambda = 10,
                .rate = 1e-3,
                .adversary_rate = 5e-4,
                .beta1 = 0.5,
                .schedule = "step 8:2,12:5",
                .moments_sample = 1000},
     .gan_lambda = 10,
     .gan_rate = 1e-3,
     .rate = 1e-3},
    {.preset = "wae-celeba",
     .values = {.latent = 64,
                .batch = 100,
                .epochs = 50,
                .lambda = 100,
                .rate = 1e-3,
                .adversary_rate = 1e-3,
                .beta1 = 0.5,
                .schedule = "exponential 0.01",
                .has_log_prior = true,
                .moments_sample = 256},
     .gan_lambda = 100,
     .gan_rate = 3e-4,
     .rate = 5e-4},
    {.preset = "wae-celeba-small",
     .values = {.latent = 32,
                .batch = 100,
                .epochs = 15,
                .lambda = 100,
                .rate = 1e-3,
                .adversary_rate = 1e-3,
                .beta1 = 0.5,
                .schedule = "exponential 0.01",
                .has_log_prior = true,
                .moments_sample = 256},
     .gan_lambda = 100,
     .gan_rate = 3e-4,
     .rate = 5e-4},
};

double bw_wae_scale(bw_wae_cost cost)
{
    static const double scale[] = {0.05, 0.2, 0.02};

    return scale[cost];
}

bw_status bw_wae_preset(const char *preset, bw_wae_penalty penalty,
                        bw_wae_values *values, bw_error *err)
{
    const row *found = NULL;

    *values = (bw_wae_values){0};
    for (size_t k = 0; k < sizeof rows / sizeof *rows && !found; k++)
        if (strcmp(rows[k].preset, preset) == 0)
            found = &rows[k];
    if (!found)
        return bw_error_set(err, BW_ERR_USAGE,
                            "no preset \"%s\" of an auto-encoder (%s)", preset,
                            bw_preset_names("adversary"));
    *values = found->values;
    switch (penalty) {
    case BW_WAE_MMD:
        break;
    case BW_WAE_GAN:
        values->lambda = found->gan_lambda;
        values->rate = found->gan_rate;
        break;
    case BW_WAE_KL:
        values->lambda = bw_wae_scale(BW_WAE_L2SQ);
        values->rate = found->rate;
        break;
    case BW_WAE_NONE:
        values->lambda = 0;
        values->rate = found->rate;
        break;
    }
    if (penalty != BW_WAE_GAN)
        values->has_log_prior = false;
    return BW_OK;
}
