/* test_pot_fixtures.c - the costs of 200 pairs of MNIST's test images under
 * four ground costs, against values from POT's plans that were proven and
 * evaluated in integers (fixtures/make_pot_mnist.py). */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/transport.h"
#include "mnist_images.h"

enum { N_PAIRS = 200 };

typedef struct fixture {
    size_t i, j;
    double cost;
} fixture;

static void read_fixtures(const char *name, fixture rows[N_PAIRS])
{
    char path[128], line[256];
    snprintf(path, sizeof path, "tests/fixtures/%s", name);
    FILE *file = fopen(mnist_source_path(path), "r");
    size_t n = 0;
    cr_assert_not_null(file, "%s", path);
    while (fgets(line, sizeof line, file)) {
        char *at = line;
        if (*line == '#')
            continue;
        cr_assert_lt(n, N_PAIRS);
        rows[n].i = strtoul(at, &at, 10);
        rows[n].j = strtoul(at, &at, 10);
        rows[n].cost = strtod(at, &at);
        cr_assert(*at == '\n' && rows[n].i < MNIST_N && rows[n].j < MNIST_N,
                  "%s: row %zu", path, n);
        n++;
    }
    cr_assert_eq(n, N_PAIRS);
    fclose(file);
}

/* Images as integers, or, with is_real, as the same masses times 1/255. */
static bw_histograms *make_set(const bw_ground *ground, const fixture *rows,
                               const unsigned char *images, bool is_real)
{
    bw_error err = BW_ERROR_INIT;
    bw_histograms *set;
    cr_assert_eq(bw_histograms_create(ground, BW_NORMALIZE_SUM, &set, &err),
                 BW_OK);
    for (size_t k = 0; k < 2 * N_PAIRS; k++) {
        size_t image = k % 2 ? rows[k / 2].j : rows[k / 2].i;
        const unsigned char *bytes = images + image * MNIST_BINS;
        double values[MNIST_BINS];
        for (size_t q = 0; q < MNIST_BINS; q++)
            values[q] = bytes[q] / 255.0;
        cr_assert_eq(
            is_real ? bw_histograms_add(set, MNIST_BINS, values, &err)
                    : bw_histograms_add_bytes(set, MNIST_BINS, bytes, &err),
            BW_OK, "%s", err.text);
    }
    cr_assert_eq(bw_histograms_seal(set, &err), BW_OK);
    cr_assert_eq(bw_histograms_is_integral(set), !is_real);
    return set;
}

static void check_rows(const bw_ground *ground, const bw_histograms *set,
                       const fixture *rows, bw_method method, size_t step)
{
    bw_transport_options options = {.method = method, .with_certificate = true};
    bool is_exact =
        bw_ground_is_integral(ground) && bw_histograms_is_integral(set);
    bw_error err = BW_ERROR_INIT;
    bw_transport *t;
    cr_assert_eq(bw_transport_create(ground, &options, &t, &err), BW_OK);
    for (size_t k = 0; k < N_PAIRS; k += step) {
        bw_histogram a = bw_histograms_get(set, 2 * k);
        bw_histogram b = bw_histograms_get(set, 2 * k + 1);
        bw_solution s;
        cr_assert_eq(bw_transport_solve(t, &a, &b, BW_NORMALIZE_SUM, &s, &err),
                     BW_OK, "%s", err.text);
        /* Both sides round a rational once where all is integers. */
        double slack = is_exact ? 0 : 1e-12 * rows[k].cost;
        cr_expect(fabs(s.cost - rows[k].cost) <= slack,
                  "method %d, images %zu and %zu: %.17g, not %.17g",
                  (int)method, rows[k].i, rows[k].j, s.cost, rows[k].cost);
        cr_expect(fabs(s.gap) <= slack, "method %d, images %zu and %zu: gap %g",
                  (int)method, rows[k].i, rows[k].j, s.gap);
    }
    bw_transport_destroy(t);
}

static void check_fixtures(const char *name, bw_norm norm, double p)
{
    fixture rows[N_PAIRS];
    bw_error err = BW_ERROR_INIT;
    bw_ground *ground;
    read_fixtures(name, rows);
    cr_assert_eq(
        bw_ground_create_grid(norm, p, MNIST_SIDE, MNIST_SIDE, &ground, &err),
        BW_OK);
    unsigned char *images = mnist_read_images();
    bw_histograms *set = make_set(ground, rows, images, false);
    check_rows(ground, set, rows, BW_METHOD_AUTO, 1);
    check_rows(ground, set, rows, BW_METHOD_BITMASK, 1);
    check_rows(ground, set, rows, BW_METHOD_SIMPLEX, 7);
    bw_histograms *reals = make_set(ground, rows, images, true);
    check_rows(ground, reals, rows, BW_METHOD_AUTO, 3);
    bw_histograms_destroy(reals);
    bw_histograms_destroy(set);
    bw_ground_destroy(ground);
    free(images);
}

Test(pot_fixtures, l1_p1)
{
    check_fixtures("pot_mnist_l1p1.tsv", BW_NORM_L1, 1);
}

Test(pot_fixtures, l2_p1)
{
    check_fixtures("pot_mnist_l2p1.tsv", BW_NORM_L2, 1);
}

Test(pot_fixtures, l2_p15)
{
    check_fixtures("pot_mnist_l2p15.tsv", BW_NORM_L2, 1.5);
}

Test(pot_fixtures, l2_p2)
{
    check_fixtures("pot_mnist_l2p2.tsv", BW_NORM_L2, 2);
}
