/* instances.h - small random transport instances in integers, most of them from
 * the families in which solvers go wrong: ties, degenerate vertices, a single
 * bin, nothing to do.
 *
 * Instance t of a family under a seed is a random stream of its own
 * (BW_RANDOM_TEST), so a failure is repeated by family, seed and t.
 */
#ifndef PLAIN_INSTANCES_H
#define PLAIN_INSTANCES_H

#include <stddef.h>
#include <stdint.h>

enum {
    PLAIN_INSTANCE_MAX = 12,        /* largest n and m */
    PLAIN_INSTANCE_MAX_MASS = 16,   /* largest mass drawn */
    PLAIN_INSTANCE_MAX_TOTAL = 336, /* 12 * 16, and 12 * 12 where one source
                                       is made heavy */
    PLAIN_INSTANCE_MAX_COST = 200   /* largest cost, l1 or squared, of points
                                      on an 11 x 11 grid */
};

typedef enum plain_family {
    PLAIN_RANDOM,       /* any masses, any costs */
    PLAIN_EQUAL_MASSES, /* every source m, every sink n */
    PLAIN_SINGLE_BINS,  /* n = m = 1 */
    PLAIN_TIES,         /* costs 0 and 1 */
    PLAIN_EQUAL_IMAGES, /* one set of points and masses on both sides */
    PLAIN_ONE_TO_N,     /* n = 1 or m = 1 */
    PLAIN_DISJOINT,     /* points of the sides in two halves of the plane */
    PLAIN_PERMUTATION,  /* n = m, masses 1 */
    PLAIN_ONE_TO_ALL,   /* one heavy source among light ones */
    PLAIN_EQUAL_COSTS,  /* every cost the same, 0 among others */
    PLAIN_COLLINEAR,    /* points on one line, costs their distances */
    PLAIN_SUBSETS,      /* masses s and 2s, the same on both sides in another
                            order: proper subsets balance, so vertices are
                            degenerate */
    PLAIN_SQUARES,      /* points on a small grid, squared distances */
    N_PLAIN_FAMILIES
} plain_family;

typedef struct plain_instance {
    size_t n, m;                        /* 1..PLAIN_INSTANCE_MAX */
    int64_t total;                      /* of each side, at least 1 */
    int64_t source[PLAIN_INSTANCE_MAX]; /* n masses, each at least 1 */
    int64_t sink[PLAIN_INSTANCE_MAX];   /* m masses, each at least 1 */
    int64_t cost[PLAIN_INSTANCE_MAX * PLAIN_INSTANCE_MAX]; /* n*m, >= 0 */
} plain_instance;

/* The family's word for messages. */
const char *plain_family_name(plain_family family);

/* Draws instance t of a family. */
void plain_instance_draw(plain_family family, uint64_t seed, uint64_t t,
                         plain_instance *instance);

#endif
