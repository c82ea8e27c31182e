/* distances_input.c - what a run of wdist reads: data sets, ground cost,
 * histograms, pairs. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "ot/distances_job.h"

static bw_status load_data(bw_distances_job *j, bw_error *err)
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

static bw_status add_file_input(bw_distances_job *j, const char *path,
                                uint64_t digest, bw_error *err)
{
    return bw_provenance_add_input(j->provenance, bw_path_base(path), digest,
                                   NULL, err);
}

static bw_status matrix_ground(bw_distances_job *j, size_t n_a, size_t n_b,
                               bw_error *err)
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

static bw_status support_ground(bw_distances_job *j, size_t n_bins,
                                bw_error *err)
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

static bw_status make_ground(bw_distances_job *j, bw_error *err)
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

static bw_status make_set(bw_distances_job *j, bw_error *err)
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

static bw_status list_pairs(bw_distances_job *j, uint64_t n_a, uint64_t n_b,
                            bw_error *err)
{
    const char *path = j->options->pairs;
    uint64_t digest;
    bw_status status = bw_dataset_pairs(path, &j->list, &digest, err);
    if (!status)
        status = add_file_input(j, path, digest, err);
    if (status)
        return status;
    status = bw_pair_list_pairs(&j->list, n_a, n_b, &j->batch.pairs, err);
    if (status)
        bw_error_prefix(err, "%s", path);
    j->batch.opt_list = &j->list;
    return status;
}

static bw_status make_pairs(bw_distances_job *j, bw_error *err)
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

bw_status bw_distances_read(bw_distances_job *j, bw_error *err)
{
    bw_status status = load_data(j, err);
    if (!status)
        status = make_ground(j, err);
    if (!status)
        status = make_set(j, err);
    if (!status)
        status = make_pairs(j, err);
    return status;
}
