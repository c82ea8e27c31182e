/* conv_phase.h - convolutions as sums over phases, each by minimal filtering
 * (Winograd, Arithmetic Complexity of Computations, 1980; for networks: Lavin
 * and Gray, CVPR 2016).
 *
 * A phase (a, b) of x is every stride-th pixel of it, x_a[u] = x[u stride + a -
 * top]; of the weight, every stride-th tap. To y, the phases' convolutions of
 * stride 1 are added up:
 *
 *   y[i] = sum_a sum_k A_a[k] x_a[i + k]                  (one axis)
 *
 * m outputs of a phase with r taps are products of polynomials seen at n = m +
 * r - 1 of the points 0, 1, -1 and infinity. With g the taps, d the n pixels:
 *
 *   U = G g   at 0, 1, -1, infinity: g's value (halved at 1 and -1), last tap
 *   V = B d   n = 4: d0 - d2, d1 + d2, d2 - d1, d3 - d1
 *             n = 3: no 0; d0 + d1, d0 - d1, d2 - d0
 *             n = 2: 0 and infinity: d0, d1
 *   y = A' (U V)   y_i = sum over points p of p^i, last output at infinity
 *
 * U and A do not depend on n, so that phases with more and fewer taps, and
 * tiles of more and fewer outputs, meet in one sum. In two axes a tile has up
 * to 16 points (i, j); at each of them the tiles of many items, by phases and
 * channels, are a matrix V, and
 *
 *   to_y     M = V U,     y = A' M A     A^T, from points to outputs
 *   to_x     V = M U',    x += B' V B    transposed in all its parts:
 *   weight   dU = V' M,   dA = G' dU G   M = A y A'
 *
 * Points are four at most, since all numbers in B, A and G are then 0, 1, -1
 * or 1/2: with a fifth point errors are three to five times as large.
 *
 * Channels are filled up with zeros to whole panels of 32.
 *
 * conv_phase_plan: tiles, points, matrices; conv_phase_weight: A to U and back;
 * conv_phase_product: the products; conv_phase_kernel: loops, once an
 * instruction set; conv_phase: passes.
 */
#ifndef BW_CONV_PHASE_H
#define BW_CONV_PHASE_H

#include "nn/conv_way.h"

enum {
    BW_PHASE_POINTS = 4, /* an axis: 0, 1, -1, infinity */
    BW_PHASE_PANEL = 32,
    BW_PHASE_MAX_TAPS = 3
};

/* C (n_rows x 32) = or += A B over n_inner. Entry (i, k) of A stands at
 * i a_row + k a_inner; rows of B are 32 floats apart, those of C c_row. */
typedef struct bw_phase_product {
    size_t n_rows, n_inner;
    const float *a;
    size_t a_row, a_inner;
    const float *b;
    const float *ahead; /* B of the product to come */
    float *c;
    size_t c_row;
    bool adds;
} bw_phase_product;

/* A patch of n_i x n_j pixels of an image, outputs or taps, and its 16 points
 * (or those that there are), n_channels of each. Pixel (i, j) and point (i, j)
 * have index 4 i + j. What is read from outside of the image stands as zeros,
 * what is written there as NULL. A point that the tile has not is NULL; those
 * of images are filled up with zeros to whole panels. */
typedef struct bw_phase_tile {
    size_t n_i, n_j, n_channels;
    float *pixel[BW_PHASE_POINTS * BW_PHASE_POINTS];
    float *point[BW_PHASE_POINTS * BW_PHASE_POINTS];
} bw_phase_tile;

typedef void bw_phase_transform(const bw_phase_tile *tile);

typedef struct bw_conv_phase_kernel {
    const char *name;
    void (*multiply)(const bw_phase_product *product);
    bw_phase_transform *read_x;  /* V = B d */
    bw_phase_transform *add_x;   /* d += B' V */
    bw_phase_transform *read_y;  /* M = A y */
    bw_phase_transform *write_y; /* y = A' M */
    bw_phase_transform *read_a;  /* U = G g */
    bw_phase_transform *write_a; /* g = G' U */
} bw_conv_phase_kernel;

extern const bw_conv_phase_kernel bw_conv_phase_kernel_plain;
extern const bw_conv_phase_kernel bw_conv_phase_kernel_avx2;
extern const bw_conv_phase_kernel bw_conv_phase_kernel_avx512;

extern const bw_conv_way_ops bw_conv_phase_ops;

#endif
