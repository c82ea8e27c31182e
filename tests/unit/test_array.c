/* test_array.c - IDX and NPY, plain and compressed, whole and cut. */
#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>
#include <zlib.h>

#include "store/array.h"
#include "store/idx.h"
#include "store/npy.h"

static char path[] = "/tmp/test_array_XXXXXX";

static void put(const void *data, size_t n)
{
    memcpy(path, "/tmp/test_array_XXXXXX", sizeof path);
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, data, n) == (ssize_t)n);
    close(fd);
}

/* Reads the file: all items as doubles, and how it ended. */
static bw_status load(double *values, size_t *n, bw_array_form *layout,
                      uint64_t *digest, bw_error *err)
{
    bw_bytes *bytes = NULL;
    bw_array *array = NULL;
    bw_format format;
    void *row = NULL;
    size_t capacity = 0;
    bool is_end = false;
    bw_status rc = bw_bytes_open(path, &bytes, err);

    *n = 0;
    if (rc == BW_OK)
        rc = bw_array_sniff(bytes, &format, err);
    if (rc == BW_OK)
        rc = bw_array_open(bytes, format, NULL, &array, err);
    else
        bw_bytes_close(bytes);
    while (rc == BW_OK) {
        rc = bw_array_read(array, &row, &capacity, NULL, &is_end, err);
        if (rc || is_end)
            break;
        *layout = *bw_array_layout(array);
        bw_dtype_to_double(layout->dtype, row, bw_array_row_items(array),
                           values + *n);
        *n += bw_array_row_items(array);
    }
    if (rc == BW_OK)
        rc = bw_array_finish(array, digest, err);
    bw_array_close(array);
    free(row);
    unlink(path);
    return rc;
}

static const unsigned char idx[] = {0, 0, 0x0b, 2, 0,    0,    0,    2,
                                    0, 0, 0,    2, /* I16 (2,2) */
                                    0, 1, 1,    0, 0xff, 0xff, 0x80, 0};

Test(array, idx_is_read_and_hashed)
{
    double v[4];
    size_t n;
    bw_array_form layout;
    uint64_t digest;

    put(idx, sizeof idx);
    cr_assert_eq(load(v, &n, &layout, &digest, NULL), BW_OK);
    cr_assert(n == 4 && layout.rank == 2 && layout.dtype == BW_I16);
    cr_assert(v[0] == 1 && v[1] == 256 && v[2] == -1 && v[3] == -32768);
    cr_assert_eq(digest, XXH64(idx, sizeof idx, 0));
}

Test(array, every_cut_is_noticed)
{
    double v[4];
    size_t n;
    bw_array_form layout;
    uint64_t digest;
    bw_error err = BW_ERROR_INIT;

    for (size_t k = 0; k < sizeof idx; k++) {
        put(idx, k);
        cr_assert_eq(load(v, &n, &layout, &digest, &err), BW_ERR_FORMAT,
                     "%zu bytes passed", k);
        cr_assert_eq(strncmp(err.text, path, strlen(path)), 0);
    }
}

Test(array, every_cut_of_gzip_is_noticed)
{
    unsigned char packed[128];
    uLongf size = sizeof packed;
    double v[4];
    size_t n;
    bw_array_form layout;
    uint64_t digest;
    z_stream z = {0};

    deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    z.next_in = (unsigned char *)(uintptr_t)idx;
    z.avail_in = sizeof idx;
    z.next_out = packed;
    z.avail_out = sizeof packed;
    cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    size = z.total_out;
    deflateEnd(&z);
    for (size_t k = 0; k <= size; k++) {
        put(packed, k);
        cr_assert_eq(load(v, &n, &layout, &digest, NULL),
                     k == size ? BW_OK : BW_ERR_FORMAT, "%zu bytes", k);
    }
    cr_assert_eq(digest, XXH64(idx, sizeof idx, 0));
    /* Two members are one file; what follows must be a member. */
    memcpy(packed + size, "xyzz", 4);
    put(packed, size + 4);
    cr_assert_eq(load(v, &n, &layout, &digest, NULL), BW_ERR_FORMAT);
    packed[size - 8] ^= 1; /* the checksum */
    put(packed, size);
    cr_assert_eq(load(v, &n, &layout, &digest, NULL), BW_ERR_FORMAT);
}

/* An NPY file of this header and bytes 0, 1, 2, ... */
static bw_status load_npy(int version, const char *header, size_t n_data,
                          double *v, size_t *n, bw_array_form *layout)
{
    unsigned char file[512] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
    size_t length = strlen(header), start = version == 1 ? 10 : 12;
    uint64_t digest;

    file[6] = (unsigned char)version;
    file[8] = (unsigned char)length;
    memcpy(file + start, header, length);
    for (size_t k = 0; k < n_data; k++)
        file[start + length + k] = (unsigned char)k;
    put(file, start + length + n_data);
    return load(v, n, layout, &digest, NULL);
}

Test(array, npy_headers_are_python_literals)
{
    static const char *const good[] = {
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }\n",
        "{\"shape\":(2,3),\"descr\":\"<u1\",\"fortran_order\":False}",
        " { 'fortran_order' : False , 'shape' : ( 2 , 3 , ) , 'descr' : "
        "'=u1' } "};
    static const char *const bad[] = {
        "",
        "{}",
        "{'descr': '|u1', 'fortran_order': False}",
        "{'descr': '|u1', 'fortran_order': Maybe, 'shape': (2, 3)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3)",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3)} x",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, -3)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3, 1, 1, 1, 1, "
        "1, 1, 1)}",
        "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': "
        "(2, 3)}",
        "{'descr': '|O8', 'fortran_order': False, 'shape': (2, 3)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, "
        "36893488147419103232)}"};
    double v[8];
    size_t n;
    bw_array_form layout;

    for (int version = 1; version <= 3; version++)
        for (size_t k = 0; k < sizeof good / sizeof good[0]; k++) {
            cr_assert_eq(load_npy(version, good[k], 6, v, &n, &layout), BW_OK,
                         "%s", good[k]);
            cr_assert(n == 6 && v[1] == 1 && v[5] == 5);
        }
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++)
        cr_assert_eq(load_npy(1, bad[k], 6, v, &n, &layout), BW_ERR_FORMAT,
                     "%s", bad[k]);
    cr_assert_eq(load_npy(4, good[0], 6, v, &n, &layout), BW_ERR_FORMAT);
    cr_assert_eq(load_npy(1, good[0], 5, v, &n, &layout), BW_ERR_FORMAT);
    cr_assert_eq(load_npy(1, good[0], 7, v, &n, &layout), BW_ERR_FORMAT);
}

Test(array, fortran_order_is_turned)
{
    double v[24];
    size_t n;
    bw_array_form layout;

    /* Item (i,j,k) of (2,3,4) stands at i + 2 (j + 3 k). */
    cr_assert_eq(load_npy(1,
                          "{'descr': '|u1', 'fortran_order': True, 'shape': "
                          "(2, 3, 4)}",
                          24, v, &n, &layout),
                 BW_OK);
    cr_assert_eq(n, 24);
    for (size_t m = 0; m < 24; m++) {
        size_t i = m / 12, j = m / 4 % 3, k = m % 4;
        cr_assert_eq(v[m], (double)(i + 2 * (j + 3 * k)));
    }
}

Test(array, declared_sizes_cost_nothing)
{
    unsigned char over[40] = {0, 0, 8,    3,    0x3f, 0xff, 0xff, 0xff,
                              0, 0, 0x7f, 0xff, 0,    0,    0x7f, 0xff};
    double v[1];
    size_t n;
    bw_array_form layout;
    uint64_t digest;
    bw_error err = BW_ERROR_INIT;

    put(over, sizeof over);
    cr_assert_eq(load(v, &n, &layout, &digest, &err), BW_ERR_FORMAT);
    cr_assert(strstr(err.text, "declares"), "%s", err.text);
    memset(over + 4, 0xff, 12);
    put(over, sizeof over);
    cr_assert_eq(load(v, &n, &layout, &digest, &err), BW_ERR_FORMAT);
}

Test(array, headers_that_are_written_are_read)
{
    bw_array_form layout = {.dtype = BW_U8, .rank = 3, .shape = {2, 1, 3}};
    bw_array_form got;
    unsigned char head[BW_IDX_HEADER_MAX];
    char npy[BW_NPY_HEADER_MAX], file[BW_NPY_HEADER_MAX + 6];
    double v[6];
    size_t n_head, n;
    uint64_t digest;

    cr_assert_eq(bw_idx_make_header(&layout, head, &n_head, NULL), BW_OK);
    cr_assert_eq(n_head, 16);
    memcpy(file, head, n_head);
    memcpy(file + n_head, "\0\1\2\3\4\5", 6);
    put(file, n_head + 6);
    cr_assert_eq(load(v, &n, &got, &digest, NULL), BW_OK);
    cr_assert(n == 6 && v[5] == 5 && got.shape[2] == 3);
    for (layout.rank = 0; layout.rank < 4; layout.rank++) {
        cr_assert_eq(bw_npy_make_header(&layout, npy, &n_head, NULL), BW_OK);
        cr_assert_eq(n_head % 64, 0);
        cr_assert_eq(npy[n_head - 1], '\n');
    }
    memcpy(file, npy, n_head);
    memcpy(file + n_head, "\0\1\2\3\4\5", 6);
    put(file, n_head + 6);
    cr_assert_eq(load(v, &n, &got, &digest, NULL), BW_OK);
    cr_assert(n == 6 && got.rank == 3 && got.shape[0] == 2);
    layout.dtype = BW_U64;
    layout.rank = 1;
    cr_assert_eq(bw_idx_make_header(&layout, head, &n_head, NULL),
                 BW_ERR_USAGE);
    layout.dtype = BW_BF16;
    cr_assert_eq(bw_npy_make_header(&layout, npy, &n_head, NULL), BW_ERR_USAGE);
}
