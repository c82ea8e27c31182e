/* dwe_job.c - what the verbs of dwe share: a model at work, images and codes
 * in, images out. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "model/dwe_picture.h"
#include "tools/dwe.h"

bw_status bw_dwe_job_open(bw_dwe_job *job, const bw_program *program,
                          const bw_parsed *parsed, const char *opt_model,
                          bool needs_codes, bw_error *err)
{
    bw_status status;

    if (!opt_model)
        return bw_error_set(err, BW_ERR_USAGE, "no --model is named");
    status = bw_job_open(&job->base, program, parsed, job->opt_grid, err);
    if (!status)
        status = bw_dwe_open(opt_model, &job->dwe, err);
    if (!status && needs_codes)
        status = bw_dwe_need_codes(job->dwe, bw_verb_word(program), err);
    if (!status)
        status = bw_job_add_input(&job->base, &job->dwe->origin, err);
    if (!status)
        status = bw_dwe_pass_create(job->dwe, BW_DWE_BATCH, job->base.tasks,
                                    bw_interrupt_signal, &job->pass, err);
    return status ? status : bw_job_write(&job->base, err);
}

void bw_dwe_job_close(bw_dwe_job *job)
{
    bw_dwe_pass_destroy(job->pass);
    bw_job_close(&job->base);
    bw_dwe_destroy(job->dwe);
}

bw_status bw_dwe_job_images(bw_dwe_job *job, const char *path,
                            bw_dwe_images *images, bw_error *err)
{
    bw_status status = bw_dwe_load_images(job->dwe, path, images, err);

    if (!status)
        status = bw_job_add_input(&job->base, &images->origin, err);
    return status;
}

bw_status bw_dwe_job_codes(bw_dwe_job *job, bw_reader *reader, size_t *n,
                           float **ret_codes, int32_t **ret_labels,
                           bw_error *err)
{
    return bw_job_read_codes(&job->base, reader, job->dwe->origin.path,
                             job->dwe->latent, n, ret_codes, ret_labels, err);
}

/* ---- images ---- */

static bw_status append_images(bw_dwe_job *job, size_t n, const float *planes,
                               size_t index, bool is_view, bw_error *err)
{
    bw_shape shape = job->dwe->image;
    size_t size = bw_shape_n(shape);
    float *pixels = malloc(size * sizeof *pixels);
    bw_status status = pixels ? BW_OK : bw_error_memory(err);

    for (size_t k = 0; k < n && !status; k++) {
        bw_dwe_picture_pixels(shape, planes + k * size, is_view, pixels);
        status = bw_writer_append(job->base.writer, index, pixels,
                                  size * sizeof *pixels, err);
    }
    free(pixels);
    return status;
}

bw_status bw_dwe_write_images(bw_dwe_job *job, size_t n, const float *planes,
                              const int32_t *opt_labels, bool is_view,
                              bw_error *err)
{
    bw_shape shape = job->dwe->image;
    uint64_t row[3] = {shape.h, shape.w, shape.c};
    size_t images;
    bw_status status =
        bw_writer_add(job->base.writer, "images", BW_F32, 4, row, &images, err);

    if (!status)
        status = append_images(job, n, planes, images, is_view, err);
    if (!status)
        status = bw_job_write_labels(&job->base, n, opt_labels, err);
    if (!status && job->opt_grid && n > 0)
        status = bw_dwe_picture_write(job->opt_grid, shape, n, planes,
                                      job->n_columns, err);
    return status;
}
