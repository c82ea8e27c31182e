/* pick.h - chosen rows of one or several tensors, side by side, from a reader
 * that only goes forward. */
#ifndef BW_PICK_H
#define BW_PICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/container.h"

/* Rows first to end - 1; end UINT64_MAX: to the last. */
typedef struct bw_pick_range {
    uint64_t first, end;
} bw_pick_range;

/* Reads "0,5,7-9,20:30": single rows, a-b with b, a:b without b, where a or b
 * may be missing. range holds at least strlen(text) / 2 + 1. False when it is
 * not of that form. */
bool bw_pick_parse(const char *text, bw_pick_range *range, size_t *n_ranges);

typedef struct bw_pick bw_pick;

/* Chooses the ranges, all rows when n_ranges = 0, in their order, of n_tensors
 * tensors of equal length. One tensor in rising order is streamed; otherwise,
 * or where is_checked, the rows wait in a scratch file. is_checked: none comes
 * before the whole file has been read and its checksums hold. stopped may be
 * NULL. Arguments are borrowed and must live on. BW_ERR_DIMENSION: unequal
 * lengths, rows out of range; all of bw_reader_read and bw_reader_finish. */
bw_status bw_pick_open(bw_reader *reader, size_t n_tensors,
                       const bw_tensor *const *tensor, size_t n_ranges,
                       const bw_pick_range *range, bool is_checked,
                       int (*stopped)(void), bw_pick **ret_pick,
                       bw_error *err) BW_MUST_CHECK;
void bw_pick_close(bw_pick *pick);

/* How many rows will come. */
uint64_t bw_pick_n_rows(const bw_pick *pick);

/* Items of a row. A tensor of rank 0 is one row of one item. */
uint64_t bw_pick_row_items(const bw_tensor *tensor);

/* Lends the next row, one pointer a tensor, and its number in the tensors.
 * *is_end is set instead when all have come; then the rest of the file has been
 * read and its checksums hold. */
bw_status bw_pick_next(bw_pick *pick, const void **row, uint64_t *number,
                       bool *is_end, bw_error *err) BW_MUST_CHECK;

#endif
