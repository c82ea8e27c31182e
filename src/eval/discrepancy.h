/* discrepancy.h - the maximum mean discrepancy of two samples: nn/mmd.h, for
 * values of any size.
 *
 * It stays the same when all items move together, and when they grow by a
 * factor whose square the kernel's scale takes. So the mean of a is taken off
 * and powers of 2 are divided out before values become floats, and neither a
 * large offset nor squares that leave the floats' range cost digits.
 */
#ifndef BW_DISCREPANCY_H
#define BW_DISCREPANCY_H

#include "base/tasks.h"
#include "eval/sample.h"
#include "nn/mmd.h"

/* scale: imq's base or rbf's C; 0 for twice the values of an item, or the
 * median. At least 2 items of each. BW_ERR_MEMORY; BW_ERR_INTERRUPTED soon
 * after stopped, which may be NULL, is not 0. The same bits for any number of
 * threads. */
bw_status bw_discrepancy_of(const bw_sample *a, const bw_sample *b,
                            bw_mmd_kernel kernel, bool is_biased, double scale,
                            bw_tasks *tasks, int (*stopped)(void),
                            double *value, bw_error *err) BW_MUST_CHECK;

#endif
