/* model.c - a model in memory, and what a file holds of it.
 *
 *   parts       names, networks, the block of values
 *   settings    metadata under keys of their own
 *   writing     tensors by the parts' tables of parameters
 */
#include "config.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "model/model_file.h"

enum { KEY_SIZE = 48 };

/* ---- parts ---- */

bw_model *bw_model_create(const char *kind)
{
    bw_model *model = calloc(1, sizeof *model);

    if (model != NULL)
        snprintf(model->kind, sizeof model->kind, "%s", kind);
    return model;
}

void bw_model_destroy(bw_model *model)
{
    if (model == NULL)
        return;
    for (size_t k = 0; k < model->n_parts; k++)
        bw_network_destroy(model->part[k].network);
    for (size_t k = 0; k < model->n_settings; k++) {
        free(model->setting[k].key);
        free(model->setting[k].value);
    }
    free(model->values);
    free(model);
}

/* Names are the first word of tensors' names: small letters, digits, "_" and
 * "-". "train" belongs to checkpoints. */
static bw_status check_part_name(const bw_model *model, const char *name,
                                 bw_error *err)
{
    size_t n = strlen(name);
    bool is_good =
        n > 0 && n < sizeof model->part[0].name && strcmp(name, "train") != 0;

    for (size_t k = 0; k < n && is_good; k++)
        is_good = islower((unsigned char)name[k]) ||
                  isdigit((unsigned char)name[k]) || name[k] == '_' ||
                  name[k] == '-';
    if (!is_good)
        return bw_error_set(err, BW_ERR_FORMAT, "'%.40s' names no part", name);
    if (bw_model_find(model, name) != NULL)
        return bw_error_set(err, BW_ERR_FORMAT, "part %s is there twice", name);
    if (model->n_parts == BW_MAX_PARTS)
        return bw_error_set(err, BW_ERR_FORMAT, "more than %d parts",
                            BW_MAX_PARTS);
    return BW_OK;
}

bw_status bw_model_add(bw_model *model, const char *name, const char *text,
                       const char *text_name, bw_shape input, double width,
                       bw_error *err)
{
    bw_model_part *part = &model->part[model->n_parts];
    bw_network *network = NULL;
    bw_status status = check_part_name(model, name, err);

    assert(model->values == NULL);
    if (status == BW_OK)
        status = bw_network_parse(text, text_name, input, width, &network, err);
    if (status != BW_OK)
        return status;
    *part = (bw_model_part){.network = network, .offset = model->n_values};
    memcpy(part->name, name, strlen(name) + 1);
    model->n_values += bw_network_n_values(network);
    model->n_parts++;
    return BW_OK;
}

bw_status bw_model_seal(bw_model *model, bw_error *err)
{
    assert(model->values == NULL);
    model->values = calloc(model->n_values + 1, sizeof *model->values);
    return model->values != NULL ? BW_OK : bw_error_memory(err);
}

const char *bw_model_kind(const bw_model *model)
{
    return model->kind;
}

size_t bw_model_n_parts(const bw_model *model)
{
    return model->n_parts;
}

const bw_model_part *bw_model_get_part(const bw_model *model, size_t k)
{
    assert(k < model->n_parts);
    return &model->part[k];
}

const char *bw_model_part_name(const bw_model_part *part)
{
    return part->name;
}

const bw_network *bw_model_part_network(const bw_model_part *part)
{
    return part->network;
}

const bw_model_part *bw_model_find(const bw_model *model, const char *name)
{
    for (size_t k = 0; k < model->n_parts; k++)
        if (strcmp(model->part[k].name, name) == 0)
            return &model->part[k];
    return NULL;
}

float *bw_model_values(const bw_model *model, const bw_model_part *part)
{
    return model->values + part->offset;
}

/* ---- settings ---- */

static bw_model_setting *find_setting(const bw_model *model, const char *key)
{
    for (size_t k = 0; k < model->n_settings; k++)
        if (strcmp(model->setting[k].key, key) == 0)
            return (bw_model_setting *)&model->setting[k];
    return NULL;
}

bool bw_model_owns_key(const char *key)
{
    static const char *const heads[] = {"barrow.", "net.", "input.",
                                        BW_TRAIN_PREFIX};

    for (size_t k = 0; k < sizeof heads / sizeof *heads; k++)
        if (strncmp(key, heads[k], strlen(heads[k])) == 0)
            return true;
    return strcmp(key, BW_META_MODEL) == 0;
}

bw_status bw_model_set(bw_model *model, const char *key, const char *value,
                       bw_error *err)
{
    bw_model_setting *setting = find_setting(model, key);
    bw_model_setting fresh = {NULL, strdup(value)};

    assert(!bw_model_owns_key(key));
    if (fresh.value == NULL)
        return bw_error_memory(err);
    if (setting != NULL) {
        free(setting->value);
        setting->value = fresh.value;
        return BW_OK;
    }
    if (model->n_settings == BW_MAX_SETTINGS) {
        free(fresh.value);
        return bw_error_set(err, BW_ERR_FORMAT, "more than %d settings",
                            BW_MAX_SETTINGS);
    }
    fresh.key = strdup(key);
    if (fresh.key == NULL) {
        free(fresh.value);
        return bw_error_memory(err);
    }
    model->setting[model->n_settings++] = fresh;
    return BW_OK;
}

void bw_model_print_real(double value, char text[BW_REAL_SIZE])
{
    for (int n = 6; n <= 17; n++) {
        double back;

        snprintf(text, BW_REAL_SIZE, "%.*g", n, value);
        back = strtod(text, NULL);
        if (!(back < value) && !(back > value))
            return;
    }
}

bool bw_model_parse_real(const char *text, double *value)
{
    char *end;

    if (isspace((unsigned char)*text))
        return false;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*value);
}

bw_status bw_model_set_real(bw_model *model, const char *key, double value,
                            bw_error *err)
{
    char text[BW_REAL_SIZE];

    if (!isfinite(value))
        return bw_error_set(err, BW_ERR_RANGE, "setting '%s' is not finite",
                            key);
    bw_model_print_real(value, text);
    return bw_model_set(model, key, text, err);
}

const char *bw_model_get(const bw_model *model, const char *key)
{
    const bw_model_setting *setting = find_setting(model, key);

    return setting != NULL ? setting->value : NULL;
}

bw_status bw_model_get_real(const bw_model *model, const char *key, double min,
                            double max, double *value, bw_error *err)
{
    const char *text = bw_model_get(model, key);

    if (text == NULL)
        return bw_error_set(err, BW_ERR_FORMAT, "setting '%s' is missing", key);
    if (!bw_model_parse_real(text, value) || *value < min || *value > max)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "setting '%s' is '%.40s', no number in %g .. %g",
                            key, text, min, max);
    return BW_OK;
}

/* ---- writing ---- */

size_t bw_model_n_slots(const bw_model *model)
{
    size_t n = 0;

    for (size_t k = 0; k < model->n_parts; k++)
        n += bw_network_n_parameters(model->part[k].network);
    return n;
}

size_t bw_model_slots(const bw_model *model, float *opt_values, bw_slot *slot)
{
    size_t n = 0;

    for (size_t k = 0; k < model->n_parts; k++) {
        const bw_model_part *part = &model->part[k];

        for (size_t i = 0; i < bw_network_n_parameters(part->network); i++) {
            const bw_parameter *p = bw_network_parameter(part->network, i);
            bw_slot *s = &slot[n++];

            *s = (bw_slot){
                .rank = p->rank, .offset = part->offset + p->offset, .n = p->n};
            snprintf(s->name, sizeof s->name, "%s.%s", part->name, p->name);
            memcpy(s->shape, p->shape, p->rank * sizeof *p->shape);
            if (opt_values != NULL)
                s->values = opt_values + s->offset;
        }
    }
    return n;
}

static bw_status put_part(const bw_model_part *part, bw_writer *writer,
                          bw_error *err)
{
    char key[KEY_SIZE], shape[64];
    bw_status status;

    snprintf(key, sizeof key, "net.%s", part->name);
    status =
        bw_writer_set_meta(writer, key, bw_network_text(part->network), err);
    if (status != BW_OK)
        return status;
    snprintf(key, sizeof key, "input.%s", part->name);
    bw_shape_text(bw_network_input(part->network), shape);
    return bw_writer_set_meta(writer, key, shape, err);
}

static bw_status put_metadata(const bw_model *model, bw_writer *writer,
                              bw_error *err)
{
    bw_status status =
        bw_writer_set_meta(writer, BW_META_MODEL, model->kind, err);

    for (size_t k = 0; k < model->n_parts && status == BW_OK; k++)
        status = put_part(&model->part[k], writer, err);
    for (size_t k = 0; k < model->n_settings && status == BW_OK; k++)
        status = bw_writer_set_meta(writer, model->setting[k].key,
                                    model->setting[k].value, err);
    return status;
}

bw_status bw_model_put(const bw_model *model, const float *opt_values,
                       bw_writer *writer, bw_error *err)
{
    size_t n = bw_model_n_slots(model);
    bw_slot *slot = calloc(n + 1, sizeof *slot);
    bw_status status;

    if (slot == NULL)
        return bw_error_memory(err);
    bw_model_slots(model, opt_values ? (float *)opt_values : model->values,
                   slot);
    status = put_metadata(model, writer, err);
    if (status == BW_OK)
        status = bw_slots_write(writer, n, slot, err);
    free(slot);
    return status;
}
