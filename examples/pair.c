/* pair.c - the exact transport between two histograms on a 3 x 3 grid: its
 * cost, the proof, the plan and the dual potentials.
 *
 *     pair
 */
#include <barrow/transport.h>

#include <stdio.h>

enum { SIDE = 3, N_BINS = SIDE * SIDE };

static const unsigned char from[N_BINS] = {
    4, 2, 0, /* */
    2, 0, 0, /* */
    0, 0, 0,
};
static const unsigned char to[N_BINS] = {
    0, 0, 0, /* */
    0, 0, 1, /* */
    0, 1, 2,
};

static void print(const bw_solution *s)
{
    printf("cost %.17g\ngap %g\n", s->cost, s->gap);
    for (size_t k = 0; k < s->n_arcs; k++) {
        unsigned i = s->arc[k][0], j = s->arc[k][1];

        printf("%g from %u,%u to %u,%u, where u + v is %g\n", s->mass[k],
               i / SIDE, i % SIDE, j / SIDE, j % SIDE,
               s->potential_source[i] + s->potential_target[j]);
    }
}

static bw_status solve(bw_error *err)
{
    const bw_transport_options options = {.method = BW_METHOD_AUTO,
                                          .with_certificate = true,
                                          .with_plan = true,
                                          .with_potentials = true};
    bw_ground *ground = NULL;
    bw_histograms *set = NULL;
    bw_transport *transport = NULL;
    bw_status status;

    status = bw_ground_create_grid(BW_NORM_L2, 2, SIDE, SIDE, &ground, err);
    if (!status)
        status = bw_histograms_create(ground, BW_NORMALIZE_SUM, &set, err);
    if (!status)
        status = bw_histograms_add_bytes(set, N_BINS, from, err);
    if (!status)
        status = bw_histograms_add_bytes(set, N_BINS, to, err);
    if (!status)
        status = bw_histograms_seal(set, err);
    if (!status)
        status = bw_transport_create(ground, &options, &transport, err);
    if (!status) {
        bw_histogram a = bw_histograms_get(set, 0);
        bw_histogram b = bw_histograms_get(set, 1);
        bw_solution solution;

        status = bw_transport_solve(transport, &a, &b, BW_NORMALIZE_SUM,
                                    &solution, err);
        if (!status)
            print(&solution);
    }
    bw_transport_destroy(transport);
    bw_histograms_destroy(set);
    bw_ground_destroy(ground);
    return status;
}

int main(void)
{
    bw_error err = BW_ERROR_INIT;

    if (solve(&err) == BW_OK)
        return 0;
    fprintf(stderr, "pair: %s\n", err.text);
    return 1;
}
