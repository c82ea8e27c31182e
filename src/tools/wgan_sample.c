/* wgan_sample.c - wgan sample: images that the generator makes of noise. */
#include "config.h"

#include "tools/wgan.h"

static const char *grid;
static uint64_t n_samples = 100, n_columns = 10;
static bool columns_given;

static const bw_option options[] = {
    BW_ITEM_COUNT_OPTION(n_samples),
    BW_JOB_GRID_OPTIONS("images", grid, n_columns, columns_given),
    {.name = NULL},
};

static const bw_program program = {
    .name = "wgan sample",
    .usage = "[options] -n N MODEL -o IMAGES",
    .summary = "Write images of random noise.",
    .options = options,
    .common = &bw_wgan_common,
    .has_output = true,
    .has_threads = true,
    .has_seed = true,
};

static bw_status draw(void *arg, size_t first, size_t n, float *z,
                      bw_error *err)
{
    const bw_wgan_job *job = arg;

    (void)err;
    bw_item_draw_prior(&job->wgan->noise, bw_wgan_common.seed, first, n, z);
    return BW_OK;
}

static bw_status make(void *arg, size_t n, const float *z, float *values,
                      bw_error *err)
{
    const bw_wgan_job *job = arg;

    return bw_wgan_generate(job->pass, n, z, values, err);
}

static bw_status run(const bw_program *self, const bw_parsed *parsed,
                     bw_error *err)
{
    bw_wgan_job job = {.out = {.base.draws = true,
                               .opt_grid = grid,
                               .n_columns = (size_t)n_columns}};
    bw_item_sampler sampler = {.arg = &job, .draw = draw, .make = make};
    bw_status status = bw_job_need_operands(parsed, 1, "one model", err);

    if (!status)
        status =
            bw_wgan_job_open(&job, self, parsed, parsed->operand[0], true, err);
    if (!status) {
        sampler.latent = job.wgan->latent;
        status = bw_item_job_sample(&job.out, &sampler, (size_t)n_samples, err);
    }
    bw_wgan_job_close(&job);
    return status;
}

const bw_verb bw_verb_wgan_sample = {&program, run};
