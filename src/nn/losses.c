/* losses.c - terms of losses and their gradients by a network's output.
 *
 * Sums over an item's values are loss_kernel.c's; here stand the means over
 * items.
 */
#include "config.h"

#include <math.h>

#include "nn/cut.h"
#include "nn/losses.h"
#include "nn/sweep.h"

typedef struct job {
    bw_term_sum *term;
    size_t n, m, n_items; /* of a piece */
    const float *y, *t;
    float label, factor;
    float *dy;
    double *part; /* of each piece */
} job;

/* A term of n items of m values, whose loops are those of the processor. */
static job job_of(int term, size_t n, size_t m, const float *y,
                  const float *opt_t, float *opt_dy)
{
    return (job){.term = bw_terms_get()->sum[term],
                 .n = n,
                 .m = m,
                 .y = y,
                 .t = opt_t,
                 .dy = opt_dy};
}

static void sum_piece(void *arg, size_t task, size_t worker)
{
    const job *work = arg;
    bw_cut cut = bw_cut_piece(work->n, work->n_items, task);
    double sum = 0.0;

    (void)worker;
    for (size_t i = cut.from; i < cut.to; i++)
        sum +=
            work->term(work->m, work->y + i * work->m,
                       work->t ? work->t + i * work->m : NULL, work->label,
                       work->factor, work->dy ? work->dy + i * work->m : NULL);
    work->part[task] = sum;
}

/* The mean of work's terms; factor is `slope` / n. */
static double take_mean(bw_tasks *tasks, job work, double slope)
{
    double part[BW_CUT_MAX_SUMS], sum = 0.0;
    size_t n_pieces;

    if (work.n == 0 || work.m == 0)
        return 0.0;
    work.n_items = bw_cut_items(work.n, work.m);
    n_pieces = bw_cut_count(work.n, work.n_items);
    work.factor = (float)(slope / (double)work.n);
    work.part = part;
    bw_tasks_run(tasks, n_pieces, sum_piece, &work);
    for (size_t k = 0; k < n_pieces; k++)
        sum += part[k];
    return sum / (double)work.n;
}

/* ---- squares and distances ---- */

static double l2_term(size_t m, const float *y, const float *t, float label,
                      float factor, float *dy)
{
    bw_term_sum *squared = bw_terms_get()->sum[BW_TERM_SQUARED];
    double root = sqrt(1e-8 + squared(m, y, t, label, 0.0f, NULL));

    if (dy)
        squared(m, y, t, label, (float)(factor / root), dy);
    return root;
}

double bw_loss_squared(bw_tasks *tasks, size_t n, size_t m, const float *y,
                       const float *t, double scale, double weight,
                       float *opt_dy)
{
    job work = job_of(BW_TERM_SQUARED, n, m, y, t, opt_dy);

    return scale * take_mean(tasks, work, 2.0 * scale * weight);
}

double bw_loss_l2(bw_tasks *tasks, size_t n, size_t m, const float *y,
                  const float *t, double scale, double weight, float *opt_dy)
{
    job work = {.term = l2_term, .n = n, .m = m, .y = y, .t = t, .dy = opt_dy};

    return scale * take_mean(tasks, work, scale * weight);
}

double bw_loss_l1(bw_tasks *tasks, size_t n, size_t m, const float *y,
                  const float *t, double scale, double weight, float *opt_dy)
{
    job work = job_of(BW_TERM_L1, n, m, y, t, opt_dy);

    return scale * take_mean(tasks, work, scale * weight);
}

/* ---- cross-entropies ---- */

double bw_loss_logits(bw_tasks *tasks, size_t n, size_t m, const float *y,
                      const float *opt_t, double label, double weight,
                      float *opt_dy)
{
    job work = job_of(BW_TERM_LOGITS, n, m, y, opt_t, opt_dy);

    work.label = (float)label;
    return take_mean(tasks, work, weight);
}

double bw_loss_bernoulli(bw_tasks *tasks, size_t n, size_t m, const float *y,
                         const float *t, double weight, float *opt_dy)
{
    job work = job_of(BW_TERM_BERNOULLI, n, m, y, t, opt_dy);

    return take_mean(tasks, work, weight);
}

/* ---- histograms ---- */

double bw_loss_kl(bw_tasks *tasks, size_t n, size_t m, const float *y,
                  const float *t, double weight, float *opt_dy)
{
    job work = job_of(BW_TERM_KL, n, m, y, t, opt_dy);

    return take_mean(tasks, work, weight);
}

double bw_loss_sparsity(bw_tasks *tasks, size_t n, size_t m, const float *y,
                        double weight, float *opt_dy)
{
    job work = job_of(BW_TERM_SPARSITY, n, m, y, NULL, opt_dy);

    return take_mean(tasks, work, weight);
}

/* ---- means ---- */

double bw_loss_mean(bw_tasks *tasks, size_t n, size_t m, const float *y,
                    double weight, float *opt_dy)
{
    job work = job_of(BW_TERM_MEAN, n, m, y, NULL, opt_dy);

    return take_mean(tasks, work, weight);
}
