/* wgan.h - the verbs of wgan, and what they share. */
#ifndef BW_TOOLS_WGAN_H
#define BW_TOOLS_WGAN_H

#include "model/wgan.h"
#include "tools/job.h"

extern bw_common bw_wgan_common;

extern const bw_verb bw_verb_wgan_train, bw_verb_wgan_sample,
    bw_verb_wgan_score;

/* Items that go through a network at a time; the result does not depend on
 * it but for the last digits, so it is fixed. */
enum { BW_WGAN_BATCH = 64 };

#endif
