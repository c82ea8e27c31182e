/* divergence.c - KL, JS and TV between sparse histograms. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "barrow/divergence.h"

static double mass_of(const bw_histogram *h, size_t q, double scale)
{
    return (h->weight ? h->weight[q] : (double)h->mass[q]) * scale;
}

/* What a bin with masses x and y adds. x log(x / y) is 0 at x = 0. */
static double term(bw_divergence divergence, double x, double y)
{
    double m = (x + y) / 2;
    switch (divergence) {
    case BW_DIVERGENCE_KL:
        return x > 0 ? x * log(x / y) : 0;
    case BW_DIVERGENCE_JS:
        return ((x > 0 ? x * log(x / m) : 0) + (y > 0 ? y * log(y / m) : 0)) /
               2;
    case BW_DIVERGENCE_TV:
        break;
    }
    return fabs(x - y) / 2;
}

double bw_divergence_compute(bw_divergence divergence, const bw_histogram *a,
                             const bw_histogram *b, bw_normalize normalize,
                             double *work)
{
    bool is_scaled = normalize != BW_NORMALIZE_NONE;
    double scale_a = is_scaled ? 1 / a->sum : 1;
    double scale_b = is_scaled ? 1 / b->sum : 1;
    double sum = 0;
    for (size_t q = 0; q < b->n; q++)
        work[b->bin[q]] = mass_of(b, q, scale_b);
    for (size_t q = 0; q < a->n; q++) {
        double *other = &work[a->bin[q]];
        sum += term(divergence, mass_of(a, q, scale_a), *other);
        *other = 0;
    }
    for (size_t q = 0; q < b->n; q++) {
        double *left = &work[b->bin[q]];
        if (*left > 0)
            sum += term(divergence, 0, *left);
        *left = 0;
    }
    return sum;
}
