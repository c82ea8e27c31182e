/* conv.c - the three passes of a convolution as textbook loops in doubles. */
#include "config.h"

#include "plain/conv.h"

typedef struct tap {
    size_t n, i, j, o, r, s, c; /* item, y's pixel and channel, tap, channel */
    size_t x, y, w;             /* places in the blocks */
} tap;

/* Calls visit for every product of the convolution. */
static void each_tap(const bw_conv_shape *g, size_t n, void *arg,
                     void (*visit)(void *arg, const tap *at))
{
    tap t;

    for (t.n = 0; t.n < n; t.n++)
        for (t.i = 0; t.i < g->p; t.i++)
            for (t.j = 0; t.j < g->q; t.j++)
                for (t.o = 0; t.o < g->o; t.o++)
                    for (t.r = 0; t.r < g->kh; t.r++)
                        for (t.s = 0; t.s < g->kw; t.s++)
                            for (t.c = 0; t.c < g->c; t.c++) {
                                size_t row = t.i * g->stride + t.r;
                                size_t column = t.j * g->stride + t.s;

                                if (row < g->top || row - g->top >= g->h ||
                                    column < g->left ||
                                    column - g->left >= g->w)
                                    continue;
                                row -= g->top;
                                column -= g->left;
                                t.x = ((t.n * g->h + row) * g->w + column) *
                                          g->c +
                                      t.c;
                                t.y = ((t.n * g->p + t.i) * g->q + t.j) * g->o +
                                      t.o;
                                t.w =
                                    ((t.o * g->c + t.c) * g->kh + t.r) * g->kw +
                                    t.s;
                                visit(arg, &t);
                            }
}

typedef struct blocks {
    const float *x, *y, *weight;
    double *out;
} blocks;

static void visit_y(void *arg, const tap *at)
{
    blocks *b = arg;

    b->out[at->y] += (double)b->weight[at->w] * (double)b->x[at->x];
}

static void visit_x(void *arg, const tap *at)
{
    blocks *b = arg;

    b->out[at->x] += (double)b->weight[at->w] * (double)b->y[at->y];
}

static void visit_weight(void *arg, const tap *at)
{
    blocks *b = arg;

    b->out[at->w] += (double)b->x[at->x] * (double)b->y[at->y];
}

static void start(double *out, size_t n_rows, size_t n, const float *opt_bias)
{
    for (size_t k = 0; k < n_rows * n; k++)
        out[k] = opt_bias ? (double)opt_bias[k % n] : 0;
}

static void clip(double *out, size_t n, bool relu)
{
    for (size_t k = 0; relu && k < n; k++)
        if (out[k] < 0)
            out[k] = 0;
}

void plain_conv_to_y(const bw_conv_shape *shape, size_t n, const float *x,
                     const float *weight, const float *opt_bias, bool relu,
                     double *y)
{
    size_t n_rows = n * shape->p * shape->q;
    blocks b = {.x = x, .weight = weight, .out = y};

    start(y, n_rows, shape->o, opt_bias);
    each_tap(shape, n, &b, visit_y);
    clip(y, n_rows * shape->o, relu);
}

void plain_conv_to_x(const bw_conv_shape *shape, size_t n, const float *y,
                     const float *weight, const float *opt_bias, bool relu,
                     double *x)
{
    size_t n_rows = n * shape->h * shape->w;
    blocks b = {.y = y, .weight = weight, .out = x};

    start(x, n_rows, shape->c, opt_bias);
    each_tap(shape, n, &b, visit_x);
    clip(x, n_rows * shape->c, relu);
}

void plain_conv_weight(const bw_conv_shape *shape, size_t n, const float *x,
                       const float *y, double *dweight)
{
    blocks b = {.x = x, .y = y, .out = dweight};

    start(dweight, shape->o * shape->c * shape->kh, shape->kw, NULL);
    each_tap(shape, n, &b, visit_weight);
}
