/* wae.h - the verbs of wae, and what they share. */
#ifndef BW_TOOLS_WAE_H
#define BW_TOOLS_WAE_H

#include "barrow/container.h"
#include "barrow/provenance.h"
#include "model/wae.h"
#include "tools/item_job.h"

extern bw_option_common bw_wae_common;

extern const bw_verb bw_verb_wae_train, bw_verb_wae_encode, bw_verb_wae_decode,
    bw_verb_wae_reconstruct, bw_verb_wae_sample, bw_verb_wae_interpolate;

/* A verb at work on a model. Zero before it is opened, but for out.base.draws
 * and what out.opt_grid and out.n_columns say. */
typedef struct bw_wae_job {
    bw_item_job out;
    bw_wae *wae;
    bw_wae_pass *pass;
    float *codes; /* room for a batch of codes */
} bw_wae_job;

/* Opens the model, with engines, and a writer. model is NULL where --model is
 * missing. BW_ERR_USAGE for a grid of items that are no images. Close after
 * failure, too. */
bw_status bw_wae_job_open(bw_wae_job *job, const bw_program *program,
                          const bw_parsed *parsed, const char *model,
                          bw_error *err) BW_MUST_CHECK;
void bw_wae_job_close(bw_wae_job *job);

/* Loads items that the model takes, as an input of the run. */
bw_status bw_wae_job_items(bw_wae_job *job, const char *path, bw_items *items,
                           bw_error *err) BW_MUST_CHECK;
/* Reads codes that the model takes, as an input of the run; bw_job_read_codes
 * says what is allocated. */
bw_status bw_wae_job_codes(bw_wae_job *job, const char *path, size_t *n,
                           float **ret_codes, int32_t **ret_labels,
                           bw_error *err) BW_MUST_CHECK;

/* Decodes n <= BW_ITEM_BATCH codes into job->out.values, writes them and, where
 * is_shown, puts them into the grid. */
bw_status bw_wae_job_decode(bw_wae_job *job, size_t n, const float *codes,
                            bool is_shown, bw_error *err) BW_MUST_CHECK;

#endif
