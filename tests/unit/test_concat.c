/* test_concat.c - joining containers along the first axis. */
#include "config.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/container.h"
#include "barrow/provenance.h"
#include "raw_file.h"
#include "store/agree.h"
#include "store/concat.h"

/* ---- makers ---- */

/* n rows of images, 2 bytes each, that count from `from`, with labels. */
static void write_images(const char *name, uint8_t from, uint8_t n,
                         const char *note)
{
    bw_error err = BW_ERROR_INIT;
    bw_writer *w;
    size_t images, labels;

    OK(bw_writer_create(name, &w, &err));
    OK(bw_writer_set_meta(w, BW_META_KIND, "images", &err));
    OK(bw_writer_set_meta(w, "note", note, &err));
    OK(bw_writer_add(w, "images", BW_U8, 2, (uint64_t[]){2}, &images, &err));
    OK(bw_writer_add(w, "labels", BW_I32, 1, NULL, &labels, &err));
    for (uint8_t k = 0; k < n; k++) {
        uint8_t row[2] = {(uint8_t)(from + k), (uint8_t)(100 + from + k)};

        OK(bw_writer_append(w, images, row, 2, &err));
        OK(bw_writer_append(w, labels, &(int32_t){from + k}, 4, &err));
    }
    OK(bw_writer_commit(w, &err));
    bw_writer_destroy(w);
}

/* Distances of n pairs with plans of 0 to 3 entries; opt_shard as the
 * metadata and the argument of the step that made them. */
static void write_distances(const char *name, uint32_t from, uint32_t n,
                            const char *opt_shard, uint64_t digest)
{
    bw_error err = BW_ERROR_INIT;
    char option[32];
    const char *argv[] = {"--p=1", option, "x.st.zst"};
    const uint64_t two[1] = {2};
    bw_provenance *p;
    bw_writer *w;
    size_t pairs, cost, offset, bins, mass;
    uint64_t end = 0;

    snprintf(option, sizeof option, "--shard=%s",
             opt_shard ? opt_shard : "1/1");
    p = bw_provenance_create("wdist", 3, argv, NULL);
    cr_assert_not_null(p);
    OK(bw_provenance_add_input(p, "x.st.zst", digest, NULL, &err));
    OK(bw_writer_create(name, &w, &err));
    OK(bw_provenance_stamp(p, w, "distances", &err));
    if (opt_shard != NULL)
        OK(bw_writer_set_meta(w, "shard", opt_shard, &err));
    OK(bw_writer_add(w, "pairs", BW_U32, 2, two, &pairs, &err));
    OK(bw_writer_add(w, "cost", BW_F64, 1, NULL, &cost, &err));
    OK(bw_writer_add(w, "plan_offset", BW_U64, 1, NULL, &offset, &err));
    OK(bw_writer_add(w, "plan_bins", BW_U32, 2, two, &bins, &err));
    OK(bw_writer_add(w, "plan_mass", BW_F64, 1, NULL, &mass, &err));
    OK(bw_writer_append(w, offset, &end, 8, &err));
    for (uint32_t k = from; k < from + n; k++) {
        OK(bw_writer_append(w, pairs, (uint32_t[]){k, k + 1}, 8, &err));
        OK(bw_writer_append(w, cost, &(double){k * 0.5}, 8, &err));
        for (uint32_t i = 0; i < k % 4; i++, end++) {
            OK(bw_writer_append(w, bins, (uint32_t[]){i, k}, 8, &err));
            OK(bw_writer_append(w, mass, &(double){i + k * 0.1}, 8, &err));
        }
        OK(bw_writer_append(w, offset, &end, 8, &err));
    }
    OK(bw_writer_commit(w, &err));
    bw_writer_destroy(w);
    bw_provenance_destroy(p);
}

/* A histogram container of one row over two bins at the support given. */
static void write_histograms(const char *name, double at)
{
    const double support[2] = {0, at};
    bw_error err = BW_ERROR_INIT;
    bw_writer *w;
    size_t mass, bins;

    OK(bw_writer_create(name, &w, &err));
    OK(bw_writer_set_meta(w, BW_META_KIND, "histograms", &err));
    OK(bw_writer_add(w, "mass", BW_F64, 2, (uint64_t[]){2}, &mass, &err));
    OK(bw_writer_add(w, "support", BW_F64, 2, (uint64_t[]){1}, &bins, &err));
    OK(bw_writer_append(w, mass, support, 16, &err));
    OK(bw_writer_append(w, bins, support, 16, &err));
    OK(bw_writer_commit(w, &err));
    bw_writer_destroy(w);
}

static bw_status join(bw_error *err, size_t n, const char *const *path)
{
    *err = (bw_error)BW_ERROR_INIT;
    return bw_concat(n, path, NULL, "out", NULL, err);
}

#define JOIN(...)                                                              \
    join(&err, sizeof(const char *[]){__VA_ARGS__} / sizeof(char *),           \
         (const char *[]){__VA_ARGS__})

/* Same tensors in the same order, with equal bytes. */
static void expect_equal_tensors(const char *one, const char *two)
{
    bw_error err = BW_ERROR_INIT;
    bw_reader *a, *b;

    OK(bw_reader_open(one, &a, &err));
    OK(bw_reader_open(two, &b, &err));
    cr_assert_eq(bw_reader_n_tensors(a), bw_reader_n_tensors(b));
    for (size_t k = 0; k < bw_reader_n_tensors(a); k++) {
        const bw_tensor *s = bw_reader_tensor(a, k);
        const bw_tensor *t = bw_reader_tensor(b, k);
        void *x, *y;

        cr_expect_str_eq(s->name, t->name);
        cr_expect_eq(s->shape[0], t->shape[0], "%s", s->name);
        cr_assert_eq(s->n_bytes, t->n_bytes, "%s", s->name);
        OK(bw_reader_read_all(a, s, &x, &err));
        OK(bw_reader_read_all(b, t, &y, &err));
        cr_expect_eq(memcmp(x, y, s->n_bytes), 0, "%s", s->name);
        free(x);
        free(y);
    }
    bw_reader_close(a);
    bw_reader_close(b);
}

static void expect_meta(const char *key, const char *wanted)
{
    bw_error err = BW_ERROR_INIT;
    bw_reader *r;
    const char *value;

    OK(bw_reader_open("out", &r, &err));
    value = bw_reader_meta(r, key);
    if (wanted == NULL)
        cr_expect_null(value);
    else
        cr_expect_str_eq(value, wanted);
    bw_reader_close(r);
}

/* ---- tests ---- */

Test(concat, shards_are_read)
{
    static const struct {
        const char *text;
        bw_shard shard;
    } good[] = {{"1/1", {1, 1, 1}}, {"2/4", {2, 2, 4}}, {"2-3/4", {2, 3, 4}}};
    static const char *const bad[] = {
        "",     "1",     "0/2",  "3/2",  "1/",    "/2",
        "1/2 ", "2-1/2", "1-/2", "+1/2", "1-3/2", "99999999999999999999/1"};
    bw_shard shard;

    for (size_t k = 0; k < sizeof good / sizeof *good; k++) {
        cr_expect(bw_shard_parse(good[k].text, &shard), "%s", good[k].text);
        cr_expect_eq(shard.first, good[k].shard.first);
        cr_expect_eq(shard.last, good[k].shard.last);
        cr_expect_eq(shard.n, good[k].shard.n);
    }
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        cr_expect_not(bw_shard_parse(bad[k], &shard), "%s", bad[k]);
}

Test(concat, rows_follow_rows, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;

    write_images("a", 0, 3, "n");
    write_images("none", 3, 0, "n");
    write_images("b", 3, 4, "n");
    write_images("whole", 0, 7, "n");
    OK(JOIN("a", "none", "b"));
    expect_equal_tensors("out", "whole");
    expect_meta("note", "n");
    expect_meta("barrow.kind", "images");
    expect_meta("barrow.format", "1");
    OK(JOIN("none", "none"));
    OK(JOIN("whole"));
    expect_equal_tensors("out", "whole");
}

Test(concat, shards_become_the_whole_run, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;

    write_distances("whole", 0, 9, NULL, 5);
    write_distances("1", 0, 3, "1/3", 5);
    write_distances("2", 3, 0, "2/3", 5);
    write_distances("3", 3, 6, "3/3", 5);
    OK(JOIN("1", "2", "3"));
    expect_equal_tensors("out", "whole");
    expect_meta("shard", NULL);
    OK(JOIN("2", "3"));
    expect_meta("shard", "2-3/3");
    cr_assert_eq(rename("out", "23"), 0);
    OK(JOIN("1", "23"));
    expect_equal_tensors("out", "whole");
    expect_meta("shard", NULL);
    OK(JOIN("2"));
    expect_meta("shard", "2/3");
}

Test(concat, offsets_run_on_over_many_chunks, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;

    write_distances("whole", 0, 20000, NULL, 5);
    write_distances("a", 0, 9001, NULL, 5);
    write_distances("b", 9001, 10999, NULL, 5);
    OK(JOIN("a", "b"));
    expect_equal_tensors("out", "whole");
}

Test(concat, shards_in_disorder_are_refused, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;

    write_distances("1", 0, 3, "1/3", 5);
    write_distances("2", 3, 2, "2/3", 5);
    write_distances("3", 5, 2, "3/3", 5);
    write_distances("half", 3, 2, "2/2", 5);
    write_distances("other", 3, 2, "2/3", 6);
    write_distances("none", 3, 2, NULL, 5);
    write_distances("odd", 3, 2, "two", 5);
    FAILS(JOIN("1", "3"), BW_ERR_DIMENSION,
          "3: shard 3/3 does not follow 1, which ends with 1/3");
    FAILS(JOIN("1", "2", "2"), BW_ERR_DIMENSION,
          "2: shard 2/3 does not follow 2, which ends with 2/3");
    FAILS(JOIN("1", "half"), BW_ERR_DIMENSION,
          "half: shard 2/2, but 1 is one of 3");
    FAILS(JOIN("1", "other"), BW_ERR_DIMENSION,
          "other: shard of another run than 1: inputs of the step that made "
          "it differ");
    FAILS(JOIN("1", "none"), BW_ERR_DIMENSION,
          "none: is no shard of a run, unlike 1");
    FAILS(JOIN("odd"), BW_ERR_FORMAT, "odd: shard 'two' is no K/N");
    cr_expect_neq(access("out", F_OK), 0);
}

Test(concat, support_is_kept_once, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;
    bw_reader *r;

    write_histograms("a", 1);
    write_histograms("b", 1);
    write_histograms("c", 1.5);
    OK(JOIN("a", "b"));
    OK(bw_reader_open("out", &r, &err));
    cr_expect_eq(bw_reader_find(r, "mass")->shape[0], 2);
    cr_expect_eq(bw_reader_find(r, "support")->shape[0], 2);
    bw_reader_close(r);
    FAILS(JOIN("a", "c"), BW_ERR_DIMENSION,
          "c: tensor 'support' is not that of a");
}

Test(concat, parts_that_differ_are_refused, RAW_FOLDER)
{
#define TENSOR(name, type, shape, end)                                         \
    "\"" name "\":{\"dtype\":\"" type "\",\"shape\":" shape                    \
    ",\"data_offsets\":[0," end "]}"
    bw_error err = BW_ERROR_INIT;

    write_images("a", 0, 2, "n");
    write_images("b", 0, 2, "m");
    write_histograms("h", 1);
    FAILS(JOIN("a", "b"), BW_ERR_DIMENSION,
          "b: metadata 'note' is 'm', in a it is 'n'");
    FAILS(JOIN("a", "h"), BW_ERR_DIMENSION,
          "h: metadata 'barrow.kind' is 'histograms', in a it is 'images'");
    raw_write_container("x", "{" TENSOR("x", "U8", "[1,4]", "4") "}", "abcd",
                        4);
    raw_write_container("y", "{" TENSOR("x", "I8", "[1,4]", "4") "}", "abcd",
                        4);
    raw_write_container("z", "{" TENSOR("x", "U8", "[1,2,2]", "4") "}", "abcd",
                        4);
    raw_write_container("v", "{" TENSOR("v", "U8", "[1,4]", "4") "}", "abcd",
                        4);
    raw_write_container("s", "{" TENSOR("s", "U8", "[]", "1") "}", "a", 1);
    raw_write_container("m",
                        "{\"__metadata__\":{\"barrow.kind\":\"model\"}," TENSOR(
                            "x", "U8", "[1]", "1") "}",
                        "a", 1);
    FAILS(JOIN("x", "y"), BW_ERR_DIMENSION,
          "y: tensor 'x' has rows of I8 4, in x of U8 4");
    FAILS(JOIN("x", "z"), BW_ERR_DIMENSION,
          "z: tensor 'x' has rows of U8 2x2, in x of U8 4");
    FAILS(JOIN("x", "v"), BW_ERR_DIMENSION, "v: no tensor 'x', which x has");
    FAILS(JOIN("s"), BW_ERR_DIMENSION,
          "s: tensor 's' is a scalar and has no rows");
    FAILS(JOIN("m"), BW_ERR_DIMENSION, "m: a model has no rows to join");
    FAILS(JOIN("x", "a"), BW_ERR_DIMENSION,
          "a: metadata 'barrow.kind' is 'images', x has none");
    cr_expect_neq(access("out", F_OK), 0);
}

Test(concat, parts_that_contradict_themselves_are_refused, RAW_FOLDER)
{
#define DISTANCES "{\"__metadata__\":{\"barrow.kind\":\"distances\"},"
    static const uint64_t offsets[] = {1, 2, 0, 2, 1, 0, 1};
    bw_error err = BW_ERROR_INIT;

    raw_write_container(
        "rows",
        "{\"__metadata__\":{\"barrow.kind\":\"images\"}," TENSOR(
            "images", "U8", "[2]",
            "2") ",\"labels\":{\"dtype\":\"U8\",\"shape\":[1],"
                 "\"data_offsets\":[2,3]}}",
        "abc", 3);
    FAILS(JOIN("rows"), BW_ERR_DIMENSION,
          "rows: tensor 'labels' tells of 1 rows, 'images' of 2");
    raw_write_container("start",
                        DISTANCES TENSOR("plan_offset", "U64", "[2]", "16") "}",
                        offsets, 16);
    FAILS(JOIN("start"), BW_ERR_FORMAT,
          "start: tensor 'plan_offset' does not begin with 0");
    raw_write_container("falls",
                        DISTANCES TENSOR("plan_offset", "U64", "[3]", "24") "}",
                        offsets + 2, 24);
    FAILS(JOIN("falls"), BW_ERR_FORMAT,
          "falls: tensor 'plan_offset' has offset 1 after 2");
    raw_write_container("none",
                        DISTANCES TENSOR("plan_offset", "U64", "[0]", "0") "}",
                        offsets, 0);
    FAILS(JOIN("none"), BW_ERR_FORMAT,
          "none: tensor 'plan_offset' is no list of U64 offsets");
    raw_write_container(
        "end",
        DISTANCES TENSOR("plan_offset", "U64", "[2]",
                         "16") ",\"plan_bins\":{\"dtype\":\"U32\","
                               "\"shape\":[0,2],\"data_offsets\":[16,16]}}",
        offsets + 5, 16);
    FAILS(JOIN("end"), BW_ERR_FORMAT,
          "end: tensor 'plan_offset' ends with 1, 'plan_bins' has 0 rows");
}

Test(concat, damage_is_found_and_nothing_left, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;
    size_t n;
    unsigned char *bytes;

    write_images("a", 0, 9, "n");
    bytes = raw_read("a", &n);
    raw_write("cut", bytes, n - 1);
    free(bytes);
    FAILS(JOIN("a", "cut"), BW_ERR_FORMAT,
          "cut: truncated: the last zstd frame lacks its end");
    FAILS(JOIN("a", "absent"), BW_ERR_IO,
          "absent: cannot open: No such file or directory");
    FAILS(JOIN("a", "-", "-"), BW_ERR_USAGE,
          "standard input can be read once, not 2 times");
    cr_expect_neq(access("out", F_OK), 0);
}

Test(concat, the_steps_of_all_parts_are_kept, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;
    bw_reader *r;
    uint64_t digest;
    char wanted[64];
    const char *steps;

    write_distances("1", 0, 3, "1/2", 5);
    write_distances("2", 3, 2, "2/2", 5);
    OK(bw_reader_open("2", &r, &err));
    OK(bw_reader_finish(r, &digest, &err));
    bw_reader_close(r);
    OK(JOIN("1", "2"));
    OK(bw_reader_open("out", &r, &err));
    steps = bw_reader_meta(r, BW_META_PROVENANCE);
    cr_assert_not_null(steps);
    cr_expect_not_null(strstr(steps, "--shard=1/2"));
    cr_expect_not_null(strstr(steps, "--shard=2/2"));
    cr_expect_not_null(strstr(steps, "\"tool\":\"wcat\",\"version\":"
                                     "\"" PACKAGE_VERSION
                                     "\",\"argv\":[\"1\",\"2\"]"));
    snprintf(wanted, sizeof wanted, "{\"name\":\"2\",\"xxh64\":\"%016llx\"}",
             (unsigned long long)digest);
    cr_expect_not_null(strstr(steps, wanted));
    bw_reader_close(r);
}

static int stop(void)
{
    return 2;
}

Test(concat, stops_when_it_is_asked_to, RAW_FOLDER)
{
    const char *const path[] = {"a"};
    bw_error err = BW_ERROR_INIT;

    write_images("a", 0, 9, "n");
    FAILS(bw_concat(1, path, NULL, "out", stop, &err), BW_ERR_INTERRUPTED,
          "interrupted");
    cr_expect_neq(access("out", F_OK), 0);
}
