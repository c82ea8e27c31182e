/* dtype.c - the item types of safetensors: names, sizes, widening to double. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "barrow/container.h"

/* By bw_dtype. */
static const struct {
    const char *name;
    size_t size;
} types[] = {
    {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"U16", 2}, {"I16", 2},
    {"U32", 4},  {"I32", 4}, {"U64", 8}, {"I64", 8}, {"F16", 2},
    {"BF16", 2}, {"F32", 4}, {"F64", 8},
};

enum { N_TYPES = sizeof types / sizeof types[0] };

const char *bw_dtype_name(bw_dtype dtype)
{
    return types[dtype].name;
}

size_t bw_dtype_size(bw_dtype dtype)
{
    return types[dtype].size;
}

bool bw_dtype_parse(const char *name, bw_dtype *dtype)
{
    for (size_t k = 0; k < N_TYPES; k++) {
        if (strcmp(types[k].name, name) == 0) {
            *dtype = (bw_dtype)k;
            return true;
        }
    }
    return false;
}

bool bw_dtype_is_integer(bw_dtype dtype)
{
    return dtype >= BW_U8 && dtype <= BW_I64;
}

double bw_dtype_largest(bw_dtype dtype)
{
    bool has_sign =
        dtype == BW_I8 || dtype == BW_I16 || dtype == BW_I32 || dtype == BW_I64;
    int n_bits = 8 * (int)bw_dtype_size(dtype) - has_sign;

    return bw_dtype_is_integer(dtype) ? ldexp(1, n_bits) - 1 : 1;
}

/* IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
static double half_to_double(uint16_t bits)
{
    int exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
    double magnitude;

    if (exponent == 0x1f)
        magnitude = fraction == 0 ? HUGE_VAL : NAN;
    else if (exponent == 0)
        magnitude = ldexp(fraction, -24);
    else
        magnitude = ldexp(fraction + 0x400, exponent - 25);
    return bits & 0x8000 ? -magnitude : magnitude;
}

/* bfloat16 is the upper half of a binary32. */
static double bfloat_to_double(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float value;

    memcpy(&value, &wide, sizeof value);
    return value;
}

/* One case of bw_dtype_to_double: items of the C type, unaligned. */
#define WIDEN(type, expression)                                                \
    for (size_t k = 0; k < n; k++) {                                           \
        type item;                                                             \
        memcpy(&item, from + k * sizeof item, sizeof item);                    \
        values[k] = expression;                                                \
    }                                                                          \
    break

void bw_dtype_to_double(bw_dtype dtype, const void *items, size_t n,
                        double *values)
{
    const unsigned char *from = items;

    switch (dtype) {
    case BW_BOOL:
        WIDEN(uint8_t, item != 0);
    case BW_U8:
        WIDEN(uint8_t, item);
    case BW_I8:
        WIDEN(int8_t, item);
    case BW_U16:
        WIDEN(uint16_t, item);
    case BW_I16:
        WIDEN(int16_t, item);
    case BW_U32:
        WIDEN(uint32_t, item);
    case BW_I32:
        WIDEN(int32_t, item);
    case BW_U64:
        WIDEN(uint64_t, (double)item);
    case BW_I64:
        WIDEN(int64_t, (double)item);
    case BW_F16:
        WIDEN(uint16_t, half_to_double(item));
    case BW_BF16:
        WIDEN(uint16_t, bfloat_to_double(item));
    case BW_F32:
        WIDEN(float, item);
    case BW_F64:
        if (n > 0)
            memcpy(values, items, n * sizeof *values);
        break;
    }
}
