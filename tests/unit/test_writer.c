/* test_writer.c - containers as they are written. */
#include "config.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/container.h"
#include "raw_file.h"

static size_t n_files(void)
{
    DIR *folder = opendir(".");
    size_t n = 0;

    cr_assert_not_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        n +=
            strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(folder);
    return n;
}

Test(writer, plain_bytes_are_these, RAW_FOLDER)
{
    static const char header[] =
        "{\"__metadata__\":{\"k\":\"v\"},"
        "\"big\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]},"
        "\"none\":{\"dtype\":\"U32\",\"shape\":[0,2],\"data_offsets\":[16,16]},"
        "\"small\":{\"dtype\":\"U8\",\"shape\":[3,1],\"data_offsets\":[16,19]},"
        "\"last\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[19,20]}}";
    bw_error err = BW_ERROR_INIT;
    bw_writer *w;
    size_t small, last, big, none, n, n_header = (strlen(header) + 7) / 8 * 8;
    unsigned char *bytes;

    OK(bw_writer_create("x.safetensors", &w, &err));
    OK(bw_writer_add(w, "small", BW_U8, 2, (uint64_t[]){1}, &small, &err));
    OK(bw_writer_add(w, "last", BW_I8, 1, NULL, &last, &err));
    OK(bw_writer_add(w, "none", BW_U32, 2, (uint64_t[]){2}, &none, &err));
    OK(bw_writer_add(w, "big", BW_F64, 1, NULL, &big, &err));
    OK(bw_writer_set_meta(w, "k", "old", &err));
    OK(bw_writer_append(w, small, "a", 1, &err));
    OK(bw_writer_append(w, big, &(double){1.5}, 8, &err));
    OK(bw_writer_append(w, last, "z", 1, &err));
    OK(bw_writer_append(w, small, "bc", 2, &err));
    OK(bw_writer_append(w, big, &(double){2.5}, 8, &err));
    OK(bw_writer_set_meta(w, "k", "v", &err));
    cr_expect_eq(n_files(), 0);
    OK(bw_writer_commit(w, &err));
    bw_writer_destroy(w);
    cr_expect_eq(n_files(), 1);

    bytes = raw_read("x.safetensors", &n);
    cr_assert_eq(n, 8 + n_header + 20);
    cr_expect_eq(bytes[0] + 256 * bytes[1], n_header);
    cr_expect_eq(memcmp(bytes + 8, header, strlen(header)), 0);
    cr_expect_eq(bytes[8 + n_header - 1], ' ');
    cr_expect_eq(memcmp(bytes + 8 + n_header, &(double){1.5}, 8), 0);
    cr_expect_eq(memcmp(bytes + 16 + n_header, &(double){2.5}, 8), 0);
    cr_expect_eq(memcmp(bytes + 24 + n_header, "abcz", 4), 0);
    free(bytes);
}

/* Two tensors that both outgrow memory, in turns of `step` items. */
static void write_large(const char *name, size_t step)
{
    enum { N = 700 * 1000 };
    uint32_t *items = malloc(N * sizeof *items);
    bw_error err = BW_ERROR_INIT;
    bw_writer *w;
    size_t a, b;

    cr_assert_not_null(items);
    for (uint32_t k = 0; k < N; k++)
        items[k] = (k * 2654435761u) ^ (k * k * 40503u);
    OK(bw_writer_create(name, &w, &err));
    OK(bw_writer_add(w, "a", BW_U32, 1, NULL, &a, &err));
    OK(bw_writer_add(w, "b", BW_U32, 2, (uint64_t[]){2}, &b, &err));
    for (size_t k = 0; k < N; k += step) {
        size_t n = k + step <= N ? step : N - k;

        OK(bw_writer_append(w, b, items + k, n * sizeof *items, &err));
        OK(bw_writer_append(w, a, items + k, n * sizeof *items, &err));
    }
    OK(bw_writer_commit(w, &err));
    bw_writer_destroy(w);
    free(items);
}

Test(writer, equal_bytes_however_calls_cut_them, RAW_FOLDER)
{
    static const char *const name[] = {"a.st.zst", "a.safetensors"};

    for (int k = 0; k < 2; k++) {
        size_t n_one, n_two;
        unsigned char *one, *two;

        write_large(name[k], 700 * 1000);
        one = raw_read(name[k], &n_one);
        write_large(name[k], 777);
        two = raw_read(name[k], &n_two);
        cr_expect_eq(n_one, n_two);
        cr_expect_eq(memcmp(one, two, n_one), 0);
        cr_expect_eq(n_files(), (size_t)k + 1);
        free(one);
        free(two);
    }
}

Test(writer, large_tensors_are_read_back, RAW_FOLDER)
{
    static const char *const name[] = {"a.st.zst", "a.safetensors"};

    for (int k = 0; k < 2; k++) {
        bw_error err = BW_ERROR_INIT;
        bw_reader *r;
        void *all;

        write_large(name[k], 1000);
        OK(bw_reader_open(name[k], &r, &err));
        cr_expect_eq(bw_reader_is_compressed(r), k == 0);
        cr_expect_eq(bw_reader_n_data_bytes(r), 2 * 2800 * 1000);
        cr_expect_eq((8 + bw_reader_n_header_bytes(r)) % 8, 0);
        for (size_t t = 0; t < 2; t++) {
            const uint32_t *items;
            size_t n_bad = 0;

            OK(bw_reader_read_all(r, bw_reader_tensor(r, t), &all, &err));
            items = all;
            for (uint32_t i = 0; i < 700 * 1000; i++)
                n_bad += items[i] != ((i * 2654435761u) ^ (i * i * 40503u));
            cr_expect_eq(n_bad, 0);
            free(all);
        }
        cr_expect_eq(bw_reader_find(r, "b")->shape[0], 350 * 1000);
        OK(bw_reader_finish(r, NULL, &err));
        bw_reader_close(r);
    }
}

Test(writer, frames_carry_checksums, RAW_FOLDER)
{
    size_t n;
    unsigned char *bytes;

    write_large("a.st.zst", 1000);
    bytes = raw_read("a.st.zst", &n);
    for (size_t at = 0, length; at < n; at += length) {
        cr_expect(bytes[at + 4] & 4, "frame at %zu", at);
        length = ZSTD_findFrameCompressedSize(bytes + at, n - at);
        cr_assert_not(ZSTD_isError(length));
    }
    free(bytes);
}

Test(writer, nothing_at_all_is_a_container, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;
    bw_writer *w;
    bw_reader *r;

    OK(bw_writer_create("x", &w, &err));
    OK(bw_writer_commit(w, &err));
    bw_writer_destroy(w);
    OK(bw_reader_open("x", &r, &err));
    cr_expect_eq(bw_reader_n_tensors(r), 0);
    OK(bw_reader_finish(r, NULL, &err));
    bw_reader_close(r);
}

Test(writer, an_abandoned_file_is_not_there, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;
    bw_writer *w;
    size_t a;

    OK(bw_writer_create("x", &w, &err));
    OK(bw_writer_add(w, "a", BW_U8, 1, NULL, &a, &err));
    OK(bw_writer_append(w, a, "x", 1, &err));
    bw_writer_destroy(w);
    bw_writer_destroy(NULL);
    cr_expect_eq(n_files(), 0);
}

/* A tensor of rows of `length` U16 takes `n` bytes, and no file comes of it. */
static void refuse_bytes(uint64_t length, size_t n, const char *message)
{
    bw_error err = BW_ERROR_INIT;
    bw_writer *w;
    size_t a;

    OK(bw_writer_create("x", &w, &err));
    OK(bw_writer_add(w, "a", BW_U16, 2, &length, &a, &err));
    OK(bw_writer_append(w, a, "0123456789", n, &err));
    FAILS(bw_writer_commit(w, &err), BW_ERR_INTERNAL, message);
    cr_expect_eq(n_files(), 0);
    bw_writer_destroy(w);
}

Test(writer, half_a_row_is_our_mistake, RAW_FOLDER)
{
    refuse_bytes(3, 10,
                 "x: tensor 'a': 10 bytes are no whole number of rows of 6");
}

Test(writer, a_row_of_no_items_has_no_bytes, RAW_FOLDER)
{
    refuse_bytes(0, 1,
                 "x: tensor 'a': 1 bytes are no whole number of rows of 0");
}

Test(writer, bad_tensors_are_refused, RAW_FOLDER)
{
    static const uint64_t nine[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    bw_error err = BW_ERROR_INIT;
    bw_writer *w;
    size_t a;

    OK(bw_writer_create("x", &w, &err));
    OK(bw_writer_add(w, "a", BW_U8, 1, NULL, &a, &err));
    FAILS(bw_writer_add(w, "a", BW_U8, 1, NULL, &a, &err), BW_ERR_USAGE,
          "tensor 'a' is there twice");
    FAILS(bw_writer_add(w, "__metadata__", BW_U8, 1, NULL, &a, &err),
          BW_ERR_USAGE,
          "tensor '__metadata__': this name is taken by the format");
    FAILS(bw_writer_add(w, "\xff", BW_U8, 1, NULL, &a, &err), BW_ERR_RANGE,
          "tensor '\\xff': the name is no UTF-8");
    FAILS(bw_writer_add(w, "b", BW_U8, 0, NULL, &a, &err), BW_ERR_DIMENSION,
          "tensor 'b': 0 axes, not 1 to 8");
    FAILS(bw_writer_add(w, "b", BW_U8, 9, nine, &a, &err), BW_ERR_DIMENSION,
          "tensor 'b': 9 axes, not 1 to 8");
    FAILS(bw_writer_add(w, "b", BW_U64, 2, (uint64_t[]){UINT64_MAX / 2}, &a,
                        &err),
          BW_ERR_RANGE, "tensor 'b': a row of more bytes than 63 bits count");
    bw_writer_destroy(w);
}

Test(writer, bad_places_are_told_at_once, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;
    bw_writer *w;

    FAILS(bw_writer_create("no/x", &w, &err), BW_ERR_IO,
          "no/x: No such file or directory");
    cr_expect_null(w);
    OK(bw_writer_create("/dev/full", &w, &err));
    FAILS(bw_writer_commit(w, &err), BW_ERR_IO,
          "/dev/full: No space left on device");
    bw_writer_destroy(w);
}
