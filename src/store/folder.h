/* folder.h - the PNG files of a folder, in one order on every machine. */
#ifndef BW_FOLDER_H
#define BW_FOLDER_H

#include <stddef.h>

#include "barrow/status.h"

typedef struct bw_names {
    size_t n, capacity;
    char **item;
} bw_names;

/* Appends a copy of name. */
bw_status bw_names_add(bw_names *names, const char *name,
                       bw_error *err) BW_MUST_CHECK;
void bw_names_clear(bw_names *names);
/* By bytes, as in the C locale. */
void bw_names_sort(bw_names *names);

/* The part of path behind its last slash, but for one that ends it: what
 * messages and provenance call a file. */
const char *bw_names_base(const char *path);

/* Lists the files under path whose names end in ".png" (any case), as paths
 * relative to it: entries by byte order, a subfolder's files in its place.
 * Hidden entries are passed over. Appends to names. BW_ERR_IO; BW_ERR_FORMAT
 * when there is no such file, or subfolders nest deeper than 32. */
bw_status bw_folder_list(const char *path, bw_names *names,
                         bw_error *err) BW_MUST_CHECK;

#endif
