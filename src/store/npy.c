/* npy.c - NPY headers: a magic, a version, a length, and a Python dictionary of
 * three literals. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/npy.h"

/* NumPy itself refuses longer ones by default (10,000); this leaves room. */
enum { HEADER_MAX = 1 << 16 };

static const unsigned char magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

static const struct {
    char code[3]; /* without the byte order */
    bw_dtype dtype;
} types[] = {{"b1", BW_BOOL}, {"u1", BW_U8},  {"i1", BW_I8},  {"u2", BW_U16},
             {"i2", BW_I16},  {"u4", BW_U32}, {"i4", BW_I32}, {"u8", BW_U64},
             {"i8", BW_I64},  {"f2", BW_F16}, {"f4", BW_F32}, {"f8", BW_F64}};

enum { N_TYPES = sizeof types / sizeof types[0] };

/* The dictionary's text and how far it is read. */
typedef struct cursor {
    const char *at, *end;
} cursor;

static void skip_spaces(cursor *c)
{
    while (c->at < c->end && *c->at && strchr(" \t\r\n", *c->at))
        c->at++;
}

static bool accept(cursor *c, char wanted)
{
    skip_spaces(c);
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

/* A quoted string of fewer than 32 bytes, without escapes. */
static bool parse_string(cursor *c, char text[32])
{
    size_t n = 0;

    skip_spaces(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"'))
        return false;
    char quote = *c->at++;
    while (c->at < c->end && *c->at != quote && n < 31)
        text[n++] = *c->at++;
    text[n] = '\0';
    return accept(c, quote);
}

static bool parse_word(cursor *c, const char *word)
{
    size_t n = strlen(word);

    skip_spaces(c);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
        return false;
    c->at += n;
    return true;
}

static bool parse_size(cursor *c, uint64_t *size)
{
    const char *start;

    skip_spaces(c);
    for (start = c->at, *size = 0; c->at < c->end; c->at++) {
        if (*c->at < '0' || *c->at > '9')
            break;
        uint64_t digit = (uint64_t)(*c->at - '0');
        if (*size > (UINT64_MAX - digit) / 10)
            return false;
        *size = *size * 10 + digit;
    }
    return c->at > start;
}

static bool parse_shape(cursor *c, bw_array_form *layout)
{
    if (!accept(c, '('))
        return false;
    layout->rank = 0;
    while (!accept(c, ')')) {
        if (layout->rank == BW_MAX_RANK)
            return false;
        if (!parse_size(c, &layout->shape[layout->rank++]))
            return false;
        if (!accept(c, ','))
            return accept(c, ')');
    }
    return true;
}

static bool parse_descr(cursor *c, bw_array_form *layout, char descr[32])
{
    if (!parse_string(c, descr))
        return false;
    layout->is_big_endian = descr[0] == '>';
    for (unsigned t = 0; t < N_TYPES; t++)
        if (descr[0] && strchr("<>|=", descr[0]) &&
            strcmp(descr + 1, types[t].code) == 0) {
            layout->dtype = types[t].dtype;
            return true;
        }
    return false;
}

/* The three keys, each once, in any order. */
static bool parse_dictionary(cursor *c, bw_array_form *layout, char descr[32])
{
    unsigned seen = 0;
    char key[32];

    if (!accept(c, '{'))
        return false;
    while (!accept(c, '}')) {
        bool is_good = false;
        unsigned bit = 0;
        if (!parse_string(c, key) || !accept(c, ':'))
            return false;
        if (strcmp(key, "descr") == 0) {
            bit = 1;
            is_good = parse_descr(c, layout, descr);
        } else if (strcmp(key, "fortran_order") == 0) {
            bit = 2;
            layout->is_fortran = parse_word(c, "True");
            is_good = layout->is_fortran || parse_word(c, "False");
        } else if (strcmp(key, "shape") == 0) {
            bit = 4;
            is_good = parse_shape(c, layout);
        }
        if (!is_good || (seen & bit))
            return false;
        seen |= bit;
        if (!accept(c, ',')) {
            if (!accept(c, '}'))
                return false;
            break;
        }
    }
    skip_spaces(c);
    return c->at == c->end && seen == 7;
}

bool bw_npy_is_magic(const unsigned char *data, size_t n)
{
    return n >= sizeof magic && memcmp(data, magic, sizeof magic) == 0;
}

/* Magic, version, and the dictionary's length. */
static bw_status read_length(bw_bytes *bytes, size_t *length, bw_error *err)
{
    unsigned char head[8], size[4] = {0};
    bw_status rc = bw_bytes_read(bytes, head, sizeof head, err);

    if (rc)
        return rc;
    if (!bw_npy_is_magic(head, sizeof head) || head[6] < 1 || head[6] > 3 ||
        head[7] != 0)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: no NPY file of version 1 to 3",
                            bw_bytes_name(bytes));
    rc = bw_bytes_read(bytes, size, head[6] == 1 ? 2 : 4, err);
    *length = (size_t)size[0] | (size_t)size[1] << 8 | (size_t)size[2] << 16 |
              (size_t)size[3] << 24;
    if (rc == BW_OK && *length > HEADER_MAX)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: NPY header of %zu bytes, at most %d allowed",
                            bw_bytes_name(bytes), *length, HEADER_MAX);
    return rc;
}

bw_status bw_npy_read_header(bw_bytes *bytes, bw_array_form *layout,
                             bw_error *err)
{
    void *text = NULL;
    size_t capacity = 0, length = 0;
    char descr[32] = "";
    bw_status rc = read_length(bytes, &length, err);

    *layout = (bw_array_form){0};
    if (rc == BW_OK)
        rc = bw_bytes_read_grow(bytes, &text, &capacity, length, err);
    if (rc)
        goto done;
    cursor c = {text, text};
    if (length > 0)
        c.end += length;
    if (length == 0 || !parse_dictionary(&c, layout, descr)) {
        size_t at = length > 0 ? (size_t)(c.at - (char *)text) : 0;
        uint64_t start = bw_bytes_offset(bytes) - length;
        rc = bw_error_set(err, BW_ERR_FORMAT,
                          descr[0] ? "%s: NPY header not understood at byte "
                                     "%llu (type %s)"
                                   : "%s: NPY header not understood at byte "
                                     "%llu",
                          bw_bytes_name(bytes),
                          (unsigned long long)(start + at), descr);
    }
    /* With one axis the two orders are the same. */
    if (layout->rank < 2)
        layout->is_fortran = false;
done:
    free(text);
    return rc;
}

bw_status bw_npy_make_header(const bw_array_form *layout,
                             char header[BW_NPY_HEADER_MAX], size_t *n_bytes,
                             bw_error *err)
{
    unsigned t = 0;
    int n = 10;

    while (t < N_TYPES && types[t].dtype != layout->dtype)
        t++;
    if (t == N_TYPES)
        return bw_error_set(err, BW_ERR_USAGE, "NPY has no type %s",
                            bw_dtype_name(layout->dtype));
    memcpy(header, magic, sizeof magic);
    header[6] = 1;
    header[7] = 0;
    n += snprintf(header + n, BW_NPY_HEADER_MAX - (size_t)n,
                  "{'descr': '%c%s', 'fortran_order': False, 'shape': (",
                  bw_dtype_size(layout->dtype) > 1 ? '<' : '|', types[t].code);
    for (unsigned k = 0; k < layout->rank; k++)
        n += snprintf(header + n, BW_NPY_HEADER_MAX - (size_t)n, "%s%llu%s",
                      k ? " " : "", (unsigned long long)layout->shape[k],
                      k + 1 < layout->rank || layout->rank == 1 ? "," : "");
    n += snprintf(header + n, BW_NPY_HEADER_MAX - (size_t)n, "), }");
    /* The items start at a multiple of 64. */
    while ((n + 1) % 64 != 0)
        header[n++] = ' ';
    header[n++] = '\n';
    header[8] = (char)((n - 10) & 255);
    header[9] = (char)((n - 10) >> 8);
    *n_bytes = (size_t)n;
    return BW_OK;
}
