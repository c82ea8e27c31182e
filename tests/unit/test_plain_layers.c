/* test_plain_layers.c - the plain twins' backward passes against central finite
 * differences of their forward passes. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>

#include "layer_case.h"

/* sum dy y */
static double loss(const twin *t)
{
    double sum = 0.0;

    plain_layer_forward(&t->run);
    for (size_t k = 0; k < t->n_out; k++)
        sum += t->dy[k] * t->run.y[k];
    return sum;
}

/* At most this many values of an array are disturbed. */
enum { N_PROBES = 40 };

static void check_slopes(const twin *t, const char *text, const char *what,
                         size_t n, double *value, const double *slope)
{
    size_t stride = n / N_PROBES + 1;
    const double h = 1e-5;

    for (size_t k = 0; k < n; k += stride) {
        double kept = value[k], above, below, found;

        value[k] = kept + h;
        above = loss(t);
        value[k] = kept - h;
        below = loss(t);
        value[k] = kept;
        found = (above - below) / (2 * h);
        /* Rounding of the sums over h, and the third derivative. */
        cr_assert_float_eq(found, slope[k], 1e-6 * (1 + fabs(slope[k])),
                           "%s: %s %zu: %.12g by differences, %.12g", text,
                           what, k, found, slope[k]);
    }
}

Test(plain_layers, slopes_are_finite_differences)
{
    for (size_t c = 0; c < N_CASES; c++) {
        twin t = make_twin(&cases[c]);

        if (t.n_in * t.n_out < 1000000) {
            plain_layer_forward(&t.run);
            plain_layer_backward(&t.run);
            check_slopes(&t, cases[c].text, "x", t.n_in, t.x, t.run.dx);
            for (size_t k = 0; k < 4; k++)
                if (t.run.dweight[k])
                    check_slopes(&t, cases[c].text, "weight", t.run.n_weight[k],
                                 t.run.weight[k], t.run.dweight[k]);
        }
        free_twin(&t);
    }
}
