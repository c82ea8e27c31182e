/* mmd_kernel.h - one point against a block of others, the inner loops of mmd.c;
 * compiled once an instruction set as sweep.h says, with the same bits.
 *
 * A block holds BW_MMD_BLOCK points y by columns: value k of point j is
 * y[k][j]. D (BW_MMD_BLOCK): squared distances of a point x (d) to them.
 */
#ifndef BW_MMD_KERNEL_H
#define BW_MMD_KERNEL_H

#include <stddef.h>

#include "nn/vector.h"

enum { BW_MMD_BLOCK = 64 };

typedef struct bw_mmd_loops {
    void (*distance)(size_t d, const float *x, const float *y, float *D);
    /* Adds to k, and where w is not NULL to w, a kernel of scale c, at least
     * the smallest normal float: its value and - dk / dD. */
    void (*imq)(float c, const float *D, float *k, float *opt_w);
    void (*rbf)(float c, const float *D, float *k, float *opt_w);
    /* Adds k to partial sums. */
    void (*add)(const float *k, double part[BW_N_PARTS]);
    /* g[k] += sum_j w_j (x_k - y_kj) over the points of n_blocks blocks. */
    void (*slope)(size_t d, size_t n_blocks, const float *x, const float *y,
                  const float *w, float *g);
} bw_mmd_loops;

extern const bw_mmd_loops bw_mmd_loops_plain, bw_mmd_loops_avx2,
    bw_mmd_loops_avx512;

#endif
