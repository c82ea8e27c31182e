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
#include "nn/sweep.h"

typedef struct job {
    bw_optimizer_kind kind;
    size_t n;
    float *w;
    const float *g;
    float *m1, *m2;
    bw_step_numbers numbers;
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

static void step_piece(void *arg, size_t task, size_t worker)
{
    const job *work = arg;
    const bw_sweeps *sweeps = bw_sweeps_get();
    bw_cut cut = bw_cut_piece(work->n, BW_CUT_VALUES, task);
    size_t n = cut.to - cut.from;
    const float *g = work->g + cut.from;
    float *w = work->w + cut.from;
    float *m = work->m1 ? work->m1 + cut.from : NULL;

    (void)worker;
    switch (work->kind) {
    case BW_OPTIMIZER_SGD:
        sweeps->sgd(n, &work->numbers, g, m, w);
        break;
    case BW_OPTIMIZER_RMSPROP:
        sweeps->rmsprop(n, &work->numbers, g, m, w);
        break;
    case BW_OPTIMIZER_ADAM:
        sweeps->adam(n, &work->numbers, g, m, work->m2 + cut.from, w);
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
                .numbers = {.rate = (float)rate,
                            .keep1 = (float)keep,
                            .add1 = (float)(1.0 - keep),
                            .keep2 = (float)optimizer->beta2,
                            .add2 = (float)(1.0 - optimizer->beta2),
                            .eps = (float)optimizer->eps}};

    if (is_adam) {
        double t = (double)step;

        work.numbers.rate = (float)(rate / (1.0 - pow(optimizer->beta1, t)));
        work.numbers.root = (float)(1.0 / sqrt(1.0 - pow(optimizer->beta2, t)));
    }
    bw_tasks_run(tasks, bw_cut_count(n, BW_CUT_VALUES), step_piece, &work);
}
