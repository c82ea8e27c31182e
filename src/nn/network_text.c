/* network_text.c - the text of a network: words to layers.
 *
 * A line is a kind and its arguments, which the kind's row of the table in
 * syntax.c lists.
 *
 * Contents: words, numbers, arguments, reading.
 */
#include "config.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/network_text.h"
#include "nn/syntax.h"

/* ---- words ---- */

/* A word of the text; n is 0 at the end of a line. */
typedef struct word {
    const char *at;
    size_t n, column;
} word;

typedef struct scanner {
    const char *name;
    const char *line_start, *p;
    size_t line;
    const bw_syntax *syntax; /* of the line under way */
    bw_error *err;
} scanner;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool ends_line(char c)
{
    return c == '\0' || c == '\n' || c == '#';
}

/* The next word, not taken. */
static word peek(scanner *s)
{
    word w;

    while (is_blank(*s->p))
        s->p++;
    w = (word){.at = s->p, .column = (size_t)(s->p - s->line_start) + 1};
    while (!ends_line(w.at[w.n]) && !is_blank(w.at[w.n]))
        w.n++;
    return w;
}

static word take(scanner *s)
{
    word w = peek(s);

    s->p += w.n;
    return w;
}

static bool is_word(word w, const char *text)
{
    return strlen(text) == w.n && memcmp(text, w.at, w.n) == 0;
}

/* A word as messages show it: short, and nothing that a terminal obeys. */
static const char *show(word w, char text[48])
{
    enum { N_SHOWN = 32 };
    size_t n = w.n < N_SHOWN ? w.n : N_SHOWN;

    if (w.n == 0)
        return "the end of the line";
    text[0] = '"';
    for (size_t k = 0; k < n; k++)
        text[k + 1] = isprint((unsigned char)w.at[k]) ? w.at[k] : '?';
    strcpy(text + n + 1, w.n > N_SHOWN ? "...\"" : "\"");
    return text;
}

static bw_status expected(scanner *s, word w, bw_status code, const char *what)
{
    char text[48];

    return bw_error_set(s->err, code,
                        "%s: line %zu: column %zu: expected %s, found %s (%s)",
                        s->name, s->line, w.column, what, show(w, text),
                        s->syntax->kind->syntax);
}

/* ---- numbers ---- */

/* Splits a word into 1 to max counts between separators; returns how many, 0
 * when the word is something else. Counts past BW_MAX_ITEM become one more
 * than it. */
static size_t split_counts(word w, char separator, size_t max, size_t count[])
{
    size_t n = 0, k = 0;

    for (;;) {
        size_t first = k;

        if (n == max)
            return 0;
        count[n] = 0;
        for (; k < w.n && isdigit((unsigned char)w.at[k]); k++) {
            count[n] = count[n] * 10 + (size_t)(w.at[k] - '0');
            if (count[n] > BW_MAX_ITEM)
                count[n] = (size_t)BW_MAX_ITEM + 1;
        }
        if (k == first)
            return 0;
        n++;
        if (k == w.n)
            return n;
        if (w.at[k++] != separator)
            return 0;
    }
}

/* Takes a word of counts, each at least min; *n says how many there must be,
 * or, where it is 0, receives how many of at most 4 there are. */
static bw_status take_counts(scanner *s, char separator, size_t min, size_t *n,
                             size_t count[4], const char *what)
{
    word w = take(s);
    size_t n_found = split_counts(w, separator, 4, count);

    if (n_found == 0 || (*n != 0 && n_found != *n))
        return expected(s, w, BW_ERR_FORMAT, what);
    *n = n_found;
    for (size_t k = 0; k < n_found; k++) {
        if (count[k] < min)
            return expected(s, w, BW_ERR_FORMAT, what);
        if (count[k] > BW_MAX_ITEM)
            return expected(s, w, BW_ERR_RANGE, "at most 268435456");
    }
    return BW_OK;
}

static bw_status take_count(scanner *s, size_t *count, const char *what)
{
    size_t found[4], n = 1;
    bw_status status = take_counts(s, ',', 1, &n, found, what);

    if (status == BW_OK)
        *count = found[0];
    return status;
}

/* Decimal notation only: no hexadecimal, no infinity, no NaN. */
static bool parse_real(word w, double *value)
{
    char text[64], *end;

    if (w.n == 0 || w.n >= sizeof text)
        return false;
    memcpy(text, w.at, w.n);
    text[w.n] = '\0';
    if (strspn(text, "0123456789+-.eE") != w.n)
        return false;
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value);
}

/* ---- arguments ---- */

static const char too_many[] = "a product of at most 268435456";

/* Whether the product of the sizes of an image is within the limit. */
static bool image_fits(bw_shape image)
{
    return image.h * image.w <= BW_MAX_ITEM && bw_shape_n(image) <= BW_MAX_ITEM;
}

static bw_status take_size(scanner *s, bw_layer *layer)
{
    static const char what[] = "a count of units from 1, or HxWxC";
    size_t count[4], n = 0;
    word w = peek(s);
    bw_status status = take_counts(s, 'x', 1, &n, count, what);

    if (status != BW_OK)
        return status;
    if (n != 1 && n != 3)
        return expected(s, w, BW_ERR_FORMAT, what);
    layer->reshape = (bw_shape){.h = 1, .w = 1, .c = count[0]};
    if (n == 3)
        layer->reshape =
            (bw_shape){.h = count[0], .w = count[1], .c = count[2]};
    if (!image_fits(layer->reshape))
        return expected(s, w, BW_ERR_RANGE, too_many);
    layer->units = bw_shape_n(layer->reshape);
    return BW_OK;
}

static bw_status take_window(scanner *s, bw_layer *layer)
{
    size_t count[4], n = 2;
    bw_status status =
        take_counts(s, 'x', 1, &n, count, "a window as 3x3, each from 1");

    if (status != BW_OK)
        return status;
    layer->kh = count[0];
    layer->kw = count[1];
    return BW_OK;
}

static bw_status take_pad(scanner *s, bw_layer *layer)
{
    static const char what[] = "\"same\", P, or T,B,L,R";
    size_t count[4], n = 0;
    word w = peek(s);
    bw_status status;

    if (is_word(w, "same")) {
        take(s);
        return BW_OK;
    }
    status = take_counts(s, ',', 0, &n, count, what);
    if (status != BW_OK)
        return status;
    if (n != 1 && n != 4)
        return expected(s, w, BW_ERR_FORMAT, what);
    layer->is_same = false;
    layer->top = count[0];
    layer->bottom = count[n == 4 ? 1 : 0];
    layer->left = count[n == 4 ? 2 : 0];
    layer->right = count[n == 4 ? 3 : 0];
    return BW_OK;
}

static bw_status take_options(scanner *s, bw_layer *layer, bool is_pool)
{
    bool has_stride = false, has_pad = false;
    bw_status status = BW_OK;

    layer->is_same = true;
    layer->stride = is_pool ? layer->kh : 1;
    for (word w = peek(s); w.n > 0 && status == BW_OK; w = peek(s)) {
        if (is_word(w, "stride") && !has_stride) {
            take(s);
            has_stride = true;
            status = take_count(s, &layer->stride, "a stride from 1");
        } else if (is_word(w, "pad") && !has_pad) {
            take(s);
            has_pad = true;
            status = take_pad(s, layer);
        } else {
            return expected(s, w, BW_ERR_FORMAT,
                            has_stride && has_pad ? "the end of the line"
                            : has_stride          ? "\"pad\""
                            : has_pad             ? "\"stride\""
                                                  : "\"stride\" or \"pad\"");
        }
    }
    if (status == BW_OK && is_pool && !has_stride && layer->kh != layer->kw)
        return expected(s, peek(s), BW_ERR_FORMAT,
                        "\"stride\", since the window is no square");
    return status;
}

static bw_status take_image(scanner *s, bw_layer *layer)
{
    bw_shape *image = &layer->reshape;
    word first = peek(s);
    bw_status status = take_count(s, &image->h, "a height from 1");

    if (status == BW_OK)
        status = take_count(s, &image->w, "a width from 1");
    if (status == BW_OK)
        status = take_count(s, &image->c, "a count of channels from 1");
    if (status == BW_OK && !image_fits(*image))
        return expected(s, first, BW_ERR_RANGE, too_many);
    return status;
}

static bw_status take_real(scanner *s, const bw_real_rule *rule,
                           bw_layer *layer)
{
    word w = peek(s);
    double value;

    if (w.n == 0 && !isnan(rule->fallback)) {
        layer->value[rule->place] = rule->fallback;
        return BW_OK;
    }
    take(s);
    if (!parse_real(w, &value))
        return expected(s, w, BW_ERR_FORMAT, rule->what);
    if (!(value >= rule->min && value <= rule->max))
        return expected(s, w, BW_ERR_RANGE, rule->what);
    layer->value[rule->place] = value;
    return BW_OK;
}

static bw_status take_argument(scanner *s, bw_argument arg, bw_layer *layer)
{
    switch (arg) {
    case BW_ARG_SIZE:
        return take_size(s, layer);
    case BW_ARG_UNITS:
        return take_count(s, &layer->units, "a count of channels from 1");
    case BW_ARG_WINDOW:
        return take_window(s, layer);
    case BW_ARG_OPTIONS:
    case BW_ARG_POOL:
        return take_options(s, layer, arg == BW_ARG_POOL);
    case BW_ARG_FACTOR:
        return take_count(s, &layer->units, "a factor from 1");
    case BW_ARG_IMAGE:
        return take_image(s, layer);
    case BW_ARG_SLOPE:
    case BW_ARG_SD:
    case BW_ARG_EPS:
    case BW_ARG_MOMENTUM:
        return take_real(s, bw_syntax_rule(arg), layer);
    case BW_ARG_NONE:
        break;
    }
    return BW_OK;
}

/* ---- reading ---- */

static bw_status unknown_layer(scanner *s, word w)
{
    char known[256] = "", text[48];

    for (size_t k = 0; bw_syntax_get(k); k++) {
        size_t n = strlen(known);

        snprintf(known + n, sizeof known - n, "%s%s", k > 0 ? ", " : "",
                 bw_syntax_get(k)->kind->name);
    }
    return bw_error_set(s->err, BW_ERR_FORMAT,
                        "%s: line %zu: column %zu: expected a layer (%s), "
                        "found %s",
                        s->name, s->line, w.column, known, show(w, text));
}

static bw_status read_layer(scanner *s, bw_layer *layer)
{
    word w = take(s);
    bw_status status = BW_OK;

    s->syntax = bw_syntax_find(w.at, w.n);
    if (!s->syntax)
        return unknown_layer(s, w);
    layer->kind = s->syntax->kind;
    layer->line = s->line;
    layer->column = w.column;
    for (size_t k = 0; k < BW_MAX_ARGUMENTS && status == BW_OK; k++)
        status = take_argument(s, s->syntax->argument[k], layer);
    if (status != BW_OK)
        return status;
    w = peek(s);
    if (w.n > 0)
        return expected(s, w, BW_ERR_FORMAT, "the end of the line");
    return BW_OK;
}

bw_status bw_network_text_read(const char *text, const char *name,
                               bw_layer layer[], size_t *n_layers,
                               bw_error *err)
{
    scanner s = {.name = name, .line_start = text, .p = text, .err = err};

    *n_layers = 0;
    if (strnlen(text, (size_t)BW_MAX_NETWORK_TEXT + 1) > BW_MAX_NETWORK_TEXT)
        return bw_error_set(err, BW_ERR_RANGE,
                            "%s: a network's text is longer than %d bytes",
                            name, BW_MAX_NETWORK_TEXT);
    for (s.line = 1;; s.line++) {
        if (peek(&s).n > 0) {
            bw_status status;

            if (*n_layers == BW_MAX_LAYERS)
                return bw_error_set(err, BW_ERR_RANGE,
                                    "%s: line %zu: more than %d layers", name,
                                    s.line, BW_MAX_LAYERS);
            layer[*n_layers] = (bw_layer){.index = *n_layers};
            status = read_layer(&s, &layer[*n_layers]);
            if (status != BW_OK)
                return status;
            ++*n_layers;
        }
        s.p += strcspn(s.p, "\n");
        if (*s.p == '\0')
            break;
        s.line_start = ++s.p;
    }
    if (*n_layers == 0)
        return bw_error_set(err, BW_ERR_FORMAT, "%s: a network without layers",
                            name);
    return BW_OK;
}
