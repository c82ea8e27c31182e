/* mmd.h - plain twin of nn/mmd.h: the double sum over all pairs in double
 * precision, and the median of a sorted list. */
#ifndef PLAIN_MMD_H
#define PLAIN_MMD_H

#include <stddef.h>

#include "nn/mmd.h"

/* |x - y|^2 of two points (d). */
double plain_mmd_square(size_t d, const double *x, const double *y);

/* The statistic of q (n_q, d) and p (n_p, d), all scales times unit. */
double plain_mmd(const bw_mmd *mmd, double unit, size_t n_q, const double *q,
                 size_t n_p, const double *p, size_t d);

/* The lower median of the squared distances of all pairs of n points, at least
 * 2, of x (n, d). */
double plain_mmd_median(size_t n, const double *x, size_t d);

#endif
