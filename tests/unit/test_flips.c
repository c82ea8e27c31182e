/* test_flips.c - no flipped bit and no cut of a compressed container goes
 * unseen: files of every kind, damaged at random, are refused, or give the
 * bytes that were written. BARROW_FLIPS is another seed than 1; a finding names
 * it. */
#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "barrow/container.h"
#include "barrow/random.h"
#include "raw_file.h"
#include "toy_learner.h"

enum {
    N_DAMAGED = 10000,
    N_CUT = 4 /* one of so many is a cut */,
    SPREAD = 97
};

static bw_error err = BW_ERROR_INIT;

/* ---- files of every kind ---- */

/* Rows of a tensor; values that compress, but not away. */
static void put(bw_writer *writer, const char *name, bw_dtype dtype,
                uint64_t n_rows, uint64_t width)
{
    size_t index, n = (size_t)(n_rows * width) * bw_dtype_size(dtype);
    unsigned char *bytes = malloc(n);

    cr_assert_not_null(bytes);
    for (size_t k = 0; k < n; k++)
        bytes[k] = k % 3 == 0 ? (unsigned char)(k * k / 7 % SPREAD) : 0;
    OK(bw_writer_add(writer, name, dtype, width > 1 ? 2 : 1, &width, &index,
                     &err));
    OK(bw_writer_append(writer, index, bytes, n, &err));
    free(bytes);
}

static bw_writer *begin(const char *path, const char *kind)
{
    bw_writer *writer;

    OK(bw_writer_create(path, &writer, &err));
    OK(bw_writer_set_meta(writer, "barrow.kind", kind, &err));
    OK(bw_writer_set_meta(writer, "barrow.format", "1", &err));
    return writer;
}

static void end(bw_writer *writer)
{
    OK(bw_writer_commit(writer, &err));
    bw_writer_destroy(writer);
}

static void make_images(const char *path)
{
    bw_writer *writer = begin(path, "images");

    put(writer, "images", BW_U8, 20, 64);
    put(writer, "labels", BW_I32, 20, 1);
    end(writer);
}

static void make_histograms(const char *path)
{
    bw_writer *writer = begin(path, "histograms");

    put(writer, "mass", BW_F64, 9, 11);
    put(writer, "support", BW_F64, 11, 2);
    end(writer);
}

static void make_distances(const char *path)
{
    bw_writer *writer = begin(path, "distances");

    OK(bw_writer_set_meta(writer, "ground", "l2", &err));
    put(writer, "pairs", BW_U32, 40, 2);
    put(writer, "distance", BW_F64, 40, 1);
    put(writer, "gap", BW_F64, 40, 1);
    end(writer);
}

static void make_model(const char *path)
{
    bw_writer *writer;
    toy t;

    toy_make(&t, 10, false);
    OK(bw_writer_create(path, &writer, &err));
    OK(bw_model_put(t.model, NULL, writer, &err));
    end(writer);
    toy_free(&t);
}

static void make_checkpoint(const char *path)
{
    bw_train_options options = toy_options();
    bw_train_result result;
    toy t;

    toy_make(&t, 10, true);
    options.checkpoint = path;
    options.epochs = 2;
    OK(bw_train_run(&t.learner, &options, &result, &err));
    toy_free(&t);
}

static void (*const makers[])(const char *) = {
    make_images, make_histograms, make_distances, make_model, make_checkpoint,
};
enum { N_KINDS = sizeof makers / sizeof *makers };

/* ---- damage ---- */

static uint64_t seed_of_test(void)
{
    const char *given = getenv("BARROW_FLIPS");

    return given != NULL ? strtoull(given, NULL, 10) : 1;
}

typedef struct damage {
    bool is_cut;
    size_t byte;
    unsigned bit;
    char text[96]; /* for a finding: how to have it again */
} damage;

/* To a file of n bytes. */
static damage draw(bw_random *random, uint64_t seed, size_t kind, size_t n)
{
    damage d = {.is_cut = bw_random_below(random, N_CUT) == 0};

    d.byte = (size_t)bw_random_below(random, n);
    d.bit = (unsigned)bw_random_below(random, 8);
    if (d.is_cut)
        snprintf(d.text, sizeof d.text, "seed %llu, file %zu: cut at byte %zu",
                 (unsigned long long)seed, kind, d.byte);
    else
        snprintf(d.text, sizeof d.text,
                 "seed %llu, file %zu: bit %u of byte %zu",
                 (unsigned long long)seed, kind, d.bit, d.byte);
    return d;
}

/* Opens and reads to the end. */
static bw_status read_through(const char *path, uint64_t *digest)
{
    bw_reader *reader;
    bw_status status = bw_reader_open(path, &reader, &err);

    if (status == BW_OK)
        status = bw_reader_finish(reader, digest, &err);
    bw_reader_close(reader);
    return status;
}

/* Damages the file in one way, reads it, and mends the bytes. Whether the
 * damage was seen. */
static bool is_seen(const damage *d, unsigned char *bytes, size_t n,
                    uint64_t wanted)
{
    unsigned char bit = (unsigned char)(1u << d->bit);
    uint64_t digest = 0;
    bw_status status;

    bytes[d->byte] ^= bit;
    raw_write("damaged", bytes, d->is_cut ? d->byte : n);
    bytes[d->byte] ^= bit;
    err = (bw_error)BW_ERROR_INIT;
    status = read_through("damaged", &digest);
    if (status == BW_OK) {
        cr_expect_not(d->is_cut, "%s", d->text);
        cr_expect_eq(digest, wanted, "%s", d->text);
        return false;
    }
    cr_expect_eq(status, BW_ERR_FORMAT, "%s: %s", d->text, err.text);
    cr_expect_eq(strncmp(err.text, "damaged: ", 9), 0, "%s: %s", d->text,
                 err.text);
    return true;
}

static void check_kind(size_t kind, uint64_t seed)
{
    size_t n, n_unseen = 0;
    uint64_t wanted;
    unsigned char *bytes;
    bw_random random;

    makers[kind]("whole.st.zst");
    OK(read_through("whole.st.zst", &wanted));
    bytes = raw_read("whole.st.zst", &n);
    bw_random_init(&random, seed, BW_RANDOM_TEST, kind);
    for (size_t k = 0; k < N_DAMAGED / N_KINDS; k++) {
        damage d = draw(&random, seed, kind, n);

        n_unseen += !is_seen(&d, bytes, n, wanted);
    }
    cr_expect_lt(20 * n_unseen, N_DAMAGED / N_KINDS, "seed %llu, file %zu",
                 (unsigned long long)seed, kind);
    free(bytes);
    cr_assert_eq(unlink("whole.st.zst"), 0);
}

/* Bits that mean nothing are few: of a frame's header. */
Test(flips, damage_is_seen_or_harmless, RAW_FOLDER)
{
    uint64_t seed = seed_of_test();

    for (size_t kind = 0; kind < N_KINDS; kind++)
        check_kind(kind, seed);
}
