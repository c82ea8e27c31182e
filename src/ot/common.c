/* common.c - common denominators and scales of two histograms. */
#include "config.h"

#include <math.h>

#include "ot/common.h"
#include "ot/perturb.h"

static int64_t greatest_divisor(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Factors that give both totals the denominator as their sum. */
static void set_factors(bw_common *c, int64_t total_a, int64_t total_b)
{
    int64_t divisor = greatest_divisor(total_a, total_b);
    c->factor[0] = total_b / divisor;
    c->factor[1] = total_a / divisor;
    c->denominator = total_a * c->factor[0];
}

/* A share of 1e-16 too much has to go somewhere: between histograms that are
 * nearly equal it would be most of the cost. */
static long double sum_of_weights(const bw_histogram *h)
{
    long double sum = 0;
    for (size_t q = 0; q < h->n; q++)
        sum += h->weight[q];
    return sum;
}

bw_status bw_common_make(const bw_histogram *a, const bw_histogram *b,
                         bw_normalize normalize, bw_common *c, bw_error *err)
{
    bool is_real = a->weight != NULL;
    *c = (bw_common){.h = {a, b},
                     .is_real = is_real,
                     .is_given = normalize == BW_NORMALIZE_NONE,
                     .factor = {1, 1},
                     .denominator = 1,
                     .scale = {1, 1}};
    if (is_real != (b->weight != NULL))
        return bw_error_set(err, BW_ERR_USAGE,
                            "integer and real masses in one problem");
    /* Each set is sealed for its own masses: two need not fit together. */
    size_t most_lit = a->n > b->n ? a->n : b->n;
    if (is_real ? a->total != b->total
                : !bw_perturb_fits(a->sum, b->sum, most_lit))
        return bw_error_set(err, BW_ERR_USAGE,
                            "masses of two sets that were not sealed alike");
    if (c->is_given) {
        double slack = is_real ? 1e-9 * a->sum : 0;
        if (fabs(a->sum - b->sum) <= slack)
            return BW_OK;
        return bw_error_set(err, BW_ERR_RANGE,
                            "masses differ: their sums are %.17g and %.17g",
                            a->sum, b->sum);
    }
    if (is_real) {
        c->scale[0] = 1 / sum_of_weights(a);
        c->scale[1] = 1 / sum_of_weights(b);
        return BW_OK;
    }
    set_factors(c, a->total, b->total);
    return BW_OK;
}

/* Sums of whole numbers below 2^53 are exact, in doubles too. */
static bool is_whole(const bw_histogram *h)
{
    if (!(h->sum < 0x1p53))
        return false;
    for (size_t q = 0; q < h->n; q++)
        if (h->weight[q] != rint(h->weight[q]))
            return false;
    return true;
}

bool bw_common_make_whole(const bw_common *c, int bits, bw_common *whole)
{
    const bw_histogram *a = c->h[0], *b = c->h[1];
    if (!c->is_real || !is_whole(a) || !is_whole(b))
        return false;
    *whole = *c;
    whole->is_real = false;
    if (c->is_given)
        return a->sum == b->sum;
    if (a->sum * b->sum >= ldexp(1, bits))
        return false;
    set_factors(whole, (int64_t)a->sum, (int64_t)b->sum);
    return true;
}

double bw_common_mass(const bw_common *c, int k, size_t q)
{
    if (c->is_real)
        return (double)(c->h[k]->weight[q] * c->scale[k]);
    return (double)(c->h[k]->mass[q] * c->factor[k]) / (double)c->denominator;
}

bool bw_common_is_same(const bw_common *c)
{
    const bw_histogram *a = c->h[0], *b = c->h[1];
    if (a->n != b->n)
        return false;
    for (size_t q = 0; q < a->n; q++) {
        if (a->bin[q] != b->bin[q])
            return false;
        if (c->is_real
                ? a->weight[q] * c->scale[0] != b->weight[q] * c->scale[1]
                : a->mass[q] * c->factor[0] != b->mass[q] * c->factor[1])
            return false;
    }
    return true;
}
