/* wae_learner.h - the inside of a learner: what its steps, its fit of moments,
 * its validation and its making share.
 *
 * B: batch, d: latent space, size: values of an item.
 */
#ifndef BW_WAE_LEARNER_H
#define BW_WAE_LEARNER_H

#include "model/logged.h"
#include "model/split.h"
#include "model/unit.h"
#include "model/wae.h"

/* All terms that there are; the log has those that the penalty has. */
enum {
    BW_WAE_TERM_COST,
    BW_WAE_TERM_PENALTY,
    BW_WAE_TERM_ADVERSARY_CODES,
    BW_WAE_TERM_ADVERSARY_PRIOR,
    BW_WAE_TERM_NORM_ENCODER,
    BW_WAE_TERM_NORM_DECODER,
    BW_WAE_TERM_NORM_ADVERSARY,
    BW_WAE_TERMS
};

/* Random streams of what is no step's, far from those of steps. */
#define BW_WAE_STREAM_VALIDATION ((uint64_t)1 << 61)
#define BW_WAE_STREAM_MOMENTS ((uint64_t)1 << 62)
#define BW_WAE_STREAM_PANEL ((uint64_t)3 << 61)

/* The panel's curves: means over epochs, or over `stride` of them once there
 * are more than points. Floats alone: the struct is a state block, so that a
 * resumed run draws what an undisturbed one draws. */
enum {
    BW_WAE_CURVE_COST,
    BW_WAE_CURVE_PENALTY,
    BW_WAE_CURVE_ADVERSARY,
    BW_WAE_CURVE_HELD,
    BW_WAE_CURVES
};
enum { BW_WAE_POINTS = 1024 };
typedef struct bw_wae_curves {
    float n_points, stride; /* points that are done, epochs of each */
    float epoch;            /* from 0: the last one noted */
    /* Of the point under way. */
    float count[BW_WAE_CURVES], sum[BW_WAE_CURVES];
    float point[BW_WAE_CURVES][BW_WAE_POINTS];
} bw_wae_curves;

struct bw_wae_learner {
    const bw_wae_training *t;
    bw_learner learner;
    bw_logged logged;
    bw_state_block block[4];
    bw_unit encoder, decoder, adversary;
    bw_split split;
    bw_share share;   /* of the step under way; of all items outside of steps */
    uint32_t *chosen; /* B numbers of items */
    float *target;    /* x (B, size): noise layers disturb the input in place */
    float *code;      /* z (B, d) and behind them draws p (B, d) */
    float *gathered;  /* z of all processes (B, d), of mmd with a comm */
    float *slope;     /* dz (B, d) */
    float *noise;     /* (B, d), of a Gaussian encoder */
    float *logit;     /* (2B), of an adversary with the log-prior */
    float *density;   /* (2B) */
    bw_mmd mmd;
    bw_mmd_room *room;
    /* The fit of moments, where it is asked for. */
    size_t n_sample;     /* 0: none */
    uint32_t *pool;      /* numbers of the training items */
    float *sample;       /* codes (n_sample, d) */
    float *sample_draw;  /* (n_sample, d) */
    float *sample_slope; /* (n_sample, d) */
    double *mean;        /* (2, d) */
    double *covariance;  /* (d, d) */
    float *start;        /* the encoder's values as they were */
    bw_wae_curves *curves;
};

/* ---- wae_step.c: steps, and passes that validation makes, too ---- */

/* As bw_learner.step, self being the learner. */
bw_status bw_wae_step(void *self, const uint32_t *example, size_t n,
                      const bw_step *at, double *terms,
                      bw_error *err) BW_MUST_CHECK;

/* The n items numbered row[], x, stay in l->target and go through the encoder,
 * whose output is returned. */
const float *bw_wae_step_encode(bw_wae_learner *l, bw_mode mode, size_t n,
                                const uint32_t *row, uint64_t step);
/* Codes of the encoder's output to l->code; a Gaussian's are drawn by
 * `stream`, or its means with is_mean. n items, which in a step are the
 * share's. */
void bw_wae_step_codes(bw_wae_learner *l, size_t n, const float *y,
                       bool is_mean, uint64_t stream);
/* Passes and terms from now on are of a share of batches; NULL: whole ones. */
void bw_wae_step_share(bw_wae_learner *l, const bw_share *opt_share);
/* All terms of n items, whose codes are l->code and reconstructions v, but for
 * the norms, which are 0; draws of the prior by `stream`. y: the encoder's
 * output. In BW_MODE_TRAIN the slopes are made, too: dv by v, dy by y, l->slope
 * by codes, and the adversary's gradient. In a step the terms are those of the
 * whole batch, of which the n items are a share, and slopes and gradient the
 * share's part. */
void bw_wae_step_terms(bw_wae_learner *l, bw_mode mode, size_t n,
                       const float *y, const float *v, uint64_t step,
                       uint64_t stream, double all[BW_WAE_TERMS]);

/* ---- wae_moments.c ---- */

/* Fits the moments of the encoder's codes to the prior's, before the first
 * step. BW_ERR_INTERRUPTED, with nothing changed. */
bw_status bw_wae_moments_fit(bw_wae_learner *l, bw_error *err) BW_MUST_CHECK;

/* Mean squared difference of the means of n >= 2 points q and p of d values
 * each, plus that of their covariances (divisor n - 1); slope (n, d): its
 * gradient by q. mean (2, d) and covariance (d, d) are for the work. */
double bw_wae_moments_loss(size_t n, size_t d, const float *q, const float *p,
                           double *mean, double *covariance, float *slope);

/* ---- wae_validate.c ---- */

/* As bw_learner.validate and bw_learner.pictures. */
bw_status bw_wae_validate(void *self, double *terms,
                          bw_error *err) BW_MUST_CHECK;
bw_status bw_wae_validate_show(void *self, const char *folder, uint64_t epoch,
                               bw_error *err) BW_MUST_CHECK;
/* The terms of a step on n items, for the curves. */
void bw_wae_validate_note(bw_wae_learner *l, uint64_t epoch, size_t n,
                          const double all[BW_WAE_TERMS]);

#endif
