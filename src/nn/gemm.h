/* gemm.h - single precision matrix products on the calling thread.
 *
 * The libraries are held to one thread: their own threads change the last bits,
 * and ours share out the work. Bits of a product depend on its shape and on the
 * processor, so callers cut by shape only.
 */
#ifndef BW_GEMM_H
#define BW_GEMM_H

#include <stdbool.h>
#include <stddef.h>

#include "barrow/status.h"

/* To be called before the first product, from any thread; later calls are
 * free. Holds OpenBLAS to one thread and checks once that products of several
 * threads at a time are right (old builds without locks were not):
 * BW_ERR_INTERNAL when they are not. */
bw_status bw_gemm_init(bw_error *err) BW_MUST_CHECK;

/* C = alpha A B + beta C, all row-major: A m x k, B k x n, C m x n, with
 * leading dimensions (floats from row to row); a transposed A is stored k x m,
 * a transposed B n x k. beta 0 does not read C. */
void bw_gemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k,
             float alpha, const float *a, size_t lda, const float *b,
             size_t ldb, float beta, float *c, size_t ldc);

#endif
