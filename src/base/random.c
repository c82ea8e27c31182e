/* random.c - streams of Philox4x64-10 numbers.
 *
 * Block b of stream s under (seed, purpose) is Philox with the key
 * (seed, purpose) at the counter (b, s, 0, 0); its four words are handed out
 * first to last. J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw,
 * Parallel random numbers: as easy as 1, 2, 3, SC 2011.
 */
#include "config.h"

#include <Random123/philox.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/random.h"

static void draw_block(bw_random *random)
{
    philox4x64_key_t key = {{random->key[0], random->key[1]}};
    philox4x64_ctr_t counter = {{random->block, random->stream, 0, 0}};
    philox4x64_ctr_t word = philox4x64(counter, key);

    for (unsigned k = 0; k < 4; k++)
        random->word[k] = word.v[k];
    random->block++;
    random->n_left = 4;
}

void bw_random_init(bw_random *random, uint64_t seed, bw_random_purpose purpose,
                    uint64_t stream)
{
    *random = (bw_random){.key = {seed, (uint64_t)purpose}, .stream = stream};
}

uint64_t bw_random_next(bw_random *random)
{
    if (random->n_left == 0)
        draw_block(random);
    return random->word[4 - random->n_left--];
}

/* D. Lemire, Fast random integer generation in an interval, ACM TOMACS 2019:
 * the high word of x * n is uniform once low words under 2^64 mod n are
 * rejected. */
uint64_t bw_random_below(bw_random *random, uint64_t n)
{
    unsigned __int128 product = (unsigned __int128)bw_random_next(random) * n;

    if ((uint64_t)product < n) {
        uint64_t n_biased = (0 - n) % n; /* 2^64 mod n */

        while ((uint64_t)product < n_biased)
            product = (unsigned __int128)bw_random_next(random) * n;
    }
    return (uint64_t)(product >> 64);
}

double bw_random_uniform(bw_random *random)
{
    return (double)(bw_random_next(random) >> 11) * 0x1p-53;
}

void bw_random_shuffle(bw_random *random, size_t n, size_t order[])
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)bw_random_below(random, i);
        size_t kept = order[i - 1];

        order[i - 1] = order[j];
        order[j] = kept;
    }
}

double bw_random_normal(bw_random *random)
{
    double u, v, s;

    do {
        u = 2 * bw_random_uniform(random) - 1;
        v = 2 * bw_random_uniform(random) - 1;
        s = u * u + v * v;
    } while (s >= 1 || s == 0);
    return u * sqrt(-2 * log(s) / s);
}
