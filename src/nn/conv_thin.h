/* conv_thin.h - convolutions with few channels on a side: both images in LANES
 * layout, so that one vector is one channel of one pixel of 16 items, weights
 * are broadcast scalars, and nothing is packed but the weights.
 *
 * The loops are compiled once an instruction set (conv_thin_kernel.c); the
 * rest, plans, packing and tasks, is conv_thin.c.
 *
 * Both directions are one operation, a source image seen through windows:
 *
 *   target[place, o] = bias[o] +
 *       sum over taps t and source channels c of
 *           weight[t, c, o] source[window(place) + t, c]
 *
 * To y there is one set of windows. To x there are stride x stride, one a
 * phase: the pixels (i, j) of x with the same remainders of i + top and
 * j + left meet the same entries of A, reversed, at neighbouring pixels of y.
 *
 * Each sum runs over window rows, columns, then source channels, and each
 * gradient of a weight over rows, then columns, lane by lane: neither tiles nor
 * tasks nor the width of vectors change its order. Windows five columns wide
 * may go another way, with fewer products: see conv_line.h.
 */
#ifndef BW_CONV_THIN_H
#define BW_CONV_THIN_H

#include <stdbool.h>
#include <stddef.h>

#include "nn/conv_thin_tile.h"
#include "nn/conv_way.h"

extern const bw_conv_way_ops bw_conv_thin_ops;

/* Rows or columns of a set of windows. */
typedef struct bw_conv_thin_axis {
    size_t n;           /* places */
    size_t first, step; /* place m is target pixel first + m step */
    ptrdiff_t start;    /* and its window starts at source pixel */
    size_t stride;      /* start + m stride, */
    size_t taps;        /* and is so long; what lies outside counts as zeros */
    size_t size;        /* of the source */
    size_t inner, inner_end; /* places whose windows lie inside */
} bw_conv_thin_axis;

typedef struct bw_conv_thin_windows {
    bw_conv_thin_axis row, column;
    size_t source_c, target_c;
    size_t target_w;
    /* Blocks of target channels one after the other, each [row][column]
     * [source channel][channel of the block]. */
    const float *weight;
} bw_conv_thin_windows;

/* What happens to sums before they are stored. */
typedef struct bw_conv_thin_end {
    const float *bias; /* NULL: zeros */
    bool relu;
    const float *mask; /* of the group, as target: 0 where it is 0 or less;
                          NULL: none */
} bw_conv_thin_end;

/* Channels of the gradient's weights that a task is about: all of the side
 * with fewer of them, a range of the other. */
typedef struct bw_conv_thin_part {
    const bw_conv_shape *shape;
    size_t many, many_end;
} bw_conv_thin_part;

typedef struct bw_conv_thin_kernel {
    const char *name;
    size_t block; /* most target channels a block */
    const bw_thin_tiles *tiles;
    const struct bw_conv_line_kernel *line; /* conv_line.h */

    /* The places of rows row .. row_end - 1 of one group of 16 items. */
    void (*apply)(const bw_conv_thin_windows *windows, size_t row,
                  size_t row_end, const bw_conv_thin_end *end,
                  const float *source, float *target);

    /* Adds a group's gradients to `sums`, a vector of 16 lanes each. */
    void (*weight)(const bw_conv_thin_part *part, const float *x,
                   const float *y, float *sums);

    /* Adds up the lanes of the part's sums: dweight (o, c, kh, kw), of which
     * the part's entries are overwritten. */
    void (*fold)(const bw_conv_thin_part *part, const float *sums,
                 float *dweight);
} bw_conv_thin_kernel;

extern const bw_conv_thin_kernel bw_conv_thin_kernel_plain;
extern const bw_conv_thin_kernel bw_conv_thin_kernel_avx2;
extern const bw_conv_thin_kernel bw_conv_thin_kernel_avx512;

/* The kernel for this processor; BARROW_ISA=plain or avx2 asks for less. */
const bw_conv_thin_kernel *bw_conv_thin_choose(void);

/* n things in blocks of at most `most`, as equal as can be: how many blocks,
 * and where block k starts. */
static inline size_t bw_conv_thin_n_blocks(size_t n, size_t most)
{
    return n / most + (n % most != 0);
}

static inline size_t bw_conv_thin_block(size_t n, size_t n_blocks, size_t k)
{
    return n / n_blocks * k + n % n_blocks * k / n_blocks;
}

#endif
