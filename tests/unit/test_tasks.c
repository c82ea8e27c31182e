/* test_tasks.c - every task of every list runs once, whatever the number of
 * threads and whenever they wake. */
#include "config.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/tasks.h"

enum { MOST = 300, N_WORKERS = 8 };

typedef struct record {
    unsigned n_runs[MOST];
    size_t worker[MOST];
    atomic_size_t n_begun;
    size_t place[MOST]; /* when a task began */
    bool is_blocked[MOST];
    float tiny[MOST];
} record;

static bw_tasks *create(size_t n_threads)
{
    bw_tasks *tasks;
    bw_error err = BW_ERROR_INIT;

    cr_assert_eq(bw_tasks_create(n_threads, &tasks, &err), BW_OK, "%s",
                 err.text);
    cr_assert_eq(bw_tasks_n_workers(tasks), n_threads > 0 ? n_threads : 1);
    return tasks;
}

static void take(void *arg, size_t task, size_t worker)
{
    record *r = arg;

    cr_assert_lt(task, MOST);
    r->place[task] = atomic_fetch_add(&r->n_begun, 1);
    r->n_runs[task]++;
    r->worker[task] = worker;
}

static void expect_each_once(const record *r, size_t n, size_t n_workers)
{
    for (size_t k = 0; k < MOST; k++)
        cr_assert_eq(r->n_runs[k], k < n, "task %zu of %zu", k, n);
    for (size_t k = 0; k < n; k++)
        cr_assert_lt(r->worker[k], n_workers);
}

static void pass_moment(long nanoseconds)
{
    struct timespec moment = {0, nanoseconds};

    nanosleep(&moment, NULL);
}

Test(tasks, each_task_runs_once)
{
    for (size_t n_threads = 0; n_threads <= N_WORKERS; n_threads++) {
        bw_tasks *tasks = create(n_threads);

        for (size_t n = 0; n <= MOST; n += n < 20 ? 1 : 7) {
            record r = {0};

            bw_tasks_run(tasks, n, take, &r);
            expect_each_once(&r, n, bw_tasks_n_workers(tasks));
        }
        bw_tasks_destroy(tasks);
    }
}

/* Lists of other lengths one after the other, with and without a pause in
 * which the team falls asleep: a thread that wakes late must not take part in
 * a list that is over, nor in one whose fields it has not seen. */
Test(tasks, lists_do_not_mix)
{
    bw_tasks *tasks = create(N_WORKERS);

    for (size_t list = 0; list < 5000; list++) {
        size_t n = list * 7919 % 23;
        record r = {0};

        bw_tasks_run(tasks, n, take, &r);
        expect_each_once(&r, n, N_WORKERS);
        if (list % 250 == 0)
            pass_moment(2000000);
    }
    bw_tasks_destroy(tasks);
}

Test(tasks, one_worker_is_the_caller_in_order)
{
    bw_tasks *tasks = create(1);
    record r = {0};

    bw_tasks_run(tasks, 50, take, &r);
    for (size_t k = 0; k < 50; k++) {
        cr_expect_eq(r.place[k], k);
        cr_expect_eq(r.worker[k], 0);
    }
    bw_tasks_destroy(tasks);
}

/* Ends only when every worker has a task of its own at the same time. */
static void meet(void *arg, size_t task, size_t worker)
{
    record *r = arg;

    take(arg, task, worker);
    while (atomic_load(&r->n_begun) < 4)
        pass_moment(1000);
}

Test(tasks, all_workers_take_part, .timeout = 60)
{
    bw_tasks *tasks = create(4);

    for (int list = 0; list < 20; list++) {
        record r = {0};
        unsigned seen = 0;

        bw_tasks_run(tasks, 4, meet, &r);
        for (size_t k = 0; k < 4; k++)
            seen |= 1u << r.worker[k];
        cr_expect_eq(seen, 15);
        pass_moment(1000000);
    }
    bw_tasks_destroy(tasks);
}

typedef struct sums {
    const double *x;
    double sum[16];
} sums;

static void add_up(void *arg, size_t task, size_t worker)
{
    sums *s = arg;

    (void)worker;
    s->sum[task] = 0.0;
    for (size_t k = task * 1000; k < (task + 1) * 1000; k++)
        s->sum[task] += s->x[k];
}

/* What tasks wrote is there when the list is done. */
Test(tasks, results_are_there_and_do_not_hang_on_the_threads)
{
    static double x[16000];
    sums one = {.x = x}, many = {.x = x};
    bw_tasks *single = create(1), *team = create(5);

    for (size_t k = 0; k < 16000; k++)
        x[k] = 1.0 / (double)(k + 1);
    bw_tasks_run(single, 16, add_up, &one);
    for (int list = 0; list < 500; list++) {
        for (size_t k = 0; k < 16; k++)
            many.sum[k] = -1.0;
        bw_tasks_run(team, 16, add_up, &many);
        cr_assert_arr_eq(one.sum, many.sum, sizeof one.sum);
    }
    bw_tasks_destroy(single);
    bw_tasks_destroy(team);
}

/* Keeps the workers apart, so that each shows its mask. */
static void look_at_signals(void *arg, size_t task, size_t worker)
{
    record *r = arg;
    sigset_t mask;

    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    r->is_blocked[worker] =
        sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGTERM) == 1;
    meet(arg, task, worker);
}

Test(tasks, signals_go_to_the_caller, .timeout = 60)
{
    bw_tasks *tasks = create(4);
    record r = {0};

    bw_tasks_run(tasks, 4, look_at_signals, &r);
    cr_expect_not(r.is_blocked[0]);
    for (size_t worker = 1; worker < 4; worker++)
        cr_expect(r.is_blocked[worker]);
    bw_tasks_destroy(tasks);
}

/* Half of the smallest normal float. */
static float half_of_least(void)
{
    volatile float least = 0x1p-126f;

    return least / 2;
}

static void halve(void *arg, size_t task, size_t worker)
{
    record *r = arg;

    r->tiny[task] = half_of_least();
    meet(arg, task, worker);
}

#if defined(__x86_64__)
Test(tasks, tiny_numbers_are_zero_in_tasks_only, .timeout = 60)
{
    for (size_t n_threads = 1; n_threads <= 4; n_threads += 3) {
        bw_tasks *tasks = create(n_threads);
        record r = {.n_begun = n_threads == 1 ? 4 : 0};

        bw_tasks_run(tasks, 4, halve, &r);
        for (size_t k = 0; k < 4; k++)
            cr_expect(r.tiny[k] == 0, "task %zu: %g", k, (double)r.tiny[k]);
        cr_expect(half_of_least() > 0);
        bw_tasks_destroy(tasks);
    }
}
#endif

Test(tasks, teams_come_and_go)
{
    bw_tasks_destroy(NULL);
    for (size_t k = 0; k < 200; k++) {
        bw_tasks *tasks = create(1 + k % 5);
        record r = {0};

        if (k % 3 > 0)
            bw_tasks_run(tasks, k % 7, take, &r);
        bw_tasks_destroy(tasks);
    }
}
