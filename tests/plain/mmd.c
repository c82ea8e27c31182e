/* mmd.c - the double sum; see mmd.h. */
#include "config.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "plain/mmd.h"

static double kernel_of(const bw_mmd *mmd, double unit, double square)
{
    double sum = 0;

    for (size_t s = 0; s < mmd->n_scales; s++) {
        double c = unit * mmd->scale[s];

        sum += mmd->kernel == BW_MMD_IMQ ? c / (c + square)
                                         : exp(-square / (2 * c));
    }
    return sum;
}

double plain_mmd_square(size_t d, const double *x, const double *y)
{
    double sum = 0;

    for (size_t k = 0; k < d; k++)
        sum += (x[k] - y[k]) * (x[k] - y[k]);
    return sum;
}

/* The double sum over two samples, whose equal indices may be left out. */
static double sum_pairs(const bw_mmd *mmd, double unit, size_t d, size_t n_x,
                        const double *x, size_t n_y, const double *y,
                        bool is_same)
{
    double sum = 0;

    for (size_t i = 0; i < n_x; i++)
        for (size_t j = 0; j < n_y; j++)
            if (!is_same || i != j || mmd->is_biased)
                sum += kernel_of(mmd, unit,
                                 plain_mmd_square(d, x + i * d, y + j * d));
    return sum;
}

double plain_mmd(const bw_mmd *mmd, double unit, size_t n_q, const double *q,
                 size_t n_p, const double *p, size_t d)
{
    double nq = (double)n_q, np = (double)n_p, less = mmd->is_biased ? 0 : 1;

    if (n_q < 2 || n_p < 2)
        return 0;
    return sum_pairs(mmd, unit, d, n_q, q, n_q, q, true) / (nq * (nq - less)) +
           sum_pairs(mmd, unit, d, n_p, p, n_p, p, true) / (np * (np - less)) -
           2 * sum_pairs(mmd, unit, d, n_q, q, n_p, p, false) / (nq * np);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double plain_mmd_median(size_t n, const double *x, size_t d)
{
    double *square = malloc(n * n * sizeof *square), median;
    size_t n_pairs = 0;

    if (square == NULL)
        abort();
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            square[n_pairs++] = plain_mmd_square(d, x + i * d, x + j * d);
    qsort(square, n_pairs, sizeof *square, compare);
    median = square[(n_pairs - 1) / 2];
    free(square);
    return median;
}
