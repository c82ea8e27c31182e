/* wgan_validate.c - figures over the items held out, and pictures. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/wgan_learner.h"
#include "nn/cut.h"

enum { N_IMAGES = 100, N_POINTS = 1000 };

/* ---- validation ---- */

/* Fakes of a critic alone: those held out, over and over. */
static void take_fakes(bw_wgan_learner *l, size_t first, size_t n)
{
    const bw_split *a = &l->against;

    for (size_t k = 0; k < n; k++)
        l->taken[k] = a->n_held > 0 ? a->held[(first + k) % a->n_held]
                                    : a->train[(first + k) % a->n_train];
}

/* Nothing stops it: an epoch's end that is not done cannot be taken up again.
 */
static bw_status judge(bw_wgan_learner *l, size_t first, size_t n,
                       double all[BW_WGAN_TERMS], bw_error *err)
{
    uint64_t stream = BW_WGAN_STREAM_VALIDATION + first / l->t->batch;

    if (!l->generator.part)
        take_fakes(l, first, n);
    bw_wgan_judge_gather(l, n, l->split.held + first, l->taken, stream);
    bw_wgan_judge_pair(l, n, stream, stream, false, all);
    return l->t->exact ? bw_wgan_judge_exact(l, n, NULL, all, err) : BW_OK;
}

/* Means, weighted by items, but of slopes the largest. What is no number stays
 * it. */
static void gather_terms(const double all[BW_WGAN_TERMS], double share,
                         double sum[BW_WGAN_TERMS])
{
    for (size_t k = 0; k < BW_WGAN_TERMS; k++)
        if (k != BW_WGAN_TERM_SLOPE && k != BW_WGAN_TERM_GRADIENT)
            sum[k] += share * all[k];
        else if (isnan(all[k]) || all[k] > sum[k])
            sum[k] = all[k];
}

/* Batches go round the processes. */
static void share_terms(bw_comm *opt_comm, double sum[BW_WGAN_TERMS])
{
    double slope = bw_comm_largest(opt_comm, sum[BW_WGAN_TERM_SLOPE]);
    double gradient = bw_comm_largest(opt_comm, sum[BW_WGAN_TERM_GRADIENT]);

    bw_comm_sum_doubles(opt_comm, BW_WGAN_TERMS, sum);
    sum[BW_WGAN_TERM_SLOPE] = slope;
    sum[BW_WGAN_TERM_GRADIENT] = gradient;
}

bw_status bw_wgan_validate(void *self, double *terms, bw_error *err)
{
    bw_wgan_learner *l = self;
    size_t n_held = l->split.n_held, batch = l->t->batch;
    double sum[BW_WGAN_TERMS] = {0};
    bw_status status = BW_OK;

    bw_wgan_step_refresh(l);
    if (l->generator.part)
        bw_unit_keep(&l->generator);
    bw_unit_keep(&l->critic);
    for (size_t first = 0; first < n_held && !status; first += batch) {
        size_t n = bw_cut_min(batch, n_held - first);
        double all[BW_WGAN_TERMS] = {0};
        if (!bw_comm_has(l->t->comm, first / batch))
            continue;
        status = judge(l, first, n, all, err);
        gather_terms(all, (double)n / (double)n_held, sum);
    }
    share_terms(l->t->comm, sum);
    if (l->generator.part)
        bw_unit_restore(&l->generator);
    bw_unit_restore(&l->critic);
    bw_engine_touch(l->probe);
    bw_logged_give(&l->logged, sum, terms);
    return status;
}

/* ---- pictures ---- */

/* Samples of the generator, its average where there is one. */
static void show_samples(bw_wgan_learner *l, size_t n, float *noise,
                         float *samples)
{
    const bw_wgan *wgan = l->t->wgan;
    bw_unit *g = &l->generator;
    size_t size = bw_shape_n(wgan->item), batch = l->t->batch;
    float *own = g->acting;

    bw_prior_draw(&wgan->noise, l->t->seed, BW_RANDOM_PRIOR,
                  BW_WGAN_STREAM_PICTURE, n, noise);
    g->acting = l->average ? l->average : own;
    bw_engine_touch(g->engine);
    for (size_t first = 0; first < n; first += batch) {
        size_t m = bw_cut_min(batch, n - first);
        const float *y = bw_unit_forward(g, BW_MODE_INFER, m,
                                         noise + first * wgan->latent, 0);
        memcpy(samples + first * size, y, m * size * sizeof *y);
    }
    g->acting = own;
    bw_engine_touch(g->engine);
    bw_range_undo(wgan->range, n * size, samples);
}

bw_status bw_wgan_validate_show(void *self, const char *folder, uint64_t epoch,
                                bw_error *err)
{
    bw_wgan_learner *l = self;
    const bw_wgan *wgan = l->t->wgan;
    const bw_split *split = &l->split;
    size_t size = bw_shape_n(wgan->item);
    size_t n = wgan->item.is_flat ? N_POINTS : N_IMAGES;
    size_t n_data = wgan->item.is_flat ? bw_cut_min(n, split->n_train) : 0;
    float *noise = malloc(n * wgan->latent * sizeof *noise);
    float *samples = malloc(n * size * sizeof *samples);
    float *data = malloc((n_data + 1) * size * sizeof *data);
    bw_status status = BW_OK;

    if (!noise || !samples || !data) {
        status = bw_error_memory(err);
        goto done;
    }
    show_samples(l, n, noise, samples);
    bw_items_gather(l->t->items, BW_RANGE_NONE, l->t->tasks, n_data,
                    split->train, 0, data);
    status = bw_wgan_picture_write(folder, epoch, wgan->item, n, samples,
                                   n_data, data, err);
done:
    free(noise);
    free(samples);
    free(data);
    return status;
}
