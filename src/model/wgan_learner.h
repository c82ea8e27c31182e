/* wgan_learner.h - the inside of a learner: what its steps, its validation and
 * its making share.
 *
 * B: batch, d: values of the noise, size: values of an item.
 */
#ifndef BW_WGAN_LEARNER_H
#define BW_WGAN_LEARNER_H

#include "model/logged.h"
#include "model/split.h"
#include "model/unit.h"
#include "model/wgan.h"
#include "nn/spectral.h"

/* All terms that there are; the log has those that are meant. */
enum {
    BW_WGAN_TERM_DIFFERENCE,
    BW_WGAN_TERM_ENTROPY,
    BW_WGAN_TERM_PENALTY,
    BW_WGAN_TERM_GENERATOR,
    BW_WGAN_TERM_SLOPE,
    BW_WGAN_TERM_GRADIENT,
    BW_WGAN_TERM_CLIPPED,
    BW_WGAN_TERM_NORM_CRITIC,
    BW_WGAN_TERM_NORM_GENERATOR,
    BW_WGAN_TERM_EXACT,
    BW_WGAN_TERMS
};

/* Random streams of what is no step's, far from those of steps. */
#define BW_WGAN_STREAM_VALIDATION ((uint64_t)1 << 61)
#define BW_WGAN_STREAM_AGAINST ((uint64_t)1 << 62)
#define BW_WGAN_STREAM_PICTURE ((uint64_t)3 << 61)

/* The generator's figures at its latest step: a state block. */
enum { BW_WGAN_LATEST_LOSS, BW_WGAN_LATEST_NORM, BW_WGAN_LATEST };

struct bw_wgan_learner {
    const bw_wgan_training *t;
    bw_learner learner;
    bw_logged logged;
    bw_state_block block[8];
    bw_unit generator, critic; /* the first without a part: a critic alone */
    /* The critic once more, for B items, where gradients by items are wanted:
     * the unit's own passes, of which there are more, do without. */
    bw_engine *probe;
    bool is_joint; /* items and fakes go through the critic as one batch; not
                      where batch normalisation would mix them */
    bw_split split, against; /* the second of a critic alone */
    bw_share share;          /* of the pass under way; of whole batches outside
                                of steps */
    uint32_t *chosen;        /* B numbers of items */
    uint32_t *taken;         /* B numbers of fakes, of a critic alone */
    size_t *order;           /* of the turn through the fakes */
    uint64_t turn;           /* UINT64_MAX: none yet */
    float *pair;             /* (2B, size): items x, behind them fakes y */
    float *score;            /* (2B): f of both */
    float *whole;            /* (2B, size): the pair of all processes, for the
                                exact distance with a comm */
    float *mix;              /* u (B) */
    float *average;          /* the generator's values, with ema */
    bw_spectral *spectral;
    float *acting; /* the critic's values divided, of spectral */
    float *singular, *singular_kept; /* its u and v */
    float *kept; /* the critic's values and moments before its step, where the
                    generator's follows */
    float latest[BW_WGAN_LATEST];
};

/* ---- wgan_judge.c: what steps and validation look at ---- */

/* y of n draws of the noise, the share's, by batch statistics; `stream` of it,
 * which also numbers noise layers. */
const float *bw_wgan_judge_fakes(bw_wgan_learner *l, size_t n, uint64_t stream);
/* n items numbered row[] and as many fakes, numbered fake[] of a critic alone,
 * else made of the noise of `stream`, come to l->pair. */
void bw_wgan_judge_gather(bw_wgan_learner *l, size_t n, const uint32_t *row,
                          const uint32_t *fake, uint64_t stream);
/* The terms that are of items and fakes: difference, entropy, penalty, slope,
 * gradient. u is drawn from mix_stream; `stream` numbers noise layers. In a
 * step the critic's gradient is made, too. Of a batch that is shared, terms and
 * gradient are the whole one's. */
void bw_wgan_judge_pair(bw_wgan_learner *l, size_t n, uint64_t stream,
                        uint64_t mix_stream, bool is_step,
                        double all[BW_WGAN_TERMS]);
/* The exact W1 of items and fakes, by rank 0 where the batch is shared. NaN
 * where one of them is not finite: the
 * critic's terms say so. stopped may be NULL; a stop is BW_ERR_INTERRUPTED. */
bw_status bw_wgan_judge_exact(bw_wgan_learner *l, size_t n,
                              int (*stopped)(void), double all[BW_WGAN_TERMS],
                              bw_error *err) BW_MUST_CHECK;

/* ---- wgan_step.c ---- */

/* As bw_learner.step, self being the learner. */
bw_status bw_wgan_step(void *self, const uint32_t *example, size_t n,
                       const bw_step *at, double *terms,
                       bw_error *err) BW_MUST_CHECK;
/* Passes from now on are of the share of batches; NULL: of whole ones. */
void bw_wgan_step_share(bw_wgan_learner *l, const bw_share *opt_share);
/* Under spectral normalisation: what acts is made of the critic's values as
 * they are, without an iteration. */
void bw_wgan_step_refresh(bw_wgan_learner *l);

/* ---- wgan_validate.c ---- */

/* As bw_learner.validate and bw_learner.pictures. */
bw_status bw_wgan_validate(void *self, double *terms,
                           bw_error *err) BW_MUST_CHECK;
bw_status bw_wgan_validate_show(void *self, const char *folder, uint64_t epoch,
                                bw_error *err) BW_MUST_CHECK;

#endif
