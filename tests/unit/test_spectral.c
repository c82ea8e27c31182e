/* test_spectral.c - spectral normalisation: the largest singular value against
 * LAPACK's, the gradient against central differences in doubles, state between
 * steps. PyTorch's is in test_torch_penalty.c.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "allocations.h"
#include "barrow/random.h"
#include "nn/cut.h"
#include "nn/network_inside.h"
#include "nn/spectral.h"

void dgesvd_(const char *jobu, const char *jobvt, const int *m, const int *n,
             double *a, const int *lda, double *s, double *u, const int *ldu,
             double *vt, const int *ldvt, double *work, const int *lwork,
             int *info);

/* All kinds that have weights, and parameters that are none; rows and columns
 * that make one task and more. */
static const char text[] = "conv 6 3x3 stride 2\nbatchnorm\nrelu\n"
                           "deconv 7 4x4 stride 2\nlayernorm\nflatten\n"
                           "dense 60\ndense 300\ndense 40\ndense 1";
static const bw_shape image = {.h = 6, .w = 6, .c = 5};

typedef struct bench {
    bw_tasks *tasks;
    bw_network *network;
    bw_spectral *spectral;
    size_t n, n_state;
    float *raw, *acting, *state;
} bench;

static float *draw(size_t n, uint64_t stream)
{
    float *values = malloc(n * sizeof *values);
    bw_random random;

    cr_assert(values != NULL);
    bw_random_init(&random, 5, BW_RANDOM_TEST, stream);
    for (size_t k = 0; k < n; k++)
        values[k] = (float)bw_random_normal(&random);
    return values;
}

static bench start_text(const char *layers, bw_shape input, size_t n_threads)
{
    bw_error err = BW_ERROR_INIT;
    bench b;

    cr_assert_eq(bw_tasks_create(n_threads, &b.tasks, &err), BW_OK);
    cr_assert_eq(bw_network_parse(layers, "net", input, 1, &b.network, &err),
                 BW_OK, "%s", err.text);
    cr_assert_eq(bw_spectral_create(b.network, b.tasks, &b.spectral, &err),
                 BW_OK);
    b.n = bw_network_n_values(b.network);
    b.n_state = bw_spectral_n_state(b.spectral);
    b.raw = draw(b.n, 1);
    b.acting = draw(b.n, 2);
    b.state = draw(b.n_state, 3);
    bw_spectral_start(b.spectral, 9, 77, b.raw, b.state);
    return b;
}

static bench start(size_t n_threads)
{
    return start_text(text, image, n_threads);
}

static void finish(bench *b)
{
    bw_spectral_destroy(b->spectral);
    bw_network_destroy(b->network);
    bw_tasks_destroy(b->tasks);
    free(b->raw);
    free(b->acting);
    free(b->state);
}

/* ---- weights as matrices ---- */

/* Its layer, or NULL for what is no weight. */
static const bw_layer *layer_of(const bench *b, const bw_parameter *row)
{
    return row->role == BW_ROLE_WEIGHT ? &b->network->layer[atoi(row->name)]
                                       : NULL;
}

/* Place of entry (o, j) of (out, rest). */
static size_t place_of(const bw_layer *layer, const bw_parameter *row, size_t o,
                       size_t j)
{
    size_t taps = layer->kh * layer->kw, rest = row->n / layer->units;

    if (strcmp(layer->kind->name, "deconv") != 0)
        return o * rest + j;
    return (j / taps * layer->units + o) * taps + j % taps;
}

static double largest_of(const bw_layer *layer, const bw_parameter *row,
                         const float *w)
{
    int m = (int)layer->units, n = (int)(row->n / layer->units), info;
    int one = 1, n_work = 5 * (m + n);
    double *a = malloc(row->n * sizeof *a), s[1024], largest;
    double *work = malloc((size_t)n_work * sizeof *work);

    for (int o = 0; o < m; o++)
        for (int j = 0; j < n; j++)
            a[j * m + o] =
                (double)w[place_of(layer, row, (size_t)o, (size_t)j)];
    dgesvd_("N", "N", &m, &n, a, &m, s, NULL, &one, NULL, &one, work, &n_work,
            &info);
    cr_assert_eq(info, 0);
    largest = s[0];
    free(a);
    free(work);
    return largest;
}

Test(spectral, largest_singular_value)
{
    bench b = start(2);

    for (int k = 0; k < 1000; k++)
        bw_spectral_apply(b.spectral, true, b.raw, b.state, b.acting);
    for (size_t k = 0; k < b.network->n_parameters; k++) {
        const bw_parameter *row = &b.network->parameter[k];
        const bw_layer *layer = layer_of(&b, row);
        const float *raw = b.raw + row->offset, *acting = b.acting;
        double s;

        acting += row->offset;
        if (!layer) {
            cr_expect_eq(memcmp(acting, raw, row->n * sizeof *raw), 0, "%s",
                         row->name);
            continue;
        }
        s = largest_of(layer, row, raw);
        cr_expect_float_eq(largest_of(layer, row, acting), 1, 2e-6, "%s",
                           row->name);
        for (size_t i = 0; i < row->n; i++)
            cr_assert_float_eq((double)acting[i] * s, (double)raw[i], 1e-5 * s,
                               "%s %zu", row->name, i);
    }
    finish(&b);
}

/* After the start s is near, already: within a tenth, and never above. */
Test(spectral, start)
{
    bench b = start(1), other;
    float *again;

    bw_spectral_apply(b.spectral, false, b.raw, b.state, b.acting);
    for (size_t k = 0; k < b.network->n_parameters; k++) {
        const bw_parameter *row = &b.network->parameter[k];
        const bw_layer *layer = layer_of(&b, row);
        double s;

        if (!layer)
            continue;
        s = largest_of(layer, row, b.acting + row->offset);
        cr_expect(s > 1 - 1e-5 && s < 1.1, "%s: %g", row->name, s);
    }
    again = malloc(b.n_state * sizeof *again);
    bw_spectral_start(b.spectral, 9, 77, b.raw, again);
    cr_expect_eq(memcmp(again, b.state, b.n_state * sizeof *again), 0);
    bw_spectral_start(b.spectral, 9, 78, b.raw, again);
    cr_expect_neq(memcmp(again, b.state, b.n_state * sizeof *again), 0);
    free(again);
    /* Without an iteration nothing of the state changes, with one it does. */
    other = start(1);
    cr_expect_eq(memcmp(other.state, b.state, b.n_state * sizeof(float)), 0);
    bw_spectral_apply(b.spectral, true, b.raw, b.state, b.acting);
    cr_expect_neq(memcmp(other.state, b.state, b.n_state * sizeof(float)), 0);
    bw_spectral_destroy(NULL);
    finish(&other);
    finish(&b);
}

/* A row of more values than a task takes. */
Test(spectral, one_long_row)
{
    const bw_shape line = {.h = 1, .w = 1, .c = 9001, .is_flat = true};
    bench b = start_text("dense 1", line, 2);
    double raw = 0, along = 0;

    cr_assert_gt(line.c, BW_CUT_VALUES);
    bw_spectral_apply(b.spectral, true, b.raw, b.state, b.acting);
    for (size_t k = 0; k < line.c; k++) {
        raw += pow((double)b.raw[k], 2);
        along += (double)b.raw[k] * (double)b.acting[k];
    }
    cr_assert_float_eq(along / sqrt(raw), 1, 1e-6);
    finish(&b);
}

/* They have no direction: the vectors are zeros, not NaN. */
Test(spectral, weights_of_zeros)
{
    bench b = start(1);

    memset(b.raw, 0, b.n * sizeof *b.raw);
    bw_spectral_apply(b.spectral, true, b.raw, b.state, b.acting);
    for (size_t k = 0; k < b.n_state; k++)
        cr_assert(fabsf(b.state[k]) <= 0, "%zu", k);
    finish(&b);
}

/* ---- gradient ---- */

/* sum of G W / (u . W v) of one weight, in doubles; entry i of W changed by
 * h. */
static double sum_of(const bench *b, const bw_parameter *row,
                     const float *gradient, const float *state, size_t i,
                     double h)
{
    const bw_layer *layer = layer_of(b, row);
    size_t out = layer->units, rest = row->n / out;
    const float *u = state, *v = state + out;
    double s = 0, sum = 0;

    for (size_t o = 0; o < out; o++)
        for (size_t j = 0; j < rest; j++) {
            size_t at = place_of(layer, row, o, j);
            double w = (double)b->raw[row->offset + at] + (at == i ? h : 0);

            s += (double)u[o] * w * (double)v[j];
            sum += (double)gradient[row->offset + at] * w;
        }
    return sum / s;
}

Test(spectral, gradient)
{
    bench b = start(2);
    float *by_acting = draw(b.n, 4), *by_raw = draw(b.n, 4);
    size_t at = 0;

    bw_spectral_apply(b.spectral, true, b.raw, b.state, b.acting);
    bw_spectral_gradient(b.spectral, b.raw, b.state, by_raw);
    for (size_t k = 0; k < b.network->n_parameters; k++) {
        const bw_parameter *row = &b.network->parameter[k];
        const bw_layer *layer = layer_of(&b, row);

        if (!layer) {
            cr_expect_eq(memcmp(by_raw + row->offset, by_acting + row->offset,
                                row->n * sizeof *by_raw),
                         0);
            continue;
        }
        for (size_t i = 0; i < row->n; i += row->n / 17 + 1) {
            double h = 1e-4, up, down, want;

            up = sum_of(&b, row, by_acting, b.state + at, i, h);
            down = sum_of(&b, row, by_acting, b.state + at, i, -h);
            want = (up - down) / (2 * h);
            cr_assert_float_eq((double)by_raw[row->offset + i], want, 2e-5,
                               "%s %zu: %g, not %g", row->name, i,
                               (double)by_raw[row->offset + i], want);
        }
        at += layer->units + row->n / layer->units;
    }
    cr_expect_eq(at, b.n_state);
    free(by_acting);
    free(by_raw);
    finish(&b);
}

/* ---- threads, memory ---- */

Test(spectral, same_bytes)
{
    static const size_t n_threads[] = {1, 2, 7};
    bench b[3];
    float *gradient[3];

    for (int t = 0; t < 3; t++) {
        b[t] = start(n_threads[t]);
        gradient[t] = draw(b[t].n, 4);
        bw_spectral_apply(b[t].spectral, true, b[t].raw, b[t].state,
                          b[t].acting);
        bw_spectral_gradient(b[t].spectral, b[t].raw, b[t].state, gradient[t]);
        cr_expect_eq(
            memcmp(b[0].state, b[t].state, b[0].n_state * sizeof(float)), 0);
        cr_expect_eq(memcmp(b[0].acting, b[t].acting, b[0].n * sizeof(float)),
                     0);
        cr_expect_eq(memcmp(gradient[0], gradient[t], b[0].n * sizeof(float)),
                     0);
    }
    for (int t = 0; t < 3; t++) {
        free(gradient[t]);
        finish(&b[t]);
    }
}

#ifndef HAS_OWN_MALLOC
Test(spectral, allocates_nothing)
{
    bench b = start(2);
    float *gradient = draw(b.n, 4);
    size_t n_before = atomic_load(&n_allocations);

    bw_spectral_apply(b.spectral, true, b.raw, b.state, b.acting);
    bw_spectral_gradient(b.spectral, b.raw, b.state, gradient);
    cr_expect_eq(atomic_load(&n_allocations), n_before);
    free(gradient);
    finish(&b);
}
#endif
