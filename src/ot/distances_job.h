/* distances_job.h - what distances.c and its parts for inputs and output share,
 * and nobody else: one run of wdist.
 */
#ifndef BW_DISTANCES_JOB_H
#define BW_DISTANCES_JOB_H

#include "barrow/container.h"
#include "barrow/provenance.h"
#include "ot/dataset.h"
#include "ot/distances.h"

enum { BW_DISTANCES_META = 16 };

/* One string of the output's metadata. */
typedef struct bw_distances_meta {
    const char *key;
    char value[256];
} bw_distances_meta;

typedef struct bw_distances_job {
    const bw_distances_options *options;
    bw_dataset data[2];
    bw_ground *ground;
    bw_histograms *set;
    bw_pair_list list;
    bw_batch batch;
    bw_provenance *provenance;
    bw_distances_meta meta[BW_DISTANCES_META];
    size_t n_meta;
    char *purpose;      /* of the journal */
    char *journal_path; /* NULL: unnamed */
    bw_progress progress;
    /* Output. */
    bw_writer *writer;
    size_t pairs, value, gap, plan_offset, plan_bins, plan_mass, source, target;
    uint64_t n_arcs;
} bw_distances_job;

/* Reads what the options name: data sets, ground cost, histograms, pairs; every
 * file is an input of the provenance, which must be there. What was read before
 * a failure stays in the job. */
bw_status bw_distances_read(bw_distances_job *job, bw_error *err) BW_MUST_CHECK;

/* From the journal of a batch that is done to the writer, and commits. */
bw_status bw_distances_write(bw_distances_job *job,
                             bw_error *err) BW_MUST_CHECK;

#endif
