/* test_eval_frechet.c - Frechet distances against closed forms. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/frechet.h"
#include "eval_case.h"

/* Of two columns, with n - 1. */
static double covariance(const bw_sample *s, size_t i, size_t j)
{
    const double *x = s->data;
    double mean_i = 0, mean_j = 0, sum = 0;

    for (size_t k = 0; k < s->n; k++) {
        mean_i += x[k * s->size + i] / (double)s->n;
        mean_j += x[k * s->size + j] / (double)s->n;
    }
    for (size_t k = 0; k < s->n; k++)
        sum += (x[k * s->size + i] - mean_i) * (x[k * s->size + j] - mean_j);
    return sum / (double)(s->n - 1);
}

static double mean_gap2(const bw_sample *a, const bw_sample *b)
{
    double sum = 0;

    for (size_t i = 0; i < a->size; i++) {
        double gap = 0;
        for (size_t k = 0; k < a->n; k++)
            gap += ((const double *)a->data)[k * a->size + i] / (double)a->n;
        for (size_t k = 0; k < b->n; k++)
            gap -= ((const double *)b->data)[k * b->size + i] / (double)b->n;
        sum += gap * gap;
    }
    return sum;
}

Test(eval_frechet, on_a_line)
{
    double *x = eval_normal(500, 1, 2, 3, 1), *y = eval_normal(90, 1, -1, 5, 2);
    bw_sample a = eval_sample(500, 1, x), b = eval_sample(90, 1, y);
    double gap = sqrt(covariance(&a, 0, 0)) - sqrt(covariance(&b, 0, 0));
    double wanted = mean_gap2(&a, &b) + gap * gap;

    eval_near(eval_run("frechet", &a, &b), wanted, 1e-13 * wanted, "line");
    free(x);
    free(y);
}

/* tr (A B)^1/2 of 2 x 2 matrices is the root of tr A B + 2 (det A det B)^1/2,
 * by Cayley and Hamilton. */
Test(eval_frechet, in_the_plane)
{
    double *x = eval_normal(300, 2, 2, 3, 1), *y = eval_normal(200, 2, 0, 1, 2);
    double c[2][2][2], trace = 0, trace_of_both = 0;

    for (size_t k = 0; k < 300; k++)
        x[2 * k + 1] += 0.7 * x[2 * k];
    for (size_t k = 0; k < 200; k++)
        y[2 * k] -= 2 * y[2 * k + 1];
    bw_sample s[2] = {eval_sample(300, 2, x), eval_sample(200, 2, y)};
    for (size_t q = 0; q < 8; q++)
        c[q / 4][q / 2 % 2][q % 2] = covariance(&s[q / 4], q / 2 % 2, q % 2);
    double det = 1;
    for (size_t q = 0; q < 2; q++) {
        det *= c[q][0][0] * c[q][1][1] - c[q][0][1] * c[q][1][0];
        trace += c[q][0][0] + c[q][1][1];
    }
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 2; j++)
            trace_of_both += c[0][i][j] * c[1][j][i];
    double wanted = mean_gap2(&s[0], &s[1]) + trace -
                    2 * sqrt(trace_of_both + 2 * sqrt(det));
    eval_near(eval_run("frechet", &s[0], &s[1]), wanted, 1e-12 * trace,
              "plane");
    free(x);
    free(y);
}

/* Items at +- s_i along axis i have the variance 2 s_i^2 / (2 d - 1) there. */
static void fill_cross(size_t d, const double *s, double centre, double *x)
{
    for (size_t k = 0; k < 2 * d; k++)
        for (size_t i = 0; i < d; i++)
            x[k * d + i] = centre + (k / 2 == i ? (k % 2 ? s[i] : -s[i]) : 0);
}

Test(eval_frechet, of_diagonal_covariances)
{
    enum { D = 5 };
    const double s[D] = {1, 2, 0, 1e-3, 50}, t[D] = {3, 2, 1, 0, 40};
    double x[2 * D * D], y[2 * D * D], wanted = D * 0.25;

    fill_cross(D, s, 1, x);
    fill_cross(D, t, 1.5, y);
    for (size_t i = 0; i < D; i++)
        wanted += (s[i] - t[i]) * (s[i] - t[i]) * 2 / (2 * D - 1);
    bw_sample a = eval_sample(2 * D, D, x), b = eval_sample(2 * D, D, y);
    eval_near(eval_run("frechet", &a, &b), wanted, 1e-12 * wanted, "diagonal");
}

Test(eval_frechet, laws)
{
    enum { N = 300, M = 40, D = 64 };
    double *x = eval_normal(N, D, 0, 1, 1), *y = eval_normal(M, D, 0.1, 2, 2);
    bw_sample a = eval_sample(N, D, x), b = eval_sample(M, D, y);
    double value = eval_run("frechet", &a, &b); /* b's has rank 39 */
    double trace = 0;

    for (size_t i = 0; i < D; i++)
        trace += covariance(&b, i, i);
    eval_near(eval_run("frechet", &b, &a), value, 1e-12 * trace, "symmetry");
    eval_near(eval_run("frechet", &b, &b), 0, 1e-12 * trace, "itself");
    eval_reverse(N, D, x);
    eval_near(eval_run("frechet", &a, &b), value, 1e-12 * trace, "order");
    free(x);
    free(y);
}

Test(eval_frechet, without_any_variance)
{
    double x[] = {1, 2, 1, 2, 1, 2}, y[] = {1, 5, 1, 5};
    bw_sample a = eval_sample(3, 2, x), b = eval_sample(2, 2, y);

    eval_near(eval_run("frechet", &a, &b), 9, 1e-14, "points");
}

Test(eval_frechet, refusals)
{
    double x[] = {1, 2, 1e200, -1e200}, value;
    bw_sample one = eval_sample(1, 2, x), wide = eval_sample(4, 1, x);
    bw_error err = BW_ERROR_INIT;
    bw_tasks *tasks = eval_tasks(1);

    cr_expect_eq(bw_frechet_of(&one, &one, tasks, &value, &err), BW_ERR_RANGE);
    cr_expect_str_eq(err.text, "test: codes: 1 item has no covariance");
    cr_expect_eq(bw_frechet_of(&wide, &wide, tasks, &value, &err),
                 BW_ERR_RANGE);
    cr_expect_str_eq(err.text, "test: codes: the covariance overflows");
    bw_tasks_destroy(tasks);
}
