/* unpack.h - from a container's tensors to NPY, IDX, text, PNG or bare bytes:
 * what wunpack does. */
#ifndef BW_UNPACK_H
#define BW_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/container.h"
#include "base/output.h"
#include "store/pick.h"

typedef enum bw_unpack_format {
    BW_UNPACK_NPY,
    BW_UNPACK_IDX, /* big-endian; a last axis of one channel is dropped */
    BW_UNPACK_TSV,
    BW_UNPACK_CSV,
    BW_UNPACK_PNG,
    BW_UNPACK_RAW /* little-endian items */
} bw_unpack_format;

/* How numbers become pictures. */
typedef struct bw_picture_options {
    size_t grid_rows, grid_columns; /* 0: one picture, or a folder of them */
    size_t pad;                     /* samples between the cells of a grid */
    size_t scale;                   /* each sample so often along both axes */
    bool has_range;                 /* low is black and high is white, else
                                       0..255 for U8, 0..1 for float images,
                                       each picture's own range otherwise */
    double low, high;
    bool is_deep; /* 16 bits a sample */
} bw_picture_options;

/* All borrowed. */
typedef struct bw_unpack_options {
    const char *file;
    size_t n_tensors;
    const char *const *tensor; /* several: columns side by side in text */
    bw_unpack_format format;
    size_t n_ranges; /* 0: all rows */
    const bw_pick_range *range;
    bool header; /* a first line of column names, in text */
    bw_picture_options picture;
    const char *output;   /* "-": standard output */
    bool is_folder;       /* output is a folder, made where it is missing, that
                            gets one PNG a row, named by the row's number */
    int (*stopped)(void); /* not 0: BW_ERR_INTERRUPTED; may be NULL */
} bw_unpack_options;

/* Writes the output, or none; of a folder's pictures those that were finished
 * stay. BW_ERR_IO, BW_ERR_FORMAT, BW_ERR_DIMENSION, BW_ERR_RANGE, and
 * BW_ERR_USAGE for a tensor that isn't there or a format that cannot hold it.
 */
bw_status bw_unpack(const bw_unpack_options *options,
                    bw_error *err) BW_MUST_CHECK;

/* ---- the two kinds of output that take more than a loop ---- */

/* Writes the rows of tensors as lines of text. */
bw_status bw_unpack_text(const bw_unpack_options *options, size_t n_tensors,
                         const bw_tensor *const *tensor, bw_pick *pick,
                         bw_error *err) BW_MUST_CHECK;

/* Writes the rows of a tensor as one picture, a grid, or a folder. is_images:
 * the container's kind. */
bw_status bw_unpack_pictures(const bw_unpack_options *options,
                             const bw_tensor *tensor, bool is_images,
                             bw_pick *pick, bw_error *err) BW_MUST_CHECK;

#endif
