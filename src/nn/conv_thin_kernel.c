/* conv_thin_kernel.c - the loops of conv_thin.h, compiled once an instruction
 * set: BW_CONV_THIN_KERNEL is the name of the table that this object defines.
 *
 *   tiles       the innermost loops, with all sums in registers
 *   apply       an image cut into tiles
 *   weight      gradients of weights
 *   fold        sums of lanes
 */
#include "config.h"

#include "nn/conv_line.h"
#include "nn/conv_thin_vector.h"
#include "nn/cut.h"

enum { LANES = BW_LANES, WIDTH = sizeof(vec) / sizeof(float) };

/* A tile has a x b sums, a channels of one side and b pixels or channels of the
 * other, b at most LIMIT(a): as many as registers hold beside the operands, and
 * enough that no sum waits for itself. */
#if defined(__AVX512F__)
enum { MAX_SIDE = 5 };
#define LIMIT(a)                                                               \
    ((a) == 1 ? 12 : (a) == 2 ? 12 : (a) == 3 ? 8 : (a) == 4 ? 6 : 5)
#else
enum { MAX_SIDE = 4 };
#define LIMIT(a)                                                               \
    ((a) == 1 ? 12 : (a) == 2 ? 6 : (a) == 3 ? 4 : (a) == 4 ? 3 : 1)
#endif

/* Statements for k = 0 .. n - 1, n a constant, unrolled. */
#define EACH(k, n, ...)                                                        \
    UNROLL for (size_t k = 0; k < (n); k++)                                    \
    {                                                                          \
        __VA_ARGS__                                                            \
    }

#define FOR_SIDE(T, a)                                                         \
    T(a, 1)                                                                    \
    T(a, 2)                                                                    \
    T(a, 3)                                                                    \
    T(a, 4) T(a, 5) T(a, 6) T(a, 7) T(a, 8) T(a, 9) T(a, 10) T(a, 11) T(a, 12)

#define FOR_SIDES(T)                                                           \
    FOR_SIDE(T, 1)                                                             \
    FOR_SIDE(T, 2)                                                             \
    FOR_SIDE(T, 3)                                                             \
    FOR_SIDE(T, 4)                                                             \
    FOR_SIDE(T, 5)

/* ---- apply: tiles ---- */

#define DEFINE(no, np)                                                         \
    static void apply_##no##_##np(const bw_apply_tile *t)                      \
    {                                                                          \
        if ((no) > MAX_SIDE || (np) > LIMIT(no))                               \
            return;                                                            \
        size_t from_step = t->source_step, to_step = t->target_step;           \
        for (size_t lane = 0; lane < LANES; lane += WIDTH) {                   \
            vec sum[(no) * (np)], v[np];                                       \
            const float *ahead = t->ahead;                                     \
            EACH(k, (no) * (np),                                               \
                 sum[k] = set(t->bias ? t->bias[k % (no)] : 0);)               \
            for (size_t r = 0; r < t->n_rows; r++) {                           \
                const float *x = t->source + r * t->pitch + lane;              \
                const float *w = t->weight + r * t->weight_pitch;              \
                for (size_t k = t->n_taps; k > 0;                              \
                     k--, x += LANES, w += (no), ahead += LANES) {             \
                    __builtin_prefetch(ahead, 0, 2);                           \
                    EACH(p, np, v[p] = load(x + p * from_step);)               \
                    EACH(o, no, vec a = set(w[o]);                             \
                         EACH(p, np,                                           \
                              sum[p * (no) + o] =                              \
                                  fma_of(a, v[p], sum[p * (no) + o]);))        \
                }                                                              \
            }                                                                  \
            if (t->relu)                                                       \
                EACH(k, (no) * (np), sum[k] = positive(sum[k]);)               \
            if (t->mask)                                                       \
                EACH(k, (no) * (np),                                           \
                     sum[k] = where_positive(load(t->mask + lane +             \
                                                  k / (no)*to_step +           \
                                                  k % (no)*LANES),             \
                                             sum[k]);)                         \
            float *y = t->target + lane;                                       \
            EACH(k, (no) * (np),                                               \
                 store(y + k / (no)*to_step + k % (no)*LANES, sum[k]);)        \
        }                                                                      \
    }
FOR_SIDES(DEFINE)
#undef DEFINE

/* ---- weight: tiles ---- */

#define DEFINE(na, nb)                                                         \
    static void weight_##na##_##nb(const bw_weight_tile *t)                    \
    {                                                                          \
        if ((na) > MAX_SIDE || (nb) > LIMIT(na))                               \
            return;                                                            \
        for (size_t lane = 0; lane < LANES; lane += WIDTH) {                   \
            vec sum[(na) * (nb)], v[nb];                                       \
            float *sums = t->sums + lane;                                      \
            EACH(k, (na) * (nb), sum[k] = load(sums + k * LANES);)             \
            for (size_t i = 0; i < t->n_rows; i++) {                           \
                const float *few = t->few + i * t->few_pitch + lane;           \
                const float *many = t->many + i * t->many_pitch + lane;        \
                for (size_t j = t->n_columns; j > 0; j--) {                    \
                    EACH(b, nb, v[b] = load(many + b * LANES);)                \
                    EACH(a, na, vec u = load(few + a * LANES);                 \
                         EACH(b, nb,                                           \
                              sum[a * (nb) + b] =                              \
                                  fma_of(u, v[b], sum[a * (nb) + b]);))        \
                    few += t->few_step;                                        \
                    many += t->many_step;                                      \
                }                                                              \
            }                                                                  \
            EACH(k, (na) * (nb), store(sums + k * LANES, sum[k]);)             \
        }                                                                      \
    }
FOR_SIDES(DEFINE)
#undef DEFINE

/* ---- all tiles ---- */

#define APPLY(a, b) apply_##a##_##b,
#define WEIGHT(a, b) weight_##a##_##b,
static const bw_thin_tiles tiles = {
    .side = MAX_SIDE,
    .limit = {LIMIT(1), LIMIT(2), LIMIT(3), LIMIT(4), LIMIT(5)},
    .apply = {{FOR_SIDE(APPLY, 1)},
              {FOR_SIDE(APPLY, 2)},
              {FOR_SIDE(APPLY, 3)},
              {FOR_SIDE(APPLY, 4)},
              {FOR_SIDE(APPLY, 5)}},
    .weight = {{FOR_SIDE(WEIGHT, 1)},
               {FOR_SIDE(WEIGHT, 2)},
               {FOR_SIDE(WEIGHT, 3)},
               {FOR_SIDE(WEIGHT, 4)},
               {FOR_SIDE(WEIGHT, 5)}}};
#undef APPLY
#undef WEIGHT

/* ---- apply: an image cut into tiles ---- */

typedef struct apply_job {
    const bw_conv_thin_windows *windows;
    const bw_conv_thin_end *end;
    const float *source;
    float *target;
} apply_job;

/* The taps of window m that lie inside the source. */
typedef struct clip {
    size_t tap, n;   /* first, how many */
    size_t position; /* of the first in the source */
} clip;

INLINE clip clip_window(const bw_conv_thin_axis *axis, size_t m)
{
    ptrdiff_t start = axis->start + (ptrdiff_t)(m * axis->stride);
    ptrdiff_t size = (ptrdiff_t)axis->size, taps = (ptrdiff_t)axis->taps;
    ptrdiff_t first = start < 0 ? -start : 0;
    ptrdiff_t end = start + taps > size ? size - start : taps;
    if (first >= end)
        return (clip){0, 0, 0};
    return (clip){(size_t)first, (size_t)(end - first),
                  (size_t)(start + first)};
}

/* n places from (row, column) on, to the right or downwards, whose windows are
 * cut alike. */
static void apply_strip(const apply_job *job, size_t row, size_t column,
                        size_t n, bool is_down)
{
    const bw_conv_thin_windows *w = job->windows;
    clip rows = clip_window(&w->row, row);
    clip columns = clip_window(&w->column, column);
    size_t from_pixel = w->source_c * LANES, to_pixel = w->target_c * LANES;
    size_t from_row = w->column.size * from_pixel;
    size_t to_row = w->target_w * to_pixel;
    const float *source =
        job->source + rows.position * from_row + columns.position * from_pixel;
    size_t at = (w->row.first + row * w->row.step) * to_row +
                (w->column.first + column * w->column.step) * to_pixel;
    bw_apply_tile t = {.source_step = is_down ? w->row.stride * from_row
                                              : w->column.stride * from_pixel,
                       .pitch = from_row,
                       .n_rows = columns.n ? rows.n : 0,
                       .n_taps = columns.n * w->source_c,
                       .relu = job->end->relu,
                       .target_step = is_down ? w->row.step * to_row
                                              : w->column.step * to_pixel};
    size_t n_blocks = bw_conv_thin_n_blocks(w->target_c, MAX_SIDE);
    size_t widest = bw_conv_thin_n_blocks(w->target_c, n_blocks);
    size_t n_tiles = bw_conv_thin_n_blocks(n, tiles.limit[widest - 1]);
    size_t taps = w->row.taps * w->column.taps * w->source_c;
    size_t first_tap = (rows.tap * w->column.taps + columns.tap) * w->source_c;
    for (size_t k = 0; k < n_tiles; k++) {
        size_t place = bw_conv_thin_block(n, n_tiles, k);
        size_t np = bw_conv_thin_block(n, n_tiles, k + 1) - place;
        t.source = t.ahead = source + place * t.source_step;
        for (size_t b = 0; b < n_blocks; b++) {
            size_t o = bw_conv_thin_block(w->target_c, n_blocks, b);
            size_t no = bw_conv_thin_block(w->target_c, n_blocks, b + 1) - o;
            t.weight = w->weight + taps * o + first_tap * no;
            t.weight_pitch = w->column.taps * w->source_c * no;
            t.bias = job->end->bias ? job->end->bias + o : NULL;
            size_t to = at + place * t.target_step + o * LANES;
            t.target = job->target + to;
            t.mask = job->end->mask ? job->end->mask + to : NULL;
            tiles.apply[no - 1][np - 1](&t);
        }
    }
}

/* A column whose windows are cut on a side: places between the upper and the
 * lower edge go together, those at the edges one by one. */
static void apply_edge(const apply_job *job, size_t row, size_t row_end,
                       size_t column)
{
    const bw_conv_thin_axis *rows = &job->windows->row;
    for (size_t i = row; i < row_end;) {
        size_t n = 1;
        if (i >= rows->inner && i < rows->inner_end)
            n = bw_cut_min(rows->inner_end, row_end) - i;
        apply_strip(job, i, column, n, true);
        i += n;
    }
}

static void kernel_apply(const bw_conv_thin_windows *windows, size_t row,
                         size_t row_end, const bw_conv_thin_end *end,
                         const float *source, float *target)
{
    const bw_conv_thin_axis *columns = &windows->column;
    apply_job job = {windows, end, source, target};
    size_t n_inner = columns->inner_end - columns->inner;
    if (n_inner)
        for (size_t i = row; i < row_end; i++)
            apply_strip(&job, i, columns->inner, n_inner, false);
    for (size_t j = 0; j < columns->inner; j++)
        apply_edge(&job, row, row_end, j);
    for (size_t j = columns->inner_end; j < columns->n; j++)
        apply_edge(&job, row, row_end, j);
}

/* ---- weight ---- */

/* The blocks of a part, and the tap that the walk over them is at. */
typedef struct weight_walk {
    bool few_is_c;
    size_t n_few, n_many; /* channels of the sides, all of them */
    size_t few_blocks, many_blocks;
    size_t many, n_part; /* the part's channels: first, how many */
} weight_walk;

static weight_walk walk_of(const bw_conv_thin_part *part)
{
    const bw_conv_shape *s = part->shape;
    weight_walk w = {.few_is_c = s->c <= s->o,
                     .many = part->many,
                     .n_part = part->many_end - part->many};
    w.n_few = w.few_is_c ? s->c : s->o;
    w.n_many = w.few_is_c ? s->o : s->c;
    w.few_blocks = bw_conv_thin_n_blocks(w.n_few, MAX_SIDE);
    size_t widest = bw_conv_thin_n_blocks(w.n_few, w.few_blocks);
    w.many_blocks = bw_conv_thin_n_blocks(w.n_part, tiles.limit[widest - 1]);
    return w;
}

/* Places m of 0 .. n - 1 for which m stride + tap - before is in 0 .. size - 1:
 * first and how many, and the pixel that the first meets. */
typedef struct meeting {
    size_t first, n, pixel;
} meeting;

INLINE meeting meet(size_t n, size_t stride, size_t tap, size_t before,
                    size_t size)
{
    if (size + before <= tap)
        return (meeting){0, 0, 0};
    size_t first = before > tap ? before - tap : 0;
    size_t end = size + before - tap;
    if (stride > 1) {
        first = (first + stride - 1) / stride;
        end = (end - 1) / stride + 1;
    }
    end = bw_cut_min(n, end);
    if (first >= end)
        return (meeting){0, 0, 0};
    return (meeting){first, end - first, first * stride + tap - before};
}

/* One tap, one block of the many: the blocks of the few in turn. */
static float *weight_tap(const bw_conv_shape *s, const weight_walk *w,
                         meeting rows, meeting columns, size_t many, size_t nb,
                         const float *x, const float *y, float *sums)
{
    size_t x_pixel = s->c * LANES, y_pixel = s->o * LANES;
    bw_weight_tile t = {.n_rows = columns.n ? rows.n : 0,
                        .n_columns = columns.n};
    size_t few_step = s->stride * x_pixel, many_step = y_pixel;
    size_t few_pitch = s->stride * s->w * x_pixel, many_pitch = s->q * y_pixel;
    const float *few_at = x + (rows.pixel * s->w + columns.pixel) * x_pixel;
    const float *many_at = y + (rows.first * s->q + columns.first) * y_pixel;
    if (w->few_is_c) {
        t.few_step = few_step, t.many_step = many_step;
        t.few_pitch = few_pitch, t.many_pitch = many_pitch;
        t.few = few_at, t.many = many_at;
    } else {
        t.few_step = many_step, t.many_step = few_step;
        t.few_pitch = many_pitch, t.many_pitch = few_pitch;
        t.few = many_at, t.many = few_at;
    }
    const float *few = t.few;
    t.many += many * LANES;
    for (size_t k = 0; k < w->few_blocks; k++) {
        size_t a = bw_conv_thin_block(w->n_few, w->few_blocks, k);
        size_t na = bw_conv_thin_block(w->n_few, w->few_blocks, k + 1) - a;
        t.few = few + a * LANES;
        t.sums = sums;
        if (t.n_rows)
            tiles.weight[na - 1][nb - 1](&t);
        sums += na * nb * LANES;
    }
    return sums;
}

/* Rows of y at a time: with the rows of x that one row of taps meets, and of
 * the channels of one block, they stay in the first cache, 48 KiB. */
static size_t band_of(const bw_conv_shape *s, const weight_walk *w)
{
    size_t block = bw_conv_thin_n_blocks(w->n_part, w->many_blocks);
    size_t x = s->stride * s->w * (w->few_is_c ? w->n_few : block);
    size_t y = s->q * (w->few_is_c ? block : w->n_few);
    size_t n = ((size_t)40 << 10) / ((x + y) * LANES * sizeof(float));
    return n ? n : 1;
}

static void kernel_weight(const bw_conv_thin_part *part, const float *x,
                          const float *y, float *sums)
{
    const bw_conv_shape *s = part->shape;
    weight_walk w = walk_of(part);
    size_t band = band_of(s, &w);
    for (size_t i = 0; i < s->p; i += band) {
        float *at = sums;
        size_t end = bw_cut_min(i + band, s->p);
        for (size_t k = 0; k < w.many_blocks; k++) {
            size_t b = bw_conv_thin_block(w.n_part, w.many_blocks, k);
            size_t nb = bw_conv_thin_block(w.n_part, w.many_blocks, k + 1) - b;
            for (size_t r = 0; r < s->kh; r++) {
                meeting rows = meet(end, s->stride, r, s->top, s->h);
                if (rows.first < i && rows.n) {
                    size_t skip = bw_cut_min(i - rows.first, rows.n);
                    rows.first += skip;
                    rows.n -= skip;
                    rows.pixel += skip * s->stride;
                }
                for (size_t c = 0; c < s->kw; c++)
                    at = weight_tap(s, &w, rows,
                                    meet(s->q, s->stride, c, s->left, s->w),
                                    w.many + b, nb, x, y, at);
            }
        }
    }
}

/* ---- fold ---- */

/* The walk of kernel_weight once more. */
static void kernel_fold(const bw_conv_thin_part *part, const float *sums,
                        float *dweight)
{
    const bw_conv_shape *s = part->shape;
    weight_walk w = walk_of(part);
    size_t taps = s->kh * s->kw;
    size_t few_step = w.few_is_c ? taps : s->c * taps;
    size_t many_step = w.few_is_c ? s->c * taps : taps;
    for (size_t k = 0; k < w.many_blocks; k++) {
        size_t b = bw_conv_thin_block(w.n_part, w.many_blocks, k);
        size_t b_end = bw_conv_thin_block(w.n_part, w.many_blocks, k + 1);
        for (size_t tap = 0; tap < taps; tap++)
            for (size_t few = 0; few < w.n_few; few++)
                for (size_t many = b; many < b_end; many++) {
                    dweight[few * few_step + (w.many + many) * many_step +
                            tap] = fold_lanes(sums);
                    sums += LANES;
                }
    }
}

extern const bw_conv_thin_kernel BW_CONV_THIN_KERNEL;
extern const bw_conv_line_kernel BW_CONV_LINE_KERNEL;

const bw_conv_thin_kernel BW_CONV_THIN_KERNEL = {
    .name = BW_KERNEL_NAME,
    .block = MAX_SIDE,
    .tiles = &tiles,
    .line = &BW_CONV_LINE_KERNEL,
    .apply = kernel_apply,
    .weight = kernel_weight,
    .fold = kernel_fold,
};
