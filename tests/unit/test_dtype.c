/* test_dtype.c - item types: names, sizes, widening to double. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "barrow/container.h"

Test(dtype, names_lead_back)
{
    for (int k = BW_BOOL; k <= BW_F64; k++) {
        bw_dtype back;

        cr_expect(bw_dtype_parse(bw_dtype_name((bw_dtype)k), &back));
        cr_expect_eq(back, (bw_dtype)k);
    }
    cr_expect_str_eq(bw_dtype_name(BW_BF16), "BF16");
}

Test(dtype, other_names_are_refused)
{
    bw_dtype dtype;

    cr_expect_not(bw_dtype_parse("f32", &dtype));
    cr_expect_not(bw_dtype_parse("F8_E4M3", &dtype));
    cr_expect_not(bw_dtype_parse("", &dtype));
    cr_expect_not(bw_dtype_parse("F3", &dtype));
}

Test(dtype, sizes)
{
    static const size_t sizes[] = {1, 1, 1, 2, 2, 4, 4, 8, 8, 2, 2, 4, 8};

    for (int k = BW_BOOL; k <= BW_F64; k++)
        cr_expect_eq(bw_dtype_size((bw_dtype)k), sizes[k], "%d", k);
}

Test(dtype, integers)
{
    for (int k = BW_BOOL; k <= BW_F64; k++)
        cr_expect_eq(bw_dtype_is_integer((bw_dtype)k),
                     k >= BW_U8 && k <= BW_I64, "%d", k);
}

/* Widens one item that lies at an odd address. */
static double widen(bw_dtype dtype, const void *item)
{
    unsigned char bytes[9];
    double value;

    memcpy(bytes + 1, item, bw_dtype_size(dtype));
    bw_dtype_to_double(dtype, bytes + 1, 1, &value);
    return value;
}

#define WIDENS(dtype, type, item, wanted)                                      \
    cr_expect_eq(widen(dtype, &(type){item}), wanted)

Test(dtype, widens_integers)
{
    WIDENS(BW_BOOL, uint8_t, 7, 1);
    WIDENS(BW_BOOL, uint8_t, 0, 0);
    WIDENS(BW_U8, uint8_t, 200, 200);
    WIDENS(BW_I8, int8_t, -100, -100);
    WIDENS(BW_U16, uint16_t, 65535, 65535);
    WIDENS(BW_I16, int16_t, -32768, -32768);
    WIDENS(BW_U32, uint32_t, 4294967295u, 4294967295.0);
    WIDENS(BW_I32, int32_t, INT32_MIN, -2147483648.0);
    WIDENS(BW_U64, uint64_t, UINT64_MAX, 18446744073709551616.0);
    WIDENS(BW_I64, int64_t, INT64_MIN, -9223372036854775808.0);
}

Test(dtype, widens_halves)
{
    static const struct {
        uint16_t bits;
        double value;
    } cases[] = {
        {0x3c00, 1},
        {0xc000, -2},
        {0x3555, 0x1.554p-2},
        {0x7bff, 65504},
        {0x0001, 0x1p-24},
        {0x03ff, 0x3ffp-24},
        {0x0400, 0x1p-14},
        {0x7c00, (double)INFINITY},
        {0xfc00, -(double)INFINITY},
    };

    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
        cr_expect_eq(widen(BW_F16, &cases[k].bits), cases[k].value, "%04x",
                     cases[k].bits);
    cr_expect(isnan(widen(BW_F16, &(uint16_t){0x7e00})));
    cr_expect(signbit(widen(BW_F16, &(uint16_t){0x8000})));
}

Test(dtype, widens_floats)
{
    WIDENS(BW_BF16, uint16_t, 0x3f80, 1);
    WIDENS(BW_BF16, uint16_t, 0xc2c8, -100);
    WIDENS(BW_F32, float, 0.1f, (double)0.1f);
    WIDENS(BW_F64, double, 0.1, 0.1);
    cr_expect(isnan(widen(BW_BF16, &(uint16_t){0x7fc0})));
}

Test(dtype, widens_many)
{
    const uint16_t items[] = {1, 2, 300};
    double values[3];

    bw_dtype_to_double(BW_U16, items, 3, values);
    cr_expect(values[0] == 1 && values[1] == 2 && values[2] == 300);
    bw_dtype_to_double(BW_F64, NULL, 0, values);
}
