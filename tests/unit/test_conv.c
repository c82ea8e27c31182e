/* test_conv.c - the ways of a convolution against textbook loops in doubles,
 * and against themselves: other numbers of threads, other numbers of items. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "base/isa.h"
#include "nn/conv.h"
#include "nn/layout.h"
#include "plain/conv.h"

/* Wide and thin sides, windows that hang over one edge or that skip pixels,
 * rows that no window reaches, one pixel, one tap; phases of two taps, three,
 * and both, tiles of one to three outputs and of two kinds. */
static const bw_conv_shape shapes[] = {
    {7, 7, 64, 4, 4, 32, 4, 4, 2, 1, 1},
    {14, 14, 1, 7, 7, 20, 4, 4, 2, 1, 1},
    {9, 8, 3, 9, 8, 17, 5, 5, 1, 2, 2},
    {6, 8, 5, 3, 4, 33, 3, 2, 2, 0, 1},
    {8, 8, 16, 8, 8, 3, 4, 4, 1, 1, 1},
    {5, 5, 48, 1, 1, 70, 5, 5, 1, 0, 0},
    {7, 5, 19, 7, 5, 6, 1, 1, 1, 0, 0},
    {8, 8, 4, 3, 3, 8, 1, 1, 3, 0, 0},
    {10, 9, 8, 3, 3, 16, 2, 2, 4, 0, 1},
    {4, 4, 128, 2, 2, 160, 4, 4, 2, 1, 1},
    {14, 14, 20, 7, 7, 40, 5, 5, 2, 1, 1},
    {7, 7, 33, 4, 4, 19, 5, 5, 2, 2, 2},
    {9, 6, 17, 5, 3, 20, 4, 5, 2, 1, 1},
    {6, 7, 20, 6, 7, 35, 3, 3, 1, 1, 1},
    {8, 5, 4, 7, 4, 31, 2, 3, 1, 0, 0},
    {11, 10, 9, 5, 4, 12, 6, 6, 2, 2, 1},
    {4, 5, 3, 1, 1, 5, 4, 5, 2, 0, 0},
    {5, 6, 130, 3, 3, 36, 4, 4, 2, 1, 1},
    {4, 4, 33, 2, 2, 270, 4, 4, 2, 1, 1},
};
enum { N_SHAPES = sizeof shapes / sizeof shapes[0], N_ITEMS = 13 };

/* Too large for one block of phases, or for one product; the first one's
 * weight is small beside a cache, the second one's is not. */
static const bw_conv_shape large_shapes[] = {
    {28, 28, 40, 14, 14, 36, 4, 4, 2, 1, 1},
    {14, 14, 96, 7, 7, 132, 4, 4, 2, 1, 1},
};
enum { N_LARGE_ITEMS = 60 };

/* One convolution with numbers for all its blocks. */
typedef struct blocks {
    const bw_conv_shape *shape;
    size_t n, n_x, n_y, n_w; /* items; floats an item, of the weight */
    float *x, *y, *w, *bias_x, *bias_y;
} blocks;

static float *draw(bw_random *random, size_t n)
{
    float *x = malloc((n + 1) * sizeof *x);

    cr_assert(x != NULL);
    for (size_t k = 0; k < n; k++)
        x[k] = (float)bw_random_normal(random);
    return x;
}

static blocks make_blocks(const bw_conv_shape *shape, size_t n)
{
    blocks b = {.shape = shape,
                .n = n,
                .n_x = shape->h * shape->w * shape->c,
                .n_y = shape->p * shape->q * shape->o,
                .n_w = shape->o * shape->c * shape->kh * shape->kw};
    bw_random random;

    bw_random_init(&random, 1, BW_RANDOM_TEST, n);
    b.x = draw(&random, n * b.n_x);
    b.y = draw(&random, n * b.n_y);
    b.w = draw(&random, b.n_w);
    b.bias_x = draw(&random, shape->c);
    b.bias_y = draw(&random, shape->o);
    return b;
}

static void free_blocks(blocks *b)
{
    free(b->x);
    free(b->y);
    free(b->w);
    free(b->bias_x);
    free(b->bias_y);
}

/* ---- one pass by one way, rows in and out ---- */

typedef struct setting {
    bw_tasks *tasks;
    bw_way way;
    bool is_bare; /* without bias and relu */
} setting;

static float *in_layout(const setting *team, size_t n, size_t n_values,
                        const float *rows)
{
    size_t floats = bw_layout_n(BW_LAYOUT_LANES, n, n_values);
    float *out = malloc((floats + 1) * sizeof *out);

    cr_assert(out != NULL);
    if (team->way == BW_WAY_THIN)
        bw_layout_to_lanes(team->tasks, n, n_values, rows, out);
    else
        memcpy(out, rows, n * n_values * sizeof *out);
    return out;
}

static float *out_of_layout(const setting *team, size_t n, size_t n_values,
                            float *values)
{
    float *rows = malloc((n * n_values + 1) * sizeof *rows);

    cr_assert(rows != NULL);
    if (team->way == BW_WAY_THIN)
        bw_layout_to_rows(team->tasks, n, n_values, values, rows);
    else
        memcpy(rows, values, n * n_values * sizeof *rows);
    free(values);
    return rows;
}

/* The pass's result in rows; b->n items by a plan for n_max. */
static float *run_pass(const setting *team, const blocks *b, size_t n_max,
                       unsigned pass)
{
    bw_error err = BW_ERROR_INIT;
    bw_conv *conv = NULL;
    size_t n_bytes = 0;
    float *x = in_layout(team, b->n, b->n_x, b->x);
    float *y = in_layout(team, b->n, b->n_y, b->y), *out = NULL;

    cr_assert_eq(bw_conv_create(b->shape, n_max, team->way, pass, team->tasks,
                                &conv, &n_bytes, &err),
                 BW_OK, "%s", err.text);
    cr_assert_gt(n_bytes, 0);
    bw_conv_pack(conv, b->w);
    if (pass == BW_CONV_TO_Y) {
        bw_conv_to_y(conv, b->n, x, team->is_bare ? NULL : b->bias_y,
                     !team->is_bare, y);
        out = out_of_layout(team, b->n, b->n_y, y);
        free(x);
    } else if (pass == BW_CONV_TO_X) {
        bw_conv_to_x(conv, b->n, y, team->is_bare ? NULL : b->bias_x,
                     !team->is_bare, x);
        out = out_of_layout(team, b->n, b->n_x, x);
        free(y);
    } else {
        out = malloc(b->n_w * sizeof *out);
        memcpy(out, b->w, b->n_w * sizeof *out);
        bw_conv_weight(conv, b->n, x, y, out);
        free(x);
        free(y);
    }
    bw_conv_destroy(conv);
    return out;
}

static size_t n_result(const blocks *b, unsigned pass)
{
    return pass == BW_CONV_TO_Y   ? b->n * b->n_y
           : pass == BW_CONV_TO_X ? b->n * b->n_x
                                  : b->n_w;
}

/* The gradient is added to the weight's numbers, which stand there before. */
static double *wanted_of(const setting *team, const blocks *b, unsigned pass)
{
    double *out = malloc((n_result(b, pass) + 1) * sizeof *out);
    bool relu = !team->is_bare;

    cr_assert(out != NULL);
    if (pass == BW_CONV_TO_Y)
        plain_conv_to_y(b->shape, b->n, b->x, b->w, relu ? b->bias_y : NULL,
                        relu, out);
    else if (pass == BW_CONV_TO_X)
        plain_conv_to_x(b->shape, b->n, b->y, b->w, relu ? b->bias_x : NULL,
                        relu, out);
    else
        plain_conv_weight(b->shape, b->n, b->x, b->y, out);
    for (size_t k = 0; pass == BW_CONV_WEIGHT && k < b->n_w; k++)
        out[k] += (double)b->w[k];
    return out;
}

/* Sums of up to a few thousand products of normal numbers, in floats. */
static void check_pass(const setting *team, const blocks *b, size_t n_max,
                       unsigned pass)
{
    float *got = run_pass(team, b, n_max, pass);
    double *wanted = wanted_of(team, b, pass), most = 1;
    size_t n = n_result(b, pass);

    for (size_t k = 0; k < n; k++)
        most = fmax(most, fabs(wanted[k]));
    for (size_t k = 0; k < n; k++)
        cr_assert(fabs((double)got[k] - wanted[k]) <= 2e-6 * most,
                  "way %d, shape %zu, pass %u, %zu of %zu items: value %zu "
                  "is %g, not %g",
                  (int)team->way, (size_t)(b->shape - shapes), pass, b->n,
                  n_max, k, (double)got[k], wanted[k]);
    free(got);
    free(wanted);
}

static void check_way(bw_way way, size_t n_threads, size_t n, size_t n_max)
{
    bw_error err = BW_ERROR_INIT;
    setting team = {.way = way};

    cr_assert_eq(bw_tasks_create(n_threads, &team.tasks, &err), BW_OK);
    for (size_t k = 0; k < N_SHAPES; k++) {
        blocks b = make_blocks(&shapes[k], n);

        for (unsigned pass = BW_CONV_TO_Y; pass <= BW_CONV_WEIGHT; pass *= 2)
            for (int bare = 0; bare <= (pass != BW_CONV_WEIGHT); bare++) {
                team.is_bare = bare;
                check_pass(&team, &b, n_max, pass);
            }
        free_blocks(&b);
    }
    bw_tasks_destroy(team.tasks);
}

/* Full batches, part of one, one item. */
static void check_all(bw_way way)
{
    check_way(way, 1, N_ITEMS, N_ITEMS);
    check_way(way, 2, 17, 40);
    check_way(way, 3, 1, N_ITEMS);
}

Test(conv, blas)
{
    check_all(BW_WAY_BLAS);
}

Test(conv, onednn)
{
    if (!bw_conv_has(BW_WAY_ONEDNN))
        cr_skip_test("built without oneDNN");
    check_all(BW_WAY_ONEDNN);
}

Test(conv, thin)
{
    check_all(BW_WAY_THIN);
}

Test(conv, phase)
{
    check_all(BW_WAY_PHASE);
}

Test(conv, phase_in_blocks)
{
    bw_error err = BW_ERROR_INIT;
    setting team = {.way = BW_WAY_PHASE};

    cr_assert_eq(bw_tasks_create(2, &team.tasks, &err), BW_OK);
    for (size_t k = 0; k < 2; k++) {
        blocks b = make_blocks(&large_shapes[k], N_LARGE_ITEMS);

        for (unsigned pass = BW_CONV_TO_Y; pass <= BW_CONV_WEIGHT; pass *= 2)
            check_pass(&team, &b, N_LARGE_ITEMS, pass);
        free_blocks(&b);
    }
    bw_tasks_destroy(team.tasks);
}

/* Twelve slices of four and two items more, for which the library has nothing
 * but its reference code in the format that suits the slices best. */
Test(conv, onednn_items_left_over)
{
    const bw_conv_shape shape = {14, 14, 32, 7, 7, 64, 5, 5, 2, 1, 1};
    bw_error err = BW_ERROR_INIT;
    setting team = {.way = BW_WAY_ONEDNN};
    blocks b = make_blocks(&shape, 50);

    if (!bw_conv_has(BW_WAY_ONEDNN))
        cr_skip_test("built without oneDNN");
    cr_assert_eq(bw_tasks_create(2, &team.tasks, &err), BW_OK);
    for (unsigned pass = BW_CONV_TO_Y; pass <= BW_CONV_WEIGHT; pass *= 2)
        check_pass(&team, &b, 50, pass);
    bw_tasks_destroy(team.tasks);
    free_blocks(&b);
}

/* An item whose points are more than a block is to have is a block alone. */
Test(conv, phase_of_large_items)
{
    const bw_conv_shape shape = {90, 90, 32, 45, 45, 32, 4, 4, 2, 1, 1};
    bw_error err = BW_ERROR_INIT;
    setting team = {.way = BW_WAY_PHASE};
    blocks b = make_blocks(&shape, 2);

    cr_assert_eq(bw_tasks_create(2, &team.tasks, &err), BW_OK);
    check_pass(&team, &b, 2, BW_CONV_TO_Y);
    bw_tasks_destroy(team.tasks);
    free_blocks(&b);
}

/* What one pass leaves in the buffers, whose blocks are larger, is not to show
 * in the next one. */
Test(conv, phase_passes_share_buffers)
{
    bw_error err = BW_ERROR_INIT;
    setting team = {.way = BW_WAY_PHASE};
    blocks b = make_blocks(&large_shapes[0], N_ITEMS);
    size_t n = N_ITEMS * b.n_y, n_bytes;
    float *y = malloc(n * sizeof *y), *again = malloc(n * sizeof *again);
    float *dw = calloc(b.n_w, sizeof *dw);
    bw_conv *conv = NULL;

    cr_assert_eq(bw_tasks_create(1, &team.tasks, &err), BW_OK);
    cr_assert_eq(bw_conv_create(b.shape, N_ITEMS, BW_WAY_PHASE,
                                BW_CONV_TO_Y | BW_CONV_WEIGHT, team.tasks,
                                &conv, &n_bytes, &err),
                 BW_OK);
    bw_conv_pack(conv, b.w);
    bw_conv_to_y(conv, N_ITEMS, b.x, NULL, false, y);
    for (size_t k = 0; k < n; k++)
        b.y[k] = NAN;
    bw_conv_weight(conv, N_ITEMS, b.x, b.y, dw);
    bw_conv_to_y(conv, N_ITEMS, b.x, NULL, false, again);
    cr_assert_arr_eq(again, y, n * sizeof *y);
    bw_conv_destroy(conv);
    bw_tasks_destroy(team.tasks);
    free_blocks(&b);
    free(y);
    free(again);
    free(dw);
}

/* Nothing of an earlier gradient is in the next one, whichever phases a point
 * of which tiles has. */
Test(conv, phase_gradients_begin_anew)
{
    bw_error err = BW_ERROR_INIT;
    setting team = {.way = BW_WAY_PHASE};

    cr_assert_eq(bw_tasks_create(1, &team.tasks, &err), BW_OK);
    for (size_t k = 0; k < N_SHAPES; k++) {
        blocks b = make_blocks(&shapes[k], N_ITEMS);
        float *wanted = run_pass(&team, &b, N_ITEMS, BW_CONV_WEIGHT);
        float *bad = calloc(N_ITEMS * b.n_y, sizeof *bad);
        float *dw = calloc(b.n_w, sizeof *dw);
        bw_conv *conv = NULL;
        size_t n_bytes;

        for (size_t j = 0; j < N_ITEMS * b.n_y; j++)
            bad[j] = NAN;
        cr_assert_eq(bw_conv_create(b.shape, N_ITEMS, BW_WAY_PHASE,
                                    BW_CONV_WEIGHT, team.tasks, &conv, &n_bytes,
                                    &err),
                     BW_OK);
        bw_conv_weight(conv, N_ITEMS, b.x, bad, dw);
        memcpy(dw, b.w, b.n_w * sizeof *dw);
        bw_conv_weight(conv, N_ITEMS, b.x, b.y, dw);
        cr_expect_arr_eq(dw, wanted, b.n_w * sizeof *dw, "shape %zu", k);
        bw_conv_destroy(conv);
        free_blocks(&b);
        free(wanted);
        free(bad);
        free(dw);
    }
    bw_tasks_destroy(team.tasks);
}

Test(conv, mixed)
{
    check_all(BW_WAY_AUTO);
}

/* ---- the choice ---- */

/* Wide sides, one that is thin, both; windows whose phases have unequal taps on
 * an odd side; windows that do not suit phases. */
Test(conv, phases_where_they_are_faster)
{
    enum { ALL = BW_CONV_TO_Y | BW_CONV_TO_X | BW_CONV_WEIGHT };
    static const struct {
        bw_conv_shape shape;
        unsigned passes;
    } cases[] = {
        {{14, 14, 64, 7, 7, 64, 4, 4, 2, 1, 1}, ALL},
        {{32, 32, 32, 16, 16, 64, 4, 4, 2, 1, 1}, BW_CONV_TO_X},
        {{32, 32, 31, 16, 16, 64, 4, 4, 2, 1, 1}, 0},
        {{32, 32, 32, 16, 16, 63, 4, 4, 2, 1, 1}, 0},
        {{32, 32, 64, 16, 16, 63, 4, 4, 2, 1, 1}, 0},
        {{14, 14, 127, 7, 7, 64, 5, 5, 2, 1, 1}, ALL & ~BW_CONV_TO_Y},
        {{14, 14, 128, 7, 7, 64, 5, 5, 2, 1, 1}, ALL},
        {{16, 16, 64, 8, 8, 64, 5, 5, 2, 1, 1}, ALL},
        {{14, 14, 128, 7, 7, 128, 3, 4, 2, 1, 1}, 0},
        {{14, 14, 128, 7, 7, 128, 4, 3, 2, 1, 1}, 0},
        {{14, 14, 128, 14, 14, 128, 4, 4, 1, 1, 1}, 0},
    };
    bool is_measured = bw_isa_get() == BW_ISA_AVX512;

    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
        for (unsigned pass = BW_CONV_TO_Y; pass <= BW_CONV_WEIGHT; pass *= 2) {
            bw_way way = bw_conv_choose_pass(&cases[k].shape, pass);
            bool is_wanted = is_measured && cases[k].passes & pass;

            cr_expect_eq(way == BW_WAY_PHASE, is_wanted, "case %zu, pass %u", k,
                         pass);
        }
}

/* ---- the same bytes ---- */

static void check_same_bytes(bw_way way, const bw_conv_shape *shape)
{
    blocks b = make_blocks(shape, 40);
    bw_error err = BW_ERROR_INIT;

    for (unsigned pass = BW_CONV_TO_Y; pass <= BW_CONV_WEIGHT; pass *= 2) {
        const size_t n_threads[] = {1, 2, 7};
        float *got[3];

        for (size_t k = 0; k < 3; k++) {
            setting team = {.way = way};

            cr_assert_eq(bw_tasks_create(n_threads[k], &team.tasks, &err),
                         BW_OK);
            got[k] = run_pass(&team, &b, 40, pass);
            bw_tasks_destroy(team.tasks);
        }
        for (size_t k = 1; k < 3; k++) {
            cr_assert_arr_eq(got[k], got[0], n_result(&b, pass) * sizeof(float),
                             "way %d, pass %u, %zu threads", (int)way, pass,
                             n_threads[k]);
            free(got[k]);
        }
        free(got[0]);
    }
    free_blocks(&b);
}

Test(conv, threads_change_no_bit)
{
    for (bw_way way = BW_WAY_AUTO; way <= BW_WAY_PHASE; way++)
        for (size_t k = 0; bw_conv_has(way) && k < N_SHAPES; k++)
            check_same_bytes(way, &shapes[k]);
}

/* ---- values ---- */

static void check_nan(bw_way way)
{
    const bw_conv_shape shape = shapes[0];
    blocks b = make_blocks(&shape, 16);
    bw_error err = BW_ERROR_INIT;
    setting team = {.way = way};
    float *y;
    size_t n_nan = 0;

    cr_assert_eq(bw_tasks_create(1, &team.tasks, &err), BW_OK);
    b.x[0] = NAN;
    y = run_pass(&team, &b, 16, BW_CONV_TO_Y);
    for (size_t k = 0; k < b.n_y; k++)
        n_nan += isnan(y[k]) != 0;
    cr_assert_geq(n_nan, shape.o, "way %d: %zu", (int)way, n_nan);
    free(y);
    bw_tasks_destroy(team.tasks);
    free_blocks(&b);
}

/* A relu that swallowed it would hide a training run's ruin. */
Test(conv, not_a_number_passes)
{
    for (bw_way way = BW_WAY_AUTO; way <= BW_WAY_PHASE; way++)
        if (bw_conv_has(way))
            check_nan(way);
}

Test(conv, a_way_that_is_missing)
{
    bw_error err = BW_ERROR_INIT;
    bw_tasks *tasks = NULL;
    bw_conv *conv = NULL;
    size_t n_bytes = 0;

    if (bw_conv_has(BW_WAY_ONEDNN))
        cr_skip_test("built with oneDNN");
    cr_assert_eq(bw_tasks_create(1, &tasks, &err), BW_OK);
    cr_assert_eq(bw_conv_create(&shapes[0], 4, BW_WAY_ONEDNN, BW_CONV_TO_Y,
                                tasks, &conv, &n_bytes, &err),
                 BW_ERR_USAGE);
    cr_assert_null(conv);
    cr_assert(strstr(err.text, "onednn") != NULL, "%s", err.text);
    bw_tasks_destroy(tasks);
}
