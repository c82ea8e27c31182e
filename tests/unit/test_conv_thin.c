/* test_conv_thin.c - thin convolutions against loops in double precision, in
 * every instruction set, for any number of threads. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "nn/conv_line.h"

enum { SEED = 7, MAX_ISAS = 3 };

typedef struct thin_case {
    bw_conv_shape shape;
    size_t n;
} thin_case;

static const thin_case cases[] = {
    /* The layers of DWE. */
    {{28, 28, 1, 28, 28, 20, 3, 3, 1, 1, 1}, 17},
    {{12, 9, 20, 12, 9, 5, 5, 5, 1, 2, 2}, 16},
    {{9, 12, 5, 9, 12, 10, 5, 5, 1, 2, 2}, 33},
    {{28, 28, 10, 28, 28, 1, 3, 3, 1, 1, 1}, 15},
    /* Rows of fives: bands of rows, sides past whole tiles, one-sided zeros,
     * more zeros than the kernel, one row of taps, outputs past the image. */
    {{37, 10, 6, 37, 10, 4, 5, 5, 1, 2, 2}, 5},
    {{18, 21, 4, 14, 17, 7, 5, 5, 1, 0, 0}, 18},
    {{3, 12, 7, 9, 20, 6, 2, 5, 1, 5, 6}, 3},
    {{4, 16, 11, 4, 16, 13, 1, 5, 1, 0, 4}, 16},
    /* Strides, with phases that have fewer taps or none. */
    {{9, 11, 3, 5, 6, 7, 4, 4, 2, 1, 1}, 5},
    {{8, 8, 6, 4, 4, 11, 5, 5, 2, 1, 1}, 16},
    {{20, 24, 5, 10, 12, 6, 4, 4, 2, 1, 1}, 17},
    {{10, 13, 2, 4, 5, 3, 2, 2, 3, 0, 1}, 3},
    {{7, 7, 4, 3, 3, 2, 1, 1, 3, 0, 0}, 18},
    /* Kernels of two sizes, one-sided zeros, more zeros than the kernel. */
    {{6, 7, 3, 6, 5, 4, 1, 3, 1, 0, 0}, 2},
    {{5, 5, 2, 6, 8, 3, 4, 2, 1, 3, 4}, 20},
    {{4, 3, 2, 11, 10, 2, 2, 2, 1, 4, 4}, 1},
    /* Images smaller than the kernel, single pixels, many channels. */
    {{3, 3, 2, 3, 3, 3, 7, 7, 1, 3, 3}, 16},
    {{1, 1, 13, 1, 1, 17, 1, 1, 1, 0, 0}, 40},
    {{3, 20, 1, 3, 20, 1, 3, 3, 1, 1, 1}, 300},
};

enum { N_CASES = sizeof cases / sizeof cases[0] };

static size_t n_x(const bw_conv_shape *s)
{
    return s->h * s->w * s->c;
}

static size_t n_y(const bw_conv_shape *s)
{
    return s->p * s->q * s->o;
}

static size_t n_weight(const bw_conv_shape *s)
{
    return s->o * s->c * s->kh * s->kw;
}

/* Where value k of item i stands. */
static size_t place(size_t n_values, size_t i, size_t k)
{
    return (i / BW_LANES * n_values + k) * BW_LANES + i % BW_LANES;
}

static size_t n_lanes(size_t n_values, size_t n)
{
    return (n + BW_LANES - 1) / BW_LANES * BW_LANES * n_values;
}

static void *room(size_t size)
{
    void *p = aligned_alloc(64, (size / 64 + 1) * 64);
    cr_assert(p);
    return p;
}

static float *draw(bw_random *random, size_t n)
{
    float *p = room(n * sizeof *p);
    for (size_t k = 0; k < n; k++)
        p[k] = (float)(2 * bw_random_uniform(random) - 1);
    return p;
}

static void clear_lanes(size_t n_values, size_t n, float *p)
{
    for (size_t i = n; i % BW_LANES; i++)
        for (size_t k = 0; k < n_values; k++)
            p[place(n_values, i, k)] = 0;
}

/* ---- one run of all passes ---- */

typedef struct data {
    bw_conv_shape shape;
    size_t n;
    float *x, *y, *weight, *bias, *dweight; /* dweight: before */
} data;

typedef struct result {
    float *y, *x, *dweight;
} result;

static data make(const thin_case *c, uint64_t stream)
{
    bw_random random;
    bw_random_init(&random, SEED, BW_RANDOM_TEST, stream);
    data d = {.shape = c->shape, .n = c->n};
    d.x = draw(&random, n_lanes(n_x(&d.shape), d.n));
    d.y = draw(&random, n_lanes(n_y(&d.shape), d.n));
    clear_lanes(n_y(&d.shape), d.n, d.y);
    d.weight = draw(&random, n_weight(&d.shape));
    d.dweight = draw(&random, n_weight(&d.shape));
    d.bias = draw(&random, d.shape.c + d.shape.o);
    return d;
}

static void drop(data *d)
{
    free(d->x);
    free(d->y);
    free(d->weight);
    free(d->dweight);
    free(d->bias);
}

static void drop_result(result *r)
{
    free(r->y);
    free(r->x);
    free(r->dweight);
}

static result run(const data *d, const char *isa, size_t n_threads, bool relu)
{
    const bw_conv_shape *s = &d->shape;
    const float *bias = relu ? d->bias : NULL;
    bw_tasks *tasks = NULL;
    bw_conv *conv = NULL;
    size_t n_bytes = 0;
    cr_assert_eq(setenv("BARROW_ISA", isa, 1), 0);
    cr_assert_eq(bw_tasks_create(n_threads, &tasks, NULL), BW_OK);
    cr_assert_eq(bw_conv_create(s, d->n + 3, BW_WAY_THIN,
                                BW_CONV_TO_Y | BW_CONV_TO_X | BW_CONV_WEIGHT,
                                tasks, &conv, &n_bytes, NULL),
                 BW_OK);
    cr_assert_gt(n_bytes, n_weight(s) * sizeof(float));
    result r = {.y = room(n_lanes(n_y(s), d->n) * sizeof(float)),
                .x = room(n_lanes(n_x(s), d->n) * sizeof(float)),
                .dweight = room(n_weight(s) * sizeof(float))};
    memcpy(r.dweight, d->dweight, n_weight(s) * sizeof(float));
    bw_conv_pack(conv, d->weight);
    bw_conv_to_y(conv, d->n, d->x, bias, relu, r.y);
    bw_conv_to_x(conv, d->n, d->y, bias ? bias + s->o : NULL, relu, r.x);
    bw_conv_weight(conv, d->n, d->x, d->y, r.dweight);
    bw_conv_destroy(conv);
    bw_tasks_destroy(tasks);
    return r;
}

/* The instruction sets of this processor, as BARROW_ISA names them. */
static size_t list_isas(const char *isa[MAX_ISAS])
{
    static const char *const name[] = {"plain", "avx2", ""};
    size_t n = 0;
    for (size_t k = 0; k < MAX_ISAS; k++) {
        cr_assert_eq(setenv("BARROW_ISA", name[k], 1), 0);
        const char *chosen = bw_conv_thin_choose()->name;
        if (strcmp(chosen, n ? isa[n - 1] : "") != 0)
            isa[n++] = chosen;
    }
    return n;
}

/* ---- the plain twin ---- */

/* A sum, and that of its terms' sizes, which its rounding is measured by. */
typedef struct sum {
    double value, size;
} sum;

static void add(sum *s, double a)
{
    s->value += a;
    s->size += fabs(a);
}

/* least: what sizes are taken for at least. Lines mix the sums of four pixels,
 * of which one at the edge may have few terms. */
static void check(float got, sum want, double least, const char *what, size_t k)
{
    double size = want.size > least ? want.size : least;
    cr_assert(fabs((double)got - want.value) <= 1e-6 * size + 1e-30,
              "%s %zu: %.9g, not %.9g", what, k, (double)got, want.value);
}

static double least_size(const bw_conv_shape *s, size_t n, const sum *all)
{
    double most = 0;
    for (size_t k = 0; k < n && bw_conv_line_fits(s); k++)
        most = all[k].size > most ? all[k].size : most;
    return most;
}

typedef struct twin {
    sum *y, *x, *dweight;
} twin;

static twin twin_of(const data *d)
{
    const bw_conv_shape *s = &d->shape;
    twin t = {calloc(n_lanes(n_y(s), d->n), sizeof *t.y),
              calloc(n_lanes(n_x(s), d->n), sizeof *t.x),
              calloc(n_weight(s), sizeof *t.dweight)};
    cr_assert(t.y && t.x && t.dweight);
    for (size_t k = 0; k < n_weight(s) * s->p * s->q; k++) {
        size_t a = k / s->p / s->q, i = k / s->q % s->p, j = k % s->q;
        size_t o = a / s->kw / s->kh / s->c, c = a / s->kw / s->kh % s->c;
        size_t row = i * s->stride + a / s->kw % s->kh - s->top;
        size_t column = j * s->stride + a % s->kw - s->left;
        if (row >= s->h || column >= s->w)
            continue;
        for (size_t item = 0; item < d->n; item++) {
            size_t x = place(n_x(s), item, (row * s->w + column) * s->c + c);
            size_t y = place(n_y(s), item, (i * s->q + j) * s->o + o);
            add(&t.y[y], (double)d->x[x] * (double)d->weight[a]);
            add(&t.x[x], (double)d->y[y] * (double)d->weight[a]);
            add(&t.dweight[a], (double)d->x[x] * (double)d->y[y]);
        }
    }
    return t;
}

static void drop_twin(twin *t)
{
    free(t->y);
    free(t->x);
    free(t->dweight);
}

/* Bias and relu on top of the sums of an image. */
static sum finish(sum s, const float *bias, size_t channel)
{
    if (!bias)
        return s;
    add(&s, (double)bias[channel]);
    s.value = s.value > 0 ? s.value : 0;
    return s;
}

static void check_image(const float *got, const sum *want, double least,
                        size_t n, size_t n_values, size_t n_channels,
                        const float *bias, const char *what)
{
    for (size_t item = 0; item < n; item++)
        for (size_t k = 0; k < n_values; k++) {
            size_t at = place(n_values, item, k);
            check(got[at], finish(want[at], bias, k % n_channels), least, what,
                  at);
        }
}

static void check_result(const data *d, const result *r, const twin *t,
                         bool relu)
{
    const bw_conv_shape *s = &d->shape;
    double y = least_size(s, n_lanes(n_y(s), d->n), t->y);
    double x = least_size(s, n_lanes(n_x(s), d->n), t->x);
    double a = least_size(s, n_weight(s), t->dweight);
    check_image(r->y, t->y, y, d->n, n_y(s), s->o, relu ? d->bias : NULL, "y");
    check_image(r->x, t->x, x, d->n, n_x(s), s->c, relu ? d->bias + s->o : NULL,
                "x");
    for (size_t k = 0; k < n_weight(s); k++) {
        sum want = t->dweight[k];
        add(&want, (double)d->dweight[k]);
        check(r->dweight[k], want, a, "dweight", k);
    }
}

Test(conv_thin, twin)
{
    const char *isa[MAX_ISAS] = {0};
    size_t n_isas = list_isas(isa);
    for (size_t k = 0; k < N_CASES; k++) {
        data d = make(&cases[k], k);
        twin t = twin_of(&d);
        for (size_t m = 0; m < 2 * n_isas; m++) {
            result r = run(&d, isa[m / 2], 1, m % 2);
            check_result(&d, &r, &t, m % 2);
            drop_result(&r);
        }
        drop_twin(&t);
        drop(&d);
    }
}

/* ---- same bytes ---- */

static void check_same(const data *d, const result *a, const result *b)
{
    const bw_conv_shape *s = &d->shape;
    size_t y = n_lanes(n_y(s), d->n), x = n_lanes(n_x(s), d->n);
    cr_assert_arr_eq(a->y, b->y, y * sizeof(float));
    cr_assert_arr_eq(a->x, b->x, x * sizeof(float));
    cr_assert_arr_eq(a->dweight, b->dweight, n_weight(s) * sizeof(float));
}

Test(conv_thin, threads)
{
    for (size_t k = 0; k < N_CASES; k++) {
        data d = make(&cases[k], k);
        result one = run(&d, "", 1, true);
        for (size_t n = 2; n < 6; n++) {
            result many = run(&d, "", n, true);
            check_same(&d, &one, &many);
            drop_result(&many);
        }
        drop_result(&one);
        drop(&d);
    }
}

Test(conv_thin, instruction_sets)
{
    const char *isa[MAX_ISAS] = {0};
    size_t n_isas = list_isas(isa);
    for (size_t k = 0; k < N_CASES && n_isas == MAX_ISAS; k++) {
        data d = make(&cases[k], k);
        result narrow = run(&d, isa[1], 1, true);
        result wide = run(&d, isa[2], 1, true);
        check_same(&d, &narrow, &wide);
        drop_result(&wide);
        drop_result(&narrow);
        drop(&d);
    }
}

/* ---- masks ---- */

/* x, but 0 where the mask is not above 0; a mask that is no number keeps it. */
static void check_masked(const data *d, const char *isa)
{
    const bw_conv_shape *s = &d->shape;
    result r = run(d, isa, 2, false);
    size_t n = n_lanes(n_x(s), d->n), n_bytes = 0;
    float *x = room(n * sizeof *x);
    bw_tasks *tasks = NULL;
    bw_conv *conv = NULL;
    d->x[0] = NAN;
    d->x[1] = 0;
    cr_assert_eq(bw_tasks_create(2, &tasks, NULL), BW_OK);
    cr_assert_eq(bw_conv_create(s, d->n, BW_WAY_THIN, BW_CONV_TO_X, tasks,
                                &conv, &n_bytes, NULL),
                 BW_OK);
    bw_conv_pack(conv, d->weight);
    bw_conv_to_x_masked(conv, d->n, d->y, d->x, x);
    for (size_t k = 0; k < n; k++)
        cr_assert_eq(x[k], d->x[k] <= 0 ? 0 : r.x[k], "%s %zu", isa, k);
    bw_conv_destroy(conv);
    bw_tasks_destroy(tasks);
    free(x);
    drop_result(&r);
}

Test(conv_thin, masks)
{
    const char *isa[MAX_ISAS] = {0};
    size_t n_isas = list_isas(isa);
    for (size_t k = 0; k < N_CASES; k++) {
        data d = make(&cases[k], k);
        for (size_t m = 0; m < n_isas; m++)
            check_masked(&d, isa[m]);
        drop(&d);
    }
}

/* ---- lanes, NaN ---- */

Test(conv_thin, lanes_past_the_last_item)
{
    data d = make(&cases[0], 0);
    const bw_conv_shape *s = &d.shape;
    result r = run(&d, "", 1, false);
    for (size_t i = d.n; i % BW_LANES; i++) {
        for (size_t k = 0; k < n_x(s); k++)
            cr_assert_eq(r.x[place(n_x(s), i, k)], 0);
        for (size_t k = 0; k < n_y(s); k++)
            cr_assert(isfinite(r.y[place(n_y(s), i, k)]));
    }
    drop_result(&r);
    drop(&d);
}

/* What is no number stays none after relu, and stays in its item. */
Test(conv_thin, nan)
{
    const char *isa[MAX_ISAS] = {0};
    size_t n_isas = list_isas(isa);
    data d = make(&cases[2], 2);
    const bw_conv_shape *s = &d.shape;
    size_t center = (s->h / 2 * s->w + s->w / 2) * s->c;
    d.x[place(n_x(s), 4, center)] = NAN;
    for (size_t m = 0; m < n_isas; m++) {
        result r = run(&d, isa[m], 1, true);
        size_t y = (s->p / 2 * s->q + s->q / 2) * s->o;
        cr_assert(isnan(r.y[place(n_y(s), 4, y)]));
        cr_assert(!isnan(r.y[place(n_y(s), 5, y)]));
        drop_result(&r);
    }
    drop(&d);
}
