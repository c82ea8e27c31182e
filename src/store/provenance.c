/* provenance.c - the steps that made a file, as JSON. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "barrow/provenance.h"
#include "store/json.h"
#include "store/steps.h"
#include "store/utf8.h"

struct bw_provenance {
    json_t *before; /* list: the inputs' steps */
    json_t *seen;   /* object: each of them as text, so none comes twice */
    json_t *step;   /* this run */
    json_t *inputs; /* borrowed from step */
};

/* ---- this run's step ---- */

static bool fill_step(bw_provenance *p, const char *tool, size_t n_args,
                      const char *const *argv, const uint64_t *opt_seed)
{
    json_t *args = json_array();
    bool is_good =
        json_object_set_new(p->step, "tool", bw_json_text(tool)) == 0 &&
        json_object_set_new(p->step, "version", json_string(PACKAGE_VERSION)) ==
            0 &&
        json_object_set(p->step, "argv", args) == 0;

    for (size_t k = 0; k < n_args && is_good; k++)
        is_good = json_array_append_new(args, bw_json_text(argv[k])) == 0;
    json_decref(args);
    if (is_good && opt_seed != NULL)
        is_good =
            json_object_set_new(p->step, "seed", bw_json_whole(*opt_seed)) == 0;
    return is_good && json_object_set_new(p->step, "inputs", json_array()) == 0;
}

bw_provenance *bw_provenance_create(const char *tool, size_t n_args,
                                    const char *const *argv,
                                    const uint64_t *opt_seed)
{
    bw_provenance *p = calloc(1, sizeof *p);

    if (p == NULL)
        return NULL;
    p->before = json_array();
    p->seen = json_object();
    p->step = json_object();
    if (p->before == NULL || p->seen == NULL || p->step == NULL ||
        !fill_step(p, tool, n_args, argv, opt_seed)) {
        bw_provenance_destroy(p);
        return NULL;
    }
    p->inputs = json_object_get(p->step, "inputs");
    return p;
}

void bw_provenance_destroy(bw_provenance *provenance)
{
    if (provenance == NULL)
        return;
    json_decref(provenance->before);
    json_decref(provenance->seen);
    json_decref(provenance->step);
    free(provenance);
}

/* ---- the inputs' steps ---- */

static bool is_absent_or(const json_t *value, json_type type)
{
    return value == NULL || json_typeof(value) == type;
}

static bool is_input(const json_t *input)
{
    return json_is_string(json_object_get(input, "name")) &&
           json_is_string(json_object_get(input, "xxh64"));
}

static bool is_step(const json_t *step)
{
    const json_t *argv = json_object_get(step, "argv"), *item;
    const json_t *inputs = json_object_get(step, "inputs");
    const json_t *seed = json_object_get(step, "seed");
    size_t k;

    if (!json_is_string(json_object_get(step, "tool")) ||
        !is_absent_or(json_object_get(step, "version"), JSON_STRING) ||
        !is_absent_or(argv, JSON_ARRAY) || !is_absent_or(inputs, JSON_ARRAY) ||
        !(is_absent_or(seed, JSON_INTEGER) || json_is_string(seed)))
        return false;
    json_array_foreach(argv, k, item) if (!json_is_string(item)) return false;
    json_array_foreach(inputs, k, item) if (!is_input(item)) return false;
    return true;
}

bw_status bw_provenance_parse(const char *text, json_t **ret_steps,
                              bw_error *err)
{
    json_error_t error;
    bool is_short;
    json_t *steps = bw_json_parse(text, strlen(text), JSON_REJECT_DUPLICATES,
                                  &error, &is_short);
    json_t *step;
    char shown[BW_UTF8_SHOWN];
    size_t k;

    *ret_steps = NULL;
    if (is_short)
        return bw_error_memory(err);
    if (steps == NULL)
        return bw_error_set(err, BW_ERR_FORMAT, BW_META_PROVENANCE ": %s",
                            bw_utf8_show(error.text, shown));
    if (!json_is_array(steps)) {
        json_decref(steps);
        return bw_error_set(err, BW_ERR_FORMAT,
                            BW_META_PROVENANCE " is no list of steps");
    }
    json_array_foreach(steps, k, step)
    {
        if (!is_step(step)) {
            json_decref(steps);
            return bw_error_set(
                err, BW_ERR_FORMAT,
                BW_META_PROVENANCE ": item %zu of the list is no step", k + 1);
        }
    }
    *ret_steps = steps;
    return BW_OK;
}

/* Appends the step unless an equal one is there. False: memory is out. */
static bool add_step(bw_provenance *p, json_t *step)
{
    char *text = bw_json_print(step, JSON_COMPACT | JSON_SORT_KEYS);
    bool is_good = text != NULL;

    if (is_good && json_object_get(p->seen, text) == NULL)
        is_good = json_array_append(p->before, step) == 0 &&
                  json_object_set_new(p->seen, text, json_true()) == 0;
    free(text);
    return is_good;
}

static bw_status add_steps(bw_provenance *p, const char *text, bw_error *err)
{
    json_t *steps, *step;
    bool is_good = true;
    size_t k;
    bw_status status = bw_provenance_parse(text, &steps, err);

    if (status != BW_OK)
        return status;
    json_array_foreach(steps, k, step) is_good = is_good && add_step(p, step);
    json_decref(steps);
    return is_good ? BW_OK : bw_error_memory(err);
}

bw_status bw_provenance_add_input(bw_provenance *provenance, const char *name,
                                  uint64_t digest, const char *opt_steps,
                                  bw_error *err)
{
    char digits[24];
    json_t *input = json_object();
    bool is_good;
    bw_status status;

    if (opt_steps != NULL) {
        status = add_steps(provenance, opt_steps, err);
        if (status != BW_OK) {
            json_decref(input);
            return status;
        }
    }
    snprintf(digits, sizeof digits, "%016" PRIx64, digest);
    is_good = json_object_set_new(input, "name", bw_json_text(name)) == 0 &&
              json_object_set_new(input, "xxh64", json_string(digits)) == 0 &&
              json_array_append(provenance->inputs, input) == 0;
    json_decref(input);
    return is_good ? BW_OK : bw_error_memory(err);
}

/* ---- the text ---- */

char *bw_provenance_text(const bw_provenance *provenance)
{
    json_t *steps = json_copy(provenance->before);
    char *text = NULL;

    if (steps != NULL && json_array_append(steps, provenance->step) == 0)
        text = bw_json_print(steps, JSON_COMPACT);
    json_decref(steps);
    return text;
}

bw_status bw_provenance_stamp(const bw_provenance *provenance,
                              bw_writer *writer, const char *kind,
                              bw_error *err)
{
    char *text = bw_provenance_text(provenance);
    bw_status status;

    if (text == NULL)
        return bw_error_memory(err);
    status = bw_writer_set_meta(writer, BW_META_KIND, kind, err);
    if (status == BW_OK)
        status = bw_writer_set_meta(writer, BW_META_FORMAT, "1", err);
    if (status == BW_OK)
        status = bw_writer_set_meta(writer, BW_META_PROVENANCE, text, err);
    free(text);
    return status;
}
