/* test_gemm.c - products in all orientations against plain sums. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/gemm.h"

static float *numbers(size_t n, unsigned salt)
{
    float *x = malloc((n + 1) * sizeof *x);

    cr_assert(x != NULL);
    for (size_t k = 0; k < n; k++)
        x[k] = (float)((k * 7 + salt) % 23) / 8 - 1.25f;
    return x;
}

typedef struct product {
    bool ta, tb;
    size_t m, n, k;
    float alpha, beta;
} product;

static double entry(const product *p, const float *a, size_t lda,
                    const float *b, size_t ldb, size_t i, size_t j)
{
    double sum = 0;

    for (size_t l = 0; l < p->k; l++)
        sum += (double)(p->ta ? a[l * lda + i] : a[i * lda + l]) *
               (double)(p->tb ? b[j * ldb + l] : b[l * ldb + j]);
    return sum;
}

/* Leading dimensions are 3, 2 and 1 past the least; what stands between rows
 * of C must stay. */
static void check_product(const product *p)
{
    size_t lda = (p->ta ? p->m : p->k) + 3, ldb = (p->tb ? p->k : p->n) + 2;
    size_t ldc = p->n + 1;
    float *a = numbers((p->ta ? p->k : p->m) * lda, 1);
    float *b = numbers((p->tb ? p->n : p->k) * ldb, 5);
    float *c = numbers(p->m * ldc, 9), *before = numbers(p->m * ldc, 9);

    for (size_t k = 0; p->beta == 0 && k < p->m * ldc; k++)
        if (k % ldc < p->n)
            c[k] = NAN;
    bw_gemm(p->ta, p->tb, p->m, p->n, p->k, p->alpha, a, lda, b, ldb, p->beta,
            c, ldc);
    for (size_t i = 0; i < p->m; i++) {
        for (size_t j = 0; j < p->n; j++) {
            double wanted =
                (double)p->alpha * entry(p, a, lda, b, ldb, i, j) +
                (p->beta == 0 ? 0
                              : (double)p->beta * (double)before[i * ldc + j]);

            cr_assert(fabs((double)c[i * ldc + j] - wanted) <=
                          1e-5 * ((double)p->k + 1),
                      "%d %d %zu %zu %zu at %zu, %zu: %g, not %g", p->ta, p->tb,
                      p->m, p->n, p->k, i, j, (double)c[i * ldc + j], wanted);
        }
        cr_assert_eq(c[i * ldc + p->n], before[i * ldc + p->n]);
    }
    free(a);
    free(b);
    free(c);
    free(before);
}

/* In each orientation, with and without what stood there. */
static void check_size(size_t m, size_t n, size_t k)
{
    for (unsigned way = 0; way < 16; way++) {
        product p = {.ta = way & 1,
                     .tb = way & 2,
                     .m = m,
                     .n = n,
                     .k = k,
                     .alpha = way & 4 ? -0.5f : 1.0f,
                     .beta = way & 8 ? 2.0f : 0.0f};

        check_product(&p);
    }
}

/* By each library that this processor's products may go to. */
Test(gemm, products)
{
    static const char *const isa[] = {"avx512", "plain"};
    static const size_t size[][3] = {{1, 1, 1},  {1, 9, 5},    {9, 1, 5},
                                     {3, 4, 1},  {17, 33, 6},  {64, 48, 130},
                                     {1, 1, 40}, {130, 5, 300}};
    bw_error err = BW_ERROR_INIT;

    cr_assert_eq(bw_gemm_init(&err), BW_OK, "%s", err.text);
    for (size_t set = 0; set < 2; set++) {
        cr_assert_eq(setenv("BARROW_ISA", isa[set], 1), 0);
        for (size_t k = 0; k < sizeof size / sizeof size[0]; k++)
            check_size(size[k][0], size[k][1], size[k][2]);
    }
}

/* Bits hang on the shape, not on where the operands stand. */
Test(gemm, anywhere)
{
    enum { M = 37, N = 75, K = 90, MOST = 16 };
    float *a = numbers(M * K + MOST, 3), *b = numbers(N * K + MOST, 8);
    float c[M * N + MOST], first[M * N];

    for (size_t from = 0; from < MOST; from++) {
        memmove(a + from, a + (from ? from - 1 : 0), M * K * sizeof *a);
        memmove(b + from, b + (from ? from - 1 : 0), N * K * sizeof *b);
        bw_gemm(false, true, M, N, K, 0.3f, a + from, K, b + from, K, 0,
                c + from, N);
        if (from == 0)
            memcpy(first, c, sizeof first);
        cr_assert_eq(memcmp(first, c + from, sizeof first), 0, "from %zu",
                     from);
    }
    free(a);
    free(b);
}

Test(gemm, nothing_to_add)
{
    float c[6] = {1, 2, NAN, 4, 5, 6}, a[1] = {0}, b[1] = {0};

    bw_gemm(false, false, 2, 2, 0, 1, a, 1, b, 3, 2, c, 3);
    cr_assert(c[0] == 2 && c[1] == 4 && isnan(c[2]) && c[3] == 8 && c[4] == 10);
    bw_gemm(false, false, 1, 3, 0, 1, a, 1, b, 3, 0, c, 3);
    cr_assert(c[0] == 0 && c[1] == 0 && c[2] == 0 && c[3] == 8);
    bw_gemm(false, false, 0, 3, 1, 1, a, 1, b, 3, 0, c, 3);
    cr_assert_eq(c[3], 8);
}
