/* test_side.c - Morton codes, places on the grid, and coarse likenesses that
 * keep every bit of mass. */
#include "config.h"

#include "ot/points.h"
#include "ot/side.h"
#include "ot_sides.h"

enum { SEED = 5 };

/* Bit by bit. */
static uint32_t plain_morton(uint32_t y, uint32_t x)
{
    uint32_t code = 0;
    for (unsigned k = 0; k < 16; k++)
        code |= (x >> k & 1) << 2 * k | (y >> k & 1) << (2 * k + 1);
    return code;
}

Test(side, morton_codes_interleave_bits)
{
    bw_random random;
    bw_random_init(&random, SEED, BW_RANDOM_TEST, 0);
    for (uint32_t k = 0; k < 20000; k++) {
        uint32_t word = (uint32_t)bw_random_next(&random);
        uint32_t y = k < 256 ? k / 16 : word >> 16;
        uint32_t x = k < 256 ? k % 16 : word & 0xffff;
        cr_assert_eq(bw_side_morton(y, x), plain_morton(y, x), "y %u, x %u", y,
                     x);
    }
    cr_expect_eq(bw_side_morton(0xffff, 0xffff), UINT32_MAX);
    cr_expect_eq(bw_side_morton(0, 1), 1);
    cr_expect_eq(bw_side_morton(1, 0), 2);
}

Test(side, bins_are_placed_in_units_of_the_cost)
{
    bw_ground *ground = ot_grid(BW_NORM_L2, 2, 7, 9);
    bw_side side = {0};
    cr_assert_eq(bw_side_reserve(&side, 63), BW_OK);
    side.n = 63;
    for (uint32_t k = 0; k < 63; k++)
        side.bin[k] = 62 - k;
    cr_assert_eq(bw_side_place(&side, ground), BW_OK);
    int unit = (int)ground->unit;
    for (size_t k = 0; k < 63; k++) {
        int bin = 62 - (int)k;
        cr_assert_eq(bw_point_y(side.point[k]), bin / 9 * unit);
        cr_assert_eq(bw_point_x(side.point[k]), bin % 9 * unit);
    }
    bw_side_clear(&side);
    bw_ground_destroy(ground);
}

/* Coarse bins are the runs of equal code >> 2, hold their children's mass, and
 * lie among them. */
static void check_level(const bw_side *fine, const bw_side *coarse,
                        const bw_ground *ground, bool is_finest)
{
    uint32_t width = (uint32_t)ground->width;
    cr_assert_eq(coarse->first[0], 0);
    cr_assert_eq(coarse->first[coarse->n], fine->n);
    for (size_t k = 0; k < coarse->n; k++) {
        int64_t mass = 0;
        int low[2] = {INT32_MAX, INT32_MAX}, high[2] = {0, 0};
        size_t first = coarse->first[k], end = coarse->first[k + 1];
        cr_assert(end > first && end <= first + 4);
        cr_assert(k == 0 || coarse->bin[k] > coarse->bin[k - 1]);
        for (size_t q = first; q < end; q++) {
            uint32_t code = fine->bin[q];
            int at[2] = {bw_point_x(fine->point[q]),
                         bw_point_y(fine->point[q])};
            if (is_finest)
                code = plain_morton(code / width, code % width);
            cr_assert_eq(code >> 2, coarse->bin[k]);
            mass += fine->mass[q];
            for (int d = 0; d < 2; d++) {
                low[d] = at[d] < low[d] ? at[d] : low[d];
                high[d] = at[d] > high[d] ? at[d] : high[d];
            }
        }
        int x = bw_point_x(coarse->point[k]), y = bw_point_y(coarse->point[k]);
        cr_assert_eq(coarse->mass[k], mass);
        cr_assert(x >= low[0] && x <= high[0] && y >= low[1] && y <= high[1]);
    }
}

Test(side, coarsening_keeps_mass)
{
    for (uint64_t t = 0; t < 100; t++) {
        bw_random random;
        bw_random_init(&random, SEED, BW_RANDOM_TEST, t);
        size_t height = 9 + bw_random_below(&random, 40);
        size_t width = 9 + bw_random_below(&random, 40);
        size_t n = 1 + bw_random_below(&random, height * width);
        ot_sides s;
        ot_sides_open(&s, ot_grid(BW_NORM_L1, 1, height, width), n, n,
                      UINT64_C(1) << (t % 45), &random);
        bw_side level[BW_MAX_LEVELS] = {s.source};
        size_t n_levels = bw_side_n_levels(s.ground, n), k = 1;
        for (; k < n_levels; k++) {
            cr_assert_eq(bw_side_reserve(&level[k], level[k - 1].n), BW_OK);
            bw_side_coarsen(&level[k - 1], s.ground, k == 1, &level[k]);
            check_level(&level[k - 1], &level[k], s.ground, k == 1);
        }
        cr_assert(level[k - 1].n <= (size_t)BW_COARSEST * BW_COARSEST);
        while (--k > 0)
            bw_side_clear(&level[k]);
        ot_sides_close(&s);
    }
}

/* The centre of mass, rounded: weights 1 and 3 at quarter pixels 0 and 4. */
Test(side, a_coarse_bin_lies_at_the_centre_of_mass)
{
    bw_ground *ground = ot_grid(BW_NORM_L1, 1, 16, 16);
    bw_side fine = {0}, coarse = {0};
    cr_assert_eq(bw_side_reserve(&fine, 2), BW_OK);
    cr_assert_eq(bw_side_reserve(&coarse, 2), BW_OK);
    fine.n = 2;
    fine.bin[0] = 0;
    fine.bin[1] = 1;
    fine.mass[0] = INT64_C(1) << 50;
    fine.mass[1] = INT64_C(3) << 50;
    cr_assert_eq(bw_side_place(&fine, ground), BW_OK);
    bw_side_coarsen(&fine, ground, true, &coarse);
    cr_assert_eq(coarse.n, 1);
    cr_expect_eq(bw_point_x(coarse.point[0]), 3 * (int)ground->unit / 4);
    cr_expect_eq(bw_point_y(coarse.point[0]), 0);
    bw_side_clear(&fine);
    bw_side_clear(&coarse);
    bw_ground_destroy(ground);
}

Test(side, levels_halve_the_longer_side)
{
    static const size_t sizes[][3] = {{8, 8, 1},   {9, 3, 2},    {16, 16, 2},
                                      {17, 17, 3}, {28, 28, 3},  {3, 64, 4},
                                      {65, 1, 5},  {128, 128, 5}};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        bw_ground *g = ot_grid(BW_NORM_L1, 1, sizes[k][0], sizes[k][1]);
        cr_expect_eq(bw_side_n_levels(g, 1), sizes[k][2], "%zu x %zu: %zu",
                     sizes[k][0], sizes[k][1], bw_side_n_levels(g, 1));
        bw_ground_destroy(g);
    }
    bw_ground *points = ot_points(BW_NORM_L1, 1, 2, 1, (double[]){0, 1});
    cr_expect_eq(bw_side_n_levels(points, 2), 1);
    bw_ground_destroy(points);
}

/* Cells of the kd-order: at most four children, mass kept, centres of mass. */
static void check_points(const bw_side *fine, const bw_side *coarse, size_t d)
{
    cr_assert_eq(coarse->first[0], 0);
    cr_assert_eq(coarse->first[coarse->n], fine->n);
    for (size_t k = 0; k < coarse->n; k++) {
        size_t first = coarse->first[k], end = coarse->first[k + 1];
        int64_t mass = 0;
        cr_assert(end > first && end <= first + 4);
        cr_assert(k == 0 || coarse->bin[k] > coarse->bin[k - 1]);
        for (size_t q = first; q < end; q++)
            mass += fine->mass[q];
        cr_assert_eq(coarse->mass[k], mass);
        for (size_t c = 0; c < d * BW_POINTS_LANES; c += BW_POINTS_LANES) {
            double low = HUGE_VAL, high = -HUGE_VAL, sum = 0;
            double at = coarse->at[bw_points_place(k, d) + c];
            for (size_t q = first; q < end; q++) {
                double x = fine->at[bw_points_place(q, d) + c];
                low = fmin(low, x);
                high = fmax(high, x);
                sum += x * (double)fine->mass[q];
            }
            cr_assert(at >= low - 1e-15 && at <= high + 1e-15);
            cr_assert_float_eq(at, sum / (double)mass, 1e-14);
        }
    }
}

Test(side, points_are_coarsened_by_cells)
{
    for (uint64_t t = 0; t < 60; t++) {
        bw_random random;
        bw_random_init(&random, SEED, BW_RANDOM_TEST, 1000 + t);
        size_t d = 2 + bw_random_below(&random, 4);
        size_t n_bins = 300 + bw_random_below(&random, 2000);
        size_t n = 1 + bw_random_below(&random, n_bins);
        double *x = malloc(n_bins * d * sizeof *x);
        cr_assert_not_null(x);
        for (size_t k = 0; k < n_bins * d; k++)
            x[k] = t % 2 ? bw_random_uniform(&random)
                         : (double)bw_random_below(&random, 3);
        ot_sides s;
        ot_sides_open(&s, ot_points(BW_NORM_L2, 2, n_bins, d, x), n, n, 1000,
                      &random);
        bw_side level[BW_MAX_LEVELS] = {s.source};
        size_t n_levels = bw_side_n_levels(s.ground, n), k = 1;
        for (; k < n_levels; k++) {
            cr_assert_eq(
                bw_side_reserve_coarse(&level[k], &level[k - 1], s.ground),
                BW_OK);
            bw_side_coarsen(&level[k - 1], s.ground, k == 1, &level[k]);
            check_points(&level[k - 1], &level[k], d);
        }
        cr_assert(level[k - 1].n <= 2 * (size_t)BW_COARSEST_POINTS,
                  "%zu of %zu are left at level %zu", level[k - 1].n, n, k);
        while (--k > 0)
            bw_side_clear(&level[k]);
        ot_sides_close(&s);
        free(x);
    }
}
