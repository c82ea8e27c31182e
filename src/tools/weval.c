/* weval.c - main of weval: metrics between samples, as a table. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/output.h"
#include "base/progress.h"
#include "eval/measure.h"
#include "eval/source.h"
#include "tools/net_file.h"
#include "tools/tool.h"

static bw_option_common common;

/* What the options set; the initial values are the defaults. */
static const char *tensor, *net;
static uint64_t limit = BW_MEASURE_LIMIT, slices = 1000, block, neighbours = 3;
static uint64_t steps = 1000;
static int kernel, statistic;
static double scale = NAN, p = 2;
static bool has_limit, with_timing;

static const bw_option options[] = {
    {.type = BW_OPTION_GROUP, .name = "Samples"},
    {.type = BW_OPTION_TEXT,
     .name = "tensor",
     .meta = "NAME",
     .help = "the tensor that is measured (default: images, or codes for mmd, "
             "frechet, kid, precision, recall and two-sample)",
     .value = &tensor},
    {.type = BW_OPTION_SIZE,
     .name = "limit",
     .meta = "N",
     .help = "the first N items of each file, or 0, all; unless given, only "
             "wasserstein has this limit",
     .value = &limit,
     .max = 4294967295.0,
     .given = &has_limit},
    {.type = BW_OPTION_GROUP, .name = "Options of metrics"},
    {.type = BW_OPTION_CHOICE,
     .name = "kernel",
     .help = "of mmd",
     .value = &kernel,
     .choices = "imq|rbf"},
    {.type = BW_OPTION_CHOICE,
     .name = "statistic",
     .help = "of mmd: without bias, or with the diagonals",
     .value = &statistic,
     .choices = "u|v"},
    {.type = BW_OPTION_REAL,
     .name = "scale",
     .meta = "S",
     .help = "of mmd's kernel (default: twice the values of a code for imq, "
             "the median for rbf)",
     .value = &scale,
     .min = 1e-300,
     .max = 1e300},
    {.type = BW_OPTION_SIZE,
     .name = "slices",
     .meta = "N",
     .help = "random directions of sliced",
     .value = &slices,
     .min = 1,
     .max = 1e9},
    {.type = BW_OPTION_REAL,
     .name = "p",
     .meta = "P",
     .help = "wasserstein is W_P, P >= 1",
     .value = &p,
     .min = 1,
     .max = 1e6},
    {.type = BW_OPTION_SIZE,
     .name = "block",
     .meta = "N",
     .help =
         "kid is the mean over blocks of N items of each file, or 0, of all "
         "at once",
     .value = &block,
     .max = 4294967295.0},
    {.type = BW_OPTION_SIZE,
     .name = "neighbours",
     .meta = "K",
     .help = "of precision and recall: balls reach to the K-th neighbour",
     .value = &neighbours,
     .min = 1,
     .max = 1e6},
    {.type = BW_OPTION_TEXT,
     .name = "net",
     .meta = "FILE",
     .help = "text of critic's network (default: three dense layers of 128)",
     .value = &net},
    {.type = BW_OPTION_SIZE,
     .name = "steps",
     .meta = "N",
     .help = "of critic's training",
     .value = &steps,
     .min = 1,
     .max = 1e9},
    {.type = BW_OPTION_GROUP, .name = "Output"},
    {.type = BW_OPTION_FLAG,
     .name = "timing",
     .help = "print the seconds of each metric, too",
     .value = &with_timing},
    {.name = NULL},
};

enum { MAX_METRICS = 32 };

typedef struct asked {
    const bw_measure *measure;
    const char *tensor;
    bw_measure_result result;
    double seconds;
} asked;

typedef struct job {
    bw_source *of[2]; /* A, B; the same where there is one */
    size_t n;
    asked asked[MAX_METRICS];
    bool has_pairs; /* both tell which pairs their distances are of */
    char *net;      /* text of critic's network, or NULL */
} job;

/* ---- which metrics ---- */

static bw_status refuse_name(const char *name, size_t length, bw_error *err)
{
    char names[512];
    size_t at = 0;
    const bw_measure *m;

    for (size_t k = 0; (m = bw_measure_at(k)) != NULL && at < sizeof names; k++)
        at += (size_t)snprintf(names + at, sizeof names - at, "%s%s",
                               k ? ", " : "", m->name);
    return bw_error_set(err, BW_ERR_USAGE,
                        "unknown metric '%.*s'; there are %s",
                        (int)(length < 64 ? length : 64), name, names);
}

static bw_status parse_metrics(job *j, const char *text, bw_error *err)
{
    for (;; text++) {
        size_t length = strcspn(text, ",");
        const bw_measure *m = bw_measure_find(text, length);
        if (!m)
            return refuse_name(text, length, err);
        for (size_t k = 0; k < j->n; k++)
            if (j->asked[k].measure == m)
                return bw_error_set(err, BW_ERR_USAGE,
                                    "metric %s is named twice", m->name);
        if (j->n == MAX_METRICS)
            return bw_error_set(err, BW_ERR_USAGE, "too many metrics");
        j->asked[j->n++].measure = m;
        text += length;
        if (*text == '\0')
            return BW_OK;
    }
}

static bw_status check_operands(const job *j, size_t n_files,
                                const char *const *path, bw_error *err)
{
    if (n_files < 1 || n_files > 2)
        return bw_error_set(err, BW_ERR_USAGE,
                            "one or two files are needed after the metrics, "
                            "not %zu",
                            n_files);
    for (size_t k = 0; k < j->n && n_files == 1; k++)
        if (!j->asked[k].measure->is_of_one)
            return bw_error_set(err, BW_ERR_USAGE,
                                "%s compares two files, and one is named",
                                j->asked[k].measure->name);
    if (n_files == 2 && strcmp(path[0], "-") == 0 && strcmp(path[1], "-") == 0)
        return bw_error_set(err, BW_ERR_USAGE,
                            "standard input can be one of the two files only");
    return BW_OK;
}

/* ---- which tensors ---- */

static bw_status refuse_tensors(const job *j, const asked *a, bw_error *err)
{
    char names[2][256], wanted[128] = "";

    for (const char *const *t = a->measure->tensors; *t; t++) {
        size_t at = strlen(wanted);
        snprintf(wanted + at, sizeof wanted - at, "%s%s", at ? ", " : "", *t);
    }
    for (size_t k = 0; k < 2; k++)
        bw_source_names(j->of[k], sizeof names[k], names[k]);
    if (a->measure->is_of_one || j->of[0] == j->of[1])
        return bw_error_set(
            err, BW_ERR_FORMAT, "%s: %s takes a tensor of %s; the file has %s",
            bw_source_path(j->of[1]), a->measure->name, wanted, names[1]);
    return bw_error_set(err, BW_ERR_FORMAT,
                        "%s takes a tensor of %s that both files have; %s has "
                        "%s, %s has %s",
                        a->measure->name, wanted, bw_source_path(j->of[0]),
                        names[0], bw_source_path(j->of[1]), names[1]);
}

static bw_status choose_tensor(job *j, asked *a, bw_error *err)
{
    bool is_of_one = a->measure->is_of_one;
    const char *const *t = a->measure->tensors;

    while (!tensor && *t &&
           !((is_of_one || bw_source_has(j->of[0], *t)) &&
             bw_source_has(j->of[1], *t)))
        t++;
    a->tensor = tensor ? tensor : *t;
    if (!a->tensor)
        return refuse_tensors(j, a, err);
    bw_status status = BW_OK;
    if (!is_of_one)
        status = bw_source_want(j->of[0], a->tensor, err);
    return status ? status : bw_source_want(j->of[1], a->tensor, err);
}

/* Distances are compared pair by pair, where files tell which pairs. */
static bw_status want_pairs(job *j, bw_error *err)
{
    bool is_wanted = false;

    for (size_t k = 0; k < j->n; k++)
        is_wanted =
            is_wanted || (j->asked[k].measure->is_paired &&
                          (strcmp(j->asked[k].tensor, "cost") == 0 ||
                           strcmp(j->asked[k].tensor, "distance") == 0));
    j->has_pairs = is_wanted && bw_source_has(j->of[0], "pairs") &&
                   bw_source_has(j->of[1], "pairs");
    if (!j->has_pairs)
        return BW_OK;
    bw_status status = bw_source_want(j->of[0], "pairs", err);
    return status ? status : bw_source_want(j->of[1], "pairs", err);
}

static bw_status check_pairs(const job *j, bw_error *err)
{
    const bw_sample *a, *b;

    if (!j->has_pairs)
        return BW_OK;
    a = bw_source_get(j->of[0], "pairs");
    b = bw_source_get(j->of[1], "pairs");
    if (a->n == b->n && a->size == b->size && a->dtype == b->dtype &&
        memcmp(a->data, b->data, a->n * a->size * bw_dtype_size(a->dtype)) == 0)
        return BW_OK;
    return bw_error_set(err, BW_ERR_DIMENSION,
                        "%s: distances of other pairs than those of %s",
                        b->path, a->path);
}

/* ---- the work ---- */

static bw_status open_sources(job *j, size_t n_files, const char *const *path,
                              bw_error *err)
{
    bw_status status = bw_source_open(path[0], &j->of[0], err);

    j->of[1] = j->of[0];
    if (!status && n_files == 2) {
        j->of[1] = NULL;
        status = bw_source_open(path[1], &j->of[1], err);
    }
    for (size_t k = 0; k < j->n && !status; k++)
        status = choose_tensor(j, &j->asked[k], err);
    if (!status)
        status = want_pairs(j, err);
    for (size_t k = 0; k < n_files && !status; k++)
        status = bw_source_load(j->of[k], err);
    return status ? status : check_pairs(j, err);
}

static void close_sources(job *j)
{
    if (j->of[1] != j->of[0])
        bw_source_close(j->of[1]);
    bw_source_close(j->of[0]);
}

static void say(const asked *a, const bw_sample *last)
{
    const bw_measure_result *result = &a->result;

    fprintf(stderr, "weval: %s: %s, ", a->measure->name, a->tensor);
    if (!a->measure->is_of_one)
        fprintf(stderr, "%zu and ", result->n_a);
    fprintf(stderr, "%zu items of %zu values%s%s\n", result->n_b, last->size,
            result->note[0] ? "; " : "", result->note);
}

static bw_status measure(job *j, bw_tasks *tasks, bw_error *err)
{
    bw_measure_options o = {
        .kernel = (bw_mmd_kernel)kernel,
        .is_biased = statistic == 1,
        .scale = isnan(scale) ? 0 : scale,
        .n_slices = (size_t)slices,
        .p = p,
        .block = (size_t)block,
        .n_neighbours = (size_t)neighbours,
        .opt_net = j->net,
        .net_name = net,
        .critic_steps = steps,
        .has_limit = has_limit,
        .limit = (size_t)limit,
        .seed = common.seed,
        .tasks = tasks,
        .stopped = bw_interrupt_signal,
    };
    bw_status status = BW_OK;

    for (size_t k = 0; k < j->n && !status; k++) {
        asked *a = &j->asked[k];
        const bw_sample *first = bw_source_get(j->of[0], a->tensor);
        const bw_sample *last = bw_source_get(j->of[1], a->tensor);
        double start = bw_progress_now();
        status = bw_measure_run(a->measure, first, last, &o, &a->result, err);
        a->seconds = bw_progress_now() - start;
        if (!status && bw_interrupt_signal())
            status = bw_error_set(err, BW_ERR_INTERRUPTED, "interrupted");
        if (!status && common.is_verbose)
            say(a, last);
    }
    return status;
}

/* NAME-SUFFIX, or NAME alone, and a value. */
static bw_status write_line(bw_output *output, const char *name,
                            const char *opt_suffix, double value, bw_error *err)
{
    char line[128], number[40] = "nan"; /* to which printf may give a sign */

    if (!isnan(value))
        snprintf(number, sizeof number, "%.9g", value);
    int n =
        snprintf(line, sizeof line, "%s%s%s\t%s\n", name, opt_suffix ? "-" : "",
                 opt_suffix ? opt_suffix : "", number);
    return bw_output_write(output, line, (size_t)n, err);
}

static bw_status write_lines(bw_output *output, const asked *a, bw_error *err)
{
    const bw_measure_result *result = &a->result;
    const char *name = a->measure->name;
    bw_status status = write_line(output, name, NULL, result->value, err);

    for (size_t k = 0; k < result->n_more && !status; k++)
        status = write_line(output, name, result->more[k].suffix,
                            result->more[k].value, err);
    if (!status && with_timing)
        status = write_line(output, name, "seconds", a->seconds, err);
    return status;
}

static bw_status write_table(const job *j, bw_error *err)
{
    bw_output *output = NULL;
    bw_status status =
        bw_output_open(common.output ? common.output : "-", &output, err);

    for (size_t k = 0; k < j->n && !status; k++)
        status = write_lines(output, &j->asked[k], err);
    if (!status)
        status = bw_output_commit(output, err);
    bw_output_destroy(output);
    return status;
}

static bw_status run(const bw_program *program, const bw_parsed *parsed,
                     bw_error *err)
{
    job j = {.n = 0};
    bw_tasks *tasks = NULL;
    bw_status status = BW_OK;

    (void)program;
    if (parsed->n_operands == 0)
        return bw_error_set(err, BW_ERR_USAGE, "no metric is named");
    size_t n_files = parsed->n_operands - 1;
    status = parse_metrics(&j, parsed->operand[0], err);
    if (!status)
        status = check_operands(&j, n_files, parsed->operand + 1, err);
    if (!status && block == 1)
        status =
            bw_error_set(err, BW_ERR_USAGE, "--block: one item makes no pair");
    if (!status)
        status = bw_net_file_read(net, &j.net, err);
    if (!status)
        status = open_sources(&j, n_files, parsed->operand + 1, err);
    if (!status)
        status = bw_tasks_create((size_t)common.n_threads, &tasks, err);
    if (!status)
        status = measure(&j, tasks, err);
    if (!status)
        status = write_table(&j, err);
    bw_tasks_destroy(tasks);
    close_sources(&j);
    free(j.net);
    return status;
}

enum { SUMMARY_SIZE = 2048 };

/* Text of --help after the usage: the summary, and a line a metric. */
static void list_metrics(char *text)
{
    size_t n = (size_t)snprintf(
        text, SUMMARY_SIZE,
        "Print metrics between samples, one and its value a line.\n\nMetrics:");
    const bw_measure *m;

    for (size_t k = 0; (m = bw_measure_at(k)) && n < SUMMARY_SIZE; k++)
        n += (size_t)snprintf(text + n, SUMMARY_SIZE - n, "\n  %-14s %s",
                              m->name, m->help);
}

int main(int argc, char **argv)
{
    char summary[SUMMARY_SIZE];
    bw_program program = {
        .name = "weval",
        .usage = "[options] METRIC[,METRIC...] A [B]",
        .summary = summary,
        .options = options,
        .common = &common,
        .has_output = true,
        .has_threads = true,
        .has_seed = true,
    };

    list_metrics(summary);
    bw_option_common_init(&common);
    return bw_tool_main(&program, argc, argv, run);
}
