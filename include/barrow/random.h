/* random.h - counter-based random numbers: Philox4x64-10 (Salmon et al., 2011,
 * by Random123).
 *
 * A stream is named by (seed, stream); equal names give equal numbers on every
 * machine, and streams need no order among them: record k of a job draws from
 * stream k, so splitting the work cannot change a result.
 *
 * Threads: a bw_random is used by one thread at a time.
 */
#ifndef BARROW_RANDOM_H
#define BARROW_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bw_random {
    uint64_t key[2];  /* seed, purpose */
    uint64_t stream;  /* second word of the counter */
    uint64_t block;   /* first word of the counter: the next block */
    uint64_t word[4]; /* the block in hand */
    unsigned n_left;  /* how many of its words are unused */
} bw_random;

/* What the numbers are for keeps jobs with one seed apart. Values are part of
 * the promise that a seed gives the same bytes: never renumber. */
typedef enum bw_random_purpose {
    BW_RANDOM_PAIRS = 1,    /* wdist --pairs random */
    BW_RANDOM_SHUFFLE = 2,  /* wpack --shuffle */
    BW_RANDOM_TEST = 3,     /* tests' own instances */
    BW_RANDOM_WEIGHTS = 4,  /* initial parameters */
    BW_RANDOM_ORDER = 5,    /* order of an epoch's examples */
    BW_RANDOM_SPLIT = 6,    /* examples held out for validation */
    BW_RANDOM_NOISE = 7,    /* noise layers */
    BW_RANDOM_PRIOR = 8,    /* draws of a prior */
    BW_RANDOM_CODES = 9,    /* draws of Gaussian codes */
    BW_RANDOM_MIXTURE = 10, /* start of a mixture's fit, draws from it */
    BW_RANDOM_SLICES = 11,  /* directions of sliced distances */
    BW_RANDOM_MIX = 12      /* where between two items a penalty looks */
} bw_random_purpose;

/* Starts stream `stream` of `seed`. Needs no clean-up. */
void bw_random_init(bw_random *random, uint64_t seed, bw_random_purpose purpose,
                    uint64_t stream);

/* 64 uniform bits. */
uint64_t bw_random_next(bw_random *random);

/* Uniform on 0 .. n-1 without bias (rejection by Lemire's multiply method,
 * 2019). n >= 1. */
uint64_t bw_random_below(bw_random *random, uint64_t n);

/* Uniform on [0, 1), a multiple of 2^-53. */
double bw_random_uniform(bw_random *random);

/* Standard normal: inverse-free polar method (Marsaglia and Bray, 1964); one of
 * its two numbers is used, so that no state is kept between calls. */
double bw_random_normal(bw_random *random);

/* Puts the n items of order[] into a uniformly random order (Fisher-Yates). */
void bw_random_shuffle(bw_random *random, size_t n, size_t order[]);

#ifdef __cplusplus
}
#endif
#endif
