/* optimizer.c - steps of sgd, rmsprop and adam: one sweep over all values.
 *
 * D. P. Kingma and J. Ba, Adam: a method for stochastic optimization, ICLR
 * 2015, algorithm 1; its two corrections of the moments' bias are numbers of
 * the step, had once in double precision.
 */
#include "config.h"

#include <math.h>

#include "barrow/optimizer.h"
#include "base/tasks.h"
#include "nn/cut.h"

typedef struct job {
    bw_optimizer_kind kind;
    size_t n;
    float *w;
    const float *g;
    float *m1, *m2;
    float rate, keep1, keep2, add1, add2, root, eps;
} job;

bw_optimizer bw_optimizer_default(bw_optimizer_kind kind)
{
    return (bw_optimizer){
        .kind = kind, .decay = 0.99, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8};
}

size_t bw_optimizer_n_moments(const bw_optimizer *optimizer)
{
    switch (optimizer->kind) {
    case BW_OPTIMIZER_SGD:
        return optimizer->momentum != 0.0 ? 1 : 0;
    case BW_OPTIMIZER_RMSPROP:
        return 1;
    case BW_OPTIMIZER_ADAM:
        return 2;
    }
    return 0;
}

static void step_sgd(const job *work, bw_cut cut)
{
    float *w = work->w, *m = work->m1;
    const float *g = work->g;
    float rate = work->rate, keep = work->keep1;

    for (size_t k = cut.from; k < cut.to; k++) {
        m[k] = keep * m[k] + g[k];
        w[k] -= rate * m[k];
    }
}

static void step_plain_sgd(const job *work, bw_cut cut)
{
    float *w = work->w, rate = work->rate;
    const float *g = work->g;

    for (size_t k = cut.from; k < cut.to; k++)
        w[k] -= rate * g[k];
}

static void step_rmsprop(const job *work, bw_cut cut)
{
    float *w = work->w, *m = work->m1;
    const float *g = work->g;
    float rate = work->rate, keep = work->keep1, add = work->add1;
    float eps = work->eps;

    for (size_t k = cut.from; k < cut.to; k++) {
        m[k] = keep * m[k] + add * g[k] * g[k];
        w[k] -= rate * g[k] / (sqrtf(m[k]) + eps);
    }
}

/* w -= rate / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + eps) */
static void step_adam(const job *work, bw_cut cut)
{
    float *w = work->w, *m = work->m1, *v = work->m2;
    const float *g = work->g;
    float rate = work->rate, keep1 = work->keep1, add1 = work->add1;
    float keep2 = work->keep2, add2 = work->add2;
    float root = work->root, eps = work->eps;

    for (size_t k = cut.from; k < cut.to; k++) {
        m[k] = keep1 * m[k] + add1 * g[k];
        v[k] = keep2 * v[k] + add2 * g[k] * g[k];
        w[k] -= rate * m[k] / (sqrtf(v[k]) * root + eps);
    }
}

static void step_piece(void *arg, size_t task, size_t worker)
{
    const job *work = arg;
    bw_cut cut = bw_cut_piece(work->n, BW_CUT_VALUES, task);

    (void)worker;
    switch (work->kind) {
    case BW_OPTIMIZER_SGD:
        if (work->m1)
            step_sgd(work, cut);
        else
            step_plain_sgd(work, cut);
        break;
    case BW_OPTIMIZER_RMSPROP:
        step_rmsprop(work, cut);
        break;
    case BW_OPTIMIZER_ADAM:
        step_adam(work, cut);
        break;
    }
}

void bw_optimizer_step(const bw_optimizer *optimizer, double rate,
                       uint64_t step, size_t n, float *w, const float *g,
                       float *moments, struct bw_tasks *tasks)
{
    bool is_adam = optimizer->kind == BW_OPTIMIZER_ADAM;
    double keep = optimizer->kind == BW_OPTIMIZER_SGD ? optimizer->momentum
                  : is_adam                           ? optimizer->beta1
                                                      : optimizer->decay;
    size_t n_moments = bw_optimizer_n_moments(optimizer);
    job work = {.kind = optimizer->kind,
                .n = n,
                .w = w,
                .g = g,
                .m1 = n_moments > 0 ? moments : NULL,
                .m2 = n_moments > 1 ? moments + n : NULL,
                .rate = (float)rate,
                .keep1 = (float)keep,
                .add1 = (float)(1.0 - keep),
                .keep2 = (float)optimizer->beta2,
                .add2 = (float)(1.0 - optimizer->beta2),
                .eps = (float)optimizer->eps};

    if (is_adam) {
        double t = (double)step;

        work.rate = (float)(rate / (1.0 - pow(optimizer->beta1, t)));
        work.root = (float)(1.0 / sqrt(1.0 - pow(optimizer->beta2, t)));
    }
    bw_tasks_run(tasks, bw_cut_count(n, BW_CUT_VALUES), step_piece, &work);
}
