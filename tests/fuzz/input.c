/* input.c - what the fuzz targets share (see fuzz.h). */
#include "config.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "store/idx.h"
#include "store/npy.h"

/* What a pipe takes without a reader. */
enum { PIPE_ROOM = 1 << 16 };

_Noreturn void fuzz_fail(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: broken promise: %s\n", file, line, what);
    abort();
}

/* ---- files ---- */

static void write_all(int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, data, n);

        FUZZ_MUST(done > 0);
        data += done;
        n -= (size_t)done;
    }
}

void fuzz_file_open(fuzz_file *file, const void *data, size_t n)
{
    int end[2] = {-1, -1};

    if (n % 2 == 1 && n < PIPE_ROOM) {
        FUZZ_MUST(pipe2(end, O_CLOEXEC) == 0);
        write_all(end[1], data, n);
        close(end[1]);
        file->fd = end[0];
    } else {
        file->fd = memfd_create("fuzz", MFD_CLOEXEC);
        FUZZ_MUST(file->fd >= 0);
        write_all(file->fd, data, n);
    }
    snprintf(file->path, sizeof file->path, "/proc/self/fd/%d", file->fd);
}

void fuzz_file_close(fuzz_file *file)
{
    close(file->fd);
}

/* ---- what must hold ---- */

void fuzz_check_text(const char *text)
{
    for (; *text != '\0'; text++)
        FUZZ_MUST(!iscntrl((unsigned char)*text) || *text == '\n' ||
                  *text == '\t');
}

bool fuzz_check(bw_status status, const bw_error *err)
{
    if (status == BW_OK)
        return true;
    if (status == BW_ERR_MEMORY || status == BW_ERR_IO ||
        status == BW_ERR_INTERNAL || status == BW_ERR_INTERRUPTED)
        fprintf(stderr, "%s\n", err->text);
    FUZZ_MUST(status == err->code);
    FUZZ_MUST(status != BW_ERR_MEMORY);
    FUZZ_MUST(status != BW_ERR_IO);
    FUZZ_MUST(status != BW_ERR_INTERNAL);
    FUZZ_MUST(status != BW_ERR_INTERRUPTED);
    FUZZ_MUST(err->text[0] != '\0');
    return false;
}

/* ---- arrays ---- */

static bw_status make_header(bw_format format, const bw_array_form *form,
                             char header[BW_NPY_HEADER_MAX], size_t *n,
                             bw_error *err)
{
    return format == BW_FORMAT_IDX
               ? bw_idx_make_header(form, (unsigned char *)header, n, err)
               : bw_npy_make_header(form, header, n, err);
}

static bw_status read_header(bw_format format, bw_bytes *bytes,
                             bw_array_form *form, bw_error *err)
{
    return format == BW_FORMAT_IDX ? bw_idx_read_header(bytes, form, err)
                                   : bw_npy_read_header(bytes, form, err);
}

/* A header written for a form reads back as that form. */
static void check_header(bw_format format, const bw_array_form *form)
{
    bw_error err = BW_ERROR_INIT;
    char header[BW_NPY_HEADER_MAX];
    bw_array_form again;
    bw_bytes *bytes;
    fuzz_file file;
    size_t n;

    FUZZ_MUST(make_header(format, form, header, &n, &err) == BW_OK);
    fuzz_file_open(&file, header, n);
    FUZZ_MUST(bw_bytes_open(file.path, &bytes, &err) == BW_OK);
    FUZZ_MUST(read_header(format, bytes, &again, &err) == BW_OK);
    FUZZ_MUST(again.dtype == form->dtype && again.rank == form->rank);
    for (unsigned k = 0; k < form->rank; k++)
        FUZZ_MUST(again.shape[k] == form->shape[k]);
    bw_bytes_close(bytes);
    fuzz_file_close(&file);
}

/* Rows to the end; true when all was well. */
static bool read_rows(bw_array *array, uint64_t *n_rows)
{
    bw_error err = BW_ERROR_INIT;
    bw_status status = BW_OK;
    void *row = NULL;
    size_t capacity = 0;
    uint64_t digest;
    int32_t label;
    bool is_end = false;

    for (*n_rows = 0; status == BW_OK && !is_end; *n_rows += !is_end)
        status = bw_array_read(array, &row, &capacity, &label, &is_end, &err);
    free(row);
    if (status == BW_OK)
        status = bw_array_finish(array, &digest, &err);
    return fuzz_check(status, &err);
}

void fuzz_array(const uint8_t *data, size_t n, bw_format format,
                const char *opt_label)
{
    bool is_table = format == BW_FORMAT_TSV || format == BW_FORMAT_CSV;
    bw_error err = BW_ERROR_INIT;
    bw_array *array = NULL;
    bw_bytes *bytes;
    fuzz_file file;
    uint64_t n_rows;

    fuzz_file_open(&file, data, n);
    if (fuzz_check(bw_bytes_open(file.path, &bytes, &err), &err) &&
        fuzz_check(bw_array_open(bytes, format, opt_label, &array, &err),
                   &err)) {
        const bw_array_form *form = bw_array_layout(array);

        FUZZ_MUST(bw_array_row_items(array) > 0);
        if (read_rows(array, &n_rows)) {
            FUZZ_MUST(is_table ? n_rows > 0 : n_rows == form->shape[0]);
            if (!is_table)
                check_header(format, form);
        }
    }
    bw_array_close(array);
    fuzz_file_close(&file);
}
