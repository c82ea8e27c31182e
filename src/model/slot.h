/* slot.h - places for the tensors of floats that a model or a checkpoint has,
 * written to a container and matched by name and shape when they come back. */
#ifndef BW_SLOT_H
#define BW_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/container.h"

enum { BW_SLOT_NAME = 96 };

typedef struct bw_slot {
    char name[BW_SLOT_NAME]; /* "encoder.0.weight" */
    unsigned rank;           /* 1 to 4 */
    uint64_t shape[4];
    size_t offset, n; /* in the block it is of, in floats */
    float *values;    /* n floats; reading with NULL leaves them in data */
    void *data;       /* malloc'ed by reading, owned by the slot */
    bool is_found;
} bw_slot;

/* Fills a slot for a flat tensor. */
void bw_slot_flat(bw_slot *slot, const char *name, float *values, size_t n);

/* Frees what reading left in data. */
void bw_slots_clear(size_t n_slots, bw_slot *slot);

/* Whether all n values are finite; *opt_first is the first that is not. */
bool bw_slot_is_finite(const float *values, size_t n, size_t *opt_first);

/* Appends the slots to a writer as F32 tensors. BW_ERR_RANGE, and nothing of
 * that tensor is written, for a value that is not finite. */
bw_status bw_slots_write(bw_writer *writer, size_t n_slots, const bw_slot *slot,
                         bw_error *err) BW_MUST_CHECK;

/* Compares the reader's header with the slots, then reads the tensors in file
 * order; values is overwritten, or data grows as bytes come. Tensors whose
 * names start with opt_skip are left alone. BW_ERR_FORMAT, with the reader's
 * path, for a tensor that is missing, superfluous, of another type or shape, or
 * not finite. On failure the values are undefined. */
bw_status bw_slots_read(bw_reader *reader, const char *opt_skip, size_t n_slots,
                        bw_slot *slot, bw_error *err) BW_MUST_CHECK;

#endif
