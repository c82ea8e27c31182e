/* distances.h - the work of wdist: from containers of histograms to a
 * container of distances. */
#ifndef BW_DISTANCES_H
#define BW_DISTANCES_H

#include "ot/batch.h"

/* All borrowed. NULL and 0 are the defaults of what may be absent. */
typedef struct bw_distances_options {
    size_t n_inputs; /* 1 or 2 */
    const char *const *input;
    const char *pairs; /* "all", "cross", "random:M", a file, or NULL */
    const char *shard; /* "K/N", or NULL */
    bw_norm ground;
    double p;
    const char *cost, *support; /* files, or NULL */
    bool gives_cost;            /* W_p^p, else W_p */
    bw_normalize normalize;
    bool each_channel;
    bw_metric metric;
    bw_transport_options transport;
    double tolerance;
    const char *output; /* "-": standard output */
    bool resume;
    uint64_t seed, n_threads;
    size_t n_args; /* for provenance */
    const char *const *arg;
    bool is_quiet, is_verbose;
    int (*stopped)(void);
} bw_distances_options;

/* Writes options->output whole or not at all. What is finished is kept in
 * OUTPUT.partial until then. Reports progress, and with is_verbose what was
 * done, to standard error. */
bw_status bw_distances_run(const bw_distances_options *options,
                           bw_error *err) BW_MUST_CHECK;

#endif
