/* conv_line_kernel.c - the loops of conv_line.h, compiled once an instruction
 * set: BW_CONV_LINE_KERNEL is the name of the table that this object defines.
 *
 * A column of tiles is done at a time, so that its points stay in the second
 * cache: [point][row][tile][channel][lane].
 *
 *   ways to points and back, of vectors
 *   patches     4 or 8 pixels of each row of a band, zeros outside
 *   apply       to points, tiles of products over 5 rows below each other, back
 *   weight      to points on both sides, sums over rows and tiles
 *   fold        sums of lanes
 */
#include "config.h"

#include <string.h>

#include "nn/conv_line.h"
#include "nn/conv_thin_vector.h"
#include "nn/cut.h"

enum {
    LANES = BW_LANES,
    WIDTH = sizeof(vec) / sizeof(float),
    POINTS = BW_LINE_POINTS,
    OUTPUTS = BW_LINE_OUTPUTS,
    FEW_ROWS = 5
};

extern const bw_conv_thin_kernel BW_CONV_THIN_KERNEL;

/* ---- points ---- */

/* V = B d: n floats of each pixel, points `plane` apart. */
static void points_of_pixels(size_t n, const float *const d[POINTS], float *v,
                             size_t plane)
{
    vec c21 = set(5.25f), c17 = set(-4.25f), quarter = set(0.25f);
    vec c5 = set(-1.25f), half = set(0.5f), c10 = set(-2.5f), two = set(2);
    vec four = set(4), five = set(-5);

    for (size_t k = 0; k < n; k += WIDTH) {
        vec d0 = load(d[0] + k), d1 = load(d[1] + k);
        vec d2 = load(d[2] + k), d3 = load(d[3] + k);
        vec d4 = load(d[4] + k), d5 = load(d[5] + k);
        vec d6 = load(d[6] + k), d7 = load(d[7] + k);
        vec even, odd;

        store(v + k, fma_of(c21, d4 - d2, d0 - d6));
        store(v + 7 * plane + k, fma_of(c21, d3 - d5, d7 - d1));
        even = fma_of(c17, d4, d2 + d6);
        odd = fma_of(c17, d3, d1 + d5);
        store(v + plane + k, even + odd);
        store(v + 2 * plane + k, even - odd);
        even = fma_of(quarter, d2, fma_of(c5, d4, d6));
        odd = fma_of(two, d5, fma_of(c10, d3, half * d1));
        store(v + 3 * plane + k, even + odd);
        store(v + 4 * plane + k, even - odd);
        even = fma_of(four, d2, fma_of(five, d4, d6));
        odd = fma_of(half, d5, fma_of(c10, d3, two * d1));
        store(v + 5 * plane + k, even + odd);
        store(v + 6 * plane + k, even - odd);
    }
}

/* W = A y of 4 outputs. */
static void points_of_outputs(size_t n, const float *const y[POINTS], float *w,
                              size_t plane)
{
    vec two = set(2), four = set(4), eight = set(8);
    vec half = set(0.5f), quarter = set(0.25f), eighth = set(0.125f);

    for (size_t k = 0; k < n; k += WIDTH) {
        vec y0 = load(y[0] + k), y1 = load(y[1] + k);
        vec y2 = load(y[2] + k), y3 = load(y[3] + k);
        vec even = y0 + y2, odd = y1 + y3;

        store(w + k, y0);
        store(w + plane + k, even + odd);
        store(w + 2 * plane + k, even - odd);
        even = fma_of(four, y2, y0);
        odd = fma_of(eight, y3, two * y1);
        store(w + 3 * plane + k, even + odd);
        store(w + 4 * plane + k, even - odd);
        even = fma_of(quarter, y2, y0);
        odd = fma_of(eighth, y3, half * y1);
        store(w + 5 * plane + k, even + odd);
        store(w + 6 * plane + k, even - odd);
        store(w + 7 * plane + k, y3);
    }
}

/* y = A' M. */
INLINE void outputs_of_points(const float *m, size_t plane, vec y[OUTPUTS])
{
    vec m1 = load(m + plane), m2 = load(m + 2 * plane);
    vec m3 = load(m + 3 * plane), m4 = load(m + 4 * plane);
    vec m5 = load(m + 5 * plane), m6 = load(m + 6 * plane);
    vec sum1 = m1 + m2, sum2 = m3 + m4, sum3 = m5 + m6;
    vec gap1 = m1 - m2, gap2 = m3 - m4, gap3 = m5 - m6;

    y[0] = load(m) + sum1 + (sum2 + sum3);
    y[1] = fma_of(set(2), gap2, fma_of(set(0.5f), gap3, gap1));
    y[2] = fma_of(set(4), sum2, fma_of(set(0.25f), sum3, sum1));
    y[3] = fma_of(set(8), gap2, fma_of(set(0.125f), gap3, gap1)) +
           load(m + 7 * plane);
}

/* ---- patches ---- */

/* What goes to points: rows of an image of w columns and all its channels, of
 * which n_channels from `channel` on are wanted. */
typedef struct patch_source {
    const float *image;
    size_t h, w, n_all, channel, n_channels;
} patch_source;

typedef void points_function(size_t n, const float *const from[POINTS],
                             float *points, size_t plane);

/* n pixels from (row, column) on, to the points at `to`; those outside are
 * `zeros`, as many as a pixel's values. */
static void lift_row(const patch_source *s, ptrdiff_t row, ptrdiff_t column,
                     size_t n, points_function *lift, const float *zeros,
                     float *to, size_t plane)
{
    size_t size = s->n_channels * LANES, pixel = s->n_all * LANES;
    const float *from[POINTS] = {NULL};

    if (row < 0 || row >= (ptrdiff_t)s->h) {
        for (size_t p = 0; p < POINTS; p++)
            memset(to + p * plane, 0, size * sizeof *to);
        return;
    }
    for (size_t k = 0; k < n; k++) {
        ptrdiff_t at = column + (ptrdiff_t)k;
        size_t place = (size_t)row * s->w + (size_t)at;

        from[k] = at < 0 || at >= (ptrdiff_t)s->w
                      ? zeros
                      : s->image + place * pixel + s->channel * LANES;
    }
    lift(size, from, to, plane);
}

/* ---- ahead ---- */

/* Lines that the next column of tiles will read or write: those of its pixels
 * in a rectangle, a run of them at a time. */
typedef struct ahead {
    const float *at;
    size_t row_step, n_rows, n_lines;
    size_t line; /* the next one, of the first row */
} ahead;

enum { N_AHEAD = 3 }; /* of the source, the target, the mask */

/* What there is of n_rows rows of 4 columns from (row, column) on. All channels
 * of a pixel are asked for, where a part of them is wanted, too. */
static ahead look_ahead(const float *image, size_t w, size_t c, size_t row,
                        size_t n_rows, ptrdiff_t column)
{
    ptrdiff_t end = column + OUTPUTS, first = column > 0 ? column : 0;

    end = end < (ptrdiff_t)w ? end : (ptrdiff_t)w;
    if (!image || first >= end)
        return (ahead){0};
    return (ahead){.at = image + (row * w + (size_t)first) * c * LANES,
                   .row_step = w * c * LANES,
                   .n_rows = n_rows,
                   .n_lines = (size_t)(end - first) * c};
}

/* The next n_lines of those that are left, or `other`. */
static const float *take_ahead(ahead all[N_AHEAD], size_t n_lines,
                               const float *other)
{
    for (size_t k = 0; k < N_AHEAD; k++) {
        ahead *a = &all[k];

        if (a->n_rows == 0)
            continue;
        const float *at = a->at + a->line * LANES;
        a->line += n_lines;
        if (a->line >= a->n_lines) {
            a->line = 0;
            a->n_rows--;
            a->at += a->row_step;
        }
        return at;
    }
    return other;
}

/* ---- apply ---- */

/* Rows of outputs from `row` on, of a column of tiles. */
typedef struct apply_job {
    const bw_conv_line *line;
    size_t row, n_rows;
    const bw_conv_thin_end *end;
    float *target;
    ahead *ahead;
} apply_job;

/* Products of a block of channels at all points: m [point][row][channel]. */
static void multiply_block(const apply_job *job, size_t block, size_t n,
                           const float *v, size_t plane, float *m)
{
    const bw_thin_tiles *tiles = BW_CONV_THIN_KERNEL.tiles;
    const bw_conv_line *line = job->line;
    size_t c = line->source_c, taps = line->kh * c;
    size_t n_tiles = bw_conv_thin_n_blocks(job->n_rows, tiles->limit[n - 1]);
    bw_apply_tile t = {.source_step = c * LANES,
                       .pitch = c * LANES,
                       .n_rows = line->kh,
                       .n_taps = c,
                       .weight_pitch = c * n,
                       .target_step = n * LANES};

    for (size_t p = 0; p < POINTS; p++) {
        t.weight = line->weight + POINTS * taps * block + p * taps * n;
        for (size_t k = 0; k < n_tiles; k++) {
            size_t row = bw_conv_thin_block(job->n_rows, n_tiles, k);
            size_t end = bw_conv_thin_block(job->n_rows, n_tiles, k + 1);

            t.source = v + p * plane + row * c * LANES;
            t.ahead = take_ahead(job->ahead, taps, t.source);
            t.target = m + (p * job->n_rows + row) * n * LANES;
            tiles->apply[n - 1][end - row - 1](&t);
        }
    }
}

/* One channel of a row of a tile, n_outputs of its columns. */
INLINE void write_outputs(const bw_conv_thin_end *end, size_t n_outputs,
                          const float *m, size_t plane, float bias,
                          float *target, size_t to, size_t pixel)
{
    vec y[OUTPUTS], add = set(bias);

    outputs_of_points(m, plane, y);
    UNROLL for (size_t i = 0; i < n_outputs; i++)
    {
        vec sum = y[i] + add;

        sum = end->relu ? positive(sum) : sum;
        if (end->mask)
            sum = where_positive(load(end->mask + to + i * pixel), sum);
        store(target + to + i * pixel, sum);
    }
}

/* n_outputs columns of the block's outputs, from `column` on. */
static void write_block(const apply_job *job, size_t column, size_t n_outputs,
                        size_t block, size_t n, const float *m)
{
    const bw_conv_line *line = job->line;
    const bw_conv_thin_end *end = job->end;
    size_t pixel = line->target_c * LANES, plane = job->n_rows * n * LANES;

    for (size_t row = 0; row < job->n_rows; row++) {
        size_t first = (job->row + row) * line->target_w + column;

        for (size_t k = 0; k < n * LANES; k += WIDTH, m += WIDTH) {
            size_t to = first * pixel + block * LANES + k;
            float bias = end->bias ? end->bias[block + k / LANES] : 0;

            if (n_outputs == OUTPUTS)
                write_outputs(end, OUTPUTS, m, plane, bias, job->target, to,
                              pixel);
            else
                write_outputs(end, n_outputs, m, plane, bias, job->target, to,
                              pixel);
        }
    }
}

/* All blocks of channels of the rows. */
static void apply_rows(const apply_job *job, size_t column, const float *v,
                       size_t plane, float *m)
{
    const bw_conv_line *line = job->line;
    size_t n_blocks =
        bw_conv_thin_n_blocks(line->target_c, BW_CONV_THIN_KERNEL.block);

    for (size_t b = 0; b < n_blocks; b++) {
        size_t block = bw_conv_thin_block(line->target_c, n_blocks, b);
        size_t n = bw_conv_thin_block(line->target_c, n_blocks, b + 1) - block;

        multiply_block(job, block, n, v, plane, m);
        write_block(job, column, bw_cut_min(OUTPUTS, line->target_w - column),
                    block, n, m);
    }
}

/* The points of the side with more channels are those that should stay in the
 * first cache while products are made. */
static void kernel_apply(const bw_conv_line *line, size_t row, size_t row_end,
                         const bw_conv_thin_end *end, const float *source,
                         float *target, float *room)
{
    patch_source from = {source, line->source_h, line->source_w, line->source_c,
                         0,      line->source_c};
    size_t pixel = line->source_c * LANES;
    size_t n_rows = row_end - row + line->kh - 1, plane = n_rows * pixel;
    float *zeros = room, *v = zeros + pixel, *m = v + POINTS * plane;
    size_t step = line->target_c > line->source_c ? FEW_ROWS : BW_LINE_ROWS;

    ptrdiff_t first = (ptrdiff_t)row - line->top;
    size_t above = bw_cut_min((size_t)(first > 0 ? first : 0), line->source_h);

    memset(zeros, 0, pixel * sizeof *zeros);
    for (size_t j = 0; j < line->target_w; j += OUTPUTS) {
        ptrdiff_t next = (ptrdiff_t)(j + OUTPUTS);
        ahead all[N_AHEAD] = {
            look_ahead(source, line->source_w, line->source_c, above,
                       bw_cut_min(n_rows, line->source_h - above),
                       next - line->left + OUTPUTS),
            look_ahead(target, line->target_w, line->target_c, row,
                       row_end - row, next),
            look_ahead(end->mask, line->target_w, line->target_c, row,
                       row_end - row, next)};

        for (size_t i = 0; i < n_rows; i++)
            lift_row(&from, first + (ptrdiff_t)i, (ptrdiff_t)j - line->left,
                     POINTS, points_of_pixels, zeros, v + i * pixel, plane);
        for (size_t i = row; i < row_end; i += step) {
            apply_job job = {.line = line,
                             .row = i,
                             .n_rows = bw_cut_min(step, row_end - i),
                             .end = end,
                             .target = target,
                             .ahead = all};

            apply_rows(&job, j, v + (i - row) * pixel, plane, m);
        }
    }
}

/* ---- weight ---- */

/* The part's channels of the few and of the many, at points: rows of y, and of
 * x the rows that their windows meet. */
typedef struct weight_job {
    bool few_is_c;
    size_t kh, n_few, n_many;
    size_t few_blocks, many_blocks;
    size_t n_rows; /* of y in the band */
    const float *few, *many;
    size_t few_plane, many_plane;
} weight_job;

static weight_job job_of(const bw_conv_thin_part *part)
{
    const bw_thin_tiles *tiles = BW_CONV_THIN_KERNEL.tiles;
    const bw_conv_shape *s = part->shape;
    weight_job job = {.few_is_c = s->c <= s->o,
                      .kh = s->kh,
                      .n_many = part->many_end - part->many};
    job.n_few = job.few_is_c ? s->c : s->o;
    job.few_blocks = bw_conv_thin_n_blocks(job.n_few, tiles->side);
    size_t widest = bw_conv_thin_n_blocks(job.n_few, job.few_blocks);
    job.many_blocks =
        bw_conv_thin_n_blocks(job.n_many, tiles->limit[widest - 1]);
    return job;
}

/* All blocks of the few with one of the many, at one point of one row of the
 * windows. */
static void sum_block(const weight_job *job, size_t point, size_t r,
                      size_t many, size_t nb, float *sums)
{
    const bw_thin_tiles *tiles = BW_CONV_THIN_KERNEL.tiles;
    size_t few_step = job->n_few * LANES, many_step = job->n_many * LANES;
    bw_weight_tile t = {.few_pitch = few_step,
                        .many_pitch = many_step,
                        .n_rows = job->n_rows,
                        .n_columns = 1};
    const float *few =
        job->few + point * job->few_plane + (job->few_is_c ? r * few_step : 0);

    t.many = job->many + point * job->many_plane +
             (job->few_is_c ? 0 : r * many_step) + many * LANES;
    for (size_t k = 0; k < job->few_blocks; k++) {
        size_t a = bw_conv_thin_block(job->n_few, job->few_blocks, k);
        size_t na = bw_conv_thin_block(job->n_few, job->few_blocks, k + 1) - a;

        t.few = few + a * LANES;
        t.sums = sums + a * nb * LANES;
        tiles->weight[na - 1][nb - 1](&t);
    }
}

static void sum_points(const weight_job *job, float *sums)
{
    for (size_t k = 0; k < job->many_blocks; k++) {
        size_t b = bw_conv_thin_block(job->n_many, job->many_blocks, k);
        size_t nb =
            bw_conv_thin_block(job->n_many, job->many_blocks, k + 1) - b;

        for (size_t p = 0; p < POINTS; p++)
            for (size_t r = 0; r < job->kh; r++) {
                sum_block(job, p, r, b, nb, sums);
                sums += job->n_few * nb * LANES;
            }
    }
}

static void kernel_weight(const bw_conv_thin_part *part, const float *x,
                          const float *y, float *sums, float *room)
{
    const bw_conv_shape *s = part->shape;
    weight_job job = job_of(part);
    patch_source from_x = {x, s->h, s->w, s->c, 0, s->c};
    patch_source from_y = {y, s->p, s->q, s->o, 0, s->o};
    patch_source *cut = job.few_is_c ? &from_y : &from_x;

    cut->channel = part->many;
    cut->n_channels = job.n_many;
    size_t x_pixel = from_x.n_channels * LANES;
    size_t y_pixel = from_y.n_channels * LANES;
    size_t zeros = x_pixel > y_pixel ? x_pixel : y_pixel;
    memset(room, 0, zeros * sizeof *room);
    for (size_t i = 0; i < s->p; i += BW_LINE_DEEP) {
        job.n_rows = bw_cut_min(BW_LINE_DEEP, s->p - i);
        size_t n_x_rows = job.n_rows + s->kh - 1;
        size_t x_plane = n_x_rows * x_pixel;
        size_t y_plane = job.n_rows * y_pixel;
        float *v = room + zeros;
        float *w = v + POINTS * x_plane;

        job.few = job.few_is_c ? v : w;
        job.many = job.few_is_c ? w : v;
        job.few_plane = job.few_is_c ? x_plane : y_plane;
        job.many_plane = job.few_is_c ? y_plane : x_plane;
        for (size_t j = 0; j < s->q; j += OUTPUTS) {
            for (size_t k = 0; k < n_x_rows; k++)
                lift_row(&from_x, (ptrdiff_t)(i + k) - (ptrdiff_t)s->top,
                         (ptrdiff_t)j - (ptrdiff_t)s->left, POINTS,
                         points_of_pixels, room, v + k * x_pixel, x_plane);
            for (size_t k = 0; k < job.n_rows; k++)
                lift_row(&from_y, (ptrdiff_t)(i + k), (ptrdiff_t)j, OUTPUTS,
                         points_of_outputs, room, w + k * y_pixel, y_plane);
            sum_points(&job, sums);
        }
    }
}

/* ---- fold ---- */

/* The walk of sum_points once more. */
static void kernel_fold(const bw_conv_thin_part *part, const float *sums,
                        float *folded)
{
    weight_job job = job_of(part);

    for (size_t k = 0; k < job.many_blocks; k++) {
        size_t b = bw_conv_thin_block(job.n_many, job.many_blocks, k);
        size_t end = bw_conv_thin_block(job.n_many, job.many_blocks, k + 1);

        for (size_t at = 0; at < POINTS * job.kh * job.n_few; at++)
            for (size_t many = b; many < end; many++) {
                folded[at * job.n_many + many] = fold_lanes(sums);
                sums += LANES;
            }
    }
}

extern const bw_conv_line_kernel BW_CONV_LINE_KERNEL;

const bw_conv_line_kernel BW_CONV_LINE_KERNEL = {
    .apply = kernel_apply, .weight = kernel_weight, .fold = kernel_fold};
