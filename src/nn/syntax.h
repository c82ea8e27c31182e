/* syntax.h - which arguments a kind of layer takes: the table that reading and
 * writing of network texts follow.
 */
#ifndef BW_SYNTAX_H
#define BW_SYNTAX_H

#include <stddef.h>

#include "nn/layer.h"

typedef enum bw_argument {
    BW_ARG_NONE,
    BW_ARG_SIZE,    /* U or HxWxC */
    BW_ARG_UNITS,   /* U */
    BW_ARG_WINDOW,  /* KxL */
    BW_ARG_OPTIONS, /* [stride S] [pad P], stride 1 */
    BW_ARG_POOL,    /* the same, stride as the window */
    BW_ARG_FACTOR,  /* S, a count */
    BW_ARG_IMAGE,   /* H W C */
    BW_ARG_SLOPE,   /* reals: see bw_real_rule */
    BW_ARG_SD,
    BW_ARG_EPS,
    BW_ARG_MOMENTUM
} bw_argument;

enum { BW_MAX_ARGUMENTS = 3 };

typedef struct bw_syntax {
    const bw_layer_kind *kind;
    bw_argument argument[BW_MAX_ARGUMENTS];
} bw_syntax;

/* A real argument: where it goes, its range, and what stands for it when it is
 * absent (NaN: it must not be). A slope below 0 would hide the sign of x from
 * a backward pass that sees only y. */
typedef struct bw_real_rule {
    bw_argument argument;
    size_t place;
    double min, max, fallback;
    const char *what;
} bw_real_rule;

/* The k-th row of the table, NULL past the end; the row of a name of n bytes,
 * or NULL; the rule of a real argument, NULL for others. */
const bw_syntax *bw_syntax_get(size_t k);
const bw_syntax *bw_syntax_find(const char *name, size_t n);
const bw_real_rule *bw_syntax_rule(bw_argument arg);

/* The text that reads back to the same layers, without defaults; malloc'ed,
 * NULL when memory is out. */
char *bw_syntax_write(const bw_layer layer[], size_t n_layers);

#endif
