/* test_noise.c - whose numbers a noise layer draws: neither layout, threads nor
 * the other items of a batch matter; seed, stream, layer and step do. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/tasks.h"
#include "nn/layer.h"
#include "nn/layout.h"

enum { N = 19, V = 5 * 7 * 20 };

static const bw_shape shape = {5, 7, 20, false};

typedef struct draw_names {
    uint64_t seed, stream, step;
    size_t index, n, n_threads;
    bw_layout layout;
} draw_names;

static const draw_names usual = {.seed = 1, .n = N, .n_threads = 1};

/* The noise itself, in rows: inputs are 0, sd is 0.5. */
static void draw(draw_names d, float rows[N * V])
{
    bw_layer layer = {.kind = &bw_layer_noise,
                      .index = d.index,
                      .in = shape,
                      .out = shape,
                      .value = {0.5}};
    float *x = calloc(bw_layout_n(d.layout, N, V), sizeof *x);
    bw_layer_run run = {.layer = &layer,
                        .n = d.n,
                        .is_training = true,
                        .in_layout = d.layout,
                        .out_layout = d.layout,
                        .x = x,
                        .y = x,
                        .seed = d.seed,
                        .stream = d.stream,
                        .step = d.step};

    cr_assert_eq(bw_tasks_create(d.n_threads, &run.tasks, NULL), BW_OK);
    layer.kind->forward(&run);
    if (d.layout == BW_LAYOUT_LANES)
        bw_layout_to_rows(run.tasks, d.n, V, x, rows);
    else
        memcpy(rows, x, d.n * V * sizeof *rows);
    bw_tasks_destroy(run.tasks);
    free(x);
}

/* Means of N V = 13,300 numbers: 6 standard errors. */
Test(noise, is_normal_cut_at_two_deviations)
{
    float z[N * V];
    double sum = 0, square = 0;

    draw(usual, z);
    for (size_t k = 0; k < N * V; k++) {
        cr_assert_leq(fabsf(z[k]), 1.0f);
        sum += (double)z[k] / (N * V);
        square += (double)z[k] * (double)z[k] / (N * V);
    }
    cr_assert_float_eq(sum, 0, 6 * 0.44 / sqrt(N * V));
    cr_assert_float_eq(square, 0.25 * 0.773741, 6 * 0.25 / sqrt(N * V));
}

Test(noise, layouts_and_threads_do_not_matter)
{
    float z[N * V], other[N * V];

    draw(usual, z);
    for (size_t n_threads = 1; n_threads <= 3; n_threads++)
        for (int layout = 0; layout < 2; layout++) {
            draw_names d = usual;

            d.n_threads = n_threads;
            d.layout = (bw_layout)layout;
            draw(d, other);
            cr_assert_arr_eq(other, z, sizeof z);
        }
}

Test(noise, an_item_has_numbers_of_its_own)
{
    float z[N * V], other[N * V];
    draw_names d = usual;

    d.n = 3;
    draw(usual, z);
    draw(d, other);
    cr_assert_arr_eq(other, z, 3 * V * sizeof *z);
    cr_assert_neq(z[0], z[V]);
    cr_assert_neq(z[1], z[V]);
}

Test(noise, seed_stream_layer_and_step_matter)
{
    float z[N * V], other[N * V];

    draw(usual, z);
    for (int k = 0; k < 4; k++) {
        draw_names d = usual;
        size_t n_equal = 0;

        d.seed += k == 0;
        d.stream += k == 1 ? 1024 : 0;
        d.index += k == 2;
        d.step += k == 3;
        draw(d, other);
        for (size_t i = 0; i < N * V; i++)
            n_equal += z[i] == other[i];
        cr_assert_lt(n_equal, 5u, "%d", k);
    }
}
