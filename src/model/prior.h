/* prior.h - the distribution P_z that codes are to have. */
#ifndef BW_PRIOR_H
#define BW_PRIOR_H

#include <stddef.h>
#include <stdint.h>

#include "barrow/random.h"
#include "base/tasks.h"

typedef enum bw_prior_kind {
    BW_PRIOR_NORMAL, /* N(0, scale^2 I) */
    BW_PRIOR_SPHERE, /* uniform on the sphere of radius scale */
    BW_PRIOR_UNIFORM /* uniform on [-scale, scale]^d */
} bw_prior_kind;

typedef struct bw_prior {
    bw_prior_kind kind;
    size_t d;
    double scale; /* > 0 */
} bw_prior;

/* "normal|sphere|uniform", in the order of the kinds. */
extern const char bw_prior_names[];

/* z (n, d): n draws, one after the other, from stream `stream` of the seed.
 * Normal: value j of draw i is scale times normal number i d + j of the stream;
 * sphere: scale times those numbers of a draw, divided by their length;
 * uniform: scale times (2u - 1). */
void bw_prior_draw(const bw_prior *prior, uint64_t seed,
                   bw_random_purpose purpose, uint64_t stream, size_t n,
                   float *z);
/* Draws number `first` on of these. Those before are drawn, too. */
void bw_prior_draw_from(const bw_prior *prior, uint64_t seed,
                        bw_random_purpose purpose, uint64_t stream,
                        size_t first, size_t n, float *z);

/* The base of imq's scales, the expected squared distance of two draws (of the
 * uniform prior: what Tolstikhin et al. take): normal 2 d scale^2, sphere
 * 2 scale^2, uniform d scale^2. */
double bw_prior_base(const bw_prior *prior);

/* log density of the normal prior at n points to value (n); adds weight[i] x
 * its gradient to dz (n, d) where that is not NULL. */
void bw_prior_log_density(const bw_prior *prior, size_t n, const float *z,
                          float *value);
void bw_prior_log_density_back(const bw_prior *prior, size_t n, const float *z,
                               const float *weight, float *dz);

#endif
