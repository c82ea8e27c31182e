/* test_rows.c - the histograms that distances are of. */
#include "config.h"

#include <criterion/criterion.h>
#include <inttypes.h>

#include <xxhash.h>

#include "raw_file.h"
#include "store/rows.h"

static const unsigned char pixels[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

/* Images of 1x2 pixels: the first n of pixels; `labels` stands in front. */
static void write_images(const char *name, size_t n)
{
    const int32_t labels[5] = {0};
    bw_error err = BW_ERROR_INIT;
    size_t images, index;
    bw_writer *w;

    OK(bw_writer_create(name, &w, &err));
    OK(bw_writer_add(w, "labels", BW_I32, 1, NULL, &index, &err));
    OK(bw_writer_append(w, index, labels, n * 4, &err));
    OK(bw_writer_add(w, "images", BW_U8, 4, (uint64_t[]){1, 2, 1}, &images,
                     &err));
    OK(bw_writer_append(w, images, pixels, n * 2, &err));
    OK(bw_writer_commit(w, &err));
    bw_writer_destroy(w);
}

/* Distances without any, of n histograms; either may be NULL. */
static bw_reader *distances(const char *n, const char *digits)
{
    bw_error err = BW_ERROR_INIT;
    bw_reader *reader;
    bw_writer *w;
    size_t cost;

    OK(bw_writer_create("d", &w, &err));
    OK(bw_writer_add(w, "cost", BW_F64, 1, NULL, &cost, &err));
    if (n)
        OK(bw_writer_set_meta(w, "histograms", n, &err));
    if (digits)
        OK(bw_writer_set_meta(w, "histograms_xxh64", digits, &err));
    OK(bw_writer_commit(w, &err));
    bw_writer_destroy(w);
    OK(bw_reader_open("d", &reader, &err));
    return reader;
}

/* By hand: text, zero, the first n images. */
static const char *digest(size_t n, char digits[17])
{
    unsigned char bytes[64] = "U8 1x2x1";

    memcpy(bytes + 9, pixels, 2 * n);
    snprintf(digits, 17, "%016" PRIx64, (uint64_t)XXH64(bytes, 9 + 2 * n, 0));
    return digits;
}

static bw_status check(bw_rows *rows, const char *n, const char *digits,
                       bw_error *err)
{
    bw_reader *reader = distances(n, digits);
    bw_status status = bw_rows_check(rows, reader, err);

    bw_reader_close(reader);
    return status;
}

Test(rows, distances_are_of_the_first_rows, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;
    bw_provenance *provenance = bw_provenance_create("t", 0, NULL, NULL);
    char digits[17];
    bw_reader *reader;
    bw_writer *w;
    bw_rows *rows;

    write_images("i", 5);
    OK(bw_rows_open("i", &rows, &err));
    OK(check(rows, "0", digest(0, digits), &err));
    OK(check(rows, "3", digest(3, digits), &err));
    OK(check(rows, "3", digest(3, digits), &err));
    OK(check(rows, "4", digest(4, digits), &err));
    OK(bw_writer_create("o", &w, &err));
    OK(bw_rows_finish(rows, w, provenance, &err));
    OK(bw_provenance_stamp(provenance, w, "distances", &err));
    OK(bw_writer_commit(w, &err));
    bw_writer_destroy(w);
    bw_provenance_destroy(provenance);
    bw_rows_close(rows);

    OK(bw_reader_open("o", &reader, &err));
    cr_assert_str_eq(bw_reader_meta(reader, "histograms"), "5");
    cr_assert_str_eq(bw_reader_meta(reader, "histograms_xxh64"),
                     digest(5, digits));
    cr_assert(
        strstr(bw_reader_meta(reader, "barrow.provenance"),
               "\"name\": \"i\"") ||
        strstr(bw_reader_meta(reader, "barrow.provenance"), "\"name\":\"i\""));
    bw_reader_close(reader);
}

Test(rows, others_are_refused, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;
    char digits[17];
    bw_rows *rows;

    write_images("i", 5);
    OK(bw_rows_open("i", &rows, &err));
    FAILS(check(rows, "3", digest(2, digits), &err), BW_ERR_DIMENSION,
          "of other histograms than the first 3 of i");
    FAILS(check(rows, "6", digest(5, digits), &err), BW_ERR_DIMENSION,
          "of 6 histograms; i has 5");
    FAILS(check(rows, "2", digest(2, digits), &err), BW_ERR_DIMENSION,
          "of 2 histograms, behind a file of 3: files go in the order in "
          "which they grew");
    for (size_t k = 0; k < 4; k++) {
        static const char *const n[] = {"3", NULL, "x", "3x"};
        FAILS(check(rows, n[k], k == 0 ? NULL : digest(3, digits), &err),
              BW_ERR_DIMENSION,
              "does not tell which histograms it is of: no distances of one "
              "file, as wdist writes them");
    }
    bw_rows_close(rows);
}

Test(rows, a_file_without_rows_is_refused, RAW_FOLDER)
{
    bw_error err = BW_ERROR_INIT;
    size_t index;
    bw_writer *w;
    bw_rows *rows;

    OK(bw_writer_create("two", &w, &err));
    OK(bw_writer_add(w, "a", BW_U8, 1, NULL, &index, &err));
    OK(bw_writer_add(w, "b", BW_U8, 1, NULL, &index, &err));
    OK(bw_writer_commit(w, &err));
    bw_writer_destroy(w);
    FAILS(bw_rows_open("two", &rows, &err), BW_ERR_FORMAT,
          "two: neither a tensor 'mass' nor 'images'");
    cr_assert_null(rows);
    cr_assert_neq(bw_rows_open("none", &rows, &err), BW_OK);
    bw_rows_close(NULL);
}
