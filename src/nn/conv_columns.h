/* conv_columns.h - a convolution's windows as rows of a matrix, and back.
 *
 * Row (n, i, j) of the matrix belongs to y's pixel; column (r, s, c) to tap
 * (r, s) and channel: col[row][tap][c] = x[n, i stride + r - top,
 * j stride + s - left, c], zero outside x. Taps count row by row.
 */
#ifndef BW_CONV_COLUMNS_H
#define BW_CONV_COLUMNS_H

#include "nn/conv.h"

/* Rows row .. row + n_rows - 1 over the whole batch x, taps tap .. tap +
 * n_taps - 1; col is n_rows x (n_taps c), dense. */
void bw_conv_columns_gather(const bw_conv_shape *shape, const float *x,
                            size_t row, size_t n_rows, size_t tap,
                            size_t n_taps, float *col);

/* The transpose: adds the entries of col, all taps, to the pixels of x that
 * they stand for. */
void bw_conv_columns_scatter(const bw_conv_shape *shape, const float *col,
                             size_t row, size_t n_rows, float *x);

#endif
