/* test_embedding.c - squared distances of codes by products against those by
 * differences. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/embedding.h"
#include "barrow/random.h"
#include "base/tasks.h"

static float *make_codes(size_t n, size_t d, double centre, uint64_t stream)
{
    float *codes = malloc((n * d + 1) * sizeof *codes);
    bw_random random;

    bw_random_init(&random, 5, BW_RANDOM_TEST, stream);
    for (size_t k = 0; k < n * d; k++)
        codes[k] = (float)(centre + bw_random_normal(&random));
    return codes;
}

static double plain(size_t d, const float *a, const float *b)
{
    double sum = 0;

    for (size_t i = 0; i < d; i++)
        sum += pow((double)a[i] - (double)b[i], 2);
    return sum;
}

/* Rows of all of a, in blocks, on n_threads. */
static float *rows_of(size_t d, size_t n_a, const float *a, size_t n_b,
                      const float *b, size_t n_threads)
{
    bw_error err = BW_ERROR_INIT;
    bw_tasks *tasks = NULL;
    bw_embedding *e = NULL;
    float *square = malloc((n_a * n_b + 1) * sizeof *square);

    cr_assert(!bw_tasks_create(n_threads, &tasks, &err), "%s", err.text);
    cr_assert(!bw_embedding_create(d, n_a, a, n_b, b, &e, &err), "%s",
              err.text);
    for (size_t first = 0; first < n_a; first += 200)
        bw_embedding_rows(e, tasks, first,
                          n_a - first < 200 ? n_a - first : 200, 0,
                          square + first * n_b);
    bw_embedding_destroy(e);
    bw_tasks_destroy(tasks);
    return square;
}

static void check(size_t d, size_t n_a, size_t n_b, double centre)
{
    float *a = make_codes(n_a, d, centre, 1),
          *b = make_codes(n_b, d, centre, 2);

    /* Near and equal codes are what cancels. */
    memcpy(b, a, d * sizeof *b);
    if (n_b > 1) {
        memcpy(b + d, a, d * sizeof *b);
        b[d] += 1e-3F;
    }
    float *square = rows_of(d, n_a, a, n_b, b, 1);
    cr_assert(square[0] <= 0 && square[0] >= 0);
    for (size_t i = 0; i < n_a; i++)
        for (size_t j = 0; j < n_b; j++) {
            double want = plain(d, a + i * d, b + j * d);
            double got = (double)square[i * n_b + j];
            cr_assert(fabs(got - want) <= 5e-5 * want,
                      "%zu x %zu of %zu: %zu, %zu: %g, not %g", n_a, n_b, d, i,
                      j, got, want);
        }
    float *again = rows_of(d, n_a, a, n_b, b, 3);
    cr_assert(!memcmp(square, again, n_a * n_b * sizeof *square));
    free(square);
    free(again);
    free(a);
    free(b);
}

Test(embedding, products_are_differences)
{
    check(1, 1, 1, 0);
    check(2, 3, 5, 0);
    check(50, 333, 700, 0);
    check(7, 130, 513, 100);
}

Test(embedding, columns_below_the_first_may_be_left_out)
{
    enum { D = 4, N = 1200 };
    bw_error err = BW_ERROR_INIT;
    bw_tasks *tasks = NULL;
    bw_embedding *e = NULL;
    float *a = make_codes(N, D, 0, 3);
    float *square = malloc(2 * N * sizeof *square);

    cr_assert(!bw_tasks_create(2, &tasks, &err));
    cr_assert(!bw_embedding_create(D, N, a, N, a, &e, &err));
    bw_embedding_rows(e, tasks, 1100, 2, 1101, square);
    for (size_t k = 0; k < 2; k++)
        for (size_t j = 1101; j < N; j++) {
            double want = plain(D, a + (1100 + k) * D, a + j * D);
            cr_assert(fabs((double)square[k * N + j] - want) <= 5e-5 * want);
        }
    bw_embedding_destroy(e);
    bw_tasks_destroy(tasks);
    free(a);
    free(square);
}

Test(embedding, pairs)
{
    enum { D = 3, N = 10 };
    float *a = make_codes(N, D, 0, 4), *b = make_codes(N, D, 0, 5);
    uint32_t pair[3][2] = {{0, 9}, {9, 0}, {4, 4}};
    double square[3];

    bw_embedding_pairs(D, a, b, 3, (const uint32_t(*)[2])pair, square);
    for (int k = 0; k < 3; k++)
        cr_assert_float_eq(
            square[k], plain(D, a + pair[k][0] * D, b + pair[k][1] * D), 1e-12);
    free(a);
    free(b);
}
