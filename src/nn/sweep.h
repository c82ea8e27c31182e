/* sweep.h - loops over values, compiled once an instruction set (AVX-512, AVX2,
 * any) and chosen by what the processor can do; BARROW_ISA=plain or avx2 asks
 * for less. All give the same bits: sums keep their partial sums apart in one
 * fixed way, and no product is contracted with a sum.
 *
 * Arrays are equal or apart where a comment says "in place"; else apart.
 */
#ifndef BW_SWEEP_H
#define BW_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum bw_activation {
    BW_RELU,
    BW_LEAKYRELU,
    BW_ELU,
    BW_TANH,
    BW_SIGMOID,
    BW_N_ACTIVATIONS
} bw_activation;

/* to = f(a) by a number s; backward, to = b f'(x) for y = f(x) in a. In
 * place. */
typedef void bw_sweep(size_t n, float s, const float *a, const float *b,
                      float *to);

/* A block of a matrix: rows `stride` floats apart. */
typedef struct bw_sweep_block {
    size_t n_rows, n_columns, stride;
} bw_sweep_block;

/* An optimiser's numbers; see optimizer.c. */
typedef struct bw_step_numbers {
    float rate, keep1, add1, keep2, add2, root, eps;
} bw_step_numbers;

typedef struct bw_sweeps {
    const char *name; /* "avx512", "avx2", "plain" */
    bw_sweep *forward[BW_N_ACTIVATIONS], *backward[BW_N_ACTIVATIONS];
    /* One item's softmax, in place; dx from y and dy, in place. */
    void (*softmax)(size_t n, const float *x, float *y);
    void (*softmax_back)(size_t n, const float *y, const float *dy, float *dx);
    /* y += b, then max(., 0) with relu. */
    void (*bias)(size_t n, const float *b, bool relu, float *y);
    /* to += a */
    void (*add)(size_t n, const float *a, float *to);
    /* Batch normalisation, all of columns: sums of x and x^2 added to two rows
     * of doubles; y = (x - mean) gain + shift, in place; sums of dy and
     * dy (x - mean); dx = gain dy + slope (x - mean) + level, in place of
     * dy. */
    void (*norm_sum)(bw_sweep_block block, const float *x, double *sum,
                     double *square);
    void (*norm)(bw_sweep_block block, const float *x, const float *mean,
                 const float *gain, const float *shift, bool relu, float *y);
    void (*norm_sum_back)(bw_sweep_block block, const float *x, const float *dy,
                          const float *mean, double *sum, double *product);
    void (*norm_back)(bw_sweep_block block, const float *x, const float *dy,
                      const float *mean, const float *gain, const float *slope,
                      const float *level, float *dx);
    /* Steps of optimisers; m NULL: no momentum. */
    void (*sgd)(size_t n, const bw_step_numbers *s, const float *g, float *m,
                float *w);
    void (*rmsprop)(size_t n, const bw_step_numbers *s, const float *g,
                    float *m, float *w);
    void (*adam)(size_t n, const bw_step_numbers *s, const float *g, float *m,
                 float *v, float *w);
    /* Standard normal numbers cut at 2, from uniform bits. */
    void (*normal)(size_t n, const uint32_t *bits, float *z);
} bw_sweeps;

const bw_sweeps *bw_sweeps_get(void);

extern const bw_sweeps bw_sweeps_plain, bw_sweeps_avx2, bw_sweeps_avx512;

/* ---- losses: see losses.h ---- */

typedef enum bw_term_kind {
    BW_TERM_SQUARED, /* sum (y - t)^2, slope (y - t) */
    BW_TERM_L1,
    BW_TERM_LOGITS,
    BW_TERM_BERNOULLI,
    BW_TERM_KL,
    BW_TERM_SPARSITY,
    BW_TERM_MEAN,
    BW_N_TERMS
} bw_term_kind;

/* An item's term over its m values; factor x its slope is added to dy, NULL
 * for none. label stands for all targets where t is NULL. */
typedef double bw_term_sum(size_t m, const float *y, const float *t,
                           float label, float factor, float *dy);

typedef struct bw_terms {
    bw_term_sum *sum[BW_N_TERMS];
} bw_terms;

const bw_terms *bw_terms_get(void);

extern const bw_terms bw_terms_plain, bw_terms_avx2, bw_terms_avx512;

#endif
