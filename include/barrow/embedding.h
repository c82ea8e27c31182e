/* embedding.h - squared Euclidean distances of codes, by the million: what an
 * embedding gives in place of transport costs.
 *
 * Codes are rows of d floats.
 *
 * Threads: a bw_embedding is never changed once created and may be used by any
 * number of them, each with a team (tasks.h) of its own. The first one sets
 * OpenBLAS to one thread.
 */
#ifndef BARROW_EMBEDDING_H
#define BARROW_EMBEDDING_H

#include <stddef.h>
#include <stdint.h>

#include "barrow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bw_tasks;

/* square[k] = ||a[pair[k][0]] - b[pair[k][1]]||^2, by differences, summed in
 * double precision. */
void bw_embedding_pairs(size_t d, const float *a, const float *b, size_t n,
                        const uint32_t (*pair)[2], double *square);

/* Two sets of codes (the same one twice is fine), made ready for products. */
typedef struct bw_embedding bw_embedding;

/* Codes are borrowed and must live on. BW_ERR_MEMORY; BW_ERR_INTERNAL when the
 * machine's matrix products are wrong. */
bw_status bw_embedding_create(size_t d, size_t n_a, const float *a, size_t n_b,
                              const float *b, bw_embedding **ret_embedding,
                              bw_error *err) BW_MUST_CHECK;
void bw_embedding_destroy(bw_embedding *embedding);

/* square (n, n_b): row k holds the squared distances of code first + k of a to
 * all codes of b, at matrix-multiply speed; columns below first_column are left
 * undefined. ||a||^2 - 2 a b + ||b||^2 about the mean of the codes; what
 * cancels to less than 1/64 of ||a||^2 + ||b||^2 is computed again by
 * differences, so that the relative error stays near 1e-5 and equal codes give
 * 0. The same bits for any number of threads. */
void bw_embedding_rows(const bw_embedding *embedding, struct bw_tasks *tasks,
                       size_t first, size_t n, size_t first_column,
                       float *square);

#ifdef __cplusplus
}
#endif
#endif
