/* resize.c - area mean and Catmull-Rom, separable, in double precision.
 *
 * An axis of n samples becomes m. Shrinking, output i covers the inputs from
 * i n/m to (i+1) n/m; times m all ends are integers, so the weights are the
 * integer overlaps, their sum is n, and the sums over 8- and 16-bit samples
 * stay below 2^53: exact until the one division at the end. Cost: H W' and
 * H' W' samples times the taps, two passes. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store/image.h"

/* One axis: output i is the sum of weight[i * n_taps + k] over the inputs
 * first[i] + k, k < n_taps, divided by `divisor` in the end. */
typedef struct axis {
    size_t n_in, n_out, n_taps;
    size_t *first;
    double *weight;
    double divisor;
} axis;

struct bw_resizer {
    axis rows, columns;
    double *line;   /* (W,C) of the input */
    double *narrow; /* (H,W',C) */
    double *sum;    /* (W',C) of the output */
    size_t n_line, n_narrow, n_sum;
};

bw_resizer *bw_resizer_create(void)
{
    return calloc(1, sizeof(bw_resizer));
}

static void clear_axis(axis *a)
{
    free(a->first);
    free(a->weight);
    *a = (axis){0};
}

void bw_resizer_destroy(bw_resizer *resizer)
{
    if (!resizer)
        return;
    clear_axis(&resizer->rows);
    clear_axis(&resizer->columns);
    free(resizer->line);
    free(resizer->narrow);
    free(resizer->sum);
    free(resizer);
}

/* ---- weights ---- */

static void area_weights(axis *a)
{
    size_t n = a->n_in, m = a->n_out;

    a->divisor = (double)n;
    for (size_t i = 0; i < m; i++) {
        size_t start = i * n, end = start + n; /* in units of 1/m */
        size_t first = start / m;
        /* The taps of a last output that needs fewer stay inside. */
        if (first + a->n_taps > n)
            first = n - a->n_taps;
        a->first[i] = first;
        for (size_t k = 0; k < a->n_taps; k++) {
            size_t low = (first + k) * m, high = low + m;
            low = low > start ? low : start;
            high = high < end ? high : end;
            a->weight[i * a->n_taps + k] =
                high > low ? (double)(high - low) : 0;
        }
    }
}

/* Weights of the four neighbours at distance 1+t, t, 1-t, 2-t. */
static void cubic(double t, double w[4])
{
    double t2 = t * t, t3 = t2 * t;

    w[0] = (-t3 + 2 * t2 - t) / 2;
    w[1] = (3 * t3 - 5 * t2 + 2) / 2;
    w[2] = (-3 * t3 + 4 * t2 + t) / 2;
    w[3] = (t3 - t2) / 2;
}

/* Output i looks at input (2i+1) n / 2m - 1/2, an exact fraction. Taps beyond
 * the border fold onto the border sample. */
static void cubic_weights(axis *a)
{
    int64_t n = (int64_t)a->n_in, m = (int64_t)a->n_out;

    a->divisor = 1;
    for (int64_t i = 0; i < m; i++) {
        int64_t at = (2 * i + 1) * n - m;
        int64_t whole = at >= 0 ? at / (2 * m) : -1; /* at > -2m always */
        double w[4], t = (double)(at - whole * 2 * m) / (double)(2 * m);
        int64_t first = whole - 1;
        cubic(t, w);
        if (first > n - (int64_t)a->n_taps)
            first = n - (int64_t)a->n_taps;
        if (first < 0)
            first = 0;
        double *to = a->weight + (size_t)i * a->n_taps;
        for (int64_t k = 0; k < 4; k++) {
            int64_t j = whole - 1 + k;
            j = j < 0 ? 0 : j >= n ? n - 1 : j;
            to[j - first] += w[k];
        }
        a->first[i] = (size_t)first;
    }
}

static bw_status make_axis(axis *a, size_t n_in, size_t n_out, bw_error *err)
{
    if (a->n_in == n_in && a->n_out == n_out)
        return BW_OK;
    clear_axis(a);
    /* Area: the overlap of a span of length n/m touches at most ceil + 1. */
    size_t n_taps = n_out < n_in   ? (n_in + n_out - 1) / n_out + 1
                    : n_out > n_in ? 4
                                   : 1;
    if (n_taps > n_in)
        n_taps = n_in;
    a->first = calloc(n_out, sizeof *a->first);
    a->weight = calloc(n_out * n_taps, sizeof *a->weight);
    if (!a->first || !a->weight) {
        clear_axis(a);
        return bw_error_memory(err);
    }
    a->n_in = n_in;
    a->n_out = n_out;
    a->n_taps = n_taps;
    if (n_out > n_in)
        cubic_weights(a);
    else
        area_weights(a);
    return BW_OK;
}

/* ---- the two passes ---- */

static bw_status reserve(double **work, size_t *have, size_t n, bw_error *err)
{
    if (n <= *have)
        return BW_OK;
    free(*work);
    *have = 0;
    *work = malloc(n * sizeof **work);
    if (!*work)
        return bw_error_memory(err);
    *have = n;
    return BW_OK;
}

/* (W,C) at `line` to (W',C) at `to`. */
static void resize_line(const axis *a, size_t c, const double *line, double *to)
{
    for (size_t i = 0; i < a->n_out; i++) {
        const double *w = a->weight + i * a->n_taps;
        const double *from = line + a->first[i] * c;
        for (size_t j = 0; j < c; j++) {
            double sum = 0;
            for (size_t k = 0; k < a->n_taps; k++)
                sum += w[k] * from[k * c + j];
            to[i * c + j] = sum;
        }
    }
}

/* Values cut to low..high and, for integers, rounded half to even. */
static void store(bw_dtype dtype, const double *values, size_t n, double low,
                  double high, double divisor, void *to, size_t at)
{
    for (size_t k = 0; k < n; k++) {
        double v = values[k] / divisor;
        v = v < low ? low : v > high ? high : v;
        switch (dtype) {
        case BW_U8:
            ((uint8_t *)to)[at + k] = (uint8_t)nearbyint(v);
            break;
        case BW_U16:
            ((uint16_t *)to)[at + k] = (uint16_t)nearbyint(v);
            break;
        case BW_U32:
            ((uint32_t *)to)[at + k] = (uint32_t)nearbyint(v);
            break;
        case BW_F32:
            ((float *)to)[at + k] = (float)v;
            break;
        default:
            ((double *)to)[at + k] = v;
            break;
        }
    }
}

static void range_of(const double *values, size_t n, double *low, double *high)
{
    for (size_t k = 0; k < n; k++) {
        *low = values[k] < *low ? values[k] : *low;
        *high = values[k] > *high ? values[k] : *high;
    }
}

static void narrow_rows(bw_resizer *r, const bw_image *from, double *low,
                        double *high)
{
    size_t c = from->channels, n = from->width * c;
    size_t bytes = n * bw_dtype_size(from->dtype);

    for (size_t y = 0; y < from->height; y++) {
        bw_dtype_to_double(from->dtype, (char *)from->data + y * bytes, n,
                           r->line);
        range_of(r->line, n, low, high);
        resize_line(&r->columns, c, r->line,
                    r->narrow + y * r->columns.n_out * c);
    }
}

static bw_status make_room(bw_resizer *r, const bw_image *from, bw_image *to,
                           size_t height, size_t width, bw_error *err)
{
    size_t c = from->channels;
    bw_status rc = bw_image_shape(to, from->dtype, height, width, c, err);

    if (rc == BW_OK)
        rc = make_axis(&r->rows, from->height, height, err);
    if (rc == BW_OK)
        rc = make_axis(&r->columns, from->width, width, err);
    if (rc == BW_OK)
        rc = reserve(&r->line, &r->n_line, from->width * c, err);
    if (rc == BW_OK)
        rc = reserve(&r->narrow, &r->n_narrow, from->height * width * c, err);
    if (rc == BW_OK)
        rc = reserve(&r->sum, &r->n_sum, width * c, err);
    return rc;
}

bw_status bw_image_resize(bw_resizer *r, const bw_image *from, size_t height,
                          size_t width, bw_image *to, bw_error *err)
{
    size_t n = width * from->channels;
    double low = INFINITY, high = -INFINITY;

    if (height == 0 || width == 0 || from->height == 0 || from->width == 0)
        return bw_error_set(err, BW_ERR_DIMENSION, "an image without pixels");
    switch (from->dtype) {
    case BW_U8:
    case BW_U16:
    case BW_U32:
    case BW_F32:
    case BW_F64:
        break;
    default:
        return bw_error_set(err, BW_ERR_USAGE, "cannot resize type %s",
                            bw_dtype_name(from->dtype));
    }
    bw_status rc = make_room(r, from, to, height, width, err);
    if (rc)
        return rc;
    if (height == from->height && width == from->width) {
        memcpy(to->data, from->data, bw_image_n_bytes(from));
        return BW_OK;
    }
    narrow_rows(r, from, &low, &high);
    if (bw_dtype_is_integer(from->dtype)) {
        low = 0;
        high = ldexp(1, 8 * (int)bw_dtype_size(from->dtype)) - 1;
    }
    const axis *a = &r->rows;
    for (size_t y = 0; y < height; y++) {
        memset(r->sum, 0, n * sizeof *r->sum);
        for (size_t k = 0; k < a->n_taps; k++) {
            double w = a->weight[y * a->n_taps + k];
            const double *line = r->narrow + (a->first[y] + k) * n;
            for (size_t j = 0; j < n && w != 0; j++)
                r->sum[j] += w * line[j];
        }
        store(from->dtype, r->sum, n, low, high,
              a->divisor * r->columns.divisor, to->data, y * n);
    }
    return BW_OK;
}
