/* dwe_job.c - what the verbs of dwe share: a model at work, images and codes
 * in, images out. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "model/dwe_picture.h"
#include "tools/dwe.h"

bw_status bw_dwe_need_operands(const bw_parsed *parsed, size_t n,
                               const char *what, bw_error *err)
{
    if (parsed->n_operands == n)
        return BW_OK;
    return bw_error_set(err, BW_ERR_USAGE, "%s %s needed, not %zu operands",
                        what, n == 1 ? "is" : "are", parsed->n_operands);
}

static bw_status start_provenance(bw_dwe_job *job, const bw_program *program,
                                  const bw_parsed *parsed, bw_error *err)
{
    const char **args = NULL;
    size_t n_args;
    bw_status status = bw_verb_arguments(program, parsed, &n_args, &args, err);

    if (status)
        return status;
    job->provenance = bw_provenance_create(
        "dwe", n_args, args, program->has_seed ? &bw_dwe_common.seed : NULL);
    free(args);
    if (!job->provenance)
        return bw_error_memory(err);
    return bw_provenance_add_input(job->provenance, job->dwe->name,
                                   job->dwe->digest, job->dwe->steps, err);
}

bw_status bw_dwe_job_open(bw_dwe_job *job, const bw_program *program,
                          const bw_parsed *parsed, const char *opt_model,
                          bool needs_codes, bw_error *err)
{
    bw_status status = BW_OK;

    if (!opt_model)
        return bw_error_set(err, BW_ERR_USAGE, "no --model is named");
    if (program->has_output)
        status = bw_tool_output(program, &job->output, err);
    if (!status)
        status = bw_dwe_open(opt_model, &job->dwe, err);
    if (!status && needs_codes)
        status = bw_dwe_need_codes(job->dwe, bw_verb_word(program), err);
    if (!status)
        status = start_provenance(job, program, parsed, err);
    if (!status)
        status =
            bw_tasks_create((size_t)bw_dwe_common.n_threads, &job->tasks, err);
    if (!status)
        status = bw_dwe_pass_create(job->dwe, BW_DWE_BATCH, job->tasks,
                                    bw_interrupt_signal, &job->pass, err);
    if (!status && job->output)
        status = bw_writer_create(job->output, &job->writer, err);
    return status;
}

void bw_dwe_job_close(bw_dwe_job *job)
{
    bw_writer_destroy(job->writer);
    bw_dwe_pass_destroy(job->pass);
    bw_tasks_destroy(job->tasks);
    bw_provenance_destroy(job->provenance);
    bw_dwe_destroy(job->dwe);
}

bw_status bw_dwe_job_images(bw_dwe_job *job, const char *path,
                            bw_dwe_images *images, bw_error *err)
{
    bw_status status = bw_dwe_load_images(job->dwe, path, images, err);

    if (!status)
        status = bw_provenance_add_input(job->provenance, images->name,
                                         images->digest, images->steps, err);
    return status;
}

bw_status bw_dwe_job_commit(bw_dwe_job *job, const char *kind, bw_error *err)
{
    bw_status status =
        bw_provenance_stamp(job->provenance, job->writer, kind, err);

    return status ? status : bw_writer_commit(job->writer, err);
}

/* ---- codes ---- */

static bw_status check_codes(const bw_dwe_job *job, const bw_reader *reader,
                             const bw_tensor *codes, const bw_tensor *labels,
                             bw_error *err)
{
    const char *path = bw_reader_path(reader);

    if (codes->rank != 2 || codes->dtype != BW_F32)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: tensor 'codes' is not F32 (n,d)", path);
    if (codes->shape[1] != job->dwe->latent)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: codes of %llu values, those of %s have %zu",
                            path, (unsigned long long)codes->shape[1],
                            job->dwe->path, job->dwe->latent);
    if (labels && (labels->rank != 1 || labels->dtype != BW_I32 ||
                   labels->shape[0] != codes->shape[0]))
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: tensor 'labels' is not I32 (n)", path);
    return BW_OK;
}

static bw_status check_finite(const char *path, size_t n, size_t d,
                              const float *codes, bw_error *err)
{
    for (size_t k = 0; k < n * d; k++)
        if (!isfinite(codes[k]))
            return bw_error_set(err, BW_ERR_RANGE,
                                "%s: code %zu: value %zu is %g", path, k / d,
                                k % d, (double)codes[k]);
    return BW_OK;
}

bw_status bw_dwe_job_codes(bw_dwe_job *job, bw_reader *reader, size_t *n,
                           float **ret_codes, int32_t **ret_labels,
                           bw_error *err)
{
    const bw_tensor *codes = bw_reader_find(reader, "codes");
    const bw_tensor *labels = bw_reader_find(reader, "labels");
    const char *path = bw_reader_path(reader);
    void *data = NULL, *numbers = NULL;
    uint64_t digest;

    *ret_codes = NULL;
    *ret_labels = NULL;
    if (!codes)
        return bw_error_set(err, BW_ERR_FORMAT, "%s: no tensor 'codes'", path);
    bw_status status = check_codes(job, reader, codes, labels, err);
    for (size_t k = 0; k < bw_reader_n_tensors(reader) && !status; k++) {
        const bw_tensor *t = bw_reader_tensor(reader, k);
        if (t == codes)
            status = bw_reader_read_all(reader, t, &data, err);
        else if (t == labels)
            status = bw_reader_read_all(reader, t, &numbers, err);
    }
    if (!status)
        status = bw_reader_finish(reader, &digest, err);
    if (!status)
        status = check_finite(path, (size_t)codes->shape[0], job->dwe->latent,
                              data, err);
    if (!status)
        status = bw_provenance_add_input(
            job->provenance, bw_reader_base_name(reader), digest,
            bw_reader_meta(reader, BW_META_PROVENANCE), err);
    if (status) {
        free(data);
        free(numbers);
        return status;
    }
    *n = (size_t)codes->shape[0];
    *ret_codes = data;
    *ret_labels = numbers;
    return BW_OK;
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
        status = bw_writer_append(job->writer, index, pixels,
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
    size_t images, labels;
    bw_status status =
        bw_writer_add(job->writer, "images", BW_F32, 4, row, &images, err);

    if (!status)
        status = append_images(job, n, planes, images, is_view, err);
    if (!status && opt_labels)
        status =
            bw_writer_add(job->writer, "labels", BW_I32, 1, NULL, &labels, err);
    if (!status && opt_labels)
        status = bw_writer_append(job->writer, labels, opt_labels,
                                  n * sizeof *opt_labels, err);
    if (!status && job->opt_grid && n > 0)
        status = bw_dwe_picture_write(job->opt_grid, shape, n, planes,
                                      job->n_columns, err);
    return status;
}
