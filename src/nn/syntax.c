/* syntax.c - which arguments a kind of layer takes, and layers to text. */
#include "config.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/printed.h"
#include "nn/syntax.h"

/* ---- the table ---- */

static const bw_syntax syntaxes[] = {
    {&bw_layer_dense, {BW_ARG_SIZE}},
    {&bw_layer_conv, {BW_ARG_UNITS, BW_ARG_WINDOW, BW_ARG_OPTIONS}},
    {&bw_layer_deconv, {BW_ARG_UNITS, BW_ARG_WINDOW, BW_ARG_OPTIONS}},
    {&bw_layer_upsample, {BW_ARG_FACTOR}},
    {&bw_layer_maxpool, {BW_ARG_WINDOW, BW_ARG_POOL}},
    {&bw_layer_avgpool, {BW_ARG_WINDOW, BW_ARG_POOL}},
    {&bw_layer_batchnorm, {BW_ARG_EPS, BW_ARG_MOMENTUM}},
    {&bw_layer_layernorm, {BW_ARG_EPS}},
    {&bw_layer_relu, {BW_ARG_NONE}},
    {&bw_layer_leakyrelu, {BW_ARG_SLOPE}},
    {&bw_layer_elu, {BW_ARG_NONE}},
    {&bw_layer_tanh, {BW_ARG_NONE}},
    {&bw_layer_sigmoid, {BW_ARG_NONE}},
    {&bw_layer_softmax, {BW_ARG_NONE}},
    {&bw_layer_reshape, {BW_ARG_IMAGE}},
    {&bw_layer_flatten, {BW_ARG_NONE}},
    {&bw_layer_noise, {BW_ARG_SD}},
};
enum { N_SYNTAXES = sizeof syntaxes / sizeof syntaxes[0] };

static const bw_real_rule real_rules[] = {
    {BW_ARG_SLOPE, 0, 0, 1e6, NAN, "a slope from 0 to 1e6"},
    {BW_ARG_SD, 0, 0, 1e6, NAN, "a standard deviation from 0 to 1e6"},
    {BW_ARG_EPS, 0, 1e-30, 1e6, 1e-5, "an epsilon from 1e-30 to 1e6"},
    {BW_ARG_MOMENTUM, 1, 0, 1, 0.1, "a momentum from 0 to 1"},
};
enum { N_REAL_RULES = sizeof real_rules / sizeof real_rules[0] };

const bw_syntax *bw_syntax_get(size_t k)
{
    return k < N_SYNTAXES ? &syntaxes[k] : NULL;
}

const bw_real_rule *bw_syntax_rule(bw_argument arg)
{
    for (size_t k = 0; k < N_REAL_RULES; k++)
        if (real_rules[k].argument == arg)
            return &real_rules[k];
    return NULL;
}

const bw_syntax *bw_syntax_find(const char *name, size_t n)
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
    const bw_syntax *found = bw_syntax_find(name, strlen(name));

    return found ? found->kind : NULL;
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
static void write_reals(FILE *out, const bw_syntax *row, const bw_layer *layer)
{
    size_t n = 0;

    for (size_t k = 0; k < BW_MAX_ARGUMENTS; k++) {
        const bw_real_rule *rule = bw_syntax_rule(row->argument[k]);

        if (rule && layer->value[rule->place] != rule->fallback)
            n = k + 1;
    }
    for (size_t k = 0; k < n; k++)
        write_real(out, layer->value[bw_syntax_rule(row->argument[k])->place]);
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

static void write_argument(FILE *out, bw_argument arg, const bw_layer *layer)
{
    switch (arg) {
    case BW_ARG_SIZE:
    case BW_ARG_UNITS:
    case BW_ARG_FACTOR:
        fprintf(out, " %zu", layer->units);
        break;
    case BW_ARG_WINDOW:
        fprintf(out, " %zux%zu", layer->kh, layer->kw);
        break;
    case BW_ARG_OPTIONS:
    case BW_ARG_POOL:
        write_options(out, layer, arg == BW_ARG_POOL);
        break;
    case BW_ARG_IMAGE:
        fprintf(out, " %zu %zu %zu", layer->reshape.h, layer->reshape.w,
                layer->reshape.c);
        break;
    default:
        break;
    }
}

char *bw_syntax_write(const bw_layer layer[], size_t n_layers)
{
    bw_printed printed;
    char *text;
    FILE *out = bw_printed_open(&printed);

    if (!out)
        return NULL;
    for (size_t k = 0; k < n_layers; k++) {
        const char *name = layer[k].kind->name;
        const bw_syntax *row = bw_syntax_find(name, strlen(name));

        fputs(name, out);
        for (size_t j = 0; j < BW_MAX_ARGUMENTS; j++)
            write_argument(out, row->argument[j], &layer[k]);
        write_reals(out, row, &layer[k]);
        fputc('\n', out);
    }
    return bw_printed_close(&printed, &text, NULL) ? text : NULL;
}
