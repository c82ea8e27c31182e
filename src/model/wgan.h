/* wgan.h - generative adversarial networks: Wasserstein (Arjovsky, Chintala and
 * Bottou, 2017; Gulrajani et al., 2017; Miyato et al., 2018) and the original
 * (Goodfellow et al., 2014).
 *
 * G: generator, from noise z to an item; f: critic, from an item to one number.
 * Over a batch of n items x and n fakes y = G(z), minimised by
 *
 *                  the critic                  the generator
 *   wasserstein    mean f(y) - mean f(x)       - mean f(y)
 *   minimax        mean log(1 + exp(-f(x)))    - mean log(1 + exp(f(y)))
 *                  + mean log(1 + exp(f(y)))
 *   nonsaturating  the same                    mean log(1 + exp(-f(y)))
 *
 * f is kept Lipschitz by
 *
 *   clip      after each of the critic's steps all its trained values are cut
 *             to [-c, c] (the paper's order; its code clips before the step)
 *   gp        lambda P is added to the critic's loss, P of nn/penalty.h at
 *             u x_i + (1 - u) y_i, u uniform on [0, 1], one an item
 *   spectral  weights act divided by their largest singular value,
 *             nn/spectral.h
 *   none
 *
 * A step of training is one of the critic on one mini-batch of items and as
 * many fakes. After every K-th of them the generator makes a step, on a batch
 * of noise of its own. With warm-up, the generator's steps number 0 to 24 and
 * every 500th wait for 100 of the critic's instead: the authors' code.
 *
 * Instead of a generator there can be a second set of items, from which fakes
 * are taken: then the critic alone is trained (`against`).
 */
#ifndef BW_WGAN_H
#define BW_WGAN_H

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

typedef enum bw_wgan_loss_kind {
    BW_WGAN_WASSERSTEIN,
    BW_WGAN_MINIMAX,
    BW_WGAN_NONSATURATING
} bw_wgan_loss_kind;

typedef enum bw_lipschitz_kind {
    BW_LIPSCHITZ_CLIP,
    BW_LIPSCHITZ_GP,
    BW_LIPSCHITZ_SPECTRAL,
    BW_LIPSCHITZ_NONE
} bw_lipschitz_kind;

typedef struct bw_lipschitz {
    bw_lipschitz_kind kind;
    double value;      /* c of clip, lambda of gp; 1e-30 .. 1e30 */
    bool is_one_sided; /* gp */
} bw_lipschitz;

/* "wasserstein|minimax|nonsaturating", in the order of the enum. */
extern const char bw_wgan_loss_names[];

/* "clip:C", "gp:LAMBDA", "spectral", "none"; "clip" and "gp" alone leave value
 * NaN, for the preset to fill; ":one-sided" may follow those of gp.
 * BW_ERR_USAGE with the forms that exist. The text of one, which parses to it
 * again, takes at most 40 bytes. */
bw_status bw_lipschitz_parse(const char *text, bw_lipschitz *lipschitz,
                             bw_error *err) BW_MUST_CHECK;
void bw_lipschitz_text(const bw_lipschitz *lipschitz, char text[40]);

/* What a preset says besides its networks; each paper's numbers. */
typedef struct bw_wgan_values {
    size_t latent, batch;
    uint64_t epochs, critic_steps;
    bw_lipschitz lipschitz;
    bw_optimizer optimizer; /* of both networks */
    double rate;            /* of both */
    const char *schedule;
    bw_init init;
    double init_sd;
} bw_wgan_values;

/* For a loss, and the kind of Lipschitz bound that was asked for, or -1: then
 * the preset's own with the loss wasserstein, and none with the other two. The
 * other values go by both. BW_ERR_USAGE for a preset without a critic, with
 * those that have one. */
bw_status bw_wgan_preset(const char *preset, bw_wgan_loss_kind loss,
                         int lipschitz, bw_wgan_values *values,
                         bw_error *err) BW_MUST_CHECK;

/* What shapes a new model. All borrowed. */
typedef struct bw_wgan_design {
    const char *preset;
    const char *generator, *generator_name; /* text and its file, or NULL */
    const char *critic, *critic_name;
    double width;
    size_t latent;      /* of the noise */
    bool has_generator; /* false: a critic alone */
    const bw_items *items;
    int range; /* a bw_range, or -1: by the generator's last bounded layer: unit
                  for sigmoid, signed for tanh, none otherwise and without a
                  generator */
    bw_wgan_loss_kind loss;
    bw_lipschitz lipschitz;
    bw_prior noise; /* its d is set from latent */
    bw_init init;
    double init_sd;
    uint64_t seed;
} bw_wgan_design;

typedef struct bw_wgan {
    bw_model *model;                /* owned; kind "wgan" */
    const bw_model_part *generator; /* NULL of a critic alone */
    const bw_model_part *critic;
    bw_shape item;
    size_t latent; /* 0 without generator */
    bw_range range;
    bw_prior noise;
    bw_wgan_loss_kind loss;
    bw_lipschitz lipschitz;
    uint64_t items_digest; /* of the training items */
    bw_origin origin;      /* of a model that was opened */
} bw_wgan;

/* A new model with initial values and its settings: networks' init streams are
 * generator 0, critic 1024. Errors as bw_network_parse; BW_ERR_DIMENSION for a
 * generator whose output is no item, and for a critic that does not give one
 * number; BW_ERR_USAGE for a critic that the Lipschitz bound does not allow: gp
 * takes layers of bw_engine_check_second only, since the penalty is of each
 * item's own gradient (batch normalisation mixes items) and has no second
 * derivatives of activations (layer normalisation needs them). */
bw_status bw_wgan_create(const bw_wgan_design *design, bw_wgan **ret_wgan,
                         bw_error *err) BW_MUST_CHECK;
/* A model from a file. Messages begin with the path. */
bw_status bw_wgan_open(const char *path, bw_wgan **ret_wgan,
                       bw_error *err) BW_MUST_CHECK;
void bw_wgan_destroy(bw_wgan *wgan);

/* Loads items that the model takes: BW_ERR_DIMENSION, with both shapes, for
 * those of another, BW_ERR_RANGE out of its range. */
bw_status bw_wgan_load_items(const bw_wgan *wgan, const char *path,
                             bw_items *items, bw_error *err) BW_MUST_CHECK;

/* ---- passes without training (wgan_pass.c) ---- */

typedef struct bw_wgan_pass bw_wgan_pass;

/* Engines for at most n_max items at a time; running statistics where there is
 * batch normalisation. wgan and tasks are borrowed. stopped may be NULL; a stop
 * is BW_ERR_INTERRUPTED. */
bw_status bw_wgan_pass_create(const bw_wgan *wgan, size_t n_max,
                              bw_tasks *tasks, int (*stopped)(void),
                              bw_wgan_pass **ret_pass,
                              bw_error *err) BW_MUST_CHECK;
void bw_wgan_pass_destroy(bw_wgan_pass *pass);

/* values (n, H W C), brought back to [0, 1] where the model has a range, of n
 * rows of noise; the model has a generator. */
bw_status bw_wgan_generate(bw_wgan_pass *pass, size_t n, const float *noise,
                           float *values, bw_error *err) BW_MUST_CHECK;

/* f of items first .. first + n - 1, and, where opt_norm is not NULL, the
 * length of its gradient by the item as the network sees it, in the range: of
 * any critic, by bw_penalty_gradient's definition. */
bw_status bw_wgan_score(bw_wgan_pass *pass, const bw_items *items, size_t first,
                        size_t n, float *score, float *opt_norm,
                        bw_error *err) BW_MUST_CHECK;

/* ---- training (wgan_learner.c) ---- */

typedef struct bw_wgan_training {
    bw_wgan *wgan; /* whose values change */
    const bw_items *items;
    const bw_items *opt_against; /* fakes, of a model without generator */
    double validation; /* below 1 the share of the items that is held out, else
                          their count; 0: none */
    size_t batch;
    uint64_t critic_steps; /* K >= 1 */
    bool has_warm_up;
    bw_optimizer optimizer, critic_optimizer;
    double rate, critic_rate;
    double ema; /* of the generator's values, 0: none; else below 1: after
                   each of its steps a = ema a + (1 - ema) w, from the initial w
                   on */
    bool exact; /* measure the exact W1 of each batch, too */
    uint64_t seed;
    bw_tasks *tasks;
    bw_comm *comm;        /* with whom batches are shared; NULL: nobody */
    int (*stopped)(void); /* asked while a step's exact W1 is solved; may be
                             NULL */
} bw_wgan_training;

typedef struct bw_wgan_learner bw_wgan_learner;

/* Plans everything that steps need; steps allocate nothing, but those that
 * measure the exact W1. The training is borrowed and must live on. BW_ERR_RANGE
 * when too few items are left to train on; BW_ERR_DIMENSION for others to train
 * against.
 *
 * The log's terms, in this order, those in brackets where they are meant:
 *   difference      mean f(x) - mean f(y): of a critic that is 1-Lipschitz a
 *                   lower bound of W1. Its weight is -1 with the loss
 *                   wasserstein, else 0
 *   [entropy]       the critic's loss of the other two, weight 1
 *   [penalty]       P, weight lambda
 *   generator       its loss at its latest step; 0 before the first
 *   slope           largest |f(x_i) - f(y_i)| / |x_i - y_i| over the pairs of
 *                   the batch: no Lipschitz constant is less
 *   gradient        largest |g_i| at the points where the penalty looks;
 *                   without gp in validation only, 0 in steps
 *   [clipped]       share of the critic's values that the clip cut
 *   norm_critic     length of the critic's gradient, penalty and all
 *   norm_generator  the same of the generator at its latest step
 *   [exact]         W1 of the batch, Euclidean distance of items as the network
 *                   sees them, by the exact solver
 * In validation difference, entropy, penalty, slope, gradient and exact are of
 * held-out items and as many fakes, in batches (the mean, weighted by items;
 * slope and gradient the largest), with batch statistics, as in steps, that
 * leave the running ones alone; the others are 0.
 *
 * Random numbers of step t (from 1): the critic's fakes are made of stream 2 t
 * of BW_RANDOM_PRIOR, the generator's own noise is stream 2 t + 1; u is stream
 * t of BW_RANDOM_MIX, number i for item i. Fakes of `against` are turns through
 * those that are not held out, as many of which are held out as of the items,
 * by share or count; each turn in the order that BW_RANDOM_ORDER gives for
 * stream 2^62 + turn. Validation and pictures draw from streams of their own,
 * always the same.
 *
 * State blocks: moments, the generator's average ("ema"), u and v of spectral
 * normalisation ("spectral"), the generator's latest figures. */
bw_status bw_wgan_learner_create(const bw_wgan_training *training,
                                 bw_wgan_learner **ret_learner,
                                 bw_error *err) BW_MUST_CHECK;
void bw_wgan_learner_destroy(bw_wgan_learner *learner);
/* What the loop takes; owned by the learner. */
const bw_learner *bw_wgan_learner_get(const bw_wgan_learner *learner);

/* After the run: the generator's average becomes its values, and the critic's
 * weights become those that act under spectral normalisation, so that the model
 * is plain networks. */
void bw_wgan_learner_finish(bw_wgan_learner *learner);

/* How many steps the generator has made once the critic has made t. */
uint64_t bw_wgan_generator_steps(uint64_t t, uint64_t critic_steps,
                                 bool has_warm_up);

/* ---- pictures while training (wgan_picture.c) ---- */

/* FOLDER/samples-0007.png (the epoch, of four digits or more): n samples from
 * noise that never changes, a grid of images (n, H W C) in [0, 1]; items that
 * are flat are points, drawn by their first two values above n_data items. */
bw_status bw_wgan_picture_write(const char *folder, uint64_t epoch,
                                bw_shape item, size_t n, const float *samples,
                                size_t n_data, const float *data,
                                bw_error *err) BW_MUST_CHECK;

#endif
