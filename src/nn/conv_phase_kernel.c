/* conv_phase_kernel.c - the loops of conv_phase.h, compiled once an instruction
 * set: BW_CONV_PHASE_KERNEL is the name of the table that this object defines.
 */
#include "config.h"

#include <string.h>

#include "nn/conv_phase.h"
#include "nn/conv_thin_vector.h"

enum {
    WIDTH = sizeof(vec) / sizeof(float),
    PANEL = BW_PHASE_PANEL,
    VECTORS = PANEL / WIDTH, /* of a row of a panel */
    POINTS = BW_PHASE_POINTS,
    LINE = 16 /* floats */
};

/* Rows of a tile of C: its sums stay in registers. */
#if defined(__AVX512F__)
enum { ROWS = 12 };
#elif defined(__AVX2__)
enum { ROWS = 3 };
#else
enum { ROWS = 1 };
#endif

/* ---- products ---- */

INLINE void multiply_rows(const bw_phase_product *p, size_t row, size_t n_rows)
{
    /* The first tiles of rows ask for the lines of the next B, one a step. */
    const float *ahead = p->ahead + (row / n_rows & 1) * LINE;
    const float *a = p->a + row * p->a_row, *b = p->b;
    size_t a_row = p->a_row, a_inner = p->a_inner;
    float *c = p->c + row * p->c_row;
    vec sum[ROWS * VECTORS];

    UNROLL for (size_t i = 0; i < n_rows; i++)
        UNROLL for (size_t j = 0; j < VECTORS; j++) sum[i * VECTORS + j] =
            p->adds ? load(c + i * p->c_row + j * WIDTH) : set(0);
    for (size_t k = p->n_inner; k > 0; k--, a += a_inner, b += PANEL) {
        vec v[VECTORS];

        __builtin_prefetch(ahead, 0, 2);
        ahead += PANEL;
        UNROLL for (size_t j = 0; j < VECTORS; j++) v[j] = load(b + j * WIDTH);
        UNROLL for (size_t i = 0; i < n_rows; i++)
        {
            vec s = set(a[i * a_row]);

            UNROLL for (size_t j = 0; j < VECTORS; j++) sum[i * VECTORS + j] =
                fma_of(s, v[j], sum[i * VECTORS + j]);
        }
    }
    UNROLL for (size_t i = 0; i < n_rows; i++)
        UNROLL for (size_t j = 0; j < VECTORS; j++)
            store(c + i * p->c_row + j * WIDTH, sum[i * VECTORS + j]);
}

#if defined(__AVX512F__)
#define EACH_COUNT(T)                                                          \
    T(1) T(2) T(3) T(4) T(5) T(6) T(7) T(8) T(9) T(10) T(11) T(12)
#elif defined(__AVX2__)
#define EACH_COUNT(T) T(1) T(2) T(3)
#else
#define EACH_COUNT(T) T(1)
#endif

#define DEFINE(n)                                                              \
    static void multiply_##n(const bw_phase_product *p, size_t row)            \
    {                                                                          \
        multiply_rows(p, row, n);                                              \
    }
EACH_COUNT(DEFINE)
#undef DEFINE

static void multiply(const bw_phase_product *p)
{
#define NAME(n) multiply_##n,
    static void (*const by_count[])(const bw_phase_product *,
                                    size_t) = {NULL, EACH_COUNT(NAME)};
#undef NAME
    size_t n_tiles = (p->n_rows + ROWS - 1) / ROWS;

    for (size_t k = 0; k < n_tiles; k++) {
        size_t row = p->n_rows * k / n_tiles;

        by_count[p->n_rows * (k + 1) / n_tiles - row](p, row);
    }
}

/* ---- one axis of a transform: n values `step` apart, in place ---- */

/* V = B d for n pixels; a point that there is not stays unset. */
INLINE void points_of_pixels(size_t n, size_t step, vec *v)
{
    vec d0 = v[0], d1 = v[step], d2 = v[2 * step], d3 = v[3 * step];

    if (n == 4) {
        v[0] = d0 - d2;
        v[step] = d1 + d2;
        v[2 * step] = d2 - d1;
        v[3 * step] = d3 - d1;
    } else if (n == 3) {
        v[step] = d0 + d1;
        v[2 * step] = d0 - d1;
        v[3 * step] = d2 - d0;
    } else {
        v[3 * step] = d1;
    }
}

INLINE void pixels_of_points(size_t n, size_t step, vec *v)
{
    vec v0 = v[0], v1 = v[step], v2 = v[2 * step], v3 = v[3 * step];

    if (n == 4) {
        v[step] = v1 - v2 - v3;
        v[2 * step] = v1 + v2 - v0;
    } else if (n == 3) {
        v[0] = v1 + v2 - v3;
        v[step] = v1 - v2;
        v[2 * step] = v3;
    } else {
        v[step] = v3;
    }
}

/* M = A y for n outputs. */
INLINE void points_of_outputs(size_t n, size_t step, vec *v)
{
    vec y0 = v[0], y1 = v[step], y2 = v[2 * step];

    if (n == 3) {
        v[step] = y0 + y2 + y1;
        v[2 * step] = y0 + y2 - y1;
        v[3 * step] = y2;
    } else if (n == 2) {
        v[step] = y0 + y1;
        v[2 * step] = y0 - y1;
        v[3 * step] = y1;
    } else {
        v[step] = v[2 * step] = v[3 * step] = y0;
    }
}

/* Points that there are not are zeros. */
INLINE void outputs_of_points(size_t n, size_t step, vec *v)
{
    vec even = v[step] + v[2 * step], odd = v[step] - v[2 * step];
    vec last = v[3 * step];

    v[0] = v[0] + even;
    if (n == 3) {
        v[step] = odd;
        v[2 * step] = even + last;
    } else if (n == 2) {
        v[step] = odd + last;
    } else {
        v[0] = v[0] + last;
    }
}

/* U = G g and back, n taps. */
INLINE void points_of_taps(size_t n, size_t step, vec *v)
{
    vec half = set(0.5f), g1 = v[step], last = v[(n - 1) * step];
    vec even = n == 3 ? half * (v[0] + last) : half * v[0];
    vec odd = half * g1;

    v[step] = even + odd;
    v[2 * step] = even - odd;
    v[3 * step] = last;
}

INLINE void taps_of_points(size_t n, size_t step, vec *v)
{
    vec half = set(0.5f), last = v[3 * step];
    vec even = half * (v[step] + v[2 * step]);
    vec odd = half * (v[step] - v[2 * step]);

    v[0] = v[0] + even;
    if (n == 3) {
        v[step] = odd;
        v[2 * step] = even + last;
    } else {
        v[step] = odd + last;
    }
}

/* ---- tiles ---- */

typedef enum side { READ_X, ADD_X, READ_Y, WRITE_Y, READ_A, WRITE_A } side;

/* One row or column of a tile: what is read becomes points, and points what is
 * written or added. */
INLINE void transform_line(side what, size_t n, size_t step, vec *v)
{
    switch (what) {
    case READ_X:
        points_of_pixels(n, step, v);
        break;
    case READ_Y:
        points_of_outputs(n, step, v);
        break;
    case READ_A:
        points_of_taps(n, step, v);
        break;
    case ADD_X:
        pixels_of_points(n, step, v);
        break;
    case WRITE_Y:
        outputs_of_points(n, step, v);
        break;
    case WRITE_A:
        taps_of_points(n, step, v);
        break;
    }
}

/* The n channels there are, less than a vector, of a pixel. */
static vec load_some(const float *p, size_t n)
{
    float buffer[WIDTH] = {0};

    memcpy(buffer, p, n * sizeof(*p));
    return load(buffer);
}

static void store_some(float *p, vec value, size_t n)
{
    float buffer[WIDTH];

    store(buffer, value);
    memcpy(p, buffer, n * sizeof(*p));
}

INLINE void load_pixels(const bw_phase_tile *t, size_t n_i, size_t n_j,
                        size_t channel, size_t n, vec *v)
{
    UNROLL for (size_t i = 0; i < n_i; i++)
        UNROLL for (size_t j = 0; j < n_j; j++)
    {
        const float *p = t->pixel[i * POINTS + j] + channel;

        if (n < WIDTH)
            v[i * POINTS + j] = load_some(p, n);
        else
            v[i * POINTS + j] = load(p);
    }
}

INLINE void store_pixels(const bw_phase_tile *t, size_t n_i, size_t n_j,
                         size_t channel, size_t n, bool adds, const vec *v)
{
    UNROLL for (size_t i = 0; i < n_i; i++)
        UNROLL for (size_t j = 0; j < n_j; j++)
    {
        float *p = t->pixel[i * POINTS + j];
        vec value = v[i * POINTS + j];

        if (!p)
            continue;
        p += channel;
        if (adds)
            value += n < WIDTH ? load_some(p, n) : load(p);
        if (n < WIDTH)
            store_some(p, value, n);
        else
            store(p, value);
    }
}

INLINE void load_points(const bw_phase_tile *t, size_t channel, vec *v)
{
    UNROLL for (size_t k = 0; k < POINTS * POINTS; k++) v[k] =
        t->point[k] ? load(t->point[k] + channel) : set(0);
}

INLINE void store_points(const bw_phase_tile *t, size_t channel, const vec *v)
{
    UNROLL for (size_t k = 0; k < POINTS * POINTS; k++) if (t->point[k])
        store(t->point[k] + channel, v[k]);
}

INLINE void fill_points(const bw_phase_tile *t, size_t channel)
{
    for (size_t k = 0; k < POINTS * POINTS; k++)
        if (t->point[k])
            store(t->point[k] + channel, set(0));
}

/* n channels from `channel` on, a vector of them at most; n_i x n_j are those
 * of the tile, as constants. */
INLINE void transform_vector(side what, const bw_phase_tile *t, size_t n_i,
                             size_t n_j, size_t channel, size_t n)
{
    vec v[POINTS * POINTS];

    UNROLL for (size_t k = 0; k < POINTS * POINTS; k++) v[k] = set(0);
    if (what == READ_X || what == READ_Y || what == READ_A) {
        load_pixels(t, n_i, n_j, channel, n, v);
        UNROLL for (size_t j = 0; j < n_j; j++)
            transform_line(what, n_i, POINTS, v + j);
        UNROLL for (size_t i = 0; i < POINTS; i++)
            transform_line(what, n_j, 1, v + i * POINTS);
        store_points(t, channel, v);
    } else {
        load_points(t, channel, v);
        UNROLL for (size_t i = 0; i < POINTS; i++)
            transform_line(what, n_j, 1, v + i * POINTS);
        UNROLL for (size_t j = 0; j < n_j; j++)
            transform_line(what, n_i, POINTS, v + j);
        store_pixels(t, n_i, n_j, channel, n, what == ADD_X, v);
    }
}

INLINE void transform_tile(side what, const bw_phase_tile *t, size_t n_i,
                           size_t n_j)
{
    size_t n = t->n_channels, k = 0;

    for (; k + WIDTH <= n; k += WIDTH)
        transform_vector(what, t, n_i, n_j, k, WIDTH);
    if (k < n) {
        transform_vector(what, t, n_i, n_j, k, n - k);
        k += WIDTH;
    }
    if (what == READ_X || what == READ_Y)
        for (; k % PANEL != 0; k += WIDTH)
            fill_points(t, k);
}

/* Each side's tiles, by 4 n_i + n_j: pixels are 2 to 4 an axis, outputs 1 to
 * 3. */
#define CASE(what, n_i, n_j)                                                   \
    case POINTS *(n_i) + (n_j):                                                \
        transform_tile(what, t, n_i, n_j);                                     \
        break;
#define CASES_X(what)                                                          \
    CASE(what, 2, 2)                                                           \
    CASE(what, 2, 3)                                                           \
    CASE(what, 2, 4)                                                           \
    CASE(what, 3, 2)                                                           \
    CASE(what, 3, 3)                                                           \
    CASE(what, 3, 4) CASE(what, 4, 2) CASE(what, 4, 3) CASE(what, 4, 4)
#define CASES_Y(what)                                                          \
    CASE(what, 1, 1)                                                           \
    CASE(what, 1, 2)                                                           \
    CASE(what, 1, 3)                                                           \
    CASE(what, 2, 1)                                                           \
    CASE(what, 2, 2)                                                           \
    CASE(what, 2, 3) CASE(what, 3, 1) CASE(what, 3, 2) CASE(what, 3, 3)
#define CASES_A(what)                                                          \
    CASE(what, 2, 2) CASE(what, 2, 3) CASE(what, 3, 2) CASE(what, 3, 3)
#define DEFINE(name, what, cases)                                              \
    static void name(const bw_phase_tile *t)                                   \
    {                                                                          \
        switch (POINTS * t->n_i + t->n_j) {                                    \
            cases(what)                                                        \
        }                                                                      \
    }
DEFINE(read_x, READ_X, CASES_X)
DEFINE(add_x, ADD_X, CASES_X)
DEFINE(read_y, READ_Y, CASES_Y)
DEFINE(write_y, WRITE_Y, CASES_Y)
DEFINE(read_a, READ_A, CASES_A)
DEFINE(write_a, WRITE_A, CASES_A)

const bw_conv_phase_kernel BW_CONV_PHASE_KERNEL = {.name = BW_KERNEL_NAME,
                                                   .multiply = multiply,
                                                   .read_x = read_x,
                                                   .add_x = add_x,
                                                   .read_y = read_y,
                                                   .write_y = write_y,
                                                   .read_a = read_a,
                                                   .write_a = write_a};
