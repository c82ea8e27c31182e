/* unit.h - one network of a model while it learns: its engine, its gradient and
 * the moments of its optimiser. */
#ifndef BW_UNIT_H
#define BW_UNIT_H

#include "barrow/engine.h"
#include "barrow/optimizer.h"
#include "base/tasks.h"
#include "model/model.h"
#include "model/train.h"
#include "nn/share.h"

/* Cleared by bw_unit_clear, also when all bytes are zero. */
typedef struct bw_unit {
    const bw_model_part *part; /* NULL: the model has none */
    bw_engine *engine;
    const bw_optimizer *optimizer;
    bw_tasks *tasks;
    float *values; /* the part's block, in the model */
    float *acting; /* what passes take: the values, or, once the caller has set
                      it, a block that is made of them */
    size_t n_values, n_trained, n_moments;
    float *gradient; /* n_trained */
    float *moments;  /* n_moments x n_trained */
    float *running;  /* n_values - n_trained: kept statistics */
    char block_name[48];
} bw_unit;

typedef struct bw_unit_options {
    size_t n_max; /* items at a time */
    bool input_gradient;
    const bw_optimizer *optimizer; /* borrowed */
    uint64_t seed;                 /* of noise layers */
} bw_unit_options;

/* Plans the network `part` of a model for training. BW_ERR_MEMORY, and what
 * bw_engine_create returns. */
bw_status bw_unit_init(bw_unit *unit, const bw_model *model,
                       const bw_model_part *part,
                       const bw_unit_options *options, bw_tasks *tasks,
                       bw_error *err) BW_MUST_CHECK;
void bw_unit_clear(bw_unit *unit);

/* Appends the moments, if there are any, to the blocks of a learner. */
void bw_unit_add_block(bw_unit *unit, bw_state_block *block, size_t *n_blocks);

/* n items that stand at x, or in the engine's input where x is NULL. */
const float *bw_unit_forward(bw_unit *unit, bw_mode mode, size_t n,
                             const float *opt_x, uint64_t step);
/* As bw_engine_backward; the parameters' gradient is added to the unit's. */
const float *bw_unit_backward(bw_unit *unit, size_t n);

/* Passes from now on are of the share of batches; NULL: of whole ones. Units
 * without a part are left alone. */
void bw_unit_share(bw_unit *unit, const bw_share *opt_share);

void bw_unit_clear_gradient(bw_unit *unit);
/* The gradient becomes the sum over all processes. */
void bw_unit_sum(bw_unit *unit, bw_comm *opt_comm);
/* The gradient's length, the same bits for any number of threads. */
double bw_unit_norm(const bw_unit *unit);
/* One step of the optimiser, the step-th, at the rate given. */
void bw_unit_update(bw_unit *unit, double rate, uint64_t step);

/* Keeps the running statistics of what acts, which forward passes change, and
 * brings them back when the step comes to nothing. */
void bw_unit_keep(bw_unit *unit);
void bw_unit_restore(bw_unit *unit);

#endif
