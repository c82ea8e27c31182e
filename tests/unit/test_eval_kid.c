/* test_eval_kid.c - the kernel distance against a plain double sum. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "eval/kid.h"
#include "eval_case.h"

static double kernel(size_t d, const double *x, const double *y)
{
    double sum = 0;

    for (size_t k = 0; k < d; k++)
        sum += x[k] * y[k];
    return pow(sum / (double)d + 1, 3);
}

/* The mean over pairs, without those of an item with itself where both are
 * one sample. */
static double mean_of_pairs(const bw_sample *a, const bw_sample *b)
{
    const double *x = a->data, *y = b->data;
    double sum = 0, n = 0;

    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < b->n; k++)
            if (a != b || i != k) {
                sum += kernel(a->size, x + i * a->size, y + k * a->size);
                n++;
            }
    return sum / n;
}

static double plain(const bw_sample *a, const bw_sample *b)
{
    return mean_of_pairs(a, a) + mean_of_pairs(b, b) - 2 * mean_of_pairs(a, b);
}

static bw_kid kid(const bw_sample *a, const bw_sample *b, size_t block,
                  size_t n_threads)
{
    bw_error err = BW_ERROR_INIT;
    bw_tasks *tasks = eval_tasks(n_threads);
    bw_kid result;

    cr_assert(!bw_kid_of(a, b, block, tasks, NULL, &result, &err), "%s",
              err.text);
    bw_tasks_destroy(tasks);
    return result;
}

static void check_twin(size_t n, size_t m, size_t d)
{
    double *x = eval_normal(n, d, 0, 1, 1), *y = eval_normal(m, d, 0.3, 2, 2);
    bw_sample a = eval_sample(n, d, x), b = eval_sample(m, d, y);
    double wanted = plain(&a, &b);

    eval_near(kid(&a, &b, 0, 2).value, wanted, 1e-12 * (1 + fabs(wanted)),
              "twin");
    free(x);
    free(y);
}

Test(eval_kid, twins_of_all_tiles)
{
    check_twin(2, 2, 1);
    check_twin(256, 257, 3);
    check_twin(513, 90, 5);
    check_twin(30, 300, 1025);
    check_twin(5, 4, 2048);
}

Test(eval_kid, by_hand)
{
    double x[] = {1, 2}, y[] = {0, -1};
    bw_sample a = eval_sample(2, 1, x), b = eval_sample(2, 1, y);

    /* k(1,2) = 27, k(0,-1) = 1; k(1,0) = k(2,0) = 1, k(1,-1) = 0,
     * k(2,-1) = -1 */
    cr_expect_eq(kid(&a, &b, 0, 1).value, 27 + 1 - 2 * (1 + 1 + 0 - 1) / 4.);
}

Test(eval_kid, blocks_are_the_mean_of_their_values)
{
    enum { N = 100, M = 75, D = 7, BLOCK = 30 };
    double *x = eval_normal(N, D, 0, 1, 1), *y = eval_normal(M, D, 1, 1, 2);
    bw_sample a = eval_sample(N, D, x), b = eval_sample(M, D, y);
    double value[2];

    for (size_t k = 0; k < 2; k++) {
        bw_sample part_a = bw_sample_part(&a, k * BLOCK, BLOCK);
        bw_sample part_b = bw_sample_part(&b, k * BLOCK, BLOCK);
        value[k] = plain(&part_a, &part_b);
    }
    bw_kid found = kid(&a, &b, BLOCK, 2);
    eval_near(found.value, (value[0] + value[1]) / 2, 1e-11, "mean");
    eval_near(found.error, fabs(value[0] - value[1]) / 2, 1e-11, "error");
    cr_expect_eq(found.n_blocks, 2);
    cr_expect_eq(kid(&a, &b, 0, 1).error, 0);
    free(x);
    free(y);
}

/* Without bias: over many draws of one distribution the mean is 0 within its
 * own error. The values of separate draws are independent. */
Test(eval_kid, is_without_bias)
{
    enum { N = 400, BLOCK = 10, D = 4 };
    double *x = eval_normal(N * BLOCK, D, 0, 1, 1);
    double *y = eval_normal(N * BLOCK, D, 0, 1, 2);
    bw_sample a = eval_sample(N * BLOCK, D, x);
    bw_sample b = eval_sample(N * BLOCK, D, y);
    bw_kid found = kid(&a, &b, BLOCK, 2);

    cr_expect_eq(found.n_blocks, N);
    cr_expect(found.error > 0);
    eval_near(found.value, 0, 4 * found.error, "bias");
    free(x);
    free(y);
}

Test(eval_kid, the_same_bits_for_any_number_of_threads)
{
    double *x = eval_normal(700, 33, 0, 1, 1),
           *y = eval_normal(600, 33, 0, 1, 2);
    bw_sample a = eval_sample(700, 33, x), b = eval_sample(600, 33, y);
    double one = kid(&a, &b, 0, 1).value;

    for (size_t n = 2; n < 6; n++)
        cr_expect_eq(kid(&a, &b, 0, n).value, one);
    free(x);
    free(y);
}

static int always(void)
{
    return 1;
}

Test(eval_kid, too_few_items_and_a_stop)
{
    double x[8] = {0};
    bw_sample a = eval_sample(4, 2, x), b = eval_sample(1, 2, x);
    bw_tasks *tasks = eval_tasks(1);
    bw_error err = BW_ERROR_INIT;
    bw_kid found;

    cr_expect_eq(bw_kid_of(&a, &b, 0, tasks, NULL, &found, &err), BW_ERR_RANGE);
    cr_expect_str_eq(err.text, "test: codes: 1 item makes no pair");
    cr_expect_eq(bw_kid_of(&a, &a, 5, tasks, NULL, &found, &err), BW_ERR_RANGE);
    cr_expect_str_eq(err.text, "test: codes: 4 items make no block of 5");
    cr_expect_eq(bw_kid_of(&a, &a, 1, tasks, NULL, &found, &err), BW_ERR_RANGE);
    cr_expect_eq(bw_kid_of(&a, &a, 0, tasks, always, &found, &err),
                 BW_ERR_INTERRUPTED);
    bw_tasks_destroy(tasks);
}
