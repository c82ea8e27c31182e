/* distances.c - one run of wdist.
 *
 *   metadata    what shapes the result, for the output and the journal
 *   run         options, work, report; inputs and output have their own files
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/printed.h"
#include "ot/bitmask.h"
#include "ot/distances_job.h"

static const char *const norm_names[] = {"l1", "l2", "linf"};
static const char *const normalize_names[] = {"sum", "softmax", "none"};
static const char *const metric_names[] = {"wasserstein", "kl", "js", "tv"};

/* ---- metadata ---- */

static void BW_PRINTF(3, 4)
    set_meta(bw_distances_job *j, const char *key, const char *format, ...)
{
    bw_distances_meta *m = &j->meta[j->n_meta++];
    va_list args;
    va_start(args, format);
    m->key = key;
    vsnprintf(m->value, sizeof m->value, format, args);
    va_end(args);
}

static void make_meta(bw_distances_job *j)
{
    const bw_distances_options *o = j->options;
    const bw_pairs *pairs = &j->batch.pairs;
    set_meta(j, "metric", "%s", metric_names[o->metric]);
    if (o->metric == BW_METRIC_WASSERSTEIN) {
        set_meta(j, "ground", "%s", o->cost ? "cost" : norm_names[o->ground]);
        set_meta(j, "p", "%.17g", o->p);
        set_meta(j, "quantity", "%s", o->gives_cost ? "cost" : "distance");
    }
    set_meta(j, "normalize", "%s", normalize_names[o->normalize]);
    set_meta(j, "channels", "%s", o->each_channel ? "each" : "gray");
    set_meta(j, BW_META_HISTOGRAMS, "%" PRIu64, pairs->n_a);
    if (o->n_inputs == 2)
        set_meta(j, "histograms2", "%" PRIu64, pairs->n_b);
    else if (!j->data[0].support)
        set_meta(j, BW_META_ROWS, "%s", j->data[0].rows);
    if (o->shard)
        set_meta(j, "shard", "%s", o->shard);
}

/* One line for everything that shapes the results. */
static bw_status make_purpose(bw_distances_job *j, bw_error *err)
{
    const bw_distances_options *o = j->options;
    bw_printed text;
    FILE *f = bw_printed_open(&text);
    if (!f)
        return bw_error_memory(err);
    fprintf(f, "version=%s\n", PACKAGE_VERSION);
    for (size_t k = 0; k < o->n_inputs; k++)
        fprintf(f, "input=%s xxh64 %016" PRIx64 "\n", j->data[k].name,
                j->data[k].digest);
    for (size_t k = 0; k < j->n_meta; k++)
        fprintf(f, "%s=%s\n", j->meta[k].key, j->meta[k].value);
    for (size_t k = 0; k < o->n_args; k++)
        fprintf(f, "option=%s\n", o->arg[k]);
    if (j->batch.pairs.kind == BW_PAIRS_RANDOM)
        fprintf(f, "seed=%" PRIu64 "\n", o->seed);
    char *provenance = bw_provenance_text(j->provenance);
    fprintf(f, "provenance=%s\n", provenance ? provenance : "");
    bool is_failed = !provenance;
    is_failed |= !bw_printed_close(&text, &j->purpose, NULL);
    free(provenance);
    return is_failed ? bw_error_memory(err) : BW_OK;
}

/* ---- run ---- */

static bw_status check_standard_input(const bw_distances_options *o,
                                      bw_error *err)
{
    const char *path[] = {o->input[0], o->n_inputs == 2 ? o->input[1] : NULL,
                          o->pairs, o->cost, o->support};
    int n = 0;
    for (size_t k = 0; k < sizeof path / sizeof *path; k++)
        n += path[k] && strcmp(path[k], "-") == 0;
    if (n < 2)
        return BW_OK;
    return bw_error_set(err, BW_ERR_USAGE,
                        "standard input can be read once, not %d times", n);
}

static bw_status check_options(const bw_distances_options *o, bw_error *err)
{
    bool is_transport = o->metric == BW_METRIC_WASSERSTEIN;
    const bw_transport_options *t = &o->transport;
    if (!is_transport &&
        (t->with_certificate || t->with_plan || t->with_potentials))
        return bw_error_set(err, BW_ERR_USAGE,
                            "--metric %s has no certificate, plans or "
                            "potentials",
                            metric_names[o->metric]);
    if (o->cost && o->support)
        return bw_error_set(err, BW_ERR_USAGE,
                            "--cost and --support exclude each other");
    if (o->each_channel && (t->with_plan || t->with_potentials))
        return bw_error_set(err, BW_ERR_USAGE,
                            "--channels each gives one plan a channel: take "
                            "--channels gray, or files of one channel");
    return check_standard_input(o, err);
}

/* Only a regular file, or none yet, can have a journal beside it. */
static bw_status name_journal(bw_distances_job *j, bw_error *err)
{
    const char *output = j->options->output;
    struct stat info;
    bool is_file = strcmp(output, "-") != 0 &&
                   (stat(output, &info) != 0 || S_ISREG(info.st_mode));
    if (!is_file && j->options->resume)
        return bw_error_set(err, BW_ERR_USAGE,
                            "--resume needs a file to write to (-o FILE)");
    if (!is_file)
        return BW_OK;
    if (asprintf(&j->journal_path, "%s.partial", output) < 0) {
        j->journal_path = NULL;
        return bw_error_memory(err);
    }
    return BW_OK;
}

/* Shares of the time that all threads solved. */
static void report_parts(const bw_transport_counts *c)
{
    static const char *const names[BW_N_PARTS] = {
        "build", "coarse", "start", "pricing", "pivots", "fix-up", "value"};
    double sum = 0;
    for (int k = 0; k < BW_N_PARTS; k++)
        sum += c->seconds[k];
    fprintf(stderr, "wdist: %.3f s in solvers:", sum);
    for (int k = 0; k < BW_N_PARTS; k++)
        fprintf(stderr, "%s %s %.1f %%", k ? "," : "", names[k],
                sum > 0 ? 100 * c->seconds[k] / sum : 0);
    fprintf(stderr, "\n");
}

static void report(const bw_distances_job *j, const bw_transport_counts *c,
                   double seconds)
{
    if (!j->options->is_verbose)
        return;
    double n = c->n_solved ? (double)c->n_solved : 1;
    fprintf(stderr,
            "wdist: %" PRIu64 " pairs in %.3f s; %" PRIu64
            " problems of %.1f pivots, %.1f coarse, %.1f exact (%s)\n",
            j->batch.pairs.n, seconds, c->n_solved, (double)c->n_pivots / n,
            (double)c->n_coarse_pivots / n, (double)c->n_exact_pivots / n,
            bw_bitmask_isa());
    if (c->n_solved)
        report_parts(c);
}

static bw_status prepare(bw_distances_job *j, bw_error *err)
{
    const bw_distances_options *o = j->options;
    bool is_random = o->pairs && strncmp(o->pairs, "random:", 7) == 0;
    j->provenance = bw_provenance_create("wdist", o->n_args, o->arg,
                                         is_random ? &o->seed : NULL);
    if (!j->provenance)
        return bw_error_memory(err);
    bw_status status = check_options(o, err);
    if (!status)
        status = bw_distances_read(j, err);
    if (status)
        return status;
    make_meta(j);
    return make_purpose(j, err);
}

/* Puts the files before what went wrong with one of their pairs. */
static void name_inputs(const bw_distances_job *j, bw_error *err)
{
    if (j->options->n_inputs == 1)
        bw_error_prefix(err, "%s", j->data[0].path);
    else
        bw_error_prefix(err, "%s, %s", j->data[0].path, j->data[1].path);
}

static bw_status solve(bw_distances_job *j, bw_error *err)
{
    const bw_distances_options *o = j->options;
    bw_batch *b = &j->batch;
    b->metric = o->metric;
    b->ground = j->ground;
    b->set = j->set;
    b->n_channels = o->each_channel ? j->data[0].n_channels : 1;
    b->first_b = o->n_inputs == 2 ? j->data[0].n : 0;
    b->normalize = o->normalize;
    b->root = o->gives_cost ? 1 : o->p;
    b->transport = o->transport;
    b->transport.with_times = o->is_verbose;
    b->tolerance = o->transport.with_certificate ? o->tolerance : HUGE_VAL;
    b->n_threads = o->n_threads;
    b->progress = &j->progress;
    b->stopped = o->stopped;
    bw_block_shape shape = bw_batch_shape(b);
    bw_status status = name_journal(j, err);
    if (!status)
        status = bw_journal_open(
            j->journal_path, strcmp(o->output, "-") ? o->output : NULL,
            j->purpose, &shape, o->resume, &b->journal, err);
    if (status)
        return status;
    double start = bw_progress_now();
    bw_transport_counts counts;
    bw_progress_start(&j->progress, stderr, o->is_quiet, o->is_verbose, "wdist",
                      "pairs", b->pairs.n, bw_journal_n_pairs(b->journal));
    status = bw_batch_run(b, &counts, err);
    if (status == BW_ERR_RANGE || status == BW_ERR_CERTIFICATE)
        name_inputs(j, err);
    bw_progress_finish(&j->progress, bw_journal_n_pairs(b->journal));
    if (!status)
        report(j, &counts, bw_progress_now() - start);
    return status;
}

/* Whether the same run may yet succeed: for the others, which would fail again
 * at the same pair, a journal is only in the way. */
static bool may_resume(bw_status status)
{
    return status == BW_ERR_IO || status == BW_ERR_MEMORY ||
           status == BW_ERR_INTERRUPTED || status == BW_ERR_INTERNAL;
}

bw_status bw_distances_run(const bw_distances_options *options, bw_error *err)
{
    bw_distances_job j = {.options = options, .list = BW_PAIR_LIST_INIT};
    bw_status status = prepare(&j, err);
    /* The writer first: a place that cannot be written fails before the
     * work, not after it. */
    if (!status)
        status = bw_writer_create(options->output, &j.writer, err);
    if (!status)
        status = solve(&j, err);
    if (!status)
        status = bw_distances_write(&j, err);
    if (may_resume(status))
        bw_journal_close(j.batch.journal);
    else
        bw_journal_remove(j.batch.journal);
    bw_writer_destroy(j.writer);
    bw_provenance_destroy(j.provenance);
    bw_histograms_destroy(j.set);
    bw_ground_destroy(j.ground);
    bw_dataset_clear(&j.data[0]);
    bw_dataset_clear(&j.data[1]);
    bw_pair_list_clear(&j.list);
    free(j.purpose);
    free(j.journal_path);
    return status;
}
