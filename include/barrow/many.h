/* many.h - exact optimal transport between many pairs of histograms of one
 * set, on many threads.
 *
 * Threads: a call owns the threads that it starts and has ended them when it
 * returns. Any number of calls may share a ground cost and a sealed set.
 */
#ifndef BARROW_MANY_H
#define BARROW_MANY_H

#include <stddef.h>
#include <stdint.h>

#include "barrow/ground.h"
#include "barrow/histogram.h"
#include "barrow/pairs.h"
#include "barrow/status.h"
#include "barrow/transport.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Takes the solution of pair k of the part in hand, whose arrays last for the
 * call. Anything but BW_OK ends the run with that status. */
typedef bw_status (*bw_many_visit)(void *context, uint64_t k,
                                   const bw_solution *solution, bw_error *err);

/* What to do; all pointers are borrowed. */
typedef struct bw_many {
    const bw_ground *ground;
    const bw_histograms *set; /* sealed, made for that ground cost */
    bw_pairs pairs;
    uint64_t first_b; /* histogram j of a pair is first_b + j of the set: 0
                         where there is one kind of histograms, the number of
                         the first kind where those of a second follow them */
    bw_transport_options transport;
    /* With a certificate: what |gap| / (cost + 1e-5 of the largest ground cost)
     * may be at most. 0: a gap is told and never judged. */
    double tolerance;
    size_t n_threads; /* 1 or more */
    double *cost;     /* pairs.n: filled in, or NULL */
    double *gap;      /* pairs.n: filled in with a certificate, or NULL */
    /* Called for pair after pair, by the calling thread, or NULL. */
    bw_many_visit visit;
    void *context; /* of visit */
} bw_many;

/* Solves the pairs. Results do not depend on n_threads. BW_ERR_CERTIFICATE
 * when a gap passes the tolerance, or what bw_transport_solve returns, with
 * the pair named; BW_ERR_INTERRUPTED after a stop; what visit returns. Costs
 * and gaps of pairs before that one may be there then. BW_ERR_RANGE for pairs
 * that are not of the set; BW_ERR_USAGE without a thread. */
bw_status bw_many_solve(const bw_many *many, bw_error *err) BW_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
