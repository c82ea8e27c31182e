/* layout.c - how a batch stands in memory, and the ways from one to another.
 *
 * Every way is a set of transpositions of matrices whose rows lie apart: items
 * against values, or pixels against channels. They go by tiles of 4 x 4 in
 * vectors of four floats, which every machine has.
 */
#include "config.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "nn/cut.h"
#include "nn/layout.h"

/* Floats that a task copies, more or less: 64 KiB of source. */
enum { N_TASK = 1 << 14 };

typedef float vec4 __attribute__((vector_size(16)));

typedef struct layout_job {
    size_t n, n_values; /* of an item */
    size_t n_pixels, n_channels;
    bool is_lanes; /* the image */
    size_t chunk;  /* values or channels a task */
    size_t n_chunks;
    const float *from;
    float *to;
} layout_job;

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static vec4 load(const float *p)
{
    vec4 v;

    memcpy(&v, p, sizeof v);
    return v;
}

static void store(float *p, vec4 v)
{
    memcpy(p, &v, sizeof v);
}

static void transpose_tile(const float *a, size_t lda, float *b, size_t ldb)
{
    vec4 r0 = load(a), r1 = load(a + lda);
    vec4 r2 = load(a + 2 * lda), r3 = load(a + 3 * lda);
    vec4 t0 = __builtin_shufflevector(r0, r1, 0, 4, 1, 5);
    vec4 t1 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5);
    vec4 t2 = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
    vec4 t3 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);

    store(b, __builtin_shufflevector(t0, t1, 0, 1, 4, 5));
    store(b + ldb, __builtin_shufflevector(t0, t1, 2, 3, 6, 7));
    store(b + 2 * ldb, __builtin_shufflevector(t2, t3, 0, 1, 4, 5));
    store(b + 3 * ldb, __builtin_shufflevector(t2, t3, 2, 3, 6, 7));
}

/* b[j ldb + i] = a[i lda + j] for i < m, j < n. */
static void transpose(size_t m, size_t n, const float *a, size_t lda, float *b,
                      size_t ldb)
{
    size_t m4 = m - m % 4, n4 = n - n % 4;

    for (size_t j = 0; j < n4; j += 4)
        for (size_t i = 0; i < m4; i += 4)
            transpose_tile(a + i * lda + j, lda, b + j * ldb + i, ldb);
    for (size_t i = 0; i < m; i++)
        for (size_t j = i < m4 ? n4 : 0; j < n; j++)
            b[j * ldb + i] = a[i * lda + j];
}

/* Lanes n to 15 of n_values values. */
static void clear_lanes(size_t n, size_t n_values, float *lanes)
{
    if (n == BW_LANES)
        return;
    for (size_t v = 0; v < n_values; v++)
        memset(lanes + v * BW_LANES + n, 0, (BW_LANES - n) * sizeof(float));
}

/* What a task of (group of 16 items, chunk) is about. */
typedef struct layout_part {
    size_t item, n_items;
    size_t first, n; /* values or channels */
} layout_part;

static layout_part part_of(const layout_job *job, size_t task, size_t n_all)
{
    size_t item = task / job->n_chunks * BW_LANES;
    size_t first = task % job->n_chunks * job->chunk;

    return (layout_part){.item = item,
                         .n_items = least(BW_LANES, job->n - item),
                         .first = first,
                         .n = least(job->chunk, n_all - first)};
}

static void to_lanes(void *arg, size_t task, size_t worker)
{
    const layout_job *job = arg;
    layout_part part = part_of(job, task, job->n_values);
    float *to = job->to + part.item * job->n_values + part.first * BW_LANES;

    (void)worker;
    transpose(part.n_items, part.n,
              job->from + part.item * job->n_values + part.first, job->n_values,
              to, BW_LANES);
    clear_lanes(part.n_items, part.n, to);
}

static void to_rows(void *arg, size_t task, size_t worker)
{
    const layout_job *job = arg;
    layout_part part = part_of(job, task, job->n_values);

    (void)worker;
    transpose(part.n, part.n_items,
              job->from + part.item * job->n_values + part.first * BW_LANES,
              BW_LANES, job->to + part.item * job->n_values + part.first,
              job->n_values);
}

static void flatten_lanes(const layout_job *job, layout_part part)
{
    const float *from = job->from + part.item * job->n_values;
    float *to = job->to + part.item * job->n_values;

    for (size_t c = part.first; c < part.first + part.n; c++)
        transpose(job->n_pixels, part.n_items, from + c * BW_LANES,
                  job->n_channels * BW_LANES, to + c * job->n_pixels,
                  job->n_values);
}

static void unflatten_lanes(const layout_job *job, layout_part part)
{
    const float *from = job->from + part.item * job->n_values;
    float *to = job->to + part.item * job->n_values;

    for (size_t c = part.first; c < part.first + part.n; c++) {
        transpose(part.n_items, job->n_pixels, from + c * job->n_pixels,
                  job->n_values, to + c * BW_LANES, job->n_channels * BW_LANES);
        for (size_t p = 0; p < job->n_pixels; p++)
            clear_lanes(part.n_items, 1,
                        to + (p * job->n_channels + c) * BW_LANES);
    }
}

static void flatten(void *arg, size_t task, size_t worker)
{
    const layout_job *job = arg;
    layout_part part = part_of(job, task, job->n_channels);

    (void)worker;
    if (job->is_lanes) {
        flatten_lanes(job, part);
        return;
    }
    for (size_t i = part.item; i < part.item + part.n_items; i++)
        transpose(job->n_pixels, part.n,
                  job->from + i * job->n_values + part.first, job->n_channels,
                  job->to + i * job->n_values + part.first * job->n_pixels,
                  job->n_pixels);
}

static void unflatten(void *arg, size_t task, size_t worker)
{
    const layout_job *job = arg;
    layout_part part = part_of(job, task, job->n_channels);

    (void)worker;
    if (job->is_lanes) {
        unflatten_lanes(job, part);
        return;
    }
    for (size_t i = part.item; i < part.item + part.n_items; i++)
        transpose(part.n, job->n_pixels,
                  job->from + i * job->n_values + part.first * job->n_pixels,
                  job->n_pixels, job->to + i * job->n_values + part.first,
                  job->n_channels);
}

/* Runs a job cut by groups of items and by chunks of n_all parts of n_each
 * values. */
static void run(bw_tasks *tasks, layout_job *job, size_t n_all, size_t n_each,
                bw_task task)
{
    if (job->n == 0 || n_all == 0)
        return;
    job->chunk = bw_cut_count(N_TASK / BW_LANES, n_each);
    job->n_chunks = bw_cut_count(n_all, job->chunk);
    bw_tasks_run(tasks, bw_cut_count(job->n, BW_LANES) * job->n_chunks, task,
                 job);
}

static layout_job image_job(size_t n, bw_shape shape, bw_layout layout,
                            const float *from, float *to)
{
    return (layout_job){.n = n,
                        .n_values = shape.h * shape.w * shape.c,
                        .n_pixels = shape.h * shape.w,
                        .n_channels = shape.c,
                        .is_lanes = layout == BW_LAYOUT_LANES,
                        .from = from,
                        .to = to};
}

size_t bw_layout_n(bw_layout layout, size_t n, size_t n_values)
{
    if (layout == BW_LAYOUT_LANES)
        n = bw_cut_count(n, BW_LANES) * BW_LANES;
    return n * n_values;
}

void bw_layout_to_lanes(bw_tasks *tasks, size_t n, size_t n_values,
                        const float *rows, float *lanes)
{
    layout_job job = {.n = n, .n_values = n_values, .from = rows, .to = lanes};

    run(tasks, &job, n_values, 1, to_lanes);
}

void bw_layout_to_rows(bw_tasks *tasks, size_t n, size_t n_values,
                       const float *lanes, float *rows)
{
    layout_job job = {.n = n, .n_values = n_values, .from = lanes, .to = rows};

    run(tasks, &job, n_values, 1, to_rows);
}

void bw_layout_flatten(bw_tasks *tasks, size_t n, bw_shape shape,
                       bw_layout layout, const float *image, float *flat)
{
    layout_job job = image_job(n, shape, layout, image, flat);

    run(tasks, &job, shape.c, shape.h * shape.w, flatten);
}

void bw_layout_unflatten(bw_tasks *tasks, size_t n, bw_shape shape,
                         bw_layout layout, const float *flat, float *image)
{
    layout_job job = image_job(n, shape, layout, flat, image);

    run(tasks, &job, shape.c, shape.h * shape.w, unflatten);
}
