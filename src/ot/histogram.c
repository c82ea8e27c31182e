/* histogram.c - filling and sealing sets of histograms. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/histogram.h"
#include "ot/ground.h"
#include "ot/perturb.h"
#include "ot/side.h"

struct bw_histograms {
    const bw_ground *ground;
    bw_normalize normalize;
    uint32_t *order; /* bins in the order that histograms list them */
    size_t n, n_lit, most_lit;
    size_t cap, cap_lit;
    size_t *first; /* n + 1: histogram k is first[k] .. first[k + 1] - 1 */
    uint32_t *bin;
    double *weight; /* until sealed as integers */
    double *sum;
    int64_t *mass, *total; /* once sealed */
    double *work;          /* one histogram's values */
    bool is_integral;
};

/* Histograms are held exactly when no sum of masses passes this: the products
 * of two sums must leave room for the perturbation (perturb.h). */
static const double most_integer = 2147483648.0;

/* How many bins order[] lists: of the side that has more. */
static size_t n_ordered(const bw_histograms *set)
{
    const bw_ground *g = set->ground;
    return g->n_sources > g->n_sinks ? g->n_sources : g->n_sinks;
}

typedef struct keyed_bin {
    double key;
    uint32_t bin;
} keyed_bin;

static int by_key(const void *a, const void *b)
{
    const keyed_bin *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->bin < y->bin ? -1 : x->bin > y->bin;
}

/* Morton order of a grid's pixels, order along a line, kd-order of points, a
 * matrix's by number. */
static double order_key(const bw_ground *g, uint32_t bin)
{
    if (g->kind == BW_GROUND_POINTS)
        return g->is_line ? g->coordinate[bin] : g->code[bin];
    if (g->kind != BW_GROUND_GRID || g->is_line)
        return bin;
    return bw_side_morton(bin / (uint32_t)g->width, bin % (uint32_t)g->width);
}

static bw_status make_order(bw_histograms *set, size_t n_bins)
{
    keyed_bin *keyed = malloc(n_bins * sizeof *keyed);
    set->order = malloc(n_bins * sizeof *set->order);
    if (!keyed || !set->order) {
        free(keyed);
        return BW_ERR_MEMORY;
    }
    for (uint32_t k = 0; k < n_bins; k++)
        keyed[k] = (keyed_bin){order_key(set->ground, k), k};
    qsort(keyed, n_bins, sizeof *keyed, by_key);
    for (size_t k = 0; k < n_bins; k++)
        set->order[k] = keyed[k].bin;
    free(keyed);
    return BW_OK;
}

bw_status bw_histograms_create(const bw_ground *ground, bw_normalize normalize,
                               bw_histograms **ret_set, bw_error *err)
{
    *ret_set = NULL;
    bw_histograms *set = calloc(1, sizeof *set);
    if (!set)
        return bw_error_memory(err);
    set->ground = ground;
    set->normalize = normalize;
    set->is_integral = normalize != BW_NORMALIZE_SOFTMAX;
    size_t n_bins = n_ordered(set);
    set->first = calloc(1, sizeof *set->first);
    set->work = malloc(n_bins * sizeof *set->work);
    if (!set->first || !set->work || make_order(set, n_bins)) {
        bw_histograms_destroy(set);
        return bw_error_memory(err);
    }
    *ret_set = set;
    return BW_OK;
}

void bw_histograms_destroy(bw_histograms *set)
{
    if (!set)
        return;
    free(set->order);
    free(set->first);
    free(set->bin);
    free(set->weight);
    free(set->sum);
    free(set->mass);
    free(set->total);
    free(set->work);
    free(set);
}

static bw_status check_values(bw_normalize normalize, size_t n,
                              const double *values, bw_error *err)
{
    for (size_t k = 0; k < n; k++) {
        double x = values[k];
        if (!isfinite(x))
            return bw_error_set(err, BW_ERR_RANGE, "mass %g at bin %zu", x, k);
        if (x < 0 && normalize != BW_NORMALIZE_SOFTMAX)
            return bw_error_set(err, BW_ERR_RANGE,
                                "negative mass %g at bin %zu", x, k);
    }
    return BW_OK;
}

static void softmax(size_t n, const double *values, double *out)
{
    double most = values[0], sum = 0;
    for (size_t k = 1; k < n; k++)
        most = most > values[k] ? most : values[k];
    for (size_t k = 0; k < n; k++)
        sum += out[k] = exp(values[k] - most);
    for (size_t k = 0; k < n; k++)
        out[k] /= sum;
}

static bw_status make_room(bw_histograms *set, size_t n_bins)
{
    if (set->n == set->cap) {
        size_t cap = set->cap ? 2 * set->cap : 256;
        size_t *first = realloc(set->first, (cap + 1) * sizeof *first);
        if (!first)
            return BW_ERR_MEMORY;
        set->first = first;
        double *sum = realloc(set->sum, cap * sizeof *sum);
        if (!sum)
            return BW_ERR_MEMORY;
        set->sum = sum;
        set->cap = cap;
    }
    /* One more: a byte that is 0 is written behind the last kept. */
    if (set->n_lit + n_bins >= set->cap_lit) {
        size_t cap = set->cap_lit * 3 / 2 + n_bins + 1;
        uint32_t *bin = realloc(set->bin, cap * sizeof *bin);
        if (!bin)
            return BW_ERR_MEMORY;
        set->bin = bin;
        double *weight = realloc(set->weight, cap * sizeof *weight);
        if (!weight)
            return BW_ERR_MEMORY;
        set->weight = weight;
        set->cap_lit = cap;
    }
    return BW_OK;
}

static void end_histogram(bw_histograms *set, size_t n_lit, double sum)
{
    set->is_integral = set->is_integral && sum < most_integer;
    set->most_lit = set->most_lit > n_lit ? set->most_lit : n_lit;
    set->n_lit += n_lit;
    set->sum[set->n++] = sum;
    set->first[set->n] = set->n_lit;
}

static void append_lit(bw_histograms *set, size_t n_bins, const double *values)
{
    uint32_t *bin = set->bin + set->n_lit;
    double *weight = set->weight + set->n_lit, sum = 0;
    size_t n_lit = 0, n_order = n_ordered(set);
    for (size_t k = 0; k < n_order; k++) {
        uint32_t b = set->order[k];
        if (b >= n_bins || !(values[b] > 0))
            continue;
        double x = values[b];
        bin[n_lit] = b;
        weight[n_lit++] = x;
        sum += x;
        set->is_integral = set->is_integral && x == rint(x);
    }
    end_histogram(set, n_lit, sum);
}

static bw_status check_bins(const bw_histograms *set, size_t n_bins,
                            bw_error *err)
{
    const bw_ground *g = set->ground;
    if (n_bins == g->n_sources || n_bins == g->n_sinks)
        return BW_OK;
    return bw_error_set(err, BW_ERR_DIMENSION,
                        "%zu bins, where the ground cost has %zu", n_bins,
                        g->n_sources);
}

bw_status bw_histograms_add(bw_histograms *set, size_t n_bins,
                            const double *values, bw_error *err)
{
    bw_status status = check_bins(set, n_bins, err);
    if (!status)
        status = check_values(set->normalize, n_bins, values, err);
    if (status)
        return status;
    if (set->normalize == BW_NORMALIZE_SOFTMAX) {
        softmax(n_bins, values, set->work);
        values = set->work;
    }
    size_t n_lit = 0;
    for (size_t k = 0; k < n_bins; k++)
        n_lit += values[k] > 0;
    if (n_lit == 0)
        return bw_error_set(err, BW_ERR_RANGE, "all mass is zero");
    if (make_room(set, n_lit))
        return bw_error_memory(err);
    append_lit(set, n_bins, values);
    if (!isfinite(set->sum[set->n - 1]))
        return bw_error_set(err, BW_ERR_RANGE, "the sum of masses overflows");
    return BW_OK;
}

bw_status bw_histograms_add_bytes(bw_histograms *set, size_t n_bins,
                                  const unsigned char *values, bw_error *err)
{
    bw_status status = check_bins(set, n_bins, err);
    if (status)
        return status;
    if (set->normalize == BW_NORMALIZE_SOFTMAX) {
        for (size_t k = 0; k < n_bins; k++)
            set->work[k] = values[k];
        return bw_histograms_add(set, n_bins, set->work, err);
    }
    if (make_room(set, n_bins))
        return bw_error_memory(err);
    uint32_t *bin = set->bin + set->n_lit;
    double *weight = set->weight + set->n_lit;
    size_t n_lit = 0, n_order = n_ordered(set);
    uint64_t sum = 0;
    for (size_t k = 0; k < n_order; k++) {
        /* Written always, kept when the byte is not 0: no branch to miss. */
        uint32_t b = set->order[k];
        unsigned x = b < n_bins ? values[b] : 0;
        bin[n_lit] = b;
        weight[n_lit] = x;
        n_lit += x != 0;
        sum += x;
    }
    if (n_lit == 0)
        return bw_error_set(err, BW_ERR_RANGE, "all mass is zero");
    end_histogram(set, n_lit, (double)sum);
    return BW_OK;
}

/* In place: the integers take the memory of the doubles, item by item. */
static void seal_integers(bw_histograms *set)
{
    set->mass = (int64_t *)(void *)set->weight;
    for (size_t q = 0; q < set->n_lit; q++)
        set->mass[q] = (int64_t)set->weight[q];
    for (size_t k = 0; k < set->n; k++)
        set->total[k] = (int64_t)set->sum[k];
    set->weight = NULL;
}

/* Integers of the fixed total nearest to the weights' shares: rounded down, at
 * least 1, what is missing then goes to (or comes from) the largest, where it
 * matters least. */
static bw_status seal_reals(bw_histograms *set)
{
    set->mass = malloc((set->n_lit ? set->n_lit : 1) * sizeof *set->mass);
    if (!set->mass)
        return BW_ERR_MEMORY;
    int64_t total = bw_perturb_total(set->most_lit);
    for (size_t k = 0; k < set->n; k++) {
        int64_t left = total;
        size_t largest = set->first[k];
        long double scale = (long double)total / (long double)set->sum[k];
        for (size_t q = set->first[k]; q < set->first[k + 1]; q++) {
            int64_t mass = (int64_t)((long double)set->weight[q] * scale);
            set->mass[q] = mass > 1 ? mass : 1;
            left -= set->mass[q];
            if (set->weight[q] > set->weight[largest])
                largest = q;
        }
        set->mass[largest] += left;
        set->total[k] = total;
    }
    return BW_OK;
}

bw_status bw_histograms_seal(bw_histograms *set, bw_error *err)
{
    set->total = malloc((set->n ? set->n : 1) * sizeof *set->total);
    if (!set->total)
        return bw_error_memory(err);
    double most = 0;
    for (size_t k = 0; k < set->n; k++)
        most = most > set->sum[k] ? most : set->sum[k];
    set->is_integral =
        set->is_integral && bw_perturb_fits(most, most, set->most_lit);
    if (!set->is_integral)
        return seal_reals(set) ? bw_error_memory(err) : BW_OK;
    seal_integers(set);
    return BW_OK;
}

size_t bw_histograms_n(const bw_histograms *set)
{
    return set->n;
}

bool bw_histograms_is_integral(const bw_histograms *set)
{
    return set->is_integral;
}

bw_normalize bw_histograms_normalize(const bw_histograms *set)
{
    return set->normalize;
}

bw_histogram bw_histograms_get(const bw_histograms *set, size_t k)
{
    size_t first = set->first[k];
    return (bw_histogram){.n = set->first[k + 1] - first,
                          .bin = set->bin + first,
                          .mass = set->mass + first,
                          .total = set->total[k],
                          .weight = set->weight ? set->weight + first : NULL,
                          .sum = set->sum[k]};
}
