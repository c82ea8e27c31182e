/* gemm.c - single precision matrix products by oneDNN where it is built in and
 * the processor has AVX-512, else by OpenBLAS or another BLAS; on the calling
 * thread.
 *
 * oneDNN's kernels read operands where they stand when these are small, which
 * OpenBLAS packs always: 117 GFLOP/s against 98 at 128 x 512, 784 inside, 113
 * against 84 at 64 x 512, 128 inside, as fast at 2000^3. A product with one row
 * or one column goes to OpenBLAS's sgemv: sgemm fills tiles that such a shape
 * leaves nearly empty.
 */
#include "config.h"

#include <assert.h>
#include <cblas.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>

#include "nn/gemm.h"

#ifdef BW_ONEDNN
#include "base/isa.h"
#include "nn/onednn_unit.h"
#endif

/* The check at the start: each thread repeats one product of small integers,
 * which is exact in floats whatever the order of its sums. Sizes straddle
 * OpenBLAS's kernels for small matrices and its packed ones. */
enum {
    CHECK_THREADS = 4,
    CHECK_ROUNDS = 6,
    CHECK_M = 129,
    CHECK_N = 65,
    CHECK_K = 160
};

/* OpenBLAS's own; another BLAS has none of them. */
extern void openblas_set_num_threads(int n) __attribute__((weak));
extern char *openblas_get_config(void) __attribute__((weak));

typedef struct check {
    unsigned salt;
    bool is_wrong;
} check;

static pthread_once_t check_once = PTHREAD_ONCE_INIT;
static bw_status check_status;

/* A product's entry (i, j) from its factors: a(i,k) = i + k + salt mod 5 - 2,
 * b(k,j) = k + 2 j mod 3 - 1. */
static float check_a(unsigned salt, size_t i, size_t k)
{
    return (float)((i + k + salt) % 5) - 2;
}

static float check_b(size_t k, size_t j)
{
    return (float)((k + 2 * j) % 3) - 1;
}

/* Rows repeat after 5 and columns after 3, so a few sums tell all entries. */
static bool check_result(unsigned salt, const float *c)
{
    float wanted[5][3] = {{0}};

    for (size_t i = 0; i < 5; i++)
        for (size_t j = 0; j < 3; j++)
            for (size_t k = 0; k < CHECK_K; k++)
                wanted[i][j] += check_a(salt, i, k) * check_b(k, j);
    for (size_t i = 0; i < CHECK_M; i++)
        for (size_t j = 0; j < CHECK_N; j++)
            if (c[i * CHECK_N + j] != wanted[i % 5][j % 3])
                return false;
    return true;
}

static void *check_main(void *arg)
{
    check *work = arg;
    float a[CHECK_M * CHECK_K], b[CHECK_K * CHECK_N], c[CHECK_M * CHECK_N];

    for (size_t i = 0; i < CHECK_M; i++)
        for (size_t k = 0; k < CHECK_K; k++)
            a[i * CHECK_K + k] = check_a(work->salt, i, k);
    for (size_t k = 0; k < CHECK_K; k++)
        for (size_t j = 0; j < CHECK_N; j++)
            b[k * CHECK_N + j] = check_b(k, j);
    for (int round = 0; round < CHECK_ROUNDS; round++) {
        memset(c, 0, sizeof(c));
        bw_gemm(false, false, CHECK_M, CHECK_N, CHECK_K, 1, a, CHECK_K, b,
                CHECK_N, 0, c, CHECK_N);
        work->is_wrong |= !check_result(work->salt, c);
    }
    return NULL;
}

/* A thread that the system does not give is one fewer that could go wrong. */
static void check_products(void)
{
    check work[CHECK_THREADS] = {{0}};
    pthread_t thread[CHECK_THREADS];
    bool is_started[CHECK_THREADS] = {false};

    if (openblas_set_num_threads)
        openblas_set_num_threads(1);
    for (unsigned k = 0; k < CHECK_THREADS; k++) {
        work[k].salt = k;
        if (k > 0)
            is_started[k] =
                pthread_create(&thread[k], NULL, check_main, &work[k]) == 0;
    }
    check_main(&work[0]);
    for (unsigned k = 1; k < CHECK_THREADS; k++)
        if (is_started[k])
            pthread_join(thread[k], NULL);
    for (unsigned k = 0; k < CHECK_THREADS; k++)
        if (work[k].is_wrong)
            check_status = BW_ERR_INTERNAL;
}

bw_status bw_gemm_init(bw_error *err)
{
    pthread_once(&check_once, check_products);
    if (check_status != BW_OK)
        return bw_error_set(err, check_status,
                            "products of several threads at a time are wrong "
                            "(%s)",
                            openblas_get_config ? openblas_get_config()
                                                : "no OpenBLAS");
    return BW_OK;
}

static CBLAS_TRANSPOSE flag(bool transpose)
{
    return transpose ? CblasTrans : CblasNoTrans;
}

/* y = alpha op(A) x + beta y; op(A) is m x k. */
static void multiply_vector(bool transpose, size_t m, size_t k, float alpha,
                            const float *a, size_t lda, const float *x,
                            size_t x_step, float beta, float *y, size_t y_step)
{
    int n_rows = (int)(transpose ? k : m), n_columns = (int)(transpose ? m : k);

    cblas_sgemv(CblasRowMajor, flag(transpose), n_rows, n_columns, alpha, a,
                (int)lda, x, (int)x_step, beta, y, (int)y_step);
}

/* C = beta C, where nothing is to be added. */
static void scale(size_t m, size_t n, float beta, float *c, size_t ldc)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            c[i * ldc + j] = beta == 0 ? 0 : beta * c[i * ldc + j];
}

/* As bw_gemm has them; m, n and k are positive. */
typedef struct product {
    bool transpose_a, transpose_b;
    size_t m, n, k;
    float alpha, beta;
    const float *a, *b;
    size_t lda, ldb, ldc;
    float *c;
} product;

/* False where oneDNN is absent, no better, or out of memory. */
static bool multiply_onednn(const product *p)
{
#ifdef BW_ONEDNN
    if (bw_isa_get() < BW_ISA_AVX512)
        return false;
    bw_onednn_hold_thread();
    return dnnl_sgemm(p->transpose_a ? 'T' : 'N', p->transpose_b ? 'T' : 'N',
                      (dnnl_dim_t)p->m, (dnnl_dim_t)p->n, (dnnl_dim_t)p->k,
                      p->alpha, p->a, (dnnl_dim_t)p->lda, p->b,
                      (dnnl_dim_t)p->ldb, p->beta, p->c,
                      (dnnl_dim_t)p->ldc) == dnnl_success;
#else
    (void)p;
    return false;
#endif
}

static void multiply_openblas(const product *p)
{
    cblas_sgemm(CblasRowMajor, flag(p->transpose_a), flag(p->transpose_b),
                (int)p->m, (int)p->n, (int)p->k, p->alpha, p->a, (int)p->lda,
                p->b, (int)p->ldb, p->beta, p->c, (int)p->ldc);
}

void bw_gemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k,
             float alpha, const float *a, size_t lda, const float *b,
             size_t ldb, float beta, float *c, size_t ldc)
{
    const product p = {.transpose_a = transpose_a,
                       .transpose_b = transpose_b,
                       .m = m,
                       .n = n,
                       .k = k,
                       .alpha = alpha,
                       .beta = beta,
                       .a = a,
                       .b = b,
                       .lda = lda,
                       .ldb = ldb,
                       .ldc = ldc,
                       .c = c};

    assert(m <= INT_MAX && n <= INT_MAX && k <= INT_MAX);
    assert(lda <= INT_MAX && ldb <= INT_MAX && ldc <= INT_MAX);
    if (m == 0 || n == 0)
        return;
    if (k == 0)
        scale(m, n, beta, c, ldc);
    else if (n == 1)
        multiply_vector(transpose_a, m, k, alpha, a, lda, b,
                        transpose_b ? 1 : ldb, beta, c, ldc);
    else if (m == 1)
        multiply_vector(!transpose_b, n, k, alpha, b, ldb, a,
                        transpose_a ? lda : 1, beta, c, 1);
    else if (!multiply_onednn(&p))
        multiply_openblas(&p);
}
