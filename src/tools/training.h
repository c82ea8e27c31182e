/* training.h - what the train verbs of all models share: rows of options,
 * checks, networks from files, the line that names a run, the run itself, and
 * the model's file.
 */
#ifndef BW_TOOLS_TRAINING_H
#define BW_TOOLS_TRAINING_H

#include "model/model.h"
#include "model/prior.h"
#include "model/train.h"
#include "tools/job.h"

/* What the rows below set; the verb's initial values are the defaults. Where a
 * preset gives them, they are not set: counts BW_OPTION_UNSET, reals NaN, texts
 * NULL; the verb puts the preset's there before the run. */
typedef struct bw_training {
    const char *preset, *schedule, *log, *checkpoint, *pictures;
    double width, rate, validation, checkpoint_minutes;
    uint64_t latent, epochs, steps, batch, patience, log_every,
        checkpoint_every;
    int optimizer; /* a bw_optimizer_kind, or -1 */
    bool resume;
    bool keep_last; /* no option: see bw_train_options */
} bw_training;

/* ---- rows of options: t is the verb's bw_training ---- */

#define BW_TRAINING_VALIDATION(t, unit)                                        \
    {                                                                          \
        .type = BW_OPTION_REAL, .name = "validation", .meta = "SHARE|N",       \
        .help = "hold out this share of the " unit ", or from 1 on so many",   \
        .value = &(t).validation, .min = 0, .max = 4294967295.0                \
    }

#define BW_TRAINING_PRESET(t, what)                                            \
    {                                                                          \
        .type = BW_OPTION_TEXT, .name = "preset", .meta = "NAME",              \
        .help = what, .value = &(t).preset                                     \
    }

/* The text of part `part` from a file, instead of the preset's. */
#define BW_TRAINING_NETWORK(part, variable)                                    \
    {                                                                          \
        .type = BW_OPTION_TEXT, .name = "net-" part, .meta = "FILE",           \
        .help = "the text of the " part " instead", .value = &(variable)       \
    }

/* --width, --latent */
#define BW_TRAINING_SIZES(t, latent_help)                                      \
    {.type = BW_OPTION_REAL,                                                   \
     .name = "width",                                                          \
     .meta = "F",                                                              \
     .help = "scale every count of channels and units",                        \
     .value = &(t).width,                                                      \
     .min = 1e-3,                                                              \
     .max = 1e3},                                                              \
    {                                                                          \
        .type = BW_OPTION_SIZE, .name = "latent", .meta = "N",                 \
        .help = latent_help, .value = &(t).latent, .min = 1, .max = 65536      \
    }

/* --range: how networks see values; by: "the decoder's last layer". */
#define BW_TRAINING_RANGE(variable, by)                                        \
    {                                                                          \
        .type = BW_OPTION_CHOICE, .name = "range",                             \
        .help = "values as they are, within [0, 1], or those as [-1, 1]; "     \
                "auto: by " by,                                                \
        .value = &(variable), .choices = "auto|none|unit|signed"               \
    }

/* --init, --init-sd, with what to say of each default */
#define BW_TRAINING_INIT(kind, kind_by, deviation, deviation_by)               \
    {.type = BW_OPTION_CHOICE,                                                 \
     .name = "init",                                                           \
     .help = "initial weights" kind_by,                                        \
     .value = &(kind),                                                         \
     .choices = "glorot|he|normal|truncated|dcgan"},                           \
    {                                                                          \
        .type = BW_OPTION_REAL, .name = "init-sd", .meta = "S",                \
        .help = "their standard deviation, of the last three" deviation_by,    \
        .value = &(deviation), .max = 1e3                                      \
    }

/* --prior, --prior-scale */
#define BW_TRAINING_PRIOR(kind, kind_help, scale, scale_by)                    \
    {.type = BW_OPTION_CHOICE,                                                 \
     .name = "prior",                                                          \
     .help = kind_help,                                                        \
     .value = &(kind),                                                         \
     .choices = bw_prior_names},                                               \
    {                                                                          \
        .type = BW_OPTION_REAL, .name = "prior-scale", .meta = "S",            \
        .help = "its standard deviation, radius, or half its width" scale_by,  \
        .value = &(scale), .min = 1e-6, .max = 1e6                             \
    }

/* --epochs, --steps, --batch. unit: "pairs"; steps_word: "steps", and of whom;
 * by: what to say of a default that is not shown, from its blank on, or "". */
#define BW_TRAINING_LENGTH(t, unit, steps_word, by)                            \
    {.type = BW_OPTION_SIZE,                                                   \
     .name = "epochs",                                                         \
     .meta = "N",                                                              \
     .help = "at most so many turns through the " unit by,                     \
     .value = &(t).epochs,                                                     \
     .min = 1,                                                                 \
     .max = 1e9},                                                              \
        {.type = BW_OPTION_SIZE,                                               \
         .name = "steps",                                                      \
         .meta = "N",                                                          \
         .help = "at most so many " steps_word "; 0: no limit",                \
         .value = &(t).steps},                                                 \
    {                                                                          \
        .type = BW_OPTION_SIZE, .name = "batch", .meta = "N",                  \
        .help = unit " of a step" by, .value = &(t).batch, .min = 1,           \
        .max = 1 << 20                                                         \
    }

#define BW_TRAINING_RATE(t, by)                                                \
    {                                                                          \
        .type = BW_OPTION_REAL, .name = "rate", .meta = "R",                   \
        .help = "learning rate" by, .value = &(t).rate, .max = 1e6             \
    }

/* --schedule, --optimizer, with what to say of each default */
#define BW_TRAINING_METHOD(t, by, optimizer_by)                                \
    {.type = BW_OPTION_TEXT,                                                   \
     .name = "schedule",                                                       \
     .meta = "TEXT",                                                           \
     .help = "of the rate: constant, 'step 30:2,50:5', 'exponential 0.01', "   \
             "'linear 0', 'cosine 0', 'plateau 0.5:3'" by,                     \
     .value = &(t).schedule},                                                  \
    {                                                                          \
        .type = BW_OPTION_CHOICE, .name = "optimizer",                         \
        .help = "how gradients become steps" optimizer_by,                     \
        .value = &(t).optimizer, .choices = "sgd|rmsprop|adam"                 \
    }

#define BW_TRAINING_BETA1(variable, by)                                        \
    {                                                                          \
        .type = BW_OPTION_REAL, .name = "beta1", .meta = "B",                  \
        .help = "adam's decay of the first moment" by, .value = &(variable),   \
        .max = 0.9999                                                          \
    }

/* The group of records, none of which shapes the model. */
#define BW_TRAINING_RECORDS(t, pictures_help)                                  \
    {.type = BW_OPTION_GROUP, .name = "Records"},                              \
        {.type = BW_OPTION_TEXT,                                               \
         .name = "log",                                                        \
         .meta = "FILE",                                                       \
         .help = "a table of the loss and its terms",                          \
         .value = &(t).log,                                                    \
         .is_neutral = true},                                                  \
        {.type = BW_OPTION_SIZE,                                               \
         .name = "log-every",                                                  \
         .meta = "N",                                                          \
         .help = "steps of a row of the log; 0: epochs only",                  \
         .value = &(t).log_every,                                              \
         .is_neutral = true},                                                  \
        {.type = BW_OPTION_TEXT,                                               \
         .name = "checkpoint",                                                 \
         .meta = "FILE",                                                       \
         .help = "keep the state of the run here",                             \
         .value = &(t).checkpoint,                                             \
         .is_neutral = true},                                                  \
        {.type = BW_OPTION_SIZE,                                               \
         .name = "checkpoint-every",                                           \
         .meta = "N",                                                          \
         .help = "every N steps, besides each epoch's end",                    \
         .value = &(t).checkpoint_every,                                       \
         .is_neutral = true},                                                  \
        {.type = BW_OPTION_REAL,                                               \
         .name = "checkpoint-minutes",                                         \
         .meta = "M",                                                          \
         .help = "every M minutes, besides",                                   \
         .value = &(t).checkpoint_minutes,                                     \
         .max = 1e6,                                                           \
         .is_neutral = true},                                                  \
        {.type = BW_OPTION_FLAG,                                               \
         .name = "resume",                                                     \
         .help = "go on from the checkpoint, where it is there",               \
         .value = &(t).resume,                                                 \
         .is_neutral = true},                                                  \
    {                                                                          \
        .type = BW_OPTION_TEXT, .name = "pictures", .meta = "FOLDER",          \
        .help = pictures_help, .value = &(t).pictures, .is_neutral = true      \
    }

/* ---- values ---- */

/* An option that was given and would do nothing: "kernel", "without ...". */
typedef struct bw_training_idle {
    bool is_idle;
    const char *option, *why;
} bw_training_idle;

/* BW_ERR_USAGE for the first of n that is idle: "--kernel is of no use
 * without ...". */
bw_status bw_training_check_idle(size_t n, const bw_training_idle *idle,
                                 bw_error *err) BW_MUST_CHECK;

/* What no option gave becomes what the preset gives. */
void bw_training_set_count(uint64_t *value, uint64_t preset);
void bw_training_set_real(double *value, double preset);

/* ---- a run ---- */

enum { BW_TRAINING_TEXTS = 4 };

/* A train verb at work. Zero before; close it after failure, too. */
typedef struct bw_training_job {
    bw_job job;
    bw_comm *comm; /* the processes that train together; NULL: this one alone */
    const bw_training *training;
    const bw_program *program;
    char tool[16]; /* the first word of the program's name */
    size_t n_texts;
    char *text[BW_TRAINING_TEXTS]; /* networks' files; NULL: the preset's */
    char *identity;                /* of the run, for its checkpoints */
    bw_train_result result;        /* of the run, once it ended */
} bw_training_job;

/* First of all: joins the processes that train together. Those behind rank 0
 * are quiet from here on, and have no output. As bw_mpi_open. */
bw_status bw_training_begin(bw_training_job *job, const bw_program *program,
                            bw_error *err) BW_MUST_CHECK;
/* Last of all, whatever the status is: what became of the run in all processes,
 * which part. Those behind rank 0 return BW_OK, for it tells of all. */
bw_status bw_training_end(bw_training_job *job, bw_status status,
                          bw_error *err) BW_MUST_CHECK;

/* BW_ERR_USAGE for common options that make no sense, alone or together. */
bw_status bw_training_check(const bw_training *training,
                            bw_error *err) BW_MUST_CHECK;

/* Opens the job: the model is its output, and goes to another file than the log
 * and the checkpoint, which are two as well. */
bw_status bw_training_open(bw_training_job *job, const bw_training *training,
                           const bw_parsed *parsed,
                           bw_error *err) BW_MUST_CHECK;
void bw_training_close(bw_training_job *job);

/* Reads the networks' texts of n paths, of which an absent one is none. */
bw_status bw_training_texts(bw_training_job *job, size_t n,
                            const char *const *path,
                            bw_error *err) BW_MUST_CHECK;

/* Makes the identity: options, texts, and the inputs' words "name=DIGEST". */
bw_status bw_training_identify(bw_training_job *job, const bw_parsed *parsed,
                               const char *inputs, bw_error *err) BW_MUST_CHECK;

/* Trains, and fills job->result. With --verbose, standard error tells of the
 * end. */
bw_status bw_training_run(bw_training_job *job, const bw_learner *learner,
                          bw_error *err) BW_MUST_CHECK;

/* Writes the model as the output, where the process has one. */
bw_status bw_training_write(bw_training_job *job, const bw_model *model,
                            bw_error *err) BW_MUST_CHECK;

/* Tells standard error of the parts of a model, layer by layer, with shapes. */
void bw_training_tell(const bw_training_job *job, const bw_model *model);

#endif
