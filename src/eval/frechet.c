/* frechet.c - Gaussians of two samples and the distance between them, by LAPACK
 * on one thread a sample. */
#include "config.h"

#include <cblas.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "eval/frechet.h"
#include "nn/cut.h"
#include "nn/gemm.h"

/* LAPACK, column-major; the texts' lengths come last, as Fortran has it.
 * dsyev: eigenvalues in rising order, eigenvectors in a's columns. dgesvd with
 * "N": singular values alone, a is lost. */
void dsyev_(const char *jobz, const char *uplo, const int *n, double *a,
            const int *lda, double *w, double *work, const int *lwork,
            int *info, size_t n_jobz, size_t n_uplo);
void dgesvd_(const char *jobu, const char *jobvt, const int *m, const int *n,
             double *a, const int *lda, double *s, double *u, const int *ldu,
             double *vt, const int *ldvt, double *work, const int *lwork,
             int *info, size_t n_jobu, size_t n_jobvt);

/* Items whose products are summed at a time. */
enum { BLOCK = 128, LAPACK_WORK = 8 };

/* One sample's Gaussian. */
typedef struct fit {
    const bw_sample *sample;
    double *mean;  /* (d) */
    double *root;  /* (d, d): the covariance, then V, then L in its last
                       `rank` columns */
    double *value; /* (d): eigenvalues, rising; those of no meaning are 0 */
    double *room;  /* (max(BLOCK, LAPACK_WORK), d) */
    double trace;
    size_t rank;
    int info;
} fit;

static bw_status fit_reserve(fit *f, bw_error *err)
{
    size_t d = f->sample->size;

    f->mean = calloc(d, sizeof *f->mean);
    f->root = calloc(d, d * sizeof *f->root);
    f->value = calloc(d, sizeof *f->value);
    f->room = calloc(d, BLOCK * sizeof *f->room);
    if (!f->mean || !f->root || !f->value || !f->room)
        return bw_error_memory(err);
    return BW_OK;
}

static void fit_clear(fit *f)
{
    free(f->mean);
    free(f->root);
    free(f->value);
    free(f->room);
}

/* The lower triangle of the covariance. */
static void add_covariance(fit *f)
{
    const bw_sample *s = f->sample;
    size_t d = s->size;

    for (size_t k = 0; k < bw_cut_count(s->n, BLOCK); k++) {
        bw_cut cut = bw_cut_piece(s->n, BLOCK, k);
        size_t n = cut.to - cut.from;
        bw_sample_doubles(s, cut.from * d, n * d, f->room);
        for (size_t i = 0; i < n * d; i++)
            f->room[i] -= f->mean[i % d];
        cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, (int)d, (int)n,
                    1 / (double)(s->n - 1), f->room, (int)d, 1, f->root,
                    (int)d);
    }
}

/* Scales eigenvectors by the roots of their eigenvalues. What is below the
 * rounding of the largest is no variance, and its root would be 1e8 times as
 * large an error. */
static void take_roots(fit *f)
{
    size_t d = f->sample->size;
    double least = (double)d * DBL_EPSILON * f->value[d - 1];

    f->rank = 0;
    f->trace = 0;
    for (size_t k = d; k-- > 0;) {
        if (!(f->value[k] > least))
            break;
        f->rank++;
        f->trace += f->value[k];
        for (size_t i = 0; i < d; i++)
            f->root[k * d + i] *= sqrt(f->value[k]);
    }
}

static void fit_gaussian(void *arg, size_t task, size_t worker)
{
    fit *f = (fit *)arg + task;
    int d = (int)f->sample->size, n_work = LAPACK_WORK * d;
    double trace = 0;

    (void)worker;
    bw_sample_mean(f->sample, f->mean);
    add_covariance(f);
    for (size_t i = 0; i < (size_t)d; i++)
        trace += f->root[i * (size_t)d + i];
    f->trace = trace;
    if (!isfinite(trace))
        return;
    dsyev_("V", "L", &d, f->root, &d, f->value, f->room, &n_work, &f->info, 1,
           1);
    if (f->info == 0)
        take_roots(f);
}

/* The sum of the singular values of L_a^T L_b. */
static bw_status sum_singular(const fit *a, const fit *b, double *sum,
                              bw_error *err)
{
    size_t d = a->sample->size;
    int m = (int)a->rank, n = (int)b->rank, one = 1, info = 0;
    int n_work = LAPACK_WORK * (int)d;

    *sum = 0;
    if (m == 0 || n == 0)
        return BW_OK;
    double *product = calloc((size_t)m, (size_t)n * sizeof *product);
    if (!product)
        return bw_error_memory(err);
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, m, n, (int)d, 1,
                a->root + (d - a->rank) * d, (int)d,
                b->root + (d - b->rank) * d, (int)d, 0, product, m);
    dgesvd_("N", "N", &m, &n, product, &m, a->value, NULL, &one, NULL, &one,
            a->room, &n_work, &info, 1, 1);
    free(product);
    if (info != 0)
        return bw_error_set(err, BW_ERR_RANGE,
                            "singular values of the covariances' roots were "
                            "not found (dgesvd %d)",
                            info);
    for (int k = 0; k < m && k < n; k++)
        *sum += a->value[k];
    return BW_OK;
}

static bw_status check_fit(const fit *f, bw_error *err)
{
    if (!isfinite(f->trace))
        return bw_error_set(err, BW_ERR_RANGE,
                            "%s: %s: the covariance overflows", f->sample->path,
                            f->sample->name);
    if (f->info != 0)
        return bw_error_set(err, BW_ERR_RANGE,
                            "%s: %s: eigenvalues of the covariance were not "
                            "found (dsyev %d)",
                            f->sample->path, f->sample->name, f->info);
    return BW_OK;
}

static bw_status check_samples(const bw_sample *a, const bw_sample *b,
                               bw_error *err)
{
    const bw_sample *few = a->n < b->n ? a : b;

    if (few->n < 2)
        return bw_error_set(err, BW_ERR_RANGE,
                            "%s: %s: %zu item has no covariance", few->path,
                            few->name, few->n);
    if (a->size > INT_MAX / BLOCK)
        return bw_error_set(err, BW_ERR_RANGE,
                            "%s: %s: items of %zu values have too large a "
                            "covariance",
                            a->path, a->name, a->size);
    return BW_OK;
}

bw_status bw_frechet_of(const bw_sample *a, const bw_sample *b, bw_tasks *tasks,
                        double *distance, bw_error *err)
{
    fit of[2] = {{.sample = a}, {.sample = b}};
    double sum = 0, common = 0;
    bw_status status = check_samples(a, b, err);

    if (!status)
        status = bw_gemm_init(err); /* holds LAPACK to one thread, too */
    for (size_t k = 0; k < 2 && !status; k++)
        status = fit_reserve(&of[k], err);
    if (!status)
        bw_tasks_run(tasks, 2, fit_gaussian, of);
    for (size_t k = 0; k < 2 && !status; k++)
        status = check_fit(&of[k], err);
    if (!status)
        status = sum_singular(&of[0], &of[1], &common, err);
    for (size_t i = 0; i < a->size && !status; i++) {
        double gap = of[0].mean[i] - of[1].mean[i];
        sum += gap * gap;
    }
    double rest = of[0].trace + of[1].trace - 2 * common;
    *distance = rest < 0 ? sum : sum + rest;
    fit_clear(&of[0]);
    fit_clear(&of[1]);
    return status;
}
