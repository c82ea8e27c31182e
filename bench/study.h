/* study.h - what steps.c times: learners on images and first parameters that
 * torch_steps.py makes, too. */
#ifndef BENCH_STUDY_H
#define BENCH_STUDY_H

#include <stdio.h>

#include "model/dwe.h"
#include "model/wae.h"
#include "model/wgan.h"

typedef struct study {
    char name[64]; /* "wae-mnist-4:gan" */
    size_t batch;  /* examples of a step */
    /* Of a step, twice its multiply-adds: backward counts twice the forward
     * pass, less a first layer's input, whose gradient nobody wants; without
     * the adversary. A critic's step: forward and backward of items and fakes,
     * making the fakes, and the penalty's four passes. A generator's: forward
     * and backward, the critic forward and to its input. */
    double work;
    double rate;
    bool is_generator; /* every other step is one of the critic and of the
                          generator, the others are the critic's alone */
    bw_shape image;
    size_t latent;
    bw_model *model; /* borrowed from one of these */
    bw_dwe *dwe;
    bw_wae *wae;
    bw_wgan *wgan;
    bw_dwe_images masses;
    bw_dwe_pairs pairs;
    bw_items items;
    bw_dwe_training dwe_training;
    bw_wae_training wae_training;
    bw_wgan_training wgan_training;
    bw_dwe_learner *dwe_learner;
    bw_wae_learner *wae_learner;
    bw_wgan_learner *wgan_learner;
    const bw_learner *learner;
    uint32_t *example; /* of each step: all there are */
    uint64_t step;
} study;

/* NAME is that of a row of the table; wae's ends in ":" and a penalty, which is
 * mmd where it is not said, wgan's in ":critic" or ":generator", the network
 * whose steps it is about, the critic where it is not said; the suffix -4
 * divides channel counts by 4. false: there is none. */
bool study_start(const char *name, bw_tasks *tasks, study *s);
void study_end(study *s);

/* The k-th name of the table without what may follow, or NULL past its end. */
const char *study_name(size_t k);

/* One step; returns the loss before it; of a generator the length of its
 * gradient. */
double study_step(study *s);

/* Sum over all trained parameters, so that runs can be compared. */
double study_sum(const study *s);

/* What torch_steps.py reads: a line of words "key=value", and for each network
 * a line with its name, its text, and a line of "end". */
void study_print(const study *s, FILE *out);

#endif
