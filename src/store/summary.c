/* summary.c - what winfo tells of a container, as text.
 *
 * Contents: taking, numbers, tensors, metadata, provenance, the whole.
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "barrow/provenance.h"
#include "store/reader.h"
#include "store/steps.h"
#include "store/summary.h"
#include "store/utf8.h"

enum { READ_SIZE = 64 * 1024, MAX_COLUMN = 32, SHAPE_SIZE = 192 };

/* ---- taking ---- */

static bw_status read_tensor(bw_summary *s, size_t k, int (*opt_stop)(void),
                             bw_error *err)
{
    const bw_tensor *t = bw_reader_tensor(s->reader, k);
    unsigned char bytes[READ_SIZE];
    uint64_t left = t->n_bytes;

    while (left > 0) {
        size_t n = left < READ_SIZE ? (size_t)left : READ_SIZE;
        bw_status status = bw_reader_read(s->reader, t, bytes, n, err);

        if (status != BW_OK)
            return status;
        if (opt_stop != NULL && opt_stop() != 0)
            return bw_error_set(err, BW_ERR_INTERRUPTED, "interrupted");
        if (s->stats != NULL)
            bw_stats_add(&s->stats[k], t->dtype, bytes,
                         n / bw_dtype_size(t->dtype));
        left -= n;
    }
    return BW_OK;
}

bw_status bw_summary_take(bw_summary *summary, bw_reader *reader,
                          bool with_stats, bool is_whole, int (*opt_stop)(void),
                          bw_error *err)
{
    size_t n = bw_reader_n_tensors(reader);
    bw_status status = BW_OK;

    *summary = (bw_summary){.reader = reader};
    if (with_stats) {
        summary->stats = malloc((n + 1) * sizeof *summary->stats);
        if (summary->stats == NULL)
            return bw_error_memory(err);
    }
    if (!with_stats && !is_whole && bw_reader_state(reader)->is_regular)
        return BW_OK;
    for (size_t k = 0; k < n && status == BW_OK; k++) {
        if (with_stats)
            bw_stats_init(&summary->stats[k]);
        status = read_tensor(summary, k, opt_stop, err);
        if (with_stats)
            bw_stats_close(&summary->stats[k]);
    }
    if (status == BW_OK)
        status = bw_reader_finish(reader, &summary->digest, err);
    summary->is_whole = status == BW_OK;
    return status;
}

void bw_summary_clear(bw_summary *summary)
{
    free(summary->stats);
    summary->stats = NULL;
}

uint64_t bw_summary_n_file_bytes(const bw_summary *summary)
{
    const bw_stream_state *state = bw_reader_state(summary->reader);

    return state->is_regular ? state->n_size : state->n_taken;
}

/* ---- numbers ---- */

/* The shortest decimals that give the value back: as a float for the types
 * that fit into one, so that 0.1 is not 0.10000000149011612. */
static void print_value(double value, bw_dtype dtype, FILE *out)
{
    bool is_double = dtype == BW_F64 || bw_dtype_is_integer(dtype);
    char text[40];

    for (int n = is_double ? 15 : 6; n <= (is_double ? 17 : 9); n++) {
        double back;

        snprintf(text, sizeof text, "%.*g", n, value);
        back = is_double ? strtod(text, NULL) : (double)strtof(text, NULL);
        if (!(back < value) && !(back > value))
            break;
    }
    fputs(isnan(value) ? "nan" : text, out);
}

/* printf would show the sign of a NaN. */
static void print_moment(double value, FILE *out)
{
    if (isnan(value))
        fputs("nan", out);
    else
        fprintf(out, "%.9g", value);
}

static void print_stats(const bw_stats *s, bw_dtype dtype, FILE *out)
{
    if (s->n > 0 && dtype == BW_U64) {
        fprintf(out, "  min %" PRIu64 "  max %" PRIu64, s->min_u, s->max_u);
    } else if (s->n > 0 && dtype == BW_I64) {
        fprintf(out, "  min %" PRId64 "  max %" PRId64, s->min_i, s->max_i);
    } else {
        fputs("  min ", out);
        print_value(s->min, dtype, out);
        fputs("  max ", out);
        print_value(s->max, dtype, out);
    }
    fputs("  mean ", out);
    print_moment(s->mean, out);
    fputs("  sd ", out);
    print_moment(s->sd, out);
    fprintf(out, "  zeros %" PRIu64 "  nans %" PRIu64, s->n_zero, s->n_nan);
}

/* ---- tensors ---- */

static const char *format_shape(const bw_tensor *t, char text[SHAPE_SIZE])
{
    size_t at = 0;

    if (t->rank == 0)
        return "scalar";
    for (unsigned k = 0; k < t->rank; k++)
        at += (size_t)snprintf(text + at, SHAPE_SIZE - at, "%s%" PRIu64,
                               k == 0 ? "" : "x", t->shape[k]);
    return text;
}

static void widen(int *width, const char *text)
{
    size_t n = strlen(text);

    if (n <= MAX_COLUMN && (int)n > *width)
        *width = (int)n;
}

static void print_tensors(const bw_summary *s, FILE *out)
{
    size_t n = bw_reader_n_tensors(s->reader);
    char shape[SHAPE_SIZE], shown[BW_UTF8_SHOWN];
    int width = 0;

    for (size_t k = 0; k < n; k++)
        widen(&width,
              bw_utf8_show(bw_reader_tensor(s->reader, k)->name, shown));
    if (n > 0)
        fputs("  tensors\n", out);
    for (size_t k = 0; k < n; k++) {
        const bw_tensor *t = bw_reader_tensor(s->reader, k);

        fprintf(out, "    %-*s  %-4s  %s\n", width,
                bw_utf8_show(t->name, shown), bw_dtype_name(t->dtype),
                format_shape(t, shape));
        if (s->stats != NULL) {
            fprintf(out, "    %-*s", width, "");
            print_stats(&s->stats[k], t->dtype, out);
            fputc('\n', out);
        }
    }
}

/* ---- metadata ---- */

/* Whether the key is told elsewhere than among the metadata. */
static bool is_own_key(const char *key)
{
    return strcmp(key, BW_META_KIND) == 0 || strcmp(key, BW_META_FORMAT) == 0 ||
           strcmp(key, BW_META_PROVENANCE) == 0;
}

static void print_metadata(const bw_reader *r, FILE *out)
{
    size_t n = bw_reader_n_meta(r), n_shown = 0;
    char shown[BW_UTF8_SHOWN];
    int width = 0;

    for (size_t k = 0; k < n; k++)
        if (!is_own_key(bw_reader_meta_key(r, k)))
            widen(&width, bw_utf8_show(bw_reader_meta_key(r, k), shown));
    for (size_t k = 0; k < n; k++) {
        const char *key = bw_reader_meta_key(r, k);

        if (is_own_key(key))
            continue;
        if (n_shown++ == 0)
            fputs("  metadata\n", out);
        fprintf(out, "    %-*s  ", width, bw_utf8_show(key, shown));
        bw_utf8_print(bw_reader_meta_value(r, k), (unsigned)width + 6, out);
        fputc('\n', out);
    }
}

/* ---- provenance ---- */

/* As one would type it: in single quotes where a shell would read it
 * otherwise. */
static void print_argument(const char *text, FILE *out)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        "-_=+.,:/@%";

    fputc(' ', out);
    if (*text != '\0' && strspn(text, plain) == strlen(text)) {
        fputs(text, out);
        return;
    }
    fputc('\'', out);
    for (const char *quote; (quote = strchr(text, '\'')) != NULL;) {
        char *part = strndup(text, (size_t)(quote - text));

        if (part != NULL)
            bw_utf8_print(part, 0, out);
        free(part);
        fputs("'\\''", out);
        text = quote + 1;
    }
    bw_utf8_print(text, 0, out);
    fputc('\'', out);
}

static void print_member(const char *label, const json_t *value, FILE *out)
{
    if (value == NULL)
        return;
    fprintf(out, "       %-7s  ", label);
    if (json_is_integer(value))
        fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else
        bw_utf8_print(json_string_value(value), 0, out);
    fputc('\n', out);
}

static void print_step(const json_t *step, size_t number, FILE *out)
{
    const json_t *argv = json_object_get(step, "argv"), *item;
    const json_t *version = json_object_get(step, "version");
    size_t k;

    fprintf(out, "    %zu  ", number);
    bw_utf8_print(json_string_value(json_object_get(step, "tool")), 0, out);
    if (version != NULL) {
        fputc(' ', out);
        bw_utf8_print(json_string_value(version), 0, out);
    }
    fputc('\n', out);
    if (json_array_size(argv) > 0) {
        fputs("       argv    ", out);
        json_array_foreach(argv, k, item)
            print_argument(json_string_value(item), out);
        fputc('\n', out);
    }
    print_member("seed", json_object_get(step, "seed"), out);
    json_array_foreach(json_object_get(step, "inputs"), k, item)
    {
        fputs("       input    ", out);
        bw_utf8_print(json_string_value(json_object_get(item, "xxh64")), 0,
                      out);
        fputs("  ", out);
        bw_utf8_print(json_string_value(json_object_get(item, "name")), 0, out);
        fputc('\n', out);
    }
}

/* ---- the whole ---- */

static void print_text(const char *label, const char *opt_text, FILE *out)
{
    fprintf(out, "  %-8s  ", label);
    if (opt_text == NULL)
        fputc('-', out);
    else
        bw_utf8_print(opt_text, 12, out);
    fputc('\n', out);
}

static void print_bytes(const bw_summary *s, FILE *out)
{
    uint64_t n = bw_summary_n_file_bytes(s);

    if (!bw_reader_is_compressed(s->reader)) {
        fprintf(out, "  bytes     %" PRIu64 " uncompressed\n", n);
        return;
    }
    fprintf(out,
            "  bytes     %" PRIu64 " compressed, %" PRIu64 " uncompressed\n", n,
            8 + bw_reader_n_header_bytes(s->reader) +
                bw_reader_n_data_bytes(s->reader));
}

bw_status bw_summary_print(const bw_summary *summary, bool with_provenance,
                           FILE *out, bw_error *err)
{
    const bw_reader *r = summary->reader;
    const char *text = bw_reader_meta(r, BW_META_PROVENANCE);
    json_t *steps = NULL, *step;
    size_t k;

    if (with_provenance && text != NULL &&
        bw_provenance_parse(text, &steps, err) != BW_OK)
        return bw_error_prefix(err, "%s", bw_reader_path(r));
    bw_utf8_print(bw_reader_path(r), 0, out);
    fputc('\n', out);
    print_text("kind", bw_reader_meta(r, BW_META_KIND), out);
    print_text("format", bw_reader_meta(r, BW_META_FORMAT), out);
    print_bytes(summary, out);
    print_tensors(summary, out);
    print_metadata(r, out);
    if (json_array_size(steps) > 0)
        fputs("  provenance\n", out);
    json_array_foreach(steps, k, step) print_step(step, k + 1, out);
    json_decref(steps);
    return BW_OK;
}

void bw_summary_print_check(const bw_summary *summary, FILE *out)
{
    const bw_stream_state *state = bw_reader_state(summary->reader);

    bw_utf8_print(bw_reader_path(summary->reader), 0, out);
    fprintf(out, ": ok, xxh64 %016" PRIx64, summary->digest);
    if (!state->is_compressed)
        fputs(", uncompressed, without checksums", out);
    else if (state->n_unchecked > 0)
        fprintf(out, ", %" PRIu64 " of %" PRIu64 " frames without checksum",
                state->n_unchecked, state->n_frames);
    fputc('\n', out);
}
