/* summary_json.c - what winfo tells of a container, as one line of JSON. */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "barrow/provenance.h"
#include "store/json.h"
#include "store/reader.h"
#include "store/steps.h"
#include "store/summary.h"

/* JSON has no word for these values: null, and strings. */
static json_t *real(double value)
{
    if (isnan(value))
        return json_null();
    if (isinf(value))
        return json_string(value > 0 ? "inf" : "-inf");
    return json_real(value);
}

static json_t *bound(const bw_stats *s, bw_dtype dtype, bool is_max)
{
    double value = is_max ? s->max : s->min;

    if (s->n > 0 && dtype == BW_U64)
        return bw_json_whole(is_max ? s->max_u : s->min_u);
    if (s->n > 0 && dtype == BW_I64)
        return json_integer((json_int_t)(is_max ? s->max_i : s->min_i));
    if (s->n > 0 && bw_dtype_is_integer(dtype))
        return json_integer((json_int_t)value);
    return real(value);
}

/* Takes value over; false when memory is out, also where it was for value. */
static bool set(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

/* Gives the value back when it is complete, else drops it for NULL. */
static json_t *complete(json_t *value, bool is_good)
{
    if (is_good)
        return value;
    json_decref(value);
    return NULL;
}

static json_t *shape_value(const bw_tensor *t)
{
    json_t *shape = json_array();
    bool is_good = shape != NULL;

    for (unsigned k = 0; k < t->rank && is_good; k++)
        is_good = json_array_append_new(shape, bw_json_whole(t->shape[k])) == 0;
    return complete(shape, is_good);
}

static json_t *tensor_value(const bw_tensor *t, const bw_stats *opt_stats)
{
    json_t *value = json_object();
    bool is_good = set(value, "name", json_string(t->name)) &&
                   set(value, "dtype", json_string(bw_dtype_name(t->dtype))) &&
                   set(value, "shape", shape_value(t));

    if (is_good && opt_stats != NULL)
        is_good = set(value, "min", bound(opt_stats, t->dtype, false)) &&
                  set(value, "max", bound(opt_stats, t->dtype, true)) &&
                  set(value, "mean", real(opt_stats->mean)) &&
                  set(value, "sd", real(opt_stats->sd)) &&
                  set(value, "zeros", bw_json_whole(opt_stats->n_zero)) &&
                  set(value, "nans", bw_json_whole(opt_stats->n_nan));
    return complete(value, is_good);
}

static json_t *tensor_list(const bw_summary *s)
{
    json_t *list = json_array();
    bool is_good = list != NULL;

    for (size_t k = 0; k < bw_reader_n_tensors(s->reader) && is_good; k++) {
        const bw_stats *stats = s->stats == NULL ? NULL : &s->stats[k];

        is_good =
            json_array_append_new(
                list, tensor_value(bw_reader_tensor(s->reader, k), stats)) == 0;
    }
    return complete(list, is_good);
}

/* All metadata but provenance, as it stands in the file. */
static json_t *metadata(const bw_reader *r)
{
    json_t *object = json_object();
    bool is_good = object != NULL;

    for (size_t k = 0; k < bw_reader_n_meta(r) && is_good; k++) {
        const char *key = bw_reader_meta_key(r, k);

        if (strcmp(key, BW_META_PROVENANCE) != 0)
            is_good = set(object, key, json_string(bw_reader_meta_value(r, k)));
    }
    return complete(object, is_good);
}

static json_t *string_or_null(const char *opt_text)
{
    return opt_text == NULL ? json_null() : json_string(opt_text);
}

static json_t *summary_value(const bw_summary *s, json_t *steps)
{
    const bw_reader *r = s->reader;
    const bw_stream_state *state = bw_reader_state(r);
    const char *kind = bw_reader_meta(r, BW_META_KIND);
    const char *format = bw_reader_meta(r, BW_META_FORMAT);
    uint64_t n_bytes =
        8 + bw_reader_n_header_bytes(r) + bw_reader_n_data_bytes(r);
    json_t *value = json_object();
    bool is_good = set(value, "file", bw_json_text(bw_reader_path(r))) &&
                   set(value, "kind", string_or_null(kind)) &&
                   set(value, "format", string_or_null(format)) &&
                   set(value, "compressed", json_boolean(state->is_compressed));

    is_good =
        is_good &&
        set(value, "file_bytes", bw_json_whole(bw_summary_n_file_bytes(s))) &&
        set(value, "bytes", bw_json_whole(n_bytes));
    if (is_good && s->is_whole) {
        char digits[24];

        snprintf(digits, sizeof digits, "%016" PRIx64, s->digest);
        is_good =
            set(value, "xxh64", json_string(digits)) &&
            set(value, "frames", bw_json_whole(state->n_frames)) &&
            set(value, "unchecked_frames", bw_json_whole(state->n_unchecked));
    }
    is_good = is_good && set(value, "tensors", tensor_list(s)) &&
              set(value, "metadata", metadata(r)) &&
              json_object_set(value, "provenance", steps) == 0;
    return complete(value, is_good);
}

bw_status bw_summary_print_json(const bw_summary *summary, FILE *out,
                                bw_error *err)
{
    const char *text = bw_reader_meta(summary->reader, BW_META_PROVENANCE);
    json_t *steps = NULL, *value;
    char *line;

    if (text == NULL)
        steps = json_null();
    else if (bw_provenance_parse(text, &steps, err) != BW_OK)
        return bw_error_prefix(err, "%s", bw_reader_path(summary->reader));
    value = summary_value(summary, steps);
    line = value == NULL ? NULL : bw_json_print(value, JSON_COMPACT);
    json_decref(steps);
    json_decref(value);
    if (line == NULL)
        return bw_error_memory(err);
    fputs(line, out);
    fputc('\n', out);
    free(line);
    return BW_OK;
}
