/* dwe_evaluate.c - how well predicted costs meet exact ones. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "model/dwe_evaluate.h"

static double mean_of(size_t n, const double *x)
{
    double sum = 0;

    for (size_t k = 0; k < n; k++)
        sum += x[k];
    return sum / (double)n;
}

bw_dwe_figures bw_dwe_figures_of(size_t n, const double *p, const double *y)
{
    double mean_p = mean_of(n, p), mean_y = mean_of(n, y);
    double gap2 = 0, y2 = 0, pp = 0, py = 0, yy = 0;

    for (size_t k = 0; k < n; k++) {
        double gap = p[k] - y[k], dp = p[k] - mean_p, dy = y[k] - mean_y;
        gap2 += gap * gap;
        y2 += y[k] * y[k];
        pp += dp * dp;
        py += dp * dy;
        yy += dy * dy;
    }
    return (bw_dwe_figures){
        .mse = gap2 / (double)n,
        .relative_mse = y2 > 0 ? gap2 / y2 : NAN,
        .correlation = pp > 0 && yy > 0 ? py / (sqrt(pp) * sqrt(yy)) : NAN,
        .mean = mean_y,
        .sd = sqrt(yy / (double)n),
    };
}

/* ---- quantiles ---- */

typedef struct sample {
    size_t bin;
    double p, y;
} sample;

static int by_bin_then_p(const void *a, const void *b)
{
    const sample *s = a, *t = b;

    if (s->bin != t->bin)
        return s->bin < t->bin ? -1 : 1;
    return (s->p > t->p) - (s->p < t->p);
}

/* The q-quantile of n sorted predictions. */
static double quantile(size_t n, const sample *s, double q)
{
    double at = q * (double)(n - 1);
    size_t k = (size_t)at;

    if (k + 1 >= n)
        return s[n - 1].p;
    return s[k].p + (at - (double)k) * (s[k + 1].p - s[k].p);
}

static void fill_bin(bw_dwe_bin *bin, size_t n, const sample *s)
{
    bin->n = n;
    for (size_t k = 0; k < n; k++) {
        bin->exact += s[k].y / (double)n;
        bin->mean += s[k].p / (double)n;
    }
    bin->q10 = quantile(n, s, 0.1);
    bin->q90 = quantile(n, s, 0.9);
}

static size_t bin_of(double y, double low, double width)
{
    double k = width > 0 ? ceil((y - low) / width) - 1 : 0;

    if (!(k > 0))
        return 0;
    return k < BW_DWE_BINS - 1 ? (size_t)k : BW_DWE_BINS - 1;
}

bw_status bw_dwe_quantiles(size_t n, const double *p, const double *y,
                           bw_dwe_bin bin[BW_DWE_BINS], bw_error *err)
{
    sample *s = malloc((n + 1) * sizeof *s);
    double low = HUGE_VAL, high = -HUGE_VAL;

    if (!s)
        return bw_error_memory(err);
    for (size_t k = 0; k < n; k++) {
        low = fmin(low, y[k]);
        high = fmax(high, y[k]);
    }
    double width = (high - low) / BW_DWE_BINS;
    for (size_t k = 0; k < n; k++)
        s[k] = (sample){bin_of(y[k], low, width), p[k], y[k]};
    qsort(s, n, sizeof *s, by_bin_then_p);
    for (size_t b = 0, at = 0; b < BW_DWE_BINS; b++) {
        size_t m = 0;
        bin[b] = (bw_dwe_bin){.low = low + (double)b * width,
                              .high = low + (double)(b + 1) * width};
        while (at + m < n && s[at + m].bin == b)
            m++;
        if (m > 0)
            fill_bin(&bin[b], m, s + at);
        at += m;
    }
    free(s);
    return BW_OK;
}
