/* optimizer.h - first-order optimisers over one block of parameters, and the
 * schedules of their rates.
 *
 * w: parameters, g: gradients, both of n floats; m: moments, n floats each.
 *
 * Threads: the calls keep no state of their own; a team of threads (tasks.h)
 * serves one call at a time.
 */
#ifndef BARROW_OPTIMIZER_H
#define BARROW_OPTIMIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bw_tasks;

typedef enum bw_optimizer_kind {
    BW_OPTIMIZER_SGD,     /* m = momentum m + g; w -= rate m */
    BW_OPTIMIZER_RMSPROP, /* m = decay m + (1 - decay) g^2;
                             w -= rate g / (sqrt(m) + eps): Tieleman and
                             Hinton, 2012, as PyTorch has it */
    BW_OPTIMIZER_ADAM     /* Kingma and Ba, 2015, algorithm 1 */
} bw_optimizer_kind;

typedef struct bw_optimizer {
    bw_optimizer_kind kind;
    double momentum;     /* sgd */
    double decay;        /* rmsprop, default 0.99 */
    double beta1, beta2; /* adam, default 0.9, 0.999 */
    double eps;          /* default 1e-8 */
} bw_optimizer;

/* The defaults of a kind. */
bw_optimizer bw_optimizer_default(bw_optimizer_kind kind);

/* How many blocks of n moments the kind keeps: sgd 0 without momentum or 1,
 * rmsprop 1, adam 2. */
size_t bw_optimizer_n_moments(const bw_optimizer *optimizer);

/* One step, the step-th from 1, at the rate given. moments holds
 * bw_optimizer_n_moments blocks, zero before the first step. Elementwise, so
 * the same for any number of threads. */
void bw_optimizer_step(const bw_optimizer *optimizer, double rate,
                       uint64_t step, size_t n, float *w, const float *g,
                       float *moments, struct bw_tasks *tasks);

/* ---- schedules: the factor of the base rate ---- */

enum { BW_MAX_MILESTONES = 32 };

typedef enum bw_schedule_kind {
    BW_SCHEDULE_CONSTANT,
    BW_SCHEDULE_STEP,        /* "step 30:2,50:5,100:10": divide the base rate
                                by 2 from epoch 30 on, by 5 from 50, by 10
                                from 100 */
    BW_SCHEDULE_EXPONENTIAL, /* "exponential 0.01": to that factor over the
                                run */
    BW_SCHEDULE_LINEAR,      /* "linear 0": to that factor over the run */
    BW_SCHEDULE_COSINE,      /* "cosine 0": half a cosine to that factor:
                                Loshchilov and Hutter, 2017 */
    BW_SCHEDULE_PLATEAU      /* "plateau 0.5:3": times 0.5 whenever validation
                                has not improved for 3 epochs */
} bw_schedule_kind;

typedef struct bw_schedule {
    bw_schedule_kind kind;
    double factor;
    uint64_t patience;
    size_t n_milestones;
    double milestone[BW_MAX_MILESTONES]; /* epochs */
    double divisor[BW_MAX_MILESTONES];
} bw_schedule;

/* BW_ERR_USAGE names what is wrong in the text and the forms that exist. */
bw_status bw_schedule_parse(const char *text, bw_schedule *schedule,
                            bw_error *err) BW_MUST_CHECK;

/* The factor at `epoch` (from 0, with the fraction that is done) of n_epochs;
 * n_drops is how often a plateau was met so far. */
double bw_schedule_factor(const bw_schedule *schedule, double epoch,
                          double n_epochs, uint64_t n_drops);

#ifdef __cplusplus
}
#endif
#endif
