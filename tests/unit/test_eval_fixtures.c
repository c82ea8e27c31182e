/* test_eval_fixtures.c - metrics of MNIST's test images against NumPy, SciPy,
 * scikit-learn and POT (fixtures/make_eval.py). */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval_case.h"
#include "mnist_images.h"

enum { FIRST_B = 1000, N_ROWS = 30 };

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

/* Of a metric, or of a line more that it has: "two-sample-a". */
static double value_of(const char *name, const bw_sample *a, const bw_sample *b)
{
    const char *dash = strrchr(name, '-');
    bool is_more = !bw_measure_find(name, strlen(name));
    size_t length = is_more ? (size_t)(dash - name) : strlen(name);
    bw_measure_options options = {.n_slices = 1, .p = 2, .n_neighbours = 3};
    bw_measure_result result;
    bw_error err = BW_ERROR_INIT;

    options.tasks = eval_tasks(2);
    cr_assert(!bw_measure_run(bw_measure_find(name, length), a, b, &options,
                              &result, &err),
              "%s", err.text);
    bw_tasks_destroy(options.tasks);
    for (size_t k = 0; k < result.n_more && is_more; k++)
        if (strcmp(result.more[k].suffix, dash + 1) == 0)
            return result.more[k].value;
    return is_more ? NAN : result.value;
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
    eval_near(value_of(name, &a, &b), wanted, 1e-14 + 1e-11 * fabs(wanted),
              line);
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
