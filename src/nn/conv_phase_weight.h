/* conv_phase_weight.h - the weight of a convolution at its points, U = G A, and
 * the gradient back, dA += G' dU (conv_phase.h). U as in
 * conv_phase_product.h. */
#ifndef BW_CONV_PHASE_WEIGHT_H
#define BW_CONV_PHASE_WEIGHT_H

#include "base/tasks.h"
#include "nn/conv_phase_plan.h"

/* U as the products for M take it; what no weight stands for is left alone. */
void bw_phase_weight_for_m(bw_tasks *tasks, const bw_conv_phase_kernel *kernel,
                           const bw_phase_plan *plan, const float *weight,
                           float *u);
void bw_phase_weight_for_v(bw_tasks *tasks, const bw_conv_phase_kernel *kernel,
                           const bw_phase_plan *plan, const float *weight,
                           float *u);
/* dU as for m. */
void bw_phase_weight_add(bw_tasks *tasks, const bw_conv_phase_kernel *kernel,
                         const bw_phase_plan *plan, float *du, float *dweight);

#endif
