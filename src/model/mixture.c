/* mixture.c - Gaussian mixtures by expectation and maximisation.
 *
 * Contents: room, start, expectation, maximisation, fit, draws
 *
 * The expectation is cut into blocks of codes, the maximisation into
 * components; Mahalanobis distances are |L^-1 (x - m)|^2 by triangular solves,
 * covariances are products of blocks of centred codes.
 */
#include "config.h"

#include <cblas.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "model/centres.h"
#include "model/mixture.h"
#include "model/stop.h"
#include "nn/cut.h"
#include "nn/gemm.h"

/* Codes of a block; gain a code below which a fit is at its end; r against
 * n / K mean variances; codes in a component below which its shape stays. */
enum { BLOCK = 256 };
static const double least_gain = 1e-4, ridge_part = 1e-6, least_codes = 1e-9;

/* The stream of the start; draws have their own numbers. */
static const uint64_t start_stream = UINT64_MAX;

/* LAPACK's Cholesky factor; the text's length comes last, as Fortran has it. */
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda,
             int *info, size_t n_uplo);

typedef struct fit {
    bw_mixture *mixture;
    size_t n, d, n_components, n_blocks, n_scratch;
    const float *codes;
    double ridge;          /* r */
    double *part;          /* p, (K, n) */
    double *half_log_det;  /* (K): log det S / 2 */
    double *trace;         /* (K): tr S^-1 */
    double *block_sum;     /* of the log-likelihood */
    double *scratch;       /* n_scratch for each worker */
    unsigned char *is_bad; /* (K): no factor was found */
} fit;

/* ---- room ---- */

void bw_mixture_destroy(bw_mixture *mixture)
{
    if (!mixture)
        return;
    free(mixture->weight);
    free(mixture->mean);
    free(mixture->factor);
    free(mixture);
}

static bw_mixture *create_mixture(size_t n_components, size_t d)
{
    bw_mixture *m = calloc(1, sizeof *m);

    if (!m)
        return NULL;
    m->n_components = n_components;
    m->d = d;
    m->weight = calloc(n_components, sizeof *m->weight);
    m->mean = calloc(n_components, d * sizeof *m->mean);
    m->factor = calloc(n_components * d, d * sizeof *m->factor);
    if (!m->weight || !m->mean || !m->factor) {
        bw_mixture_destroy(m);
        return NULL;
    }
    return m;
}

static void clear_fit(fit *f)
{
    bw_mixture_destroy(f->mixture);
    free(f->part);
    free(f->half_log_det);
    free(f->trace);
    free(f->block_sum);
    free(f->scratch);
    free(f->is_bad);
}

static bw_status make_room(fit *f, size_t n_workers, bw_error *err)
{
    size_t n_k = f->n_components;

    f->n_blocks = bw_cut_count(f->n, BLOCK);
    f->n_scratch = f->d * bw_cut_max(f->d, BLOCK);
    f->mixture = create_mixture(n_k, f->d);
    f->part = calloc(n_k, f->n * sizeof *f->part);
    f->half_log_det = calloc(n_k, sizeof *f->half_log_det);
    f->trace = calloc(n_k, sizeof *f->trace);
    f->block_sum = calloc(f->n_blocks, sizeof *f->block_sum);
    f->scratch = calloc(n_workers, f->n_scratch * sizeof *f->scratch);
    f->is_bad = calloc(n_k, 1);
    if (!f->mixture || !f->part || !f->half_log_det || !f->trace ||
        !f->block_sum || !f->scratch || !f->is_bad)
        return bw_error_memory(err);
    return BW_OK;
}

/* ---- start ---- */

/* The mean variance of a code's values. Where all codes are equal it is their
 * mean square times 1e-12, and where that is 0, too, next to nothing: numbers
 * that a covariance can stand on. */
static double mean_variance(const fit *f, double *mean)
{
    double variance = 0, square = 0, n_values = (double)f->n * (double)f->d;

    memset(mean, 0, f->d * sizeof *mean);
    for (size_t i = 0; i < f->n; i++)
        for (size_t j = 0; j < f->d; j++)
            mean[j] += (double)f->codes[i * f->d + j] / (double)f->n;
    for (size_t i = 0; i < f->n; i++)
        for (size_t j = 0; j < f->d; j++) {
            double x = (double)f->codes[i * f->d + j];
            variance += (x - mean[j]) * (x - mean[j]) / n_values;
            square += x * x / n_values;
        }
    return fmax(fmax(variance, 1e-12 * square), 1e-30);
}

/* Round Gaussians at the centres, and each code the share of its nearest. */
static void start_at(fit *f, const size_t *centre, const size_t *label,
                     double variance)
{
    bw_mixture *m = f->mixture;
    size_t d = f->d;

    for (size_t c = 0; c < f->n_components; c++) {
        for (size_t j = 0; j < d; j++) {
            m->mean[c * d + j] = (double)f->codes[centre[c] * d + j];
            m->factor[(c * d + j) * d + j] = sqrt(variance);
        }
        f->half_log_det[c] = (double)d * log(variance) / 2;
        f->trace[c] = (double)d / variance;
    }
    for (size_t i = 0; i < f->n; i++)
        f->part[label[i] * f->n + i] = 1;
}

static bw_status start(fit *f, const bw_mixture_options *options, bw_error *err)
{
    size_t *centre = calloc(f->n_components, sizeof *centre);
    size_t *label = calloc(f->n, sizeof *label);
    double variance = mean_variance(f, f->scratch);
    bw_status status = BW_OK;
    bw_random random;

    if (!centre || !label) {
        status = bw_error_memory(err);
        goto done;
    }
    f->ridge = ridge_part * variance * (double)f->n / (double)f->n_components;
    bw_random_init(&random, options->seed, BW_RANDOM_MIXTURE, start_stream);
    status = bw_centres_choose(f->n, f->d, f->codes, f->n_components, &random,
                               options->stopped, centre, label, err);
    if (!status)
        start_at(f, centre, label, variance);
done:
    free(centre);
    free(label);
    return status;
}

/* ---- expectation ---- */

/* log (w_c N(x; m_c, S_c)) of a block's codes to their parts of component c. */
static void log_densities(const fit *f, bw_cut cut, size_t c, double *gap)
{
    const bw_mixture *m = f->mixture;
    size_t d = f->d, n = cut.to - cut.from;
    double *part = f->part + c * f->n + cut.from;
    double constant = log(m->weight[c]) - f->half_log_det[c] -
                      (double)d / 2 * log(2 * acos(-1));

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < d; j++)
            gap[i * d + j] =
                (double)f->codes[(cut.from + i) * d + j] - m->mean[c * d + j];
    cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit,
                (int)n, (int)d, 1, m->factor + c * d * d, (int)d, gap, (int)d);
    for (size_t i = 0; i < n; i++) {
        double square = 0;
        for (size_t j = 0; j < d; j++)
            square += gap[i * d + j] * gap[i * d + j];
        part[i] = constant - square / 2;
    }
}

/* The shares p of a block's codes, and its sum of log-likelihoods. */
static void expect_block(void *arg, size_t block, size_t worker)
{
    fit *f = arg;
    bw_cut cut = bw_cut_piece(f->n, BLOCK, block);
    double sum = 0;

    for (size_t c = 0; c < f->n_components; c++)
        log_densities(f, cut, c, f->scratch + worker * f->n_scratch);
    for (size_t i = cut.from; i < cut.to; i++) {
        double most = -HUGE_VAL, total = 0;
        for (size_t c = 0; c < f->n_components; c++)
            most = fmax(most, f->part[c * f->n + i]);
        for (size_t c = 0; c < f->n_components; c++) {
            double *part = f->part + c * f->n + i;
            *part = exp(*part - most);
            total += *part;
        }
        for (size_t c = 0; c < f->n_components; c++)
            f->part[c * f->n + i] /= total;
        sum += most + log(total);
    }
    f->block_sum[block] = sum;
}

static double expect(fit *f, bw_tasks *tasks)
{
    double sum = 0;

    bw_tasks_run(tasks, f->n_blocks, expect_block, f);
    for (size_t b = 0; b < f->n_blocks; b++)
        sum += f->block_sum[b];
    for (size_t c = 0; c < f->n_components; c++)
        sum -= f->ridge / 2 * f->trace[c];
    return sum;
}

/* ---- maximisation ---- */

/* Sum of p (x - m)(x - m)' over all codes to s, its lower triangle. */
static void sum_products(const fit *f, size_t c, double *gap, double *s)
{
    const double *part = f->part + c * f->n,
                 *mean = f->mixture->mean + c * f->d;
    size_t d = f->d;

    for (size_t b = 0; b < f->n_blocks; b++) {
        bw_cut cut = bw_cut_piece(f->n, BLOCK, b);
        size_t n = cut.to - cut.from;
        for (size_t i = 0; i < n; i++) {
            double root = sqrt(part[cut.from + i]);
            for (size_t j = 0; j < d; j++)
                gap[i * d + j] =
                    root * ((double)f->codes[(cut.from + i) * d + j] - mean[j]);
        }
        cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, (int)d, (int)n, 1,
                    gap, (int)d, b == 0 ? 0 : 1, s, (int)d);
    }
}

/* s, a covariance, to its factor; with log det and tr of the inverse. */
static void factorise(fit *f, size_t c, double *s, double *inverse)
{
    size_t d = f->d;
    int size = (int)d, info = 0;
    double sum = 0, trace = 0;

    /* The lower triangle by rows is the upper one by columns. */
    dpotrf_("U", &size, s, &size, &info, 1);
    f->is_bad[c] = info != 0;
    if (info != 0)
        return;
    memset(inverse, 0, d * d * sizeof *inverse);
    for (size_t j = 0; j < d; j++) {
        inverse[j * d + j] = 1;
        sum += log(s[j * d + j]);
        for (size_t i = j + 1; i < d; i++)
            s[j * d + i] = 0;
    }
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans,
                CblasNonUnit, size, size, 1, s, size, inverse, size);
    for (size_t j = 0; j < d * d; j++)
        trace += inverse[j] * inverse[j];
    f->half_log_det[c] = sum;
    f->trace[c] = trace;
}

/* A component that has no codes to speak of keeps its shape, which lowers
 * nothing. */
static void maximise_component(void *arg, size_t c, size_t worker)
{
    fit *f = arg;
    bw_mixture *m = f->mixture;
    const double *part = f->part + c * f->n;
    double *mean = m->mean + c * f->d, *s = m->factor + c * f->d * f->d;
    double *scratch = f->scratch + worker * f->n_scratch;
    double total = 0;

    for (size_t i = 0; i < f->n; i++)
        total += part[i];
    m->weight[c] = total / (double)f->n;
    if (total < least_codes)
        return;
    memset(mean, 0, f->d * sizeof *mean);
    for (size_t i = 0; i < f->n; i++)
        for (size_t j = 0; j < f->d; j++)
            mean[j] += part[i] * (double)f->codes[i * f->d + j];
    for (size_t j = 0; j < f->d; j++)
        mean[j] /= total;
    sum_products(f, c, scratch, s);
    for (size_t j = 0; j < f->d; j++) {
        s[j * f->d + j] += f->ridge;
        for (size_t i = 0; i <= j; i++)
            s[j * f->d + i] /= total;
    }
    factorise(f, c, s, scratch);
}

static bw_status maximise(fit *f, bw_tasks *tasks, bw_error *err)
{
    bw_tasks_run(tasks, f->n_components, maximise_component, f);
    for (size_t c = 0; c < f->n_components; c++)
        if (f->is_bad[c])
            return bw_error_set(err, BW_ERR_RANGE,
                                "the covariance of component %zu of a mixture "
                                "is not positive definite",
                                c);
    return BW_OK;
}

/* ---- fit ---- */

static bw_status iterate(fit *f, const bw_mixture_options *options,
                         bw_tasks *tasks, bw_error *err)
{
    size_t most =
        options->max_rounds > 0 ? options->max_rounds : BW_MIXTURE_ROUNDS;
    double before = -HUGE_VAL;

    for (size_t round = 1;; round++) {
        bw_status status = maximise(f, tasks, err);
        if (status)
            return status;
        double now = expect(f, tasks);
        f->mixture->n_rounds = round;
        f->mixture->objective = now;
        if (round == most || now - before < least_gain * (double)f->n)
            return BW_OK;
        before = now;
        status = bw_stop_check(options->stopped, err);
        if (status)
            return status;
    }
}

bw_status bw_mixture_fit(const bw_mixture_options *options, size_t n, size_t d,
                         const float *codes, bw_tasks *tasks,
                         bw_mixture **ret_mixture, bw_error *err)
{
    fit f = {
        .n = n, .d = d, .n_components = options->n_components, .codes = codes};
    bw_status status;

    *ret_mixture = NULL;
    if (n < options->n_components)
        return bw_error_set(err, BW_ERR_RANGE,
                            "a mixture of %zu Gaussians needs as many codes, "
                            "there are %zu",
                            options->n_components, n);
    if (options->n_components < 1 || options->n_components > BW_MIXTURE_MAX ||
        d < 1 || d > INT_MAX / BLOCK)
        return bw_error_set(err, BW_ERR_RANGE,
                            "no mixture of %zu Gaussians of %zu values",
                            options->n_components, d);
    status = bw_gemm_init(err); /* holds LAPACK to one thread, too */
    if (!status)
        status = make_room(&f, bw_tasks_n_workers(tasks), err);
    if (!status)
        status = start(&f, options, err);
    if (!status)
        status = iterate(&f, options, tasks, err);
    if (!status) {
        *ret_mixture = f.mixture;
        f.mixture = NULL;
    }
    clear_fit(&f);
    return status;
}

/* ---- draws ---- */

/* The component that a uniform number falls to. */
static size_t pick_component(const bw_mixture *m, double at)
{
    size_t last = 0;

    for (size_t c = 0; c < m->n_components; c++) {
        if (!(m->weight[c] > 0))
            continue;
        last = c;
        at -= m->weight[c];
        if (at < 0)
            break;
    }
    return last;
}

bw_status bw_mixture_draw(const bw_mixture *mixture, uint64_t seed,
                          uint64_t first, size_t n, float *z, bw_error *err)
{
    size_t d = mixture->d;
    double *normal = malloc(d * sizeof *normal);

    if (!normal)
        return bw_error_memory(err);
    for (size_t k = 0; k < n; k++) {
        bw_random random;
        bw_random_init(&random, seed, BW_RANDOM_MIXTURE, first + k);
        size_t c = pick_component(mixture, bw_random_uniform(&random));
        for (size_t j = 0; j < d; j++)
            normal[j] = bw_random_normal(&random);
        for (size_t j = 0; j < d; j++) {
            const double *row = mixture->factor + (c * d + j) * d;
            double sum = mixture->mean[c * d + j];
            for (size_t i = 0; i <= j; i++)
                sum += row[i] * normal[i];
            z[k * d + j] = (float)sum;
        }
    }
    free(normal);
    return BW_OK;
}
