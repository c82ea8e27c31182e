/* test_layout.c - ways between layouts, value by value, at sizes around the
 * tiles of 4 and the groups of 16. */
#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "nn/layout.h"

static const size_t sizes[] = {1, 3, 4, 5, 15, 16, 17, 33};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

static float *counted(size_t n)
{
    float *x = malloc(n * sizeof *x);

    cr_assert(x != NULL);
    for (size_t k = 0; k < n; k++)
        x[k] = (float)(k + 1);
    return x;
}

static float *dirty(size_t n)
{
    float *x = malloc(n * sizeof *x);

    cr_assert(x != NULL);
    for (size_t k = 0; k < n; k++)
        x[k] = -7;
    return x;
}

/* Where value v of item i of n_values stands. */
static size_t place(bw_layout layout, size_t n_values, size_t i, size_t v)
{
    if (layout == BW_LAYOUT_ROWS)
        return i * n_values + v;
    return (i / BW_LANES * n_values + v) * BW_LANES + i % BW_LANES;
}

static void check_rest(const float *lanes, size_t n, size_t n_values)
{
    for (size_t i = n; i % BW_LANES != 0; i++)
        for (size_t v = 0; v < n_values; v++)
            cr_assert_eq(lanes[place(BW_LAYOUT_LANES, n_values, i, v)], 0,
                         "lane %zu, value %zu", i, v);
}

static void check_lanes(bw_tasks *tasks, size_t n, size_t n_values)
{
    size_t n_lanes = bw_layout_n(BW_LAYOUT_LANES, n, n_values);
    float *rows = counted(n * n_values), *lanes = dirty(n_lanes);
    float *back = dirty(n * n_values);

    bw_layout_to_lanes(tasks, n, n_values, rows, lanes);
    for (size_t i = 0; i < n; i++)
        for (size_t v = 0; v < n_values; v++)
            cr_assert_eq(lanes[place(BW_LAYOUT_LANES, n_values, i, v)],
                         rows[i * n_values + v], "%zu items, %zu, %zu", n, i,
                         v);
    check_rest(lanes, n, n_values);
    bw_layout_to_rows(tasks, n, n_values, lanes, back);
    cr_assert_eq(memcmp(back, rows, n * n_values * sizeof *rows), 0);
    free(rows);
    free(lanes);
    free(back);
}

static void check_flat(bw_tasks *tasks, size_t n, bw_shape shape,
                       bw_layout layout)
{
    size_t n_values = bw_shape_n(shape), n_pixels = shape.h * shape.w;
    size_t n_image = bw_layout_n(layout, n, n_values);
    float *flat = counted(n * n_values), *image = dirty(n_image);
    float *back = dirty(n * n_values);

    bw_layout_unflatten(tasks, n, shape, layout, flat, image);
    for (size_t i = 0; i < n; i++)
        for (size_t v = 0; v < n_values; v++)
            cr_assert_eq(
                image[place(layout, n_values, i, v)],
                flat[i * n_values + v % shape.c * n_pixels + v / shape.c],
                "%zu items, %zu, %zu", n, i, v);
    if (layout == BW_LAYOUT_LANES)
        check_rest(image, n, n_values);
    bw_layout_flatten(tasks, n, shape, layout, image, back);
    cr_assert_eq(memcmp(back, flat, n * n_values * sizeof *flat), 0);
    free(flat);
    free(image);
    free(back);
}

static void check_all(size_t n_threads)
{
    bw_tasks *tasks;

    cr_assert_eq(bw_tasks_create(n_threads, &tasks, NULL), BW_OK);
    for (size_t a = 0; a < N_SIZES; a++)
        for (size_t b = 0; b < N_SIZES; b++) {
            bw_shape shape = {.h = 3, .w = sizes[b], .c = 5};

            check_lanes(tasks, sizes[a], sizes[b]);
            for (int layout = 0; layout < 2; layout++)
                check_flat(tasks, sizes[a], shape, (bw_layout)layout);
            shape = (bw_shape){.h = 1, .w = 2, .c = sizes[b]};
            for (int layout = 0; layout < 2; layout++)
                check_flat(tasks, sizes[a], shape, (bw_layout)layout);
        }
    bw_tasks_destroy(tasks);
}

Test(layout, one_thread)
{
    check_all(1);
}

Test(layout, three_threads)
{
    check_all(3);
}

/* Items of several tasks each. */
Test(layout, large_items)
{
    bw_tasks *tasks;

    cr_assert_eq(bw_tasks_create(2, &tasks, NULL), BW_OK);
    check_lanes(tasks, 18, 5003);
    check_flat(tasks, 18, (bw_shape){.h = 31, .w = 33, .c = 7},
               BW_LAYOUT_LANES);
    check_flat(tasks, 18, (bw_shape){.h = 31, .w = 33, .c = 7}, BW_LAYOUT_ROWS);
    bw_tasks_destroy(tasks);
}

Test(layout, no_items)
{
    bw_tasks *tasks;

    cr_assert_eq(bw_tasks_create(1, &tasks, NULL), BW_OK);
    bw_layout_to_lanes(tasks, 0, 3, NULL, NULL);
    bw_layout_flatten(tasks, 0, (bw_shape){.h = 1, .w = 1, .c = 1},
                      BW_LAYOUT_LANES, NULL, NULL);
    cr_expect_eq(bw_layout_n(BW_LAYOUT_LANES, 0, 3), 0);
    cr_expect_eq(bw_layout_n(BW_LAYOUT_LANES, 17, 3), 96);
    bw_tasks_destroy(tasks);
}
