/* conv_columns.c - a convolution's windows as rows of a matrix, and back.
 *
 * Taps of one window row stand side by side in x as in the matrix: each window
 * is copied (or added) by runs, cut at the image's edges.
 */
#include "config.h"

#include <string.h>

#include "nn/conv_columns.h"
#include "nn/sweep.h"

/* Floats from which a run is worth a call. */
enum { LONG_RUN = 32 };

/* A pixel of y and the corner of its window in x, which may be outside. */
typedef struct place {
    size_t item, i, j;
    ptrdiff_t top, left;
} place;

static void set_corner(const bw_conv_shape *shape, place *at)
{
    at->top = (ptrdiff_t)(at->i * shape->stride) - (ptrdiff_t)shape->top;
    at->left = (ptrdiff_t)(at->j * shape->stride) - (ptrdiff_t)shape->left;
}

static place place_of(const bw_conv_shape *shape, size_t row)
{
    place at = {.item = row / (shape->p * shape->q),
                .i = row / shape->q % shape->p,
                .j = row % shape->q};

    set_corner(shape, &at);
    return at;
}

static void next_place(const bw_conv_shape *shape, place *at)
{
    if (++at->j == shape->q) {
        at->j = 0;
        if (++at->i == shape->p) {
            at->i = 0;
            at->item++;
        }
    }
    set_corner(shape, at);
}

/* Columns s .. s + n - 1 of one window row, cut to those inside x: the first
 * and how many. */
typedef struct run {
    size_t first, n;
    const float *x; /* pixel of the first; NULL when n is 0 */
} run;

static run cut_run(const bw_conv_shape *shape, const float *x, const place *at,
                   size_t r, size_t s, size_t n)
{
    ptrdiff_t row = at->top + (ptrdiff_t)r;
    ptrdiff_t begin = (ptrdiff_t)s, end = (ptrdiff_t)(s + n);
    ptrdiff_t width = (ptrdiff_t)shape->w;

    if (row < 0 || row >= (ptrdiff_t)shape->h)
        return (run){0, 0, NULL};
    if (at->left + begin < 0)
        begin = -at->left;
    if (at->left + end > width)
        end = width - at->left;
    if (begin >= end)
        return (run){0, 0, NULL};
    return (run){
        .first = (size_t)begin - s,
        .n = (size_t)(end - begin),
        .x = x + ((at->item * shape->h + (size_t)row) * shape->w +
                  (size_t)(at->left + begin)) *
                     shape->c,
    };
}

/* A loop beats the call of memcpy where runs are a few pixels of few
 * channels. */
static void copy(float *to, const float *from, size_t n)
{
    if (n >= LONG_RUN)
        memcpy(to, from, n * sizeof(*to));
    else
        for (size_t k = 0; k < n; k++)
            to[k] = from[k];
}

static void gather_run(const bw_conv_shape *shape, const float *x,
                       const place *at, size_t r, size_t s, size_t n,
                       float *col)
{
    run cut = cut_run(shape, x, at, r, s, n);
    size_t c = shape->c;

    if (cut.n < n)
        memset(col, 0, n * c * sizeof(*col));
    if (cut.n > 0)
        copy(col + cut.first * c, cut.x, cut.n * c);
}

void bw_conv_columns_gather(const bw_conv_shape *shape, const float *x,
                            size_t row, size_t n_rows, size_t tap,
                            size_t n_taps, float *col)
{
    place at = place_of(shape, row);
    size_t kw = shape->kw;

    for (size_t k = 0; k < n_rows; k++) {
        for (size_t t = tap, n; t < tap + n_taps; t += n) {
            n = kw - t % kw;
            if (n > tap + n_taps - t)
                n = tap + n_taps - t;
            gather_run(shape, x, &at, t / kw, t % kw, n, col);
            col += n * shape->c;
        }
        next_place(shape, &at);
    }
}

static void scatter_run(const bw_sweeps *sweeps, const bw_conv_shape *shape,
                        const float *col, const place *at, size_t r, float *x)
{
    run cut = cut_run(shape, x, at, r, 0, shape->kw);
    float *to = x + (cut.n > 0 ? cut.x - x : 0);
    const float *from = col + cut.first * shape->c;

    if (cut.n * shape->c >= LONG_RUN)
        sweeps->add(cut.n * shape->c, from, to);
    else
        for (size_t k = 0; k < cut.n * shape->c; k++)
            to[k] += from[k];
}

void bw_conv_columns_scatter(const bw_conv_shape *shape, const float *col,
                             size_t row, size_t n_rows, float *x)
{
    const bw_sweeps *sweeps = bw_sweeps_get();
    place at = place_of(shape, row);

    for (size_t k = 0; k < n_rows; k++) {
        for (size_t r = 0; r < shape->kh; r++) {
            scatter_run(sweeps, shape, col, &at, r, x);
            col += shape->kw * shape->c;
        }
        next_place(shape, &at);
    }
}
