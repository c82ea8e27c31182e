/* network_text.c - the text of a network: words to layers and back.
 *
 * A line is a kind and its arguments; one row of a table says which arguments
 * a kind takes, and both directions follow it.
 *
 * Contents: the table, words, numbers, arguments, reading, writing.
 */
#include "config.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/network_text.h"

/* ---- the table ---- */

typedef enum argument {
    ARG_NONE,
    ARG_SIZE,    /* U or HxWxC */
    ARG_UNITS,   /* U */
    ARG_WINDOW,  /* KxL */
    ARG_OPTIONS, /* [stride S] [pad P], stride 1 */
    ARG_POOL,    /* the same, stride as the window */
    ARG_FACTOR,  /* S, a count */
    ARG_IMAGE,   /* H W C */
    ARG_SLOPE,   /* reals: see real_rules */
    ARG_SD,
    ARG_EPS,
    ARG_MOMENTUM
} argument;

enum { MAX_ARGUMENTS = 3 };

typedef struct syntax {
    const bw_layer_kind *kind;
    argument argument[MAX_ARGUMENTS];
} syntax;

static const syntax syntaxes[] = {
    {&bw_layer_dense, {ARG_SIZE}},
    {&bw_layer_conv, {ARG_UNITS, ARG_WINDOW, ARG_OPTIONS}},
    {&bw_layer_deconv, {ARG_UNITS, ARG_WINDOW, ARG_OPTIONS}},
    {&bw_layer_upsample, {ARG_FACTOR}},
    {&bw_layer_maxpool, {ARG_WINDOW, ARG_POOL}},
    {&bw_layer_avgpool, {ARG_WINDOW, ARG_POOL}},
    {&bw_layer_batchnorm, {ARG_EPS, ARG_MOMENTUM}},
    {&bw_layer_layernorm, {ARG_EPS}},
    {&bw_layer_relu, {ARG_NONE}},
    {&bw_layer_leakyrelu, {ARG_SLOPE}},
    {&bw_layer_elu, {ARG_NONE}},
    {&bw_layer_tanh, {ARG_NONE}},
    {&bw_layer_sigmoid, {ARG_NONE}},
    {&bw_layer_softmax, {ARG_NONE}},
    {&bw_layer_reshape, {ARG_IMAGE}},
    {&bw_layer_flatten, {ARG_NONE}},
    {&bw_layer_noise, {ARG_SD}},
};
enum { N_SYNTAXES = sizeof syntaxes / sizeof syntaxes[0] };

/* A real argument: where it goes, its range, and what stands for it when it is
 * absent (NaN: it must not be). A slope below 0 would hide the sign of x from
 * a backward pass that sees only y. */
typedef struct real_rule {
    argument argument;
    size_t place;
    double min, max, fallback;
    const char *what;
} real_rule;

static const real_rule real_rules[] = {
    {ARG_SLOPE, 0, 0, 1e6, NAN, "a slope from 0 to 1e6"},
    {ARG_SD, 0, 0, 1e6, NAN, "a standard deviation from 0 to 1e6"},
    {ARG_EPS, 0, 1e-30, 1e6, 1e-5, "an epsilon from 1e-30 to 1e6"},
    {ARG_MOMENTUM, 1, 0, 1, 0.1, "a momentum from 0 to 1"},
};
enum { N_REAL_RULES = sizeof real_rules / sizeof real_rules[0] };

static const real_rule *find_rule(argument arg)
{
    for (size_t k = 0; k < N_REAL_RULES; k++)
        if (real_rules[k].argument == arg)
            return &real_rules[k];
    return NULL;
}

static const syntax *find_syntax(const char *name, size_t n)
{
    for (size_t k = 0; k < N_SYNTAXES; k++) {
        const char *known = syntaxes[k].kind->name;

        if (strlen(known) == n && memcmp(known, name, n) == 0)
            return &syntaxes[k];
    }
    return NULL;
}

const bw_layer_kind *bw_layer_find(const char *name)
{
    const syntax *found = find_syntax(name, strlen(name));

    return found ? found->kind : NULL;
}

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
    const syntax *syntax; /* of the line under way */
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

static bw_status take_real(scanner *s, const real_rule *rule, bw_layer *layer)
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

static bw_status take_argument(scanner *s, argument arg, bw_layer *layer)
{
    switch (arg) {
    case ARG_SIZE:
        return take_size(s, layer);
    case ARG_UNITS:
        return take_count(s, &layer->units, "a count of channels from 1");
    case ARG_WINDOW:
        return take_window(s, layer);
    case ARG_OPTIONS:
    case ARG_POOL:
        return take_options(s, layer, arg == ARG_POOL);
    case ARG_FACTOR:
        return take_count(s, &layer->units, "a factor from 1");
    case ARG_IMAGE:
        return take_image(s, layer);
    case ARG_SLOPE:
    case ARG_SD:
    case ARG_EPS:
    case ARG_MOMENTUM:
        return take_real(s, find_rule(arg), layer);
    case ARG_NONE:
        break;
    }
    return BW_OK;
}

/* ---- reading ---- */

static bw_status unknown_layer(scanner *s, word w)
{
    char known[256] = "", text[48];

    for (size_t k = 0; k < N_SYNTAXES; k++) {
        size_t n = strlen(known);

        snprintf(known + n, sizeof known - n, "%s%s", k > 0 ? ", " : "",
                 syntaxes[k].kind->name);
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

    s->syntax = find_syntax(w.at, w.n);
    if (!s->syntax)
        return unknown_layer(s, w);
    layer->kind = s->syntax->kind;
    layer->line = s->line;
    layer->column = w.column;
    for (size_t k = 0; k < MAX_ARGUMENTS && status == BW_OK; k++)
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

/* ---- writing ---- */

/* The shortest decimal that reads back to the same number. */
static void write_real(FILE *out, double value)
{
    char text[32];

    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    fprintf(out, " %s", text);
}

/* Momentum can only follow an epsilon. */
static void write_reals(FILE *out, const syntax *row, const bw_layer *layer)
{
    size_t n = 0;

    for (size_t k = 0; k < MAX_ARGUMENTS; k++) {
        const real_rule *rule = find_rule(row->argument[k]);

        if (rule && layer->value[rule->place] != rule->fallback)
            n = k + 1;
    }
    for (size_t k = 0; k < n; k++)
        write_real(out, layer->value[find_rule(row->argument[k])->place]);
}

static void write_options(FILE *out, const bw_layer *layer, bool is_pool)
{
    if (layer->stride != (is_pool ? layer->kh : 1) ||
        (is_pool && layer->kh != layer->kw))
        fprintf(out, " stride %zu", layer->stride);
    if (layer->is_same)
        return;
    fprintf(out, " pad %zu", layer->top);
    if (layer->bottom != layer->top || layer->left != layer->top ||
        layer->right != layer->top)
        fprintf(out, ",%zu,%zu,%zu", layer->bottom, layer->left, layer->right);
}

static void write_argument(FILE *out, argument arg, const bw_layer *layer)
{
    switch (arg) {
    case ARG_SIZE:
    case ARG_UNITS:
    case ARG_FACTOR:
        fprintf(out, " %zu", layer->units);
        break;
    case ARG_WINDOW:
        fprintf(out, " %zux%zu", layer->kh, layer->kw);
        break;
    case ARG_OPTIONS:
    case ARG_POOL:
        write_options(out, layer, arg == ARG_POOL);
        break;
    case ARG_IMAGE:
        fprintf(out, " %zu %zu %zu", layer->reshape.h, layer->reshape.w,
                layer->reshape.c);
        break;
    default:
        break;
    }
}

char *bw_network_text_write(const bw_layer layer[], size_t n_layers)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    bool is_whole;

    if (!out)
        return NULL;
    for (size_t k = 0; k < n_layers; k++) {
        const char *name = layer[k].kind->name;
        const syntax *row = find_syntax(name, strlen(name));

        fputs(name, out);
        for (size_t j = 0; j < MAX_ARGUMENTS; j++)
            write_argument(out, row->argument[j], &layer[k]);
        write_reals(out, row, &layer[k]);
        fputc('\n', out);
    }
    is_whole = !ferror(out);
    if (fclose(out) != 0 || !is_whole) {
        free(text);
        return NULL;
    }
    return text;
}
