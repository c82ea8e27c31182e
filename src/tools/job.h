/* job.h - what verbs share that put a model to work: the step in provenance,
 * threads, the output, codes in, codes and labels out.
 */
#ifndef BW_TOOLS_JOB_H
#define BW_TOOLS_JOB_H

#include <stdbool.h>

#include "barrow/container.h"
#include "barrow/provenance.h"
#include "base/tasks.h"
#include "model/origin.h"
#include "tools/verbs.h"

/* --model FILE */
#define BW_JOB_MODEL_OPTION(tool, variable)                                    \
    {                                                                          \
        .type = BW_OPTION_TEXT, .name = "model", .meta = "FILE",               \
        .help = "the model, as " tool " train wrote it", .value = &(variable)  \
    }

/* --png FILE and --columns N of the verbs that write images. */
#define BW_JOB_GRID_OPTIONS(what, grid, n_columns, columns_given)              \
    {.type = BW_OPTION_TEXT,                                                   \
     .name = "png",                                                            \
     .meta = "FILE",                                                           \
     .help = "a picture of them all, too",                                     \
     .value = &(grid),                                                         \
     .is_neutral = true},                                                      \
    {                                                                          \
        .type = BW_OPTION_SIZE, .name = "columns", .meta = "N",                \
        .help = what " in a row of that picture", .value = &(n_columns),       \
        .min = 1, .max = 65536, .is_neutral = true, .given = &(columns_given)  \
    }

/* A verb at work. Zero before it is opened, but for draws. */
typedef struct bw_job {
    bool draws; /* the seed shapes the output */
    bw_provenance *provenance;
    bw_tasks *tasks;
    const char *output; /* NULL: the verb has none */
    bw_writer *writer;  /* once bw_job_write was called */
    char *label_names;  /* of the last input that has such, or NULL */
} bw_job;

/* Exactly n operands, or BW_ERR_USAGE with what is wanted. */
bw_status bw_job_need_operands(const bw_parsed *parsed, size_t n,
                               const char *what, bw_error *err) BW_MUST_CHECK;

/* BW_ERR_USAGE where two outputs would be one file, or both standard output;
 * devices take any number. what_a, what_b: "the log", for the message. */
bw_status bw_job_check_apart(const char *what_a, const char *opt_a,
                             const char *what_b, const char *opt_b,
                             bw_error *err) BW_MUST_CHECK;

/* Finds where the output goes, which must not be where opt_grid does; starts
 * the step and the threads. Close after failure, too. */
bw_status bw_job_open(bw_job *job, const bw_program *program,
                      const bw_parsed *parsed, const char *opt_grid,
                      bw_error *err) BW_MUST_CHECK;
void bw_job_close(bw_job *job);

/* Makes something that was read to its end an input of the run. Errors as
 * bw_provenance_add_input. */
bw_status bw_job_add_input(bw_job *job, const bw_origin *origin,
                           bw_error *err) BW_MUST_CHECK;

/* Makes the writer, where the verb has an output. */
bw_status bw_job_write(bw_job *job, bw_error *err) BW_MUST_CHECK;
/* Stamps kind and provenance, and commits. */
bw_status bw_job_commit(bw_job *job, const char *kind,
                        bw_error *err) BW_MUST_CHECK;

/* Writes tensor `labels` and what they are called, where there are any. */
bw_status bw_job_write_labels(bw_job *job, size_t n, const int32_t *opt_labels,
                              bw_error *err) BW_MUST_CHECK;

/* Codes (n, d) of a container, with its labels or NULL: both malloc'ed. They
 * are its tensor `latent`, or `codes` where there is none such; an input of the
 * run. model, of `latent` values, is for the message. */
bw_status bw_job_read_codes(bw_job *job, bw_reader *reader, const char *model,
                            size_t latent, size_t *n, float **ret_codes,
                            int32_t **ret_labels, bw_error *err) BW_MUST_CHECK;

/* "A-B", the n_text bytes at text: two numbers of images, below n. */
bw_status bw_job_parse_pair(const char *text, size_t n_text, size_t n,
                            uint32_t pair[2], bw_error *err) BW_MUST_CHECK;

#endif
