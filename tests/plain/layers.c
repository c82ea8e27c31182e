/* layers.c - plain twins of all layers, in double precision.
 *
 * Contents: dense, convolutions, pools, upsample, order, normalisations,
 * elementwise, softmax, passes.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "plain/layers.h"

typedef plain_layer_run pass;

static size_t n_in(const pass *p)
{
    return p->layer->in.h * p->layer->in.w * p->layer->in.c;
}

static size_t n_out(const pass *p)
{
    return p->layer->out.h * p->layer->out.w * p->layer->out.c;
}

/* Place of pixel (i, j), channel c of item k. */
static size_t at(bw_shape shape, size_t k, size_t i, size_t j, size_t c)
{
    return ((k * shape.h + i) * shape.w + j) * shape.c + c;
}

/* ---- dense ---- */

static void dense(const pass *p, bool is_backward)
{
    size_t in = n_in(p), out = n_out(p);

    for (size_t k = 0; k < p->n; k++)
        for (size_t o = 0; o < out; o++) {
            double sum = p->weight[1][o];
            double slope = is_backward ? p->dy[k * out + o] : 0.0;

            for (size_t i = 0; i < in; i++) {
                double a = p->weight[0][o * in + i], x = p->x[k * in + i];

                sum += a * x;
                if (!is_backward)
                    continue;
                p->dx[k * in + i] += slope * a;
                p->dweight[0][o * in + i] += slope * x;
            }
            if (is_backward)
                p->dweight[1][o] += slope;
            else
                p->y[k * out + o] = sum;
        }
}

/* ---- convolutions ---- */

/* Zeros before an axis of `big` places that a window slides over `small`
 * times. */
static long zeros_before(const bw_layer *layer, size_t small, size_t big,
                         size_t kernel, size_t given)
{
    long covered = (long)((small - 1) * layer->stride + kernel);

    if (!layer->is_same)
        return (long)given;
    return covered > (long)big ? (covered - (long)big) / 2 : 0;
}

typedef struct geometry {
    bw_shape small, big; /* the window slides over big, once for each small */
    long top, left;
} geometry;

static geometry find_geometry(const bw_layer *layer, bool is_deconv)
{
    geometry g = {.small = is_deconv ? layer->in : layer->out,
                  .big = is_deconv ? layer->out : layer->in};

    g.top = zeros_before(layer, g.small.h, g.big.h, layer->kh, layer->top);
    g.left = zeros_before(layer, g.small.w, g.big.w, layer->kw, layer->left);
    return g;
}

/* The pixel of big that tap (r, s) of the window of small's pixel (i, j) sees;
 * false outside. */
static bool find_pixel(const geometry *g, const bw_layer *layer, size_t i,
                       size_t j, size_t r, size_t s, size_t *row,
                       size_t *column)
{
    long y = (long)(i * layer->stride + r) - g->top;
    long x = (long)(j * layer->stride + s) - g->left;

    *row = (size_t)y;
    *column = (size_t)x;
    return y >= 0 && y < (long)g->big.h && x >= 0 && x < (long)g->big.w;
}

/* All products of one tap: weights are (small channel, big channel, r, s). */
static void convolve_tap(const pass *p, const geometry *g, bool is_deconv,
                         bool is_backward, size_t small, size_t big, size_t r,
                         size_t s)
{
    const bw_layer *layer = p->layer;

    for (size_t a = 0; a < g->small.c; a++)
        for (size_t b = 0; b < g->big.c; b++) {
            size_t w = ((a * g->big.c + b) * layer->kh + r) * layer->kw + s;
            size_t in = is_deconv ? small + a : big + b;
            size_t out = is_deconv ? big + b : small + a;

            if (is_backward) {
                p->dx[in] += p->weight[0][w] * p->dy[out];
                p->dweight[0][w] += p->x[in] * p->dy[out];
            } else {
                p->y[out] += p->weight[0][w] * p->x[in];
            }
        }
}

static void convolve(const pass *p, bool is_deconv, bool is_backward)
{
    const bw_layer *layer = p->layer;
    geometry g = find_geometry(layer, is_deconv);
    size_t row, column;

    for (size_t k = 0; k < p->n * n_out(p); k++)
        if (is_backward)
            p->dweight[1][k % layer->out.c] += p->dy[k];
        else
            p->y[k] = p->weight[1][k % layer->out.c];
    for (size_t k = 0; k < p->n; k++)
        for (size_t i = 0; i < g.small.h; i++)
            for (size_t j = 0; j < g.small.w; j++)
                for (size_t r = 0; r < layer->kh; r++)
                    for (size_t s = 0; s < layer->kw; s++)
                        if (find_pixel(&g, layer, i, j, r, s, &row, &column))
                            convolve_tap(p, &g, is_deconv, is_backward,
                                         at(g.small, k, i, j, 0),
                                         at(g.big, k, row, column, 0), r, s);
}

/* ---- pools ---- */

/* One output: its pixels inside the image are listed, then used. */
static void pool_window(const pass *p, const geometry *g, bool is_max,
                        bool is_backward, size_t k, size_t i, size_t j,
                        size_t c)
{
    const bw_layer *layer = p->layer;
    size_t out = at(layer->out, k, i, j, c), best = 0, count = 0, row, column;
    double sum = 0.0;

    for (size_t r = 0; r < layer->kh; r++)
        for (size_t s = 0; s < layer->kw; s++) {
            size_t in;

            if (!find_pixel(g, layer, i, j, r, s, &row, &column))
                continue;
            in = at(layer->in, k, row, column, c);
            if (count++ == 0 || p->x[in] > p->x[best])
                best = in;
            sum += p->x[in];
        }
    if (!is_backward) {
        p->y[out] = is_max ? p->x[best] : sum / (double)count;
        return;
    }
    if (is_max)
        p->dx[best] += p->dy[out];
    for (size_t r = 0; !is_max && r < layer->kh; r++)
        for (size_t s = 0; s < layer->kw; s++)
            if (find_pixel(g, layer, i, j, r, s, &row, &column))
                p->dx[at(layer->in, k, row, column, c)] +=
                    p->dy[out] / (double)count;
}

static void pool(const pass *p, bool is_max, bool is_backward)
{
    geometry g = find_geometry(p->layer, false);

    for (size_t k = 0; k < p->n; k++)
        for (size_t i = 0; i < g.small.h; i++)
            for (size_t j = 0; j < g.small.w; j++)
                for (size_t c = 0; c < g.small.c; c++)
                    pool_window(p, &g, is_max, is_backward, k, i, j, c);
}

/* ---- upsample ---- */

static void upsample(const pass *p, bool is_backward)
{
    bw_shape in = p->layer->in, out = p->layer->out;
    size_t factor = p->layer->units;

    for (size_t k = 0; k < p->n; k++)
        for (size_t i = 0; i < out.h; i++)
            for (size_t j = 0; j < out.w; j++)
                for (size_t c = 0; c < out.c; c++) {
                    size_t to = at(out, k, i, j, c);
                    size_t from = at(in, k, i / factor, j / factor, c);

                    if (is_backward)
                        p->dx[from] += p->dy[to];
                    else
                        p->y[to] = p->x[from];
                }
}

/* ---- order: image (h, w, c), flat (c, h, w) ---- */

static void reorder(const pass *p, bw_shape image, bool is_flatten,
                    bool is_backward)
{
    size_t v = n_in(p);

    for (size_t k = 0; k < p->n; k++)
        for (size_t i = 0; i < image.h; i++)
            for (size_t j = 0; j < image.w; j++)
                for (size_t c = 0; c < image.c; c++) {
                    size_t rows = at(image, k, i, j, c);
                    size_t flat = k * v + (c * image.h + i) * image.w + j;
                    size_t in = is_flatten ? rows : flat;
                    size_t out = is_flatten ? flat : rows;

                    if (is_backward)
                        p->dx[in] = p->dy[out];
                    else
                        p->y[out] = p->x[in];
                }
}

/* ---- normalisations ---- */

/* n sets of size values, each with a mean and variance of its own: a channel of
 * the whole batch, or an item. */
typedef struct sets {
    size_t n, size;
    bool by_channel;
} sets;

static size_t place(const pass *p, const sets *all, size_t set, size_t k)
{
    return all->by_channel ? k * p->layer->in.c + set : set * all->size + k;
}

/* Which of a and b goes with a place: the channel, or the place in (c, h, w) of
 * the item's value. */
static size_t affine_of(const pass *p, const sets *all, size_t place_of_x)
{
    bw_shape in = p->layer->in;
    size_t k = place_of_x % n_in(p), c = k % in.c;

    return all->by_channel ? c : c * in.h * in.w + k / in.c;
}

static void moments(const pass *p, const sets *all, size_t set, double *mean,
                    double *var)
{
    double size = (double)all->size;

    *mean = *var = 0.0;
    for (size_t k = 0; k < all->size; k++)
        *mean += p->x[place(p, all, set, k)] / size;
    for (size_t k = 0; k < all->size; k++) {
        double off = p->x[place(p, all, set, k)] - *mean;

        *var += off * off / size;
    }
}

/* Of a batch, of which the running ones take their share, or the running. */
static void channel_moments(const pass *p, const sets *all, size_t set,
                            bool is_backward, double *mean, double *var)
{
    double momentum = p->layer->value[1], n = (double)all->size;

    if (!p->is_training) {
        *mean = p->weight[2][set];
        *var = p->weight[3][set];
        return;
    }
    moments(p, all, set, mean, var);
    if (is_backward)
        return;
    p->weight[2][set] += momentum * (*mean - p->weight[2][set]);
    if (n > 1)
        p->weight[3][set] +=
            momentum * (*var * n / (n - 1) - p->weight[3][set]);
}

/* dx of one set by the chain rule over x, mean and variance; da and db. */
static void normalise_back(const pass *p, const sets *all, size_t set,
                           double mean, double var, double eps)
{
    double n = (double)all->size, root = 1 / sqrt(var + eps);
    double dmean = 0.0, dvar = 0.0;

    for (size_t k = 0; k < all->size; k++) {
        size_t i = place(p, all, set, k), affine = affine_of(p, all, i);
        double off = p->x[i] - mean, g = p->dy[i] * p->weight[0][affine];

        p->dweight[0][affine] += p->dy[i] * off * root;
        p->dweight[1][affine] += p->dy[i];
        dmean -= g * root;
        dvar -= g * off * root * root * root / 2;
    }
    for (size_t k = 0; k < all->size; k++) {
        size_t i = place(p, all, set, k);
        double g = p->dy[i] * p->weight[0][affine_of(p, all, i)];

        p->dx[i] = g * root + dmean / n + dvar * 2 * (p->x[i] - mean) / n;
    }
}

static void normalise(const pass *p, bool by_channel, bool is_backward)
{
    bw_shape in = p->layer->in;
    sets all = {.n = by_channel ? in.c : p->n,
                .size = by_channel ? p->n * in.h * in.w : n_in(p),
                .by_channel = by_channel};
    double eps = p->layer->value[0], mean, var;

    for (size_t set = 0; set < all.n; set++) {
        if (by_channel)
            channel_moments(p, &all, set, is_backward, &mean, &var);
        else
            moments(p, &all, set, &mean, &var);
        if (is_backward) {
            normalise_back(p, &all, set, mean, var, eps);
            continue;
        }
        for (size_t k = 0; k < all.size; k++) {
            size_t i = place(p, &all, set, k), affine = affine_of(p, &all, i);

            p->y[i] =
                p->weight[0][affine] * (p->x[i] - mean) / sqrt(var + eps) +
                p->weight[1][affine];
        }
    }
}

/* ---- elementwise ---- */

static double value_of(const bw_layer *layer, double x)
{
    if (layer->kind == &bw_layer_relu)
        return x > 0 ? x : 0;
    if (layer->kind == &bw_layer_leakyrelu)
        return x > 0 ? x : layer->value[0] * x;
    if (layer->kind == &bw_layer_elu)
        return x > 0 ? x : expm1(x);
    if (layer->kind == &bw_layer_tanh)
        return tanh(x);
    if (layer->kind == &bw_layer_sigmoid)
        return 1 / (1 + exp(-x));
    return x;
}

static double slope_of(const bw_layer *layer, double x)
{
    double y = value_of(layer, x);

    if (layer->kind == &bw_layer_relu)
        return x > 0;
    if (layer->kind == &bw_layer_leakyrelu)
        return x > 0 ? 1 : layer->value[0];
    if (layer->kind == &bw_layer_elu)
        return x > 0 ? 1 : exp(x);
    if (layer->kind == &bw_layer_tanh)
        return 1 - y * y;
    if (layer->kind == &bw_layer_sigmoid)
        return y * (1 - y);
    return 1;
}

static void elementwise(const pass *p, bool is_backward)
{
    for (size_t k = 0; k < p->n * n_in(p); k++)
        if (is_backward)
            p->dx[k] = p->dy[k] * slope_of(p->layer, p->x[k]);
        else
            p->y[k] = value_of(p->layer, p->x[k]);
}

/* ---- softmax ---- */

static double share(size_t v, const double *x, size_t j)
{
    double sum = 0.0;

    for (size_t k = 0; k < v; k++)
        sum += exp(x[k] - x[j]);
    return 1 / sum;
}

/* dx_j = sum_k dy_k y_k ((j == k) - y_j) */
static void softmax(const pass *p, bool is_backward)
{
    size_t v = n_in(p);

    for (size_t i = 0; i < p->n; i++)
        for (size_t j = 0; j < v; j++) {
            double y = share(v, p->x + i * v, j), sum = 0.0;

            if (!is_backward) {
                p->y[i * v + j] = y;
                continue;
            }
            for (size_t k = 0; k < v; k++)
                sum += p->dy[i * v + k] * share(v, p->x + i * v, k) *
                       ((j == k) - y);
            p->dx[i * v + j] = sum;
        }
}

/* ---- passes ---- */

static void run_layer(const pass *p, bool is_backward)
{
    const bw_layer_kind *kind = p->layer->kind;

    if (kind == &bw_layer_dense)
        dense(p, is_backward);
    else if (kind == &bw_layer_conv || kind == &bw_layer_deconv)
        convolve(p, kind == &bw_layer_deconv, is_backward);
    else if (kind == &bw_layer_maxpool || kind == &bw_layer_avgpool)
        pool(p, kind == &bw_layer_maxpool, is_backward);
    else if (kind == &bw_layer_upsample)
        upsample(p, is_backward);
    else if (kind == &bw_layer_flatten)
        reorder(p, p->layer->in, true, is_backward);
    else if (kind == &bw_layer_reshape)
        reorder(p, p->layer->out, false, is_backward);
    else if (kind == &bw_layer_batchnorm || kind == &bw_layer_layernorm)
        normalise(p, kind == &bw_layer_batchnorm, is_backward);
    else if (kind == &bw_layer_softmax)
        softmax(p, is_backward);
    else
        elementwise(p, is_backward);
}

void plain_layer_forward(const plain_layer_run *run)
{
    run_layer(run, false);
}

void plain_layer_backward(const plain_layer_run *run)
{
    memset(run->dx, 0, run->n * n_in(run) * sizeof *run->dx);
    for (size_t k = 0; k < 4; k++)
        if (run->dweight[k])
            memset(run->dweight[k], 0,
                   run->n_weight[k] * sizeof *run->dweight[k]);
    run_layer(run, true);
}
