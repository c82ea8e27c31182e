/* conv_line.h - thin convolutions of stride 1 whose windows are 5 columns wide,
 * by minimal filtering along rows (Winograd, Arithmetic Complexity of
 * Computations, 1980); rows of windows are added up as they are.
 *
 * 4 outputs next to each other and 5 taps are products of polynomials seen at
 * 8 of the points p = 0, 1, -1, 2, -2, 1/2, -1/2 and infinity. With g the taps
 * and d the 8 pixels of the source that they meet:
 *
 *   U = G g          g(p) by 1, -2/9, -2/9, 1/90, 1/90, 32/45, 32/45; g_4
 *   V = B d          the rows of B: products of (x - q) over the other points
 *   y = A' (U V)     y_i = sum over p of p^i (U V)(p); y_3 has infinity's, too
 *
 * and the gradient of the taps is G' (V W) with W = A dy. That is 8 products
 * for 20; a vector holds 16 items, so B, A and A' are sums of whole vectors,
 * 26, 12 and 16 of them. Errors are 2 to 3 times those of direct sums (of 500
 * terms: 8e-7 beside 4e-7 of the result's rms); 10 points for 6 outputs would
 * make them 10 to 17 times as large.
 *
 * conv_line: plans, U, back from sums to taps; conv_line_kernel: loops, once an
 * instruction set, around the tiles of conv_thin_kernel. conv_thin has tasks.
 */
#ifndef BW_CONV_LINE_H
#define BW_CONV_LINE_H

#include "nn/conv_thin.h"

enum {
    BW_LINE_TAPS = 5,
    BW_LINE_OUTPUTS = 4,
    BW_LINE_POINTS = 8,
    BW_LINE_ROWS = 16, /* most rows of outputs at a time, */
    BW_LINE_DEEP = 32  /* and of those that gradients are summed over */
};

/* One direction: target pixel (i, j) has the window that starts at source
 * pixel (i - top, j - left), kh rows of 5; zeros outside. */
typedef struct bw_conv_line {
    size_t source_h, source_w, source_c;
    size_t target_h, target_w, target_c;
    size_t kh;
    ptrdiff_t top, left;
    /* Blocks of target channels one after the other, each [point][row of the
     * window][source channel][channel of the block]. */
    float *weight;
} bw_conv_line;

typedef struct bw_conv_line_kernel {
    /* Rows row .. row_end - 1, at most BW_LINE_ROWS, of one group of 16 items.
     * room: bw_conv_line_room() floats. */
    void (*apply)(const bw_conv_line *line, size_t row, size_t row_end,
                  const bw_conv_thin_end *end, const float *source,
                  float *target, float *room);
    /* Adds a group's sums of V W to `sums`, of which the part has
     * bw_conv_line_n_sums(), a vector of 16 lanes each. */
    void (*weight)(const bw_conv_thin_part *part, const float *x,
                   const float *y, float *sums, float *room);
    /* Adds up the lanes of the sums: folded [point][row of the window][few]
     * [many] of the part. */
    void (*fold)(const bw_conv_thin_part *part, const float *sums,
                 float *folded);
} bw_conv_line_kernel;

/* Whether products are saved, even with the sums on the way to points. */
bool bw_conv_line_fits(const bw_conv_shape *shape);

/* Plans, without weight: to y, or to x. */
bw_conv_line bw_conv_line_plan(const bw_conv_shape *shape, bool is_to_x);

/* Floats of `weight`, and of a worker's room for any pass of the shape. */
size_t bw_conv_line_n_weight(const bw_conv_shape *shape);
size_t bw_conv_line_room(const bw_conv_shape *shape);

/* U of A (o, c, kh, 5), in blocks of at most `block` target channels. */
void bw_conv_line_pack(const bw_conv_line *line, bool is_to_x, size_t block,
                       const float *weight);

/* From folded sums to the part's entries of dweight (o, c, kh, 5). */
void bw_conv_line_unpack(const bw_conv_thin_part *part, const float *folded,
                         float *dweight);

#endif
