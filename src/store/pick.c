/* pick.c - chosen rows of tensors, streamed or by way of a scratch file. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/output.h"
#include "store/array.h"
#include "store/pick.h"

enum { CHUNK = 1 << 18 };

typedef struct column {
    const bw_tensor *tensor;
    uint64_t row_bytes;
    unsigned char *map; /* spooled rows, the first being first_row */
    size_t n_map;
} column;

struct bw_pick {
    bw_reader *reader;
    int (*stopped)(void);
    size_t n_columns;
    column *column;
    size_t n_ranges, k_range;
    bw_pick_range *range; /* ends filled in */
    uint64_t n_all, n_rows, next;
    bool is_spooled;
    uint64_t first_row, end_row; /* what the ranges span */
    unsigned char *chunk;        /* streaming: rows chunk_row on */
    size_t chunk_rows;           /* room */
    uint64_t chunk_row, n_chunk, n_read;
};

/* ---- ranges ---- */

static bool parse_number(const char **at, uint64_t *number)
{
    const char *start = *at;

    for (*number = 0; **at >= '0' && **at <= '9'; ++*at) {
        if (*number > UINT64_MAX / 16)
            return false;
        *number = *number * 10 + (uint64_t)(**at - '0');
    }
    return *at > start;
}

bool bw_pick_parse(const char *text, bw_pick_range *range, size_t *n_ranges)
{
    const char *at = text;

    for (*n_ranges = 0;;) {
        bw_pick_range *r = &range[(*n_ranges)++];
        bool has_first = parse_number(&at, &r->first);
        if (*at == ':') {
            at++;
            if (!parse_number(&at, &r->end))
                r->end = UINT64_MAX;
        } else if (!has_first) {
            return false;
        } else if (*at == '-') {
            at++;
            if (!parse_number(&at, &r->end) || r->end++ < r->first)
                return false;
        } else {
            r->end = r->first + 1;
        }
        if (r->end < r->first || (*at && *at != ','))
            return false;
        if (!*at++)
            return true;
    }
}

/* Fills ends in, counts rows, finds the span; *is_rising when no range begins
 * before the end of the one before. */
static bw_status settle(bw_pick *pick, bool *is_rising, bw_error *err)
{
    uint64_t behind = 0;

    *is_rising = true;
    pick->first_row = UINT64_MAX;
    for (size_t k = 0; k < pick->n_ranges; k++) {
        bw_pick_range *r = &pick->range[k];
        if (r->end == UINT64_MAX && r->first <= pick->n_all)
            r->end = pick->n_all;
        if (r->end > pick->n_all || r->first > r->end)
            return bw_error_set(
                err, BW_ERR_DIMENSION,
                "%s: row %llu is asked for, tensor %s has "
                "%llu",
                bw_reader_path(pick->reader),
                (unsigned long long)(r->first < pick->n_all ? r->end - 1
                                                            : r->first),
                pick->column[0].tensor->name, (unsigned long long)pick->n_all);
        if (r->first < behind)
            *is_rising = false;
        behind = r->end;
        if (__builtin_add_overflow(pick->n_rows, r->end - r->first,
                                   &pick->n_rows))
            return bw_error_set(err, BW_ERR_DIMENSION, "too many rows");
        if (r->first < pick->first_row)
            pick->first_row = r->first;
        if (r->end > pick->end_row)
            pick->end_row = r->end;
    }
    return BW_OK;
}

/* ---- reading ---- */

static bw_status check_stopped(const bw_pick *pick, bw_error *err)
{
    if (pick->stopped && pick->stopped())
        return bw_error_set(err, BW_ERR_INTERRUPTED, "interrupted");
    return BW_OK;
}

/* Room for at least one row of every column, 2^18 bytes where rows are small.
 */
static bw_status make_chunk(bw_pick *pick, uint64_t row_bytes, bw_error *err)
{
    uint64_t n = row_bytes > CHUNK ? 1 : CHUNK / (row_bytes ? row_bytes : 1);

    free(pick->chunk);
    pick->chunk_rows = (size_t)n;
    pick->chunk = malloc((size_t)(n * row_bytes) + 1);
    return pick->chunk ? BW_OK : bw_error_memory(err);
}

/* The next rows of a column into the chunk, at most to row `end`. */
static bw_status read_chunk(bw_pick *pick, const column *c, uint64_t end,
                            bw_error *err)
{
    uint64_t n = end - pick->n_read;

    if (n > pick->chunk_rows)
        n = pick->chunk_rows;
    bw_status rc = check_stopped(pick, err);
    if (rc == BW_OK)
        rc = bw_reader_read(pick->reader, c->tensor, pick->chunk,
                            (size_t)(n * c->row_bytes), err);
    pick->chunk_row = pick->n_read;
    pick->n_chunk = n;
    pick->n_read += n;
    return rc;
}

/* Copies the rows that the ranges span into a nameless file and maps it. */
static bw_status spool_column(bw_pick *pick, column *c, bw_error *err)
{
    int fd = -1;
    bw_status rc = bw_output_scratch(NULL, &fd, err);

    if (rc == BW_OK)
        rc = make_chunk(pick, c->row_bytes, err);
    pick->n_read = 0;
    while (rc == BW_OK && pick->n_read < pick->end_row) {
        rc = read_chunk(pick, c, pick->end_row, err);
        uint64_t skip = pick->first_row > pick->chunk_row
                            ? pick->first_row - pick->chunk_row
                            : 0;
        if (rc == BW_OK && skip < pick->n_chunk)
            rc = bw_output_write_fd(
                fd, "scratch file", pick->chunk + skip * c->row_bytes,
                (size_t)((pick->n_chunk - skip) * c->row_bytes), err);
    }
    c->n_map = (size_t)((pick->end_row - pick->first_row) * c->row_bytes);
    if (rc == BW_OK && c->n_map > 0) {
        void *map = mmap(NULL, c->n_map, PROT_READ, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED)
            rc = bw_error_errno(err, "scratch file");
        else
            c->map = map;
    }
    if (fd >= 0)
        close(fd);
    return rc;
}

/* Spools every column, in the order of the file. One that is named twice is
 * spooled once. */
static bw_status spool_all(bw_pick *pick, bw_error *err)
{
    bw_status rc = BW_OK;

    for (size_t t = 0; t < bw_reader_n_tensors(pick->reader); t++) {
        column *first = NULL;
        for (size_t k = 0; k < pick->n_columns && rc == BW_OK; k++) {
            column *c = &pick->column[k];
            if (c->tensor != bw_reader_tensor(pick->reader, t))
                continue;
            if (!first) {
                rc = spool_column(pick, c, err);
                first = c;
            } else {
                c->map = first->map;
                c->n_map = 0; /* the first one unmaps */
            }
        }
    }
    return rc;
}

/* ---- opening ---- */

uint64_t bw_pick_row_items(const bw_tensor *tensor)
{
    uint64_t n = 1;

    for (unsigned k = 1; k < tensor->rank; k++)
        n *= tensor->shape[k];
    return n;
}

static bw_status add_columns(bw_pick *pick, const bw_tensor *const *tensor,
                             bw_error *err)
{
    const char *path = bw_reader_path(pick->reader);

    for (size_t k = 0; k < pick->n_columns; k++) {
        const bw_tensor *t = tensor[k];
        uint64_t n_all = t->rank ? t->shape[0] : 1;
        /* An axis of size 0 hides what the others multiply to. */
        uint64_t row_bytes =
            t->n_bytes ? bw_pick_row_items(t) * bw_dtype_size(t->dtype) : 0;
        if (row_bytes > BW_ROW_MAX)
            return bw_error_set(err, BW_ERR_DIMENSION,
                                "%s: tensor %s: rows of %llu bytes are too "
                                "large",
                                path, t->name, (unsigned long long)row_bytes);
        if (k > 0 && n_all != pick->n_all)
            return bw_error_set(err, BW_ERR_DIMENSION,
                                "%s: tensor %s has %llu rows, %s has %llu",
                                path, t->name, (unsigned long long)n_all,
                                tensor[0]->name,
                                (unsigned long long)pick->n_all);
        pick->n_all = n_all;
        pick->column[k] = (column){.tensor = t, .row_bytes = row_bytes};
    }
    return BW_OK;
}

bw_status bw_pick_open(bw_reader *reader, size_t n_tensors,
                       const bw_tensor *const *tensor, size_t n_ranges,
                       const bw_pick_range *range, bool is_checked,
                       int (*stopped)(void), bw_pick **ret_pick, bw_error *err)
{
    bw_pick *pick = calloc(1, sizeof *pick);
    bool is_rising = true;
    bw_status rc;

    *ret_pick = NULL;
    if (!pick)
        return bw_error_memory(err);
    pick->reader = reader;
    pick->stopped = stopped;
    pick->n_columns = n_tensors;
    pick->n_ranges = n_ranges ? n_ranges : 1;
    pick->column = calloc(n_tensors, sizeof *pick->column);
    pick->range = malloc(pick->n_ranges * sizeof *pick->range);
    rc = pick->column && pick->range ? add_columns(pick, tensor, err)
                                     : bw_error_memory(err);
    if (rc)
        goto done;
    pick->range[0] = (bw_pick_range){0, UINT64_MAX};
    if (n_ranges)
        memcpy(pick->range, range, n_ranges * sizeof *range);
    rc = settle(pick, &is_rising, err);
    if (rc)
        goto done;
    pick->next = pick->range[0].first;
    pick->is_spooled = is_checked || n_tensors > 1 || !is_rising;
    rc = pick->is_spooled ? spool_all(pick, err)
                          : make_chunk(pick, pick->column[0].row_bytes, err);
    if (rc == BW_OK && is_checked)
        rc = bw_reader_finish(reader, NULL, err);
done:
    if (rc)
        bw_pick_close(pick);
    else
        *ret_pick = pick;
    return rc;
}

void bw_pick_close(bw_pick *pick)
{
    if (!pick)
        return;
    for (size_t k = 0; pick->column && k < pick->n_columns; k++)
        if (pick->column[k].map && pick->column[k].n_map)
            munmap(pick->column[k].map, pick->column[k].n_map);
    free(pick->column);
    free(pick->range);
    free(pick->chunk);
    free(pick);
}

uint64_t bw_pick_n_rows(const bw_pick *pick)
{
    return pick->n_rows;
}

/* ---- rows ---- */

static bw_status stream_row(bw_pick *pick, const void **row, bw_error *err)
{
    const column *c = &pick->column[0];

    while (pick->next >= pick->chunk_row + pick->n_chunk) {
        bw_status rc = read_chunk(pick, c, pick->end_row, err);
        if (rc)
            return rc;
    }
    *row = pick->chunk + (pick->next - pick->chunk_row) * c->row_bytes;
    return BW_OK;
}

bw_status bw_pick_next(bw_pick *pick, const void **row, uint64_t *number,
                       bool *is_end, bw_error *err)
{
    bw_status rc = BW_OK;

    *is_end = false;
    while (pick->next == pick->range[pick->k_range].end) {
        if (++pick->k_range == pick->n_ranges) {
            pick->k_range--;
            *is_end = true;
            return bw_reader_finish(pick->reader, NULL, err);
        }
        pick->next = pick->range[pick->k_range].first;
    }
    if (!pick->is_spooled)
        rc = stream_row(pick, row, err);
    else
        for (size_t k = 0; k < pick->n_columns; k++) {
            const column *c = &pick->column[k];
            row[k] = c->map + (pick->next - pick->first_row) * c->row_bytes;
        }
    if (pick->is_spooled && pick->next % 1024 == 0)
        rc = check_stopped(pick, err);
    *number = pick->next++;
    return rc;
}
