/* bitmask.c - work space of the bitmask simplex, and the choice of its kernel
 * by what the processor can do. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/isa.h"
#include "ot/bitmask.h"
#include "ot/lanes.h"

/* Rows of a node: at most 16 words of sinks, flow, parent, in whole lines. */
enum { MAX_NODE_WORDS = 24, LINE = 64 };

static const bw_bitmask_kernel *kernel(void)
{
#ifdef BW_X86_64
    static const bw_bitmask_kernel *const all[] = {&bw_bitmask_kernel_plain,
                                                   &bw_bitmask_kernel_avx2,
                                                   &bw_bitmask_kernel_avx512};

    return all[bw_isa_get()];
#else
    return &bw_bitmask_kernel_plain;
#endif
}

const char *bw_bitmask_isa(void)
{
    return kernel()->name;
}

/* The next multiple of 64: whole lines, and room for the lanes beyond n. */
static size_t padded(size_t n)
{
    return (n + LINE - 1) / LINE * LINE;
}

static void *lines(size_t n, size_t size)
{
    void *p = aligned_alloc(LINE, padded(padded(n) * size));
    if (p)
        memset(p, 0, padded(padded(n) * size));
    return p;
}

void bw_bitmask_clear(bw_bitmask *s)
{
    free(s->source_point);
    free(s->sink_point);
    free(s->cost);
    free(s->v);
    free(s->node);
    free(s->base);
    free(s->sink_key);
    free(s->source_key);
    free(s->up);
    free(s->u);
    *s = (bw_bitmask){0};
}

static bw_status reserve_nodes(bw_bitmask *s, size_t n_sources, size_t n_sinks)
{
    size_t n = n_sources > s->cap_sources ? n_sources * 5 / 4 : s->cap_sources;
    size_t m = n_sinks > s->cap_sinks ? n_sinks * 5 / 4 : s->cap_sinks;
    int32_t *cost = s->cost;
    size_t cap_cost = s->cap_cost;
    uint64_t n_pivots = s->n_pivots;
    int (*stopped)(void) = s->stopped;
    s->cost = NULL;
    bw_bitmask_clear(s);
    s->stopped = stopped;
    s->cost = cost;
    s->cap_cost = cap_cost;
    s->n_pivots = n_pivots;
    s->source_point = lines(n, sizeof *s->source_point);
    s->sink_point = lines(m, sizeof *s->sink_point);
    s->v = lines(m, sizeof *s->v);
    s->node = lines((n + m) * MAX_NODE_WORDS, sizeof *s->node);
    s->base = lines(m > BW_BITMASK_MAX_SINKS ? m : BW_BITMASK_MAX_SINKS,
                    sizeof *s->base);
    s->sink_key = lines(m, sizeof *s->sink_key);
    s->source_key = lines(n, sizeof *s->source_key);
    s->up = lines(n, sizeof *s->up);
    s->u = lines(n, sizeof *s->u);
    if (!s->source_point || !s->sink_point || !s->v || !s->node || !s->base ||
        !s->sink_key || !s->source_key || !s->up || !s->u) {
        bw_bitmask_clear(s);
        return BW_ERR_MEMORY;
    }
    s->cap_sources = n;
    s->cap_sinks = m;
    return BW_OK;
}

bw_status bw_bitmask_reserve(bw_bitmask *s, size_t n_sources, size_t n_sinks,
                             bool with_cost)
{
    if (n_sources > s->cap_sources || n_sinks > s->cap_sinks) {
        bw_status status = reserve_nodes(s, n_sources, n_sinks);
        if (status)
            return status;
    }
    size_t n_cost = (n_sources + BW_N_LANES - 1) / BW_N_LANES * BW_N_LANES;
    n_cost *= n_sinks;
    if (with_cost && n_cost > s->cap_cost) {
        free(s->cost);
        s->cap_cost = 0;
        s->cost = lines(n_cost, sizeof *s->cost);
        if (!s->cost)
            return BW_ERR_MEMORY;
        s->cap_cost = n_cost;
    }
    return BW_OK;
}

bool bw_bitmask_solve(bw_bitmask *s)
{
    return kernel()->solve(s);
}

bw_bitmask_least bw_bitmask_get_least(void)
{
    return kernel()->loops->least;
}

void bw_bitmask_transform(size_t n_from, const int32_t *from_point,
                          const int32_t *from, size_t n_to,
                          const int32_t *to_point, int32_t *to)
{
    kernel()->loops->transform(n_from, from_point, from, n_to, to_point, to);
}

void bw_bitmask_transform_table(const int32_t *table, int32_t stride,
                                size_t n_from, const int32_t *from_point,
                                const int32_t *from, size_t n_to,
                                const int32_t *to_point, int32_t *to)
{
    kernel()->loops->transform_table(table, stride, n_from, from_point, from,
                                     n_to, to_point, to);
}

void bw_bitmask_fill(bw_bitmask *s, const int32_t *table, int32_t stride)
{
    kernel()->loops->fill(s, table, stride);
}

size_t bw_bitmask_scan(const bw_bitmask *s, size_t block, const int32_t *u,
                       const int32_t *v, int32_t margin, int32_t (*arc)[2])
{
    return kernel()->loops->scan(s, block, u, v, margin, arc);
}
