/* training.c - what the train verbs of all models share. */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/interrupt.h"
#include "base/printed.h"
#include "tools/mpi.h"
#include "tools/net_file.h"
#include "tools/training.h"

/* ---- options ---- */

bw_status bw_training_check(const bw_training *training, bw_error *err)
{
    const bw_training *t = training;
    bw_schedule unused;
    bw_status status = BW_OK;

    if (t->validation >= 1 && t->validation > floor(t->validation))
        return bw_error_set(err, BW_ERR_USAGE,
                            "--validation %g: neither a share below 1 nor a "
                            "count",
                            t->validation);
    if (t->resume && !t->checkpoint)
        return bw_error_set(err, BW_ERR_USAGE,
                            "--resume needs --checkpoint FILE");
    if (t->schedule)
        status = bw_schedule_parse(t->schedule, &unused, err);
    return status ? bw_error_prefix(err, "--schedule") : BW_OK;
}

/* ---- values ---- */

bw_status bw_training_check_idle(size_t n, const bw_training_idle *idle,
                                 bw_error *err)
{
    for (size_t k = 0; k < n; k++)
        if (idle[k].is_idle)
            return bw_error_set(err, BW_ERR_USAGE, "--%s is of no use %s",
                                idle[k].option, idle[k].why);
    return BW_OK;
}

void bw_training_set_count(uint64_t *value, uint64_t preset)
{
    if (*value == BW_OPTION_UNSET)
        *value = preset;
}

void bw_training_set_real(double *value, double preset)
{
    if (isnan(*value))
        *value = preset;
}

/* ---- processes ---- */

bw_status bw_training_begin(bw_training_job *job, const bw_program *program,
                            bw_error *err)
{
    bw_option_common *common = program->common;
    bw_status status = bw_mpi_open(&job->comm, err);

    job->program = program;
    snprintf(job->tool, sizeof job->tool, "%.*s",
             (int)strcspn(program->name, " "), program->name);
    if (!job->comm)
        return status;
    if (common->is_verbose)
        fprintf(stderr, "%s: rank %zu of %zu, threads: %" PRIu64 "\n",
                job->tool, bw_comm_rank(job->comm), bw_comm_size(job->comm),
                common->n_threads);
    if (bw_comm_rank(job->comm) > 0) {
        common->is_quiet = true;
        common->is_verbose = false;
    }
    return status;
}

bw_status bw_training_end(bw_training_job *job, bw_status status, bw_error *err)
{
    bool is_first = bw_comm_rank(job->comm) == 0, unused = false;

    status = bw_comm_agree(job->comm, status, &unused, err);
    bw_mpi_close(job->comm);
    job->comm = NULL;
    return is_first ? status : BW_OK;
}

/* ---- opening and closing ---- */

bw_status bw_training_open(bw_training_job *job, const bw_training *training,
                           const bw_parsed *parsed, bw_error *err)
{
    const char *log = training->log, *checkpoint = training->checkpoint;
    bw_status status;

    job->training = training;
    job->job.draws = true;
    status = bw_job_open(&job->job, job->program, parsed, NULL, err);
    if (bw_comm_rank(job->comm) > 0)
        job->job.output = NULL;
    const char *model = job->job.output;
    if (!status)
        status = bw_job_check_apart("the log", log, "the model", model, err);
    if (!status)
        status = bw_job_check_apart("the checkpoint", checkpoint, "the model",
                                    model, err);
    if (!status)
        status = bw_job_check_apart("the checkpoint", checkpoint, "the log",
                                    log, err);
    return status;
}

void bw_training_close(bw_training_job *job)
{
    bw_job_close(&job->job);
    for (size_t k = 0; k < job->n_texts; k++)
        free(job->text[k]);
    free(job->identity);
}

/* ---- networks' texts ---- */

bw_status bw_training_texts(bw_training_job *job, size_t n,
                            const char *const *path, bw_error *err)
{
    bw_status status = BW_OK;

    job->n_texts = n;
    for (size_t k = 0; k < n && !status; k++)
        status = bw_net_file_read(path[k], &job->text[k], err);
    return status;
}

/* ---- the run ---- */

bw_status bw_training_identify(bw_training_job *job, const bw_parsed *parsed,
                               const char *inputs, bw_error *err)
{
    bw_printed text;
    FILE *out = bw_printed_open(&text);

    if (!out)
        return bw_error_memory(err);
    for (size_t k = 0; k < parsed->n_canonical; k++) {
        const char *word = parsed->canonical[k] + 2;
        for (const char *c = word; *c; c++)
            fputc(*c == ' ' ? '_' : *c, out);
        fputs(strchr(word, '=') ? " " : "=on ", out);
    }
    fputs(inputs, out);
    for (size_t k = 0; k < job->n_texts; k++)
        if (job->text[k])
            fprintf(out, " text=%016" PRIx64,
                    (uint64_t)XXH64(job->text[k], strlen(job->text[k]), 0));
    return bw_printed_close(&text, &job->identity, NULL) ? BW_OK
                                                         : bw_error_memory(err);
}

static bw_train_options options_of(const bw_training_job *job)
{
    const bw_training *t = job->training;
    const bw_option_common *common = job->program->common;
    bool is_first = bw_comm_rank(job->comm) == 0;

    return (bw_train_options){
        .tool = job->tool,
        .epochs = t->epochs,
        .steps = t->steps,
        .batch = t->batch,
        .seed = common->seed,
        .patience = t->validation > 0 ? t->patience : 0,
        .keep_last = t->keep_last,
        .log = is_first ? t->log : NULL,
        .log_every = t->log_every,
        .checkpoint = is_first ? t->checkpoint : NULL,
        .checkpoint_every = t->checkpoint_every,
        .checkpoint_minutes = t->checkpoint_minutes,
        .resume = is_first && t->resume,
        .pictures = is_first ? t->pictures : NULL,
        .identity = job->identity,
        .provenance = job->job.provenance,
        .comm = job->comm,
        .talk = stderr,
        .is_quiet = common->is_quiet,
        .is_verbose = common->is_verbose,
        .stopped = bw_interrupt_signal,
    };
}

static void tell_result(const bw_training_job *job)
{
    const bw_train_result *result = &job->result;

    fprintf(stderr, "%s: %" PRIu64 " steps, %" PRIu64 " epochs", job->tool,
            result->steps, result->epochs);
    if (result->best_epoch > 0 && !job->training->keep_last)
        fprintf(stderr, "; best validation %.6g in epoch %" PRIu64,
                result->best, result->best_epoch);
    fputc('\n', stderr);
}

bw_status bw_training_run(bw_training_job *job, const bw_learner *learner,
                          bw_error *err)
{
    bw_train_options options = options_of(job);
    bw_status status =
        bw_schedule_parse(job->training->schedule, &options.schedule, err);

    if (!status)
        status = bw_train_run(learner, &options, &job->result, err);
    if (!status && job->program->common->is_verbose)
        tell_result(job);
    return status;
}

bw_status bw_training_write(bw_training_job *job, const bw_model *model,
                            bw_error *err)
{
    bw_status status;

    if (!job->job.writer)
        return BW_OK;
    status = bw_model_put(model, NULL, job->job.writer, err);
    return status ? status : bw_job_commit(&job->job, "model", err);
}

/* ---- talk ---- */

/* The part's text has one layer a line. */
static void tell_part(const char *tool, const bw_model_part *part)
{
    const bw_network *network = part->network;
    const char *line = bw_network_text(network);
    char shape[64];

    bw_shape_text(bw_network_input(network), shape);
    fprintf(stderr, "%s: %s: input %s, %zu parameters, %.4g multiply-adds\n",
            tool, part->name, shape, bw_network_n_trained(network),
            bw_network_work(network));
    for (size_t k = 0; k < bw_network_n_layers(network); k++) {
        int n = (int)strcspn(line, "\n");

        bw_shape_text(bw_network_shape(network, k), shape);
        fprintf(stderr, "%s: %s:   %-32.*s %s\n", tool, part->name, n, line,
                shape);
        line += n + (line[n] == '\n');
    }
}

void bw_training_tell(const bw_training_job *job, const bw_model *model)
{
    for (size_t k = 0; k < model->n_parts; k++)
        tell_part(job->tool, &model->part[k]);
}
