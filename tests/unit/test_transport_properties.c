/* test_transport_properties.c - ten thousand random instances a run, each held
 * to what a Wasserstein distance must be: symmetric, 0 to itself, within the
 * triangle, |t| for a shift by t, in proportion to the grid, rising with p, at
 * least the distance of the means, and the same by every method.
 *
 * BARROW_SEED in the environment draws others; every message names it. */
#include "config.h"

#include <string.h>

#include "ot/ground.h"
#include "ot_case.h"

enum { N_GROUNDS = 100, N_DRAWS = 100, MOST_SIDE = 6, MOST = 36, FACTOR = 3 };

/* Relative rounding of a root of a cost, and of their sums. */
static const double slack = 1e-12;

typedef struct property_case {
    bw_norm norm;
    double p, higher;
    size_t height, width, factor;
    ot_case grid, scaled, steeper; /* times factor; to the power higher */
    double x[3][MOST];
} property_case;

static uint64_t get_seed(void)
{
    const char *text = getenv("BARROW_SEED");
    return text ? strtoull(text, NULL, 10) : 1;
}

static void open_case(property_case *c, bw_random *random)
{
    static const double powers[] = {1, 1, 2, 2, 1.5, 3};
    size_t k = bw_random_below(random, 7);
    c->norm = (bw_norm)bw_random_below(random, 3);
    c->p = k < 6 ? powers[k] : 1 + 4 * bw_random_uniform(random);
    c->higher = c->p + (k % 2 ? 1 : bw_random_uniform(random));
    c->height = 1 + bw_random_below(random, MOST_SIDE);
    c->width = 1 + bw_random_below(random, MOST_SIDE);
    c->factor = 2 + bw_random_below(random, FACTOR - 1);
    ot_open(&c->grid, ot_grid(c->norm, c->p, c->height, c->width));
    ot_open(&c->scaled, ot_grid(c->norm, c->p, (c->height - 1) * c->factor + 1,
                                (c->width - 1) * c->factor + 1));
    ot_open(&c->steeper, ot_grid(c->norm, c->higher, c->height, c->width));
}

static void close_case(property_case *c)
{
    ot_close(&c->grid);
    ot_close(&c->scaled);
    ot_close(&c->steeper);
}

static double distance(ot_case *o, double p, const double *a, const double *b)
{
    ot_fill(o, BW_NORMALIZE_SUM, a, b);
    return pow(ot_solve(o, BW_METHOD_AUTO, 0, 1).cost, 1 / p);
}

/* By every method, with its proof. */
static double agreed(property_case *c)
{
    ot_case *o = &c->grid;
    double first = NAN;
    ot_fill(o, BW_NORMALIZE_SUM, c->x[0], c->x[1]);
    double most = o->ground->max_cost;
    for (int k = 0; k < OT_N_METHODS; k++) {
        if (!o->transport[k])
            continue;
        bw_solution s = ot_solve(o, (bw_method)k, 0, 1);
        double room = ot_is_exact(o) ? 0 : slack * s.cost + 1e-15 * most;
        first = isnan(first) ? s.cost : first;
        cr_assert(fabs(s.cost - first) <= room, "%s, method %d: %.17g, %.17g",
                  o->label, k, s.cost, first);
        cr_assert(fabs(s.gap) <= room, "%s, method %d: gap %g", o->label, k,
                  s.gap);
    }
    bw_solution back = ot_solve(o, BW_METHOD_AUTO, 1, 0);
    double room = ot_is_exact(o) ? 0 : slack * first + 1e-15 * most;
    cr_assert(fabs(back.cost - first) <= room, "%s: %.17g, %.17g back",
              o->label, first, back.cost);
    return pow(first, 1 / c->p);
}

static void check_triangle(property_case *c, double first)
{
    const char *label = c->grid.label;
    double w[3] = {first, distance(&c->grid, c->p, c->x[1], c->x[2]),
                   distance(&c->grid, c->p, c->x[2], c->x[0])};
    for (size_t k = 0; k < 3; k++)
        cr_assert(w[k] <= (w[(k + 1) % 3] + w[(k + 2) % 3]) * (1 + slack),
                  "%s: %.17g, %.17g, %.17g", label, w[0], w[1], w[2]);
    double still = distance(&c->grid, c->p, c->x[0], c->x[0]);
    cr_assert_eq(still, 0, "%s: %g from itself", label, still);
}

/* What would leave the grid is left out. */
static void check_shift(property_case *c, bw_random *random)
{
    size_t dy = bw_random_below(random, c->height);
    size_t dx = bw_random_below(random, c->width);
    double from[MOST] = {0}, to[MOST] = {0};
    from[0] = to[dy * c->width + dx] = 1;
    for (size_t y = 0; y + dy < c->height; y++)
        for (size_t x = 0; x + dx < c->width; x++) {
            double mass = c->x[0][y * c->width + x] + (x + y == 0);
            from[y * c->width + x] = mass;
            to[(y + dy) * c->width + x + dx] = mass;
        }
    double w = distance(&c->grid, c->p, from, to);
    double wanted = bw_ground_distance(c->norm, 2, (double[]){0, 0},
                                       (double[]){(double)dy, (double)dx});
    cr_assert(fabs(w - wanted) <= slack * wanted,
              "%s: a shift by %zu, %zu of %.17g", c->grid.label, dy, dx, w);
}

static void check_scaled(property_case *c, double first)
{
    size_t width = (c->width - 1) * c->factor + 1;
    double y[2][MOST * FACTOR * FACTOR] = {{0}};
    for (size_t k = 0; k < c->height * c->width; k++)
        for (int q = 0; q < 2; q++)
            y[q][k / c->width * c->factor * width + k % c->width * c->factor] =
                c->x[q][k];
    double w = distance(&c->scaled, c->p, y[0], y[1]);
    double wanted = first * (double)c->factor;
    cr_assert(fabs(w - wanted) <= slack * wanted, "%s: %zu times is %.17g",
              c->grid.label, c->factor, w / first);
}

static void mean(const property_case *c, int k, double at[2])
{
    long double sum = 0, y = 0, x = 0;
    for (size_t q = 0; q < c->height * c->width; q++) {
        sum += c->x[k][q];
        y += c->x[k][q] * (long double)(q / c->width);
        x += c->x[k][q] * (long double)(q % c->width);
    }
    at[0] = (double)(y / sum);
    at[1] = (double)(x / sum);
}

/* Jensen's inequality, twice. */
static void check_bounds(property_case *c, double first)
{
    double a[2], b[2];
    double steeper = distance(&c->steeper, c->higher, c->x[0], c->x[1]);
    mean(c, 0, a);
    mean(c, 1, b);
    double means = bw_ground_distance(c->norm, 2, a, b);
    cr_assert(first <= steeper * (1 + slack), "%s: W_%g is %.17g",
              c->grid.label, c->higher, steeper);
    cr_assert(means <= first * (1 + slack) + 1e-14, "%s: means are %.17g apart",
              c->grid.label, means);
}

Test(transport_properties, ten_thousand_instances)
{
    uint64_t seed = get_seed();
    printf("BARROW_SEED=%llu\n", (unsigned long long)seed);
    for (uint64_t g = 0; g < N_GROUNDS; g++) {
        property_case c;
        bw_random random;
        bw_random_init(&random, seed, BW_RANDOM_TEST, g);
        open_case(&c, &random);
        for (uint64_t t = 0; t < N_DRAWS; t++) {
            for (size_t k = 0; k < 3; k++)
                ot_draw(&random, c.height * c.width, t % 2, c.x[k]);
            snprintf(c.grid.label, sizeof c.grid.label,
                     "seed %llu, %llu.%llu: grid %zu x %zu, norm %d, p %.17g",
                     (unsigned long long)seed, (unsigned long long)g,
                     (unsigned long long)t, c.height, c.width, (int)c.norm,
                     c.p);
            double first = agreed(&c);
            check_triangle(&c, first);
            check_shift(&c, &random);
            check_scaled(&c, first);
            check_bounds(&c, first);
        }
        close_case(&c);
    }
}
