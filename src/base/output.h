/* output.h - a file that appears whole or not at all.
 *
 * Bytes go to a temporary in the target's folder (unnamed where the system
 * has O_TMPFILE, so that even a killed process leaves nothing); commit syncs
 * it and puts it under its name. A link is followed, so what it points to is
 * replaced. "-" is standard output, written as it comes, and so is a device or
 * a pipe that exists under the name.
 */
#ifndef BW_OUTPUT_H
#define BW_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include "barrow/status.h"

typedef struct bw_output bw_output;

/* Opens; the folder must exist and be writable, and the name must not be a
 * folder. Messages of all calls begin with the path. */
bw_status bw_output_open(const char *path, bw_output **ret_output,
                         bw_error *err) BW_MUST_CHECK;
bw_status bw_output_write(bw_output *output, const void *data, size_t n_bytes,
                          bw_error *err) BW_MUST_CHECK;
/* Syncs file and folder, renames; mode 0666 less the umask. Does nothing for
 * what is written as it comes. Call destroy afterwards. */
bw_status bw_output_commit(bw_output *output, bw_error *err) BW_MUST_CHECK;
/* Without a commit before, the temporary is removed. NULL is fine. */
void bw_output_destroy(bw_output *output);

/* A nameless scratch file in the folder of opt_beside (a path that will be
 * written), or in $TMPDIR or /tmp; *ret_fd is for reading and writing. */
bw_status bw_output_scratch(const char *opt_beside, int *ret_fd,
                            bw_error *err) BW_MUST_CHECK;

/* Syncs the folder of path: only then does the name of a new file outlive a
 * power cut, however well the file itself was synced. */
bw_status bw_output_sync_name(const char *path, bw_error *err) BW_MUST_CHECK;

/* write(2) until all is written: partial writes, EINTR and EAGAIN are retried.
 * Messages begin with name. */
bw_status bw_output_write_fd(int fd, const char *name, const void *data,
                             size_t n_bytes, bw_error *err) BW_MUST_CHECK;

#endif
