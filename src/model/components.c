/* components.c - eigenvectors of the codes' covariance, by LAPACK's dsyev
 * on one thread. */
#include "config.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "model/components.h"
#include "nn/gemm.h"

/* LAPACK: eigenvalues in rising order in w, eigenvectors in the columns of a,
 * column-major. The lengths of the two texts come last, as Fortran has it. */
void dsyev_(const char *jobz, const char *uplo, const int *n, double *a,
            const int *lda, double *w, double *work, const int *lwork,
            int *info, size_t n_jobz, size_t n_uplo);

static void find_mean(size_t n, size_t d, const float *codes, double *mean)
{
    for (size_t i = 0; i < d; i++)
        mean[i] = 0;
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < d; i++)
            mean[i] += (double)codes[k * d + i] / (double)n;
}

/* The lower triangle by rows is LAPACK's upper one by columns. */
static void find_covariance(size_t n, size_t d, const float *codes,
                            const double *mean, double *gap, double *a)
{
    for (size_t k = 0; k < n; k++) {
        for (size_t i = 0; i < d; i++)
            gap[i] = (double)codes[k * d + i] - mean[i];
        for (size_t i = 0; i < d; i++)
            for (size_t j = 0; j <= i; j++)
                a[i * d + j] += gap[i] * gap[j] / (double)n;
    }
}

static void take_direction(size_t d, const double *from, double *to)
{
    size_t most = 0;

    for (size_t i = 1; i < d; i++)
        if (fabs(from[i]) > fabs(from[most]))
            most = i;
    for (size_t i = 0; i < d; i++)
        to[i] = from[most] < 0 ? -from[i] : from[i];
}

bw_status bw_components_find(size_t n, size_t d, const float *codes,
                             size_t n_components, double *mean,
                             double *variance, double *direction, bw_error *err)
{
    bw_status status = bw_gemm_init(err); /* holds LAPACK to one thread, too */
    if (status)
        return status;
    if (d > INT_MAX / 8 || d == 0)
        return bw_error_set(err, BW_ERR_RANGE, "codes of %zu values", d);
    int size = (int)d, n_work = 8 * size, info = 0;
    double *a = calloc(d * d, sizeof *a);
    double *value = calloc(d, sizeof *value);
    double *work = calloc((size_t)n_work, sizeof *work);
    if (!a || !value || !work) {
        status = bw_error_memory(err);
        goto done;
    }
    find_mean(n, d, codes, mean);
    find_covariance(n, d, codes, mean, work, a);
    dsyev_("V", "U", &size, a, &size, value, work, &n_work, &info, 1, 1);
    if (info != 0) {
        status = bw_error_set(err, BW_ERR_RANGE,
                              "eigenvalues of the codes' covariance were not "
                              "found (dsyev %d)",
                              info);
        goto done;
    }
    for (size_t k = 0; k < n_components; k++) {
        variance[k] = fmax(value[d - 1 - k], 0);
        take_direction(d, a + (d - 1 - k) * d, direction + k * d);
    }
done:
    free(a);
    free(value);
    free(work);
    return status;
}
