/* distances.c - one run of wdist.
 *
 *   inputs      data sets, ground cost, histograms, pairs
 *   metadata    what shapes the result, for the output and the journal
 *   output      from the journal to the container
 *   run
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "barrow/container.h"
#include "barrow/provenance.h"
#include "base/path.h"
#include "ot/bitmask.h"
#include "ot/dataset.h"
#include "ot/distances.h"

enum { MAX_META = 16 };

/* One string of the output's metadata. */
typedef struct meta {
    const char *key;
    char value[256];
} meta;

typedef struct job {
    const bw_distances_options *options;
    bw_dataset data[2];
    bw_ground *ground;
    bw_histograms *set;
    uint32_t (*list)[2];
    bw_batch batch;
    bw_provenance *provenance;
    meta meta[MAX_META];
    size_t n_meta;
    char *purpose;      /* of the journal */
    char *journal_path; /* NULL: unnamed */
    bw_progress progress;
    /* Output. */
    bw_writer *writer;
    size_t pairs, value, gap, plan_offset, plan_bins, plan_mass, source, target;
    uint64_t n_arcs;
} job;

static const char *const norm_names[] = {"l1", "l2", "linf"};
static const char *const normalize_names[] = {"sum", "softmax", "none"};
static const char *const metric_names[] = {"wasserstein", "kl", "js", "tv"};

/* ---- inputs ---- */

static bw_status load_data(job *j, bw_error *err)
{
    const bw_distances_options *o = j->options;
    for (size_t k = 0; k < o->n_inputs; k++) {
        bw_dataset *d = &j->data[k];
        bw_status status = bw_dataset_load(o->input[k], d, err);
        if (status)
            return status;
        status = bw_provenance_add_input(j->provenance, d->name, d->digest,
                                         d->steps, err);
        if (status == BW_ERR_FORMAT)
            bw_error_prefix(err, "%s", d->path);
        if (status)
            return status;
    }
    const bw_dataset *a = &j->data[0], *b = &j->data[1];
    if (o->n_inputs == 1)
        return BW_OK;
    if (a->n_channels != b->n_channels)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s has %zu channels, %s has %zu", a->path,
                            a->n_channels, b->path, b->n_channels);
    if (!o->cost && (a->height != b->height || a->width != b->width))
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s has %zu x %zu bins, %s has %zu x %zu", a->path,
                            a->height, a->width, b->path, b->height, b->width);
    return BW_OK;
}

static bw_status add_file_input(job *j, const char *path, uint64_t digest,
                                bw_error *err)
{
    return bw_provenance_add_input(j->provenance, bw_path_base(path), digest,
                                   NULL, err);
}

static bw_status matrix_ground(job *j, size_t n_a, size_t n_b, bw_error *err)
{
    const char *path = j->options->cost;
    size_t n_rows, n_columns;
    double *values = NULL;
    uint64_t digest;
    bw_status status = bw_dataset_matrix(path, NULL, &n_rows, &n_columns,
                                         &values, &digest, err);
    if (status)
        return status;
    if (n_rows != n_a || n_columns != n_b)
        status = bw_error_set(err, BW_ERR_DIMENSION,
                              "%s: the cost matrix is %zu x %zu, the "
                              "histograms have %zu and %zu bins",
                              path, n_rows, n_columns, n_a, n_b);
    if (!status) {
        status =
            bw_ground_create_matrix(n_rows, n_columns, values, &j->ground, err);
        if (status)
            bw_error_prefix(err, "%s", path);
    }
    free(values);
    return status ? status : add_file_input(j, path, digest, err);
}

static bw_status support_ground(job *j, size_t n_bins, bw_error *err)
{
    const bw_distances_options *o = j->options;
    size_t n_rows, n_columns;
    double *values = NULL;
    uint64_t digest;
    bw_status status = bw_dataset_matrix(o->support, "support", &n_rows,
                                         &n_columns, &values, &digest, err);
    if (status)
        return status;
    if (n_rows != n_bins)
        status =
            bw_error_set(err, BW_ERR_DIMENSION, "%s: %zu points for %zu bins",
                         o->support, n_rows, n_bins);
    if (!status) {
        status = bw_ground_create_points(o->ground, o->p, n_rows, n_columns,
                                         values, &j->ground, err);
        if (status)
            bw_error_prefix(err, "%s", o->support);
    }
    free(values);
    return status ? status : add_file_input(j, o->support, digest, err);
}

static bw_status make_ground(job *j, bw_error *err)
{
    const bw_distances_options *o = j->options;
    const bw_dataset *a = &j->data[0];
    const bw_dataset *b = &j->data[o->n_inputs - 1];
    size_t n_a = a->height * a->width, n_b = b->height * b->width;
    if (o->cost)
        return matrix_ground(j, n_a, n_b, err);
    if (o->support)
        return support_ground(j, n_a, err);
    bool is_same = a->d == b->d && (a->d == 0 || b == a ||
                                    memcmp(a->support, b->support,
                                           n_a * a->d * sizeof(double)) == 0);
    if (!is_same)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s and %s have different supports", a->path,
                            b->path);
    if (a->support)
        return bw_ground_create_points(o->ground, o->p, n_a, a->d, a->support,
                                       &j->ground, err);
    return bw_ground_create_grid(o->ground, o->p, a->height, a->width,
                                 &j->ground, err);
}

static bw_status make_set(job *j, bw_error *err)
{
    const bw_distances_options *o = j->options;
    bw_status status =
        bw_histograms_create(j->ground, o->normalize, &j->set, err);
    for (size_t k = 0; k < o->n_inputs && !status; k++) {
        status = bw_dataset_add(&j->data[k], o->each_channel, j->set, err);
        /* From here on the histograms are in the set. */
        free(j->data[k].data);
        j->data[k].data = NULL;
    }
    return status ? status : bw_histograms_seal(j->set, err);
}

/* "random:M" or "K/N": a positive decimal number; false for anything else. */
static bool parse_count(const char *text, char end, uint64_t *count,
                        const char **rest)
{
    uint64_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (value > UINT64_MAX / 10 - 1)
            return false;
        value = value * 10 + (uint64_t)(*at - '0');
    }
    *count = value;
    *rest = at + 1;
    return at > text && *at == end && value > 0;
}

static bw_status list_pairs(job *j, uint64_t n_a, uint64_t n_b, bw_error *err)
{
    const char *path = j->options->pairs;
    uint64_t n, digest;
    bw_status status = bw_dataset_pairs(path, &n, &j->list, &digest, err);
    if (status)
        return status;
    status = add_file_input(j, path, digest, err);
    if (status)
        return status;
    status = bw_pairs_init(&j->batch.pairs, BW_PAIRS_LIST, n_a, n_b, n,
                           (const uint32_t(*)[2])j->list, 0, err);
    if (status)
        bw_error_prefix(err, "%s", path);
    return status;
}

static bw_status make_pairs(job *j, bw_error *err)
{
    const bw_distances_options *o = j->options;
    bw_pairs *pairs = &j->batch.pairs;
    bool are_two = o->n_inputs == 2;
    uint64_t n_a = j->data[0].n, n_b = are_two ? j->data[1].n : n_a, n, k;
    const char *kind = o->pairs ? o->pairs : are_two ? "cross" : "all", *rest;
    bw_status status;
    if (strcmp(kind, "all") == 0) {
        if (are_two)
            return bw_error_set(err, BW_ERR_USAGE,
                                "--pairs all takes one file, not two");
        status = bw_pairs_init(pairs, BW_PAIRS_ALL, n_a, n_b, 0, NULL, 0, err);
    } else if (strcmp(kind, "cross") == 0) {
        status =
            bw_pairs_init(pairs, BW_PAIRS_CROSS, n_a, n_b, 0, NULL, 0, err);
    } else if (strncmp(kind, "random:", 7) == 0) {
        if (!parse_count(kind + 7, '\0', &n, &rest))
            return bw_error_set(err, BW_ERR_USAGE,
                                "--pairs %s: random: is followed by how many",
                                kind);
        status = bw_pairs_init(pairs, BW_PAIRS_RANDOM, n_a, n_b, n, NULL,
                               o->seed, err);
        if (status)
            bw_error_prefix(err, "%s", j->data[n_a && !n_b ? 1 : 0].path);
    } else {
        status = list_pairs(j, n_a, n_b, err);
    }
    if (status || !o->shard)
        return status;
    if (!parse_count(o->shard, '/', &k, &rest) ||
        !parse_count(rest, '\0', &n, &rest) || k > n)
        return bw_error_set(err, BW_ERR_USAGE,
                            "--shard %s: not K/N with 1 <= K <= N", o->shard);
    bw_pairs_take_part(pairs, k, n);
    return BW_OK;
}

/* ---- metadata ---- */

static void BW_PRINTF(3, 4)
    set_meta(job *j, const char *key, const char *format, ...)
{
    meta *m = &j->meta[j->n_meta++];
    va_list args;
    va_start(args, format);
    m->key = key;
    vsnprintf(m->value, sizeof m->value, format, args);
    va_end(args);
}

static void make_meta(job *j)
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
    set_meta(j, "histograms", "%" PRIu64, pairs->n_a);
    if (o->n_inputs == 2)
        set_meta(j, "histograms2", "%" PRIu64, pairs->n_b);
    if (o->shard)
        set_meta(j, "shard", "%s", o->shard);
}

/* The name of the output's main tensor. */
static const char *value_name(const job *j)
{
    bool is_cost =
        j->options->metric == BW_METRIC_WASSERSTEIN && j->options->gives_cost;
    return is_cost ? "cost" : "distance";
}

/* One line for everything that shapes the results. */
static bw_status make_purpose(job *j, bw_error *err)
{
    const bw_distances_options *o = j->options;
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
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
    bool is_failed = ferror(f) || !provenance;
    is_failed |= fclose(f) != 0;
    free(provenance);
    j->purpose = text;
    return is_failed ? bw_error_memory(err) : BW_OK;
}

/* ---- output ---- */

static bw_status declare(job *j, bw_error *err)
{
    bw_block_shape shape = bw_batch_shape(&j->batch);
    const uint64_t two = 2;
    bw_writer *w = j->writer;
    bw_status s =
        bw_writer_add(w, value_name(j), BW_F64, 1, NULL, &j->value, err);
    if (!s && shape.with_gap)
        s = bw_writer_add(w, "gap", BW_F64, 1, NULL, &j->gap, err);
    if (!s)
        s = bw_writer_add(w, "pairs", BW_U32, 2, &two, &j->pairs, err);
    if (!s && shape.with_plan) {
        s = bw_writer_add(w, "plan_offset", BW_U64, 1, NULL, &j->plan_offset,
                          err);
        if (!s)
            s = bw_writer_add(w, "plan_mass", BW_F64, 1, NULL, &j->plan_mass,
                              err);
        if (!s)
            s = bw_writer_add(w, "plan_bins", BW_U32, 2, &two, &j->plan_bins,
                              err);
    }
    if (!s && shape.with_potentials) {
        s = bw_writer_add(w, "potential_source", BW_F64, 2,
                          &shape.n_source_bins, &j->source, err);
        if (!s)
            s = bw_writer_add(w, "potential_target", BW_F64, 2,
                              &shape.n_target_bins, &j->target, err);
    }
    if (!s && shape.with_plan)
        s = bw_writer_append(w, j->plan_offset, &j->n_arcs, sizeof j->n_arcs,
                             err);
    for (size_t k = 0; k < j->n_meta && !s; k++)
        s = bw_writer_set_meta(w, j->meta[k].key, j->meta[k].value, err);
    if (!s)
        s = bw_provenance_stamp(j->provenance, w, "distances", err);
    return s;
}

static bw_status append_plan(job *j, const bw_block *b, bw_error *err)
{
    bw_writer *w = j->writer;
    bw_status s = bw_writer_append(w, j->plan_bins, b->arc_bins,
                                   b->n_arcs * sizeof *b->arc_bins, err);
    if (!s)
        s = bw_writer_append(w, j->plan_mass, b->arc_mass,
                             b->n_arcs * sizeof *b->arc_mass, err);
    for (uint64_t k = 0; k < b->n && !s; k++) {
        j->n_arcs += b->arc_count[k];
        s = bw_writer_append(w, j->plan_offset, &j->n_arcs, sizeof j->n_arcs,
                             err);
    }
    return s;
}

/* Visits one block of the journal. */
static bw_status append_block(void *context, const bw_block *b, bw_error *err)
{
    job *j = context;
    bw_writer *w = j->writer;
    bw_block_shape shape = bw_batch_shape(&j->batch);
    bw_status s =
        bw_writer_append(w, j->value, b->value, b->n * sizeof *b->value, err);
    if (!s && shape.with_gap)
        s = bw_writer_append(w, j->gap, b->gap, b->n * sizeof *b->gap, err);
    for (uint64_t k = 0; k < b->n && !s; k++) {
        uint32_t pair[2];
        bw_pairs_get(&j->batch.pairs, b->first + k, pair);
        s = bw_writer_append(w, j->pairs, pair, sizeof pair, err);
    }
    if (!s && shape.with_plan)
        s = append_plan(j, b, err);
    if (!s && shape.with_potentials) {
        s = bw_writer_append(w, j->source, b->source,
                             b->n * shape.n_source_bins * sizeof *b->source,
                             err);
        if (!s)
            s = bw_writer_append(w, j->target, b->target,
                                 b->n * shape.n_target_bins * sizeof *b->target,
                                 err);
    }
    if (!s && j->options->stopped && j->options->stopped())
        s = bw_error_set(err, BW_ERR_INTERRUPTED, "stopped while writing");
    return s;
}

static bw_status write_output(job *j, bw_error *err)
{
    bw_status status = declare(j, err);
    if (!status)
        status = bw_journal_visit(j->batch.journal, append_block, j, err);
    return status ? status : bw_writer_commit(j->writer, err);
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
static bw_status name_journal(job *j, bw_error *err)
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

static void report(const job *j, const bw_transport_counts *c, double seconds)
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

static bw_status prepare(job *j, bw_error *err)
{
    const bw_distances_options *o = j->options;
    bool is_random = o->pairs && strncmp(o->pairs, "random:", 7) == 0;
    j->provenance = bw_provenance_create("wdist", o->n_args, o->arg,
                                         is_random ? &o->seed : NULL);
    if (!j->provenance)
        return bw_error_memory(err);
    bw_status status = check_options(o, err);
    if (!status)
        status = load_data(j, err);
    if (!status)
        status = make_ground(j, err);
    if (!status)
        status = make_set(j, err);
    if (!status)
        status = make_pairs(j, err);
    if (status)
        return status;
    make_meta(j);
    return make_purpose(j, err);
}

/* Puts the files before what went wrong with one of their pairs. */
static void name_inputs(const job *j, bw_error *err)
{
    if (j->options->n_inputs == 1)
        bw_error_prefix(err, "%s", j->data[0].path);
    else
        bw_error_prefix(err, "%s, %s", j->data[0].path, j->data[1].path);
}

static bw_status solve(job *j, bw_error *err)
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
    job j = {.options = options};
    bw_status status = prepare(&j, err);
    /* The writer first: a place that cannot be written fails before the
     * work, not after it. */
    if (!status)
        status = bw_writer_create(options->output, &j.writer, err);
    if (!status)
        status = solve(&j, err);
    if (!status)
        status = write_output(&j, err);
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
    free(j.list);
    free(j.purpose);
    free(j.journal_path);
    return status;
}
