/* batch.c - threads that share a list of pairs.
 *
 * A worker takes the next pair, solves it alone, and leaves the result in the
 * pair's slot of a ring. The caller's thread is the first worker; between its
 * pairs it moves the finished results at the ring's tail, in order, to the
 * journal or to who takes them. Who solved what is not to be seen in the
 * results.
 *
 *   slots       results on their way
 *   workers     one pair, one thread's loop
 *   draining    from the ring to where results go
 */
#include "config.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ot/batch.h"
#include "ot/ground.h"

enum {
    RING_BYTES = 1 << 26, /* of plans and potentials, about, at most */
    RING_SLOTS = 1 << 14,
    BLOCK_PAIRS = 4096,
    BLOCK_BYTES = 1 << 24
};

/* Seconds until finished results are written, and until they are synced. */
static const double write_interval = 1, sync_interval = 10;

/* Of the largest ground cost: is added to the cost that a gap is compared
 * with, so that the default tolerance leaves room for a hundred roundings in
 * long double. */
static const double rounding_share = 1e-5;

/* ---- slots ---- */

typedef struct slot {
    atomic_bool is_done;
    double value, gap;
    uint32_t n_arcs;
    uint32_t cap_arcs;
    uint32_t (*arc)[2];
    double *mass, *source, *target;
} slot;

typedef struct run {
    const bw_batch *batch;
    bw_block_shape shape;
    slot *ring;
    uint64_t n_slots;
    atomic_uint_fast64_t next;    /* pair to take */
    atomic_uint_fast64_t drained; /* pairs that left the ring */
    atomic_bool is_stopping;
    bool is_shut;          /* results were not taken; the first worker's */
    pthread_mutex_t mutex; /* of what follows */
    uint64_t failed;       /* the first pair that failed */
    bw_status status;
    bw_error error;
    bw_transport_counts counts;
} run;

bw_block_shape bw_batch_shape(const bw_batch *batch)
{
    return (bw_block_shape){
        batch->transport.with_certificate, batch->transport.with_plan,
        batch->transport.with_potentials, bw_ground_n_sources(batch->ground),
        bw_ground_n_sinks(batch->ground)};
}

static bw_status make_ring(run *r, bw_error *err)
{
    const bw_block_shape *shape = &r->shape;
    uint64_t n_bytes = sizeof(slot);
    if (shape->with_potentials)
        n_bytes += (shape->n_source_bins + shape->n_target_bins) * 8;
    /* A basis has no more arcs than this. */
    if (shape->with_plan)
        n_bytes += (shape->n_source_bins + shape->n_target_bins) * 16;
    uint64_t least = 4 * r->batch->n_threads;
    r->n_slots = RING_BYTES / n_bytes;
    if (r->n_slots > RING_SLOTS)
        r->n_slots = RING_SLOTS;
    if (r->n_slots > r->batch->pairs.n)
        r->n_slots = r->batch->pairs.n;
    if (r->n_slots < least)
        r->n_slots = least;
    r->ring = calloc(r->n_slots, sizeof *r->ring);
    if (!r->ring)
        return bw_error_memory(err);
    for (uint64_t k = 0; k < r->n_slots && shape->with_potentials; k++) {
        r->ring[k].source = malloc(shape->n_source_bins * sizeof(double));
        r->ring[k].target = malloc(shape->n_target_bins * sizeof(double));
        if (!r->ring[k].source || !r->ring[k].target)
            return bw_error_memory(err);
    }
    return BW_OK;
}

static void free_ring(run *r)
{
    for (uint64_t k = 0; k < r->n_slots && r->ring; k++) {
        free(r->ring[k].arc);
        free(r->ring[k].mass);
        free(r->ring[k].source);
        free(r->ring[k].target);
    }
    free(r->ring);
}

static bw_status keep_plan(slot *s, const bw_solution *solution, bw_error *err)
{
    if (solution->n_arcs > s->cap_arcs) {
        free(s->arc);
        free(s->mass);
        s->cap_arcs = 0;
        s->arc = malloc(solution->n_arcs * sizeof *s->arc);
        s->mass = malloc(solution->n_arcs * sizeof *s->mass);
        if (!s->arc || !s->mass)
            return bw_error_memory(err);
        s->cap_arcs = (uint32_t)solution->n_arcs;
    }
    s->n_arcs = (uint32_t)solution->n_arcs;
    memcpy(s->arc, solution->arc, solution->n_arcs * sizeof *s->arc);
    memcpy(s->mass, solution->mass, solution->n_arcs * sizeof *s->mass);
    return BW_OK;
}

/* ---- workers ---- */

/* One thread's own. */
typedef struct worker {
    run *r;
    bw_transport *transport;
    double *work; /* of a divergence */
} worker;

static double rooted(double cost, double root)
{
    return root == 1 ? cost : root == 2 ? sqrt(cost) : pow(cost, 1 / root);
}

static bw_status solve_transport(worker *w, const bw_histogram h[2], slot *s,
                                 bw_error *err)
{
    const bw_batch *batch = w->r->batch;
    bw_solution solution;
    bw_status status = bw_transport_solve(w->transport, &h[0], &h[1],
                                          batch->normalize, &solution, err);
    if (status)
        return status;
    s->value += rooted(solution.cost, batch->root);
    s->gap += solution.gap;
    /* Costs that all but vanish are sums of rounded terms as large as the
     * ground costs. */
    double most = solution.cost + rounding_share * batch->ground->max_cost;
    if (fabs(solution.gap) > batch->tolerance * most)
        return bw_error_set(err, BW_ERR_CERTIFICATE,
                            "the gap %g between primal and dual value passes "
                            "%g times %.17g",
                            solution.gap, batch->tolerance, most);
    const bw_block_shape *shape = &w->r->shape;
    if (shape->with_plan)
        status = keep_plan(s, &solution, err);
    if (shape->with_potentials) {
        memcpy(s->source, solution.potential_source,
               shape->n_source_bins * sizeof(double));
        memcpy(s->target, solution.potential_target,
               shape->n_target_bins * sizeof(double));
    }
    return status;
}

/* The mean over channels of one problem each. */
static bw_status solve_pair(worker *w, const uint32_t pair[2], slot *s,
                            bw_error *err)
{
    const bw_batch *batch = w->r->batch;
    uint64_t n = batch->n_channels;
    bw_status status = BW_OK;
    s->value = s->gap = 0;
    for (uint64_t c = 0; c < n && !status; c++) {
        bw_histogram h[2] = {
            bw_histograms_get(batch->set, pair[0] * n + c),
            bw_histograms_get(batch->set, (batch->first_b + pair[1]) * n + c)};
        if (batch->metric == BW_METRIC_WASSERSTEIN)
            status = solve_transport(w, h, s, err);
        else
            s->value += bw_divergence_compute(
                (bw_divergence)(batch->metric - BW_METRIC_KL), &h[0], &h[1],
                batch->normalize, w->work);
    }
    s->value /= (double)n;
    s->gap /= (double)n;
    return status;
}

static void record_failure(run *r, uint64_t k, const uint32_t *opt_pair,
                           bw_status status, const bw_error *err)
{
    pthread_mutex_lock(&r->mutex);
    if (!r->status || k < r->failed) {
        r->status = status;
        r->failed = k;
        r->error = *err;
        if (opt_pair && status != BW_ERR_MEMORY)
            bw_error_prefix(&r->error, "pair %llu (%u, %u)",
                            (unsigned long long)(r->batch->pairs.first + k),
                            opt_pair[0], opt_pair[1]);
    }
    pthread_mutex_unlock(&r->mutex);
    atomic_store(&r->is_stopping, true);
}

static void nap(void)
{
    nanosleep(&(struct timespec){0, 200000}, NULL);
}

static bool should_stop(const run *r)
{
    return atomic_load(&r->is_stopping) ||
           (r->batch->stopped && r->batch->stopped());
}

/* Takes one pair and solves it; false when there is none left. The first
 * worker drains while it waits for room in the ring. */
static bool work_once(worker *w, bw_status (*opt_drain)(run *r),
                      uint64_t *taken)
{
    run *r = w->r;
    uint64_t k = atomic_fetch_add(&r->next, 1);
    *taken = k;
    if (k >= r->batch->pairs.n)
        return false;
    while (k >= atomic_load(&r->drained) + r->n_slots) {
        if (should_stop(r))
            return false;
        if (opt_drain && opt_drain(r))
            return false;
        nap();
    }
    slot *s = &r->ring[k % r->n_slots];
    uint32_t pair[2];
    bw_error err = BW_ERROR_INIT;
    bw_pairs_get(&r->batch->pairs, k, pair);
    bw_status status = solve_pair(w, pair, s, &err);
    /* The pair did not fail: it is left for another run. */
    if (status == BW_ERR_INTERRUPTED) {
        atomic_store(&r->is_stopping, true);
        return false;
    }
    if (status) {
        record_failure(r, k, pair, status, &err);
        return false;
    }
    atomic_store(&s->is_done, true);
    return true;
}

static bw_status open_worker(worker *w, run *r, bw_error *err)
{
    const bw_batch *batch = r->batch;
    size_t n_a = bw_ground_n_sources(batch->ground);
    size_t n_b = bw_ground_n_sinks(batch->ground);
    *w = (worker){.r = r};
    if (batch->metric == BW_METRIC_WASSERSTEIN) {
        bw_transport_options options = batch->transport;
        options.stopped = batch->stopped;
        return bw_transport_create(batch->ground, &options, &w->transport, err);
    }
    w->work = calloc(n_a > n_b ? n_a : n_b, sizeof *w->work);
    return w->work ? BW_OK : bw_error_memory(err);
}

static void close_worker(worker *w)
{
    if (w->transport) {
        bw_transport_counts c = bw_transport_get_counts(w->transport);
        bw_transport_counts *sum = &w->r->counts;
        pthread_mutex_lock(&w->r->mutex);
        sum->n_solved += c.n_solved;
        sum->n_pivots += c.n_pivots;
        sum->n_coarse_pivots += c.n_coarse_pivots;
        sum->n_exact_pivots += c.n_exact_pivots;
        for (int k = 0; k < BW_N_PARTS; k++)
            sum->seconds[k] += c.seconds[k];
        pthread_mutex_unlock(&w->r->mutex);
    }
    bw_transport_destroy(w->transport);
    free(w->work);
}

static void *other_worker(void *argument)
{
    run *r = argument;
    worker w;
    bw_error err = BW_ERROR_INIT;
    uint64_t taken;
    bw_status status = open_worker(&w, r, &err);
    if (status)
        record_failure(r, 0, NULL, status, &err);
    while (!status && !should_stop(r))
        if (!work_once(&w, NULL, &taken))
            break;
    close_worker(&w);
    return NULL;
}

/* ---- draining ---- */

static bw_status keep(const bw_batch *batch, const bw_block *block,
                      bw_error *err)
{
    if (batch->opt_list)
        bw_pair_list_release(batch->opt_list,
                             batch->pairs.first + block->first + block->n);
    return batch->journal ? bw_journal_append(batch->journal, block, err)
                          : batch->take(batch->context, block, err);
}

static bw_status sync_kept(const bw_batch *batch, bw_error *err)
{
    return batch->journal ? bw_journal_sync(batch->journal, err) : BW_OK;
}

/* Finished results at the tail, at most one block of them. */
static uint64_t count_ready(const run *r)
{
    uint64_t first = atomic_load(&r->drained), n = 0, n_bytes = 0;
    while (n < BLOCK_PAIRS && n < r->n_slots && n_bytes < BLOCK_BYTES) {
        const slot *s = &r->ring[(first + n) % r->n_slots];
        if (!atomic_load(&s->is_done))
            break;
        n++;
        n_bytes += 16 + 16 * (uint64_t)s->n_arcs;
        if (r->shape.with_potentials)
            n_bytes += 8 * (r->shape.n_source_bins + r->shape.n_target_bins);
    }
    return n;
}

static void free_block(bw_block *b)
{
    free(b->value);
    free(b->gap);
    free(b->arc_count);
    free(b->arc_bins);
    free(b->arc_mass);
    free(b->source);
    free(b->target);
}

static bw_status make_block(const run *r, bw_block *b, bw_error *err)
{
    const bw_block_shape *shape = &r->shape;
    uint64_t n = b->n, n_arcs = b->n_arcs ? b->n_arcs : 1;
    bool is_full = true;
    is_full &= (b->value = malloc(n * sizeof *b->value)) != NULL;
    if (shape->with_gap)
        is_full &= (b->gap = malloc(n * sizeof *b->gap)) != NULL;
    if (shape->with_plan) {
        is_full &= (b->arc_count = malloc(n * sizeof *b->arc_count)) != NULL;
        is_full &= (b->arc_bins = malloc(n_arcs * sizeof *b->arc_bins)) != NULL;
        is_full &= (b->arc_mass = malloc(n_arcs * sizeof *b->arc_mass)) != NULL;
    }
    if (shape->with_potentials) {
        b->source = malloc(n * shape->n_source_bins * sizeof *b->source);
        b->target = malloc(n * shape->n_target_bins * sizeof *b->target);
        is_full &= b->source && b->target;
    }
    if (is_full)
        return BW_OK;
    free_block(b);
    return bw_error_memory(err);
}

static void fill_block(const run *r, bw_block *b)
{
    const bw_block_shape *shape = &r->shape;
    uint64_t at = 0;
    for (uint64_t k = 0; k < b->n; k++) {
        const slot *s = &r->ring[(b->first + k) % r->n_slots];
        b->value[k] = s->value;
        if (shape->with_gap)
            b->gap[k] = s->gap;
        if (shape->with_plan) {
            b->arc_count[k] = s->n_arcs;
            memcpy(b->arc_bins + at, s->arc, s->n_arcs * sizeof *s->arc);
            memcpy(b->arc_mass + at, s->mass, s->n_arcs * sizeof *s->mass);
            at += s->n_arcs;
        }
        if (shape->with_potentials) {
            uint64_t m = shape->n_source_bins, n = shape->n_target_bins;
            memcpy(b->source + k * m, s->source, m * sizeof(double));
            memcpy(b->target + k * n, s->target, n * sizeof(double));
        }
    }
}

/* Moves what is ready out of the ring, a block at a time, down to less than
 * `least` pairs. */
static bw_status drain(run *r, uint64_t least)
{
    bw_error err = BW_ERROR_INIT;
    bw_status status = BW_OK;
    if (r->is_shut)
        return r->status;
    for (uint64_t n; !status && (n = count_ready(r)) >= least && n > 0;) {
        bw_block block = {.first = atomic_load(&r->drained), .n = n};
        for (uint64_t k = 0; k < n; k++)
            block.n_arcs += r->ring[(block.first + k) % r->n_slots].n_arcs;
        status = make_block(r, &block, &err);
        if (status)
            break;
        fill_block(r, &block);
        status = keep(r->batch, &block, &err);
        free_block(&block);
        if (status)
            break;
        for (uint64_t k = 0; k < n; k++)
            atomic_store(&r->ring[(block.first + k) % r->n_slots].is_done,
                         false);
        atomic_store(&r->drained, block.first + n);
    }
    /* It is no pair that failed: nothing goes before it. */
    if (status)
        record_failure(r, 0, NULL, status, &err);
    r->is_shut = status != BW_OK;
    return status;
}

static bw_status drain_all(run *r)
{
    return drain(r, 1);
}

/* The first worker's loop. */
static void lead(run *r, worker *w)
{
    double written = bw_progress_now(), synced = written;
    bw_error err = BW_ERROR_INIT;
    uint64_t taken;
    while (!should_stop(r) && work_once(w, drain_all, &taken)) {
        double now = bw_progress_now();
        bool is_due = now - written > write_interval;
        if (is_due)
            written = now;
        /* Half a ring of finished pairs is drained before others must wait. */
        if (is_due || taken - atomic_load(&r->drained) > r->n_slots / 2)
            if (drain_all(r))
                return;
        if (r->batch->progress)
            bw_progress_update(r->batch->progress, taken + 1);
        if (now - synced > sync_interval) {
            synced = now;
            bw_status status = sync_kept(r->batch, &err);
            if (status)
                record_failure(r, 0, NULL, status, &err);
        }
    }
}

static bw_status run_threads(run *r, bw_error *err)
{
    uint64_t n_others = r->batch->n_threads - 1, n_started = 0;
    pthread_t *thread = malloc((n_others + 1) * sizeof *thread);
    if (!thread)
        return bw_error_memory(err);
    worker first;
    bw_status status = open_worker(&first, r, err);
    while (!status && n_started < n_others &&
           pthread_create(&thread[n_started], NULL, other_worker, r) == 0)
        n_started++;
    if (!status)
        lead(r, &first);
    for (uint64_t k = 0; k < n_started; k++)
        pthread_join(thread[k], NULL);
    close_worker(&first);
    free(thread);
    return status;
}

bw_status bw_batch_run(const bw_batch *batch, bw_transport_counts *counts,
                       bw_error *err)
{
    uint64_t n_before = batch->journal ? bw_journal_n_pairs(batch->journal) : 0;
    run r = {.batch = batch, .shape = bw_batch_shape(batch)};
    pthread_mutex_init(&r.mutex, NULL);
    atomic_init(&r.next, n_before);
    atomic_init(&r.drained, n_before);
    bw_status status = make_ring(&r, err);
    if (!status)
        status = run_threads(&r, err);
    bw_error other = BW_ERROR_INIT;
    /* A whole journal is about to become the output, which is synced itself. */
    if (!status && drain_all(&r) == BW_OK &&
        atomic_load(&r.drained) < batch->pairs.n && sync_kept(batch, &other))
        record_failure(&r, 0, NULL, other.code, &other);
    if (!status && r.status) {
        *err = r.error;
        status = r.status;
    }
    if (!status && atomic_load(&r.drained) < batch->pairs.n)
        status = bw_error_set(err, BW_ERR_INTERRUPTED,
                              "stopped after %llu of %llu pairs",
                              (unsigned long long)atomic_load(&r.drained),
                              (unsigned long long)batch->pairs.n);
    *counts = r.counts;
    free_ring(&r);
    pthread_mutex_destroy(&r.mutex);
    return status;
}
