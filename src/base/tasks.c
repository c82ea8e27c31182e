/* tasks.c - a team of threads that runs one list of tasks at a time.
 *
 * A list is a generation number that the team waits for and a counter that
 * workers draw tasks from. A list lasts microseconds in small networks, so
 * workers spin for a moment between lists before they sleep.
 */
#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/tasks.h"

/* Turns of the spin before a thread sleeps: some 50 microseconds. */
enum { N_SPINS = 2000 };

typedef struct team_member {
    bw_tasks *tasks;
    size_t worker;
    pthread_t thread;
} team_member;

struct bw_tasks {
    size_t n_workers;
    team_member *member; /* 1 .. n_workers - 1; 0 is the caller */
    pthread_mutex_t lock;
    pthread_cond_t changed;   /* of generation, is_over or n_busy */
    atomic_size_t generation; /* of the list under way */
    atomic_bool is_over;
    atomic_size_t next;   /* task to draw */
    atomic_size_t n_busy; /* threads that have not left this list */
    size_t n_tasks;
    bw_task run;
    void *arg;
};

static void pause_a_moment(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static void work(bw_tasks *tasks, size_t worker)
{
    for (;;) {
        size_t task = atomic_fetch_add(&tasks->next, 1);

        if (task >= tasks->n_tasks)
            return;
        tasks->run(tasks->arg, task, worker);
    }
}

/* Waits until the generation is not `seen`; returns it. */
static size_t await_list(bw_tasks *tasks, size_t seen)
{
    size_t generation;

    for (int k = 0; k < N_SPINS; k++) {
        generation = atomic_load(&tasks->generation);
        if (generation != seen)
            return generation;
        pause_a_moment();
    }
    pthread_mutex_lock(&tasks->lock);
    while ((generation = atomic_load(&tasks->generation)) == seen)
        pthread_cond_wait(&tasks->changed, &tasks->lock);
    pthread_mutex_unlock(&tasks->lock);
    return generation;
}

static void leave_list(bw_tasks *tasks)
{
    if (atomic_fetch_sub(&tasks->n_busy, 1) != 1)
        return;
    pthread_mutex_lock(&tasks->lock);
    pthread_cond_broadcast(&tasks->changed);
    pthread_mutex_unlock(&tasks->lock);
}

static void *member_main(void *arg)
{
    team_member *member = arg;
    bw_tasks *tasks = member->tasks;
    size_t generation = 0;

    for (;;) {
        generation = await_list(tasks, generation);
        if (atomic_load(&tasks->is_over))
            return NULL;
        work(tasks, member->worker);
        leave_list(tasks);
    }
}

static void announce(bw_tasks *tasks)
{
    pthread_mutex_lock(&tasks->lock);
    atomic_fetch_add(&tasks->generation, 1);
    pthread_cond_broadcast(&tasks->changed);
    pthread_mutex_unlock(&tasks->lock);
}

/* Threads begin with all signals blocked: the main thread handles them. */
static bw_status start_member(bw_tasks *tasks, size_t worker, bw_error *err)
{
    team_member *member = &tasks->member[worker];
    sigset_t all, before;
    int code;

    *member = (team_member){.tasks = tasks, .worker = worker};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    code = pthread_create(&member->thread, NULL, member_main, member);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code == 0 ? BW_OK
                     : bw_error_set(err, BW_ERR_IO,
                                    "the system gives no thread %zu", worker);
}

bw_status bw_tasks_create(size_t n_threads, bw_tasks **ret_tasks, bw_error *err)
{
    bw_tasks *tasks = calloc(1, sizeof(*tasks));
    bw_status status = BW_OK;

    *ret_tasks = NULL;
    if (!tasks)
        return bw_error_memory(err);
    pthread_mutex_init(&tasks->lock, NULL);
    pthread_cond_init(&tasks->changed, NULL);
    tasks->n_workers = 1;
    tasks->member = calloc(n_threads, sizeof(*tasks->member));
    if (!tasks->member)
        status = bw_error_memory(err);
    for (size_t k = 1; status == BW_OK && k < n_threads; k++) {
        status = start_member(tasks, k, err);
        if (status == BW_OK)
            tasks->n_workers++;
    }
    if (status != BW_OK) {
        bw_tasks_destroy(tasks);
        return status;
    }
    *ret_tasks = tasks;
    return BW_OK;
}

void bw_tasks_destroy(bw_tasks *tasks)
{
    if (!tasks)
        return;
    atomic_store(&tasks->is_over, true);
    announce(tasks);
    for (size_t k = 1; k < tasks->n_workers; k++)
        pthread_join(tasks->member[k].thread, NULL);
    pthread_cond_destroy(&tasks->changed);
    pthread_mutex_destroy(&tasks->lock);
    free(tasks->member);
    free(tasks);
}

size_t bw_tasks_n_workers(const bw_tasks *tasks)
{
    return tasks->n_workers;
}

/* The caller must not start the next list while a thread still draws from this
 * one: it waits for all to have left. */
static void await_team(bw_tasks *tasks)
{
    for (int k = 0; k < N_SPINS; k++) {
        if (atomic_load(&tasks->n_busy) == 0)
            return;
        pause_a_moment();
    }
    pthread_mutex_lock(&tasks->lock);
    while (atomic_load(&tasks->n_busy) != 0)
        pthread_cond_wait(&tasks->changed, &tasks->lock);
    pthread_mutex_unlock(&tasks->lock);
}

void bw_tasks_run(bw_tasks *tasks, size_t n_tasks, bw_task run, void *arg)
{
    if (tasks->n_workers == 1 || n_tasks <= 1) {
        for (size_t k = 0; k < n_tasks; k++)
            run(arg, k, 0);
        return;
    }
    tasks->n_tasks = n_tasks;
    tasks->run = run;
    tasks->arg = arg;
    atomic_store(&tasks->next, 0);
    atomic_store(&tasks->n_busy, tasks->n_workers - 1);
    announce(tasks);
    work(tasks, 0);
    await_team(tasks);
}
