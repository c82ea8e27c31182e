/* ground.h - ground costs: what it takes to move a unit of mass from one bin
 * to another.
 *
 * Bins are pixels of a grid, points in any number of dimensions, or rows and
 * columns of a matrix. Ground distances are l1, l2 or linf; the cost is the
 * distance to the power p. A ground cost is made once, is never written to
 * afterwards, and may be used by any number of threads.
 */
#ifndef BARROW_GROUND_H
#define BARROW_GROUND_H

#include <stdbool.h>
#include <stddef.h>

#include "barrow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum bw_norm { BW_NORM_L1, BW_NORM_L2, BW_NORM_LINF } bw_norm;

typedef struct bw_ground bw_ground;

/* Pixels (y, x) of a height x width grid, bin y * width + x, one pixel apart.
 * p >= 1, else BW_ERR_RANGE; BW_ERR_RANGE too when a cost overflows. */
bw_status bw_ground_create_grid(bw_norm norm, double p, size_t height,
                                size_t width, bw_ground **ret_ground,
                                bw_error *err) BW_MUST_CHECK;

/* n points of d coordinates each, row after row (copied). BW_ERR_RANGE names
 * a coordinate that is not finite. */
bw_status bw_ground_create_points(bw_norm norm, double p, size_t n, size_t d,
                                  const double *coordinates,
                                  bw_ground **ret_ground,
                                  bw_error *err) BW_MUST_CHECK;

/* Any costs, n_sources x n_sinks, row after row (copied). +inf forbids a move.
 * BW_ERR_RANGE names an entry that is negative or NaN, or a finite one so large
 * that nothing can stand above it, where others are infinite. */
bw_status bw_ground_create_matrix(size_t n_sources, size_t n_sinks,
                                  const double *cost, bw_ground **ret_ground,
                                  bw_error *err) BW_MUST_CHECK;

void bw_ground_destroy(bw_ground *ground);

/* How many bins a histogram of sources, of sinks has. */
size_t bw_ground_n_sources(const bw_ground *ground);
size_t bw_ground_n_sinks(const bw_ground *ground);

/* The cost from bin i to bin j, in doubles: the numbers that every solver's
 * result is evaluated with. */
double bw_ground_cost(const bw_ground *ground, size_t i, size_t j);

/* Whether all costs are integers that the solvers hold exactly. */
bool bw_ground_is_integral(const bw_ground *ground);

#ifdef __cplusplus
}
#endif
#endif
