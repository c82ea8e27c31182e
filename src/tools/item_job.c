/* item_job.c - a model at work on items, batch by batch: items out, a picture
 * of them, samples. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/progress.h"
#include "nn/cut.h"
#include "plot/grid.h"
#include "tools/item_job.h"

bw_status bw_item_job_open(bw_item_job *job, const bw_program *program,
                           const bw_parsed *parsed, const char *opt_model,
                           bw_error *err)
{
    job->program = program;
    if (!opt_model)
        return bw_error_set(err, BW_ERR_USAGE, "no --model is named");
    return bw_job_open(&job->base, program, parsed, job->opt_grid, err);
}

void bw_item_job_close(bw_item_job *job)
{
    free(job->values);
    free(job->shown);
    bw_job_close(&job->base);
}

bw_status bw_item_job_model(bw_item_job *job, const bw_origin *model,
                            bw_shape item, bw_error *err)
{
    bw_status status;

    job->item = item;
    if (job->opt_grid && item.is_flat)
        return bw_error_set(err, BW_ERR_USAGE,
                            "--png: the items of %s are points, not images",
                            model->path);
    status = bw_job_add_input(&job->base, model, err);
    if (status)
        return status;
    job->values = calloc(BW_ITEM_BATCH, bw_shape_n(item) * sizeof *job->values);
    return job->values ? BW_OK : bw_error_memory(err);
}

bw_status bw_item_job_batches(bw_item_job *job, size_t n, bw_item_batch run,
                              void *arg, bw_error *err)
{
    const bw_option_common *common = job->program->common;
    bw_status status = BW_OK;
    bw_progress progress;
    size_t first = 0;

    bw_progress_start(&progress, stderr, common->is_quiet, common->is_verbose,
                      job->program->name, "items", n, 0);
    while (first < n && !status) {
        size_t m = bw_cut_min(BW_ITEM_BATCH, n - first);
        status = run(arg, first, m, err);
        first += m;
        bw_progress_update(&progress, first);
    }
    bw_progress_finish(&progress, first);
    return status;
}

/* ---- items out ---- */

bw_status bw_item_job_begin(bw_item_job *job, size_t n_shown, bw_error *err)
{
    bw_shape item = job->item;
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

void bw_item_job_show(bw_item_job *job, size_t n, const float *values)
{
    size_t size = bw_shape_n(job->item);

    if (!job->shown)
        return;
    memcpy(job->shown + job->n_shown * size, values, n * size * sizeof *values);
    job->n_shown += n;
}

bw_status bw_item_job_append(bw_item_job *job, size_t n, bool is_shown,
                             bw_error *err)
{
    size_t size = bw_shape_n(job->item);
    bw_status status =
        bw_writer_append(job->base.writer, job->images, job->values,
                         n * size * sizeof *job->values, err);

    if (!status && is_shown)
        bw_item_job_show(job, n, job->values);
    return status;
}

bw_status bw_item_job_end(bw_item_job *job, bw_error *err)
{
    bw_shape item = job->item;
    bw_status status = BW_OK;

    if (job->n_shown > 0)
        status = bw_grid_write(job->opt_grid, item.h, item.w, item.c,
                               job->n_shown, job->shown, job->n_columns, err);
    return status ? status
                  : bw_job_commit(&job->base, item.is_flat ? "codes" : "images",
                                  err);
}

/* ---- samples ---- */

/* Samples draw from the prior's streams from here on: training takes those
 * below. */
static const uint64_t first_stream = (uint64_t)1 << 63;

void bw_item_draw_prior(const bw_prior *prior, uint64_t seed, size_t first,
                        size_t n, float *z)
{
    for (size_t k = 0; k < n; k++)
        bw_prior_draw(prior, seed, BW_RANDOM_PRIOR, first_stream + first + k, 1,
                      z + k * prior->d);
}

typedef struct sampling {
    bw_item_job *job;
    const bw_item_sampler *by;
    float *z;     /* room for a batch of codes */
    size_t index; /* their tensor */
} sampling;

static bw_status sample_batch(void *arg, size_t first, size_t n, bw_error *err)
{
    sampling *s = arg;
    const bw_item_sampler *by = s->by;
    bw_status status = by->draw(by->arg, first, n, s->z, err);

    if (!status)
        status = bw_writer_append(s->job->base.writer, s->index, s->z,
                                  n * by->latent * sizeof *s->z, err);
    if (!status)
        status = by->make(by->arg, n, s->z, s->job->values, err);
    return status ? status : bw_item_job_append(s->job, n, true, err);
}

bw_status bw_item_job_sample(bw_item_job *job, const bw_item_sampler *sampler,
                             size_t n, bw_error *err)
{
    const char *name = job->item.is_flat ? "latent" : "codes";
    uint64_t d = sampler->latent;
    sampling s = {.job = job, .by = sampler};
    bw_status status = BW_OK;

    s.z = calloc(BW_ITEM_BATCH, sampler->latent * sizeof *s.z);
    if (!s.z)
        status = bw_error_memory(err);
    if (!status)
        status = bw_item_job_begin(job, n, err);
    if (!status)
        status =
            bw_writer_add(job->base.writer, name, BW_F32, 2, &d, &s.index, err);
    if (!status)
        status = bw_item_job_batches(job, n, sample_batch, &s, err);
    free(s.z);
    return status ? status : bw_item_job_end(job, err);
}
