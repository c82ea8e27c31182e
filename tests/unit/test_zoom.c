/* test_zoom.c - costs less potentials, enlarged: against 128 bits, and searches
 * among them against a plain loop. */
#include "config.h"

#include "ot/pricing_matrix.h"
#include "ot/pricing_zoom.h"
#include "ot/start.h"
#include "ot_sides.h"

enum { SEED = 51, N_BINS = 300, N_SOURCES = 120, N_SINKS = 75, MAX_D = 6 };

typedef struct zoom_case {
    bw_random random;
    ot_sides s;
    bw_start start;
    bw_zoom zoom;
    char label[96];
} zoom_case;

/* Clusters far apart, and the potentials of some basis. */
static void open_case(zoom_case *c, bw_norm norm, double p, size_t d, int bits)
{
    double x[N_BINS * MAX_D];
    memset(c, 0, sizeof *c);
    bw_random_init(&c->random, SEED, BW_RANDOM_TEST, d);
    snprintf(c->label, sizeof c->label,
             "norm %d, p %g, %zu-D, %d bits, seed %d", (int)norm, p, d, bits,
             SEED);
    for (size_t k = 0; k < N_BINS * d; k++)
        x[k] = bw_random_uniform(&c->random) + (k / d % 3 == 0 ? 1e5 : 0);
    ot_sides_open(&c->s, ot_points(norm, p, N_BINS, d, x), N_SOURCES, N_SINKS,
                  9, &c->random);
    cr_assert_eq(bw_start_reserve(&c->start, N_SOURCES, N_SINKS), BW_OK);
    bw_start_rows(&c->start, &c->s.arcs, bw_ground_small_scale(c->s.ground),
                  &c->s.tree);
    double scale = ldexp(bw_ground_small_scale(c->s.ground), bits);
    cr_assert(bw_zoom_can(&c->s.arcs, scale), "%s", c->label);
    cr_assert_eq(bw_zoom_open(&c->zoom, &c->s.arcs, &c->s.tree, scale), BW_OK);
}

static void close_case(zoom_case *c)
{
    bw_zoom_clear(&c->zoom);
    bw_start_clear(&c->start);
    ot_sides_close(&c->s);
}

static const struct {
    bw_norm norm;
    double p;
    size_t d;
} kinds[] = {{BW_NORM_L2, 1, 2},   {BW_NORM_L2, 2, 3},  {BW_NORM_L1, 1, 2},
             {BW_NORM_LINF, 1, 4}, {BW_NORM_L1, 3, 1},  {BW_NORM_L2, 1.5, 2},
             {BW_NORM_L2, 1, 6},   {BW_NORM_LINF, 2, 2}};

enum { N_KINDS = sizeof kinds / sizeof *kinds };

/* Of those that pricing does not cut off. */
Test(zoom, costs_are_those_of_128_bits)
{
    for (size_t q = 0; q < N_KINDS; q++)
        for (int bits = 0; bits < 60; bits += 12) {
            zoom_case c;
            open_case(&c, kinds[q].norm, kinds[q].p, kinds[q].d, bits);
            double factor = ldexp(c.zoom.scale, -c.s.ground->wide_exponent);
            size_t n_within = 0;
            for (size_t i = 0; i < N_SOURCES; i++)
                for (size_t j = 0; j < N_SINKS; j++) {
                    bw_wide r = bw_arcs_wide(&c.s.arcs, i, j) -
                                c.zoom.origin[N_SINKS + i] - c.zoom.origin[j];
                    double wanted = (double)r * factor;
                    if (fabs(wanted) > BW_PRICING_MAX_COST)
                        continue;
                    double cost = bw_zoom_cost(&c.zoom, i, j);
                    cr_assert(fabs(cost - wanted) < 0x1p-20,
                              "%s: arc %zu %zu costs %.17g, not %.17g", c.label,
                              i, j, cost, wanted);
                    n_within++;
                }
            /* Those of the basis at least. */
            cr_assert_geq(n_within, N_SOURCES + N_SINKS - 1);
            close_case(&c);
        }
}

static void check_row(bw_pricing *p, size_t i, int32_t limit, const char *label)
{
    int32_t slot = -7, best = -7, least = limit, list[N_SINKS + 64];
    size_t n = p->kind->list(p, i, limit, list), n_wanted = 0;
    for (size_t j = 0; j < N_SINKS; j++) {
        int32_t at = p->slot[j], sum = p->kind->cost(p, i, at) + p->value[at];
        if (sum >= limit)
            continue;
        cr_assert(n_wanted < n && list[n_wanted] == at, "%s: slot %d", label,
                  at);
        n_wanted++;
        best = sum < least ? at : best;
        least = sum < least ? sum : least;
    }
    cr_assert_eq(n, n_wanted, "%s: %zu slots, not %zu", label, n, n_wanted);
    cr_assert_eq(p->kind->row(p, i, limit, &slot), least, "%s", label);
    cr_assert_eq(slot, best, "%s: slot %d, not %d", label, slot, best);
}

/* Values move as pivots move them. */
static void check_searches(zoom_case *c, bw_pricing *p)
{
    for (int k = 0; k < 30; k++) {
        int32_t step = k % 2 ? 40000 : -40000;
        for (size_t j = 0; j < N_SINKS; j++) {
            int32_t slot = p->slot[j], block = slot >> p->block_shift;
            if (bw_random_below(&c->random, 3))
                continue;
            p->value[slot] += (int32_t)bw_random_below(&c->random, 9) + step;
            if (step > 0)
                p->is_stale[block] = 1;
            else if (p->value[slot] < p->bound[block])
                p->bound[block] = p->value[slot];
        }
        size_t i = bw_random_below(&c->random, N_SOURCES);
        int32_t slot, least = p->kind->row(p, i, BW_PRICING_MAX_VALUE, &slot);
        for (int32_t more = 0; more < 1 << 29; more = 8 * more + 1)
            check_row(p, i, least + more, c->label);
        check_row(p, i, -BW_PRICING_MAX_VALUE, c->label);
    }
}

Test(zoom, searches_find_what_a_plain_loop_finds)
{
    bw_pricing_zoom boxes = {0};
    bw_pricing_matrix matrix = {0};
    for (size_t q = 0; q < N_KINDS; q++)
        for (int bits = 0; bits < 60; bits += 20) {
            zoom_case c;
            open_case(&c, kinds[q].norm, kinds[q].p, kinds[q].d, bits);
            cr_assert_eq(bw_pricing_zoom_open(&boxes, &c.zoom), BW_OK);
            cr_assert_eq(bw_pricing_matrix_open_zoom(&matrix, &c.zoom), BW_OK);
            for (size_t k = 0; k < N_SOURCES * N_SINKS; k++) {
                size_t i = k / N_SINKS;
                int32_t j = (int32_t)(k % N_SINKS);
                cr_assert_eq(boxes.head.kind->cost(&boxes.head, i, j),
                             matrix.head.kind->cost(&matrix.head, i, j), "%s",
                             c.label);
            }
            check_searches(&c, &boxes.head);
            check_searches(&c, &matrix.head);
            close_case(&c);
        }
    bw_pricing_zoom_clear(&boxes);
    bw_pricing_matrix_clear(&matrix);
}

/* Coarse levels, grids and integers that are resolved have nothing finer. */
Test(zoom, where_there_are_digits_left)
{
    bw_random random;
    ot_sides s;
    bw_random_init(&random, SEED, BW_RANDOM_TEST, 100);
    ot_sides_open(&s, ot_grid(BW_NORM_L2, 1, 5, 5), 9, 4, 9, &random);
    cr_expect_not(bw_zoom_can(&s.arcs, 1));
    ot_sides_close(&s);
    double whole[] = {0, 1 << 20, 1 << 30, 3}, part[] = {0, 0.1, 0.3, 7e5};
    ot_sides_open(&s, ot_matrix(2, 2, whole), 2, 2, 9, &random);
    cr_expect(bw_zoom_can(&s.arcs, 0x1p-10));
    cr_expect_not(bw_zoom_can(&s.arcs, 1));
    ot_sides_close(&s);
    ot_sides_open(&s, ot_matrix(2, 2, part), 2, 2, 9, &random);
    cr_expect(bw_zoom_can(&s.arcs, 1));
    cr_expect(bw_zoom_can(&s.arcs, 0x1p70));
    cr_expect_not(bw_zoom_can(&s.arcs, 0x1p90));
    ot_sides_close(&s);
}
