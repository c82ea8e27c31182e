/* losses.c - terms of losses and their gradients by a network's output.
 *
 * A term of one item is a sum over its values, taken in N_PARTS interleaved
 * partial sums, so that a compiler may use vectors without changing bits.
 */
#include "config.h"

#include <math.h>
#include <stdbool.h>

#include "nn/cut.h"
#include "nn/losses.h"
#include "nn/vmath.h"

enum {
    N_PARTS = 16,
    N_MAX_PIECES = 64,    /* of the items: tasks, and partial sums in order */
    N_PIECE_VALUES = 4096 /* at least, where the items allow it */
};

/* The clip of probabilities. */
static const float least = 1e-7f;

/* An item's term over its m values, and factor x its slope added to dy, NULL
 * for none. label stands for targets where t is NULL. */
typedef double (*item_term)(size_t m, const float *y, const float *t,
                            float label, float factor, float *dy);

typedef struct job {
    item_term term;
    size_t n, m, n_items; /* of a piece */
    const float *y, *t;
    float label, factor;
    float *dy;
    double *part; /* of each piece */
} job;

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
    double part[N_MAX_PIECES], sum = 0.0;
    size_t n_least = work.m < N_PIECE_VALUES ? N_PIECE_VALUES / work.m : 1;
    size_t n_pieces;

    if (work.n == 0 || work.m == 0)
        return 0.0;
    work.n_items = bw_cut_count(work.n, N_MAX_PIECES);
    if (work.n_items < n_least)
        work.n_items = n_least;
    n_pieces = bw_cut_count(work.n, work.n_items);
    work.factor = (float)(slope / (double)work.n);
    work.part = part;
    bw_tasks_run(tasks, n_pieces, sum_piece, &work);
    for (size_t k = 0; k < n_pieces; k++)
        sum += part[k];
    return sum / (double)work.n;
}

static double add_parts(const double part[N_PARTS])
{
    double sum = 0.0;

    for (size_t k = 0; k < N_PARTS; k++)
        sum += part[k];
    return sum;
}

/* The loop of every term: `value` and `slope` are expressions of y[j] and t[j],
 * as yj and tj; tj is `label` where there are no targets. */
#define TERM(name, value, slope)                                               \
    static double name##_term(size_t m, const float *y, const float *t,        \
                              float label, float factor, float *dy)            \
    {                                                                          \
        double part[N_PARTS] = {0};                                            \
                                                                               \
        for (size_t from = 0; from < m; from += N_PARTS) {                     \
            size_t n = m - from < N_PARTS ? m - from : N_PARTS;                \
                                                                               \
            for (size_t k = 0; k < n; k++) {                                   \
                float yj = y[from + k], tj = t ? t[from + k] : label;          \
                                                                               \
                (void)tj;                                                      \
                part[k] += (double)(value);                                    \
                if (dy)                                                        \
                    dy[from + k] += factor * (slope);                          \
            }                                                                  \
        }                                                                      \
        return add_parts(part);                                                \
    }

/* ---- squares and distances ---- */

TERM(squared, (yj - tj) * (yj - tj), yj - tj)

static float sign_of(float x)
{
    return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : 0.0f;
}

TERM(l1, fabsf(yj - tj), sign_of(yj - tj))

static double l2_term(size_t m, const float *y, const float *t, float label,
                      float factor, float *dy)
{
    double root = sqrt(1e-8 + squared_term(m, y, t, label, 0.0f, NULL));

    if (dy)
        squared_term(m, y, t, label, (float)(factor / root), dy);
    return root;
}

double bw_loss_squared(bw_tasks *tasks, size_t n, size_t m, const float *y,
                       const float *t, double scale, double weight,
                       float *opt_dy)
{
    job work = {
        .term = squared_term, .n = n, .m = m, .y = y, .t = t, .dy = opt_dy};

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
    job work = {.term = l1_term, .n = n, .m = m, .y = y, .t = t, .dy = opt_dy};

    return scale * take_mean(tasks, work, scale * weight);
}

/* ---- cross-entropies ---- */

/* max(y, 0) - t y + log(1 + exp(-|y|)) */
static float logit_value(float y, float t)
{
    float above = y > 0.0f ? y : 0.0f;

    return above - t * y + bw_vmath_log1p(bw_vmath_exp(-fabsf(y)));
}

TERM(logits, logit_value(yj, tj), bw_vmath_sigmoid(yj) - tj)

static float clip(float x, float most)
{
    float above = x < least ? least : x;

    return above > most ? most : above;
}

/* 1 where the clip leaves x alone, else 0. */
static float is_inside(float x, float most)
{
    return x >= least && x <= most ? 1.0f : 0.0f;
}

static float bernoulli_value(float y, float t)
{
    float q = clip(y, 1.0f - least);

    return -t * bw_vmath_log(q) - (1.0f - t) * bw_vmath_log(1.0f - q);
}

static float bernoulli_slope(float y, float t)
{
    float q = clip(y, 1.0f - least);

    return is_inside(y, 1.0f - least) * ((q - t) / (q * (1.0f - q)));
}

TERM(bernoulli, bernoulli_value(yj, tj), bernoulli_slope(yj, tj))

double bw_loss_logits(bw_tasks *tasks, size_t n, size_t m, const float *y,
                      const float *opt_t, double label, double weight,
                      float *opt_dy)
{
    job work = {.term = logits_term,
                .n = n,
                .m = m,
                .y = y,
                .t = opt_t,
                .label = (float)label,
                .dy = opt_dy};

    return take_mean(tasks, work, weight);
}

double bw_loss_bernoulli(bw_tasks *tasks, size_t n, size_t m, const float *y,
                         const float *t, double weight, float *opt_dy)
{
    job work = {
        .term = bernoulli_term, .n = n, .m = m, .y = y, .t = t, .dy = opt_dy};

    return take_mean(tasks, work, weight);
}

/* ---- histograms ---- */

static float kl_value(float y, float t)
{
    float p = clip(t, 1.0f);

    return p * bw_vmath_log(p / clip(y, 1.0f));
}

static float kl_slope(float y, float t)
{
    return is_inside(y, 1.0f) * (-clip(t, 1.0f) / clip(y, 1.0f));
}

TERM(kl, kl_value(yj, tj), kl_slope(yj, tj))

/* sqrt(max(y, 0) + 1e-7); a NaN stays. */
static float sparsity_value(float y)
{
    return sqrtf((y < 0.0f ? 0.0f : y) + least);
}

static float sparsity_slope(float y)
{
    return (y >= 0.0f ? 0.5f : 0.0f) / sparsity_value(y);
}

TERM(sparsity, sparsity_value(yj), sparsity_slope(yj))

double bw_loss_kl(bw_tasks *tasks, size_t n, size_t m, const float *y,
                  const float *t, double weight, float *opt_dy)
{
    job work = {.term = kl_term, .n = n, .m = m, .y = y, .t = t, .dy = opt_dy};

    return take_mean(tasks, work, weight);
}

double bw_loss_sparsity(bw_tasks *tasks, size_t n, size_t m, const float *y,
                        double weight, float *opt_dy)
{
    job work = {.term = sparsity_term, .n = n, .m = m, .y = y, .dy = opt_dy};

    return take_mean(tasks, work, weight);
}

/* ---- means ---- */

TERM(mean, yj, 1.0f)

double bw_loss_mean(bw_tasks *tasks, size_t n, size_t m, const float *y,
                    double weight, float *opt_dy)
{
    job work = {.term = mean_term, .n = n, .m = m, .y = y, .dy = opt_dy};

    return take_mean(tasks, work, weight);
}
