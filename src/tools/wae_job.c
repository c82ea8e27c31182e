/* wae_job.c - what the verbs of wae share: a model at work, items and codes in,
 * items out, batch by batch. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/progress.h"
#include "nn/cut.h"
#include "plot/grid.h"
#include "tools/wae.h"

static bw_status open_model(bw_wae_job *job, const char *model, bw_error *err)
{
    bw_status status = bw_wae_open(model, &job->wae, err);

    if (!status && job->opt_grid && job->wae->item.is_flat)
        status = bw_error_set(err, BW_ERR_USAGE,
                              "--png: the items of %s are points, not images",
                              job->wae->origin.path);
    if (!status)
        status = bw_job_add_input(&job->base, &job->wae->origin, err);
    return status;
}

static bw_status make_room(bw_wae_job *job, bw_error *err)
{
    size_t d = job->wae->latent, size = bw_shape_n(job->wae->item);

    job->codes = calloc(BW_WAE_BATCH, d * sizeof *job->codes);
    job->values = calloc(BW_WAE_BATCH, size * sizeof *job->values);
    return job->codes && job->values ? BW_OK : bw_error_memory(err);
}

bw_status bw_wae_job_open(bw_wae_job *job, const bw_program *program,
                          const bw_parsed *parsed, const char *model,
                          bw_error *err)
{
    job->program = program;
    if (!model)
        return bw_error_set(err, BW_ERR_USAGE, "no --model is named");
    bw_status status =
        bw_job_open(&job->base, program, parsed, job->opt_grid, err);
    if (!status)
        status = open_model(job, model, err);
    if (!status)
        status = make_room(job, err);
    if (!status)
        status = bw_wae_pass_create(job->wae, BW_WAE_BATCH, job->base.tasks,
                                    bw_interrupt_signal, &job->pass, err);
    return status ? status : bw_job_write(&job->base, err);
}

void bw_wae_job_close(bw_wae_job *job)
{
    free(job->codes);
    free(job->values);
    free(job->shown);
    bw_wae_pass_destroy(job->pass);
    bw_job_close(&job->base);
    bw_wae_destroy(job->wae);
}

bw_status bw_wae_job_items(bw_wae_job *job, const char *path, bw_items *items,
                           bw_error *err)
{
    bw_status status = bw_wae_load_items(job->wae, path, items, err);

    if (!status)
        status = bw_job_add_input(&job->base, &items->origin, err);
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
            bw_job_read_codes(&job->base, reader, job->wae->origin.path,
                              job->wae->latent, n, ret_codes, ret_labels, err);
    bw_reader_close(reader);
    return status;
}

bw_status bw_wae_job_batches(bw_wae_job *job, size_t n, bw_wae_batch run,
                             void *arg, bw_error *err)
{
    const bw_common *common = job->program->common;
    bw_status status = BW_OK;
    bw_progress progress;
    size_t first = 0;

    bw_progress_start(&progress, stderr, common->is_quiet, common->is_verbose,
                      job->program->name, "items", n, 0);
    while (first < n && !status) {
        size_t m = bw_cut_min(BW_WAE_BATCH, n - first);
        status = run(arg, first, m, err);
        first += m;
        bw_progress_update(&progress, first);
    }
    bw_progress_finish(&progress, first);
    return status;
}

/* ---- items out ---- */

bw_status bw_wae_job_begin_items(bw_wae_job *job, size_t n_shown, bw_error *err)
{
    bw_shape item = job->wae->item;
    uint64_t row[3] = {item.h, item.w, item.c};
    bw_status status = item.is_flat
                           ? bw_writer_add(job->base.writer, "codes", BW_F32, 2,
                                           row + 2, &job->images, err)
                           : bw_writer_add(job->base.writer, "images", BW_F32,
                                           4, row, &job->images, err);

    /* First: a picture that cannot be fails before the work. */
    if (!status && job->opt_grid && n_shown > 0)
        status = bw_grid_check(job->opt_grid, item.h, item.w, item.c, n_shown,
                               job->n_columns, err);
    if (status || !job->opt_grid)
        return status;
    job->shown = calloc(n_shown + 1, bw_shape_n(item) * sizeof *job->shown);
    return job->shown ? BW_OK : bw_error_memory(err);
}

void bw_wae_job_show(bw_wae_job *job, size_t n, const float *values)
{
    size_t size = bw_shape_n(job->wae->item);

    if (!job->shown)
        return;
    memcpy(job->shown + job->n_shown * size, values, n * size * sizeof *values);
    job->n_shown += n;
}

bw_status bw_wae_job_decode(bw_wae_job *job, size_t n, const float *codes,
                            bool is_shown, bw_error *err)
{
    size_t size = bw_shape_n(job->wae->item);
    bw_status status = bw_wae_decode(job->pass, n, codes, job->values, err);

    if (!status)
        status = bw_writer_append(job->base.writer, job->images, job->values,
                                  n * size * sizeof *job->values, err);
    if (!status && is_shown)
        bw_wae_job_show(job, n, job->values);
    return status;
}

bw_status bw_wae_job_end_items(bw_wae_job *job, bw_error *err)
{
    bw_shape item = job->wae->item;
    bw_status status = BW_OK;

    if (job->n_shown > 0)
        status = bw_grid_write(job->opt_grid, item.h, item.w, item.c,
                               job->n_shown, job->shown, job->n_columns, err);
    return status ? status
                  : bw_job_commit(&job->base, item.is_flat ? "codes" : "images",
                                  err);
}
