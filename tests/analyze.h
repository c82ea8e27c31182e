/* analyze.h - for analysers, which see one file at a time: what reports an
 * error returns one. Given by -include; not for error.c, which defines it. */
#ifndef ANALYZE_H
#define ANALYZE_H

#include "barrow/status.h"

#define bw_error_set(err, code, ...)                                           \
    ((void)bw_error_set(err, code, __VA_ARGS__), (code))
#define bw_error_memory(err) ((void)bw_error_memory(err), BW_ERR_MEMORY)
#define bw_error_errno(err, ...)                                               \
    ((void)bw_error_errno(err, __VA_ARGS__), BW_ERR_IO)

#endif
