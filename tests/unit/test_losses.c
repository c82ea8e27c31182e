/* test_losses.c - every term against its formula in double precision, its
 * gradient against finite differences of that formula, and what is promised of
 * threads, weights, empty batches and numbers that are none. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "barrow/random.h"
#include "nn/losses.h"

typedef enum loss_kind {
    SQUARED,
    L2,
    L1,
    LOGITS,
    LABEL, /* logits against one label for all */
    BERNOULLI,
    KL,
    SPARSITY,
    MEAN,
    N_LOSSES
} loss_kind;

static const char *const names[] = {"squared", "l2",       "l1",
                                    "logits",  "label",    "bernoulli",
                                    "kl",      "sparsity", "mean"};
static const double scale = 0.05, label = 1.0;

/* ---- the formulas ---- */

static double clip(double x, double most)
{
    return fmin(fmax(x, 1e-7), most);
}

static double value_term(loss_kind kind, double y, double t)
{
    double p = clip(t, 1), q = clip(y, 1), b = clip(y, 1 - 1e-7);

    switch (kind) {
    case SQUARED:
    case L2:
        return (y - t) * (y - t);
    case L1:
        return fabs(y - t);
    case LOGITS:
        return fmax(y, 0) - t * y + log1p(exp(-fabs(y)));
    case LABEL:
        return fmax(y, 0) - label * y + log1p(exp(-fabs(y)));
    case BERNOULLI:
        return -t * log(b) - (1 - t) * log(1 - b);
    case KL:
        return p * log(p / q);
    case SPARSITY:
        return sqrt(fmax(y, 0) + 1e-7);
    case MEAN:
        return y;
    case N_LOSSES:
        break;
    }
    return 0;
}

static double wanted(loss_kind kind, size_t n, size_t m, const double *y,
                     const float *t)
{
    double mean = 0;

    for (size_t i = 0; i < n; i++) {
        double sum = 0;

        for (size_t k = i * m; k < (i + 1) * m; k++)
            sum += value_term(kind, y[k], (double)t[k]);
        if (kind == L2)
            sum = sqrt(1e-8 + sum);
        mean += sum / (double)n;
    }
    return kind <= L1 ? scale * mean : mean;
}

static double found(loss_kind kind, bw_tasks *tasks, size_t n, size_t m,
                    const float *y, const float *t, double weight, float *dy)
{
    switch (kind) {
    case SQUARED:
        return bw_loss_squared(tasks, n, m, y, t, scale, weight, dy);
    case L2:
        return bw_loss_l2(tasks, n, m, y, t, scale, weight, dy);
    case L1:
        return bw_loss_l1(tasks, n, m, y, t, scale, weight, dy);
    case LOGITS:
        return bw_loss_logits(tasks, n, m, y, t, 0.5, weight, dy);
    case LABEL:
        return bw_loss_logits(tasks, n, m, y, NULL, label, weight, dy);
    case BERNOULLI:
        return bw_loss_bernoulli(tasks, n, m, y, t, weight, dy);
    case KL:
        return bw_loss_kl(tasks, n, m, y, t, weight, dy);
    case SPARSITY:
        return bw_loss_sparsity(tasks, n, m, y, weight, dy);
    case MEAN:
        return bw_loss_mean(tasks, n, m, y, weight, dy);
    case N_LOSSES:
        break;
    }
    return 0;
}

/* ---- instances ---- */

typedef struct batch {
    size_t n, m;
    float *y, *t, *dy;
    bw_tasks *tasks;
} batch;

/* Outputs and targets of a kind's range; kinks are drawn with no chance. */
static batch make_batch(loss_kind kind, size_t n, size_t m, size_t n_threads)
{
    bool is_share = kind == BERNOULLI || kind == KL || kind == SPARSITY;
    batch b = {.n = n, .m = m};
    bw_random random;

    bw_random_init(&random, 5, BW_RANDOM_TEST, (uint64_t)kind);
    b.y = malloc((n * m + 1) * sizeof *b.y);
    b.t = malloc((n * m + 1) * sizeof *b.t);
    b.dy = calloc(n * m + 1, sizeof *b.dy);
    for (size_t k = 0; k < n * m; k++) {
        double u = bw_random_uniform(&random);

        b.y[k] = (float)(is_share ? 0.02 + 0.96 * u : 6 * u - 3);
        b.t[k] = (float)bw_random_uniform(&random);
    }
    cr_assert_eq(bw_tasks_create(n_threads, &b.tasks, NULL), BW_OK);
    return b;
}

static void free_batch(batch *b)
{
    bw_tasks_destroy(b->tasks);
    free(b->y);
    free(b->t);
    free(b->dy);
}

static double *to_doubles(size_t n, const float *values)
{
    double *doubles = malloc((n + 1) * sizeof *doubles);

    for (size_t k = 0; k < n; k++)
        doubles[k] = (double)values[k];
    return doubles;
}

/* Few items, few values; more items than pieces; items over several parts. */
static const size_t sizes[][2] = {{1, 1},   {3, 1},    {5, 37},
                                  {200, 3}, {70, 300}, {2, 5000}};
enum { N_SIZES = sizeof sizes / sizeof *sizes };

/* ---- tests ---- */

Test(losses, terms_are_their_formulas)
{
    for (int kind = 0; kind < N_LOSSES; kind++)
        for (size_t s = 0; s < N_SIZES; s++) {
            batch b = make_batch((loss_kind)kind, sizes[s][0], sizes[s][1], 1);
            double *y = to_doubles(b.n * b.m, b.y);
            double right = wanted((loss_kind)kind, b.n, b.m, y, b.t);
            double term =
                found((loss_kind)kind, b.tasks, b.n, b.m, b.y, b.t, 1, NULL);

            cr_assert_float_eq(
                term, right, 1e-6 * fabs(right) + 1e-6 * (double)b.m * scale,
                "%s %zu: %.12g for %.12g", names[kind], s, term, right);
            free(y);
            free_batch(&b);
        }
}

/* At most 50 values of each; dy begins at 1, the weight is -3. */
Test(losses, gradients_are_finite_differences)
{
    const double h = 1e-6, weight = -3;

    for (int kind = 0; kind < N_LOSSES; kind++)
        for (size_t s = 0; s < N_SIZES; s++) {
            batch b = make_batch((loss_kind)kind, sizes[s][0], sizes[s][1], 1);
            double *y = to_doubles(b.n * b.m, b.y);

            for (size_t k = 0; k < b.n * b.m; k++)
                b.dy[k] = 1;
            found((loss_kind)kind, b.tasks, b.n, b.m, b.y, b.t, weight, b.dy);
            for (size_t k = 0; k < b.n * b.m; k += b.n * b.m / 50 + 1) {
                double kept = y[k], slope;

                y[k] = kept + h;
                slope = wanted((loss_kind)kind, b.n, b.m, y, b.t);
                y[k] = kept - h;
                slope -= wanted((loss_kind)kind, b.n, b.m, y, b.t);
                y[k] = kept;
                slope *= weight / (2 * h);
                cr_assert_float_eq(
                    (double)b.dy[k] - 1, slope, 1e-5 * fabs(slope) + 3e-6,
                    "%s %zu %zu: %.9g "
                    "for %.9g",
                    names[kind], s, k, (double)b.dy[k] - 1, slope);
            }
            free(y);
            free_batch(&b);
        }
}

Test(losses, threads_do_not_change_a_bit)
{
    for (int kind = 0; kind < N_LOSSES; kind++)
        for (size_t s = 0; s < N_SIZES; s++) {
            batch one =
                make_batch((loss_kind)kind, sizes[s][0], sizes[s][1], 1);
            double term = found((loss_kind)kind, one.tasks, one.n, one.m, one.y,
                                one.t, 2, one.dy);

            for (size_t n_threads = 2; n_threads <= 3; n_threads++) {
                batch b = make_batch((loss_kind)kind, one.n, one.m, n_threads);

                double again = found((loss_kind)kind, b.tasks, b.n, b.m, b.y,
                                     b.t, 2, b.dy);

                cr_assert_float_eq(again, term, 0, "%s %zu", names[kind], s);
                cr_assert_arr_eq(b.dy, one.dy, b.n * b.m * sizeof *b.dy,
                                 "%s %zu", names[kind], s);
                free_batch(&b);
            }
            free_batch(&one);
        }
}

Test(losses, of_no_items_or_values_are_0)
{
    for (int kind = 0; kind < N_LOSSES; kind++)
        for (size_t n = 0; n < 2; n++) {
            batch b = make_batch((loss_kind)kind, n, n ? 0 : 4, 1);
            double term =
                found((loss_kind)kind, b.tasks, b.n, b.m, b.y, b.t, 1, b.dy);

            cr_assert_float_eq(term, 0, 0, "%s", names[kind]);
            free_batch(&b);
        }
}

Test(losses, of_a_nan_are_nan)
{
    for (int kind = 0; kind < N_LOSSES; kind++) {
        batch b = make_batch((loss_kind)kind, 3, 20, 1);

        b.y[27] = NAN;
        cr_assert(
            isnan(found((loss_kind)kind, b.tasks, b.n, b.m, b.y, b.t, 1, b.dy)),
            "%s", names[kind]);
        cr_assert(kind == MEAN || kind == L1 || kind == BERNOULLI ||
                      kind == KL || kind == SPARSITY || isnan(b.dy[27]),
                  "%s", names[kind]);
        free_batch(&b);
    }
}

/* Where a clip acts, terms are finite and the slope is 0. */
Test(losses, clips_have_no_slope)
{
    float y[4] = {0.0f, 1.5f, -2.0f, 0.5f}, t[4] = {0.5f, 0.5f, 0.0f, 0.5f};
    float dy[4] = {0};
    bw_tasks *tasks;
    double p = 0.5, q = (double)1e-7f, term;

    cr_assert_eq(bw_tasks_create(1, &tasks, NULL), BW_OK);
    term = bw_loss_kl(tasks, 1, 4, y, t, 1, dy);
    cr_assert_float_eq(term, p * log(p / q) + p * log(p), 1e-5);
    cr_assert_arr_eq(dy, ((float[]){0, 0, 0, -1}), sizeof dy);
    dy[3] = 0;
    term = bw_loss_bernoulli(tasks, 1, 4, y, t, 1, dy);
    cr_assert(isfinite(term));
    cr_assert_arr_eq(dy, ((float[]){0, 0, 0, 0}), sizeof dy);
    term = bw_loss_sparsity(tasks, 1, 4, y, 1, dy);
    cr_assert(isfinite(term));
    cr_assert_eq(dy[2], 0.0f);
    cr_assert_float_eq((double)dy[0], 0.5 / sqrt(1e-7), 1e-2);
    bw_tasks_destroy(tasks);
}

/* Logits far from 0: neither overflow nor a loss of the small term. */
Test(losses, logits_may_be_extreme)
{
    const float y[3] = {1000.0f, -1000.0f, -20.0f};
    const double right[3] = {1000, 0, exp(-20)}, slope[3] = {1, 0, exp(-20)};
    bw_tasks *tasks;

    cr_assert_eq(bw_tasks_create(1, &tasks, NULL), BW_OK);
    for (size_t k = 0; k < 3; k++) {
        float dy = 0.0f;
        double term = bw_loss_logits(tasks, 1, 1, y + k, NULL, 0, 1, &dy);

        cr_assert_float_eq(term, right[k], 1e-6 * right[k] + 1e-30);
        cr_assert_float_eq((double)dy, slope[k], 1e-6 * slope[k] + 1e-30);
    }
    bw_tasks_destroy(tasks);
}
