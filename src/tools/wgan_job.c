/* wgan_job.c - what the verbs of wgan share: a model at work. */
#include "config.h"

#include "base/interrupt.h"
#include "tools/wgan.h"

static bw_status open_model(bw_wgan_job *job, const char *model,
                            bool needs_generator, bw_error *err)
{
    bw_status status = bw_wgan_open(model, &job->wgan, err);

    if (!status && needs_generator && !job->wgan->generator)
        status = bw_error_set(err, BW_ERR_DIMENSION,
                              "%s: a critic alone, without a generator",
                              job->wgan->origin.path);
    return status ? status
                  : bw_item_job_model(&job->out, &job->wgan->origin,
                                      job->wgan->item, err);
}

bw_status bw_wgan_job_open(bw_wgan_job *job, const bw_program *program,
                           const bw_parsed *parsed, const char *model,
                           bool needs_generator, bw_error *err)
{
    bw_job *base = &job->out.base;
    bw_status status = bw_item_job_open(&job->out, program, parsed, model, err);

    if (!status)
        status = open_model(job, model, needs_generator, err);
    if (!status)
        status = bw_wgan_pass_create(job->wgan, BW_ITEM_BATCH, base->tasks,
                                     bw_interrupt_signal, &job->pass, err);
    return status ? status : bw_job_write(base, err);
}

void bw_wgan_job_close(bw_wgan_job *job)
{
    bw_wgan_pass_destroy(job->pass);
    bw_item_job_close(&job->out);
    bw_wgan_destroy(job->wgan);
}
