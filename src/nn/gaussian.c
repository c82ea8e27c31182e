/* gaussian.c - Gaussian codes: draws, their gradients, KL to the prior.
 *
 * D. P. Kingma and M. Welling, Auto-encoding variational Bayes, ICLR 2014.
 */
#include "config.h"

#include <math.h>

#include "nn/cut.h"
#include "nn/gaussian.h"
#include "nn/vmath.h"

/* Of the logarithms of variances, on both sides. */
static const float most = 50.0f;

typedef struct job {
    size_t n, d, n_items; /* of a piece */
    const float *y, *noise, *dz;
    float *z, *dy;
    double variance;
    double weight; /* of an item's KL */
    double *part;  /* of each piece */
} job;

static void run(bw_tasks *tasks, job work, bw_task piece)
{
    work.n_items = bw_cut_items(work.n, work.d);
    bw_tasks_run(tasks, bw_cut_count(work.n, work.n_items), piece, &work);
}

/* A NaN stays one. */
static float clip(float s)
{
    float above = s < -most ? -most : s;

    return above > most ? most : above;
}

/* Whether the clip acts. */
static int is_outside(float s)
{
    return s < -most || s > most;
}

/* ---- draws ---- */

static void sample_piece(void *arg, size_t task, size_t worker)
{
    const job *work = arg;
    bw_cut cut = bw_cut_piece(work->n, work->n_items, task);
    size_t d = work->d;

    (void)worker;
    for (size_t i = cut.from; i < cut.to; i++) {
        const float *m = work->y + 2 * i * d, *s = m + d;
        const float *noise = work->noise + i * d;
        float *z = work->z + i * d;

        for (size_t j = 0; j < d; j++)
            z[j] = m[j] + bw_vmath_exp(0.5f * clip(s[j])) * noise[j];
    }
}

static void sample_back_piece(void *arg, size_t task, size_t worker)
{
    const job *work = arg;
    bw_cut cut = bw_cut_piece(work->n, work->n_items, task);
    size_t d = work->d;

    (void)worker;
    for (size_t i = cut.from; i < cut.to; i++) {
        const float *s = work->y + (2 * i + 1) * d;
        const float *noise = work->noise + i * d, *dz = work->dz + i * d;
        float *dm = work->dy + 2 * i * d, *ds = dm + d;

        for (size_t j = 0; j < d; j++) {
            dm[j] += dz[j];
            if (!is_outside(s[j]))
                ds[j] += 0.5f * bw_vmath_exp(0.5f * s[j]) * noise[j] * dz[j];
        }
    }
}

void bw_gaussian_sample(bw_tasks *tasks, size_t n, size_t d, const float *y,
                        const float *noise, float *z)
{
    job work = {.n = n, .d = d, .y = y, .noise = noise, .z = z};

    run(tasks, work, sample_piece);
}

void bw_gaussian_sample_back(bw_tasks *tasks, size_t n, size_t d,
                             const float *y, const float *noise,
                             const float *dz, float *dy)
{
    job work = {.n = n, .d = d, .y = y, .noise = noise, .dz = dz, .dy = dy};

    run(tasks, work, sample_back_piece);
}

/* ---- KL ---- */

/* Of item i, without its constants: sum_j (m^2 + exp(s) - V) / V - s. What is
 * left of exp(s) - 1 beside a small s is not lost. */
static double take_item(const job *work, size_t i)
{
    size_t d = work->d;
    const float *m = work->y + 2 * i * d, *s = m + d;
    float *dm = work->dy ? work->dy + 2 * i * d : NULL;
    double sum = 0.0, variance = work->variance;

    for (size_t j = 0; j < d; j++) {
        double mean = (double)m[j], log_variance = (double)clip(s[j]);
        double over = (double)bw_vmath_expm1(clip(s[j])) + (1.0 - variance);

        sum += (mean * mean + over) / variance - log_variance;
        if (!dm)
            continue;
        dm[j] += (float)(work->weight * mean / variance);
        if (!is_outside(s[j]))
            dm[d + j] += (float)(work->weight * 0.5 * over / variance);
    }
    return sum;
}

static void kl_piece(void *arg, size_t task, size_t worker)
{
    const job *work = arg;
    bw_cut cut = bw_cut_piece(work->n, work->n_items, task);

    (void)worker;
    work->part[task] = 0.0;
    for (size_t i = cut.from; i < cut.to; i++)
        work->part[task] += take_item(work, i);
}

double bw_gaussian_kl(bw_tasks *tasks, size_t n, size_t d, const float *y,
                      double variance, double weight, float *opt_dy)
{
    double part[BW_CUT_MAX_SUMS], sum = 0.0;
    size_t n_pieces = bw_cut_count(n, bw_cut_items(n, d));
    job work = {.n = n,
                .d = d,
                .y = y,
                .dy = opt_dy,
                .variance = variance,
                .weight = weight / (double)n,
                .part = part};

    if (n == 0 || d == 0)
        return 0.0;
    run(tasks, work, kl_piece);
    for (size_t k = 0; k < n_pieces; k++)
        sum += part[k];
    return 0.5 * (sum / (double)n + (double)d * log(variance));
}
