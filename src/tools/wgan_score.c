/* wgan_score.c - wgan score: what the critic says of items, and how steep it is
 * there. */
#include "config.h"

#include "tools/wgan.h"

static const char *model;
static bool has_slopes;

static const bw_option options[] = {
    BW_JOB_MODEL_OPTION("wgan", model),
    {.type = BW_OPTION_FLAG,
     .name = "slopes",
     .help = "the length of the critic's gradient at each item, too",
     .value = &has_slopes},
    {.name = NULL},
};

static const bw_program program = {
    .name = "wgan score",
    .usage = "[options] --model MODEL IMAGES -o SCORES",
    .summary = "Write the critic's value of each image.",
    .options = options,
    .common = &bw_wgan_common,
    .has_output = true,
    .has_threads = true,
};

typedef struct work {
    bw_wgan_job job;
    bw_items items;
    size_t score, slope; /* tensors */
} work;

static bw_status score_batch(void *arg, size_t first, size_t n, bw_error *err)
{
    work *w = arg;
    bw_writer *writer = w->job.out.base.writer;
    float score[BW_ITEM_BATCH], slope[BW_ITEM_BATCH];
    bw_status status = bw_wgan_score(w->job.pass, &w->items, first, n, score,
                                     has_slopes ? slope : NULL, err);

    if (!status)
        status =
            bw_writer_append(writer, w->score, score, n * sizeof *score, err);
    if (!status && has_slopes)
        status =
            bw_writer_append(writer, w->slope, slope, n * sizeof *slope, err);
    return status;
}

static bw_status score_file(work *w, const char *path, bw_error *err)
{
    bw_job *base = &w->job.out.base;
    bw_status status = bw_wgan_load_items(w->job.wgan, path, &w->items, err);

    if (!status)
        status = bw_job_add_input(base, &w->items.origin, err);
    if (!status)
        status = bw_writer_add(base->writer, "score", BW_F32, 1, NULL,
                               &w->score, err);
    if (!status && has_slopes)
        status = bw_writer_add(base->writer, "slope", BW_F32, 1, NULL,
                               &w->slope, err);
    if (!status)
        status =
            bw_item_job_batches(&w->job.out, w->items.n, score_batch, w, err);
    if (!status)
        status = bw_job_write_labels(base, w->items.n, w->items.labels, err);
    return status ? status : bw_job_commit(base, "scores", err);
}

static bw_status run(const bw_program *self, const bw_parsed *parsed,
                     bw_error *err)
{
    work w = {.score = 0};
    bw_status status =
        bw_job_need_operands(parsed, 1, "one file of images", err);

    if (!status)
        status = bw_wgan_job_open(&w.job, self, parsed, model, false, err);
    if (!status)
        status = score_file(&w, parsed->operand[0], err);
    bw_items_clear(&w.items);
    bw_wgan_job_close(&w.job);
    return status;
}

const bw_verb bw_verb_wgan_score = {&program, run};
