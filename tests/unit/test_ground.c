/* test_ground.c - ground costs: values, bounds, refusals, and the fixed-point
 * and small-integer forms that solvers use. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "barrow/random.h"
#include "ot/ground.h"

static const bw_norm norms[] = {BW_NORM_L1, BW_NORM_L2, BW_NORM_LINF};
static const double powers[] = {1, 1.5, 2, 3, 4};

#define EACH(k, array)                                                         \
    size_t k = 0;                                                              \
    k < sizeof array / sizeof *array;                                          \
    k++

/* The distance by its definition. */
static double plain_cost(bw_norm norm, double p, size_t d, const double *x,
                         const double *y)
{
    long double sum = 0, most = 0;
    for (size_t k = 0; k < d; k++) {
        long double diff = fabsl((long double)x[k] - y[k]);
        sum += norm == BW_NORM_L2 ? diff * diff : diff;
        most = most > diff ? most : diff;
    }
    long double distance = norm == BW_NORM_L1   ? sum
                           : norm == BW_NORM_L2 ? sqrtl(sum)
                                                : most;
    return (double)powl(distance, (long double)p);
}

static bw_ground *grid(bw_norm norm, double p, size_t height, size_t width)
{
    bw_error err = BW_ERROR_INIT;
    bw_ground *g;
    bw_status status = bw_ground_create_grid(norm, p, height, width, &g, &err);
    cr_assert_eq(status, BW_OK, "%s", err.text);
    return g;
}

static bool is_near(double x, double y)
{
    return fabs(x - y) <= 4e-16 * fabs(y);
}

Test(ground, grid_costs_are_powers_of_pixel_distances)
{
    const size_t height = 5, width = 7, n = height * width;
    for (EACH(a, norms))
        for (EACH(b, powers)) {
            bw_ground *g = grid(norms[a], powers[b], height, width);
            size_t n_bad = 0;
            cr_assert_eq(bw_ground_n_sources(g), n);
            cr_assert_eq(bw_ground_n_sinks(g), n);
            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < n; j++) {
                    double x[] = {(double)(i / width), (double)(i % width)};
                    double y[] = {(double)(j / width), (double)(j % width)};
                    double c = plain_cost(norms[a], powers[b], 2, x, y);
                    n_bad += !is_near(bw_ground_cost(g, i, j), c);
                }
            cr_expect_eq(n_bad, 0, "norm %zu, p %g", a, powers[b]);
            bw_ground_destroy(g);
        }
}

Test(ground, point_costs_are_powers_of_distances)
{
    bw_random random;
    bw_random_init(&random, 3, BW_RANDOM_TEST, 0);
    for (size_t d = 1; d <= 3; d++)
        for (EACH(a, norms))
            for (EACH(b, powers)) {
                enum { N = 9 };
                double x[N * 3];
                for (size_t k = 0; k < N * d; k++)
                    x[k] = 10 * bw_random_uniform(&random) - 5;
                bw_error err = BW_ERROR_INIT;
                bw_ground *g;
                cr_assert_eq(bw_ground_create_points(norms[a], powers[b], N, d,
                                                     x, &g, &err),
                             BW_OK, "%s", err.text);
                size_t n_bad = 0;
                for (size_t i = 0; i < N; i++)
                    for (size_t j = 0; j < N; j++) {
                        double c = plain_cost(norms[a], powers[b], d, x + i * d,
                                              x + j * d);
                        double r = bw_ground_cost(g, i, j);
                        n_bad += fabs(r - c) > 2e-15 * c;
                    }
                cr_expect_eq(n_bad, 0, "d %zu, norm %zu, p %g", d, a,
                             powers[b]);
                bw_ground_destroy(g);
            }
}

/* l1 and linf distances of pixels are integers, and so are even powers of l2
 * distances and whole powers of integers. */
Test(ground, integral_just_where_costs_are_integers)
{
    for (EACH(a, norms))
        for (EACH(b, powers)) {
            bool is_whole =
                fmod(powers[b], norms[a] == BW_NORM_L2 ? 2 : 1) == 0;
            bw_ground *g = grid(norms[a], powers[b], 6, 6);
            cr_expect_eq(bw_ground_is_integral(g), is_whole, "norm %zu, p %g",
                         a, powers[b]);
            bw_ground_destroy(g);
        }
    double whole[] = {0, 0, 3, 4, -7, 1}, half[] = {0, 0, 3.5, 4, -7, 1};
    bw_error err = BW_ERROR_INIT;
    bw_ground *g;
    cr_assert_eq(bw_ground_create_points(BW_NORM_L2, 2, 3, 2, whole, &g, &err),
                 BW_OK);
    cr_expect(bw_ground_is_integral(g));
    bw_ground_destroy(g);
    cr_assert_eq(bw_ground_create_points(BW_NORM_L2, 2, 3, 2, half, &g, &err),
                 BW_OK);
    cr_expect_not(bw_ground_is_integral(g));
    bw_ground_destroy(g);
    cr_assert_eq(
        bw_ground_create_matrix(2, 3, (double[]){1, 2, 3, 4, 5, 6}, &g, &err),
        BW_OK);
    cr_expect(bw_ground_is_integral(g));
    bw_ground_destroy(g);
    cr_assert_eq(
        bw_ground_create_matrix(2, 2, (double[]){1, 2, 3, 0x1p53}, &g, &err),
        BW_OK);
    cr_expect_not(bw_ground_is_integral(g), "2^53 + 1 would be 2^53");
    bw_ground_destroy(g);
}

Test(ground, a_matrix_is_taken_as_it_is)
{
    double cost[] = {0, 1.5, 2, 7, 0.25, 1e-9};
    bw_error err = BW_ERROR_INIT;
    bw_ground *g;
    cr_assert_eq(bw_ground_create_matrix(2, 3, cost, &g, &err), BW_OK);
    cr_expect_eq(bw_ground_n_sources(g), 2);
    cr_expect_eq(bw_ground_n_sinks(g), 3);
    for (size_t k = 0; k < 6; k++)
        cr_expect_eq(bw_ground_cost(g, k / 3, k % 3), cost[k]);
    bw_ground_destroy(g);
}

#define REFUSES(call, wanted, message)                                         \
    do {                                                                       \
        bw_error err = BW_ERROR_INIT;                                          \
        bw_ground *g = (bw_ground *)&err;                                      \
        bw_status status_of_ = (call);                                         \
        cr_expect_eq(status_of_, wanted, "%s", #call);                         \
        cr_expect_str_eq(err.text, message, "%s: %s", #call, err.text);        \
        cr_expect_null(g, "%s", #call);                                        \
    } while (0)

Test(ground, bad_powers_and_shapes_are_refused)
{
    double x[] = {0, 1, NAN, 2}, c[] = {0, 1, -2, 0}, w[] = {0, INFINITY};
    const char *power = "the power p must be at least 1, not 0.5";
    REFUSES(bw_ground_create_grid(BW_NORM_L1, 0.5, 2, 2, &g, &err),
            BW_ERR_RANGE, power);
    REFUSES(bw_ground_create_points(BW_NORM_L1, 0.5, 1, 1, x, &g, &err),
            BW_ERR_RANGE, power);
    REFUSES(bw_ground_create_grid(BW_NORM_L1, NAN, 2, 2, &g, &err),
            BW_ERR_RANGE, "the power p must be at least 1, not nan");
    REFUSES(bw_ground_create_grid(BW_NORM_L1, INFINITY, 2, 2, &g, &err),
            BW_ERR_RANGE, "the power p must be at least 1, not inf");
    REFUSES(bw_ground_create_grid(BW_NORM_L1, 400, 28, 28, &g, &err),
            BW_ERR_RANGE, "the power p = 400 overflows on a 28 x 28 grid");
    REFUSES(bw_ground_create_points(BW_NORM_L1, 1, 2, 2, x, &g, &err),
            BW_ERR_RANGE, "support point 1: coordinate 0 is nan");
    REFUSES(bw_ground_create_points(BW_NORM_L1, 1, 2, 1, w, &g, &err),
            BW_ERR_RANGE, "support point 1: coordinate 0 is inf");
    REFUSES(bw_ground_create_matrix(2, 2, c, &g, &err), BW_ERR_RANGE,
            "cost matrix: row 1, column 0 is -2: costs are not negative");
    REFUSES(bw_ground_create_matrix(1, 4, x, &g, &err), BW_ERR_RANGE,
            "cost matrix: row 0, column 2 is nan: costs are not negative");
    w[0] = -INFINITY;
    REFUSES(bw_ground_create_matrix(1, 2, w, &g, &err), BW_ERR_RANGE,
            "cost matrix: row 0, column 0 is -inf: costs are not negative");
    w[0] = 0x1p1023;
    REFUSES(bw_ground_create_matrix(1, 2, w, &g, &err), BW_ERR_RANGE,
            "cost matrix: a cost of 8.98847e+307 leaves no room above it for "
            "forbidden moves");
    REFUSES(bw_ground_create_matrix(0, 2, w, &g, &err), BW_ERR_DIMENSION,
            "a cost matrix of 0 x 2");
    REFUSES(bw_ground_create_points(BW_NORM_L1, 1, 0, 2, x, &g, &err),
            BW_ERR_DIMENSION, "a support of 0 points in 2 dimensions");
    bw_error err = BW_ERROR_INIT;
    bw_ground *g;
    cr_expect_eq(bw_ground_create_grid(BW_NORM_L1, 1, 0, 4, &g, &err),
                 BW_ERR_DIMENSION);
    cr_expect_null(g);
    cr_expect_eq(bw_ground_create_grid(BW_NORM_L1, 1, 40000, 2, &g, &err),
                 BW_ERR_DIMENSION);
    bw_ground_destroy(NULL);
}

/* Wide costs are cost * 2^wide_exponent exactly, and narrow ones round it. */
static void check_scales(const bw_ground *g, const char *name)
{
    size_t n_bad = 0, n_all = g->n_sources + g->n_sinks;
    double most = 0;
    for (size_t i = 0; i < g->n_sources; i++)
        for (size_t j = 0; j < g->n_sinks; j++) {
            double c = bw_ground_cost(g, i, j);
            double wide = (double)bw_ground_wide(g, c);
            double narrow = (double)bw_ground_narrow(g, c);
            double size = ldexp(c, g->narrow_exponent);
            most = most > c ? most : c;
            n_bad += !is_near(wide, ldexp(c, g->wide_exponent));
            n_bad += fabs(narrow - size) > 0.5 + 1e-15 * size;
            n_bad += g->is_exact && narrow != c;
        }
    cr_expect_eq(n_bad, 0, "%s", name);
    cr_expect(most <= g->max_cost * (1 + 1e-15), "%s", name);
    cr_expect((double)n_all * ldexp(most, g->narrow_exponent) < 0x1p60,
              "%s: narrow potentials overflow", name);
    cr_expect((double)n_all * ldexp(most, g->wide_exponent) < 0x1p124,
              "%s: wide potentials overflow", name);
}

Test(ground, fixed_point_forms_hold_the_costs)
{
    for (EACH(a, norms))
        for (EACH(b, powers)) {
            bw_ground *g = grid(norms[a], powers[b], 5, 8);
            check_scales(g, "grid");
            bw_ground_destroy(g);
        }
    static const double scales[] = {1, 0.1, 1e-300, 1e-310, 1e300, 1e17};
    for (EACH(k, scales)) {
        double cost[12];
        for (size_t q = 0; q < 12; q++)
            cost[q] = scales[k] * (double)(q * q + 1);
        bw_error err = BW_ERROR_INIT;
        bw_ground *g;
        cr_assert_eq(bw_ground_create_matrix(3, 4, cost, &g, &err), BW_OK);
        check_scales(g, "matrix");
        bw_ground_destroy(g);
    }
}

/* Small costs stand at quarter pixels, within half a unit of the cost there. */
Test(ground, the_small_table_is_the_scaled_cost)
{
    const int height = 6, width = 9;
    for (EACH(a, norms))
        for (EACH(b, powers)) {
            bw_ground *g =
                grid(norms[a], powers[b], (size_t)height, (size_t)width);
            int unit = (int)g->unit;
            size_t n_bad = 0;
            for (int y = 0; y <= (height - 1) * unit; y++)
                for (int x = 0; x <= (width - 1) * unit; x++) {
                    double at[] = {(double)y / unit, (double)x / unit};
                    double c = plain_cost(norms[a], powers[b], 2, at,
                                          (double[]){0, 0});
                    int32_t p = bw_point((width - 1) * unit, y),
                            q = bw_point((width - 1) * unit - x, 0);
                    int32_t small = bw_ground_small(g, p, q);
                    n_bad += fabs(small - c * g->table_scale) > 0.5 + 1e-9;
                    n_bad += small != bw_ground_small(g, q, p);
                    n_bad += small > g->table_max;
                    n_bad += g->is_table_exact && x % unit == 0 &&
                             y % unit == 0 && small != c * g->table_scale;
                }
            cr_expect_eq(n_bad, 0, "norm %zu, p %g", a, powers[b]);
            bw_ground_destroy(g);
        }
}
