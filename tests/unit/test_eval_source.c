/* test_eval_source.c - tensors of containers and NPY files as samples. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "eval/source.h"
#include "raw_file.h"

TestSuite(eval_source, .init = raw_enter, .fini = raw_leave);

/* Writes x.st.zst: images U16 (2,1,3), codes F32 (2,2), mass U8 (1,2) and
 * labels I32 (2). */
static void write_container(void)
{
    const uint16_t images[] = {0, 65535, 13107, 1, 2, 3};
    const float codes[] = {1, -2, 3, 4};
    const unsigned char mass[] = {0, 255};
    const int32_t labels[] = {-7, 9};
    const uint64_t three[] = {1, 3}, two[] = {2};
    bw_error err = BW_ERROR_INIT;
    bw_writer *w = NULL;
    size_t k[4];

    cr_assert(!bw_writer_create("x.st.zst", &w, &err), "%s", err.text);
    cr_assert(!bw_writer_add(w, "images", BW_U16, 3, three, &k[0], &err));
    cr_assert(!bw_writer_add(w, "codes", BW_F32, 2, two, &k[1], &err));
    cr_assert(!bw_writer_add(w, "mass", BW_U8, 2, two, &k[2], &err));
    cr_assert(!bw_writer_add(w, "labels", BW_I32, 1, NULL, &k[3], &err));
    cr_assert(!bw_writer_append(w, k[0], images, sizeof images, &err));
    cr_assert(!bw_writer_append(w, k[1], codes, sizeof codes, &err));
    cr_assert(!bw_writer_append(w, k[2], mass, sizeof mass, &err));
    cr_assert(!bw_writer_append(w, k[3], labels, sizeof labels, &err));
    cr_assert(!bw_writer_commit(w, &err), "%s", err.text);
    bw_writer_destroy(w);
}

static void write_npy(const char *name, const char *type, const char *shape,
                      const void *data, size_t n_bytes)
{
    unsigned char file[256] = "\x93NUMPY\x01\x00\x76";
    char head[128];
    int n = snprintf(head, sizeof head,
                     "{'descr': '%s', 'fortran_order': False, 'shape': %s, }",
                     type, shape);

    memset(file + 10, ' ', 118);
    memcpy(file + 10, head, (size_t)n);
    file[127] = '\n';
    memcpy(file + 128, data, n_bytes);
    raw_write(name, file, 128 + n_bytes);
}

static bw_source *open_source(const char *path)
{
    bw_error err = BW_ERROR_INIT;
    bw_source *s = NULL;

    cr_assert(!bw_source_open(path, &s, &err), "%s", err.text);
    return s;
}

static void check_values(const bw_source *s, const char *name, size_t n,
                         size_t size, const double *wanted)
{
    const bw_sample *sample = bw_source_get(s, name);
    double value[16];

    cr_assert_not_null(sample, "%s", name);
    cr_assert_eq(sample->n, n);
    cr_assert_eq(sample->size, size);
    bw_sample_doubles(sample, 0, n * size, value);
    for (size_t k = 0; k < n * size; k++)
        cr_expect_float_eq(value[k], wanted[k], 1e-16, "%s %zu", name, k);
}

Test(eval_source, tensors_of_a_container)
{
    const double images[] = {0, 1, 0.2, 1 / 65535., 2 / 65535., 3 / 65535.};
    bw_error err = BW_ERROR_INIT;
    char names[64];

    write_container();
    bw_source *s = open_source("x.st.zst");
    cr_expect(bw_source_has(s, "mass"));
    cr_expect(!bw_source_has(s, "cost"));
    bw_source_names(s, sizeof names, names);
    cr_expect_str_eq(names, "codes, labels, images, mass");
    /* In any order, one of them twice. */
    cr_assert(!bw_source_want(s, "mass", &err));
    cr_assert(!bw_source_want(s, "images", &err));
    cr_assert(!bw_source_want(s, "labels", &err));
    cr_assert(!bw_source_want(s, "images", &err));
    cr_expect_null(bw_source_get(s, "codes"));
    cr_assert(!bw_source_load(s, &err), "%s", err.text);
    check_values(s, "images", 2, 3, images);
    check_values(s, "mass", 1, 2, (double[]){0, 1});
    check_values(s, "labels", 2, 1, (double[]){-7, 9});
    bw_source_close(s);
}

Test(eval_source, what_cannot_be_had)
{
    bw_error err = BW_ERROR_INIT;

    write_container();
    bw_source *s = open_source("x.st.zst");
    cr_expect_eq(bw_source_want(s, "cost", &err), BW_ERR_FORMAT);
    cr_expect_str_eq(err.text, "x.st.zst: no tensor 'cost'");
    bw_source_close(s);
    cr_expect_eq(bw_source_open("none", &s, &err), BW_ERR_IO);
    cr_expect_null(s);
    bw_source_close(NULL);
}

Test(eval_source, npy)
{
    const float x[] = {1, 2, 3, 4, 5, 6};
    const unsigned char bytes[] = {0, 51, 255, 102};
    bw_error err = BW_ERROR_INIT;

    write_npy("codes.npy", "<f4", "(3, 2)", x, sizeof x);
    bw_source *s = open_source("codes.npy");
    cr_expect(bw_source_has(s, "codes"));
    cr_expect(!bw_source_has(s, "images"));
    cr_assert(!bw_source_want(s, "codes", &err));
    cr_assert(!bw_source_load(s, &err), "%s", err.text);
    check_values(s, "codes", 3, 2, (double[]){1, 2, 3, 4, 5, 6});
    bw_source_close(s);

    write_npy("images.npy", "|u1", "(1, 2, 2)", bytes, sizeof bytes);
    s = open_source("images.npy");
    cr_assert(!bw_source_want(s, "images", &err));
    cr_assert(!bw_source_load(s, &err), "%s", err.text);
    check_values(s, "images", 1, 4, (double[]){0, 0.2, 1, 0.4});
    bw_source_close(s);
}

Test(eval_source, signed_integers)
{
    const signed char bytes[] = {127, -127, 0, 0};
    bw_error err = BW_ERROR_INIT;

    write_npy("images.npy", "|i1", "(1, 2, 2)", bytes, sizeof bytes);
    bw_source *s = open_source("images.npy");
    cr_assert(!bw_source_want(s, "images", &err));
    cr_assert(!bw_source_load(s, &err), "%s", err.text);
    check_values(s, "images", 1, 4, (double[]){1, -1, 0, 0});
    bw_source_close(s);
}

Test(eval_source, npy_that_promises_too_much)
{
    const float x[] = {1, 2};
    bw_error err = BW_ERROR_INIT;
    bw_source *s = NULL;

    write_npy("x.npy", "<f4", "(90, 2)", x, sizeof x);
    cr_expect_eq(bw_source_open("x.npy", &s, &err), BW_ERR_FORMAT);
    cr_expect_null(s);
}

Test(eval_source, values_that_are_no_numbers)
{
    const float x[] = {1, 2, 3, NAN, 5, 6};
    bw_error err = BW_ERROR_INIT;

    write_npy("x.npy", "<f4", "(3, 2)", x, sizeof x);
    bw_source *s = open_source("x.npy");
    cr_assert(!bw_source_want(s, "codes", &err));
    cr_expect_eq(bw_source_load(s, &err), BW_ERR_RANGE);
    cr_expect_str_eq(err.text, "x.npy: codes: item 1: value 1 is nan");
    bw_source_close(s);
}
