/* test_batch.c - many pairs on many threads: the results are those of one pair
 * after the other, whatever the number of threads, wherever it was stopped. */
#include "config.h"

#include <math.h>

#include "barrow/random.h"
#include "ot/batch.h"
#include "raw_file.h"

enum { SIDE = 3, N_BINS = SIDE * SIDE, MAX_PAIRS = 40000, MAX_ARCS = 20 };

static const char purpose[] = "tool=test\n";

/* Everything that a journal holds, in order. */
typedef struct results {
    uint64_t n, n_arcs;
    double *value, *gap, *mass, *source, *target;
    uint32_t *count, (*bins)[2];
} results;

static void *make(size_t n, size_t size)
{
    void *p = calloc(n, size);
    cr_assert_not_null(p);
    return p;
}

static results make_results(void)
{
    return (results){.value = make(MAX_PAIRS, 8),
                     .gap = make(MAX_PAIRS, 8),
                     .count = make(MAX_PAIRS, 4),
                     .bins = make(MAX_PAIRS * MAX_ARCS, 8),
                     .mass = make(MAX_PAIRS * MAX_ARCS, 8),
                     .source = make(MAX_PAIRS * N_BINS, 8),
                     .target = make(MAX_PAIRS * N_BINS, 8)};
}

static void free_results(results *r)
{
    free(r->value);
    free(r->gap);
    free(r->count);
    free(r->bins);
    free(r->mass);
    free(r->source);
    free(r->target);
}

static bw_status collect(void *context, const bw_block *b, bw_error *err)
{
    results *r = context;
    (void)err;
    cr_assert_eq(b->first, r->n);
    cr_assert(r->n + b->n <= MAX_PAIRS);
    memcpy(r->value + r->n, b->value, b->n * 8);
    if (b->gap)
        memcpy(r->gap + r->n, b->gap, b->n * 8);
    if (b->arc_count) {
        memcpy(r->count + r->n, b->arc_count, b->n * 4);
        memcpy(r->bins + r->n_arcs, b->arc_bins, b->n_arcs * 8);
        memcpy(r->mass + r->n_arcs, b->arc_mass, b->n_arcs * 8);
    }
    if (b->source) {
        memcpy(r->source + r->n * N_BINS, b->source, b->n * N_BINS * 8);
        memcpy(r->target + r->n * N_BINS, b->target, b->n * N_BINS * 8);
    }
    r->n += b->n;
    r->n_arcs += b->n_arcs;
    return BW_OK;
}

/* Bit for bit. */
static void check_same(const results *a, const results *b)
{
    cr_assert_eq(a->n, b->n);
    cr_assert_eq(a->n_arcs, b->n_arcs);
    cr_assert(memcmp(a->value, b->value, a->n * 8) == 0);
    cr_assert(memcmp(a->gap, b->gap, a->n * 8) == 0);
    cr_assert(memcmp(a->count, b->count, a->n * 4) == 0);
    cr_assert(memcmp(a->bins, b->bins, a->n_arcs * 8) == 0);
    cr_assert(memcmp(a->mass, b->mass, a->n_arcs * 8) == 0);
    cr_assert(memcmp(a->source, b->source, a->n * N_BINS * 8) == 0);
    cr_assert(memcmp(a->target, b->target, a->n * N_BINS * 8) == 0);
}

/* ---- jobs ---- */

typedef struct job {
    bw_batch batch;
    bw_ground *ground;
    bw_histograms *set;
    bw_progress progress;
    bw_transport_counts counts;
    bw_error err;
} job;

/* n histograms of one total; those whose number is in odd[] have another. */
static void open_job(job *j, double p, bw_normalize normalize, size_t n,
                     const size_t *odd, size_t n_odd)
{
    bw_error err = BW_ERROR_INIT;
    *j = (job){.err = BW_ERROR_INIT};
    OK(bw_ground_create_grid(BW_NORM_L2, p, SIDE, SIDE, &j->ground, &err));
    OK(bw_histograms_create(j->ground, normalize, &j->set, &err));
    for (size_t k = 0; k < n; k++) {
        double values[N_BINS] = {0};
        bw_random random;
        bw_random_init(&random, 1, BW_RANDOM_TEST, k);
        for (size_t q = 0; q < 100; q++)
            values[bw_random_below(&random, N_BINS)] += 1;
        for (size_t q = 0; q < n_odd; q++)
            values[0] += odd[q] == k ? 5 : 0;
        OK(bw_histograms_add(j->set, N_BINS, values, &err));
    }
    OK(bw_histograms_seal(j->set, &err));
    bw_progress_start(&j->progress, NULL, true, false, "test", "pairs", 0, 0);
    j->batch = (bw_batch){.ground = j->ground,
                          .set = j->set,
                          .n_channels = 1,
                          .normalize = normalize,
                          .root = 1,
                          .transport = {BW_METHOD_AUTO, true, true, true},
                          .tolerance = 1e-9,
                          .n_threads = 1,
                          .progress = &j->progress};
    OK(bw_pairs_init(&j->batch.pairs, BW_PAIRS_ALL, n, n, 0, NULL, 0, &err));
}

static void close_job(job *j)
{
    bw_histograms_destroy(j->set);
    bw_ground_destroy(j->ground);
}

/* Runs into the journal "j", which is continued, and closes it. */
static bw_status run_on(job *j)
{
    bw_error err = BW_ERROR_INIT;
    bw_block_shape shape = bw_batch_shape(&j->batch);
    OK(bw_journal_open("j", NULL, purpose, &shape, true, &j->batch.journal,
                       &err));
    bw_status status = bw_batch_run(&j->batch, &j->counts, &j->err);
    bw_journal_close(j->batch.journal);
    return status;
}

static results read_results(const job *j)
{
    bw_error err = BW_ERROR_INIT;
    bw_block_shape shape = bw_batch_shape(&j->batch);
    results r = make_results();
    bw_journal *journal;
    OK(bw_journal_open("j", NULL, purpose, &shape, true, &journal, &err));
    OK(bw_journal_visit(journal, collect, &r, &err));
    bw_journal_close(journal);
    return r;
}

/* A whole run from nothing. */
static results run_whole(job *j, uint64_t n_threads)
{
    (void)!unlink("j");
    j->batch.n_threads = n_threads;
    bw_status status = run_on(j);
    cr_assert_eq(status, BW_OK, "%s", j->err.text);
    results r = read_results(j);
    cr_assert_eq(r.n, j->batch.pairs.n);
    return r;
}

/* ---- tests ---- */

Test(batch, results_are_those_of_one_pair_after_the_other, RAW_FOLDER)
{
    job j;
    bw_error err = BW_ERROR_INIT;
    bw_transport *t;
    open_job(&j, 2, BW_NORMALIZE_SUM, 30, NULL, 0);
    results r = run_whole(&j, 3);
    OK(bw_transport_create(j.ground, &j.batch.transport, &t, &err));
    uint64_t at = 0;
    for (uint64_t k = 0; k < r.n; k++) {
        uint32_t pair[2];
        bw_solution s;
        bw_pairs_get(&j.batch.pairs, k, pair);
        bw_histogram a = bw_histograms_get(j.set, pair[0]);
        bw_histogram b = bw_histograms_get(j.set, pair[1]);
        OK(bw_transport_solve(t, &a, &b, BW_NORMALIZE_SUM, &s, &err));
        cr_assert(r.value[k] == s.cost && r.gap[k] == s.gap && s.gap == 0);
        cr_assert_eq(r.count[k], s.n_arcs);
        cr_assert(memcmp(r.bins + at, s.arc, 8 * s.n_arcs) == 0);
        cr_assert(memcmp(r.mass + at, s.mass, 8 * s.n_arcs) == 0);
        cr_assert(
            memcmp(r.source + k * N_BINS, s.potential_source, 8 * N_BINS) == 0);
        cr_assert(
            memcmp(r.target + k * N_BINS, s.potential_target, 8 * N_BINS) == 0);
        at += s.n_arcs;
    }
    cr_expect_eq(j.counts.n_solved, r.n);
    bw_transport_destroy(t);
    free_results(&r);
    close_job(&j);
}

Test(batch, the_number_of_threads_changes_no_bit, RAW_FOLDER)
{
    job j;
    open_job(&j, 1, BW_NORMALIZE_SUM, 60, NULL, 0);
    results one = run_whole(&j, 1);
    for (uint64_t n = 2; n <= 5; n += 3) {
        results many = run_whole(&j, n);
        check_same(&one, &many);
        free_results(&many);
    }
    free_results(&one);
    close_job(&j);
}

/* More pairs than are ever on their way at once. */
Test(batch, long_lists_pass_through, RAW_FOLDER)
{
    job j;
    bw_error err = BW_ERROR_INIT;
    open_job(&j, 2, BW_NORMALIZE_SUM, 200, NULL, 0);
    j.batch.transport = (bw_transport_options){.method = BW_METHOD_AUTO};
    OK(bw_pairs_init(&j.batch.pairs, BW_PAIRS_CROSS, 200, 200, 0, NULL, 0,
                     &err));
    results one = run_whole(&j, 1), many = run_whole(&j, 2);
    check_same(&one, &many);
    for (uint64_t k = 0; k < 200; k++)
        cr_assert_eq(one.value[k * 201], 0);
    free_results(&one);
    free_results(&many);
    close_job(&j);
}

/* One pair takes far longer than thousands of others: they must wait for it
 * before their results take its place. */
Test(batch, a_slow_pair_is_not_overtaken_by_its_ring, RAW_FOLDER)
{
    enum { WIDTH = 40, N = 36000 };
    static const double places[] = {1, 7, 30};
    uint32_t(*list)[2] = make(N, sizeof *list);
    double *row = make(WIDTH * WIDTH, sizeof *row);
    bw_error err = BW_ERROR_INIT;
    bw_ground *ground;
    bw_histograms *set;
    job j;
    open_job(&j, 2, BW_NORMALIZE_SUM, 2, NULL, 0);
    OK(bw_ground_create_grid(BW_NORM_L2, 1.5, WIDTH, WIDTH, &ground, &err));
    OK(bw_histograms_create(ground, BW_NORMALIZE_SUM, &set, &err));
    for (uint64_t k = 0; k < 6; k++) {
        bw_random random;
        bw_random_init(&random, 1, BW_RANDOM_TEST, k);
        for (size_t q = 0; q < WIDTH * WIDTH; q++)
            row[q] = k < 2   ? 1 + (double)bw_random_below(&random, 100)
                     : k > 2 ? q == (size_t)places[k - 3]
                             : q == 0;
        OK(bw_histograms_add(set, WIDTH * WIDTH, row, &err));
    }
    OK(bw_histograms_seal(set, &err));
    for (uint32_t k = 0; k < N; k++) {
        list[k][0] = k == 0 ? 0 : 2;
        list[k][1] = k == 0 ? 1 : 3 + k % 3;
    }
    j.batch.ground = ground;
    j.batch.set = set;
    j.batch.transport = (bw_transport_options){.method = BW_METHOD_AUTO};
    OK(bw_pairs_init(&j.batch.pairs, BW_PAIRS_LIST, 6, 6, N,
                     (const uint32_t(*)[2])list, 0, &err));
    results r = run_whole(&j, 2);
    for (uint32_t k = 1; k < N; k++)
        cr_assert_eq(r.value[k], pow(places[k % 3], 1.5));
    free_results(&r);
    bw_histograms_destroy(set);
    bw_ground_destroy(ground);
    close_job(&j);
    free(row);
    free(list);
}

Test(batch, parts_hold_what_the_whole_holds, RAW_FOLDER)
{
    job j;
    open_job(&j, 2, BW_NORMALIZE_SUM, 30, NULL, 0);
    results whole = run_whole(&j, 1);
    bw_pairs all = j.batch.pairs;
    for (uint64_t part = 1; part <= 3; part++) {
        j.batch.pairs = all;
        bw_pairs_take_part(&j.batch.pairs, part, 3);
        results r = run_whole(&j, 2);
        cr_assert(memcmp(r.value, whole.value + j.batch.pairs.first, 8 * r.n) ==
                  0);
        free_results(&r);
    }
    free_results(&whole);
    close_job(&j);
}

Test(batch, roots_channels_and_a_second_file, RAW_FOLDER)
{
    job j;
    bw_error err = BW_ERROR_INIT;
    open_job(&j, 2, BW_NORMALIZE_SUM, 12, NULL, 0);
    results cost = run_whole(&j, 1);
    j.batch.root = 2;
    results distance = run_whole(&j, 1);
    for (uint64_t k = 0; k < cost.n; k++)
        cr_assert_eq(distance.value[k], sqrt(cost.value[k]));
    /* 2 channels: 6 images, of which the last 4 are the second file. */
    j.batch.n_channels = 2;
    j.batch.first_b = 2;
    j.batch.transport = (bw_transport_options){.with_certificate = true};
    OK(bw_pairs_init(&j.batch.pairs, BW_PAIRS_CROSS, 2, 4, 0, NULL, 0, &err));
    results cross = run_whole(&j, 1);
    bw_pairs all;
    OK(bw_pairs_init(&all, BW_PAIRS_ALL, 12, 12, 0, NULL, 0, &err));
    for (uint64_t k = 0; k < cross.n; k++) {
        double sum = 0;
        for (uint64_t c = 0; c < 2; c++)
            for (uint64_t q = 0; q < all.n; q++) {
                uint32_t pair[2];
                bw_pairs_get(&all, q, pair);
                if (pair[0] == k / 4 * 2 + c && pair[1] == (2 + k % 4) * 2 + c)
                    sum += distance.value[q];
            }
        cr_assert_eq(cross.value[k], sum / 2);
    }
    free_results(&cost);
    free_results(&distance);
    free_results(&cross);
    close_job(&j);
}

Test(batch, divergences, RAW_FOLDER)
{
    job j;
    double work[N_BINS] = {0};
    open_job(&j, 2, BW_NORMALIZE_SUM, 12, NULL, 0);
    j.batch.transport = (bw_transport_options){.method = BW_METHOD_AUTO};
    for (int m = BW_METRIC_KL; m <= BW_METRIC_TV; m++) {
        j.batch.metric = (bw_metric)m;
        results r = run_whole(&j, 2);
        for (uint64_t k = 0; k < r.n; k++) {
            uint32_t pair[2];
            bw_pairs_get(&j.batch.pairs, k, pair);
            bw_histogram a = bw_histograms_get(j.set, pair[0]);
            bw_histogram b = bw_histograms_get(j.set, pair[1]);
            double want =
                bw_divergence_compute((bw_divergence)(m - BW_METRIC_KL), &a, &b,
                                      BW_NORMALIZE_SUM, work);
            cr_assert_eq(r.value[k], want);
        }
        free_results(&r);
    }
    close_job(&j);
}

/* ---- stops and failures ---- */

static int n_until_stop;

static int stop_soon(void)
{
    return n_until_stop-- <= 0;
}

/* Stopped again and again, a run ends with what one that was not gives. */
Test(batch, stopped_and_continued_it_ends_the_same, RAW_FOLDER)
{
    job j;
    open_job(&j, 2, BW_NORMALIZE_SUM, 60, NULL, 0);
    results want = run_whole(&j, 1);
    cr_assert_eq(unlink("j"), 0);
    bw_status status = BW_ERR_INTERRUPTED;
    int n_stops = 0;
    j.batch.stopped = stop_soon;
    for (; status; n_stops++) {
        cr_assert(n_stops < 1000);
        n_until_stop = 37;
        j.batch.n_threads = 1;
        j.err = (bw_error)BW_ERROR_INIT;
        status = run_on(&j);
        cr_assert(status == BW_OK || status == BW_ERR_INTERRUPTED, "%s",
                  j.err.text);
    }
    cr_expect(n_stops > 5, "%d", n_stops);
    results r = read_results(&j);
    check_same(&want, &r);
    free_results(&r);
    free_results(&want);
    close_job(&j);
}

Test(batch, a_stop_says_how_far_it_came, RAW_FOLDER)
{
    job j;
    open_job(&j, 2, BW_NORMALIZE_SUM, 30, NULL, 0);
    j.batch.stopped = stop_soon;
    n_until_stop = 10;
    cr_assert_eq(run_on(&j), BW_ERR_INTERRUPTED);
    results r = read_results(&j);
    char text[80];
    snprintf(text, sizeof text, "stopped after %llu of 435 pairs",
             (unsigned long long)r.n);
    cr_expect_str_eq(j.err.text, text);
    cr_expect(r.n > 0 && r.n < 435);
    free_results(&r);
    close_job(&j);
}

/* The second question comes from within the only pair, which is left for the
 * next run. */
Test(batch, a_stop_ends_a_pair_that_takes_long, RAW_FOLDER)
{
    job j;
    open_job(&j, 2, BW_NORMALIZE_SUM, 2, NULL, 0);
    results want = run_whole(&j, 1);
    cr_assert_eq(unlink("j"), 0);
    j.batch.transport.method = BW_METHOD_SIMPLEX;
    j.batch.n_threads = 1;
    j.batch.stopped = stop_soon;
    n_until_stop = 1;
    cr_assert_eq(run_on(&j), BW_ERR_INTERRUPTED);
    cr_expect_str_eq(j.err.text, "stopped after 0 of 1 pairs");
    n_until_stop = 1 << 30;
    j.err = (bw_error)BW_ERROR_INIT;
    cr_assert_eq(run_on(&j), BW_OK, "%s", j.err.text);
    results r = read_results(&j);
    cr_expect_eq(r.value[0], want.value[0]);
    free_results(&r);
    free_results(&want);
    close_job(&j);
}

/* Pairs (0, 17), (0, 23), ... cannot be solved: the first of them is named, and
 * all before it are kept, however many threads met a later one first. */
Test(batch, an_error_names_the_lowest_pair, RAW_FOLDER)
{
    static const size_t odd[] = {17, 18, 19, 23};
    for (uint64_t n_threads = 1; n_threads <= 5; n_threads++)
        for (int t = 0; t < 20; t++) {
            job j;
            open_job(&j, 2, BW_NORMALIZE_NONE, 30, odd, 4);
            j.batch.n_threads = n_threads;
            cr_assert_eq(run_on(&j), BW_ERR_RANGE);
            cr_assert_str_eq(j.err.text,
                             "pair 16 (0, 17): masses differ: their "
                             "sums are 100 and 105");
            results r = read_results(&j);
            cr_assert_eq(r.n, 16, "%llu threads: %llu pairs",
                         (unsigned long long)n_threads,
                         (unsigned long long)r.n);
            free_results(&r);
            close_job(&j);
            (void)!unlink("j");
        }
}

Test(batch, a_gap_over_the_tolerance_is_an_error, RAW_FOLDER)
{
    job j;
    open_job(&j, 2, BW_NORMALIZE_SUM, 4, NULL, 0);
    j.batch.tolerance = -1;
    cr_expect_eq(run_on(&j), BW_ERR_CERTIFICATE);
    cr_expect(strncmp(j.err.text, "pair 0 (0, 1): the gap 0 ", 25) == 0, "%s",
              j.err.text);
    close_job(&j);
}

Test(batch, no_pairs_are_no_work, RAW_FOLDER)
{
    job j;
    open_job(&j, 2, BW_NORMALIZE_SUM, 1, NULL, 0);
    cr_expect_eq(j.batch.pairs.n, 0);
    cr_expect_eq(run_on(&j), BW_OK, "%s", j.err.text);
    close_job(&j);
}
