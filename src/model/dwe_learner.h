/* dwe_learner.h - the inside of a learner: what its steps, its validation and
 * its making share. */
#ifndef BW_DWE_LEARNER_H
#define BW_DWE_LEARNER_H

#include "model/dwe.h"
#include "model/split.h"
#include "model/unit.h"

/* The log's terms; a regressor has those before BW_DWE_RECONSTRUCTION. */
enum {
    BW_DWE_DISTANCE,
    BW_DWE_MSE,
    BW_DWE_RELATIVE,
    BW_DWE_RECONSTRUCTION,
    BW_DWE_SPARSITY,
    BW_DWE_TERMS
};
enum { BW_DWE_PARTS = 3 };

struct bw_dwe_learner {
    const bw_dwe_training *t;
    bw_learner learner;
    bw_term term[BW_DWE_TERMS];
    bw_state_block block[BW_DWE_PARTS];
    bw_unit encoder, decoder, regressor;
    bw_share share;   /* of the step under way, in pairs */
    bw_split split;   /* of the pairs */
    uint32_t *chosen; /* B numbers of pairs */
    uint32_t *row;    /* 2 B numbers of their images */
    float *target;    /* B labels */
    float *image;     /* x (2B, size) */
    /* Validation: images of held pairs, once each. */
    size_t n_seen;
    uint32_t *seen;   /* numbers */
    uint32_t *place;  /* of an image among them */
    float *seen_code; /* (n_seen, d) */
};

/* Sums over pairs that make all figures of distances. */
typedef struct bw_dwe_sums {
    double gap2;   /* (prediction - label)^2 */
    double label2; /* label^2 */
    size_t n;
} bw_dwe_sums;

void bw_dwe_sums_add(bw_dwe_sums *sums, double prediction, double label);
/* Sums of all processes, of n pairs. */
void bw_dwe_sums_share(bw_dwe_sums *sums, bw_comm *opt_comm, size_t n);
/* The terms that are of distances. */
void bw_dwe_sums_terms(const bw_dwe_learner *l, const bw_dwe_sums *sums,
                       double *terms);
/* ||a - b||^2 */
double bw_dwe_square(size_t d, const float *a, const float *b);

/* ---- dwe_step.c: steps, and passes that validation makes, too ---- */

/* As bw_learner.step, self being the learner. */
bw_status bw_dwe_step_embedding(void *self, const uint32_t *example, size_t n,
                                const bw_step *at, double *terms,
                                bw_error *err) BW_MUST_CHECK;
bw_status bw_dwe_step_regressor(void *self, const uint32_t *example, size_t n,
                                const bw_step *at, double *terms,
                                bw_error *err) BW_MUST_CHECK;

/* Sets row[] and target[] to the images and labels of n pairs. */
void bw_dwe_step_set_pairs(bw_dwe_learner *l, const uint32_t *number, size_t n);
/* Codes of the n images row[], whose masses stay in l->image. */
const float *bw_dwe_step_encode(bw_dwe_learner *l, bw_mode mode, size_t n,
                                const uint32_t *row, uint64_t step);
/* Reconstructions from n codes. */
const float *bw_dwe_step_decode(bw_dwe_learner *l, bw_mode mode, size_t n,
                                const float *z, uint64_t step);
/* The terms of n images in l->image, of which two make an example, and their
 * gradients times `weight`, which are added. */
void bw_dwe_step_image_terms(bw_dwe_learner *l, size_t n, const float *v,
                             double weight, float *opt_dv, double *terms);
/* Predictions (n) for the pairs of l->row. */
const float *bw_dwe_step_regress(bw_dwe_learner *l, bw_mode mode, size_t n,
                                 uint64_t step);

/* ---- dwe_validate.c ---- */

/* As bw_learner.validate and bw_learner.pictures. */
bw_status bw_dwe_validate_embedding(void *self, double *terms,
                                    bw_error *err) BW_MUST_CHECK;
bw_status bw_dwe_validate_regressor(void *self, double *terms,
                                    bw_error *err) BW_MUST_CHECK;
bw_status bw_dwe_validate_show(void *self, const char *folder, uint64_t epoch,
                               bw_error *err) BW_MUST_CHECK;

#endif
