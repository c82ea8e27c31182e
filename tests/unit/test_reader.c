/* test_reader.c - containers as streams, whole and damaged. */
#include "config.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "barrow/container.h"
#include "raw_file.h"
#include "store/reader.h"

#define HEADER                                                                 \
    "{\"__metadata__\":{\"barrow.kind\":\"zoo\",\"x\":\"y\"},"                 \
    "\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},"           \
    "\"b\":{\"dtype\":\"U16\",\"shape\":[2,2],\"data_offsets\":[3,11]},"       \
    "\"c\":{\"dtype\":\"F64\",\"shape\":[0,5],\"data_offsets\":[11,11]}}"

static const unsigned char data[] = "abcdefghijk";
enum { N_DATA = 11, N_HEADER = sizeof HEADER - 1 };

/* The same container in frames that are cut at the places given. */
static void write_frames(const char *name, const size_t *cut, size_t n_cut,
                         int has_checksum)
{
    size_t n, at = 0, from = 0;
    unsigned char *bytes = raw_container(HEADER, data, N_DATA, &n);
    unsigned char frames[4096];

    for (size_t k = 0; k <= n_cut; k++) {
        size_t to = k < n_cut ? cut[k] : n;

        at += raw_frame(frames + at, sizeof frames - at, bytes + from,
                        to - from, has_checksum);
        from = to;
    }
    raw_write(name, frames, at);
    free(bytes);
}

/* Reads all of it and compares with what was written. */
static void expect_whole(const char *name)
{
    bw_error err = BW_ERROR_INIT;
    bw_reader *r;
    char part[8] = "";
    void *all;
    uint64_t digest, again;

    OK(bw_reader_open(name, &r, &err));
    cr_assert_eq(bw_reader_n_tensors(r), 3);
    cr_expect_str_eq(bw_reader_meta(r, "x"), "y");
    cr_expect_eq(bw_reader_n_meta(r), 2);
    cr_expect_str_eq(bw_reader_meta_key(r, 1), "x");
    cr_expect_eq(bw_reader_n_header_bytes(r), N_HEADER);
    cr_expect_eq(bw_reader_n_data_bytes(r), N_DATA);
    OK(bw_reader_read(r, bw_reader_find(r, "a"), part, 2, &err));
    cr_expect_str_eq(part, "ab");
    OK(bw_reader_read(r, bw_reader_find(r, "a"), part, 1, &err));
    cr_expect_eq(part[0], 'c');
    OK(bw_reader_read_all(r, bw_reader_find(r, "b"), &all, &err));
    cr_expect_eq(memcmp(all, "defghijk", 8), 0);
    free(all);
    OK(bw_reader_read_all(r, bw_reader_find(r, "c"), &all, &err));
    free(all);
    OK(bw_reader_finish(r, &digest, &err));
    OK(bw_reader_finish(r, &again, &err));
    cr_expect_eq(digest, again);
    bw_reader_close(r);
}

/* Opens and reads to the end. */
static bw_status read_through(const char *name, uint64_t *digest, bw_error *err)
{
    bw_reader *r;
    bw_status status = bw_reader_open(name, &r, err);

    if (status != BW_OK) {
        cr_expect_null(r);
        return status;
    }
    status = bw_reader_finish(r, digest, err);
    bw_reader_close(r);
    return status;
}

Test(reader, reads_plain_and_frames, RAW_FOLDER)
{
    static const size_t cuts[] = {4, 8, 8, 20, 8 + N_HEADER, 13 + N_HEADER};

    raw_write_container("plain", HEADER, data, N_DATA);
    expect_whole("plain");
    write_frames("one", NULL, 0, 1);
    expect_whole("one");
    write_frames("many", cuts, 6, 1);
    expect_whole("many");
    write_frames("bare", cuts, 6, 0);
    expect_whole("bare");
}

Test(reader, digest_is_that_of_the_plain_bytes, RAW_FOLDER)
{
    static const unsigned char empty[10] = {2, 0, 0, 0, 0, 0, 0, 0, '{', '}'};
    bw_error err = BW_ERROR_INIT;
    uint64_t digest;
    unsigned char frame[64];

    /* By xxh64sum: printf '\2\0\0\0\0\0\0\0{}' | xxh64sum */
    raw_write("plain", empty, sizeof empty);
    OK(read_through("plain", &digest, &err));
    cr_expect_eq(digest, UINT64_C(0x0abb90d939a81772), "%016lx",
                 (unsigned long)digest);
    raw_write("frame", frame, raw_frame(frame, 64, empty, sizeof empty, 1));
    OK(read_through("frame", &digest, &err));
    cr_expect_eq(digest, UINT64_C(0x0abb90d939a81772));
}

Test(reader, skippable_frames_are_skipped, RAW_FOLDER)
{
    static const unsigned char skippable[] = {0x53, 0x2a, 0x4d, 0x18, 2,
                                              0,    0,    0,    'h',  'i'};
    unsigned char bytes[1024];
    size_t n, at = sizeof skippable;
    unsigned char *plain = raw_container(HEADER, data, N_DATA, &n);

    memcpy(bytes, skippable, sizeof skippable);
    at += raw_frame(bytes + at, sizeof bytes - at, plain, n, 1);
    memcpy(bytes + at, skippable, sizeof skippable);
    raw_write("s", bytes, at + sizeof skippable);
    expect_whole("s");
    free(plain);
}

Test(reader, names_for_messages, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;
    bw_reader *r;
    char path[128];

    raw_write_container("plain", HEADER, data, N_DATA);
    snprintf(path, sizeof path, "%s/plain", raw_folder);
    OK(bw_reader_open(path, &r, &err));
    cr_expect_str_eq(bw_reader_path(r), path);
    cr_expect_str_eq(bw_reader_base_name(r), "plain");
    cr_expect_not(bw_reader_is_compressed(r));
    cr_expect_null(bw_reader_find(r, "d"));
    cr_expect_null(bw_reader_meta(r, "d"));
    bw_reader_close(r);
    bw_reader_close(NULL);
}

Test(reader, going_back_is_refused, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;
    bw_reader *r;
    char part[16];

    raw_write_container("plain", HEADER, data, N_DATA);
    OK(bw_reader_open("plain", &r, &err));
    OK(bw_reader_read(r, bw_reader_find(r, "b"), part, 6, &err));
    FAILS(bw_reader_read(r, bw_reader_find(r, "a"), part, 1, &err),
          BW_ERR_USAGE,
          "plain: tensor 'a' was read already: 1 bytes wanted and 0 left");
    FAILS(bw_reader_read(r, bw_reader_find(r, "b"), part, 3, &err),
          BW_ERR_USAGE,
          "plain: tensor 'b' was read already: 3 bytes wanted and 2 left");
    OK(bw_reader_read(r, bw_reader_find(r, "b"), part, 2, &err));
    OK(bw_reader_read(r, bw_reader_find(r, "b"), part, 0, &err));
    bw_reader_close(r);
}

Test(reader, no_prefix_is_taken_for_the_whole, RAW_FOLDER)
{
    size_t n;
    unsigned char *bytes;

    write_frames("z", (size_t[]){100}, 1, 1);
    raw_write_container("p", HEADER, data, N_DATA);
    for (int k = 0; k < 2; k++) {
        bytes = raw_read(k == 0 ? "z" : "p", &n);
        for (size_t cut = 0; cut < n; cut++) {
            bw_error err = BW_ERROR_INIT;
            uint64_t digest;

            raw_write("cut", bytes, cut);
            cr_expect_eq(read_through("cut", &digest, &err), BW_ERR_FORMAT,
                         "%zu of %zu", cut, n);
            cr_expect_eq(strncmp(err.text, "cut: ", 5), 0, "%s", err.text);
        }
        free(bytes);
    }
}

/* Some bits of a frame's header mean nothing: then the content is the same. */
Test(reader, no_flipped_bit_goes_unseen, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;
    uint64_t digest, wanted;
    size_t n, n_same = 0;
    unsigned char *bytes;

    write_frames("z", (size_t[]){100}, 1, 1);
    OK(read_through("z", &wanted, &err));
    bytes = raw_read("z", &n);
    for (size_t bit = 0; bit < 8 * n; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        raw_write("flip", bytes, n);
        if (read_through("flip", &digest, &err) == BW_OK) {
            cr_expect_eq(digest, wanted, "bit %zu", bit);
            n_same++;
        }
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    cr_expect_lt(50 * n_same, 8 * n, "%zu of %zu", n_same, 8 * n);
    free(bytes);
}

Test(reader, messages_say_where_the_file_ends, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;
    bw_reader *r;
    size_t n;
    unsigned char *bytes = raw_container(HEADER, data, N_DATA, &n);
    unsigned char frame[1024];
    char part[8];

    raw_write("none", "", 0);
    FAILS(bw_reader_open("none", &r, &err), BW_ERR_FORMAT,
          "none: empty: no container");
    raw_write("short", bytes, 5);
    FAILS(bw_reader_open("short", &r, &err), BW_ERR_FORMAT,
          "short: truncated: ends after 5 bytes of the header");
    raw_write("head", bytes, 100);
    FAILS(bw_reader_open("head", &r, &err), BW_ERR_FORMAT,
          "head: truncated: ends after 100 of 219 bytes of the header");
    raw_write("data", bytes, n - 2);
    FAILS(bw_reader_open("data", &r, &err), BW_ERR_FORMAT,
          "data: truncated: tensor 'b' ends after 6 of 8 bytes");
    raw_write("frame", frame, raw_frame(frame, 1024, bytes, n - 2, 1));
    OK(bw_reader_open("frame", &r, &err));
    FAILS(bw_reader_read(r, bw_reader_find(r, "b"), part, 8, &err),
          BW_ERR_FORMAT,
          "frame: truncated: tensor 'b' ends after 6 of 8 bytes");
    bw_reader_close(r);
    raw_write("end", frame, raw_frame(frame, 1024, bytes, n, 1) - 1);
    OK(bw_reader_open("end", &r, &err));
    FAILS(bw_reader_finish(r, NULL, &err), BW_ERR_FORMAT,
          "end: truncated: the last zstd frame lacks its end");
    bw_reader_close(r);
    free(bytes);
}

Test(reader, bytes_after_the_data_are_refused, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;
    bw_reader *r;
    size_t n, at;
    uint64_t digest;
    unsigned char *bytes = raw_container(HEADER, "abcdefghijk!", 12, &n);
    unsigned char frame[1024];

    raw_write("p", bytes, n);
    FAILS(bw_reader_open("p", &r, &err), BW_ERR_FORMAT,
          "p: 1 bytes follow the data, which end at byte 230");
    raw_write("z", frame, raw_frame(frame, 1024, bytes, n, 1));
    FAILS(read_through("z", &digest, &err), BW_ERR_FORMAT,
          "z: bytes follow the data, which end at byte 230");
    at = raw_frame(frame, 1024, bytes, n - 1, 1);
    memcpy(frame + at, "tail", 4);
    raw_write("tail", frame, at + 4);
    FAILS(read_through("tail", &digest, &err), BW_ERR_FORMAT,
          "tail: damaged after byte 230 (uncompressed): no zstd frame follows "
          "the last one");
    free(bytes);
}

Test(reader, other_files_are_refused, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;
    bw_reader *r;

    FAILS(bw_reader_open("absent", &r, &err), BW_ERR_IO,
          "absent: cannot open: No such file or directory");
    FAILS(bw_reader_open(".", &r, &err), BW_ERR_IO,
          ".: cannot read: Is a directory");
    raw_write("text", "just some text", 14);
    FAILS(bw_reader_open("text", &r, &err), BW_ERR_FORMAT,
          "text: no container: its first 8 bytes ask for a header of "
          "7885648055778899306 bytes, more than the 100000000 allowed");
    raw_write_container("new", "{\"__metadata__\":{\"barrow.format\":\"2\"}}",
                        "", 0);
    FAILS(bw_reader_open("new", &r, &err), BW_ERR_FORMAT,
          "new: barrow.format is '2', and only 1 is known");
}

/* A few bytes that promise a terabyte must not be believed. */
Test(reader, over_declared_files_take_no_memory, RAW_FOLDER)
{
    static const char promise[] =
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[1099511627776],"
        "\"data_offsets\":[0,1099511627776]}}";
    static const unsigned char length[8] = {0xff, 0xe0, 0xf5, 0x05};
    const struct rlimit limit = {512 << 20, 512 << 20};
    bw_error err = BW_ERROR_INIT;
    bw_reader *r;
    size_t n;
    unsigned char *bytes = raw_container(promise, "abc", 3, &n);
    unsigned char frame[1024];
    void *all;

#ifndef __SANITIZE_ADDRESS__
    cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
#else
    (void)limit;
#endif
    raw_write("z", frame, raw_frame(frame, 1024, bytes, n, 1));
    OK(bw_reader_open("z", &r, &err));
    FAILS(bw_reader_read_all(r, bw_reader_tensor(r, 0), &all, &err),
          BW_ERR_FORMAT,
          "z: truncated: tensor 'a' ends after 3 of 1099511627776 bytes");
    cr_expect_null(all);
    bw_reader_close(r);
    raw_write("h", length, sizeof length);
    FAILS(bw_reader_open("h", &r, &err), BW_ERR_FORMAT,
          "h: truncated: ends after 8 of 100000007 bytes of the header");
    free(bytes);
}

Test(reader, counts_frames_without_checksum, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;
    bw_reader *r;

    for (int checks = 0; checks < 2; checks++) {
        write_frames("z", (size_t[]){9, 50}, 2, checks);
        OK(bw_reader_open("z", &r, &err));
        OK(bw_reader_finish(r, NULL, &err));
        cr_expect(bw_reader_is_compressed(r));
        cr_expect_eq(bw_reader_state(r)->n_frames, 3);
        cr_expect_eq(bw_reader_state(r)->n_unchecked, checks ? 0 : 3);
        bw_reader_close(r);
    }
}
