/* summary.h - what winfo tells of a container. */
#ifndef BW_SUMMARY_H
#define BW_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "barrow/container.h"
#include "store/stats.h"

typedef struct bw_summary {
    bw_reader *reader; /* borrowed; says all that the header says */
    bw_stats *stats;   /* one a tensor, in file order; NULL: not asked for */
    bool is_whole;     /* all was read and checked, digest is set */
    uint64_t digest;   /* XXH64 of the uncompressed bytes */
} bw_summary;

/* Looks at a container that was just opened. It is read to its end for
 * statistics, when is_whole is asked for, and when it is no regular file.
 * opt_stop is asked now and then whether to give up: BW_ERR_INTERRUPTED.
 * Otherwise fails as bw_reader_read and bw_reader_finish do; the summary is to
 * be cleared then, too. */
bw_status bw_summary_take(bw_summary *summary, bw_reader *reader,
                          bool with_stats, bool is_whole, int (*opt_stop)(void),
                          bw_error *err) BW_MUST_CHECK;
void bw_summary_clear(bw_summary *summary);

/* Bytes of the file: what lies on the disk, or came through the pipe. */
uint64_t bw_summary_n_file_bytes(const bw_summary *summary);

/* For a person; errors of out are left to its owner. BW_ERR_FORMAT when the
 * provenance, where it is asked for, is no list of steps. */
bw_status bw_summary_print(const bw_summary *summary, bool with_provenance,
                           FILE *out, bw_error *err) BW_MUST_CHECK;

/* "PATH: ok, xxh64 ...", and what of it no checksum guards. */
void bw_summary_print_check(const bw_summary *summary, FILE *out);

/* One line of JSON, provenance included. */
bw_status bw_summary_print_json(const bw_summary *summary, FILE *out,
                                bw_error *err) BW_MUST_CHECK;

#endif
