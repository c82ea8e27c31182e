/* concat.c - joining containers along the first axis. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "barrow/provenance.h"
#include "base/path.h"
#include "store/agree.h"
#include "store/concat.h"

enum { CHUNK_SIZE = 64 * 1024, CHUNK_ITEMS = CHUNK_SIZE / 8 };

typedef struct join {
    bw_agree agree;
    size_t n_parts; /* that are copied whole */
    bw_writer *writer;
    bw_provenance *provenance;
    void **whole;  /* of each tensor of the first part: what is kept once */
    uint64_t base; /* the last offset so far */
    int (*opt_stop)(void);
} join;

/* Reads the next bytes of t, at most CHUNK_SIZE of the *left ones. */
static bw_status read_chunk(const join *j, bw_reader *part, const bw_tensor *t,
                            uint64_t *left, void *chunk, size_t *n_bytes,
                            bw_error *err)
{
    if (j->opt_stop != NULL && j->opt_stop() != 0)
        return bw_error_set(err, BW_ERR_INTERRUPTED, "interrupted");
    *n_bytes = *left < CHUNK_SIZE ? (size_t)*left : CHUNK_SIZE;
    *left -= *n_bytes;
    return bw_reader_read(part, t, chunk, *n_bytes, err);
}

/* ---- the three ways to join a tensor ---- */

static bw_status copy_rows(join *j, bw_reader *part, const bw_tensor *t,
                           size_t index, bw_error *err)
{
    unsigned char chunk[CHUNK_SIZE];
    uint64_t left = t->n_bytes;
    bw_status status = BW_OK;

    while (left > 0 && status == BW_OK) {
        size_t n = 0;

        status = read_chunk(j, part, t, &left, chunk, &n, err);
        if (status == BW_OK)
            status = bw_writer_append(j->writer, index, chunk, n, err);
    }
    return status;
}

static bw_status keep_whole(join *j, bw_reader *part, const bw_tensor *t,
                            size_t index, bw_error *err)
{
    bw_status status = bw_reader_read_all(part, t, &j->whole[index], err);

    if (status != BW_OK)
        return status;
    return bw_writer_append(j->writer, index, j->whole[index],
                            (size_t)t->n_bytes, err);
}

static bw_status compare_whole(join *j, bw_reader *part, const bw_tensor *t,
                               size_t index, bw_error *err)
{
    const unsigned char *kept = j->whole[index];
    unsigned char chunk[CHUNK_SIZE];
    uint64_t left = t->n_bytes;
    bool is_equal = t->n_bytes == j->agree.first.tensor[index].n_bytes;

    while (left > 0 && is_equal) {
        size_t n = 0;
        bw_status status = read_chunk(j, part, t, &left, chunk, &n, err);

        if (status != BW_OK)
            return status;
        is_equal = memcmp(chunk, kept, n) == 0;
        kept += n;
    }
    if (is_equal)
        return BW_OK;
    return bw_error_set(err, BW_ERR_DIMENSION,
                        "%s: tensor '%s' is not that of %s",
                        bw_reader_path(part), t->name, j->agree.first_path);
}

/* Offsets of one part run from 0 to the number of its entries; those of the
 * whole run on, so that a later part's leading 0 goes and the base comes on. */
static bw_status copy_offsets(join *j, bw_reader *part, const bw_tensor *t,
                              size_t index, bw_error *err)
{
    const bw_tensor *list = bw_reader_find(part, "plan_bins");
    uint64_t chunk[CHUNK_ITEMS], left = t->n_bytes, last = 0;
    bool is_first = true;
    bw_status status = BW_OK;

    while (left > 0 && status == BW_OK) {
        size_t n = 0, from = 0;

        status = read_chunk(j, part, t, &left, chunk, &n, err);
        if (status != BW_OK)
            return status;
        n /= sizeof *chunk;
        if (is_first && chunk[0] != 0)
            return bw_error_set(err, BW_ERR_FORMAT,
                                "%s: tensor '%s' does not begin with 0",
                                bw_reader_path(part), t->name);
        if (is_first && j->n_parts > 0)
            from = 1;
        is_first = false;
        for (size_t k = 0; k < n; k++) {
            if (chunk[k] < last || chunk[k] > INT64_MAX - j->base)
                return bw_error_set(
                    err, BW_ERR_FORMAT,
                    "%s: tensor '%s' has offset %" PRIu64 " after %" PRIu64,
                    bw_reader_path(part), t->name, chunk[k], last);
            last = chunk[k];
            chunk[k] += j->base;
        }
        status = bw_writer_append(j->writer, index, chunk + from,
                                  (n - from) * sizeof *chunk, err);
    }
    if (status == BW_OK && list != NULL && last != list->shape[0])
        status =
            bw_error_set(err, BW_ERR_FORMAT,
                         "%s: tensor '%s' ends with %" PRIu64
                         ", 'plan_bins' has %" PRIu64 " rows",
                         bw_reader_path(part), t->name, last, list->shape[0]);
    j->base += last;
    return status;
}

/* ---- parts ---- */

static bw_status copy_tensor(join *j, bw_reader *part, const bw_tensor *t,
                             bw_error *err)
{
    const bw_header *first = &j->agree.first;
    size_t index = 0;

    while (strcmp(first->tensor[index].name, t->name) != 0)
        index++;
    switch (bw_joint_of(bw_reader_meta(part, BW_META_KIND), t->name)) {
    case BW_JOINT_WHOLE:
        if (j->n_parts == 0)
            return keep_whole(j, part, t, index, err);
        return compare_whole(j, part, t, index, err);
    case BW_JOINT_OFFSET:
        return copy_offsets(j, part, t, index, err);
    case BW_JOINT_ROWS:
        break;
    }
    return copy_rows(j, part, t, index, err);
}

/* Whether the joined file has its own value. */
static bool is_own_key(const char *key)
{
    return strcmp(key, BW_META_KIND) == 0 || strcmp(key, BW_META_FORMAT) == 0 ||
           strcmp(key, BW_META_PROVENANCE) == 0 ||
           strcmp(key, BW_META_SHARD) == 0;
}

/* Metadata in the first part's order, after the container's own three, which
 * hold their places until the end. */
static bw_status copy_meta(join *j, bw_error *err)
{
    const bw_header *first = &j->agree.first;
    const char *kind = bw_header_meta(first, BW_META_KIND);
    bw_status status = BW_OK;

    if (kind != NULL)
        status = bw_writer_set_meta(j->writer, BW_META_KIND, kind, err);
    if (status == BW_OK)
        status = bw_writer_set_meta(j->writer, BW_META_FORMAT, "1", err);
    if (status == BW_OK)
        status = bw_writer_set_meta(j->writer, BW_META_PROVENANCE, "[]", err);
    for (size_t k = 0; k < first->n_meta && status == BW_OK; k++) {
        const bw_meta *meta = &first->meta[k];

        if (!is_own_key(meta->key))
            status = bw_writer_set_meta(j->writer, meta->key, meta->value, err);
    }
    return status;
}

/* The first part says what the whole looks like. */
static bw_status start(join *j, bw_error *err)
{
    const bw_header *first = &j->agree.first;
    bw_status status = copy_meta(j, err);

    j->whole = calloc(first->n_tensors + 1, sizeof *j->whole);
    if (status == BW_OK && j->whole == NULL)
        status = bw_error_memory(err);
    for (size_t k = 0; k < first->n_tensors && status == BW_OK; k++) {
        const bw_tensor *t = &first->tensor[k];
        size_t index;

        status = bw_writer_add(j->writer, t->name, t->dtype, t->rank,
                               t->shape + 1, &index, err);
    }
    return status;
}

static bw_status add_part(join *j, const char *path, bw_error *err)
{
    bw_reader *part;
    uint64_t digest;
    bw_status status = bw_reader_open(path, &part, err);

    if (status != BW_OK)
        return status;
    status = bw_agree_add(&j->agree, part, err);
    if (status == BW_OK && j->n_parts == 0)
        status = start(j, err);
    for (size_t k = 0; k < bw_reader_n_tensors(part) && status == BW_OK; k++)
        status = copy_tensor(j, part, bw_reader_tensor(part, k), err);
    if (status == BW_OK)
        status = bw_reader_finish(part, &digest, err);
    if (status == BW_OK) {
        status = bw_provenance_add_input(
            j->provenance, bw_reader_base_name(part), digest,
            bw_reader_meta(part, BW_META_PROVENANCE), err);
        if (status == BW_ERR_FORMAT)
            bw_error_prefix(err, "%s", bw_reader_path(part));
    }
    j->n_parts++;
    bw_reader_close(part);
    return status;
}

/* ---- the whole ---- */

static bool is_regular(const char *path)
{
    struct stat st;

    return strcmp(path, "-") != 0 && stat(path, &st) == 0 &&
           S_ISREG(st.st_mode);
}

/* Whether all are regular files, so that they can be opened twice. */
static bool are_regular(size_t n, const char *const *path,
                        const char *opt_histograms)
{
    bool are = !opt_histograms || is_regular(opt_histograms);

    for (size_t k = 0; k < n && are; k++)
        are = is_regular(path[k]);
    return are;
}

/* Hours of copying should not end at the last part's header. */
static bw_status look_ahead(size_t n, const char *const *path,
                            const char *opt_histograms, bw_error *err)
{
    bw_agree agree = BW_AGREE_INIT;
    bw_status status = BW_OK;

    if (opt_histograms)
        status = bw_rows_open(opt_histograms, &agree.rows, err);
    for (size_t k = 0; k < n && status == BW_OK; k++) {
        bw_reader *part;

        status = bw_reader_open(path[k], &part, err);
        if (status != BW_OK)
            break;
        status = bw_agree_add(&agree, part, err);
        bw_reader_close(part);
    }
    bw_agree_clear(&agree);
    return status;
}

/* A shard's key says which parts are there, until all are. */
static bw_status set_shard(join *j, bw_error *err)
{
    const bw_shard *shard = &j->agree.shard;
    char text[80];

    if (shard->n == 0 || (shard->first == 1 && shard->last == shard->n))
        return BW_OK;
    if (shard->first == shard->last)
        snprintf(text, sizeof text, "%" PRIu64 "/%" PRIu64, shard->first,
                 shard->n);
    else
        snprintf(text, sizeof text, "%" PRIu64 "-%" PRIu64 "/%" PRIu64,
                 shard->first, shard->last, shard->n);
    return bw_writer_set_meta(j->writer, BW_META_SHARD, text, err);
}

static bw_status set_provenance(join *j, bw_error *err)
{
    char *text = bw_provenance_text(j->provenance);
    bw_status status;

    if (text == NULL)
        return bw_error_memory(err);
    status = bw_writer_set_meta(j->writer, BW_META_PROVENANCE, text, err);
    free(text);
    return status;
}

/* This run's step: the parts' base names are its arguments. */
static bw_provenance *describe(size_t n, const char *const *path,
                               const char *opt_histograms)
{
    const char **arg = malloc((n + 1) * sizeof *arg);
    bw_provenance *provenance = NULL;
    size_t n_args = 0;
    char *option = NULL;

    if (arg == NULL)
        return NULL;
    if (opt_histograms) {
        if (asprintf(&option, "--histograms=%s", bw_path_base(opt_histograms)) <
            0) {
            option = NULL;
            goto done;
        }
        arg[n_args++] = option;
    }
    for (size_t k = 0; k < n; k++)
        arg[n_args++] = bw_path_base(path[k]);
    provenance = bw_provenance_create("wcat", n_args, arg, NULL);
done:
    free(option);
    free(arg);
    return provenance;
}

static bw_status check_paths(size_t n, const char *const *path,
                             const char *opt_histograms, bw_error *err)
{
    size_t n_stdin = opt_histograms && strcmp(opt_histograms, "-") == 0;

    for (size_t k = 0; k < n; k++)
        n_stdin += strcmp(path[k], "-") == 0;
    if (n_stdin > 1)
        return bw_error_set(err, BW_ERR_USAGE,
                            "standard input can be read once, not %zu times",
                            n_stdin);
    return BW_OK;
}

bw_status bw_concat(size_t n, const char *const *path,
                    const char *opt_histograms, const char *output,
                    int (*opt_stop)(void), bw_error *err)
{
    join j = {.agree = BW_AGREE_INIT, .opt_stop = opt_stop};
    bw_error own = BW_ERROR_INIT;
    bw_status status;

    if (err == NULL)
        err = &own;
    status = check_paths(n, path, opt_histograms, err);
    if (status == BW_OK && are_regular(n, path, opt_histograms))
        status = look_ahead(n, path, opt_histograms, err);
    if (status == BW_OK && opt_histograms)
        status = bw_rows_open(opt_histograms, &j.agree.rows, err);
    if (status != BW_OK)
        goto done;
    j.provenance = describe(n, path, opt_histograms);
    status = j.provenance == NULL ? bw_error_memory(err)
                                  : bw_writer_create(output, &j.writer, err);
    for (size_t k = 0; k < n && status == BW_OK; k++)
        status = add_part(&j, path[k], err);
    if (status == BW_OK)
        status = set_shard(&j, err);
    if (status == BW_OK && j.agree.rows)
        status = bw_rows_finish(j.agree.rows, j.writer, j.provenance, err);
    if (status == BW_OK)
        status = set_provenance(&j, err);
    if (status == BW_OK)
        status = bw_writer_commit(j.writer, err);
done:
    for (size_t k = 0; j.whole != NULL && k < j.agree.first.n_tensors; k++)
        free(j.whole[k]);
    free(j.whole);
    bw_agree_clear(&j.agree);
    bw_writer_destroy(j.writer);
    bw_provenance_destroy(j.provenance);
    return status;
}
