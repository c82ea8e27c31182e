/* test_interpolate.c - ways between codes, by ends, lengths and angles. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "barrow/random.h"
#include "model/interpolate.h"

enum { D = 5, N = 7 };

static double length(size_t d, const float *a)
{
    double sum = 0;

    for (size_t i = 0; i < d; i++)
        sum += (double)a[i] * (double)a[i];
    return sqrt(sum);
}

/* The angle between two codes, by chords. */
static double angle(size_t d, const float *a, const float *b)
{
    double sum = 0, p = length(d, a), q = length(d, b);

    for (size_t i = 0; i < d; i++)
        sum += pow((double)a[i] / p - (double)b[i] / q, 2);
    return 2 * asin(fmin(sqrt(sum) / 2, 1));
}

static void draw(uint64_t stream, float *a)
{
    bw_random random;

    bw_random_init(&random, 1, BW_RANDOM_TEST, stream);
    for (size_t i = 0; i < D; i++)
        a[i] = (float)bw_random_normal(&random);
}

/* Even lengths and angles from a to b, whole angle `all`. */
static void is_even(size_t d, const float *z, double all)
{
    double p = length(d, z), q = length(d, z + (N - 1) * d);

    for (size_t k = 0; k < N; k++) {
        double t = (double)k / (N - 1);
        cr_assert_float_eq(length(d, z + k * d), (1 - t) * p + t * q, 1e-5);
        if (k > 0)
            cr_assert_float_eq(angle(d, z + (k - 1) * d, z + k * d),
                               all / (N - 1), 1e-5);
    }
}

Test(interpolate, straight)
{
    const float a[] = {0, 4, -2}, b[] = {8, 4, 2};
    const float want[] = {0, 4, -2, 2, 4, -1, 4, 4, 0, 6, 4, 1, 8, 4, 2};
    float z[5 * 3];

    bw_interpolate(BW_PATH_STRAIGHT, 3, a, b, 5, z);
    cr_assert_arr_eq(z, want, sizeof z);
}

Test(interpolate, spherical_turns_evenly)
{
    for (uint64_t k = 0; k < 20; k++) {
        float a[D], b[D], z[N * D];
        draw(2 * k, a);
        draw(2 * k + 1, b);
        bw_interpolate(BW_PATH_SPHERICAL, D, a, b, N, z);
        is_even(D, z, angle(D, a, b));
        cr_assert_arr_eq(z, a, sizeof a);
        cr_assert_arr_eq(z + (N - 1) * D, b, sizeof b);
    }
}

/* A quarter turn, known by hand. */
Test(interpolate, spherical_quarter)
{
    const float a[] = {2, 0}, b[] = {0, 4};
    float z[3 * 2];

    bw_interpolate(BW_PATH_SPHERICAL, 2, a, b, 3, z);
    cr_assert_float_eq(z[2], 3 * sqrt(0.5), 1e-6);
    cr_assert_float_eq(z[3], 3 * sqrt(0.5), 1e-6);
}

Test(interpolate, spherical_of_opposite_codes)
{
    const float a[] = {3, 1, -2, 0.5F, 0.25F};
    float b[D], z[N * D];

    for (size_t i = 0; i < D; i++)
        b[i] = -2 * a[i];
    bw_interpolate(BW_PATH_SPHERICAL, D, a, b, N, z);
    is_even(D, z, acos(-1));
    /* Nearly opposite ones are as smooth. */
    b[0] += 1e-6F;
    bw_interpolate(BW_PATH_SPHERICAL, D, a, b, N, z);
    is_even(D, z, acos(-1));
    b[0] += 1e-3F;
    bw_interpolate(BW_PATH_SPHERICAL, D, a, b, N, z);
    is_even(D, z, angle(D, a, b));
}

Test(interpolate, spherical_along_one_line)
{
    const float a[] = {1, 2}, b[] = {3, 6}, zero[] = {0, 0};
    const float one[] = {-2}, other[] = {4};
    float z[3 * 2];

    bw_interpolate(BW_PATH_SPHERICAL, 2, a, b, 3, z);
    cr_assert_float_eq(z[2], 2, 1e-6);
    cr_assert_float_eq(z[3], 4, 1e-6);
    bw_interpolate(BW_PATH_SPHERICAL, 2, a, zero, 3, z);
    cr_assert_float_eq(z[2], 0.5, 1e-6);
    cr_assert_float_eq(z[3], 1, 1e-6);
    bw_interpolate(BW_PATH_SPHERICAL, 2, zero, zero, 3, z);
    cr_assert_eq(z[2], 0);
    cr_assert_eq(z[3], 0);
    bw_interpolate(BW_PATH_SPHERICAL, 1, one, other, 3, z);
    cr_assert_float_eq(z[1], 1, 1e-6);
}

Test(interpolate, ends_alone)
{
    const float a[] = {1, 2}, b[] = {-5, 0};
    float z[4];

    bw_interpolate(BW_PATH_SPHERICAL, 2, a, b, 2, z);
    cr_assert_arr_eq(z, a, sizeof a);
    cr_assert_arr_eq(z + 2, b, sizeof b);
}
