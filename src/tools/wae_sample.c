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
    BW_ITEM_COUNT_OPTION(n_samples),
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

typedef struct work {
    bw_wae_job job;
    bw_mixture *mixture; /* NULL: the prior */
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
                                w->job.out.base.tasks, &w->mixture, err);
        if (status && status != BW_ERR_INTERRUPTED)
            bw_error_prefix(err, "%s", codes);
    }
    free(code);
    free(labels);
    return status;
}

static bw_status draw(void *arg, size_t first, size_t n, float *z,
                      bw_error *err)
{
    work *w = arg;
    uint64_t seed = bw_wae_common.seed;

    if (w->mixture)
        return bw_mixture_draw(w->mixture, seed, first, n, z, err);
    bw_item_draw_prior(&w->job.wae->prior, seed, first, n, z);
    return BW_OK;
}

static bw_status decode(void *arg, size_t n, const float *z, float *values,
                        bw_error *err)
{
    work *w = arg;

    return bw_wae_decode(w->job.pass, n, z, values, err);
}

static bw_status run(const bw_program *self, const bw_parsed *parsed,
                     bw_error *err)
{
    work w = {.job.out = {.base.draws = true,
                          .opt_grid = grid,
                          .n_columns = (size_t)n_columns}};
    bw_item_sampler sampler = {.arg = &w, .draw = draw, .make = decode};
    size_t n_components = 0;
    bw_status status = bw_job_need_operands(parsed, 1, "one model", err);

    if (!status)
        status = parse_from(&n_components, err);
    if (!status)
        status = bw_wae_job_open(&w.job, self, parsed, parsed->operand[0], err);
    if (!status && n_components > 0)
        status = fit(&w, n_components, err);
    if (!status) {
        sampler.latent = w.job.wae->latent;
        status =
            bw_item_job_sample(&w.job.out, &sampler, (size_t)n_samples, err);
    }
    bw_mixture_destroy(w.mixture);
    bw_wae_job_close(&w.job);
    return status;
}

const bw_verb bw_verb_wae_sample = {&program, run};
