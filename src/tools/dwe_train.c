/* dwe_train.c - dwe train: from images and their distances to a model. */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/interrupt.h"
#include "tools/dwe.h"

/* What the options set; the initial values are the defaults. */
static const char *distances, *preset = "dwe-mnist", *encoder, *decoder,
                              *regressor_net, *schedule = "constant", *log_to,
                              *checkpoint, *pictures;
static double width = 1, label_scale = NAN, input_scale = NAN,
              reconstruction = 10, sparsity = 1e-3, rate = 1e-3,
              validation = 0.1, checkpoint_minutes;
static uint64_t latent = 50, epochs = 100, steps, batch = 100, patience = 3,
                log_every = 100, checkpoint_every;
static int optimizer = BW_OPTIMIZER_ADAM;
static bool is_regressor, resume;

static const bw_option options[] = {
    {.type = BW_OPTION_GROUP, .name = "Data"},
    {.type = BW_OPTION_TEXT,
     .name = "distances",
     .meta = "FILE",
     .help = "exact distances of pairs of the images, as wdist wrote them",
     .value = &distances},
    {.type = BW_OPTION_REAL,
     .name = "validation",
     .meta = "SHARE|N",
     .help = "hold out this share of the pairs, or from 1 on so many",
     .value = &validation,
     .min = 0,
     .max = 4294967295.0},
    {.type = BW_OPTION_GROUP, .name = "Networks"},
    {.type = BW_OPTION_TEXT,
     .name = "preset",
     .meta = "NAME",
     .help = "the networks' texts",
     .value = &preset},
    {.type = BW_OPTION_TEXT,
     .name = "net-encoder",
     .meta = "FILE",
     .help = "the text of the encoder instead",
     .value = &encoder},
    {.type = BW_OPTION_TEXT,
     .name = "net-decoder",
     .meta = "FILE",
     .help = "the text of the decoder instead",
     .value = &decoder},
    {.type = BW_OPTION_TEXT,
     .name = "net-regressor",
     .meta = "FILE",
     .help = "the text of the regressor instead",
     .value = &regressor_net},
    {.type = BW_OPTION_REAL,
     .name = "width",
     .meta = "F",
     .help = "scale every count of channels and units",
     .value = &width,
     .min = 1e-3,
     .max = 1e3},
    {.type = BW_OPTION_SIZE,
     .name = "latent",
     .meta = "N",
     .help = "values of a code, in the preset's networks",
     .value = &latent,
     .min = 1,
     .max = 65536},
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
    {.type = BW_OPTION_SIZE,
     .name = "epochs",
     .meta = "N",
     .help = "at most so many turns through the pairs",
     .value = &epochs,
     .min = 1,
     .max = 1e9},
    {.type = BW_OPTION_SIZE,
     .name = "steps",
     .meta = "N",
     .help = "at most so many steps; 0: no limit",
     .value = &steps},
    {.type = BW_OPTION_SIZE,
     .name = "batch",
     .meta = "N",
     .help = "pairs of a step",
     .value = &batch,
     .min = 1,
     .max = 1 << 20},
    {.type = BW_OPTION_REAL,
     .name = "rate",
     .meta = "R",
     .help = "learning rate",
     .value = &rate,
     .max = 1e6},
    {.type = BW_OPTION_TEXT,
     .name = "schedule",
     .meta = "TEXT",
     .help = "of the rate: constant, 'step 30:2,50:5', 'exponential 0.01', "
             "'linear 0', 'cosine 0', 'plateau 0.5:3'",
     .value = &schedule},
    {.type = BW_OPTION_CHOICE,
     .name = "optimizer",
     .help = "how gradients become steps",
     .value = &optimizer,
     .choices = "sgd|rmsprop|adam"},
    {.type = BW_OPTION_SIZE,
     .name = "patience",
     .meta = "N",
     .help = "stop after N epochs without a better validation; 0: never",
     .value = &patience},
    {.type = BW_OPTION_GROUP, .name = "Records"},
    {.type = BW_OPTION_TEXT,
     .name = "log",
     .meta = "FILE",
     .help = "a table of the loss and its terms",
     .value = &log_to,
     .is_neutral = true},
    {.type = BW_OPTION_SIZE,
     .name = "log-every",
     .meta = "N",
     .help = "steps of a row of the log; 0: epochs only",
     .value = &log_every,
     .is_neutral = true},
    {.type = BW_OPTION_TEXT,
     .name = "checkpoint",
     .meta = "FILE",
     .help = "keep the state of the run here",
     .value = &checkpoint,
     .is_neutral = true},
    {.type = BW_OPTION_SIZE,
     .name = "checkpoint-every",
     .meta = "N",
     .help = "every N steps, besides each epoch's end",
     .value = &checkpoint_every,
     .is_neutral = true},
    {.type = BW_OPTION_REAL,
     .name = "checkpoint-minutes",
     .meta = "M",
     .help = "every M minutes, besides",
     .value = &checkpoint_minutes,
     .max = 1e6,
     .is_neutral = true},
    {.type = BW_OPTION_FLAG,
     .name = "resume",
     .help = "go on from the checkpoint, where it is there",
     .value = &resume,
     .is_neutral = true},
    {.type = BW_OPTION_TEXT,
     .name = "pictures",
     .meta = "FOLDER",
     .help = "a picture of reconstructions every epoch",
     .value = &pictures,
     .is_neutral = true},
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
    bw_dwe_images images;
    bw_dwe_pairs pairs;
    bw_provenance *provenance;
    char *text[3]; /* networks' files */
    char *identity;
    bw_tasks *tasks;
    bw_dwe *dwe;
    bw_dwe_learner *learner;
    bw_writer *writer;
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
        status =
            bw_provenance_add_input(j->provenance, j->images.name,
                                    j->images.digest, j->images.steps, err);
    if (!status)
        status = bw_provenance_add_input(j->provenance, j->pairs.name,
                                         j->pairs.digest, j->pairs.steps, err);
    return status;
}

/* A network's text; an absent path is none. */
static bw_status read_text(const char *opt_path, char **ret_text, bw_error *err)
{
    FILE *file;
    size_t n;
    bw_status status = BW_OK;

    if (!opt_path)
        return BW_OK;
    file = fopen(opt_path, "rb");
    if (!file)
        return bw_error_errno(err, "%s", opt_path);
    *ret_text = calloc(BW_MAX_NETWORK_TEXT + 2, 1);
    n = *ret_text ? fread(*ret_text, 1, BW_MAX_NETWORK_TEXT + 1, file) : 0;
    if (!*ret_text)
        status = bw_error_memory(err);
    else if (ferror(file))
        status = bw_error_errno(err, "%s", opt_path);
    else if (n > BW_MAX_NETWORK_TEXT || memchr(*ret_text, 0, n) != NULL)
        status = bw_error_set(err, BW_ERR_FORMAT, "%s: no text of a network",
                              opt_path);
    fclose(file);
    return status;
}

/* One line of words for what shaped the run: options, then inputs. */
static bw_status make_identity(job *j, const bw_parsed *parsed, bw_error *err)
{
    size_t size;
    FILE *out = open_memstream(&j->identity, &size);

    if (!out)
        return bw_error_memory(err);
    for (size_t k = 0; k < parsed->n_canonical; k++) {
        const char *word = parsed->canonical[k] + 2;
        for (const char *c = word; *c; c++)
            fputc(*c == ' ' ? '_' : *c, out);
        fputs(strchr(word, '=') ? " " : "=on ", out);
    }
    fprintf(out, "images=%016" PRIx64 " distances=%016" PRIx64,
            j->images.digest, j->pairs.digest);
    for (size_t k = 0; k < sizeof j->text / sizeof *j->text; k++)
        if (j->text[k])
            fprintf(out, " text=%016" PRIx64,
                    (uint64_t)XXH64(j->text[k], strlen(j->text[k]), 0));
    bool is_failed = ferror(out) != 0;
    is_failed |= fclose(out) != 0;
    return is_failed ? bw_error_memory(err) : BW_OK;
}

/* ---- the run ---- */

static bw_status make_model(job *j, bw_error *err)
{
    bw_dwe_design design = {
        .preset = preset,
        .encoder = j->text[0],
        .encoder_name = encoder,
        .decoder = j->text[1],
        .decoder_name = decoder,
        .regressor = j->text[2],
        .regressor_name = regressor_net,
        .width = width,
        .latent = (size_t)latent,
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
    bw_train_options o = {
        .tool = "dwe",
        .epochs = epochs,
        .steps = steps,
        .batch = batch,
        .seed = bw_dwe_common.seed,
        .patience = validation > 0 ? patience : 0,
        .log = log_to,
        .log_every = log_every,
        .checkpoint = checkpoint,
        .checkpoint_every = checkpoint_every,
        .checkpoint_minutes = checkpoint_minutes,
        .resume = resume,
        .pictures = pictures,
        .identity = j->identity,
        .provenance = j->provenance,
        .talk = stderr,
        .is_quiet = bw_dwe_common.is_quiet,
        .is_verbose = bw_dwe_common.is_verbose,
        .stopped = bw_interrupt_signal,
    };
    bw_train_result result;
    bw_status status = bw_schedule_parse(schedule, &o.schedule, err);

    if (status)
        return bw_error_prefix(err, "--schedule");
    status = bw_train_run(bw_dwe_learner_get(j->learner), &o, &result, err);
    if (!status && bw_dwe_common.is_verbose)
        fprintf(stderr,
                "dwe: %" PRIu64 " steps, %" PRIu64 " epochs; best validation "
                "%.6g in epoch %" PRIu64 "\n",
                result.steps, result.epochs, result.best, result.best_epoch);
    return status;
}

static bw_status write_model(job *j, bw_error *err)
{
    bw_status status = bw_model_put(j->dwe->model, NULL, j->writer, err);

    if (!status)
        status = bw_provenance_stamp(j->provenance, j->writer, "model", err);
    return status ? status : bw_writer_commit(j->writer, err);
}

static bw_status work(job *j, const bw_parsed *parsed, const char *output,
                      bw_error *err)
{
    bw_dwe_training training = {
        .images = &j->images,
        .pairs = &j->pairs,
        .validation = validation,
        .batch = (size_t)batch,
        .optimizer = bw_optimizer_default((bw_optimizer_kind)optimizer),
        .rate = rate,
        .seed = bw_dwe_common.seed,
    };
    const char *path[3] = {encoder, decoder, regressor_net};
    bw_status status = load(j, parsed->operand[0], err);

    for (int k = 0; k < 3 && !status; k++)
        status = read_text(path[k], &j->text[k], err);
    if (!status)
        status = make_identity(j, parsed, err);
    if (!status)
        status = make_model(j, err);
    if (!status)
        status =
            bw_tasks_create((size_t)bw_dwe_common.n_threads, &j->tasks, err);
    training.dwe = j->dwe;
    training.tasks = j->tasks;
    /* The writer first: a place that cannot be written fails before the work,
     * not after it. */
    if (!status)
        status = bw_writer_create(output, &j->writer, err);
    if (!status)
        status = bw_dwe_learner_create(&training, &j->learner, err);
    if (!status)
        status = train(j, err);
    return status ? status : write_model(j, err);
}

static bw_status check_options(const bw_parsed *parsed, bw_error *err)
{
    bw_schedule unused;
    bw_status status =
        bw_dwe_need_operands(parsed, 1, "one file of images", err);

    if (status)
        return status;
    if (!distances)
        return bw_error_set(err, BW_ERR_USAGE, "no --distances are named");
    if (validation >= 1 && validation > floor(validation))
        return bw_error_set(err, BW_ERR_USAGE,
                            "--validation %g: neither a share below 1 nor a "
                            "count",
                            validation);
    if (resume && !checkpoint)
        return bw_error_set(err, BW_ERR_USAGE,
                            "--resume needs --checkpoint FILE");
    if (is_regressor ? encoder || decoder : regressor_net != NULL)
        return bw_error_set(
            err, BW_ERR_USAGE, "%s --regressor: --net-%s is of no use",
            is_regressor ? "with" : "without",
            is_regressor ? (encoder ? "encoder" : "decoder") : "regressor");
    status = bw_schedule_parse(schedule, &unused, err);
    return status ? bw_error_prefix(err, "--schedule") : BW_OK;
}

static void clear(job *j)
{
    bw_dwe_learner_destroy(j->learner);
    bw_writer_destroy(j->writer);
    bw_tasks_destroy(j->tasks);
    bw_dwe_destroy(j->dwe);
    bw_provenance_destroy(j->provenance);
    bw_dwe_images_clear(&j->images);
    bw_dwe_pairs_clear(&j->pairs);
    for (int k = 0; k < 3; k++)
        free(j->text[k]);
    free(j->identity);
}

static bw_status run(const bw_program *self, const bw_parsed *parsed,
                     bw_error *err)
{
    job j = {.dwe = NULL};
    const char *output, **args = NULL;
    size_t n_args;
    bw_status status = check_options(parsed, err);

    if (!status)
        status = bw_tool_output(self, &output, err);
    if (!status && log_to && !strcmp(log_to, "-") && !strcmp(output, "-"))
        status = bw_error_set(err, BW_ERR_USAGE,
                              "the log and the model cannot both go to "
                              "standard output");
    if (!status)
        status = bw_verb_arguments(self, parsed, &n_args, &args, err);
    if (status)
        return status;
    j.provenance =
        bw_provenance_create("dwe", n_args, args, &bw_dwe_common.seed);
    free(args);
    status =
        j.provenance ? work(&j, parsed, output, err) : bw_error_memory(err);
    clear(&j);
    return status;
}

const bw_verb bw_verb_dwe_train = {&program, run};
