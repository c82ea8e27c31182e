/* kd.h - an order of points in which neighbours stand near each other. */
#ifndef BW_KD_H
#define BW_KD_H

#include <stddef.h>
#include <stdint.h>

#include "barrow/status.h"

/* Codes of n points of d coordinates each, row after row: paths from the root
 * of a balanced kd-tree, 0 for the half of the lesser coordinates, first turn
 * in the highest bit. Each range of points is cut at its median across its
 * widest dimension until one point is left, so codes differ, and points whose
 * codes agree in the first bits fill one cell. Coordinates that are equal are
 * told apart by the points' numbers. n below 2^32. O(n (d + log n) log n). */
bw_status bw_kd_codes(size_t n, size_t d, const double *coordinate,
                      uint32_t *code) BW_MUST_CHECK;

#endif
