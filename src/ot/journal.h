/* journal.h - results of a long run, kept as they come, so that a run that is
 * killed goes on where it was.
 *
 * A journal is a file beside the output: what the run is about (a text), then
 * blocks of results in the order of the pairs. Each block carries a digest;
 * what follows the last whole one is cut off when the journal is opened again.
 * A lock keeps two runs apart. Host byte order: it is no file to pass on.
 */
#ifndef BW_JOURNAL_H
#define BW_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/status.h"

/* The results of consecutive pairs, column by column. Columns that a run does
 * not make are NULL. */
typedef struct bw_block {
    uint64_t first; /* pair */
    uint64_t n;
    double *value, *gap;
    uint64_t n_arcs;
    uint32_t *arc_count;     /* n */
    uint32_t (*arc_bins)[2]; /* n_arcs */
    double *arc_mass;        /* n_arcs */
    double *source, *target; /* n x n_source_bins, n x n_target_bins */
} bw_block;

/* Which columns there are. */
typedef struct bw_block_shape {
    bool with_gap, with_plan, with_potentials;
    uint64_t n_source_bins, n_target_bins;
} bw_block_shape;

typedef struct bw_journal bw_journal;

/* Opens the journal at path, or an unnamed one beside opt_beside when path is
 * NULL. purpose names everything that shapes the results, one "name=value" a
 * line. A journal that is there is continued when resume is set, and must then
 * have the same purpose: BW_ERR_RANGE names the first line that differs.
 * Without resume, one that holds results is BW_ERR_RANGE too, and nothing is
 * lost. BW_ERR_IO when another run holds the lock. */
bw_status bw_journal_open(const char *path, const char *opt_beside,
                          const char *purpose, const bw_block_shape *shape,
                          bool resume, bw_journal **ret_journal,
                          bw_error *err) BW_MUST_CHECK;

/* How many pairs it holds: 0 .. n-1. */
uint64_t bw_journal_n_pairs(const bw_journal *journal);

/* Appends a block, whose first pair must be the next one. It outlives this
 * process once the call returns, and a power cut once sync did. After a
 * failure the journal is as it was before. */
bw_status bw_journal_append(bw_journal *journal, const bw_block *block,
                            bw_error *err) BW_MUST_CHECK;
bw_status bw_journal_sync(bw_journal *journal, bw_error *err) BW_MUST_CHECK;

/* Calls visit for every block in order; its arrays last for the call. */
typedef bw_status (*bw_block_visit)(void *context, const bw_block *block,
                                    bw_error *err);
bw_status bw_journal_visit(bw_journal *journal, bw_block_visit visit,
                           void *context, bw_error *err) BW_MUST_CHECK;

/* Closes; the file stays, unless it holds no results. NULL is fine. */
void bw_journal_close(bw_journal *journal);
/* Removes the file and closes: the results are elsewhere. */
void bw_journal_remove(bw_journal *journal);

#endif
