/* test_sweep.c - loops of all instruction sets that this processor has give the
 * bytes of the plain ones; lengths with and without a rest. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "nn/sweep.h"

enum { N_MAX = 1100 };

static const size_t lengths[] = {1, 7, 16, 31, 256, 257, 784, N_MAX};
enum { N_LENGTHS = sizeof lengths / sizeof *lengths };

typedef struct set {
    const bw_sweeps *sweeps;
    const bw_terms *terms;
} set;

/* The sets beyond the plain one; returns how many. */
static size_t find_sets(set sets[2])
{
    size_t n = 0;

#ifdef BW_X86_64
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        sets[n++] = (set){&bw_sweeps_avx2, &bw_terms_avx2};
    if (__builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq"))
        sets[n++] = (set){&bw_sweeps_avx512, &bw_terms_avx512};
#endif
    (void)sets;
    return n;
}

static void draw(uint64_t stream, size_t n, float *values)
{
    bw_random random;

    bw_random_init(&random, 8, BW_RANDOM_TEST, stream);
    for (size_t k = 0; k < n; k++)
        values[k] = (float)(8 * bw_random_uniform(&random) - 4);
    if (n > 20) {
        values[3] = 0.0f;
        values[5] = -0.0f;
        values[11] = 1e-40f;
        values[17] = INFINITY;
    }
}

/* Every loop once; results behind one another in `out`. */
static size_t run_sweeps(const bw_sweeps *s, size_t n, float *out)
{
    float x[N_MAX], dy[N_MAX], a[N_MAX], b[N_MAX], m[N_MAX], v[N_MAX];
    uint32_t bits[N_MAX];
    float *to = out;
    bw_step_numbers numbers = {.rate = 0.01f,
                               .keep1 = 0.9f,
                               .add1 = 0.1f,
                               .keep2 = 0.99f,
                               .add2 = 0.01f,
                               .root = 1.5f,
                               .eps = 1e-8f};

    draw(1, n, x);
    draw(2, n, dy);
    draw(3, n, a);
    draw(4, n, b);
    for (int k = 0; k < BW_N_ACTIVATIONS; k++) {
        s->forward[k](n, 0.2f, x, x, to);
        s->backward[k](n, 0.2f, to, dy, to + n);
        to += 2 * n;
    }
    x[n > 20 ? 17 : 0] = 1.0f; /* no infinity from here */
    s->softmax(n, x, to);
    s->softmax_back(n, to, dy, to + n);
    memcpy(to + 2 * n, x, n * sizeof *to);
    s->bias(n, a, n % 2, to + 2 * n);
    memcpy(to + 3 * n, x, n * sizeof *to);
    s->add(n, a, to + 3 * n);
    to += 4 * n;
    for (int k = 0; k < 4; k++, to += n) {
        memcpy(to, x, n * sizeof *to);
        memcpy(m, a, sizeof m);
        for (size_t i = 0; i < n; i++)
            v[i] = m[i] = fabsf(m[i]);
        if (k < 2)
            s->sgd(n, &numbers, dy, k ? m : NULL, to);
        else if (k == 2)
            s->rmsprop(n, &numbers, dy, m, to);
        else
            s->adam(n, &numbers, dy, m, v, to);
    }
    memcpy(bits, x, n * sizeof *bits);
    s->normal(n, bits, to);
    return (size_t)(to + n - out);
}

static size_t run_norms(const bw_sweeps *s, size_t n_columns, float *out)
{
    enum { ROWS = 3 };
    bw_sweep_block block = {ROWS, n_columns, n_columns + 5};
    size_t n = ROWS * (n_columns + 5);
    float *x = calloc(6 * n, sizeof *x), *dy = x + n, *a = dy + n;
    double *sums = calloc(4 * n_columns, sizeof *sums);

    draw(5, n, x);
    draw(6, n, dy);
    draw(7, 4 * n, a);
    if (n_columns > 20)
        x[17] = dy[17] = 1.0f;
    memset(out, 0, 2 * n * sizeof *out);
    s->norm_sum(block, x, sums, sums + n_columns);
    s->norm_sum_back(block, x, dy, a, sums + 2 * n_columns,
                     sums + 3 * n_columns);
    s->norm(block, x, a, a + n, a + 2 * n, n_columns % 2, out);
    s->norm_back(block, x, dy, a, a + n, a + 2 * n, a + 3 * n, out + n);
    memcpy(out + 2 * n, sums, 4 * n_columns * sizeof *sums);
    free(x);
    free(sums);
    return 2 * n + 8 * n_columns;
}

static size_t run_terms(const bw_terms *terms, size_t n, float *out)
{
    float y[N_MAX], t[N_MAX], *to = out;

    draw(8, n, y);
    draw(9, n, t);
    if (n > 20)
        y[17] = t[17] = 0.25f;
    for (int k = 0; k < BW_N_TERMS; k++) {
        double sum[2];

        memcpy(to, y, n * sizeof *to);
        memcpy(to + n, y, n * sizeof *to);
        sum[0] = terms->sum[k](n, y, t, 0.0f, 0.7f, to);
        sum[1] = terms->sum[k](n, y, NULL, 0.3f, 0.7f, to + n);
        memcpy(to + 2 * n, sum, sizeof sum);
        to += 2 * n + 4;
    }
    return (size_t)(to - out);
}

Test(sweep, instruction_sets_give_the_same_bytes)
{
    enum { ROOM = 40 * N_MAX };
    float *plain = malloc(ROOM * sizeof *plain);
    float *other = malloc(ROOM * sizeof *other);
    set sets[2];
    size_t n_sets = find_sets(sets);

    for (size_t k = 0; k < n_sets; k++)
        for (size_t l = 0; l < N_LENGTHS; l++) {
            const char *name = sets[k].sweeps->name;
            size_t n = run_sweeps(&bw_sweeps_plain, lengths[l], plain);

            run_sweeps(sets[k].sweeps, lengths[l], other);
            cr_assert_arr_eq(other, plain, n * sizeof *plain, "%s %zu", name,
                             lengths[l]);
            n = run_norms(&bw_sweeps_plain, lengths[l], plain);
            run_norms(sets[k].sweeps, lengths[l], other);
            cr_assert_arr_eq(other, plain, n * sizeof *plain, "%s %zu", name,
                             lengths[l]);
            n = run_terms(&bw_terms_plain, lengths[l], plain);
            run_terms(sets[k].terms, lengths[l], other);
            cr_assert_arr_eq(other, plain, n * sizeof *plain, "%s %zu", name,
                             lengths[l]);
        }
    free(plain);
    free(other);
}

/* The processor has what is chosen, and BARROW_ISA is heeded. */
Test(sweep, the_environment_may_ask_for_less)
{
    cr_assert_not_null(bw_sweeps_get()->name);
    setenv("BARROW_ISA", "plain", 1);
    cr_assert_eq(bw_sweeps_get(), &bw_sweeps_plain);
    cr_assert_eq(bw_terms_get(), &bw_terms_plain);
}

/* Mean, variance, fourth moment and ends of N(0, 1) cut at 2: variance
 * 1 - 4 phi(2) / (2 Phi(2) - 1) = 0.77374. */
Test(sweep, normal_numbers_are_cut_at_2)
{
    enum { N = 1 << 20 };
    uint32_t *bits = malloc(N * sizeof *bits);
    float *z = malloc(N * sizeof *z);
    double sum = 0, square = 0, fourth = 0;

    /* All parts of the range alike, so that moments are exact. */
    for (uint32_t k = 0; k < N; k++)
        bits[k] = (k << 12) + 2048;
    bw_sweeps_get()->normal(N, bits, z);
    for (size_t k = 0; k < N; k++) {
        double value = (double)z[k];

        cr_assert(value >= -2 && value <= 2);
        sum += value / N;
        square += value * value / N;
        fourth += value * value * value * value / N;
    }
    cr_assert_float_eq(sum, 0, 1e-6);
    cr_assert_float_eq(square, 0.773741, 2e-6);
    cr_assert_float_eq(fourth, 1.416189, 4e-6, "%.9g", fourth);
    bits[0] = 0;
    bits[1] = 0x7fffffff;
    bits[2] = 0x80000000;
    bw_sweeps_get()->normal(3, bits, z);
    cr_assert_eq(z[0], 0.0f);
    cr_assert_float_eq((double)z[1], 2, 1e-5);
    cr_assert_float_eq((double)z[2], -2, 1e-5);
    free(bits);
    free(z);
}
