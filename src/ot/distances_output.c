/* distances_output.c - the container of a run of wdist, from its journal. */
#include "config.h"

#include "ot/distances_job.h"

/* The name of the output's main tensor. */
static const char *value_name(const bw_distances_job *j)
{
    bool is_cost =
        j->options->metric == BW_METRIC_WASSERSTEIN && j->options->gives_cost;
    return is_cost ? "cost" : "distance";
}

static bw_status declare(bw_distances_job *j, bw_error *err)
{
    bw_block_shape shape = bw_batch_shape(&j->batch);
    const uint64_t two = 2;
    bw_writer *w = j->writer;
    bw_status s =
        bw_writer_add(w, value_name(j), BW_F64, 1, NULL, &j->value, err);
    if (!s && shape.with_gap)
        s = bw_writer_add(w, "gap", BW_F64, 1, NULL, &j->gap, err);
    if (!s)
        s = bw_writer_add(w, "pairs", BW_U32, 2, &two, &j->pairs, err);
    if (!s && shape.with_plan) {
        s = bw_writer_add(w, "plan_offset", BW_U64, 1, NULL, &j->plan_offset,
                          err);
        if (!s)
            s = bw_writer_add(w, "plan_mass", BW_F64, 1, NULL, &j->plan_mass,
                              err);
        if (!s)
            s = bw_writer_add(w, "plan_bins", BW_U32, 2, &two, &j->plan_bins,
                              err);
    }
    if (!s && shape.with_potentials) {
        s = bw_writer_add(w, "potential_source", BW_F64, 2,
                          &shape.n_source_bins, &j->source, err);
        if (!s)
            s = bw_writer_add(w, "potential_target", BW_F64, 2,
                              &shape.n_target_bins, &j->target, err);
    }
    if (!s && shape.with_plan)
        s = bw_writer_append(w, j->plan_offset, &j->n_arcs, sizeof j->n_arcs,
                             err);
    for (size_t k = 0; k < j->n_meta && !s; k++)
        s = bw_writer_set_meta(w, j->meta[k].key, j->meta[k].value, err);
    if (!s)
        s = bw_provenance_stamp(j->provenance, w, "distances", err);
    return s;
}

static bw_status append_plan(bw_distances_job *j, const bw_block *b,
                             bw_error *err)
{
    bw_writer *w = j->writer;
    bw_status s = bw_writer_append(w, j->plan_bins, b->arc_bins,
                                   b->n_arcs * sizeof *b->arc_bins, err);
    if (!s)
        s = bw_writer_append(w, j->plan_mass, b->arc_mass,
                             b->n_arcs * sizeof *b->arc_mass, err);
    for (uint64_t k = 0; k < b->n && !s; k++) {
        j->n_arcs += b->arc_count[k];
        s = bw_writer_append(w, j->plan_offset, &j->n_arcs, sizeof j->n_arcs,
                             err);
    }
    return s;
}

/* Visits one block of the journal. */
static bw_status append_block(void *context, const bw_block *b, bw_error *err)
{
    bw_distances_job *j = context;
    bw_writer *w = j->writer;
    bw_block_shape shape = bw_batch_shape(&j->batch);
    bw_status s =
        bw_writer_append(w, j->value, b->value, b->n * sizeof *b->value, err);
    if (!s && shape.with_gap)
        s = bw_writer_append(w, j->gap, b->gap, b->n * sizeof *b->gap, err);
    for (uint64_t k = 0; k < b->n && !s; k++) {
        uint32_t pair[2];
        bw_pairs_get(&j->batch.pairs, b->first + k, pair);
        s = bw_writer_append(w, j->pairs, pair, sizeof pair, err);
    }
    if (!s && shape.with_plan)
        s = append_plan(j, b, err);
    if (!s && shape.with_potentials) {
        s = bw_writer_append(w, j->source, b->source,
                             b->n * shape.n_source_bins * sizeof *b->source,
                             err);
        if (!s)
            s = bw_writer_append(w, j->target, b->target,
                                 b->n * shape.n_target_bins * sizeof *b->target,
                                 err);
    }
    bw_pair_list_release(&j->list, j->batch.pairs.first + b->first + b->n);
    if (!s && j->options->stopped && j->options->stopped())
        s = bw_error_set(err, BW_ERR_INTERRUPTED, "stopped while writing");
    return s;
}

bw_status bw_distances_write(bw_distances_job *j, bw_error *err)
{
    bw_status status = declare(j, err);
    if (!status)
        status = bw_journal_visit(j->batch.journal, append_block, j, err);
    return status ? status : bw_writer_commit(j->writer, err);
}
