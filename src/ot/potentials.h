/* potentials.h - potentials of the bins that hold mass, completed to all. */
#ifndef BW_POTENTIALS_H
#define BW_POTENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ot/ground.h"

/* From potentials value[j] of n sinks, at bins bin[j], by the c-transform
 *
 *     u(x) = min over j of c(x, bin[j]) - value[j]     for every source bin x
 *     v(y) = min over x of c(x, y) - u(x)              for every sink bin y
 *
 * Each is the largest that the other admits, so u + v <= c holds for all pairs
 * of bins; an optimal dual solution keeps its values where there is mass, and
 * so its dual value. Under a metric whose common mass was cancelled, u is
 * 1-Lipschitz and v = -u, so what stays adds nothing. With is_swapped the
 * solver's sources are the ground cost's sinks. O(bins^2). */
void bw_potentials_complete(const bw_ground *ground, bool is_swapped, size_t n,
                            const uint32_t *bin, const double *value, double *u,
                            double *v);

#endif
