/* wae.h - the verbs of wae, and what they share. */
#ifndef BW_TOOLS_WAE_H
#define BW_TOOLS_WAE_H

#include "barrow/container.h"
#include "barrow/provenance.h"
#include "model/wae.h"
#include "tools/job.h"

extern bw_common bw_wae_common;

extern const bw_verb bw_verb_wae_train, bw_verb_wae_encode, bw_verb_wae_decode,
    bw_verb_wae_reconstruct, bw_verb_wae_sample, bw_verb_wae_interpolate;

/* Items that go through a network at a time; the result does not depend on
 * it but for the last digits, so it is fixed. */
enum { BW_WAE_BATCH = 64 };

/* A verb at work on a model. Zero before it is opened, but for base.draws and
 * what opt_grid and n_columns say. */
typedef struct bw_wae_job {
    bw_job base;
    const bw_program *program;
    const char *opt_grid; /* PNG of the images that are written, or NULL */
    size_t n_columns;     /* images in a row of it */
    bw_wae *wae;
    bw_wae_pass *pass;
    float *codes, *values; /* room for a batch of codes, of items */
    size_t images;         /* the tensor that items are written to */
    float *shown;          /* (n_shown, H W C): what the PNG will show */
    size_t n_shown;
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

/* Runs a batch of n items from number `first` on. */
typedef bw_status (*bw_wae_batch)(void *arg, size_t first, size_t n,
                                  bw_error *err);
/* Runs n items in batches of at most BW_WAE_BATCH, with a progress line. */
bw_status bw_wae_job_batches(bw_wae_job *job, size_t n, bw_wae_batch run,
                             void *arg, bw_error *err) BW_MUST_CHECK;

/* Items as the job's output: declares the tensor (`images`, or `codes` of items
 * that are points) and makes room for a grid of n_shown images. */
bw_status bw_wae_job_begin_items(bw_wae_job *job, size_t n_shown,
                                 bw_error *err) BW_MUST_CHECK;
/* Decodes n <= BW_WAE_BATCH codes into job->values, writes them and, where
 * is_shown, puts them into the grid. */
bw_status bw_wae_job_decode(bw_wae_job *job, size_t n, const float *codes,
                            bool is_shown, bw_error *err) BW_MUST_CHECK;
/* Puts n images, (n, H W C), into the grid, where there is one. */
void bw_wae_job_show(bw_wae_job *job, size_t n, const float *values);
/* Writes the grid and commits. */
bw_status bw_wae_job_end_items(bw_wae_job *job, bw_error *err) BW_MUST_CHECK;

#endif
