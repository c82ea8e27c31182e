/* dwe_codes.c - dwe embed, dwe decode: images to codes and back. */
#include "config.h"

#include <stdlib.h>

#include "tools/dwe.h"

static const char *model, *grid;
static uint64_t n_columns = 10;
static bool is_view, columns_given;

/* ---- embed ---- */

static const bw_option embed_options[] = {
    BW_JOB_MODEL_OPTION("dwe", model),
    {.name = NULL},
};

static const bw_program embed_program = {
    .name = "dwe embed",
    .usage = "--model MODEL IMAGES -o CODES",
    .summary = "Write the codes of images.",
    .options = embed_options,
    .common = &bw_dwe_common,
    .has_output = true,
    .has_threads = true,
};

static bw_status write_codes(bw_dwe_job *job, const bw_dwe_images *images,
                             const float *codes, bw_error *err)
{
    uint64_t d = job->dwe->latent;
    size_t index;
    bw_status status =
        bw_writer_add(job->base.writer, "codes", BW_F32, 2, &d, &index, err);

    if (!status)
        status = bw_writer_append(job->base.writer, index, codes,
                                  images->n * (size_t)d * sizeof *codes, err);
    if (!status)
        status =
            bw_job_write_labels(&job->base, images->n, images->labels, err);
    return status ? status : bw_job_commit(&job->base, "codes", err);
}

static bw_status embed(const bw_program *self, const bw_parsed *parsed,
                       bw_error *err)
{
    bw_dwe_job job = {.dwe = NULL};
    bw_dwe_images images = {0};
    float *codes = NULL;
    bw_status status =
        bw_job_need_operands(parsed, 1, "one file of images", err);

    if (!status)
        status = bw_dwe_job_open(&job, self, parsed, model, true, err);
    if (!status)
        status = bw_dwe_job_images(&job, parsed->operand[0], &images, err);
    if (!status) {
        codes = malloc((images.n * job.dwe->latent + 1) * sizeof *codes);
        if (!codes)
            status = bw_error_memory(err);
    }
    if (!status)
        status = bw_dwe_encode(job.pass, &images, images.n, NULL, codes, err);
    if (!status)
        status = write_codes(&job, &images, codes, err);
    free(codes);
    bw_dwe_images_clear(&images);
    bw_dwe_job_close(&job);
    return status;
}

const bw_verb bw_verb_dwe_embed = {&embed_program, embed};

/* ---- decode ---- */

static const bw_option decode_options[] = {
    BW_JOB_MODEL_OPTION("dwe", model),
    BW_DWE_VIEW_OPTION(is_view),
    BW_JOB_GRID_OPTIONS("images", grid, n_columns, columns_given),
    {.name = NULL},
};

static const bw_program decode_program = {
    .name = "dwe decode",
    .usage = "[options] --model MODEL CODES -o IMAGES",
    .summary = "Write the images of codes.",
    .options = decode_options,
    .common = &bw_dwe_common,
    .has_output = true,
    .has_threads = true,
};

static bw_status decode_file(bw_dwe_job *job, const char *path, bw_error *err)
{
    size_t n = 0, size = bw_shape_n(job->dwe->image);
    float *codes = NULL, *planes = NULL;
    int32_t *labels = NULL;
    bw_reader *reader = NULL;
    bw_status status = bw_reader_open(path, &reader, err);

    if (!status)
        status = bw_dwe_job_codes(job, reader, &n, &codes, &labels, err);
    if (!status && !(planes = malloc((n * size + 1) * sizeof *planes)))
        status = bw_error_memory(err);
    if (!status)
        status = bw_dwe_decode(job->pass, n, codes, planes, err);
    if (!status)
        status = bw_dwe_write_images(job, n, planes, labels, is_view, err);
    if (!status)
        status = bw_job_commit(&job->base, "images", err);
    bw_reader_close(reader);
    free(codes);
    free(labels);
    free(planes);
    return status;
}

static bw_status decode(const bw_program *self, const bw_parsed *parsed,
                        bw_error *err)
{
    bw_dwe_job job = {.opt_grid = grid, .n_columns = (size_t)n_columns};
    bw_status status =
        bw_job_need_operands(parsed, 1, "one file of codes", err);

    if (!status)
        status = bw_dwe_job_open(&job, self, parsed, model, true, err);
    if (!status)
        status = decode_file(&job, parsed->operand[0], err);
    bw_dwe_job_close(&job);
    return status;
}

const bw_verb bw_verb_dwe_decode = {&decode_program, decode};
