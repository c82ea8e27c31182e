/* checkpoint.c - a training run in a file.
 *
 *   tensors     the model's, the best values, the learner's blocks
 *   counters    one table for both directions
 *   writing
 *   sameness    identity, networks, settings
 *   reading
 */
#include "config.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "model/checkpoint.h"
#include "model/model_file.h"

enum {
    KEY_SIZE = 64,
    SUMS_SIZE = BW_MAX_TERMS * BW_REAL_SIZE,
    SHOWN = 300 /* bytes of what differs, in a message */
};

/* ---- tensors ---- */

static size_t n_slots_of(const bw_checkpoint *c)
{
    return bw_model_n_slots(c->learner->model) + 1 + c->learner->n_blocks;
}

static size_t fill_slots(const bw_checkpoint *c, bool with_best, bw_slot *slot)
{
    const bw_learner *learner = c->learner;
    bw_model *model = learner->model;
    size_t n = bw_model_slots(model, model->values, slot);

    if (with_best)
        bw_slot_flat(&slot[n++], BW_TRAIN_PREFIX "best", c->opt_best,
                     model->n_values);
    for (size_t k = 0; k < learner->n_blocks; k++) {
        const bw_state_block *block = &learner->block[k];
        char name[BW_SLOT_NAME];

        assert(strcmp(block->name, "best") != 0);
        snprintf(name, sizeof name, BW_TRAIN_PREFIX "%s", block->name);
        bw_slot_flat(&slot[n++], name, block->values, block->n);
    }
    return n;
}

/* ---- counters ---- */

typedef struct counter {
    const char *key;
    size_t offset; /* in bw_train_state */
    bool is_real;
} counter;

#define COUNT(name, field)                                                     \
    {                                                                          \
        BW_TRAIN_PREFIX name, offsetof(bw_train_state, field), false           \
    }
#define REAL(name, field)                                                      \
    {                                                                          \
        BW_TRAIN_PREFIX name, offsetof(bw_train_state, field), true            \
    }

static const counter counters[] = {
    COUNT("step", step),
    COUNT("epoch", epoch),
    COUNT("best_epoch", best_epoch),
    REAL("best", best),
    COUNT("epochs_without_gain", n_without_gain),
    COUNT("epochs_flat", n_flat),
    COUNT("drops", n_drops),
    COUNT("row_examples", n_row),
    REAL("row_seconds", row_seconds),
    REAL("seconds", seconds),
    COUNT("log_bytes", log_bytes),
    COUNT("over", is_over),
};
enum { N_COUNTERS = sizeof counters / sizeof *counters };

static const char sums_key[] = BW_TRAIN_PREFIX "row_sums";
static const char identity_key[] = BW_TRAIN_PREFIX "identity";

static void print_sums(const bw_train_state *state, size_t n,
                       char text[SUMS_SIZE])
{
    size_t at = 0;

    text[0] = '\0';
    for (size_t k = 0; k < n; k++) {
        char real[BW_REAL_SIZE];

        bw_model_print_real(state->sum[k], real);
        at += (size_t)snprintf(text + at, SUMS_SIZE - at, "%s%s",
                               k > 0 ? " " : "", real);
    }
}

static bw_status put_counters(const bw_checkpoint *c,
                              const bw_train_state *state, bw_writer *writer,
                              bw_error *err)
{
    char sums[SUMS_SIZE];
    bw_status status = BW_OK;

    for (size_t k = 0; k < N_COUNTERS && status == BW_OK; k++) {
        const char *at = (const char *)state + counters[k].offset;
        char text[BW_REAL_SIZE];

        if (counters[k].is_real)
            bw_model_print_real(*(const double *)at, text);
        else
            snprintf(text, sizeof text, "%" PRIu64, *(const uint64_t *)at);
        status = bw_writer_set_meta(writer, counters[k].key, text, err);
    }
    print_sums(state, c->learner->n_terms, sums);
    if (status == BW_OK)
        status = bw_writer_set_meta(writer, sums_key, sums, err);
    if (status == BW_OK)
        status = bw_writer_set_meta(writer, identity_key, c->identity, err);
    return status;
}

static bool parse_count(const char *text, uint64_t *value)
{
    char *end;

    errno = 0;
    *value = strtoull(text, &end, 10);
    return isdigit((unsigned char)*text) && *end == '\0' && errno == 0;
}

/* n numbers with one space between. */
static bool parse_sums(const char *text, size_t n, double *sum)
{
    for (size_t k = 0; k < n; k++) {
        size_t length = strcspn(text, " ");
        char real[BW_REAL_SIZE];

        if (length >= sizeof real)
            return false;
        memcpy(real, text, length);
        real[length] = '\0';
        if (!bw_model_parse_real(real, &sum[k]))
            return false;
        text += length + (text[length] == ' ');
    }
    return *text == '\0';
}

static bw_status get_counters(const bw_checkpoint *c, const bw_reader *reader,
                              bw_train_state *state, bw_error *err)
{
    const char *sums = bw_reader_meta(reader, sums_key);

    *state = (bw_train_state){0};
    for (size_t k = 0; k < N_COUNTERS; k++) {
        const char *text = bw_reader_meta(reader, counters[k].key);
        char *at = (char *)state + counters[k].offset;
        bool is_good = text != NULL;

        if (is_good && counters[k].is_real)
            is_good = bw_model_parse_real(text, (double *)at);
        else if (is_good)
            is_good = parse_count(text, (uint64_t *)at);
        if (!is_good)
            return bw_error_set(err, BW_ERR_FORMAT,
                                "metadata '%s' is no number", counters[k].key);
    }
    if (sums == NULL || !parse_sums(sums, c->learner->n_terms, state->sum))
        return bw_error_set(err, BW_ERR_FORMAT,
                            "metadata '%s' is not %zu numbers", sums_key,
                            c->learner->n_terms);
    return BW_OK;
}

/* ---- writing ---- */

static bw_status fill(const bw_checkpoint *c, const bw_train_state *state,
                      bw_writer *writer, bw_error *err)
{
    bool with_best = c->opt_best != NULL && state->best_epoch > 0;
    size_t n_model = bw_model_n_slots(c->learner->model), n;
    bw_slot *slot = calloc(n_slots_of(c), sizeof *slot);
    bw_status status;

    if (slot == NULL)
        return bw_error_memory(err);
    n = fill_slots(c, with_best, slot);
    status = bw_model_put(c->learner->model, NULL, writer, err);
    if (status == BW_OK)
        status = bw_slots_write(writer, n - n_model, slot + n_model, err);
    free(slot);
    if (status == BW_OK)
        status = put_counters(c, state, writer, err);
    if (status == BW_OK && c->opt_provenance != NULL)
        status =
            bw_provenance_stamp(c->opt_provenance, writer, "checkpoint", err);
    else if (status == BW_OK)
        status = bw_writer_set_meta(writer, BW_META_KIND, "checkpoint", err);
    return status;
}

bw_status bw_checkpoint_write(const bw_checkpoint *checkpoint,
                              const bw_train_state *state, bw_error *err)
{
    bw_writer *writer = NULL;
    bw_status status = bw_writer_create(checkpoint->path, &writer, err);

    if (status == BW_OK)
        status = fill(checkpoint, state, writer, err);
    if (status == BW_OK)
        status = bw_writer_commit(writer, err);
    bw_writer_destroy(writer);
    return status;
}

/* ---- sameness ---- */

static bool is_word(const char *text, size_t at)
{
    return at == 0 || text[at - 1] == ' ';
}

/* The words in which a and b differ, from the first to the last: a[*begin] to
 * a[*end_a - 1], and the same of b. Long identities fit into a message so. */
static void find_difference(const char *a, const char *b, size_t *begin,
                            size_t *end_a, size_t *end_b)
{
    size_t n_a = strlen(a), n_b = strlen(b), k = 0;

    while (a[k] != '\0' && a[k] == b[k])
        k++;
    while (!is_word(a, k))
        k--;
    while (n_a > k && n_b > k && a[n_a - 1] == b[n_b - 1]) {
        n_a--;
        n_b--;
    }
    while (a[n_a] != '\0' && !(is_word(a, n_a) && is_word(b, n_b))) {
        n_a++;
        n_b++;
    }
    *begin = k;
    *end_a = n_a > k && a[n_a - 1] == ' ' ? n_a - 1 : n_a;
    *end_b = n_b > k && b[n_b - 1] == ' ' ? n_b - 1 : n_b;
}

static bw_status another_run(const char *was, const char *is, bw_error *err)
{
    size_t begin, end_was, end_is;
    int n_was, n_is;

    find_difference(was, is, &begin, &end_was, &end_is);
    n_was = (int)(end_was - begin < SHOWN ? end_was - begin : SHOWN);
    n_is = (int)(end_is - begin < SHOWN ? end_is - begin : SHOWN);
    return bw_error_set(err, BW_ERR_RANGE,
                        "belongs to another run: it has '%.*s', this run has "
                        "'%.*s'",
                        n_was, was + begin, n_is, is + begin);
}

static bw_status check_meta(const bw_reader *reader, const char *key,
                            const char *wanted, bw_error *err)
{
    const char *there = bw_reader_meta(reader, key);

    if (there != NULL && strcmp(there, wanted) == 0)
        return BW_OK;
    if (there == NULL)
        return bw_error_set(err, BW_ERR_FORMAT, "metadata '%s' is missing",
                            key);
    another_run(there, wanted, err);
    return bw_error_prefix(err, "metadata '%s'", key);
}

static bw_status check_model(const bw_model *model, const bw_reader *reader,
                             bw_error *err)
{
    bw_status status = check_meta(reader, BW_META_MODEL, model->kind, err);

    for (size_t k = 0; k < model->n_parts && status == BW_OK; k++) {
        const bw_model_part *part = &model->part[k];
        char key[KEY_SIZE], input[64];

        snprintf(key, sizeof key, "input.%s", part->name);
        bw_shape_text(bw_network_input(part->network), input);
        status = check_meta(reader, key, input, err);
        snprintf(key, sizeof key, "net.%s", part->name);
        if (status == BW_OK)
            status =
                check_meta(reader, key, bw_network_text(part->network), err);
    }
    for (size_t k = 0; k < model->n_settings && status == BW_OK; k++)
        status = check_meta(reader, model->setting[k].key,
                            model->setting[k].value, err);
    return status;
}

static bw_status check_kind(const bw_reader *reader, bw_error *err)
{
    const char *kind = bw_reader_meta(reader, BW_META_KIND);

    if (kind != NULL && strcmp(kind, "checkpoint") == 0)
        return BW_OK;
    return bw_error_set(err, BW_ERR_FORMAT, "no checkpoint");
}

static bw_status check_run(const bw_checkpoint *c, const bw_reader *reader,
                           bw_error *err)
{
    bw_status status = check_kind(reader, err);
    const char *identity = bw_reader_meta(reader, identity_key);

    if (status == BW_OK && identity == NULL)
        status = bw_error_set(err, BW_ERR_FORMAT, "metadata '%s' is missing",
                              identity_key);
    if (status == BW_OK && strcmp(identity, c->identity) != 0)
        status = another_run(identity, c->identity, err);
    if (status == BW_OK)
        status = check_model(c->learner->model, reader, err);
    return status;
}

bool bw_checkpoint_exists(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0;
}

/* A regular file that is there: no more is known of it. */
static bw_status check_old(const char *path, bw_error *err)
{
    bw_reader *reader = NULL;
    const char *over;
    bw_status status = bw_reader_open(path, &reader, err);

    if (status != BW_OK)
        return status;
    over = bw_reader_meta(reader, BW_TRAIN_PREFIX "over");
    status = check_kind(reader, err);
    if (status != BW_OK)
        bw_error_prefix(err, "%s", path);
    else if (over == NULL || strcmp(over, "1") != 0)
        status = bw_error_set(err, BW_ERR_RANGE,
                              "%s: holds an unfinished run; continue it with "
                              "--resume, or remove it",
                              path);
    bw_reader_close(reader);
    return status;
}

bw_status bw_checkpoint_check(const char *path, bool is_resumed, bw_error *err)
{
    bw_writer *writer = NULL;
    struct stat info;
    bw_status status = BW_OK;

    if (!is_resumed && stat(path, &info) == 0 && S_ISREG(info.st_mode))
        status = check_old(path, err);
    if (status == BW_OK)
        status = bw_writer_create(path, &writer, err);
    bw_writer_destroy(writer);
    return status;
}

/* ---- reading ---- */

static bw_status read_tensors(const bw_checkpoint *c, bw_reader *reader,
                              const bw_train_state *state, bw_error *err)
{
    bool with_best = c->opt_best != NULL && state->best_epoch > 0;
    bw_slot *slot = calloc(n_slots_of(c), sizeof *slot);
    bw_status status;
    size_t n;

    if (slot == NULL)
        return bw_error_memory(err);
    n = fill_slots(c, with_best, slot);
    status = bw_slots_read(reader, NULL, n, slot, err);
    if (status == BW_OK)
        status = bw_reader_finish(reader, NULL, err);
    bw_slots_clear(n, slot); /* a block of no values may have no place */
    free(slot);
    return status;
}

bw_status bw_checkpoint_read(const bw_checkpoint *checkpoint,
                             bw_train_state *state, bw_error *err)
{
    bw_reader *reader = NULL;
    bw_status status = bw_reader_open(checkpoint->path, &reader, err);

    if (status != BW_OK)
        return status;
    status = check_run(checkpoint, reader, err);
    if (status == BW_OK)
        status = get_counters(checkpoint, reader, state, err);
    if (status != BW_OK)
        bw_error_prefix(err, "%s", checkpoint->path);
    else
        status = read_tensors(checkpoint, reader, state, err);
    bw_reader_close(reader);
    return status;
}
