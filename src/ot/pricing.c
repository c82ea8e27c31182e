/* pricing.c - what all kinds of pricing share: slots, values, bounds. */
#include "config.h"

#include <stdlib.h>

#include "ot/pricing.h"

static size_t whole_blocks(size_t n, unsigned shift)
{
    return (n + ((size_t)1 << shift) - 1) >> shift << shift;
}

void bw_pricing_clear(bw_pricing *p)
{
    free(p->slot);
    free(p->sink);
    free(p->value);
    free(p->bound);
    free(p->is_stale);
    p->slot = p->sink = p->value = p->bound = NULL;
    p->is_stale = NULL;
    p->cap_sinks = p->cap_nodes = 0;
}

bw_status bw_pricing_reserve(bw_pricing *p, size_t n_sources, size_t n_sinks,
                             size_t n_slots, unsigned block_shift)
{
    n_slots = whole_blocks(n_slots, block_shift);
    size_t n_nodes = n_slots + whole_blocks(n_sources, block_shift);
    if (n_sinks > p->cap_sinks || n_nodes > p->cap_nodes) {
        bw_pricing_clear(p);
        size_t n = n_nodes + n_nodes / 8, m = n_sinks + n_sinks / 8;
        p->slot = malloc(m * sizeof *p->slot);
        p->sink = malloc(n * sizeof *p->sink);
        p->value = aligned_alloc(64, whole_blocks(n * sizeof *p->value, 6));
        /* Blocks are 16 nodes at least; bounds are read by sixteen. */
        p->bound = malloc((n / 16 + 17) * sizeof *p->bound);
        p->is_stale = malloc((n / 16 + 17) * sizeof *p->is_stale);
        if (!p->slot || !p->sink || !p->value || !p->bound || !p->is_stale) {
            bw_pricing_clear(p);
            return BW_ERR_MEMORY;
        }
        p->cap_sinks = m;
        p->cap_nodes = n;
    }
    p->n_sources = n_sources;
    p->n_sinks = n_sinks;
    p->n_slots = n_slots;
    p->block_shift = block_shift;
    for (size_t k = 0; k < n_slots; k++) {
        p->sink[k] = -1;
        p->value[k] = BW_PRICING_ABSENT;
    }
    for (size_t k = n_slots; k < n_nodes; k++)
        p->value[k] = 0;
    bw_pricing_bound(p);
    size_t n_blocks = n_nodes >> block_shift;
    for (size_t b = n_blocks; b < n_blocks + 16; b++)
        p->bound[b] = 0;
    return BW_OK;
}

void bw_pricing_bound(bw_pricing *p)
{
    size_t n_nodes = p->n_slots + whole_blocks(p->n_sources, p->block_shift);
    for (size_t b = 0; b < n_nodes >> p->block_shift; b++) {
        const int32_t *value = p->value + (b << p->block_shift);
        int32_t least = value[0];
        for (size_t k = 1; k < (size_t)1 << p->block_shift; k++)
            least = least < value[k] ? least : value[k];
        p->bound[b] = least;
        p->is_stale[b] = 0;
    }
}
