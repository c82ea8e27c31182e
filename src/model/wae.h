/* wae.h - Wasserstein auto-encoder (Tolstikhin, Bousquet, Gelly and
 * Schoelkopf, 2018), and with other penalties the variational (Kingma and
 * Welling, 2014), the adversarial (Makhzani et al., 2016) and the plain
 * auto-encoder.
 *
 *   mean over items of  s c(x, G(z))  +  lambda D(Q_z, P_z)
 *
 * G: decoder; z: the encoder's code of x, or drawn from its Gaussian; P_z: the
 * prior; Q_z: the codes' distribution over the batch. c and s:
 *
 *   l2sq  sum (x - G)^2, s = 0.05       l2  sqrt(1e-8 + sum (x - G)^2), s = 0.2
 *   l1    sum |x - G|, s = 0.02
 *
 * D, for n codes q and n draws p of the prior:
 *
 *   mmd   nn/mmd.h, biased or not
 *   gan   mean log(1 + exp(-t(q))): codes that the adversary t, a network from
 *         a code to a logit, takes for draws. With the log-prior, log P_z(z) is
 *         added to t. The adversary makes a step of its own beside each of the
 *         model's, on lambda (mean log(1 + exp(t(q))) + mean log(1 +
 *         exp(-t(p)))): q are the codes that the model's step had, of the
 *         values before either step
 *   kl    mean KL of an item's Gaussian to the prior: this is the VAE
 *   none  0
 */
#ifndef BW_WAE_H
#define BW_WAE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/engine.h"
#include "barrow/optimizer.h"
#include "base/comm.h"
#include "base/tasks.h"
#include "model/items.h"
#include "model/model.h"
#include "model/origin.h"
#include "model/prior.h"
#include "model/train.h"
#include "nn/mmd.h"

typedef enum bw_wae_penalty {
    BW_WAE_MMD,
    BW_WAE_GAN,
    BW_WAE_KL,
    BW_WAE_NONE
} bw_wae_penalty;

typedef enum bw_wae_cost { BW_WAE_L2SQ, BW_WAE_L2, BW_WAE_L1 } bw_wae_cost;

/* The loss, kept in the model's settings. */
typedef struct bw_wae_loss {
    bw_wae_cost cost;
    double scale; /* s */
    bw_wae_penalty penalty;
    double lambda;
    bw_mmd_kernel kernel;
    bool is_biased;     /* mmd */
    bool has_log_prior; /* gan, normal prior */
} bw_wae_loss;

/* What a preset says besides its networks: Tolstikhin et al.'s code, for CelebA
 * with the rates of their paper. */
typedef struct bw_wae_values {
    size_t latent, batch;
    uint64_t epochs;
    double lambda; /* with l2sq and s = 0.05. Of kl it is s, so that the loss is
                      s (sum (x - G)^2 + KL): a Gaussian likelihood of variance
                      1/2 */
    double rate;   /* encoder's and decoder's */
    double adversary_rate;
    double beta1;
    const char *schedule;
    bool has_log_prior;
    size_t moments_sample; /* items of a step that fits the codes' moments */
} bw_wae_values;

/* BW_ERR_USAGE for a preset that has no auto-encoder, with those that have. */
bw_status bw_wae_preset(const char *preset, bw_wae_penalty penalty,
                        bw_wae_values *values, bw_error *err) BW_MUST_CHECK;
/* s of a cost, as above. */
double bw_wae_scale(bw_wae_cost cost);

/* "mmd|gan|kl|none", "l2sq|l2|l1", "imq|rbf", in the order of the enums. */
extern const char bw_wae_penalty_names[], bw_wae_cost_names[],
    bw_wae_kernel_names[];

/* What shapes a new model. All borrowed. */
typedef struct bw_wae_design {
    const char *preset;
    const char *encoder, *encoder_name; /* text and its file; NULL: preset's */
    const char *decoder, *decoder_name;
    const char *adversary, *adversary_name;
    double width;
    size_t latent;    /* of the prior; the encoder has as many outputs, or
                         twice as many when it is Gaussian */
    bool is_gaussian; /* the encoder; kl wants it */
    const bw_items *items;
    int range; /* a bw_range, or -1: by the decoder's last layer: unit for
                  sigmoid, signed for tanh, none otherwise */
    bw_wae_loss loss;
    bw_prior prior; /* its d is set from latent */
    bw_init init;   /* TRUNCATED with sd 0.01 is the papers' */
    double init_sd;
    uint64_t seed;
} bw_wae_design;

typedef struct bw_wae {
    bw_model *model; /* owned; kind "wae" */
    const bw_model_part *encoder, *decoder;
    const bw_model_part *adversary; /* of gan; NULL otherwise */
    bw_shape item;
    size_t latent;
    bool is_gaussian;
    bw_range range;
    bw_prior prior;
    bw_wae_loss loss;
    uint64_t items_digest; /* of the training items */
    bw_origin origin;      /* of a model that was opened */
} bw_wae;

/* A new model with initial values and its settings: networks' init streams are
 * encoder 0, decoder 1024, adversary 2048. Errors as bw_network_parse;
 * BW_ERR_DIMENSION for networks that do not fit each other, the latent space or
 * the items; BW_ERR_USAGE for a loss that cannot be: kl without a Gaussian
 * encoder or another prior than the normal one, the log-prior of another. */
bw_status bw_wae_create(const bw_wae_design *design, bw_wae **ret_wae,
                        bw_error *err) BW_MUST_CHECK;
/* A model from a file. Messages begin with the path. */
bw_status bw_wae_open(const char *path, bw_wae **ret_wae,
                      bw_error *err) BW_MUST_CHECK;
void bw_wae_destroy(bw_wae *wae);

/* Loads items that the model takes: BW_ERR_DIMENSION, with both shapes, for
 * those of another, BW_ERR_RANGE out of its range. */
bw_status bw_wae_load_items(const bw_wae *wae, const char *path,
                            bw_items *items, bw_error *err) BW_MUST_CHECK;

/* The statistic that the model's loss takes. */
bw_mmd bw_wae_mmd(const bw_wae *wae);

/* ---- passes without training (wae_pass.c) ---- */

typedef struct bw_wae_pass bw_wae_pass;

/* Engines for at most n_max items at a time. wae and tasks are borrowed.
 * stopped may be NULL; a stop is BW_ERR_INTERRUPTED. */
bw_status bw_wae_pass_create(const bw_wae *wae, size_t n_max, bw_tasks *tasks,
                             int (*stopped)(void), bw_wae_pass **ret_pass,
                             bw_error *err) BW_MUST_CHECK;
void bw_wae_pass_destroy(bw_wae_pass *pass);

/* codes (n, latent) of items first .. first + n - 1; of a Gaussian encoder the
 * means, or with opt_draw (its seed) draws: item k's from stream k of
 * BW_RANDOM_CODES. */
bw_status bw_wae_encode(bw_wae_pass *pass, const bw_items *items, size_t first,
                        size_t n, const uint64_t *opt_draw, float *codes,
                        bw_error *err) BW_MUST_CHECK;

/* values (n, H W C), brought back to [0, 1] where the model has a range, of n
 * codes. */
bw_status bw_wae_decode(bw_wae_pass *pass, size_t n, const float *codes,
                        float *values, bw_error *err) BW_MUST_CHECK;

/* ---- training (wae_learner.c) ---- */

typedef struct bw_wae_training {
    bw_wae *wae; /* whose values change */
    const bw_items *items;
    double validation; /* below 1 the share of the items that is held out, else
                          their count; 0: none */
    size_t batch;
    bw_optimizer optimizer;
    double rate;
    bw_optimizer adversary_optimizer;
    double adversary_rate;
    /* Before the first step, at most so many steps (0: none) of the encoder
       alone fit mean and covariance of moments_sample items' codes, a Gaussian
       encoder's means, to those of as many draws. They end when the loss,
       mean squared difference of the means plus that of the covariances, is
       below 0.1. The sample goes through in batches, twice a step, so it takes
       no more memory than a training step does. */
    uint64_t moments_steps;
    size_t moments_sample; /* all items where there are fewer */
    uint64_t seed;
    bw_tasks *tasks;
    bw_comm *comm;        /* with whom batches are shared; NULL: nobody */
    int (*stopped)(void); /* asked while moments are fitted; may be NULL */
} bw_wae_training;

typedef struct bw_wae_learner bw_wae_learner;

/* Plans everything that steps need. The training is borrowed and must live on.
 * BW_ERR_RANGE when too few items are left to train on: none, or for mmd one,
 * which is also the least batch that it does not take.
 *
 * The log's terms: `cost` (weight s), `mmd`, `gan` or `kl` (weight lambda), and
 * to be looked at `adversary_codes`, `adversary_prior` (the two halves of the
 * adversary's loss, not times lambda), `norm_encoder`, `norm_decoder`,
 * `norm_adversary` (lengths of the gradients, lambda and s applied; 0 in
 * validation).
 *
 * A step's draws of the prior are stream `step` of BW_RANDOM_PRIOR, a Gaussian
 * encoder's normal numbers stream `step` of BW_RANDOM_CODES, number i d + j for
 * value j of item i. Validation and pictures draw from streams of their own,
 * always the same. */
bw_status bw_wae_learner_create(const bw_wae_training *training,
                                bw_wae_learner **ret_learner,
                                bw_error *err) BW_MUST_CHECK;
void bw_wae_learner_destroy(bw_wae_learner *learner);
/* What the loop takes; owned by the learner. */
const bw_learner *bw_wae_learner_get(const bw_wae_learner *learner);

/* ---- pictures while training (wae_panel.c) ---- */

/* What the 2x3 panel shows; made by the learner. */
typedef struct bw_wae_panel {
    bw_shape item;
    size_t latent;
    /* Images, (n, H W C) in [0, 1]: items and their reconstructions, of the
     * training and the held-out items, and samples from fixed draws. */
    size_t n_train, n_held, n_samples; /* n_held 0: none are held out */
    const float *train, *train_again, *held, *held_again, *samples;
    size_t n_codes; /* codes q of items, draws p: (n, latent) each */
    const float *q, *p;
    size_t n_curves; /* of the losses, one value a picture so far */
    const char *const *curve_name;
    size_t n_points;
    const double *const *curve;
} bw_wae_panel;

/* Draws FOLDER/panel-0007.png (the epoch, of four digits or more), 2x3 panels:
 *
 *   training items, each above its reconstruction | held-out ones | samples
 *   P_z and Q_z | the losses, on a log scale | data
 *
 * Of images each panel shows as many, from the first on, as it has room for.
 * Items that are flat are points, drawn by their first two values. Codes of
 * more than two values are seen along their two principal axes (of more than
 * 1,024, by their first two values). Figures that a log scale cannot show are
 * gaps. BW_ERR_IO, BW_ERR_MEMORY; messages begin with the path. */
bw_status bw_wae_panel_write(const bw_wae_panel *panel, const char *folder,
                             uint64_t epoch, bw_error *err) BW_MUST_CHECK;

#endif
