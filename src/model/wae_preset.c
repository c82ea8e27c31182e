/* wae_preset.c - the numbers that go with the networks of the auto-encoders'
 * presets: Tolstikhin et al.'s code, and what makes of it runs of minutes.
 */
#include "config.h"

#include <string.h>

#include "barrow/network.h"
#include "model/wae.h"

/* What a paper's data set goes with. */
typedef struct paper_values {
    size_t batch, moments_sample;
    double lambda;
    double mmd_rate, gan_rate, rate; /* the last of the other penalties */
    double adversary_rate, beta1;
    bool has_log_prior;
} paper_values;

static const paper_values mnist = {.batch = 100,
                                   .moments_sample = 1000,
                                   .lambda = 10,
                                   .mmd_rate = 1e-3,
                                   .gan_rate = 1e-3,
                                   .rate = 1e-3,
                                   .adversary_rate = 5e-4,
                                   .beta1 = 0.5,
                                   .has_log_prior = false};

/* Their code has one rate, 5e-4; their paper these for its two models. */
static const paper_values celeba = {.batch = 100,
                                    .moments_sample = 256,
                                    .lambda = 100,
                                    .mmd_rate = 1e-3,
                                    .gan_rate = 3e-4,
                                    .rate = 5e-4,
                                    .adversary_rate = 1e-3,
                                    .beta1 = 0.5,
                                    .has_log_prior = true};

/* What differs between a paper's networks and their small likeness. */
typedef struct row {
    const char *preset;
    const paper_values *paper;
    size_t latent;
    uint64_t epochs;
    const char *schedule;
} row;

static const row rows[] = {
    {"wae-mnist", &mnist, 8, 100, "step 30:2,50:5,100:10"},
    {"wae-mnist-small", &mnist, 8, 15, "step 8:2,12:5"},
    {"wae-celeba", &celeba, 64, 50, "exponential 0.01"},
    {"wae-celeba-small", &celeba, 32, 15, "exponential 0.01"},
};

double bw_wae_scale(bw_wae_cost cost)
{
    static const double scale[] = {0.05, 0.2, 0.02};

    return scale[cost];
}

static double rate_of(const paper_values *paper, bw_wae_penalty penalty)
{
    if (penalty == BW_WAE_MMD)
        return paper->mmd_rate;
    return penalty == BW_WAE_GAN ? paper->gan_rate : paper->rate;
}

static double lambda_of(const paper_values *paper, bw_wae_penalty penalty)
{
    if (penalty == BW_WAE_NONE)
        return 0;
    return penalty == BW_WAE_KL ? bw_wae_scale(BW_WAE_L2SQ) : paper->lambda;
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
    const paper_values *paper = found->paper;
    *values = (bw_wae_values){.latent = found->latent,
                              .batch = paper->batch,
                              .epochs = found->epochs,
                              .lambda = lambda_of(paper, penalty),
                              .rate = rate_of(paper, penalty),
                              .adversary_rate = paper->adversary_rate,
                              .beta1 = paper->beta1,
                              .schedule = found->schedule,
                              .has_log_prior =
                                  penalty == BW_WAE_GAN && paper->has_log_prior,
                              .moments_sample = paper->moments_sample};
    return BW_OK;
}
