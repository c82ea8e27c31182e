/* origin.h - where something that was read comes from: for messages, and for
 * the provenance of what is made of it. */
#ifndef BW_ORIGIN_H
#define BW_ORIGIN_H

#include <stdint.h>

#include "barrow/container.h"

typedef struct bw_origin {
    char *name, *path; /* base name; for messages */
    char *steps;       /* provenance, or NULL */
    char *label_names; /* as the file has them, or NULL */
    uint64_t digest;   /* of the file's uncompressed bytes, once it was read */
} bw_origin;

/* Takes name, path, steps and label names of an open container; the digest is 0
 * until its end is known. BW_ERR_MEMORY. bw_origin_clear in any case. */
bw_status bw_origin_set(bw_origin *origin, const bw_reader *reader,
                        bw_error *err) BW_MUST_CHECK;
void bw_origin_clear(bw_origin *origin);

#endif
