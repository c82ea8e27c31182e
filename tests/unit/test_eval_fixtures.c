/* test_eval_fixtures.c - metrics of MNIST's test images against NumPy, SciPy
 * and POT (fixtures/make_eval.py). */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval_case.h"
#include "mnist_images.h"

enum { FIRST_B = 1000, N_ROWS = 12 };

/* Means of cells of k x k pixels in [0, 1]; to be freed. */
static double *pooled(const unsigned char *images, size_t first, size_t n,
                      size_t k)
{
    size_t side = MNIST_SIDE / k;
    double *x = calloc(n * side * side, sizeof *x);

    for (size_t i = 0; i < n; i++)
        for (size_t q = 0; q < MNIST_BINS; q++)
            x[i * side * side + q / MNIST_SIDE / k * side +
              q % MNIST_SIDE / k] +=
                images[(first + i) * MNIST_BINS + q] / (255. * (double)(k * k));
    return x;
}

static bw_sample bytes(const unsigned char *images, size_t first, size_t n)
{
    return (bw_sample){.path = "mnist",
                       .name = "images",
                       .n = n,
                       .size = MNIST_BINS,
                       .rank = 4,
                       .shape = {n, MNIST_SIDE, MNIST_SIDE, 1},
                       .dtype = BW_U8,
                       .factor = 1 / 255.,
                       .data = images + first * MNIST_BINS};
}

static void check_row(const unsigned char *images, const char *line)
{
    char name[32];
    size_t n_a, n_b, k;
    double wanted;

    cr_assert_eq(
        sscanf(line, "%31s %zu %zu %zu %lf", name, &n_a, &n_b, &k, &wanted), 5,
        "%s", line);
    double *x = pooled(images, 0, n_a, k), *y = pooled(images, FIRST_B, n_b, k);
    size_t d = MNIST_BINS / (k * k);
    bw_sample a = eval_sample(n_a, d, x), b = eval_sample(n_b, d, y);
    if (k == 1) {
        a = bytes(images, 0, n_a);
        b = bytes(images, FIRST_B, n_b);
    }
    eval_near(eval_run(name, &a, &b), wanted, 1e-11 * wanted, line);
    free(x);
    free(y);
}

Test(eval_fixtures, numpy_scipy_pot)
{
    unsigned char *images = mnist_read_images();
    FILE *file = fopen(mnist_source_path("tests/fixtures/eval_mnist.tsv"), "r");
    char line[256];
    size_t n = 0;

    cr_assert_not_null(file);
    while (fgets(line, sizeof line, file))
        if (*line != '#') {
            check_row(images, line);
            n++;
        }
    cr_assert_eq(n, N_ROWS);
    fclose(file);
    free(images);
}
