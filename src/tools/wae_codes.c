/* wae_codes.c - wae encode, wae decode, wae reconstruct: items to codes, back,
 * and both. */
#include "config.h"

#include <stdlib.h>

#include "tools/wae.h"

static const char *model, *grid;
static uint64_t n_columns = 10;
static bool draws, columns_given;

/* A verb at work: items, or codes. */
typedef struct work {
    bw_wae_job job;
    bw_items items;
    float *codes;
    int32_t *labels; /* of the codes */
    size_t index;    /* encode: tensor `codes` */
    float *given;    /* reconstruct: a batch of items */
} work;

static void close_work(work *w)
{
    free(w->codes);
    free(w->labels);
    free(w->given);
    bw_items_clear(&w->items);
    bw_wae_job_close(&w->job);
}

/* ---- encode ---- */

static const bw_option encode_options[] = {
    BW_JOB_MODEL_OPTION("wae", model),
    {.type = BW_OPTION_FLAG,
     .name = "draw",
     .help = "draws from the codes' Gaussians, not their means",
     .value = &draws},
    {.name = NULL},
};

static const bw_program encode_program = {
    .name = "wae encode",
    .usage = "[options] --model MODEL IMAGES -o CODES",
    .summary = "Write the codes of images.",
    .options = encode_options,
    .common = &bw_wae_common,
    .has_output = true,
    .has_threads = true,
    .has_seed = true,
};

static bw_status encode_batch(void *arg, size_t first, size_t n, bw_error *err)
{
    work *w = arg;
    bw_wae_job *job = &w->job;
    bw_status status =
        bw_wae_encode(job->pass, &w->items, first, n,
                      draws ? &bw_wae_common.seed : NULL, job->codes, err);

    return status ? status
                  : bw_writer_append(job->out.base.writer, w->index, job->codes,
                                     n * job->wae->latent * sizeof *job->codes,
                                     err);
}

static bw_status encode_file(work *w, const char *path, bw_error *err)
{
    bw_wae_job *job = &w->job;
    uint64_t d = job->wae->latent;
    bw_status status = BW_OK;

    if (draws && !job->wae->is_gaussian)
        return bw_error_set(err, BW_ERR_USAGE,
                            "--draw: the encoder of %s is deterministic",
                            job->wae->origin.path);
    status = bw_wae_job_items(job, path, &w->items, err);
    if (!status)
        status = bw_writer_add(job->out.base.writer, "codes", BW_F32, 2, &d,
                               &w->index, err);
    if (!status)
        status =
            bw_item_job_batches(&job->out, w->items.n, encode_batch, w, err);
    if (!status)
        status = bw_job_write_labels(&job->out.base, w->items.n,
                                     w->items.labels, err);
    return status ? status : bw_job_commit(&job->out.base, "codes", err);
}

static bw_status encode(const bw_program *self, const bw_parsed *parsed,
                        bw_error *err)
{
    work w = {.job.out.base.draws = draws};
    bw_status status =
        bw_job_need_operands(parsed, 1, "one file of images", err);

    if (!status)
        status = bw_wae_job_open(&w.job, self, parsed, model, err);
    if (!status)
        status = encode_file(&w, parsed->operand[0], err);
    close_work(&w);
    return status;
}

const bw_verb bw_verb_wae_encode = {&encode_program, encode};

/* ---- decode ---- */

static const bw_option decode_options[] = {
    BW_JOB_MODEL_OPTION("wae", model),
    BW_JOB_GRID_OPTIONS("images", grid, n_columns, columns_given),
    {.name = NULL},
};

static const bw_program decode_program = {
    .name = "wae decode",
    .usage = "[options] --model MODEL CODES -o IMAGES",
    .summary = "Write the images of codes.",
    .options = decode_options,
    .common = &bw_wae_common,
    .has_output = true,
    .has_threads = true,
};

static bw_status decode_batch(void *arg, size_t first, size_t n, bw_error *err)
{
    work *w = arg;

    return bw_wae_job_decode(&w->job, n, w->codes + first * w->job.wae->latent,
                             true, err);
}

static bw_status decode_file(work *w, const char *path, bw_error *err)
{
    size_t n = 0;
    bw_status status =
        bw_wae_job_codes(&w->job, path, &n, &w->codes, &w->labels, err);

    if (!status)
        status = bw_item_job_begin(&w->job.out, n, err);
    if (!status)
        status = bw_item_job_batches(&w->job.out, n, decode_batch, w, err);
    if (!status)
        status = bw_job_write_labels(&w->job.out.base, n, w->labels, err);
    return status ? status : bw_item_job_end(&w->job.out, err);
}

static bw_status decode(const bw_program *self, const bw_parsed *parsed,
                        bw_error *err)
{
    work w = {
        .job = {.out.opt_grid = grid, .out.n_columns = (size_t)n_columns}};
    bw_status status =
        bw_job_need_operands(parsed, 1, "one file of codes", err);

    if (!status)
        status = bw_wae_job_open(&w.job, self, parsed, model, err);
    if (!status)
        status = decode_file(&w, parsed->operand[0], err);
    close_work(&w);
    return status;
}

const bw_verb bw_verb_wae_decode = {&decode_program, decode};

/* ---- reconstruct ---- */

static const bw_option reconstruct_options[] = {
    BW_JOB_MODEL_OPTION("wae", model),
    BW_JOB_GRID_OPTIONS("pairs of an image and its reconstruction", grid,
                        n_columns, columns_given),
    {.name = NULL},
};

static const bw_program reconstruct_program = {
    .name = "wae reconstruct",
    .usage = "[options] --model MODEL IMAGES -o IMAGES",
    .summary = "Write what is left of images after the code.",
    .options = reconstruct_options,
    .common = &bw_wae_common,
    .has_output = true,
    .has_threads = true,
};

/* Each image of a batch beside its reconstruction. */
static void show_pairs(work *w, size_t first, size_t n)
{
    bw_wae_job *job = &w->job;
    size_t size = bw_shape_n(job->wae->item);
    bw_range range = job->wae->range;

    bw_items_gather(&w->items, range, job->out.base.tasks, n, NULL, first,
                    w->given);
    bw_range_undo(range, n * size, w->given);
    for (size_t k = 0; k < n; k++) {
        bw_item_job_show(&job->out, 1, w->given + k * size);
        bw_item_job_show(&job->out, 1, job->out.values + k * size);
    }
}

static bw_status reconstruct_batch(void *arg, size_t first, size_t n,
                                   bw_error *err)
{
    work *w = arg;
    bw_wae_job *job = &w->job;
    bw_status status =
        bw_wae_encode(job->pass, &w->items, first, n, NULL, job->codes, err);

    if (!status)
        status = bw_wae_job_decode(job, n, job->codes, false, err);
    if (!status && w->given)
        show_pairs(w, first, n);
    return status;
}

static bw_status reconstruct_file(work *w, const char *path, bw_error *err)
{
    bw_wae_job *job = &w->job;
    bw_status status = bw_wae_job_items(job, path, &w->items, err);

    if (!status && grid) {
        w->given = calloc(BW_ITEM_BATCH,
                          bw_shape_n(job->wae->item) * sizeof *w->given);
        status = w->given ? BW_OK : bw_error_memory(err);
    }
    if (!status)
        status = bw_item_job_begin(&job->out, 2 * w->items.n, err);
    if (!status)
        status = bw_item_job_batches(&job->out, w->items.n, reconstruct_batch,
                                     w, err);
    if (!status)
        status = bw_job_write_labels(&job->out.base, w->items.n,
                                     w->items.labels, err);
    return status ? status : bw_item_job_end(&job->out, err);
}

static bw_status reconstruct(const bw_program *self, const bw_parsed *parsed,
                             bw_error *err)
{
    work w = {
        .job = {.out.opt_grid = grid, .out.n_columns = 2 * (size_t)n_columns}};
    bw_status status =
        bw_job_need_operands(parsed, 1, "one file of images", err);

    if (!status)
        status = bw_wae_job_open(&w.job, self, parsed, model, err);
    if (!status)
        status = reconstruct_file(&w, parsed->operand[0], err);
    close_work(&w);
    return status;
}

const bw_verb bw_verb_wae_reconstruct = {&reconstruct_program, reconstruct};
