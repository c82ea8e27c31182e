/* agree.c - whether containers are parts of one whole.
 *
 * Contents: shards, runs, one part by itself, part against part.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/provenance.h"
#include "store/agree.h"
#include "store/steps.h"
#include "store/utf8.h"

/* ---- shards ---- */

/* Decimal digits without sign; *text moves behind them. */
static bool take_number(const char **text, uint64_t *number)
{
    const char *at = *text;

    *number = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (*number > (INT64_MAX - 9) / 10)
            return false;
        *number = 10 * *number + (uint64_t)(*at - '0');
    }
    if (at == *text)
        return false;
    *text = at;
    return true;
}

bool bw_shard_parse(const char *text, bw_shard *shard)
{
    if (!take_number(&text, &shard->first))
        return false;
    shard->last = shard->first;
    if (*text == '-') {
        text++;
        if (!take_number(&text, &shard->last))
            return false;
    }
    if (*text++ != '/' || !take_number(&text, &shard->n) || *text != '\0')
        return false;
    return 1 <= shard->first && shard->first <= shard->last &&
           shard->last <= shard->n;
}

/* Takes the part's shard after those before it. */
static bw_status follow_shard(bw_agree *agree, const bw_reader *part,
                              bw_error *err)
{
    const char *text = bw_reader_meta(part, BW_META_SHARD);
    char shown[BW_UTF8_SHOWN];
    bw_shard shard = {0, 0, 0};

    if (text != NULL && !bw_shard_parse(text, &shard))
        return bw_error_set(err, BW_ERR_FORMAT, "shard '%s' is no K/N",
                            bw_utf8_show(text, shown));
    if (agree->last_path == NULL) {
        agree->shard = shard;
        return BW_OK;
    }
    if ((shard.n == 0) != (agree->shard.n == 0))
        return bw_error_set(err, BW_ERR_DIMENSION, "is %s of a run, unlike %s",
                            shard.n == 0 ? "no shard" : "a shard",
                            agree->last_path);
    if (shard.n == 0)
        return BW_OK;
    if (shard.n != agree->shard.n)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "shard %s, but %s is one of %" PRIu64, text,
                            agree->last_path, agree->shard.n);
    if (shard.first != agree->shard.last + 1)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "shard %s does not follow %s, which ends with "
                            "%" PRIu64 "/%" PRIu64,
                            text, agree->last_path, agree->shard.last,
                            agree->shard.n);
    agree->shard.last = shard.last;
    return BW_OK;
}

/* ---- runs ---- */

/* The step that made the data: the last that did not only join. */
static json_t *making_step(const json_t *steps)
{
    for (size_t k = json_array_size(steps); k > 0; k--) {
        json_t *step = json_array_get(steps, k - 1);
        const char *tool = json_string_value(json_object_get(step, "tool"));

        if (strcmp(tool, "wcat") != 0)
            return step;
    }
    return NULL;
}

/* The options of a step (NULL: memory is out; so below) but --shard. Operands
 * are told apart by their dash: inputs count by digest, not by name. */
static json_t *run_options(const json_t *step)
{
    json_t *options = json_array(), *item;
    size_t k;

    json_array_foreach(json_object_get(step, "argv"), k, item)
    {
        const char *text = json_string_value(item);

        if (text[0] != '-' || text[1] == '\0' ||
            strncmp(text, "--shard=", 8) == 0)
            continue;
        if (json_array_append(options, item) != 0) {
            json_decref(options);
            return NULL;
        }
    }
    return options;
}

static json_t *run_digests(const json_t *step)
{
    json_t *digests = json_array(), *item;
    size_t k;

    json_array_foreach(json_object_get(step, "inputs"), k, item)
    {
        if (json_array_append(digests, json_object_get(item, "xxh64")) != 0) {
            json_decref(digests);
            return NULL;
        }
    }
    return digests;
}

/* What all shards of a run have in common; *ret_run is NULL where the part has
 * no provenance. */
static bw_status describe_run(const bw_reader *part, json_t **ret_run,
                              bw_error *err)
{
    const char *text = bw_reader_meta(part, BW_META_PROVENANCE);
    json_t *steps, *step, *seed;
    bw_status status;

    *ret_run = NULL;
    if (text == NULL)
        return BW_OK;
    status = bw_provenance_parse(text, &steps, err);
    if (status != BW_OK)
        return status;
    step = making_step(steps);
    if (step != NULL) {
        seed = json_object_get(step, "seed");
        *ret_run = json_pack("{s:O, s:O, s:o, s:o}", "tool",
                             json_object_get(step, "tool"), "seed",
                             seed == NULL ? json_null() : seed, "options",
                             run_options(step), "inputs", run_digests(step));
        if (*ret_run == NULL)
            status = bw_error_memory(err);
    }
    json_decref(steps);
    return status;
}

static bw_status compare_runs(bw_agree *agree, const bw_reader *part,
                              bw_error *err)
{
    json_t *run, *value;
    const char *key;
    bw_status status = describe_run(part, &run, err);

    if (status != BW_OK || run == NULL)
        return status;
    if (agree->run == NULL) {
        agree->run = run;
        return BW_OK;
    }
    json_object_foreach(
        run, key,
        value) if (!json_equal(value, json_object_get(agree->run, key)))
    {
        status = bw_error_set(err, BW_ERR_DIMENSION,
                              "shard of another run than %s: %s of the "
                              "step that made it differ%s",
                              agree->first_path, key,
                              key[strlen(key) - 1] == 's' ? "" : "s");
        break;
    }
    json_decref(run);
    return status;
}

/* ---- one part by itself ---- */

bw_joint bw_joint_of(const char *opt_kind, const char *name)
{
    bool is_distances = opt_kind != NULL && strcmp(opt_kind, "distances") == 0;
    bool is_histograms =
        opt_kind != NULL && strcmp(opt_kind, "histograms") == 0;

    if (is_distances && strcmp(name, "plan_offset") == 0)
        return BW_JOINT_OFFSET;
    if ((is_distances || is_histograms) && strcmp(name, "support") == 0)
        return BW_JOINT_WHOLE;
    return BW_JOINT_ROWS;
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

/* The rows that tensor t says its container has; false when it does not say. */
static bool rows_of(const char *kind, const bw_tensor *t, uint64_t *n)
{
    static const char *const lists[] = {"plan_bins", "plan_mass", NULL};
    bw_joint joint = bw_joint_of(kind, t->name);

    if (joint == BW_JOINT_WHOLE ||
        (strcmp(kind, "distances") == 0 && is_one_of(t->name, lists)))
        return false;
    *n = t->shape[0] - (joint == BW_JOINT_OFFSET ? 1 : 0);
    return true;
}

static bw_status check_plans(const bw_reader *part, bw_error *err)
{
    const bw_tensor *bins = bw_reader_find(part, "plan_bins");
    const bw_tensor *mass = bw_reader_find(part, "plan_mass");

    if (bins != NULL && mass != NULL && bins->shape[0] != mass->shape[0])
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "tensor 'plan_mass' has %" PRIu64
                            " rows, 'plan_bins' %" PRIu64,
                            mass->shape[0], bins->shape[0]);
    return BW_OK;
}

/* In the kinds that barrow(5) knows, tensors tell of the same rows. */
static bw_status check_rows(const bw_reader *part, const char *kind,
                            bw_error *err)
{
    const bw_tensor *first = NULL;
    uint64_t n_first = 0, n;
    char shown[BW_UTF8_SHOWN], shown_first[BW_UTF8_SHOWN];

    for (size_t k = 0; k < bw_reader_n_tensors(part); k++) {
        const bw_tensor *t = bw_reader_tensor(part, k);

        if (bw_joint_of(kind, t->name) == BW_JOINT_OFFSET &&
            (t->dtype != BW_U64 || t->rank != 1 || t->n_items == 0))
            return bw_error_set(err, BW_ERR_FORMAT,
                                "tensor '%s' is no list of U64 offsets",
                                t->name);
        if (!rows_of(kind, t, &n))
            continue;
        if (first == NULL) {
            first = t;
            n_first = n;
        } else if (n != n_first) {
            return bw_error_set(
                err, BW_ERR_DIMENSION,
                "tensor '%s' tells of %" PRIu64 " rows, '%s' of %" PRIu64,
                bw_utf8_show(t->name, shown), n,
                bw_utf8_show(first->name, shown_first), n_first);
        }
    }
    return strcmp(kind, "distances") == 0 ? check_plans(part, err) : BW_OK;
}

static bw_status check_part(const bw_reader *part, bw_error *err)
{
    static const char *const by_rows[] = {"images", "histograms", "distances",
                                          "codes",  "scores",     NULL};
    static const char *const single[] = {"model", "checkpoint", NULL};
    const char *kind = bw_reader_meta(part, BW_META_KIND);
    char shown[BW_UTF8_SHOWN];

    if (kind != NULL && is_one_of(kind, single))
        return bw_error_set(err, BW_ERR_DIMENSION, "a %s has no rows to join",
                            kind);
    for (size_t k = 0; k < bw_reader_n_tensors(part); k++) {
        const bw_tensor *t = bw_reader_tensor(part, k);

        if (t->rank == 0)
            return bw_error_set(err, BW_ERR_DIMENSION,
                                "tensor '%s' is a scalar and has no rows",
                                bw_utf8_show(t->name, shown));
    }
    if (kind != NULL && is_one_of(kind, by_rows))
        return check_rows(part, kind, err);
    return BW_OK;
}

/* ---- part against part ---- */

static bool are_rows_equal(const bw_tensor *a, const bw_tensor *b)
{
    if (a->dtype != b->dtype || a->rank != b->rank)
        return false;
    for (unsigned k = 1; k < a->rank; k++)
        if (a->shape[k] != b->shape[k])
            return false;
    return true;
}

static const bw_tensor *find_first(const bw_agree *agree, const char *name)
{
    for (size_t k = 0; k < agree->first.n_tensors; k++)
        if (strcmp(agree->first.tensor[k].name, name) == 0)
            return &agree->first.tensor[k];
    return NULL;
}

static bw_status compare_tensors(const bw_agree *agree, const bw_reader *part,
                                 bw_error *err)
{
    char shown[BW_UTF8_SHOWN], rows[BW_ROWS_TEXT], rows_first[BW_ROWS_TEXT];

    for (size_t k = 0; k < agree->first.n_tensors; k++) {
        const char *name = agree->first.tensor[k].name;

        if (bw_reader_find(part, name) == NULL)
            return bw_error_set(err, BW_ERR_DIMENSION,
                                "no tensor '%s', which %s has",
                                bw_utf8_show(name, shown), agree->first_path);
    }
    for (size_t k = 0; k < bw_reader_n_tensors(part); k++) {
        const bw_tensor *t = bw_reader_tensor(part, k);
        const bw_tensor *first = find_first(agree, t->name);

        bw_utf8_show(t->name, shown);
        if (first == NULL)
            return bw_error_set(err, BW_ERR_DIMENSION,
                                "tensor '%s', which %s does not have", shown,
                                agree->first_path);
        if (!are_rows_equal(t, first))
            return bw_error_set(err, BW_ERR_DIMENSION,
                                "tensor '%s' has rows of %s, in %s of %s",
                                shown, bw_rows_text(t, rows), agree->first_path,
                                bw_rows_text(first, rows_first));
    }
    return BW_OK;
}

/* A reader has seen to it that barrow.format is 1 or left out. */
static bool is_compared(const bw_agree *agree, const char *key)
{
    if (agree->rows && (strcmp(key, BW_META_HISTOGRAMS) == 0 ||
                        strcmp(key, BW_META_ROWS) == 0))
        return false;
    return strcmp(key, BW_META_FORMAT) != 0 &&
           strcmp(key, BW_META_PROVENANCE) != 0 &&
           strcmp(key, BW_META_SHARD) != 0;
}

static bw_status fail_meta(const bw_agree *agree, const char *key,
                           const char *opt_value, const char *opt_first,
                           bw_error *err)
{
    char name[BW_UTF8_SHOWN], value[BW_UTF8_SHOWN], first[BW_UTF8_SHOWN];

    bw_utf8_show(key, name);
    if (opt_value == NULL)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "no metadata '%s', in %s it is '%s'", name,
                            agree->first_path, bw_utf8_show(opt_first, first));
    if (opt_first == NULL)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "metadata '%s' is '%s', %s has none", name,
                            bw_utf8_show(opt_value, value), agree->first_path);
    return bw_error_set(err, BW_ERR_DIMENSION,
                        "metadata '%s' is '%s', in %s it is '%s'", name,
                        bw_utf8_show(opt_value, value), agree->first_path,
                        bw_utf8_show(opt_first, first));
}

static bw_status compare_meta(const bw_agree *agree, const bw_reader *part,
                              bw_error *err)
{
    for (size_t k = 0; k < agree->first.n_meta; k++) {
        const bw_meta *first = &agree->first.meta[k];
        const char *value = bw_reader_meta(part, first->key);

        if (is_compared(agree, first->key) &&
            (value == NULL || strcmp(value, first->value) != 0))
            return fail_meta(agree, first->key, value, first->value, err);
    }
    for (size_t k = 0; k < bw_reader_n_meta(part); k++) {
        const char *key = bw_reader_meta_key(part, k);

        if (is_compared(agree, key) &&
            bw_header_meta(&agree->first, key) == NULL)
            return fail_meta(agree, key, bw_reader_meta(part, key), NULL, err);
    }
    return BW_OK;
}

static bw_status remember_first(bw_agree *agree, const bw_reader *part,
                                bw_error *err)
{
    bw_status status = BW_OK;

    for (size_t k = 0; k < bw_reader_n_meta(part) && status == BW_OK; k++) {
        const char *key = bw_reader_meta_key(part, k);

        status = bw_header_set_meta(&agree->first, key,
                                    bw_reader_meta(part, key), err);
    }
    for (size_t k = 0; k < bw_reader_n_tensors(part) && status == BW_OK; k++)
        status = bw_header_add(&agree->first, bw_reader_tensor(part, k), err);
    agree->first_path = strdup(bw_reader_path(part));
    if (status == BW_OK && agree->first_path == NULL)
        status = bw_error_memory(err);
    return status;
}

void bw_agree_clear(bw_agree *agree)
{
    free(agree->first_path);
    free(agree->last_path);
    bw_header_clear(&agree->first);
    json_decref(agree->run);
    bw_rows_close(agree->rows);
    *agree = (bw_agree)BW_AGREE_INIT;
}

bw_status bw_agree_add(bw_agree *agree, const bw_reader *part, bw_error *err)
{
    bw_error own = BW_ERROR_INIT;
    bw_status status;

    if (err == NULL)
        err = &own;
    status = check_part(part, err);
    if (status == BW_OK && agree->last_path != NULL)
        status = compare_meta(agree, part, err);
    if (status == BW_OK && agree->last_path != NULL)
        status = compare_tensors(agree, part, err);
    if (status == BW_OK)
        status = follow_shard(agree, part, err);
    if (status == BW_OK && agree->shard.n > 0)
        status = compare_runs(agree, part, err);
    if (status == BW_OK && agree->rows != NULL)
        status = bw_rows_check(agree->rows, part, err);
    if (status == BW_OK && agree->last_path == NULL)
        status = remember_first(agree, part, err);
    if (status != BW_OK)
        return bw_error_prefix(err, "%s", bw_reader_path(part));
    free(agree->last_path);
    agree->last_path = strdup(bw_reader_path(part));
    return agree->last_path == NULL ? bw_error_memory(err) : BW_OK;
}
