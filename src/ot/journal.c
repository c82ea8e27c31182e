/* journal.c - blocks of results in a file that only grows.
 *
 *   layout      header and blocks, their sizes
 *   opening     lock, purpose, the last whole block
 *   blocks      append and visit
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/output.h"
#include "ot/journal.h"

struct bw_journal {
    char *path; /* NULL: unnamed */
    int fd;
    bw_block_shape shape;
    uint64_t n_pairs, n_bytes;
    bool is_name_synced;
};

/* ---- layout ---- */

static const char magic[8] = "BWJRNL2";

typedef struct file_head {
    char magic[8];
    uint64_t n_purpose; /* bytes of text that follow */
    uint64_t digest;    /* of the text */
    uint64_t check;     /* of the fields above */
} file_head;

typedef struct block_head {
    uint64_t first, n, n_arcs, n_bytes;
    uint64_t digest; /* of the fields above and the columns */
} block_head;

enum { N_COLUMNS = 7, MAX_PURPOSE = 1 << 24 };

typedef struct column {
    void **data;
    uint64_t n_bytes;
} column;

/* The columns of a block in file order; how many. */
static size_t columns_of(const bw_block_shape *shape, bw_block *block,
                         column columns[N_COLUMNS])
{
    size_t k = 0;
    uint64_t n = block->n;
    columns[k++] = (column){(void **)&block->value, n * sizeof(double)};
    if (shape->with_gap)
        columns[k++] = (column){(void **)&block->gap, n * sizeof(double)};
    if (shape->with_plan) {
        columns[k++] =
            (column){(void **)&block->arc_count, n * sizeof(uint32_t)};
        columns[k++] = (column){(void **)&block->arc_bins,
                                block->n_arcs * 2 * sizeof(uint32_t)};
        columns[k++] =
            (column){(void **)&block->arc_mass, block->n_arcs * sizeof(double)};
    }
    if (shape->with_potentials) {
        columns[k++] = (column){(void **)&block->source,
                                n * shape->n_source_bins * sizeof(double)};
        columns[k++] = (column){(void **)&block->target,
                                n * shape->n_target_bins * sizeof(double)};
    }
    return k;
}

/* Columns start at multiples of 8, so that they can be used in place. */
static uint64_t padded(uint64_t n)
{
    return (n + 7) / 8 * 8;
}

static uint64_t size_of_columns(const column *columns, size_t n)
{
    uint64_t sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += padded(columns[k].n_bytes);
    return sum;
}

static uint64_t digest_of(const block_head *head, const void *bytes)
{
    uint64_t seed = XXH64(head, offsetof(block_head, digest), 0);
    return XXH64(bytes, head->n_bytes, seed);
}

static uint64_t check_of(const file_head *head)
{
    return XXH64(head, offsetof(file_head, check), 0);
}

/* ---- opening ---- */

static const char *name_of(const bw_journal *j)
{
    return j->path ? j->path : "scratch file";
}

static bw_status damaged(const bw_journal *j, uint64_t offset, bw_error *err)
{
    return bw_error_set(err, BW_ERR_FORMAT, "%s: damaged at byte %llu",
                        name_of(j), (unsigned long long)offset);
}

static bw_status damaged_head(const bw_journal *j, bw_error *err)
{
    return bw_error_set(err, BW_ERR_FORMAT,
                        "%s: damaged; remove it to start anew", j->path);
}

/* Reads exactly n bytes at offset. What is not there is BW_ERR_FORMAT, what
 * cannot be read now BW_ERR_IO: only the first says something of the file. */
static bw_status read_at(const bw_journal *j, void *buffer, uint64_t n,
                         uint64_t offset, bw_error *err)
{
    char *to = buffer;
    while (n > 0) {
        ssize_t got = pread(j->fd, to, n, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return bw_error_errno(err, "%s", name_of(j));
        if (got == 0)
            return damaged(j, offset, err);
        to += got;
        offset += (uint64_t)got;
        n -= (uint64_t)got;
    }
    return BW_OK;
}

/* Whether one of the lines of text is line. */
static bool has_line(const char *text, const char *line, size_t length)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        if (n == length && memcmp(text, line, n) == 0)
            return true;
        text += n + (text[n] == '\n');
    }
    return false;
}

/* The first line of text that other lacks, or "nothing more". */
static const char *first_missing(const char *text, const char *other,
                                 size_t *length)
{
    while (*text) {
        *length = strcspn(text, "\n");
        if (!has_line(other, text, *length))
            return text;
        text += *length + (text[*length] == '\n');
    }
    *length = strlen("nothing more");
    return "nothing more";
}

static bw_status check_purpose(const bw_journal *j, const file_head *head,
                               const char *purpose, bw_error *err)
{
    char *text = calloc(1, head->n_purpose + 1);
    if (!text)
        return bw_error_memory(err);
    bw_status status = read_at(j, text, head->n_purpose, sizeof *head, err);
    if (!status && XXH64(text, head->n_purpose, 0) != head->digest) {
        status = damaged_head(j, err);
    } else if (!status && strcmp(text, purpose) != 0) {
        size_t n_was, n_is;
        const char *was = first_missing(text, purpose, &n_was);
        const char *is = first_missing(purpose, text, &n_is);
        status =
            bw_error_set(err, BW_ERR_RANGE,
                         "%s: belongs to another run: it has %.*s, this run "
                         "has %.*s",
                         j->path, (int)n_was, was, (int)n_is, is);
    }
    free(text);
    return status;
}

/* Makes sure that a block's head can be true before anything is allocated. */
static bool is_plausible(const bw_journal *j, const block_head *head,
                         bw_block *block, column columns[N_COLUMNS],
                         size_t *n_columns)
{
    struct stat info;
    if (fstat(j->fd, &info) || head->n_bytes > (uint64_t)info.st_size ||
        head->n > head->n_bytes || head->n_arcs > head->n_bytes)
        return false;
    *block =
        (bw_block){.first = head->first, .n = head->n, .n_arcs = head->n_arcs};
    *n_columns = columns_of(&j->shape, block, columns);
    return size_of_columns(columns, *n_columns) == head->n_bytes;
}

/* The block at offset, its columns in *buffer. BW_ERR_FORMAT when there is none
 * that is whole; BW_ERR_MEMORY and BW_ERR_IO say nothing of that. */
static bw_status read_block(const bw_journal *j, uint64_t offset,
                            bw_block *block, void **buffer, size_t *capacity,
                            uint64_t *n_bytes, bw_error *err)
{
    block_head head;
    column columns[N_COLUMNS];
    size_t n_columns;
    bw_status status = read_at(j, &head, sizeof head, offset, err);
    if (status)
        return status;
    if (!is_plausible(j, &head, block, columns, &n_columns))
        return damaged(j, offset, err);
    if (head.n_bytes > *capacity) {
        free(*buffer);
        *capacity = 0;
        *buffer = malloc(head.n_bytes);
        if (!*buffer)
            return bw_error_memory(err);
        *capacity = head.n_bytes;
    }
    status = read_at(j, *buffer, head.n_bytes, offset + sizeof head, err);
    if (status)
        return status;
    if (digest_of(&head, *buffer) != head.digest)
        return damaged(j, offset, err);
    char *at = *buffer;
    for (size_t k = 0; k < n_columns; k++) {
        *columns[k].data = at;
        at += padded(columns[k].n_bytes);
    }
    *n_bytes = sizeof head + head.n_bytes;
    return BW_OK;
}

/* Finds the end of the last whole block and cuts what follows. Nothing is cut
 * when a block could not be read for another reason than the file's. */
static bw_status find_end(bw_journal *j, uint64_t n_purpose, bw_error *err)
{
    bw_block block;
    bw_error end = BW_ERROR_INIT;
    void *buffer = NULL;
    size_t capacity = 0;
    uint64_t n_bytes = 0;
    bw_status status;
    j->n_bytes = sizeof(file_head) + n_purpose;
    while (!(status = read_block(j, j->n_bytes, &block, &buffer, &capacity,
                                 &n_bytes, &end)) &&
           block.first == j->n_pairs) {
        j->n_pairs += block.n;
        j->n_bytes += n_bytes;
    }
    free(buffer);
    if (status && status != BW_ERR_FORMAT)
        return bw_error_set(err, status, "%s", end.text);
    if (ftruncate(j->fd, (off_t)j->n_bytes))
        return bw_error_errno(err, "%s", j->path);
    return BW_OK;
}

static bw_status write_head(bw_journal *j, const char *purpose, bw_error *err)
{
    const char *name = name_of(j);
    file_head head = {.n_purpose = strlen(purpose)};
    memcpy(head.magic, magic, sizeof magic);
    head.digest = XXH64(purpose, head.n_purpose, 0);
    head.check = check_of(&head);
    if (ftruncate(j->fd, 0) || lseek(j->fd, 0, SEEK_SET) < 0)
        return bw_error_errno(err, "%s", name);
    j->n_bytes = sizeof head + head.n_purpose;
    bw_status status = bw_output_write_fd(j->fd, name, &head, sizeof head, err);
    if (status)
        return status;
    return bw_output_write_fd(j->fd, name, purpose, head.n_purpose, err);
}

/* A journal that was there: continued, refused, or, when a run was killed
 * before its first block, begun again. */
static bw_status take_over(bw_journal *j, const char *purpose, bool resume,
                           bw_error *err)
{
    file_head head = {.n_purpose = 0};
    off_t size = lseek(j->fd, 0, SEEK_END);
    if (size < 0)
        return bw_error_errno(err, "%s", j->path);
    size_t n = (size_t)size < sizeof head ? (size_t)size : sizeof head;
    size_t n_magic = n < sizeof magic ? n : sizeof magic;
    bw_status status = read_at(j, &head, n, 0, err);
    if (status)
        return status;
    if (memcmp(head.magic, magic, n_magic) != 0)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: no journal of this program", j->path);
    if (n < sizeof head)
        return BW_OK;
    if (head.check != check_of(&head) || head.n_purpose > MAX_PURPOSE)
        return damaged_head(j, err);
    if (size <= (off_t)(sizeof head + head.n_purpose))
        return BW_OK;
    if (resume)
        status = check_purpose(j, &head, purpose, err);
    if (status)
        return status;
    if (resume)
        return find_end(j, head.n_purpose, err);
    return bw_error_set(err, BW_ERR_RANGE,
                        "%s: holds results of an unfinished run; continue it "
                        "with --resume, or remove it",
                        j->path);
}

/* Opens and locks. A run that ends removes its file before it drops the lock:
 * then the lock is on a file that has no name any more, and another is opened.
 */
static bw_status open_locked(bw_journal *j, bw_error *err)
{
    struct stat mine, named;
    for (;;) {
        j->fd = open(j->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (j->fd < 0 || fstat(j->fd, &mine))
            return bw_error_errno(err, "%s", j->path);
        if (flock(j->fd, LOCK_EX | LOCK_NB)) {
            if (errno == EWOULDBLOCK)
                return bw_error_set(err, BW_ERR_IO,
                                    "%s: another run is writing it", j->path);
            return bw_error_errno(err, "%s: lock", j->path);
        }
        if (stat(j->path, &named) == 0 && named.st_dev == mine.st_dev &&
            named.st_ino == mine.st_ino)
            return BW_OK;
        close(j->fd);
    }
}

bw_status bw_journal_open(const char *path, const char *opt_beside,
                          const char *purpose, const bw_block_shape *shape,
                          bool resume, bw_journal **ret_journal, bw_error *err)
{
    *ret_journal = NULL;
    bw_status status = BW_OK;
    bw_journal *j = calloc(1, sizeof *j);
    if (!j)
        return bw_error_memory(err);
    j->fd = -1;
    j->shape = *shape;
    if (!path) {
        status = bw_output_scratch(opt_beside, &j->fd, err);
    } else if (!(j->path = strdup(path))) {
        status = bw_error_memory(err);
    } else {
        status = open_locked(j, err);
        if (!status)
            status = take_over(j, purpose, resume, err);
    }
    if (!status && j->n_bytes == 0) {
        status = write_head(j, purpose, err);
        if (status && path)
            unlink(path);
    }
    if (!status && lseek(j->fd, (off_t)j->n_bytes, SEEK_SET) < 0)
        status = bw_error_errno(err, "%s", path ? path : "scratch file");
    if (status) {
        if (j->fd >= 0)
            close(j->fd);
        free(j->path);
        free(j);
        return status;
    }
    *ret_journal = j;
    return BW_OK;
}

uint64_t bw_journal_n_pairs(const bw_journal *journal)
{
    return journal->n_pairs;
}

/* ---- blocks ---- */

bw_status bw_journal_append(bw_journal *j, const bw_block *block, bw_error *err)
{
    column columns[N_COLUMNS];
    bw_block b = *block;
    size_t n_columns = columns_of(&j->shape, &b, columns);
    block_head head = {b.first, b.n, b.n_arcs,
                       size_of_columns(columns, n_columns), 0};
    char *bytes = calloc(1, sizeof head + head.n_bytes);
    if (!bytes)
        return bw_error_memory(err);
    char *at = bytes + sizeof head;
    for (size_t k = 0; k < n_columns; k++) {
        if (columns[k].n_bytes > 0)
            memcpy(at, *columns[k].data, columns[k].n_bytes);
        at += padded(columns[k].n_bytes);
    }
    head.digest = digest_of(&head, bytes + sizeof head);
    memcpy(bytes, &head, sizeof head);
    bw_status status = bw_output_write_fd(j->fd, name_of(j), bytes,
                                          sizeof head + head.n_bytes, err);
    free(bytes);
    if (status) {
        /* A part of the block may be there: it fails its digest in any case. */
        (void)!ftruncate(j->fd, (off_t)j->n_bytes);
        (void)!lseek(j->fd, (off_t)j->n_bytes, SEEK_SET);
        return status;
    }
    j->n_bytes += sizeof head + head.n_bytes;
    j->n_pairs += b.n;
    return BW_OK;
}

bw_status bw_journal_sync(bw_journal *j, bw_error *err)
{
    if (!j->path)
        return BW_OK;
    if (fdatasync(j->fd))
        return bw_error_errno(err, "%s", j->path);
    if (j->is_name_synced)
        return BW_OK;
    bw_status status = bw_output_sync_name(j->path, err);
    j->is_name_synced = !status;
    return status;
}

bw_status bw_journal_visit(bw_journal *j, bw_block_visit visit, void *context,
                           bw_error *err)
{
    bw_status status = BW_OK;
    bw_block block;
    void *buffer = NULL;
    size_t capacity = 0;
    uint64_t offset = sizeof(file_head), n_bytes = 0;
    file_head file;
    status = read_at(j, &file, sizeof file, 0, err);
    offset += status ? 0 : file.n_purpose;
    while (offset < j->n_bytes && !status) {
        status =
            read_block(j, offset, &block, &buffer, &capacity, &n_bytes, err);
        if (!status)
            status = visit(context, &block, err);
        if (!status)
            offset += n_bytes;
    }
    free(buffer);
    return status;
}

void bw_journal_close(bw_journal *j)
{
    if (!j)
        return;
    if (j->path && j->n_pairs == 0)
        unlink(j->path);
    close(j->fd);
    free(j->path);
    free(j);
}

void bw_journal_remove(bw_journal *j)
{
    if (j && j->path)
        unlink(j->path);
    if (j)
        j->n_pairs = UINT64_MAX; /* nothing left to remove */
    bw_journal_close(j);
}
