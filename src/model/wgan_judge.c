/* wgan_judge.c - what a critic makes of items and fakes: its loss, the
 * penalty, its slopes, and the exact distance beside them.
 *
 * x: items, y: fakes, f: the critic's scores, u: where between x and y the
 * penalty looks. A leading d: slope of the loss.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "model/wgan_learner.h"
#include "nn/cut.h"
#include "nn/losses.h"
#include "nn/penalty.h"
#include "ot/empirical.h"

static size_t size_of(const bw_wgan_learner *l)
{
    return bw_shape_n(l->t->wgan->item);
}

/* ---- items and fakes ---- */

const float *bw_wgan_judge_fakes(bw_wgan_learner *l, size_t n, uint64_t stream)
{
    bw_prior_draw_from(&l->t->wgan->noise, l->t->seed, BW_RANDOM_PRIOR, stream,
                       l->share.first, n, bw_engine_input(l->generator.engine));
    return bw_unit_forward(&l->generator, BW_MODE_TRAIN, n, NULL, stream);
}

void bw_wgan_judge_gather(bw_wgan_learner *l, size_t n, const uint32_t *row,
                          const uint32_t *fake, uint64_t stream)
{
    const bw_wgan_training *t = l->t;
    size_t size = size_of(l);
    float *y = l->pair + n * size;

    bw_items_gather(t->items, t->wgan->range, t->tasks, n, row, 0, l->pair);
    if (l->generator.part)
        memcpy(y, bw_wgan_judge_fakes(l, n, stream), n * size * sizeof *y);
    else
        bw_items_gather(t->opt_against, t->wgan->range, t->tasks, n, fake, 0,
                        y);
}

/* ---- the critic's loss ---- */

/* Adds the terms of n scores of items or fakes, and to df, where it is not
 * NULL, their slopes. */
static void take_scores(const bw_wgan_learner *l, bool is_fake, size_t n,
                        const float *f, float *opt_df,
                        double all[BW_WGAN_TERMS])
{
    bool is_wasserstein = l->t->wgan->loss == BW_WGAN_WASSERSTEIN;
    bw_tasks *tasks = l->t->tasks;
    double weight = l->share.weight, sign = (is_fake ? 1 : -1) * weight;

    all[BW_WGAN_TERM_DIFFERENCE] -=
        sign *
        bw_loss_mean(tasks, n, 1, f, sign, is_wasserstein ? opt_df : NULL);
    if (!is_wasserstein)
        all[BW_WGAN_TERM_ENTROPY] +=
            weight * bw_loss_logits(tasks, n, 1, f, NULL, is_fake ? 0 : 1,
                                    weight, opt_df);
}

/* Both together, or one after the other, each with statistics of its own. */
static void take_pair(bw_wgan_learner *l, size_t n, uint64_t step, bool is_step,
                      double all[BW_WGAN_TERMS])
{
    size_t n_halves = l->is_joint ? 2 : 1, size = size_of(l);

    if (is_step)
        bw_unit_clear_gradient(&l->critic);
    for (size_t half = 0; half < 2; half += n_halves) {
        const float *f =
            bw_unit_forward(&l->critic, BW_MODE_TRAIN, n_halves * n,
                            l->pair + half * n * size, step);
        float *df = NULL;

        if (is_step) {
            df = bw_engine_output_gradient(l->critic.engine);
            memset(df, 0, n_halves * n * sizeof *df);
        }
        memcpy(l->score + half * n, f, n_halves * n * sizeof *f);
        for (size_t k = 0; k < n_halves; k++)
            take_scores(l, half + k == 1, n, f + k * n, df ? df + k * n : NULL,
                        all);
        if (is_step)
            bw_unit_backward(&l->critic, n_halves * n);
    }
}

/* ---- the critic's slopes ---- */

typedef struct slopes {
    size_t n, size, n_items; /* pairs of a task */
    const float *x, *y, *score;
    double most[BW_CUT_MAX_SUMS];
} slopes;

static double distance_of(size_t size, const float *x, const float *y)
{
    enum { N_LANES = 8 };
    double sum[N_LANES] = {0}, rest = 0;
    size_t k = 0;

    for (; k + N_LANES <= size; k += N_LANES)
        for (size_t i = 0; i < N_LANES; i++) {
            double gap = (double)x[k + i] - (double)y[k + i];
            sum[i] += gap * gap;
        }
    for (; k < size; k++)
        rest += ((double)x[k] - (double)y[k]) * ((double)x[k] - (double)y[k]);
    for (size_t i = 0; i < N_LANES; i++)
        rest += sum[i];
    return sqrt(rest);
}

static void take_slopes(void *arg, size_t task, size_t worker)
{
    slopes *s = arg;
    bw_cut cut = bw_cut_piece(s->n, s->n_items, task);
    double most = 0;

    (void)worker;
    for (size_t k = cut.from; k < cut.to; k++) {
        double far =
            distance_of(s->size, s->x + k * s->size, s->y + k * s->size);
        double rise = fabs((double)s->score[k] - (double)s->score[s->n + k]);
        if (far > 0 && rise / far > most)
            most = rise / far;
    }
    s->most[task] = most;
}

static double take_slope(const bw_wgan_learner *l, size_t n)
{
    size_t size = size_of(l);
    slopes s = {.n = n,
                .size = size,
                .n_items = bw_cut_items(n, size),
                .x = l->pair,
                .y = l->pair + n * size,
                .score = l->score};
    size_t n_tasks = bw_cut_count(n, s.n_items);
    double most = 0;

    bw_tasks_run(l->t->tasks, n_tasks, take_slopes, &s);
    for (size_t k = 0; k < n_tasks; k++)
        most = fmax(most, s.most[k]);
    return most;
}

/* ---- the penalty ---- */

static void take_gradients(bw_wgan_learner *l, size_t n, uint64_t mix_stream,
                           bool is_step, double all[BW_WGAN_TERMS])
{
    const bw_wgan_training *t = l->t;
    const bw_lipschitz *bound = &t->wgan->lipschitz;
    bool is_gp = bound->kind == BW_LIPSCHITZ_GP;
    size_t size = size_of(l);
    bw_random random;

    if (is_step && !is_gp)
        return;
    bw_random_init(&random, t->seed, BW_RANDOM_MIX, mix_stream);
    for (size_t k = 0; k < l->share.first; k++)
        (void)bw_random_uniform(&random); /* of other processes' items */
    for (size_t k = 0; k < n; k++)
        l->mix[k] = (float)bw_random_uniform(&random);
    bw_penalty_mix(t->tasks, n, size, l->pair, l->pair + n * size, l->mix,
                   bw_engine_input(l->probe));
    bw_slopes found = bw_penalty_gradient(
        l->probe, t->tasks, n, l->critic.acting, bound->is_one_sided,
        bound->value * l->share.weight, is_step ? l->critic.gradient : NULL);
    all[BW_WGAN_TERM_PENALTY] = is_gp ? l->share.weight * found.penalty : 0;
    all[BW_WGAN_TERM_GRADIENT] = found.largest;
}

/* Means and the critic's gradient become sums of all processes' parts, slopes
 * the largest. */
static void share_pair(bw_wgan_learner *l, bool is_step,
                       double all[BW_WGAN_TERMS])
{
    bw_comm *comm = l->share.comm;
    double sum[] = {all[BW_WGAN_TERM_DIFFERENCE], all[BW_WGAN_TERM_ENTROPY],
                    all[BW_WGAN_TERM_PENALTY]};

    if (!comm)
        return;
    bw_comm_sum_doubles(comm, 3, sum);
    all[BW_WGAN_TERM_DIFFERENCE] = sum[0];
    all[BW_WGAN_TERM_ENTROPY] = sum[1];
    all[BW_WGAN_TERM_PENALTY] = sum[2];
    all[BW_WGAN_TERM_SLOPE] = bw_comm_largest(comm, all[BW_WGAN_TERM_SLOPE]);
    all[BW_WGAN_TERM_GRADIENT] =
        bw_comm_largest(comm, all[BW_WGAN_TERM_GRADIENT]);
    if (is_step)
        bw_unit_sum(&l->critic, comm);
}

void bw_wgan_judge_pair(bw_wgan_learner *l, size_t n, uint64_t stream,
                        uint64_t mix_stream, bool is_step,
                        double all[BW_WGAN_TERMS])
{
    take_pair(l, n, stream, is_step, all);
    all[BW_WGAN_TERM_SLOPE] = take_slope(l, n);
    take_gradients(l, n, mix_stream, is_step, all);
    share_pair(l, is_step, all);
}

/* ---- the exact distance ---- */

static void read_floats(const void *self, size_t first, size_t n, double *out)
{
    const float *values = self;

    for (size_t k = 0; k < n; k++)
        out[k] = (double)values[first + k];
}

static bool is_finite(size_t n, const float *values)
{
    for (size_t k = 0; k < n; k++)
        if (!isfinite(values[k]))
            return false;
    return true;
}

/* Items and fakes (2 n_all, size) of all processes. */
static const float *gather_pair(bw_wgan_learner *l)
{
    const bw_share *s = &l->share;
    size_t size = size_of(l), n = s->n * size, n_all = s->n_all * size;

    if (!s->is_split)
        return l->pair;
    memset(l->whole, 0, 2 * n_all * sizeof *l->whole);
    for (size_t half = 0; half < 2; half++)
        memcpy(l->whole + half * n_all + s->first * size, l->pair + half * n,
               n * sizeof *l->whole);
    bw_comm_sum_floats(s->comm, 2 * n_all, l->whole);
    return l->whole;
}

/* Of n items x and as many fakes behind them. */
static bw_status solve(const bw_wgan_learner *l, size_t n, const float *x,
                       int (*stopped)(void), double *value, bw_error *err)
{
    size_t size = size_of(l);
    const bw_empirical_side items = {n, size, x, read_floats};
    const bw_empirical_side fakes = {n, size, x + n * size, read_floats};
    bw_empirical found;

    *value = NAN;
    if (!is_finite(2 * n * size, x))
        return BW_OK;
    bw_status status = bw_empirical_solve(&items, &fakes, 1, l->t->tasks,
                                          stopped, &found, err);
    if (!status)
        *value = found.cost;
    return status;
}

bw_status bw_wgan_judge_exact(bw_wgan_learner *l, size_t n,
                              int (*stopped)(void), double all[BW_WGAN_TERMS],
                              bw_error *err)
{
    const bw_share *s = &l->share;
    const float *pair = gather_pair(l);
    struct {
        double value;
        bw_status status;
    } found = {NAN, BW_OK};

    if (bw_comm_rank(s->comm) == 0)
        found.status = solve(l, s->is_split ? s->n_all : n, pair, stopped,
                             &found.value, err);
    bw_comm_copy(s->comm, sizeof found, &found);
    all[BW_WGAN_TERM_EXACT] = found.value;
    return found.status;
}
