/* sample.c - items as doubles or floats, a piece at a time. */
#include "config.h"

#include <math.h>

#include "eval/sample.h"
#include "nn/cut.h"

/* Values that are widened at a time: 16 KiB of stack. */
enum { PIECE = 2048 };

void bw_sample_doubles(const bw_sample *s, size_t first, size_t n, double *out)
{
    const unsigned char *from = s->data;

    bw_dtype_to_double(s->dtype, from + first * bw_dtype_size(s->dtype), n,
                       out);
    if (s->factor != 1)
        for (size_t k = 0; k < n; k++)
            out[k] *= s->factor;
}

static void item_floats(const bw_sample *s, const double *opt_shift,
                        size_t item, float *out)
{
    double wide[PIECE];

    for (size_t k = 0; k < bw_cut_count(s->size, PIECE); k++) {
        bw_cut cut = bw_cut_piece(s->size, PIECE, k);
        bw_sample_doubles(s, item * s->size + cut.from, cut.to - cut.from,
                          wide);
        for (size_t i = cut.from; i < cut.to; i++)
            out[i] =
                (float)(wide[i - cut.from] - (opt_shift ? opt_shift[i] : 0));
    }
}

void bw_sample_floats(const bw_sample *s, const double *opt_shift, size_t first,
                      size_t n, float *out)
{
    for (size_t k = 0; k < n; k++)
        item_floats(s, opt_shift, first + k, out + k * s->size);
}

void bw_sample_mean(const bw_sample *s, double *mean)
{
    double wide[PIECE];

    for (size_t i = 0; i < s->size; i++)
        mean[i] = 0;
    for (size_t item = 0; item < s->n; item++)
        for (size_t k = 0; k < bw_cut_count(s->size, PIECE); k++) {
            bw_cut cut = bw_cut_piece(s->size, PIECE, k);
            bw_sample_doubles(s, item * s->size + cut.from, cut.to - cut.from,
                              wide);
            for (size_t i = cut.from; i < cut.to; i++)
                mean[i] += wide[i - cut.from];
        }
    for (size_t i = 0; i < s->size; i++)
        mean[i] /= (double)s->n;
}

double bw_sample_largest(const bw_sample *s)
{
    double wide[PIECE], most = 0;
    size_t n = s->n * s->size;

    for (size_t k = 0; k < bw_cut_count(n, PIECE); k++) {
        bw_cut cut = bw_cut_piece(n, PIECE, k);
        bw_sample_doubles(s, cut.from, cut.to - cut.from, wide);
        for (size_t i = 0; i < cut.to - cut.from; i++)
            most = fmax(most, fabs(wide[i]));
    }
    return most;
}

bw_sample bw_sample_head(const bw_sample *s, size_t n)
{
    bw_sample head = *s;

    head.n = bw_cut_min(s->n, n);
    head.shape[0] = head.n;
    return head;
}

bw_sample bw_sample_part(const bw_sample *s, size_t first, size_t n)
{
    bw_sample part = *s;

    part.n = part.shape[0] = n;
    part.data = (const unsigned char *)s->data +
                first * s->size * bw_dtype_size(s->dtype);
    return part;
}

bw_status bw_sample_check(const bw_sample *s, bw_error *err)
{
    double wide[PIECE];
    size_t n = s->n * s->size;

    if (bw_dtype_is_integer(s->dtype))
        return BW_OK;
    for (size_t k = 0; k < bw_cut_count(n, PIECE); k++) {
        bw_cut cut = bw_cut_piece(n, PIECE, k);
        bw_sample_doubles(s, cut.from, cut.to - cut.from, wide);
        for (size_t i = cut.from; i < cut.to; i++)
            if (!isfinite(wide[i - cut.from]))
                return bw_error_set(err, BW_ERR_RANGE,
                                    "%s: %s: item %zu: value %zu is %g",
                                    s->path, s->name, i / s->size, i % s->size,
                                    wide[i - cut.from]);
    }
    return BW_OK;
}
