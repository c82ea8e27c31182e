/* dwe.h - Deep Wasserstein Embedding (Courty, Flamary and Ducoffe, 2018).
 *
 * phi: image -> code (encoder), psi: code -> image (decoder), trained on pairs
 * of images x1, x2 with exact cost c = W_p^p, s the label scale:
 *
 *   mean over pairs of  (||phi(x1) - phi(x2)||^2 - s c)^2
 *                     + r (KL(x1 || psi(phi(x1))) + KL(x2 || psi(phi(x2))))
 *                     + q (sum sqrt(psi(phi(x1))) + sum sqrt(psi(phi(x2))))
 *
 * or, as the baseline that has no embedding, a regressor f(x1, x2) alone:
 * mean of (f(x1, x2) - s c)^2.
 *
 * s makes labels of any grid and ground cost as large as those the weights
 * were chosen for. Codes leave the model divided by sqrt(s), so that squared
 * distances of codes are costs. phi and f see x times the input scale.
 */
#ifndef BW_DWE_H
#define BW_DWE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/engine.h"
#include "barrow/optimizer.h"
#include "base/comm.h"
#include "base/tasks.h"
#include "model/dwe_images.h"
#include "model/dwe_pairs.h"
#include "model/model.h"
#include "model/train.h"

/* What shapes a new model. All borrowed. */
typedef struct bw_dwe_design {
    const char *preset;
    const char *encoder, *encoder_name; /* text and its file; NULL: preset's */
    const char *decoder, *decoder_name;
    const char *regressor, *regressor_name;
    double width;
    size_t latent; /* of the preset */
    bool is_regressor;
    const bw_dwe_images *images;
    const bw_dwe_pairs *pairs;
    double label_scale;              /* NaN: by the mean cost */
    double input_scale;              /* NaN: by the images' peaks */
    double reconstruction, sparsity; /* r, q */
    uint64_t seed;
} bw_dwe_design;

typedef struct bw_dwe {
    bw_model *model; /* owned */
    /* An embedding has the first two, a regressor the third. */
    const bw_model_part *encoder, *decoder, *regressor;
    bw_shape image;
    size_t latent; /* 0 of a regressor */
    bw_dwe_problem problem;
    double label_scale, input_scale, reconstruction, sparsity;
    uint64_t images_digest; /* of the training images */
    bw_origin origin;       /* of a model that was opened */
} bw_dwe;

/* The power of 2 nearest to 11.3 / mean cost: 11.3 px^2 is the mean W2^2 of
 * pairs of MNIST's images, on which the paper chose its weights, so that there
 * s is 1. 1 where the mean is 0. */
double bw_dwe_label_scale(double mean_cost);

/* The power of 2 nearest to 1 / mean largest mass of an image, so that networks
 * see values up to about 1: masses of 1 / 784 leave the first layers of
 * Glorot's initial values nearly silent. On MNIST 2,000 steps end at an MSE of
 * 1.0 instead of 2.2. */
double bw_dwe_input_scale(double peak);

/* A new model with initial values (Glorot's) and its settings. Errors as
 * bw_network_parse; BW_ERR_DIMENSION for networks that do not fit each other or
 * the images. */
bw_status bw_dwe_create(const bw_dwe_design *design, bw_dwe **ret_dwe,
                        bw_error *err) BW_MUST_CHECK;
/* A model from a file. Messages begin with the path. */
bw_status bw_dwe_open(const char *path, bw_dwe **ret_dwe,
                      bw_error *err) BW_MUST_CHECK;
void bw_dwe_destroy(bw_dwe *dwe);

/* BW_ERR_USAGE, naming the verb, for a regressor: it has no codes. */
bw_status bw_dwe_need_codes(const bw_dwe *dwe, const char *verb,
                            bw_error *err) BW_MUST_CHECK;

/* Loads images as the model wants them; BW_ERR_DIMENSION, with both shapes, for
 * those of another size. */
bw_status bw_dwe_load_images(const bw_dwe *dwe, const char *path,
                             bw_dwe_images *images,
                             bw_error *err) BW_MUST_CHECK;

/* BW_ERR_DIMENSION, with both shapes, for images of another size;
 * BW_ERR_RANGE for distances of another ground cost, power or masses. */
bw_status bw_dwe_check_images(const bw_dwe *dwe, const bw_dwe_images *images,
                              bw_error *err) BW_MUST_CHECK;
bw_status bw_dwe_check_pairs(const bw_dwe *dwe, const bw_dwe_pairs *pairs,
                             bw_error *err) BW_MUST_CHECK;

/* ---- passes without training ---- */

typedef struct bw_dwe_pass bw_dwe_pass;

/* Engines for at most n_max items at a time. dwe and tasks are borrowed.
 * stopped may be NULL; a stop is BW_ERR_INTERRUPTED. */
bw_status bw_dwe_pass_create(const bw_dwe *dwe, size_t n_max, bw_tasks *tasks,
                             int (*stopped)(void), bw_dwe_pass **ret_pass,
                             bw_error *err) BW_MUST_CHECK;
void bw_dwe_pass_destroy(bw_dwe_pass *pass);

/* codes (n, latent) of n images, by number where opt_index is given, the first
 * n otherwise. */
bw_status bw_dwe_encode(bw_dwe_pass *pass, const bw_dwe_images *images,
                        size_t n, const uint32_t *opt_index, float *codes,
                        bw_error *err) BW_MUST_CHECK;

/* planes (n, C H W), each image of mass 1, of n codes. */
bw_status bw_dwe_decode(bw_dwe_pass *pass, size_t n, const float *codes,
                        float *planes, bw_error *err) BW_MUST_CHECK;

/* Costs of n pairs of images a and b by a model of either kind: both images of
 * each pair go through the network. */
bw_status bw_dwe_predict(bw_dwe_pass *pass, const bw_dwe_images *a,
                         const bw_dwe_images *b, size_t n,
                         const uint32_t (*pair)[2], double *cost,
                         bw_error *err) BW_MUST_CHECK;

/* ---- training ---- */

typedef struct bw_dwe_training {
    bw_dwe *dwe; /* whose values change */
    const bw_dwe_images *images;
    const bw_dwe_pairs *pairs;
    double validation; /* below 1 the share of the pairs that is held out,
                          else their count; 0: none */
    size_t batch;
    bw_optimizer optimizer;
    double rate;
    uint64_t seed;
    bw_tasks *tasks;
    bw_comm *comm; /* with whom batches are shared; NULL: nobody */
} bw_dwe_training;

typedef struct bw_dwe_learner bw_dwe_learner;

/* Plans everything that steps need. The training is borrowed and must live on.
 * BW_ERR_RANGE when no pair is left to train on. */
bw_status bw_dwe_learner_create(const bw_dwe_training *training,
                                bw_dwe_learner **ret_learner,
                                bw_error *err) BW_MUST_CHECK;
void bw_dwe_learner_destroy(bw_dwe_learner *learner);
/* What the loop takes; owned by the learner. */
const bw_learner *bw_dwe_learner_get(const bw_dwe_learner *learner);

#endif
