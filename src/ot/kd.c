/* kd.c - the balanced tree of kd.h, of which only the paths are kept. */
#include "config.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "ot/kd.h"

typedef struct item {
    double key; /* coordinate across which the range is cut */
    uint32_t point;
} item;

typedef struct builder {
    size_t d;
    const double *coordinate;
    item *items;
    double *low, *high; /* of d coordinates */
    uint32_t *code;
    uint64_t random; /* of pivots, so that no order of points is the worst */
} builder;

static bool is_before(item a, item b)
{
    return a.key < b.key || (a.key == b.key && a.point < b.point);
}

/* Brings the n_first least items of a range to its front. Items differ, so
 * each round leaves out its pivot at least. */
static void select_first(builder *b, item *range, size_t n, size_t n_first)
{
    size_t first = 0, end = n; /* the cut lies in between */
    while (end - first > 1) {
        b->random = b->random * 6364136223846793005u + 1442695040888963407u;
        item pivot = range[first + (b->random >> 33) % (end - first)];
        size_t i = first, j = end - 1;
        for (;;) {
            while (is_before(range[i], pivot)) {
                i++;
                assert(i < end); /* at the pivot at last, and so does j */
            }
            while (is_before(pivot, range[j]))
                j--;
            if (i >= j)
                break;
            item other = range[i];
            range[i] = range[j];
            range[j] = other;
        }
        /* The pivot stands at i, between what is before it and after. */
        if (n_first == i || n_first == i + 1)
            return;
        if (n_first < i)
            end = i;
        else
            first = i + 1;
    }
}

static size_t widest(const builder *b, const item *range, size_t n)
{
    size_t best = 0;
    double most = -1;
    for (size_t c = 0; c < b->d; c++)
        b->low[c] = b->high[c] = b->coordinate[range[0].point * b->d + c];
    for (size_t k = 1; k < n; k++) {
        const double *x = b->coordinate + range[k].point * b->d;
        for (size_t c = 0; c < b->d; c++) {
            b->low[c] = x[c] < b->low[c] ? x[c] : b->low[c];
            b->high[c] = x[c] > b->high[c] ? x[c] : b->high[c];
        }
    }
    for (size_t c = 0; c < b->d; c++)
        if (b->high[c] - b->low[c] > most) {
            most = b->high[c] - b->low[c];
            best = c;
        }
    return best;
}

/* Depth: 32 at most. */
static void cut(builder *b, item *range, size_t n, uint32_t code, unsigned bit)
{
    if (n == 1) {
        b->code[range[0].point] = code;
        return;
    }
    size_t c = widest(b, range, n), half = n - n / 2;
    for (size_t k = 0; k < n; k++)
        range[k].key = b->coordinate[range[k].point * b->d + c];
    select_first(b, range, n, half);
    cut(b, range, half, code, bit - 1);
    cut(b, range + half, n - half, code | (uint32_t)1 << bit, bit - 1);
}

bw_status bw_kd_codes(size_t n, size_t d, const double *coordinate,
                      uint32_t *code)
{
    builder b = {.d = d, .coordinate = coordinate, .code = code, .random = 1};
    unsigned n_bits = 0;
    b.items = malloc(n * sizeof *b.items);
    b.low = malloc(2 * d * sizeof *b.low);
    bw_status status = b.items && b.low ? BW_OK : BW_ERR_MEMORY;
    if (!status) {
        b.high = b.low + d;
        while ((uint64_t)1 << n_bits < n)
            n_bits++;
        for (size_t k = 0; k < n; k++)
            b.items[k].point = (uint32_t)k;
        cut(&b, b.items, n, 0, n_bits - 1);
    }
    free(b.items);
    free(b.low);
    return status;
}
