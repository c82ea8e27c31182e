/* comm.h - processes that work on one thing together.
 *
 * A bw_comm is what one process has of them: its rank, from 0, their number,
 * and three ways to exchange bytes, which whoever makes it brings along. NULL
 * stands for a process alone, for which every call below is nothing.
 *
 * All processes must make the same calls in the same order: a call returns once
 * all have made it. So whatever decides about a call is to be known to all, by
 * bw_comm_agree where it is not anyway.
 *
 * Sums are taken in doubles and in the order of the ranks, each by one process
 * from which the others have it: all get the same bits, and so does every run
 * of as many processes.
 */
#ifndef BW_COMM_H
#define BW_COMM_H

#include <stdbool.h>
#include <stddef.h>

#include "barrow/status.h"

/* Blocks are of n bytes, one a rank and in their order; no two arguments
 * overlap. A way that is lost ends the process. */
typedef struct bw_comm_ways {
    /* Block `own` of each process becomes block number rank of `all`. */
    void (*gather)(void *self, size_t n, const void *own, void *all);
    /* Block k of `to` becomes block number rank of process k's `from`. */
    void (*trade)(void *self, size_t n, const void *to, void *from);
    /* n bytes become those of rank 0. */
    void (*copy)(void *self, size_t n, void *bytes);
} bw_comm_ways;

typedef struct bw_comm bw_comm;

/* ways and self are borrowed. rank < size. BW_ERR_MEMORY. */
bw_status bw_comm_create(const bw_comm_ways *ways, void *self, size_t rank,
                         size_t size, bw_comm **ret_comm,
                         bw_error *err) BW_MUST_CHECK;
void bw_comm_destroy(bw_comm *comm);

/* 0 and 1 for a process alone. */
size_t bw_comm_rank(const bw_comm *opt_comm);
size_t bw_comm_size(const bw_comm *opt_comm);

/* Of pieces of work numbered from 0 that go round the ranks: whether piece k is
 * this process's. */
bool bw_comm_has(const bw_comm *opt_comm, size_t k);

/* x (n) becomes the sum of all processes' x. */
void bw_comm_sum_floats(bw_comm *opt_comm, size_t n, float *x);
void bw_comm_sum_doubles(bw_comm *opt_comm, size_t n, double *x);

/* The largest of all processes' x; a NaN is larger than anything. */
double bw_comm_largest(bw_comm *opt_comm, double x);

/* n bytes become those of rank 0. */
void bw_comm_copy(bw_comm *opt_comm, size_t n, void *bytes);

/* Whether all processes go on, each with a status of its own: the status of the
 * first rank that has one, with its message, in all of them. After such a one
 * there is nothing more to agree on: later calls return their own status at
 * once. *flag becomes whether it was set in any process. */
bw_status bw_comm_agree(bw_comm *opt_comm, bw_status status, bool *flag,
                        bw_error *err) BW_MUST_CHECK;

#endif
