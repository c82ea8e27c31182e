/* lp.h - the plain twin of the transport solvers: exact, slow, and short
 * enough to be believed. Shares no code with src/ot.
 *
 *   minimise   sum over i, j of cost[i*m + j] * plan[i*m + j]
 *   subject to sum_j plan[i*m + j] = source[i], i < n
 *              sum_i plan[i*m + j] = sink[j],   j < m,   plan >= 0
 *
 * Everything is an integer: masses and costs are int64, the optimum __int128.
 */
#ifndef PLAIN_LP_H
#define PLAIN_LP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef __int128 plain_int128;

enum { PLAIN_LP_MAX = 40 }; /* largest n and m */

/* The bounds within which no sum or product overflows. */
#define PLAIN_LP_MAX_COST (INT64_C(1) << 56)
#define PLAIN_LP_MAX_TOTAL (INT64_C(1) << 60)

/* Solves the problem above. opt_plan (n*m) receives an optimal plan, an
 * optimal vertex or not. False, with nothing written, when the instance is
 * outside the contract: n or m not in 1..PLAIN_LP_MAX, a negative mass,
 * totals that differ or pass PLAIN_LP_MAX_TOTAL, |cost| over
 * PLAIN_LP_MAX_COST. */
bool plain_lp_solve(size_t n, size_t m, const int64_t *source,
                    const int64_t *sink, const int64_t *cost,
                    plain_int128 *optimum, int64_t *opt_plan);

/* The same for costs in doubles that are integers over a power of two: the
 * least k >= 0 is found with cost * 2^k integer throughout, and *optimum is
 * the exact optimum times 2^k, *exponent is k. False also when no k up to 60
 * serves within PLAIN_LP_MAX_COST, or a cost is not finite. */
bool plain_lp_solve_dyadic(size_t n, size_t m, const int64_t *source,
                           const int64_t *sink, const double *cost,
                           plain_int128 *optimum, int *exponent,
                           int64_t *opt_plan);

/* The double nearest to optimum / 2^exponent / total; for a total of at least
 * 1. The quotient is rounded to 64 bits before it is rounded to 53. */
double plain_lp_value(plain_int128 optimum, int exponent, int64_t total);

#endif
