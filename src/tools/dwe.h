/* dwe.h - the verbs of dwe, and what they share. */
#ifndef BW_TOOLS_DWE_H
#define BW_TOOLS_DWE_H

#include "barrow/container.h"
#include "barrow/provenance.h"
#include "model/dwe.h"
#include "tools/job.h"

extern bw_option_common bw_dwe_common;

extern const bw_verb bw_verb_dwe_train, bw_verb_dwe_embed, bw_verb_dwe_decode,
    bw_verb_dwe_distance, bw_verb_dwe_evaluate, bw_verb_dwe_barycenter,
    bw_verb_dwe_interpolate, bw_verb_dwe_components;

/* --view of the verbs that write images. */
#define BW_DWE_VIEW_OPTION(is_view)                                            \
    {                                                                          \
        .type = BW_OPTION_FLAG, .name = "view",                                \
        .help = "scale each image so that its largest value is 1, not its "    \
                "sum",                                                         \
        .value = &(is_view)                                                    \
    }

/* Items that go through a network at a time; the result does not depend on
 * it but for the last digits, so it is fixed. */
enum { BW_DWE_BATCH = 200 };

/* A verb at work on a model. */
typedef struct bw_dwe_job {
    bw_job base;
    bw_dwe *dwe;
    bw_dwe_pass *pass;
    const char *opt_grid; /* PNG for bw_dwe_write_images, or NULL; set before
                             opening */
    size_t n_columns;     /* of it */
} bw_dwe_job;

/* Opens the model, with engines, and a writer where the program has an output.
 * needs_codes: a regressor is refused. The job is zero before, but for
 * base.draws and opt_grid; close it after failure, too. */
bw_status bw_dwe_job_open(bw_dwe_job *job, const bw_program *program,
                          const bw_parsed *parsed, const char *opt_model,
                          bool needs_codes, bw_error *err) BW_MUST_CHECK;
void bw_dwe_job_close(bw_dwe_job *job);

/* Loads images that fit the model, as an input of the run. */
bw_status bw_dwe_job_images(bw_dwe_job *job, const char *path,
                            bw_dwe_images *images, bw_error *err) BW_MUST_CHECK;

/* Writes images (n, C H W) of mass 1 as the job's output, with labels where
 * they are given, and the grid where one is wanted. is_view: each scaled so
 * that its largest value is 1. */
bw_status bw_dwe_write_images(bw_dwe_job *job, size_t n, const float *planes,
                              const int32_t *opt_labels, bool is_view,
                              bw_error *err) BW_MUST_CHECK;

/* As bw_job_read_codes. */
bw_status bw_dwe_job_codes(bw_dwe_job *job, bw_reader *reader, size_t *n,
                           float **ret_codes, int32_t **ret_labels,
                           bw_error *err) BW_MUST_CHECK;

#endif
