/* groups.h - the subfolders of folders as labels. */
#ifndef BW_GROUPS_H
#define BW_GROUPS_H

#include <stddef.h>
#include <stdint.h>

#include "store/folder.h"

/* Collects the names of the first-level subfolders of all inputs, sorted by
 * bytes, each once, so that equal names get equal numbers. BW_ERR_USAGE: an
 * input is no folder, or a picture lies in no subfolder. */
bw_status bw_groups_find(size_t n_inputs, const char *const *input,
                         bw_names *groups, bw_error *err) BW_MUST_CHECK;

/* The number of the group that a file of bw_folder_list belongs to. */
int32_t bw_groups_of(const bw_names *groups, const char *file);

#endif
