/* net_file.h - the text of a network from a file of its own. */
#ifndef BW_TOOLS_NET_FILE_H
#define BW_TOOLS_NET_FILE_H

#include "barrow/status.h"

/* Reads it, to be freed; NULL without a path and on failure. Messages begin
 * with the path. BW_ERR_FORMAT for a file that is no text. */
bw_status bw_net_file_read(const char *opt_path, char **ret_text,
                           bw_error *err) BW_MUST_CHECK;

#endif
