/* test_mixture.c - Gaussian mixtures: a known one is found again, rounds and
 * draws are their formulas, the objective never falls, and the edges: one
 * component, one dimension, equal codes, too few of them. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "model/mixture.h"

enum { N = 1500, D = 3, K = 3 };

static bw_tasks *team(size_t n)
{
    bw_error err = BW_ERROR_INIT;
    bw_tasks *tasks;

    cr_assert(!bw_tasks_create(n, &tasks, &err), "%s", err.text);
    return tasks;
}

/* N codes: i % 6 names the component, shares 1/2, 1/3, 1/6. With e standard
 * normal, x = m + (e_0, e_0 / 2 + e_1 / 4, e_2 / 10). */
static const double known_mean[K][D] = {{0, 0, 0}, {9, 0, 0}, {0, -9, 3}};

static void draw_known(float *x, double spread)
{
    bw_random random;

    bw_random_init(&random, 7, BW_RANDOM_TEST, 0);
    for (size_t i = 0; i < N; i++) {
        const double *m = known_mean[i % 6 < 3 ? 0 : i % 6 < 5 ? 1 : 2];
        double e[D];
        for (size_t j = 0; j < D; j++)
            e[j] = spread * bw_random_normal(&random);
        x[i * D] = (float)(m[0] + e[0]);
        x[i * D + 1] = (float)(m[1] + e[0] / 2 + e[1] / 4);
        x[i * D + 2] = (float)(m[2] + e[2] / 10);
    }
}

static bw_mixture *fit(size_t k, uint64_t seed, size_t rounds, size_t n,
                       size_t d, const float *x, size_t n_threads)
{
    bw_mixture_options options = {
        .n_components = k, .seed = seed, .max_rounds = rounds};
    bw_tasks *tasks = team(n_threads);
    bw_error err = BW_ERROR_INIT;
    bw_mixture *m;

    cr_assert(!bw_mixture_fit(&options, n, d, x, tasks, &m, &err), "%s",
              err.text);
    bw_tasks_destroy(tasks);
    return m;
}

/* S_c (i, j). */
static double covariance(const bw_mixture *m, size_t c, size_t i, size_t j)
{
    const double *l = m->factor + c * m->d * m->d;
    double sum = 0;

    for (size_t k = 0; k < m->d; k++)
        sum += l[i * m->d + k] * l[j * m->d + k];
    return sum;
}

/* |L^-1 x|^2 by forward substitution; x is used up. */
static double norm(const bw_mixture *m, size_t c, double *x)
{
    const double *l = m->factor + c * m->d * m->d;
    double sum = 0;

    for (size_t i = 0; i < m->d; i++) {
        for (size_t j = 0; j < i; j++)
            x[i] -= l[i * m->d + j] * x[j];
        x[i] /= l[i * m->d + i];
        sum += x[i] * x[i];
    }
    return sum;
}

/* The objective, from its formula. */
static double plain_objective(const bw_mixture *m, size_t n, const float *x,
                              double ridge)
{
    double sum = 0, y[D];

    for (size_t i = 0; i < n; i++) {
        double p = 0;
        for (size_t c = 0; c < m->n_components; c++) {
            double det = 1;
            for (size_t j = 0; j < m->d; j++) {
                y[j] = (double)x[i * m->d + j] - m->mean[c * m->d + j];
                det *= m->factor[(c * m->d + j) * m->d + j];
            }
            p += m->weight[c] * exp(-norm(m, c, y) / 2) /
                 (det * pow(2 * acos(-1), (double)m->d / 2));
        }
        sum += log(p);
    }
    /* tr S^-1 = sum of |L^-1 e_j|^2 */
    for (size_t c = 0; c < m->n_components; c++)
        for (size_t j = 0; j < m->d; j++) {
            memset(y, 0, sizeof y);
            y[j] = 1;
            sum -= ridge / 2 * norm(m, c, y);
        }
    return sum;
}

static double mean_variance(size_t n, size_t d, const float *x)
{
    double sum = 0;

    for (size_t j = 0; j < d; j++) {
        double mean = 0;
        for (size_t i = 0; i < n; i++)
            mean += (double)x[i * d + j] / (double)n;
        for (size_t i = 0; i < n; i++)
            sum += pow((double)x[i * d + j] - mean, 2);
    }
    return sum / (double)(n * d);
}

Test(mixture, finds_a_known_one_from_any_start)
{
    static float x[N * D];

    draw_known(x, 1);
    for (uint64_t seed = 0; seed < 10; seed++) {
        bw_mixture *m = fit(K, seed, 0, N, D, x, 1);
        for (size_t k = 0; k < K; k++) {
            size_t c = 0;
            const double *want = known_mean[k];
            while (c < K && fabs(m->mean[c * D] - want[0]) +
                                    fabs(m->mean[c * D + 1] - want[1]) >
                                1)
                c++;
            cr_assert_lt(c, K, "seed %d: component %zu", (int)seed, k);
            cr_assert_float_eq(m->weight[c], (double)(3 - k) / 6, 0.01);
            for (size_t j = 0; j < D; j++)
                cr_assert_float_eq(m->mean[c * D + j], want[j], 0.2);
            cr_assert_float_eq(covariance(m, c, 0, 0), 1, 0.25);
            cr_assert_float_eq(covariance(m, c, 1, 0), 0.5, 0.12);
            cr_assert_float_eq(covariance(m, c, 1, 1), 0.3125, 0.06);
            cr_assert_float_eq(covariance(m, c, 2, 2), 0.01, 0.003);
            cr_assert_float_eq(covariance(m, c, 2, 0), 0, 0.03);
        }
        bw_mixture_destroy(m);
    }
}

/* Components that overlap, and one too many: many rounds. */
Test(mixture, objective_never_falls_and_is_its_formula)
{
    static float x[N * D];
    double before = -HUGE_VAL;
    size_t n_rises = 0;

    draw_known(x, 4);
    double ridge = 1e-6 * mean_variance(N, D, x) * N / (K + 1);
    for (size_t rounds = 1; rounds <= 40; rounds++) {
        bw_mixture *m = fit(K + 1, 3, rounds, N, D, x, 1);
        double want = plain_objective(m, N, x, ridge);
        cr_assert_float_eq(m->objective, want, 1e-8 * fabs(want));
        cr_assert_geq(m->objective, before - 1e-9 * fabs(before),
                      "round %zu: %.17g after %.17g", rounds, m->objective,
                      before);
        n_rises += m->objective > before;
        before = m->objective;
        bw_mixture_destroy(m);
    }
    cr_assert_gt(n_rises, 5);
}

/* The share p that each component has in code i. */
static void take_shares(const bw_mixture *m, const float *x, double *p)
{
    double sum = 0, y[D];

    for (size_t c = 0; c < m->n_components; c++) {
        double det = 1;
        for (size_t j = 0; j < D; j++) {
            y[j] = (double)x[j] - m->mean[c * D + j];
            det *= m->factor[(c * D + j) * D + j];
        }
        p[c] = m->weight[c] * exp(-norm(m, c, y) / 2) / det;
        sum += p[c];
    }
    for (size_t c = 0; c < m->n_components; c++)
        p[c] /= sum;
}

/* What a round makes of m by the header's formulas: sums of shares s, means mu,
 * covariances v. */
static void plain_round(const bw_mixture *m, const float *x, double ridge,
                        double *s, double (*mu)[D], double (*v)[D][D])
{
    double p[K + 1];
    size_t k = m->n_components;

    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < N; i++) {
            const float *y = x + i * D;
            take_shares(m, y, p);
            for (size_t c = 0; c < k; c++) {
                s[c] += pass ? 0 : p[c];
                for (size_t a = 0; a < D; a++) {
                    double off = (double)y[a] - mu[c][a] / s[c];
                    mu[c][a] += pass ? 0 : p[c] * (double)y[a];
                    for (size_t b = 0; b < D && pass; b++)
                        v[c][a][b] +=
                            p[c] * off * ((double)y[b] - mu[c][b] / s[c]);
                }
            }
        }
    for (size_t c = 0; c < k; c++)
        for (size_t a = 0; a < D; a++) {
            for (size_t b = 0; b < D; b++)
                v[c][a][b] = (v[c][a][b] + (a == b ? ridge : 0)) / s[c];
            mu[c][a] /= s[c];
        }
}

/* Of components that overlap, where every code is shared. */
Test(mixture, a_round_is_its_formulas)
{
    static float x[N * D];

    draw_known(x, 4);
    double ridge = 1e-6 * mean_variance(N, D, x) * N / (K + 1);
    for (size_t rounds = 1; rounds < 4; rounds++) {
        double s[K + 1] = {0}, mu[K + 1][D] = {{0}}, v[K + 1][D][D] = {{{0}}};
        bw_mixture *m = fit(K + 1, 3, rounds, N, D, x, 1);
        bw_mixture *next = fit(K + 1, 3, rounds + 1, N, D, x, 1);
        plain_round(m, x, ridge, s, mu, v);
        for (size_t c = 0; c <= K; c++) {
            cr_assert_float_eq(next->weight[c], s[c] / N, 1e-10);
            for (size_t a = 0; a < D; a++) {
                cr_assert_float_eq(next->mean[c * D + a], mu[c][a], 1e-9);
                for (size_t b = 0; b < D; b++)
                    cr_assert_float_eq(covariance(next, c, a, b), v[c][a][b],
                                       1e-8, "%g, not %g",
                                       covariance(next, c, a, b), v[c][a][b]);
            }
        }
        bw_mixture_destroy(m);
        bw_mixture_destroy(next);
    }
}

/* The first round that gains less than 1e-4 a code. */
Test(mixture, ends_where_little_is_gained)
{
    static float x[N * D];

    draw_known(x, 4);
    bw_mixture *end = fit(K + 1, 3, 0, N, D, x, 1);
    size_t n = end->n_rounds;
    cr_assert(n > 3 && n < BW_MIXTURE_ROUNDS, "%zu rounds", n);
    bw_mixture *before = fit(K + 1, 3, n - 1, N, D, x, 1);
    bw_mixture *long_before = fit(K + 1, 3, n - 2, N, D, x, 1);
    cr_assert_lt(end->objective - before->objective, 1e-4 * N);
    cr_assert_geq(before->objective - long_before->objective, 1e-4 * N);
    bw_mixture_destroy(end);
    bw_mixture_destroy(before);
    bw_mixture_destroy(long_before);
}

/* Draw k from its own stream: first which component, then m + L e. */
Test(mixture, draws_are_their_formula)
{
    static float x[N * D];
    enum { DRAWS = 40, FIRST = 7 };
    float z[DRAWS * D];
    bw_error err = BW_ERROR_INIT;

    draw_known(x, 1);
    bw_mixture *m = fit(K, 3, 0, N, D, x, 1);
    cr_assert(!bw_mixture_draw(m, 5, FIRST, DRAWS, z, &err));
    for (size_t k = 0; k < DRAWS; k++) {
        double at, e[D];
        size_t c = 0;
        bw_random random;
        bw_random_init(&random, 5, BW_RANDOM_MIXTURE, FIRST + k);
        at = bw_random_uniform(&random);
        while (c + 1 < K && at >= m->weight[c])
            at -= m->weight[c++];
        for (size_t j = 0; j < D; j++)
            e[j] = bw_random_normal(&random);
        for (size_t j = 0; j < D; j++) {
            double want = m->mean[c * D + j];
            for (size_t i = 0; i < D; i++)
                want += m->factor[(c * D + j) * D + i] * e[i];
            cr_assert_float_eq((double)z[k * D + j], want, 1e-5);
        }
    }
    bw_mixture_destroy(m);
}

Test(mixture, one_component_is_mean_and_covariance)
{
    static float x[N * D];

    draw_known(x, 1);
    bw_mixture *m = fit(1, 0, 0, N, D, x, 1);
    double ridge = 1e-6 * mean_variance(N, D, x);
    cr_assert_eq(m->weight[0], 1);
    cr_assert_leq(m->n_rounds, 2);
    for (size_t a = 0; a < D; a++)
        for (size_t b = 0; b <= a; b++) {
            double mean_a = 0, mean_b = 0, product = 0;
            for (size_t i = 0; i < N; i++) {
                mean_a += (double)x[i * D + a] / N;
                mean_b += (double)x[i * D + b] / N;
            }
            for (size_t i = 0; i < N; i++)
                product += ((double)x[i * D + a] - mean_a) *
                           ((double)x[i * D + b] - mean_b) / N;
            cr_assert_float_eq(m->mean[a], mean_a, 1e-10);
            cr_assert_float_eq(covariance(m, 0, a, b),
                               product + (a == b ? ridge : 0), 1e-9);
        }
    bw_mixture_destroy(m);
}

Test(mixture, does_not_depend_on_threads)
{
    static float x[N * D];

    draw_known(x, 4);
    bw_mixture *one = fit(5, 1, 12, N, D, x, 1);
    bw_mixture *three = fit(5, 1, 12, N, D, x, 3);
    bw_mixture *other = fit(5, 2, 12, N, D, x, 1);
    size_t n_bytes = sizeof(double) * 5 * D;
    cr_assert_eq(one->objective, three->objective);
    cr_assert_arr_eq(one->mean, three->mean, n_bytes);
    cr_assert_arr_eq(one->factor, three->factor, n_bytes * D);
    cr_assert_neq(memcmp(one->mean, other->mean, n_bytes), 0);
    bw_mixture_destroy(one);
    bw_mixture_destroy(three);
    bw_mixture_destroy(other);
}

Test(mixture, of_one_dimension)
{
    float x[200];

    for (size_t i = 0; i < 200; i++)
        x[i] = (float)(i % 2 ? 5 : -5) + (float)(i % 10) / 10;
    bw_mixture *m = fit(2, 0, 0, 200, 1, x, 1);
    size_t low = m->mean[0] > m->mean[1];
    cr_assert_float_eq(m->weight[low], 0.5, 1e-6);
    cr_assert_float_eq(m->mean[low], -4.6, 1e-4); /* -5 + 0 .2 .4 .6 .8 */
    cr_assert_float_eq(m->mean[!low], 5.5, 1e-4);
    cr_assert_float_eq(covariance(m, low, 0, 0), 0.08, 1e-3);
    bw_mixture_destroy(m);
}

/* Nothing to tell components apart, and no spread: draws are the code. */
Test(mixture, of_equal_codes)
{
    for (int at = 0; at < 3; at++) {
        float value = at == 0 ? 0 : at == 1 ? 3.25F : 1e30F;
        float x[8 * 2], z[20 * 2];
        bw_error err = BW_ERROR_INIT;
        for (size_t k = 0; k < 16; k++)
            x[k] = value;
        bw_mixture *m = fit(4, 0, 0, 8, 2, x, 1);
        cr_assert(isfinite(m->objective));
        cr_assert(!bw_mixture_draw(m, 0, 0, 20, z, &err));
        for (size_t k = 0; k < 40; k++)
            cr_assert_float_eq(z[k], value, 1e-6 * (double)value + 1e-12);
        bw_mixture_destroy(m);
    }
}

/* As many components as codes, fewer than values. */
Test(mixture, of_few_codes)
{
    const float x[] = {0, 0, 0, 0, 1, 2, 3, 4};
    bw_mixture_options options = {.n_components = 3};
    bw_tasks *tasks = team(1);
    bw_error err = BW_ERROR_INIT;
    bw_mixture *m = fit(2, 0, 0, 2, 4, x, 1);

    cr_assert(isfinite(m->objective));
    cr_assert_float_eq(fabs(m->mean[3] - m->mean[7]), 4, 1e-6);
    bw_mixture_destroy(m);
    cr_assert_eq(bw_mixture_fit(&options, 2, 4, x, tasks, &m, &err),
                 BW_ERR_RANGE);
    cr_assert_str_eq(err.text, "a mixture of 3 Gaussians needs as many codes, "
                               "there are 2");
    cr_assert_null(m);
    options.n_components = 0;
    cr_assert_eq(bw_mixture_fit(&options, 2, 4, x, tasks, &m, &err),
                 BW_ERR_RANGE);
    bw_tasks_destroy(tasks);
}

static int stop(void)
{
    return 1;
}

Test(mixture, stops)
{
    const float x[] = {0, 1, 2, 3};
    bw_mixture_options options = {.n_components = 2, .stopped = stop};
    bw_tasks *tasks = team(1);
    bw_error err = BW_ERROR_INIT;
    bw_mixture *m;

    cr_assert_eq(bw_mixture_fit(&options, 4, 1, x, tasks, &m, &err),
                 BW_ERR_INTERRUPTED);
    cr_assert_null(m);
    bw_tasks_destroy(tasks);
}

Test(mixture, draws_have_its_moments)
{
    enum { DRAWS = 40000 };
    static double mean[] = {-1, 0, 2, 1}, weight[] = {0.25, 0.75};
    static double factor[] = {1, 0, 0.5, 2, 3, 0, -1, 0.5};
    const bw_mixture m = {.n_components = 2,
                          .d = 2,
                          .weight = weight,
                          .mean = mean,
                          .factor = factor};
    static float z[DRAWS * 2], part[10];
    double sum[2] = {0}, product[3] = {0};
    bw_error err = BW_ERROR_INIT;

    cr_assert(!bw_mixture_draw(&m, 5, 0, DRAWS, z, &err));
    for (size_t i = 0; i < DRAWS; i++) {
        double x = (double)z[i * 2], y = (double)z[i * 2 + 1];
        sum[0] += x / DRAWS;
        sum[1] += y / DRAWS;
        product[0] += x * x / DRAWS;
        product[1] += x * y / DRAWS;
        product[2] += y * y / DRAWS;
    }
    cr_assert_float_eq(sum[0], 1.25, 0.06);
    cr_assert_float_eq(sum[1], 0.75, 0.04);
    /* sum w (S + m m'): S is (1, .5, 4.25) and (9, -3, 1.25). */
    cr_assert_float_eq(product[0], 0.25 * 2 + 0.75 * 13, 0.3);
    cr_assert_float_eq(product[1], 0.25 * 0.5 + 0.75 * -1, 0.1);
    cr_assert_float_eq(product[2], 0.25 * 4.25 + 0.75 * 2.25, 0.1);
    /* Draw i is the same wherever a list of draws begins. */
    cr_assert(!bw_mixture_draw(&m, 5, 123, 5, part, &err));
    cr_assert_arr_eq(part, z + 246, sizeof part);
}
