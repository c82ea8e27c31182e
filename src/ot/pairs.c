/* pairs.c - pair lists by formula. */
#include "config.h"

#include <math.h>

#include "barrow/pairs.h"
#include "barrow/random.h"

bw_status bw_pairs_init(bw_pairs *pairs, bw_pairs_kind kind, uint64_t n_a,
                        uint64_t n_b, uint64_t n_listed,
                        const uint32_t (*list)[2], uint64_t seed, bw_error *err)
{
    *pairs = (bw_pairs){.kind = kind,
                        .n_a = n_a,
                        .n_b = n_b,
                        .seed = seed,
                        .list = list,
                        .n_whole = n_listed};
    if (n_a > UINT32_MAX || n_b > UINT32_MAX)
        return bw_error_set(err, BW_ERR_RANGE,
                            "more than 2^32 - 1 histograms in a file");
    if (kind == BW_PAIRS_ALL)
        pairs->n_whole = n_a > 0 ? n_a * (n_a - 1) / 2 : 0;
    if (kind == BW_PAIRS_CROSS)
        pairs->n_whole = n_a * n_b;
    if (kind == BW_PAIRS_RANDOM && n_listed > 0 && (n_a == 0 || n_b == 0))
        return bw_error_set(err, BW_ERR_RANGE, "no histograms to draw from");
    if (kind == BW_PAIRS_LIST)
        for (uint64_t k = 0; k < n_listed; k++)
            if (list[k][0] >= n_a || list[k][1] >= n_b)
                return bw_error_set(
                    err, BW_ERR_RANGE,
                    "pair %llu is (%u, %u): indices run from 0 to %llu and "
                    "from 0 to %llu",
                    (unsigned long long)k, list[k][0], list[k][1],
                    (unsigned long long)n_a - 1, (unsigned long long)n_b - 1);
    pairs->n = pairs->n_whole;
    return BW_OK;
}

void bw_pairs_take_part(bw_pairs *pairs, uint64_t k, uint64_t n)
{
    unsigned __int128 m = pairs->n_whole;
    pairs->first = (uint64_t)(m * (k - 1) / n);
    pairs->n = (uint64_t)(m * k / n) - pairs->first;
}

/* Row i of the triangle i < j starts at i (2 n - i - 1) / 2. */
static uint64_t row_start(uint64_t n, uint64_t i)
{
    return i * (2 * n - i - 1) / 2;
}

static void triangle(uint64_t n, uint64_t k, uint32_t pair[2])
{
    double b = 2 * (double)n - 1;
    double root = sqrt(fmax(b * b - 8 * (double)k, 0));
    double guess = (b - root) / 2;
    uint64_t i = guess > 0 ? (uint64_t)guess : 0;
    if (i > n - 2)
        i = n - 2;
    while (i > 0 && row_start(n, i) > k)
        i--;
    while (row_start(n, i + 1) <= k)
        i++;
    pair[0] = (uint32_t)i;
    pair[1] = (uint32_t)(i + 1 + k - row_start(n, i));
}

void bw_pairs_get(const bw_pairs *pairs, uint64_t k, uint32_t pair[2])
{
    bw_random random;
    k += pairs->first;
    switch (pairs->kind) {
    case BW_PAIRS_ALL:
        triangle(pairs->n_a, k, pair);
        break;
    case BW_PAIRS_CROSS:
        pair[0] = (uint32_t)(k / pairs->n_b);
        pair[1] = (uint32_t)(k % pairs->n_b);
        break;
    case BW_PAIRS_RANDOM:
        bw_random_init(&random, pairs->seed, BW_RANDOM_PAIRS, k);
        pair[0] = (uint32_t)bw_random_below(&random, pairs->n_a);
        pair[1] = (uint32_t)bw_random_below(&random, pairs->n_b);
        break;
    case BW_PAIRS_LIST:
        pair[0] = pairs->list[k][0];
        pair[1] = pairs->list[k][1];
        break;
    }
}
