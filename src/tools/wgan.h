/* wgan.h - the verbs of wgan, and what they share. */
#ifndef BW_TOOLS_WGAN_H
#define BW_TOOLS_WGAN_H

#include "model/wgan.h"
#include "tools/item_job.h"

extern bw_option_common bw_wgan_common;

extern const bw_verb bw_verb_wgan_train, bw_verb_wgan_sample,
    bw_verb_wgan_score;

/* A verb at work on a model. Zero before it is opened, but for out.base.draws
 * and what out.opt_grid and out.n_columns say. */
typedef struct bw_wgan_job {
    bw_item_job out;
    bw_wgan *wgan;
    bw_wgan_pass *pass;
} bw_wgan_job;

/* Opens the model, with engines, and a writer. model is NULL where --model is
 * missing. BW_ERR_USAGE for a grid of items that are no images;
 * BW_ERR_DIMENSION for a critic alone where a generator is needed. Close after
 * failure, too. */
bw_status bw_wgan_job_open(bw_wgan_job *job, const bw_program *program,
                           const bw_parsed *parsed, const char *model,
                           bool needs_generator, bw_error *err) BW_MUST_CHECK;
void bw_wgan_job_close(bw_wgan_job *job);

#endif
