/* dwe_evaluate.c - dwe evaluate: predicted against exact costs. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "barrow/embedding.h"
#include "base/output.h"
#include "base/progress.h"
#include "model/dwe_evaluate.h"
#include "tools/dwe.h"

static const char *model, *distances, *quantiles;
static bool timing;

static const bw_option options[] = {
    BW_JOB_MODEL_OPTION("dwe", model),
    {.type = BW_OPTION_TEXT,
     .name = "distances",
     .meta = "FILE",
     .help = "exact distances of pairs of the images, as wdist wrote them",
     .value = &distances},
    {.type = BW_OPTION_TEXT,
     .name = "quantiles",
     .meta = "FILE",
     .help = "write predicted against exact costs, in 30 bins, as a table",
     .value = &quantiles},
    {.type = BW_OPTION_FLAG,
     .name = "timing",
     .help = "print pairs per second, too",
     .value = &timing},
    {.name = NULL},
};

static const bw_program program = {
    .name = "dwe evaluate",
    .usage = "[options] --model MODEL --distances FILE IMAGES",
    .summary = "Print how well predicted costs meet exact ones.",
    .options = options,
    .common = &bw_dwe_common,
    .has_threads = true,
};

typedef struct speeds {
    double once, each; /* pairs a second; 0: not measured */
} speeds;

static double rate_of(size_t n, double start)
{
    double seconds = bw_progress_now() - start;

    return (double)n / (seconds > 1e-9 ? seconds : 1e-9);
}

/* Every image is embedded once; pairs are then distances of codes. */
static bw_status predict_once(bw_dwe_job *job, const bw_dwe_images *images,
                              const bw_dwe_pairs *pairs, double *p,
                              bw_error *err)
{
    size_t d = job->dwe->latent;
    float *codes = malloc((images->n * d + 1) * sizeof *codes);
    bw_status status = codes ? BW_OK : bw_error_memory(err);

    if (!status)
        status = bw_dwe_encode(job->pass, images, images->n, NULL, codes, err);
    if (!status)
        bw_embedding_pairs(d, codes, codes, pairs->n,
                           (const uint32_t(*)[2])pairs->pair, p);
    free(codes);
    return status;
}

static bw_status predict(bw_dwe_job *job, const bw_dwe_images *images,
                         const bw_dwe_pairs *pairs, double *p, speeds *speed,
                         bw_error *err)
{
    const uint32_t(*pair)[2] = (const uint32_t(*)[2])pairs->pair;
    bw_status status = BW_OK;
    double start = bw_progress_now();

    if (timing || job->dwe->regressor) {
        status =
            bw_dwe_predict(job->pass, images, images, pairs->n, pair, p, err);
        speed->each = rate_of(pairs->n, start);
    }
    if (status || job->dwe->regressor)
        return status;
    start = bw_progress_now();
    status = predict_once(job, images, pairs, p, err);
    speed->once = rate_of(pairs->n, start);
    return status;
}

static bw_status write_quantiles(size_t n, const double *p, const double *y,
                                 bw_error *err)
{
    bw_dwe_bin bin[BW_DWE_BINS];
    bw_output *output = NULL;
    char line[256];
    bw_status status = bw_dwe_quantiles(n, p, y, bin, err);

    if (!status)
        status = bw_output_open(quantiles, &output, err);
    int size = snprintf(line, sizeof line,
                        "low\thigh\tpairs\texact\tmean\tq10\tq90\n");
    for (int b = -1; b < BW_DWE_BINS && !status; b++) {
        if (b >= 0 && bin[b].n == 0)
            continue;
        if (b >= 0)
            size = snprintf(line, sizeof line,
                            "%.9g\t%.9g\t%zu\t%.9g\t%.9g\t%.9g\t%.9g\n",
                            bin[b].low, bin[b].high, bin[b].n, bin[b].exact,
                            bin[b].mean, bin[b].q10, bin[b].q90);
        status = bw_output_write(output, line, (size_t)size, err);
    }
    if (!status)
        status = bw_output_commit(output, err);
    bw_output_destroy(output);
    return status;
}

static void print(size_t n, const double *p, const double *y,
                  const speeds *speed, bool is_training)
{
    bw_dwe_figures f = bw_dwe_figures_of(n, p, y);

    printf("pairs\t%zu\n", n);
    printf("images\t%s\n", is_training ? "training" : "unseen");
    printf("mse\t%.9g\n", f.mse);
    printf("relative-mse\t%.9g\n", f.relative_mse);
    printf("correlation\t%.9g\n", f.correlation);
    printf("exact-mean\t%.9g\n", f.mean);
    printf("exact-sd\t%.9g\n", f.sd);
    if (timing)
        printf("pairs-per-second\t%.6g\n", speed->each);
    if (timing && speed->once > 0)
        printf("pairs-per-second-once\t%.6g\n", speed->once);
}

static bw_status work(bw_dwe_job *job, const char *path, bw_dwe_images *images,
                      bw_dwe_pairs *pairs, bw_error *err)
{
    speeds speed = {0, 0};
    double *p = NULL;
    bw_status status = bw_dwe_pairs_load(distances, pairs, err);

    if (!status)
        status = bw_dwe_check_pairs(job->dwe, pairs, err);
    if (!status)
        status = bw_dwe_job_images(job, path, images, err);
    if (!status)
        status = bw_dwe_pairs_check(pairs, images, err);
    if (!status && !(p = malloc(pairs->n * sizeof *p)))
        status = bw_error_memory(err);
    if (!status)
        status = predict(job, images, pairs, p, &speed, err);
    bool is_training = images->origin.digest == job->dwe->images_digest;
    if (!status && quantiles)
        status = write_quantiles(pairs->n, p, pairs->cost, err);
    if (!status)
        print(pairs->n, p, pairs->cost, &speed, is_training);
    if (!status && is_training && !bw_dwe_common.is_quiet)
        fprintf(stderr,
                "dwe evaluate: %s: the model was trained on these images\n",
                images->origin.path);
    free(p);
    return status;
}

static bw_status run(const bw_program *self, const bw_parsed *parsed,
                     bw_error *err)
{
    bw_dwe_job job = {.dwe = NULL};
    bw_dwe_images images = {0};
    bw_dwe_pairs pairs = {0};
    bw_status status =
        bw_job_need_operands(parsed, 1, "one file of images", err);

    if (!status && !distances)
        status = bw_error_set(err, BW_ERR_USAGE, "no --distances are named");
    if (!status)
        status = bw_job_check_apart("the figures", "-", "--quantiles",
                                    quantiles, err);
    if (!status)
        status = bw_dwe_job_open(&job, self, parsed, model, false, err);
    if (!status)
        status = work(&job, parsed->operand[0], &images, &pairs, err);
    bw_dwe_images_clear(&images);
    bw_dwe_pairs_clear(&pairs);
    bw_dwe_job_close(&job);
    return status;
}

const bw_verb bw_verb_dwe_evaluate = {&program, run};
