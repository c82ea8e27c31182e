/* item_job.h - what the verbs of wae and wgan share that put a model to work on
 * items, images or points: batches, items out, a picture of them beside,
 * samples.
 */
#ifndef BW_TOOLS_ITEM_JOB_H
#define BW_TOOLS_ITEM_JOB_H

#include "barrow/network.h"
#include "model/prior.h"
#include "tools/job.h"

/* Items that go through a network at a time; the result does not depend on
 * it but for the last digits, so it is fixed. */
enum { BW_ITEM_BATCH = 64 };

/* -n N */
#define BW_ITEM_COUNT_OPTION(n_samples)                                        \
    {                                                                          \
        .type = BW_OPTION_SIZE, .name = "count", .letter = 'n', .meta = "N",   \
        .help = "so many images", .value = &(n_samples), .min = 1,             \
        .max = 4294967295.0                                                    \
    }

/* A verb at work. Zero before it is opened, but for base.draws and what
 * opt_grid and n_columns say. */
typedef struct bw_item_job {
    bw_job base;
    const bw_program *program;
    const char *opt_grid; /* PNG of the images that are written, or NULL */
    size_t n_columns;     /* images in a row of it */
    bw_shape item;
    float *values; /* room for a batch of items */
    size_t images; /* the tensor that items are written to */
    float *shown;  /* (n_shown, H W C): what the PNG will show */
    size_t n_shown;
} bw_item_job;

/* Begins the job. BW_ERR_USAGE where opt_model, the value of --model, is NULL.
 * Close after failure, too. */
bw_status bw_item_job_open(bw_item_job *job, const bw_program *program,
                           const bw_parsed *parsed, const char *opt_model,
                           bw_error *err) BW_MUST_CHECK;
void bw_item_job_close(bw_item_job *job);

/* Takes the model, of items of this shape, as an input of the run, and makes
 * room. BW_ERR_USAGE for a grid of items that are no images. */
bw_status bw_item_job_model(bw_item_job *job, const bw_origin *model,
                            bw_shape item, bw_error *err) BW_MUST_CHECK;

/* Runs a batch of n items from number `first` on. */
typedef bw_status (*bw_item_batch)(void *arg, size_t first, size_t n,
                                   bw_error *err);
/* Runs n items in batches of at most BW_ITEM_BATCH, with a progress line. */
bw_status bw_item_job_batches(bw_item_job *job, size_t n, bw_item_batch run,
                              void *arg, bw_error *err) BW_MUST_CHECK;

/* Items as the job's output: declares the tensor (`images`, or `codes` of items
 * that are points) and makes room for a grid of n_shown images. */
bw_status bw_item_job_begin(bw_item_job *job, size_t n_shown,
                            bw_error *err) BW_MUST_CHECK;
/* Writes the n <= BW_ITEM_BATCH items that stand in job->values and, where
 * is_shown, puts them into the grid. */
bw_status bw_item_job_append(bw_item_job *job, size_t n, bool is_shown,
                             bw_error *err) BW_MUST_CHECK;
/* Puts n images, (n, H W C), into the grid, where there is one. */
void bw_item_job_show(bw_item_job *job, size_t n, const float *values);
/* Writes the grid and commits. */
bw_status bw_item_job_end(bw_item_job *job, bw_error *err) BW_MUST_CHECK;

/* ---- samples ---- */

/* How codes, or noise, of `latent` values are drawn, and items made of them. */
typedef struct bw_item_sampler {
    void *arg;
    size_t latent;
    /* n draws, of number `first` on, to z (n, latent). */
    bw_status (*draw)(void *arg, size_t first, size_t n, float *z,
                      bw_error *err);
    /* values (n, H W C) of n draws. */
    bw_status (*make)(void *arg, size_t n, const float *z, float *values,
                      bw_error *err);
} bw_item_sampler;

/* Draws of a prior for samples: number k's from a stream of its own, behind
 * those that training takes. */
void bw_item_draw_prior(const bw_prior *prior, uint64_t seed, size_t first,
                        size_t n, float *z);

/* Writes n samples, with what they were made of: tensor `codes`, or `latent` of
 * items that are points. From bw_item_job_begin to bw_item_job_end. */
bw_status bw_item_job_sample(bw_item_job *job, const bw_item_sampler *sampler,
                             size_t n, bw_error *err) BW_MUST_CHECK;

#endif
