/* train_log.c - rows of a training run, written as they come. */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/output.h"
#include "base/printed.h"
#include "model/train_log.h"
#include "store/json.h"
#include "store/steps.h"

/* A row has at most 7 + 2 BW_MAX_TERMS numbers of at most 24 bytes. */
enum { ROW_SIZE = 1024 };

struct bw_train_log {
    char *name; /* for messages; of a file its path */
    int fd;
    bool is_standard, is_regular, is_name_synced;
    size_t n_terms;
    const bw_term *term;
    uint64_t n_bytes;
};

static bool is_weightless(const bw_term *term)
{
    return !(term->weight < 0.0) && !(term->weight > 0.0);
}

/* Whether a weighted column would tell nothing more. */
static bool is_plain(const bw_term *term)
{
    return is_weightless(term) ||
           (!(term->weight < 1.0) && !(term->weight > 1.0));
}

double bw_train_total(size_t n_terms, const bw_term *term, const double *terms)
{
    double total = 0.0;

    for (size_t k = 0; k < n_terms; k++)
        if (!is_weightless(&term[k]))
            total += term[k].weight * terms[k];
    return total;
}

/* ---- the head ---- */

/* JSON keeps what is printed on one line, whatever arguments and names hold. */
static bool print_json(const char *label, const json_t *value, FILE *out)
{
    char *text = bw_json_print(value, JSON_ENCODE_ANY | JSON_COMPACT);
    bool is_whole = text != NULL;

    if (is_whole)
        fprintf(out, "%s%s\n", label, text);
    free(text);
    return is_whole;
}

static const char *string_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

static bool print_step(const json_t *step, FILE *out)
{
    const json_t *input;
    bool is_whole;
    size_t k;

    fprintf(out, "# %s %s\n", string_of(step, "tool"),
            string_of(step, "version"));
    is_whole = print_json("# argv ", json_object_get(step, "argv"), out);
    if (json_object_get(step, "seed") != NULL)
        is_whole &= print_json("# seed ", json_object_get(step, "seed"), out);
    json_array_foreach(json_object_get(step, "inputs"), k, input)
    {
        fprintf(out, "# input %s ", string_of(input, "xxh64"));
        is_whole &= print_json("", json_object_get(input, "name"), out);
    }
    return is_whole;
}

static bw_status print_provenance(const bw_provenance *provenance, FILE *out,
                                  bw_error *err)
{
    char *text = bw_provenance_text(provenance);
    json_t *steps = NULL;
    bw_status status;

    if (text == NULL)
        return bw_error_memory(err);
    status = bw_provenance_parse(text, &steps, err);
    if (status == BW_OK && json_array_size(steps) > 0 &&
        !print_step(json_array_get(steps, json_array_size(steps) - 1), out))
        status = bw_error_memory(err);
    json_decref(steps);
    free(text);
    return status;
}

static void print_columns(const bw_train_log *log, FILE *out)
{
    fputs("set\tstep\tepoch\trate", out);
    for (size_t k = 0; k < log->n_terms; k++) {
        const bw_term *term = &log->term[k];

        fprintf(out, "\t%s", term->name);
        if (!is_plain(term))
            fprintf(out, "\t%s_weighted", term->name);
    }
    fputs("\ttotal\texamples_per_second\tseconds\n", out);
}

static bw_status append(bw_train_log *log, const char *text, size_t n,
                        bw_error *err)
{
    bw_status status = bw_output_write_fd(log->fd, log->name, text, n, err);

    if (status == BW_OK)
        log->n_bytes += n;
    return status;
}

static bw_status write_head(bw_train_log *log,
                            const bw_provenance *opt_provenance, bw_error *err)
{
    bw_printed head;
    char *text = NULL;
    size_t n = 0;
    FILE *out = bw_printed_open(&head);
    bw_status status = BW_OK;

    if (out == NULL)
        return bw_error_memory(err);
    if (opt_provenance != NULL)
        status = print_provenance(opt_provenance, out, err);
    print_columns(log, out);
    if (!bw_printed_close(&head, &text, &n) && status == BW_OK)
        status = bw_error_memory(err);
    if (status == BW_OK)
        status = append(log, text, n, err);
    free(text);
    return status;
}

/* ---- opening ---- */

/* Cuts what a killed run wrote after its checkpoint. */
static bw_status keep(bw_train_log *log, uint64_t n_kept, bw_error *err)
{
    struct stat info;
    char last;

    log->n_bytes = n_kept;
    if (!log->is_regular)
        return BW_OK;
    if (fstat(log->fd, &info) != 0)
        return bw_error_errno(err, "%s", log->name);
    if ((uint64_t)info.st_size < n_kept)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: %lld bytes, but the checkpoint counts %" PRIu64
                            ": this is not its log",
                            log->name, (long long)info.st_size, n_kept);
    if (pread(log->fd, &last, 1, (off_t)n_kept - 1) != 1)
        return bw_error_errno(err, "%s", log->name);
    if (last != '\n')
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: no row ends at byte %" PRIu64
                            ", as the checkpoint has it: this is not its log",
                            log->name, n_kept);
    if (ftruncate(log->fd, (off_t)n_kept) != 0 ||
        lseek(log->fd, (off_t)n_kept, SEEK_SET) < 0)
        return bw_error_errno(err, "%s", log->name);
    return BW_OK;
}

static bw_status open_file(bw_train_log *log, const char *path, bool is_kept,
                           bw_error *err)
{
    struct stat info;

    log->is_standard = strcmp(path, "-") == 0;
    log->name = strdup(log->is_standard ? "standard output" : path);
    if (log->name == NULL)
        return bw_error_memory(err);
    if (log->is_standard) {
        log->fd = STDOUT_FILENO;
        return BW_OK;
    }
    log->fd =
        open(path, O_CLOEXEC | (is_kept ? O_RDWR : O_WRONLY | O_CREAT), 0666);
    if (log->fd < 0 || fstat(log->fd, &info) != 0)
        return bw_error_errno(err, "%s", log->name);
    log->is_regular = S_ISREG(info.st_mode);
    if (!is_kept && log->is_regular && ftruncate(log->fd, 0) != 0)
        return bw_error_errno(err, "%s", log->name);
    return BW_OK;
}

bw_status bw_train_log_open(const char *path, size_t n_terms,
                            const bw_term *term,
                            const bw_provenance *opt_provenance,
                            uint64_t n_kept, bw_train_log **ret_log,
                            bw_error *err)
{
    bw_train_log *log = calloc(1, sizeof *log);
    bw_status status;

    *ret_log = NULL;
    if (log == NULL)
        return bw_error_memory(err);
    log->fd = -1;
    log->n_terms = n_terms;
    log->term = term;
    status = open_file(log, path, n_kept > 0, err);
    if (status == BW_OK)
        status = n_kept > 0 ? keep(log, n_kept, err)
                            : write_head(log, opt_provenance, err);
    if (status != BW_OK) {
        (void)!bw_train_log_close(log, NULL);
        return status;
    }
    *ret_log = log;
    return BW_OK;
}

/* ---- rows ---- */

/* printf would show the sign of a NaN. */
static size_t print_real(char *to, size_t room, int n_digits, double value)
{
    int n = isnan(value) ? snprintf(to, room, "\tnan")
                         : snprintf(to, room, "\t%.*g", n_digits, value);

    return (size_t)n;
}

bw_status bw_train_log_write(bw_train_log *log, const bw_train_row *row,
                             bw_error *err)
{
    char line[ROW_SIZE];
    size_t n = (size_t)snprintf(line, sizeof line, "%s\t%" PRIu64 "\t%" PRIu64,
                                row->set, row->step, row->epoch);

    n += print_real(line + n, sizeof line - n, 9, row->rate_factor);
    for (size_t k = 0; k < log->n_terms; k++) {
        const bw_term *term = &log->term[k];

        n += print_real(line + n, sizeof line - n, 9, row->terms[k]);
        if (!is_plain(term))
            n += print_real(line + n, sizeof line - n, 9,
                            term->weight * row->terms[k]);
    }
    n += print_real(line + n, sizeof line - n, 9, row->total);
    n += print_real(line + n, sizeof line - n, 6, row->speed);
    n += (size_t)snprintf(line + n, sizeof line - n, "\t%.3f\n", row->seconds);
    return append(log, line, n, err);
}

uint64_t bw_train_log_n_bytes(const bw_train_log *log)
{
    return log->n_bytes;
}

bw_status bw_train_log_sync(bw_train_log *log, bw_error *err)
{
    bw_status status = BW_OK;

    if (!log->is_regular)
        return BW_OK;
    if (fdatasync(log->fd) != 0)
        return bw_error_errno(err, "%s", log->name);
    if (!log->is_name_synced)
        status = bw_output_sync_name(log->name, err);
    log->is_name_synced = status == BW_OK;
    return status;
}

/* A file system on a network may report a lost row only now. */
bw_status bw_train_log_close(bw_train_log *log, bw_error *err)
{
    bw_status status = BW_OK;

    if (log == NULL)
        return BW_OK;
    if (log->fd >= 0 && !log->is_standard && close(log->fd) != 0)
        status = bw_error_errno(err, "%s", log->name);
    free(log->name);
    free(log);
    return status;
}
