/* raw_file.h - an empty folder for each test, and files written byte by byte,
 * so that what is read was not made by the code under test. */
#ifndef RAW_FILE_H
#define RAW_FILE_H

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zstd.h>

#include "barrow/status.h"

static char raw_folder[64];

static inline void raw_enter(void)
{
    snprintf(raw_folder, sizeof raw_folder, "/tmp/barrow-test-XXXXXX");
    cr_assert_not_null(mkdtemp(raw_folder));
    cr_assert_eq(chdir(raw_folder), 0);
}

static inline void raw_leave(void)
{
    char command[96];

    cr_assert_eq(chdir("/"), 0);
    snprintf(command, sizeof command, "rm -rf %s", raw_folder);
    cr_assert_eq(system(command), 0);
}

static inline void raw_write(const char *name, const void *bytes, size_t n)
{
    FILE *file = fopen(name, "wb");

    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, n, file), n);
    cr_assert_eq(fclose(file), 0);
}

/* The whole file; to be freed. */
static inline unsigned char *raw_read(const char *name, size_t *n)
{
    FILE *file = fopen(name, "rb");
    unsigned char *bytes = malloc(16 * 1024 * 1024);

    cr_assert_not_null(file, "%s", name);
    cr_assert_not_null(bytes);
    *n = fread(bytes, 1, 16 * 1024 * 1024, file);
    cr_assert_lt(*n, 16 * 1024 * 1024);
    fclose(file);
    return bytes;
}

/* Length, header, data: the bytes of a plain container; to be freed. */
static inline unsigned char *raw_container(const char *header, const void *data,
                                           size_t n_data, size_t *n)
{
    size_t length = strlen(header);
    unsigned char *bytes = malloc(8 + length + n_data + 1);

    cr_assert_not_null(bytes);
    for (int k = 0; k < 8; k++)
        bytes[k] = (unsigned char)((uint64_t)length >> 8 * k);
    memcpy(bytes + 8, header, length);
    if (n_data > 0)
        memcpy(bytes + 8 + length, data, n_data);
    *n = 8 + length + n_data;
    return bytes;
}

static inline void raw_write_container(const char *name, const char *header,
                                       const void *data, size_t n_data)
{
    size_t n;
    unsigned char *bytes = raw_container(header, data, n_data, &n);

    raw_write(name, bytes, n);
    free(bytes);
}

/* One zstd frame of n bytes at to; returns its length. */
static inline size_t raw_frame(unsigned char *to, size_t room,
                               const void *bytes, size_t n, int has_checksum)
{
    ZSTD_CCtx *cctx = ZSTD_createCCtx();
    size_t length;

    cr_assert_not_null(cctx);
    ZSTD_CCtx_setParameter(cctx, ZSTD_c_checksumFlag, has_checksum);
    length = ZSTD_compress2(cctx, to, room, bytes, n);
    cr_assert_not(ZSTD_isError(length));
    ZSTD_freeCCtx(cctx);
    return length;
}

#define RAW_FOLDER .init = raw_enter, .fini = raw_leave

/* A call that must succeed. */
#define OK(call)                                                               \
    do {                                                                       \
        bw_status status_of_ = (call);                                         \
        cr_assert_eq(status_of_, BW_OK, "%s: %s", #call, err.text);            \
    } while (0)

/* A call that must fail with this code and exactly this message. */
#define FAILS(call, wanted, message)                                           \
    do {                                                                       \
        bw_status status_of_ = (call);                                         \
        cr_expect_eq(status_of_, wanted, "%s: status %d", #call, status_of_);  \
        cr_expect_str_eq(err.text, message, "%s: %s", #call, err.text);        \
    } while (0)

#endif
