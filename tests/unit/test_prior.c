/* test_prior.c - draws of priors: the numbers that the header promises, their
 * moments, lengths and ranges; the log density against its formula and its
 * gradient against finite differences. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "model/prior.h"

enum { N_DRAWS = 20000, SEED = 12, STREAM = 5 };

static float *draw(const bw_prior *prior, size_t n)
{
    float *z = calloc(n * prior->d + 1, sizeof *z);

    bw_prior_draw(prior, SEED, BW_RANDOM_PRIOR, STREAM, n, z);
    return z;
}

static bw_random numbers(void)
{
    bw_random random;

    bw_random_init(&random, SEED, BW_RANDOM_PRIOR, STREAM);
    return random;
}

/* ---- draws ---- */

Test(prior, normal_draws_are_the_streams_numbers)
{
    bw_prior prior = {BW_PRIOR_NORMAL, 3, 1.75};
    bw_random random = numbers();
    float *z = draw(&prior, 50);

    for (size_t k = 0; k < 150; k++) {
        double right = 1.75 * bw_random_normal(&random);

        cr_expect_eq(z[k], (float)right);
    }
    free(z);
}

Test(prior, uniform_draws_are_the_streams_numbers)
{
    bw_prior prior = {BW_PRIOR_UNIFORM, 3, 1.75};
    bw_random random = numbers();
    float *z = draw(&prior, 50);

    for (size_t k = 0; k < 150; k++) {
        double right = 1.75 * (2 * bw_random_uniform(&random) - 1);

        cr_expect_eq(z[k], (float)right);
    }
    free(z);
}

Test(prior, sphere_draws_are_normal_numbers_by_their_length)
{
    bw_prior prior = {BW_PRIOR_SPHERE, 4, 2.5};
    bw_random random = numbers();
    float *z = draw(&prior, 50);

    for (size_t i = 0; i < 50; i++) {
        double number[4], square = 0;

        for (size_t j = 0; j < 4; j++) {
            number[j] = bw_random_normal(&random);
            square += number[j] * number[j];
        }
        for (size_t j = 0; j < 4; j++)
            cr_expect_float_eq((double)z[i * 4 + j],
                               2.5 * number[j] / sqrt(square), 1e-6);
    }
    free(z);
}

/* A longer list of draws begins with the shorter one. */
Test(prior, draws_come_one_after_the_other)
{
    for (int kind = 0; kind < 3; kind++) {
        bw_prior prior = {(bw_prior_kind)kind, 5, 1};
        float *few = draw(&prior, 3), *many = draw(&prior, 9), other[15];

        cr_expect_arr_eq(few, many, 15 * sizeof *few);
        bw_prior_draw(&prior, SEED, BW_RANDOM_PRIOR, STREAM + 1, 3, other);
        cr_expect_arr_neq(few, other, sizeof other);
        bw_prior_draw(&prior, SEED, BW_RANDOM_CODES, STREAM, 3, other);
        cr_expect_arr_neq(few, other, sizeof other);
        bw_prior_draw(&prior, SEED + 1, BW_RANDOM_PRIOR, STREAM, 3, other);
        cr_expect_arr_neq(few, other, sizeof other);
        free(few);
        free(many);
    }
}

/* Means are 0; variances scale^2, scale^2 / d and scale^2 / 3; values of a
 * draw are not correlated. Four standard errors are left for each. */
Test(prior, moments_are_the_distributions)
{
    const size_t d = 3;
    const double scale = 1.5, part[] = {1, 1 / 3.0, 1 / 3.0};

    for (int kind = 0; kind < 3; kind++) {
        bw_prior prior = {(bw_prior_kind)kind, d, scale};
        float *z = draw(&prior, N_DRAWS);
        double variance = scale * scale * part[kind];

        for (size_t j = 0; j < d; j++) {
            double mean = 0, square = 0, product = 0;

            for (size_t i = 0; i < N_DRAWS; i++) {
                double x = (double)z[i * d + j];

                mean += x / N_DRAWS;
                square += x * x / N_DRAWS;
                product += x * (double)z[i * d + (j + 1) % d] / N_DRAWS;
            }
            cr_expect_float_eq(mean, 0, 4 * sqrt(variance / N_DRAWS), "%d %g",
                               kind, mean);
            cr_expect_float_eq(square, variance,
                               4 * variance * sqrt(2.0 / N_DRAWS), "%d %g",
                               kind, square);
            cr_expect_float_eq(product, 0, 4 * variance / sqrt(N_DRAWS),
                               "%d %g", kind, product);
        }
        free(z);
    }
}

Test(prior, draws_lie_where_they_are_to)
{
    for (size_t d = 1; d <= 64; d += 21) {
        bw_prior sphere = {BW_PRIOR_SPHERE, d, 2.5};
        bw_prior uniform = {BW_PRIOR_UNIFORM, d, 0.7};
        float *on = draw(&sphere, 500), *in = draw(&uniform, 500);
        float least = 1, most = -1;

        for (size_t i = 0; i < 500; i++) {
            double square = 0;

            for (size_t k = i * d; k < (i + 1) * d; k++) {
                square += (double)on[k] * (double)on[k];
                least = fminf(least, in[k]);
                most = fmaxf(most, in[k]);
            }
            cr_expect_float_eq(sqrt(square), 2.5, 1e-6);
        }
        cr_expect(least >= -0.7f && least < -0.69f, "%g", (double)least);
        cr_expect(most <= 0.7f && most > 0.69f, "%g", (double)most);
        free(on);
        free(in);
    }
}

/* ---- base ---- */

/* The mean squared distance of two draws; the uniform's is 2/3 of d scale^2. */
Test(prior, base_is_the_squared_distance_of_draws)
{
    static const double part[] = {1, 1, 2 / 3.0};
    const size_t d = 4;

    for (int kind = 0; kind < 3; kind++) {
        bw_prior prior = {(bw_prior_kind)kind, d, 1.5};
        float *z = draw(&prior, N_DRAWS);
        double mean = 0, base = bw_prior_base(&prior);

        for (size_t k = 0; k < N_DRAWS / 2 * d; k++)
            mean += pow((double)z[k] - (double)z[N_DRAWS / 2 * d + k], 2) /
                    (N_DRAWS / 2);
        cr_expect_float_eq(part[kind] * base, mean, 0.03 * mean, "%d: %g %g",
                           kind, base, mean);
        free(z);
    }
    cr_expect_float_eq(bw_prior_base(&(bw_prior){BW_PRIOR_NORMAL, 8, 1}), 16,
                       1e-12);
    cr_expect_float_eq(bw_prior_base(&(bw_prior){BW_PRIOR_SPHERE, 8, 1}), 2,
                       1e-12);
    cr_expect_float_eq(bw_prior_base(&(bw_prior){BW_PRIOR_UNIFORM, 8, 1}), 8,
                       1e-12);
}

/* ---- density ---- */

static double log_density(size_t d, double scale, const double *z)
{
    double sum = 0;

    for (size_t j = 0; j < d; j++)
        sum += log(exp(-z[j] * z[j] / (2 * scale * scale)) /
                   (scale * sqrt(2 * 3.14159265358979324)));
    return sum;
}

/* dz begins at 1. */
Test(prior, log_density_is_the_formula_and_slopes_follow)
{
    const size_t n = 20, d = 6;
    const double h = 1e-5;

    for (double scale = 0.5; scale < 4; scale *= 2) {
        bw_prior prior = {BW_PRIOR_NORMAL, d, scale};
        float *z = draw(&prior, n), value[20], weight[20], dz[120];

        for (size_t k = 0; k < n * d; k++)
            dz[k] = 1;
        for (size_t i = 0; i < n; i++)
            weight[i] = 0.5f * (float)i - 3;
        bw_prior_log_density(&prior, n, z, value);
        bw_prior_log_density_back(&prior, n, z, weight, dz);
        for (size_t i = 0; i < n; i++) {
            double wide[6], right;

            for (size_t j = 0; j < d; j++)
                wide[j] = (double)z[i * d + j];
            right = log_density(d, scale, wide);
            cr_expect_float_eq((double)value[i], right, 1e-6 * fabs(right),
                               "%g %zu", scale, i);
            for (size_t j = 0; j < d; j++) {
                double slope;

                wide[j] += h;
                slope = log_density(d, scale, wide);
                wide[j] -= 2 * h;
                slope -= log_density(d, scale, wide);
                wide[j] += h;
                slope *= (double)weight[i] / (2 * h);
                cr_expect_float_eq((double)dz[i * d + j] - 1, slope, 1e-5,
                                   "%g %zu %zu", scale, i, j);
            }
        }
        free(z);
    }
}

Test(prior, names_stand_in_order)
{
    cr_expect_str_eq(bw_prior_names, "normal|sphere|uniform");
    cr_expect(BW_PRIOR_NORMAL == 0 && BW_PRIOR_SPHERE == 1 &&
              BW_PRIOR_UNIFORM == 2);
}
