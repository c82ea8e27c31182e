/* wae_job.c - what the verbs of wae share: a model at work, items and codes in,
 * decoded codes out. */
#include "config.h"

#include <stdlib.h>

#include "base/interrupt.h"
#include "tools/wae.h"

static bw_status open_model(bw_wae_job *job, const char *model, bw_error *err)
{
    bw_status status = bw_wae_open(model, &job->wae, err);

    if (!status)
        status = bw_item_job_model(&job->out, &job->wae->origin, job->wae->item,
                                   err);
    if (status)
        return status;
    job->codes = calloc(BW_ITEM_BATCH, job->wae->latent * sizeof *job->codes);
    return job->codes ? BW_OK : bw_error_memory(err);
}

bw_status bw_wae_job_open(bw_wae_job *job, const bw_program *program,
                          const bw_parsed *parsed, const char *model,
                          bw_error *err)
{
    bw_job *base = &job->out.base;
    bw_status status = bw_item_job_open(&job->out, program, parsed, model, err);

    if (!status)
        status = open_model(job, model, err);
    if (!status)
        status = bw_wae_pass_create(job->wae, BW_ITEM_BATCH, base->tasks,
                                    bw_interrupt_signal, &job->pass, err);
    return status ? status : bw_job_write(base, err);
}

void bw_wae_job_close(bw_wae_job *job)
{
    free(job->codes);
    bw_wae_pass_destroy(job->pass);
    bw_item_job_close(&job->out);
    bw_wae_destroy(job->wae);
}

bw_status bw_wae_job_items(bw_wae_job *job, const char *path, bw_items *items,
                           bw_error *err)
{
    bw_status status = bw_wae_load_items(job->wae, path, items, err);

    if (!status)
        status = bw_job_add_input(&job->out.base, &items->origin, err);
    return status;
}

bw_status bw_wae_job_codes(bw_wae_job *job, const char *path, size_t *n,
                           float **ret_codes, int32_t **ret_labels,
                           bw_error *err)
{
    bw_reader *reader = NULL;
    bw_status status = bw_reader_open(path, &reader, err);

    *ret_codes = NULL;
    *ret_labels = NULL;
    if (!status)
        status =
            bw_job_read_codes(&job->out.base, reader, job->wae->origin.path,
                              job->wae->latent, n, ret_codes, ret_labels, err);
    bw_reader_close(reader);
    return status;
}

bw_status bw_wae_job_decode(bw_wae_job *job, size_t n, const float *codes,
                            bool is_shown, bw_error *err)
{
    bw_status status = bw_wae_decode(job->pass, n, codes, job->out.values, err);

    return status ? status : bw_item_job_append(&job->out, n, is_shown, err);
}
