/* conv_thin.c - convolutions with few channels on a side: sets of windows,
 * packing of weights, and tasks. The loops are conv_thin_kernel.c's. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/isa.h"
#include "nn/conv_line.h"

/* Tasks are cut until there are that many, where the shape allows: groups of
 * items first, then rows or channels. */
enum { N_TASKS = 16 };
/* Gradients of at most so many sets of groups are kept apart. */
enum { MAX_CHUNKS = 8 };
enum { LINE = 64 };

typedef struct thin_windows {
    bw_conv_thin_windows windows;
    float *weight;
    /* A tap (t, u) is entry r = row + t row_step, and columns alike, of A. */
    ptrdiff_t row, row_step, column, column_step;
} thin_windows;

typedef struct direction {
    size_t n;
    thin_windows *windows;
    bw_conv_line line; /* instead of windows, where they are lines */
    float *weight;     /* of all */
} direction;

typedef struct thin {
    const bw_conv_thin_kernel *kernel;
    direction to_y, to_x;
    size_t n_weight; /* entries of A */
    bool is_line;    /* conv_line.h does it */
    size_t n_sums;   /* n_weight, or points of lines */
    float *sums;     /* n_sums vectors a worker */
    float *partial;  /* MAX_CHUNKS gradients */
    size_t n_room;
    float *room; /* n_room floats a worker, of lines */
} thin;

/* ---- planning ---- */

static ptrdiff_t divide_up(ptrdiff_t a, ptrdiff_t b)
{
    return a > 0 ? (a + b - 1) / b : 0;
}

/* Fills in the places whose windows lie inside the source. */
static void find_inner(bw_conv_thin_axis *axis)
{
    ptrdiff_t n = (ptrdiff_t)axis->n, stride = (ptrdiff_t)axis->stride;
    ptrdiff_t last = (ptrdiff_t)axis->size - (ptrdiff_t)axis->taps;
    ptrdiff_t inner = divide_up(-axis->start, stride);
    ptrdiff_t end = divide_up(last - axis->start + 1, stride);
    inner = inner < n ? inner : n;
    end = end < n ? end : n;
    axis->inner = (size_t)inner;
    axis->inner_end = (size_t)(end > inner ? end : inner);
}

/* Windows of the n pixels of y over `size` pixels of x. */
static bw_conv_thin_axis axis_to_y(size_t n, size_t taps, size_t stride,
                                   size_t before, size_t size)
{
    bw_conv_thin_axis axis = {.n = n,
                              .first = 0,
                              .step = 1,
                              .start = -(ptrdiff_t)before,
                              .stride = stride,
                              .taps = taps,
                              .size = size};
    find_inner(&axis);
    return axis;
}

/* Windows over `size` pixels of y of those of the n pixels of x for which
 * pixel + before is phase modulo stride. */
static bw_conv_thin_axis axis_to_x(size_t n, size_t taps, size_t stride,
                                   size_t before, size_t size, size_t phase)
{
    size_t first = (phase + stride - before % stride) % stride;
    bw_conv_thin_axis axis = {
        .n = first < n ? (n - 1 - first) / stride + 1 : 0,
        .first = first,
        .step = stride,
        .stride = 1,
        .taps = phase < taps ? (taps - 1 - phase) / stride + 1 : 0,
        .size = size};
    axis.start = (ptrdiff_t)((first + before - phase) / stride) -
                 (ptrdiff_t)axis.taps + 1;
    find_inner(&axis);
    return axis;
}

static void plan_to_y(const bw_conv_shape *s, thin_windows *w)
{
    *w = (thin_windows){
        .windows = {.row = axis_to_y(s->p, s->kh, s->stride, s->top, s->h),
                    .column = axis_to_y(s->q, s->kw, s->stride, s->left, s->w),
                    .source_c = s->c,
                    .target_c = s->o,
                    .target_w = s->q},
        .row_step = 1,
        .column_step = 1};
}

static void plan_to_x(const bw_conv_shape *s, size_t row, size_t column,
                      thin_windows *w)
{
    ptrdiff_t stride = (ptrdiff_t)s->stride;
    *w = (thin_windows){
        .windows = {.row = axis_to_x(s->h, s->kh, s->stride, s->top, s->p, row),
                    .column = axis_to_x(s->w, s->kw, s->stride, s->left, s->q,
                                        column),
                    .source_c = s->o,
                    .target_c = s->c,
                    .target_w = s->w},
        .row_step = -stride,
        .column_step = -stride};
    w->row = (ptrdiff_t)row + stride * ((ptrdiff_t)w->windows.row.taps - 1);
    w->column =
        (ptrdiff_t)column + stride * ((ptrdiff_t)w->windows.column.taps - 1);
}

static void *lines(size_t n_floats, size_t *n_bytes)
{
    size_t size = (n_floats * sizeof(float) / LINE + 1) * LINE;
    *n_bytes += size;
    return aligned_alloc(LINE, size);
}

static bw_status plan_windows(const bw_conv_shape *s, bool is_to_x,
                              direction *d, size_t *n_bytes, bw_error *err)
{
    size_t n = is_to_x ? s->stride : 1;
    d->windows = calloc(n * n, sizeof *d->windows);
    d->weight = lines(s->o * s->c * s->kh * s->kw, n_bytes);
    if (!d->windows || !d->weight)
        return bw_error_memory(err);
    *n_bytes += n * n * sizeof *d->windows;
    d->n = n * n;
    float *weight = d->weight;
    for (size_t k = 0; k < d->n; k++) {
        thin_windows *w = &d->windows[k];
        if (is_to_x)
            plan_to_x(s, k / n, k % n, w);
        else
            plan_to_y(s, w);
        w->weight = weight;
        w->windows.weight = weight;
        weight += s->o * s->c * w->windows.row.taps * w->windows.column.taps;
    }
    return BW_OK;
}

static bw_status plan_line(const bw_conv_shape *s, bool is_to_x, direction *d,
                           size_t *n_bytes, bw_error *err)
{
    d->weight = lines(bw_conv_line_n_weight(s), n_bytes);
    d->line = bw_conv_line_plan(s, is_to_x);
    d->line.weight = d->weight;
    return d->weight ? BW_OK : bw_error_memory(err);
}

static void thin_destroy(void *state)
{
    thin *t = state;
    if (!t)
        return;
    free(t->to_y.windows);
    free(t->to_y.weight);
    free(t->to_x.windows);
    free(t->to_x.weight);
    free(t->sums);
    free(t->partial);
    free(t->room);
    free(t);
}

static bw_status plan_direction(const thin *t, const bw_conv_shape *s,
                                bool is_to_x, direction *d, size_t *n_bytes,
                                bw_error *err)
{
    return t->is_line ? plan_line(s, is_to_x, d, n_bytes, err)
                      : plan_windows(s, is_to_x, d, n_bytes, err);
}

static bw_status plan_weight(thin *t, size_t n_workers, size_t *n_bytes,
                             bw_error *err)
{
    t->sums = lines(t->n_sums * BW_LANES * n_workers, n_bytes);
    t->partial = lines(t->n_weight * MAX_CHUNKS, n_bytes);
    return t->sums && t->partial ? BW_OK : bw_error_memory(err);
}

static bw_status thin_create(bw_conv *conv, size_t *n_bytes, bw_error *err)
{
    const bw_conv_shape *s = &conv->shape;
    bw_status status = BW_OK;
    thin *t = calloc(1, sizeof *t);
    conv->state = t;
    if (!t)
        return bw_error_memory(err);
    *n_bytes += sizeof *t;
    t->kernel = bw_conv_thin_choose();
    t->n_weight = s->o * s->c * s->kh * s->kw;
    t->is_line = bw_conv_line_fits(s);
    t->n_sums = t->is_line ? bw_conv_line_n_weight(s) : t->n_weight;
    if (t->is_line) {
        t->n_room = bw_conv_line_room(s);
        t->room = lines(t->n_room * bw_tasks_n_workers(conv->tasks), n_bytes);
        if (!t->room)
            return bw_error_memory(err);
    }
    if (conv->passes & BW_CONV_TO_Y)
        status = plan_direction(t, s, false, &t->to_y, n_bytes, err);
    if (!status && conv->passes & BW_CONV_TO_X)
        status = plan_direction(t, s, true, &t->to_x, n_bytes, err);
    if (!status && conv->passes & BW_CONV_WEIGHT)
        status = plan_weight(t, bw_tasks_n_workers(conv->tasks), n_bytes, err);
    return status;
}

/* ---- weights ---- */

/* A block of target channels of one tap; steps are those of A. */
static float *pack_tap(const bw_conv_thin_windows *w, size_t first, size_t end,
                       const float *tap, size_t source_step, size_t target_step,
                       float *to)
{
    for (size_t c = 0; c < w->source_c; c++)
        for (size_t o = first; o < end; o++)
            *to++ = tap[c * source_step + o * target_step];
    return to;
}

static void pack_windows(const bw_conv_shape *s, const thin_windows *tw,
                         bool is_to_x, size_t block, const float *weight)
{
    const bw_conv_thin_windows *w = &tw->windows;
    size_t taps = s->kh * s->kw;
    size_t source_step = is_to_x ? s->c * taps : taps;
    size_t target_step = is_to_x ? taps : s->c * taps;
    size_t n_blocks = bw_conv_thin_n_blocks(w->target_c, block);
    float *to = tw->weight;
    for (size_t b = 0; b < n_blocks; b++)
        for (size_t i = 0; i < w->row.taps; i++)
            for (size_t j = 0; j < w->column.taps; j++) {
                ptrdiff_t r = tw->row + (ptrdiff_t)i * tw->row_step;
                ptrdiff_t c = tw->column + (ptrdiff_t)j * tw->column_step;
                to = pack_tap(w, bw_conv_thin_block(w->target_c, n_blocks, b),
                              bw_conv_thin_block(w->target_c, n_blocks, b + 1),
                              weight + r * (ptrdiff_t)s->kw + c, source_step,
                              target_step, to);
            }
}

static void pack_direction(const bw_conv *conv, const direction *d,
                           bool is_to_x, const float *weight)
{
    const thin *t = conv->state;

    if (t->is_line && d->weight)
        bw_conv_line_pack(&d->line, is_to_x, t->kernel->block, weight);
    for (size_t k = 0; k < d->n; k++)
        pack_windows(&conv->shape, &d->windows[k], is_to_x, t->kernel->block,
                     weight);
}

static void thin_pack(bw_conv *conv, const float *weight)
{
    const thin *t = conv->state;

    pack_direction(conv, &t->to_y, false, weight);
    pack_direction(conv, &t->to_x, true, weight);
}

/* ---- to y, to x ---- */

typedef struct apply_job {
    const thin *thin;
    const direction *direction;
    bw_conv_thin_end end; /* mask: of all groups */
    const float *source;
    float *target;
    size_t source_n, target_n; /* floats of a group */
    size_t n_rows, n_bands;
} apply_job;

/* A band of one group. */
static void apply_task(void *arg, size_t task, size_t worker)
{
    const apply_job *job = arg;
    const thin *t = job->thin;
    size_t group = task / job->n_bands, band = task % job->n_bands;
    bw_conv_thin_end end = job->end;
    const float *source = job->source + group * job->source_n;
    float *target = job->target + group * job->target_n;

    if (end.mask)
        end.mask += group * job->target_n;
    if (t->is_line)
        t->kernel->line->apply(
            &job->direction->line,
            bw_conv_thin_block(job->n_rows, job->n_bands, band),
            bw_conv_thin_block(job->n_rows, job->n_bands, band + 1), &end,
            source, target, t->room + worker * t->n_room);
    for (size_t k = 0; k < job->direction->n; k++) {
        const bw_conv_thin_windows *w = &job->direction->windows[k].windows;
        size_t row = bw_conv_thin_block(w->row.n, job->n_bands, band);
        size_t row_end = bw_conv_thin_block(w->row.n, job->n_bands, band + 1);

        t->kernel->apply(w, row, row_end, &end, source, target);
    }
}

/* Bands of a line share rows of points: no more of them than need be. */
static void apply(const bw_conv *conv, apply_job *job, size_t n, size_t n_rows)
{
    const thin *t = conv->state;
    size_t n_groups = bw_conv_thin_n_blocks(n, BW_LANES);
    size_t n_bands = bw_conv_thin_n_blocks(N_TASKS, n_groups);

    if (t->is_line)
        n_bands = bw_conv_thin_n_blocks(n_rows, BW_LINE_ROWS);
    job->thin = t;
    job->n_rows = n_rows;
    job->n_bands = n_bands < n_rows ? n_bands : n_rows;
    bw_tasks_run(conv->tasks, n_groups * job->n_bands, apply_task, job);
}

static void thin_to_y(bw_conv *conv, size_t n, const float *x,
                      const float *opt_bias, bool relu, float *y)
{
    const bw_conv_shape *s = &conv->shape;
    const thin *t = conv->state;
    apply_job job = {.direction = &t->to_y,
                     .end = {.bias = opt_bias, .relu = relu},
                     .source = x,
                     .target = y,
                     .source_n = s->h * s->w * s->c * BW_LANES,
                     .target_n = s->p * s->q * s->o * BW_LANES};
    apply(conv, &job, n, s->p);
}

static void end_to_x(bw_conv *conv, size_t n, const float *y,
                     bw_conv_thin_end end, float *x)
{
    const bw_conv_shape *s = &conv->shape;
    const thin *t = conv->state;
    apply_job job = {.direction = &t->to_x,
                     .end = end,
                     .source = y,
                     .target = x,
                     .source_n = s->p * s->q * s->o * BW_LANES,
                     .target_n = s->h * s->w * s->c * BW_LANES};
    apply(conv, &job, n, s->h);
}

static void thin_to_x(bw_conv *conv, size_t n, const float *y,
                      const float *opt_bias, bool relu, float *x)
{
    end_to_x(conv, n, y, (bw_conv_thin_end){.bias = opt_bias, .relu = relu}, x);
}

static void thin_to_x_masked(bw_conv *conv, size_t n, const float *y,
                             const float *mask, float *x)
{
    end_to_x(conv, n, y, (bw_conv_thin_end){.mask = mask}, x);
}

/* ---- gradient of the weights ---- */

typedef struct weight_job {
    const bw_conv *conv;
    const float *x, *y;
    size_t n_groups, n_chunks;
    size_t n_many, n_cuts; /* channels of the side that is cut, and into how
                              many ranges */
} weight_job;

static void weight_task(void *arg, size_t task, size_t worker)
{
    const weight_job *job = arg;
    const bw_conv_shape *s = &job->conv->shape;
    const thin *t = job->conv->state;
    size_t chunk = task / job->n_cuts, cut = task % job->n_cuts;
    bw_conv_thin_part part = {
        .shape = s,
        .many = bw_conv_thin_block(job->n_many, job->n_cuts, cut),
        .many_end = bw_conv_thin_block(job->n_many, job->n_cuts, cut + 1)};
    size_t n_sums = t->n_sums / job->n_many * (part.many_end - part.many);
    float *sums = t->sums + worker * t->n_sums * BW_LANES;
    float *partial = t->partial + chunk * t->n_weight;
    float *room = t->is_line ? t->room + worker * t->n_room : NULL;
    size_t group = bw_conv_thin_block(job->n_groups, job->n_chunks, chunk);
    size_t end = bw_conv_thin_block(job->n_groups, job->n_chunks, chunk + 1);
    memset(sums, 0, n_sums * BW_LANES * sizeof *sums);
    for (; group < end; group++) {
        const float *x = job->x + group * s->h * s->w * s->c * BW_LANES;
        const float *y = job->y + group * s->p * s->q * s->o * BW_LANES;

        if (t->is_line)
            t->kernel->line->weight(&part, x, y, sums, room);
        else
            t->kernel->weight(&part, x, y, sums);
    }
    if (t->is_line) {
        t->kernel->line->fold(&part, sums, room);
        bw_conv_line_unpack(&part, room, partial);
    } else {
        t->kernel->fold(&part, sums, partial);
    }
}

static void thin_weight(bw_conv *conv, size_t n, const float *x, const float *y,
                        float *dweight)
{
    const bw_conv_shape *s = &conv->shape;
    const thin *t = conv->state;
    weight_job job = {.conv = conv,
                      .x = x,
                      .y = y,
                      .n_groups = bw_conv_thin_n_blocks(n, BW_LANES),
                      .n_many = s->c <= s->o ? s->o : s->c};
    job.n_chunks = job.n_groups < MAX_CHUNKS ? job.n_groups : MAX_CHUNKS;
    size_t n_cuts = bw_conv_thin_n_blocks(N_TASKS, job.n_chunks);
    /* Narrower ranges would leave a tile too few sums to keep busy. */
    size_t few = t->n_weight / (s->kh * s->kw) / job.n_many;
    size_t most = bw_conv_thin_n_blocks(job.n_many, few < 3 ? 10 : 5);
    job.n_cuts = n_cuts < most ? n_cuts : most;
    /* Each range of lines takes the few to their points once more. */
    if (t->is_line && job.n_cuts > 2)
        job.n_cuts = 2;
    bw_tasks_run(conv->tasks, job.n_chunks * job.n_cuts, weight_task, &job);
    for (size_t chunk = 0; chunk < job.n_chunks; chunk++) {
        const float *partial = t->partial + chunk * t->n_weight;
        for (size_t k = 0; k < t->n_weight; k++)
            dweight[k] += partial[k];
    }
}

/* ---- choice of the kernel ---- */

const bw_conv_thin_kernel *bw_conv_thin_choose(void)
{
#ifdef BW_X86_64
    static const bw_conv_thin_kernel *const all[] = {
        &bw_conv_thin_kernel_plain, &bw_conv_thin_kernel_avx2,
        &bw_conv_thin_kernel_avx512};

    return all[bw_isa_get()];
#else
    return &bw_conv_thin_kernel_plain;
#endif
}

const bw_conv_way_ops bw_conv_thin_ops = {.way = BW_WAY_THIN,
                                          .create = thin_create,
                                          .destroy = thin_destroy,
                                          .pack = thin_pack,
                                          .to_y = thin_to_y,
                                          .to_x = thin_to_x,
                                          .to_x_masked = thin_to_x_masked,
                                          .weight = thin_weight};
