/* provenance.h - how a file was made: a JSON list of steps, oldest first, kept
 * in the metadata string "barrow.provenance".
 *
 * A step is {"tool", "version", "argv": [...], "seed": N or absent,
 * "inputs": [{"name", "xxh64"}]}; argv holds only what shapes the result, in
 * one canonical spelling, so that equal work gives equal bytes.
 *
 * Threads: a bw_provenance is used by one thread at a time.
 */
#ifndef BARROW_PROVENANCE_H
#define BARROW_PROVENANCE_H

#include <stddef.h>
#include <stdint.h>

#include "barrow/container.h"
#include "barrow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BW_META_KIND "barrow.kind"
#define BW_META_FORMAT "barrow.format"
#define BW_META_PROVENANCE "barrow.provenance"

typedef struct bw_provenance bw_provenance;

/* Starts the step of this run. argv (n_args strings) excludes the program's
 * name; opt_seed is NULL where the work draws nothing. All is copied. NULL
 * when memory is out. */
bw_provenance *bw_provenance_create(const char *tool, size_t n_args,
                                    const char *const *argv,
                                    const uint64_t *opt_seed);
void bw_provenance_destroy(bw_provenance *provenance);

/* Names an input with the XXH64 of its uncompressed bytes, and, where it is a
 * container that has steps of its own (opt_steps: its metadata string), puts
 * those before this step; steps already there are not repeated.
 * BW_ERR_FORMAT when opt_steps is no list of steps. */
bw_status bw_provenance_add_input(bw_provenance *provenance, const char *name,
                                  uint64_t digest, const char *opt_steps,
                                  bw_error *err) BW_MUST_CHECK;

/* The list as compact JSON text, to be freed. NULL when memory is out. */
char *bw_provenance_text(const bw_provenance *provenance);

/* Sets kind, format and provenance on a writer. */
bw_status bw_provenance_stamp(const bw_provenance *provenance,
                              bw_writer *writer, const char *kind,
                              bw_error *err) BW_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
