/* pack.h - from files of images, histograms or codes to containers: what wpack
 * does. Items are decoded, cropped, brought to their depth, resized, coloured
 * and inverted one by one; then --skip and --limit choose among them, and a
 * shuffle and a split order and part what was chosen. */
#ifndef BW_PACK_H
#define BW_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/status.h"
#include "base/progress.h"
#include "store/array.h"
#include "store/png.h"

typedef enum bw_pack_kind {
    BW_PACK_AUTO, /* by the first input's format, rank and type */
    BW_PACK_IMAGES,
    BW_PACK_HISTOGRAMS,
    BW_PACK_CODES
} bw_pack_kind;

typedef enum bw_pack_depth {
    BW_DEPTH_AUTO, /* U8 from 8 bits, F32 from floats, else an error */
    BW_DEPTH_8,
    BW_DEPTH_FLOAT
} bw_pack_depth;

typedef enum bw_pack_color {
    BW_COLOR_KEEP,
    BW_COLOR_GRAY,
    BW_COLOR_RGB
} bw_pack_color;

/* The next n items go to the output in whose name %s becomes `name`. */
typedef struct bw_pack_part {
    const char *name;
    uint64_t n;
} bw_pack_part;

/* All borrowed. Zero is the default of every member. */
typedef struct bw_pack_options {
    size_t n_inputs;
    const char *const *input; /* files, folders, "-" */
    bw_format format;
    bw_pack_kind kind;
    const char *labels;      /* file, or "folder", or NULL */
    const char *table_label; /* column of a table, or NULL */
    const char *support;     /* file of bin coordinates, or NULL */
    size_t crop_height, crop_width, crop_y, crop_x; /* height 0: no crop */
    bool is_crop_placed;                            /* else centred */
    size_t height, width; /* height 0: keep the size */
    bw_pack_depth depth;
    bw_pack_color color;
    bool invert;
    bw_background background;
    uint64_t skip, limit; /* limit 0: none */
    bool shuffle;
    uint64_t seed;
    size_t n_parts;
    const bw_pack_part *part; /* n_parts = 0: one output */
    const char *output;       /* holds %s when there are parts */
    size_t n_args;            /* for provenance */
    const char *const *arg;
    int (*stopped)(void);      /* not 0: BW_ERR_INTERRUPTED; may be NULL */
    bw_progress *opt_progress; /* started; finished by bw_pack */
} bw_pack_options;

/* Writes the containers, or none: BW_ERR_IO, BW_ERR_FORMAT and BW_ERR_RANGE for
 * what a file holds, BW_ERR_DIMENSION for shapes that differ, BW_ERR_USAGE for
 * options that don't suit the input. */
bw_status bw_pack(const bw_pack_options *options, bw_error *err) BW_MUST_CHECK;

#endif
