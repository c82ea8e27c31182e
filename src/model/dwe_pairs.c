/* dwe_pairs.c - loading what wdist wrote, and holding it to its images. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/dwe_pairs.h"
#include "store/steps.h"

static const char *const mass_names[] = {"sum", "softmax", "none"};

const char *bw_dwe_mass_text(bw_dwe_mass mass)
{
    return mass_names[mass];
}

bool bw_dwe_mass_parse(const char *text, bw_dwe_mass *mass)
{
    for (int k = 0; k < 3; k++)
        if (text && strcmp(text, mass_names[k]) == 0) {
            *mass = (bw_dwe_mass)k;
            return true;
        }
    return false;
}

void bw_dwe_pairs_clear(bw_dwe_pairs *pairs)
{
    bw_origin_clear(&pairs->origin);
    free(pairs->pair);
    free(pairs->cost);
    *pairs = (bw_dwe_pairs){0};
}

double bw_dwe_pairs_mean(const bw_dwe_pairs *pairs)
{
    double sum = 0;

    for (size_t k = 0; k < pairs->n; k++)
        sum += pairs->cost[k];
    return pairs->n ? sum / (double)pairs->n : 0;
}

/* ---- metadata ---- */

static bw_status bad_meta(const bw_dwe_pairs *pairs, const char *key,
                          const char *opt_value, bw_error *err)
{
    if (!opt_value)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: no '%s' in the metadata, as wdist writes it",
                            pairs->origin.path, key);
    return bw_error_set(err, BW_ERR_FORMAT, "%s: metadata '%s' is '%s'",
                        pairs->origin.path, key, opt_value);
}

static bw_status read_problem(bw_dwe_pairs *pairs, const bw_reader *reader,
                              bw_error *err)
{
    bw_dwe_problem *problem = &pairs->problem;
    const char *metric = bw_reader_meta(reader, "metric");
    const char *ground = bw_reader_meta(reader, "ground");
    const char *p = bw_reader_meta(reader, "p");
    const char *normalize = bw_reader_meta(reader, "normalize");
    const char *channels = bw_reader_meta(reader, "channels");
    const char *rows = bw_reader_meta(reader, BW_META_ROWS);
    char *end = NULL;

    if (metric && strcmp(metric, "wasserstein") != 0)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: distances of metric %s; an embedding is "
                            "trained on wasserstein",
                            pairs->origin.path, metric);
    if (bw_reader_meta(reader, "predicted"))
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: distances that a model predicted; exact ones "
                            "are wanted",
                            pairs->origin.path);
    if (!ground || strlen(ground) >= sizeof problem->ground)
        return bad_meta(pairs, "ground", ground, err);
    strcpy(problem->ground, ground);
    problem->p = p ? strtod(p, &end) : 0;
    if (!p || *end || end == p || !(problem->p >= 1 && problem->p <= 1e6))
        return bad_meta(pairs, "p", p, err);
    if (!bw_dwe_mass_parse(normalize, &problem->mass))
        return bad_meta(pairs, "normalize", normalize, err);
    if (channels && strcmp(channels, "each") && strcmp(channels, "gray"))
        return bad_meta(pairs, "channels", channels, err);
    rows = rows ? rows : "";
    if (strlen(rows) < sizeof pairs->rows)
        strcpy(pairs->rows, rows);
    problem->each_channel = channels && strcmp(channels, "each") == 0;
    return BW_OK;
}

/* ---- tensors ---- */

static bw_status check_tensors(const bw_dwe_pairs *pairs,
                               const bw_tensor *index, const bw_tensor *value,
                               bw_error *err)
{
    if (!index || !value)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: no distances: tensors 'pairs' and 'cost' or "
                            "'distance' are wanted",
                            pairs->origin.path);
    if (index->rank != 2 || index->shape[1] != 2 || index->dtype != BW_U32 ||
        value->rank != 1 || value->dtype != BW_F64 ||
        value->shape[0] != index->shape[0])
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: tensors 'pairs' U32 (m,2) and '%s' F64 (m) "
                            "are wanted",
                            pairs->origin.path, value->name);
    if (value->shape[0] == 0 || value->shape[0] > UINT32_MAX)
        return bw_error_set(err, BW_ERR_RANGE, "%s: %" PRIu64 " pairs",
                            pairs->origin.path, value->shape[0]);
    return BW_OK;
}

static bw_status make_costs(bw_dwe_pairs *pairs, bool is_distance,
                            bw_error *err)
{
    for (size_t k = 0; k < pairs->n; k++) {
        double x = pairs->cost[k];
        double cost = is_distance ? pow(x, pairs->problem.p) : x;
        if (!isfinite(cost) || x < 0)
            return bw_error_set(err, BW_ERR_RANGE, "%s: pair %zu: %s %g",
                                pairs->origin.path, k,
                                is_distance ? "distance" : "cost", x);
        pairs->cost[k] = cost;
    }
    return BW_OK;
}

static bw_status read_tensors(bw_dwe_pairs *pairs, bw_reader *reader,
                              bw_error *err)
{
    const bw_tensor *index = bw_reader_find(reader, "pairs");
    const bw_tensor *cost = bw_reader_find(reader, "cost");
    const bw_tensor *value = cost ? cost : bw_reader_find(reader, "distance");
    bw_status status = check_tensors(pairs, index, value, err);

    for (size_t k = 0; k < bw_reader_n_tensors(reader) && !status; k++) {
        const bw_tensor *t = bw_reader_tensor(reader, k);
        void *data = NULL;
        if (t != index && t != value)
            continue;
        status = bw_reader_read_all(reader, t, &data, err);
        if (t == index)
            pairs->pair = data;
        else
            pairs->cost = data;
    }
    if (!status)
        status = bw_reader_finish(reader, &pairs->origin.digest, err);
    if (status)
        return status;
    pairs->n = (size_t)value->shape[0];
    return make_costs(pairs, !cost, err);
}

bw_status bw_dwe_pairs_load(const char *path, bw_dwe_pairs *pairs,
                            bw_error *err)
{
    bw_reader *reader = NULL;
    *pairs = (bw_dwe_pairs){0};
    bw_status status = bw_reader_open(path, &reader, err);
    if (status)
        return status;
    status = bw_origin_set(&pairs->origin, reader, err);
    if (!status)
        status = read_problem(pairs, reader, err);
    if (!status)
        status = read_tensors(pairs, reader, err);
    bw_reader_close(reader);
    if (status)
        bw_dwe_pairs_clear(pairs);
    return status;
}

/* ---- whether they belong together ---- */

/* How many files of histograms a step of wdist had: its argv ends with their
 * names, after the options. */
static size_t n_operands(const json_t *step)
{
    const json_t *argv = json_object_get(step, "argv");
    size_t n = json_array_size(argv), k = n;

    while (k > 0) {
        const char *text = json_string_value(json_array_get(argv, k - 1));
        if (!text || strncmp(text, "--", 2) == 0)
            break;
        k--;
    }
    return n - k;
}

static bw_status check_step(const bw_dwe_pairs *pairs,
                            const bw_dwe_images *images, const json_t *step,
                            bw_error *err)
{
    const json_t *inputs = json_object_get(step, "inputs");
    size_t n = n_operands(step);
    char digits[24];

    snprintf(digits, sizeof digits, "%016" PRIx64, images->origin.digest);
    for (size_t k = 0; k < (n > 0 ? n : 1); k++) {
        const json_t *input = json_array_get(inputs, k);
        const char *name = json_string_value(json_object_get(input, "name"));
        const char *sum = json_string_value(json_object_get(input, "xxh64"));
        if (!sum || strcmp(sum, digits) != 0)
            return bw_error_set(
                err, BW_ERR_RANGE,
                "%s: distances of %s (xxh64 %s), not of %s "
                "(xxh64 %s)",
                pairs->origin.path, name ? name : "unknown images",
                sum ? sum : "none", images->origin.path, digits);
    }
    return BW_OK;
}

static bw_status check_steps(const bw_dwe_pairs *pairs,
                             const bw_dwe_images *images, bw_error *err)
{
    json_t *steps = NULL;
    size_t k, n_found = 0;
    json_t *step;

    if (pairs->origin.steps) {
        bw_status status =
            bw_provenance_parse(pairs->origin.steps, &steps, err);
        if (status)
            return bw_error_prefix(err, "%s", pairs->origin.path);
    }
    bw_status status = BW_OK;
    json_array_foreach(steps, k, step)
    {
        const char *tool = json_string_value(json_object_get(step, "tool"));
        if (status || !tool || strcmp(tool, "wdist") != 0)
            continue;
        n_found++;
        status = check_step(pairs, images, step, err);
    }
    json_decref(steps);
    if (!status && n_found == 0)
        status = bw_error_set(err, BW_ERR_FORMAT,
                              "%s: its provenance has no step of wdist, so "
                              "whether it is of %s is unknown",
                              pairs->origin.path, images->origin.path);
    return status;
}

bw_status bw_dwe_pairs_check(const bw_dwe_pairs *pairs,
                             const bw_dwe_images *images, bw_error *err)
{
    bool is_told = *pairs->rows && strcmp(pairs->rows, images->rows) == 0;
    bw_status status = is_told ? BW_OK : check_steps(pairs, images, err);

    for (size_t k = 0; k < pairs->n && !status; k++)
        if (pairs->pair[k][0] >= images->n || pairs->pair[k][1] >= images->n)
            status =
                bw_error_set(err, BW_ERR_RANGE,
                             "%s: pair %zu is (%u, %u), but %s has %zu images",
                             pairs->origin.path, k, pairs->pair[k][0],
                             pairs->pair[k][1], images->origin.path, images->n);
    return status;
}
