/* conv_phase_product.h - products of a convolution by phases at its points,
 * for a block of items. Tasks are cut by the plan only. */
#ifndef BW_CONV_PHASE_PRODUCT_H
#define BW_CONV_PHASE_PRODUCT_H

#include "nn/conv_phase_plan.h"

typedef struct bw_phase_block {
    const bw_conv_phase_kernel *kernel;
    const bw_phase_plan *plan;
    size_t n;       /* items, at most the plan's */
    float *scratch; /* V and M */
    const float *u; /* for m [point][o / 32][phase][c][32]; for v [point][phase]
                       [c / 32][o][32] */
    float *du;      /* as U for m */
    bool sets;      /* dU is overwritten */
} bw_phase_block;

size_t bw_phase_product_n_tasks(const bw_phase_plan *plan);
/* M = V U */
void bw_phase_product_m(const bw_phase_block *block, size_t task);
/* V = M U' */
void bw_phase_product_v(const bw_phase_block *block, size_t task);

/* dU = or += V' M. packed: floats for the task's own use. */
enum { BW_PHASE_DU_PACKED = 9 * 256 * BW_PHASE_PANEL };
size_t bw_phase_product_n_du_tasks(const bw_phase_plan *plan);
void bw_phase_product_du(const bw_phase_block *block, size_t task,
                         float *packed);

#endif
