/* job.c - what verbs share that put a model to work. */
#include "config.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "model/labelled.h"
#include "store/labels.h"
#include "tools/job.h"

bw_status bw_job_need_operands(const bw_parsed *parsed, size_t n,
                               const char *what, bw_error *err)
{
    if (parsed->n_operands == n)
        return BW_OK;
    return bw_error_set(err, BW_ERR_USAGE, "%s %s needed, not %zu operands",
                        what, n == 1 ? "is" : "are", parsed->n_operands);
}

/* The tool is the word before the verb. */
static bw_status start_provenance(bw_job *job, const bw_program *program,
                                  const bw_parsed *parsed, bw_error *err)
{
    char *tool = strndup(program->name, strcspn(program->name, " "));
    const char **args = NULL;
    size_t n_args;
    bw_status status = tool ? BW_OK : bw_error_memory(err);

    if (!status)
        status = bw_verb_arguments(program, parsed, &n_args, &args, err);
    if (!status) {
        job->provenance = bw_provenance_create(
            tool, n_args, args, job->draws ? &program->common->seed : NULL);
        if (!job->provenance)
            status = bw_error_memory(err);
    }
    free(args);
    free(tool);
    return status;
}

/* Whether a and b are one regular file, or could become one. */
static bool is_shared(const char *a, const char *b)
{
    struct stat of_a, of_b;
    bool is_equal = strcmp(a, b) == 0;

    if (strcmp(a, "-") == 0 || strcmp(b, "-") == 0)
        return is_equal;
    if (stat(a, &of_a) || stat(b, &of_b))
        return is_equal;
    return S_ISREG(of_a.st_mode) && of_a.st_dev == of_b.st_dev &&
           of_a.st_ino == of_b.st_ino;
}

bw_status bw_job_check_apart(const char *what_a, const char *opt_a,
                             const char *what_b, const char *opt_b,
                             bw_error *err)
{
    if (!opt_a || !opt_b || !is_shared(opt_a, opt_b))
        return BW_OK;
    return bw_error_set(err, BW_ERR_USAGE, "%s and %s cannot both go to %s",
                        what_a, what_b,
                        strcmp(opt_b, "-") == 0 ? "standard output" : opt_b);
}

bw_status bw_job_open(bw_job *job, const bw_program *program,
                      const bw_parsed *parsed, const char *opt_grid,
                      bw_error *err)
{
    bw_status status = BW_OK;

    if (program->has_output)
        status = bw_tool_output(program, &job->output, err);
    if (!status)
        status = bw_job_check_apart("the output", job->output, "--png",
                                    opt_grid, err);
    if (!status)
        status = start_provenance(job, program, parsed, err);
    if (!status)
        status = bw_tasks_create((size_t)program->common->n_threads,
                                 &job->tasks, err);
    return status;
}

void bw_job_close(bw_job *job)
{
    free(job->label_names);
    bw_writer_destroy(job->writer);
    bw_tasks_destroy(job->tasks);
    bw_provenance_destroy(job->provenance);
}

bw_status bw_job_add_input(bw_job *job, const bw_origin *origin, bw_error *err)
{
    bw_status status = bw_provenance_add_input(
        job->provenance, origin->name, origin->digest, origin->steps, err);

    if (!status && origin->label_names) {
        free(job->label_names);
        job->label_names = strdup(origin->label_names);
        if (!job->label_names)
            status = bw_error_memory(err);
    }
    return status == BW_ERR_FORMAT ? bw_error_prefix(err, "%s", origin->path)
                                   : status;
}

bw_status bw_job_write(bw_job *job, bw_error *err)
{
    return job->output ? bw_writer_create(job->output, &job->writer, err)
                       : BW_OK;
}

bw_status bw_job_commit(bw_job *job, const char *kind, bw_error *err)
{
    bw_status status =
        bw_provenance_stamp(job->provenance, job->writer, kind, err);

    return status ? status : bw_writer_commit(job->writer, err);
}

bw_status bw_job_write_labels(bw_job *job, size_t n, const int32_t *opt_labels,
                              bw_error *err)
{
    size_t index;

    if (!opt_labels)
        return BW_OK;
    bw_status status =
        bw_writer_add(job->writer, "labels", BW_I32, 1, NULL, &index, err);
    if (!status && job->label_names)
        status = bw_writer_set_meta(job->writer, BW_META_LABEL_NAMES,
                                    job->label_names, err);
    return status ? status
                  : bw_writer_append(job->writer, index, opt_labels,
                                     n * sizeof *opt_labels, err);
}

/* ---- codes ---- */

static bw_status check_codes(const char *path, const char *model, size_t latent,
                             const bw_tensor *codes, bw_error *err)
{
    if (codes->rank != 2 || codes->dtype != BW_F32)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: tensor '%s' is not F32 (n,d)", path,
                            codes->name);
    if (codes->shape[1] != latent)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: codes of %llu values, those of %s have %zu",
                            path, (unsigned long long)codes->shape[1], model,
                            latent);
    return BW_OK;
}

static bw_status check_finite(const char *path, size_t n, size_t d,
                              const float *codes, bw_error *err)
{
    for (size_t k = 0; k < n * d; k++)
        if (!isfinite(codes[k]))
            return bw_error_set(err, BW_ERR_RANGE,
                                "%s: code %zu: value %zu is %g", path, k / d,
                                k % d, (double)codes[k]);
    return BW_OK;
}

bw_status bw_job_read_codes(bw_job *job, bw_reader *reader, const char *model,
                            size_t latent, size_t *n, float **ret_codes,
                            int32_t **ret_labels, bw_error *err)
{
    const bw_tensor *codes = bw_reader_find(reader, "latent");
    const char *path = bw_reader_path(reader);
    bw_origin origin = {.name = NULL};
    int32_t *labels = NULL;
    void *data = NULL;

    *ret_codes = NULL;
    *ret_labels = NULL;
    if (!codes)
        codes = bw_reader_find(reader, "codes");
    if (!codes)
        return bw_error_set(err, BW_ERR_FORMAT, "%s: no tensor 'codes'", path);
    bw_status status = check_codes(path, model, latent, codes, err);
    if (!status)
        status = bw_origin_set(&origin, reader, err);
    if (!status)
        status = bw_labelled_read(reader, codes, &data, &labels, &origin.digest,
                                  err);
    if (!status)
        status = check_finite(path, (size_t)codes->shape[0], latent, data, err);
    if (!status)
        status = bw_job_add_input(job, &origin, err);
    bw_origin_clear(&origin);
    if (status) {
        free(data);
        free(labels);
        return status;
    }
    *n = (size_t)codes->shape[0];
    *ret_codes = data;
    *ret_labels = labels;
    return BW_OK;
}

/* ---- pairs ---- */

bw_status bw_job_parse_pair(const char *text, size_t n_text, size_t n,
                            uint32_t pair[2], bw_error *err)
{
    const char *at = text;

    for (int k = 0; k < 2; k++) {
        char *end;
        errno = 0;
        unsigned long long x = strtoull(at, &end, 10);
        if (*at < '0' || *at > '9' ||
            (k == 0 ? *end != '-' : end != text + n_text))
            return bw_error_set(err, BW_ERR_USAGE,
                                "%.*s: not A-B, two numbers of images",
                                (int)n_text, text);
        if (errno || x >= n)
            return bw_error_set(err, BW_ERR_RANGE,
                                "%.*s: images run from 0 to %zu", (int)n_text,
                                text, n - 1);
        pair[k] = (uint32_t)x;
        at = end + 1;
    }
    return BW_OK;
}
