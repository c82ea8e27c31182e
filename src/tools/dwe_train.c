/* dwe_train.c - dwe train: from images and their distances to a model. */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "tools/dwe.h"
#include "tools/training.h"

/* What the options set; the initial values are the defaults. */
static bw_training t = {
    .preset = "dwe-mnist",
    .width = 1,
    .latent = 50,
    .epochs = 100,
    .batch = 100,
    .rate = 1e-3,
    .schedule = "constant",
    .optimizer = BW_OPTIMIZER_ADAM,
    .validation = 0.1,
    .patience = 3,
    .log_every = 100,
};
static const char *distances, *encoder, *decoder, *regressor_net;
static double label_scale = NAN, input_scale = NAN, reconstruction = 10,
              sparsity = 1e-3;
static bool is_regressor;

static const bw_option options[] = {
    {.type = BW_OPTION_GROUP, .name = "Data"},
    {.type = BW_OPTION_TEXT,
     .name = "distances",
     .meta = "FILE",
     .help = "exact distances of pairs of the images, as wdist wrote them",
     .value = &distances},
    BW_TRAINING_VALIDATION(t, "pairs"),
    {.type = BW_OPTION_GROUP, .name = "Networks"},
    BW_TRAINING_PRESET(t, "the networks' texts"),
    BW_TRAINING_NETWORK("encoder", encoder),
    BW_TRAINING_NETWORK("decoder", decoder),
    BW_TRAINING_NETWORK("regressor", regressor_net),
    BW_TRAINING_SIZES(t, "values of a code, in the preset's networks"),
    {.type = BW_OPTION_FLAG,
     .name = "regressor",
     .help = "train the baseline without an embedding: a network from both "
             "images to the cost",
     .value = &is_regressor},
    {.type = BW_OPTION_GROUP, .name = "Loss"},
    {.type = BW_OPTION_REAL,
     .name = "reconstruction",
     .meta = "W",
     .help = "weight of the divergence from image to reconstruction",
     .value = &reconstruction,
     .max = 1e12},
    {.type = BW_OPTION_REAL,
     .name = "sparsity",
     .meta = "W",
     .help = "weight of the reconstructions' roots",
     .value = &sparsity,
     .max = 1e12},
    {.type = BW_OPTION_REAL,
     .name = "label-scale",
     .meta = "S",
     .help = "what costs are multiplied by (default: by their mean)",
     .value = &label_scale,
     .min = 1e-30,
     .max = 1e30},
    {.type = BW_OPTION_REAL,
     .name = "input-scale",
     .meta = "S",
     .help = "what masses are multiplied by for the network (default: by the "
             "largest masses)",
     .value = &input_scale,
     .min = 1e-30,
     .max = 1e30},
    {.type = BW_OPTION_GROUP, .name = "Training"},
    BW_TRAINING_LENGTH(t, "pairs", "steps", ""),
    BW_TRAINING_RATE(t, ""),
    BW_TRAINING_METHOD(t, "", ""),
    {.type = BW_OPTION_SIZE,
     .name = "patience",
     .meta = "N",
     .help = "stop after N epochs without a better validation; 0: never",
     .value = &t.patience},
    BW_TRAINING_RECORDS(t, "a picture of reconstructions every epoch"),
    {.name = NULL},
};

static const bw_program program = {
    .name = "dwe train",
    .usage = "[options] --distances FILE IMAGES -o MODEL",
    .summary = "Train an embedding on exact distances.",
    .options = options,
    .common = &bw_dwe_common,
    .has_output = true,
    .has_threads = true,
    .has_seed = true,
};

typedef struct job {
    bw_training_job common;
    bw_dwe_images images;
    bw_dwe_pairs pairs;
    bw_dwe *dwe;
} job;

/* ---- inputs ---- */

static bw_status load(job *j, const char *path, bw_error *err)
{
    bw_status status = bw_dwe_pairs_load(distances, &j->pairs, err);

    if (!status)
        status =
            bw_dwe_images_load(path, j->pairs.problem.mass,
                               j->pairs.problem.each_channel, &j->images, err);
    if (!status)
        status = bw_dwe_pairs_check(&j->pairs, &j->images, err);
    if (!status)
        status = bw_job_add_input(&j->common.job, &j->images.origin, err);
    if (!status)
        status = bw_job_add_input(&j->common.job, &j->pairs.origin, err);
    return status;
}

/* ---- the run ---- */

static bw_status make_model(job *j, bw_error *err)
{
    bw_dwe_design design = {
        .preset = t.preset,
        .encoder = j->common.text[0],
        .encoder_name = encoder,
        .decoder = j->common.text[1],
        .decoder_name = decoder,
        .regressor = j->common.text[2],
        .regressor_name = regressor_net,
        .width = t.width,
        .latent = (size_t)t.latent,
        .is_regressor = is_regressor,
        .images = &j->images,
        .pairs = &j->pairs,
        .label_scale = label_scale,
        .input_scale = input_scale,
        .reconstruction = reconstruction,
        .sparsity = sparsity,
        .seed = bw_dwe_common.seed,
    };

    return bw_dwe_create(&design, &j->dwe, err);
}

static bw_status train(job *j, bw_error *err)
{
    bw_dwe_training training = {
        .dwe = j->dwe,
        .images = &j->images,
        .pairs = &j->pairs,
        .validation = t.validation,
        .batch = (size_t)t.batch,
        .optimizer = bw_optimizer_default((bw_optimizer_kind)t.optimizer),
        .rate = t.rate,
        .seed = bw_dwe_common.seed,
        .tasks = j->common.job.tasks,
        .comm = j->common.comm,
    };
    bw_dwe_learner *learner = NULL;
    bw_status status = bw_dwe_learner_create(&training, &learner, err);

    if (!status)
        status = bw_training_run(&j->common, bw_dwe_learner_get(learner), err);
    bw_dwe_learner_destroy(learner);
    return status;
}

static bw_status work(job *j, const bw_parsed *parsed, bw_error *err)
{
    const char *const path[] = {encoder, decoder, regressor_net};
    char inputs[80];
    bw_status status = load(j, parsed->operand[0], err);

    snprintf(inputs, sizeof inputs,
             "images=%016" PRIx64 " distances=%016" PRIx64,
             j->images.origin.digest, j->pairs.origin.digest);
    if (!status)
        status = bw_training_texts(&j->common, sizeof path / sizeof *path, path,
                                   err);
    if (!status)
        status = bw_training_identify(&j->common, parsed, inputs, err);
    if (!status)
        status = make_model(j, err);
    /* First: a place that cannot be written fails before the work. */
    if (!status)
        status = bw_job_write(&j->common.job, err);
    if (!status)
        status = train(j, err);
    return status ? status : bw_training_write(&j->common, j->dwe->model, err);
}

static bw_status check_options(const bw_parsed *parsed, bw_error *err)
{
    bw_status status =
        bw_job_need_operands(parsed, 1, "one file of images", err);

    if (status)
        return status;
    if (!distances)
        return bw_error_set(err, BW_ERR_USAGE, "no --distances are named");
    if (is_regressor ? encoder || decoder : regressor_net != NULL)
        return bw_error_set(
            err, BW_ERR_USAGE, "%s --regressor: --net-%s is of no use",
            is_regressor ? "with" : "without",
            is_regressor ? (encoder ? "encoder" : "decoder") : "regressor");
    return bw_training_check(&t, err);
}

static void clear(job *j)
{
    bw_dwe_destroy(j->dwe);
    bw_dwe_images_clear(&j->images);
    bw_dwe_pairs_clear(&j->pairs);
    bw_training_close(&j->common);
}

static bw_status run(const bw_program *self, const bw_parsed *parsed,
                     bw_error *err)
{
    job j = {.dwe = NULL};
    bw_status status = bw_training_begin(&j.common, self, err);

    if (!status)
        status = check_options(parsed, err);
    if (!status)
        status = bw_training_open(&j.common, &t, parsed, err);
    if (!status)
        status = work(&j, parsed, err);
    status = bw_training_end(&j.common, status, err);
    clear(&j);
    return status;
}

const bw_verb bw_verb_dwe_train = {&program, run};
