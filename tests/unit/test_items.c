/* test_items.c - what networks are fed with: which tensor, which values, which
 * refusals. */
#include "config.h"

#include <math.h>

#include "barrow/provenance.h"
#include "model/items.h"
#include "raw_file.h"

TestSuite(items, RAW_FOLDER);

static void write_plain(const char *header, const void *data, size_t n_data)
{
    size_t n;
    unsigned char *bytes = raw_container(header, data, n_data, &n);

    raw_write("x.safetensors", bytes, n);
    free(bytes);
}

static bw_status load(bw_items *items, bw_error *err)
{
    *err = (bw_error)BW_ERROR_INIT;
    return bw_items_load("x.safetensors", items, err);
}

static void gather(const bw_items *items, bw_range range, size_t n,
                   const uint32_t *opt_index, size_t first, float *out)
{
    bw_error err = BW_ERROR_INIT;
    bw_tasks *tasks;

    cr_assert(!bw_tasks_create(2, &tasks, &err));
    bw_items_gather(items, range, tasks, n, opt_index, first, out);
    bw_tasks_destroy(tasks);
}

Test(items, bytes_in_each_range)
{
    const unsigned char data[] = {0, 51, 102, 255, 204, 153,
                                  0, 0,  0,   255, 255, 255};
    const uint32_t index[] = {2, 0, 2};
    float x[12];
    bw_items items;
    bw_error err;

    write_plain("{\"images\":{\"dtype\":\"U8\",\"shape\":[3,2,1,2],"
                "\"data_offsets\":[0,12]}}",
                data, sizeof data);
    cr_assert(!load(&items, &err), "%s", err.text);
    cr_assert_eq(items.n, 3);
    cr_assert(bw_shape_equal(items.shape, (bw_shape){2, 1, 2, false}));
    cr_assert_str_eq(items.origin.name, "x.safetensors");
    gather(&items, BW_RANGE_UNIT, 2, NULL, 1, x);
    for (size_t k = 0; k < 8; k++)
        cr_assert_float_eq(x[k], (float)data[4 + k] / 255, 1e-7);
    gather(&items, BW_RANGE_SIGNED, 3, index, 0, x);
    for (size_t k = 0; k < 12; k++)
        cr_assert_float_eq(
            x[k], 2 * (float)data[4 * index[k / 4] + k % 4] / 255 - 1, 1e-6);
    bw_range_undo(BW_RANGE_SIGNED, 12, x);
    cr_assert_float_eq(x[5], 0.2F, 1e-6);
    bw_range_undo(BW_RANGE_UNIT, 12, x);
    bw_range_undo(BW_RANGE_NONE, 12, x);
    cr_assert_float_eq(x[5], 0.2F, 1e-6);
    cr_assert(!bw_items_check(&items, BW_RANGE_SIGNED, &err));
    bw_items_clear(&items);
    cr_assert_null(items.bytes);
}

Test(items, integers_are_divided_by_their_types_largest)
{
    const uint16_t words[] = {0, 65535, 13107, 1};
    const int8_t small[] = {127, -127, 0, 1};
    bw_items items;
    bw_error err;
    float x[4];

    write_plain("{\"mass\":{\"dtype\":\"U16\",\"shape\":[2,2],"
                "\"data_offsets\":[0,8]}}",
                words, sizeof words);
    cr_assert(!load(&items, &err), "%s", err.text);
    cr_assert(bw_shape_equal(items.shape, (bw_shape){1, 1, 2, true}));
    gather(&items, BW_RANGE_NONE, 2, NULL, 0, x);
    cr_assert_float_eq(x[1], 1, 0);
    cr_assert_float_eq(x[2], 0.2F, 1e-7);
    bw_items_clear(&items);
    write_plain("{\"mass\":{\"dtype\":\"I8\",\"shape\":[1,2,2],"
                "\"data_offsets\":[0,4]}}",
                small, sizeof small);
    cr_assert(!load(&items, &err), "%s", err.text);
    cr_assert(bw_shape_equal(items.shape, (bw_shape){2, 2, 1, false}));
    cr_assert_float_eq(items.values[1], -1, 0);
    cr_assert_eq(bw_items_check(&items, BW_RANGE_UNIT, &err), BW_ERR_RANGE);
    cr_assert_str_eq(err.text,
                     "x.safetensors: item 0: value -1 is not in 0 .. 1");
    bw_items_clear(&items);
}

/* More values than are widened at a time. */
Test(items, floats_are_taken_as_they_are)
{
    enum { N = 700, D = 3 };
    static double data[N * D];
    bw_items items;
    bw_error err;

    for (size_t k = 0; k < N * D; k++)
        data[k] = (double)k - 1000;
    write_plain("{\"codes\":{\"dtype\":\"F64\",\"shape\":[700,3],"
                "\"data_offsets\":[0,16800]}}",
                data, sizeof data);
    cr_assert(!load(&items, &err), "%s", err.text);
    for (size_t k = 0; k < N * D; k++)
        cr_assert_float_eq((double)items.values[k], data[k], 0);
    cr_assert_eq(bw_items_check(&items, BW_RANGE_SIGNED, &err), BW_ERR_RANGE);
    cr_assert(!bw_items_check(&items, BW_RANGE_NONE, &err));
    bw_items_clear(&items);
    data[5] = NAN;
    write_plain("{\"codes\":{\"dtype\":\"F64\",\"shape\":[700,3],"
                "\"data_offsets\":[0,16800]}}",
                data, sizeof data);
    cr_assert_eq(load(&items, &err), BW_ERR_RANGE);
    cr_assert_str_eq(err.text, "x.safetensors: item 1: value nan at 2");
    cr_assert_null(items.values);
    cr_assert_null(items.origin.path);
    /* Finite as a double, not as a float. */
    data[5] = 1e300;
    write_plain("{\"codes\":{\"dtype\":\"F64\",\"shape\":[700,3],"
                "\"data_offsets\":[0,16800]}}",
                data, sizeof data);
    cr_assert_eq(load(&items, &err), BW_ERR_RANGE);
}

static void check_refused(const char *header, size_t n_data, bw_status status,
                          const char *message)
{
    static const unsigned char data[64];
    bw_items items;
    bw_error err;

    write_plain(header, data, n_data);
    cr_assert_eq(load(&items, &err), status, "%s", err.text);
    cr_assert_str_eq(err.text, message);
}

Test(items, refusals)
{
    check_refused("{\"pairs\":{\"dtype\":\"U8\",\"shape\":[3,2],"
                  "\"data_offsets\":[0,6]}}",
                  6, BW_ERR_FORMAT,
                  "x.safetensors: neither a tensor 'images' nor 'mass' nor "
                  "'codes'");
    check_refused("{\"images\":{\"dtype\":\"U8\",\"shape\":[3,2],"
                  "\"data_offsets\":[0,6]}}",
                  6, BW_ERR_DIMENSION,
                  "x.safetensors: tensor 'images' is U8 of rank 2, not images "
                  "(n,h,w,c), histograms (n,h,w), (n,bins) or codes (n,d)");
    check_refused("{\"mass\":{\"dtype\":\"U8\",\"shape\":[3,0],"
                  "\"data_offsets\":[0,0]}}",
                  0, BW_ERR_DIMENSION,
                  "x.safetensors: tensor 'mass' holds items of no values");
    check_refused("{\"mass\":{\"dtype\":\"U8\",\"shape\":[2,3],"
                  "\"data_offsets\":[0,6]},\"labels\":{\"dtype\":\"U8\","
                  "\"shape\":[2],\"data_offsets\":[6,8]}}",
                  8, BW_ERR_DIMENSION,
                  "x.safetensors: tensor 'labels' is not I32 (2)");
    /* Over-declared: the bytes do not come. */
    check_refused("{\"mass\":{\"dtype\":\"U8\",\"shape\":[2000000000,100],"
                  "\"data_offsets\":[0,200000000000]}}",
                  6, BW_ERR_FORMAT,
                  "x.safetensors: truncated: tensor 'mass' ends after 6 of "
                  "200000000000 bytes");
}

Test(items, none_at_all)
{
    static const char *const dtype[] = {"U8", "F32"};

    for (size_t k = 0; k < 2; k++) {
        char header[160];
        bw_items items;
        bw_error err;

        snprintf(header, sizeof header,
                 "{\"mass\":{\"dtype\":\"%s\",\"shape\":[0,3],"
                 "\"data_offsets\":[0,0]},\"labels\":{\"dtype\":\"I32\","
                 "\"shape\":[0],\"data_offsets\":[0,0]}}",
                 dtype[k]);
        write_plain(header, "", 0);
        cr_assert(!load(&items, &err), "%s", err.text);
        cr_expect_eq(items.n, 0);
        cr_expect_eq(items.shape.c, 3);
        cr_expect(!bw_items_check(&items, BW_RANGE_UNIT, &err));
        bw_items_clear(&items);
    }
}

Test(items, labels_stay)
{
    const int32_t data[] = {7, -2, 0x01010101, 0x02020202};
    bw_items items;
    bw_error err;

    write_plain("{\"labels\":{\"dtype\":\"I32\",\"shape\":[2],"
                "\"data_offsets\":[0,8]},\"mass\":{\"dtype\":\"U8\","
                "\"shape\":[2,4],\"data_offsets\":[8,16]}}",
                data, sizeof data);
    cr_assert(!load(&items, &err), "%s", err.text);
    cr_assert_eq(items.labels[1], -2);
    cr_assert_eq(items.bytes[7], 2);
    bw_items_clear(&items);
}
