/* path.h - parts of file names. */
#ifndef BW_PATH_H
#define BW_PATH_H

#include <string.h>

/* What follows the last slash; the whole where that would be nothing. */
static inline const char *bw_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

#endif
