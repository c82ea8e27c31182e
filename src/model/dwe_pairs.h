/* dwe_pairs.h - pairs of images with their exact costs, as wdist wrote them. */
#ifndef BW_DWE_PAIRS_H
#define BW_DWE_PAIRS_H

#include <stdint.h>

#include "model/dwe_images.h"
#include "model/origin.h"

/* What the distances are distances of; kept in the model. */
typedef struct bw_dwe_problem {
    char ground[16];  /* l1, l2, linf; cost: by a matrix */
    double p;         /* distance to the power p is cost */
    bw_dwe_mass mass; /* how values become masses */
    bool each_channel;
} bw_dwe_problem;

typedef struct bw_dwe_pairs {
    bw_origin origin;
    bw_dwe_problem problem;
    char rows[BW_ROWS_DIGITS]; /* digest of the images alone, or empty */
    size_t n;
    uint32_t (*pair)[2];
    double *cost; /* of n pairs: W_p^p, not negative */
} bw_dwe_pairs;

/* Loads a container of distances. BW_ERR_FORMAT for one that lacks pairs,
 * results or metadata, is of another metric than wasserstein, or was predicted.
 * A result that is negative or not finite is BW_ERR_RANGE, with its pair.
 * Messages begin with the path. Cleared on failure. */
bw_status bw_dwe_pairs_load(const char *path, bw_dwe_pairs *pairs,
                            bw_error *err) BW_MUST_CHECK;
void bw_dwe_pairs_clear(bw_dwe_pairs *pairs);

/* Whether the distances are of these images: by the digest of the images alone,
 * or else by that of the file, which every step of wdist in their provenance
 * tells of its inputs. BW_ERR_RANGE with both names
 * and digests, and for a pair of an image that is not there. */
bw_status bw_dwe_pairs_check(const bw_dwe_pairs *pairs,
                             const bw_dwe_images *images,
                             bw_error *err) BW_MUST_CHECK;

double bw_dwe_pairs_mean(const bw_dwe_pairs *pairs);

/* The words of metadata: "sum", "softmax", "none". */
const char *bw_dwe_mass_text(bw_dwe_mass mass);
bool bw_dwe_mass_parse(const char *text, bw_dwe_mass *mass);

#endif
