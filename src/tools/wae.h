/* wae.h - the verbs of wae, and what they share. */
#ifndef BW_TOOLS_WAE_H
#define BW_TOOLS_WAE_H

#include "barrow/container.h"
#include "barrow/provenance.h"
#include "model/wae.h"
#include "tools/verbs.h"

extern bw_common bw_wae_common;

extern const bw_verb bw_verb_wae_train, bw_verb_wae_encode, bw_verb_wae_decode,
    bw_verb_wae_reconstruct, bw_verb_wae_sample, bw_verb_wae_interpolate;

#endif
