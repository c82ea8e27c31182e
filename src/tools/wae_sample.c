/* wae_sample.c - wae sample: images of codes drawn from the prior, or from a
 * mixture fitted to codes. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "model/mixture.h"
#include "tools/wae.h"

static const char *from = "prior", *codes, *grid;
static uint64_t n_samples = 100, n_columns = 10;
static bool columns_given;

static const bw_option options[] = {
    {.type = BW_OPTION_SIZE,
     .name = "count",
     .letter = 'n',
     .meta = "N",
     .help = "so many images",
     .value = &n_samples,
     .min = 1,
     .max = 4294967295.0},
    {.type = BW_OPTION_TEXT,
     .name = "from",
     .meta = "prior|mixture:K",
     .help = "where codes are drawn: from the model's prior, or from K "
             "Gaussians fitted to --codes",
     .value = &from},
    {.type = BW_OPTION_TEXT,
     .name = "codes",
     .meta = "FILE",
     .help = "the codes that a mixture is fitted to, as wae encode wrote them",
     .value = &codes},
    BW_JOB_GRID_OPTIONS("images", grid, n_columns, columns_given),
    {.name = NULL},
};

static const bw_program program = {
    .name = "wae sample",
    .usage = "[options] -n N MODEL -o IMAGES",
    .summary = "Write images of random codes.",
    .options = options,
    .common = &bw_wae_common,
    .has_output = true,
    .has_threads = true,
    .has_seed = true,
};

/* Samples draw from the prior's streams from here on: training takes those
 * below, one a step. */
static const uint64_t first_stream = (uint64_t)1 << 63;

typedef struct work {
    bw_wae_job job;
    bw_mixture *mixture; /* NULL: the prior */
    size_t index;        /* the codes' tensor */
} work;

/* K of --from mixture:K, 0 for the prior. */
static bw_status parse_from(size_t *n_components, bw_error *err)
{
    static const char word[] = "mixture:";
    const char *digits = from + sizeof word - 1;
    char *end;

    *n_components = 0;
    if (strcmp(from, "prior") == 0)
        return codes ? bw_error_set(err, BW_ERR_USAGE,
                                    "--codes is of no use to --from prior")
                     : BW_OK;
    if (strncmp(from, word, sizeof word - 1) != 0)
        return bw_error_set(err, BW_ERR_USAGE,
                            "--from: '%s' is neither prior nor mixture:K",
                            from);
    unsigned long k = strtoul(digits, &end, 10);
    if (*digits < '0' || *digits > '9' || *end || k < 1 || k > BW_MIXTURE_MAX)
        return bw_error_set(err, BW_ERR_USAGE, "--from: '%s': K is 1 to %d",
                            from, (int)BW_MIXTURE_MAX);
    if (!codes)
        return bw_error_set(err, BW_ERR_USAGE, "--from %s needs --codes", from);
    *n_components = (size_t)k;
    return BW_OK;
}

static bw_status fit(work *w, size_t n_components, bw_error *err)
{
    bw_mixture_options how = {.n_components = n_components,
                              .seed = bw_wae_common.seed,
                              .stopped = bw_interrupt_signal};
    float *code = NULL;
    int32_t *labels = NULL;
    size_t n = 0;
    bw_status status =
        bw_wae_job_codes(&w->job, codes, &n, &code, &labels, err);

    if (!status) {
        status = bw_mixture_fit(&how, n, w->job.wae->latent, code,
                                w->job.base.tasks, &w->mixture, err);
        if (status && status != BW_ERR_INTERRUPTED)
            bw_error_prefix(err, "%s", codes);
    }
    free(code);
    free(labels);
    return status;
}

static bw_status draw(work *w, size_t first, size_t n, float *z, bw_error *err)
{
    uint64_t seed = bw_wae_common.seed;
    size_t d = w->job.wae->latent;

    if (w->mixture)
        return bw_mixture_draw(w->mixture, seed, first, n, z, err);
    for (size_t k = 0; k < n; k++)
        bw_prior_draw(&w->job.wae->prior, seed, BW_RANDOM_PRIOR,
                      first_stream + first + k, 1, z + k * d);
    return BW_OK;
}

static bw_status sample_batch(void *arg, size_t first, size_t n, bw_error *err)
{
    work *w = arg;
    bw_wae_job *job = &w->job;
    bw_status status = draw(w, first, n, job->codes, err);

    if (!status)
        status =
            bw_writer_append(job->base.writer, w->index, job->codes,
                             n * job->wae->latent * sizeof *job->codes, err);
    return status ? status : bw_wae_job_decode(job, n, job->codes, true, err);
}

/* Where items are points they are `codes`, and their codes `latent`. */
static bw_status write_samples(work *w, bw_error *err)
{
    bw_wae_job *job = &w->job;
    const char *name = job->wae->item.is_flat ? "latent" : "codes";
    uint64_t d = job->wae->latent;
    bw_status status = bw_wae_job_begin_items(job, (size_t)n_samples, err);

    if (!status)
        status = bw_writer_add(job->base.writer, name, BW_F32, 2, &d, &w->index,
                               err);
    if (!status)
        status =
            bw_wae_job_batches(job, (size_t)n_samples, sample_batch, w, err);
    return status ? status : bw_wae_job_end_items(job, err);
}

static bw_status run(const bw_program *self, const bw_parsed *parsed,
                     bw_error *err)
{
    work w = {.job = {.base.draws = true,
                      .opt_grid = grid,
                      .n_columns = (size_t)n_columns}};
    size_t n_components = 0;
    bw_status status = bw_job_need_operands(parsed, 1, "one model", err);

    if (!status)
        status = parse_from(&n_components, err);
    if (!status)
        status = bw_wae_job_open(&w.job, self, parsed, parsed->operand[0], err);
    if (!status && n_components > 0)
        status = fit(&w, n_components, err);
    if (!status)
        status = write_samples(&w, err);
    bw_mixture_destroy(w.mixture);
    bw_wae_job_close(&w.job);
    return status;
}

const bw_verb bw_verb_wae_sample = {&program, run};
