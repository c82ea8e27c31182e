/* many.c - many pairs into memory: a batch whose blocks of results go to the
 * caller's arrays and, pair after pair, to the caller's function. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "barrow/many.h"
#include "ot/batch.h"

/* Calls visit for each pair of a block. */
static bw_status visit_all(const bw_many *many, const bw_block *block,
                           bw_error *err)
{
    size_t n_a = bw_ground_n_sources(many->ground);
    size_t n_b = bw_ground_n_sinks(many->ground);
    uint64_t at = 0;
    bw_status status = BW_OK;

    for (uint64_t k = 0; k < block->n && !status; k++) {
        bw_solution s = {.cost = block->value[k]};

        if (block->gap)
            s.gap = block->gap[k];
        if (block->arc_count) {
            s.n_arcs = block->arc_count[k];
            s.arc = (const uint32_t(*)[2])(block->arc_bins + at);
            s.mass = block->arc_mass + at;
            at += s.n_arcs;
        }
        if (block->source) {
            s.potential_source = block->source + k * n_a;
            s.potential_target = block->target + k * n_b;
        }
        status = many->visit(many->context, block->first + k, &s, err);
    }
    return status;
}

static bw_status take(void *context, const bw_block *block, bw_error *err)
{
    const bw_many *many = context;

    if (many->cost)
        memcpy(many->cost + block->first, block->value,
               block->n * sizeof *block->value);
    if (many->gap && block->gap)
        memcpy(many->gap + block->first, block->gap,
               block->n * sizeof *block->gap);
    return many->visit ? visit_all(many, block, err) : BW_OK;
}

static bw_status check(const bw_many *many, bw_error *err)
{
    uint64_t n = bw_histograms_n(many->set);
    const bw_pairs *pairs = &many->pairs;

    if (many->n_threads == 0)
        return bw_error_set(err, BW_ERR_USAGE, "no thread to solve pairs on");
    if (pairs->n_a > n || many->first_b > n || pairs->n_b > n - many->first_b)
        return bw_error_set(
            err, BW_ERR_RANGE,
            "pairs of %llu and %llu histograms, the second from %llu on, of a "
            "set of %llu",
            (unsigned long long)pairs->n_a, (unsigned long long)pairs->n_b,
            (unsigned long long)many->first_b, (unsigned long long)n);
    return BW_OK;
}

bw_status bw_many_solve(const bw_many *many, bw_error *err)
{
    bw_transport_counts counts;
    bw_batch batch = {
        .metric = BW_METRIC_WASSERSTEIN,
        .ground = many->ground,
        .set = many->set,
        .n_channels = 1,
        .first_b = many->first_b,
        .pairs = many->pairs,
        .normalize = bw_histograms_normalize(many->set),
        .root = 1,
        .transport = many->transport,
        .tolerance = many->tolerance > 0 ? many->tolerance : (double)INFINITY,
        .n_threads = many->n_threads,
        .take = take,
        .context = (void *)many,
        .stopped = many->transport.stopped,
    };
    bw_status status = check(many, err);

    return status ? status : bw_batch_run(&batch, &counts, err);
}
