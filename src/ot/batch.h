/* batch.h - many pairs on many threads, in order, into a journal or to a
 * function. */
#ifndef BW_BATCH_H
#define BW_BATCH_H

#include "barrow/divergence.h"
#include "barrow/pairs.h"
#include "barrow/transport.h"
#include "base/progress.h"
#include "ot/journal.h"
#include "ot/pair_list.h"

typedef enum bw_metric {
    BW_METRIC_WASSERSTEIN,
    BW_METRIC_KL,
    BW_METRIC_JS,
    BW_METRIC_TV
} bw_metric;

/* What to do; all pointers are borrowed. */
typedef struct bw_batch {
    bw_metric metric;
    const bw_ground *ground;
    const bw_histograms *set; /* n_channels histograms an image; those of the
                                 second file follow those of the first */
    uint64_t n_channels;
    uint64_t first_b; /* number of the second file's first image, 0 when there
                         is one file */
    bw_pairs pairs;
    const bw_pair_list *opt_list; /* that of pairs: what is solved of it is
                                     released */
    bw_normalize normalize;
    double root; /* the result is cost^(1 / root): 1 gives the cost */
    bw_transport_options transport; /* but `stopped`, which is the one below */
    double tolerance; /* with a certificate: of |gap| / (cost + 1e-5 of the
                         largest ground cost) */
    uint64_t n_threads;
    bw_journal *journal;   /* where results go, or NULL: they go to take */
    bw_progress *progress; /* may be NULL */
    /* Takes the next results; called by the thread that runs the batch. */
    bw_status (*take)(void *context, const bw_block *block, bw_error *err);
    void *context;        /* of take */
    int (*stopped)(void); /* not 0 asks to stop, between pairs and, where one
                             takes long, within it; may be NULL */
} bw_batch;

/* Solves all pairs that the journal does not hold yet. Results come in the
 * order of the pairs and do not depend on n_threads. BW_ERR_INTERRUPTED after
 * a stop, BW_ERR_CERTIFICATE when a gap passes the tolerance, or what the
 * solver returns, with the pair named, or what take returns, which is then not
 * called again; everything before that pair is in the journal and synced then.
 * *counts sums what the threads did. */
bw_status bw_batch_run(const bw_batch *batch, bw_transport_counts *counts,
                       bw_error *err) BW_MUST_CHECK;

/* The shape of the journal's blocks. */
bw_block_shape bw_batch_shape(const bw_batch *batch);

#endif
