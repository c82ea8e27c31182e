/* test_unit.c - what one network does while it learns, by pieces. */
#include "config.h"

#include <criterion/criterion.h>

#include "barrow/tasks.h"
#include "model/unit.h"

/* More values than a piece has, and a last piece that is short. */
Test(unit, all_gradients_are_cleared_and_nothing_else)
{
    enum { N = 40001 };
    static float gradient[N + 1];
    bw_error err = BW_ERROR_INIT;

    for (size_t n_threads = 1; n_threads <= 2; n_threads++) {
        bw_tasks *tasks;
        cr_assert_eq(bw_tasks_create(n_threads, &tasks, &err), BW_OK, "%s",
                     err.text);
        bw_unit unit = {.gradient = gradient, .n_trained = N, .tasks = tasks};

        for (size_t k = 0; k <= N; k++)
            gradient[k] = 1;
        bw_unit_clear_gradient(&unit);
        for (size_t k = 0; k < N; k++)
            cr_assert(!(gradient[k] > 0), "%zu", k);
        cr_expect(gradient[N] > 0);
        bw_tasks_destroy(tasks);
    }
}
